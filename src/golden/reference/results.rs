//! From codes to accumulators and requantized activations: the equations of sections 2 and 3.

use super::expected::Counters;
use super::work::Running;
use crate::config::{Geometry, Range};
use crate::golden::ideal::{self, Calibration, MASTER_ENTRIES};
use crate::pins::{Pins, SLICE_WORDS};
use crate::transaction::Requantize;

/// Banks of accumulators, requantization parameters and results.
const BANKS: usize = 2;

/// One bank, one entry per output.
#[derive(Clone, Debug)]
pub(super) struct Bank {
    pub accumulators: Vec<i32>,
    pub requantized: Vec<u8>,
    pub multipliers: Vec<u8>,
    pub biases: Vec<i32>,
}

/// Post-processing tables and results.
#[derive(Clone, Debug)]
pub(super) struct Results {
    mac_rows: usize,
    slices: usize,
    pub banks: [Bank; BANKS],
    /// `[range][adc]`.
    pub calibration: [Vec<Calibration>; 4],
    pub master: [i8; MASTER_ENTRIES],
    pub layer: Requantize,
}

/// Codes of a step and what belongs to them.
pub(super) struct Codes<'a> {
    pub codes: &'a [u8],
    pub active: &'a [u32; SLICE_WORDS],
    /// Sum of the pass's digits.
    pub digit_sum: i64,
}

impl Results {
    pub(super) fn new(geometry: &Geometry) -> Self {
        let (slices, outputs) = (geometry.slices(), geometry.columns);
        let bank = Bank {
            accumulators: vec![0; outputs],
            requantized: vec![0; outputs],
            multipliers: vec![0; outputs],
            biases: vec![0; outputs],
        };
        let neutral = vec![Calibration::NEUTRAL; slices];
        Self {
            mac_rows: geometry.mac_rows,
            slices,
            banks: [bank.clone(), bank],
            calibration: std::array::from_fn(|_| neutral.clone()),
            master: [0; MASTER_ENTRIES],
            layer: Requantize { shift: 0, bits: 8 },
        }
    }

    /// Adds the codes of a step to the accumulators, requantizes after the last one. Inactive
    /// slices have no codes: their outputs stay as they are.
    pub(super) fn take(&mut self, running: &Running, codes: &Codes, counters: &mut Counters) {
        let (operation, step) = (&running.operation, &running.step);
        let range = operation.range;
        let reference = if operation.format.differential() {
            0
        } else {
            ideal::reference_units(self.mac_rows, operation.level)
        };
        let weight = ideal::digit_weight(operation.format, step.exponent);
        let term = ideal::digit_sum_term(operation.format, codes.digit_sum);
        let scale = 16i64.pow((operation.passes() - 1 - step.pass) as u32);
        let first =
            operation.clear && step.pass == 0 && step.exponent + 1 == operation.format.digits();
        let calibration = &self.calibration[range as usize][..self.slices];
        let mut clipped = 0;
        let outputs = step.unit * self.slices..(step.unit + 1) * self.slices;
        let accumulators = &mut self.banks[usize::from(operation.bank)].accumulators[outputs];
        for (s, (accumulator, &code)) in accumulators.iter_mut().zip(codes.codes).enumerate() {
            if !Pins::slice_bit(codes.active, s) {
                continue;
            }
            let y = ideal::calibrated_value(code, calibration[s], &self.master, range, reference);
            let contribution = (scale * (weight * y + term)) as i32;
            *accumulator =
                if first { contribution } else { accumulator.wrapping_add(contribution) };
            clipped += u64::from(ideal::clipped(code));
        }
        let active: u32 = codes.active.iter().map(|word| word.count_ones()).sum();
        counters.conversions += u64::from(active);
        counters.clipped += clipped;
        if step.ends_operation {
            counters.operations += 1;
            if operation.emit {
                self.emit(usize::from(operation.bank), usize::from(operation.units), codes.active);
            }
        }
    }

    /// Requantizes the outputs of the units in use.
    fn emit(&mut self, bank: usize, units: usize, active: &[u32; SLICE_WORDS]) {
        let bank = &mut self.banks[bank];
        for output in 0..units * self.slices {
            if Pins::slice_bit(active, output % self.slices) {
                let multiplier = bank.multipliers[output];
                let accumulator = bank.accumulators[output];
                bank.requantized[output] =
                    ideal::requantize(accumulator, multiplier, bank.biases[output], self.layer);
            }
        }
    }

    /// Changes an ADC's calibration; unknown ADCs are ignored.
    pub(super) fn set_calibration(&mut self, range: Range, adc: usize, calibration: Calibration) {
        if let Some(entry) = self.calibration[range as usize].get_mut(adc) {
            *entry = calibration;
        }
    }
}
