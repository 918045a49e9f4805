//! Report of `capram fpga build`.

use super::atomic::{WriteError, write_json};
use super::text::{Block, grouped};
use crate::fpga::board::{Board, VirtualBoard};
use crate::fpga::build::{Inputs, PACKAGES};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// A board's bitstream: what it is made of, takes and reaches. As JSON it begins with
/// `"schema": "capram.fpga-build/1"`; a field that is renamed or changes its meaning needs a new
/// number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "schema", rename = "capram.fpga-build/1")]
pub struct FpgaBuildReport {
    /// Name of the board's file.
    pub board: String,
    /// Name for people.
    pub name: String,
    pub number: u64,
    pub device: String,
    pub package: String,
    pub clock_hz: u64,
    pub clocks_per_bit: u64,
    pub timeout_log2: u64,
    pub virtual_board: VirtualBoard,
    /// Arguments of openFPGALoader before the bitstream's name.
    pub programmer: Vec<String>,
    /// SHA-256 of sources, board, tools and options, and the part of it that the board knows.
    pub inputs: String,
    pub build_hash: u32,
    /// The bitstream's file, beside this report.
    pub bitstream: String,
    /// SHA-256 of every file by name.
    pub files: BTreeMap<String, String>,
    pub cells: Vec<CellRow>,
    pub clocks: Vec<ClockRow>,
    /// The longest path in either direction between the clocks.
    pub crossings: Vec<CrossingRow>,
    pub primitives: Vec<PrimitiveRow>,
    /// Of the build that made the files.
    pub steps: Vec<StepRow>,
    /// What is not as it must be.
    pub failures: Vec<String>,
    /// Versions by name.
    pub tools: BTreeMap<String, String>,
}

/// Cells that a design takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellRow {
    pub name: String,
    pub used: u64,
    pub budget: u64,
    pub available: u64,
}

/// A clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockRow {
    /// `board` or `macro`.
    pub clock: String,
    /// As nextpnr calls it.
    pub name: String,
    pub achieved_mhz: f64,
    pub required_mhz: f64,
}

/// The longest path from one clock to the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrossingRow {
    pub from: String,
    pub to: String,
    pub delay_ns: f64,
    pub allowed_ns: f64,
}

/// A kind of primitive, counted twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrimitiveRow {
    pub name: String,
    pub synthesized: u64,
    pub placed: u64,
    /// As the board's file says, if it does.
    pub wanted: Option<u64>,
}

/// A step of the build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRow {
    pub name: String,
    pub seconds: f64,
}

impl FpgaBuildReport {
    /// A report without figures.
    pub fn new(board: &Board, id: &str, inputs: &Inputs) -> Self {
        let capram = ("capram".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let packages = PACKAGES.map(|(name, version)| (name.to_owned(), version.to_owned()));
        Self {
            board: id.into(),
            name: board.name.clone(),
            number: board.number,
            device: board.device.clone(),
            package: board.package.clone(),
            clock_hz: board.clock_hz,
            clocks_per_bit: board.clocks_per_bit,
            timeout_log2: board.timeout_log2,
            virtual_board: board.virtual_board,
            programmer: board.programmer.clone(),
            inputs: inputs.hash(),
            build_hash: inputs.build_hash(),
            bitstream: String::new(),
            files: BTreeMap::new(),
            cells: vec![],
            clocks: vec![],
            crossings: vec![],
            primitives: vec![],
            steps: vec![],
            failures: vec![],
            tools: packages.into_iter().chain([capram]).collect(),
        }
    }

    /// Whether timing, budget and primitives are as they must be.
    pub fn passes(&self) -> bool {
        self.failures.is_empty()
    }

    /// Writes the JSON, complete or not at all.
    pub fn write_json(&self, path: &Path) -> Result<(), WriteError> {
        write_json(path, self)
    }

    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passes() { "passed" } else { "FAILED" };
        writeln!(f, "capram fpga build: {verdict}")?;
        writeln!(
            f,
            "  board     {} ({}): {} {}",
            self.board, self.name, self.device, self.package
        )?;
        let baud = self.clock_hz as f64 / self.clocks_per_bit as f64;
        writeln!(
            f,
            "  clock     {} Hz, host link {} baud",
            grouped(self.clock_hz),
            grouped(baud as u64)
        )?;
        let hash = self.files.get(&self.bitstream).map_or("", |hash| &hash[..16]);
        writeln!(f, "  bitstream {} (SHA-256 {hash}...)", self.bitstream)?;
        writeln!(f, "  inputs    {}, BUILD_HASH {:#010x}", &self.inputs[..16], self.build_hash)?;
        let tools: Vec<String> =
            self.tools.iter().map(|(name, version)| format!("{name} {version}")).collect();
        writeln!(f, "  tools     {}", tools.join(", "))
    }

    fn write_cells(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![];
        for cells in &self.cells {
            let share = 100.0 * cells.used as f64 / cells.available.max(1) as f64;
            let (budget, available) = (grouped(cells.budget), grouped(cells.available));
            let remark = format!("of {available} ({share:.1} %), budget {budget}");
            rows.push((cells.name.as_str(), grouped(cells.used), remark));
        }
        for of in &self.primitives {
            let wanted = of.wanted.map_or(String::new(), |wanted| format!(", {wanted} expected"));
            let remark = format!("{} after synthesis{wanted}", of.synthesized);
            rows.push((of.name.as_str(), grouped(of.placed), remark));
        }
        Block { heading: "Cells", rows }.write(f)
    }

    fn write_timing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> =
            self.clocks.iter().map(|row| format!("{}'s clock", row.clock)).collect();
        let paths: Vec<String> =
            self.crossings.iter().map(|row| format!("{} to {}", row.from, row.to)).collect();
        let clocks = self.clocks.iter().zip(&names).map(|(row, name)| {
            (
                name.as_str(),
                format!("{:.2}", row.achieved_mhz),
                format!("MHz, needed {:.2}", row.required_mhz),
            )
        });
        let crossings = self.crossings.iter().zip(&paths).map(|(row, name)| {
            (
                name.as_str(),
                format!("{:.2}", row.delay_ns),
                format!("ns, allowed {:.2}", row.allowed_ns),
            )
        });
        Block { heading: "Timing", rows: clocks.chain(crossings).collect() }.write(f)
    }
}

impl fmt::Display for FpgaBuildReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        self.write_cells(f)?;
        self.write_timing(f)?;
        let steps = self.steps.iter();
        let rows =
            steps.map(|s| (s.name.as_str(), format!("{:.1}", s.seconds), "s".into())).collect();
        Block { heading: "Build", rows }.write(f)?;
        if !self.passes() {
            writeln!(f, "\nFailures")?;
        }
        self.failures.iter().try_for_each(|failure| writeln!(f, "  {failure}"))
    }
}
