//! The text as a whole.

use crate::report::characterize::figures::fixed;
use crate::report::characterize::*;

fn report() -> CharacterizeReport {
    fixture::report()
}

#[test]
fn the_verdict_comes_first() {
    let mut report = report();
    let head = "capram characterize: done\n  config    capram65 (";
    assert!(report.to_string().starts_with(head), "{report}");
    let compared = report.backends_compared.as_mut().expect("compared");
    compared.codes_different = 1;
    assert!(report.to_string().starts_with("capram characterize: MISMATCH\n"));
    compared_first(&mut report);
    let text = report.to_string();
    assert!(text.contains("  first mismatch: cycle 7"), "{text}");
    report.backends_compared = None;
    report.energy.violated_rules = vec!["precharge_too_short".into()];
    let text = report.to_string();
    assert!(text.starts_with("capram characterize: RULES VIOLATED (precharge_too_short)\n"));
    assert!(text.contains("does not work here: precharge_too_short"), "{text}");
}

fn compared_first(report: &mut CharacterizeReport) {
    if let Some(compared) = &mut report.backends_compared {
        compared.first_mismatch = Some("cycle 7".into());
    }
}

/// One chip has no spread.
#[test]
fn a_spread_of_one_is_a_dash() {
    let mut report = report();
    let m = report.monte_carlo.as_mut().expect("a population");
    (m.chips, m.rows) = (1, m.rows[..1].to_vec());
    m.accumulated_voltage_sigma_mv = f64::NAN;
    m.distributions.iter_mut().for_each(|(_, d)| d.sigma = f64::NAN);
    let text = report.to_string();
    assert!(!text.contains("NaN"), "{text}");
    assert!(text.contains("  shared voltage, sigma                      - mV"), "{text}");
    assert!(!html::page(&report).contains("NaN"));
}

#[test]
fn numbers_are_aligned_and_have_units() {
    let text = report().to_string();
    for line in [
        "  corner    tt, 1.2 V, 25 C\n",
        "  throughput                            573.44 GOPS; published 573.44 [A]\n",
        "  efficiency                              49.4 TOPS/W; published 49.4 [A], the level",
        "\nCalibration                     mismatch off      before       after\n",
        "  monotonic                              yes         yes           =\n",
        "  codes compared                     2,920,448\n",
        "  MAC capacitors                         21.30 pJ, 25.7 %\n",
        "    90 %                            52.2     573.4     10.99     38.35\n",
        "--chips 200 --backend rtl\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    let weak = "    1.00 V                          71.1     573.4      8.07     28.14";
    assert!(text.contains(&format!("{weak}  violates precharge_too_short\n")), "{text}");
    assert!(text.contains("  published 6.35 mW [F], another operating point, not fitted\n"));
    assert!(text.lines().all(|line| line == line.trim_end()));
}

/// The figures of the JSON stand in the text and in the page.
#[test]
fn text_and_page_show_the_numbers_of_the_json() {
    let report = report();
    let json = serde_json::to_value(&report).expect("plain data");
    let number = |pointer: &str, decimals| {
        let value = json.pointer(pointer).and_then(serde_json::Value::as_f64);
        fixed(value.unwrap_or_else(|| panic!("{pointer} is no number")), decimals)
    };
    let (text, page) = (report.to_string(), html::page(&report));
    for (pointer, decimals) in [
        ("/enob", 2),
        ("/inl_max_lsb", 2),
        ("/dnl_max_lsb", 2),
        ("/linearity_error_max_lsb", 2),
        ("/gops", 2),
        ("/tops_per_watt", 1),
        ("/before/csnr_db", 2),
        ("/after/linearity_error_rms_lsb", 3),
        ("/mismatch_off/sinad_db", 2),
        ("/monte_carlo/worst_chip", 0),
        ("/monte_carlo/distributions/1/1/p99", 3),
        ("/energy/fj_per_mac", 2),
        ("/energy/sweep/3/tops_per_watt", 1),
    ] {
        let number = number(pointer, decimals);
        assert!(text.contains(&number), "{pointer} {number} is not in\n{text}");
        assert!(page.contains(&number), "{pointer} {number} is not in the page");
    }
}

#[test]
fn what_was_not_measured_is_left_out() {
    let report = CharacterizeReport {
        enob: f64::NAN,
        after: Figures { csnr_db: f64::INFINITY, dnl_max_lsb: f64::NAN, ..Figures::default() },
        backends_compared: None,
        monte_carlo: None,
        energy: EnergyReport::default(),
        published: vec![],
        ..report()
    };
    let text = report.to_string();
    for absent in ["NaN", "inf", "Monte Carlo", "golden model", "Energy", "Paper"] {
        assert!(!text.contains(absent), "{absent:?} is in\n{text}");
    }
    assert!(text.contains("  ENOB                                       - bits"), "{text}");
}
