//! Every rule, violated on purpose, and none where none is.

use super::*;

/// Rules that a sequence of pins violates, after nothing or after `before`.
fn violated(pins: &[Pins]) -> Vec<&'static str> {
    let mut plant = plant(SMALL, analog(true));
    for pins in pins {
        plant.react(pins);
    }
    plant.violations().summary().map(|(rule, _)| rule.name()).collect()
}

/// Pins of a step with these control bits on.
fn on(bits: u32) -> Pins {
    let mut pins = Step::new(&[5; 16]).pins();
    pins.control |= bits;
    pins
}

/// The same with plane 0's word lines open.
fn open(bits: u32) -> Pins {
    Pins { plane_wl: 1, ..on(bits) }
}

/// Pins of an access to row 8 with these control bits on and word lines of plane 0 open or not.
fn row(bits: u32, open: bool) -> Pins {
    let mut pins = access(8, 0);
    pins.control |= bits;
    pins.plane_wl = u32::from(open);
    pins
}

const RESET: u32 = control::RESET;
const SAMPLE: u32 = control::SAMPLE;
const SHARE: u32 = control::SHARE;
const STROBE: u32 = control::STROBE;
const INJECT: u32 = control::INJECT;
const PRECHARGE: u32 = control::PRECHARGE;
const WRITE: u32 = control::WRITE;
const SENSE: u32 = control::SENSE;

/// Nothing that the default configuration does violates a rule, whatever the range.
#[test]
fn proper_steps_and_accesses_violate_nothing() {
    let mut sequencer = Sequencer::new(SMALL, analog(true));
    for index in 0..40 {
        sequencer.write(index, 0, 0x55aa ^ index as u32);
        sequencer.read(index, 0);
        let range = Range::ALL[index % 4];
        let step =
            Step { column: index % 3, differential: index % 2 == 0, range, ..Step::new(&[7; 16]) };
        sequencer.step(&step, |_, _| {});
        sequencer.step(&step, |_, _| {});
    }
    assert_eq!(sequencer.plant.violations().first(), []);
}

#[test]
fn word_lines_close_for_everything_but_multiply() {
    assert_eq!(violated(&[open(PRECHARGE)]), ["word_line_during_precharge"]);
    assert_eq!(violated(&[open(SAMPLE)]), ["word_line_while_sampling"]);
    assert_eq!(violated(&[on(SAMPLE), open(SHARE)]), ["word_line_while_sharing"]);
    assert_eq!(violated(&[Pins { plane_wl: 3, ..on(0) }]), ["two_word_lines"]);
    // A plane without a selected cluster opens nothing.
    assert!(violated(&[Pins { cluster_sel: [0; 2], ..open(PRECHARGE) }]).is_empty());
}

#[test]
fn switches_that_exclude_each_other() {
    assert_eq!(violated(&[on(SHARE | RESET)]), ["share_while_reset"]);
    assert_eq!(violated(&[on(SAMPLE | RESET)]), ["sample_while_reset"]);
    assert_eq!(violated(&[on(SAMPLE | SHARE)]), ["sample_while_sharing"]);
    assert_eq!(violated(&[on(SHARE), on(SHARE | INJECT | STROBE)]), ["inject_while_strobe"]);
    let both = Pins { inject_p: [6, 0, 0, 0], inject_n: [3, 0, 0, 0], ..on(SHARE | INJECT) };
    assert_eq!(violated(&[both]), ["inject_both_sides"]);
    let mut plant = plant(SMALL, analog(true));
    plant.react(&both);
    assert_eq!(plant.violations().first()[0].location, Location::Slice(1));
}

#[test]
fn strobes_wait_for_settled_sides() {
    let mut slow = analog(true);
    slow.settling.tau_share_ps = 400.0;
    let mut sequencer = Sequencer::new(SMALL, slow);
    fill(&mut sequencer.plant, 8, |_| true);
    sequencer.step(&Step { level: 0, ..Step::new(&[9; 16]) }, |_, _| {});
    let violations = sequencer.plant.take_violations();
    let first = violations.first()[0];
    assert_eq!(
        (first.rule, first.cycle, first.location),
        (Rule::StrobeBeforeSettled, 4, Location::Slice(2))
    );
    assert_eq!(violations.count(Rule::StrobeBeforeSettled), violations.total());
    assert!(sequencer.plant.violations().is_empty());
    // Long enough, the same column settles.
    sequencer.pulses.share.width = 9;
    sequencer.pulses.inject.gap = 7;
    sequencer.step(&Step { level: 0, ..Step::new(&[9; 16]) }, |_, _| {});
    assert!(sequencer.plant.violations().is_empty());
    assert_eq!(violated(&[on(STROBE)]), ["strobe_without_share"]);
}

