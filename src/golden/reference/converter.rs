//! The analog side by itself: steps in, codes out. The reference drives one in lockstep with the
//! macro; characterization drives one as fast as it goes.

use std::sync::Arc;

use thiserror::Error;

use super::array::{Array, PerRow, ROWS};
use super::conversion::{Coins, Conversion, StepInput};
use super::electrical::{Electrical, Factors};
use super::filter::Filter;
use super::nodes::Nodes;
use super::timeline::Phase;
use crate::config::{ADC_BITS, Analog, Geometry, PLANES, Pulses, Range, Timing, WORD_BITS};
use crate::golden::chip::{Chip, LEVELS};
use crate::golden::noise::NoiseFrame;
use crate::pins::SLICE_WORDS;

/// What one conversion step converts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConverterStep {
    /// Plane of weights, 0..8.
    pub plane: usize,
    /// Column within each slice that is side P.
    pub column: usize,
    /// Side N is the next column, else the slice's dummy column.
    pub differential: bool,
    pub range: Range,
    /// Reference level of the dummy columns, 0..=15.
    pub level: u8,
}

/// A step or plane that the macro does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConverterError {
    #[error("plane {0}: there are 8, from 0 on")]
    Plane(usize),
    #[error("column {column} of a slice of {columns}{}", if *.differential { ", and the next" } else { "" })]
    Column { column: usize, columns: usize, differential: bool },
    #[error("reference level {0} is above 15")]
    Level(u8),
    #[error("digit {digit} of row {row} is above 15")]
    Digit { row: usize, digit: u8 },
    #[error("{given} {what}, not {needed}")]
    Shape { what: &'static str, given: usize, needed: usize },
}

/// Converts step after step with all analog terms, as the macro would that is given the same steps
/// back to back, without the sequencing: codes only.
///
/// A column that was connected in the step before keeps what that step left on it; another one
/// starts from V_low. Noise is that of (seed, chip number, conversion index).
#[derive(Clone, Debug)]
pub struct Converter {
    geometry: Geometry,
    seed: u64,
    chip_number: u64,
    noisy: bool,
    electrical: Electrical,
    factors: Factors,
    pub(super) array: Array,
    noise: NoiseFrame,
    pub(super) conversion: Conversion,
    /// Index of the next conversion.
    next_conversion: u64,
    /// Lines of the step before, while nothing has disconnected them.
    previous_lines: Option<[usize; 2]>,
    pub(super) marginal_decisions: u64,
    /// Cycles by which [`Converter::convert`] prolongs LATCH.
    stretch: u32,
}

impl Converter {
    /// A macro after reset: all nodes at V_low, all slices enabled, all cells 0, conversion index 0.
    /// Noise is that of `(seed, chip_number)`; the chip is given, so that it may be another than
    /// the drawn one.
    pub fn new(
        geometry: Geometry,
        analog: Analog,
        timing: Timing,
        chip: Arc<Chip>,
        seed: u64,
        chip_number: u64,
    ) -> Self {
        let slices = geometry.slices();
        let electrical = Electrical::new(&geometry, &analog, &timing);
        let factors = Factors::new(&electrical, &timing.pulses);
        Self {
            geometry,
            seed,
            chip_number,
            noisy: analog.noisy(),
            array: Array::new(&geometry, &chip, &electrical),
            noise: NoiseFrame::silent(slices).with_injections(analog.injection_noise.on),
            conversion: Conversion::new(slices, &chip, &electrical, &factors),
            electrical,
            factors,
            next_conversion: 0,
            previous_lines: None,
            marginal_decisions: 0,
            stretch: 0,
        }
    }

    /// Computes only what decides: the same codes and margins in less time, but no voltages.
    pub fn for_codes_only(mut self) -> Self {
        self.conversion.keep_nodes(false);
        self
    }

    /// Stores a plane of weights, `[mac row][column]`.
    pub fn load_plane(&mut self, plane: usize, bits: &[bool]) -> Result<(), ConverterError> {
        let Geometry { mac_rows, columns, .. } = self.geometry;
        check_plane(plane)?;
        check_shape("cells", bits.len(), mac_rows * columns)?;
        for (m, row) in bits.chunks(columns).enumerate() {
            for (word, bits) in row.chunks(WORD_BITS).enumerate() {
                let data = bits.iter().rev().fold(0, |data, &bit| data << 1 | u32::from(bit));
                self.array.store(m * PLANES + plane, word, data);
            }
        }
        Ok(())
    }

    /// Goes on as the conversion of that index, from idle: all nodes are at V_low.
    pub fn start_at_conversion(&mut self, index: u64) {
        self.rest();
        self.next_conversion = index;
    }

    /// Prolongs LATCH of the steps to come by so many cycles, as a macro does whose post-processor
    /// is slower than its conversions. 0 at first.
    pub fn prolong_latch(&mut self, cycles: u32) {
        self.stretch = cycles;
    }

    /// One conversion step: `digits` are 0..=15, one per MAC row, `codes` one per slice.
    pub fn convert(
        &mut self,
        step: &ConverterStep,
        digits: &[u8],
        codes: &mut [u8],
    ) -> Result<(), ConverterError> {
        self.check(step, digits)?;
        check_shape("codes", codes.len(), self.geometry.slices())?;
        let mut rows: PerRow = [0; ROWS];
        for (row, &digit) in rows.iter_mut().zip(digits) {
            *row = digit.into();
        }
        self.predict(step, &rows, self.stretch, [u32::MAX; SLICE_WORDS]);
        for k in 0..ADC_BITS {
            self.marginal_decisions += self.conversion.count_marginal(k);
        }
        self.conversion.codes(codes);
        Ok(())
    }

