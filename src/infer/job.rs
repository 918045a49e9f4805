//! A whole `capram infer`: images, cost, waves, chips, and the report of it all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::cost::Cost;
use super::monte_carlo::{ChipRow, Population, Spread};
use super::rtl::{self, RtlMachine, Setup};
use super::{Backend, Executor, Findings, Inference, Outcome, Place, Tables, fingerprint};
use crate::cosim::tools;
use crate::network::LayerKind;
use crate::report::infer::{
    ChipAccuracy, DataRow, InferReport, LayerRow, NetworkRow, PopulationReport,
};
use crate::testbench::Sample;

/// Images whose cycles and energy are measured. [C] Both vary little: words that do not change are
/// not written again, and empty pixels cost less.
const COST_IMAGES: usize = 4;
/// What a chip may lose against the ideal backend and count as good. [C]
const LOSS: f64 = 0.002;

/// What to do beside the inference itself.
pub struct Job<'a> {
    pub inference: Inference<'a>,
    /// `train` or `test`.
    pub split: &'a str,
    /// Chips of the Monte Carlo; 0 for none.
    pub chips: u64,
    /// Accuracy, 0..=1, that a chip has to reach.
    pub yield_threshold: Option<f64>,
    /// Waves of the first image through the RTL.
    pub waves: Option<PathBuf>,
    /// Waves of the first finding.
    pub failure_waves: PathBuf,
    /// The command line of this run, less backend, chip and what it writes: for the replay of a chip.
    pub command: String,
}

/// Where a job keeps finished chips: beside the checkpoint of its images.
pub fn chips_checkpoint(images: &Path) -> PathBuf {
    let mut name = images.as_os_str().to_owned();
    name.push(".chips");
    name.into()
}

/// What is being done, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many more images are finished.
    Images(usize),
    /// Images are done; now so many chips.
    Chips(u64),
    /// One more chip is finished.
    Chip,
}

