//! Does the ciSAR logic alone, with an ideal comparator and ideal charge, find every code?

mod common;

use capram::dut::Dut;
use capram::pins::{Drive, Pins};
use common::Random;

const SLICES: usize = 32;
/// What each injection removes, in LSB.
const SEARCH: [i64; 6] = [32, 16, 8, 4, 2, 1];

/// Drive word 0 of the model.
mod input {
    pub const RST_N: u32 = 1 << 0;
    pub const STROBE_END: u32 = 1 << 1;
    pub const INJECT: u32 = 1 << 2;
}

/// Two sides of a slice in eighths of a unit, exact.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    p: i64,
    n: i64,
}

impl Sides {
    /// Sides with this difference, neither ever below zero.
    fn with_difference(d: i64) -> Self {
        Self { p: 1 << 20, n: (1 << 20) - d }
    }

    /// A tie counts as above: the threshold sits half a step below.
    fn p_is_higher(self) -> bool {
        self.p >= self.n
    }
}

/// The logic with a sequencer and an analog side around it.
struct Bench {
    dut: Dut,
    pins: Pins,
    drive: Drive,
    active: u32,
    sides: [Sides; SLICES],
}

impl Bench {
    fn new() -> Self {
        let dut = Dut::named("cisar").expect("the model is built");
        let (pins, drive) = (Pins::default(), Drive::default());
        let mut bench = Self { dut, pins, drive, active: u32::MAX, sides: Default::default() };
        bench.tick(0);
        bench.tick(input::RST_N);
        assert_eq!(bench.pins.decisions, [[0; 4]; 7], "decisions after reset");
        bench
    }

    fn tick(&mut self, inputs: u32) {
        self.drive.bus = inputs;
        self.drive.address = self.active; // drive word 1
        self.dut.tick(&self.drive, &mut self.pins).expect("no assertion fails");
    }

    /// Comparators decide, and the logic takes their decision.
    fn strobe(&mut self) {
        let higher = |slice: usize| u32::from(self.sides[slice].p_is_higher()) << slice;
        let decisions = (0..SLICES).map(higher).sum();
        let before = self.pins.decisions;
        self.drive.comparators[0] = decisions;
        self.tick(input::RST_N | input::STROBE_END);
        self.drive.comparators[0] = !decisions; // anything: nobody may look
        assert_eq!(self.pins.decisions[0][0], decisions, "every slice's latest decision");
        for plane in 1..7 {
            assert_eq!(self.pins.decisions[plane], before[plane - 1], "plane {plane} shifts");
        }
        assert_eq!((self.pins.inject_p[0], self.pins.inject_n[0]), (0, 0), "no injection yet");
    }

    /// The cells of the higher side of every active slice remove charge.
    fn inject(&mut self, eighths: i64) {
        let before = self.pins.decisions;
        self.tick(input::RST_N | input::INJECT);
        assert_eq!(self.pins.decisions, before, "an injection changes no decision");
        for slice in 0..SLICES {
            let bit = |word: u32| word >> slice & 1 == 1;
            let (fires_p, fires_n) = (bit(self.pins.inject_p[0]), bit(self.pins.inject_n[0]));
            let sides = &mut self.sides[slice];
            if !bit(self.active) {
                assert!(!fires_p && !fires_n, "inactive slice {slice} injects");
                continue;
            }
            assert!(fires_p != fires_n, "slice {slice} discharges one side");
            assert_eq!(fires_p, sides.p_is_higher(), "slice {slice} discharges the higher side");
            let side = if fires_p { &mut sides.p } else { &mut sides.n };
            *side -= eighths; // the cells have no other direction
        }
    }

    /// A whole search for these differences; the codes found.
    fn convert(&mut self, differences: [i64; SLICES], lsb: i64) -> [i64; SLICES] {
        self.sides = differences.map(Sides::with_difference);
        for step in SEARCH {
            self.strobe();
            self.inject(step * lsb);
        }
        self.strobe();
        std::array::from_fn(|slice| i64::from(self.pins.code(slice)))
    }
}

/// Every threshold from both sides in every range: d at the threshold and 1/8 unit below it.
#[test]
fn every_threshold_from_both_sides() {
    let mut bench = Bench::new();
    for range in 0..4 {
        let lsb = 120 >> range; // in eighths of a unit
        let mut reached = [false; 128];
        let cases: Vec<_> =
            (-63..=63).flat_map(|t| [(t * lsb - 1, t + 63), (t * lsb, t + 64)]).collect();
        for chunk in cases.chunks(SLICES) {
            let differences = std::array::from_fn(|slice| chunk[slice % chunk.len()].0);
            let codes = bench.convert(differences, lsb);
            for (slice, &code) in codes.iter().enumerate() {
                let (difference, expected) = chunk[slice % chunk.len()];
                assert_eq!(code, expected, "slice {slice}, d = {difference}/8 units, LSB {lsb}/8");
                reached[code as usize] = true;
            }
        }
        assert_eq!(reached, [true; 128], "codes reached with an LSB of {lsb}/8 units");
    }
}

/// Differences far beyond the range end at the first and the last code.
#[test]
fn beyond_the_range() {
    let mut bench = Bench::new();
    let differences = std::array::from_fn(|slice| if slice % 2 == 0 { 100_000 } else { -100_000 });
    let codes = bench.convert(differences, 120);
    assert_eq!(codes, std::array::from_fn(|slice| if slice % 2 == 0 { 127 } else { 0 }));
}

/// Each slice for itself: random differences and random active slices.
#[test]
fn slices_are_independent_and_inactive_ones_never_inject() {
    let mut bench = Bench::new();
    let mut random = Random(5);
    for _ in 0..200 {
        bench.active = random.word();
        let differences = std::array::from_fn(|_| random.within(-70 * 120, 70 * 120));
        let codes = bench.convert(differences, 120);
        for (slice, &code) in
            codes.iter().enumerate().filter(|(slice, _)| bench.active >> slice & 1 == 1)
        {
            let counted = (-63..=63).filter(|t| t * 120 <= differences[slice]).count() as i64;
            assert_eq!(code, counted, "slice {slice}, d = {}/8 units", differences[slice]);
        }
    }
}

/// A decision that is never strobed is never taken.
#[test]
fn comparators_count_only_when_strobed() {
    let mut bench = Bench::new();
    bench.drive.comparators[0] = u32::MAX;
    bench.tick(input::RST_N);
    bench.tick(input::RST_N | input::INJECT);
    assert_eq!(bench.pins.decisions, [[0; 4]; 7]);
    assert_eq!(
        (bench.pins.inject_p[0], bench.pins.inject_n[0]),
        (0, u32::MAX),
        "last decision 0: N"
    );
}
