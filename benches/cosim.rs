//! What the closed loop costs: the bare model in a C++ loop, the same through the Rust boundary,
//! and with plant, reference and comparison, all on the same stream of operations.

use capram::config::{Config, Range, WeightFormat};
use capram::dut::Dut;
use capram::pins::{Drive, Pins};
use capram::testbench::{Sample, Testbench};
use capram::transaction::Operation;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const OPERATIONS: usize = 256;
const SAMPLE: Sample = Sample { seed: 1, chip: 0 };

/// A macro with random ternary weights in all planes.
fn loaded(config: &Config) -> Testbench {
    let mut bench = Testbench::new(config, SAMPLE).expect("the model is built");
    let weight = |i: usize| ((i * 2_654_435_761) >> 16) as i8 % 2;
    for plane in 0..8 {
        let row = |m: usize| (0..64).map(|j| weight(j + 64 * (m + 64 * plane))).collect();
        let weights: Vec<Vec<i8>> = (0..64).map(row).collect();
        bench.load_plane(plane, WeightFormat::Diff1, &weights).expect("weights fit");
    }
    bench.neutral_calibration().expect("tables are writable");
    bench
}

/// Operations of one step each, whose activations load while the array computes.
fn stream(bench: &mut Testbench) {
    for i in 0..OPERATIONS {
        let activations: Vec<u8> = (0..64).map(|m| ((i * 7 + m * 13) % 16) as u8).collect();
        let operation = Operation {
            plane: (i % 8) as u8,
            format: WeightFormat::Diff1,
            activation_bits: 4,
            range: Range::Full,
            level: 15,
            slot: (i % 16) as u8,
            units: 1,
            clear: true,
            emit: false,
            bank: 0,
        };
        bench.activate(operation.slot, &activations, 4).expect("slot is free");
        bench.operate(&operation).expect("operation is legal");
    }
    bench.wait_idle().expect("operations end");
    assert_eq!(bench.verdict().total(), 0, "{:?}", bench.verdict().first());
}

/// The stream's inputs, comparators constant.
fn recorded(config: &Config) -> Vec<Drive> {
    let mut bench = loaded(config);
    bench.record();
    stream(&mut bench);
    let mut drives = bench.recorded();
    drives.iter_mut().for_each(|drive| drive.comparators = [0x5555_5555; 4]);
    drives
}

fn cosim(c: &mut Criterion) {
    let noisy = Config::builtin("capram65").expect("built in");
    let mut quiet = noisy.clone();
    quiet.analog.ktc_noise.on = false;
    quiet.analog.comparator_noise.on = false;
    quiet.analog.injection_noise.on = false;
    let drives = recorded(&quiet);

    let mut group = c.benchmark_group("cosim");
    group.throughput(Throughput::Elements(drives.len() as u64));
    group.sample_size(30);
    group.bench_function("cpp_loop", |b| {
        let mut dut = Dut::of_macro(&quiet.geometry).expect("the model is built");
        b.iter(|| black_box(dut.replay(&drives).expect("no assertion fails")));
    });
    group.bench_function("rust_loop", |b| {
        let mut dut = Dut::of_macro(&quiet.geometry).expect("the model is built");
        let mut pins = Pins::default();
        b.iter(|| {
            let mut seen = 0;
            for drive in &drives {
                dut.tick(drive, &mut pins).expect("no assertion fails");
                seen ^= pins.control;
            }
            black_box(seen)
        });
    });
    for (id, config) in [("closed_loop", &quiet), ("closed_loop_noise", &noisy)] {
        group.bench_function(id, |b| {
            let mut bench = loaded(config);
            b.iter(|| stream(&mut bench));
        });
    }
    group.finish();
}

criterion_group!(benches, cosim);
criterion_main!(benches);
