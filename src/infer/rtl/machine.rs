//! The macro's RTL as its host uses it, image after image.

use super::super::{Counts, Findings, Machine, Tables};
use super::failure::Finding;
use super::feed::Feed;
use crate::compare::Counts as Compared;
use crate::config::{self, Config};
use crate::golden::reference::Counters;
use crate::pins::control;
use crate::registers as reg;
use crate::testbench::{BenchError, Sample, Testbench};
use crate::transaction::{Operation, Requantize};
use std::ops::Range;

/// Words of all activation slots.
const ACTIVATION_WORDS: usize = reg::ACTIVATION_WORDS as usize;

/// Where an image begins.
#[derive(Clone, Copy, Debug)]
struct ImageStart {
    conversion: u64,
    cycle: u64,
}

/// What it takes that a burst starts from rest, with all nodes at V_low and the lanes free. For that
/// the array has to be idle for a cycle; the post-processor may still be at work.
#[derive(Clone, Copy, Debug)]
struct Rest {
    /// Cycles from the last codes to the end of the step.
    gap: u32,
    /// The lanes are through with a burst's last codes before the next burst has its first.
    overlaps: bool,
    /// Operations queued since reset, as the macro counts them.
    queued: u32,
    /// From this cycle on the results of the last burst can be read.
    results: u64,
}

impl Rest {
    fn new(config: &Config) -> Self {
        let geometry = &config.geometry;
        let pulses = &config.timing.pulses;
        let gap = pulses.latch.gap;
        // From codes to codes: at least a load of the digits and a step without its last gap.
        let codes = geometry.mac_rows as u32 / 4 + pulses.step_cycles() - gap;
        let lanes = geometry.slices_per_lane() as u32;
        Self { gap, overlaps: lanes <= codes, queued: 0, results: 0 }
    }
}

/// A [`Machine`] of RTL, plant and reference in lockstep. A mismatch does not end a run: ask
/// for the [`findings`](Self::findings).
pub struct RtlMachine {
    bench: Testbench,
    feed: Feed,
    rest: Rest,
    requantize: Requantize,
    /// What the host has written into the slots since the image began: a word that does not change
    /// is not written again.
    activations: [Option<u32>; ACTIVATION_WORDS],
    /// Where the image under way began; `None` while the macro is loaded.
    image: Option<ImageStart>,
    /// Cycles in which its operations were queued.
    queued: Vec<u64>,
    counts: Counts,
    first_finding: Option<Finding>,
}

impl RtlMachine {
    /// A macro with its array, its tables and its pulse widths written over the bus.
    pub fn new(
        config: &Config,
        sample: Sample,
        sram: &[u32],
        tables: &Tables,
    ) -> Result<Self, BenchError> {
        let mut machine = Self::unloaded(config, sample)?;
        machine.load(sram, tables)?;
        Ok(machine)
    }

    /// The same before its array and tables are written: [`load`](Self::load) it.
    pub fn unloaded(config: &Config, sample: Sample) -> Result<Self, BenchError> {
        Ok(Self {
            bench: Testbench::new(config, sample)?,
            feed: Feed::new(config),
            rest: Rest::new(config),
            requantize: Requantize { shift: 0, bits: 1 },
            activations: [None; ACTIVATION_WORDS],
            image: None,
            queued: vec![],
            counts: Counts::default(),
            first_finding: None,
        })
    }

    /// Writes the array, word by word, and the calibration.
    pub fn load(&mut self, sram: &[u32], tables: &Tables) -> Result<(), BenchError> {
        for (address, &data) in (reg::SRAM..).step_by(4).zip(sram) {
            self.bench.write(address, data)?;
        }
        self.set_tables(tables)
    }

    /// Writes the calibration; idle.
    pub fn set_tables(&mut self, tables: &Tables) -> Result<(), BenchError> {
        for (range, adcs) in config::Range::ALL.into_iter().zip(&tables.calibration) {
            for (adc, line) in adcs.iter().enumerate() {
                self.bench.set_calibration(range, adc, line.gain, line.offset)?;
            }
        }
        let mut master = tables.master.iter().enumerate();
        master.try_for_each(|(i, &value)| self.bench.set_master(i, value))
    }

