//! One conversion step, predicted as a whole: voltages at the end of every pulse, decisions, codes.

use super::array::{Array, Cells, Line, PerRow, ROWS};
use super::electrical::{Electrical, Factors, Span};
use super::memory::Memory;
use super::sampling::{self, BitLineInput, BitLineOutput, MacInput, MacOutput};
use super::sar::{self, Compare, Fire, Injection, Side};
use super::timeline::{PHASES, Phase};
use crate::config::ADC_BITS;
use crate::golden::chip::{CELLS, Chip, LEVELS};
use crate::golden::noise::{self, Draw, NoiseFrame};
use crate::pins::{Pins, SLICE_WORDS};
use crate::simd::dispatch;

/// Below this margin a decision is adopted from what was observed, in V.
const MARGINAL_V: f64 = 1e-9;

/// Firing cells of injection 0..6 (the first fires them twice).
const FIRING_CELLS: [usize; 6] = [16, 16, 8, 4, 2, 1];

/// Firings of single cells in injection 0..6 by design.
const FIRINGS: [f64; 6] = [32.0, 16.0, 8.0, 4.0, 2.0, 1.0];

/// Whose coins decide where a comparator does not finish.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Coins {
    pub seed: u64,
    pub chip: u64,
    pub conversion: u64,
}

