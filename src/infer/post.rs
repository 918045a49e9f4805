//! From the values of codes to accumulators and activations: the sums of section 2 and the
//! requantization of section 3 of the theory of operation.

use std::ops::Range;

use super::Counts;
use super::steps::Step;
use crate::config::Geometry;
use crate::golden::ideal;
use crate::simd::dispatch;
use crate::transaction::{Operation, Requantize};

/// Banks of accumulators, requantization parameters and results.
const BANKS: usize = 2;

/// Accumulators and results of a macro all of whose slices are active.
#[derive(Clone, Debug)]
pub(super) struct PostProcessor {
    slices: usize,
    reference_rows: usize,
    banks: [Bank; BANKS],
    layer: Requantize,
    pub(super) counts: Counts,
}

/// One bank, one entry per output.
#[derive(Clone, Debug)]
struct Bank {
    accumulators: Vec<i32>,
    requantized: Vec<u8>,
    multipliers: Vec<u8>,
    biases: Vec<i32>,
}

/// What the codes of a step are worth.
pub(super) struct Values<'a> {
    /// Values in sixteenths of a unit without the reference, one per slice.
    pub(super) values: &'a [i32],
    /// Sum of the pass's digits.
    pub(super) digit_sum: i32,
    /// Codes 0 and 127 among them.
    pub(super) clipped: u32,
}

impl PostProcessor {
    pub(super) fn new(geometry: &Geometry) -> Self {
        let outputs = geometry.columns;
        let bank = Bank {
            accumulators: vec![0; outputs],
            requantized: vec![0; outputs],
            multipliers: vec![0; outputs],
            biases: vec![0; outputs],
        };
        Self {
            slices: geometry.slices(),
            reference_rows: geometry.reference_rows(),
            banks: [bank.clone(), bank],
            layer: Requantize { shift: 0, bits: 8 },
            counts: Counts::default(),
        }
    }

    pub(super) fn set_requantize(&mut self, layer: Requantize) {
        self.layer = layer;
    }

    pub(super) fn set_output(&mut self, bank: u8, output: u8, multiplier: u8, bias: i32) {
        let bank = &mut self.banks[usize::from(bank)];
        bank.multipliers[usize::from(output)] = multiplier;
        bank.biases[usize::from(output)] = bias;
    }

    /// Adds a step's values to its outputs: 16^a (s_i y + what the digits' sum adds).
    pub(super) fn take(&mut self, operation: &Operation, step: &Step, values: &Values) {
        let weight = ideal::digit_weight(operation.format, step.exponent) as i32;
        let term = ideal::digit_sum_term(operation.format, values.digit_sum.into()) as i32;
        let scale = if step.pass + 1 == operation.passes() { 1 } else { 16 };
        // All conversions of a step share the reference and the digits' sum.
        let common = scale * (weight * self.reference(operation) + term);
        let outputs = step.unit * self.slices..(step.unit + 1) * self.slices;
        let bank = &mut self.banks[usize::from(operation.bank)];
        let sums = &mut bank.accumulators[outputs];
        if operation.clear && step.first(operation) {
            sums.fill(0);
        }
        accumulate(sums, values.values, scale * weight, common);
        self.counts.conversions += self.slices as u64;
        self.counts.clipped += u64::from(values.clipped);
    }

    /// What a conversion's reference column stands for, in sixteenths of a unit.
    fn reference(&self, operation: &Operation) -> i32 {
        if operation.format.differential() {
            0
        } else {
            16 * self.reference_rows as i32 * i32::from(operation.level)
        }
    }

    /// The operation's last step is in: requantizes its outputs if it emits.
    pub(super) fn finish(&mut self, operation: &Operation) {
        self.counts.operations += 1;
        if !operation.emit {
            return;
        }
        let outputs = usize::from(operation.units) * self.slices;
        requantize(&mut self.banks[usize::from(operation.bank)], outputs, self.layer);
    }

    pub(super) fn results(&self, bank: u8, outputs: Range<usize>, into: &mut [u8]) {
        into.copy_from_slice(&self.banks[usize::from(bank)].requantized[outputs]);
    }

    pub(super) fn sums(&self, bank: u8, outputs: Range<usize>, into: &mut [i32]) {
        into.copy_from_slice(&self.banks[usize::from(bank)].accumulators[outputs]);
    }
}

dispatch! {
    /// Adds `weight` times a value and `common` to every sum.
    fn accumulate(sums: &mut [i32], values: &[i32], weight: i32, common: i32) = accumulate_body;
}

#[inline(always)]
fn accumulate_body(sums: &mut [i32], values: &[i32], weight: i32, common: i32) {
    for (sum, y) in sums.iter_mut().zip(values) {
        *sum = sum.wrapping_add(weight * y + common);
    }
}

dispatch! {
    /// Requantizes the first outputs of a bank.
    fn requantize(bank: &mut Bank, outputs: usize, layer: Requantize) = requantize_body;
}

#[inline(always)]
fn requantize_body(bank: &mut Bank, outputs: usize, layer: Requantize) {
    let sums = bank.accumulators[..outputs].iter().zip(&bank.multipliers).zip(&bank.biases);
    for (q, ((&sum, &multiplier), &bias)) in bank.requantized.iter_mut().zip(sums) {
        *q = ideal::requantize(sum, multiplier, bias, layer);
    }
}
