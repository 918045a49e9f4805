//! Questions to the whole plant whose answers are known another way.

use super::sequencer::*;
use super::*;
use crate::config::*;
use crate::golden::chip::CAP_UNIT;
use crate::golden::noise::{Draw, NoiseFrame};

use crate::pins::{Pins, control};

mod faults;
mod nodes;
mod rules;
mod terms;

/// Fills a column's cells of plane 0 by MAC row.
pub fn fill(plant: &mut Plant, column: usize, value: impl Fn(usize) -> bool) {
    for m in 0..plant.geometry.mac_rows {
        plant.set_cell(8 * m, column, value(m));
    }
}

/// Digits of `rows` rows that add up to `sum`.
pub fn digits(rows: usize, sum: u32) -> Vec<u32> {
    (0..rows).map(|m| sum.saturating_sub(15 * m as u32).min(15)).collect()
}

/// Thresholds -63..63 at or below S/(15 r), in integers.
fn ideal_code(s: i32, range: Range) -> u8 {
    (-63..=63).filter(|t| 15 * t <= s << range.log2_inverse()).count() as u8
}

/// With everything off the plant is the integer transfer, for every S and range, differential.
#[test]
fn every_differential_sum_converts_to_its_ideal_code() {
    let mut sequencer = Sequencer::new(SMALL, analog(false));
    for slice in 0..4 {
        // P all ones in even slices, N all ones in odd ones: S and -S.
        fill(&mut sequencer.plant, 4 * slice + 2 + slice % 2, |_| true);
    }
    for range in Range::ALL {
        for sum in 0..=240 {
            let step = Step { column: 2, differential: true, range, ..Step::new(&digits(16, sum)) };
            let (plus, minus) = (ideal_code(sum as i32, range), ideal_code(-(sum as i32), range));
            assert_eq!(sequencer.convert(&step), [plus, minus, plus, minus], "S {sum} {range:?}");
        }
    }
    assert!(sequencer.plant.violations().is_empty());
}

/// The same single-ended: S is the sum less (M/2) L.
#[test]
fn every_single_ended_sum_converts_to_its_ideal_code() {
    let mut sequencer = Sequencer::new(SMALL, analog(false));
    for slice in 0..4 {
        fill(&mut sequencer.plant, 4 * slice + 3, |_| true);
    }
    for (range, level) in [(Range::Full, 15), (Range::Eighth, 7), (Range::Quarter, 0)] {
        for sum in 0..=240 {
            let step = Step { column: 3, range, level, ..Step::new(&digits(16, sum)) };
            let ideal = ideal_code(sum as i32 - 8 * level as i32, range);
            assert_eq!(sequencer.convert(&step), [ideal; 4], "sum {sum} {range:?} level {level}");
        }
    }
}

/// 128, 64 and 32 slices of the full macro convert alike: groups of slices do not mix.
#[test]
fn every_slice_of_a_wide_macro_converts_its_own_column() {
    for columns_per_slice in [1, 2, 4] {
        let geometry = Geometry { mac_rows: 64, columns: 128, columns_per_slice, post_lanes: 1 };
        let mut sequencer = Sequencer::new(geometry, analog(false));
        let ones = |slice: usize| slice * 37 % 65;
        for slice in 0..geometry.slices() {
            fill(&mut sequencer.plant, columns_per_slice * slice, |m| m < ones(slice));
        }
        let codes = sequencer.convert(&Step { level: 8, ..Step::new(&[9; 64]) });
        for (slice, code) in codes.into_iter().enumerate() {
            let s = 9 * ones(slice) as i32 - 32 * 8;
            assert_eq!(code, ideal_code(s, Range::Full), "slice {slice} of {columns_per_slice}");
        }
        assert!(sequencer.plant.violations().is_empty());
    }
}

/// A disabled slice stays at V_low, and its comparator compares nothing but its own errors.
#[test]
fn inactive_slices_rest() {
    let mut sequencer = Sequencer::new(SMALL, analog(true));
    let step = Step { active: [0b1010, 0, 0, 0], ..Step::new(&[15; 16]) };
    let chip = sequencer.plant.chip.clone();
    let mut frame = NoiseFrame::silent(4);
    frame.draw(11, 3, 0);
    sequencer.step(&step, |_, plant| {
        for side in 0..2 {
            assert_eq!([plant.bit_line(side)[0], plant.bit_line(side)[2]], [0.5; 2]);
            assert_eq!([plant.mac_mean(side)[0], plant.mac_mean(side)[2]], [0.5; 2]);
        }
    });
    let noise = |k| frame.row(Draw::Decision(k))[2] * 0.95e-3;
    let threshold = -0.6 / 15.0 * 1.5 / (16.0 * 1.5 + 0.3 * 16.0 * 1.5 + 2.0) / 16.0;
    let code: u8 =
        (0..7).map(|k| u8::from(chip.offset(2) + noise(k) >= threshold) << (6 - k)).sum();
    assert_eq!(sequencer.codes()[2], code);
}

