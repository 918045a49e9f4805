//! One conversion step, predicted as a whole: voltages at the end of every pulse, decisions, codes.

use std::ops::Range;

use super::array::{Array, PerRow, ROWS};
use super::electrical::{Electrical, Factors, Span};
use super::kernel::{Finish, Resume, Whole};
use super::memory::Memory;
use super::nodes::{Nodes, Nothing};
use super::rows::Rows;
use super::sampling::Sampling;
use super::sar::{self, Comparator, FIRING_CELLS, INJECTIONS, Injections};
use super::weights;
use crate::config::ADC_BITS;
use crate::golden::chip::{CELLS, Chip, LEVELS};
use crate::golden::noise::{self, Draw, NoiseFrame};
use crate::golden::simd::Isa;
use crate::pins::{Pins, SLICE_WORDS};
use crate::simd::dispatch;

/// Below this margin a decision is adopted from what was observed, in V, unless told otherwise.
const MARGINAL_V: f64 = 1e-9;

/// Whose coins decide where a comparator does not finish.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Coins {
    pub seed: u64,
    pub chip: u64,
    pub conversion: u64,
}

impl Coins {
    pub(super) fn toss(&self, decision: usize, slice: usize) -> bool {
        noise::coin(self.seed, self.chip, self.conversion, decision, slice)
    }
}

/// What a step converts.
pub(super) struct StepInput<'a> {
    pub plane: usize,
    /// Lines of side P and side N.
    pub lines: [usize; 2],
    pub digits: &'a PerRow,
    pub level: u8,
    /// Range factor r.
    pub range: f64,
    /// Sides whose nodes start from V_low: another column than in the step before.
    pub fresh: [bool; 2],
    /// Cycles by which LATCH is prolonged.
    pub stretch: u32,
    pub active: [u32; SLICE_WORDS],
    /// Of this conversion.
    pub coins: Coins,
}

/// What a step's kernels read that is not the array's or the noise's.
pub(super) struct Carried {
    pub plane: usize,
    /// Digits of the rows, and the errors of their levels.
    pub rows: weights::Carried,
    /// Level of the dummy columns in DAC steps, its error included.
    pub level: f64,
}

/// The predicted step; buffers are reused from step to step.
#[derive(Clone, Debug)]
pub(super) struct Conversion {
    pub slices: usize,
    /// Slices that are computed, from a whole vector on: all, unless only some are wanted.
    pub span: Range<usize>,
    /// Instruction set of the kernels; it changes no bit.
    isa: Isa,
    /// Errors of the row DACs' levels in DAC steps / `LEVEL_UNIT`; `None` if all are 0.
    pub level_errors: Option<[i16; LEVELS]>,
    /// Distance to the threshold within which a comparator does not finish, in V.
    metastable: f64,
    /// Margin below which a decision is adopted from what was observed, in V.
    marginal: f64,
    pub sampling: Sampling,
    pub injections: Injections,
    pub comparator: Comparator,
    /// From the connection to the last cycle of SHARE, and on to the end of the first strobe.
    pub share: [Span; 2],
    pub v_low: f64,
    /// Comparator offset plus the threshold's distance below zero: one row.
    pub offsets: Rows,
    /// Summed strengths of the firing cells, `[injection][side]`.
    pub strengths: Rows,
    pub margins: Rows,
    /// Decisions of all slices, `[decision]`.
    pub decisions: [[u32; SLICE_WORDS]; ADC_BITS],
    /// Whether some margin of a decision lies within `marginal` of zero, or of the comparator's
    /// metastable window.
    near: [bool; ADC_BITS],
    /// The rest of the step's voltages, if they are wanted.
    nodes: Option<Box<Nodes>>,
    pub ends: Ends,
    /// Memory of single rows, where it is not negligible.
    pub memory: Option<Memory>,
    /// sum k_m d_m over the cells that store 1, of each side; 0 without memory.
    pub deviation: Rows,
    /// From the last strobe to the end of LATCH.
    pub latch: Span,
    /// Decay from the first to the last connected cycle.
    pub connected: f64,
    pub lines: [usize; 2],
    pub range: f64,
    coins: Coins,
    active: [u32; SLICE_WORDS],
    all_active: bool,
}