    /// The closed loop, to look into or to plant faults.
    pub fn bench(&mut self) -> &mut Testbench {
        &mut self.bench
    }

    /// First cycle of the image under way, or of the last one; 0 before the first.
    pub fn image_start(&self) -> u64 {
        self.image.map_or(0, |image| image.cycle)
    }

    /// Cycles in which that image's operations were queued.
    pub fn queued_at(&self) -> &[u64] {
        &self.queued
    }

    /// Where the first mismatch or rule violation lies.
    pub fn first_finding(&mut self) -> Option<Finding> {
        self.note_finding();
        self.first_finding
    }

    /// What was compared and found so far; images have so many conversion steps.
    pub fn findings(&mut self, conversion_steps: u64) -> Findings {
        let first = self.first_finding().map(|finding| finding.place(conversion_steps));
        let rules = self.bench.plant().violations().summary();
        let violations = rules.map(|(rule, count)| (rule.name().into(), count)).collect();
        let marginal_decisions = self.bench.reference().marginal_decisions();
        let checker = self.bench.verdict();
        let Compared { cycles: pins, volts, codes, results, .. } = *checker.counts();
        Findings {
            codes_compared: codes,
            volts_compared: volts,
            pins_compared: pins,
            results_compared: results,
            cycles: self.bench.now(),
            marginal_decisions,
            mismatches: checker.total(),
            mismatch_details: checker.first().to_vec(),
            violations,
            first,
            ..Findings::default()
        }
    }

    /// An error for which the macro is to blame is a finding like any other; the rest is given back.
    pub fn stopped(&mut self, error: BenchError) -> Result<(), BenchError> {
        if !error.blames_macro() {
            return Err(error);
        }
        self.bench.report_stop(&error);
        Ok(())
    }

    /// Keeps the first finding's place within its image.
    fn note_finding(&mut self) {
        if self.first_finding.is_none() {
            let image = self.image.map(|image| (image.conversion, image.cycle));
            self.first_finding = Finding::of(&mut self.bench, image);
        }
    }

    fn write_operation(&mut self, operation: &Operation) -> Result<(), BenchError> {
        self.bench.operate(operation)?;
        let acknowledged = self.bench.now() - 1;
        self.feed.written(operation, acknowledged);
        self.queued.push(acknowledged);
        self.rest.queued = self.rest.queued.wrapping_add(1);
        Ok(())
    }

    /// Writes the operations that find room by now. Called before every other transfer: none takes
    /// as long as a step, so that the macro's queue never runs dry.
    fn feed(&mut self) -> Result<(), BenchError> {
        while let Some(operation) = self.feed.due(self.bench.now()) {
            self.write_operation(&operation)?;
        }
        Ok(())
    }

    /// Writes all operations, waiting on the bus.
    fn feed_all(&mut self) -> Result<(), BenchError> {
        while let Some(operation) = self.feed.any() {
            self.write_operation(&operation)?;
        }
        Ok(())
    }

    /// Waits for the results of the burst before the one that runs.
    fn wait_results(&mut self) -> Result<(), BenchError> {
        while self.bench.now() < self.rest.results && self.busy() {
            self.feed()?;
            self.bench.cycle()?;
        }
        Ok(())
    }

    fn busy(&self) -> bool {
        self.bench.pins().is(control::BUSY)
    }

    /// Before what the macro takes only while nothing at all is under way.
    fn idle(&mut self) -> Result<(), BenchError> {
        self.feed_all()?;
        if self.busy() { self.bench.wait_idle() } else { Ok(()) }
    }

    /// A counter of 32 bits goes on from what was counted before.
    fn count(
        &mut self,
        name: &str,
        address: u32,
        counter: impl Fn(&Counters) -> u64,
        before: u64,
    ) -> Result<u64, BenchError> {
        let value = self.bench.counter(name, address, counter)?;
        Ok(before + u64::from(value.wrapping_sub(before as u32)))
    }
}

