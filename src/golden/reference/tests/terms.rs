//! Each term of section 6 alone, worked out by hand on four rows: digits 15, 7, 3, 0; column 0 (P)
//! stores 1, 1, 0, 1, column 1 (N) stores 0, 0, 1, 0. D = 40 mV, C_u = 1.5 fF, C_p = 3.8 fF.

use super::decisions::until_decision;
use super::voltages::{assert_close, four_rows};
use super::{cycle, run};
use crate::config::{Analog, Range, WeightFormat};
use crate::golden::chip::Chip;
use crate::golden::noise::{Draw, NoiseFrame, coin};
use crate::golden::reference::{Phase, Reference, fixtures};
use crate::pins::{Pins, SLICE_WORDS};
use crate::transaction::Operation;

/// k_p is rounded to 2^-13 of the unit capacitor; in fF.
fn parasitic() -> f64 {
    (3.8f64 / 1.5 * 8192.0).round() / 8192.0 * 1.5
}

fn ideal_but(change: impl FnOnce(&mut Analog)) -> Analog {
    let mut analog = fixtures::ideal_analog();
    change(&mut analog);
    analog
}

/// Runs one `diff1` step of the four rows.
fn converted(analog: Analog, operation: Operation) -> Reference {
    let mut reference = four_rows(analog);
    reference.operation(0, &operation);
    run(&mut reference);
    reference
}

fn mean(reference: &Reference, pulse: Phase, side: usize) -> f64 {
    reference.mac_mean(pulse, side).map_or(f64::NAN, |v| v[0])
}

/// The ladder's level in V above V_low: what the chip's integers stand for.
fn ladder(chip: &Chip, digit: usize) -> f64 {
    0.04 * digit as f64 + 0.04 * f64::from(chip.level_errors()[digit]) / 4096.0
}

#[test]
fn dac_levels() {
    let analog = ideal_but(|a| a.dac_inl.on = true);
    let chip = Chip::draw(&super::voltages::TINY, &analog, 7, 3);
    let level = |digit| ladder(&chip, digit);
    for digit in [3, 7, 11] {
        assert!(
            (level(digit) - 0.04 * digit as f64).abs() > 1e-5,
            "level {digit} is off its place"
        );
    }
    let total = 6.0 + parasitic();
    let reference = converted(analog, fixtures::operation());
    assert_close(mean(&reference, Phase::Sample, 0), 0.5 + (0.6 + level(7) + level(3)) / 4.0);
    assert_close(mean(&reference, Phase::Multiply, 0), 0.5 + (0.6 + level(7)) / 4.0);
    assert_close(mean(&reference, Phase::Multiply, 1), 0.5 + level(3) / 4.0);
    let shared = |side| reference.bit_line(Phase::Share, side)[0];
    assert_close(shared(0), 0.5 + 1.5 * (0.6 + level(7)) / total);
    assert_close(shared(1), 0.5 + 1.5 * level(3) / total);

    // The dummy column takes its level from the same string: two of four rows at 11.
    let single = Operation { format: WeightFormat::Single1, level: 11, ..fixtures::operation() };
    let reference = converted(analog, single);
    assert_close(mean(&reference, Phase::Sample, 1), 0.5 + level(11) / 2.0);
    assert_close(reference.bit_line(Phase::Share, 1)[0], 0.5 + 1.5 * 2.0 * level(11) / total);
}

/// Volts on P after SAMPLE's and after MULTIPLY's openings, and the bit line after RESET's, when an
/// opening changes a MAC node at u by `mac(u)` and the bit line by `bit_line`.
fn assert_pushes(analog: Analog, mac: impl Fn(f64) -> f64, bit_line: f64) {
    let reference = converted(analog, fixtures::operation());
    // Observed before RESET's push, and after it.
    assert_close(reference.bit_line(Phase::Reset, 0)[0], 0.5);
    assert_close(reference.bit_line(Phase::Sample, 0)[0], 0.5 + bit_line);
    assert_close(mean(&reference, Phase::Sample, 0), 0.5 + 6.25 * 0.04);
    let pushed = |u: f64| u + mac(u);
    // Rows 0, 1 and 3 keep what SAMPLE's switch left them; row 2 went to V_low.
    let kept = pushed(0.6) + pushed(0.28) + pushed(0.0);
    assert_close(mean(&reference, Phase::Multiply, 0), 0.5 + kept / 4.0);
    let total = 6.0 + parasitic();
    let charge = 1.5 * (kept + pushed(0.0)) + parasitic() * bit_line;
    assert_close(reference.bit_line(Phase::Share, 0)[0], 0.5 + charge / total);
    // N: three rows go to V_low and are pushed from there.
    let charge = 1.5 * (pushed(0.12) + 3.0 * pushed(0.0)) + parasitic() * bit_line;
    assert_close(reference.bit_line(Phase::Share, 1)[0], 0.5 + charge / total);
}

