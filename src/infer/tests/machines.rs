//! What the machines compute.

use std::fmt::Debug;
use std::sync::Arc;

use super::fixture::{Draws, config, random_operation, random_sram, random_vector};
use super::naive::Naive;
use crate::config::{Config, Geometry};
use crate::golden::chip::Chip;
use crate::golden::ideal::Calibration;
use crate::golden::reference::{Converter, ConverterError, ConverterStep};
use crate::infer::{Counts, GoldenMachine, IdealMachine, Machine, Tables};
use crate::transaction::Requantize;

/// Everything that a host can read after each of many random operations.
type Transcript = Vec<(Vec<i32>, Vec<u8>, Counts)>;

fn transcript<M: Machine<Error: Debug>>(
    machine: &mut M,
    geometry: &Geometry,
    seed: u64,
    operations: usize,
) -> Transcript {
    let mut draws = Draws::new(seed);
    machine.number_conversions(0).expect("idle");
    let one = |_| {
        let operation = random_operation(geometry, &mut draws);
        let bits = operation.activation_bits;
        let vector = random_vector(geometry.mac_rows, bits, &mut draws);
        let layer = Requantize { shift: draws.below(20) as u8, bits: 1 + draws.below(8) as u8 };
        machine.set_requantize(layer).expect("idle");
        for output in 0..geometry.columns {
            let (multiplier, bias) = (draws.word() as u8, draws.word() as i32 >> 12);
            machine.set_output(operation.bank, output as u8, multiplier, bias).expect("idle");
        }
        machine.activate(operation.slot, &vector, bits).expect("a slot");
        machine.operate(&operation).expect("a valid operation");
        machine.wait_idle().expect("idle");
        let outputs = operation.outputs(geometry);
        let (mut sums, mut results) = (vec![0; outputs], vec![0; outputs]);
        machine.sums(operation.bank, 0..outputs, &mut sums).expect("sums");
        machine.results(operation.bank, 0..outputs, &mut results).expect("results");
        (sums, results, machine.counts().expect("counts"))
    };
    (0..operations).map(one).collect()
}

/// The same from [`Naive`].
fn expected(geometry: &Geometry, sram: &[u32], seed: u64, operations: usize) -> Transcript {
    let mut naive = Naive::new(*geometry, sram.to_vec());
    let mut draws = Draws::new(seed);
    let one = |n: usize| {
        let operation = random_operation(geometry, &mut draws);
        let bits = operation.activation_bits;
        let vector = random_vector(geometry.mac_rows, bits, &mut draws);
        naive.requantize =
            Requantize { shift: draws.below(20) as u8, bits: 1 + draws.below(8) as u8 };
        let bank = usize::from(operation.bank);
        for output in 0..geometry.columns {
            naive.multipliers[bank][output] = draws.word() as u8;
            naive.biases[bank][output] = draws.word() as i32 >> 12;
        }
        naive.operate(&operation, &vector);
        let outputs = operation.outputs(geometry);
        let counts = Counts {
            operations: n as u64 + 1,
            conversions: naive.conversions,
            clipped: naive.clipped,
        };
        (naive.sums[bank][..outputs].to_vec(), naive.results[bank][..outputs].to_vec(), counts)
    };
    (0..operations).map(one).collect()
}

#[test]
fn ideal_machine_is_the_naive_sum() {
    for name in ["capram65", "small", "slice1", "slice2"] {
        let geometry = config(name).geometry;
        let sram = random_sram(&geometry, &mut Draws::new(1));
        let mut machine = IdealMachine::new(geometry, &sram).expect("an SRAM");
        let found = transcript(&mut machine, &geometry, 2, 400);
        let wanted = expected(&geometry, &sram, 2, 400);
        for (n, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert_eq!(found, wanted, "{name}, operation {n}");
        }
        let last = found.last().expect("operations").2;
        assert!(last.clipped > 0 && last.clipped < last.conversions / 2, "{last:?}");
    }
}

/// Every geometry, each with the ideal analog side.
fn ideal_configs() -> Vec<Config> {
    let ideal = config("ideal");
    let with = |name: &str| Config { geometry: config(name).geometry, ..ideal.clone() };
    vec![ideal.clone(), with("small"), with("slice2"), with("onelane")]
}

fn golden(config: &Config, sram: &[u32], tables: &Tables) -> GoldenMachine {
    let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, 1, 0));
    GoldenMachine::new(config, &chip, 1, 0, sram, tables).expect("an SRAM")
}

#[test]
fn golden_machine_without_errors_is_the_ideal_one() {
    for config in ideal_configs() {
        let geometry = config.geometry;
        let sram = random_sram(&geometry, &mut Draws::new(3));
        let mut ideal = IdealMachine::new(geometry, &sram).expect("an SRAM");
        let mut golden = golden(&config, &sram, &Tables::neutral(&geometry));
        let wanted = transcript(&mut ideal, &geometry, 4, 200);
        let found = transcript(&mut golden, &geometry, 4, 200);
        for (n, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert_eq!(found, wanted, "{geometry:?}, operation {n}");
        }
    }
}

