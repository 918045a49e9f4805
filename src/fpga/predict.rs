//! What accumulators and results must hold, from the transaction alone: the integers of the
//! specification, the golden model's converter with the chip of the emulator's tables, or its noise.

use super::noise::Decider;
use super::tables::Tables;
use crate::config::{ADC_BITS, Config, Geometry, PLANES, WORD_BITS};
use crate::golden::ideal;
use crate::golden::reference::{Converter, ConverterError, ConverterStep};
use crate::infer;
use crate::transaction::{Operation, digit_vectors};
use std::sync::Arc;

/// Marginal conversions of an output up to which all ways they can fall are tried.
const MOST_MARGINAL: usize = 10;

/// An output's sum, and how it changes with every conversion too close to call.
#[derive(Clone, Debug, Default)]
struct Sum {
    sum: i32,
    slack: Vec<i32>,
}

impl Sum {
    /// How many marginal conversions must have fallen the other way; `None` if none explain it.
    fn explained(&self, got: i32) -> Option<u32> {
        let slack = &self.slack[..self.slack.len().min(MOST_MARGINAL)];
        let ways = 0..1u32 << slack.len();
        let sum = |way: u32| {
            let taken = slack.iter().enumerate().filter(|(i, _)| way >> i & 1 == 1);
            taken.fold(self.sum, |sum, (_, delta)| sum.wrapping_add(*delta))
        };
        ways.filter(|&way| sum(way) == got).map(u32::count_ones).min()
    }
}

/// Who converts.
#[derive(Clone)]
enum Codes {
    Ideal,
    Chip { converter: Box<Converter>, bound_v: f64 },
    Noise(Decider),
}

/// A code, and the one that a decision within the bound could have led to.
#[derive(Clone, Copy)]
struct Code {
    code: u8,
    other: Option<u8>,
}

/// A macro's results as they must be.
#[derive(Clone)]
pub struct Predictor {
    geometry: Geometry,
    sram: Vec<u32>,
    calibration: infer::Tables,
    codes: Codes,
    slots: [Vec<u8>; 16],
    banks: [Vec<Sum>; 2],
    conversions: u64,
    clipped: u64,
    marginal: u64,
    otherwise: u64,
}

impl Predictor {
    /// Integers only.
    pub fn ideal(geometry: &Geometry, sram: &[u32]) -> Self {
        Self::with(geometry, sram, Codes::Ideal)
    }

    /// The chip of the emulator's tables, without noise.
    pub fn chip(config: &Config, tables: &Tables, sram: &[u32]) -> Result<Self, ConverterError> {
        let Config { geometry, analog, timing, .. } = *config;
        let mut analog = tables.analog(&analog);
        analog.comparator_noise.on = false;
        let chip = Arc::new(tables.chip());
        let mut converter = Converter::new(geometry, analog, timing, chip, 0, 0).for_codes_only();
        for plane in 0..PLANES {
            let columns = 0..geometry.columns;
            let cells: Vec<bool> = (0..geometry.mac_rows)
                .flat_map(|m| columns.clone().map(move |column| (m, column)))
                .map(|(m, column)| cell(&geometry, sram, plane, m, column))
                .collect();
            converter.load_plane(plane, &cells)?;
        }
        let codes = Codes::Chip { converter: Box::new(converter), bound_v: tables.bound_v() };
        Ok(Self::with(&geometry, sram, codes))
    }

    /// Nothing but offsets and noise.
    pub fn noise(geometry: &Geometry, decider: Decider) -> Self {
        Self::with(geometry, &[], Codes::Noise(decider))
    }

    fn with(geometry: &Geometry, sram: &[u32], codes: Codes) -> Self {
        let bank = vec![Sum::default(); geometry.columns];
        Self {
            geometry: *geometry,
            sram: sram.to_vec(),
            calibration: infer::Tables::neutral(geometry),
            codes,
            slots: std::array::from_fn(|_| vec![0; geometry.mac_rows]),
            banks: [bank.clone(), bank],
            conversions: 0,
            clipped: 0,
            marginal: 0,
            otherwise: 0,
        }
    }

    /// Calibration of the conversions to come.
    pub fn calibrate(&mut self, tables: infer::Tables) {
        self.calibration = tables;
    }

