//! Every planted error shows, and only where it should.

use super::*;

/// Codes and bit lines of some steps on a filled array, with a fault planted or not.
fn observed(fault: Option<Fault>, step: &Step) -> (Vec<Vec<u8>>, Vec<f64>) {
    let mut sequencer = Sequencer::new(SMALL, analog(true));
    for column in 0..16 {
        fill(&mut sequencer.plant, column, |m| (m + column) % 5 > 1);
    }
    if let Some(fault) = fault {
        sequencer.plant.faults().plant(fault);
    }
    let mut volts = Vec::new();
    let mut codes = Vec::new();
    for _ in 0..4 {
        sequencer.step(step, |_, plant| {
            volts.extend_from_slice(plant.bit_line(0));
            volts.extend_from_slice(plant.bit_line(1));
        });
        codes.push(sequencer.codes());
    }
    (codes, volts)
}

/// Slices whose bit lines a fault changes.
fn changed(fault: Fault, step: &Step) -> Vec<usize> {
    let (_, good) = observed(None, step);
    let (_, bad) = observed(Some(fault), step);
    let differs =
        |slice: &usize| good.chunks(4).zip(bad.chunks(4)).any(|(g, b)| g[*slice] != b[*slice]);
    (0..4).filter(differs).collect()
}

fn column(column: usize) -> Step {
    Step { column, ..Step::new(&[11; 16]) }
}

#[test]
fn a_stuck_cell_ignores_writes() {
    let mut sequencer = Sequencer::new(SMALL, analog(true));
    sequencer.plant.faults().plant(Fault::StuckCell { row: 17, column: 3, value: true });
    for data in [0u32, 0xffff, 0] {
        sequencer.write(17, 0, data);
        assert_eq!(sequencer.read(17, 0), data | 8);
    }
    let stuck = Fault::StuckCell { row: 0, column: 5, value: true };
    assert_eq!(changed(stuck, &column(1)), [1]);
    assert!(changed(stuck, &column(2)).is_empty());
}

/// A capacitor that opens while its column is selected changes the droop at once, on both sides.
#[test]
fn droop_follows_a_capacitor_that_opens() {
    let pins = Step { differential: true, ..Step::new(&[0; 16]) }.pins();
    for column in [0, 1] {
        let fault = Fault::CapacitorOpen { column, row: 3 };
        let mut before = plant(SMALL, analog(true));
        before.faults().plant(fault);
        before.react(&pins);
        let mut selected = plant(SMALL, analog(true));
        selected.react(&pins);
        let intact = selected.active.shared_droop.clone();
        selected.faults().plant(fault);
        selected.react(&pins);
        for side in 0..2 {
            let droop = |active: &Active| active.shared_droop[side][0].0;
            assert_eq!(droop(&selected.active), droop(&before.active));
            assert_eq!(droop(&selected.active) != intact[side][0].0, side == column);
        }
    }
}

#[test]
fn an_inverted_comparator_decides_the_wrong_way() {
    let (good, _) = observed(None, &column(0));
    let (bad, _) = observed(Some(Fault::ComparatorInverted { slice: 2 }), &column(0));
    for (good, bad) in good.iter().zip(&bad) {
        assert_eq!([good[0], good[1], good[3]], [bad[0], bad[1], bad[3]]);
        // The search runs away from the first wrong decision on.
        assert_ne!(good[2] >> 6, bad[2] >> 6);
    }
}

#[test]
fn an_open_capacitor_holds_no_charge() {
    assert_eq!(changed(Fault::CapacitorOpen { column: 13, row: 4 }, &column(1)), [3]);
    assert!(changed(Fault::CapacitorOpen { column: 13, row: 4 }, &column(0)).is_empty());
    // 16 is the dummy column of slice 0.
    assert_eq!(changed(Fault::CapacitorOpen { column: 16, row: 4 }, &column(0)), [0]);
}

#[test]
fn shared_mismatch_shows_in_column_1_alone() {
    assert_eq!(changed(Fault::SharedMismatch, &column(1)), [0, 1, 2, 3]);
    for good in [0, 2, 3] {
        assert!(changed(Fault::SharedMismatch, &column(good)).is_empty());
    }
}

/// The fault's noise is that of a plant which started one conversion later.
#[test]
fn noise_off_by_one_is_the_next_conversion() {
    let step = column(0);
    assert_eq!(changed(Fault::NoiseOffByOne, &step), [0, 1, 2, 3]);
    let mut late = Sequencer::new(SMALL, analog(true));
    late.plant.start_at_conversion(1);
    let mut wrong = Sequencer::new(SMALL, analog(true));
    wrong.plant.faults().plant(Fault::NoiseOffByOne);
    for _ in 0..3 {
        late.step(&step, |_, _| {});
        wrong.step(&step, |_, _| {});
        assert_eq!(late.plant.bit_line(0), wrong.plant.bit_line(0));
    }
}

/// Without the second firing the largest step removes 16 units, not 32.
#[test]
fn a_lost_firing_halves_the_largest_step() {
    let removed = |faulty: bool| {
        let mut sequencer = Sequencer::new(SMALL, analog(false));
        fill(&mut sequencer.plant, 0, |_| true);
        if faulty {
            sequencer.plant.faults().plant(Fault::InjectionDoubleFireLost);
        }
        let mut volts = [0.0; 3];
        sequencer.step(
            &Step { range: Range::Quarter, level: 0, ..Step::new(&[15; 16]) },
            |at, plant| match at {
                At::Share => volts[0] = plant.bit_line(0)[0],
                At::Inject(0) => volts[1] = plant.bit_line(0)[0],
                At::Inject(1) => volts[2] = plant.bit_line(0)[0],
                _ => {}
            },
        );
        (volts[0] - volts[1]) / (volts[1] - volts[2])
    };
    assert!((removed(false) - 2.0).abs() < 1e-9);
    assert!((removed(true) - 1.0).abs() < 1e-9);
}

/// Without its fault a plant is itself again.
#[test]
fn cleared_faults_leave_no_trace() {
    let mut sequencer = Sequencer::new(SMALL, analog(true));
    let mut good = Sequencer::new(SMALL, analog(true));
    sequencer.plant.faults().plant(Fault::SharedMismatch);
    sequencer.plant.faults().plant(Fault::ComparatorInverted { slice: 0 });
    sequencer.idle();
    sequencer.plant.faults().clear();
    assert_eq!(sequencer.convert(&column(1)), good.convert(&column(1)));
    assert_eq!(sequencer.plant.bit_line(0), good.plant.bit_line(0));
}
