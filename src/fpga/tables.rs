//! The emulator's tables: a chip of the golden model, rounded to 16-bit words, and back.
//!
//! **Unit.** A voltage is an integer in units of u = D / T, D the step of the row DACs and T the integer
//! next to D 2^26 V^-1: 2^-26 V but for 2e-7. The chip that stands for the tables has columns of total
//! capacitance T (in `C_u / CAP_UNIT`) with capacitors equal to the gain itself, so a unit of S gives
//! D gain / T = gain u exactly, in every column; strengths of injection cells and offsets are multiples
//! of u in double precision. So rounding of the tables is no error, see [`Tables::chip`].
//!
//! **Error.** With a voltage v in u, right but for e, q the charge of a firing in u and lambda the
//! register's value:
//!
//! - p = (lambda (v >> 8) + half) >> 14 stands for lambda v / 2^22. Leaving out 8 bits of v costs at
//!   most lambda / 2^14, rounding 1/2.
//! - d = (q (2^20 + p) + half) >> 20, so an error of p counts q / 2^20, rounding 1/2.
//! - The error of v itself changes d by q lambda e / 2^42, against e: it makes no error larger, as long
//!   as that factor is below 1.
//!
//! A firing so adds at most q / 2^20 (1/2 + lambda / 2^14) + 1/2. Each injection fires on one side of
//! a slice, so the sum over the seven firings of a conversion bounds the error of either side and of their
//! difference: [`Tables::bound_v`], some 0.3 uV.

use crate::config::{Analog, Geometry};
use crate::golden::chip::{CAP_UNIT, CELLS, Chip, UniformColumn};

/// Words of the emulator's tables.
pub const WORDS: usize = 1024;
/// MAC rows, columns and columns of a slice that the emulator has memories for.
const ROWS: usize = 64;
const COLUMNS: usize = 128;
const SLICES: usize = 32;
/// Charges of a side: those of 1, 2, 4, 8 and 16 cells.
const CHARGES: usize = 5;
/// First word of the slices' 16 words each, and of an offset and a dummy column's gain in them.
const SLICE_WORDS: usize = 512;
const OFFSET: usize = 5;
const DUMMY_GAIN: usize = 13;
/// An offset counts 2^7 units.
const OFFSET_UNITS: f64 = 128.0;
/// Fractional bits of the relative change of a charge.
const CHANGE_BITS: u32 = 20;
/// Firings of a conversion: log2 of the cells, and how often.
const FIRINGS: [(usize, u32); 6] = [(4, 2), (4, 1), (3, 1), (2, 1), (1, 1), (0, 1)];
/// What double precision loses in the reference, as for two golden models.
const REFERENCE_V: f64 = 1e-9;

/// Why a chip can not be emulated.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// A value has no place in its word.
    #[error("emulator's table of {table}, {index}: {value:.4e} does not fit, allowed is {allowed}")]
    Range {
        /// Which table.
        table: &'static str,
        /// Which entry.
        index: String,
        /// In V; for `lambda` in 1/V.
        value: f64,
        /// What would.
        allowed: String,
    },
    /// An analog term that the emulator does not have.
    #[error("{0} is on, which the emulator does not have; configuration `fpga` has on what it has")]
    NotEmulated(&'static str),
    /// Another geometry.
    #[error("the emulator has {ROWS} MAC rows, {COLUMNS} columns and {SLICES} slices, not {0:?}")]
    Geometry(Geometry),
}

/// Tables and registers of the emulator for one chip.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables {
    /// Gains of the columns, then of the dummy columns, in u per unit of S.
    gains: Vec<u16>,
    /// Charge of 2^i cells in 2^(i+4) u, `[slice][side][i]`.
    charges: Vec<[[u16; CHARGES]; 2]>,
    /// Offsets in 2^7 u.
    offsets: Vec<i16>,
    lambda: u16,
    scale: Scale,
}

/// What connects words with volts; of the configuration, not of the chip.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    /// D in V.
    dac_step: f64,
    /// T.
    total: i32,
    /// The threshold's distance below zero, in V.
    threshold: f64,
    injection_strength: f64,
    low_above_cm: f64,
}

impl Scale {
    fn new(geometry: &Geometry, analog: &Analog) -> Self {
        let dac_step = analog.v_full_scale / 15.0;
        Self {
            dac_step,
            total: (dac_step * f64::from(1 << 26)).round() as i32,
            threshold: analog.unit_v(geometry.mac_rows) / 16.0,
            injection_strength: analog.injection_strength,
            low_above_cm: analog.v_low - analog.v_cm,
        }
    }

