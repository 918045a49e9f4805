//! From RESET to MULTIPLY: what a column's nodes hold when they are connected.

use super::affine::Affine;
use crate::config::{Analog, Timing};

/// Volts that a floating node loses in a cycle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leakage {
    pub mac_node: f64,
    pub bit_line: f64,
}

impl Leakage {
    pub fn new(analog: &Analog, timing: &Timing, mac_rows: usize) -> Self {
        // 1 pA for 1 s is 1000 V on 1 fF.
        let volts = |pa: f64, ff: f64| {
            if analog.leakage.on { 1e3 * pa * timing.period_s() / ff } else { 0.0 }
        };
        Self {
            mac_node: volts(analog.leakage.mac_node_pa, analog.unit_capacitor_ff),
            bit_line: volts(analog.leakage.bit_line_pa, analog.parasitic_ff(mac_rows)),
        }
    }
}

/// What remains of a distance after a cycle with a time constant: nothing with settling off.
pub(super) fn remains(analog: &Analog, timing: &Timing, tau_ps: f64) -> f64 {
    if analog.settling.on { (-timing.period_s() / (tau_ps * 1e-12)).exp() } else { 0.0 }
}

/// Nodes at the start of SHARE, in volts above V_low; the input is the row DACs' level in DAC steps.
/// The law is the same for every capacitor of a kind, whatever its size: so are the voltages, as
/// long as all rows are driven alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Front {
    /// MAC capacitors whose cell stores 1.
    pub one: Affine,
    /// MAC capacitors whose cell stores 0: what the discharge and the pushes leave.
    pub zero: Affine,
    pub bit_line: f64,
}

impl Front {
    /// All nodes start RESET from V_low.
    pub fn new(analog: &Analog, timing: &Timing, leakage: &Leakage, mac_rows: usize) -> Self {
        let pulses = &timing.pulses;
        let (reset, sample, multiply) = (pulses.reset, pulses.sample, pulses.multiply);
        let leak = |cycles: u32| leakage.mac_node * f64::from(cycles);
        let left = |tau_ps: f64, cycles: u32| remains(analog, timing, tau_ps).powi(cycles as i32);
        let [alpha, beta] = analog.mac_kick();
        let pushed = |node: Affine| node * (1.0 + beta) - alpha;

        // A distance from what the DAC drives decays; the level counts in steps of D.
        let unsampled = left(analog.settling.tau_sample_ps, sample.width);
        let driven = Affine { start: 0.0, slope: analog.v_full_scale / 15.0 };
        let sampled = driven * (1.0 - unsampled) - leak(reset.gap) * unsampled;
        let held = pushed(sampled) - leak(sample.gap);
        let discharged = held * left(analog.settling.tau_multiply_ps, multiply.width);

        let [alpha, _] = analog.bit_line_kick(mac_rows);
        let floats = reset.gap + sample.total() + multiply.total();
        Self {
            one: held - leak(multiply.total()),
            zero: pushed(discharged) - leak(multiply.gap),
            bit_line: -alpha - leakage.bit_line * f64::from(floats),
        }
    }
}
