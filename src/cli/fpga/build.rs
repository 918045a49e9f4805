//! `capram fpga build`: a board's bitstream, checked against its budget.

use crate::cli::common::{check_output, print, progress_style};
use capram::fpga::board::Board;
use capram::fpga::build::{Build, Tools, VARIABLE};
use indicatif::ProgressBar;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

#[derive(clap::Args)]
pub struct Arguments {
    /// Board: a name of rtl/fpga/boards, or a file
    #[arg(long, value_name = "BOARD", default_value = "hx8k")]
    board: PathBuf,
    /// Folder of all boards' results, made if need be; they go into one named after the board
    #[arg(long, value_name = "DIR", default_value = "target/fpga")]
    out: PathBuf,
    /// Folder of the tools, installed there if missing [default: target/fpga-tools]
    #[arg(long, value_name = "DIR", env = VARIABLE)]
    tools: Option<PathBuf>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Arguments {
    /// Builds, writes and prints; true if timing, budget and primitives are as they must be.
    pub fn run(self) -> anyhow::Result<bool> {
        let (board, id) = Board::find(&self.board)?;
        if let Some(path) = &self.json {
            check_output(path)?;
        }
        let folder = self.tools.unwrap_or_else(Tools::default_folder);
        let tools = Tools::find(&folder, &|message| eprintln!("{message}"))?;
        let build = Build { board: &board, id: &id, tools: &tools, out: &self.out };
        let spinner = ProgressBar::new_spinner();
        spinner.set_style(progress_style("{spinner} {msg}, {elapsed}"));
        spinner.enable_steady_tick(Duration::from_millis(200));
        let report = build.run(&|step| {
            spinner.set_message(format!("{id}: {step}"));
            if !std::io::stderr().is_terminal() {
                eprintln!("{id}: {step}");
            }
        })?;
        spinner.finish_and_clear();
        if let Some(path) = &self.json {
            report.write_json(path)?;
        }
        print(&report)?;
        println!("\n{}", build.folder().join(&report.bitstream).display());
        Ok(report.passes())
    }
}
