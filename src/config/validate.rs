//! Values that are each within their limits but do not go together.

use std::ops::RangeInclusive;

use super::error::{Conflict, Problem, Scalar};
use super::{Analog, Config, Geometry, Range, parse, schema};
use crate::golden::chip::CAP_UNIT;

/// Least voltage by which the supply exceeds a threshold. [C] Below, switches do not conduct and the
/// law for their time constants ends.
const LEAST_OVERDRIVE_V: f64 = 0.05;
/// Largest relative spread of one capacitor, in percent. [C] The drawn normal variates end at 4.04
/// sigma, so that a capacitor stays above 19 % of its value.
const WIDEST_PERCENT: f64 = 20.0;
/// Nominal parasitic in units of `C_u / CAP_UNIT`. [C] Drawn values are integers: at least one, and
/// 20 % x 4.04 sigma above the most fit 32 bits.
const PARASITIC_UNITS: RangeInclusive<f64> = 1.0..=1e9;
/// Smallest LSB at r = 1/8 in volts. [C] Ten times the 1 uV within which voltages are compared; the
/// distance of a sum from its threshold, 1/16 unit, is then 0.33 uV, far above the 1 nV of a
/// marginal decision.
const SMALLEST_LSB_V: f64 = 10e-6;
/// Fewest slices. [C] The RTL reads a half word of RESULT, four outputs, as one entry of one unit; the
/// powers of two let it take lane and index from the bits of an output's number.
const FEWEST_SLICES: usize = 4;
/// Host words of a row that the RTL decodes.
const WORDS_PER_ROW: [usize; 3] = [1, 2, 4];
/// Activation digits in one host word: rows come in whole words.
const ROWS_PER_WORD: usize = 8;
/// Fewest slices that a lane serves when there are several lanes.
const SLICES_PER_LANE: usize = 8;

impl Config {
    /// Checks a configuration that was built or changed in code, as `load` checks one from a file.
    pub fn validate(&self) -> Result<(), Problem> {
        let settings = self.settings();
        for (key, allowed) in schema::settings() {
            parse::check(key, allowed, &setting(&settings, key))?;
        }
        self.geometry.validate()?;
        self.analog.validate(self.geometry.mac_rows)?;
        Ok(())
    }
}

/// The value at a path, as a file would give it.
fn setting(settings: &serde_json::Value, path: &str) -> Scalar {
    match settings.pointer(&schema::pointer(path)) {
        Some(serde_json::Value::Bool(value)) => Scalar::Switch(*value),
        Some(serde_json::Value::Number(value)) => match value.as_i128() {
            Some(value) => Scalar::Integer(value),
            None => Scalar::Real(value.as_f64().unwrap_or(f64::NAN)),
        },
        Some(serde_json::Value::String(text)) => Scalar::Text(text.clone()),
        // JSON has no number for what is not finite
        _ => Scalar::Real(f64::NAN),
    }
}

impl Geometry {
    /// Whether the parameters go together; their limits are checked by [`Config::validate`].
    pub fn validate(&self) -> Result<(), Conflict> {
        let Self { mac_rows, columns, columns_per_slice, post_lanes: lanes } = *self;
        if !mac_rows.is_multiple_of(ROWS_PER_WORD) {
            return Err(Conflict::MacRows(mac_rows));
        }
        self.validate_slicing()?;
        let slices = self.slices();
        if !slices.is_power_of_two() || slices < FEWEST_SLICES {
            return Err(Conflict::Slices { columns, columns_per_slice, slices });
        }
        let words = self.words_per_row();
        if !WORDS_PER_ROW.contains(&words) {
            return Err(Conflict::Words { columns, words });
        }
        let shared = lanes.is_power_of_two() && slices.is_multiple_of(lanes);
        if lanes != 1 && !(shared && slices / lanes >= SLICES_PER_LANE) {
            return Err(Conflict::PostLanes { lanes, slices });
        }
        Ok(())
    }