    fn unit_v(&self) -> f64 {
        self.dac_step / f64::from(self.total)
    }

    /// Volts that a nominal cell removes at V_low and r = 1 from a column of that total capacitance, in
    /// `C_u / CAP_UNIT`; `lambda` is relative to V_cm.
    fn cell_v(&self, total: f64, lambda: f64) -> f64 {
        let at_low = 1.0 + lambda * self.low_above_cm;
        self.injection_strength * 15.0 * self.dac_step * f64::from(CAP_UNIT) / total * at_low
    }
}

impl Tables {
    /// The tables of a chip, rounded. Injection cells act on the mean capacitance of the columns of
    /// their slice: the tables have no room for more.
    pub fn draw(geometry: &Geometry, analog: &Analog, chip: &Chip) -> Result<Self, TablesError> {
        let Geometry { mac_rows, columns, columns_per_slice, .. } = *geometry;
        if (mac_rows, columns, geometry.slices()) != (ROWS, COLUMNS, SLICES) {
            return Err(TablesError::Geometry(*geometry));
        }
        if let Some(term) = not_emulated(analog) {
            return Err(TablesError::NotEmulated(term));
        }
        let scale = Scale::new(geometry, analog);
        let unit = scale.unit_v();
        let sum = |k: &[i16]| k.iter().map(|&k| f64::from(k)).sum::<f64>();
        let total = |c: usize| sum(chip.capacitors(c)) + f64::from(chip.parasitic(c));
        let gain = |c: usize| {
            // Half of a dummy column's rows carry the level, the others nothing.
            let driven = if c < COLUMNS { ROWS } else { ROWS / 2 };
            let mean = sum(&chip.capacitors(c)[..driven]) / driven as f64;
            let value = scale.dac_step * mean / total(c);
            let index = if c < COLUMNS {
                format!("column {c}")
            } else {
                format!("dummy column of slice {}", c - COLUMNS)
            };
            // Capacitors of a chip are 16 bits with sign.
            word("gains", index, value, unit, [1, i64::from(i16::MAX)]).map(|w| w as u16)
        };
        let gains = (0..COLUMNS + SLICES).map(gain).collect::<Result<_, _>>()?;

        let impedance = analog.output_impedance;
        let lambda = if impedance.on { impedance.lambda_per_v } else { 0.0 };
        let mean_total = |s: usize| {
            let own = (columns_per_slice * s..columns_per_slice * (s + 1)).chain([chip.dummy(s)]);
            own.map(total).sum::<f64>() / (columns_per_slice + 1) as f64
        };
        let charge = |s: usize, side: usize, i: usize| {
            let strength: f64 = chip.cells(s, side)[..1 << i].iter().sum();
            let value = strength * scale.cell_v(mean_total(s), lambda);
            let index = format!("{} cells of slice {s}, side {}", 1 << i, ["P", "N"][side]);
            let limits = [0, i64::from(u16::MAX)];
            word("charges", index, value, unit * f64::from(16 << i), limits).map(|w| w as u16)
        };
        let mut charges = vec![[[0; CHARGES]; 2]; SLICES];
        for (s, sides) in charges.iter_mut().enumerate() {
            for (side, charges) in sides.iter_mut().enumerate() {
                for (i, entry) in charges.iter_mut().enumerate() {
                    *entry = charge(s, side, i)?;
                }
            }
        }
        let offset = |s: usize| {
            let value = chip.offset(s) + scale.threshold;
            let limits = [i64::from(i16::MIN), i64::from(i16::MAX)];
            word("offsets", format!("slice {s}"), value, unit * OFFSET_UNITS, limits)
                .map(|w| w as i16)
        };
        let offsets = (0..SLICES).map(offset).collect::<Result<_, _>>()?;
        let at_low = lambda / (1.0 + lambda * scale.low_above_cm);
        let limits = [0, i64::from(u16::MAX)];
        let lambda = word("LAMBDA", "the register".into(), at_low, lambda_unit(unit), limits)?;
        Ok(Self { gains, charges, offsets, lambda: lambda as u16, scale })
    }

