//! One manufactured chip: every mismatch drawn once, from (seed, chip number, element).

use super::random::Key;
use crate::config::{Analog, Geometry};

/// Capacitances are integers in units of `C_u / CAP_UNIT`, so that sums of them are exact in any
/// order and on any machine.
pub const CAP_UNIT: i32 = 1 << 13;

/// Injection cells on each side of a ciSAR ([F]).
pub const CELLS: usize = 16;

/// What a mismatch draw belongs to; part of the random key.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Source {
    MacCapacitor = 1,
    Parasitic = 2,
    InjectionCell = 3,
    ComparatorOffset = 4,
    DacResistor = 5,
}

/// Levels of the row DACs.
pub const LEVELS: usize = 16;
/// Levels are integers in units of a DAC step / `LEVEL_UNIT`, so that sums of them are exact.
pub const LEVEL_UNIT: i32 = 1 << 12;

/// Drawn elements of one chip. Columns are numbered 0..columns; column `columns + s` is the dummy
/// reference column of slice `s`.
#[derive(Clone, Debug, PartialEq)]
pub struct Chip {
    rows: usize,
    columns: usize,
    /// MAC capacitors in `C_u / CAP_UNIT`, `[column][mac row]`.
    capacitors: Vec<i16>,
    /// Bit-line parasitics in `C_u / CAP_UNIT`, `[column]`.
    parasitics: Vec<i32>,
    /// Comparator offsets in volts, `[slice]`; added to V_P - V_N.
    offsets: Vec<f64>,
    /// Relative strengths of the injection cells (1 = nominal), `[slice][side][cell]`.
    cells: Vec<[[f64; CELLS]; 2]>,
    /// Deviations of the row DACs' levels from their places, in DAC steps / `LEVEL_UNIT`.
    level_errors: [i16; LEVELS],
}

/// A column whose MAC capacitors are all the same, in `C_u / CAP_UNIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniformColumn {
    /// Each MAC capacitor.
    pub capacitor: i16,
    /// The bit line's parasitic.
    pub parasitic: i32,
}

impl Chip {
    /// A chip of given elements, for a machine that has no drawn ones: `columns` are those of the
    /// array, then the dummy column of each slice; row DACs are ideal. `offsets` and `cells` are one
    /// per slice, as [`offset`](Self::offset) and [`cells`](Self::cells) return them.
    ///
    /// # Panics
    ///
    /// If there are not as many cells as offsets, or fewer columns than slices.
    pub fn uniform(
        rows: usize,
        columns: &[UniformColumn],
        offsets: Vec<f64>,
        cells: Vec<[[f64; CELLS]; 2]>,
    ) -> Self {
        let slices = offsets.len();
        assert!(cells.len() == slices && columns.len() > slices, "elements of whole slices");
        let capacitors = columns.iter().flat_map(|c| std::iter::repeat_n(c.capacitor, rows));
        Self {
            rows,
            columns: columns.len() - slices,
            capacitors: capacitors.collect(),
            parasitics: columns.iter().map(|c| c.parasitic).collect(),
            offsets,
            cells,
            level_errors: [0; LEVELS],
        }
    }

    /// Draws chip number `chip` of the population `seed`.
    pub fn draw(geometry: &Geometry, analog: &Analog, seed: u64, chip: u64) -> Self {
        let rows = geometry.mac_rows;
        let slices = geometry.slices();
        let columns = geometry.columns;
        let key = |source: Source| Key::new([seed, chip, source as u64, 0]);
        let unit = f64::from(CAP_UNIT);

        let sigma = analog.capacitor_sigma();
        let capacitor = key(Source::MacCapacitor);
        let capacitors = (0..(columns + slices) * rows)
            .map(|i| (unit * (1.0 + sigma * capacitor.normal(i as u32))).round() as i16)
            .collect();

        let nominal = unit * analog.parasitic_ff(rows) / analog.unit_capacitor_ff;
        let sigma = analog.parasitic_mismatch.sigma();
        let parasitic = key(Source::Parasitic);
        let parasitics = (0..columns + slices)
            .map(|i| (nominal * (1.0 + sigma * parasitic.normal(i as u32))).round() as i32)
            .collect();

        let sigma = analog.comparator_offset.sigma_v();
        let offset = key(Source::ComparatorOffset);
        let offsets = (0..slices).map(|s| sigma * offset.normal(s as u32)).collect();

        let sigma = analog.cell_mismatch.sigma();
        let cell = key(Source::InjectionCell);
        let strength = |s, side, i| 1.0 + sigma * cell.normal(((s * 2 + side) * CELLS + i) as u32);
        let cells = (0..slices)
            .map(|s| std::array::from_fn(|side| std::array::from_fn(|i| strength(s, side, i))))
            .collect();

        let resistor = key(Source::DacResistor);
        let sigma = analog.dac_inl.sigma();
        let level_errors = level_errors(|i| 1.0 + sigma * resistor.normal(i as u32));

        Self { rows, columns, capacitors, parasitics, offsets, cells, level_errors }
    }

