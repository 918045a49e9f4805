//! What comes back from the comparators.

use super::cycle;
use crate::golden::reference::{Reference, fixtures};
use crate::pins::SLICE_WORDS;

/// Advances to the last cycle of the strobe of decision `k`; the prediction of all slices.
pub(super) fn until_decision(reference: &mut Reference, k: usize) -> [u32; SLICE_WORDS] {
    loop {
        let now = *reference.advance();
        if now.event.and_then(|e| e.decision()) == Some(k) {
            return *reference.converter.conversion.decisions(k);
        }
        if now.event.and_then(|e| e.decision()).is_some() {
            let agreeing = *reference
                .converter
                .conversion
                .decisions(now.event.map_or(0, |e| e.decision().unwrap_or(0)));
            assert_eq!(reference.decide(&agreeing), Ok(()));
        }
    }
}

fn start(offset_v: Option<f64>) -> Reference {
    let geometry = fixtures::geometry();
    let mut reference =
        fixtures::reference(geometry, fixtures::ideal_analog(), fixtures::nominal_pulses());
    // Both columns of every pair alike: S = 0 everywhere.
    for row in (0..128).step_by(8) {
        reference.load_word(row, 0, 0xffff);
    }
    if let Some(offset) = offset_v {
        reference.converter.conversion.shift_offset(2, offset);
    }
    reference.activations(0, 0, 0x7777_7777);
    reference.operation(0, &fixtures::operation());
    reference
}

/// S = 0 lies 1/16 unit above its threshold: far more than a nanovolt, so a different decision is
/// an error, and it names the slice.
#[test]
fn disagreement_is_reported() {
    let mut reference = start(None);
    let predicted = until_decision(&mut reference, 0);
    assert_eq!(predicted, [0b1111, 0, 0, 0]);
    let error = reference.decide(&[0b1101, 0, 0, 0]).expect_err("slice 1 differs");
    assert_eq!((error.slice, error.decision), (1, 0));
    assert_eq!((error.expected, error.actual), (true, false));
    let unit = fixtures::ideal_analog().unit_v(16);
    assert!((error.margin_v - unit / 16.0).abs() < 1e-9 * unit);
    assert_eq!(reference.marginal_decisions(), 0);
}

/// An offset that moves a slice to half a nanovolt above its threshold: either decision is
/// accepted, and the rest of the conversion follows the observed one.
#[test]
fn marginal_decision_is_adopted() {
    let threshold = fixtures::ideal_analog().unit_v(16) / 16.0;
    for (observed, code) in [(0b1111u32, 64), (0b1011, 63)] {
        let mut reference = start(Some(0.5e-9 - threshold));
        assert_eq!(until_decision(&mut reference, 0), [0b1111, 0, 0, 0]);
        assert_eq!(reference.decide(&[observed, 0, 0, 0]), Ok(()));
        assert_eq!(reference.marginal_decisions(), 1);
        let injecting = *reference.advance();
        assert_eq!(injecting.pins.inject_p[0], observed & 0b1111);
        assert_eq!(injecting.pins.inject_n[0], !observed & 0b1111);
        while !reference.idle() {
            cycle(&mut reference);
        }
        assert_eq!(reference.codes(), [64, 64, code, 64]);
    }
}

/// A wrong decision of one slice does not keep a marginal one of a later slice from being adopted.
#[test]
fn marginal_decision_is_adopted_beside_a_wrong_one() {
    let threshold = fixtures::ideal_analog().unit_v(16) / 16.0;
    let mut reference = start(Some(0.5e-9 - threshold));
    assert_eq!(until_decision(&mut reference, 0), [0b1111, 0, 0, 0]);
    // Slices 0 and 3 are wrong, slice 2 is marginal: the first wrong one is named.
    let error = reference.decide(&[0b0010, 0, 0, 0]).expect_err("slices 0 and 3 differ");
    assert_eq!((error.slice, error.decision, error.actual), (0, 0, false));
    assert_eq!(reference.marginal_decisions(), 1);
    assert_eq!(reference.advance().pins.inject_p[0], 0b1011, "the prediction, slice 2 adopted");
    while !reference.idle() {
        cycle(&mut reference);
    }
    assert_eq!(reference.codes(), [64, 64, 63, 64]);
}

/// Noise is that of the conversion index: a checkpoint's index gives the same codes as running up
/// to it.
#[test]
fn conversions_are_numbered() {
    let geometry = fixtures::geometry();
    let pulses = fixtures::nominal_pulses();
    let mut reference = fixtures::reference(geometry, fixtures::analog(), pulses);
    fixtures::fill(&mut reference, &geometry, 9);
    let mut resumed = reference.clone();
    let mut margins = Vec::new();
    for reference in [&mut reference, &mut resumed] {
        if margins.is_empty() {
            for _ in 0..5 {
                reference.operation(reference.cycle, &fixtures::operation());
                while !reference.idle() {
                    cycle(reference);
                }
            }
        } else {
            reference.start_at_conversion(5);
        }
        reference.operation(reference.cycle, &fixtures::operation());
        until_decision(reference, 6);
        margins.push(reference.converter.conversion.margins(6).to_vec());
    }
    assert_eq!(margins[0], margins[1]);
}
