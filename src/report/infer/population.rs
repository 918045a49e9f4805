//! Accuracy over drawn chips.

use crate::characterize::metrics::Distribution;
use serde::Serialize;

/// A Monte Carlo over chips on the golden backend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PopulationReport {
    /// Chips 0..`chips` of the seed.
    pub chips: u64,
    /// Images each.
    pub images: u64,
    /// Accuracy of the ideal backend on the same images.
    pub ideal_accuracy: f64,
    /// With the fitted calibration; of the chips that can be calibrated.
    pub calibrated: Option<Distribution>,
    /// With neutral tables.
    pub uncalibrated: Option<Distribution>,
    /// What a chip has to reach.
    pub yield_threshold: f64,
    /// Share of chips that do, with and without calibration.
    pub yield_calibrated: f64,
    pub yield_uncalibrated: f64,
    /// Lowest accuracy after calibration, the first of equal ones; a chip that can not be calibrated
    /// before all others.
    pub worst_chip: u64,
    /// The command that runs it through the RTL.
    pub replay: String,
    pub rows: Vec<ChipAccuracy>,
}

/// One chip's accuracy, 0..=1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChipAccuracy {
    pub chip: u64,
    /// `None` if it can not be calibrated: `reason` says why.
    pub calibrated: Option<f64>,
    pub uncalibrated: f64,
    pub reason: Option<String>,
}