impl Coins {
    fn toss(&self, decision: usize, slice: usize) -> bool {
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

/// One value per slice for side P and side N.
type Sides = [Vec<f64>; 2];

/// The predicted step; buffers are reused from step to step.
#[derive(Clone, Debug)]
pub(super) struct Conversion {
    slices: usize,
    /// Errors of the row DACs' levels in DAC steps / `LEVEL_UNIT`; `None` if all are 0.
    level_errors: Option<[i16; LEVELS]>,
    /// Distance to the threshold within which a comparator does not finish, in V.
    metastable: f64,
    /// Comparator offset plus the threshold's distance below zero.
    offsets: Vec<f64>,
    /// Summed strengths of the firing cells, `[injection][side]`.
    strengths: Vec<Sides>,
    /// Absolute bit-line voltages, `[pulse][side]`.
    bit_line: Vec<Sides>,
    /// Absolute mean voltages of the MAC capacitors for RESET, SAMPLE, MULTIPLY.
    mac_mean: [Sides; 3],
    /// Sides at the end of each strobe.
    at_strobe: Vec<[Side; 2]>,
    /// Sides at the end of LATCH.
    at_latch: [Side; 2],
    margins: Vec<Vec<f64>>,
    /// Decisions of all slices, `[decision]`.
    decisions: [[u32; SLICE_WORDS]; ADC_BITS],
    /// Whether some margin of a decision lies within [`MARGINAL_V`] of zero, or of the comparator's
    /// metastable window.
    near: [bool; ADC_BITS],
    /// Bit lines and mean of the MAC capacitors after the step, above V_low.
    bit_line_residue: Sides,
    mac_residue: Sides,
    /// Memory of single rows, where it is not negligible.
    memory: Option<Memory>,
    /// What [`resume`](Self::resume) needs to know about the step.
    latch: Span,
    /// Decay from the first to the last connected cycle.
    connected: f64,
    lines: [usize; 2],
    range: f64,
    coins: Coins,
    active: [u32; SLICE_WORDS],
    all_active: bool,
    scratch: Scratch,
}

/// Intermediate values of one side, or both where noted.
#[derive(Clone, Debug)]
struct Scratch {
    digits_ones: Vec<i32>,
    digits_all: Vec<i32>,
    /// The same sums of the levels' errors; all 0 without.
    errors_ones: Vec<i32>,
    errors_all: Vec<i32>,
    deviation: Vec<f64>,
    noise_ones: Vec<f64>,
    noise_zeros: Vec<f64>,
    charge: Vec<f64>,
    shared: Vec<f64>,
    /// Mean of the MAC capacitors less the bit line when SHARE begins, both sides.
    apart: Sides,
    /// Gates of the sides' injections, both sides.
    gates: Sides,
}

impl Conversion {
    pub(super) fn new(slices: usize, chip: &Chip, electrical: &Electrical) -> Self {
        let zero = || vec![0.0; slices];
        let sides = || [zero(), zero()];
        let state = || [Side::new(slices), Side::new(slices)];
        let strength = |count: usize, side: usize| {
            (0..slices).map(|s| chip.cells(s, side)[..count.min(CELLS)].iter().sum()).collect()
        };
        let errors = chip.level_errors();
        Self {
            slices,
            level_errors: (*errors != [0; LEVELS]).then_some(*errors),
            metastable: electrical.metastable,
            offsets: (0..slices).map(|s| chip.offset(s) + electrical.threshold).collect(),
            strengths: FIRING_CELLS.map(|n| [strength(n, 0), strength(n, 1)]).to_vec(),
            bit_line: (0..PHASES).map(|_| sides()).collect(),
            mac_mean: std::array::from_fn(|_| sides()),
            at_strobe: (0..ADC_BITS).map(|_| state()).collect(),
            at_latch: state(),
            margins: vec![zero(); ADC_BITS],
            decisions: Default::default(),
            near: [false; ADC_BITS],
            bit_line_residue: sides(),
            mac_residue: sides(),
            memory: None,
            latch: Span::default(),
            connected: 0.0,
            lines: [0; 2],
            range: 1.0,
            coins: Coins::default(),
            active: [0; SLICE_WORDS],
            all_active: false,
            scratch: Scratch {
                digits_ones: vec![0; slices],
                digits_all: vec![0; slices],
                errors_ones: vec![0; slices],
                errors_all: vec![0; slices],
                deviation: zero(),
                noise_ones: zero(),
                noise_zeros: zero(),
                charge: zero(),
                shared: zero(),
                apart: sides(),
                gates: sides(),
            },
        }
    }

    /// Takes over new pulse widths.
    pub(super) fn set_factors(&mut self, factors: &Factors) {
        self.memory = Memory::needed(factors).then(|| Memory::new(self.slices));
        self.scratch.deviation.fill(0.0);
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
        (0..2).filter(|&side| input.fresh[side]).for_each(|side| self.forget(side));
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
        compute(self, input, array, physics, noise);
        self.silence(0, electrical, noise);
    }

    /// Predicts everything after decision k, which stands.
    pub(super) fn resume(
        &mut self,
        k: usize,
        array: &Array,
        physics: (&Electrical, &Factors),
        noise: &NoiseFrame,
    ) {
        search(self, k, array, physics, noise);
        self.silence(k + 1, physics.0, noise);
    }

    /// All nodes of a side are at V_low.
    fn forget(&mut self, side: usize) {
        self.bit_line_residue[side].fill(0.0);
        self.mac_residue[side].fill(0.0);
        if let Some(memory) = &mut self.memory {
            memory.forget(side);
        }
    }

    /// RESET, SAMPLE and MULTIPLY of a side, up to the instant before sharing.
    #[inline(always)]
    fn sample(
        &mut self,
        side: usize,
        input: &StepInput,
        errors: &PerRow,
        array: &Array,
        (e, f): (&Electrical, &Factors),
        noise: &NoiseFrame,
    ) {
        let number = input.lines[side];
        let (line, cells) = (array.line(number), array.cells(input.plane, number));
        let dummy = number == array.dummy();
        let t = &mut self.scratch;
        if dummy {
            t.sum_dummies(cells, input.level, self.level_errors.as_ref());
        } else {
            t.sum_rows(cells, line, input.digits, self.level_errors.is_some().then_some(errors));
        }
        sampling::scaled(&mut t.noise_ones, noise.row(Draw::Sample(side)), &cells.sample_sigma);
        sampling::scaled(
            &mut t.noise_zeros,
            noise.row(Draw::Multiply(side)),
            &cells.multiply_sigma,
        );
        if let Some(memory) = &self.memory {
            memory.weighted(side, &cells.ones, &mut t.deviation);
        }

        let [reset, sample, multiply] = &mut self.mac_mean;
        let mac = MacInput {
            residue: &self.mac_residue[side],
            deviation: &t.deviation,
            digits: [&t.digits_ones, &t.digits_all],
            errors: [&t.errors_ones, &t.errors_all],
            sums: [&cells.ones_sum, &line.sum],
            noise: [&t.noise_ones, &t.noise_zeros],
        };
        let absolute = [&mut reset[side][..], &mut sample[side], &mut multiply[side]];
        sampling::mac(e, f, &mac, MacOutput { absolute, charge: &mut t.charge });

        let [reset, sample, multiply, ..] = &mut self.bit_line[..] else { unreachable!() };
        let bit_line = BitLineInput {
            residue: &self.bit_line_residue[side],
            reset: (noise.row(Draw::Reset(side)), &line.reset_sigma),
        };
        let absolute = [&mut reset[side][..], &mut sample[side], &mut multiply[side]];
        sampling::bit_line(e, f, &bit_line, BitLineOutput { absolute, shared: &mut t.shared });

        if let Some(memory) = &mut self.memory {
            let rows = if dummy { array.dummy_digits(input.level) } else { *input.digits };
            let errors = if dummy { errors_of(self.level_errors.as_ref(), &rows) } else { *errors };
            let noise = [&t.noise_ones[..], &t.noise_zeros[..]];
            let mean = &self.mac_residue[side];
            memory.update(side, (e, f, self.connected), line, cells, [&rows, &errors], mean, noise);
        }
    }

    /// SHARE and the first strobe of a side.
    #[inline(always)]
    fn connect(&mut self, side: usize, array: &Array, (e, f): (&Electrical, &Factors)) {
        let line = array.line(self.lines[side]);
        let state = &mut self.at_strobe[0][side];
        let t = &mut self.scratch;
        let sides = [&t.charge[..], &t.shared, &line.sum, &line.parasitic, &line.total];
        sar::share(sides, state, &mut t.apart[side]);
        let share = Phase::Share.index();
        sar::settle(e, f.share, &line.leak, state, &mut self.bit_line[share][side]);
        sar::settle(e, f.first_strobe, &line.leak, state, &mut self.bit_line[share + 1][side]);
    }

    /// Takes decision k of all slices.
    #[inline(always)]
    fn decide(&mut self, k: usize, electrical: &Electrical, noise: &NoiseFrame) {
        let [p, n] = &self.bit_line[Phase::Strobe(k as u8).index()];
        let compare = Compare {
            p,
            n,
            offset: &self.offsets,
            normal: noise.row(Draw::Decision(k)),
            sigma: electrical.comparator_sigma,
            half_common_mode: electrical.half_common_mode,
        };
        sar::margins(&compare, &mut self.margins[k]);
        let near = self.metastable + MARGINAL_V;
        sar::pack(&self.margins[k], near, &mut self.decisions[k], &mut self.near[k]);
        if self.near[k] {
            self.toss(k);
        }
    }

    /// Decides k by coin wherever the comparator does not finish.
    #[cold]
    fn toss(&mut self, k: usize) {
        for s in 0..self.slices {
            if self.margins[k][s].abs() < self.metastable {
                self.set_decision(k, s, self.coins.toss(k, s));
            }
        }
    }

    /// Voltages and decisions of a whole step.
    #[inline(always)]
    fn compute(
        &mut self,
        input: &StepInput,
        array: &Array,
        physics: (&Electrical, &Factors),
        noise: &NoiseFrame,
    ) {
        let errors = errors_of(self.level_errors.as_ref(), input.digits);
        for side in 0..2 {
            self.sample(side, input, &errors, array, physics, noise);
            self.connect(side, array, physics);
        }
        self.decide(0, physics.0, noise);
        self.search(0, array, physics, noise);
    }

    /// The binary search from decision k on, to the end of LATCH.
    #[inline(always)]
    fn search(
        &mut self,
        k: usize,
        array: &Array,
        (e, f): (&Electrical, &Factors),
        noise: &NoiseFrame,
    ) {
        let injection = Injection::new(e, f, self.range);
        for k in k..ADC_BITS - 1 {
            let [p, n] = &mut self.scratch.gates;
            sar::gates(&self.decisions[k], p, n);
            for side in 0..2 {
                match (k == 0, injection.sigma != 0.0) {
                    (true, false) => self.inject::<true, false>(k, side, &injection, array, noise),
                    (true, true) => self.inject::<true, true>(k, side, &injection, array, noise),
                    (false, false) => {
                        self.inject::<false, false>(k, side, &injection, array, noise)
                    }
                    (false, true) => self.inject::<false, true>(k, side, &injection, array, noise),
                }
            }
            self.decide(k + 1, e, noise);
        }
        for side in 0..2 {
            self.finish(side, array, e);
        }
    }

    /// Injection k of a side and the strobe after it.
    #[inline(always)]
    fn inject<const TWICE: bool, const NOISY: bool>(
        &mut self,
        k: usize,
        side: usize,
        injection: &Injection,
        array: &Array,
        noise: &NoiseFrame,
    ) {
        let line = array.line(self.lines[side]);
        let (before, after) = self.at_strobe.split_at_mut(k + 1);
        let fire = Fire {
            from: &before[k][side],
            gate: &self.scratch.gates[side],
            strength: &self.strengths[k][side],
            unit: &line.injection,
            normal: noise.row(Draw::Injection(k)),
            sigma: injection.sigma * FIRINGS[k].sqrt(),
            leak: &line.leak,
        };
        let index = Phase::Inject(k as u8).index();
        let (injected, strobed) = self.bit_line.split_at_mut(index + 1);
        let ends = [&mut injected[index][side][..], &mut strobed[0][side]];
        sar::inject::<TWICE, NOISY>(injection, &fire, &mut after[0][side], ends);
    }

    /// LATCH of a side, and what it leaves to the next step.
    #[inline(always)]
    fn finish(&mut self, side: usize, array: &Array, e: &Electrical) {
        let from = &self.at_strobe[ADC_BITS - 1][side];
        let state = &mut self.at_latch[side];
        state.common.copy_from_slice(&from.common);
        state.distance.copy_from_slice(&from.distance);
        let leak = &array.line(self.lines[side]).leak;
        let end = &mut self.bit_line[Phase::Latch.index()][side];
        sar::settle(e, self.latch, leak, state, end);
        let bit_line = &mut self.bit_line_residue[side];
        let mac = &mut self.mac_residue[side];
        sar::remain(state, self.connected, &self.scratch.apart[side], bit_line, mac);
    }

    /// Inactive slices: their columns stay at V_low, so their comparators see only offset, noise and
    /// that common mode. Decisions before `first` stand.
    fn silence(&mut self, first: usize, e: &Electrical, noise: &NoiseFrame) {
        let active = self.active;
        if self.all_active {
            return;
        }
        for s in (0..self.slices).filter(|&s| !Pins::slice_bit(&active, s)) {
            for side in 0..2 {
                self.bit_line.iter_mut().for_each(|pulse| pulse[side][s] = e.v_low);
                self.mac_mean.iter_mut().for_each(|pulse| pulse[side][s] = e.v_low);
            }
            for k in first..ADC_BITS {
                let normal = noise.row(Draw::Decision(k))[s];
                let common = 2.0 * e.v_low * e.half_common_mode;
                let margin = self.offsets[s] + normal * e.comparator_sigma + common;
                self.margins[k][s] = margin;
                self.near[k] |= margin.abs() < self.metastable + MARGINAL_V;
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
        let margin = self.margins[k][slice].abs();
        margin < MARGINAL_V || (margin - self.metastable).abs() < MARGINAL_V
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
        &self.margins[k]
    }

    /// Codes of all slices.
    pub(super) fn codes(&self, codes: &mut [u8]) {
        pack_codes(&self.decisions, codes);
    }

    /// Moves a comparator's offset, to put a decision where a test wants it.
    #[cfg(test)]
    pub(super) fn shift_offset(&mut self, slice: usize, volts: f64) {
        self.offsets[slice] += volts;
    }

    /// Absolute bit-line voltages of a side at the end of a pulse.
    pub(super) fn bit_line(&self, phase: Phase, side: usize) -> &[f64] {
        &self.bit_line[phase.index()][side]
    }

    /// Absolute mean voltages of a side's MAC capacitors at the end of RESET, SAMPLE or MULTIPLY.
    pub(super) fn mac_mean(&self, phase: Phase, side: usize) -> Option<&[f64]> {
        self.mac_mean.get(phase.index()).map(|sides| &sides[side][..])
    }
}

impl Scratch {
    /// Sums over dummy columns, whose rows below M/2 carry the level.
    #[inline(always)]
    fn sum_dummies(&mut self, cells: &Cells, level: u8, errors: Option<&[i16; LEVELS]>) {
        cells.dummy_sums(&mut self.digits_ones, level.into());
        self.digits_all.copy_from_slice(&self.digits_ones);
        if let Some(errors) = errors {
            cells.dummy_sums(&mut self.errors_ones, errors[usize::from(level)]);
            self.errors_all.copy_from_slice(&self.errors_ones);
        }
    }

    /// Sums over columns, whose rows carry digits.
    #[inline(always)]
    fn sum_rows(&mut self, cells: &Cells, line: &Line, digits: &PerRow, errors: Option<&PerRow>) {
        let (ones, all) = (&mut self.digits_ones[..], &mut self.digits_all[..]);
        let Some(errors) = errors else {
            sampling::row_sums(ones, &cells.ones, digits);
            sampling::row_sums(all, &line.capacitors, digits);
            return;
        };
        sampling::row_sums_of_both([ones, &mut self.errors_ones], &cells.ones, digits, errors);
        sampling::row_sums_of_both([all, &mut self.errors_all], &line.capacitors, digits, errors);
    }
}

/// Errors of the rows' levels; 0 where there are none.
#[inline(always)]
fn errors_of(level_errors: Option<&[i16; LEVELS]>, digits: &PerRow) -> PerRow {
    let Some(errors) = level_errors else { return [0; ROWS] };
    digits.map(|x| errors[x as usize % LEVELS])
}

dispatch! {
    fn compute(
        conversion: &mut Conversion, input: &StepInput, array: &Array,
        physics: (&Electrical, &Factors), noise: &NoiseFrame,
    ) = Conversion::compute;
}

dispatch! {
    fn search(
        conversion: &mut Conversion, k: usize, array: &Array,
        physics: (&Electrical, &Factors), noise: &NoiseFrame,
    ) = Conversion::search;
}

dispatch! {
    fn pack_codes(decisions: &[[u32; SLICE_WORDS]; ADC_BITS], codes: &mut [u8]) = sar::codes;
}
