//! What the host does to the macro.

use super::access::Access;
use super::expected::Counters;
use super::timeline::StepClock;
use super::{Factors, Reference, existing};
use crate::config::{Pulses, Range};
use crate::golden::ideal::Calibration;
use crate::pins::{SLICE_WORDS, control};
use crate::transaction::{Operation, Requantize};

impl Reference {
    /// Index of the next RESET opening, as after a checkpoint; 0 at the start.
    pub fn start_at_conversion(&mut self, index: u64) {
        self.next_conversion = index;
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
        self.begin_access(request_cycle, row, word, true);
        self.expected_write_data(request_cycle, data);
        if self.open_ps() >= self.analog.sram.write_time_ps {
            self.array.store(row, word, data);
        }
    }

    /// A read of the SRAM, told like a write; returns what the host must read.
    pub fn sram_read(&mut self, request_cycle: u64, row: usize, word: usize) -> u32 {
        self.begin_access(request_cycle, row, word, false);
        if self.open_ps() >= self.analog.sram.develop_time_ps {
            self.array.word(row, word)
        } else {
            0
        }
    }

    /// Stores a word without an access, as if it had been there since before the start.
    pub fn load_word(&mut self, row: usize, word: usize, data: u32) {
        self.array.store(row, word, data);
    }

    /// Time a word line stays open in an access, in ps.
    fn open_ps(&self) -> f64 {
        f64::from(self.pulses.access.width) * self.timing.period_s() * 1e12
    }

    fn begin_access(&mut self, request_cycle: u64, row: usize, word: usize, write: bool) {
        debug_assert!(self.cycle <= request_cycle + 1, "access told after its first cycle");
        if row < self.geometry.rows() {
            self.access = Some(Access::new(request_cycle, row, write));
            self.pending_word = Some((request_cycle + 1, word as u32));
        }
    }

    fn expected_write_data(&mut self, request_cycle: u64, data: u32) {
        self.pending_write_data = Some((request_cycle + 1, data));
    }
}
