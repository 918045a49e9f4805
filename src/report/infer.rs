//! Report of `capram infer`.

mod population;
mod text;

pub use population::{ChipAccuracy, PopulationReport};

use super::atomic::{WriteError, write_json};
use super::cosim::{ConfigRow, Tools};
use crate::infer::Findings;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What an inference did and found. As JSON it begins with `"schema": "capram.infer/1"`; a field
/// that is renamed or changes its meaning needs a new number.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "schema", rename = "capram.infer/1")]
pub struct InferReport {
    pub network: NetworkRow,
    pub config: ConfigRow,
    pub data: DataRow,
    /// `ideal`, `golden` or `rtl`.
    pub backend: String,
    pub seed: u64,
    /// Number of the drawn chip; the ideal backend has none.
    pub chip: Option<u64>,
    /// Whether the ADCs' calibration was fitted and written.
    pub calibrated: bool,
    pub threads: usize,

    pub images: u64,
    pub correct: u64,
    /// Share of the images, 0..=1.
    pub accuracy: f64,
    /// 95 % Wilson interval of the accuracy.
    pub accuracy_interval: [f64; 2],
    /// Images by `[label][prediction]`.
    pub confusion: Vec<Vec<u64>>,
    pub labels: Vec<String>,

    pub operations: u64,
    /// Codes of active slices.
    pub conversions: u64,
    /// Those of 0 or 127.
    pub clipped_codes: u64,
    pub conversion_steps_per_image: u64,
    pub layers: Vec<LayerRow>,

    /// Figures of the RTL's pins over the first images.
    pub cost_images: u64,
    pub cycles_per_image: f64,
    /// At the configured phase clock.
    pub latency_us_per_image: f64,
    pub energy_nj_per_image: f64,
    /// By part of the macro.
    pub energy_parts_nj: BTreeMap<String, f64>,
    pub images_per_second: f64,
    /// Images that an interrupted run had finished before.
    pub resumed: u64,

    /// Calibration registers that were too small for what was fitted.
    pub calibration_saturated: u64,
    /// What was compared and found while the RTL ran: all images of the `rtl` backend, those whose
    /// cost was measured of the others.
    pub checks: Findings,
    /// Accuracy over drawn chips, if asked for.
    pub monte_carlo: Option<PopulationReport>,

    pub tools: Tools,
    /// The FST, if one was written.
    pub waves: Option<PathBuf>,
    /// The FST around the first finding.
    pub failure_waves: Option<PathBuf>,
}

/// Which network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkRow {
    pub name: String,
    pub source: Option<String>,
    /// Changes with every weight and every setting.
    pub fingerprint: String,
}

/// Which images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataRow {
    pub name: String,
    /// `train` or `test`.
    pub split: String,
    /// Images that there are.
    pub images: u64,
}

/// A layer that the macro computes, over all images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerRow {
    pub name: String,
    pub operations: u64,
    pub conversions: u64,
    pub clipped_codes: u64,
}

impl InferReport {
    /// Whether the backends agree and no rule was violated. Accuracy is a figure, not a verdict.
    pub fn passed(&self) -> bool {
        self.checks.passed()
    }

    /// Writes the JSON, complete or not at all.
    pub fn write_json(&self, path: &Path) -> Result<(), WriteError> {
        write_json(path, self)
    }
}
