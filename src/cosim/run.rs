//! One batch on a fresh macro: load, operate, read back.

use crate::compare::Counts;
use crate::config::{Config, Pulses};
use crate::dut::Dut;
use crate::golden::reference::Counters;
use crate::report::MismatchRow;
use crate::stimulus::{Batch, Layer, Step, Tables};
use crate::testbench::{BenchError, Sample, Testbench};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Mismatches after which a batch is given up: the rest follows from the first.
const ENOUGH: u64 = 1000;

/// What one batch did, observed and found.
#[derive(Debug, Default)]
pub struct BatchResult {
    /// Number of the batch.
    pub index: usize,
    /// How much was compared.
    pub counts: Counts,
    /// All mismatches.
    pub mismatch_count: u64,
    /// The first of them.
    pub mismatches: Vec<MismatchRow>,
    /// Violated rules and how often.
    pub violations: Vec<(String, u64)>,
    /// Cycle of the first violation.
    pub first_violation: Option<u64>,
    /// Counters read from the macro; `None` if the batch was given up.
    pub counters: Option<Counters>,
    /// The same, predicted.
    pub predicted: Counters,
    /// Decisions adopted as observed.
    pub marginal_decisions: u64,
    /// Simulated cycles.
    pub cycles: u64,
    /// Cycles of the model's clock: more where the analog side is emulated.
    pub clock_cycles: u64,
    /// What rounding may cost an emulated voltage, in V.
    pub emulator_bound: f64,
    /// First cycle of the first operation and last cycle of the last.
    pub operating: Range<u64>,
    /// Cycles in which the first conversion steps of the waves start.
    pub traced_steps: Vec<u64>,
    /// Codes as converted, `[operation][conversion step][slice]`.
    pub codes: Vec<Vec<Vec<u8>>>,
    /// Accumulators read after each operation, `[operation][output]`.
    pub results: Vec<Vec<i32>>,
}

impl BatchResult {
    /// What the macro counted, or should have when it can not be asked any more.
    pub fn counted(&self) -> &Counters {
        self.counters.as_ref().unwrap_or(&self.predicted)
    }
}

/// What runs beside plant and reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// The macro's RTL.
    #[default]
    Macro,
    /// The small macro's RTL with this planted bug, 0 for none.
    Mutant(u8),
    /// The macro's RTL with its analog side emulated as on an FPGA.
    Emulated,
}

/// Cycles to write waves of.
#[derive(Clone, Debug)]
pub struct WaveWindow {
    /// The FST.
    pub path: PathBuf,
    /// From and to; `None` from the first operation to the end of the batch.
    pub cycles: Option<Range<u64>>,
}

impl WaveWindow {
    /// All operations of a batch, without the loading before them.
    pub fn whole(path: &Path) -> Self {
        Self { path: path.into(), cycles: None }
    }
}

/// Runs a batch to its end, or until there are enough mismatches.
pub fn run_batch(
    config: &Config,
    sample: Sample,
    batch: &Batch,
    waves: Option<&WaveWindow>,
    model: Model,
) -> Result<BatchResult, BenchError> {
    let (mut bench, mutant) = match model {
        Model::Macro => {
            (Testbench::unstarted(config, sample, Dut::of_macro(&config.geometry)?)?, 0)
        }
        Model::Mutant(bug) => (Testbench::unstarted(config, sample, Dut::named("mutants")?)?, bug),
        Model::Emulated => (Testbench::unstarted_emulated(config, sample)?, 0),
    };
    bench.start_at_conversion(batch.first_conversion);
    if let Some(WaveWindow { path, cycles: Some(cycles) }) = waves {
        bench.schedule_waves(path, cycles.clone());
    }
    let mut run = Run { bench, result: BatchResult { index: batch.index, ..Default::default() } };
    match run.all(&config.timing.pulses, mutant, batch, waves) {
        // A macro that stops, hangs or refuses is a finding like any other.
        Err(error) if error.blames_macro() => run.bench.report_stop(&error),
        other => other?,
    }
    run.bench.close_waves();
    run.result.traced_steps = run.bench.traced_steps().to_vec();
    Ok(run.finish(batch))
}

struct Run {
    bench: Testbench,
    result: BatchResult,
}

