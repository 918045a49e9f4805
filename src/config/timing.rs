//! Conversion rate and the width of every pulse, in phase-clock cycles.

use serde::{Deserialize, Serialize};

use super::Geometry;

/// One pulse: `width` cycles high (1..=15), then `gap` cycles (0..=7) before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pulse {
    /// Cycles the pulse lasts, 1..=15.
    pub width: u32,
    /// Idle cycles after it, 0..=7.
    pub gap: u32,
}

impl Pulse {
    /// Cycles of pulse and gap.
    pub fn total(&self) -> u32 {
        self.width + self.gap
    }
}

/// Pulses of a conversion step and of an SRAM access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pulses {
    pub reset: Pulse,
    pub sample: Pulse,
    pub multiply: Pulse,
    pub share: Pulse,
    pub strobe: Pulse,
    pub inject: Pulse,
    pub latch: Pulse,
    pub precharge: Pulse,
    pub access: Pulse,
    pub sense: Pulse,
}

impl Pulses {
    /// Widths of all pulses, in the order of the fields.
    pub fn widths(&self) -> [u32; 10] {
        let Self { reset, sample, multiply, share, strobe, inject, latch, .. } = *self;
        let Self { precharge, access, sense, .. } = *self;
        [reset, sample, multiply, share, strobe, inject, latch, precharge, access, sense]
            .map(|pulse| pulse.width)
    }

    /// Every pulse one cycle and no gaps: the reset values.
    pub const SHORTEST: Self = {
        let one = Pulse { width: 1, gap: 0 };
        Self {
            reset: one,
            sample: one,
            multiply: one,
            share: one,
            strobe: one,
            inject: one,
            latch: one,
            precharge: one,
            access: one,
            sense: one,
        }
    };

    /// All pulses, in the order of the TIMING registers.
    pub fn all_mut(&mut self) -> [&mut Pulse; 10] {
        [
            &mut self.reset,
            &mut self.sample,
            &mut self.multiply,
            &mut self.share,
            &mut self.strobe,
            &mut self.inject,
            &mut self.latch,
            &mut self.precharge,
            &mut self.access,
            &mut self.sense,
        ]
    }

    /// Cycles of one conversion step without stalls.
    pub fn step_cycles(&self) -> u32 {
        let front = [self.reset, self.sample, self.multiply, self.share];
        let front: u32 = front.iter().map(Pulse::total).sum();
        front + 7 * self.strobe.total() + 6 * self.inject.total() + self.latch.total()
    }

    /// Cycles by which LATCH waits for the post-processor in a stream of steps.
    pub fn stretch(&self, geometry: &Geometry) -> u32 {
        (geometry.slices_per_lane() as u32).saturating_sub(self.step_cycles())
    }

    /// Cycles of a conversion step in a stream, that wait included.
    pub fn streamed_step_cycles(&self, geometry: &Geometry) -> u32 {
        self.step_cycles() + self.stretch(geometry)
    }
}

/// Timing of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Conversions per second and ADC with the nominal 18-cycle step, in MS/s.
    pub conversion_rate_msps: f64,
    /// Phase-clock cycles of the nominal step, which with the rate set the phase clock.
    pub nominal_step_cycles: u32,
    pub pulses: Pulses,
}

impl Timing {
    /// Phase-clock frequency in hertz.
    pub fn phase_clock_hz(&self) -> f64 {
        self.conversion_rate_msps * 1e6 * f64::from(self.nominal_step_cycles)
    }

    /// Phase-clock period in seconds.
    pub fn period_s(&self) -> f64 {
        1.0 / self.phase_clock_hz()
    }
}