/// Half of 0.01 fF times what the switch was on by: 1.2 V - 0.45 V - 0.5 V - u above V_low.
#[test]
fn charge_injection() {
    let analog = ideal_but(|a| a.charge_injection.on = true);
    assert_pushes(analog, |u| -0.005 * (0.25 - u) / 1.5, -0.025 * 0.25 / 3.8);
}

/// A swing of 1.2 V through 0.002 fF is 1.6 mV on a MAC node, through 0.01 fF 3.16 mV on a bit line.
#[test]
fn clock_feedthrough() {
    let analog = ideal_but(|a| a.clock_feedthrough.on = true);
    assert_pushes(analog, |_| -1.6e-3, -0.012 / 3.8);
}

/// 1.32 fC on P less 32 cells of 0.9 fC, 2 % weaker.
#[test]
fn injection_strength() {
    let analog = ideal_but(|a| a.injection_strength = 0.98);
    let reference = converted(analog, fixtures::operation());
    let left = (1.32 - 0.98 * 32.0 * 0.9) / (6.0 + parasitic());
    assert_close(reference.bit_line(Phase::Inject(0), 0)[0], 0.5 + left);
}

/// Each firing's 0.9 fC is uncertain by 0.5 %, in every range alike; over a pulse's n firings they
/// add up to sqrt(n) as much. With lambda, which acts on what a cell removes and not on its noise.
#[test]
fn injection_noise() {
    let lambda = 0.03;
    let analog = ideal_but(|a| {
        a.injection_noise.on = true;
        a.output_impedance.on = true;
    });
    let mut frame = NoiseFrame::silent(1).with_injections(true);
    frame.draw(7, 3, 0);
    let total = 6.0 + parasitic();
    for range in Range::ALL {
        let reference = converted(analog, Operation { range, ..fixtures::operation() });
        let unit = 0.9 / total;
        let mut sides = [1.32 / total, 0.18 / total];
        let codes = reference.codes()[0];
        for (k, firings) in [32, 16, 8, 4, 2, 1].into_iter().enumerate() {
            let side = if codes >> (6 - k) & 1 == 1 { 0 } else { 1 };
            // Two halves of the first pulse see different voltages; V_cm is V_low.
            let pulses = if k == 0 { 2 } else { 1 };
            for _ in 0..pulses {
                let cells = range.factor() * f64::from(firings) / f64::from(pulses);
                sides[side] -= unit * cells * (1.0 + lambda * sides[side]);
            }
            let draw = frame.row(Draw::Injection(k))[0];
            sides[side] -= unit * 0.005 * f64::from(firings).sqrt() * draw;
            for (end, u) in sides.into_iter().enumerate() {
                let injected = reference.bit_line(Phase::Inject(k as u8), end)[0];
                assert_close(injected, 0.5 + u);
            }
        }
    }
}

/// 3 mV per volt of the mean above V_cm = 0.55 V; unselected comparators see V_low = 0.5 V.
#[test]
fn common_mode() {
    let analog = ideal_but(|a| {
        a.comparator_common_mode.on = true;
        a.v_cm = 0.55;
    });
    let reference = converted(analog, fixtures::operation());
    let total = 6.0 + parasitic();
    let (p, n) = (1.32 / total, 0.18 / total);
    let sixteenth = 0.04 * 1.5 / 9.8 / 16.0;
    let w = p - n + sixteenth + 3e-3 * (0.5 + (p + n) / 2.0 - 0.55);
    assert_close(reference.converter.margins(0)[0], w);
    // P loses 32 units, and the mean half of that.
    let p = p - 32.0 * 0.9 / total;
    let w = p - n + sixteenth + 3e-3 * (0.5 + (p + n) / 2.0 - 0.55);
    assert_close(reference.converter.margins(1)[0], w);

    let geometry = fixtures::geometry();
    let mut reference = fixtures::reference(geometry, analog, fixtures::nominal_pulses());
    reference.set_slice_enable([0b1101, 0, 0, 0]);
    reference.operation(0, &fixtures::operation());
    run(&mut reference);
    let sixteenth = analog.unit_v(16) / 16.0;
    for k in 0..7 {
        assert_close(reference.converter.margins(k)[1], sixteenth - 3e-3 * 0.05);
    }
}

