//! Tells the reference what the host did, decoded from the bus transfers themselves.

use super::bus::Request;
use crate::config::{Geometry, Pulse, Pulses, Range};
use crate::golden::reference::Reference;
use crate::pins::SLICE_WORDS;
use crate::registers as reg;
use crate::transaction::{Operation, Requantize};

/// Follows the bus and keeps the settings that are written piece by piece.
pub struct Monitor {
    geometry: Geometry,
    pulses: Pulses,
    slice_enable: [u32; SLICE_WORDS],
    /// What the last array read must return.
    pub expected_read: u32,
}

impl Monitor {
    /// A monitor that starts with the reset values.
    pub fn new(geometry: Geometry, pulses: Pulses) -> Self {
        Self { geometry, pulses, slice_enable: [u32::MAX; SLICE_WORDS], expected_read: 0 }
    }

    /// A request became visible in `cycle`. Array accesses begin with the request, not with its
    /// answer; one that the macro must refuse is no access.
    pub fn requested(&mut self, reference: &mut Reference, cycle: u64, request: Request) {
        let Some(index) = window(request.address, reg::SRAM, reg::SRAM_WORDS) else { return };
        let words = self.geometry.words_per_row();
        let (row, word) = (index / words, index % words);
        if row >= self.geometry.rows() || request.select != 15 || !reference.idle() {
            return;
        }
        match request.write {
            Some(data) => reference.sram_write(cycle, row, word, data),
            None => self.expected_read = reference.sram_read(cycle, row, word),
        }
    }

    /// A request was acknowledged in `cycle`.
    pub fn accepted(&mut self, reference: &mut Reference, cycle: u64, request: Request) {
        let Some(data) = request.write else { return };
        let address = request.address;
        match address {
            reg::OPERATION | reg::OPERATION_WAIT => {
                if let Some(operation) = Operation::decode(data) {
                    reference.operation(cycle, &operation);
                }
            }
            reg::REQUANT => {
                let (shift, bits) = ((data & 31) as u8, (data >> 8 & 7) as u8 + 1);
                reference.set_requantize(Requantize { shift, bits });
            }
            reg::TIMING_RESET..=reg::TIMING_SENSE => {
                let pulse = Pulse { width: data & 15, gap: data >> 8 & 7 };
                let index = (address - reg::TIMING_RESET) as usize / 4;
                *self.pulses.all_mut()[index] = pulse;
                reference.set_pulses(self.pulses);
            }
            reg::SLICE_ENABLE0..=reg::SLICE_ENABLE3 => {
                self.slice_enable[((address - reg::SLICE_ENABLE0) / 4) as usize] = data;
                reference.set_slice_enable(self.slice_enable);
            }
            reg::CLEAR_COUNTERS => reference.clear_counters(),
            _ => self.table(reference, address, data),
        }
    }

    fn table(&self, reference: &mut Reference, address: u32, data: u32) {
        if let Some(i) = window(address, reg::ACTIVATION, reg::ACTIVATION_WORDS) {
            reference.activations(i / 8, i % 8, data);
        } else if let Some(i) = window(address, reg::MASTER, reg::MASTER_WORDS) {
            reference.set_master(i, data as i8);
        } else if let Some(i) = window(address, reg::CALIBRATION, reg::CALIBRATION_WORDS) {
            // Ten bits of offset, sign-extended from bit 25 of the word.
            let offset = ((data << 6) as i32 >> 22) as i16;
            reference.set_calibration(Range::ALL[i / 128], i % 128, data as u8, offset);
        } else if let Some(i) = window(address, reg::BIAS, reg::BIAS_WORDS) {
            reference.set_bias(i / 128, i % 128, data as i32);
        } else if let Some(i) = window(address, reg::MULTIPLIER, reg::MULTIPLIER_WORDS) {
            reference.set_multiplier(i / 128, i % 128, data as u8);
        }
    }
}

/// Word index of an address in a window.
fn window(address: u32, start: u32, words: u32) -> Option<usize> {
    let offset = address.checked_sub(start)?;
    (address.is_multiple_of(4) && offset < 4 * words).then_some(offset as usize / 4)
}
