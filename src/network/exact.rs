//! A network in plain integers, as `docs/networks.md` defines it with converters that never round or
//! clip: what the mapping and the backends are compared with. Written for being read, not for speed.

use super::{Add, LayerKind, Matrix, Network, Output, Pool, PoolKind, Shape, Source};

/// Sixteenths of a unit.
const SIXTEENTHS: i64 = 16;

impl Network {
    /// What every layer gives for an image's pixels: activations, or sums in sixteenths of a unit, as
    /// `[layer][channel][row][column]`. Sums and accumulators do not wrap.
    ///
    /// # Panics
    /// If there are not as many pixels as the input has elements.
    pub fn exact_layers(&self, pixels: &[u8]) -> Vec<Vec<i64>> {
        assert_eq!(pixels.len(), self.input.shape.elements(), "pixels of the image");
        let image: Vec<i64> = pixels.iter().map(|&p| self.input.activation(p).into()).collect();
        let mut given: Vec<Vec<i64>> = Vec::new();
        for (number, layer) in self.layers.iter().enumerate() {
            let values = |i: usize| match layer.from[i] {
                Source::Image => &image[..],
                Source::Layer(layer) => &given[layer][..],
            };
            let from = self.shape_of(layer.from[0]);
            let values = match &layer.kind {
                LayerKind::Matrix(matrix) => {
                    matrix_layer(matrix, &self.weights(number), from, layer.shape, values(0))
                }
                LayerKind::Pool(pool) => pool_layer(pool, from, layer.shape, values(0)),
                LayerKind::Add(add) => add_layer(add, layer.shape, values(0), values(1)),
                LayerKind::Flatten => values(0).to_vec(),
            };
            given.push(values);
        }
        given
    }

    /// What the last layer gives, see [`Network::exact_layers`].
    ///
    /// # Panics
    /// If there are not as many pixels as the input has elements.
    pub fn exact(&self, pixels: &[u8]) -> Vec<i64> {
        self.exact_layers(pixels).pop().unwrap_or_default()
    }
}

/// All elements of a shape: channel, row, column.
fn elements(shape: Shape) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..shape.elements()).map(move |i| {
        let place = i % (shape.height * shape.width);
        (i / (shape.height * shape.width), place / shape.width, place % shape.width)
    })
}

fn matrix_layer(
    matrix: &Matrix,
    weights: &[i8],
    from: Shape,
    shape: Shape,
    input: &[i64],
) -> Vec<i64> {
    elements(shape)
        .map(|(output, y, x)| {
            let dot: i64 = (0..matrix.rows)
                .map(|row| {
                    let weight = i64::from(weights[output * matrix.rows + row]);
                    weight * row_input(matrix, from, input, [output, y, x], row)
                })
                .sum();
            finish(matrix, output, SIXTEENTHS * dot)
        })
        .collect()
}

/// What a row of an output position reads: zero in the padding.
fn row_input(matrix: &Matrix, from: Shape, input: &[i64], at: [usize; 3], row: usize) -> i64 {
    let Some(convolution) = matrix.convolution else { return input[row] };
    let [output, y, x] = at;
    let [kernel_rows, kernel_columns] = convolution.kernel;
    let (column, row) = (row % kernel_columns, row / kernel_columns);
    let (row, channel) = (row % kernel_rows, row / kernel_rows);
    let group = output / (matrix.outputs / convolution.groups);
    let channel = group * (from.channels / convolution.groups) + channel;
    let place = [y * convolution.stride[0] + row, x * convolution.stride[1] + column];
    let unpadded = [0, 1].map(|i| place[i].checked_sub(convolution.padding[i]));
    match unpadded {
        [Some(y), Some(x)] if y < from.height && x < from.width => input[from.index(channel, y, x)],
        _ => 0,
    }
}

/// From an accumulator to what the layer gives.
fn finish(matrix: &Matrix, output: usize, accumulator: i64) -> i64 {
    match &matrix.output {
        Output::Sums { biases } => {
            accumulator + biases.as_ref().map_or(0, |biases| i64::from(biases[output]))
        }
        Output::Requantized(q) => {
            let scaled =
                accumulator * i64::from(q.multipliers[output]) + i64::from(q.biases[output]);
            clip(scaled.into(), q.layer.shift, q.layer.bits)
        }
    }
}

/// clip((value + round) >> shift, 0, 2^bits - 1).
fn clip(value: i128, shift: u8, bits: u8) -> i64 {
    let round = if shift > 0 { 1i128 << (shift - 1) } else { 0 };
    ((value + round) >> shift).clamp(0, (1 << bits) - 1) as i64
}

fn pool_layer(pool: &Pool, from: Shape, shape: Shape, input: &[i64]) -> Vec<i64> {
    let [rows, columns] = pool.kernel;
    let size = (rows * columns) as i64;
    elements(shape)
        .map(|(channel, y, x)| {
            let window = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
            let values = window.map(|(row, column)| {
                input[from.index(channel, y * pool.stride[0] + row, x * pool.stride[1] + column)]
            });
            match pool.kind {
                PoolKind::Max => values.fold(i64::MIN, i64::max),
                PoolKind::Average => (values.sum::<i64>() + size / 2).div_euclid(size),
            }
        })
        .collect()
}

fn add_layer(add: &Add, shape: Shape, a: &[i64], b: &[i64]) -> Vec<i64> {
    let [t, u] = &add.multipliers;
    elements(shape)
        .enumerate()
        .map(|(i, (channel, _, _))| {
            let products = i128::from(a[i]) * i128::from(t[channel])
                + i128::from(b[i]) * i128::from(u[channel]);
            clip(products + i128::from(add.biases[channel]), add.layer.shift, add.layer.bits)
        })
        .collect()
}
