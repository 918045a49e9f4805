//! Corner, supply and temperature, and the laws by which the analog parameters follow them.
//!
//! A configuration states its parameters under reference conditions and names the conditions that
//! the macro works under. [`Analog::under_its_conditions`] restates them once, when a configuration
//! is loaded; the models know nothing of corners.

use serde::{Deserialize, Serialize};

use super::Analog;

/// Process corner: NMOS first, PMOS second; t typical, s slow, f fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Corner {
    Tt,
    Ss,
    Ff,
    Sf,
    Fs,
}

impl Corner {
    /// All corners.
    pub const ALL: [Self; 5] = [Self::Tt, Self::Ss, Self::Ff, Self::Sf, Self::Fs];
    /// Their names, in that order.
    pub const NAMES: &[&str] = &["tt", "ss", "ff", "sf", "fs"];

    /// The name that files and options use.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// How slow the NMOS and the PMOS devices are: 1 slow, 0 typical, -1 fast.
    pub fn slowness(self) -> [f64; 2] {
        match self {
            Self::Tt => [0.0, 0.0],
            Self::Ss => [1.0, 1.0],
            Self::Ff => [-1.0, -1.0],
            Self::Sf => [1.0, -1.0],
            Self::Fs => [-1.0, 1.0],
        }
    }
}

/// Where a macro works.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    pub corner: Corner,
    /// Supply V_DD in V.
    pub supply_v: f64,
    /// Temperature in degrees Celsius.
    pub temperature_c: f64,
}

impl Conditions {
    /// Absolute temperature in K.
    pub fn kelvin(&self) -> f64 {
        self.temperature_c + 273.15
    }
}

/// How parameters follow the conditions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Conditions under which all parameters are stated.
    pub reference: Conditions,
    /// Threshold voltage of the NMOS devices in V.
    pub threshold_n_v: f64,
    /// Threshold voltage of the PMOS devices, as a magnitude in V.
    pub threshold_p_v: f64,
    /// How much higher the threshold of a slow device is, in mV; of a fast one lower.
    pub threshold_corner_mv: f64,
    /// Change of a threshold with temperature, in mV/K.
    pub threshold_mv_per_k: f64,
    /// Exponent n of the mobility's T^-n.
    pub mobility_exponent: f64,
    /// Kelvin by which leakage doubles.
    pub leakage_doubling_k: f64,
    /// Rise of the threshold that cuts leakage to a tenth, in mV.
    pub leakage_mv_per_decade: f64,
    /// How much less charge slow injection cells remove after trimming, in percent; fast ones more.
    pub injection_corner_percent: f64,
}

/// Threshold and drive of one kind of device, before and after.
struct Device {
    /// Threshold under the new conditions, in V.
    threshold_v: f64,
    /// Conductance relative to the reference: (V_DD - V_T) T^-n.
    drive: f64,
    /// Leakage relative to the reference.
    leakage: f64,
}

impl Process {
    fn device(&self, to: &Conditions, threshold_v: f64, kind: usize) -> Device {
        let from = &self.reference;
        let slower = to.corner.slowness()[kind] - from.corner.slowness()[kind];
        let warmer = to.temperature_c - from.temperature_c;
        let corner_mv = slower * self.threshold_corner_mv;
        let threshold = threshold_v + 1e-3 * (corner_mv + warmer * self.threshold_mv_per_k);
        let overdrive = (to.supply_v - threshold) / (from.supply_v - threshold_v);
        let mobility = (to.kelvin() / from.kelvin()).powf(-self.mobility_exponent);
        let doublings = warmer / self.leakage_doubling_k;
        let decades = -corner_mv / self.leakage_mv_per_decade;
        let leakage = doublings.exp2() * 10_f64.powf(decades);
        Device { threshold_v: threshold, drive: overdrive * mobility, leakage }
    }
}

