//! The elements of a case in SI units: what section 6 of the theory of operation says of a slice,
//! before it is a netlist. Written from that text alone, without the models' code.

use serde::Serialize;

use super::case::{CONVERSIONS, Case};
use super::predict::SIDES;
use crate::config::{Analog, Settling};
use crate::golden::chip::{CAP_UNIT, CELLS, LEVEL_UNIT, LEVELS};

/// Farads per femtofarad, seconds per picosecond and so on.
const FEMTO: f64 = 1e-15;
const PICO: f64 = 1e-12;

/// Time constant of an ideal switch, in cycles: with settling off nothing remains after a pulse.
const IDEAL: f64 = 0.002;

/// How long an injection cell's current flows, in cycles: short beside the cycle that it settles in.
const FIRING: f64 = 0.03;

/// Elements of the slice that converts.
#[derive(Clone, Debug)]
pub struct Network {
    /// One phase-clock cycle in s.
    pub period_s: f64,
    /// V_low in V.
    pub low_v: f64,
    /// Level 0..=15 of the row DACs in V.
    pub levels_v: [f64; LEVELS],
    /// Digits of each conversion, one per MAC row.
    pub digits: [Vec<u8>; CONVERSIONS],
    /// Level of the dummy columns.
    pub reference_level: u8,
    pub sides: [Side; SIDES],
    pub switches: Switches,
    /// Of an opening switch at a MAC node with C_u and at a bit line.
    pub mac_push: Push,
    pub bit_line_push: Push,
    pub injection: Injection,
    pub comparator: Comparator,
}

/// One column with its bit line.
#[derive(Clone, Debug)]
pub struct Side {
    /// MAC capacitors in F.
    pub capacitors_f: Vec<f64>,
    /// The bit line's own capacitance in F.
    pub parasitic_f: f64,
    /// Leakage of each MAC node and of the bit line in A.
    pub mac_leaks_a: Vec<f64>,
    pub bit_line_leak_a: f64,
    /// Whether a row floats in MULTIPLY (a stored 1); otherwise its word line discharges it.
    pub cells: Vec<bool>,
    /// Drivers of the dummy column are not the rows'.
    pub dummy: bool,
    /// Strengths of the injection cells, 1 = nominal.
    pub strengths: [f64; CELLS],
}

/// Time constants in s: a switch to a node with capacitance C has R = tau / C.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Switches {
    pub reset_s: f64,
    pub sample_s: f64,
    pub multiply_s: f64,
    pub share_s: f64,
}

/// Charge packet of a switch that opens: C (beta u - alpha) into the node, u above V_low.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Push {
    pub alpha_v: f64,
    pub beta: f64,
}

/// Injection cells of either side.
#[derive(Clone, Debug, PartialEq)]
pub struct Injection {
    /// Charge of one nominal cell at `common_mode_v`, in C.
    pub charge_c: f64,
    /// Change of the charge per volt above it.
    pub lambda_per_v: f64,
    pub common_mode_v: f64,
    /// The bit line's voltage that counts.
    pub sees: Sees,
    /// How long the current of a cell flows, in cycles.
    pub width: f64,
    /// When each pulse's cells fire, in cycles from its start.
    pub firings: [Vec<f64>; PULSES],
}

/// Which voltage of the bit line an injection cell's charge depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sees {
    /// That just before the firing, as the specification says.
    #[default]
    BeforeFiring,
    /// That of every moment, as a transistor would.
    Instantaneous,
}

/// Injection pulses of a conversion, and the cells that each of them fires.
pub const PULSES: usize = 6;
pub const CELL_COUNTS: [usize; PULSES] = [16, 16, 8, 4, 2, 1];

/// The comparator: 1 where V_P - V_N + offset + gain ((V_P + V_N)/2 - common mode) >= 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparator {
    /// Drawn offset and the threshold's sixteenth of a unit, in V.
    pub offset_v: f64,
    pub common_mode_gain: f64,
    pub common_mode_v: f64,
}