/// Slices whose columns of every pair are alike: w is 1/16 unit everywhere, 113 uV. `window` volts
/// around 0 are metastable.
fn balanced(window: f64, active: u32, move_w: f64) -> Reference {
    let geometry = fixtures::geometry();
    let period_ps = fixtures::timing().period_s() * 1e12;
    let analog = ideal_but(|a| {
        a.metastability.on = true;
        a.metastability.tau_ps = period_ps / (1.2 / window).ln();
    });
    let mut reference = fixtures::reference(geometry, analog, fixtures::nominal_pulses());
    for slice in 0..4 {
        reference.converter.conversion.shift_offset(slice, move_w);
    }
    reference.set_slice_enable([active, 0, 0, 0]);
    reference.start_at_conversion(19);
    reference.operation(0, &fixtures::operation());
    reference
}

const SIXTEENTH: f64 = 0.04 * 1.5 / 33.2 / 16.0;

/// 1/16 unit lies inside of a window of 120 uV and outside of one of 110 uV. Coins are those of the
/// conversion, the decision and the slice; idle slices toss them as well.
#[test]
fn metastability() {
    let tossed = |k: usize| (0..4).map(|s| u32::from(coin(7, 3, 19, k, s)) << s).sum::<u32>();
    for (window, active) in [(120e-6, 0b1111), (110e-6, 0b1111), (120e-6, 0b1001)] {
        let mut reference = balanced(window, active, 0.0);
        let inside = window > SIXTEENTH;
        let first = until_decision(&mut reference, 0);
        assert_eq!(first[0], if inside { tossed(0) } else { 0b1111 });
        assert!(!inside || !matches!(first[0], 0b0000 | 0b1111), "coins of both kinds");
        assert_eq!(reference.decide(&first), Ok(()));
        assert_eq!(reference.marginal_decisions(), 0, "no edge is near");
        // What follows is far outside, except for slices that do not take part.
        for k in 1..7 {
            let decided = until_decision(&mut reference, k)[0];
            for slice in 0..4 {
                let idle = active >> slice & 1 == 0;
                let after = if first[0] >> slice & 1 == 1 { 0 } else { 1 };
                let wanted = if idle { tossed(k) >> slice & 1 } else { after };
                assert_eq!(decided >> slice & 1, wanted, "decision {k} of slice {slice}");
            }
            let mut observed: [u32; SLICE_WORDS] = [0; SLICE_WORDS];
            observed[0] = decided;
            assert_eq!(reference.decide(&observed), Ok(()));
        }
        cycle(&mut reference);
        for slice in 0..4 {
            assert_eq!(Pins::slice_bit(&first, slice), reference.codes()[slice] >= 64);
        }
    }
}

/// Within 1 nV of the window's edge, on either side, what was observed stands. Elsewhere in the
/// window a wrong coin is an error.
#[test]
fn edges_of_the_window_are_marginal() {
    let window = 120e-6;
    for (w, marginal) in [
        (window - 0.5e-9, true),
        (window + 0.5e-9, true),
        (-window + 0.5e-9, true),
        (-window - 0.5e-9, true),
        (window - 2e-9, false),
        (window + 2e-9, false),
        (0.5e-9, true),
        (60e-6, false),
    ] {
        let mut reference = balanced(window, 0b1111, w - SIXTEENTH);
        let predicted = until_decision(&mut reference, 0);
        let mut observed = predicted;
        observed[0] ^= 0b0100;
        let answer = reference.decide(&observed);
        if marginal {
            assert_eq!(answer, Ok(()), "{w}");
            assert_eq!(reference.marginal_decisions(), 4, "all slices, {w}");
            assert_eq!(reference.advance().pins.inject_p[0], observed[0]);
        } else {
            let error = answer.expect_err("slice 2 differs");
            assert_eq!((error.slice, error.decision), (2, 0));
            assert!((error.margin_v - w).abs() < 1e-12);
            assert_eq!(reference.marginal_decisions(), 0, "{w}");
        }
    }
}
