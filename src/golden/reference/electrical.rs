//! Per-cycle physics of a configuration as plain numbers, and its powers over whole pulses.

use crate::config::{Analog, Geometry, Pulses, Timing};
use crate::golden::chip::CAP_UNIT;

const FEMTO: f64 = 1e-15;
const PICO: f64 = 1e-12;

/// What depends on configuration and geometry only. Voltages in V, times in s.
#[derive(Clone, Debug)]
pub(super) struct Electrical {
    analog: Analog,
    /// Phase-clock period T.
    period: f64,
    /// Capacitance of `1 / CAP_UNIT` unit, in F.
    quantum: f64,
    /// C_p,nominal, in F.
    parasitic: f64,
    /// kT in J; 0 without kT/C noise.
    kt: f64,
    /// Voltage of one DAC step, D = V_FS / 15.
    pub dac_step: f64,
    /// Added to a decision's difference: the comparator's threshold sits below zero by this, when
    /// V_P + V_N is 0.
    pub threshold: f64,
    /// Loss per cycle of a floating MAC node.
    pub mac_leak: f64,
    /// Loss per cycle of a floating bit line.
    pub bit_line_leak: f64,
    /// Comparator noise.
    pub comparator_sigma: f64,
    /// Half of the comparator's common-mode gain: what its offset gains per volt of V_P + V_N.
    pub half_common_mode: f64,
    /// Distance to the threshold within which a comparator does not finish; 0 if it always does.
    pub metastable: f64,
    /// What an opening switch does to a MAC node and to a bit line.
    pub mac_push: Push,
    pub bit_line_push: Push,
    /// Charge of an injection cell relative to q_u.
    pub injection_strength: f64,
    /// Noise of the charge of one firing cell, relative to q_u at r = 1.
    pub injection_sigma: f64,
    /// Relative change of an injected charge per volt.
    pub lambda: f64,
    /// V_low.
    pub v_low: f64,
    /// V_low - V_cm.
    pub low_above_cm: f64,
}

impl Electrical {
    pub(super) fn new(geometry: &Geometry, analog: &Analog, timing: &Timing) -> Self {
        let period = timing.period_s();
        let unit = analog.unit_capacitor_ff * FEMTO;
        let parasitic = analog.parasitic_ff(geometry.mac_rows) * FEMTO;
        let leak = |current_pa: f64, capacitance: f64| {
            if analog.leakage.on { current_pa * PICO * period / capacitance } else { 0.0 }
        };
        let common_mode = analog.comparator_common_mode.gain();
        Self {
            analog: *analog,
            period,
            quantum: unit / f64::from(CAP_UNIT),
            parasitic,
            kt: if analog.ktc_noise.on { analog.kt() } else { 0.0 },
            dac_step: analog.v_full_scale / 15.0,
            threshold: analog.unit_v(geometry.mac_rows) / 16.0 - common_mode * analog.v_cm,
            mac_leak: leak(analog.leakage.mac_node_pa, unit),
            bit_line_leak: leak(analog.leakage.bit_line_pa, parasitic),
            comparator_sigma: analog.comparator_noise.sigma_v(),
            half_common_mode: 0.5 * common_mode,
            metastable: analog.metastable_v(period),
            mac_push: Push::new(analog.mac_kick()),
            bit_line_push: Push::new(analog.bit_line_kick(geometry.mac_rows)),
            injection_strength: analog.injection_strength,
            injection_sigma: analog.injection_noise.sigma(),
            lambda: if analog.output_impedance.on {
                analog.output_impedance.lambda_per_v
            } else {
                0.0
            },
            v_low: analog.v_low,
            low_above_cm: analog.v_low - analog.v_cm,
        }
    }

    /// kT/C noise in V of a capacitance in `C_u / CAP_UNIT`; 0 for none.
    pub(super) fn ktc_sigma(&self, capacitance: f64) -> f64 {
        if capacitance > 0.0 { (self.kt / (capacitance * self.quantum)).sqrt() } else { 0.0 }
    }

    /// Loss per cycle of a column whose MAC capacitors (`sum`) and bit line are connected.
    pub(super) fn shared_leak(&self, sum: f64, parasitic: f64) -> f64 {
        let leakage = self.analog.leakage;
        if !leakage.on {
            return 0.0;
        }
        let nominal = self.parasitic / self.quantum;
        let mac = leakage.mac_node_pa * sum / f64::from(CAP_UNIT);
        let bit_line = leakage.bit_line_pa * parasitic / nominal;
        (mac + bit_line) * PICO * self.period / ((sum + parasitic) * self.quantum)
    }

