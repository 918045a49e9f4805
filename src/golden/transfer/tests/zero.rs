//! Where the branches meet, and where codes are missing.

use super::search::assert_found;
use super::simulation::Adc;
use super::*;

/// Codes just below and at d = 0.
fn around_zero(adc: &Adc) -> (u8, u8) {
    (adc.code(false, 0.0), adc.code(true, 0.0))
}

/// ADCs of a few chips, and what of them was asked for.
fn for_each(config: &Config, mut ask: impl FnMut(&Adc)) {
    for number in 0..4 {
        let chip = draw(config, number);
        for slice in 0..config.geometry.slices() {
            ask(&Adc { config, chip: &chip, range: Range::Eighth, column: 0, slice });
        }
    }
}

/// A stored 0 that keeps some of its push is lower than a stored 1: at d = 0 the difference of the
/// sides jumps up, and thresholds fall into the gap.
#[test]
fn a_threshold_in_the_gap_is_zero() {
    let mut config = ideal();
    config.analog.comparator_offset.on = true;
    config.analog.settling.on = true;
    config.analog.settling.tau_multiply_ps = 400.0;
    config.analog.charge_injection.on = true;
    config.analog.charge_injection.mac_channel_ff = 0.1;
    let mut in_gap = 0;
    for_each(&config, |adc| {
        let (below, at) = around_zero(adc);
        assert!(below <= at);
        let found = transfer(&config, adc.range, 0).thresholds(adc.chip, adc.slice);
        let zeros = found.iter().filter(|t| t.to_bits() == 0).count();
        assert_eq!(zeros, usize::from(at - below));
        in_gap += zeros;
    });
    assert!(in_gap > 10, "{in_gap}");
}

/// A stored 1 floats, and leaks, longer than a stored 0: the difference jumps down, and the code is
/// reached twice. The second place counts.
#[test]
fn a_code_reached_twice_counts_from_the_second() {
    let mut config = ideal();
    config.analog.comparator_offset.on = true;
    config.analog.leakage.on = true;
    config.analog.leakage.mac_node_pa = 2000.0;
    let mut twice = 0;
    for_each(&config, |adc| {
        let (below, at) = around_zero(adc);
        assert!(below >= at);
        let found = transfer(&config, adc.range, 0).thresholds(adc.chip, adc.slice);
        for t in at + 1..=below {
            let threshold = found[usize::from(t) - 1];
            assert!(threshold > 0.0);
            assert!(adc.code(true, threshold - 1e-9) < t && adc.code(true, threshold + 1e-9) >= t);
            twice += 1;
        }
        if at != below && twice < 4 {
            assert_found(adc);
        }
    });
    assert!(twice > 10, "{twice}");
}

/// Cells that miss their size by much: codes without width, and never a disorder.
#[test]
fn missing_codes_are_empty_intervals() {
    let mut config = Config::builtin("small").unwrap();
    config.analog.cell_mismatch.sigma_percent = 20.0;
    let mut missing = 0;
    for number in 0..4 {
        let chip = draw(&config, number);
        let adc = Adc { config: &config, chip: &chip, range: Range::Half, column: 0, slice: 2 };
        let found = transfer(&config, adc.range, 0).thresholds(&chip, 2);
        missing += found.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert_found(&adc);
    }
    assert!(missing > 4, "{missing}");
}

/// Parameters that make the output fall are answered, in order and with numbers.
#[test]
fn senseless_parameters_have_infinite_thresholds() {
    let mut config = Config::builtin("small").unwrap();
    // Almost no discharge, and a push that raises: the zeros end up above the ones.
    config.analog.settling.tau_multiply_ps = 1e15;
    let found = transfer(&config, Range::Full, 0).thresholds(&draw(&config, 0), 0);
    assert!(found.is_sorted() && found.iter().all(|t| !t.is_nan()));
    assert!(found.iter().filter(|t| t.is_infinite()).count() > 64, "{found:?}");
}
