//! What was found, and the image of the first finding once more with waves around it.

use super::super::{Place, Tables};
use super::machine::RtlMachine;
use crate::config::Config;
use crate::testbench::{BenchError, Sample, Testbench};
use crate::wave::{Marker, Window, cosim_view, write_views};
use anyhow::Context;
use std::path::Path;

/// Cycles of waves before and after the first finding.
const BEFORE: u64 = 60;
const AFTER: u64 = 40;

/// The first mismatch or rule violation of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Index of its image's first conversion step; `None` while the macro was loaded.
    pub conversion: Option<u64>,
    /// Cycle since the image's beginning, or since reset.
    pub cycle: u64,
    /// Slice to show.
    pub slice: usize,
}

impl Finding {
    /// What a testbench found, if anything; `image` began with this conversion step in this cycle.
    pub(super) fn of(bench: &mut Testbench, image: Option<(u64, u64)>) -> Option<Self> {
        let mismatch = bench.verdict().first().first();
        let (found, slice) = (mismatch.map(|m| m.cycle), mismatch.and_then(|m| m.slice));
        let violation = bench.plant().violations().first().first().map(|v| v.cycle);
        let cycle = [found, violation].into_iter().flatten().min()?;
        let start = image.map_or(0, |(_, cycle)| cycle);
        Some(Self {
            conversion: image.map(|(conversion, _)| conversion),
            cycle: cycle.saturating_sub(start),
            slice: slice.unwrap_or(0),
        })
    }

    /// The same by the number of the image, of images of so many conversion steps.
    pub fn place(&self, conversion_steps: u64) -> Place {
        let image = self.conversion.map(|first| first / conversion_steps.max(1));
        Place { image, cycle: Some(self.cycle), slice: self.slice }
    }
}

/// Everything a machine is made of.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    pub config: &'a Config,
    pub sample: Sample,
    pub sram: &'a [u32],
    pub tables: &'a Tables,
}

impl Setup<'_> {
    /// A macro of its own, loaded.
    pub fn machine(&self) -> Result<RtlMachine, BenchError> {
        RtlMachine::new(self.config, self.sample, self.sram, self.tables)
    }

    pub(super) fn ps(&self, cycle: u64) -> u64 {
        (cycle as f64 * self.config.timing.period_s() * 1e12) as u64
    }
}

/// Runs the image of a finding on a fresh macro, with waves and views around the finding. `image`
/// runs that image, from its [`number_conversions`](crate::infer::Machine::number_conversions) on.
/// An image's transactions depend on it alone, so that the finding comes again in its cycle.
pub fn repeat(
    setup: &Setup,
    finding: &Finding,
    path: &Path,
    image: impl FnOnce(&mut RtlMachine) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let context = || format!("repeating an image for its waves in {}", path.display());
    let mut machine = RtlMachine::unloaded(setup.config, setup.sample)?;
    let window = |cycle: u64| cycle.saturating_sub(BEFORE)..cycle + AFTER;
    if finding.conversion.is_none() {
        machine.bench().schedule_waves(path, window(finding.cycle));
    }
    machine.load(setup.sram, setup.tables).or_else(|e| machine.stopped(e)).with_context(context)?;
    let mut cycle = finding.cycle;
    if finding.conversion.is_some() {
        // The image begins in the next cycle.
        cycle += machine.bench().now();
        machine.bench().schedule_waves(path, window(cycle));
        forgive(&mut machine, image).with_context(context)?;
    }
    machine.bench().close_waves();
    let shown = window(cycle);
    let window = Window {
        from_ps: setup.ps(shown.start),
        to_ps: setup.ps(shown.end),
        end_ps: setup.ps(shown.end),
    };
    let markers = vec![Marker { name: "first finding".into(), time_ps: setup.ps(cycle) }];
    write_views(path, &cosim_view(&setup.config.geometry, &[finding.slice], window, markers))?;
    Ok(())
}

/// Runs an image; that the macro stops it is no error.
pub(in crate::infer) fn forgive(
    machine: &mut RtlMachine,
    image: impl FnOnce(&mut RtlMachine) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    image(machine).or_else(|error| Ok(machine.stopped(error.downcast()?)?))
}
