//! Cycle counts worked out by hand from section 5.

use super::{cycle, run};
use crate::config::{Geometry, WeightFormat};
use crate::golden::reference::{Counters, Expected, Phase, fixtures};
use crate::pins::control;
use crate::transaction::Operation;

/// First cycles of the pulses that drive this control pin.
fn openings(cycles: &[Expected], pin: u32) -> Vec<u64> {
    let high = |e: &Expected| e.pins.is(pin);
    let mut before = false;
    let mut found = Vec::new();
    for e in cycles {
        if high(e) && !before {
            found.push(e.cycle);
        }
        before = high(e);
    }
    found
}

fn width(cycles: &[Expected], pin: u32) -> usize {
    cycles.iter().filter(|e| e.pins.is(pin)).count()
}

/// 64 rows: addresses in cycles 0..=15, RESET in 16. Three operations of two steps each follow
/// each other every 18 cycles: nothing but the first load stalls. The last LATCH ends in
/// 16 + 6 * 18 - 1 = 123; four lanes serve 8 slices each; busy is low again in 123 + 8 + 7.
#[test]
fn back_to_back_steps() {
    let geometry = fixtures::default_geometry();
    let mut reference =
        fixtures::reference(geometry, fixtures::analog(), fixtures::nominal_pulses());
    fixtures::fill(&mut reference, &geometry, 1);
    let operation = Operation { units: 2, ..fixtures::operation() };
    for _ in 0..3 {
        reference.operation(0, &operation);
    }
    let cycles = run(&mut reference);
    assert_eq!(openings(&cycles, control::RESET), [16, 34, 52, 70, 88, 106]);
    assert_eq!(openings(&cycles, control::BUSY), [0]);
    assert_eq!(width(&cycles, control::BUSY), 138);
    assert_eq!(cycles.last().map(|e| e.cycle), Some(138));
    let expected = Counters {
        cycles: 138,
        stall_cycles: 16,
        operations: 3,
        conversions: 6 * 32,
        clipped: reference.counters().clipped,
    };
    assert_eq!(reference.counters(), expected);
}

/// One lane and 32 slices: codes are taken every 32 cycles, LATCH lasts 1 + 14.
#[test]
fn one_lane_stalls() {
    let geometry = Geometry { post_lanes: 1, ..fixtures::default_geometry() };
    let mut reference =
        fixtures::reference(geometry, fixtures::analog(), fixtures::nominal_pulses());
    reference.operation(0, &Operation { units: 2, ..fixtures::operation() });
    reference.operation(0, &Operation { units: 2, ..fixtures::operation() });
    let cycles = run(&mut reference);
    let taken: Vec<_> = cycles
        .iter()
        .filter(|e| e.event.is_some_and(|e| e.pulse == Phase::Latch))
        .map(|e| e.cycle)
        .collect();
    // The first is unhindered: RESET in 16, LATCH in 33.
    assert_eq!(taken, [33, 65, 97, 129]);
    assert_eq!(width(&cycles, control::LATCH), 4 + 3 * 14);
    assert_eq!(reference.counters().stall_cycles, 16 + 3 * 14);
    assert_eq!(reference.counters().cycles, 129 + 32 + 7);
}

/// An operation that comes 5 cycles after the register was freed loads then; its RESET waits.
#[test]
fn late_operation_waits_for_its_digits() {
    let geometry = fixtures::default_geometry();
    let mut reference =
        fixtures::reference(geometry, fixtures::analog(), fixtures::nominal_pulses());
    let operation = fixtures::operation();
    reference.operation(0, &operation);
    // RESET 16, SAMPLE 17: free from 18 on. Acknowledged in 23: addresses in 23..=38.
    let mut cycles: Vec<_> = (0..23).map(|_| cycle(&mut reference)).collect();
    reference.operation(23, &operation);
    cycles.extend(run(&mut reference));
    assert_eq!(openings(&cycles, control::RESET), [16, 39]);
    // Cycles 34..=38 have no step although an operation is queued.
    assert_eq!(reference.counters().stall_cycles, 16 + 5);
    assert!(cycles[34..39].iter().all(|e| e.pins.is(control::BUSY)));
    assert!(cycles[34..39].iter().all(|e| e.pins.slice_active == [0; 4]));
    assert!(cycles[34..39].iter().all(|e| e.pins.cluster_sel == [0; 2]));
}