impl Run {
    fn all(
        &mut self,
        pulses: &Pulses,
        mutant: u8,
        batch: &Batch,
        waves: Option<&WaveWindow>,
    ) -> Result<(), BenchError> {
        self.bench.start(pulses, mutant)?;
        self.load(batch)?;
        if let Some(WaveWindow { path, cycles: None }) = waves {
            self.bench.open_waves(path)?;
        }
        self.result.operating.start = self.bench.now();
        self.operate(batch)?;
        self.result.operating.end = self.bench.now();
        Ok(())
    }

    fn load(&mut self, batch: &Batch) -> Result<(), BenchError> {
        for plane in &batch.planes {
            self.bench.load_plane(plane.plane, plane.format, &plane.weights)?;
        }
        match &batch.tables {
            None => self.bench.neutral_calibration()?,
            Some(tables) => self.load_tables(tables)?,
        }
        if let Some(slices) = batch.slice_enable {
            self.bench.set_slice_enable(slices)?;
        }
        match &batch.layer {
            None => Ok(()),
            Some(layer) => self.load_layer(layer),
        }
    }

    fn load_tables(&mut self, tables: &Tables) -> Result<(), BenchError> {
        for (range, adcs) in crate::config::Range::ALL.into_iter().zip(&tables.calibration) {
            for (adc, &(gain, offset)) in adcs.iter().enumerate() {
                self.bench.set_calibration(range, adc, gain, offset)?;
            }
        }
        tables.master.iter().enumerate().try_for_each(|(i, &value)| self.bench.set_master(i, value))
    }

    fn load_layer(&mut self, layer: &Layer) -> Result<(), BenchError> {
        self.bench.set_requantize(layer.requantize)?;
        for (bank, outputs) in layer.outputs.iter().enumerate() {
            for (j, &(multiplier, bias)) in outputs.iter().enumerate() {
                self.bench.set_output(bank as u8, j, multiplier, bias)?;
            }
        }
        Ok(())
    }

    /// While an operation runs, the next one's activations are loaded and the last one's sums are
    /// read from the other bank.
    fn operate(&mut self, batch: &Batch) -> Result<(), BenchError> {
        self.bench.keep_codes();
        for (i, step) in batch.steps.iter().enumerate() {
            let Step { operation, activations, .. } = step;
            self.bench.activate(operation.slot, activations, operation.activation_bits)?;
            self.bench.operate(operation)?;
            if i > 0 {
                self.bench.wait_operations(i as u64)?;
                self.read_back(&batch.steps[i - 1], batch)?;
            }
            if self.bench.verdict().total() > ENOUGH {
                return Ok(());
            }
        }
        self.bench.wait_idle()?;
        if let Some(last) = batch.steps.last() {
            self.read_back(last, batch)?;
        }
        self.result.counters = Some(self.bench.counters()?);
        Ok(())
    }

    fn read_back(&mut self, step: &Step, batch: &Batch) -> Result<(), BenchError> {
        let bank = step.operation.bank;
        self.result.results.push(self.bench.accumulators(bank, step.outputs)?);
        if let (true, Some(layer)) = (step.operation.emit, &batch.layer) {
            self.bench.results(bank, 0..step.outputs, layer.requantize)?;
        }
        Ok(())
    }

    fn finish(mut self, batch: &Batch) -> BatchResult {
        let mut codes = self.bench.kept_codes().into_iter();
        let per_operation = |step: &Step| codes.by_ref().take(step.operation.steps()).collect();
        self.result.codes = batch.steps.iter().map(per_operation).collect();
        self.result.predicted = self.bench.reference().counters();
        let checker = self.bench.verdict();
        self.result.counts = *checker.counts();
        self.result.mismatch_count = checker.total();
        self.result.mismatches = checker.first().to_vec();
        for row in &mut self.result.mismatches {
            row.operation = row.operation.map(|i| i + batch.first_operation);
        }
        self.result.cycles = self.bench.now();
        self.result.clock_cycles = self.bench.clock_cycles();
        self.result.emulator_bound = self.bench.tables().map_or(0.0, |tables| tables.bound_v());
        self.result.marginal_decisions = self.bench.reference().marginal_decisions();
        let violations = self.bench.plant().violations();
        self.result.first_violation = violations.first().first().map(|v| v.cycle);
        self.result.violations =
            violations.summary().map(|(rule, n)| (rule.name().into(), n)).collect();
        self.result
    }
}
