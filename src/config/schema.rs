//! What a configuration may say: every key, the kind of its value and its limits, as one table.
//! The parser refuses what does not fit; types and limits stand nowhere else.

use std::fmt;

use super::Corner;

/// What a key accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowed {
    /// Exactly this text.
    Exactly(&'static str),
    /// The name of another configuration file.
    FileName,
    /// `true` or `false`.
    Switch,
    /// An integer between two limits, both included, in a unit (or "").
    Integer(i128, i128, &'static str),
    /// A number between two limits, both included, in a unit (or "").
    Real(f64, f64, &'static str),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A mapping with these keys.
    Section(&'static [&'static str]),
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = |unit: &str| if unit.is_empty() { "" } else { " " };
        match self {
            Self::Exactly(text) => write!(f, "`{text}`"),
            Self::FileName => f.write_str("the name of a configuration file"),
            Self::Switch => f.write_str("true or false"),
            Self::Integer(low, high, unit) => {
                write!(f, "an integer from {low} to {high}{}{unit}", space(unit))
            }
            Self::Real(low, high, unit) => {
                write!(f, "a number from {low} to {high}{}{unit}", space(unit))
            }
            Self::OneOf(texts) => f.write_str(&texts.join(", ")),
            Self::Section(keys) => write!(f, "a mapping with the keys {}", keys.join(", ")),
        }
    }
}

/// The version of the format that this program reads.
pub const VERSION: &str = "capram.config/1";

/// Pulse widths and gaps, in phase-clock cycles; the RTL's registers have 4 and 3 bits.
const WIDTH: Allowed = Allowed::Integer(1, 15, "cycles");
const GAP: Allowed = Allowed::Integer(0, 7, "cycles");
/// The drawn normal variates end at 4.04 sigma: beyond 20 % a capacitor could become negative.
const SPREAD: Allowed = Allowed::Real(0.0, 20.0, "%");
const OFFSET: Allowed = Allowed::Real(0.0, 200.0, "mV");
const TIME: Allowed = Allowed::Real(0.0, 1e6, "ps");
const CURRENT: Allowed = Allowed::Real(0.0, 1e6, "pA");

/// A switch capacitance beyond a femtofarad would be a capacitor of the array's own size.
const SWITCH_CAPACITANCE: Allowed = Allowed::Real(0.0, 1.0, "fF");
const ENERGY: Allowed = Allowed::Real(0.0, 1e6, "fJ");
const CORNER: Allowed = Allowed::OneOf(Corner::NAMES);
const SUPPLY: Allowed = Allowed::Real(1.0, 1.3, "V");
const TEMPERATURE: Allowed = Allowed::Real(-40.0, 125.0, "degrees C");
const CONDITIONS: Allowed = Allowed::Section(&["corner", "supply_v", "temperature_c"]);

