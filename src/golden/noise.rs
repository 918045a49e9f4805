//! Noise of one conversion step: standard normal draws, keyed by (seed, chip, conversion index).
//! Plant and reference each ask for the frame of the conversion they believe to be in; scaling to
//! volts or charge is theirs.

use std::ops::Range;

use super::random::Key;
use super::simd::{Aligned, Isa, Normals, Simd, padded};

/// Distinguishes noise keys from the mismatch keys of the same chip.
const SOURCE: u64 = 0x006e_6f69_7365;
/// Draws per slice: three switch openings on two sides, seven decisions, six injections.
pub const DRAWS: usize = 19;
/// Distinguishes the coins of decisions that a comparator does not finish.
const COIN: u64 = 0x636f_696e;

/// Key of the draws of one conversion step.
pub(crate) fn key(seed: u64, chip: u64, conversion: u64) -> Key {
    Key::new([seed, chip, SOURCE, conversion])
}

/// How a comparator that did not finish decision `decision` of a slice comes to rest.
pub fn coin(seed: u64, chip: u64, conversion: u64, decision: usize, slice: usize) -> bool {
    let element = (slice * 8 + decision) as u32;
    Key::new([seed, chip, COIN, conversion]).bits(element) & 1 == 1
}

/// Row of a frame: what a draw belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// Opening of the reset switches of a side (0 = P, 1 = N).
    Reset(usize),
    /// Opening of the row-DAC sampling switches of a side.
    Sample(usize),
    /// Closing of the word line of a side (its discharge switches open).
    Multiply(usize),
    /// Comparator decision 0..=6, most significant first.
    Decision(usize),
    /// Injection 0..=5, 32 units first; of the side that fires.
    Injection(usize),
}

impl Draw {
    /// Number of the row; element `row * slices + slice` of the frame's key.
    pub(crate) fn row(self) -> usize {
        match self {
            Draw::Reset(side) => side,
            Draw::Sample(side) => 2 + side,
            Draw::Multiply(side) => 4 + side,
            Draw::Decision(k) => 6 + k,
            Draw::Injection(k) => 13 + k,
        }
    }
}

/// The normal draws of one conversion step, `DRAWS` rows of `slices`.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseFrame {
    slices: usize,
    /// From row to row.
    stride: usize,
    /// Rows drawn anew for each conversion; the others stay 0.
    rows: usize,
    /// `[row][padded slice]`.
    normals: Aligned<f64>,
}

impl NoiseFrame {
    /// A frame without noise.
    pub fn silent(slices: usize) -> Self {
        let stride = padded(slices);
        let normals = Aligned::zeroed(DRAWS * stride);
        Self { slices, stride, rows: Draw::Injection(0).row(), normals }
    }

    /// Draws the rows of the injections too, for configurations with noise there.
    pub fn with_injections(self, on: bool) -> Self {
        Self { rows: if on { DRAWS } else { self.rows }, ..self }
    }

    /// Redraws the frame for the `conversion`-th conversion step since the start.
    pub fn draw(&mut self, seed: u64, chip: u64, conversion: u64) {
        self.draw_some(0..self.slices, seed, chip, conversion);
    }

    /// The same of some slices alone, from a whole vector on.
    pub(super) fn draw_some(&mut self, span: Range<usize>, seed: u64, chip: u64, conversion: u64) {
        let Self { slices, rows, ref mut normals, .. } = *self;
        let key = key(seed, chip, conversion);
        Isa::best().run(Normals { normals, rows, slices, span, key });
    }

    /// The frame in which one draw is 1 in all slices and all others are 0.
    pub(super) fn unit(slices: usize, draw: Draw) -> Self {
        let mut frame = Self::silent(slices);
        let first = draw.row() * frame.stride;
        frame.normals[first..first + slices].fill(1.0);
        frame
    }

    /// Draws of one row, one per slice.
    pub fn row(&self, draw: Draw) -> &[f64] {
        &self.normals[draw.row() * self.stride..][..self.slices]
    }

    /// A vector of a row, from slice `at` on.
    #[inline(always)]
    pub(super) fn load<S: Simd>(&self, simd: S, draw: Draw, at: usize) -> S::Double {
        self.normals.load(simd, draw.row() * self.stride + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors draw what the generator draws one by one, also where slices fill no whole vector.
    #[test]
    fn frames_hold_the_generators_draws() {
        for slices in [1, 4, 32, 64, 100] {
            let mut frame = NoiseFrame::silent(slices).with_injections(true);
            frame.draw(7, 3, 1_000_000_007);
            let key = key(7, 3, 1_000_000_007);
            for draw in [Draw::Reset(0), Draw::Multiply(1), Draw::Decision(6), Draw::Injection(5)] {
                let first = draw.row() * slices;
                let wanted: Vec<f64> =
                    (first..first + slices).map(|element| key.normal(element as u32)).collect();
                assert_eq!(frame.row(draw), wanted, "{slices} {draw:?}");
            }
        }
    }
}