/// What a step leaves behind, one row per side.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    /// Sides at the end of the last strobe.
    pub common: Rows,
    pub distance: Rows,
    /// Charge of the MAC capacitors and bit line when SHARE began.
    pub charge: Rows,
    pub shared: Rows,
    /// Bit lines and mean of the MAC capacitors at the end of LATCH, above V_low: from the four
    /// above, once [`Finish`] has run.
    pub bit_line: Rows,
    pub mac: Rows,
}

impl Ends {
    fn new(slices: usize) -> Self {
        let rows = || Rows::new(2, slices);
        Self {
            common: rows(),
            distance: rows(),
            charge: rows(),
            shared: rows(),
            bit_line: rows(),
            mac: rows(),
        }
    }
}

impl Conversion {
    pub(super) fn new(
        slices: usize,
        chip: &Chip,
        electrical: &Electrical,
        factors: &Factors,
    ) -> Self {
        let mut offsets = Rows::new(1, slices);
        for (s, offset) in offsets.row_mut(0).iter_mut().enumerate() {
            *offset = chip.offset(s) + electrical.threshold;
        }
        let mut strengths = Rows::new(2 * INJECTIONS, slices);
        for (row, side) in (0..2 * INJECTIONS).map(|row| (row, row % 2)) {
            let cells = FIRING_CELLS[row / 2].min(CELLS);
            for (s, strength) in strengths.row_mut(row).iter_mut().enumerate() {
                *strength = chip.cells(s, side)[..cells].iter().sum();
            }
        }
        let errors = chip.level_errors();
        Self {
            slices,
            span: 0..slices,
            isa: Isa::best(),
            level_errors: (*errors != [0; LEVELS]).then_some(*errors),
            metastable: electrical.metastable,
            marginal: MARGINAL_V,
            sampling: Sampling::new(electrical, factors),
            injections: Injections::new(electrical, factors),
            comparator: Comparator {
                sigma: electrical.comparator_sigma,
                half_common_mode: electrical.half_common_mode,
            },
            share: [factors.share, factors.first_strobe],
            v_low: electrical.v_low,
            offsets,
            strengths,
            margins: Rows::new(ADC_BITS, slices),
            decisions: Default::default(),
            near: [false; ADC_BITS],
            nodes: Some(Box::new(Nodes::new(slices))),
            ends: Ends::new(slices),
            memory: Memory::needed(factors).then(|| Memory::new(slices)),
            deviation: Rows::new(2, slices),
            latch: Span::default(),
            connected: 0.0,
            lines: [0; 2],
            range: 1.0,
            coins: Coins::default(),
            active: [0; SLICE_WORDS],
            all_active: false,
        }
    }

    /// Margin below which a decision is adopted, in V.
    pub(super) fn set_marginal(&mut self, volts: f64) {
        self.marginal = volts;
    }

    /// Takes over new pulse widths.
    pub(super) fn set_factors(&mut self, electrical: &Electrical, factors: &Factors) {
        self.sampling = Sampling::new(electrical, factors);
        self.injections = Injections::new(electrical, factors);
        self.share = [factors.share, factors.first_strobe];
        self.memory = Memory::needed(factors).then(|| Memory::new(self.slices));
        (0..2).for_each(|side| self.deviation.row_mut(side).fill(0.0));
    }

    /// Keeps voltages of the steps to come, or not: without them a step takes less time.
    pub(super) fn keep_nodes(&mut self, keep: bool) {
        self.nodes = keep.then(|| Box::new(Nodes::new(self.slices)));
    }

    /// Instruction set of the steps to come.
    #[cfg(test)]
    pub(super) fn set_isa(&mut self, isa: Isa) {
        self.isa = isa;
    }

