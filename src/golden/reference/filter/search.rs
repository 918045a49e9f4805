//! The binary search, as slopes of six injections.

use super::super::conversion::Conversion;
use super::super::sar::INJECTIONS;
use super::block::{Row, blocks};
use super::bound::{self, larger, rounding};
use super::probe::{Probe, Sides};
use crate::config::ADC_BITS;
use crate::golden::draws::Cubic;

/// A line pair in a range.
///
/// Voltages are *scaled*, so that a margin is a difference: those of side P by 1 plus, those of side N
/// by 1 minus half of the comparator's common-mode gain. They do not fall by leakage: what leakage
/// takes since the first strobe is in the margins' offsets.
#[derive(Clone, Debug)]
pub(super) struct Search {
    pub blocks: Box<[Block]>,
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

/// Of a block of slices.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// `[injection][side]`.
    pub injections: [[Injection; 2]; INJECTIONS],
    /// Offset of each margin.
    pub offsets: [Row; ADC_BITS],
    /// Leakage of each side, in V per cycle.
    pub leak: [Row; 2],
    /// What it takes between the first and the last strobe.
    pub fallen: [Row; 2],
}

/// What an injection takes from a side at y: `charge + slope y + deviation z`, z its draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Injection {
    pub charge: Row,
    pub slope: Row,
    pub deviation: Row,
}

/// Scales of both sides.
pub(super) fn scales(model: &Conversion) -> [f64; 2] {
    let half = model.comparator.half_common_mode;
    [1.0 + half, 1.0 - half]
}

impl Search {
    pub(super) fn new(probe: &mut Probe, range: f64) -> Self {
        let scales = scales(probe.model);
        let slopes: [Slopes; INJECTIONS] =
            std::array::from_fn(|k| Slopes::new(probe, k, range, scales));
        // What leakage took before each decision.
        let mut fallen: Sides = [0, 1].map(|_| vec![0.0; probe.slices()]);
        let mut of_decision = vec![fallen.clone()];
        for slopes in &slopes {
            fallen.iter_mut().zip(&slopes.leaked).for_each(|(fallen, more)| add(fallen, more));
            of_decision.push(fallen.clone());
        }
        let leak = [0, 1].map(|side| probe.array.line(probe.lines[side]).leak.to_vec());
        let at_rest = (scales[0] - scales[1]) * probe.model.v_low;
        let offset = |[p, n]: &Sides| -> Vec<f64> {
            let fallen = p.iter().zip(n);
            let offsets = probe.model.offsets.row(0).iter().zip(fallen);
            offsets.map(|(offset, (p, n))| offset + at_rest - p + n).collect()
        };
        let block = |block| Block {
            injections: std::array::from_fn(|k| {
                [0, 1].map(|side| slopes[k].injection(block, side, &of_decision[k][side]))
            }),
            offsets: std::array::from_fn(|k| Row::of(block, &offset(&of_decision[k]), 1.0)),
            leak: [0, 1].map(|side| Row::of(block, &leak[side], scales[side])),
            fallen: [0, 1].map(|side| Row::of(block, &fallen[side], 1.0)),
        };
        let sigma = probe.model.comparator.sigma;
        let mut search = Self {
            blocks: blocks(probe.slices(), block),
            comparator: Cubic::normal(sigma),
            noisy: false,
            charges: [0.0; INJECTIONS],
            noise_v: 0.0,
            offset_v: bound::PEAK * sigma,
            neglected_v: slopes.iter().map(|slopes| slopes.neglected).sum(),
        };
        search.reach();
        search
    }

    /// Fills in how far voltages reach.
    fn reach(&mut self) {
        let largest = |row: &dyn Fn(&Block) -> Row| {
            self.blocks.iter().fold(0.0, |most, block| larger(most, row(block).largest()))
        };
        let of_sides = |k: usize, row: fn(&Injection) -> Row| {
            let [p, n] = [0, 1].map(|side| largest(&|block| row(&block.injections[k][side])));
            larger(p, n)
        };
        // At up to 2 V.
        let charge = |k| of_sides(k, |i| i.charge) + 2.0 * of_sides(k, |i| i.slope);
        let deviations: f64 = (0..INJECTIONS).map(|k| of_sides(k, |i| i.deviation)).sum();
        let offsets = (0..ADC_BITS).map(|k| largest(&|block| block.offsets[k]));
        let offset = offsets.fold(0.0, larger);
        self.charges = std::array::from_fn(charge);
        self.noisy = deviations > 0.0;
        self.noise_v = bound::PEAK * deviations;
        self.offset_v += offset;
    }

    /// Largest voltage of a side that starts with at most `reach`, or with at least `-rest`: it falls
    /// by no more than all injections.
    pub(super) fn reach_v(&self, reach: f64, rest: f64) -> f64 {
        larger(reach, rest + self.charges.iter().sum::<f64>()) + self.noise_v
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
}

/// Injection k of both sides, as the model has it.
struct Slopes {
    /// Scaled: what leakage takes until the next strobe; what an injection takes at V_low; what a
    /// draw of 1 adds.
    leaked: Sides,
    charge: Sides,
    deviation: Sides,
    /// More per volt.
    slope: Sides,
    /// Distances from the common voltage that remain, of both sides.
    neglected: f64,
}

impl Slopes {
    fn new(probe: &mut Probe, k: usize, range: f64, scales: [f64; 2]) -> Self {
        let [idle, _] = probe.injected(k, range, [0.0, 0.0, 0.0]);
        let [from_zero, distances] = probe.injected(k, range, [1.0, 0.0, 0.0]);
        let [from_one, _] = probe.injected(k, range, [1.0, 1.0, 0.0]);
        let [noisy, _] = probe.injected(k, range, [1.0, 0.0, 1.0]);
        let sides = |f: &dyn Fn(usize, usize) -> f64| {
            [0, 1].map(|side| (0..probe.slices()).map(|s| f(side, s)).collect::<Vec<_>>())
        };
        let largest = |side: usize| distances[side].iter().fold(0.0, |d, x| larger(d, x.abs()));
        Self {
            leaked: sides(&|side, s| -scales[side] * idle[side][s]),
            charge: sides(&|side, s| scales[side] * (idle[side][s] - from_zero[side][s])),
            deviation: sides(&|side, s| scales[side] * (from_zero[side][s] - noisy[side][s])),
            // One starts at 1 V more, of which it keeps less.
            slope: sides(&|side, s| 1.0 - (from_one[side][s] - from_zero[side][s])),
            neglected: scales[0] * largest(0) + scales[1] * largest(1),
        }
    }

    /// Coefficients of a side from which leakage has taken so much, which its voltage does not show.
    fn injection(&self, block: usize, side: usize, fallen: &[f64]) -> Injection {
        let (charges, slopes) = (&self.charge[side], &self.slope[side]);
        let at_strobe = charges.iter().zip(slopes.iter().zip(fallen));
        let charge: Vec<f64> =
            at_strobe.map(|(charge, (slope, fallen))| charge - slope * fallen).collect();
        Injection {
            charge: Row::of(block, &charge, 1.0),
            slope: Row::of(block, slopes, 1.0),
            deviation: Row::of(block, &self.deviation[side], 1.0),
        }
    }
}

fn add(sums: &mut [f64], more: &[f64]) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}