#[test]
fn the_selection_stays_while_connected() {
    let other = |bits: u32| on(bits | 1 << control::COLUMN_SHIFT);
    let fewer = |bits: u32| Pins { slice_active: [1, 0, 0, 0], ..on(bits) };
    let name = ["column_switch_while_connected"];
    assert_eq!(violated(&[on(SAMPLE), other(0)]), name);
    assert_eq!(violated(&[on(SAMPLE), on(control::DIFFERENTIAL)]), name);
    assert_eq!(violated(&[on(SAMPLE), open(0), on(SHARE), fewer(SHARE)]), name);
    assert!(violated(&[on(RESET), other(SAMPLE)]).is_empty());
    assert!(violated(&[on(SAMPLE), on(SHARE), Pins::default(), other(RESET)]).is_empty());
}

#[test]
fn write_drivers_keep_off_compute() {
    for bits in [RESET, SAMPLE, SHARE, SHARE | INJECT] {
        assert_eq!(violated(&[on(bits | WRITE)]), ["write_during_compute"]);
    }
    assert!(violated(&[open(WRITE)]).contains(&"write_during_compute"));
}

#[test]
fn a_short_write_keeps_the_old_value() {
    let mut terms = analog(true);
    terms.sram.write_time_ps = 800.0;
    let mut sequencer = Sequencer::new(SMALL, terms);
    sequencer.pulses.access.width = 3;
    sequencer.write(8, 0, 0xffff);
    sequencer.idle();
    assert!(sequencer.plant.violations().is_empty());
    sequencer.pulses.access.width = 2;
    sequencer.write(8, 0, 0);
    sequencer.idle();
    let violations = sequencer.plant.take_violations();
    assert_eq!(violations.first()[0].location, Location::Row(8));
    assert_eq!(violations.first()[0].rule.name(), "write_too_short");
    assert_eq!(violations.total(), 1);
    assert_eq!(sequencer.plant.array.row(8)[0], 0xffff);
}

#[test]
fn sensing_waits_for_the_bit_lines() {
    let precharged = row(PRECHARGE, false);
    let long = [precharged, row(0, true), row(0, true), row(SENSE, false)];
    assert!(violated(&long).is_empty());
    let short = [precharged, row(0, true), row(SENSE, false)];
    assert_eq!(violated(&short), ["sense_before_developed"]);
    let mut sequencer = Sequencer::new(SMALL, analog(true));
    sequencer.write(8, 0, 0xbeef);
    assert_eq!(sequencer.read(8, 0), 0xbeef);
    sequencer.pulses.access.width = 1;
    assert_eq!(sequencer.read(8, 0), 0);
}

#[test]
fn accesses_wait_for_precharge() {
    let mut terms = analog(true);
    terms.sram.precharge_time_ps = 700.0;
    let mut sequencer = Sequencer::new(SMALL, terms);
    sequencer.pulses.precharge.width = 2;
    sequencer.write(8, 0, 0xbeef);
    assert_eq!(sequencer.read(8, 0), 0xbeef);
    assert!(sequencer.plant.violations().is_empty());
    sequencer.pulses.precharge.width = 1;
    assert_eq!(sequencer.read(8, 0), 0, "the bit lines start low");
    let summary: Vec<_> = sequencer.plant.violations().summary().collect();
    assert_eq!(summary, [(Rule::PrechargeTooShort, 1)]);
    assert_eq!(violated(&[row(0, true)]), ["precharge_too_short"]);
    sequencer.pulses.precharge.width = 2;
    assert_eq!(sequencer.read(8, 0), 0xbeef, "precharged again");
    // Two rows after one precharge: the second finds the bit lines low.
    let mut sequencer = Sequencer::new(SMALL, analog(true));
    sequencer.write(8, 0, 0x00ff);
    sequencer.write(16, 0, 0x0ff0);
    sequencer.read(8, 0);
    let mut again = access(16, 0);
    again.plane_wl = 1;
    sequencer.plant.react(&again);
    sequencer.plant.react(&again);
    let mut sense = access(16, 0);
    sense.control |= SENSE;
    assert_eq!(sequencer.plant.react(&sense).read_data, 0);
}