    /// Index and value of every word that the host writes.
    pub fn words(&self) -> Vec<(usize, u16)> {
        let gains = self.gains[..COLUMNS].iter().copied().enumerate();
        let slices = (0..SLICES).flat_map(|s| {
            let base = SLICE_WORDS + 16 * s;
            let charges = (0..2).flat_map(move |side| {
                let of_side = self.charges[s][side].into_iter().enumerate();
                of_side.map(move |(i, charge)| (base + 8 * side + i, charge))
            });
            let dummy = self.gains[COLUMNS + s];
            charges.chain([(offset_index(s), self.offsets[s] as u16), (base + DUMMY_GAIN, dummy)])
        });
        gains.chain(slices).collect()
    }

    /// The LAMBDA register.
    pub fn lambda(&self) -> u16 {
        self.lambda
    }

    /// One unit u of the emulator's voltages, in V.
    pub fn unit_v(&self) -> f64 {
        self.scale.unit_v()
    }

    /// A voltage word of the emulator in V above V_low.
    pub fn volts(&self, word: u32) -> f64 {
        f64::from(word as i32) * self.unit_v()
    }

    /// A chip that is exactly what the tables say, for plant and reference.
    pub fn chip(&self) -> Chip {
        let Scale { total, threshold, .. } = self.scale;
        let unit = self.unit_v();
        let column = |&gain: &u16| UniformColumn {
            capacitor: gain as i16,
            parasitic: total - ROWS as i32 * i32::from(gain),
        };
        let columns: Vec<UniformColumn> = self.gains.iter().map(column).collect();
        let offsets =
            self.offsets.iter().map(|&o| f64::from(o) * unit * OFFSET_UNITS - threshold).collect();
        let cell = self.scale.cell_v(f64::from(total), self.lambda_at_cm());
        let strengths = |charges: &[u16; CHARGES]| -> [f64; CELLS] {
            let summed = |i: usize| f64::from(charges[i]) * f64::from(16 << i) * unit / cell;
            // Cell n is one of those that come when the first 2^(i-1) become the first 2^i.
            std::array::from_fn(|n| match n.checked_ilog2() {
                None => summed(0),
                Some(i) => {
                    let i = i as usize;
                    (summed(i + 1) - summed(i)) / f64::from(1 << i)
                }
            })
        };
        let cells = self.charges.iter().map(|sides| [0, 1].map(|side| strengths(&sides[side])));
        Chip::uniform(ROWS, &columns, offsets, cells.collect())
    }

    /// The analog parameters that go with [`chip`](Self::chip): lambda as the register has it.
    pub fn analog(&self, analog: &Analog) -> Analog {
        let mut analog = *analog;
        analog.output_impedance.on = self.lambda != 0;
        analog.output_impedance.lambda_per_v = self.lambda_at_cm();
        analog
    }

    /// Relative change of a charge per volt, relative to that at V_cm.
    fn lambda_at_cm(&self) -> f64 {
        let at_low = f64::from(self.lambda) * lambda_unit(self.unit_v());
        at_low / (1.0 - at_low * self.scale.low_above_cm)
    }

    /// Largest error of a voltage and of a difference of two in a conversion, in V, against exact
    /// arithmetic with the same tables: the derivation stands above.
    pub fn bound_v(&self) -> f64 {
        let change = 0.5 + f64::from(self.lambda) / f64::from(1 << 14);
        let firing = |i: usize| {
            let charges = self.charges.iter().flatten().map(|side| side[i]);
            let largest = f64::from(charges.max().unwrap_or(0)) * f64::from(16 << i);
            largest / f64::from(1 << CHANGE_BITS) * change + 0.5
        };
        let units: f64 = FIRINGS.iter().map(|&(i, times)| f64::from(times) * firing(i)).sum();
        units * self.unit_v() + REFERENCE_V
    }

    /// A side's voltage in u after SHARE: what the emulator computes, bit for bit.
    pub fn shared(&self, column: usize, sum: i64) -> i64 {
        sum * i64::from(self.gains[column])
    }

    /// A side's voltage in u after a firing of 2^i cells, `range` log2(1/r): what the emulator computes,
    /// bit for bit.
    pub fn fired(&self, v: i64, [slice, side]: [usize; 2], i: usize, range: u32) -> i64 {
        let p = (i64::from(self.lambda) * (v >> 8) + (1 << 13)) >> 14;
        let shift = 16 - i as u32 + range;
        let charge = i64::from(self.charges[slice][side][i]);
        v - ((charge * ((1 << CHANGE_BITS) + p) + (1 << (shift - 1))) >> shift)
    }
}