    /// Whether the columns make whole slices of a size that exists.
    pub(crate) fn validate_slicing(&self) -> Result<(), Conflict> {
        let Self { columns, columns_per_slice, .. } = *self;
        if ![1, 2, 4].contains(&columns_per_slice) {
            return Err(Conflict::ColumnsPerSlice(columns_per_slice));
        }
        if !columns.is_multiple_of(columns_per_slice) {
            return Err(Conflict::Columns { columns, columns_per_slice });
        }
        Ok(())
    }
}

impl Analog {
    /// Whether the parameters go together; their limits are checked by [`Config::validate`].
    pub fn validate(&self, mac_rows: usize) -> Result<(), Conflict> {
        let Self { v_low, v_full_scale, v_cm, unit_capacitor_ff, .. } = *self;
        let highest = v_low + v_full_scale;
        // Stated together with the other voltages, under the reference conditions.
        let supply_v = self.process.reference.supply_v;
        if highest > supply_v {
            return Err(Conflict::SupplyExceeded { v_low, v_full_scale, supply_v });
        }
        self.overdrive()?;
        if v_cm > highest {
            return Err(Conflict::CommonMode { v_cm, highest });
        }
        let parasitic_ff = self.parasitic_ff(mac_rows);
        if parasitic_ff <= 0.0 {
            return Err(Conflict::NoParasitic);
        }
        let units = f64::from(CAP_UNIT) * parasitic_ff / unit_capacitor_ff;
        if !PARASITIC_UNITS.contains(&units) {
            return Err(Conflict::Parasitic { parasitic_ff, unit_capacitor_ff });
        }
        let lsb_v = self.lsb_v(mac_rows, Range::Eighth.factor());
        if lsb_v < SMALLEST_LSB_V {
            let column_ff = self.column_ff(mac_rows);
            return Err(Conflict::SmallLsb { v_full_scale, unit_capacitor_ff, column_ff, lsb_v });
        }
        let percent = 100.0 * self.capacitor_sigma();
        if percent > WIDEST_PERCENT {
            let sigma_percent_sqrt_ff = self.capacitor_mismatch.sigma_percent_sqrt_ff;
            return Err(Conflict::Mismatch { sigma_percent_sqrt_ff, unit_capacitor_ff, percent });
        }
        self.time_constants()
    }

    /// Whether switches conduct, under the reference conditions and those named.
    fn overdrive(&self) -> Result<(), Conflict> {
        let process = &self.process;
        let now = self.under_its_conditions().process;
        let devices = [
            ("analog.process.threshold_n_v", process.threshold_n_v, now.threshold_n_v),
            ("analog.process.threshold_p_v", process.threshold_p_v, now.threshold_p_v),
        ];
        for (key, stated, under) in devices {
            let pairs = [(stated, process.reference), (under, self.conditions)];
            for (threshold_v, conditions) in pairs {
                if conditions.supply_v - threshold_v < LEAST_OVERDRIVE_V {
                    let supply_v = conditions.supply_v;
                    return Err(Conflict::Overdrive { key, threshold_v, supply_v });
                }
            }
        }
        Ok(())
    }

    fn time_constants(&self) -> Result<(), Conflict> {
        let s = self.settling;
        let taus = [
            ("analog.settling.tau_reset_ps", s.tau_reset_ps),
            ("analog.settling.tau_sample_ps", s.tau_sample_ps),
            ("analog.settling.tau_multiply_ps", s.tau_multiply_ps),
            ("analog.settling.tau_share_ps", s.tau_share_ps),
        ];
        let m = self.metastability;
        if m.on && m.tau_ps <= 0.0 {
            return Err(Conflict::TimeConstant { key: "analog.metastability.tau_ps" });
        }
        match taus.into_iter().find(|&(_, tau)| s.on && tau <= 0.0) {
            Some((key, _)) => Err(Conflict::TimeConstant { key }),
            None => Ok(()),
        }
    }
}
