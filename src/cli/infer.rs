//! `capram infer`: a network on images, by the ideal integers, the golden model or the RTL.

use super::common::{
    ConfigArguments, MAX_CHIP, check_distinct, check_output, cores, load_network, network_files,
    print, progress, progress_style, quoted,
};
use anyhow::{Context, bail};
use capram::config::Config;
use capram::dataset::{Dataset, Split};
use capram::infer::job::{Job, Progress, chips_checkpoint};
use capram::infer::{Backend, Inference, Outcome};
use capram::mapping::Mapping;
use capram::network::Network;
use capram::report::write_atomic;
use clap::ValueEnum;
use indicatif::ProgressBar;
use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    /// Network file, or the name of a built-in one
    #[arg(value_name = "NETWORK")]
    network: PathBuf,
    #[command(flatten)]
    config: ConfigArguments,
    /// Folder with MNIST (IDX, plain or .gz) or CIFAR-10 (binary), or `digits`, which is built in
    #[arg(long, value_name = "DIR", default_value = "digits")]
    data: PathBuf,
    /// Which part of the data
    #[arg(long, default_value = "test")]
    split: SplitName,
    /// Who computes the macro
    #[arg(long, default_value = "golden")]
    backend: BackendName,
    /// Images to run [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    limit: Option<u64>,
    /// Number of the first image
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1_000_000_000))]
    first: u64,
    /// Seed of chips and noise
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of the drawn chip: replays any chip of a Monte Carlo
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=MAX_CHIP))]
    chip: u64,
    /// Also the accuracy of so many chips, from number 0 on, with and without calibration (golden)
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    chips: Option<u64>,
    /// Accuracy in percent that a chip has to reach [default: 0.2 points below the ideal backend]
    #[arg(long, value_name = "PERCENT", requires = "chips")]
    yield_threshold: Option<f64>,
    /// Calibrate the ADCs first, or leave their tables neutral
    #[arg(long, default_value = "fitted")]
    calibration: CalibrationName,
    /// Threads; the results do not depend on them [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Keep finished images here, and with --chips finished chips in FILE.chips; an interrupted run
    /// goes on from there
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Write the waves of the first image through the RTL, with views for GTKWave and Surfer
    #[arg(long, value_name = "FILE.fst")]
    waves: Option<PathBuf>,
    /// Where the waves around a mismatch go
    #[arg(long, value_name = "FILE.fst", default_value = "capram-failure.fst")]
    failure_waves: PathBuf,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write image, label and prediction, one line each
    #[arg(long, value_name = "FILE.csv")]
    predictions: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum SplitName {
    Train,
    Test,
}

#[derive(Clone, Copy, ValueEnum)]
enum BackendName {
    Ideal,
    Golden,
    Rtl,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CalibrationName {
    Fitted,
    None,
}

impl Arguments {
    /// Runs, prints and writes; true if the backends agree and no rule was violated.
    pub fn run(self) -> anyhow::Result<bool> {
        let config = self.config.load_built()?;
        let network = load_network(&self.network)?;
        let dataset = self.dataset()?;
        dataset.check_fits(&network)?;
        let images = self.images(&dataset)?;
        let yield_threshold = self.yield_threshold()?;
        if self.chips.is_some() && config.geometry.columns_per_slice < 2 {
            bail!(
                "--chips: slices of 1 column make no differential pair, which calibration converts; \
                 allowed: a configuration with geometry.columns_per_slice 2 or 4"
            );
        }
        self.check_outputs()?;
        let mapping = Mapping::new(&network, &config.geometry)
            .with_context(|| self.network.display().to_string())?;
        let bar = progress(images.len() as u64, "images");
        let job = Job {
            inference: self.inference(&config, &network, &mapping, &dataset, images),
            split: self.split().0,
            chips: self.chips.unwrap_or(0),
            yield_threshold,
            waves: self.waves.clone(),
            failure_waves: self.failure_waves.clone(),
            command: self.command(),
        };
        let (report, outcome) = job.run(&|news| show(&bar, news))?;
        bar.finish_and_clear();
        if let Some(path) = &self.predictions {
            write_predictions(path, &dataset, &outcome)?;
        }
        if let Some(path) = &self.json {
            report.write_json(path)?;
        }
        print(&report)?;
        Ok(report.passed())
    }