/// Index of a slice's comparator offset.
pub fn offset_index(slice: usize) -> usize {
    SLICE_WORDS + 16 * slice + OFFSET
}

/// Volts^-1 of one unit of LAMBDA: 2^-16, exact in units of voltages.
fn lambda_unit(unit_v: f64) -> f64 {
    2f64.powi(-42) / unit_v
}

/// The first term that is on but not emulated.
fn not_emulated(a: &Analog) -> Option<&'static str> {
    let terms = [
        ("dac_inl", a.dac_inl.on),
        ("charge_injection", a.charge_injection.on),
        ("clock_feedthrough", a.clock_feedthrough.on),
        ("ktc_noise", a.ktc_noise.on),
        ("comparator_noise", a.comparator_noise.on),
        ("comparator_common_mode", a.comparator_common_mode.on),
        ("metastability", a.metastability.on),
        ("injection_noise", a.injection_noise.on),
        ("settling", a.settling.on),
        ("leakage", a.leakage.on),
    ];
    terms.into_iter().find(|(_, on)| *on).map(|(name, _)| name)
}

/// A value in units of `unit`, rounded.
fn word(
    table: &'static str,
    index: String,
    value: f64,
    unit: f64,
    [low, high]: [i64; 2],
) -> Result<i64, TablesError> {
    let rounded = (value / unit).round();
    if rounded >= low as f64 && rounded <= high as f64 {
        return Ok(rounded as i64);
    }
    let allowed = format!("{:.4e} to {:.4e}", low as f64 * unit, high as f64 * unit);
    Err(TablesError::Range { table, index, value, allowed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use proptest::prelude::*;

    fn drawn(
        chip: u64,
        change: impl Fn(&mut Analog),
    ) -> Result<(Tables, Config, Chip), TablesError> {
        let mut config = Config::builtin("fpga").unwrap();
        change(&mut config.analog);
        let chip = Chip::draw(&config.geometry, &config.analog, 1, chip);
        let tables = Tables::draw(&config.geometry, &config.analog, &chip)?;
        Ok((tables, config, chip))
    }

    /// By hand: 1.5 fF of 126.8 fF at 40 mV are 473.186 uV or 31754.9 units; a cell removes 15 such
    /// units, in 2^4 u 29770; 1/16 of one is 15.5 of 128 u.
    #[test]
    fn nominal_words() {
        let ideal = |a: &mut Analog| *a = Config::builtin("ideal").unwrap().analog;
        let (tables, ..) = drawn(0, ideal).unwrap();
        let words: std::collections::BTreeMap<usize, u16> = tables.words().into_iter().collect();
        assert_eq!(words.len(), 128 + 32 * 12);
        for (index, word) in words {
            let expected = match index {
                0..128 => 31755,
                _ => match index % 16 {
                    5 => 16,
                    13 => 31755,
                    _ => 29770,
                },
            };
            assert_eq!(word, expected, "word {index}");
        }
        assert_eq!(tables.lambda(), 0);
    }

    /// The tables say of a chip what the chip says of itself, up to the rounding of one word.
    #[test]
    fn words_are_the_chip_s() {
        let (tables, config, chip) = drawn(3, |_| {}).unwrap();
        let rebuilt = tables.chip();
        let total = |chip: &Chip, c: usize| {
            let sum: i32 = chip.capacitors(c).iter().map(|&k| i32::from(k)).sum();
            f64::from(sum + chip.parasitic(c))
        };
        for column in 0..COLUMNS {
            let gain = |chip: &Chip| {
                let sum: i32 = chip.capacitors(column).iter().map(|&k| i32::from(k)).sum();
                f64::from(sum) / total(chip, column)
            };
            assert!((gain(&chip) / gain(&rebuilt) - 1.0).abs() < 0.5 / 31_000.0, "column {column}");
        }
        for slice in 0..SLICES {
            let offset = (chip.offset(slice) - rebuilt.offset(slice)).abs();
            assert!(offset <= 64.0 * tables.unit_v() * 1.001, "{offset}");
            for (side, cells) in [(0, 1), (1, 2), (0, 4), (1, 8), (1, 16)] {
                let volts = |chip: &Chip| {
                    let strength: f64 = chip.cells(slice, side)[..cells].iter().sum();
                    strength / total(chip, 4 * slice)
                };
                // Mismatch between the columns of a slice is left out: 5 sigma of it.
                let error = (volts(&chip) / volts(&rebuilt) - 1.0).abs();
                assert!(error < 5.0 * 0.0015, "slice {slice}: {error}");
            }
        }
        assert_eq!(tables.lambda(), (config.analog.output_impedance.lambda_per_v * 65536.0) as u16);
    }

    /// Rounding is no error: the rebuilt chip has the same tables, and its charges are whole words.
    #[test]
    fn the_chip_of_the_tables_has_those_tables() {
        for number in 0..20 {
            let (tables, config, _) = drawn(number, |a| a.v_cm = 0.6).unwrap();
            let (analog, chip) = (tables.analog(&config.analog), tables.chip());
            assert_eq!(Tables::draw(&config.geometry, &analog, &chip).unwrap(), tables);
            let cell = tables.scale.cell_v(tables.scale.total.into(), tables.lambda_at_cm());
            for (slice, sides) in tables.charges.iter().enumerate() {
                for (i, &charge) in sides[1].iter().enumerate() {
                    let strength: f64 = chip.cells(slice, 1)[..1 << i].iter().sum();
                    let words = strength * cell / tables.unit_v() / f64::from(16 << i);
                    assert!((words - f64::from(charge)).abs() < 1e-9, "{words} is not {charge}");
                }
            }
        }
    }

    #[test]
    fn the_bound_is_below_a_microvolt() {
        for number in 0..20 {
            let bound = drawn(number, |_| {}).unwrap().0.bound_v();
            assert!((0.2e-6..1e-6).contains(&bound), "{bound}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let message = |change: fn(&mut Analog)| drawn(0, change).unwrap_err().to_string();
        let text = message(|a| a.comparator_offset.sigma_mv = 100.0);
        assert!(
            text.contains("table of offsets, slice") && text.contains("allowed is -6.25"),
            "{text}"
        );
        let text = message(|a| a.injection_strength = 3.0);
        assert!(text.contains("table of charges, 1 cells of slice 0, side P"), "{text}");
        let text = message(|a| a.bit_line_parasitic.per_row = 0.0);
        assert!(text.contains("table of gains, column 0"), "{text}");
        let text = message(|a| a.output_impedance.lambda_per_v = 1.5);
        assert!(text.contains("LAMBDA"), "{text}");
        let text = message(|a| a.leakage.on = true);
        assert!(text.starts_with("leakage is on"), "{text}");
    }

    proptest! {
        /// The fixed-point model of a conversion's injections beside their physics in double
        /// precision, for any decisions, range, slice and lambda.
        #[test]
        fn fixed_point_stays_within_the_bound(
            chip in 0u64..8,
            sums in [0i64..=960, 0i64..=960],
            decisions in 0u32..64,
            range in 0u32..4,
            slice in 0usize..32,
            lambda in 0.0..0.5f64,
        ) {
            let (tables, config, _) =
                drawn(chip, |a| a.output_impedance.lambda_per_v = lambda).unwrap();
            let (analog, rebuilt) = (tables.analog(&config.analog), tables.chip());
            let lambda = if analog.output_impedance.on { analog.output_impedance.lambda_per_v } else { 0.0 };
            let columns = [4 * slice, 4 * slice + 1];
            let mut fixed = [0, 1].map(|side| tables.shared(columns[side], sums[side]));
            let total = f64::from(tables.scale.total);
            let mut exact = [0, 1].map(|side| {
                let k = f64::from(rebuilt.capacitors(columns[side])[0]);
                analog.v_full_scale / 15.0 * k * sums[side] as f64 / total
            });
            for (k, &(i, times)) in FIRINGS.iter().enumerate() {
                let side = (decisions >> k & 1) as usize;
                for _ in 0..times {
                    fixed[side] = tables.fired(fixed[side], [slice, side], i, range);
                    let strength: f64 = rebuilt.cells(slice, side)[..1 << i].iter().sum();
                    let charge = strength * analog.injection_strength * analog.v_full_scale
                        * f64::from(CAP_UNIT) / f64::from(1 << range);
                    let absolute = exact[side] + analog.v_low - analog.v_cm;
                    exact[side] -= charge / total * (1.0 + lambda * absolute);
                }
            }
            let error = [0, 1].map(|side| fixed[side] as f64 * tables.unit_v() - exact[side]);
            let bound = tables.bound_v();
            prop_assert!(error[0].abs() <= bound && error[1].abs() <= bound, "{error:?} > {bound}");
            prop_assert!((error[0] - error[1]).abs() <= bound, "{error:?} > {bound}");
        }
    }
}