/// High digits first: slot s + 1 replaces slot s on the DAC pins after the last SAMPLE of the
/// first pass, two cycles behind its addresses.
#[test]
fn two_passes() {
    let geometry = fixtures::geometry();
    let mut reference =
        fixtures::reference(geometry, fixtures::analog(), fixtures::nominal_pulses());
    for word in 0..2 {
        reference.activations(4, word, 0x1111_1111);
        reference.activations(5, word, 0x2222_2222);
    }
    let operation = Operation { activation_bits: 8, units: 2, slot: 4, ..fixtures::operation() };
    reference.operation(0, &operation);
    let cycles = run(&mut reference);
    // Four steps 18 apart from cycle 4 on; the second one samples in 4 + 18 + 1 = 23.
    assert_eq!(openings(&cycles, control::RESET), [4, 22, 40, 58]);
    let dac = |c: usize| cycles[c].pins.dac;
    assert_eq!(dac(5)[..2], [0x1111_1111, 0x1111_1111]);
    assert_eq!(dac(25), dac(5));
    assert_eq!(dac(26)[..2], [0x1111_2222, 0x1111_1111]);
    assert_eq!(dac(28)[..2], [0x2222_2222, 0x1111_2222]);
    assert_eq!(dac(29)[..2], [0x2222_2222, 0x2222_2222]);
    let context = cycles[40].context.map(|c| (c.operation, c.step, c.conversion));
    assert_eq!(context, Some((0, 2, 2)));
    assert_eq!(reference.counters().operations, 1);
}

/// Every pin of one nominal step, cycle by cycle.
#[test]
fn pins_of_a_step() {
    let geometry = fixtures::geometry();
    let mut reference =
        fixtures::reference(geometry, fixtures::analog(), fixtures::nominal_pulses());
    reference.set_slice_enable([0b1011, 0, 0, 0]);
    let operation = Operation {
        plane: 6,
        format: WeightFormat::Single4,
        range: crate::config::Range::Quarter,
        level: 9,
        ..fixtures::operation()
    };
    reference.operation(0, &operation);
    let cycles = run(&mut reference);
    // RESET in cycle 4; the second step has column 1.
    let step = &cycles[22..40];
    let held = 1 << control::COLUMN_SHIFT | 2 << control::RANGE_SHIFT | 9 << control::LEVEL_SHIFT;
    let inject = control::SHARE | control::INJECT;
    let cells = |n: u32| n << control::CELLS_SHIFT;
    let pulsed = [
        control::RESET,
        control::SAMPLE,
        0,
        control::SHARE,
        control::SHARE | control::STROBE,
        inject | control::INJECT_TWICE | cells(16),
        control::SHARE | control::STROBE,
        inject | cells(16),
        control::SHARE | control::STROBE,
        inject | cells(8),
        control::SHARE | control::STROBE,
        inject | cells(4),
        control::SHARE | control::STROBE,
        inject | cells(2),
        control::SHARE | control::STROBE,
        inject | cells(1),
        control::SHARE | control::STROBE,
        control::SHARE | control::LATCH,
    ];
    for (i, (e, pulsed)) in step.iter().zip(pulsed).enumerate() {
        assert_eq!(e.pins.control, held | pulsed | control::BUSY, "phase {i}");
        assert_eq!(e.pins.plane_wl, if i == 2 { 1 << 6 } else { 0 });
        assert_eq!(e.pins.cluster_sel, [0xffff, 0]);
        assert_eq!(e.pins.slice_active, [0b1011, 0, 0, 0]);
        let injecting = i >= 5 && i % 2 == 1 && i < 17;
        let both = e.pins.inject_p[0] | e.pins.inject_n[0];
        assert_eq!(both, if injecting { 0b1011 } else { 0 });
        assert_eq!(e.pins.inject_p[0] & e.pins.inject_n[0], 0);
        assert_eq!(e.codes_complete, i == 17);
        assert_eq!(e.event.map(|e| e.pulse.index()), Some(i));
    }
    // Decisions steer the injections that follow them; bit 6 - k of the code is decision k.
    for k in 0..6 {
        let plane = step[17].pins.decisions[6 - k][0];
        assert_eq!(step[5 + 2 * k].pins.inject_p[0], plane & 0b1011);
    }
    let idle = cycles[cycles.len() - 1].pins;
    assert_eq!(idle.control, 3 << control::COLUMN_SHIFT | held & !(3 << control::COLUMN_SHIFT));
    assert_eq!(idle.slice_active, [0; 4]);
}

