//! A network on many drawn chips: what mismatch costs, and what calibration gets back.
//!
//! A chip's row depends on what is run, the seed and its number only. Finished rows may go to a
//! checkpoint file, so that an interrupted run goes on where it stopped.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::calibrate::Calibrator;
use super::run::{Work, check_images};
use super::{Executor, GoldenMachine, InferError, Tables};
use crate::characterize::metrics::Distribution;
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::dataset::Dataset;
use crate::golden::chip::Chip;
use crate::mapping::Program;
use crate::network::Network;

/// Images that a thread takes at once. [C] Some ten milliseconds.
const BATCH: usize = 32;

/// Chips, and what runs on each.
#[derive(Clone, Debug)]
pub struct Population<'a> {
    pub config: &'a Config,
    pub network: &'a Network,
    pub program: &'a Program,
    pub dataset: &'a Dataset,
    /// Numbers of the images, the same on every chip.
    pub images: Range<usize>,
    /// Seed of the population of chips and of the noise.
    pub seed: u64,
    pub first_chip: u64,
    pub chips: u64,
    /// Threads; 0 for one per core.
    pub threads: usize,
    /// Where finished chips are kept.
    pub checkpoint: Option<PathBuf>,
}

/// What a chip made of the images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChipRow {
    pub chip: u64,
    /// Images classified correctly with neutral tables.
    pub correct_before: u64,
    /// The same after calibration; `None` if the chip can not be calibrated.
    pub correct_after: Option<u64>,
    /// Calibration registers too small for what was fitted.
    pub saturated_registers: u64,
    /// Why the chip can not be calibrated.
    pub reason: Option<String>,
}

/// Accuracy over all chips.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Images on every chip.
    pub images: u64,
    /// In the order of chip numbers.
    pub rows: Vec<ChipRow>,
    /// Share of correct images before and after calibration; the latter of the chips that can be
    /// calibrated, `None` if there is no such chip.
    pub before: Option<Distribution>,
    pub after: Option<Distribution>,
    /// The chip that is right least often after calibration, one that can not be calibrated before
    /// all others.
    pub worst_chip: Option<u64>,
}

impl Spread {
    fn new(images: u64, rows: Vec<ChipRow>) -> Self {
        let share = |correct: u64| correct as f64 / images as f64;
        let before: Vec<f64> = rows.iter().map(|row| share(row.correct_before)).collect();
        let after: Vec<f64> = rows.iter().filter_map(|row| row.correct_after.map(share)).collect();
        let worst = rows.iter().min_by_key(|row| row.correct_after).map(|row| row.chip);
        let (before, after) = (Distribution::of(&before), Distribution::of(&after));
        Self { images, rows, before, after, worst_chip: worst }
    }

    /// Share of chips, before and after calibration, that classify at least the share `threshold`
    /// of the images correctly. One that can not be calibrated does not.
    pub fn yields(&self, threshold: f64) -> [f64; 2] {
        // A little slack against rounding: a threshold that is a number of images is reached by that number.
        let needed = threshold * self.images as f64 - 1e-6;
        let enough = |correct: u64| correct as f64 >= needed;
        let before = self.rows.iter().filter(|row| enough(row.correct_before)).count();
        let after = self.rows.iter().filter(|row| row.correct_after.is_some_and(enough)).count();
        [before, after].map(|chips| chips as f64 / self.rows.len().max(1) as f64)
    }
}

impl Population<'_> {
    /// Runs every chip that the checkpoint does not have yet; `finished` hears of each chip, from any
    /// thread.
    pub fn run(&self, finished: &(dyn Fn() + Sync)) -> Result<Spread, InferError> {
        check_images(self.network, self.dataset, &self.images)?;
        let calibrator = Calibrator::new(&self.config.geometry, self.program, self.seed)?;
        let Self { config, network, program, dataset, ref images, .. } = *self;
        let work = Work { config, network, program, dataset, images };
        let header = work.header("capram.inference-population/1", "golden", true, self.seed, None);
        let (checkpoint, known) =
            Checkpoint::open(self.checkpoint.as_deref(), &header, |_: &ChipRow| Ok(()))?;
        let mut rows: BTreeMap<u64, ChipRow> =
            known.into_iter().map(|row| (row.chip, row)).collect();
        let wanted = self.first_chip..self.first_chip + self.chips;
        rows.retain(|chip, _| wanted.contains(chip));
        rows.iter().for_each(|_| finished());
        let missing: Vec<u64> = wanted.filter(|chip| !rows.contains_key(chip)).collect();
        let one = |chip| {
            let row = self.chip(&calibrator, chip)?;
            checkpoint.append(&row)?;
            finished();
            Ok((chip, row))
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build()?;
        let new = pool
            .install(|| missing.into_par_iter().map(one).collect::<Result<Vec<_>, InferError>>())?;
        rows.extend(new);
        Ok(Spread::new(self.images.len() as u64, rows.into_values().collect()))
    }

    /// A chip that can not be calibrated is a result: there are such chips.
    fn chip(&self, calibrator: &Calibrator, number: u64) -> Result<ChipRow, InferError> {
        let Self { config, seed, .. } = *self;
        let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, seed, number));
        let correct_before = self.correct(&chip, number, &Tables::neutral(&config.geometry))?;
        let (correct_after, saturated_registers, reason) =
            match calibrator.fit_golden(config, &chip, seed, number) {
                Ok(calibrated) => {
                    let correct = self.correct(&chip, number, &calibrated.tables)?;
                    (Some(correct), calibrated.saturated(), None)
                }
                Err(InferError::Calibration(error)) => (None, 0, Some(error.to_string())),
                Err(error) => return Err(error),
            };
        Ok(ChipRow { chip: number, correct_before, correct_after, saturated_registers, reason })
    }

    /// Images that a chip with these tables classifies correctly.
    fn correct(&self, chip: &Arc<Chip>, number: u64, tables: &Tables) -> Result<u64, InferError> {
        let Self { config, program, seed, .. } = *self;
        let fresh = GoldenMachine::new(config, chip, seed, number, &program.sram, tables)?;
        let images: Vec<usize> = self.images.clone().collect();
        let batches = images.par_chunks(BATCH).map(|images| {
            let mut machine = fresh.clone();
            let mut executor = Executor::new(self.network, program);
            let mut correct = 0;
            for &image in images {
                let result = executor.run(&mut machine, image as u64, self.dataset.image(image))?;
                let label = usize::from(self.dataset.labels[image]);
                correct += u64::from(result.prediction == label);
            }
            Ok(correct)
        });
        Ok(batches.collect::<Result<Vec<u64>, InferError>>()?.iter().sum())
    }
}