    /// What the charge q_u = C_u V_FS removes from a column, in V.
    pub(super) fn injection(&self, total: f64) -> f64 {
        self.analog.v_full_scale * f64::from(CAP_UNIT) / total
    }

    /// exp(-n T / tau), 0 for any time when settling is off (and 1 for none).
    fn decay(&self, cycles: f64, tau_ps: f64) -> f64 {
        if cycles == 0.0 {
            1.0
        } else if self.analog.settling.on {
            (-cycles * self.period / (tau_ps * PICO)).exp()
        } else {
            0.0
        }
    }

    /// Decay of the connected nodes' distances over whole cycles.
    pub(super) fn share_decay(&self, cycles: u32) -> f64 {
        self.decay(f64::from(cycles), self.analog.settling.tau_share_ps)
    }
}

/// What an opening switch does to a node at u above V_low: u becomes u scale - drop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Push {
    pub scale: f64,
    /// In V.
    pub drop: f64,
}

impl Push {
    fn new([alpha, beta]: [f64; 2]) -> Self {
        Self { scale: 1.0 + beta, drop: alpha }
    }
}

/// A stretch of connected nodes: leakage counts its cycles, distances decay.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub cycles: f64,
    pub decay: f64,
}

/// Powers over the pulses of a conversion step.
#[derive(Clone, Debug)]
pub(super) struct Factors {
    pub reset: f64,
    pub sample: f64,
    pub multiply: f64,
    pub reset_gap: f64,
    pub sample_width: f64,
    pub sample_gap: f64,
    pub multiply_width: f64,
    pub multiply_gap: f64,
    /// First SHARE cycle to its last.
    pub share: Span,
    /// From there to the end of the first strobe.
    pub first_strobe: Span,
    /// Gap of a strobe.
    pub strobe_gap: Span,
    /// Decay over half a cycle, between two firings in one cycle.
    pub half: f64,
    /// From the last firing (within its cycle) to the end of the pulse; cycles are those after
    /// the first.
    pub after_firing: Span,
    /// The same after the second of two firings.
    pub after_second: Span,
    /// From the end of an injection pulse to the end of the next strobe.
    pub next_strobe: Span,
    /// From the end of the last strobe to the end of LATCH when it is not prolonged.
    pub latch: Span,
    /// Decay over all connected cycles, LATCH not prolonged.
    pub connected: f64,
}

impl Factors {
    pub(super) fn new(electrical: &Electrical, pulses: &Pulses) -> Self {
        let settling = electrical.analog.settling;
        let span =
            |cycles: u32| Span { cycles: f64::from(cycles), decay: electrical.share_decay(cycles) };
        let power = |cycles: u32, tau| electrical.decay(f64::from(cycles), tau);
        let half = electrical.decay(0.5, settling.tau_share_ps);
        let rest = span(pulses.inject.width - 1);
        let to_first = pulses.share.total() + pulses.strobe.width;
        let between = pulses.strobe.gap + pulses.inject.total() + pulses.strobe.width;
        let latch = pulses.strobe.gap + pulses.latch.width;
        Self {
            reset: power(pulses.reset.width, settling.tau_reset_ps),
            sample: power(pulses.sample.width, settling.tau_sample_ps),
            multiply: power(pulses.multiply.width, settling.tau_multiply_ps),
            reset_gap: f64::from(pulses.reset.gap),
            sample_width: f64::from(pulses.sample.width),
            sample_gap: f64::from(pulses.sample.gap),
            multiply_width: f64::from(pulses.multiply.width),
            multiply_gap: f64::from(pulses.multiply.gap),
            share: span(pulses.share.width),
            first_strobe: span(pulses.share.gap + pulses.strobe.width),
            strobe_gap: span(pulses.strobe.gap),
            half,
            after_firing: Span {
                cycles: rest.cycles,
                decay: electrical.share_decay(pulses.inject.width),
            },
            after_second: Span { cycles: rest.cycles, decay: half * rest.decay },
            next_strobe: span(pulses.inject.gap + pulses.strobe.width),
            latch: span(latch),
            connected: electrical.share_decay(to_first + 6 * between + latch),
        }
    }
}