    pub(super) fn check(&self, step: &ConverterStep, digits: &[u8]) -> Result<(), ConverterError> {
        let ConverterStep { plane, column, differential, level, .. } = *step;
        let columns = self.geometry.columns_per_slice;
        check_plane(plane)?;
        if column + usize::from(differential) >= columns {
            return Err(ConverterError::Column { column, columns, differential });
        }
        if usize::from(level) >= LEVELS {
            return Err(ConverterError::Level(level));
        }
        check_shape("digits", digits.len(), self.geometry.mac_rows)?;
        // One pass without branches first: it costs next to nothing.
        if digits.iter().fold(0, |all, digit| all | digit) < LEVELS as u8 {
            return Ok(());
        }
        let row = digits.iter().position(|&digit| usize::from(digit) >= LEVELS).unwrap_or_default();
        Err(ConverterError::Digit { row, digit: digits[row] })
    }

    /// Decisions so close that rounding could have made them, since the start; here they count as
    /// they fell.
    pub fn marginal_decisions(&self) -> u64 {
        self.marginal_decisions
    }

    /// Index of the next conversion step.
    pub fn next_conversion(&self) -> u64 {
        self.next_conversion
    }

    /// Margins of decision 0..=6 (most significant first) of the latest step in V, one per slice:
    /// w of section 6, before metastability.
    ///
    /// # Panics
    /// If there is no such decision.
    pub fn margins(&self, decision: usize) -> &[f64] {
        self.conversion.margins(decision)
    }

    /// Absolute bit-line voltages in V of a side (0 = P, 1 = N) at the end of a pulse of the latest
    /// step, one per slice.
    ///
    /// # Panics
    /// If the converter was made [for codes only](Self::for_codes_only).
    pub fn bit_line(&self, pulse: Phase, side: usize) -> &[f64] {
        self.nodes().bit_line_at(pulse, side)
    }

    /// Absolute capacitance-weighted mean voltages in V of a side's MAC capacitors at the end of
    /// RESET, SAMPLE or MULTIPLY; `None` for other pulses.
    ///
    /// # Panics
    /// As [`bit_line`](Self::bit_line).
    pub fn mac_mean(&self, pulse: Phase, side: usize) -> Option<&[f64]> {
        self.nodes().mac_mean_at(pulse, side)
    }

    fn nodes(&self) -> &Nodes {
        self.conversion.nodes().expect("voltages are kept, unless for codes only")
    }

    /// Predicts the next conversion step: voltages, decisions and codes. LATCH is prolonged by
    /// `stretch` cycles; `active` slices take part.
    pub(super) fn predict(
        &mut self,
        step: &ConverterStep,
        digits: &PerRow,
        stretch: u32,
        active: [u32; SLICE_WORDS],
    ) {
        let lines = self.lines(step);
        self.prepared(step.plane, lines);
        if self.noisy {
            let span = self.conversion.span.clone();
            self.noise.draw_some(span, self.seed, self.chip_number, self.next_conversion);
        }
        let input = StepInput {
            plane: step.plane,
            lines,
            digits,
            level: step.level,
            range: step.range.factor(),
            fresh: [0, 1].map(|side| self.previous_lines.is_none_or(|p| p[side] != lines[side])),
            stretch,
            active,
            coins: Coins {
                seed: self.seed,
                chip: self.chip_number,
                conversion: self.next_conversion,
            },
        };
        let physics = (&self.electrical, &self.factors);
        self.conversion.predict(&input, &self.array, physics, &self.noise);
        self.previous_lines = Some(lines);
        self.next_conversion += 1;
    }

    /// Lines of side P and side N.
    pub(super) fn lines(&self, step: &ConverterStep) -> [usize; 2] {
        let negative = if step.differential { step.column + 1 } else { self.array.dummy() };
        [step.column, negative]
    }

    /// The array, the sums of these lines up to date.
    pub(super) fn prepared(&mut self, plane: usize, lines: [usize; 2]) -> &Array {
        for line in lines {
            self.array.refresh(plane, line, &self.electrical);
        }
        &self.array
    }

    /// A filter for the steps of this macro.
    pub(super) fn filter(&self) -> Filter {
        Filter::new(&self.geometry, &self.conversion, &self.factors)
    }

    /// Powers over the pulses.
    #[cfg(test)]
    pub(super) fn factors(&self) -> &Factors {
        &self.factors
    }

    /// Whether conversions have noise of their own.
    pub(super) fn noisy(&self) -> bool {
        self.noisy
    }

    /// Leaking cycles of a step after its last strobe.
    pub(super) fn latch_cycles(&self, stretch: u32) -> f64 {
        self.factors.latch.cycles + f64::from(stretch)
    }

    /// Predicts everything after decision k of the latest step, which stands.
    pub(super) fn resume(&mut self, k: usize) {
        self.conversion.resume(k, &self.array, &self.electrical, &self.noise);
    }

    /// No step is under way: every node goes to V_low.
    pub(super) fn rest(&mut self) {
        self.previous_lines = None;
    }

    /// The next step is conversion `index`; nodes stay as they are.
    pub(super) fn number_next(&mut self, index: u64) {
        self.next_conversion = index;
    }

    /// Pulse widths and gaps of the steps to come.
    pub(super) fn set_pulses(&mut self, pulses: &Pulses) {
        self.factors = Factors::new(&self.electrical, pulses);
        self.conversion.set_factors(&self.electrical, &self.factors);
    }
}

fn check_plane(plane: usize) -> Result<(), ConverterError> {
    if plane < PLANES { Ok(()) } else { Err(ConverterError::Plane(plane)) }
}

pub(super) fn check_shape(
    what: &'static str,
    given: usize,
    needed: usize,
) -> Result<(), ConverterError> {
    if given == needed { Ok(()) } else { Err(ConverterError::Shape { what, given, needed }) }
}
