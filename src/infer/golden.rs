//! The macro on a drawn chip: the reference's closed forms give the codes, calibrated
//! post-processing makes activations of them.

use std::ops::Range;
use std::sync::Arc;

use super::post::{PostProcessor, Values};
use super::slots::Slots;
use super::sram::{Cells, check_operation};
use super::steps::{Step, steps};
use super::{Counts, Machine, Tables};
use crate::config::{self, Config, PLANES};
use crate::golden::chip::Chip;
use crate::golden::ideal;
use crate::golden::reference::{ConverterError, ConverterStep, FilteredConverter};
use crate::transaction::{Operation, Requantize};

/// A chip with all mismatch and noise of its configuration.
#[derive(Clone, Debug)]
pub struct GoldenMachine {
    converter: FilteredConverter,
    /// Cycles by which LATCH waits for the post-processor in a stream of steps.
    stretch: u32,
    /// A step has been converted since the macro was idle.
    streaming: bool,
    /// Value of every code, `[range][adc][code]`.
    values: Arc<[Vec<[i32; 128]>; 4]>,
    slots: Slots,
    post: PostProcessor,
    geometry: config::Geometry,
    codes: Vec<u8>,
    step_values: Vec<i32>,
}

impl GoldenMachine {
    /// The macro with these words in its SRAM, `[physical row * words per row + word]`, and these
    /// calibration tables. Noise is that of `(seed, chip_number)`; the chip is given. Fails if there
    /// are too many or too few words.
    pub fn new(
        config: &Config,
        chip: &Arc<Chip>,
        seed: u64,
        chip_number: u64,
        sram: &[u32],
        tables: &Tables,
    ) -> Result<Self, ConverterError> {
        let Config { geometry, analog, timing, .. } = *config;
        let cells = Cells::new(&geometry, sram)?;
        let mut converter =
            FilteredConverter::new(geometry, analog, timing, chip.clone(), seed, chip_number);
        for plane in 0..PLANES {
            converter.load_plane(plane, &cells.plane(plane))?;
        }
        Ok(Self {
            converter,
            stretch: timing.pulses.stretch(&geometry),
            streaming: false,
            values: Arc::new(config::Range::ALL.map(|range| tables.values(range))),
            slots: Slots::new(geometry.mac_rows),
            post: PostProcessor::new(&geometry),
            geometry,
            codes: vec![0; geometry.slices()],
            step_values: vec![0; geometry.slices()],
        })
    }

    fn step(&mut self, operation: &Operation, step: &Step) -> Result<(), ConverterError> {
        let slot = usize::from(operation.slot) + step.pass;
        let converted = ConverterStep {
            plane: usize::from(operation.plane),
            column: step.column,
            differential: operation.format.differential(),
            range: operation.range,
            level: operation.level,
        };
        // The first codes of a stream find the post-processor free.
        self.converter.prolong_latch(if self.streaming { self.stretch } else { 0 });
        self.streaming = true;
        self.converter.convert(&converted, self.slots.digits(slot), &mut self.codes)?;
        let adcs = self.values[operation.range as usize].iter().zip(&self.codes);
        for (value, (table, &code)) in self.step_values.iter_mut().zip(adcs) {
            *value = table[usize::from(code) % table.len()];
        }
        // There are at most 128 codes.
        let clipped: u8 = self.codes.iter().map(|&code| u8::from(ideal::clipped(code))).sum();
        let digit_sum = self.slots.sum(slot);
        let values = Values { values: &self.step_values, digit_sum, clipped: clipped.into() };
        self.post.take(operation, step, &values);
        Ok(())
    }
}

impl Machine for GoldenMachine {
    type Error = ConverterError;

    fn number_conversions(&mut self, first: u64) -> Result<(), ConverterError> {
        self.streaming = false;
        self.converter.start_at_conversion(first);
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
        steps(operation).try_for_each(|step| self.step(operation, &step))?;
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
        self.number_conversions(self.converter.next_conversion())
    }
}
