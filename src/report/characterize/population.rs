//! A population's figures by name, its failed chips, and the way back to one of its chips.

use super::MonteCarlo;
use crate::report::text::grouped;

/// A figure's name and unit in words, from its name in the data; unknown ones keep theirs.
pub fn named(key: &'static str) -> (&'static str, &'static str) {
    match key {
        "enob" => ("ENOB", "bits"),
        "inl_max_lsb" => ("INL", "LSB"),
        "dnl_max_lsb" => ("DNL", "LSB"),
        "missing_codes" => ("missing codes", ""),
        "adcs_with_missing_codes" => ("ADCs with missing codes", ""),
        "saturated_registers" => ("registers too small", ""),
        "offset_max_lsb" => ("offset", "LSB"),
        "linearity_before_lsb" => ("linearity error before", "LSB"),
        "linearity_after_lsb" => ("linearity error after", "LSB"),
        "csnr_before_db" => ("CSNR before", "dB"),
        "csnr_after_db" => ("CSNR after", "dB"),
        other => (other, ""),
    }
}

/// Failed chips that are named; the data has all.
const NAMED_FAILURES: usize = 5;

/// The first chips that could not be measured, and why; then how many more.
pub fn failures(m: &MonteCarlo) -> Vec<String> {
    let named = m.failed.iter().take(NAMED_FAILURES);
    let mut lines: Vec<String> =
        named.map(|failed| format!("chip {}: {}", failed.chip, failed.reason)).collect();
    match m.failed.len().saturating_sub(NAMED_FAILURES) {
        0 => {}
        more => lines.push(format!("{} more", grouped(more as u64))),
    }
    lines
}

/// Measured chips with a calibration register that is too small.
pub fn saturated(m: &MonteCarlo) -> u64 {
    m.rows.iter().filter(|row| row.saturated_registers > 0).count() as u64
}

/// The command that measures one chip of a population in detail: the same without the population.
pub fn replay(command: &str, chip: u64) -> String {
    let mut words = vec![];
    let mut rest = command.split_whitespace();
    while let Some(word) = rest.next() {
        match word {
            "--chip" | "--chips" => drop(rest.next()),
            _ if word.starts_with("--chip=") || word.starts_with("--chips=") => {}
            _ => words.push(word),
        }
    }
    let chip = chip.to_string();
    words.extend(["--chip", &chip]);
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::characterize::FailedChip;

    #[test]
    fn the_first_failures_are_named() {
        let failed =
            |n| (0..n).map(|chip| FailedChip { chip, reason: "dead".into() }).collect::<Vec<_>>();
        let of = |n| failures(&MonteCarlo { failed: failed(n), ..MonteCarlo::default() });
        assert!(of(0).is_empty());
        assert_eq!(of(2), ["chip 0: dead", "chip 1: dead"]);
        assert_eq!(of(1005).last().map(String::as_str), Some("1,000 more"));
    }

    #[test]
    fn a_replay_is_of_one_chip() {
        let command =
            "capram characterize --config capram65 --seed 1 --chip 0 --chips 200 --range 1/2";
        let wanted = "capram characterize --config capram65 --seed 1 --range 1/2 --chip 17";
        assert_eq!(replay(command, 17), wanted);
        assert_eq!(replay("capram --chip=3 --chips=4", 5), "capram --chip 5");
        assert_eq!(replay("capram --chips", 5), "capram --chip 5");
    }

    #[test]
    fn figures_have_names_and_units() {
        assert_eq!(named("inl_max_lsb"), ("INL", "LSB"));
        assert_eq!(named("something_new"), ("something_new", ""));
    }
}