/// Gaps: `share` stays high through those between SHARE and LATCH, nothing else does.
#[test]
fn pins_in_gaps() {
    let geometry = fixtures::geometry();
    let pulses = fixtures::odd_pulses();
    let mut reference = fixtures::reference(geometry, fixtures::analog(), pulses);
    reference.operation(0, &fixtures::operation());
    let cycles = run(&mut reference);
    let length = pulses.step_cycles() as usize;
    assert_eq!(width(&cycles, control::RESET), 2);
    assert_eq!(width(&cycles, control::STROBE), 7 * 2);
    assert_eq!(width(&cycles, control::INJECT), 6 * 3);
    assert_eq!(width(&cycles, control::INJECT_TWICE), 3);
    assert_eq!(width(&cycles, control::LATCH), 2);
    // Before SHARE: (2+1) + (3+2) + (2+3); after LATCH its gap of 3.
    assert_eq!(width(&cycles, control::SHARE), length - 13 - 3);
    let active = cycles.iter().filter(|e| e.pins.slice_active[0] != 0).count();
    assert_eq!(active, length);
    let gaps = cycles.iter().filter(|e| e.context.is_some() && e.event.is_none());
    assert!(gaps.clone().count() > 0);
    assert_eq!(cycles.iter().filter(|e| e.event.is_some()).count(), 18);
}

/// What is written comes back; bits without a column do not. A word line that opens for one cycle
/// of 397 ps is long enough for 200 ps, not for 400 ps.
#[test]
fn sram_accesses() {
    let geometry = fixtures::geometry();
    let mut analog = fixtures::analog();
    let mut pulses = fixtures::nominal_pulses();
    pulses.access.width = 1;
    let mut reference = fixtures::reference(geometry, analog, pulses);
    reference.sram_write(0, 37, 0, 0xdead_beef);
    let cycles = run(&mut reference);
    // Request 0, PRECHARGE 1, ACCESS 2, ack 3.
    assert_eq!(cycles.len(), 4);
    let access = cycles[2].pins;
    assert!(access.is(control::WRITE) && !access.is(control::BUSY));
    assert_eq!((access.plane_wl, access.cluster_sel), (1 << 5, [1 << 4, 0]));
    assert_eq!(access.write_data, 0xdead_beef);
    assert_eq!(reference.sram_read(reference.cycle, 37, 0), 0xbeef);
    assert!(run(&mut reference).iter().any(|e| e.pins.is(control::SENSE)));
    assert_eq!(reference.sram_read(reference.cycle, 36, 0), 0);

    analog.sram.write_time_ps = 400.0;
    let mut reference = fixtures::reference(geometry, analog, pulses);
    reference.sram_write(0, 37, 0, 0xdead_beef);
    run(&mut reference);
    assert_eq!(reference.sram_read(reference.cycle, 37, 0), 0);
}
