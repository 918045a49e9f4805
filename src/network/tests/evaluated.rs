//! Numbers: by hand, and by another loop order.

use proptest::prelude::*;

use super::super::*;
use super::{int8, int32, parse, small, uint8};

const TINY: &str = "
schema: capram.network/1
name: tiny
weights: tiny.safetensors
input: {shape: [1, 3, 3], bits: 4, scaling: {multiplier: 1, bias: 0, shift: 4}}
labels: [a, b]
layers:
  - name: conv
    kind: conv
    outputs: 1
    kernel: [2, 2]
    weights: w
    format: diff1
    activation_bits: 4
    range: 1
    requantize: {bits: 4, shift: 5, multiplier: m, bias: b}
  - {name: pool, kind: average_pool, kernel: [2, 1], stride: [1, 1]}
  - {name: flat, kind: flatten}
  - {name: fc, kind: fully_connected, outputs: 2, weights: v, format: single2, activation_bits: 4, range: 1, bias: c}
";

/// Pixels 16 k + 7 scale to k, 16 k + 8 to k + 1. Image 1 2 3 / 4 5 6 / 7 8 9, kernel 1 0 / -1 1:
/// dot products 1 - 4 + 5 = 2, 2 - 5 + 6 = 3, 4 - 7 + 8 = 5, 5 - 8 + 9 = 6; accumulators 32, 48, 80, 96.
/// times 3 - 20 + 16 >> 5: 92/32 = 2, 140/32 = 4, 236/32 = 7, 284/32 = 8. Means of columns, ties up:
/// (2 + 7 + 1)/2 = 5, (4 + 8 + 1)/2 = 6. Sums 16 (5 1 - 6 2) + 9 = -103, 16 (-5 + 0) - 9 = -89.
#[test]
fn a_network_by_hand() {
    let tensors = [
        int8("w", &[1, 1, 2, 2], |i| [1, 0, -1, 1][i]),
        uint8("m", &[3]),
        int32("b", &[-20]),
        int8("v", &[2, 2], |i| [1, -2, -1, 0][i]),
        int32("c", &[9, -9]),
    ];
    let network = parse(TINY, &tensors).unwrap();
    let pixels = [23, 39, 55, 56, 72, 88, 104, 120, 151];
    let mut image = [0; 9];
    network.scale(&pixels, &mut image);
    assert_eq!(image, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let layers = network.exact_layers(&pixels);
    assert_eq!(layers, [vec![2, 4, 7, 8], vec![5, 6], vec![5, 6], vec![-103, -89]]);
    assert_eq!(network.exact(&pixels), [-103, -89]);
}

/// The documented scaling at its ends: clipped at both, and exact beyond 32 bits.
#[test]
fn scaling_clips_and_does_not_wrap() {
    let mut network = small();
    let mut scaled = |multiplier, bias, shift, pixel| {
        network.input.scaling = Scaling { multiplier, bias, shift };
        network.input.activation(pixel)
    };
    assert_eq!(scaled(1, 0, 4, 255), 15);
    assert_eq!(scaled(1, 0, 0, 9), 9);
    assert_eq!(scaled(-1, 0, 0, 9), 0);
    assert_eq!(scaled(i32::MAX, i32::MAX, 31, 255), 15);
    assert_eq!(scaled(i32::MIN, i32::MIN, 31, 255), 0);
    assert_eq!(scaled(1 << 24, 0, 28, 40), 3);
    assert_eq!(scaled(1 << 24, -1, 28, 40), 2);
}

/// A matrix layer from its inputs outwards: every input is sent to the outputs that it reaches.
fn scattered(network: &Network, number: usize, input: &[i64]) -> Vec<i64> {
    let layer = &network.layers[number];
    let LayerKind::Matrix(matrix) = &layer.kind else { panic!("no weights") };
    let (from, to) = (network.shape_of(layer.from[0]), layer.shape);
    let weights = network.weights(number);
    let mut sums = vec![0; to.elements()];
    let Some(c) = matrix.convolution else {
        for (i, x) in input.iter().enumerate() {
            for (j, sum) in sums.iter_mut().enumerate() {
                *sum += 16 * x * i64::from(weights[j * input.len() + i]);
            }
        }
        return sums;
    };
    let per_group = [from.channels / c.groups, matrix.outputs / c.groups];
    for channel in 0..from.channels {
        for y in 0..from.height {
            for x in 0..from.width {
                for (ky, kx) in (0..c.kernel[0]).flat_map(|a| (0..c.kernel[1]).map(move |b| (a, b)))
                {
                    let (py, px) = (y + c.padding[0], x + c.padding[1]);
                    if py < ky || px < kx || (py - ky) % c.stride[0] + (px - kx) % c.stride[1] > 0 {
                        continue;
                    }
                    let (oy, ox) = ((py - ky) / c.stride[0], (px - kx) / c.stride[1]);
                    if oy >= to.height || ox >= to.width {
                        continue;
                    }
                    for o in 0..per_group[1] {
                        let output = channel / per_group[0] * per_group[1] + o;
                        let row = (channel % per_group[0] * c.kernel[0] + ky) * c.kernel[1] + kx;
                        let weight = i64::from(weights[output * matrix.rows + row]);
                        sums[to.index(output, oy, ox)] +=
                            16 * weight * input[from.index(channel, y, x)];
                    }
                }
            }
        }
    }
    sums
}

/// A whole network with the host's own functions and scattered sums, as `infer` would run it with
/// converters that never round.
fn run(network: &Network, pixels: &[u8]) -> Vec<Tensor> {
    let mut image = vec![0; pixels.len()];
    network.scale(pixels, &mut image);
    let mut tensors = network.tensors();
    for (number, layer) in network.layers.iter().enumerate() {
        let LayerKind::Matrix(matrix) = &layer.kind else {
            network.compute(number, &image, &mut tensors);
            continue;
        };
        let input: Vec<i64> = match layer.from[0] {
            Source::Image => image.iter().map(|&x| x.into()).collect(),
            Source::Layer(layer) => values(&tensors[layer]),
        };
        let sums = scattered(network, number, &input);
        match (&mut tensors[number], &matrix.output) {
            (Tensor::Activations(into), Output::Requantized(q)) => {
                let size = layer.shape.height * layer.shape.width;
                for (i, (into, sum)) in into.iter_mut().zip(sums).enumerate() {
                    let (m, bias) = (q.multipliers[i / size], q.biases[i / size]);
                    *into = crate::golden::ideal::requantize(sum as i32, m, bias, q.layer);
                }
            }
            (Tensor::Sums(into), Output::Sums { biases }) => {
                into.iter_mut().zip(sums).for_each(|(into, sum)| *into = sum as i32);
                add_biases(layer.shape, biases.as_ref().unwrap(), into);
            }
            _ => panic!("`tensors` gives the wrong kind"),
        }
    }
    tensors
}

fn values(tensor: &Tensor) -> Vec<i64> {
    match tensor {
        Tensor::Activations(values) => values.iter().map(|&value| value.into()).collect(),
        Tensor::Sums(values) => values.iter().map(|&value| value.into()).collect(),
    }
}

proptest! {
    /// Two independent loop orders agree, layer by layer: strides, padding, groups, both poolings,
    /// sums, cells used twice.
    #[test]
    fn exact_is_the_same_by_another_loop_order(pixels in prop::collection::vec(any::<u8>(), 60)) {
        let network = small();
        let found: Vec<Vec<i64>> = run(&network, &pixels).iter().map(values).collect();
        prop_assert_eq!(network.exact_layers(&pixels), found);
    }

    /// A grouped convolution is a dense one with zeros between the groups.
    #[test]
    fn groups_are_zeros_of_a_dense_convolution(pixels in prop::collection::vec(any::<u8>(), 60)) {
        let grouped = small();
        let mut dense = grouped.clone();
        let weights = grouped.weights(0);
        let LayerKind::Matrix(matrix) = &mut dense.layers[0].kind else { panic!("no weights") };
        let mut wide = vec![0; 4 * 12];
        for output in 0..4 {
            wide[output * 12 + output / 2 * 6..][..6].copy_from_slice(&weights[output * 6..][..6]);
        }
        matrix.weights = Weights::Own(wide);
        matrix.rows = 12;
        matrix.convolution.as_mut().unwrap().groups = 1;
        prop_assert_eq!(grouped.exact_layers(&pixels), dense.exact_layers(&pixels));
    }

    /// The host's 64 bits are enough for any sums and integers.
    #[test]
    fn addition_is_that_of_unlimited_integers(
        a in any::<i32>(), b in any::<i32>(), t in any::<i32>(), u in any::<i32>(),
        bias in any::<i32>(), shift in 0_u8..32, bits in 1_u8..9,
    ) {
        check_addition([a, b], [t, u], bias, crate::transaction::Requantize { shift, bits });
    }
}

fn check_addition(x: [i32; 2], m: [i32; 2], bias: i32, layer: crate::transaction::Requantize) {
    let how = Add { layer, multipliers: m.map(|m| vec![m]), biases: vec![bias] };
    let one = Shape { channels: 1, height: 1, width: 1 };
    let tensors = x.map(|x| Tensor::Sums(vec![x]));
    let mut found = [0];
    add(&how, one, [&tensors[0], &tensors[1]], &mut found);
    let wide = |i: usize| i128::from(x[i]) * i128::from(m[i]);
    let round = if layer.shift > 0 { 1 << (layer.shift - 1) } else { 0 };
    let sum = (wide(0) + wide(1) + i128::from(bias) + round) >> layer.shift;
    assert_eq!(i128::from(found[0]), sum.clamp(0, (1 << layer.bits) - 1));
}

#[test]
fn addition_at_the_ends_of_its_range() {
    let ends = [i32::MIN, -1, 0, i32::MAX];
    for shift in [0, 1, 31] {
        let layer = crate::transaction::Requantize { shift, bits: 8 };
        for (a, t) in ends.into_iter().flat_map(|a| ends.map(|t| (a, t))) {
            for bias in ends {
                check_addition([a, a], [t, t], bias, layer);
                check_addition([a, i32::MIN], [t, i32::MIN], bias, layer);
            }
        }
    }
}

#[test]
fn the_first_of_equal_elements_is_the_prediction() {
    assert_eq!(Tensor::Sums(vec![-5, -2, -9, -2]).argmax(), 1);
    assert_eq!(Tensor::Activations(vec![3, 3, 3]).argmax(), 0);
    assert_eq!(Tensor::Activations(vec![0, 1, 255]).argmax(), 2);
    assert_eq!(Tensor::Sums(vec![]).argmax(), 0);
}

/// Sums stay within 32 bits: a wrapped one would be another class.
#[test]
fn biases_do_not_wrap() {
    let shape = Shape { channels: 2, height: 1, width: 2 };
    let mut sums = [i32::MAX, 1, i32::MIN, 0];
    add_biases(shape, &[7, -7], &mut sums);
    assert_eq!(sums, [i32::MAX, 8, i32::MIN, -7]);
}

/// A mean of 2 x 3: 1 + 2 + 3 + 4 + 5 + 0 = 15, 15/6 = 2.5 -> 3; the last column is left out.
#[test]
fn pooling_by_hand() {
    let shape = Shape { channels: 1, height: 3, width: 4 };
    let input = [1, 2, 3, 99, 4, 5, 0, 99, 255, 255, 255, 255];
    let mut found = [0; 2];
    let average = Pool { kind: PoolKind::Average, kernel: [2, 3], stride: [1, 3] };
    pool(&average, shape, &input, &mut found);
    assert_eq!(found, [3, 129]); // (4 + 5 + 0 + 3 255 + 3)/6 = 129.5
    let most = Pool { kind: PoolKind::Max, kernel: [2, 3], stride: [1, 3] };
    pool(&most, shape, &input, &mut found);
    assert_eq!(found, [5, 255]);
}
