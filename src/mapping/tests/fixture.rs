//! Networks in code, with drawn weights.

use crate::config::{Config, Geometry, Range, WeightFormat};
use crate::golden::random::Key;
use crate::network::{
    Convolution, Input, Layer, LayerKind, Matrix, Network, Output, Pool, PoolKind, Requantized,
    Scaling, Shape, Source, Weights,
};
use crate::transaction::Requantize;

pub fn geometry(name: &str) -> Geometry {
    Config::builtin(name).unwrap().geometry
}

/// Numbers that follow from a seed.
pub struct Draw {
    key: Key,
    next: u32,
}

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self { key: Key::new([seed, 0, 0, 0]), next: 0 }
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.next += 1;
        self.key.bits(self.next) as usize % limit
    }

    pub fn weight(&mut self, format: WeightFormat) -> i8 {
        let (low, high) = format.weight_range();
        loop {
            let weight = low + self.below((high - low + 1) as usize) as i8;
            if format.holds(weight) {
                return weight;
            }
        }
    }

    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        (1..count).rev().for_each(|i| order.swap(i, self.below(i + 1)));
        order
    }
}

/// A network that grows layer by layer.
pub struct Build {
    pub network: Network,
    pub draw: Draw,
}

impl Build {
    pub fn new(shape: [usize; 3], bits: u8, seed: u64) -> Self {
        let [channels, height, width] = shape;
        let shape = Shape { channels, height, width };
        let scaling = Scaling { multiplier: 1, bias: 0, shift: 0 };
        let network = Network {
            name: "test".into(),
            source: None,
            input: Input { shape, bits, scaling },
            labels: vec![],
            layers: vec![],
        };
        Self { network, draw: Draw::new(seed) }
    }

    fn last(&self) -> (Source, Shape) {
        let last = self.network.layers.len().checked_sub(1).map(Source::Layer);
        let source = last.unwrap_or(Source::Image);
        (source, self.network.shape_of(source))
    }

    fn push(&mut self, shape: Shape, kind: LayerKind) -> usize {
        let number = self.network.layers.len();
        let from = vec![self.last().0];
        let name = format!("layer{number}");
        self.network.layers.push(Layer { name, from, shape, kind });
        number
    }

    /// A convolution with drawn weights, or with those of an earlier layer.
    pub fn conv(
        &mut self,
        outputs: usize,
        convolution: Convolution,
        format: WeightFormat,
        weights: Option<Weights>,
    ) -> usize {
        let input = self.last().1;
        let Convolution { kernel, stride, padding, groups } = convolution;
        let size = |input: usize, i: usize| (input + 2 * padding[i] - kernel[i]) / stride[i] + 1;
        let shape =
            Shape { channels: outputs, height: size(input.height, 0), width: size(input.width, 1) };
        let rows = input.channels / groups * kernel[0] * kernel[1];
        let matrix = self.matrix(Some(convolution), rows, outputs, format, weights);
        self.push(shape, LayerKind::Matrix(matrix))
    }

    pub fn fully_connected(&mut self, outputs: usize, format: WeightFormat) -> usize {
        let rows = self.last().1.elements();
        let matrix = self.matrix(None, rows, outputs, format, None);
        let shape = Shape { channels: outputs, height: 1, width: 1 };
        self.push(shape, LayerKind::Matrix(matrix))
    }

    fn matrix(
        &mut self,
        convolution: Option<Convolution>,
        rows: usize,
        outputs: usize,
        format: WeightFormat,
        weights: Option<Weights>,
    ) -> Matrix {
        let draw = &mut self.draw;
        let weights = weights.unwrap_or_else(|| {
            Weights::Own((0..rows * outputs).map(|_| draw.weight(format)).collect())
        });
        let requantized = Requantized {
            layer: Requantize { shift: 10, bits: 4 },
            multipliers: (0..outputs).map(|_| draw.below(256) as u8).collect(),
            biases: (0..outputs).map(|_| draw.below(2000) as i32 - 1000).collect(),
        };
        Matrix {
            convolution,
            rows,
            outputs,
            weights,
            format,
            activation_bits: 4,
            range: Range::Quarter,
            level: draw.below(16) as u8,
            output: Output::Requantized(requantized),
        }
    }

    pub fn pool(&mut self, size: usize) {
        let input = self.last().1;
        let (height, width) = (input.height / size, input.width / size);
        let pool = Pool { kind: PoolKind::Max, kernel: [size; 2], stride: [size; 2] };
        self.push(Shape { height, width, ..input }, LayerKind::Pool(pool));
    }

    pub fn matrix_of(&mut self, layer: usize) -> &mut Matrix {
        match &mut self.network.layers[layer].kind {
            LayerKind::Matrix(matrix) => matrix,
            _ => panic!("layer {layer} has no weights"),
        }
    }

    /// The first `kept` rows of a layer stay.
    pub fn prune(&mut self, layer: usize, kept: usize) {
        let matrix = self.matrix_of(layer);
        let rows = matrix.rows;
        let Weights::Own(weights) = &mut matrix.weights else { panic!("no weights of its own") };
        let pruned = weights.iter_mut().enumerate().filter(|(i, _)| i % rows >= kept);
        pruned.for_each(|(_, weight)| *weight = 0);
    }
}

/// A square kernel.
pub fn kernel(size: usize) -> Convolution {
    Convolution { kernel: [size; 2], stride: [1; 2], padding: [0; 2], groups: 1 }
}

/// LeNet-5 with ternary weights; rows of fc1 that are not zero.
pub fn lenet(kept: usize) -> Network {
    let diff1 = WeightFormat::Diff1;
    let mut build = Build::new([1, 28, 28], 4, 1);
    build.conv(8, kernel(5), diff1, None);
    build.pool(2);
    build.conv(16, kernel(5), diff1, None);
    build.pool(2);
    let fc1 = build.fully_connected(64, diff1);
    build.prune(fc1, kept);
    build.fully_connected(32, diff1);
    build.fully_connected(10, diff1);
    build.network
}
