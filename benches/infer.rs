//! Whole images through the macro: `cargo bench --bench infer`. One thread, the default macro and
//! chip 0 with neutral tables, the bundled LeNet-5, random strokes; throughput counts images. The
//! RTL's images per second stand in every report of `capram infer`.

use std::hint::black_box;
use std::sync::Arc;

use capram::config::Config;
use capram::golden::chip::Chip;
use capram::golden::random::Key;
use capram::infer::{Executor, GoldenMachine, IdealMachine, Machine, Tables};
use capram::mapping::Mapping;
use capram::network::Network;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Different images in turn.
const IMAGES: usize = 16;

/// Images with strokes: three quarters of the pixels are 0.
fn images(pixels: u32) -> Vec<Vec<u8>> {
    let key = Key::new([2, 0, 0, 0]);
    let pixel = |i: u32| if key.bits(i) >> 30 == 0 { key.bits(i) as u8 } else { 0 };
    let image = |n: u32| (0..pixels).map(|i| pixel(pixels * n + i)).collect();
    (0..IMAGES as u32).map(image).collect()
}

fn infer(criterion: &mut Criterion) {
    let config = Config::builtin("capram65").expect("built in");
    let network = Network::builtin("lenet5-mnist").expect("built in");
    let mapping = Mapping::new(&network, &config.geometry).expect("it fits");
    let program = &mapping.program;
    println!("{} conversion steps per image", program.conversion_steps);
    let ideal = IdealMachine::new(config.geometry, &program.sram).expect("an SRAM");
    let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, 1, 0));
    let tables = Tables::neutral(&config.geometry);
    let golden = GoldenMachine::new(&config, &chip, 1, 0, &program.sram, &tables);
    let mut group = criterion.benchmark_group("infer");
    group.throughput(Throughput::Elements(1));
    let images = images(network.input.shape.elements() as u32);
    let executor = Executor::new(&network, program);
    group.bench_function("ideal", |b| {
        let mut run = each(executor.clone(), ideal.clone(), &images);
        b.iter(|| black_box(run()));
    });
    group.bench_function("golden", |b| {
        let mut run = each(executor.clone(), golden.clone().expect("an SRAM"), &images);
        b.iter(|| black_box(run()));
    });
    group.finish();
}

/// Runs the images in turn.
fn each<M: Machine<Error: std::fmt::Debug>>(
    mut executor: Executor,
    mut machine: M,
    images: &[Vec<u8>],
) -> impl FnMut() -> usize {
    let mut numbers = (0..).zip(images.iter().cycle());
    move || {
        let (number, pixels) = numbers.next().expect("they never end");
        executor.run(&mut machine, number, pixels).expect("a valid program").prediction
    }
}

criterion_group!(benches, infer);
criterion_main!(benches);
