//! Sections 1 to 3 of the theory of operation once more, in plain integers and with nothing of the
//! library but its data types: what the testbenches expect.

use capram::config::{Range, WeightFormat};
use capram::transaction::Operation;

/// Weights that a format can hold.
pub fn weights_of(format: WeightFormat) -> Vec<i8> {
    match format {
        WeightFormat::Single1 => vec![-1, 1],
        WeightFormat::Single2 => (-2..=1).collect(),
        WeightFormat::Single3 => (-4..=3).collect(),
        WeightFormat::Single4 => (-8..=7).collect(),
        WeightFormat::Diff1 => (-1..=1).collect(),
        WeightFormat::Diff2 => (-3..=3).collect(),
    }
}

/// Conversion steps of one unit in one pass.
pub fn digits_of(format: WeightFormat) -> usize {
    match format {
        WeightFormat::Single1 | WeightFormat::Diff1 => 1,
        WeightFormat::Single2 | WeightFormat::Diff2 => 2,
        WeightFormat::Single3 => 3,
        WeightFormat::Single4 => 4,
    }
}

/// Whether a digit is the difference of two columns.
pub fn is_differential(format: WeightFormat) -> bool {
    matches!(format, WeightFormat::Diff1 | WeightFormat::Diff2)
}

/// Columns of one weight.
pub fn columns_of(format: WeightFormat) -> usize {
    digits_of(format) * if is_differential(format) { 2 } else { 1 }
}

/// Digit i (0 is the rightmost) of a stored weight: a bit, or a ternary digit.
fn digit(format: WeightFormat, weight: i8, i: usize) -> i64 {
    let weight = i64::from(weight);
    match format {
        WeightFormat::Single1 => (weight + 1) / 2,
        _ if is_differential(format) => weight.signum() * (weight.abs() >> i & 1),
        _ => weight >> i & 1,
    }
}

/// Weight of digit i in the result.
fn digit_weight(format: WeightFormat, i: usize) -> i64 {
    let top = i + 1 == digits_of(format);
    let twos_complement = !is_differential(format) && format != WeightFormat::Single1;
    if top && twos_complement { -(1 << i) } else { 1 << i }
}

/// Number of the thresholds -63..63 that are <= S / (15 r), counted.
pub fn code(sum: i64, range: Range) -> i64 {
    let eighths_of_an_lsb = 120 >> range as u32;
    (-63..=63).filter(|t| t * eighths_of_an_lsb <= 8 * sum).count() as i64
}

/// Linear correction of every ADC in the four ranges and the common master curve.
#[derive(Clone)]
pub struct Tables {
    /// Gain and offset, `[range][adc]`.
    pub linear: [Vec<(u8, i16)>; 4],
    /// Master curve.
    pub master: [i8; 128],
}

impl Tables {
    /// Tables that change nothing.
    pub fn neutral(adcs: usize) -> Self {
        Self { linear: std::array::from_fn(|_| vec![(128, 0); adcs]), master: [0; 128] }
    }

    /// Value of a code in sixteenths of a unit, without what the reference column stands for.
    pub fn value(&self, code: i64, range: Range, adc: usize) -> i64 {
        let (gain, offset) = self.linear[range as usize][adc];
        let z = 2 * code - 127;
        let linear = (z * i64::from(gain) + 16 * i64::from(offset) + 8).div_euclid(16);
        let entry = (linear.div_euclid(16) + 64).clamp(0, 127);
        let corrected = linear + i64::from(self.master[entry as usize]);
        (15 * corrected).div_euclid(1 << range as u32)
    }
}

/// What an operation must produce.
pub struct Outcome {
    /// Codes, `[conversion step][slice]`.
    pub codes: Vec<Vec<i64>>,
    /// What is added to each output's accumulator.
    pub sums: Vec<i64>,
}

/// An array of M rows and its slices.
pub struct Machine<'a> {
    pub slices: usize,
    pub tables: &'a Tables,
}

impl Machine<'_> {
    /// Runs an operation on weights `[mac row][output]`; rows without activation do not exist.
    pub fn run(&self, op: &Operation, weights: &[Vec<i8>], activations: &[u8]) -> Outcome {
        let units = usize::from(op.units);
        let mut outcome = Outcome { codes: vec![], sums: vec![0; units * self.slices] };
        for shift in passes(op) {
            let x: Vec<i64> = activations.iter().map(|x| i64::from(x >> shift & 15)).collect();
            for unit in 0..units {
                for i in (0..digits_of(op.format)).rev() {
                    let step = Step { op, weights, x: &x, unit, i };
                    self.step(&step, 1 << shift, &mut outcome);
                }
            }
        }
        outcome
    }

    fn step(&self, step: &Step, pass_weight: i64, outcome: &mut Outcome) {
        let Step { op, x, unit, i, .. } = *step;
        let reference = reference_units(op, x.len());
        let digit_sum: i64 = x.iter().sum();
        let mut codes = vec![];
        for slice in 0..self.slices {
            let output = unit * self.slices + slice;
            let code = code(step.dot(output) - reference, op.range);
            let y = self.tables.value(code, op.range, slice) + 16 * reference;
            outcome.sums[output] += pass_weight
                * match op.format {
                    WeightFormat::Single1 => 2 * y - 16 * digit_sum,
                    _ => digit_weight(op.format, i) * y,
                };
            codes.push(code);
        }
        outcome.codes.push(codes);
    }
}

/// One conversion step: digit i of a unit's weights.
struct Step<'a> {
    op: &'a Operation,
    weights: &'a [Vec<i8>],
    x: &'a [i64],
    unit: usize,
    i: usize,
}

impl Step<'_> {
    fn dot(&self, output: usize) -> i64 {
        let rows = self.x.iter().zip(self.weights);
        rows.map(|(x, row)| x * digit(self.op.format, row[output], self.i)).sum()
    }
}

/// Bit positions of the activation digits, high digit first.
fn passes(op: &Operation) -> &'static [u32] {
    if op.activation_bits > 4 { &[4, 0] } else { &[0] }
}

/// What the reference column stands for: half of the rows at the level.
fn reference_units(op: &Operation, rows: usize) -> i64 {
    if is_differential(op.format) { 0 } else { rows as i64 / 2 * i64::from(op.level) }
}

/// Requantized result.
pub fn requantize(sum: i64, factor: u8, bias: i32, shift: u8, bits: u8) -> u8 {
    let scaled = i128::from(sum) * i128::from(factor) + i128::from(bias);
    let half = if shift > 0 { 1i128 << (shift - 1) } else { 0 };
    let quotient = (scaled + half).div_euclid(1 << shift);
    quotient.clamp(0, (1 << bits) - 1) as u8
}