/// A burst streams, and its codes are those of a converter that is told so by hand, worked through
/// section 3 by hand; `onelane`'s post-processor is slower than a step, so that LATCH is prolonged
/// from the second step on.
#[test]
fn a_burst_is_a_stream_and_idle_is_rest() {
    let config = config("onelane");
    let geometry = config.geometry;
    let mut draws = Draws::new(6);
    let sram = random_sram(&geometry, &mut draws);
    let mut tables = Tables::neutral(&geometry);
    for line in tables.calibration.iter_mut().flatten() {
        *line = Calibration {
            gain: 100 + draws.below(56) as u8,
            offset: draws.below(200) as i16 - 100,
        };
    }
    tables.master = std::array::from_fn(|_| draws.below(60) as i8 - 30);
    let mut machine = golden(&config, &sram, &tables);
    let operation = crate::transaction::Operation {
        activation_bits: 4,
        clear: true,
        format: crate::config::WeightFormat::Diff1,
        units: 2,
        ..random_operation(&geometry, &mut draws)
    };
    let vector = random_vector(64, 4, &mut draws);
    machine.number_conversions(1000).expect("idle");
    machine.activate(operation.slot, &vector, 4).expect("a slot");
    let chip = Arc::new(Chip::draw(&geometry, &config.analog, 1, 0));
    let mut converter = Converter::new(geometry, config.analog, config.timing, chip, 1, 0);
    let plane = usize::from(operation.plane);
    let cell = |m: usize, c: usize| sram[(8 * m + plane) * 4 + c / 32] >> (c % 32) & 1 == 1;
    let bits: Vec<bool> = (0..64 * 128).map(|i| cell(i / 128, i % 128)).collect();
    converter.load_plane(plane, &bits).expect("a plane");
    let mut codes = [0; 32];
    // Two bursts of two operations.
    for burst in 0..2 {
        converter.start_at_conversion(1000 + 8 * burst / 2);
        for n in 0..2 {
            machine.operate(&operation).expect("valid");
            for unit in 0..2 {
                // 32 slices in one lane, steps of 18 cycles.
                converter.prolong_latch(if n == 0 && unit == 0 { 0 } else { 14 });
                let step = ConverterStep {
                    plane,
                    column: 2 * unit,
                    differential: true,
                    range: operation.range,
                    level: operation.level,
                };
                converter.convert(&step, &vector, &mut codes).expect("valid");
                let mut sums = [0; 32];
                machine.sums(operation.bank, 32 * unit..32 * (unit + 1), &mut sums).expect("sums");
                let lines = &tables.calibration[operation.range as usize];
                for ((sum, &code), line) in sums.iter().zip(&codes).zip(lines) {
                    let z = 2 * i32::from(code) - 127;
                    let v = (z * i32::from(line.gain) + 16 * i32::from(line.offset) + 8) >> 4;
                    let v = v + i32::from(tables.master[((v >> 4) + 64).clamp(0, 127) as usize]);
                    assert_eq!(*sum, (15 * v) >> operation.range as u32, "burst {burst}, {n}");
                }
            }
        }
        machine.wait_idle().expect("idle");
    }
}

/// A planted bug: one cell flipped changes codes of both machines.
#[test]
fn one_wrong_cell_is_seen() {
    let config = config("small");
    let geometry = config.geometry;
    let sram = random_sram(&geometry, &mut Draws::new(7));
    let mut wrong = sram.clone();
    wrong[PLANE_2_ROW_3] ^= 1;
    let ideal = |sram| {
        let mut machine = IdealMachine::new(geometry, sram).expect("an SRAM");
        transcript(&mut machine, &geometry, 8, 300)
    };
    assert_ne!(ideal(&sram), ideal(&wrong));
    let neutral = Tables::neutral(&geometry);
    let golden = |sram| transcript(&mut golden(&config, sram, &neutral), &geometry, 8, 300);
    assert_eq!(golden(&sram), golden(&sram));
    assert_ne!(golden(&sram), golden(&wrong));
}

const PLANE_2_ROW_3: usize = 8 * 3 + 2;

#[test]
fn what_does_not_fit_is_refused() {
    let geometry = config("slice2").geometry;
    let sram = random_sram(&geometry, &mut Draws::new(9));
    let short = IdealMachine::new(geometry, &sram[1..]).expect_err("a word is missing");
    assert!(matches!(short, ConverterError::Shape { what: "SRAM words", .. }), "{short}");
    let mut machine = IdealMachine::new(geometry, &sram).expect("an SRAM");
    let operation = random_operation(&geometry, &mut Draws::new(10));
    let wide = crate::transaction::Operation { units: 3, ..operation };
    assert!(matches!(machine.operate(&wide), Err(ConverterError::Column { .. })));
    let digit = machine.activate(0, &[16; 64], 4).expect_err("4 bits");
    assert_eq!(digit, ConverterError::Digit { row: 0, digit: 16 });
    assert!(machine.activate(0, &[16; 64], 5).is_ok());
    assert!(machine.activate(0, &[1; 63], 4).is_err());
}
