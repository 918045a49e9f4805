//! Are neutral calibration tables exact for every code and range, and do random ones compute what
//! the integers of section 3 say?

mod common;

use capram::config::{Range, WeightFormat};
use capram::testbench::Testbench;
use capram::transaction::Operation;
use common::integers::{Machine, Tables, code};
use common::{Random, assert_clean, ideal, operation};

/// Most slices of any geometry here, for the tables.
const ADCS: usize = 32;

#[test]
fn neutral_tables_are_exact() {
    sweep("capram65", &Tables::neutral(ADCS));
}

/// An independent statement of what neutral means: 120 r (2 code - 127) sixteenths.
#[test]
fn the_expectation_of_neutral_tables_is_the_plain_value() {
    let neutral = Tables::neutral(1);
    for range in Range::ALL {
        for code in 0..128 {
            let sixteenths = (120 >> range as u32) * (2 * code - 127);
            assert_eq!(neutral.value(code, range, 0), sixteenths);
        }
    }
}

#[test]
fn random_tables_in_two_lanes() {
    (0..2).for_each(|seed| sweep("capram65", &random_tables(seed)));
}

#[test]
fn random_tables_in_one_lane() {
    sweep("onelane", &random_tables(2));
}

/// The largest gains and offsets together with the ends of the master curve: nothing overflows.
#[test]
fn extreme_tables() {
    for (gain, offset, curve) in
        [(255, 511, 127), (255, -512, -128), (0, 511, -128), (0, -512, 127)]
    {
        let linear = std::array::from_fn(|_| vec![(gain, offset); ADCS]);
        sweep("capram65", &Tables { linear, master: [curve; 128] });
    }
}

fn random_tables(seed: u64) -> Tables {
    let mut random = Random(0xca1 + seed);
    let mut entry = || (random.within(0, 255) as u8, random.within(-512, 511) as i16);
    let linear = std::array::from_fn(|_| (0..ADCS).map(|_| entry()).collect());
    Tables { linear, master: std::array::from_fn(|_| random.within(-128, 127) as i8) }
}

/// Drives all 128 codes in all ranges through every ADC, differential and single-ended, and
/// compares the sums with the integers.
fn sweep(name: &str, tables: &Tables) {
    let config = ideal(name);
    let slices = config.geometry.slices();
    let mut bench = Testbench::new(&config, Default::default()).expect("a model is built");
    load(&mut bench, tables);
    let planes = Planes::load(&mut bench, config.geometry.mac_rows, slices);
    for range in Range::ALL {
        let mut reached = [false; 128];
        for target in 0..128 {
            let (op, sum) = planes.operation_for(target, range);
            reached[code(sum, range) as usize] = true;
            let expected = planes.run(&mut bench, &op, sum.unsigned_abs() as usize, tables);
            assert_eq!(
                bench.accumulators(0, slices).expect("sums are readable"),
                expected,
                "{op:?}, S = {sum}"
            );
        }
        assert_eq!(reached, [true; 128], "codes reached at {range:?}");
        planes.single_ended(&mut bench, range, tables);
    }
    assert_clean(&mut bench);
}

fn load(bench: &mut Testbench, tables: &Tables) {
    for range in Range::ALL {
        for (adc, &(gain, offset)) in tables.linear[range as usize].iter().enumerate() {
            bench.set_calibration(range, adc, gain, offset).expect("idle: tables are open");
        }
    }
    for (index, &value) in tables.master.iter().enumerate() {
        bench.set_master(index, value).expect("idle: tables are open");
    }
}

/// Plane 0 holds +1 everywhere, plane 1 holds -1, plane 2 random bits.
struct Planes {
    rows: usize,
    slices: usize,
    weights: [Vec<Vec<i8>>; 3],
}

const FORMATS: [WeightFormat; 3] =
    [WeightFormat::Diff1, WeightFormat::Diff1, WeightFormat::Single1];

impl Planes {
    fn load(bench: &mut Testbench, rows: usize, slices: usize) -> Self {
        let all = |weight| vec![vec![weight; slices]; rows];
        let weights = [all(1), all(-1), Random(3).weights(WeightFormat::Single1, rows, slices)];
        for (plane, (format, weights)) in FORMATS.into_iter().zip(&weights).enumerate() {
            bench.load_plane(plane, format, weights).expect("the plane takes its weights");
        }
        Self { rows, slices, weights }
    }

    /// The operation and the sum S that give this code: the middle of its step, or the last sum
    /// there is.
    fn operation_for(&self, code: i64, range: Range) -> (Operation, i64) {
        let most = 15 * self.rows as i64;
        let middle = ((2 * (code - 64) + 1) * 15).div_euclid(2 << range as u32);
        let sum = middle.clamp(-most, most);
        let plane = u8::from(sum < 0);
        (Operation { plane, range, ..operation(WeightFormat::Diff1) }, sum)
    }

    /// Runs an operation whose activations add up to `total`; the sums expected.
    fn run(
        &self,
        bench: &mut Testbench,
        op: &Operation,
        total: usize,
        tables: &Tables,
    ) -> Vec<i32> {
        let activation =
            |row: usize| (total / self.rows + usize::from(row < total % self.rows)) as u8;
        let activations: Vec<u8> = (0..self.rows).map(activation).collect();
        bench.activate(op.slot, &activations, 4).expect("slots are free");
        bench.operate(op).expect("the operation is legal");
        bench.wait_idle().expect("the operation ends");
        let machine = Machine { slices: self.slices, tables };
        let sums = machine.run(op, &self.weights[usize::from(op.plane)], &activations).sums;
        sums.into_iter().map(|sum| sum as i32).collect()
    }

    /// The reference level and the digit sum join behind the tables.
    fn single_ended(&self, bench: &mut Testbench, range: Range, tables: &Tables) {
        for level in 0..=15 {
            let op = Operation { plane: 2, range, level, ..operation(WeightFormat::Single1) };
            let expected = self.run(bench, &op, 61 * usize::from(level), tables);
            assert_eq!(
                bench.accumulators(0, self.slices).expect("sums are readable"),
                expected,
                "{op:?}"
            );
        }
    }
}
