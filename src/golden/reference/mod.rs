//! The reference: predicts every pin in every cycle, node voltages at the end of every pulse, every
//! decision and every result from the host's transactions alone.
//!
//! It never steps a voltage through time. A conversion is predicted as a whole when it starts, in
//! closed forms: powers of the decay per cycle, exact integer sums over rows.

mod access;
mod array;
mod conversion;
mod converter;
mod electrical;
mod expected;
mod filter;
mod filtered;
#[cfg(test)]
mod fixtures;
mod host;
mod kernel;
mod loader;
mod lockstep;
mod memory;
mod nodes;
mod results;
mod rows;
mod sampling;
mod sar;
#[cfg(test)]
mod tests;
mod timeline;
mod weights;
mod work;

use std::sync::Arc;

pub use converter::{Converter, ConverterError, ConverterStep};
pub use expected::{Context, Counters, DecisionMismatch, Event, Expected};
pub use filtered::FilteredConverter;
pub use timeline::Phase;

use crate::config::{Analog, Geometry, Pulses, Timing};
use crate::golden::chip::Chip;
use crate::pins::{SLICE_WORDS, control};
use access::Access;
use array::{PerRow, ROWS};
use loader::Loader;
use results::Results;
use timeline::StepClock;
use work::Work;

/// The reference model of one macro.
///
/// Tell it the host's accepted transactions, then call [`advance`](Self::advance) once per cycle;
/// in the last cycle of a strobe call [`decide`](Self::decide) with the comparators' outputs.
#[derive(Clone, Debug)]
pub struct Reference {
    geometry: Geometry,
    analog: Analog,
    timing: Timing,
    pulses: Pulses,
    /// The analog side.
    converter: Converter,

    // Sequencing.
    cycle: u64,
    work: Work,
    clock: StepClock,
    loader: Loader,
    /// Digits of the running pass and their sum.
    digits: PerRow,
    digit_sum: i64,
    access: Option<Access>,
    slice_enable: [u32; SLICE_WORDS],
    /// Cycle at whose end the post-processor last took codes.
    last_take: Option<u64>,
    /// First cycle without post-processing.
    settled: u64,

    // Results.
    results: Results,
    codes: Vec<u8>,
    counters: Counters,

    // Pins.
    expected: Expected,
    /// Control pins that hold their value: column, range, level, word.
    held: u32,
    /// Control pins of the present pulse or gap.
    pulsed: u32,
}

impl Reference {
    /// A macro after reset, about to see cycle 0. Noise is that of `(seed, chip_number)`; the chip
    /// is given, so that it may be another than the drawn one. All slices are enabled, calibration
    /// is neutral, and multipliers and biases are zero until set.
    pub fn new(
        geometry: Geometry,
        analog: Analog,
        timing: Timing,
        chip: Arc<Chip>,
        seed: u64,
        chip_number: u64,
    ) -> Self {
        let slices = geometry.slices();
        let pulses = timing.pulses;
        Self {
            geometry,
            analog,
            timing,
            pulses,
            converter: Converter::new(geometry, analog, timing, chip, seed, chip_number),
            cycle: 0,
            work: Work::default(),
            clock: StepClock::new(&pulses),
            loader: Loader::new(geometry.mac_rows),
            digits: [0; ROWS],
            digit_sum: 0,
            access: None,
            slice_enable: existing(slices, [u32::MAX; SLICE_WORDS]),
            last_take: None,
            settled: 0,
            results: Results::new(&geometry),
            codes: vec![0; slices],
            counters: Counters::default(),
            expected: Expected::default(),
            held: 0,
            pulsed: 0,
        }
    }

    /// Accumulator of an output, in sixteenths of a unit. Up to date from the last cycle of LATCH
    /// on, before the macro has written it.
    ///
    /// # Panics
    /// If there is no such bank (0..2) or output (0..columns).
    pub fn accumulator(&self, bank: usize, output: usize) -> i32 {
        self.results.banks[bank].accumulators[output]
    }

    /// Requantized result of an output, as of the last operation that emitted it.
    ///
    /// # Panics
    /// If there is no such bank (0..2) or output (0..columns).
    pub fn requantized(&self, bank: usize, output: usize) -> u8 {
        self.results.banks[bank].requantized[output]
    }

    /// Codes of the latest complete step (from the first cycle of its LATCH on), one per slice,
    /// inactive ones included.
    pub fn codes(&self) -> &[u8] {
        &self.codes
    }

    /// Counters up to the cycle predicted last.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Decisions whose margin was within 1 nV of 0 or of the metastable window's edges, all taken
    /// from what was observed.
    pub fn marginal_decisions(&self) -> u64 {
        self.converter.marginal_decisions()
    }

    /// Whether nothing is left to do: `busy` was low in the cycle predicted last, no operation is
    /// queued, no SRAM access is under way.
    pub fn idle(&self) -> bool {
        !self.expected.pins.is(control::BUSY) && !self.work.any() && self.access.is_none()
    }

    /// Absolute bit-line voltages of a side (0 = P, 1 = N) at the end of a pulse of the present
    /// step, one per slice. For an [`Event`], ask in its cycle.
    pub fn bit_line(&self, pulse: Phase, side: usize) -> &[f64] {
        self.converter.bit_line(pulse, side)
    }

    /// Absolute capacitance-weighted mean voltages of a side's MAC capacitors at the end of RESET,
    /// SAMPLE or MULTIPLY; `None` for other pulses.
    pub fn mac_mean(&self, pulse: Phase, side: usize) -> Option<&[f64]> {
        self.converter.mac_mean(pulse, side)
    }

    /// The prediction for the cycle of the last [`advance`](Self::advance).
    pub fn expected(&self) -> &Expected {
        &self.expected
    }
}

/// Keeps the bits of slices that exist.
fn existing(slices: usize, words: [u32; SLICE_WORDS]) -> [u32; SLICE_WORDS] {
    std::array::from_fn(|w| {
        let kept = slices.saturating_sub(32 * w);
        if kept < 32 { words[w] & ((1 << kept) - 1) } else { words[w] }
    })
}
