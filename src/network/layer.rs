//! What a network is made of. Values of these types have been checked: shapes fit, weights are
//! within their format.

use std::fmt;

use crate::config::{Range, WeightFormat};
use crate::transaction::Requantize;

/// Channels, height and width of a tensor; elements are in that order, row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl Shape {
    /// Elements.
    pub fn elements(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Number of an element.
    pub fn index(&self, channel: usize, row: usize, column: usize) -> usize {
        (channel * self.height + row) * self.width + column
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {} x {}", self.channels, self.height, self.width)
    }
}

/// A whole network.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub name: String,
    /// Where it comes from, in words.
    pub source: Option<String>,
    pub input: Input,
    /// Names of the classes, one per element of the last layer.
    pub labels: Vec<String>,
    /// In order; a layer reads only what comes before it.
    pub layers: Vec<Layer>,
}

/// The image as the first layers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    pub shape: Shape,
    /// Width of the activations, 1..=8.
    pub bits: u8,
    pub scaling: Scaling,
}

/// From a pixel to an activation: clip((pixel multiplier + bias + round) >> shift, 0, 2^bits - 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling {
    pub multiplier: i32,
    pub bias: i32,
    /// 0..=31.
    pub shift: u8,
}

/// Where a layer's input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Image,
    /// Number of an earlier layer.
    Layer(usize),
}

/// One step of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    pub name: String,
    /// One input, two for `Add`.
    pub from: Vec<Source>,
    /// Shape of what it gives.
    pub shape: Shape,
    pub kind: LayerKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum LayerKind {
    /// Convolution or fully connected: computed by the macro.
    Matrix(Matrix),
    /// By the host.
    Pool(Pool),
    /// By the host.
    Add(Add),
    /// Nothing to compute.
    Flatten,
}

/// A layer of weights: rows (inputs of one output position) times outputs (channels).
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// `None` for fully connected: one position whose rows are the whole input.
    pub convolution: Option<Convolution>,
    /// Inputs of one output: kernel rows x kernel columns x input channels / groups.
    pub rows: usize,
    pub outputs: usize,
    pub weights: Weights,
    pub format: WeightFormat,
    /// Width of the activations that come in, 1..=8.
    pub activation_bits: u8,
    pub range: Range,
    /// Reference level of single-ended formats, 0..=15.
    pub level: u8,
    pub output: Output,
}

/// How a kernel moves; all pairs are (rows, columns).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub groups: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Weights {
    /// `[output][row]`: `outputs * rows` weights, rows numbered (channel within the group, kernel row,
    /// kernel column).
    Own(Vec<i8>),
    /// Those of an earlier layer. Row i is its row `rows[i]`, output j its output `outputs[j]`.
    Of { layer: usize, rows: Option<Vec<usize>>, outputs: Option<Vec<usize>> },
}

/// What becomes of a matrix layer's sums.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The macro requantizes them to activations.
    Requantized(Requantized),
    /// The host reads them and adds these, one per output.
    Sums { biases: Option<Vec<i32>> },
}

/// Requantization integers, see section 3 of the theory of operation; one entry per output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requantized {
    pub layer: Requantize,
    pub multipliers: Vec<u8>,
    pub biases: Vec<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    Max,
    Average,
}

/// Pooling of activations; pairs are (rows, columns).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    pub kind: PoolKind,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
}

/// Residual addition: clip((a t + b u + bias + round) >> shift, 0, 2^bits - 1), per channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Add {
    pub layer: Requantize,
    /// t and u, one entry per channel.
    pub multipliers: [Vec<i32>; 2],
    pub biases: Vec<i32>,
}

impl Network {
    /// Weights of a matrix layer as `[output][row]`, those of another layer looked up and permuted.
    ///
    /// # Panics
    /// If the layer has no weights.
    pub fn weights(&self, layer: usize) -> Vec<i8> {
        let LayerKind::Matrix(matrix) = &self.layers[layer].kind else {
            panic!("layer {layer} has no weights");
        };
        match &matrix.weights {
            Weights::Own(weights) => weights.clone(),
            Weights::Of { layer, rows, outputs } => {
                let stored = self.weights(*layer);
                let place =
                    |order: &Option<Vec<usize>>, i: usize| order.as_ref().map_or(i, |o| o[i]);
                let weight = |j, i| stored[place(outputs, j) * matrix.rows + place(rows, i)];
                (0..matrix.outputs)
                    .flat_map(|j| (0..matrix.rows).map(move |i| (j, i)))
                    .map(|(j, i)| weight(j, i))
                    .collect()
            }
        }
    }

    /// Shape of what a layer reads.
    pub fn shape_of(&self, source: Source) -> Shape {
        match source {
            Source::Image => self.input.shape,
            Source::Layer(layer) => self.layers[layer].shape,
        }
    }

    /// Width of the activations that a source gives; `None` if it gives sums.
    pub fn activation_bits_of(&self, source: Source) -> Option<u8> {
        let Source::Layer(layer) = source else { return Some(self.input.bits) };
        let layer = &self.layers[layer];
        match &layer.kind {
            LayerKind::Matrix(matrix) => match &matrix.output {
                Output::Requantized(requantized) => Some(requantized.layer.bits),
                Output::Sums { .. } => None,
            },
            LayerKind::Add(add) => Some(add.layer.bits),
            LayerKind::Pool(_) | LayerKind::Flatten => self.activation_bits_of(layer.from[0]),
        }
    }
}
