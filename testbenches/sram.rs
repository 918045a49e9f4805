//! Do normal reads and writes reach every word of every row, with any pulse widths, and does an
//! access that is too short show?

mod common;

use capram::config::{Config, Pulse};
use capram::dut::Dut;
use capram::golden::chip::Chip;
use capram::golden::plant::{Fault, Plant, Rule};
use capram::pins::{Drive, Pins, control};
use capram::testbench::Testbench;
use common::{Random, assert_clean, ideal};
use std::sync::Arc;

const ROWS: usize = 512;
const WORDS: usize = 4;
const PERIOD_PS: f64 = 400.0;

/// Widths and gaps of PRECHARGE, ACCESS and SENSE.
type Pulses3 = [Pulse; 3];

const fn pulses(all: [(u32, u32); 3]) -> Pulses3 {
    let [(a, b), (c, d), (e, f)] = all;
    [Pulse { width: a, gap: b }, Pulse { width: c, gap: d }, Pulse { width: e, gap: f }]
}

/// As the default configuration: every time in the array is reached.
const NOMINAL: Pulses3 = pulses([(1, 0), (2, 0), (1, 0)]);

/// The SRAM timing alone with the plant; the test plays the bus.
struct Timing {
    dut: Dut,
    plant: Plant,
    drive: Drive,
    pins: Pins,
    sensed: u32,
}

impl Timing {
    fn new(period_ps: f64) -> Self {
        let Config { geometry, analog, .. } = ideal("capram65");
        let chip = Arc::new(Chip::draw(&geometry, &analog, 1, 0));
        let plant = Plant::new(geometry, analog, period_ps * 1e-12, chip, 1, 0);
        let dut = Dut::named("sram").expect("the model is built");
        let mut bench =
            Self { dut, plant, drive: Drive::default(), pins: Pins::default(), sensed: 0 };
        bench.tick();
        bench.drive.bus = 1;
        bench.set(NOMINAL);
        bench.tick();
        bench
    }

    fn set(&mut self, pulses: Pulses3) {
        let field = |pulse: Pulse| pulse.gap << 4 | pulse.width;
        self.drive.address = (0..3).map(|i| field(pulses[i]) << (7 * i)).sum(); // drive word 1
    }

    fn tick(&mut self) {
        self.dut.tick(&self.drive, &mut self.pins).expect("no assertion fails");
        self.sensed = self.plant.react(&self.pins).read_data;
    }

    /// One access; the word sensed, and the cycles from its request to its last one.
    fn access(&mut self, row: usize, word: usize, data: Option<u32>) -> (u32, u64) {
        let place = (row % 8) << 8 | (row / 8) << 16 | word << 24;
        self.drive.data = data.unwrap_or(!self.drive.data);
        self.drive.bus = 1 | 1 << 1 | u32::from(data.is_some()) << 2 | place as u32;
        self.tick();
        self.drive.bus = 1;
        let (mut read, mut cycles) = (0, 1);
        loop {
            if self.pins.bus & 2 != 0 {
                read = self.sensed; // taken at the end of this cycle
            }
            if self.pins.bus & 1 != 0 {
                break;
            }
            self.tick();
            cycles += 1;
            assert!(cycles < 100, "the access never ends");
        }
        self.tick(); // idle between accesses
        assert_eq!(self.pins.control & !(3 << control::WORD_SHIFT), 0, "everything is off again");
        assert_eq!((self.pins.plane_wl, self.pins.cluster_sel), (0, [0; 2]));
        (read, cycles)
    }

    fn write(&mut self, row: usize, word: usize, data: u32) {
        self.access(row, word, Some(data));
    }

    fn read(&mut self, row: usize, word: usize) -> u32 {
        self.access(row, word, None).0
    }

    fn assert_no_violation(&self) {
        let violations = self.plant.violations();
        assert!(violations.is_empty(), "{:?}", violations.first());
    }
}

/// Every word of every row.
fn everywhere() -> impl DoubleEndedIterator<Item = (usize, usize)> {
    (0..ROWS * WORDS).map(|i| (i / WORDS, i % WORDS))
}

/// All words are written with a pattern, then all are read: from the bus's side and in the cells.
#[test]
fn patterns_in_every_word() {
    let checkerboard = |row: usize| if row.is_multiple_of(2) { 0x5555_5555 } else { 0xaaaa_aaaa };
    let address = |row: usize, word: usize| ((row << 2 | word) as u32 * 0x0008_0101) ^ 0x00ff_0000;
    type Pattern<'a> = &'a dyn Fn(usize, usize) -> u32;
    let patterns: [(&str, Pattern); 5] = [
        ("all 0", &|_, _| 0),
        ("all 1", &|_, _| u32::MAX),
        ("checkerboard", &|row, _| checkerboard(row)),
        ("inverse checkerboard", &|row, _| !checkerboard(row)),
        ("address in data", &address),
    ];
    let mut bench = Timing::new(PERIOD_PS);
    for (name, pattern) in patterns {
        everywhere().for_each(|(row, word)| bench.write(row, word, pattern(row, word)));
        for (row, word) in everywhere() {
            assert_eq!(bench.read(row, word), pattern(row, word), "{name}, row {row}, word {word}");
            let bit = (row + 7 * word) % 32;
            let cell = bench.plant.cell(row, 32 * word + bit);
            assert_eq!(cell, pattern(row, word) >> bit & 1 == 1, "{name}, cell of row {row}");
        }
    }
    bench.assert_no_violation();
}

