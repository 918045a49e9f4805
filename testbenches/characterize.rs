//! Does characterization measure what is there, and do both backends give the same?

use capram::characterize::calibrate::Calibration;
use capram::characterize::figures::{self, Stimuli};
use capram::characterize::metrics::linearity::Linearity;
use capram::characterize::program::Plan;
use capram::characterize::run::{Backend, Characterization, Characterized};
use capram::characterize::{golden, rtl};
use capram::config::{Config, Range};
use capram::golden::chip::Chip;
use capram::golden::transfer::Transfer;
use capram::testbench::Sample;
use std::sync::Arc;

fn characterize(config: &Config, sample: Sample, backend: Backend, chips: u64) -> Characterized {
    let characterization = Characterization {
        config,
        range: None,
        sample,
        backend,
        chips,
        checkpoint: None,
        threads: 2,
        command: String::new(),
    };
    characterization.run(&|_| {}).expect("the configuration can be measured")
}

/// Codes, calibration tables and calibrated results of a small macro and of the default one.
#[test]
fn both_backends_agree_code_by_code() {
    for (name, chip) in [("small", 3), ("capram65", 7)] {
        let config = Config::builtin(name).expect("built in");
        let sample = Sample { seed: 2, chip };
        let found = characterize(&config, sample, Backend::Rtl, 0);
        let compared = found.report.backends_compared.as_ref().expect("the RTL ran");
        assert!(compared.codes_compared > 500_000 && compared.results_compared > 8000);
        assert!(found.report.matches(), "{name}: {compared:?}");
        assert_eq!(compared.rule_violations, 0);
        let golden = characterize(&config, sample, Backend::Golden, 0);
        assert_eq!(golden.report.before, found.report.before);
        assert_eq!(golden.report.after, found.report.after);
    }
}

/// One lane takes longer than a step: LATCH is prolonged, and what is left on the columns changes.
#[test]
fn one_slow_lane_gives_the_same_codes() {
    let config = Config::builtin("onelane").expect("built in");
    let plan = Plan { geometry: config.geometry, range: Range::Full, seed: 1 };
    let mut program = plan.linearity();
    program.steps.truncate(300);
    let sample = Sample { seed: 1, chip: 0 };
    let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, 1, 0));
    let golden = golden::convert(&config, &program, &chip, 1, 0).expect("converts");
    let rtl = rtl::convert(&config, &program, sample, None).expect("runs");
    assert_eq!((rtl.mismatches, rtl.violations.len()), (0, 0));
    assert_eq!(rtl.codes, golden);
}

/// The comparison of the backends notices another chip, other noise and other tables.
#[test]
fn another_chip_is_noticed() {
    let config = Config::builtin("small").expect("built in");
    let plan = Plan { geometry: config.geometry, range: Range::Quarter, seed: 1 };
    let mut program = plan.linearity();
    program.steps.truncate(500);
    let codes = |drawn: u64, number: u64| {
        let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, 1, drawn));
        golden::convert(&config, &program, &chip, 1, number).expect("converts")
    };
    let own = codes(4, 4);
    let different = |other: Vec<u8>| own.iter().zip(&other).filter(|(a, b)| a != b).count();
    assert_eq!(different(codes(4, 4)), 0);
    assert!(different(codes(5, 4)) > 100, "another chip");
    assert!(different(codes(4, 5)) > 20, "other noise");
    let rtl = rtl::convert(&config, &program, Sample { seed: 1, chip: 4 }, None).expect("runs");
    assert_eq!(different(rtl.codes), 0);
}

