//! Report of `capram characterize`: what the JSON holds; text and HTML show the same figures.
//!
//! Inputs and errors are in LSB of the ADC's range. *Before* and *after* stand for calibration.

pub mod facts;
mod figures;
mod fit;
#[cfg(test)]
mod fixture;
mod html;
mod population;
mod text;
mod verdict;

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cosim::{ConfigRow, Tools};
use super::{WriteError, write_atomic, write_json};
use crate::config::Conditions;

/// Everything that a characterization found. As JSON it begins with `"schema":
/// "capram.characterize/1"`; a field that is renamed or changes its meaning needs a new number.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "schema", rename = "capram.characterize/1")]
pub struct CharacterizeReport {
    pub config: ConfigRow,
    pub conditions: Conditions,
    /// `golden` or `rtl`: who converted the chip in detail.
    pub backend: &'static str,
    pub seed: u64,
    /// Number of the chip that was measured in detail.
    pub chip: u64,
    pub threads: usize,
    /// How to get this report again.
    pub command: String,

    /// Effective number of bits with mismatch off (IEEE 1241, mean over the ADCs).
    pub enob: f64,
    /// Largest INL of the chip's ADCs against the best straight line, in LSB.
    pub inl_max_lsb: f64,
    /// Largest DNL of the chip's ADCs, in LSB.
    pub dnl_max_lsb: f64,
    /// Missing codes of the chip, over all ADCs.
    pub missing_codes: u64,
    /// Largest single error of a calibrated result of the chip, in LSB, over `linearity_samples`.
    pub linearity_error_max_lsb: f64,
    pub linearity_samples: u64,
    pub gops: f64,
    pub tops_per_watt: f64,

    /// Range factor r of the measurement.
    pub range: f64,
    /// One LSB in volts on the bit lines.
    pub lsb_v: f64,
    /// A chip without mismatch, everything else on.
    pub mismatch_off: Figures,
    pub before: Figures,
    pub after: Figures,
    pub adcs: Vec<AdcRow>,
    /// Calibration registers that are too small for what was fitted.
    pub saturated_registers: u64,
    pub curves: Curves,
    /// Codes of the two backends compared, and how many differ; null with `--backend golden`.
    pub backends_compared: Option<BackendComparison>,
    pub monte_carlo: Option<MonteCarlo>,
    pub energy: EnergyReport,
    /// Published facts beside the model.
    pub published: Vec<PublishedRow>,
    pub tools: Tools,
}

/// Figures of merit of one chip in one condition. What a condition has no meaning for is null.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Mean over the ADCs, and the worst of them.
    pub enob: f64,
    pub enob_min: f64,
    pub sinad_db: f64,
    pub snr_db: f64,
    pub sfdr_db: f64,
    pub thd_db: f64,
    /// Best-fit INL, terminal INL, DNL: the largest magnitude over all codes and ADCs, in LSB.
    pub inl_max_lsb: f64,
    pub inl_terminal_max_lsb: f64,
    pub dnl_max_lsb: f64,
    pub missing_codes: u64,
    /// Share of the ADCs without a missing code.
    pub adcs_without_missing_codes: f64,
    pub monotonic: bool,
    /// Rms noise at the input of an ADC, mean over the ADCs, in LSB.
    pub input_noise_lsb: f64,
    /// Largest and rms error of single results against exact dot products, in LSB.
    pub linearity_error_max_lsb: f64,
    pub linearity_error_rms_lsb: f64,
    pub linearity_samples: u64,
    /// Codes of 0 and 127 among them.
    pub clipped_codes: u64,
    /// Variance of the exact dot products over the mean square error, in dB.
    pub csnr_db: f64,
    /// Spread of the ADCs' offsets in LSB and of their gains (relative), standard deviations.
    pub offset_sigma_lsb: f64,
    pub gain_sigma: f64,
}

/// One ADC of the chip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AdcRow {
    pub adc: usize,
    pub enob: f64,
    pub inl_max_lsb: f64,
    pub dnl_max_lsb: f64,
    pub missing_codes: Vec<u8>,
    pub input_noise_lsb: f64,
    /// Input at which the ADC shows the middle, and steps per LSB: before and after calibration.
    pub offset_lsb: [f64; 2],
    pub gain: [f64; 2],
    /// The fitted registers: gain (128 = 1), offset in sixteenths of an LSB.
    pub gain_register: u8,
    pub offset_register: i16,
    /// Largest error of single results before and after, in LSB.
    pub linearity_error_max_lsb: [f64; 2],
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curves {
    /// The ADC with the largest INL, whose transfer and spectrum are shown.
    pub shown_adc: usize,
    /// Inputs of the ramp in LSB, and the shown ADC's mean code at each.
    pub ramp_input_lsb: Vec<f64>,
    pub ramp_mean_code: Vec<f64>,
    /// `[adc][code]`, first code in `first_code[adc]`: best-fit INL and DNL, in LSB.
    pub inl_lsb: Vec<Vec<f64>>,
    pub dnl_lsb: Vec<Vec<f64>>,
    pub first_code: Vec<u8>,
    /// Power of the sine record's bins in dB below full scale: mismatch off, and the chip after
    /// calibration.
    pub spectrum_mismatch_off_dbfs: Vec<f64>,
    pub spectrum_dbfs: Vec<f64>,
    /// The shared master curve in sixteenths of an LSB, 128 entries.
    pub master: Vec<i8>,
    /// Single results' errors by input: centre of a bin, then smallest, mean, largest error before
    /// and after calibration, all in LSB.
    pub error_by_input: Vec<ErrorBin>,
    /// Errors before and after as a histogram: first edge, width, counts.
    pub error_histogram: Histogram,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ErrorBin {
    pub input_lsb: f64,
    pub before: [f64; 3],
    pub after: [f64; 3],
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Histogram {
    pub first_edge_lsb: f64,
    pub width_lsb: f64,
    pub before: Vec<u64>,
    pub after: Vec<u64>,
}

/// The same steps through the RTL and the golden model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BackendComparison {
    pub codes_compared: u64,
    pub codes_different: u64,
    /// Mismatches of the lockstep comparison while the RTL ran.
    pub lockstep_mismatches: u64,
    /// The first of them, in words.
    pub first_mismatch: Option<String>,
    pub rule_violations: u64,
    /// Names of the rules.
    pub violated_rules: Vec<String>,
    /// Whether calibration from the RTL's own accumulators gave the tables of the golden codes.
    pub calibration_equal: bool,
    /// Results that the RTL's post-processor calibrated, and how many the tables do not predict.
    pub results_compared: u64,
    pub results_different: u64,
}

/// One drawn chip of the Monte Carlo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChipRow {
    pub chip: u64,
    pub enob: f64,
    /// From exact thresholds, noise-free.
    pub inl_max_lsb: f64,
    pub dnl_max_lsb: f64,
    pub missing_codes: u64,
    pub adcs_with_missing_codes: u64,
    pub offset_max_lsb: f64,
    /// Calibration registers that are too small for what was fitted.
    pub saturated_registers: u64,
    pub linearity_before_lsb: f64,
    pub linearity_after_lsb: f64,
    pub csnr_before_db: f64,
    pub csnr_after_db: f64,
}

