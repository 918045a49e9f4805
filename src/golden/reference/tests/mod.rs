//! Questions with known answers, worked out another way.

mod decisions;
mod ideal_codes;
mod schedule;
mod stepwise;
mod voltages;

use super::{Expected, Reference};
use crate::pins::SLICE_WORDS;

/// Advances by one cycle with comparators that agree with the prediction.
fn cycle(reference: &mut Reference) -> Expected {
    let expected = *reference.advance();
    if let Some(k) = expected.event.and_then(|e| e.decision()) {
        let agreeing: [u32; SLICE_WORDS] = *reference.conversion.decisions(k);
        assert_eq!(reference.decide(&agreeing), Ok(()));
    }
    expected
}

/// Advances until nothing is left to do; returns all cycles.
fn run(reference: &mut Reference) -> Vec<Expected> {
    let mut cycles = vec![cycle(reference)];
    while !reference.idle() {
        cycles.push(cycle(reference));
    }
    cycles
}
