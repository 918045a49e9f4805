//! Report of `capram fpga smoke`.

mod junit;
mod text;

use super::ConfigRow;
use super::atomic::{WriteError, write_atomic, write_json};
use crate::fpga::replay::Replayed;
use crate::fpga::smoke::{Check, Difference, Identity, Outcome, Plan, Verdict};
use serde::Serialize;
use std::path::Path;

/// A board's smoke test. As JSON it begins with `"schema": "capram.fpga-smoke/1"`; a field that is
/// renamed or changes its meaning needs a new number.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "schema", rename = "capram.fpga-smoke/1")]
pub struct SmokeReport {
    pub board: String,
    /// `simulation`, `virtual board` or the port.
    pub target: String,
    /// As the board says; nothing if none answered.
    pub build_hash: Option<String>,
    pub clock_hz: Option<u32>,
    pub baud: Option<u32>,
    pub config: ConfigRow,
    pub seed: u64,
    pub chip: u64,
    pub passed: bool,
    pub checks: Vec<CheckRow>,
    /// What the image takes on the board: computed from its cycles, not measured.
    pub image_time: Option<ImageTime>,
    pub replay: Vec<ReplayRow>,
    pub capram: String,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckRow {
    pub name: String,
    /// `passed`, `failed` or `skipped`.
    pub verdict: String,
    pub seconds: f64,
    /// Of the board's clock.
    pub cycles: Option<u64>,
    pub bytes: u64,
    pub detail: String,
    pub difference: Option<DifferenceRow>,
}

/// The first difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DifferenceRow {
    pub place: String,
    pub expected: String,
    pub got: String,
}

/// Computed time of loading and running an image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ImageTime {
    /// All of it: cycles at the board's clock.
    pub seconds: f64,
    /// The part of the serial line: bytes at the baud rate.
    pub line_seconds: f64,
}

/// A transcript played to a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplayRow {
    pub target: String,
    pub seconds: f64,
    pub compared: u64,
    pub differences: u64,
    pub first: Option<DifferenceRow>,
    /// Why it did not run to its end.
    pub error: Option<String>,
}

impl From<&Difference> for DifferenceRow {
    fn from(difference: &Difference) -> Self {
        let Difference { place, expected, got } = difference.clone();
        Self { place, expected, got }
    }
}

impl From<&Outcome> for CheckRow {
    fn from(outcome: &Outcome) -> Self {
        let (verdict, detail, difference) = match &outcome.verdict {
            Verdict::Passed(detail) => ("passed", detail.clone(), None),
            Verdict::Failed(found) => ("failed", String::new(), Some(found.into())),
            Verdict::Skipped(why) => ("skipped", why.clone(), None),
        };
        Self {
            name: outcome.check.name().into(),
            verdict: verdict.into(),
            seconds: outcome.seconds,
            cycles: outcome.cycles,
            bytes: outcome.traffic.sent + outcome.traffic.received,
            detail,
            difference,
        }
    }
}

impl ReplayRow {
    /// A replay that ended or did not.
    pub fn new(target: &str, seconds: f64, replayed: Result<Replayed, String>) -> Self {
        let (replayed, error) = match replayed {
            Ok(replayed) => (replayed, None),
            Err(error) => (Replayed::default(), Some(error)),
        };
        Self {
            target: target.into(),
            seconds,
            compared: replayed.compared,
            differences: replayed.differences,
            first: replayed.first.as_ref().map(Into::into),
            error,
        }
    }
}

impl SmokeReport {
    /// A report of a plan; checks and replays are added.
    pub fn new(plan: &Plan, board: &str, target: &str, identity: Option<Identity>) -> Self {
        let baud = |id: Identity| id.clock_hz.checked_div(id.clocks_per_bit.into());
        Self {
            board: board.into(),
            target: target.into(),
            build_hash: identity.map(|id| format!("{:08x}", id.build_hash)),
            clock_hz: identity.map(|id| id.clock_hz),
            baud: identity.and_then(baud),
            config: (&plan.config).into(),
            seed: plan.seed,
            chip: plan.chip,
            passed: false,
            checks: vec![],
            image_time: None,
            replay: vec![],
            capram: env!("CARGO_PKG_VERSION").into(),
        }
    }

    /// Adds what the checks gave. Nothing has passed unless something ran and nothing failed.
    pub fn add(&mut self, outcomes: &[Outcome]) {
        self.checks = outcomes.iter().map(Into::into).collect();
        self.passed = !outcomes.is_empty()
            && outcomes.iter().all(|o| matches!(o.verdict, Verdict::Passed(_)));
        self.image_time = outcomes.iter().find_map(|outcome| self.computed(outcome));
    }

    /// Adds a replay, which has to agree.
    pub fn add_replay(&mut self, row: ReplayRow) {
        let agrees = row.differences == 0 && row.error.is_none() && row.compared > 0;
        self.passed = agrees && (self.replay.is_empty() || self.passed);
        self.replay.push(row);
    }

    fn computed(&self, outcome: &Outcome) -> Option<ImageTime> {
        let passed = matches!(outcome.verdict, Verdict::Passed(_));
        let (Check::Image, true) = (outcome.check, passed) else { return None };
        let bytes = outcome.traffic.sent + outcome.traffic.received;
        let clock = self.clock_hz.filter(|&hz| hz > 0)?;
        let baud = self.baud.filter(|&baud| baud > 0)?;
        Some(ImageTime {
            seconds: outcome.cycles? as f64 / f64::from(clock),
            line_seconds: 10.0 * bytes as f64 / f64::from(baud),
        })
    }

    /// Writes the JSON, complete or not at all.
    pub fn write_json(&self, path: &Path) -> Result<(), WriteError> {
        write_json(path, self)
    }

    /// Writes the checks as JUnit XML, complete or not at all.
    pub fn write_junit(&self, path: &Path) -> Result<(), WriteError> {
        write_atomic(path, junit::xml(self).as_bytes())
    }
}
