//! What an event costs. Values and their sources stand in `configs/capram65.yaml`.

use serde::{Deserialize, Serialize};

/// Energies per event of a typical chip at a supply and a temperature, beside the charge that goes
/// into MAC capacitors and injection cells, which follows from the analog parameters. Conditions do
/// not change them: `crate::energy::Model` scales what it takes from here.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Energy {
    /// Supply under which the energies below are stated, in V.
    pub supply_v: f64,
    /// Temperature under which the leakage below is stated, in degrees Celsius.
    pub temperature_c: f64,
    /// One word line or cluster row opened and closed, in fJ.
    pub word_line_fj: f64,
    /// The switches of one column, reset, sampled or shared once, in fJ.
    pub column_switch_fj: f64,
    /// One row DAC driving one level higher or lower than before, its wire included, in fJ.
    pub row_driver_fj: f64,
    /// One strobe of one comparator, in fJ.
    pub comparator_fj: f64,
    /// Gate of one injection cell firing once, in fJ.
    pub injection_gate_fj: f64,
    /// One pin of the controller changing, in fJ.
    pub toggle_fj: f64,
    /// One bit of a SAR register changing, in fJ.
    pub sar_toggle_fj: f64,
    /// One code through the post-processor, in fJ.
    pub code_fj: f64,
    /// One cycle of the clock, with all that toggles inside of the controller, in fJ.
    pub clock_fj: f64,
    /// One word of the SRAM read or written, in fJ.
    pub sram_access_fj: f64,
    /// Static power in uW.
    pub leakage_uw: f64,
}