impl Network {
    pub fn of(case: &Case) -> Self {
        let analog = case.analog();
        let period_s = case.config.timing.period_s();
        let step_v = analog.v_full_scale / 15.0;
        let errors = case.chip.level_errors();
        let level = |x: usize| x as f64 + f64::from(errors[x]) / f64::from(LEVEL_UNIT);
        let parasitic_ff = nominal_parasitic_ff(case);
        Self {
            period_s,
            low_v: analog.v_low,
            levels_v: std::array::from_fn(|x| analog.v_low + step_v * level(x)),
            digits: case.digits.clone(),
            reference_level: case.step.level,
            sides: [Side::of(case, 0), Side::of(case, 1)],
            switches: Switches::of(&analog.settling, period_s),
            mac_push: Push::of(
                analog,
                analog.charge_injection.mac_channel_ff,
                analog.clock_feedthrough.mac_overlap_ff,
                analog.unit_capacitor_ff,
            ),
            bit_line_push: Push::of(
                analog,
                analog.charge_injection.bit_line_channel_ff,
                analog.clock_feedthrough.bit_line_overlap_ff,
                parasitic_ff,
            ),
            injection: Injection::of(case),
            comparator: Comparator::of(case),
        }
    }
}

/// (rows x per_row) C_u + fixed, in fF.
fn nominal_parasitic_ff(case: &Case) -> f64 {
    let analog = case.analog();
    let wire = &analog.bit_line_parasitic;
    wire.per_row * case.geometry().mac_rows as f64 * analog.unit_capacitor_ff + wire.fixed_ff
}

impl Side {
    fn of(case: &Case, side: usize) -> Self {
        let analog = case.analog();
        let column = case.column(side);
        let unit_f = analog.unit_capacitor_ff * FEMTO;
        // Drawn relative to C_u.
        let relative = |k: i32| f64::from(k) / f64::from(CAP_UNIT);
        let macs: Vec<f64> =
            case.chip.capacitors(column).iter().map(|&k| relative(k.into())).collect();
        let parasitic_f = relative(case.chip.parasitic(column)) * unit_f;
        let leakage = &analog.leakage;
        let leak = |pa: f64| if leakage.on { pa * PICO } else { 0.0 };
        let parasitic_share = parasitic_f / (nominal_parasitic_ff(case) * FEMTO);
        Self {
            capacitors_f: macs.iter().map(|k| k * unit_f).collect(),
            parasitic_f,
            mac_leaks_a: macs.iter().map(|k| k * leak(leakage.mac_node_pa)).collect(),
            bit_line_leak_a: parasitic_share * leak(leakage.bit_line_pa),
            cells: (0..macs.len()).map(|m| case.cell(side, m)).collect(),
            dummy: case.is_dummy(side),
            strengths: *case.chip.cells(case.slice, side),
        }
    }

    /// Capacitance of a MAC row relative to the column's MAC capacitors.
    pub fn weight(&self, m: usize) -> f64 {
        self.capacitors_f[m] / self.capacitors_f.iter().sum::<f64>()
    }
}

impl Switches {
    fn of(settling: &Settling, period_s: f64) -> Self {
        let tau = |ps: f64| if settling.on { ps * PICO } else { IDEAL * period_s };
        Self {
            reset_s: tau(settling.tau_reset_ps),
            sample_s: tau(settling.tau_sample_ps),
            multiply_s: tau(settling.tau_multiply_ps),
            share_s: tau(settling.tau_share_ps),
        }
    }
}

impl Push {
    fn of(analog: &Analog, channel_ff: f64, overlap_ff: f64, node_ff: f64) -> Self {
        let supply = analog.conditions.supply_v;
        let channel_ff = if analog.charge_injection.on { channel_ff } else { 0.0 };
        let overlap_ff = if analog.clock_feedthrough.on { overlap_ff } else { 0.0 };
        let beta = channel_ff / 2.0 / node_ff;
        let overdrive_v = supply - analog.process.threshold_n_v - analog.v_low;
        Self { alpha_v: beta * overdrive_v + overlap_ff / node_ff * supply, beta }
    }

