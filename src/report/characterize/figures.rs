//! Figures of merit as rows of text, which the terminal and the page share.

use super::{CharacterizeReport, Figures};
use crate::report::text::grouped;

/// What stands where there is no number.
pub const NOTHING: &str = "-";
/// Stands for the value before: calibration does not change codes, nor what they alone decide.
pub const SAME: &str = "=";
/// From here on a number has more digits than a table has room for.
const TOO_LONG: f64 = 1e9;

/// A figure of merit in the three conditions: mismatch off, before, after calibration.
pub struct Row {
    pub name: &'static str,
    pub unit: &'static str,
    pub values: [String; 3],
}

/// A number with so many decimals, without a minus before zero; [`NOTHING`] for what is no number.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return NOTHING.into();
    }
    if value.abs() >= TOO_LONG {
        return format!("{value:.2e}");
    }
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.bytes().all(|byte| matches!(byte, b'0' | b'.')) => zero.into(),
        _ => text,
    }
}

/// A share in percent.
pub fn percent(share: f64, decimals: usize) -> String {
    fixed(100.0 * share, decimals)
}

/// A range factor as the paper writes it.
pub fn range(factor: f64) -> String {
    match factor {
        0.5 => "1/2".into(),
        0.25 => "1/4".into(),
        0.125 => "1/8".into(),
        other if other.is_finite() => other.to_string(),
        _ => NOTHING.into(),
    }
}

/// All figures of a report: from the sine, from the ramp, from random operations.
pub fn rows(report: &CharacterizeReport) -> [Vec<Row>; 3] {
    let conditions = [&report.mismatch_off, &report.before, &report.after];
    let row = |&(name, unit, value): &Spec| {
        let [off, before, after] = conditions.map(value);
        let same = OF_CODES.contains(&name) && before != NOTHING;
        let after = if same { SAME.into() } else { after };
        Row { name, unit, values: [off, before, after] }
    };
    let [sine, ramp, mut results] =
        [&DYNAMIC[..], &STATIC, &RESULTS].map(|specs| specs.iter().map(row).collect::<Vec<_>>());
    results.push(registers(report));
    [sine, ramp, results]
}

/// Only a calibration has registers.
fn registers(report: &CharacterizeReport) -> Row {
    let values = [NOTHING.into(), NOTHING.into(), grouped(report.saturated_registers)];
    Row { name: "registers too small", unit: "", values }
}

type Spec = (&'static str, &'static str, fn(&Figures) -> String);

/// Figures of codes.
const OF_CODES: [&str; 7] = [
    "INL, end points, largest",
    "DNL, largest",
    "missing codes, all ADCs",
    "ADCs without missing codes",
    "monotonic",
    "input noise, rms",
    "clipped codes among them",
];

/// From the sine.
const DYNAMIC: [Spec; 6] = [
    ("ENOB, mean of all ADCs", "bits", |f| fixed(f.enob, 2)),
    ("ENOB, worst ADC", "bits", |f| fixed(f.enob_min, 2)),
    ("SINAD", "dB", |f| fixed(f.sinad_db, 2)),
    ("SNR", "dB", |f| fixed(f.snr_db, 2)),
    ("SFDR", "dB", |f| fixed(f.sfdr_db, 2)),
    ("THD", "dB", |f| fixed(f.thd_db, 2)),
];

/// From the ramp.
const STATIC: [Spec; 9] = [
    ("INL, best fit, largest", "LSB", |f| fixed(f.inl_max_lsb, 3)),
    ("INL, end points, largest", "LSB", |f| fixed(f.inl_terminal_max_lsb, 3)),
    ("DNL, largest", "LSB", |f| fixed(f.dnl_max_lsb, 3)),
    ("missing codes, all ADCs", "", |f| if_ramp(f, grouped(f.missing_codes))),
    ("ADCs without missing codes", "%", |f| if_ramp(f, percent(f.adcs_without_missing_codes, 1))),
    ("monotonic", "", |f| if_ramp(f, if f.monotonic { "yes" } else { "no" }.into())),
    ("input noise, rms", "LSB", |f| fixed(f.input_noise_lsb, 3)),
    ("offsets, sigma", "LSB", |f| fixed(f.offset_sigma_lsb, 3)),
    ("gains, sigma", "%", |f| percent(f.gain_sigma, 2)),
];

/// From random operations.
const RESULTS: [Spec; 5] = [
    ("linearity error, largest", "LSB", |f| fixed(f.linearity_error_max_lsb, 2)),
    ("linearity error, rms", "LSB", |f| fixed(f.linearity_error_rms_lsb, 3)),
    ("results compared", "", |f| grouped(f.linearity_samples)),
    ("clipped codes among them", "", |f| if_results(f, grouped(f.clipped_codes))),
    ("CSNR", "dB", |f| fixed(f.csnr_db, 2)),
];

/// Counts can not be null in the data: without a ramp they mean nothing.
fn if_ramp(figures: &Figures, text: String) -> String {
    if figures.dnl_max_lsb.is_finite() { text } else { NOTHING.into() }
}

fn if_results(figures: &Figures, text: String) -> String {
    if figures.linearity_samples > 0 { text } else { NOTHING.into() }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn numbers_are_readable_or_absent() {
        assert_eq!(fixed(6.849, 2), "6.85");
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(fixed(-0.01, 2), "-0.01");
        assert_eq!(fixed(-1e300, 2), "-1.00e300");
        for absent in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(fixed(absent, 2), NOTHING);
        }
        assert_eq!(percent(0.9953, 1), "99.5");
        assert_eq!([1.0, 0.25, f64::NAN].map(range), ["1", "1/4", NOTHING]);
    }

    /// What calibration can not change is not printed as if it had been measured again.
    #[test]
    fn figures_of_codes_are_the_same_after_calibration() {
        let report = fixture::report();
        let rows: Vec<Row> = rows(&report).into_iter().flatten().collect();
        let after = |name: &str| {
            let row = rows.iter().find(|row| row.name == name);
            row.unwrap_or_else(|| panic!("no {name}")).values[2].clone()
        };
        assert!(OF_CODES.iter().all(|name| after(name) == SAME));
        assert_eq!(after("INL, best fit, largest"), fixed(report.after.inl_max_lsb, 3));
        assert_eq!(after("registers too small"), "0");
    }
}
