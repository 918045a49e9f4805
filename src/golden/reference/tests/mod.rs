//! Questions with known answers, worked out another way.

mod converter;
mod decisions;
mod ideal_codes;
mod schedule;
mod stepwise;
mod terms;
mod voltages;

use super::{Expected, Reference, fixtures};
use crate::config::{Pulse, Timing};
use crate::golden::chip::Chip;
use crate::pins::SLICE_WORDS;

/// A reference for SRAM accesses: three cycles of exactly 1000 / 3 ps, and these times in the array.
fn slow_array(write_time_ps: f64, precharge_time_ps: f64) -> Reference {
    let (geometry, mut analog) = (fixtures::geometry(), fixtures::analog());
    analog.sram.write_time_ps = write_time_ps;
    analog.sram.develop_time_ps = write_time_ps;
    analog.sram.precharge_time_ps = precharge_time_ps;
    let mut pulses = fixtures::nominal_pulses();
    pulses.precharge = Pulse { width: 3, gap: 0 };
    pulses.access = pulses.precharge;
    let timing = Timing { conversion_rate_msps: 150.0, nominal_step_cycles: 20, pulses };
    let chip = Chip::draw(&geometry, &analog, 7, 3).into();
    Reference::new(geometry, analog, timing, chip, 7, 3)
}

/// Writes, then reads a word of row 9.
fn write_and_read(reference: &mut Reference) -> u32 {
    reference.sram_write(0, 9, 0, 0xbeef);
    reference.sram_read(0, 9, 0)
}

/// Three cycles of 1/(150 MHz x 20) are 1000 ps, though the computed product is a little below.
#[test]
fn a_pulse_of_exactly_the_time_needed_is_long_enough() {
    let mut reference = slow_array(1000.0, 1000.0);
    assert!(3.0 * reference.timing.period_s() * 1e12 < 1000.0, "rounding plays a part");
    assert_eq!(write_and_read(&mut reference), 0xbeef);
    let mut reference = slow_array(1000.0 + 3e-6, 1000.0);
    assert_eq!(write_and_read(&mut reference), 0);
    assert_eq!(reference.converter.array.word(9, 0), 0, "too short to write");
}

/// Bit lines that were not precharged read as zeros; a write does not need them.
#[test]
fn a_short_precharge_reads_zeros() {
    let mut reference = slow_array(1000.0, 1001.0);
    assert_eq!(write_and_read(&mut reference), 0);
    assert_eq!(reference.converter.array.word(9, 0), 0xbeef);
}

/// Advances by one cycle with comparators that agree with the prediction.
fn cycle(reference: &mut Reference) -> Expected {
    let expected = *reference.advance();
    if let Some(k) = expected.event.and_then(|e| e.decision()) {
        let agreeing: [u32; SLICE_WORDS] = *reference.converter.conversion.decisions(k);
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