impl Job<'_> {
    /// Does it all. Findings of the RTL are part of the report, not errors.
    pub fn run(
        &self,
        listen: &(dyn Fn(Progress) + Sync),
    ) -> anyhow::Result<(InferReport, Outcome)> {
        let inference = &self.inference;
        let outcome = inference.run(&|images| listen(Progress::Images(images)))?;
        let neutral = || Tables::neutral(&inference.config.geometry);
        let tables = outcome.calibrated.as_ref().map_or_else(neutral, |c| c.tables.clone());
        let setup = Setup {
            config: inference.config,
            sample: Sample { seed: inference.seed, chip: inference.chip },
            sram: &inference.program.sram,
            tables: &tables,
        };
        let (cost, found) = self.cost(&setup)?;
        let mut outcome = outcome;
        // The images that were measured are among those of the RTL backend: they count once.
        let counted = inference.backend == Backend::Rtl && found.passed();
        if outcome.findings.passed() && !counted {
            outcome.findings.add(found);
        }
        let failure_waves = outcome.findings.first.and_then(|place| self.failure(&setup, place));
        let waves = self.waves(&setup)?;
        let monte_carlo = if self.chips > 0 { Some(self.population(listen)?) } else { None };
        let report =
            InferReport { waves, failure_waves, monte_carlo, ..self.report(&outcome, &cost) };
        Ok((report, outcome))
    }

    /// An image of the data on a macro.
    fn image(&self, machine: &mut RtlMachine, number: usize) -> anyhow::Result<()> {
        let Inference { network, program, dataset, .. } = self.inference;
        let mut executor = Executor::new(network, program);
        executor.run(machine, number as u64, dataset.image(number))?;
        Ok(())
    }

    /// Waves of a finding; it stands even where they can not be written.
    fn failure(&self, setup: &Setup, place: Place) -> Option<PathBuf> {
        let number = place.image.unwrap_or(0) as usize;
        let path = &self.failure_waves;
        let image = |machine: &mut RtlMachine| self.image(machine, number);
        let written = match place.cycle {
            // A read that differs although the lockstep comparison found nothing: the whole image.
            None => self.trace(setup, path, number),
            Some(cycle) => {
                let steps = self.inference.program.conversion_steps;
                let conversion = place.image.map(|image| image * steps);
                let finding = rtl::Finding { conversion, cycle, slice: place.slice };
                rtl::repeat(setup, &finding, path, image)
            }
        };
        match written {
            Ok(()) => Some(path.clone()),
            Err(error) => {
                eprintln!("capram: no waves of the failure: {error:#}");
                None
            }
        }
    }

    /// Waves of the first image, if they are wanted.
    fn waves(&self, setup: &Setup) -> anyhow::Result<Option<PathBuf>> {
        let Some(path) = &self.waves else { return Ok(None) };
        self.trace(setup, path, self.inference.images.start)?;
        Ok(Some(path.clone()))
    }

    fn trace(&self, setup: &Setup, path: &Path, number: usize) -> anyhow::Result<()> {
        let Inference { program, network, .. } = self.inference;
        let name = |layer: usize| network.layers[layer].name.clone();
        rtl::trace(setup, program, &name, path, |machine| self.image(machine, number))
    }

    fn cost(&self, setup: &Setup) -> anyhow::Result<(Cost, Findings)> {
        let first = self.inference.images.start;
        let images = self.inference.images.len().min(COST_IMAGES) as u64;
        let steps = self.inference.program.conversion_steps;
        Cost::measure(setup, images, steps, |machine, n| self.image(machine, first + n as usize))
            .context("measuring cycles and energy of the first images")
    }

    fn population(&self, listen: &(dyn Fn(Progress) + Sync)) -> anyhow::Result<PopulationReport> {
        let Inference { config, network, program, dataset, seed, threads, .. } = self.inference;
        let images = self.inference.images.clone();
        listen(Progress::Chips(self.chips));
        let checkpoint = self.inference.checkpoint.as_deref().map(chips_checkpoint);
        let population = Population {
            config,
            network,
            program,
            dataset,
            images,
            seed,
            first_chip: 0,
            chips: self.chips,
            threads,
            checkpoint,
        };
        let spread = population.run(&|| listen(Progress::Chip))?;
        let ideal = Inference {
            backend: Backend::Ideal,
            checkpoint: None,
            images: self.inference.images.clone(),
            ..self.inference
        };
        let ideal = ideal.run(&|_| ())?.accuracy.share;
        Ok(self.population_report(spread, ideal))
    }

    fn population_report(&self, spread: Spread, ideal_accuracy: f64) -> PopulationReport {
        let yield_threshold = self.yield_threshold.unwrap_or(ideal_accuracy - LOSS);
        let [yield_uncalibrated, yield_calibrated] = spread.yields(yield_threshold);
        let worst_chip = spread.worst_chip.unwrap_or(0);
        let lost = |row: &ChipRow| row.chip == worst_chip && row.correct_after.is_none();
        // A chip that can not be calibrated runs with neutral tables only.
        let tables = if spread.rows.iter().any(lost) { " --calibration none" } else { "" };
        let share = |correct: u64| correct as f64 / spread.images as f64;
        let row = |row: &ChipRow| ChipAccuracy {
            chip: row.chip,
            calibrated: row.correct_after.map(share),
            uncalibrated: share(row.correct_before),
            reason: row.reason.clone(),
        };
        PopulationReport {
            chips: self.chips,
            images: spread.images,
            ideal_accuracy,
            rows: spread.rows.iter().map(row).collect(),
            calibrated: spread.after,
            uncalibrated: spread.before,
            yield_threshold,
            yield_calibrated,
            yield_uncalibrated,
            worst_chip,
            replay: format!("{} --chip {worst_chip}{tables} --backend rtl", self.command),
        }
    }

    fn report(&self, outcome: &Outcome, cost: &Cost) -> InferReport {
        let Inference { config, network, program, dataset, backend, seed, chip, .. } =
            self.inference;
        let parts = cost.parts_nj().map(|(name, nj)| (name.to_owned(), nj));
        let total = |count: fn(&super::Counts) -> u64| outcome.counts.iter().map(count).sum();
        let accuracy = &outcome.accuracy;
        InferReport {
            network: NetworkRow {
                name: network.name.clone(),
                source: network.source.clone(),
                fingerprint: fingerprint::of_work(network, program),
            },
            config: config.into(),
            data: DataRow {
                name: dataset.name.clone(),
                split: self.split.into(),
                images: dataset.len() as u64,
            },
            backend: backend.name().into(),
            seed,
            chip: (backend != Backend::Ideal).then_some(chip),
            calibrated: outcome.calibrated.is_some(),
            threads: self.inference.threads,
            images: accuracy.images,
            correct: accuracy.correct,
            accuracy: accuracy.share,
            accuracy_interval: [accuracy.low, accuracy.high],
            confusion: outcome.confusion.clone(),
            labels: network.labels.clone(),
            operations: total(|c| c.operations),
            conversions: total(|c| c.conversions),
            clipped_codes: total(|c| c.clipped),
            conversion_steps_per_image: program.conversion_steps,
            layers: self.layers(outcome),
            cost_images: cost.images,
            cycles_per_image: cost.cycles,
            latency_us_per_image: cost.latency_us,
            energy_nj_per_image: cost.energy_nj(),
            energy_parts_nj: BTreeMap::from(parts),
            images_per_second: outcome.images_per_second,
            resumed: outcome.resumed as u64,
            calibration_saturated: outcome.calibrated.as_ref().map_or(0, |c| c.saturated()),
            checks: outcome.findings.clone(),
            monte_carlo: None,
            tools: tools(),
            waves: None,
            failure_waves: None,
        }
    }

    /// Layers that the macro computes.
    fn layers(&self, outcome: &Outcome) -> Vec<LayerRow> {
        let layers = self.inference.network.layers.iter().zip(&outcome.counts);
        let computed = layers.filter(|(layer, _)| matches!(layer.kind, LayerKind::Matrix(_)));
        let row = |(layer, counts): (&crate::network::Layer, &super::Counts)| LayerRow {
            name: layer.name.clone(),
            operations: counts.operations,
            conversions: counts.conversions,
            clipped_codes: counts.clipped,
        };
        computed.map(row).collect()
    }
}
