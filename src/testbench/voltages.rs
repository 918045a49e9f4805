//! Node voltages for the waves: observed every cycle, golden and their difference at pulse ends,
//! held in between.

use crate::golden::reference::{Phase, Reference};

/// Six rows of one voltage per slice: observed P, N, golden P, N, error P, N.
pub struct Voltages {
    slices: usize,
    rows: Vec<f64>,
}

impl Voltages {
    /// Starts at the present voltages, golden ones too: a viewer scales curves by all
    /// values in the file, so zeros that never were would flatten them.
    pub fn new(slices: usize, bit_lines: [&[f64]; 2]) -> Self {
        let mut voltages = Self { slices, rows: vec![0.0; 6 * slices] };
        voltages.observe(bit_lines);
        voltages.rows.copy_within(..2 * slices, 2 * slices);
        voltages
    }

    fn row(&mut self, row: usize) -> &mut [f64] {
        &mut self.rows[row * self.slices..][..self.slices]
    }

    /// Bit lines of the plant, or of the emulator, after a cycle.
    pub fn observe(&mut self, bit_lines: [&[f64]; 2]) {
        (0..2).for_each(|side| self.row(side).copy_from_slice(bit_lines[side]));
    }

    /// The reference's at the end of a pulse.
    pub fn golden(&mut self, reference: &Reference, pulse: Phase) {
        for side in 0..2 {
            self.row(2 + side).copy_from_slice(reference.bit_line(pulse, side));
            for slice in 0..self.slices {
                let error = self.row(side)[slice] - self.row(2 + side)[slice];
                self.row(4 + side)[slice] = error;
            }
        }
    }

    /// All rows, in the order of the simulation top's ports.
    pub fn rows(&self) -> &[f64] {
        &self.rows
    }
}
