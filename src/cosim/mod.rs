//! Runs a stimulus in closed loop, batch by batch on any number of threads, and sums up.

mod failure;
mod run;

pub use failure::{Failure, step_markers};
pub use run::{BatchResult, Model, WaveWindow, run_batch};

use crate::config::Config;
use crate::report::{CosimReport, EmulatedRow, Tools};
use crate::stimulus::Stimulus;
use crate::testbench::{BenchError, Sample};
use crate::wave::{Marker, View, Window, cosim_view, emulated_view};
use rayon::prelude::*;
use std::path::PathBuf;
use std::time::Instant;

/// What to run and how.
pub struct Cosim<'a> {
    /// The machine.
    pub config: &'a Config,
    /// The chip and its noise.
    pub sample: Sample,
    /// The transactions.
    pub stimulus: &'a dyn Stimulus,
    /// Threads, each with macros of its own.
    pub threads: usize,
    /// Waves of the first batch, if wanted.
    pub waves: Option<PathBuf>,
    /// Where the waves around the first mismatch go if there is one and `waves` is not given.
    pub failure_waves: PathBuf,
    /// Keep every code and result that the RTL produced, for the caller.
    pub keep: bool,
    /// What runs.
    pub model: Model,
}

/// Report and everything the RTL produced.
pub struct Outcome {
    /// Figures and mismatches.
    pub report: CosimReport,
    /// One entry per batch, in order.
    pub batches: Vec<BatchResult>,
}

impl Cosim<'_> {
    /// What viewers are to show of the waves.
    pub fn view(&self, slices: &[usize], window: Window, markers: Vec<Marker>) -> View {
        let view = if self.model == Model::Emulated { emulated_view } else { cosim_view };
        view(&self.config.geometry, slices, window, markers)
    }

    /// Runs all batches. `progress` is told the operations of each finished batch.
    pub fn run(&self, progress: &(dyn Fn(u64) + Sync)) -> anyhow::Result<Outcome> {
        let start = Instant::now();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build()?;
        let one = |index| -> Result<BatchResult, BenchError> {
            let waves = self.waves.as_deref().filter(|_| index == 0).map(WaveWindow::whole);
            let batch = self.stimulus.batch(index);
            let mut result =
                run_batch(self.config, self.sample, &batch, waves.as_ref(), self.model)?;
            if !self.keep {
                (result.codes, result.results) = (vec![], vec![]);
            }
            progress(batch.steps.len() as u64);
            Ok(result)
        };
        let run = || (0..self.stimulus.batches()).into_par_iter().map(one).collect();
        let batches: Result<Vec<BatchResult>, BenchError> = pool.install(run);
        let batches = batches?;
        let mut report = self.report(&batches, start.elapsed().as_secs_f64());
        match Failure::first(&batches) {
            // The finding stands even where its waves can not be written.
            Some(failure) => match failure.repeat(self) {
                Ok(path) => report.waves = Some(path),
                Err(error) => eprintln!("capram: no waves of the failure: {error:#}"),
            },
            None => report.waves = self.waves.clone(),
        }
        Ok(Outcome { report, batches })
    }

    fn report(&self, batches: &[BatchResult], seconds: f64) -> CosimReport {
        let sum = |figure: fn(&BatchResult) -> u64| batches.iter().map(figure).sum::<u64>();
        let emulated = (self.model == Model::Emulated).then(|| EmulatedRow {
            volts_compared: sum(|b| b.counts.emulated_volts),
            worst_volt_error_uv: batches
                .iter()
                .map(|b| b.counts.worst_emulated_error * 1e6)
                .fold(0.0, f64::max),
            bound_uv: batches.iter().map(|b| b.emulator_bound * 1e6).fold(0.0, f64::max),
            clock_cycles: sum(|b| b.clock_cycles),
        });
        let worst = batches.iter().map(|b| b.counts.worst_volt_error).fold(0.0, f64::max);
        let mut rules = std::collections::BTreeMap::new();
        for (name, count) in batches.iter().flat_map(|b| &b.violations) {
            *rules.entry(name.clone()).or_insert(0) += count;
        }
        let details = batches.iter().flat_map(|b| &b.mismatches).take(10).cloned().collect();
        let conversions = sum(|b| b.counted().conversions);
        let compute = sum(|b| b.counted().cycles);
        let cycles = sum(|b| b.cycles);
        let per_second = 2.0
            * self.config.geometry.mac_rows as f64
            * conversions as f64
            * self.config.timing.phase_clock_hz();
        CosimReport {
            config: self.config.into(),
            seed: self.sample.seed,
            chip: self.sample.chip,
            threads: self.threads,
            operations: sum(|b| b.counted().operations),
            conversions,
            codes_compared: sum(|b| b.counts.codes),
            volts_compared: sum(|b| b.counts.volts),
            pins_compared: sum(|b| b.counts.cycles),
            results_compared: sum(|b| b.counts.results),
            mismatches: sum(|b| b.mismatch_count),
            mismatch_details: details,
            worst_volt_error_uv: worst * 1e6,
            emulated,
            marginal_decisions: sum(|b| b.marginal_decisions),
            clipped_codes: sum(|b| b.counted().clipped),
            rule_violations: rules.values().sum(),
            rule_violations_by_name: rules,
            stall_cycles: sum(|b| b.counted().stall_cycles),
            predicted_stall_cycles: sum(|b| b.predicted.stall_cycles),
            cycles,
            compute_cycles: compute,
            cycles_per_second: cycles as f64 / seconds,
            gops: if compute > 0 { per_second / compute as f64 / 1e9 } else { 0.0 },
            tools: tools(),
            waves: None,
        }
    }
}

/// Versions of everything that shaped the models.
pub fn tools() -> Tools {
    Tools {
        capram: env!("CARGO_PKG_VERSION").into(),
        verilator: crate::dut::verilator_version(),
        compiler: env!("CAPRAM_COMPILER").into(),
    }
}
