//! The charge-injection SAR's analog parts: strengths of the injection cells, and the comparator.

use super::column::Plan;
use super::faults::Fault;
use super::lanes::{LANES, Lanes, rare};
use crate::golden::chip::CELLS;

/// Injection cells and comparator offsets of the slices of a group.
#[derive(Clone, Debug)]
pub struct Cisar {
    /// Strength of the first n cells together, `[side][n]`; 1 is one nominal cell.
    strengths: [Vec<Lanes>; 2],
    /// Added to V_P - V_N, in volts.
    offset: Lanes,
}

/// What all comparators have in common, in volts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparator {
    /// Noise, rms.
    pub sigma: f64,
    /// Change of the offset per volt of the inputs' mean above `v_cm`.
    pub common_mode: f64,
    pub v_cm: f64,
    /// 1 is decided from this difference on.
    pub threshold: f64,
    /// Closer to the threshold a decision is not finished within a cycle.
    pub metastable: f64,
}

impl Comparator {
    /// The comparators with a planted error, if there is one.
    pub fn new(plan: &Plan) -> Self {
        let good = plan.physics.comparator;
        let sign = if plan.faults.has(Fault::CommonModeInverted) { -1.0 } else { 1.0 };
        Self { common_mode: sign * good.common_mode, ..good }
    }
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

    /// Decisions, a bit per slice, and which of them are not finished. `sides` are the bit lines,
    /// `normals` unit normals.
    #[inline(always)]
    pub fn decide(
        &self,
        [p, n]: [&Lanes; 2],
        normals: &[f64; LANES],
        comparator: &Comparator,
    ) -> [u32; 2] {
        let Comparator { sigma, common_mode, v_cm, threshold, metastable } = *comparator;
        let difference = |l: usize| (p.0[l] - n.0[l]) + (self.offset.0[l] + sigma * normals[l]);
        if common_mode == 0.0 {
            return compare(difference, |_| threshold, metastable);
        }
        let moved = |l: usize| threshold - common_mode * (0.5 * (p.0[l] + n.0[l]) - v_cm);
        compare(difference, moved, metastable)
    }
}

/// Decisions, and which of them are not finished.
#[inline(always)]
fn compare(
    difference: impl Fn(usize) -> f64,
    threshold: impl Fn(usize) -> f64,
    metastable: f64,
) -> [u32; 2] {
    let mut ones = 0;
    for l in 0..LANES {
        ones |= u32::from(difference(l) >= threshold(l)) << l;
    }
    if metastable == 0.0 {
        return [ones, 0];
    }
    [ones, rare(|l| (difference(l) - threshold(l)).abs() < metastable)]
}
