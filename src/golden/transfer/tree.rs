//! The decision tree of one ADC.

use super::affine::Affine;
#[cfg(test)]
use super::front::Front;
#[cfg(test)]
use super::share::INJECTIONS;
use super::share::{Column, Rhythm, Shared};
use super::{THRESHOLDS, Transfer};
use crate::config::Analog;
use crate::golden::chip::Chip;

/// What a comparator makes of two bit lines, but for its offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparator {
    /// Weights of P and N: the difference, and kappa of the mean.
    gains: [f64; 2],
    /// Threshold, and kappa's share of where the mean counts from, in volts.
    base: f64,
}

impl Comparator {
    pub fn new(analog: &Analog, mac_rows: usize) -> Self {
        let kappa = analog.comparator_common_mode.gain();
        let threshold = -analog.unit_v(mac_rows) / 16.0;
        Self {
            gains: [1.0 + 0.5 * kappa, 1.0 - 0.5 * kappa],
            base: kappa * (analog.v_low - analog.v_cm) - threshold,
        }
    }
}

/// One ADC as drawn, with its column pair.
pub(super) struct Tree<'a> {
    rhythm: &'a Rhythm,
    columns: [Column; 2],
    /// Weights of the bit lines.
    gains: [f64; 2],
    /// What is added to their difference, in volts.
    base: f64,
}

impl<'a> Tree<'a> {
    pub fn new(transfer: &'a Transfer, chip: &Chip, slice: usize) -> Self {
        let Transfer { rhythm, comparator, .. } = transfer;
        let column = |side: usize| {
            let column = transfer.columns_per_slice * slice + transfer.column + side;
            let (capacitors, parasitic) = (chip.capacitors(column), chip.parasitic(column));
            Column::new(rhythm, capacitors, parasitic, chip.cells(slice, side))
        };
        Self {
            rhythm,
            columns: [column(0), column(1)],
            gains: comparator.gains,
            base: comparator.base + chip.offset(slice),
        }
    }

    /// Thresholds of the branch d >= 0: DAC levels in DAC steps, 0 for those below the branch.
    pub fn positive(&self, transfer: &Transfer) -> [f64; THRESHOLDS] {
        let front = &transfer.front;
        self.branch([front.one, front.zero], transfer, 0.0, f64::INFINITY)
    }

    /// Of the branch d < 0: DAC levels with a minus sign, 0 for those above the branch.
    pub fn negative(&self, transfer: &Transfer) -> [f64; THRESHOLDS] {
        let front = &transfer.front;
        let nodes = [front.zero.reversed(), front.one.reversed()];
        self.branch(nodes, transfer, f64::NEG_INFINITY, 0.0)
    }

    /// Thresholds with the MAC capacitors of P and N at `nodes`, for inputs in `from..to`.
    fn branch(
        &self,
        nodes: [Affine; 2],
        transfer: &Transfer,
        from: f64,
        to: f64,
    ) -> [f64; THRESHOLDS] {
        let side =
            |side: usize| self.columns[side].shared(self.rhythm, &transfer.front, nodes[side]);
        let mut thresholds = [0.0; THRESHOLDS];
        self.decide(0, [side(0), side(1)], from, to, &mut thresholds);
        thresholds
    }

    /// What decision `k` and those after it add: the thresholds of a node that inputs in `from..to`
    /// reach with the columns in this state.
    fn decide(&self, k: usize, shared: [Shared; 2], from: f64, to: f64, thresholds: &mut [f64]) {
        if from >= to {
            // No input comes here: codes without width.
            thresholds.fill(from);
            return;
        }
        let root = self.margin(&shared).rises_at().max(from).min(to);
        let (below, above) = thresholds.split_at_mut(thresholds.len() / 2);
        let [threshold, above @ ..] = above else { return };
        *threshold = root;
        if below.is_empty() {
            return;
        }
        let [fired_p, fired_n] = self.rhythm.injected(&self.columns, k, shared);
        self.decide(k + 1, fired_n, from, root, below);
        self.decide(k + 1, fired_p, root, to, above);
    }

    /// What the decisions that make a code see, in volts, with MAC capacitors at these voltages.
    #[cfg(test)]
    pub fn path(&self, front: &Front, nodes: [Affine; 2], code: u8) -> Vec<f64> {
        let column = |side: usize| self.columns[side].shared(self.rhythm, front, nodes[side]);
        let mut shared = [column(0), column(1)];
        let step = |k: usize| {
            let seen = self.margin(&shared).start;
            if k < INJECTIONS {
                let zero = usize::from(code >> (INJECTIONS - k) & 1 == 0);
                shared = self.rhythm.injected(&self.columns, k, shared)[zero];
            }
            seen
        };
        (0..=INJECTIONS).map(step).collect()
    }

    /// What the comparator sees, in volts: 1 from 0 on.
    fn margin(&self, shared: &[Shared; 2]) -> Affine {
        let [p, n] = [0, 1].map(|side| shared[side].bit_line() * self.gains[side]);
        p - n + self.base
    }
}
