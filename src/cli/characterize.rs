//! `capram characterize`: figures of merit of a macro, through the golden model or the RTL.

use super::common::{
    ConfigArguments, MAX_CHIP, RangeName, check_distinct, check_output, cores, make_folder, print,
    progress_style,
};
use capram::characterize::run::{Backend, Characterization, Characterized, Progress};
use capram::characterize::{dump, published};
use capram::config::Range;
use capram::report::write_atomic;
use capram::testbench::Sample;
use clap::ValueEnum;
use indicatif::ProgressBar;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Conversion range [default: the widest that the rows fill]
    #[arg(long)]
    range: Option<RangeName>,
    /// Seed of chips, noise and random samples
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of the chip that is measured in detail: replays any chip of a Monte Carlo
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=MAX_CHIP))]
    chip: u64,
    /// Chips of a Monte Carlo, from number 0 on
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    chips: Option<u64>,
    /// Who converts the chip that is measured in detail
    #[arg(long, default_value = "golden")]
    backend: BackendName,
    /// Threads; the results do not depend on them [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Keep finished chips here, and go on from there after an interruption
    #[arg(long, value_name = "FILE", requires = "chips")]
    checkpoint: Option<PathBuf>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as one HTML page, DIR/index.html; the folder is made if need be
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Write raw codes and inputs of the chip
    #[arg(long, value_name = "FILE.npz")]
    histogram: Option<PathBuf>,
    /// Write the table 'paper against model' as Markdown
    #[arg(long, value_name = "FILE.md")]
    paper: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum BackendName {
    Golden,
    Rtl,
}

impl Arguments {
    /// Runs, prints and writes; true if the backends agree and no rule was violated.
    pub fn run(self) -> anyhow::Result<bool> {
        let config = self.config.load_built()?;
        self.check_outputs()?;
        let threads = self.threads.map_or_else(cores, usize::from);
        let characterization = Characterization {
            config: &config,
            range: self.range.map(Range::from),
            sample: Sample { seed: self.seed, chip: self.chip },
            backend: match self.backend {
                BackendName::Golden => Backend::Golden,
                BackendName::Rtl => Backend::Rtl,
            },
            chips: self.chips.unwrap_or(0),
            checkpoint: self.checkpoint.clone(),
            threads,
            command: self.command(),
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let bar = ProgressBar::new(0);
        let done = pool.install(|| characterization.run(&|news| show(&bar, news)))?;
        bar.finish_and_clear();
        self.write(&done)?;
        print(&done.report)?;
        Ok(done.report.passed())
    }

    /// The command line that gives this report again, without where it goes and how fast.
    fn command(&self) -> String {
        let mut words = vec![format!("capram characterize {}", self.config.words())];
        let mut option = |name: &str, value: Option<String>| {
            words.extend(value.map(|value| format!("--{name} {value}")));
        };
        let name = |value: clap::builder::PossibleValue| value.get_name().to_owned();
        option("range", self.range.and_then(|v| v.to_possible_value()).map(name));
        option("seed", Some(self.seed.to_string()));
        option("chip", Some(self.chip.to_string()));
        option("chips", self.chips.map(|v| v.to_string()));
        option("backend", self.backend.to_possible_value().map(name));
        words.join(" ")
    }

    /// Refuses what could not be written before minutes are spent on it.
    fn check_outputs(&self) -> anyhow::Result<()> {
        let mut files: Vec<PathBuf> = [&self.json, &self.histogram, &self.paper, &self.checkpoint]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        files.iter().try_for_each(|path| check_output(path))?;
        if let Some(folder) = &self.report {
            make_folder(folder)?;
            let page = folder.join("index.html");
            check_output(&page)?;
            files.push(page);
        }
        check_distinct(&files)
    }

    fn write(&self, done: &Characterized) -> anyhow::Result<()> {
        let Characterized { report, stimuli, codes, calibration } = done;
        if let Some(path) = &self.histogram {
            dump::write(path, stimuli, codes, calibration)?;
        }
        if let Some(path) = &self.paper {
            write_atomic(path, published::markdown(report).as_bytes())?;
        }
        if let Some(folder) = &self.report {
            report.write_html(folder)?;
        }
        if let Some(path) = &self.json {
            report.write_json(path)?;
        }
        Ok(())
    }
}

/// Says on a terminal what is being done.
fn show(bar: &ProgressBar, news: Progress) {
    match news {
        Progress::Stage(name) => {
            bar.set_style(progress_style("{spinner} {msg}"));
            bar.set_message(name);
            bar.tick();
        }
        Progress::Chips(chips) => {
            bar.set_style(progress_style("{bar:40} {pos}/{len} chips, {eta} left"));
            bar.set_length(chips);
        }
        Progress::Chip => bar.inc(1),
    }
}
