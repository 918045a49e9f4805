//! What the host computes: pooling, residual addition, biases of sums, the prediction. Everything
//! goes into buffers of the caller: this is called for every image.

use super::{Add, Layer, LayerKind, Network, Pool, PoolKind, Shape, Source};

/// What a layer gives, `[channel][row][column]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tensor {
    Activations(Vec<u8>),
    /// In sixteenths of a unit, the layer's bias included.
    Sums(Vec<i32>),
}

impl Tensor {
    /// Elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Activations(values) => values.len(),
            Self::Sums(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of the largest element, the first of equal ones; 0 if there is none.
    pub fn argmax(&self) -> usize {
        match self {
            Self::Activations(values) => first_largest(values),
            Self::Sums(values) => first_largest(values),
        }
    }
}

fn first_largest<T: PartialOrd>(values: &[T]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

impl Network {
    /// Zeros of the right kind and number for what every layer gives.
    pub fn tensors(&self) -> Vec<Tensor> {
        let zeros = |(i, layer): (usize, &Layer)| match self.activation_bits_of(Source::Layer(i)) {
            Some(_) => Tensor::Activations(vec![0; layer.shape.elements()]),
            None => Tensor::Sums(vec![0; layer.shape.elements()]),
        };
        self.layers.iter().enumerate().map(zeros).collect()
    }

    /// Computes a layer of the host: pooling, addition or flattening. `image` is the scaled image,
    /// `tensors` what the layers before have given and, at `layer`, where the result goes: one per
    /// layer, as from [`Network::tensors`].
    ///
    /// # Panics
    /// If the layer has weights, or a tensor is not of its layer's kind or length.
    pub fn compute(&self, layer: usize, image: &[u8], tensors: &mut [Tensor]) {
        let (before, rest) = tensors.split_at_mut(layer);
        let Layer { from, shape, kind, name } = &self.layers[layer];
        let Tensor::Activations(into) = &mut rest[0] else { panic!("`{name}` gives activations") };
        let values = |source| match source {
            Source::Image => Values::Activations(image),
            Source::Layer(layer) => Values::of(&before[layer]),
        };
        let activations = |source| match values(source) {
            Values::Activations(values) => values,
            Values::Sums(_) => panic!("`{name}` takes activations"),
        };
        match kind {
            LayerKind::Pool(how) => pool(how, self.shape_of(from[0]), activations(from[0]), into),
            LayerKind::Add(how) => {
                add_values(how, *shape, [values(from[0]), values(from[1])], into);
            }
            LayerKind::Flatten => into.copy_from_slice(activations(from[0])),
            LayerKind::Matrix(_) => panic!("`{name}` is the macro's"),
        }
    }
}

/// Pooling of activations of a shape; windows that do not fit whole are left out.
///
/// # Panics
/// If the kernel does not fit `shape`, or a slice does not have the elements of its shape.
pub fn pool(pool: &Pool, shape: Shape, input: &[u8], into: &mut [u8]) {
    let Pool { kind, kernel: [rows, columns], stride } = *pool;
    let height = (shape.height - rows) / stride[0] + 1;
    let width = (shape.width - columns) / stride[1] + 1;
    assert_eq!(input.len(), shape.elements(), "elements of the input");
    assert_eq!(into.len(), shape.channels * height * width, "elements of the result");
    let size = (rows * columns) as u32;
    // What a window's columns come to, down its rows.
    let mut sums = vec![0; shape.width];
    for (line, outputs) in into.chunks_exact_mut(width).enumerate() {
        let first = shape.index(line / height, line % height * stride[0], 0);
        let lines = input[first..].chunks(shape.width).take(rows);
        let windows = outputs.iter_mut().zip((0..).step_by(stride[1]));
        match kind {
            PoolKind::Max => {
                fold_lines(lines, &mut sums, u32::max);
                for (output, x) in windows {
                    *output = sums[x..x + columns].iter().fold(0, |most, &x| x.max(most)) as u8;
                }
            }
            PoolKind::Average => {
                fold_lines(lines, &mut sums, |sum, x| sum + x);
                for (output, x) in windows {
                    let sum: u32 = sums[x..x + columns].iter().sum();
                    // A mean of bytes is one.
                    *output = ((sum + size / 2) / size) as u8;
                }
            }
        }
    }
}

/// Folds lines, one result per column.
fn fold_lines<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    into: &mut [u32],
    fold: impl Fn(u32, u32) -> u32,
) {
    into.fill(0);
    for line in lines {
        into.iter_mut().zip(line).for_each(|(all, &x)| *all = fold(*all, x.into()));
    }
}

/// Residual addition of tensors of a shape.
///
/// # Panics
/// If a tensor does not have the elements of the shape.
pub fn add(add: &Add, shape: Shape, inputs: [&Tensor; 2], into: &mut [u8]) {
    add_values(add, shape, inputs.map(Values::of), into);
}

/// A tensor of somebody else.
#[derive(Clone, Copy)]
enum Values<'a> {
    Activations(&'a [u8]),
    Sums(&'a [i32]),
}

impl<'a> Values<'a> {
    fn of(tensor: &'a Tensor) -> Self {
        match tensor {
            Tensor::Activations(values) => Self::Activations(values),
            Tensor::Sums(values) => Self::Sums(values),
        }
    }
}

fn add_values(add: &Add, shape: Shape, inputs: [Values<'_>; 2], into: &mut [u8]) {
    use Values::{Activations, Sums};
    match inputs {
        [Activations(a), Activations(b)] => add_slices(add, shape, a, b, into),
        [Activations(a), Sums(b)] => add_slices(add, shape, a, b, into),
        [Sums(a), Activations(b)] => add_slices(add, shape, a, b, into),
        [Sums(a), Sums(b)] => add_slices(add, shape, a, b, into),
    }
}

/// A sum beyond 64 bits is kept at their limit, which a shift of at most 31 leaves far outside of
/// what is clipped to: the result is that of unlimited integers.
fn add_slices<A, B>(add: &Add, shape: Shape, a: &[A], b: &[B], into: &mut [u8])
where
    A: Copy + Into<i64>,
    B: Copy + Into<i64>,
{
    let [t, u] = &add.multipliers;
    let (shift, most) = (add.layer.shift, (1 << add.layer.bits) - 1);
    let round = if shift > 0 { 1i64 << (shift - 1) } else { 0 };
    let size = shape.height * shape.width;
    assert_eq!([a.len(), b.len(), into.len()], [shape.elements(); 3], "elements of the shape");
    let channels = a.chunks_exact(size).zip(b.chunks_exact(size)).zip(into.chunks_exact_mut(size));
    for (channel, ((a, b), into)) in channels.enumerate() {
        let (t, u) = (i64::from(t[channel]), i64::from(u[channel]));
        let constant = i64::from(add.biases[channel]) + round;
        for ((&a, &b), q) in a.iter().zip(b).zip(into) {
            let sum = (a.into() * t).saturating_add(b.into() * u).saturating_add(constant);
            *q = (sum >> shift).clamp(0, most) as u8;
        }
    }
}

/// Adds a layer's biases, one per channel, to the accumulators that the host has read. What exceeds
/// 32 bits is kept at their limit.
///
/// # Panics
/// If the numbers of sums or biases are not those of the shape.
pub fn add_biases(shape: Shape, biases: &[i32], sums: &mut [i32]) {
    assert_eq!((sums.len(), biases.len()), (shape.elements(), shape.channels));
    for (sums, bias) in sums.chunks_exact_mut(shape.height * shape.width).zip(biases) {
        for sum in sums {
            *sum = sum.saturating_add(*bias);
        }
    }
}
