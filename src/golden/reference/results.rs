//! From codes to accumulators and requantized activations: the equations of sections 2 and 3.

use super::expected::Counters;
use super::work::Running;
use crate::config::Geometry;
use crate::golden::calibrated::{Calibrated, Contribution};
use crate::golden::ideal;
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
    pub calibrated: Calibrated,
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
        Self {
            mac_rows: geometry.mac_rows,
            slices,
            banks: [bank.clone(), bank],
            calibrated: Calibrated::neutral(slices),
            layer: Requantize { shift: 0, bits: 8 },
        }
    }

    /// Adds the codes of a step to the accumulators, requantizes after the last one. Inactive
    /// slices have no codes: their outputs stay as they are.
    pub(super) fn take(&mut self, running: &Running, codes: &Codes, counters: &mut Counters) {
        let (operation, step) = (&running.operation, &running.step);
        let format = operation.format;
        let reference = if format.differential() {
            0
        } else {
            ideal::reference_units(self.mac_rows, operation.level)
        };
        let passes_left = operation.passes() - 1 - step.pass;
        let contribution =
            Contribution::new(format, step.exponent, passes_left, reference, codes.digit_sum);
        let first = operation.clear && step.pass == 0 && step.exponent + 1 == format.digits();
        let values = self.calibrated.values(operation.range);
        let mut clipped = 0;
        let outputs = step.unit * self.slices..(step.unit + 1) * self.slices;
        let accumulators = &mut self.banks[usize::from(operation.bank)].accumulators[outputs];
        for (s, (accumulator, &code)) in accumulators.iter_mut().zip(codes.codes).enumerate() {
            if Pins::slice_bit(codes.active, s) {
                let before = if first { 0 } else { *accumulator };
                *accumulator = before.wrapping_add(contribution.of(&values[s], code));
                clipped += u64::from(ideal::clipped(code));
            }
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
}