    /// Conversions so far, those too close to call, and those of them that fell otherwise.
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.conversions, self.marginal, self.otherwise)
    }

    /// Codes at an end of the scale so far.
    pub fn clipped(&self) -> u64 {
        self.clipped
    }

    /// An activation vector is written.
    pub fn activate(&mut self, slot: u8, values: &[u8], bits: u8) {
        for (digits, slot) in digit_vectors(values, bits).into_iter().zip(usize::from(slot)..) {
            if let Some(to) = self.slots.get_mut(slot) {
                *to = digits;
            }
        }
    }

    /// An operation runs.
    pub fn operate(&mut self, operation: &Operation) -> Result<(), ConverterError> {
        let digits = operation.format.digits();
        let stride = operation.format.columns() / digits;
        for pass in 0..operation.passes() {
            for unit in 0..usize::from(operation.units) {
                for digit in 0..digits {
                    let column = unit * operation.format.columns() + digit * stride;
                    let place = Place { pass, unit, exponent: digits - 1 - digit, column };
                    self.step(operation, &place)?;
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, operation: &Operation, place: &Place) -> Result<(), ConverterError> {
        let digits = self.slots[(usize::from(operation.slot) + place.pass) % 16].clone();
        let codes = self.convert(operation, place.column, &digits)?;
        let sum: i64 = digits.iter().map(|&x| i64::from(x)).sum();
        let first =
            operation.clear && place.pass == 0 && place.exponent + 1 == operation.format.digits();
        let slices = self.geometry.slices();
        for (slice, code) in codes.into_iter().enumerate() {
            let clipped = ideal::clipped(code.code);
            let worth = |code| self.worth(operation, place, slice, code, sum);
            let (worth, other) = (worth(code.code), code.other.map(worth));
            let output = place.unit * slices + slice;
            let entry = &mut self.banks[usize::from(operation.bank & 1)][output];
            if first {
                *entry = Sum::default();
            }
            entry.sum = entry.sum.wrapping_add(worth);
            if let Some(other) = other {
                entry.slack.push(other.wrapping_sub(worth));
                self.marginal += 1;
            }
            self.conversions += 1;
            self.clipped += u64::from(clipped);
        }
        Ok(())
    }

    /// What a code adds to its accumulator.
    fn worth(&self, op: &Operation, place: &Place, slice: usize, code: u8, digit_sum: i64) -> i32 {
        let reference = if op.format.differential() {
            0
        } else {
            ideal::reference_units(self.geometry.mac_rows, op.level)
        };
        let line = self.calibration.calibration[op.range as usize][slice];
        let master = &self.calibration.master;
        let value = ideal::calibrated_value(code, line, master, op.range, reference);
        let weight = ideal::digit_weight(op.format, place.exponent);
        let scale = if place.pass + 1 == op.passes() { 1 } else { 16 };
        (scale * (weight * value + ideal::digit_sum_term(op.format, digit_sum))) as i32
    }

    fn convert(
        &mut self,
        op: &Operation,
        column: usize,
        digits: &[u8],
    ) -> Result<Vec<Code>, ConverterError> {
        let slices = self.geometry.slices();
        let sure = |code| Code { code, other: None };
        let (converter, bound_v) = match &mut self.codes {
            Codes::Chip { converter, bound_v } => (converter, *bound_v),
            Codes::Noise(decider) => return Ok(noisy_codes(decider, slices).map(sure).collect()),
            Codes::Ideal => {
                let code = |slice| sure(self.ideal_code(op, slice, column, digits));
                return Ok((0..slices).map(code).collect());
            }
        };
        let step = ConverterStep {
            plane: op.plane.into(),
            column,
            differential: op.format.differential(),
            range: op.range,
            level: op.level,
        };
        let mut codes = vec![0; slices];
        converter.convert(&step, digits, &mut codes)?;
        let other = |slice, code| other(converter, slice, code, bound_v);
        let codes = codes.into_iter().enumerate();
        Ok(codes.map(|(slice, code)| Code { code, other: other(slice, code) }).collect())
    }

    fn ideal_code(&self, op: &Operation, slice: usize, column: usize, digits: &[u8]) -> u8 {
        let first = self.geometry.columns_per_slice * slice + column;
        let dot = |column: usize| -> i64 {
            let stored = |m: &usize| cell(&self.geometry, &self.sram, op.plane.into(), *m, column);
            (0..digits.len()).filter(stored).map(|m| i64::from(digits[m])).sum()
        };
        let negative = if op.format.differential() {
            dot(first + 1)
        } else {
            ideal::reference_units(self.geometry.mac_rows, op.level)
        };
        ideal::code(dot(first) - negative, op.range)
    }

    /// Compares a bank's accumulators: the first that nothing explains, and what it should be.
    pub fn compare(&mut self, bank: u8, got: &[i32]) -> Option<(usize, i32)> {
        let sums = &self.banks[usize::from(bank & 1)];
        for (output, (sum, &got)) in sums.iter().zip(got).enumerate() {
            match sum.explained(got) {
                Some(otherwise) => self.otherwise += u64::from(otherwise),
                None => return Some((output, sum.sum)),
            }
        }
        None
    }
}

/// Place of a conversion step in its operation.
struct Place {
    pass: usize,
    unit: usize,
    exponent: usize,
    column: usize,
}

/// Cell of a plane and a MAC row in the words of the SRAM window.
fn cell(g: &Geometry, sram: &[u32], plane: usize, mac_row: usize, column: usize) -> bool {
    let row = mac_row * PLANES + plane;
    let word = sram.get(row * g.words_per_row() + column / WORD_BITS).copied().unwrap_or(0);
    word >> (column % WORD_BITS) & 1 == 1
}

/// Codes of a conversion whose decisions are independent of what came before.
fn noisy_codes(decider: &mut Decider, slices: usize) -> impl Iterator<Item = u8> {
    let mut codes = vec![0; slices];
    for _ in 0..ADC_BITS {
        for (code, above) in codes.iter_mut().zip(decider.strobe()) {
            *code = *code << 1 | u8::from(above);
        }
    }
    codes.into_iter()
}

/// The code on the other side of a decision that is too close to call. After such a decision the
/// search ends at that threshold, whichever way it fell: the codes are neighbours.
fn other(converter: &Converter, slice: usize, code: u8, bound_v: f64) -> Option<u8> {
    let near = |k: &usize| converter.margins(*k)[slice].abs() < bound_v;
    let decision = (0..ADC_BITS).find(near)?;
    match code >> (ADC_BITS - 1 - decision) & 1 {
        1 => code.checked_sub(1),
        _ => Some(code + 1),
    }
}
