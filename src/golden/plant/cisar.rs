//! The charge-injection SAR's analog parts: strengths of the injection cells, and the comparator.

use super::column::Plan;
use super::lanes::{LANES, Lanes};
use crate::golden::chip::CELLS;

/// Injection cells and comparator offsets of the slices of a group.
#[derive(Clone, Debug)]
pub struct Cisar {
    /// Strength of the first n cells together, `[side][n]`; 1 is one nominal cell.
    strengths: [Vec<Lanes>; 2],
    /// Added to V_P - V_N, in volts.
    offset: Lanes,
}

impl Cisar {
    /// The drawn elements of a group.
    pub fn new(group: usize, plan: &Plan) -> Self {
        let slice =
            |l: usize| (l < plan.geometry.slices() - group * LANES).then_some(group * LANES + l);
        let strength = |side: usize, count: usize| {
            Lanes::from_fn(|l| match slice(l) {
                Some(slice) => plan.chip.cells(slice, side)[..count].iter().sum(),
                None => 0.0,
            })
        };
        Self {
            strengths: [0, 1].map(|side| (0..=CELLS).map(|n| strength(side, n)).collect()),
            offset: Lanes::from_fn(|l| slice(l).map_or(0.0, |slice| plan.chip.offset(slice))),
        }
    }

    /// Strength of a side's first `count` cells; there are no more than 16 to fire.
    pub fn strength(&self, side: usize, count: usize) -> &Lanes {
        &self.strengths[side][count.min(CELLS)]
    }

    /// Decisions, a bit per slice. `sides` are the bit lines, `normals` unit normals that are worth
    /// `sigma` volts.
    #[inline(always)]
    pub fn decide(
        &self,
        [p, n]: [&Lanes; 2],
        normals: &[f64; LANES],
        sigma: f64,
        threshold: f64,
    ) -> u32 {
        let mut above = 0;
        for l in 0..LANES {
            let error = self.offset.0[l] + sigma * normals[l];
            let difference = (p.0[l] - n.0[l]) + error;
            above |= u32::from(difference >= threshold) << l;
        }
        above
    }
}