    /// Whether there is no such packet.
    pub fn is_none(&self) -> bool {
        self.alpha_v == 0.0 && self.beta == 0.0
    }
}

impl Injection {
    fn of(case: &Case) -> Self {
        let analog = case.analog();
        let unit_f = analog.unit_capacitor_ff * FEMTO;
        let strength = case.step.range.factor() * analog.injection_strength;
        let impedance = analog.output_impedance;
        let mut firings: [Vec<f64>; PULSES] = std::array::from_fn(|_| vec![0.0]);
        firings[0].push(0.5);
        Self {
            charge_c: strength * unit_f * analog.v_full_scale,
            lambda_per_v: if impedance.on { impedance.lambda_per_v } else { 0.0 },
            common_mode_v: analog.v_cm,
            sees: Sees::BeforeFiring,
            width: FIRING,
            firings,
        }
    }
}

impl Comparator {
    fn of(case: &Case) -> Self {
        let analog = case.analog();
        let rows = case.geometry().mac_rows as f64;
        let column_ff = rows * analog.unit_capacitor_ff + nominal_parasitic_ff(case);
        let unit_v = analog.v_full_scale / 15.0 * analog.unit_capacitor_ff / column_ff;
        let common = analog.comparator_common_mode;
        Self {
            offset_v: case.chip.offset(case.slice) + unit_v / 16.0,
            common_mode_gain: if common.on { common.mv_per_v * 1e-3 } else { 0.0 },
            common_mode_v: analog.v_cm,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// By hand, from capram65.yaml: an overdrive of 1.2 - 0.45 - 0.5 = 0.25 V; half of 0.002 fF and
    /// 0.0002 fF on 1.5 fF; on a bit line ten times as much on 30.8 fF.
    #[test]
    fn pushes_follow_from_the_switches() {
        let config = Config::builtin("capram65").unwrap();
        let (case, _) = Case::draw(&config, 1, 0).unwrap();
        let network = Network::of(&case);
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} is not {b}");
        close(network.mac_push.beta, 0.001 / 1.5);
        close(network.mac_push.alpha_v, 0.001 / 1.5 * 0.25 + 0.0002 / 1.5 * 1.2);
        close(network.bit_line_push.beta, 0.01 / 30.8);
        close(network.bit_line_push.alpha_v, 0.01 / 30.8 * 0.25 + 0.002 / 30.8 * 1.2);
    }

    /// Chip 3 converts at r = 1/8: 1.5 fF x 0.6 V / 8 a cell.
    #[test]
    fn injection_cells_scale_with_the_range_and_fire_twice_once() {
        let config = Config::builtin("capram65").unwrap();
        let (case, _) = Case::draw(&config, 1, 3).unwrap();
        let injection = Network::of(&case).injection;
        assert!((injection.charge_c / (0.9e-15 / 8.0) - 1.0).abs() < 1e-12);
        assert_eq!(injection.firings.each_ref().map(Vec::len), [2, 1, 1, 1, 1, 1]);
        let units: usize = (0..PULSES).map(|k| CELL_COUNTS[k] * injection.firings[k].len()).sum();
        assert_eq!(units, 63);
    }

    #[test]
    fn what_is_off_is_absent() {
        let config = Config::builtin("ideal").unwrap();
        let (case, _) = Case::draw(&config, 1, 0).unwrap();
        let network = Network::of(&case);
        assert!(network.mac_push.is_none() && network.bit_line_push.is_none());
        assert_eq!((network.sides[0].bit_line_leak_a, network.injection.lambda_per_v), (0.0, 0.0));
        assert_eq!(network.switches.share_s, 0.002 * network.period_s);
    }
}