/// Results of the post-processor tell one table from another, ADC by ADC.
#[test]
fn another_table_is_noticed() {
    let config = Config::builtin("small").expect("built in");
    let plan = Plan { geometry: config.geometry, range: Range::Quarter, seed: 1 };
    let mut program = plan.calibration();
    program.steps.truncate(64);
    let mut tables = Calibration::neutral(4);
    let results = |tables: &Calibration| {
        let sample = Sample { seed: 1, chip: 0 };
        let run = rtl::convert(&config, &program, sample, Some(tables)).expect("runs");
        assert_eq!(run.mismatches, 0);
        run.results
    };
    let neutral = results(&tables);
    tables.adcs[2].offset = 1;
    for (i, (a, b)) in neutral.iter().zip(results(&tables)).enumerate() {
        assert_eq!(*a != b, i % 4 == 2, "result {i}");
    }
}

/// With every term off an ADC is ideal, and only quantization is left.
#[test]
fn an_ideal_macro_has_ideal_figures() {
    let config = Config::builtin("ideal").expect("built in");
    let report = characterize(&config, Sample { seed: 1, chip: 0 }, Backend::Golden, 0).report;
    assert_eq!((report.inl_max_lsb, report.dnl_max_lsb, report.missing_codes), (0.0, 0.0, 0));
    // A sine dwells at its peaks; at 60 LSB they lie beside a threshold, where errors are largest.
    assert!((report.enob - 7.0).abs() < 0.04, "{}", report.enob);
    // A threshold lies 1/16 unit low, the farthest sums 14/15 LSB above one.
    assert!((report.before.linearity_error_max_lsb - 0.5).abs() < 1e-6);
    // A calibrated ideal ADC is an ideal ADC, to its ends.
    assert!(report.after.inl_max_lsb < 1e-3, "{}", report.after.inl_max_lsb);
    assert!(
        report.curves.master.iter().all(|entry| entry.abs() <= 1),
        "{:?}",
        report.curves.master
    );
    assert_eq!(report.saturated_registers, 0);
    for row in &report.adcs {
        // Whole sums S end 14/15 LSB above a threshold: their mean lies 1/30 LSB below the middle.
        assert!(row.gain_register == 128 && [-1, 0].contains(&row.offset_register), "{row:?}");
    }
}

/// Offsets and a gain 2 % high are found, and calibration removes them.
#[test]
fn planted_errors_are_found_and_calibrated() {
    let mut config = Config::builtin("ideal").expect("built in");
    config.analog.injection_strength = 0.98;
    config.analog.comparator_offset.on = true;
    config.analog.comparator_offset.sigma_mv = 2.0;
    let report = characterize(&config, Sample { seed: 1, chip: 0 }, Backend::Golden, 0).report;
    let chip = Chip::draw(&config.geometry, &config.analog, 1, 0);
    for row in &report.adcs {
        // A comparator that sees more than there is decides early: its offset is the input's, negated.
        let wanted = -chip.offset(row.adc) / report.lsb_v;
        assert!((row.offset_lsb[0] - wanted).abs() < 0.05, "ADC {}: {row:?}", row.adc);
        assert!((row.gain[0] - 1.0 / 0.98).abs() < 2e-3, "ADC {}: {row:?}", row.adc);
        assert!(row.offset_lsb[1].abs() < 0.05 && (row.gain[1] - 1.0).abs() < 4e-3);
    }
    assert!(report.before.linearity_error_max_lsb > 1.7);
    assert!(report.after.linearity_error_max_lsb < 0.9);
    assert!(report.after.csnr_db > report.before.csnr_db + 4.0);
}

/// A range half as wide as the injected charge asks for a gain that its register does not hold.
#[test]
fn a_register_too_small_is_reported() {
    let mut config = Config::builtin("ideal").expect("built in");
    config.analog.injection_strength = 2.0;
    let report = characterize(&config, Sample { seed: 1, chip: 0 }, Backend::Golden, 0).report;
    assert_eq!(report.saturated_registers, 32, "every gain of 2.0");
    assert!(report.adcs.iter().all(|row| row.gain_register == 255));
}

