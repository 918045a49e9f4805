//! The macro as its specification's integers: exact sums, ideal codes, no chip and no noise.

use std::ops::Range;
use std::sync::Arc;

use super::post::{PostProcessor, Values};
use super::slots::Slots;
use super::sram::{Cells, check_operation};
use super::steps::{Step, steps};
use super::{Counts, Machine};
use crate::config::{self, Geometry, PLANES};
use crate::golden::ideal;
use crate::golden::reference::ConverterError;
use crate::simd::dispatch;
use crate::transaction::{Operation, Requantize};

/// MAC rows that are added up together, so that the sums are loaded and stored once for all of them;
/// every geometry has a multiple.
const ROWS: usize = 4;
/// Largest |S| there is, 15 x 64: sums fit into 16 bits.
const LARGEST: usize = 960;
/// Most slices of any geometry.
const MAX_SLICES: usize = 128;

/// A macro of sections 2 and 3 of the theory of operation. Cloning it copies no weights.
#[derive(Clone, Debug)]
pub struct IdealMachine {
    geometry: Geometry,
    weights: Arc<Weights>,
    slots: Slots,
    post: PostProcessor,
}

impl IdealMachine {
    /// The macro with these words in its SRAM, `[physical row * words per row + word]`. Fails if
    /// there are too many or too few.
    pub fn new(geometry: Geometry, sram: &[u32]) -> Result<Self, ConverterError> {
        Ok(Self {
            geometry,
            weights: Arc::new(Weights::new(&Cells::new(&geometry, sram)?)),
            slots: Slots::new(geometry.mac_rows),
            post: PostProcessor::new(&geometry),
        })
    }

    fn step(&mut self, operation: &Operation, step: &Step) {
        let slices = self.geometry.slices();
        let slot = usize::from(operation.slot) + step.pass;
        let differential = operation.format.differential();
        let digits = self.slots.digits(slot);
        let mut sums = [0; MAX_SLICES];
        let sums = &mut sums[..slices];
        let plane = usize::from(operation.plane);
        accumulate(sums, self.weights.of(plane, step.column, differential), digits);
        let reference = if differential {
            0
        } else {
            ideal::reference_units(self.geometry.mac_rows, operation.level) as i16
        };
        let codes = &self.weights.codes[operation.range as usize];
        let mut values = [0; MAX_SLICES];
        let mut clipped = 0;
        for (value, &sum) in values.iter_mut().zip(&*sums) {
            let code = codes[(sum - reference + LARGEST as i16) as usize];
            *value = (120 * (2 * i32::from(code) - 127)) >> operation.range.log2_inverse();
            clipped += u32::from(ideal::clipped(code));
        }
        let digit_sum = self.slots.sum(slot);
        let values = Values { values: &values[..slices], digit_sum, clipped };
        self.post.take(operation, step, &values);
    }
}

impl Machine for IdealMachine {
    type Error = ConverterError;

    fn number_conversions(&mut self, _first: u64) -> Result<(), ConverterError> {
        Ok(())
    }

    fn set_requantize(&mut self, layer: Requantize) -> Result<(), ConverterError> {
        self.post.set_requantize(layer);
        Ok(())
    }

    fn set_output(
        &mut self,
        bank: u8,
        output: u8,
        multiplier: u8,
        bias: i32,
    ) -> Result<(), ConverterError> {
        self.post.set_output(bank, output, multiplier, bias);
        Ok(())
    }

    fn activate(&mut self, slot: u8, values: &[u8], bits: u8) -> Result<(), ConverterError> {
        self.slots.write(slot, values, bits)
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), ConverterError> {
        check_operation(&self.geometry, operation)?;
        steps(operation).for_each(|step| self.step(operation, &step));
        self.post.finish(operation);
        Ok(())
    }

    fn results(
        &mut self,
        bank: u8,
        outputs: Range<usize>,
        into: &mut [u8],
    ) -> Result<(), ConverterError> {
        self.post.results(bank, outputs, into);
        Ok(())
    }

    fn sums(
        &mut self,
        bank: u8,
        outputs: Range<usize>,
        into: &mut [i32],
    ) -> Result<(), ConverterError> {
        self.post.sums(bank, outputs, into);
        Ok(())
    }

    fn counts(&mut self) -> Result<Counts, ConverterError> {
        Ok(self.post.counts)
    }

    fn wait_idle(&mut self) -> Result<(), ConverterError> {
        Ok(())
    }
}

/// The array's cells and the ADC as tables.
#[derive(Debug)]
struct Weights {
    columns: usize,
    /// Weights that a step multiplies: MAC rows times slices.
    of_step: usize,
    /// Cells, `[plane][column of the slice][mac row][slice]`.
    singles: Vec<i16>,
    /// Differences of neighbouring columns, the same with pairs of columns.
    pairs: Vec<i16>,
    /// Code of every S from -960 on, `[range]`.
    codes: [Vec<u8>; 4],
}

impl Weights {
    fn new(cells: &Cells) -> Self {
        let Geometry { mac_rows, columns_per_slice: columns, .. } = cells.geometry;
        let slices = cells.geometry.slices();
        let mut weights = Self {
            columns,
            of_step: mac_rows * slices,
            singles: vec![],
            pairs: vec![],
            codes: config::Range::ALL.map(codes),
        };
        for plane in 0..PLANES {
            let cell = |row, column| i16::from(cells.cell(plane, row, column));
            let rows = || (0..mac_rows).flat_map(|m| (0..slices).map(move |s| (m, columns * s)));
            for column in 0..columns {
                weights.singles.extend(rows().map(|(m, first)| cell(m, first + column)));
            }
            for p in (0..columns - columns % 2).step_by(2) {
                let pair = |(m, first)| cell(m, first + p) - cell(m, first + p + 1);
                weights.pairs.extend(rows().map(pair));
            }
        }
        weights
    }

    /// Weights that a step multiplies, `[mac row][slice]`.
    fn of(&self, plane: usize, column: usize, differential: bool) -> &[i16] {
        let (weights, number) = if differential {
            (&self.pairs, plane * (self.columns / 2) + column / 2)
        } else {
            (&self.singles, plane * self.columns + column)
        };
        &weights[number * self.of_step..][..self.of_step]
    }
}

/// Codes of all sums.
fn codes(range: config::Range) -> Vec<u8> {
    let largest = LARGEST as i64;
    (-largest..=largest).map(|sum| ideal::code(sum, range)).collect()
}

dispatch! {
    /// Adds up weights `[mac row][slice]` times digits, one sum per slice; sums are 0 before.
    fn accumulate(sums: &mut [i16], weights: &[i16], digits: &[u8]) = accumulate_body;
}

/// The rows stand one by one: a loop over them makes the compiler vectorize along the rows, with
/// transpositions that take five times as long.
#[inline(always)]
fn accumulate_body(sums: &mut [i16], weights: &[i16], digits: &[u8]) {
    let slices = sums.len();
    for (rows, digits) in weights.chunks_exact(ROWS * slices).zip(digits.as_chunks::<ROWS>().0) {
        let (low, high) = rows.split_at(2 * slices);
        let ((a, b), (c, d)) = (low.split_at(slices), high.split_at(slices));
        let [xa, xb, xc, xd] = digits.map(i16::from);
        for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            // |S| stays below 2^15: nothing wraps.
            let low = a.wrapping_mul(xa).wrapping_add(b.wrapping_mul(xb));
            let high = c.wrapping_mul(xc).wrapping_add(d.wrapping_mul(xd));
            *sum = sum.wrapping_add(low).wrapping_add(high);
        }
    }
}
