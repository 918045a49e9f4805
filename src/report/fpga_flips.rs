//! Report of `capram fpga flips`.

use super::atomic::{WriteError, write_atomic, write_json};
use crate::fpga::flips::{Effect, Row};
use crate::fpga::smoke::Plan;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::Path;

/// What flipped bits do. As JSON it begins with `"schema": "capram.fpga-flips/1"`; a field that is
/// renamed or changes its meaning needs a new number.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "schema", rename = "capram.fpga-flips/1")]
pub struct FlipsReport {
    pub board: String,
    /// SHA-256 of the bitstream.
    pub bitstream: String,
    pub seed: u64,
    /// Bits that were drawn: the sum of the next five.
    pub drawn: usize,
    /// The netlist stays the same.
    pub unused: usize,
    /// Cells differ, and no pin can tell.
    pub hidden: usize,
    /// The tools cannot read the bitstream any more.
    pub unreadable: usize,
    /// All checks pass, and it is proved that only what never occurs would tell.
    pub unreachable: usize,
    /// Behaviour changes.
    pub changed: usize,
    /// Of those, the ones that the smoke test finds.
    pub found: usize,
    pub found_percent: f64,
    /// Least that is asked for.
    pub required_percent: f64,
    pub passed: bool,
    /// How many each check found, `start` where nothing answers.
    pub found_by: BTreeMap<String, usize>,
    /// Changes of behaviour that were not found: tile and bit.
    pub missed: Vec<String>,
    pub bits: Vec<FlipRow>,
    pub capram: String,
}

/// A flipped bit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlipRow {
    pub bit: String,
    #[serde(flatten)]
    pub effect: Effect,
}

impl FlipsReport {
    pub fn new(board: &str, bitstream: &str, plan: &Plan, required: f64, rows: &[Row]) -> Self {
        let count =
            |which: &dyn Fn(&Effect) -> bool| rows.iter().filter(|row| which(&row.effect)).count();
        let mut found_by = BTreeMap::new();
        for row in rows {
            if let Effect::Found { by, .. } = &row.effect {
                *found_by.entry(by.clone()).or_insert(0) += 1;
            }
        }
        let changed = count(&Effect::changes);
        let found = found_by.values().sum();
        let found_percent = 100.0 * found as f64 / changed.max(1) as f64;
        let missed = rows.iter().filter(|row| row.effect == Effect::Missed);
        Self {
            board: board.into(),
            bitstream: bitstream.into(),
            seed: plan.seed,
            drawn: rows.len(),
            unused: count(&|effect| *effect == Effect::Unused),
            hidden: count(&|effect| *effect == Effect::Hidden),
            unreadable: count(&|effect| matches!(effect, Effect::Unreadable { .. })),
            unreachable: count(&|effect| *effect == Effect::Unreachable),
            changed,
            found,
            found_percent,
            required_percent: required,
            passed: found_percent >= required,
            found_by,
            missed: missed.map(|row| row.bit.to_string()).collect(),
            bits: rows
                .iter()
                .map(|row| FlipRow { bit: row.bit.to_string(), effect: row.effect.clone() })
                .collect(),
            capram: env!("CARGO_PKG_VERSION").into(),
        }
    }

    /// Writes it as JSON.
    pub fn write_json(&self, path: &Path) -> Result<(), WriteError> {
        write_json(path, self)
    }

    /// Writes a line for every bit: `bit,effect,found_by,detail`.
    pub fn write_table(&self, path: &Path) -> Result<(), WriteError> {
        let mut text = String::from("bit,effect,found_by,detail\n");
        for FlipRow { bit, effect } in &self.bits {
            let (name, by, detail) = match effect {
                Effect::Unused => ("unused", "", ""),
                Effect::Hidden => ("hidden", "", ""),
                Effect::Unreadable { why } => ("unreadable", "", why.as_str()),
                Effect::Found { by, detail } => ("found", by.as_str(), detail.as_str()),
                Effect::Unreachable => ("unreachable", "", ""),
                Effect::Missed => ("missed", "", ""),
            };
            let _ = writeln!(text, "{bit},{name},{by},\"{}\"", detail.replace('"', "\"\""));
        }
        write_atomic(path, text.as_bytes())
    }
}

impl fmt::Display for FlipsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "capram fpga flips: {}", if self.passed { "passed" } else { "FAILED" })?;
        writeln!(f, "  board      {}", self.board)?;
        writeln!(f, "  bitstream  {}", &self.bitstream[..16.min(self.bitstream.len())])?;
        writeln!(f, "  run        seed {}", self.seed)?;
        writeln!(f, "  tools      capram {}\n", self.capram)?;
        writeln!(f, "  {:>5} bits of used tiles drawn", self.drawn)?;
        writeln!(f, "  {:>5} unused: the netlist stays the same", self.unused)?;
        writeln!(f, "  {:>5} hidden: cells differ, no pin can tell", self.hidden)?;
        writeln!(f, "  {:>5} unreadable by the tools", self.unreadable)?;
        writeln!(f, "  {:>5} unreachable: proved that no pin ever tells", self.unreachable)?;
        writeln!(f, "  {:>5} change behaviour", self.changed)?;
        writeln!(
            f,
            "  {:>5} of those found, {:.1} % (at least {} % wanted)",
            self.found, self.found_percent, self.required_percent
        )?;
        for (check, count) in &self.found_by {
            writeln!(f, "  {count:>9} by {check}")?;
        }
        if !self.missed.is_empty() {
            writeln!(f, "\nNot found:")?;
        }
        self.missed.iter().try_for_each(|bit| writeln!(f, "  {bit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fpga::flips::asc::bits_of_used_tiles;

    #[test]
    fn counts_and_table_say_what_was_found() {
        let bits = bits_of_used_tiles(".logic_tile 1 2\n10000\n");
        let found = Effect::Found { by: "march".into(), detail: "row 1, \"0\"".into() };
        let effects = [Effect::Unused, Effect::Hidden, found.clone(), Effect::Missed, found];
        let rows: Vec<Row> =
            bits.into_iter().zip(effects).map(|(bit, effect)| Row { bit, effect }).collect();
        let plan = Plan::new(crate::config::Config::builtin("fpga").unwrap(), 1, 0);
        let report = FlipsReport::new("b", "0123", &plan, 95.0, &rows);
        assert_eq!((report.drawn, report.changed, report.found), (5, 3, 2));
        assert!(!report.passed, "{}", report.found_percent);
        assert_eq!(report.missed, ["logic_tile 1 2 B0[3]"]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        report.write_table(&path).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let line = "logic_tile 1 2 B0[2],found,march,\"row 1, \"\"0\"\"\"";
        assert_eq!(text.lines().nth(3), Some(line));
    }
}