impl Analog {
    /// The parameters under the conditions named, which become the reference: to do so twice
    /// changes nothing.
    ///
    /// Voltages come from dividers of the supply. Time constants and SRAM times go with the
    /// conductance of the devices they depend on, the NMOS, PMOS, or (transmission gates, latches)
    /// the mean of both. Leakage is that of NMOS devices. kT/C noise takes the temperature by
    /// itself; the comparator's grows with the root of it, that of a charge q_u with kT/q_u.
    pub fn under_its_conditions(mut self) -> Self {
        let (from, to) = (self.process.reference, self.conditions);
        let n = self.process.device(&to, self.process.threshold_n_v, 0);
        let p = self.process.device(&to, self.process.threshold_p_v, 1);
        let both = 0.5 * (n.drive + p.drive);

        let supply = to.supply_v / from.supply_v;
        for volts in [&mut self.v_low, &mut self.v_full_scale, &mut self.v_cm] {
            *volts *= supply;
        }
        let slower = to.corner.slowness()[0] - from.corner.slowness()[0];
        self.injection_strength *= 1.0 - slower * self.process.injection_corner_percent / 100.0;
        let warmth = to.kelvin() / from.kelvin();
        self.comparator_noise.sigma_mv *= warmth.sqrt();
        self.injection_noise.sigma_percent *= (warmth / supply).sqrt();

        self.settling.tau_reset_ps /= n.drive;
        self.settling.tau_multiply_ps /= n.drive;
        self.settling.tau_sample_ps /= both;
        self.settling.tau_share_ps /= both;
        self.metastability.tau_ps /= both;
        self.sram.write_time_ps /= n.drive;
        self.sram.develop_time_ps /= n.drive;
        self.sram.precharge_time_ps /= p.drive;
        self.leakage.mac_node_pa *= n.leakage;
        self.leakage.bit_line_pa *= n.leakage;

        self.process.reference = to;
        self.process.threshold_n_v = n.threshold_v;
        self.process.threshold_p_v = p.threshold_v;
        self
    }
}

/// What tests use whose answers are worked out by hand.
#[cfg(test)]
impl Conditions {
    pub const TYPICAL: Self = Self { corner: Corner::Tt, supply_v: 1.2, temperature_c: 25.0 };
}

#[cfg(test)]
impl Process {
    pub const TYPICAL: Self = Self {
        reference: Conditions::TYPICAL,
        threshold_n_v: 0.45,
        threshold_p_v: 0.45,
        threshold_corner_mv: 40.0,
        threshold_mv_per_k: -1.0,
        mobility_exponent: 1.5,
        leakage_doubling_k: 10.0,
        leakage_mv_per_decade: 100.0,
        injection_corner_percent: 2.0,
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn under(corner: Corner, supply_v: f64, temperature_c: f64) -> Analog {
        let mut analog = Config::builtin("capram65").unwrap().analog;
        analog.conditions = Conditions { corner, supply_v, temperature_c };
        analog.under_its_conditions()
    }

    #[test]
    fn the_reference_changes_nothing_and_twice_is_once() {
        let nominal = Config::builtin("capram65").unwrap().analog;
        assert_eq!(nominal.under_its_conditions(), nominal);
        for corner in Corner::ALL {
            let once = under(corner, 1.1, 85.0);
            assert_eq!(once.under_its_conditions(), once, "{corner:?}");
        }
    }

    /// By hand: NMOS slow and PMOS fast at 1.2 V and 25 C, thresholds 0.45 V +- 40 mV.
    #[test]
    fn a_corner_moves_what_depends_on_it() {
        let (tt, sf) = (under(Corner::Tt, 1.2, 25.0), under(Corner::Sf, 1.2, 25.0));
        let slow = 0.75 / 0.71;
        assert!((sf.settling.tau_reset_ps / tt.settling.tau_reset_ps - slow).abs() < 1e-12);
        // (0.71 + 0.79) / 2 is what it was.
        assert!((sf.settling.tau_share_ps / tt.settling.tau_share_ps - 1.0).abs() < 1e-12);
        assert!(
            (sf.leakage.mac_node_pa / tt.leakage.mac_node_pa - 10_f64.powf(-0.4)).abs() < 1e-12
        );
        assert_eq!(sf.injection_strength, 0.98);
        assert_eq!((sf.v_low, sf.v_full_scale), (tt.v_low, tt.v_full_scale));
    }

    /// By hand: 1.0 V instead of 1.2 V, and 10 K more.
    #[test]
    fn supply_and_temperature_follow_their_laws() {
        let (nominal, low) = (under(Corner::Tt, 1.2, 25.0), under(Corner::Tt, 1.0, 25.0));
        assert!((low.v_full_scale - 0.5).abs() < 1e-12);
        let slower = low.settling.tau_sample_ps / nominal.settling.tau_sample_ps;
        assert!((slower - 0.75 / 0.55).abs() < 1e-12);
        let warm = under(Corner::Tt, 1.2, 35.0);
        assert!((warm.leakage.bit_line_pa / nominal.leakage.bit_line_pa - 2.0).abs() < 1e-12);
        assert!((warm.kt() / nominal.kt() - 308.15 / 298.15).abs() < 1e-12);
    }
}