/// A histogram of 61,472 noisy conversions against thresholds solved for, ADC by ADC.
#[test]
fn ramp_and_exact_thresholds_agree() {
    let config = Config::builtin("capram65").expect("built in");
    let plan = Plan { geometry: config.geometry, range: Range::Full, seed: 3 };
    let stimuli = Stimuli::new(&plan);
    let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, 3, 1));
    let codes = golden::convert(&config, &stimuli.ramp.program, &chip, 3, 1).expect("converts");
    let transfer = Transfer::new(&config.geometry, &config.analog, &config.timing, Range::Full, 0)
        .expect("a transfer");
    let ramps = figures::ramps(&stimuli, &codes, &Calibration::neutral(32)).expect("ramps");
    for (adc, ramp) in ramps.iter().enumerate() {
        let exact = transfer.thresholds(&chip, adc);
        let exact = Linearity::from_thresholds(&exact).expect("thresholds");
        let ramp = &ramp.linearity;
        // What noise leaves of 32 conversions an input (0.02 LSB), and of the step before.
        assert!((ramp.offset_lsb - exact.offset_lsb).abs() < 0.03, "ADC {adc}");
        assert!((ramp.gain / exact.gain - 1.0).abs() < 2e-3, "ADC {adc}");
        let skip = usize::from(ramp.first_code) - usize::from(exact.first_code);
        assert!(ramp.dnl_lsb.len() > 115, "ADC {adc}");
        for (i, &dnl) in ramp.dnl_lsb.iter().enumerate() {
            let wanted = exact.dnl_lsb[i + skip];
            assert!(
                (dnl - wanted).abs() < 0.16,
                "ADC {adc}, code {}: {dnl} {wanted}",
                i + 1 + skip
            );
        }
    }
    assert!(ramps.iter().all(|ramp| ramp.monotonic));
}

/// Rows depend on seed and number alone; the published figures hold over chips.
#[test]
fn monte_carlo_is_the_same_on_any_thread_count() {
    let config = Config::builtin("small").expect("built in");
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let sample = Sample { seed: 5, chip: 0 };
        pool.install(|| characterize(&config, sample, Backend::Golden, 12).report.monte_carlo)
    };
    let one = on(1).expect("chips were asked for");
    assert_eq!(Some(&one), on(3).as_ref());
    assert_eq!(one.rows.len(), 12);
    let worst = one.rows.iter().map(|row| row.linearity_after_lsb).fold(0.0, f64::max);
    assert_eq!(one.rows[one.worst_chip as usize].linearity_after_lsb, worst);
    // Any chip replays: in detail it has the figures of its row.
    let again = characterize(&config, Sample { seed: 5, chip: 7 }, Backend::Golden, 0).report;
    assert_eq!(again.after.linearity_error_max_lsb, one.rows[7].linearity_after_lsb);
    assert_eq!(again.after.csnr_db, one.rows[7].csnr_after_db);
}

/// Half of 64 capacitors at full scale share with the other half and the parasitic: by hand, with
/// A and B the sums of the halves, V = V_FS A / (A + B + C_p).
#[test]
fn shared_voltage_spreads_as_capacitors_match() {
    let config = Config::builtin("capram65").expect("built in");
    let sample = Sample { seed: 8, chip: 0 };
    let found = characterize(&config, sample, Backend::Golden, 40).report.monte_carlo;
    let found = found.expect("chips were asked for").capacitor_voltage_sigma_mv;
    let (half, column) = (32.0 * 1.5, 64.0 * 1.5 + 30.8_f64);
    let sigma_half = 0.007 / 1.5_f64.sqrt() / 32.0_f64.sqrt();
    let of_v = sigma_half * (1.0 - half / column).hypot(half / column);
    let wanted = 600.0 * half / column * of_v;
    // 40 chips of 32 slices: 2 % of doubt; what settling leaves is less.
    assert!((found / wanted - 1.0).abs() < 0.08, "{found} mV for {wanted} mV");
}