    fn inference<'a>(
        &self,
        config: &'a Config,
        network: &'a Network,
        mapping: &'a Mapping,
        dataset: &'a Dataset,
        images: Range<usize>,
    ) -> Inference<'a> {
        Inference {
            config,
            network,
            program: &mapping.program,
            dataset,
            backend: match self.backend {
                BackendName::Ideal => Backend::Ideal,
                BackendName::Golden => Backend::Golden,
                BackendName::Rtl => Backend::Rtl,
            },
            seed: self.seed,
            chip: self.chip,
            calibrated: self.calibration == CalibrationName::Fitted,
            images,
            threads: self.threads.map_or_else(cores, usize::from),
            checkpoint: self.checkpoint.clone(),
        }
    }

    fn split(&self) -> (&'static str, Split) {
        match self.split {
            SplitName::Train => ("train", Split::Train),
            SplitName::Test => ("test", Split::Test),
        }
    }

    fn dataset(&self) -> anyhow::Result<Dataset> {
        let (_, split) = self.split();
        // A folder of that name can be given as ./digits.
        if self.data == Path::new("digits") {
            return Ok(Dataset::digits(split)?);
        }
        Ok(Dataset::open(&self.data, split)?)
    }

    /// The images that are wanted, of those that there are.
    fn images(&self, dataset: &Dataset) -> anyhow::Result<Range<usize>> {
        let (first, all) = (self.first as usize, dataset.len());
        if first >= all {
            bail!("--first {first}: {} has {all} images; allowed: 0..={}", dataset.name, all - 1);
        }
        let limit = self.limit.map_or(all, |limit| limit as usize);
        Ok(first..all.min(first + limit))
    }

    fn yield_threshold(&self) -> anyhow::Result<Option<f64>> {
        match self.yield_threshold {
            Some(percent) if !(0.0..=100.0).contains(&percent) => {
                bail!("--yield-threshold {percent}: allowed: 0..=100 percent")
            }
            given => Ok(given.map(|percent| percent / 100.0)),
        }
    }

    /// Refuses what could not be written, or would replace another output or the network, before
    /// minutes are spent on it.
    fn check_outputs(&self) -> anyhow::Result<()> {
        let chips = self.checkpoint.as_deref().filter(|_| self.chips.is_some());
        let asked = [&self.json, &self.predictions, &self.checkpoint].into_iter().flatten();
        let mut files: Vec<PathBuf> = asked.cloned().chain(chips.map(chips_checkpoint)).collect();
        for waves in self.waves.iter().chain([&self.failure_waves]) {
            let views = ["gtkw", "sucl"];
            if views.iter().any(|kind| waves.extension().is_some_and(|e| e == *kind)) {
                bail!("{}: is the name of a view; waves are .fst files", waves.display());
            }
            files.push(waves.clone());
            files.extend(views.map(|kind| waves.with_extension(kind)));
        }
        files.iter().try_for_each(|path| check_output(path))?;
        let data = std::fs::read_dir(&self.data).into_iter().flatten().flatten();
        files.extend(data.map(|entry| entry.path()));
        files.extend(network_files(&self.network));
        files.extend(self.config.file());
        check_distinct(&files)
    }

    /// The command line that gives this run again, less chip, backend and what it writes.
    fn command(&self) -> String {
        let mut words = format!("capram infer {} {}", quoted(&self.network), self.config.words());
        let mut option = |name: &str, value: String| {
            let _ = write!(words, " --{name} {value}"); // a String takes everything
        };
        option("data", quoted(&self.data));
        option("split", self.split().0.into());
        if let Some(limit) = self.limit {
            option("limit", limit.to_string());
        }
        if self.first > 0 {
            option("first", self.first.to_string());
        }
        option("seed", self.seed.to_string());
        words
    }
}

/// Says on a terminal what is being done.
fn show(bar: &ProgressBar, news: Progress) {
    match news {
        Progress::Images(finished) => bar.inc(finished as u64),
        Progress::Chips(chips) => {
            bar.set_style(progress_style("{bar:40} {pos}/{len} chips, {eta} left"));
            bar.set_length(chips);
            bar.set_position(0);
        }
        Progress::Chip => bar.inc(1),
    }
}

/// One line per image: the same bytes whatever the backend, if the predictions are.
fn write_predictions(path: &Path, dataset: &Dataset, outcome: &Outcome) -> anyhow::Result<()> {
    let mut text = String::from("image,label,prediction\n");
    for &(image, prediction) in &outcome.predictions {
        let label = dataset.labels[image];
        let _ = writeln!(text, "{image},{label},{prediction}"); // a String takes everything
    }
    Ok(write_atomic(path, text.as_bytes())?)
}
