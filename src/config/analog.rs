//! Analog terms. Each can be off; with all off the model is exactly the integer arithmetic.
//! Values and their sources stand in `configs/capram65.yaml`.

use serde::{Deserialize, Serialize};

use super::conditions::{Conditions, Process};

/// Boltzmann constant in J/K (SI definition).
pub const BOLTZMANN: f64 = 1.380_649e-23;

/// A term with nothing but a switch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    pub on: bool,
}

/// A relative spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelativeSpread {
    pub on: bool,
    /// Standard deviation in percent of the nominal value.
    pub sigma_percent: f64,
}

impl RelativeSpread {
    /// Standard deviation relative to the nominal value; 0 when off.
    pub fn sigma(&self) -> f64 {
        if self.on { self.sigma_percent / 100.0 } else { 0.0 }
    }
}

/// A spread in volts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoltageSpread {
    pub on: bool,
    /// Standard deviation in millivolts.
    pub sigma_mv: f64,
}

impl VoltageSpread {
    /// Standard deviation in volts; 0 when off.
    pub fn sigma_v(&self) -> f64 {
        if self.on { self.sigma_mv * 1e-3 } else { 0.0 }
    }
}

/// Capacitor mismatch, scaling with area.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapacitorMismatch {
    pub on: bool,
    /// Standard deviation in percent for 1 fF; falls with the square root of the capacitance.
    pub sigma_percent_sqrt_ff: f64,
}

/// Bit-line parasitic: `per_row * rows * C_u + fixed_ff`. A load, not a non-ideality: always on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parasitic {
    /// Per MAC row, in unit capacitors.
    pub per_row: f64,
    /// Constant part in fF.
    pub fixed_ff: f64,
}

/// Finite output impedance of the injection cells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputImpedance {
    pub on: bool,
    /// Relative change of the removed charge per volt above `v_cm`.
    pub lambda_per_v: f64,
}

/// Finite settling: one time constant per kind of phase.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settling {
    pub on: bool,
    pub tau_reset_ps: f64,
    pub tau_sample_ps: f64,
    pub tau_multiply_ps: f64,
    pub tau_share_ps: f64,
}

/// Leakage of floating nodes, from the opening of the reset to the end of the conversion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leakage {
    pub on: bool,
    /// Of each MAC node with a capacitor of C_u, in pA; scales with the drawn capacitor.
    pub mac_node_pa: f64,
    /// Of each bit line, in pA; scales with the drawn parasitic.
    pub bit_line_pa: f64,
}

/// Spread of the resistors of the string that the row DACs take their 16 levels from.
pub type DacInl = RelativeSpread;

/// Channel charge of the switches: half of it goes into a node that a switch leaves floating.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeInjection {
    pub on: bool,
    /// Channel capacitance at a MAC node with a capacitor of C_u, in fF; scales with the drawn one.
    pub mac_channel_ff: f64,
    /// Channel capacitance at a bit line, in fF; scales with the drawn parasitic.
    pub bit_line_channel_ff: f64,
}

/// Coupling of the switches' gates through their overlap capacitances.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockFeedthrough {
    pub on: bool,
    /// Overlap capacitance at a MAC node with a capacitor of C_u, in fF; scales with the drawn one.
    pub mac_overlap_ff: f64,
    /// Overlap capacitance at a bit line, in fF; scales with the drawn parasitic.
    pub bit_line_overlap_ff: f64,
}

/// Offset of the comparator that moves with the mean of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommonMode {
    pub on: bool,
    /// Change of the offset in mV per volt of (V_P + V_N)/2 above `v_cm`.
    pub mv_per_v: f64,
}

impl CommonMode {
    /// Volts per volt; 0 when off.
    pub fn gain(&self) -> f64 {
        if self.on { self.mv_per_v * 1e-3 } else { 0.0 }
    }
}

/// Decisions that the comparator does not finish within a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metastability {
    pub on: bool,
    /// Time constant of the regeneration, in ps.
    pub tau_ps: f64,
}

/// What a normal SRAM access needs; always on (a too short pulse is a fault, not an effect).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sram {
    /// Word-line time a write needs to flip a cell, in ps.
    pub write_time_ps: f64,
    /// Word-line time until the bit lines differ enough to be sensed, in ps.
    pub develop_time_ps: f64,
    /// Time to precharge the bit lines, in ps.
    pub precharge_time_ps: f64,
}

/// Limits of the electrical rules.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// A strobe is early if a side is further than this from its final value at the end of the
    /// strobe's first cycle, in LSB.
    pub settled_within_lsb: f64,
}

