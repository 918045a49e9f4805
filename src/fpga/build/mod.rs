//! The bitstream of a board, made with open tools: the same inputs give the same file.
//!
//! Results appear whole or not at all in `<out>/<board>/`, and are not made again while their inputs
//! stay the same.

mod flow;
mod inputs;
mod nextpnr;
mod tools;
mod verdict;

pub use inputs::{Inputs, sha256};
pub use nextpnr::{Crossing, Placed, Synthesized, Usage};
pub use tools::{PACKAGES, Tools, VARIABLE};
pub use verdict::judge;

use super::board::Board;
use crate::report::fpga_build::FpgaBuildReport;
use std::path::{Path, PathBuf};

/// File of a build's report, beside its bitstream.
pub const REPORT: &str = "report.json";

/// Why there is no bitstream.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The tools could not be installed.
    #[error(
        "the tools cannot be installed: {0}; they are Python packages and need python3 with venv \
         (Debian: python3-venv) and a connection to a package index"
    )]
    Install(String),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A tool failed.
    #[error("{step} failed: {said}; all it said: {}", log.display())]
    Step {
        /// What it was to do.
        step: &'static str,
        /// The last it said.
        said: String,
        /// Where the rest is.
        log: PathBuf,
    },
    /// A tool wrote what cannot be read.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

impl BuildError {
    fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}

/// A bitstream to make.
pub struct Build<'a> {
    /// For which board.
    pub board: &'a Board,
    /// The board's file, by whose name the results are called.
    pub id: &'a str,
    /// With what.
    pub tools: &'a Tools,
    /// Folder of all boards' results.
    pub out: &'a Path,
}

impl Build<'_> {
    /// Builds, unless the results are up to date; `step` is told what happens next.
    pub fn run(&self, step: &dyn Fn(&str)) -> Result<FpgaBuildReport, BuildError> {
        let inputs = Inputs::collect(self.board)?;
        if let Some(report) = self.up_to_date(&inputs) {
            return Ok(report);
        }
        flow::build(self, &inputs, step)
    }

    /// Folder of this board's results.
    pub fn folder(&self) -> PathBuf {
        self.out.join(self.id)
    }

    /// The report of the results that are there, if these inputs made them and no file of them is
    /// missing or changed.
    pub fn up_to_date(&self, inputs: &Inputs) -> Option<FpgaBuildReport> {
        let folder = self.folder();
        let text = std::fs::read_to_string(folder.join(REPORT)).ok()?;
        let report: FpgaBuildReport = serde_json::from_str(&text).ok()?;
        let intact = report.files.iter().all(|(name, hash)| {
            std::fs::read(folder.join(name)).is_ok_and(|content| inputs::sha256(&content) == *hash)
        });
        (report.inputs == inputs.hash() && intact).then_some(report)
    }
}

#[cfg(test)]
mod tests;
