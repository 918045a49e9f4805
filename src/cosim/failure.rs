//! After a failure: the same batch once more from its start, with waves around the first finding.

use super::Cosim;
use super::run::{BatchResult, WaveWindow, run_batch};
use crate::wave::{Marker, Window, write_views};
use anyhow::Context;
use std::path::PathBuf;

/// Cycles of waves before and after the first finding.
const BEFORE: u64 = 60;
const AFTER: u64 = 40;

/// The first mismatch or rule violation of a run.
pub struct Failure {
    /// Batch to repeat.
    pub batch: usize,
    /// Cycle of the finding.
    pub cycle: u64,
    /// Slice to show.
    pub slice: usize,
}

impl Failure {
    /// The first finding in the first batch that has one.
    pub fn first(batches: &[BatchResult]) -> Option<Self> {
        batches.iter().find_map(|batch| {
            let mismatch = batch.mismatches.first();
            let cycles = [mismatch.map(|m| m.cycle), batch.first_violation];
            let cycle = cycles.into_iter().flatten().min()?;
            let slice = mismatch.and_then(|m| m.slice).unwrap_or(0);
            Some(Self { batch: batch.index, cycle, slice })
        })
    }

    /// Runs the batch again with waves; returns the FST.
    pub fn repeat(&self, cosim: &Cosim) -> anyhow::Result<PathBuf> {
        let path = cosim.waves.clone().unwrap_or_else(|| cosim.failure_waves.clone());
        let cycles = self.cycle.saturating_sub(BEFORE)..self.cycle + AFTER;
        let window = WaveWindow { path: path.clone(), cycles: Some(cycles.clone()) };
        let batch = cosim.stimulus.batch(self.batch);
        let result = run_batch(cosim.config, cosim.sample, &batch, Some(&window), cosim.model)
            .with_context(|| format!("repeating batch {} for its waves", self.batch))?;
        let period_ps = cosim.config.timing.period_s() * 1e12;
        let ps = |cycle: u64| (cycle as f64 * period_ps) as u64;
        let window =
            Window { from_ps: ps(cycles.start), to_ps: ps(cycles.end), end_ps: ps(cycles.end) };
        let mut markers = vec![Marker { name: "first finding".into(), time_ps: ps(self.cycle) }];
        markers.extend(step_markers(&result, ps));
        write_views(&path, &cosim.view(&[self.slice], window, markers))?;
        Ok(path)
    }
}

/// A marker at every conversion step of the waves.
pub fn step_markers(result: &BatchResult, ps: impl Fn(u64) -> u64) -> Vec<Marker> {
    let steps = result.traced_steps.iter().enumerate();
    steps.map(|(i, &cycle)| Marker { name: format!("step {i}"), time_ps: ps(cycle) }).collect()
}
