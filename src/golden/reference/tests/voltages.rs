//! Voltages worked out by hand.

use std::sync::Arc;

use super::run;
use crate::config::{Analog, Geometry, Pulse, WeightFormat};
use crate::golden::chip::Chip;
use crate::golden::noise::{Draw, NoiseFrame};
use crate::golden::reference::{Phase, Reference, fixtures};
use crate::transaction::Operation;

pub(super) const TINY: Geometry =
    Geometry { mac_rows: 4, columns: 4, columns_per_slice: 4, post_lanes: 1 };

/// Four rows with digits 15, 7, 3, 0; column 0 stores 1, 1, 0, 1, column 1 stores 0, 0, 1, 0.
pub(super) fn four_rows(analog: Analog) -> Reference {
    let chip = Arc::new(Chip::draw(&TINY, &analog, 7, 3));
    let mut reference = Reference::new(TINY, analog, fixtures::timing(), chip, 7, 3);
    for (m, bits) in [0b01, 0b01, 0b10, 0b01].into_iter().enumerate() {
        reference.load_word(8 * m, 0, bits);
    }
    reference.activations(0, 0, 0x037f);
    reference
}

pub(super) fn assert_close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 1e-12, "{actual} V, expected {expected} V");
}

/// C_p = 0.3 * 4 * 1.5 + 2 = 3.8 fF beside 6 fF. V_FS/15 = 40 mV, so P shares
/// 1.5 fF (15 + 7) 40 mV = 1.32 fC over 9.8 fF, N 1.5 fF * 3 * 40 mV = 0.18 fC.
#[test]
fn ideal_sharing_and_first_injection() {
    let mut reference = four_rows(fixtures::ideal_analog());
    reference.operation(0, &fixtures::operation());
    run(&mut reference);
    // k_p is rounded to 2^-13 of the unit capacitor.
    let parasitic = (3.8f64 / 1.5 * 8192.0).round() / 8192.0 * 1.5;
    let total = 6.0 + parasitic;
    assert_close(reference.bit_line(Phase::Share, 0)[0], 0.5 + 1.32 / total);
    assert_close(reference.bit_line(Phase::Share, 1)[0], 0.5 + 0.18 / total);
    assert_close(reference.bit_line(Phase::Multiply, 0)[0], 0.5);
    // Means: (15 + 7 + 3 + 0) / 4 * 40 mV sampled, 22/4 and 3/4 of 40 mV left on the sides.
    let mean = |phase, side| reference.mac_mean(phase, side).map(|v: &[f64]| v[0]).unwrap_or(0.0);
    assert_close(mean(Phase::Sample, 0), 0.5 + 6.25 * 0.04);
    assert_close(mean(Phase::Multiply, 0), 0.5 + 5.5 * 0.04);
    assert_close(mean(Phase::Multiply, 1), 0.5 + 0.75 * 0.04);
    // The higher side loses 32 cells of 1.5 fF * 0.6 V.
    let injected = 0.5 + (1.32 - 32.0 * 1.5 * 0.6) / total;
    assert_close(reference.bit_line(Phase::Inject(0), 0)[0], injected);
    assert_close(reference.bit_line(Phase::Inject(0), 1)[0], 0.5 + 0.18 / total);
    // S = 19 units, one LSB is 15: d = 1.27, so code 65.
    assert_eq!(reference.codes(), [65]);
}

/// The reference column: rows below M/2 at level L, so 2 * 11 units on N.
#[test]
fn reference_column() {
    let mut reference = four_rows(fixtures::ideal_analog());
    let operation = Operation { format: WeightFormat::Single1, level: 11, ..fixtures::operation() };
    reference.operation(0, &operation);
    run(&mut reference);
    let difference =
        reference.bit_line(Phase::Share, 0)[0] - reference.bit_line(Phase::Share, 1)[0];
    assert!(difference.abs() < 1e-15, "22 units on both sides");
    assert_eq!(reference.codes(), [64], "a tie counts as above");
}

