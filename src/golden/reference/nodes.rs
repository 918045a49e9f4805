//! What is kept of a step beside its decisions: for the lockstep everything, for codes alone nothing.

use super::rows::Rows;
use super::sar::Side;
use super::timeline::{PHASES, Phase};
use crate::config::ADC_BITS;
use crate::golden::simd::Simd;

/// A vector of slices of one side.
#[derive(Clone, Copy)]
pub(super) struct Place<S> {
    pub simd: S,
    pub side: usize,
    /// First slice.
    pub at: usize,
}

/// Takes down what a kernel passes by. Voltages are absolute; those nobody asks for are not
/// computed.
pub(super) trait Record {
    /// The bit line at the end of a pulse.
    fn bit_line<S: Simd>(&mut self, pulse: Phase, place: Place<S>, volts: S::Double);
    /// The mean of the MAC capacitors at the end of RESET, SAMPLE or MULTIPLY.
    fn mac_mean<S: Simd>(&mut self, pulse: Phase, place: Place<S>, volts: S::Double);
    /// A side at the end of strobe k.
    fn strobe<S: Simd>(&mut self, k: usize, place: Place<S>, state: &Side<S::Double>);
}

/// Keeps nothing.
pub(super) struct Nothing;

impl Record for Nothing {
    #[inline(always)]
    fn bit_line<S: Simd>(&mut self, _: Phase, _: Place<S>, _: S::Double) {}
    #[inline(always)]
    fn mac_mean<S: Simd>(&mut self, _: Phase, _: Place<S>, _: S::Double) {}
    #[inline(always)]
    fn strobe<S: Simd>(&mut self, _: usize, _: Place<S>, _: &Side<S::Double>) {}
}

/// Everything of a step.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    /// `[pulse][side]`.
    bit_line: Rows,
    /// `[RESET, SAMPLE, MULTIPLY][side]`.
    mac_mean: Rows,
    /// Sides at the end of each strobe, `[strobe][side]`.
    common: Rows,
    distance: Rows,
}

/// Pulses at whose end the MAC capacitors are not connected yet.
const MAC_PULSES: usize = 3;

/// Number of a side's row.
#[inline(always)]
fn row(index: usize, side: usize) -> usize {
    2 * index + side
}

impl Nodes {
    pub(super) fn new(slices: usize) -> Self {
        let rows = |count: usize| Rows::new(2 * count, slices);
        Self {
            bit_line: rows(PHASES),
            mac_mean: rows(MAC_PULSES),
            common: rows(ADC_BITS),
            distance: rows(ADC_BITS),
        }
    }

    pub(super) fn bit_line_at(&self, pulse: Phase, side: usize) -> &[f64] {
        self.bit_line.row(row(pulse.index(), side))
    }

    pub(super) fn mac_mean_at(&self, pulse: Phase, side: usize) -> Option<&[f64]> {
        (pulse.index() < MAC_PULSES).then(|| self.mac_mean.row(row(pulse.index(), side)))
    }

    /// A side at the end of strobe k.
    #[inline(always)]
    pub(super) fn strobed<S: Simd>(&self, k: usize, place: Place<S>) -> Side<S::Double> {
        let Place { simd, side, at } = place;
        Side {
            common: self.common.load(simd, row(k, side), at),
            distance: self.distance.load(simd, row(k, side), at),
        }
    }

    /// All nodes of a slice stay at that voltage.
    pub(super) fn silence(&mut self, slice: usize, volts: f64) {
        (0..2 * PHASES).for_each(|row| self.bit_line.row_mut(row)[slice] = volts);
        (0..2 * MAC_PULSES).for_each(|row| self.mac_mean.row_mut(row)[slice] = volts);
    }
}

impl Record for Nodes {
    #[inline(always)]
    fn bit_line<S: Simd>(&mut self, pulse: Phase, place: Place<S>, volts: S::Double) {
        self.bit_line.store(place.simd, row(pulse.index(), place.side), place.at, volts);
    }

    #[inline(always)]
    fn mac_mean<S: Simd>(&mut self, pulse: Phase, place: Place<S>, volts: S::Double) {
        self.mac_mean.store(place.simd, row(pulse.index(), place.side), place.at, volts);
    }

    #[inline(always)]
    fn strobe<S: Simd>(&mut self, k: usize, place: Place<S>, state: &Side<S::Double>) {
        let Place { simd, side, at } = place;
        self.common.store(simd, row(k, side), at, state.common);
        self.distance.store(simd, row(k, side), at, state.distance);
    }
}
