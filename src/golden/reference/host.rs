//! What the host does to the macro.

use super::access::Access;
use super::expected::Counters;
use super::timeline::StepClock;
use super::{Reference, existing};
use crate::config::{Pulse, Pulses, Range};
use crate::golden::ideal::Calibration;
use crate::pins::SLICE_WORDS;
use crate::transaction::{Operation, Requantize};

/// A pulse that misses a time by less than this counts as long enough, in ps [C]: rounding of the
/// period must not make a pulse of exactly the time needed too short.
const SLACK_PS: f64 = 1e-6;

impl Reference {
    /// Index of the next RESET opening, as after a checkpoint; 0 at the start.
    pub fn start_at_conversion(&mut self, index: u64) {
        self.converter.number_next(index);
    }

    /// Decisions whose margin is below this many volts are adopted from what was observed; 1 nV
    /// unless told otherwise, above what double precision loses. For comparators that compute with
    /// fewer bits.
    pub fn set_marginal(&mut self, volts: f64) {
        self.converter.conversion.set_marginal(volts);
    }

    /// An operation acknowledged in `cycle`, the next one to be predicted. One that the geometry
    /// has no room for is ignored: the macro refuses it.
    pub fn operation(&mut self, cycle: u64, operation: &Operation) {
        debug_assert_eq!(cycle, self.cycle, "operations are told before their cycle is predicted");
        let units = self.geometry.units(operation.format);
        if (1..=units).contains(&usize::from(operation.units)) {
            self.work.push(*operation);
        }
    }

    /// Eight digits of an activation slot, digit 8 * word in the lowest bits.
    pub fn activations(&mut self, slot: usize, word: usize, data: u32) {
        self.loader.write(slot, word, data);
    }

    /// A write to the SRAM whose request became visible in `request_cycle`. Tell it before the
    /// cycle after that one is predicted. A word line open for too short writes nothing.
    pub fn sram_write(&mut self, request_cycle: u64, row: usize, word: usize, data: u32) {
        self.begin_access(request_cycle, row, word, Some(data));
        if self.lasts(self.pulses.access, self.analog.sram.write_time_ps) {
            self.converter.array.store(row, word, data);
        }
    }

    /// A read of the SRAM, told like a write; returns what the host must read: zeros if the bit lines
    /// were not precharged or had no time to develop.
    pub fn sram_read(&mut self, request_cycle: u64, row: usize, word: usize) -> u32 {
        self.begin_access(request_cycle, row, word, None);
        let times = self.analog.sram;
        let precharged = self.lasts(self.pulses.precharge, times.precharge_time_ps);
        if precharged && self.lasts(self.pulses.access, times.develop_time_ps) {
            self.converter.array.word(row, word)
        } else {
            0
        }
    }

    /// Stores a word without an access, as if it had been there since before the start.
    pub fn load_word(&mut self, row: usize, word: usize, data: u32) {
        self.converter.array.store(row, word, data);
    }

    /// Whether a pulse is at least as long as a time in ps.
    fn lasts(&self, pulse: Pulse, time_ps: f64) -> bool {
        f64::from(pulse.width) * self.timing.period_s() * 1e12 + SLACK_PS >= time_ps
    }

    fn begin_access(&mut self, request_cycle: u64, row: usize, word: usize, data: Option<u32>) {
        debug_assert!(self.cycle <= request_cycle + 1, "access told after its first cycle");
        if row < self.geometry.rows() && word < self.geometry.words_per_row() {
            self.access = Some(Access::new(request_cycle, row, word, data));
        }
    }

    /// Pulse widths (all above 0) and gaps; only while idle.
    pub fn set_pulses(&mut self, pulses: Pulses) {
        debug_assert!(pulses.widths().iter().all(|&width| width > 0), "a pulse of no cycle");
        self.pulses = pulses;
        self.clock = StepClock::new(&pulses);
        self.converter.set_pulses(&pulses);
    }

    /// Slices that convert, one bit each; only while idle.
    pub fn set_slice_enable(&mut self, slices: [u32; SLICE_WORDS]) {
        self.slice_enable = existing(self.geometry.slices(), slices);
    }

    /// Gain and offset of an ADC in one range.
    pub fn set_calibration(&mut self, range: Range, adc: usize, gain: u8, offset: i16) {
        self.results.calibrated.set(range, adc, Calibration { gain, offset });
    }

    /// One entry (0..128) of the master curve.
    pub fn set_master(&mut self, index: usize, value: i8) {
        self.results.calibrated.set_master(index, value);
    }

    /// Shift and width of requantized results.
    pub fn set_requantize(&mut self, layer: Requantize) {
        self.results.layer = layer;
    }

    /// Multiplier m_j of an output.
    pub fn set_multiplier(&mut self, bank: usize, output: usize, value: u8) {
        let bank = self.results.banks.get_mut(bank);
        if let Some(entry) = bank.and_then(|b| b.multipliers.get_mut(output)) {
            *entry = value;
        }
    }

    /// bias_j of an output.
    pub fn set_bias(&mut self, bank: usize, output: usize, value: i32) {
        let bank = self.results.banks.get_mut(bank);
        if let Some(entry) = bank.and_then(|b| b.biases.get_mut(output)) {
            *entry = value;
        }
    }

    /// Sets all counters to zero; only while idle.
    pub fn clear_counters(&mut self) {
        self.counters = Counters::default();
    }
}
