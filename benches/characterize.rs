//! What characterization costs: exact thresholds of a population, random samples with calibration,
//! the ramp through the RTL; and what a second thread brings.

use capram::characterize::figures::{self, Stimuli};
use capram::characterize::program::Plan;
use capram::characterize::{golden, rtl};
use capram::config::{Config, Range};
use capram::golden::chip::Chip;
use capram::golden::transfer::{THRESHOLDS, Transfer};
use capram::testbench::Sample;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use std::hint::black_box;
use std::sync::Arc;

const CHIPS: u64 = 1000;
const ADCS: usize = 32;

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start")
}

/// Draws chips and solves for every threshold of every ADC.
fn thresholds(config: &Config, transfer: &Transfer) -> f64 {
    let chip = |number: u64| {
        let chip = Chip::draw(&config.geometry, &config.analog, 1, number);
        (0..ADCS).map(|adc| transfer.thresholds(&chip, adc)[63]).sum::<f64>()
    };
    (0..CHIPS).into_par_iter().map(chip).sum()
}

/// Converts the calibration record and 524,288 random samples, fits and applies the tables.
fn linearity(config: &Config, stimuli: &Stimuli, chip: &Arc<Chip>) -> f64 {
    let convert = |program| golden::convert(config, program, chip, 1, 0).expect("converts");
    let codes = convert(&stimuli.calibration.program);
    let (tables, _) = figures::calibration(stimuli, &codes).expect("a line each");
    let codes = convert(&stimuli.linearity.program);
    figures::result_errors(stimuli, &codes, &tables).max_lsb
}

fn characterize(c: &mut Criterion) {
    let config = Config::builtin("capram65").expect("built in");
    let Config { geometry, analog, timing, .. } = config.clone();
    let transfer = Transfer::new(&geometry, &analog, &timing, Range::Full, 0).expect("valid");
    let stimuli = Stimuli::new(&Plan { geometry, range: Range::Full, seed: 1 });
    let chip = Arc::new(Chip::draw(&geometry, &analog, 1, 0));

    let mut group = c.benchmark_group("characterize");
    group.sample_size(10);
    group.throughput(Throughput::Elements(CHIPS * (ADCS * THRESHOLDS) as u64));
    for threads in [1, 2] {
        let pool = pool(threads);
        group.bench_function(format!("thresholds_1000_chips/{threads}"), |b| {
            b.iter(|| pool.install(|| black_box(thresholds(&config, &transfer))));
        });
    }
    group.throughput(Throughput::Elements(stimuli.linearity.inputs_lsb.len() as u64));
    for threads in [1, 2] {
        let pool = pool(threads);
        group.bench_function(format!("linearity_524288/{threads}"), |b| {
            b.iter(|| pool.install(|| black_box(linearity(&config, &stimuli, &chip))));
        });
    }
    let pool = pool(2);
    group.throughput(Throughput::Elements(stimuli.ramp.inputs_lsb.len() as u64));
    group.bench_function("rtl_ramp/2", |b| {
        let sample = Sample { seed: 1, chip: 0 };
        let run = || rtl::convert(&config, &stimuli.ramp.program, sample, None).expect("runs");
        b.iter(|| pool.install(|| black_box(run())));
    });
    group.finish();
}

criterion_group!(benches, characterize);
criterion_main!(benches);
