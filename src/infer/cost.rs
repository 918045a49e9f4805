//! What an image costs: cycles, and energy from the pins of the RTL. The same figures whatever
//! backend computes the images.

use super::Findings;
use super::rtl::{RtlMachine, Setup, forgive};
use crate::energy::{Activity, Breakdown, Model};
use anyhow::Context;

/// Cycles and energy of the first images, per image. The array and the calibration are in place
/// before; activations, requantization and results are counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    pub images: u64,
    /// Phase-clock cycles.
    pub cycles: f64,
    /// At the configured phase clock.
    pub latency_us: f64,
    pub operations: f64,
    pub conversion_steps: f64,
    /// Share of the cycles in which a conversion step is under way.
    pub utilization: f64,
    /// All of them, with energy by part in pJ.
    pub total: Breakdown,
    /// The conversions alone, as if they followed each other without a pause: neither clock nor
    /// leakage of the time between them, nor words of the SRAM.
    pub conversions: Breakdown,
}

impl Cost {
    /// Runs `images` images on a macro of their own, each by `image` with its number; also what the
    /// lockstep comparison and the rules found meanwhile, loading included.
    pub fn measure(
        setup: &Setup,
        images: u64,
        conversion_steps: u64,
        mut image: impl FnMut(&mut RtlMachine, u64) -> anyhow::Result<()>,
    ) -> anyhow::Result<(Self, Findings)> {
        let mut machine = setup.machine()?;
        machine.bench().observe_activity();
        for number in 0..images {
            forgive(&mut machine, |machine| image(machine, number))
                .with_context(|| format!("cost of image {number}"))?;
        }
        let activity = machine.bench().activity().copied().unwrap_or_default();
        let operations = machine.bench().reference().counters().operations;
        let cost = Self::of(setup, images, &activity, operations);
        Ok((cost, machine.findings(conversion_steps)))
    }

    fn of(setup: &Setup, images: u64, activity: &Activity, operations: u64) -> Self {
        let geometry = &setup.config.geometry;
        let timing = &setup.config.timing;
        let model = Model::new(setup.config);
        let step = u64::from(timing.pulses.streamed_step_cycles(geometry));
        let cycles = activity.steps * step;
        let compute = Activity { cycles, sram_reads: 0, sram_writes: 0, ..*activity };
        let per_image = |n: u64| n as f64 / images.max(1) as f64;
        Self {
            images,
            cycles: per_image(activity.cycles),
            latency_us: per_image(activity.cycles) * timing.period_s() * 1e6,
            operations: per_image(operations),
            conversion_steps: per_image(activity.steps),
            utilization: cycles as f64 / activity.cycles.max(1) as f64,
            total: model.breakdown(activity, operations),
            conversions: model.breakdown(&compute, operations),
        }
    }

    /// Energy of an image, in nJ.
    pub fn energy_nj(&self) -> f64 {
        self.nj(self.total.total_pj)
    }

    /// Energy of an image's conversions alone, in nJ.
    pub fn conversions_nj(&self) -> f64 {
        self.nj(self.conversions.total_pj)
    }

    /// Energy of an image by part of the macro, in nJ.
    pub fn parts_nj(&self) -> [(&'static str, f64); 10] {
        self.total.parts.named().map(|(name, pj)| (name, self.nj(pj)))
    }

    fn nj(&self, pj: f64) -> f64 {
        pj * 1e-3 / self.images.max(1) as f64
    }
}
