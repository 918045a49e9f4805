//! Values that are each within their limits but do not go together.

use super::error::{Conflict, Problem, Scalar};
use super::{Analog, Config, Geometry, parse, schema};

/// Highest voltage of the array that makes sense.
const HIGHEST_V: f64 = 5.0;
/// Largest relative spread of one capacitor, in percent: 4.04 sigma stay above zero.
const WIDEST_PERCENT: f64 = 20.0;
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
        if ![1, 2, 4].contains(&columns_per_slice) {
            return Err(Conflict::ColumnsPerSlice(columns_per_slice));
        }
        if !columns.is_multiple_of(columns_per_slice) {
            return Err(Conflict::Columns { columns, columns_per_slice });
        }
        let slices = self.slices();
        let shared = lanes.is_power_of_two() && slices.is_multiple_of(lanes);
        if lanes != 1 && !(shared && slices / lanes >= SLICES_PER_LANE) {
            return Err(Conflict::PostLanes { lanes, slices });
        }
        Ok(())
    }
}

impl Analog {
    /// Whether the parameters go together; their limits are checked by [`Config::validate`].
    pub fn validate(&self, mac_rows: usize) -> Result<(), Conflict> {
        let Self { v_low, v_full_scale, v_cm, unit_capacitor_ff, .. } = *self;
        let highest = v_low + v_full_scale;
        if highest > HIGHEST_V {
            return Err(Conflict::SupplyExceeded { v_low, v_full_scale });
        }
        if v_cm > highest {
            return Err(Conflict::CommonMode { v_cm, highest });
        }
        if self.parasitic_ff(mac_rows) <= 0.0 {
            return Err(Conflict::NoParasitic);
        }
        let percent = 100.0 * self.capacitor_sigma();
        if percent > WIDEST_PERCENT {
            let sigma_percent_sqrt_ff = self.capacitor_mismatch.sigma_percent_sqrt_ff;
            return Err(Conflict::Mismatch { sigma_percent_sqrt_ff, unit_capacitor_ff, percent });
        }
        self.time_constants()
    }

    fn time_constants(&self) -> Result<(), Conflict> {
        let s = self.settling;
        let taus = [
            ("analog.settling.tau_reset_ps", s.tau_reset_ps),
            ("analog.settling.tau_sample_ps", s.tau_sample_ps),
            ("analog.settling.tau_multiply_ps", s.tau_multiply_ps),
            ("analog.settling.tau_share_ps", s.tau_share_ps),
        ];
        match taus.into_iter().find(|&(_, tau)| s.on && tau <= 0.0) {
            Some((key, _)) => Err(Conflict::TimeConstant { key }),
            None => Ok(()),
        }
    }
}