/// March C-: up w0; up r0 w1; up r1 w0; down r0 w1; down r1 w0; down r0. Returns the wrong reads.
fn march_c_minus(
    places: &[(usize, usize)],
    ones: u32,
    mut access: impl FnMut((usize, usize), Option<u32>) -> u32,
) -> Vec<(usize, usize, u32)> {
    let mut wrong = vec![];
    let up: Vec<_> = places.to_vec();
    let down: Vec<_> = places.iter().rev().copied().collect();
    for &place in &up {
        access(place, Some(0));
    }
    for (order, expected, next) in [
        (&up, 0, Some(ones)),
        (&up, ones, Some(0)),
        (&down, 0, Some(ones)),
        (&down, ones, Some(0)),
        (&down, 0, None),
    ] {
        for &place in order {
            let found = access(place, None);
            if found != expected {
                wrong.push((place.0, place.1, found ^ expected));
            }
            if next.is_some() {
                access(place, next);
            }
        }
    }
    wrong
}

#[test]
fn march_through_the_timing_alone() {
    let mut bench = Timing::new(PERIOD_PS);
    let places: Vec<_> = everywhere().collect();
    let wrong =
        march_c_minus(&places, u32::MAX, |(row, word), data| bench.access(row, word, data).0);
    assert_eq!(wrong, []);
    bench.assert_no_violation();
}

/// Every width and gap is kept to the cycle, and none of them disturbs the data.
#[test]
fn pulse_widths_and_gaps() {
    let mut bench = Timing::new(PERIOD_PS);
    let mut random = Random(17);
    for i in 0..300u64 {
        let mut draw = |low, high| random.within(low, high) as u32;
        let (precharge, access, sense) =
            ((draw(1, 15), draw(0, 7)), (draw(2, 15), draw(0, 7)), (draw(1, 15), draw(0, 7)));
        bench.set(pulses([precharge, access, sense]));
        let (row, word) = (random.within(0, 511) as usize, random.within(0, 3) as usize);
        let data = random.word();
        let opening = u64::from(precharge.0 + precharge.1 + access.0 + access.1);
        let (_, cycles) = bench.access(row, word, Some(data));
        assert_eq!(cycles, opening, "write {i}: {precharge:?} {access:?}");
        let (read, cycles) = bench.access(row, word, None);
        assert_eq!(cycles, opening + u64::from(sense.0 + sense.1), "read {i}: {sense:?}");
        assert_eq!(read, data, "access {i}");
    }
    bench.assert_no_violation();
}

/// An access's pins, cycle by cycle: precharge 2 + 1, access 3 + 1, sense 2.
#[test]
fn pins_of_an_access() {
    let mut bench = Timing::new(PERIOD_PS);
    bench.set(pulses([(2, 1), (3, 1), (2, 0)]));
    let row = 8 * 37 + 5;
    for write in [true, false] {
        bench.drive.data = 0x1234_5678;
        bench.drive.bus = 1 | 1 << 1 | u32::from(write) << 2 | 5 << 8 | 37 << 16 | 2 << 24;
        let cycles = if write { 7 } else { 9 };
        for cycle in 0..cycles {
            bench.tick();
            bench.drive.bus = 1;
            let pins = &bench.pins;
            let open = (3..6).contains(&cycle);
            assert_eq!(pins.is(control::PRECHARGE), cycle < 2, "cycle {cycle}");
            assert_eq!(pins.plane_wl, u32::from(open) << (row % 8), "cycle {cycle}");
            assert_eq!(pins.is(control::WRITE), open && write, "cycle {cycle}");
            assert_eq!(pins.is(control::SENSE), cycle >= 7, "cycle {cycle}");
            assert_eq!(pins.cluster_sel, [0, 1 << (37 - 32)], "cycle {cycle}");
            assert_eq!((pins.word(), pins.write_data), (2, 0x1234_5678), "cycle {cycle}");
            assert_eq!(pins.bus & 1 == 1, cycle == cycles - 1, "done in the last cycle");
            assert_eq!(pins.bus & 2 == 2, cycle == 8, "sense data are taken at SENSE's end");
        }
        bench.tick();
    }
    assert!(bench.plant.cell(row, 64 + 3), "bit 3 of 0x12345678");
    bench.assert_no_violation();
}

