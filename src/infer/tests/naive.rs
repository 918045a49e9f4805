//! The macro's integers once more, output by output, as the specification writes them: no tables,
//! no steps, no code in common with the machines.

use crate::config::{Geometry, WeightFormat};
use crate::transaction::{Operation, Requantize};

pub struct Naive {
    pub geometry: Geometry,
    pub sram: Vec<u32>,
    pub requantize: Requantize,
    /// `[bank][output]`
    pub multipliers: [Vec<u8>; 2],
    pub biases: [Vec<i32>; 2],
    pub sums: [Vec<i32>; 2],
    pub results: [Vec<u8>; 2],
    pub clipped: u64,
    pub conversions: u64,
}

impl Naive {
    pub fn new(geometry: Geometry, sram: Vec<u32>) -> Self {
        let n = geometry.columns;
        Self {
            geometry,
            sram,
            requantize: Requantize { shift: 0, bits: 8 },
            multipliers: [vec![0; n], vec![0; n]],
            biases: [vec![0; n], vec![0; n]],
            sums: [vec![0; n], vec![0; n]],
            results: [vec![0; n], vec![0; n]],
            clipped: 0,
            conversions: 0,
        }
    }

    fn bit(&self, plane: usize, m: usize, column: usize) -> i64 {
        let words = self.geometry.columns.div_ceil(32);
        i64::from(self.sram[(8 * m + plane) * words + column / 32] >> (column % 32) & 1)
    }

    /// Number of thresholds t in -63..=63 with 15 r t <= S, and the value of that code.
    fn convert(&mut self, sum: i64, operation: &Operation, reference: i64) -> i64 {
        let inverse = 1 << operation.range as u32;
        let code = (-63..=63).filter(|t| 15 * t <= sum * inverse).count() as i64;
        self.conversions += 1;
        self.clipped += u64::from(code == 0 || code == 127);
        120 * (2 * code - 127) / inverse + 16 * reference
    }

    pub fn operate(&mut self, operation: &Operation, vector: &[u8]) {
        let Operation { format, .. } = *operation;
        let (slices, columns) = (self.geometry.slices(), self.geometry.columns_per_slice);
        let bank = usize::from(operation.bank);
        for output in 0..usize::from(operation.units) * slices {
            let first = columns * (output % slices) + format.columns() * (output / slices);
            let mut total = if operation.clear { 0 } else { i64::from(self.sums[bank][output]) };
            let passes: &[(i64, u8)] =
                if operation.activation_bits > 4 { &[(16, 4), (1, 0)] } else { &[(1, 0)] };
            for &(scale, shift) in passes {
                let digits: Vec<i64> = vector.iter().map(|x| i64::from(x >> shift & 15)).collect();
                total += scale * self.pass(operation, first, &digits);
            }
            let sum = total as i32;
            self.sums[bank][output] = sum;
            if operation.emit {
                self.emit(bank, output);
            }
        }
    }

    /// What one digit vector gives of one output.
    fn pass(&mut self, operation: &Operation, first: usize, digits: &[i64]) -> i64 {
        let plane = usize::from(operation.plane);
        let reference = self.geometry.mac_rows as i64 / 2 * i64::from(operation.level);
        let column = |naive: &Self, c: usize| -> i64 {
            digits.iter().enumerate().map(|(m, x)| x * naive.bit(plane, m, c)).sum()
        };
        let mut single = |c: usize| {
            let sum = column(self, first + c) - reference;
            self.convert(sum, operation, reference)
        };
        match operation.format {
            WeightFormat::Single1 => 2 * single(0) - 16 * digits.iter().sum::<i64>(),
            WeightFormat::Single2 => -2 * single(0) + single(1),
            WeightFormat::Single3 => -4 * single(0) + 2 * single(1) + single(2),
            WeightFormat::Single4 => -8 * single(0) + 4 * single(1) + 2 * single(2) + single(3),
            WeightFormat::Diff1 | WeightFormat::Diff2 => {
                let pairs = operation.format.columns() / 2;
                let mut total = 0;
                for pair in 0..pairs {
                    let sum = column(self, first + 2 * pair) - column(self, first + 2 * pair + 1);
                    total = 2 * total + self.convert(sum, operation, 0);
                }
                total
            }
        }
    }

    fn emit(&mut self, bank: usize, output: usize) {
        let Requantize { shift, bits } = self.requantize;
        let exact = i128::from(self.sums[bank][output])
            * i128::from(self.multipliers[bank][output])
            + i128::from(self.biases[bank][output]);
        // Half up: the floor of the quotient and a half.
        let scaled = (2 * exact + (1i128 << shift)).div_euclid(1i128 << (shift + 1));
        let scaled = if shift == 0 { exact } else { scaled };
        self.results[bank][output] = scaled.clamp(0, (1 << bits) - 1) as u8;
    }
}