    /// MAC capacitors of a column in `C_u / CAP_UNIT`, one per MAC row.
    pub fn capacitors(&self, column: usize) -> &[i16] {
        &self.capacitors[column * self.rows..][..self.rows]
    }

    /// Every drawn number, in one list.
    #[cfg(test)]
    fn elements(&self) -> Vec<f64> {
        let capacitors = self.capacitors.iter().map(|&k| f64::from(k));
        let parasitics = self.parasitics.iter().map(|&k| f64::from(k));
        let cells = self.cells.iter().flatten().flatten().copied();
        let levels = self.level_errors[1..LEVELS - 1].iter().map(|&e| f64::from(e));
        capacitors
            .chain(parasitics)
            .chain(self.offsets.clone())
            .chain(cells)
            .chain(levels)
            .collect()
    }

    /// Number of the dummy reference column of a slice.
    pub fn dummy(&self, slice: usize) -> usize {
        self.columns + slice
    }

    /// Bit-line parasitic of a column in `C_u / CAP_UNIT`.
    pub fn parasitic(&self, column: usize) -> i32 {
        self.parasitics[column]
    }

    /// Comparator offset of a slice in volts.
    pub fn offset(&self, slice: usize) -> f64 {
        self.offsets[slice]
    }

    /// Deviations of the row DACs' levels from their places, in DAC steps / [`LEVEL_UNIT`].
    pub fn level_errors(&self) -> &[i16; LEVELS] {
        &self.level_errors
    }

    /// Strengths of a side's injection cells, 1 = nominal. Side 0 is P, 1 is N.
    pub fn cells(&self, slice: usize, side: usize) -> &[f64; CELLS] {
        &self.cells[slice][side]
    }
}

/// Levels of a string of 15 resistors between V_low and full scale, less where they should be. The
/// ends are exact: they are the supplies of the string.
fn level_errors(resistor: impl Fn(usize) -> f64) -> [i16; LEVELS] {
    let string: Vec<f64> = (0..LEVELS - 1).map(resistor).collect();
    let steps_per_ohm = string.len() as f64 / string.iter().sum::<f64>();
    let mut below = 0.0;
    std::array::from_fn(|level| {
        let error = below * steps_per_ohm - level as f64;
        below += string.get(level).copied().unwrap_or(0.0);
        (error * f64::from(LEVEL_UNIT)).round() as i16
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// By hand: one resistor of twice the size in a string of 15 takes 2/16 of it.
    #[test]
    fn one_resistor_bends_the_string() {
        let errors = level_errors(|i| if i == 4 { 2.0 } else { 1.0 });
        let step = 15.0 / 16.0;
        for (level, &error) in errors.iter().enumerate() {
            let place = step * (level as f64 + if level > 4 { 1.0 } else { 0.0 });
            let wanted = (place - level as f64) * f64::from(LEVEL_UNIT);
            assert!((f64::from(error) - wanted).abs() <= 0.5, "level {level}: {error}");
        }
    }

    /// Every element of a chip has draws of its own: over chips it takes many values, and it is
    /// uncorrelated with its neighbour. (A model that draws one column for all passes neither.)
    #[test]
    fn every_element_differs_from_chip_to_chip() {
        const CHIPS: u64 = 48;
        let config = Config::builtin("capram65").unwrap();
        let chips: Vec<Chip> =
            (0..CHIPS).map(|n| Chip::draw(&config.geometry, &config.analog, 7, n)).collect();
        let all: Vec<Vec<f64>> = chips.iter().map(Chip::elements).collect();
        // 64 x (128 + 32) capacitors, 160 parasitics, 32 offsets, 32 x 2 x 16 cells, 14 free levels.
        assert_eq!(all[0].len(), 10_240 + 160 + 32 + 1024 + 14);
        for i in 0..all[0].len() {
            let mut values: Vec<f64> = all.iter().map(|chip| chip[i]).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            // Quantized draws may meet by chance; levels near the ends are the coarsest.
            assert!(values.len() > CHIPS as usize / 2, "element {i} takes {}", values.len());
        }
        // No two columns of a chip share their draws.
        let columns = |chip: &Chip| -> Vec<Vec<i16>> {
            (0..160).map(|column| chip.capacitors(column).to_vec()).collect()
        };
        let mut seen: Vec<_> = chips.iter().flat_map(columns).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 160 * CHIPS as usize);
    }
}
