//! What follows from the analog parameters and the phase clock alone: decay factors, droops,
//! thresholds. Each term that is off is a value here (0, 1 or none), so that the loops need not ask.

use super::cisar::Comparator;
use crate::config::{Analog, Geometry, Range};
use crate::golden::chip::{CAP_UNIT, CELLS};

/// Decay of a node's distance from its target in one phase-clock cycle, `exp(-T/tau)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    pub reset: f64,
    pub sample: f64,
    pub multiply: f64,
    pub share: f64,
    /// Half a cycle of sharing: between and after the two firings of the 32-unit step.
    pub half_share: f64,
}

/// What an opening switch does to the nodes it leaves: u volts above V_low become
/// `u + beta u - alpha`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Push {
    /// In volts.
    pub alpha: f64,
    pub beta: f64,
}

/// Constants of one configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Physics {
    /// V_low in volts.
    pub v_low: f64,
    /// Step of the row DACs in volts.
    pub dac_step: f64,
    /// Full scale of the row DACs in volts.
    pub v_full_scale: f64,
    /// Voltage at which the injection cells are nominal, in volts.
    pub v_cm: f64,
    /// What all injection cells remove, relative to their design.
    pub injection_strength: f64,
    /// Noise of so many firings, in what one removes by design at r = 1; if any.
    pub injection_sigmas: Option<[f64; 2 * CELLS + 1]>,
    /// Relative change of the injected charge per volt.
    pub lambda: f64,
    pub decay: Decay,
    /// Droop of a floating MAC node in volts per cycle.
    pub mac_droop: f64,
    /// Droop of a floating bit line with the nominal parasitic in volts per cycle.
    pub bit_line_droop: f64,
    /// Of the switches at MAC capacitors, if any.
    pub mac_push: Option<Push>,
    /// Of the reset switches at bit lines, if any.
    pub bit_line_push: Option<Push>,
    /// Whether switches leave noise when they open.
    pub ktc: bool,
    /// kT / C in V^2 for a capacitor of `C_u / CAP_UNIT`.
    kt_over_cap_unit: f64,
    pub comparator: Comparator,
    /// A strobe is early if a side is further than this from its final value at the end of the
    /// strobe's first cycle, in volts, for each range.
    pub settled_within: [f64; 4],
}

impl Physics {
    /// Constants of a configuration with phase-clock period `period_s` in seconds.
    pub fn new(geometry: &Geometry, analog: &Analog, period_s: f64) -> Self {
        let rows = geometry.mac_rows;
        let unit_farad = analog.unit_capacitor_ff * 1e-15;
        let leak = |on_pa: f64, farad: f64| {
            let on = analog.leakage.on && farad > 0.0;
            if on { on_pa * 1e-12 * period_s / farad } else { 0.0 }
        };
        let kt = if analog.ktc_noise.on { analog.kt() } else { 0.0 };
        // A bit line without any capacitance takes no charge.
        let bit_line = (analog.parasitic_ff(rows) > 0.0).then(|| analog.bit_line_kick(rows));
        let firing = analog.injection_noise.sigma();
        let injection_sigmas =
            |of_one: f64| std::array::from_fn(|firings| of_one * (firings as f64).sqrt());
        let settled =
            |range: Range| analog.rules.settled_within_lsb * analog.lsb_v(rows, range.factor());
        Self {
            v_low: analog.v_low,
            dac_step: analog.v_full_scale / 15.0,
            v_full_scale: analog.v_full_scale,
            v_cm: analog.v_cm,
            injection_strength: analog.injection_strength,
            injection_sigmas: (firing > 0.0).then(|| injection_sigmas(firing)),
            lambda: if analog.output_impedance.on {
                analog.output_impedance.lambda_per_v
            } else {
                0.0
            },
            decay: Decay::new(analog, period_s),
            mac_droop: leak(analog.leakage.mac_node_pa, unit_farad),
            bit_line_droop: leak(analog.leakage.bit_line_pa, analog.parasitic_ff(rows) * 1e-15),
            mac_push: Push::new(analog.mac_kick()),
            bit_line_push: bit_line.and_then(Push::new),
            ktc: kt > 0.0,
            kt_over_cap_unit: kt / (unit_farad / f64::from(CAP_UNIT)),
            comparator: Comparator {
                sigma: analog.comparator_noise.sigma_v(),
                common_mode: analog.comparator_common_mode.gain(),
                v_cm: analog.v_cm,
                threshold: -analog.unit_v(rows) / 16.0,
                metastable: analog.metastable_v(period_s),
            },
            settled_within: Range::ALL.map(settled),
        }
    }

    /// kT/C noise in volts rms of a capacitance in `C_u / CAP_UNIT`; none where there is none.
    pub fn ktc_sigma(&self, capacitance: f64) -> f64 {
        if capacitance > 0.0 { (self.kt_over_cap_unit / capacitance).sqrt() } else { 0.0 }
    }
}

impl Push {
    /// Of a switch that moves nothing.
    pub const NONE: Self = Self { alpha: 0.0, beta: 0.0 };

    /// `None` for what moves nothing.
    fn new([alpha, beta]: [f64; 2]) -> Option<Self> {
        (alpha != 0.0 || beta != 0.0).then_some(Self { alpha, beta })
    }
}

impl Decay {
    fn new(analog: &Analog, period_s: f64) -> Self {
        let settling = analog.settling;
        let decay = |time_s: f64, tau_ps: f64| {
            let finite = settling.on && tau_ps > 0.0;
            if finite { (-time_s / (tau_ps * 1e-12)).exp() } else { 0.0 }
        };
        Self {
            reset: decay(period_s, settling.tau_reset_ps),
            sample: decay(period_s, settling.tau_sample_ps),
            multiply: decay(period_s, settling.tau_multiply_ps),
            share: decay(period_s, settling.tau_share_ps),
            half_share: decay(period_s / 2.0, settling.tau_share_ps),
        }
    }
}
