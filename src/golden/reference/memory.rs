//! Memory of single MAC capacitors: how far each stays from its column's mean into the next step.
//!
//! The distances decay during the whole connection and the next RESET. With usual time constants
//! nothing is left and a column is described by its mean alone; slow switches make this necessary.

use super::array::{Cells, Line, PerRow, ROWS};
use super::electrical::{Electrical, Factors};
use super::sampling::ERROR_STEP;

/// Remaining fraction of a distance below which it is neglected. [C] Of the highest voltage, 5 V,
/// 0.5 pV: 2000 times less than the 1 nV that matters.
const NEGLIGIBLE: f64 = 1e-13;

/// Distances from the mean at the end of the last step, in V.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// `[side][slice]`.
    deviations: [Vec<[f64; ROWS]>; 2],
}

impl Memory {
    /// Whether rows remember anything worth mentioning.
    pub(super) fn needed(factors: &Factors) -> bool {
        factors.connected * factors.reset > NEGLIGIBLE
    }

    pub(super) fn new(slices: usize) -> Self {
        let none = vec![[0.0; ROWS]; slices];
        Self { deviations: [none.clone(), none] }
    }

    pub(super) fn forget(&mut self, side: usize) {
        self.deviations[side].iter_mut().for_each(|rows| rows.fill(0.0));
    }

    /// Sum over the rows that store 1 of capacitors times deviations.
    pub(super) fn weighted(&self, side: usize, line: &Line, cells: &Cells, sums: &mut [f64]) {
        for (s, (sum, rows)) in sums.iter_mut().zip(&self.deviations[side]).enumerate() {
            let weight = |m| if cells.ones.get(s, m) { line.capacitors.get(s, m) } else { 0 };
            *sum = (0..ROWS).map(|m| rows[m] * f64::from(weight(m))).sum();
        }
    }

    /// Goes on to the end of the present step. `mean` is the mean at the end of the previous one,
    /// `levels` the digits and the errors of their levels, `normals` the draws of cell-1
    /// and of cell-0 capacitors, `connected` the decay while connected.
    #[expect(clippy::too_many_arguments, reason = "everything that moves a capacitor")]
    pub(super) fn update(
        &mut self,
        side: usize,
        (e, f, connected): (&Electrical, &Factors, f64),
        line: &Line,
        cells: &Cells,
        [digits, errors]: [&PerRow; 2],
        mean: &[f64],
        normals: [&[f64]; 2],
    ) {
        let push = |u: f64| u * e.mac_push.scale - e.mac_push.drop;
        for (s, rows) in self.deviations[side].iter_mut().enumerate() {
            let noise =
                [normals[0][s] * cells.sample_sigma[s], normals[1][s] * cells.multiply_sigma[s]];
            let mut mean_now = 0.0;
            for m in 0..ROWS {
                let level = f64::from(digits[m]) + f64::from(errors[m]) * ERROR_STEP;
                let driven = level * e.dac_step;
                let left = (mean[s] + rows[m]) * f.reset - f.reset_gap * e.mac_leak;
                let sampled = push(driven + (left - driven) * f.sample) - f.sample_gap * e.mac_leak;
                let kept = sampled + noise[0] - f.multiply_width * e.mac_leak;
                let discharged = push(sampled * f.multiply) + noise[1];
                rows[m] = if cells.ones.get(s, m) { kept } else { discharged };
                mean_now += rows[m] * f64::from(line.capacitors.get(s, m));
            }
            mean_now /= line.sum[s];
            rows.iter_mut().for_each(|row| *row = (*row - mean_now) * connected);
        }
    }
}
