//! The row DACs: voltages that all rows take from one string of resistors.

use super::column::Plan;
use super::faults::Fault;
use crate::config::Geometry;
use crate::golden::chip::{LEVEL_UNIT, LEVELS};
use crate::simd::dispatch;

/// What the row DACs drive. Voltages are above V_low.
#[derive(Clone, Debug)]
pub struct RowDacs {
    /// Of the string's levels, in volts.
    levels: [f64; LEVELS],
    /// Rows of a dummy column that get the reference level; the others get level 0.
    reference_rows: usize,
    /// For columns and for dummy columns, per MAC row, in volts.
    volts: [Vec<f64>; 2],
}

impl RowDacs {
    /// Row DACs without a string as yet.
    pub fn new(geometry: &Geometry) -> Self {
        let rest = vec![0.0; geometry.mac_rows];
        let reference_rows = geometry.reference_rows();
        Self { levels: [0.0; LEVELS], reference_rows, volts: [rest.clone(), rest] }
    }

    /// Takes the drawn string of a chip, or an ideal one where that error is planted.
    pub fn set_levels(&mut self, plan: &Plan) {
        let ideal = plan.faults.has(Fault::LevelErrorsIgnored);
        let error = |level: usize| match ideal {
            true => 0.0,
            false => f64::from(plan.chip.level_errors()[level]) / f64::from(LEVEL_UNIT),
        };
        self.levels = std::array::from_fn(|x| (x as f64 + error(x)) * plan.physics.dac_step);
    }

    /// Sets digits, eight of four bits to a word, and the reference level.
    #[inline(always)]
    pub fn set(&mut self, digits: &[u32; 8], reference: u32) {
        let [columns, dummies] = &mut self.volts;
        look_up(columns, digits, &self.levels);
        let (carrying, others) = dummies.split_at_mut(self.reference_rows);
        carrying.fill(self.levels[(reference & 15) as usize]);
        others.fill(self.levels[0]);
    }

    /// Voltages for columns, or for dummy columns, per MAC row.
    pub fn volts(&self, dummy: bool) -> &[f64] {
        &self.volts[usize::from(dummy)]
    }
}

dispatch! {
    /// Row-DAC voltages of all MAC rows.
    fn look_up(volts: &mut [f64], digits: &[u32; 8], levels: &[f64; LEVELS]) = look_up_body;
}

#[inline(always)]
fn look_up_body(volts: &mut [f64], digits: &[u32; 8], levels: &[f64; LEVELS]) {
    for (volts, digits) in volts.chunks_mut(8).zip(digits) {
        for (i, volts) in volts.iter_mut().enumerate() {
            *volts = levels[(digits >> (4 * i) & 15) as usize];
        }
    }
}