/// All analog parameters of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analog {
    /// Reset level and zero of the row DACs, in V.
    pub v_low: f64,
    /// Full scale of the row DACs above `v_low`, in V.
    pub v_full_scale: f64,
    /// Voltage at which the injection cells remove their nominal charge, in V.
    pub v_cm: f64,
    /// Where the macro works.
    pub conditions: Conditions,
    /// How the other parameters follow the conditions.
    pub process: Process,
    /// Unit MAC capacitor in fF.
    pub unit_capacitor_ff: f64,
    pub bit_line_parasitic: Parasitic,
    pub capacitor_mismatch: CapacitorMismatch,
    pub parasitic_mismatch: RelativeSpread,
    pub dac_inl: DacInl,
    pub charge_injection: ChargeInjection,
    pub clock_feedthrough: ClockFeedthrough,
    pub ktc_noise: Switch,
    pub comparator_offset: VoltageSpread,
    pub comparator_noise: VoltageSpread,
    pub comparator_common_mode: CommonMode,
    pub metastability: Metastability,
    /// What all injection cells remove, relative to q_u; 1 as designed, else a corner's doing.
    pub injection_strength: f64,
    pub cell_mismatch: RelativeSpread,
    /// Noise of the charge of one firing cell, relative to q_u at r = 1.
    pub injection_noise: RelativeSpread,
    pub output_impedance: OutputImpedance,
    pub settling: Settling,
    pub leakage: Leakage,
    pub sram: Sram,
    pub rules: Rules,
}

impl Analog {
    /// Relative standard deviation of a unit MAC capacitor; 0 when mismatch is off.
    pub fn capacitor_sigma(&self) -> f64 {
        let m = self.capacitor_mismatch;
        if m.on { m.sigma_percent_sqrt_ff / 100.0 / self.unit_capacitor_ff.sqrt() } else { 0.0 }
    }

    /// Nominal bit-line parasitic in fF.
    pub fn parasitic_ff(&self, mac_rows: usize) -> f64 {
        let p = self.bit_line_parasitic;
        p.per_row * mac_rows as f64 * self.unit_capacitor_ff + p.fixed_ff
    }

    /// Nominal capacitance of a column while it converts, in fF.
    pub fn column_ff(&self, mac_rows: usize) -> f64 {
        mac_rows as f64 * self.unit_capacitor_ff + self.parasitic_ff(mac_rows)
    }

    /// Nominal voltage of one unit of S (one cell at activation 1) on a bit line, in V.
    pub fn unit_v(&self, mac_rows: usize) -> f64 {
        self.v_full_scale / 15.0 * self.unit_capacitor_ff / self.column_ff(mac_rows)
    }

    /// Nominal LSB at range factor r, in V: 15 r units.
    pub fn lsb_v(&self, mac_rows: usize, range_factor: f64) -> f64 {
        15.0 * range_factor * self.unit_v(mac_rows)
    }

    /// kT in joules.
    pub fn kt(&self) -> f64 {
        BOLTZMANN * self.conditions.kelvin()
    }

    /// What an opening switch does to a MAC node at `u` volts above V_low, `[alpha, beta]`: u becomes
    /// u + beta u - alpha. Half of the channel charge, which falls with the node's voltage, and the
    /// overlap's coupling of the gate's whole swing.
    pub fn mac_kick(&self) -> [f64; 2] {
        let (channel, overlap) =
            (self.charge_injection.mac_channel_ff, self.clock_feedthrough.mac_overlap_ff);
        self.kick(channel, overlap, self.unit_capacitor_ff)
    }

    /// The same for a bit line that the reset switch leaves.
    pub fn bit_line_kick(&self, mac_rows: usize) -> [f64; 2] {
        let (channel, overlap) =
            (self.charge_injection.bit_line_channel_ff, self.clock_feedthrough.bit_line_overlap_ff);
        self.kick(channel, overlap, self.parasitic_ff(mac_rows))
    }

    fn kick(&self, channel_ff: f64, overlap_ff: f64, node_ff: f64) -> [f64; 2] {
        let supply = self.conditions.supply_v;
        let half = if self.charge_injection.on { 0.5 * channel_ff / node_ff } else { 0.0 };
        let overlap = if self.clock_feedthrough.on { overlap_ff / node_ff } else { 0.0 };
        let overdrive = supply - self.process.threshold_n_v - self.v_low;
        [half * overdrive + overlap * supply, half]
    }

    /// Difference in volts below which a decision is not finished within a cycle of `period_s`
    /// seconds: V_DD exp(-T/tau); 0 when metastability is off.
    pub fn metastable_v(&self, period_s: f64) -> f64 {
        let Metastability { on, tau_ps } = self.metastability;
        if on { self.conditions.supply_v * (-period_s / (tau_ps * 1e-12)).exp() } else { 0.0 }
    }

    /// Whether any noise source is on.
    pub fn noisy(&self) -> bool {
        self.ktc_noise.on || self.comparator_noise.on || self.injection_noise.on
    }
}
