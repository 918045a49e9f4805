//! Values that several tests share.

use crate::config::{Config, Geometry, PLANES, Range, WeightFormat};
use crate::dataset::Dataset;
use crate::golden::random::Key;
use crate::mapping::{Burst, LayerStage, OutputTable, Program, Read, Stage, Vector};
use crate::network::{
    Input, Layer, LayerKind, Matrix, Network, Output, Requantized, Scaling, Shape, Source, Weights,
};
use crate::transaction::{Operation, Requantize};

/// Reproducible numbers.
pub struct Draws {
    key: Key,
    next: u32,
}

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self { key: Key::new([seed, 0x74_6573_7473, 0, 0]), next: 0 }
    }

    pub fn word(&mut self) -> u32 {
        self.next += 1;
        self.key.bits(self.next)
    }

    /// One of 0..n.
    pub fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.word()) * u64::from(n)) >> 32) as u32
    }
}

pub fn config(name: &str) -> Config {
    Config::builtin(name).expect("built in")
}

/// An SRAM full of coin tosses.
pub fn random_sram(geometry: &Geometry, draws: &mut Draws) -> Vec<u32> {
    (0..geometry.rows() * geometry.words_per_row()).map(|_| draws.word()).collect()
}

/// Any operation that the geometry has.
pub fn random_operation(geometry: &Geometry, draws: &mut Draws) -> Operation {
    let formats: Vec<WeightFormat> =
        WeightFormat::ALL.into_iter().filter(|&format| geometry.units(format) > 0).collect();
    let format = formats[draws.below(formats.len() as u32) as usize];
    Operation {
        plane: draws.below(PLANES as u32) as u8,
        format,
        activation_bits: 1 + draws.below(8) as u8,
        range: Range::ALL[draws.below(4) as usize],
        level: draws.below(16) as u8,
        slot: 2 * draws.below(8) as u8,
        units: 1 + draws.below(geometry.units(format) as u32) as u8,
        clear: draws.below(4) == 0,
        emit: draws.below(2) == 0,
        bank: draws.below(2) as u8,
    }
}

/// A vector of `bits` wide activations with a random mean, so that all codes are met.
pub fn random_vector(rows: usize, bits: u8, draws: &mut Draws) -> Vec<u8> {
    let most = 1 + draws.below(1 << bits);
    (0..rows).map(|_| draws.below(most) as u8).collect()
}

/// A network, where it lies, and images of noise.
pub struct Bench {
    pub config: Config,
    pub network: Network,
    pub program: Program,
    pub dataset: Dataset,
    /// Weights `[layer][output][row]`.
    pub weights: [Vec<Vec<i8>>; 2],
    pub biases: Vec<i32>,
}

const IMAGE: Shape = Shape { channels: 1, height: 4, width: 4 };
const SHIFT: u8 = 9;

/// 16 pixels, 8 hidden outputs in two output groups, 4 sums out of two row blocks: two bursts in
/// two banks, then two that add into one.
pub fn bench(config: Config, images: usize) -> Bench {
    let mut draws = Draws::new(5);
    let weights = [(8, 16), (4, 8)].map(|(outputs, rows)| {
        let mut row = || (0..rows).map(|_| draws.below(3) as i8 - 1).collect::<Vec<_>>();
        (0..outputs).map(|_| row()).collect::<Vec<_>>()
    });
    let biases = vec![40, -300, 0, 1000];
    let pixels = (0..images * 16).map(|_| draws.below(256) as u8).collect();
    let labels = (0..images).map(|_| draws.below(4) as u8).collect();
    let dataset = Dataset { name: "noise".into(), shape: IMAGE, pixels, labels };
    let network = network(&weights, &biases);
    let program = program(&config.geometry, &weights);
    Bench { config, network, program, dataset, weights, biases }
}