impl Machine for RtlMachine {
    type Error = BenchError;

    /// An image begins: its transactions depend on it alone, whatever was in the slots before.
    fn number_conversions(&mut self, first: u64) -> Result<(), BenchError> {
        self.idle()?;
        self.note_finding();
        self.bench.start_at_conversion(first);
        self.activations = [None; ACTIVATION_WORDS];
        self.queued.clear();
        self.image = Some(ImageStart { conversion: first, cycle: self.bench.now() });
        Ok(())
    }

    fn set_requantize(&mut self, layer: Requantize) -> Result<(), BenchError> {
        self.idle()?;
        self.requantize = layer;
        self.bench.set_requantize(layer)
    }

    fn set_output(
        &mut self,
        bank: u8,
        output: u8,
        multiplier: u8,
        bias: i32,
    ) -> Result<(), BenchError> {
        self.idle()?;
        self.bench.set_output(bank, output.into(), multiplier, bias)
    }

    fn activate(&mut self, slot: u8, values: &[u8], bits: u8) -> Result<(), BenchError> {
        let words = self.bench.activation_words(slot, values, bits)?;
        if self.feed.needs(slot) || bits > 4 && self.feed.needs(slot + 1) {
            self.feed_all()?;
        }
        for (address, data) in words {
            self.feed()?;
            let index = (address - reg::ACTIVATION) as usize / 4;
            if self.activations[index] != Some(data) {
                self.bench.write(address, data)?;
                self.activations[index] = Some(data);
            }
        }
        Ok(())
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), BenchError> {
        self.feed.push(*operation);
        self.feed()
    }

    fn results(
        &mut self,
        bank: u8,
        outputs: Range<usize>,
        into: &mut [u8],
    ) -> Result<(), BenchError> {
        self.wait_results()?;
        // In pieces of a word, so that operations can go between them.
        let per_word = if self.requantize.bits > 4 { 4 } else { 8 };
        let mut first = outputs.start;
        while first < outputs.end {
            self.feed()?;
            let end = ((first / per_word + 1) * per_word).min(outputs.end);
            let read = self.bench.results(bank, first..end, self.requantize)?;
            into[first - outputs.start..end - outputs.start].copy_from_slice(&read);
            first = end;
        }
        Ok(())
    }

    /// The lanes go before the host at the accumulators, so that a read may wait for the end of all
    /// steps: every operation is queued by then.
    fn sums(
        &mut self,
        bank: u8,
        outputs: Range<usize>,
        into: &mut [i32],
    ) -> Result<(), BenchError> {
        self.feed_all()?;
        self.wait_results()?;
        for (sum, output) in into.iter_mut().zip(outputs) {
            *sum = self.bench.accumulator(bank, output)?;
        }
        Ok(())
    }

    fn counts(&mut self) -> Result<Counts, BenchError> {
        self.idle()?;
        let Counts { operations, conversions, clipped } = self.counts;
        self.counts = Counts {
            operations: self.count("operations", reg::OPERATIONS, |c| c.operations, operations)?,
            conversions: self.count(
                "conversions",
                reg::CONVERSIONS,
                |c| c.conversions,
                conversions,
            )?,
            clipped: self.count("clipped", reg::CLIPPED, |c| c.clipped, clipped)?,
        };
        Ok(self.counts)
    }

    /// The next burst starts from rest as soon as the array's last step is over: the lanes finish
    /// while its digits are loaded.
    fn wait_idle(&mut self) -> Result<(), BenchError> {
        self.feed_all()?;
        if !self.rest.overlaps {
            return self.bench.wait_idle();
        }
        self.bench.wait_latched(self.rest.queued)?;
        self.rest.results = self.bench.now() + self.bench.lane_cycles();
        (0..self.rest.gap).try_for_each(|_| self.bench.cycle())
    }
}
