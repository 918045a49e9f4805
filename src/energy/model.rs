//! From events to energy.

use super::{Activity, Breakdown, Parts};
use crate::config::{Analog, Config, Energy, Range};

/// Energies of a configuration under its conditions.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    energy: Energy,
    analog: Analog,
    mac_rows: usize,
    period_s: f64,
}

impl Model {
    /// The model of a configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            energy: config.energy,
            analog: config.analog,
            mac_rows: config.geometry.mac_rows,
            period_s: config.timing.period_s(),
        }
    }

    /// Energy of an activity that `operations` OPERATION words caused (the pins do not show how
    /// many).
    pub fn breakdown(&self, activity: &Activity, operations: u64) -> Breakdown {
        let macs = self.mac_rows as u64 * activity.codes;
        let time_ns = 1e9 * self.period_s * activity.cycles as f64;
        Breakdown::new(self.parts(activity), time_ns, operations, macs)
    }

    /// Charge put on MAC capacitors, in fC: nominal capacitors, ideal DAC levels, from V_low.
    pub fn mac_charge_fc(&self, activity: &Activity) -> f64 {
        let level_v = self.analog.v_full_scale / 15.0;
        activity.sampled_levels as f64 * level_v * self.analog.unit_capacitor_ff
    }

    /// Charge removed by injection cells, in fC: q_u each, without mismatch and output impedance.
    pub fn injected_charge_fc(&self, activity: &Activity) -> f64 {
        let ranges = Range::ALL.into_iter().zip(activity.firings);
        let units: f64 = ranges.map(|(range, n)| range.factor() * n as f64).sum();
        let unit_fc = self.analog.unit_capacitor_ff * self.analog.v_full_scale;
        units * self.analog.injection_strength * unit_fc
    }

    fn parts(&self, activity: &Activity) -> Parts {
        let e = &self.energy;
        let Activity { cycles, codes, dac_steps, strobes, pin_toggles, sar_toggles, .. } =
            *activity;
        let word_lines = activity.word_lines + activity.cluster_rows;
        let clock_and_control = self.events_pj(e.clock_fj, cycles)
            + self.events_pj(e.toggle_fj, pin_toggles)
            + self.events_pj(e.sar_toggle_fj, sar_toggles);
        Parts {
            mac_capacitors_pj: self.supplied_pj(self.mac_charge_fc(activity)),
            injections_pj: self.supplied_pj(self.injected_charge_fc(activity))
                + self.events_pj(e.injection_gate_fj, activity.all_firings()),
            comparators_pj: self.events_pj(e.comparator_fj, strobes),
            word_lines_pj: self.events_pj(e.word_line_fj, word_lines),
            row_drivers_pj: self.events_pj(e.row_driver_fj, dac_steps),
            column_switches_pj: self.events_pj(e.column_switch_fj, activity.column_switches()),
            post_processing_pj: self.events_pj(e.code_fj, codes),
            clock_and_control_pj: clock_and_control,
            sram_pj: self.events_pj(e.sram_access_fj, activity.sram_accesses()),
            leakage_pj: self.leakage_uw() * self.period_s * cycles as f64 * 1e6,
        }
    }

    /// Charge that comes from the supply, whatever voltage it ends at.
    fn supplied_pj(&self, charge_fc: f64) -> f64 {
        1e-3 * charge_fc * self.analog.conditions.supply_v
    }

    /// Capacitances charged to the supply: they cost by the square of it.
    fn events_pj(&self, event_fj: f64, events: u64) -> f64 {
        1e-3 * event_fj * events as f64 * self.supply().powi(2)
    }

    /// Supply relative to the one that the energies are stated under.
    fn supply(&self) -> f64 {
        self.analog.conditions.supply_v / self.energy.supply_v
    }

    /// Static power under the conditions: a current that follows temperature and corner as the
    /// array's leakage does, at the supply.
    fn leakage_uw(&self) -> f64 {
        let Analog { conditions, process, .. } = &self.analog;
        let warmer = conditions.temperature_c - self.energy.temperature_c;
        let doublings = warmer / process.leakage_doubling_k;
        let threshold_mv = conditions.corner.slowness()[0] * process.threshold_corner_mv;
        let decades = -threshold_mv / process.leakage_mv_per_decade;
        self.energy.leakage_uw * self.supply() * doublings.exp2() * 10_f64.powf(decades)
    }
}