/// The noise belongs to the conversion's index, not to what the plant did before.
#[test]
fn a_checkpoint_restores_the_noise() {
    let mut straight = Sequencer::new(SMALL, analog(true));
    let mut resumed = Sequencer::new(SMALL, analog(true));
    resumed.plant.start_at_conversion(5);
    let step = Step { level: 3, ..Step::new(&[3; 16]) };
    let mut volts = Vec::new();
    for index in 0..6 {
        // An idle cycle lets go of the columns, so that nothing of the last step is left.
        straight.idle();
        volts.clear();
        straight.step(&step, |_, plant| volts.extend_from_slice(plant.bit_line(0)));
        assert!(index < 5 || !volts.is_empty());
    }
    let mut again = Vec::new();
    resumed.step(&step, |_, plant| again.extend_from_slice(plant.bit_line(0)));
    assert_eq!(volts, again);
    assert_eq!(straight.codes(), resumed.codes());
}

/// What is written by an access is read back, used by the MAC circuits, and nothing else changes.
#[test]
fn accesses_write_and_read_single_words() {
    let geometry = Geometry { mac_rows: 16, columns: 72, columns_per_slice: 2, post_lanes: 1 };
    let mut sequencer = Sequencer::new(geometry, analog(true));
    let data = |row: usize, word: usize| (row as u32 * 3 + word as u32).wrapping_mul(0x9e37_79b9);
    for row in 0..geometry.rows() {
        for word in 0..3 {
            sequencer.write(row, word, data(row, word));
        }
    }
    for row in 0..geometry.rows() {
        for word in 0..3 {
            let bits = if word == 2 { 0xff } else { u32::MAX };
            assert_eq!(sequencer.read(row, word), data(row, word) & bits, "row {row} word {word}");
        }
        assert_eq!(sequencer.read(row, 3), 0);
    }
    assert!(sequencer.plant.cell(5, 40) == (data(5, 1) >> 8 & 1 == 1));
    assert!(sequencer.plant.violations().is_empty());
    let splits = Splits::new(
        &geometry,
        &sequencer.plant.array,
        &sequencer.plant.columns,
        &sequencer.plant.physics,
    );
    let sums = |splits: &Splits| splits.get(1, 3, 1).discharged;
    assert_eq!(sums(&splits), sums(&sequencer.plant.splits));
}

/// Whatever the pins do, the plant answers, and its voltages stay finite.
#[test]
fn any_pins_are_survived() {
    for geometry in [SMALL, Geometry { columns_per_slice: 1, columns: 128, ..SMALL }] {
        let mut plant = plant(geometry, analog(true));
        let key = crate::golden::random::Key::new([1, 2, 3, 4]);
        let mut pins = Pins::default();
        for cycle in 0..20_000u32 {
            let word = |i: u32| key.bits(cycle * 32 + i);
            // Few changes per cycle, so that states last long enough to be reached.
            pins.control ^= word(0) & word(1) & word(2);
            pins.plane_wl ^= word(3) & word(4) & word(5) & word(6);
            pins.cluster_sel[0] ^= word(7) & word(8);
            pins.slice_active
                .iter_mut()
                .for_each(|active| *active ^= word(9) & word(10) & word(11));
            pins.inject_p[0] = word(12);
            pins.inject_n[0] = word(13) & word(14);
            pins.dac = [word(15); 8];
            pins.write_data = word(16);
            plant.react(&pins);
            for side in 0..2 {
                assert!(plant.bit_line(side).iter().all(|volts| volts.is_finite()));
                assert!(plant.mac_mean(side).iter().all(|volts| volts.is_finite()));
            }
        }
        assert!(plant.violations().total() > 1000);
    }
}

/// The compiler's vectors do not change a bit: compiled for the baseline and for this CPU, the plant
/// does the same. (The loops over rows have a test of their own.)
#[test]
fn vector_width_changes_nothing() {
    let mut wide = Sequencer::new(SMALL, analog(true));
    let mut baseline = plant(SMALL, analog(true));
    for column in 0..16 {
        fill(&mut wide.plant, column, |m| (m + column) % 5 > 1);
        fill(&mut baseline, column, |m| (m + column) % 5 > 1);
    }
    for column in 0..3 {
        let step = Step { column, differential: column == 1, ..Step::new(&[11; 16]) };
        for (pins, volts) in step_cycles(&step, &mut wide) {
            baseline.cycle_with(&pins, &mut Response::default());
            assert_eq!([baseline.bit_line(0), baseline.bit_line(1)].concat(), volts);
        }
    }
}

/// Pins and bit lines of every cycle of a step without injection.
fn step_cycles(step: &Step, sequencer: &mut Sequencer) -> Vec<(Pins, Vec<f64>)> {
    let pulses = [
        control::RESET,
        control::SAMPLE,
        0,
        control::SHARE,
        control::SHARE | control::INJECT | control::INJECT_TWICE | 16 << control::CELLS_SHIFT,
        control::SHARE | control::STROBE,
        control::SHARE | control::LATCH,
    ];
    let react = |&bits: &u32| {
        let mut pins = step.pins();
        pins.control |= bits;
        pins.plane_wl = u32::from(bits == 0);
        pins.inject_p[0] = 0b0110;
        sequencer.plant.react(&pins);
        (pins, [sequencer.plant.bit_line(0), sequencer.plant.bit_line(1)].concat())
    };
    pulses.iter().map(react).collect()
}
