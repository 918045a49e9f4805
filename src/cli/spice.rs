//! `capram spice`: charge sharing and conversions in ngspice against the golden reference.

use super::common::{ConfigArguments, MAX_CHIP, check_output, cores, make_folder, print, progress};
use capram::spice::{Ngspice, Sees, SpiceCheck};
use clap::ValueEnum;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Seed of the chips and of what they convert
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Chips to check, each with another slice, format and range
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    chips: u64,
    /// Number of the first chip: replays any chip of a longer run
    #[arg(long, value_name = "CHIP", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=MAX_CHIP))]
    first_chip: u64,
    /// Threads, each with an ngspice; the results do not depend on them [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Which voltage of its bit line an injection cell goes by: the specification's, or a
    /// transistor's, which the specification leaves out
    #[arg(long, value_name = "VOLTAGE", default_value = "before-firing")]
    cells_see: SeesName,
    /// Keep the decks and ngspice's output here; the folder is made if need be
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum SeesName {
    /// The bit line just before the firing, as the specification says
    BeforeFiring,
    /// The bit line at every moment of the firing
    Instantaneous,
}

impl From<SeesName> for Sees {
    fn from(name: SeesName) -> Self {
        match name {
            SeesName::BeforeFiring => Self::BeforeFiring,
            SeesName::Instantaneous => Self::Instantaneous,
        }
    }
}

impl Arguments {
    /// Runs, prints and writes; true if SPICE and the reference agree.
    pub fn run(self) -> anyhow::Result<bool> {
        let config = self.config.load()?;
        let ngspice = Ngspice::find()?;
        if let Some(path) = &self.json {
            check_output(path)?;
        }
        if let Some(folder) = &self.out {
            make_folder(folder)?;
        }
        let check = SpiceCheck {
            config: &config,
            seed: self.seed,
            chips: self.first_chip..self.first_chip + self.chips,
            threads: self.threads.map_or_else(cores, usize::from),
            ngspice: &ngspice,
            sees: self.cells_see.into(),
            out: self.out.clone(),
            alter: None,
        };
        let bar = progress(self.chips, "chips");
        let report = check.run(&|| bar.inc(1))?;
        bar.finish_and_clear();
        if let Some(path) = &self.json {
            report.write_json(path)?;
        }
        print(&report)?;
        Ok(report.matches())
    }
}
