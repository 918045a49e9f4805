//! A program's meaning, from the bits in the SRAM and with a converter of unlimited range, beside
//! the network's, by direct convolution. Shares nothing with the mapper but the types.

use crate::config::{Geometry, PLANES, WORD_BITS, WeightFormat};
use crate::golden::ideal::{digit_sum_term, digit_weight, requantize};
use crate::mapping::{LayerStage, Program, Stage, UNUSED};
use crate::network::{LayerKind, Matrix, Network, Output, Shape, Source};
use crate::transaction::{Operation, digit_vectors};

/// Elements of what each matrix layer gives, from the program; pooling stays out.
pub fn run(
    network: &Network,
    geometry: &Geometry,
    program: &Program,
    image: &[u8],
) -> Vec<Vec<i64>> {
    let mut outputs: Vec<Vec<i64>> = network.layers.iter().map(|_| vec![]).collect();
    for stage in &program.stages {
        match stage {
            Stage::Macro(stage) => {
                let input = input(network, stage.layer, image, &outputs);
                let count = network.layers[stage.layer].shape.elements();
                outputs[stage.layer].resize(count, i64::MIN);
                Macro::new(geometry, program).run(stage, &input, &mut outputs[stage.layer]);
            }
            Stage::Host(layer) => {
                let input = input(network, *layer, image, &outputs);
                outputs[*layer] = host(network, *layer, &input);
            }
        }
    }
    outputs
}

/// The same by direct convolution.
pub fn expected(network: &Network, image: &[u8]) -> Vec<Vec<i64>> {
    let mut outputs: Vec<Vec<i64>> = network.layers.iter().map(|_| vec![]).collect();
    for (number, layer) in network.layers.iter().enumerate() {
        let input = input(network, number, image, &outputs);
        outputs[number] = match &layer.kind {
            LayerKind::Matrix(matrix) => {
                let shape = network.shape_of(layer.from[0]);
                matrix_layer(matrix, &network.weights(number), shape, layer.shape, &input)
            }
            _ => host(network, number, &input),
        };
    }
    outputs
}

fn input(network: &Network, layer: usize, image: &[u8], outputs: &[Vec<i64>]) -> Vec<i64> {
    match network.layers[layer].from[0] {
        Source::Image => image.iter().map(|&x| i64::from(x)).collect(),
        Source::Layer(layer) => outputs[layer].clone(),
    }
}

/// Largest of a window; other layers of the host pass on what they get.
fn host(network: &Network, layer: usize, input: &[i64]) -> Vec<i64> {
    let node = &network.layers[layer];
    let LayerKind::Pool(pool) = &node.kind else { return input.to_vec() };
    let (from, shape) = (network.shape_of(node.from[0]), node.shape);
    let mut output = vec![0; shape.elements()];
    for (c, i, j) in places(shape) {
        let window = (0..pool.kernel[0]).flat_map(|k| (0..pool.kernel[1]).map(move |l| (k, l)));
        let at = |(k, l)| input[from.index(c, i * pool.stride[0] + k, j * pool.stride[1] + l)];
        output[shape.index(c, i, j)] = window.map(at).max().unwrap();
    }
    output
}

fn places(shape: Shape) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..shape.elements()).map(move |e| {
        (e / (shape.height * shape.width), e / shape.width % shape.height, e % shape.width)
    })
}

fn matrix_layer(matrix: &Matrix, weights: &[i8], from: Shape, to: Shape, x: &[i64]) -> Vec<i64> {
    let mut output = vec![0; to.elements()];
    for (c, i, j) in places(to) {
        let mut sum = 0;
        for row in 0..matrix.rows {
            let element = match matrix.convolution {
                None => Some(row),
                Some(convolution) => {
                    let [kh, kw] = convolution.kernel;
                    let (channel, k, l) = (row / (kh * kw), row / kw % kh, row % kw);
                    let group = c / (matrix.outputs / convolution.groups);
                    let channel = group * (from.channels / convolution.groups) + channel;
                    let down = (i * convolution.stride[0] + k).checked_sub(convolution.padding[0]);
                    let across =
                        (j * convolution.stride[1] + l).checked_sub(convolution.padding[1]);
                    let inside = |(d, a): &(usize, usize)| *d < from.height && *a < from.width;
                    down.zip(across).filter(inside).map(|(d, a)| from.index(channel, d, a))
                }
            };
            sum += element.map_or(0, |e| x[e]) * i64::from(weights[c * matrix.rows + row]);
        }
        output[to.index(c, i, j)] = match &matrix.output {
            Output::Sums { .. } => 16 * sum,
            Output::Requantized(r) => {
                requantize(16 * sum as i32, r.multipliers[c], r.biases[c], r.layer).into()
            }
        };
    }
    output
}

