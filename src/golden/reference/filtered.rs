//! The codes of [`Converter`] in a fraction of its time: a [filter](super::filter) tells most of
//! them, the exact model those that are too close to call.

use std::ops::Range;
use std::sync::Arc;

use super::array::ROWS;
use super::converter::{Converter, ConverterError, ConverterStep, check_shape};
use super::filter::{self, Filter};
use crate::config::{Analog, Geometry, Timing};
use crate::golden::chip::Chip;
use crate::golden::noise;
use crate::golden::simd::Isa;
use crate::pins::SLICE_WORDS;

/// Most steps that are repeated to find the exact state of a column: a longer chain of steps on the
/// same columns goes on with the exact model.
const LONGEST: usize = 8;

/// Converts step after step as [`Converter`] does, with the same codes.
///
/// A slice whose code the filter does not tell is converted exactly, along with the steps before on
/// the same columns: what those left there is needed to the last bit.
#[derive(Clone, Debug)]
pub struct FilteredConverter {
    slices: usize,
    isa: Isa,
    seed: u64,
    chip_number: u64,
    converter: Converter,
    filter: Filter,
    /// Steps since all nodes were at V_low; [`ConverterStep`]s with what else they depend on.
    chain: Vec<Kept>,
    /// The exact model converts, and has the state of all columns.
    exact: bool,
    next_conversion: u64,
    previous_lines: Option<[usize; 2]>,
    stretch: u32,
}

/// A step of a chain.
#[derive(Clone, Debug)]
struct Kept {
    step: ConverterStep,
    digits: [u8; ROWS],
    stretch: u32,
    conversion: u64,
}

impl FilteredConverter {
    /// As [`Converter::new`].
    pub fn new(
        geometry: Geometry,
        analog: Analog,
        timing: Timing,
        chip: Arc<Chip>,
        seed: u64,
        chip_number: u64,
    ) -> Self {
        let converter =
            Converter::new(geometry, analog, timing, chip, seed, chip_number).for_codes_only();
        let isa = Isa::best();
        Self {
            slices: geometry.slices(),
            isa,
            seed,
            chip_number,
            filter: converter.filter(),
            converter,
            chain: Vec::with_capacity(LONGEST),
            exact: false,
            next_conversion: 0,
            previous_lines: None,
            stretch: 0,
        }
    }