    /// Predicts a step from its input. `array` has up-to-date sums for the step's lines.
    pub(super) fn predict(
        &mut self,
        input: &StepInput,
        array: &Array,
        physics: (&Electrical, &Factors),
        noise: &NoiseFrame,
    ) {
        let (electrical, factors) = physics;
        for side in 0..2 {
            if input.fresh[side] {
                self.forget(side);
            } else if self.nodes.is_none() {
                // Left out so far: most steps have other columns than the one before.
                self.finish(side, array);
            }
        }
        self.lines = input.lines;
        self.range = input.range;
        self.coins = input.coins;
        if self.active != input.active {
            self.active = input.active;
            self.all_active = (0..self.slices).all(|s| Pins::slice_bit(&self.active, s));
        }
        let stretched = electrical.share_decay(input.stretch);
        let cycles = factors.latch.cycles + f64::from(input.stretch);
        self.latch = Span { cycles, decay: factors.latch.decay * stretched };
        self.connected = factors.connected * stretched;
        let errors = errors_of(self.level_errors.as_ref(), input.digits);
        if self.memory.is_some() {
            (0..2).for_each(|side| self.remember(side, input, &errors, array, physics, noise));
        }
        let carried = Carried {
            plane: input.plane,
            rows: weights::Carried::new([input.digits, &errors]),
            level: self.level(input.level),
        };
        (self.decisions, self.near) = Default::default();
        let (isa, carried, record) = (self.isa, &carried, &mut Nothing);
        if let Some(mut nodes) = self.nodes.take() {
            let record = &mut *nodes;
            isa.run(Whole { conversion: self, carried, array, noise, record });
            self.nodes = Some(nodes);
            (0..2).for_each(|side| self.finish(side, array));
        } else {
            isa.run(Whole { conversion: self, carried, array, noise, record });
        }
        self.silence(0, electrical, noise);
    }

    /// Predicts everything after decision k, which stands. Only where nodes are kept.
    pub(super) fn resume(
        &mut self,
        k: usize,
        array: &Array,
        electrical: &Electrical,
        noise: &NoiseFrame,
    ) {
        let Some(mut nodes) = self.nodes.take() else { return };
        self.decisions[k + 1..].fill([0; SLICE_WORDS]);
        self.near[k + 1..].fill(false);
        self.isa.run(Resume { conversion: self, nodes: &mut nodes, k, array, noise });
        self.nodes = Some(nodes);
        (0..2).for_each(|side| self.finish(side, array));
        self.silence(k + 1, electrical, noise);
    }

    /// All nodes of a side are at V_low.
    fn forget(&mut self, side: usize) {
        self.ends.bit_line.row_mut(side)[self.span.clone()].fill(0.0);
        self.ends.mac.row_mut(side)[self.span.clone()].fill(0.0);
        if let Some(memory) = &mut self.memory {
            memory.forget(side);
        }
    }

    /// LATCH of a side, and what it leaves to the next step.
    fn finish(&mut self, side: usize, array: &Array) {
        let isa = self.isa;
        if let Some(mut nodes) = self.nodes.take() {
            isa.run(Finish { conversion: self, side, array, record: &mut *nodes });
            self.nodes = Some(nodes);
        } else {
            isa.run(Finish { conversion: self, side, array, record: &mut Nothing });
        }
    }

    /// Level of the dummy columns in DAC steps, its error included.
    fn level(&self, level: u8) -> f64 {
        let error = self.level_errors.map_or(0, |errors| errors[usize::from(level)]);
        f64::from(level) + f64::from(error) * super::sampling::ERROR_STEP
    }

    /// What single rows of a side remember, and what they will remember of this step.
    fn remember(
        &mut self,
        side: usize,
        input: &StepInput,
        errors: &PerRow,
        array: &Array,
        (e, f): (&Electrical, &Factors),
        noise: &NoiseFrame,
    ) {
        let Some(memory) = &mut self.memory else { return };
        let number = input.lines[side];
        let (line, cells) = (array.line(number), array.cells(input.plane, number));
        memory.weighted(side, line, cells, self.deviation.row_mut(side));
        let dummy = number == array.dummy();
        let rows = if dummy { array.dummy_digits(input.level) } else { *input.digits };
        let errors = if dummy { errors_of(self.level_errors.as_ref(), &rows) } else { *errors };
        let normals = [noise.row(Draw::Sample(side)), noise.row(Draw::Multiply(side))];
        let mean = self.ends.mac.row(side);
        memory.update(side, (e, f, self.connected), line, cells, [&rows, &errors], mean, normals);
    }

    /// Takes decision k of the slices from `at` on, given their margins' signs and which of them
    /// are near zero. Returns the decisions if signs alone may not have made them.
    #[inline(always)]
    pub(super) fn decide(&mut self, k: usize, at: usize, signs: u32, near: u32) -> Option<u32> {
        // Padding decides nothing.
        let exists = u32::MAX >> 32usize.saturating_sub(self.slices - at);
        let mut decided = signs & exists;
        let near = near & exists;
        if near != 0 {
            self.near[k] = true;
            decided = self.toss(k, at, decided, near);
        }
        self.decisions[k][at / 32] |= decided << (at % 32);
        (near != 0).then_some(decided)
    }

