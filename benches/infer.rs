//! Whole images through the macro: `cargo bench --bench infer`. One thread, the default macro, a
//! network like LeNet-5 with random ternary weights and images; throughput counts images.

use std::hint::black_box;
use std::sync::Arc;

use capram::config::{Config, Range, WeightFormat};
use capram::golden::chip::Chip;
use capram::golden::random::Key;
use capram::infer::{Executor, GoldenMachine, IdealMachine, Machine, Tables};
use capram::mapping::Mapping;
use capram::network::{
    Convolution, Input, Layer, LayerKind, Matrix, Network, Output, Pool, PoolKind, Requantized,
    Scaling, Shape, Source, Weights,
};
use capram::transaction::Requantize;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const IMAGE: Shape = Shape { channels: 1, height: 28, width: 28 };
/// Different images in turn.
const IMAGES: usize = 16;

/// Layers one after the other.
struct Builder {
    layers: Vec<Layer>,
    shape: Shape,
    /// Outputs whose sums are read: those of the last layer.
    classes: usize,
}

impl Builder {
    fn push(&mut self, name: &str, shape: Shape, kind: LayerKind) {
        let from = self.layers.len().checked_sub(1).map_or(Source::Image, Source::Layer);
        self.layers.push(Layer { name: name.into(), from: vec![from], shape, kind });
        self.shape = shape;
    }

    fn matrix(&mut self, name: &str, shape: Shape, rows: usize, convolution: Option<Convolution>) {
        let outputs = shape.channels;
        let key = Key::new([1, self.layers.len() as u64, 0, 0]);
        // As many +1 as -1, and a quarter of zeros.
        let weight = |i| [-1, -1, -1, 0, 0, 1, 1, 1][(key.bits(i) >> 29) as usize];
        let requantized = Requantized {
            layer: Requantize { shift: 12, bits: 4 },
            multipliers: vec![16; outputs],
            biases: vec![8192; outputs],
        };
        let output = if outputs == self.classes {
            Output::Sums { biases: None }
        } else {
            Output::Requantized(requantized)
        };
        let kind = LayerKind::Matrix(Matrix {
            convolution,
            rows,
            outputs,
            weights: Weights::Own((0..(outputs * rows) as u32).map(weight).collect()),
            format: WeightFormat::Diff1,
            activation_bits: 4,
            range: Range::Quarter,
            level: 0,
            output,
        });
        self.push(name, shape, kind);
    }

    fn convolution(&mut self, name: &str, channels: usize, kernel: usize) {
        let Shape { channels: inputs, height, width } = self.shape;
        let shape = Shape { channels, height: height - kernel + 1, width: width - kernel + 1 };
        let (kernel, stride, padding) = ([kernel; 2], [1; 2], [0; 2]);
        let rows = inputs * kernel[0] * kernel[1];
        let how = Convolution { kernel, stride, padding, groups: 1 };
        self.matrix(name, shape, rows, Some(how));
    }

    fn pool(&mut self, name: &str) {
        let Shape { channels, height, width } = self.shape;
        let shape = Shape { channels, height: height / 2, width: width / 2 };
        let pool = Pool { kind: PoolKind::Max, kernel: [2, 2], stride: [2, 2] };
        self.push(name, shape, LayerKind::Pool(pool));
    }

    fn fully_connected(&mut self, name: &str, outputs: usize) {
        let rows = self.shape.elements();
        self.matrix(name, Shape { channels: outputs, height: 1, width: 1 }, rows, None);
    }
}

fn network() -> Network {
    let mut builder = Builder { layers: vec![], shape: IMAGE, classes: 10 };
    builder.convolution("conv1", 8, 5);
    builder.pool("pool1");
    builder.convolution("conv2", 16, 5);
    builder.pool("pool2");
    builder.fully_connected("fc1", 32);
    builder.fully_connected("fc2", 10);
    Network {
        name: "lenet-like".into(),
        source: None,
        input: Input {
            shape: IMAGE,
            bits: 4,
            scaling: Scaling { multiplier: 1, bias: 0, shift: 4 },
        },
        labels: (0..10).map(|digit: u8| digit.to_string()).collect(),
        layers: builder.layers,
    }
}

/// Images with strokes: three quarters of the pixels are 0.
fn images() -> Vec<Vec<u8>> {
    let key = Key::new([2, 0, 0, 0]);
    let pixel = |i: u32| if key.bits(i) >> 30 == 0 { key.bits(i) as u8 } else { 0 };
    let image = |n: u32| (0..784).map(|i| pixel(784 * n + i)).collect();
    (0..IMAGES as u32).map(image).collect()
}

fn infer(criterion: &mut Criterion) {
    let config = Config::builtin("capram65").expect("built in");
    let network = network();
    let mapping = Mapping::new(&network, &config.geometry).expect("it fits");
    let program = &mapping.program;
    println!("{} conversion steps per image", program.conversion_steps);
    let ideal = IdealMachine::new(config.geometry, &program.sram).expect("an SRAM");
    let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, 1, 0));
    let tables = Tables::neutral(&config.geometry);
    let golden = GoldenMachine::new(&config, &chip, 1, 0, &program.sram, &tables);
    let mut group = criterion.benchmark_group("infer");
    group.throughput(Throughput::Elements(1));
    let images = images();
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