/// Every section and every key, by path; a section stands before its keys. The first one missing
/// in this order is the one reported.
const TABLE: &[(&str, Allowed)] = &[
    ("", Allowed::Section(&["schema", "base", "geometry", "timing", "analog", "energy"])),
    ("schema", Allowed::Exactly(VERSION)),
    ("base", Allowed::FileName),
    ("geometry", Allowed::Section(&["mac_rows", "columns", "columns_per_slice", "post_lanes"])),
    ("geometry.mac_rows", Allowed::Integer(8, 64, "rows, a multiple of 8")),
    (
        "geometry.columns",
        Allowed::Integer(4, 128, "columns: 4, 8, 16 ... slices of columns_per_slice"),
    ),
    ("geometry.columns_per_slice", Allowed::Integer(1, 4, "columns: 1, 2 or 4")),
    ("geometry.post_lanes", Allowed::Integer(1, 16, "lanes")),
    ("timing", Allowed::Section(&["conversion_rate_msps", "nominal_step_cycles", "pulses"])),
    ("timing.conversion_rate_msps", Allowed::Real(1e-3, 1e4, "MS/s")),
    // 18 pulses of 1..=15 cycles with gaps of 0..=7 each
    ("timing.nominal_step_cycles", Allowed::Integer(18, 396, "cycles")),
    (
        "timing.pulses",
        Allowed::Section(&[
            "reset",
            "sample",
            "multiply",
            "share",
            "strobe",
            "inject",
            "latch",
            "precharge",
            "access",
            "sense",
        ]),
    ),
    ("timing.pulses.reset", PULSE),
    ("timing.pulses.reset.width", WIDTH),
    ("timing.pulses.reset.gap", GAP),
    ("timing.pulses.sample", PULSE),
    ("timing.pulses.sample.width", WIDTH),
    ("timing.pulses.sample.gap", GAP),
    ("timing.pulses.multiply", PULSE),
    ("timing.pulses.multiply.width", WIDTH),
    ("timing.pulses.multiply.gap", GAP),
    ("timing.pulses.share", PULSE),
    ("timing.pulses.share.width", WIDTH),
    ("timing.pulses.share.gap", GAP),
    ("timing.pulses.strobe", PULSE),
    ("timing.pulses.strobe.width", WIDTH),
    ("timing.pulses.strobe.gap", GAP),
    ("timing.pulses.inject", PULSE),
    ("timing.pulses.inject.width", WIDTH),
    ("timing.pulses.inject.gap", GAP),
    ("timing.pulses.latch", PULSE),
    ("timing.pulses.latch.width", WIDTH),
    ("timing.pulses.latch.gap", GAP),
    ("timing.pulses.precharge", PULSE),
    ("timing.pulses.precharge.width", WIDTH),
    ("timing.pulses.precharge.gap", GAP),
    ("timing.pulses.access", PULSE),
    ("timing.pulses.access.width", WIDTH),
    ("timing.pulses.access.gap", GAP),
    ("timing.pulses.sense", PULSE),
    ("timing.pulses.sense.width", WIDTH),
    ("timing.pulses.sense.gap", GAP),
    (
        "analog",
        Allowed::Section(&[
            "v_low",
            "v_full_scale",
            "v_cm",
            "conditions",
            "process",
            "unit_capacitor_ff",
            "bit_line_parasitic",
            "capacitor_mismatch",
            "parasitic_mismatch",
            "dac_inl",
            "charge_injection",
            "clock_feedthrough",
            "ktc_noise",
            "comparator_offset",
            "comparator_noise",
            "comparator_common_mode",
            "metastability",
            "injection_strength",
            "cell_mismatch",
            "injection_noise",
            "output_impedance",
            "settling",
            "leakage",
            "sram",
            "rules",
        ]),
    ),
    ("analog.v_low", Allowed::Real(0.0, 5.0, "V")),
    ("analog.v_full_scale", Allowed::Real(0.01, 5.0, "V")),
    ("analog.v_cm", Allowed::Real(0.0, 5.0, "V")),
    ("analog.conditions", CONDITIONS),
    ("analog.conditions.corner", CORNER),
    ("analog.conditions.supply_v", SUPPLY),
    ("analog.conditions.temperature_c", TEMPERATURE),
    (
        "analog.process",
        Allowed::Section(&[
            "reference",
            "threshold_n_v",
            "threshold_p_v",
            "threshold_corner_mv",
            "threshold_mv_per_k",
            "mobility_exponent",
            "leakage_doubling_k",
            "leakage_mv_per_decade",
            "injection_corner_percent",
        ]),
    ),
    ("analog.process.reference", CONDITIONS),
    ("analog.process.reference.corner", CORNER),
    ("analog.process.reference.supply_v", SUPPLY),
    ("analog.process.reference.temperature_c", TEMPERATURE),
    ("analog.process.threshold_n_v", Allowed::Real(0.0, 2.0, "V")),
    ("analog.process.threshold_p_v", Allowed::Real(0.0, 2.0, "V")),
    ("analog.process.threshold_corner_mv", Allowed::Real(0.0, 200.0, "mV")),
    ("analog.process.threshold_mv_per_k", Allowed::Real(-5.0, 0.0, "mV/K")),
    ("analog.process.mobility_exponent", Allowed::Real(0.0, 3.0, "")),
    ("analog.process.leakage_doubling_k", Allowed::Real(1.0, 100.0, "K")),
    ("analog.process.leakage_mv_per_decade", Allowed::Real(50.0, 1000.0, "mV")),
    ("analog.process.injection_corner_percent", Allowed::Real(0.0, 20.0, "%")),
    ("analog.unit_capacitor_ff", Allowed::Real(0.01, 1000.0, "fF")),
    ("analog.bit_line_parasitic", Allowed::Section(&["per_row", "fixed_ff"])),
    ("analog.bit_line_parasitic.per_row", Allowed::Real(0.0, 100.0, "unit capacitors")),
    ("analog.bit_line_parasitic.fixed_ff", Allowed::Real(0.0, 10_000.0, "fF")),
    ("analog.capacitor_mismatch", Allowed::Section(&["on", "sigma_percent_sqrt_ff"])),
    ("analog.capacitor_mismatch.on", Allowed::Switch),
    ("analog.capacitor_mismatch.sigma_percent_sqrt_ff", Allowed::Real(0.0, 20.0, "% at 1 fF")),
    ("analog.parasitic_mismatch", RELATIVE),
    ("analog.parasitic_mismatch.on", Allowed::Switch),
    ("analog.parasitic_mismatch.sigma_percent", SPREAD),
    ("analog.dac_inl", RELATIVE),
    ("analog.dac_inl.on", Allowed::Switch),
    // beyond, a level could miss its place by more than a quarter of a step
    ("analog.dac_inl.sigma_percent", Allowed::Real(0.0, 3.0, "%")),
    ("analog.charge_injection", Allowed::Section(&["on", "mac_channel_ff", "bit_line_channel_ff"])),
    ("analog.charge_injection.on", Allowed::Switch),
    ("analog.charge_injection.mac_channel_ff", SWITCH_CAPACITANCE),
    ("analog.charge_injection.bit_line_channel_ff", SWITCH_CAPACITANCE),
    (
        "analog.clock_feedthrough",
        Allowed::Section(&["on", "mac_overlap_ff", "bit_line_overlap_ff"]),
    ),
    ("analog.clock_feedthrough.on", Allowed::Switch),
    ("analog.clock_feedthrough.mac_overlap_ff", SWITCH_CAPACITANCE),
    ("analog.clock_feedthrough.bit_line_overlap_ff", SWITCH_CAPACITANCE),
    ("analog.ktc_noise", Allowed::Section(&["on"])),
    ("analog.ktc_noise.on", Allowed::Switch),
    ("analog.comparator_offset", VOLTAGE),
    ("analog.comparator_offset.on", Allowed::Switch),
    ("analog.comparator_offset.sigma_mv", OFFSET),
    ("analog.comparator_noise", VOLTAGE),
    ("analog.comparator_noise.on", Allowed::Switch),
    ("analog.comparator_noise.sigma_mv", OFFSET),
    ("analog.comparator_common_mode", Allowed::Section(&["on", "mv_per_v"])),
    ("analog.comparator_common_mode.on", Allowed::Switch),
    ("analog.comparator_common_mode.mv_per_v", Allowed::Real(-100.0, 100.0, "mV/V")),
    ("analog.metastability", Allowed::Section(&["on", "tau_ps"])),
    ("analog.metastability.on", Allowed::Switch),
    ("analog.metastability.tau_ps", TIME),
    ("analog.injection_strength", Allowed::Real(0.5, 2.0, "of q_u")),
    ("analog.cell_mismatch", RELATIVE),
    ("analog.cell_mismatch.on", Allowed::Switch),
    ("analog.cell_mismatch.sigma_percent", SPREAD),
    ("analog.injection_noise", RELATIVE),
    ("analog.injection_noise.on", Allowed::Switch),
    ("analog.injection_noise.sigma_percent", SPREAD),
    ("analog.output_impedance", Allowed::Section(&["on", "lambda_per_v"])),
    ("analog.output_impedance.on", Allowed::Switch),
    ("analog.output_impedance.lambda_per_v", Allowed::Real(0.0, 1.0, "1/V")),
    (
        "analog.settling",
        Allowed::Section(&[
            "on",
            "tau_reset_ps",
            "tau_sample_ps",
            "tau_multiply_ps",
            "tau_share_ps",
        ]),
    ),
    ("analog.settling.on", Allowed::Switch),
    ("analog.settling.tau_reset_ps", TIME),
    ("analog.settling.tau_sample_ps", TIME),
    ("analog.settling.tau_multiply_ps", TIME),
    ("analog.settling.tau_share_ps", TIME),
    ("analog.leakage", Allowed::Section(&["on", "mac_node_pa", "bit_line_pa"])),
    ("analog.leakage.on", Allowed::Switch),
    ("analog.leakage.mac_node_pa", CURRENT),
    ("analog.leakage.bit_line_pa", CURRENT),
    ("analog.sram", Allowed::Section(&["write_time_ps", "develop_time_ps", "precharge_time_ps"])),
    ("analog.sram.write_time_ps", TIME),
    ("analog.sram.develop_time_ps", TIME),
    ("analog.sram.precharge_time_ps", TIME),
    ("analog.rules", Allowed::Section(&["settled_within_lsb"])),
    ("analog.rules.settled_within_lsb", Allowed::Real(1e-6, 64.0, "LSB")),
    (
        "energy",
        Allowed::Section(&[
            "supply_v",
            "temperature_c",
            "word_line_fj",
            "column_switch_fj",
            "row_driver_fj",
            "comparator_fj",
            "injection_gate_fj",
            "toggle_fj",
            "sar_toggle_fj",
            "code_fj",
            "clock_fj",
            "sram_access_fj",
            "leakage_uw",
        ]),
    ),
    ("energy.supply_v", SUPPLY),
    ("energy.temperature_c", TEMPERATURE),
    ("energy.word_line_fj", ENERGY),
    ("energy.column_switch_fj", ENERGY),
    ("energy.row_driver_fj", ENERGY),
    ("energy.comparator_fj", ENERGY),
    ("energy.injection_gate_fj", ENERGY),
    ("energy.toggle_fj", ENERGY),
    ("energy.sar_toggle_fj", ENERGY),
    ("energy.code_fj", ENERGY),
    ("energy.clock_fj", ENERGY),
    ("energy.sram_access_fj", ENERGY),
    ("energy.leakage_uw", Allowed::Real(0.0, 1e6, "uW")),
];

