//! Do the macro's own counters show the published throughput, without an idle cycle, and what one
//! lane loses?

mod common;

use capram::config::{Config, WeightFormat};
use capram::registers as reg;
use capram::testbench::Testbench;
use capram::transaction::Operation;
use common::{Random, assert_clean, calibrated, ideal, operation};

/// The three counters that a throughput is made of.
#[derive(Clone, Copy, Debug)]
struct Snapshot {
    cycles: u32,
    conversions: u32,
    stalls: u32,
}

impl Snapshot {
    /// Read through the bus while the macro runs; each read takes two cycles.
    fn read(bench: &mut Testbench) -> Self {
        let mut read = |address| bench.read(address).expect("counters can always be read");
        Self {
            cycles: read(reg::CYCLES),
            conversions: read(reg::CONVERSIONS),
            stalls: read(reg::STALLS),
        }
    }
}

/// A macro with random weights in plane 0 and activations in all slots.
fn loaded(config: &Config, format: WeightFormat) -> Testbench {
    let geometry = config.geometry;
    let mut bench = calibrated(config);
    let mut random = Random(0x60b5);
    let outputs = geometry.units(format) * geometry.slices();
    let weights = random.weights(format, geometry.mac_rows, outputs);
    bench.load_plane(0, format, &weights).expect("the plane takes its weights");
    for slot in 0..16 {
        let activations = random.activations(geometry.mac_rows, 4);
        bench.activate(slot, &activations, 4).expect("slots are free");
    }
    bench
}

fn run(bench: &mut Testbench, operations: usize, op: &Operation) {
    (0..operations).for_each(|_| bench.operate(op).expect("the operation is legal"));
}

/// Operations per second in billions: two for each of M rows in each conversion.
fn gops(config: &Config, conversions: u32, cycles: u32) -> f64 {
    let operations = 2.0 * config.geometry.mac_rows as f64 * f64::from(conversions);
    operations / f64::from(cycles) * config.timing.phase_clock_hz() * 1e-9
}

/// The published figure, from counters read twice while operations follow each other. An operation
/// waits on the bus for a place in the queue, so both readings fall into the same cycle of a step.
fn published_throughput(name: &str, format: WeightFormat, units: u8) {
    let config = ideal(name);
    let mut bench = loaded(&config, format);
    let op = Operation { units, ..operation(format) };
    run(&mut bench, 8, &op);
    let before = Snapshot::read(&mut bench);
    run(&mut bench, 200, &op);
    let after = Snapshot::read(&mut bench);
    assert_eq!(after.stalls, before.stalls, "no idle cycle");
    let (conversions, cycles) =
        (after.conversions - before.conversions, after.cycles - before.cycles);
    assert_eq!(conversions as usize, 200 * op.steps() * config.geometry.slices());
    let gops = gops(&config, conversions, cycles);
    assert!((gops / 573.44 - 1.0).abs() < 1e-12, "{name}: {gops} GOPS in {cycles} cycles");
    bench.wait_idle().expect("the operations end");
    bench.counters().expect("counters are readable");
    assert_clean(&mut bench);
}

#[test]
fn throughput_of_the_default_macro() {
    published_throughput("capram65", WeightFormat::Single1, 1);
    published_throughput("capram65", WeightFormat::Diff1, 2);
}

#[test]
fn throughput_with_64_and_128_converters() {
    published_throughput("slice2", WeightFormat::Single1, 1);
    published_throughput("slice1", WeightFormat::Single1, 1);
}

/// Cycles and stalls of a number of operations from idle to idle, all compared with the reference.
fn from_idle(bench: &mut Testbench, mut operations: impl FnMut(&mut Testbench)) -> Snapshot {
    bench.wait_idle().expect("nothing is under way");
    bench.write(reg::CLEAR_COUNTERS, 0).expect("idle: counters can be cleared");
    operations(bench);
    bench.wait_idle().expect("the operations end");
    let counters = bench.counters().expect("counters are readable");
    let [cycles, conversions, stalls] =
        [counters.cycles, counters.conversions, counters.stall_cycles].map(|n| n as u32);
    Snapshot { cycles, conversions, stalls }
}

/// Eight words of new activations for every operation of 18 cycles: nine transfers of two cycles.
#[test]
fn loading_activations_costs_no_cycle() {
    let config = ideal("capram65");
    let mut bench = loaded(&config, WeightFormat::Single1);
    let mut random = Random(0xac7);
    let mut load_and_run = |count: u8| {
        from_idle(&mut bench, |bench| {
            for i in 0..count {
                let slot = i % 16;
                bench
                    .activate(slot, &random.activations(64, 4), 4)
                    .expect("the slot is free by now");
                bench
                    .operate(&Operation { slot, ..operation(WeightFormat::Single1) })
                    .expect("legal");
            }
        })
    };
    let (few, many) = (load_and_run(50), load_and_run(150));
    assert_eq!(many.cycles - few.cycles, 100 * 18, "a step takes its 18 cycles");
    assert_eq!(many.stalls, few.stalls, "only the first operation waits for its digits");
    assert_eq!(many.conversions - few.conversions, 100 * 32);
    let gops = gops(&config, many.conversions - few.conversions, many.cycles - few.cycles);
    assert!((gops / 573.44 - 1.0).abs() < 1e-12, "{gops} GOPS");
    assert_clean(&mut bench);
}

/// 32 slices through one lane take 32 cycles; a step waits the 14 that its 18 lack.
#[test]
fn one_lane_stalls_14_cycles_a_step() {
    let mut bench = loaded(&ideal("onelane"), WeightFormat::Single1);
    let op = operation(WeightFormat::Single1);
    let few = from_idle(&mut bench, |bench| run(bench, 20, &op));
    let many = from_idle(&mut bench, |bench| run(bench, 120, &op));
    assert_eq!(many.stalls - few.stalls, 100 * 14);
    assert_eq!(many.cycles - few.cycles, 100 * 32);
    assert_eq!(many.conversions - few.conversions, 100 * 32);
    assert_clean(&mut bench);
}
