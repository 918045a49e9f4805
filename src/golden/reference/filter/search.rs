//! The binary search, as slopes of six injections.

use super::super::conversion::Conversion;
use super::super::sar::INJECTIONS;
use super::bound::{self, rounding};
use super::probe::{Probe, Sides};
use super::table::Table;
use crate::config::ADC_BITS;
use crate::golden::draws::Cubic;

/// What injection k takes from a side at y: `charge + slope y + deviation z`, z its draw.
#[derive(Clone, Copy)]
pub(super) enum Value {
    Charge,
    Slope,
    Deviation,
}

/// A line pair in a range.
///
/// Voltages are *scaled*, so that a margin is a difference: those of side P by 1 plus, those of side N
/// by 1 minus half of the comparator's common-mode gain. They do not fall by leakage: what leakage
/// takes since the first strobe is in the margins' offsets.
#[derive(Clone, Debug)]
pub(super) struct Search {
    /// [`Value`] of injection k of each side, then the offset of each margin, then leakage per
    /// cycle of each side, then what it took by the last strobe.
    table: Table,
    /// Normals of the comparator's noise.
    pub comparator: Cubic,
    /// Whether injections are noisy.
    pub noisy: bool,
    /// Most that each injection takes, and that noise changes in all of them.
    charges: [f64; INJECTIONS],
    noise_v: f64,
    /// Largest offset of a margin, noise included.
    offset_v: f64,
    /// Sum of the distances from the common voltage that are neglected.
    neglected_v: f64,
}

/// Scales of both sides.
pub(super) fn scales(model: &Conversion) -> [f64; 2] {
    let half = model.comparator.half_common_mode;
    [1.0 + half, 1.0 - half]
}

impl Search {
    pub(super) fn new(probe: &mut Probe, range: f64) -> Self {
        let slices = probe.slices();
        let scales = scales(probe.model);
        let mut table = Table::new(2 * 3 * INJECTIONS + ADC_BITS + 2 * 2, slices);
        let mut fallen: Sides = [vec![0.0; slices], vec![0.0; slices]];
        let v_low = probe.model.v_low;
        let offsets = probe.model.offsets.row(0).to_vec();
        let offset = |fallen: &Sides, s: usize| {
            offsets[s] + (scales[0] - scales[1]) * v_low - fallen[0][s] + fallen[1][s]
        };
        let mut neglected = 0.0;
        for k in 0..INJECTIONS {
            table.set(margin_row(k), (0..slices).map(|s| offset(&fallen, s)));
            let [idle, _] = probe.injected(k, range, [0.0, 0.0, 0.0]);
            let [from_zero, distances] = probe.injected(k, range, [1.0, 0.0, 0.0]);
            let [from_one, _] = probe.injected(k, range, [1.0, 1.0, 0.0]);
            let [noisy, _] = probe.injected(k, range, [1.0, 0.0, 1.0]);
            for side in 0..2 {
                let scale = scales[side];
                // Both start at 1 V more, of which the discharged one keeps less.
                let slope = |s: usize| 1.0 - (from_one[side][s] - from_zero[side][s]);
                let charge = |s: usize| {
                    let charge = idle[side][s] - from_zero[side][s];
                    scale * charge - slope(s) * fallen[side][s]
                };
                let deviation = |s: usize| scale * (from_zero[side][s] - noisy[side][s]);
                table.set(row(Value::Charge, k, side), (0..slices).map(charge));
                table.set(row(Value::Slope, k, side), (0..slices).map(slope));
                table.set(row(Value::Deviation, k, side), (0..slices).map(deviation));
                let fallen = fallen[side].iter_mut().zip(&idle[side]);
                fallen.for_each(|(fallen, idle)| *fallen -= scale * idle);
                neglected += scale * distances[side].iter().fold(0.0, |d, x| bound::larger(d, x.abs()));
            }
        }
        table.set(margin_row(INJECTIONS), (0..slices).map(|s| offset(&fallen, s)));
        for side in 0..2 {
            let leak = &probe.array.line(probe.lines[side]).leak;
            table.set(leak_row(side), (0..slices).map(|s| scales[side] * leak[s]));
            table.set(fallen_row(side), fallen[side].iter().copied());
        }
        let sigma = probe.model.comparator.sigma;
        let mut search = Self {
            table,
            comparator: Cubic::normal(sigma),
            noisy: false,
            charges: [0.0; INJECTIONS],
            noise_v: 0.0,
            offset_v: 0.0,
            neglected_v: neglected,
        };
        search.reach(sigma);
        search
    }

    /// Fills in how far voltages reach.
    fn reach(&mut self, sigma: f64) {
        let larger = |value, k| {
            let [p, n] = [0, 1].map(|side| self.table.largest(row(value, k, side)));
            bound::larger(p, n)
        };
        let deviations: f64 = (0..INJECTIONS).map(|k| larger(Value::Deviation, k)).sum();
        let offsets = (0..ADC_BITS).map(|k| self.table.largest(margin_row(k)));
        let offset = offsets.fold(0.0, bound::larger);
        // At up to 2 V.
        let charge = |k| larger(Value::Charge, k) + 2.0 * larger(Value::Slope, k);
        self.charges = std::array::from_fn(charge);
        self.noisy = deviations > 0.0;
        self.noise_v = bound::PEAK * deviations;
        self.offset_v = offset + bound::PEAK * sigma;
    }

    /// Largest voltage of a side that starts with at most `reach`, or with at least `-rest`: it falls
    /// by no more than all injections.
    pub(super) fn reach_v(&self, reach: f64, rest: f64) -> f64 {
        bound::larger(reach, rest + self.charges.iter().sum::<f64>()) + self.noise_v
    }

    /// Largest error of a margin that a search adds, with voltages up to `reach`.
    pub(super) fn bound_v(&self, reach: f64) -> f64 {
        // Of each side: coefficients, product and sums of what an injection takes, and taking it.
        let injection = |&charge: &f64| 5.0 * rounding(charge) + rounding(reach);
        let injections: f64 = self.charges.iter().map(injection).sum();
        let side = injections + bound::normal(self.noise_v);
        let margin = 2.0 * rounding(2.0 * reach) + 2.0 * rounding(self.offset_v);
        2.0 * side + margin + bound::normal(self.offset_v) + self.neglected_v
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }
}

/// Row of a value of injection k of a side.
#[inline(always)]
pub(super) fn row(value: Value, k: usize, side: usize) -> usize {
    2 * (3 * k + value as usize) + side
}

/// Row of the offset of margin k.
#[inline(always)]
pub(super) fn margin_row(k: usize) -> usize {
    2 * 3 * INJECTIONS + k
}

/// Row of a side's leakage per cycle, in V.
#[inline(always)]
pub(super) fn leak_row(side: usize) -> usize {
    margin_row(ADC_BITS) + side
}

/// Row of what leakage took from a side between the first and the last strobe.
#[inline(always)]
pub(super) fn fallen_row(side: usize) -> usize {
    leak_row(2) + side
}
