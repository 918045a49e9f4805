//! A network on many images.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::accuracy::{Accuracy, confusion};
use super::batches::{self, Batch, Batches};
use super::calibrate::{Calibrated, Calibrator};
use super::factory::Prototype;
use super::header::Header;
#[cfg(feature = "verilator")]
use super::rtl;
use super::{
    Counts, Executor, Factory, Findings, GoldenMachine, IdealMachine, InferError, Tables,
    fingerprint,
};
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::dataset::Dataset;
use crate::golden::chip::Chip;
use crate::mapping::Program;
use crate::network::Network;
#[cfg(feature = "verilator")]
use crate::testbench::Sample;

/// Who computes the macro; `docs/networks.md`, section 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Exact sums, ideal codes.
    Ideal,
    /// The reference's closed forms.
    Golden,
    /// The Verilated macro in closed loop, compared.
    Rtl,
}

impl Backend {
    /// The name that options and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ideal => "ideal",
            Self::Golden => "golden",
            Self::Rtl => "rtl",
        }
    }
}

/// What to run, on what.
#[derive(Clone, Debug)]
pub struct Inference<'a> {
    pub config: &'a Config,
    pub network: &'a Network,
    pub program: &'a Program,
    pub dataset: &'a Dataset,
    pub backend: Backend,
    /// Seed of the population of chips and of the noise.
    pub seed: u64,
    /// Number of the chip.
    pub chip: u64,
    /// Whether the ADCs are calibrated first; the ideal backend never is.
    pub calibrated: bool,
    /// Numbers of the images.
    pub images: Range<usize>,
    /// Threads; 0 for one per core.
    pub threads: usize,
    /// Where finished batches are kept.
    pub checkpoint: Option<PathBuf>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Image and class, in order. All images, unless the RTL stopped: the findings say why.
    pub predictions: Vec<(usize, usize)>,
    pub accuracy: Accuracy,
    /// `[label][prediction]`.
    pub confusion: Vec<Vec<u64>>,
    /// Per layer of the network, over all images; zeros for those of the host.
    pub counts: Vec<Counts>,
    pub findings: Findings,
    /// The tables and their fit, if there are any.
    pub calibrated: Option<Calibrated>,
    /// Images that an earlier run had finished.
    pub resumed: usize,
    /// Wall time of the others, calibration not included.
    pub seconds: f64,
    /// Of the others; 0 if there are none.
    pub images_per_second: f64,
}

/// Someone who hears of finished images, from any thread.
pub type Listener<'a> = &'a (dyn Fn(usize) + Sync);

impl Inference<'_> {
    /// Runs all images that the checkpoint does not have yet.
    pub fn run(&self, finished: Listener) -> Result<Outcome, InferError> {
        check_images(self.network, self.dataset, &self.images)?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build()?;
        pool.install(|| match self.backend {
            Backend::Ideal => {
                let machine = IdealMachine::new(self.config.geometry, &self.program.sram)?;
                self.through(&Prototype(machine), None, finished)
            }
            Backend::Golden => self.golden(finished),
            Backend::Rtl => self.rtl(finished),
        })
    }

    fn golden(&self, finished: Listener) -> Result<Outcome, InferError> {
        let Self { config, seed, chip: number, .. } = *self;
        let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, seed, number));
        let calibrated =
            self.calibrate(|calibrator| calibrator.fit_golden(config, &chip, seed, number))?;
        let tables = self.tables(calibrated.as_ref());
        let machine = GoldenMachine::new(config, &chip, seed, number, &self.program.sram, &tables)?;
        self.through(&Prototype(machine), calibrated, finished)
    }

    /// Fitted tables if they are wanted.
    fn calibrate(
        &self,
        fit: impl FnOnce(&Calibrator) -> Result<Calibrated, InferError>,
    ) -> Result<Option<Calibrated>, InferError> {
        if !self.calibrated {
            return Ok(None);
        }
        fit(&Calibrator::new(&self.config.geometry, self.program, self.seed)?).map(Some)
    }

    fn tables(&self, calibrated: Option<&Calibrated>) -> Tables {
        let neutral = || Tables::neutral(&self.config.geometry);
        calibrated.map_or_else(neutral, |calibrated| calibrated.tables.clone())
    }

    /// Runs the images on a backend's machines.
    fn through<F: Factory>(
        &self,
        factory: &F,
        calibrated: Option<Calibrated>,
        finished: Listener,
    ) -> Result<Outcome, InferError> {
        let path = self.checkpoint.as_deref();
        let (checkpoint, known) = Checkpoint::open(path, &self.header(), |_: &Batch| Ok(()))?;
        let (dataset, images) = (self.dataset, self.images.clone());
        let batches = Batches { dataset, images, checkpoint: &checkpoint, finished };
        let layers = self.network.layers.len();
        let known: Vec<Batch> = known.into_iter().filter(|b| batches.has(b, layers)).collect();
        let resumed = known.iter().map(|batch| batch.predictions.len()).sum();
        finished(resumed);
        let begin = Instant::now();
        let executor = Executor::new(self.network, self.program);
        let (done, loading) = batches.run(factory, &executor, known)?;
        let mut outcome = self.outcome(done, calibrated, resumed, begin.elapsed().as_secs_f64());
        let images = std::mem::replace(&mut outcome.findings, loading);
        outcome.findings.add(images);
        Ok(outcome)
    }

    fn outcome(
        &self,
        done: Vec<Batch>,
        calibrated: Option<Calibrated>,
        resumed: usize,
        seconds: f64,
    ) -> Outcome {
        let mut predictions = Vec::with_capacity(self.images.len());
        let mut counts = vec![Counts::default(); self.network.layers.len()];
        let mut findings = Findings::default();
        for batch in done {
            predictions.extend((batch.first..).zip(batch.predictions));
            batches::add(&mut counts, &batch.counts);
            findings.add(batch.findings);
        }
        let label = |&(image, _): &(usize, usize)| self.dataset.labels[image];
        let labels: Vec<u8> = predictions.iter().map(label).collect();
        let classes: Vec<usize> = predictions.iter().map(|&(_, class)| class).collect();
        let run = predictions.len() - resumed;
        Outcome {
            accuracy: Accuracy::of(&classes, &labels),
            confusion: confusion(self.network.labels.len(), &classes, &labels),
            predictions,
            counts,
            findings,
            calibrated,
            resumed,
            seconds,
            images_per_second: if run > 0 { run as f64 / seconds } else { 0.0 },
        }
    }

    fn header(&self) -> Header {
        let calibrated = self.calibrated && self.backend != Backend::Ideal;
        let chip = Some(self.chip);
        let work = Work {
            config: self.config,
            network: self.network,
            program: self.program,
            dataset: self.dataset,
            images: &self.images,
        };
        work.header("capram.inference/1", self.backend.name(), calibrated, self.seed, chip)
    }
}