/// The macro as far as a program can tell.
struct Macro<'a> {
    geometry: &'a Geometry,
    sram: &'a [u32],
    slots: Vec<Vec<u8>>,
    sums: [Vec<i64>; 2],
    tables: [Vec<(u8, i32)>; 2],
    results: [Vec<i64>; 2],
}

impl<'a> Macro<'a> {
    fn new(geometry: &'a Geometry, program: &'a Program) -> Self {
        let outputs = geometry.columns;
        Self {
            geometry,
            sram: &program.sram,
            slots: vec![vec![]; 16],
            sums: [vec![0; outputs], vec![0; outputs]],
            tables: [vec![(0, 0); outputs], vec![(0, 0); outputs]],
            results: [vec![0; outputs], vec![0; outputs]],
        }
    }

    fn run(&mut self, stage: &LayerStage, input: &[i64], output: &mut [i64]) {
        for table in &stage.tables {
            let entry = (table.multiplier, table.bias);
            self.tables[usize::from(table.bank)][usize::from(table.output)] = entry;
        }
        for burst in &stage.bursts {
            let half = burst.vectors[0].slot / 8;
            assert!(burst.vectors.iter().all(|vector| vector.slot / 8 == half));
            for vector in &burst.vectors {
                let value = |&s: &u32| if s == UNUSED { 0 } else { input[s as usize] as u8 };
                let values: Vec<u8> = vector.sources.iter().map(value).collect();
                for (i, digits) in digit_vectors(&values, vector.bits).into_iter().enumerate() {
                    self.slots[usize::from(vector.slot) + i] = digits;
                }
            }
            for operation in &burst.operations {
                self.operate(operation, stage);
            }
            let Some(read) = &burst.read else { continue };
            for (i, &target) in read.targets.iter().enumerate().filter(|(_, t)| **t != UNUSED) {
                let (bank, place) = (usize::from(read.bank), usize::from(read.first) + i);
                output[target as usize] = match stage.requantize {
                    Some(_) => self.results[bank][place],
                    None => self.sums[bank][place],
                };
            }
        }
    }

    fn operate(&mut self, operation: &Operation, stage: &LayerStage) {
        let bank = usize::from(operation.bank);
        let outputs = operation.outputs(self.geometry);
        if operation.clear {
            self.sums[bank][..outputs].fill(0);
        }
        for pass in 0..operation.passes() {
            let digits = &self.slots[usize::from(operation.slot) + pass];
            let scale = 16_i64.pow((operation.passes() - 1 - pass) as u32);
            for output in 0..outputs {
                self.sums[bank][output] += scale * self.dot(operation, digits, output);
            }
        }
        if operation.emit {
            let layer = stage.requantize.unwrap();
            for output in 0..outputs {
                let (multiplier, bias) = self.tables[bank][output];
                let sum = self.sums[bank][output] as i32;
                self.results[bank][output] = requantize(sum, multiplier, bias, layer).into();
            }
        }
    }

    /// In sixteenths of a unit, without converter.
    fn dot(&self, operation: &Operation, digits: &[u8], output: usize) -> i64 {
        let format = operation.format;
        let (slices, count) = (self.geometry.slices(), format.digits());
        let first = self.geometry.columns_per_slice * (output % slices)
            + format.columns() * (output / slices);
        let bit = |m: usize, column: usize| {
            let row = PLANES * m + usize::from(operation.plane);
            let word = self.sram[row * self.geometry.words_per_row() + column / WORD_BITS];
            i64::from(word >> (column % WORD_BITS) & 1)
        };
        let mut sum = 0;
        for digit in 0..count {
            let weight = 16 * digit_weight(format, count - 1 - digit);
            for (m, &x) in digits.iter().enumerate() {
                let stored = if format.differential() {
                    bit(m, first + 2 * digit) - bit(m, first + 2 * digit + 1)
                } else {
                    bit(m, first + digit)
                };
                sum += weight * stored * i64::from(x);
            }
        }
        let all = digits.iter().map(|&x| i64::from(x)).sum();
        sum + if format == WeightFormat::Single1 { digit_sum_term(format, all) } else { 0 }
    }
}
