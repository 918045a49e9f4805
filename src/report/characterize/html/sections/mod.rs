//! The page's sections, in their order. Colours mean the same in all of them: before calibration,
//! after it, mismatch off.

mod backends;
mod calibration;
mod converters;
mod energy;
mod errors;
mod figures;
mod head;
mod monte_carlo;
mod paper;
mod setup;
mod spectrum;

use super::super::CharacterizeReport;
use super::page::Page;
use super::svg::{Axis, round_step};

/// Everything, in the order in which it is read.
pub fn all(report: &CharacterizeReport, page: &mut Page) {
    head::add(report, page);
    figures::add(report, page);
    converters::add(report, page);
    errors::add(report, page);
    spectrum::add(report, page);
    calibration::add(report, page);
    backends::add(report, page);
    monte_carlo::add(report, page);
    energy::add(report, page);
    paper::add(report, page);
    setup::add(report, page);
}

/// The axis of inputs up to `end` LSB on both sides.
fn input_axis(label: &str, end: f64) -> Axis {
    let end = end.clamp(1.0, 1e6);
    let step = if (16.0..=80.0).contains(&end) { 16.0 } else { round_step(end / 4.0) };
    Axis::stepped(label, -end, end, step)
}

/// Edges of equal steps.
fn edges(first: f64, width: f64, steps: usize) -> Vec<f64> {
    (0..=steps).map(|i| first + i as f64 * width).collect()
}
