//! Layers that LeNet-5 has not, mapped and run: groups, average pooling, addition.
//!
//! All convolutions are 1 x 1, at r = 1/8: a sum of S units has the code floor(8 S / 15) + 64 and the
//! value 15 (2 floor(8 S / 15) + 1) sixteenths. Less 15 and rounded to units, S of 0, 4, 7, 8 and 15
//! come back as 0, 4, 6, 8 and 15; what is negative as 0.

use super::fixture::config;
use crate::config::{Range, WeightFormat};
use crate::infer::{Executor, IdealMachine};
use crate::mapping::Mapping;
use crate::network::{
    Add, Convolution, Input, Layer, LayerKind, Matrix, Network, Output, Pool, PoolKind,
    Requantized, Scaling, Shape, Source, Weights,
};
use crate::transaction::Requantize;

fn shape(channels: usize, height: usize, width: usize) -> Shape {
    Shape { channels, height, width }
}

fn layer(from: &[Source], shape: Shape, kind: LayerKind) -> Layer {
    Layer { name: "a layer".into(), from: from.to_vec(), shape, kind }
}

/// A convolution of the image; each output's value is multiplied by its `factors`.
fn convolution(shape: Shape, groups: usize, weights: &[i8], factors: &[u8]) -> Layer {
    let requantized = Requantized {
        layer: Requantize { shift: 4, bits: 4 },
        multipliers: factors.to_vec(),
        biases: factors.iter().map(|&factor| -15 * i32::from(factor)).collect(),
    };
    let one = [1, 1];
    let matrix = Matrix {
        convolution: Some(Convolution { kernel: one, stride: one, padding: [0, 0], groups }),
        rows: weights.len() / shape.channels,
        outputs: shape.channels,
        weights: Weights::Own(weights.to_vec()),
        format: WeightFormat::Diff1,
        activation_bits: 4,
        range: Range::Eighth,
        level: 0,
        output: Output::Requantized(requantized),
    };
    layer(&[Source::Image], shape, LayerKind::Matrix(matrix))
}

/// What the last layer makes of an image whose pixels are activations.
fn outputs(image: Shape, layers: Vec<Layer>, pixels: &[u8]) -> Vec<i32> {
    let network = Network {
        name: "by-hand".into(),
        source: None,
        input: Input {
            shape: image,
            bits: 4,
            scaling: Scaling { multiplier: 1, bias: 0, shift: 0 },
        },
        labels: vec![],
        layers,
    };
    let geometry = config("capram65").geometry;
    let program = Mapping::new(&network, &geometry).expect("it fits").program;
    let mut machine = IdealMachine::new(geometry, &program.sram).expect("an SRAM");
    Executor::new(&network, &program).run(&mut machine, 0, pixels).expect("a run").outputs
}

/// Two outputs of channels 0 and 1, 4 and 4 + 4; two of channels 2 and 3, 8 and 15 - 8.
#[test]
fn groups_see_their_own_channels() {
    let shape = shape(4, 1, 1);
    let weights = [1, 0, 1, 1, 0, 1, 1, -1];
    let grouped = convolution(shape, 2, &weights, &[1; 4]);
    assert_eq!(outputs(shape, vec![grouped], &[4, 4, 15, 8]), [4, 8, 8, 6]);
}

/// Windows of 15 + 8 + 4 + 0 = 27 and 4 + 4 + 15 + 8 = 31: 6.75 and 7.75 round to 7 and 8.
#[test]
fn average_pooling_rounds() {
    let image = shape(1, 2, 4);
    let pool = Pool { kind: PoolKind::Average, kernel: [2, 2], stride: [2, 2] };
    let pooled = layer(&[Source::Layer(0)], shape(1, 1, 2), LayerKind::Pool(pool));
    let layers = vec![convolution(image, 1, &[1], &[1]), pooled];
    assert_eq!(outputs(image, layers, &[15, 8, 4, 4, 4, 0, 15, 8]), [7, 8]);
}

/// Activations 4, 15 | 8, 0 of the macro and the image's 4, 15 | 4, 0 make
/// (4 + 3 x 4 + 5 + 2) >> 2 = 5 and (15 + 3 x 15 + 5 + 2) >> 2 = 16, cut to 15;
/// (2 x 8 - 4 + 6 + 2) >> 2 = 5 and (6 + 2) >> 2 = 2.
#[test]
fn addition_of_macro_and_image() {
    let image = shape(2, 1, 2);
    let add = Add {
        layer: Requantize { shift: 2, bits: 4 },
        multipliers: [vec![1, 2], vec![3, -1]],
        biases: vec![5, 6],
    };
    let sum = layer(&[Source::Layer(0), Source::Image], image, LayerKind::Add(add));
    let layers = vec![convolution(image, 2, &[1, 1], &[1, 2]), sum];
    assert_eq!(outputs(image, layers, &[4, 15, 4, 0]), [5, 15, 5, 2]);
}
