//! What follows from the analog parameters and the phase clock alone: decay factors, droops,
//! thresholds. Each term that is off is a value here (0 or 1), so that the loops need not ask.

use crate::config::{Analog, Geometry, Range};
use crate::golden::chip::CAP_UNIT;

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
    /// Relative change of the injected charge per volt.
    pub lambda: f64,
    pub decay: Decay,
    /// Droop of a floating MAC node in volts per cycle.
    pub mac_droop: f64,
    /// Droop of a floating bit line with the nominal parasitic in volts per cycle.
    pub bit_line_droop: f64,
    /// Whether switches leave noise when they open.
    pub ktc: bool,
    /// kT / C in V^2 for a capacitor of `C_u / CAP_UNIT`.
    kt_over_cap_unit: f64,
    /// Comparator noise in volts rms.
    pub comparator_sigma: f64,
    /// A comparator decides 1 from this difference on, in volts.
    pub threshold: f64,
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
        let settled =
            |range: Range| analog.rules.settled_within_lsb * analog.lsb_v(rows, range.factor());
        Self {
            v_low: analog.v_low,
            dac_step: analog.v_full_scale / 15.0,
            v_full_scale: analog.v_full_scale,
            v_cm: analog.v_cm,
            lambda: if analog.output_impedance.on {
                analog.output_impedance.lambda_per_v
            } else {
                0.0
            },
            decay: Decay::new(analog, period_s),
            mac_droop: leak(analog.leakage.mac_node_pa, unit_farad),
            bit_line_droop: leak(analog.leakage.bit_line_pa, analog.parasitic_ff(rows) * 1e-15),
            ktc: kt > 0.0,
            kt_over_cap_unit: kt / (unit_farad / f64::from(CAP_UNIT)),
            comparator_sigma: analog.comparator_noise.sigma_v(),
            threshold: -analog.unit_v(rows) / 16.0,
            settled_within: Range::ALL.map(settled),
        }
    }

    /// kT/C noise in volts rms of a capacitance in `C_u / CAP_UNIT`; none where there is none.
    pub fn ktc_sigma(&self, capacitance: f64) -> f64 {
        if capacitance > 0.0 { (self.kt_over_cap_unit / capacitance).sqrt() } else { 0.0 }
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