/// SAMPLE with tau = T for two cycles reaches 1 - e^-2 of its DAC voltages.
#[test]
fn unfinished_sampling() {
    let mut analog = fixtures::ideal_analog();
    analog.settling.on = true;
    analog.settling.tau_sample_ps = fixtures::timing().period_s() * 1e12;
    let mut reference = four_rows(analog);
    let sample = Pulse { width: 2, gap: 0 };
    reference.set_pulses(crate::config::Pulses { sample, ..fixtures::nominal_pulses() });
    reference.operation(0, &fixtures::operation());
    run(&mut reference);
    let mean = reference.mac_mean(Phase::Sample, 0).map(|v| v[0]).unwrap_or(0.0);
    assert_close(mean, 0.5 + 6.25 * 0.04 * (1.0 - (-2.0f64).exp()));
}

/// A floating bit line of 3.8 fF loses 10 pA T / C_p each in SAMPLE and MULTIPLY; connected, the
/// 9.8 fF lose 10 pA + 4 * 1 pA.
#[test]
fn leakage() {
    let mut analog = fixtures::ideal_analog();
    analog.leakage.on = true;
    let mut reference = four_rows(analog);
    reference.operation(0, &fixtures::operation());
    run(&mut reference);
    let period = 1e-6 / (140.0 * 18.0);
    let bit_line = |phase| reference.bit_line(phase, 1)[0];
    let loss = 10e-12 * period / 3.8e-15;
    assert_close(bit_line(Phase::Reset), 0.5);
    assert_close(bit_line(Phase::Sample), 0.5 - loss);
    assert_close(bit_line(Phase::Multiply), 0.5 - 2.0 * loss);
    // S = 19 > 0 fires P first, so N only leaks from SHARE to the first INJECT: two cycles.
    let connected = 2.0 * 14e-12 * period / 9.8e-15;
    let lost = bit_line(Phase::Share) - bit_line(Phase::Inject(0));
    assert!((lost - connected).abs() < 1e-4 * connected, "{lost} {connected}");
}

/// kT/C of the reset switch stays on the bit line: 1.04 mV rms on 3.8 fF at 25 C.
#[test]
fn reset_noise() {
    let mut analog = fixtures::ideal_analog();
    analog.ktc_noise.on = true;
    let mut reference = four_rows(analog);
    reference.start_at_conversion(5);
    reference.operation(0, &fixtures::operation());
    run(&mut reference);
    let mut frame = NoiseFrame::silent(1);
    frame.draw(7, 3, 5);
    let noise = reference.bit_line(Phase::Sample, 0)[0] - 0.5;
    let sigma = (1.380_649e-23 * 298.15 / 3.8e-15f64).sqrt();
    assert!((noise / sigma - frame.row(Draw::Reset(0))[0]).abs() < 1e-3);
    assert!((sigma - 1.04e-3).abs() < 1e-5);
}

/// Disabled slices stay at V_low, count nothing and keep their accumulators.
#[test]
fn disabled_slices() {
    let geometry = fixtures::geometry();
    let pulses = fixtures::nominal_pulses();
    let mut reference = fixtures::reference(geometry, fixtures::analog(), pulses);
    fixtures::fill(&mut reference, &geometry, 3);
    reference.operation(0, &fixtures::operation());
    run(&mut reference);
    let before: Vec<_> = (0..4).map(|j| reference.accumulator(0, j)).collect();
    reference.set_slice_enable([0b0101, 0, 0, 0]);
    reference.clear_counters();
    let operation = Operation { clear: false, ..fixtures::operation() };
    reference.operation(reference.cycle, &operation);
    run(&mut reference);
    assert_eq!(reference.counters().conversions, 2);
    assert_eq!(reference.bit_line(Phase::Inject(3), 0)[1], 0.5);
    assert_eq!(reference.mac_mean(Phase::Sample, 1).map(|v| v[3]), Some(0.5));
    for j in [1, 3] {
        assert_eq!(reference.accumulator(0, j), before[j]);
    }
}
