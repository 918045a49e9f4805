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
}

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
}

impl Chip {
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

        Self { rows, columns, capacitors, parasitics, offsets, cells }
    }

    /// MAC capacitors of a column in `C_u / CAP_UNIT`, one per MAC row.
    pub fn capacitors(&self, column: usize) -> &[i16] {
        &self.capacitors[column * self.rows..][..self.rows]
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

    /// Strengths of a side's injection cells, 1 = nominal. Side 0 is P, 1 is N.
    pub fn cells(&self, slice: usize, side: usize) -> &[f64; CELLS] {
        &self.cells[slice][side]
    }
}