const PULSE: Allowed = Allowed::Section(&["width", "gap"]);
const RELATIVE: Allowed = Allowed::Section(&["on", "sigma_percent"]);
const VOLTAGE: Allowed = Allowed::Section(&["on", "sigma_mv"]);

/// What the key at this path accepts, and the path itself; `None` if there is no such key.
pub fn find(path: &str) -> Option<(&'static str, Allowed)> {
    TABLE.iter().find(|(name, _)| *name == path).copied()
}

/// Paths of all settings: every key that holds a value, without `schema` and `base`.
pub fn settings() -> impl Iterator<Item = (&'static str, Allowed)> {
    let value = |(name, allowed): &(&str, Allowed)| {
        !matches!(allowed, Allowed::Section(_)) && name.contains('.')
    };
    TABLE.iter().filter(move |row| value(row)).copied()
}

/// The path of a key within a section.
pub fn join(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// A path in the notation of JSON pointers.
pub fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key that a section lists has its row, and every row is listed by its section.
    #[test]
    fn sections_and_rows_agree() {
        for (section, allowed) in TABLE {
            let Allowed::Section(keys) = allowed else { continue };
            for key in *keys {
                assert!(find(&join(section, key)).is_some(), "{section}: {key}");
            }
        }
        for (path, _) in TABLE.iter().filter(|(path, _)| !path.is_empty()) {
            let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
            let Some((_, Allowed::Section(keys))) = find(section) else { panic!("{section}") };
            assert!(keys.contains(&key), "{path}");
        }
    }
}
