//! All terms at once: thresholds against those that bisection finds in a plain simulation.

use super::simulation::Adc;
use super::*;

/// Beyond all thresholds, in LSB.
const FAR: f64 = 300.0;

/// The input from which on the code is finally at least `t`.
fn bisect(adc: &Adc, t: u8) -> f64 {
    let positive = adc.code(true, 0.0) < t;
    // From where the code is too small to where it is not.
    let reached = |input: f64| adc.code(positive, input.abs()) >= t;
    let (mut low, mut high) = if positive { (0.0, FAR) } else { (-FAR, 0.0) };
    if reached(low) || !reached(high) {
        // Branch d < 0 does not reach t before 0.
        assert!(!positive && !reached(low), "threshold {t} lies beyond {FAR}");
        return 0.0;
    }
    while high - low > 1e-11 {
        let middle = 0.5 * (low + high);
        *if reached(middle) { &mut high } else { &mut low } = middle;
    }
    high
}

pub fn assert_found(adc: &Adc) {
    let Adc { config, chip, range, column, slice } = *adc;
    let found = transfer(config, range, column).thresholds(chip, slice);
    assert!(found.is_sorted());
    for t in 1..=THRESHOLDS {
        let wanted = bisect(adc, t as u8);
        let found = found[t - 1];
        assert!((found - wanted).abs() < 1e-9, "threshold {t}: {found}, not {wanted}");
    }
}

/// The configurations as they come, with the shortest and with uneven pulses.
#[test]
fn bisection_finds_the_same_thresholds() {
    let configs = ["capram65", "ss", "leaky", "small", "slice2"];
    for (number, name) in (0..).zip(configs) {
        let mut config = Config::builtin(name).unwrap();
        if number % 2 == 1 {
            config.timing.pulses = uneven();
        }
        let chip = draw(&config, number);
        let range = Range::ALL[number as usize % 4];
        let slice = config.geometry.slices() - 1 - number as usize % 3;
        let column = if name == "slice2" { 0 } else { number as usize % 3 };
        assert_found(&Adc { config: &config, chip: &chip, range, column, slice });
    }
}

/// Each effect large enough to matter in every digit: slow switches, steep cells, strong pushes.
#[test]
fn large_effects_are_found_too() {
    for seed in 0..3 {
        let mut config = Config::builtin("small").unwrap();
        config.timing.pulses = uneven();
        let analog = &mut config.analog;
        analog.settling.tau_sample_ps = 300.0;
        analog.settling.tau_multiply_ps = 200.0;
        analog.settling.tau_share_ps = 500.0;
        analog.leakage.mac_node_pa = 2000.0;
        analog.leakage.bit_line_pa = 5000.0;
        analog.output_impedance.lambda_per_v = 0.2;
        analog.charge_injection.mac_channel_ff = 0.05;
        analog.charge_injection.bit_line_channel_ff = 0.1;
        analog.clock_feedthrough.mac_overlap_ff = 0.01;
        analog.clock_feedthrough.bit_line_overlap_ff = 0.02;
        analog.comparator_common_mode.mv_per_v = 30.0;
        analog.injection_strength = 1.1;
        analog.cell_mismatch.sigma_percent = 10.0;
        analog.dac_inl.sigma_percent = 3.0;
        analog.v_cm = 0.7;
        let chip = draw(&config, seed);
        let range = Range::ALL[1 + seed as usize];
        assert_found(&Adc { config: &config, chip: &chip, range, column: 2, slice: 1 });
    }
}
