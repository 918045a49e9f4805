//! Codes from `f32`, wherever that is enough.
//!
//! Most decisions are far from their threshold, and single precision tells them with an error of a
//! microvolt. So a step is first converted here, four times as fast, together with a *bound*
//! of what rounding may have done to any of its margins. A slice all of whose margins are beyond the
//! bound has its code for certain; the few others are left to the exact model. A code is never a
//! guess, and instruction sets may differ in how many slices they leave over, but not in codes.
//!
//! Everything that the exact model does to a voltage is affine, so a step is a handful of slopes:
//! [`Start`](start::Start) holds those of the voltages at the first strobe, one per cell, and
//! [`Search`](search::Search) those of the injections. They are not derived again: the exact model's
//! own kernels are asked what single inputs do ([`probe`]).
//!
//! What is neglected is in the bound too: the distance between a bit line and its MAC capacitors that
//! an injection leaves at the next strobe. Where switches are so slow that it matters, the bound
//! exceeds [`MOST_V`] and there is no answer.

mod block;
mod bound;
mod kernel;
mod probe;
mod search;
mod start;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::array::Array;
use super::conversion::Conversion;
use super::electrical::Factors;
use super::sampling::ERROR_STEP;
use crate::config::{Geometry, PLANES};
use crate::golden::chip::LEVELS;
use crate::golden::random::Key;
use crate::golden::simd::Isa;
use crate::pins::SLICE_WORDS;
use block::{BLOCK, Row};
use kernel::{Convert, Watch};
use probe::Probe;
use search::Search;
use start::Start;

/// Largest bound, in V, that is worth it: more slices are left over than the exact model takes time.
const MOST_V: f64 = 20e-6;

/// Conversion ranges.
const RANGES: usize = 4;

/// One conversion step.
pub(super) struct Step<'a> {
    pub plane: usize,
    /// Lines of both sides, the second one the next or the dummy.
    pub lines: [usize; 2],
    /// Number of the range, and its factor r.
    pub range: (usize, f64),
    /// Level of the dummy columns.
    pub level: u8,
    /// One per MAC row, 0..=15.
    pub digits: &'a [u8],
    /// Sides that start from V_low; the other ones from what the step before left on the same line.
    pub fresh: [bool; 2],
    /// Leaking cycles of the step before after its last strobe.
    pub latch: f64,
    /// Key of the conversion's noise, if there is any.
    pub noise: Option<Key>,
}

/// The slopes of a chip, made when first used, and what the last step left behind.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    isa: Isa,
    columns_per_slice: usize,
    /// The exact model, to be asked for slopes.
    model: Conversion,
    /// What is left of a distance between bit line and MAC capacitors at the end of a step.
    connected: f64,
    /// Levels of the digits in DAC steps, their errors included.
    levels: [f32; LEVELS],
    /// `[plane][line][differential]`.
    starts: Vec<Option<Box<Start>>>,
    /// `[range][line][differential]`.
    searches: Vec<Option<Box<Search>>>,
    /// `[plane][line][differential][range]`.
    bounds: Vec<[Option<f64>; RANGES]>,
    /// Both sides at the end of the last strobe, [scaled](Search).
    ends: Box<[[Row; 2]]>,
}

impl Filter {
    /// The filter of a model without inactive slices.
    pub(super) fn new(geometry: &Geometry, model: &Conversion, factors: &Factors) -> Self {
        let errors = model.level_errors.unwrap_or([0; LEVELS]);
        let level = |x: usize| (x as f64 + f64::from(errors[x]) * ERROR_STEP) as f32;
        let columns_per_slice = geometry.columns_per_slice;
        Self {
            isa: Isa::best(),
            columns_per_slice,
            levels: std::array::from_fn(level),
            starts: vec![None; PLANES * columns_per_slice * 2],
            searches: vec![None; RANGES * columns_per_slice * 2],
            bounds: vec![[None; RANGES]; PLANES * columns_per_slice * 2],
            ends: block::blocks(model.slices, |_| [Row::ZERO; 2]),
            model: model.clone(),
            connected: factors.connected,
        }
    }

    /// Chooses the instruction set; codes do not depend on it.
    #[cfg(test)]
    pub(super) fn set_isa(&mut self, isa: Isa) {
        self.isa = isa;
    }

    /// The cells of a plane have changed.
    pub(super) fn forget_plane(&mut self, plane: usize) {
        let lines = 2 * self.columns_per_slice;
        let of_plane = plane * lines..(plane + 1) * lines;
        self.starts[of_plane.clone()].fill(None);
        self.bounds[of_plane].fill([None; RANGES]);
    }

    /// Goes on from where the exact model has left some slices.
    pub(super) fn adopt(&mut self, span: Range<usize>, exact: &Conversion) {
        let scales = search::scales(&self.model);
        for (slice, side) in span.flat_map(|slice| [(slice, 0), (slice, 1)]) {
            let volts = exact.ends.common.row(side)[slice] + exact.ends.distance.row(side)[slice];
            self.ends[slice / BLOCK][side].set(slice, scales[side] * volts);
        }
    }

    /// Converts a step. `array` has up-to-date sums for its lines. Returns the slices whose code is
    /// not certain, one bit each; `None` if that can not be told of any.
    pub(super) fn convert(
        &mut self,
        array: &Array,
        step: &Step,
        codes: &mut [u8],
    ) -> Option<[u32; SLICE_WORDS]> {
        self.convert_watched(array, step, codes, &mut ()).map(|(unsure, _)| unsure)
    }

    /// The same under watch; also tells the bound.
    fn convert_watched(
        &mut self,
        array: &Array,
        step: &Step,
        codes: &mut [u8],
        watch: &mut impl Watch,
    ) -> Option<([u32; SLICE_WORDS], f64)> {
        if self.model.memory.is_some() {
            return None;
        }
        let number = |first: usize| 2 * (first * self.columns_per_slice + step.lines[0]);
        let single_ended = usize::from(step.lines[1] == array.dummy());
        let start = &mut self.starts[number(step.plane) + single_ended];
        let search = &mut self.searches[number(step.range.0) + single_ended];
        let mut probe = Probe { model: &mut self.model, array, lines: step.lines };
        let search = search.get_or_insert_with(|| Box::new(Search::new(&mut probe, step.range.1)));
        let start =
            start.get_or_insert_with(|| Box::new(Start::new(&mut probe, step.plane, &self.levels)));
        let bound = *self.bounds[number(step.plane) + single_ended][step.range.0]
            .get_or_insert_with(|| bound::of(start, search, self.connected));
        if bound.is_nan() || bound > MOST_V {
            return None;
        }
        let mut unsure = [0; SLICE_WORDS];
        self.isa.run(Convert {
            start,
            search,
            levels: &self.levels,
            limit: (bound + self.model.near_v()) as f32,
            ends: &mut self.ends,
            step,
            codes,
            unsure: &mut unsure,
            watch,
        });
        Some((unsure, bound))
    }
}