/// A chip that has no figures: an ADC of it is dead, say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedChip {
    pub chip: u64,
    pub reason: String,
}

/// Figures over a population of chips.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MonteCarlo {
    /// All chips, failed ones included.
    pub chips: u64,
    pub first_chip: u64,
    /// Chips that could not be measured; no other figure but the yield counts them.
    pub failed: Vec<FailedChip>,
    /// Name of a figure (as in [`ChipRow`]) and its distribution.
    pub distributions: Vec<(&'static str, crate::characterize::metrics::Distribution)>,
    /// The chip with the largest linearity error after calibration.
    pub worst_chip: u64,
    /// Share of all ADCs without a missing code.
    pub adcs_without_missing_codes: f64,
    /// Share of all chips whose error after calibration stays below 2 LSB.
    pub yield_below_2_lsb: f64,
    /// Spread over chips of the voltage that all rows share, half of them at full scale and the
    /// others at zero, in mV and in LSB.
    pub accumulated_voltage_sigma_mv: f64,
    pub accumulated_voltage_sigma_lsb: f64,
    /// The same with the mismatch of the MAC capacitors alone, in mV.
    pub capacitor_voltage_sigma_mv: f64,
    pub rows: Vec<ChipRow>,
}

/// Energy at the operating point that the model is fitted to, and what it predicts elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EnergyReport {
    pub gops: f64,
    pub power_mw: f64,
    pub tops_per_watt: f64,
    pub pj_per_operation: f64,
    pub fj_per_mac: f64,
    /// Part and pJ per operation, in the order of the data's way.
    pub parts: Vec<(String, f64)>,
    pub sweep: Vec<SweepRow>,
    /// Electrical rules violated at the operating point: the macro does not work there.
    pub violated_rules: Vec<String>,
}

/// One operating point.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SweepRow {
    /// What is varied: `weight format`, `activation sparsity`, `supply` ...
    pub group: String,
    /// Its value, as it is printed.
    pub point: String,
    /// The same as a number: a plot's axis. Steps of an operation for weight formats.
    pub value: f64,
    pub power_mw: f64,
    pub pj_per_operation: f64,
    pub fj_per_mac: f64,
    pub gops: f64,
    pub tops_per_watt: f64,
    /// A published power to look at beside it, in mW.
    pub published_mw: Option<f64>,
    /// Electrical rules violated there: the macro does not work.
    pub violated_rules: Vec<String>,
}

/// A published fact beside the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PublishedRow {
    pub fact: String,
    pub published: String,
    /// Source tag: A, F or L.
    pub tag: String,
    pub model: String,
    /// Where the model's value was measured, or why it is not modelled.
    pub from: String,
}

impl CharacterizeReport {
    /// Whether the backends agree (true if only one ran).
    pub fn matches(&self) -> bool {
        self.backends_compared.as_ref().is_none_or(|c| {
            c.codes_compared > 0
                && c.codes_different == 0
                && c.lockstep_mismatches == 0
                && c.results_different == 0
                && c.calibration_equal
        })
    }

    /// Whether an electrical rule was violated, in any co-simulation of the run.
    pub fn rules_violated(&self) -> bool {
        let compared = self.backends_compared.as_ref().is_some_and(|c| c.rule_violations > 0);
        compared || !self.energy.violated_rules.is_empty()
    }

    /// Whether nothing was found.
    pub fn passed(&self) -> bool {
        self.matches() && !self.rules_violated()
    }

    /// Writes the JSON, complete or not at all.
    pub fn write_json(&self, path: &Path) -> Result<(), WriteError> {
        write_json(path, self)
    }

    /// Writes `index.html` into an existing folder, complete or not at all: one page that needs
    /// nothing else.
    pub fn write_html(&self, folder: &Path) -> Result<(), WriteError> {
        write_atomic(&folder.join("index.html"), html::page(self).as_bytes())
    }
}
