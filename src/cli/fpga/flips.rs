//! `capram fpga flips`: does the smoke test find flipped bits?

use super::super::common::{check_distinct, check_output, cores, print, progress};
use super::built;
use anyhow::{Context, bail};
use capram::config::Config;
use capram::fpga::board::Board;
use capram::fpga::build::sha256;
use capram::fpga::flips::journal::{Heading, Journal};
use capram::fpga::flips::reach::{PROGRAM, Prover};
use capram::fpga::flips::{Flips, Means, News};
use capram::fpga::netlist::{Device, Unpacked};
use capram::fpga::smoke::Plan;
use capram::fpga::virtual_board::Cache;
use capram::report::fpga_flips::FlipsReport;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// Board with an iCE40: a name of rtl/fpga/boards, or a file
    #[arg(long, value_name = "BOARD", default_value = "hx8k")]
    board: PathBuf,
    /// Its bitstream [default: what `capram fpga build` made]
    #[arg(long, value_name = "FILE")]
    bitstream: Option<PathBuf>,
    /// How many bits that change behaviour
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    bits: u32,
    /// Seed of the draw and of the smoke test
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Percentage of them that has to be found
    #[arg(long, value_name = "PERCENT", default_value_t = 95, value_parser = clap::value_parser!(u8).range(0..=100))]
    require: u8,
    /// Bits at a time [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Where finished bits are kept, so that an interrupted run goes on [default: flips.journal
    /// beside the bitstream]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Write a line for every bit
    #[arg(long, value_name = "FILE.csv")]
    table: Option<PathBuf>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Arguments {
    /// Runs, writes and prints; true if enough was found.
    pub fn run(self) -> anyhow::Result<bool> {
        let (board, _) = Board::find(&self.board)?;
        let Some(device) = Device::named(&board.device) else {
            bail!("{}: bitstreams of {} are not unpacked", self.board.display(), board.device);
        };
        let bitstream = built(&self.board, self.bitstream.as_deref(), board.family.bitstream())?;
        let beside = || bitstream.with_file_name("flips.journal");
        let journal = self.journal.clone().unwrap_or_else(beside);
        let mut files = vec![journal.clone(), bitstream.clone()];
        files.extend([&self.table, &self.json].into_iter().flatten().cloned());
        check_distinct(&files)?;
        files.iter().filter(|file| **file != bitstream).try_for_each(|file| check_output(file))?;
        let plan = Plan::new(Config::builtin("fpga")?, self.seed, 0);
        let content = std::fs::read(&bitstream).with_context(|| bitstream.display().to_string())?;
        let hash = sha256(&content);
        let heading = Heading {
            bitstream: hash.clone(),
            seed: self.seed,
            capram: env!("CARGO_PKG_VERSION").into(),
        };
        let journal = Journal::open(&journal, &heading)
            .with_context(|| format!("the journal {}", journal.display()))?;
        let folder = tempfile::tempdir().context("a folder for the tools")?;
        let pins = folder.path().join("pins.pcf");
        std::fs::write(&pins, board.constraints()).context("a folder for the tools")?;
        let what = Unpacked { bitstream: &bitstream, device, package: &board.package, pins: &pins };
        let cache = Cache::find()?;
        let prover = Prover::find()
            .with_context(|| format!("{PROGRAM} is missing (Debian: apt-get install {PROGRAM})"))?;
        let bar = progress(self.bits.into(), "changes tested");
        let show = |news| {
            if matches!(news, News::Tested) {
                bar.inc(1);
            }
        };
        let means = Means {
            board: &board,
            plan: &plan,
            journal: &journal,
            cache: &cache,
            prover: &prover,
            progress: &show,
        };
        let threads = self.threads.map_or_else(cores, usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let rows = pool.install(|| {
            let path = folder.path();
            Flips::new(means, &what, path)?.run(self.bits as usize)
        });
        bar.finish_and_clear();
        let report = FlipsReport::new(&board.name, &hash, &plan, self.require.into(), &rows?);
        self.write(&report)?;
        print(&report)?;
        Ok(report.passed)
    }

    fn write(&self, report: &FlipsReport) -> anyhow::Result<()> {
        if let Some(path) = &self.table {
            report.write_table(path)?;
        }
        if let Some(path) = &self.json {
            report.write_json(path)?;
        }
        Ok(())
    }
}