/// At 200 ps a width of 1 is too short for everything, and the plant says for what.
#[test]
fn too_short_accesses() {
    let long = pulses([(2, 0), (3, 0), (1, 0)]);
    for (name, short, write, rule) in [
        ("write", pulses([(2, 0), (1, 0), (1, 0)]), true, Rule::WriteTooShort),
        ("read", pulses([(2, 0), (2, 0), (1, 0)]), false, Rule::SenseBeforeDeveloped),
        ("precharge", pulses([(1, 0), (3, 0), (1, 0)]), false, Rule::PrechargeTooShort),
    ] {
        let mut bench = Timing::new(200.0);
        bench.set(long);
        bench.write(100, 1, 0xffff_0000);
        bench.assert_no_violation();
        bench.set(short);
        let (read, _) = bench.access(100, 1, write.then_some(0x0f0f_0f0f));
        let violations = bench.plant.take_violations();
        assert_eq!(
            (violations.count(rule), violations.total()),
            (1, 1),
            "short {name}: {:?}",
            violations.first()
        );
        if !write {
            assert_eq!(read, 0, "after a short {name} the bit lines are low");
        }
        bench.set(long);
        assert_eq!(bench.read(100, 1), 0xffff_0000, "after a short {name} the cells are as before");
        bench.assert_no_violation();
    }
}

/// The small macro: 128 rows of one word of 16 columns.
const SMALL_ROWS: usize = 128;
const SMALL_ONES: u32 = 0xffff;

fn march_through_the_bus(bench: &mut Testbench) -> Vec<(usize, usize, u32)> {
    let places: Vec<_> = (0..SMALL_ROWS).map(|row| (row, 0)).collect();
    march_c_minus(&places, SMALL_ONES, |(row, word), data| match data {
        Some(data) => bench.write_row(row, word, data).map(|()| 0).expect("the array takes words"),
        None => bench.read_row(row, word).expect("the array gives words"),
    })
}

#[test]
fn march_through_the_whole_macro() {
    let mut bench = Testbench::new(&ideal("small"), Default::default()).expect("a model is built");
    assert_eq!(march_through_the_bus(&mut bench), []);
    assert_clean(&mut bench);
}

/// All words of the large macro, each with data of its own, through the bus.
#[test]
fn every_word_of_the_large_macro() {
    let mut bench =
        Testbench::new(&ideal("capram65"), Default::default()).expect("a model is built");
    let data = |row: usize, word: usize| Random((row * WORDS + word) as u64).word();
    for (row, word) in everywhere() {
        bench.write_row(row, word, data(row, word)).expect("the array takes words");
    }
    for (row, word) in everywhere() {
        assert_eq!(bench.read_row(row, word).expect("the array gives words"), data(row, word));
    }
    assert_clean(&mut bench);
}

/// A cell that is stuck is found at its place, and nothing else is.
#[test]
fn march_finds_a_stuck_cell() {
    for (row, column, value) in [(0, 0, true), (77, 9, false), (127, 15, true)] {
        let mut bench =
            Testbench::new(&ideal("small"), Default::default()).expect("a model is built");
        bench.plant().faults().plant(Fault::StuckCell { row, column, value });
        let wrong = march_through_the_bus(&mut bench);
        // Stuck at 1 shows in the three reads of 0, stuck at 0 in the two reads of 1.
        let expected = vec![(row, 0, 1 << column); if value { 3 } else { 2 }];
        assert_eq!(wrong, expected, "stuck at {value}");
        assert_eq!(
            bench.verdict().total(),
            expected.len() as u64,
            "and the lockstep check found them"
        );
        assert_eq!(bench.verdict().first()[0].signal, format!("sram row {row} word 0"));
    }
}

/// A PRECHARGE of one cycle where 500 ps are needed: writes work, reads give zeros; the reference
/// predicts both.
#[test]
fn short_precharge_through_the_bus() {
    let mut config = ideal("small");
    config.analog.sram.precharge_time_ps = 500.0;
    let mut bench = Testbench::new(&config, Default::default()).expect("a model is built");
    bench.write_row(5, 0, 0xbeef).expect("the array takes words");
    assert_eq!(bench.read_row(5, 0).expect("an answer"), 0, "the bit lines start low");
    assert_eq!(bench.plant().take_violations().count(Rule::PrechargeTooShort), 2);
    config.timing.pulses.precharge.width = 2;
    bench.set_pulses(&config.timing.pulses).expect("idle: settings are open");
    assert_eq!(bench.read_row(5, 0).expect("an answer"), 0xbeef);
    assert_clean(&mut bench);
}

/// An ACCESS of one cycle (397 ps) is enough to write, not to read; the reference predicts both.
#[test]
fn short_read_through_the_bus() {
    let mut config = ideal("small");
    config.timing.pulses.access.width = 1;
    let mut bench = Testbench::new(&config, Default::default()).expect("a model is built");
    bench.write_row(5, 0, 0xbeef).expect("the array takes words");
    assert_eq!(bench.read_row(5, 0).expect("an answer"), 0, "undeveloped bit lines read 0");
    assert_eq!(bench.plant().take_violations().count(Rule::SenseBeforeDeveloped), 1);
    config.timing.pulses.access.width = 2;
    bench.set_pulses(&config.timing.pulses).expect("idle: settings are open");
    assert_eq!(bench.read_row(5, 0).expect("an answer"), 0xbeef);
    assert_clean(&mut bench);
}