fn network(weights: &[Vec<Vec<i8>>; 2], biases: &[i32]) -> Network {
    let layer = |n: usize, outputs: usize, output: Output| Layer {
        name: format!("fc{n}"),
        from: vec![if n == 0 { Source::Image } else { Source::Layer(n - 1) }],
        shape: Shape { channels: outputs, height: 1, width: 1 },
        kind: LayerKind::Matrix(Matrix {
            convolution: None,
            rows: weights[n][0].len(),
            outputs,
            weights: Weights::Own(weights[n].concat()),
            format: WeightFormat::Diff1,
            activation_bits: 4,
            range: Range::Quarter,
            level: 0,
            output,
        }),
    };
    let requantized = Requantized {
        layer: Requantize { shift: SHIFT, bits: 4 },
        multipliers: (10..18).collect(),
        biases: (0..8).map(|j| 1000 * j - 500).collect(),
    };
    Network {
        name: "by-hand".into(),
        source: None,
        input: Input {
            shape: IMAGE,
            bits: 4,
            scaling: Scaling { multiplier: 1, bias: 0, shift: 4 },
        },
        labels: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
        layers: vec![
            layer(0, 8, Output::Requantized(requantized)),
            layer(1, 4, Output::Sums { biases: Some(biases.to_vec()) }),
        ],
    }
}

fn operation(plane: u8, slot: u8, clear: bool, emit: bool, bank: u8) -> Operation {
    Operation {
        plane,
        format: WeightFormat::Diff1,
        activation_bits: 4,
        range: Range::Quarter,
        level: 0,
        slot,
        units: 1,
        clear,
        emit,
        bank,
    }
}

fn program(geometry: &Geometry, weights: &[Vec<Vec<i8>>; 2]) -> Program {
    assert_eq!((geometry.mac_rows, geometry.slices(), geometry.words_per_row()), (16, 4, 1));
    let mut sram = vec![0; geometry.rows()];
    let mut store = |plane: usize, weights: &[&[i8]]| {
        for (output, rows) in weights.iter().enumerate() {
            for (m, &weight) in rows.iter().enumerate() {
                let column = geometry.columns_per_slice * output + usize::from(weight < 0);
                sram[PLANES * m + plane] |= u32::from(weight != 0) << column;
            }
        }
    };
    let group = |g: usize| weights[0][4 * g..][..4].iter().map(Vec::as_slice).collect::<Vec<_>>();
    store(0, &group(0));
    store(1, &group(1));
    let block = |b: usize| weights[1].iter().map(|w| &w[4 * b..][..4]).collect::<Vec<_>>();
    store(2, &block(0));
    store(3, &block(1));

    let vector = |slot, sources: Vec<u32>| Vector { slot, bits: 4, sources };
    let unused = u32::MAX;
    let half = |b: u32| (0..16).map(|m| if m < 4 { 4 * b + m } else { unused }).collect();
    let read = |bank, targets| Some(Read { bank, first: 0, targets });
    let burst = |vector, operation, read| Burst {
        vectors: vec![vector],
        operations: vec![operation],
        read,
    };
    let tables = (0..8).map(|j| OutputTable {
        bank: j / 4,
        output: j % 4,
        multiplier: 10 + j,
        bias: 1000 * i32::from(j) - 500,
    });
    let hidden = LayerStage {
        layer: 0,
        requantize: Some(Requantize { shift: SHIFT, bits: 4 }),
        tables: tables.collect(),
        bursts: vec![
            burst(
                vector(0, (0..16).collect()),
                operation(0, 0, true, true, 0),
                read(0, (0..4).collect()),
            ),
            burst(
                vector(8, (0..16).collect()),
                operation(1, 8, true, true, 1),
                read(1, (4..8).collect()),
            ),
        ],
    };
    let last = LayerStage {
        layer: 1,
        requantize: None,
        tables: vec![],
        bursts: vec![
            burst(vector(0, half(0)), operation(2, 0, true, false, 0), None),
            burst(vector(8, half(1)), operation(3, 8, false, false, 0), read(0, (0..4).collect())),
        ],
    };
    Program {
        sram,
        stages: vec![Stage::Macro(hidden), Stage::Macro(last)],
        conversion_steps: 4,
        ranges: vec![Range::Quarter],
    }
}