/// What every run of a network on images depends on.
pub(super) struct Work<'a> {
    pub(super) config: &'a Config,
    pub(super) network: &'a Network,
    pub(super) program: &'a Program,
    pub(super) dataset: &'a Dataset,
    pub(super) images: &'a Range<usize>,
}

impl Work<'_> {
    /// First line of its checkpoint.
    pub(super) fn header(
        &self,
        schema: &str,
        backend: &str,
        calibrated: bool,
        seed: u64,
        chip: Option<u64>,
    ) -> Header {
        let Self { config, network, program, dataset, images } = self;
        Header {
            schema: schema.into(),
            capram: env!("CARGO_PKG_VERSION").into(),
            network: network.name.clone(),
            network_fingerprint: fingerprint::of_work(network, program),
            config_fingerprint: config.fingerprint(),
            data: format!("{} ({} images)", dataset.name, dataset.len()),
            data_fingerprint: fingerprint::of_data(dataset),
            images: [images.start, images.end],
            rtl: option_env!("CAPRAM_RTL").filter(|_| backend == "rtl").map(Into::into),
            backend: backend.into(),
            calibrated,
            seed,
            chip,
        }
    }
}

/// Refuses images of another shape than the network takes, and images that are not there.
pub(super) fn check_images(
    network: &Network,
    dataset: &Dataset,
    images: &Range<usize>,
) -> Result<(), InferError> {
    let name = || dataset.name.clone();
    if dataset.shape != network.input.shape {
        let (images, network) = (dataset.shape, network.input.shape);
        return Err(InferError::ImageShape { name: name(), images, network });
    }
    if images.is_empty() || images.end > dataset.len() {
        let Range { start: first, end } = *images;
        return Err(InferError::Images { name: name(), images: dataset.len(), first, end });
    }
    Ok(())
}

#[cfg(not(feature = "verilator"))]
impl Inference<'_> {
    fn rtl(&self, _finished: Listener) -> Result<Outcome, InferError> {
        Err(InferError::NoRtl)
    }
}

#[cfg(feature = "verilator")]
impl Inference<'_> {
    /// The macro of the golden backend's chip, which goes beside it.
    fn rtl(&self, finished: Listener) -> Result<Outcome, InferError> {
        let Self { config, seed, chip: number, program, .. } = *self;
        let sample = Sample { seed, chip: number };
        let mut findings = Findings::default();
        let convert = |conversions: &_| rtl::convert(config, sample, conversions, &mut findings);
        let calibrated = self.calibrate(|calibrator| calibrator.fit(convert));
        // A macro at fault may well convert what no line can be fitted to: then the fault is the news.
        let calibrated = calibrated.map_err(|error| match findings.in_words() {
            Some(found) => InferError::FaultyCalibration { source: Box::new(error), found },
            None => error,
        })?;
        let tables = self.tables(calibrated.as_ref());
        let factory = rtl::RtlFactory::new(config, sample, program, &tables)?;
        let mut outcome = self.through(&factory, calibrated.clone(), finished)?;
        findings.add(std::mem::take(&mut outcome.findings));
        Ok(Outcome { findings, ..outcome })
    }
}
