//! Does the macro compute every weight format, activation width and range as the integers of
//! section 2 say, in every geometry, and refuse what does not fit?

mod common;

use capram::config::{Config, Range, WeightFormat};
use capram::registers::{self as reg, error};
use capram::testbench::{Request, Testbench};
use capram::transaction::Operation;
use common::integers::{Machine, Tables, columns_of};
use common::{Random, assert_clean, assert_refused, calibrated, ideal, operation};

#[test]
fn every_format_with_four_columns_per_slice() {
    every_format(&ideal("capram65"), 6);
}

#[test]
fn every_format_in_the_small_macro() {
    every_format(&ideal("small"), 6);
}

#[test]
fn every_format_with_one_lane() {
    every_format(&ideal("onelane"), 6);
}

#[test]
fn every_format_with_two_columns_per_slice() {
    every_format(&ideal("slice2"), 3);
}

#[test]
fn every_format_with_one_column_per_slice() {
    every_format(&ideal("slice1"), 1);
}

/// All formats that fit, each in its plane, against every width and range.
fn every_format(config: &Config, fitting: usize) {
    let geometry = config.geometry;
    let mut bench = calibrated(config);
    let mut random = Random(0xf0 + geometry.columns_per_slice as u64);
    let mut tried = 0;
    for (plane, format) in WeightFormat::ALL.into_iter().enumerate() {
        let units = geometry.columns_per_slice / columns_of(format);
        if units == 0 {
            continue;
        }
        tried += 1;
        let weights = random.weights(format, geometry.mac_rows, units * geometry.slices());
        bench.load_plane(plane, format, &weights).expect("the plane takes its weights");
        let mut case = Case { bench: &mut bench, slices: geometry.slices(), weights: &weights };
        for bits in 1..=8 {
            for range in Range::ALL {
                let mut op = operation(format);
                (op.plane, op.range, op.activation_bits) = (plane as u8, range, bits);
                op.units = random.within(1, units as i64) as u8;
                (op.level, op.bank) = (random.within(0, 15) as u8, random.within(0, 1) as u8);
                case.run(&op, &random.activations(geometry.mac_rows, bits));
            }
        }
    }
    assert_eq!(tried, fitting, "formats that fit");
    refuses_what_does_not_fit(&mut bench, geometry.columns_per_slice);
    assert_clean(&mut bench);
}

struct Case<'a> {
    bench: &'a mut Testbench,
    slices: usize,
    weights: &'a [Vec<i8>],
}

impl Case<'_> {
    fn run(&mut self, op: &Operation, activations: &[u8]) {
        let tables = Tables::neutral(self.slices);
        let expected =
            Machine { slices: self.slices, tables: &tables }.run(op, self.weights, activations);
        self.bench.activate(op.slot, activations, op.activation_bits).expect("slots are free");
        self.bench.keep_codes();
        self.bench.operate(op).expect("the operation is legal");
        self.bench.wait_idle().expect("the operation ends");
        let codes: Vec<Vec<i64>> = self
            .bench
            .kept_codes()
            .into_iter()
            .map(|step| step.into_iter().map(i64::from).collect())
            .collect();
        assert_eq!(codes, expected.codes, "codes of {op:?}");
        let sums =
            self.bench.accumulators(op.bank, expected.sums.len()).expect("sums are readable");
        let sums: Vec<i64> = sums.into_iter().map(i64::from).collect();
        assert_eq!(sums, expected.sums, "sums of {op:?}");
    }
}

/// Every format with every number of units whose columns exceed the slice.
fn refuses_what_does_not_fit(bench: &mut Testbench, columns_per_slice: usize) {
    for format in WeightFormat::ALL {
        for units in 1..=4u8 {
            if columns_of(format) * usize::from(units) > columns_per_slice {
                let op = Operation { units, ..operation(format) };
                for address in [reg::OPERATION, reg::OPERATION_WAIT] {
                    assert_refused(
                        bench,
                        Request::write(address, op.encode()),
                        error::BAD_OPERATION,
                    );
                }
            }
        }
    }
}