    /// Chooses the instruction set; codes do not depend on it.
    #[cfg(test)]
    pub(super) fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self.filter.set_isa(isa);
        self.converter.conversion.set_isa(isa);
        self
    }

    /// As [`Converter::load_plane`].
    pub fn load_plane(&mut self, plane: usize, bits: &[bool]) -> Result<(), ConverterError> {
        // What the steps so far left was left by the cells so far.
        if !self.exact && !self.chain.is_empty() {
            self.go_exact();
        }
        self.converter.load_plane(plane, bits)?;
        self.filter.forget_plane(plane);
        Ok(())
    }

    /// As [`Converter::start_at_conversion`].
    pub fn start_at_conversion(&mut self, index: u64) {
        self.previous_lines = None;
        self.next_conversion = index;
    }

    /// As [`Converter::prolong_latch`].
    pub fn prolong_latch(&mut self, cycles: u32) {
        self.stretch = cycles;
    }

    /// Index of the next conversion step.
    pub fn next_conversion(&self) -> u64 {
        self.next_conversion
    }

    /// As [`Converter::convert`].
    pub fn convert(
        &mut self,
        step: &ConverterStep,
        digits: &[u8],
        codes: &mut [u8],
    ) -> Result<(), ConverterError> {
        self.converter.check(step, digits)?;
        check_shape("codes", codes.len(), self.slices)?;
        let lines = self.converter.lines(step);
        let fresh = [0, 1].map(|side| self.previous_lines.is_none_or(|p| p[side] != lines[side]));
        if fresh == [true; 2] {
            self.chain.clear();
            self.exact = false;
        }
        let latch = self.chain.last().map_or(0, |before| before.stretch);
        self.chain.push(self.kept(step, digits));
        if self.exact {
            self.replay(self.chain.len() - 1..self.chain.len(), 0..self.slices);
            self.chain.clear();
            self.converter.conversion.codes(codes);
        } else {
            self.filtered(step, (lines, fresh, latch), digits, codes);
        }
        self.previous_lines = Some(lines);
        self.next_conversion += 1;
        Ok(())
    }

    fn kept(&self, step: &ConverterStep, digits: &[u8]) -> Kept {
        let mut kept = Kept {
            step: *step,
            digits: [0; ROWS],
            stretch: self.stretch,
            conversion: self.next_conversion,
        };
        kept.digits[..digits.len()].copy_from_slice(digits);
        kept
    }

    /// The chain's last step.
    fn filtered(
        &mut self,
        step: &ConverterStep,
        (lines, fresh, stretch): ([usize; 2], [bool; 2], u32),
        digits: &[u8],
        codes: &mut [u8],
    ) {
        let key = || noise::key(self.seed, self.chip_number, self.next_conversion);
        let filter_step = filter::Step {
            plane: step.plane,
            lines,
            range: (step.range as usize, step.range.factor()),
            level: step.level,
            digits,
            fresh,
            latch: self.converter.latch_cycles(stretch),
            noise: self.converter.noisy().then(key),
        };
        let array = self.converter.prepared(step.plane, lines);
        let unsure = if self.chain.len() > LONGEST {
            None
        } else {
            self.filter.convert(array, &filter_step, codes)
        };
        match unsure {
            Some(unsure) => self.settle(&unsure, codes),
            None => {
                self.go_exact();
                self.converter.conversion.codes(codes);
            }
        }
    }

    /// Converts the slices that are unsure exactly, a vector at a time.
    fn settle(&mut self, unsure: &[u32; SLICE_WORDS], codes: &mut [u8]) {
        if *unsure == [0; SLICE_WORDS] {
            return;
        }
        let lanes = self.isa.lanes();
        let unsure_of = |span: &Range<usize>| {
            unsure[span.start / 32] >> (span.start % 32) & (u32::MAX >> (32 - span.len()))
        };
        for at in (0..self.slices).step_by(lanes) {
            let span = at..self.slices.min(at + lanes);
            let unsure = unsure_of(&span);
            if unsure != 0 {
                self.replay(0..self.chain.len(), span.clone());
                self.filter.adopt(span.clone(), &self.converter.conversion);
                self.take(span, unsure, codes);
            }
        }
    }

    /// Takes over the exact codes of a vector.
    fn take(&self, span: Range<usize>, unsure: u32, codes: &mut [u8]) {
        let mut exact = [0; 32 * SLICE_WORDS];
        let exact = &mut exact[..self.slices];
        self.converter.conversion.codes(exact);
        let told = |slice: &usize| unsure >> (slice - span.start) & 1 == 0;
        debug_assert!(span.clone().filter(told).all(|slice| codes[slice] == exact[slice]));
        codes[span.clone()].copy_from_slice(&exact[span]);
    }

    /// From here on the exact model converts: it repeats the chain.
    fn go_exact(&mut self) {
        self.replay(0..self.chain.len(), 0..self.slices);
        self.chain.clear();
        self.exact = true;
    }

    /// Predicts steps of the chain exactly, for some slices; the chain's first step from V_low.
    fn replay(&mut self, steps: Range<usize>, span: Range<usize>) {
        if !self.exact {
            self.converter.rest();
        }
        self.converter.conversion.span = span;
        for kept in &self.chain[steps] {
            self.converter.number_next(kept.conversion);
            let digits = kept.digits.map(Into::into);
            self.converter.predict(&kept.step, &digits, kept.stretch, [u32::MAX; SLICE_WORDS]);
        }
    }
}