    /// Decides k by coin wherever a comparator does not finish; `near` are the candidates.
    #[cold]
    fn toss(&mut self, k: usize, at: usize, mut decided: u32, near: u32) -> u32 {
        let margins = &self.margins.row(k)[at..];
        for lane in (0..32).filter(|lane| near >> lane & 1 == 1) {
            if margins[lane].abs() < self.metastable {
                let coin = u32::from(self.coins.toss(k, at + lane));
                decided = decided & !(1 << lane) | coin << lane;
            }
        }
        decided
    }

    /// Distance to zero from which on a decision has to be looked at.
    #[inline(always)]
    pub(super) fn near_v(&self) -> f64 {
        self.metastable + self.marginal
    }

    /// Inactive slices: their columns stay at V_low, so their comparators see only offset, noise and
    /// that common mode. Decisions before `first` stand.
    fn silence(&mut self, first: usize, e: &Electrical, noise: &NoiseFrame) {
        let active = self.active;
        if self.all_active {
            return;
        }
        for s in (0..self.slices).filter(|&s| !Pins::slice_bit(&active, s)) {
            if let Some(nodes) = &mut self.nodes {
                nodes.silence(s, e.v_low);
            }
            for k in first..ADC_BITS {
                let normal = noise.row(Draw::Decision(k))[s];
                let common = 2.0 * e.v_low * e.half_common_mode;
                let margin = self.offsets.row(0)[s] + normal * e.comparator_sigma + common;
                self.margins.row_mut(k)[s] = margin;
                self.near[k] |= margin.abs() < self.near_v();
                let finished = margin.abs() >= self.metastable;
                let decision = if finished { margin >= 0.0 } else { self.coins.toss(k, s) };
                self.set_decision(k, s, decision);
            }
        }
    }

    /// Replaces a decision; [`resume`](Self::resume) draws the consequences.
    pub(super) fn set_decision(&mut self, k: usize, slice: usize, decision: bool) {
        let (word, bit) = (slice / 32, slice % 32);
        self.decisions[k][word] =
            self.decisions[k][word] & !(1 << bit) | u32::from(decision) << bit;
    }

    /// Decision k of all slices.
    pub(super) fn decisions(&self, k: usize) -> &[u32; SLICE_WORDS] {
        &self.decisions[k]
    }

    /// Whether some slice's decision k is close enough to call that it may be adopted.
    pub(super) fn near(&self, k: usize) -> bool {
        self.near[k]
    }

    /// Whether a slice's decision k may be adopted: its margin, or the margin's distance from the
    /// metastable window, is lost in rounding.
    pub(super) fn marginal(&self, k: usize, slice: usize) -> bool {
        let margin = self.margins(k)[slice].abs();
        margin < self.marginal || (margin - self.metastable).abs() < self.marginal
    }

    /// Number of slices whose decision k is too close to call.
    pub(super) fn count_marginal(&self, k: usize) -> u64 {
        if self.near[k] {
            (0..self.slices).filter(|&s| self.marginal(k, s)).count() as u64
        } else {
            0
        }
    }

    /// Margins of decision k in V, one per slice.
    pub(super) fn margins(&self, k: usize) -> &[f64] {
        self.margins.row(k)
    }

    /// Codes of all slices.
    pub(super) fn codes(&self, codes: &mut [u8]) {
        pack_codes(&self.decisions, codes);
    }

    /// Moves a comparator's offset, to put a decision where a test wants it.
    #[cfg(test)]
    pub(super) fn shift_offset(&mut self, slice: usize, volts: f64) {
        self.offsets.row_mut(0)[slice] += volts;
    }

    /// Voltages of the step, if they are kept.
    pub(super) fn nodes(&self) -> Option<&Nodes> {
        self.nodes.as_deref()
    }
}

/// Errors of the rows' levels; 0 where there are none.
#[inline(always)]
fn errors_of(level_errors: Option<&[i16; LEVELS]>, digits: &PerRow) -> PerRow {
    let Some(errors) = level_errors else { return [0; ROWS] };
    digits.map(|x| errors[x as usize % LEVELS])
}

dispatch! {
    fn pack_codes(decisions: &[[u32; SLICE_WORDS]; ADC_BITS], codes: &mut [u8]) = sar::codes;
}
