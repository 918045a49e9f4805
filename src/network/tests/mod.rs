//! A small network with every kind of layer, and tensors to go with it.

mod evaluated;
mod files;
mod refused;

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::{Network, NetworkError};

/// Every kind of layer, with groups, padding, strides, sums, and cells used twice.
const SMALL: &str = "
schema: capram.network/1
name: small
source: made up
weights: small.safetensors
input: {shape: [2, 5, 6], bits: 4, scaling: {multiplier: 3, bias: -20, shift: 5}}
labels: [one, two, three]
layers:
  - name: conv1
    kind: conv
    from: image
    outputs: 4
    kernel: [3, 2]
    stride: [2, 1]
    padding: [1, 0]
    groups: 2
    weights: conv1.weight
    format: diff1
    activation_bits: 4
    range: 1/4
    requantize: {bits: 4, shift: 6, multiplier: conv1.multiplier, bias: conv1.bias}
  - {name: pool1, kind: max_pool, kernel: [1, 2]}
  - name: conv2
    kind: conv
    outputs: 4
    kernel: [1, 1]
    weights: conv2.weight
    format: diff2
    activation_bits: 5
    range: 1
    bias: conv2.bias
  - name: add1
    kind: add
    from: [conv2, pool1]
    bits: 4
    shift: 7
    multipliers: [add1.t, add1.u]
    bias: add1.bias
  - name: conv3
    kind: conv
    outputs: 4
    kernel: [1, 1]
    padding: [1, 0]
    weights: {of: conv2, rows: [2, 0, 3, 1], outputs: [1, 2, 3, 0]}
    format: diff2
    activation_bits: 4
    range: 1/8
    requantize: {bits: 5, shift: 3, multiplier: conv3.multiplier, bias: conv3.bias}
  - {name: pool2, kind: average_pool, kernel: [3, 1], stride: [2, 1]}
  - {name: flat, kind: flatten}
  - name: fc
    kind: fully_connected
    outputs: 3
    weights: fc.weight
    format: single3
    activation_bits: 5
    range: 1/2
    level: 7
    bias: fc.bias
";

/// A tensor of a file.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn entry(name: &str, dtype: Dtype, shape: &[usize], bytes: Vec<u8>) -> Entry {
    Entry { name: name.into(), dtype, shape: shape.into(), bytes }
}

fn int8(name: &str, shape: &[usize], value: impl Fn(usize) -> i8) -> Entry {
    let bytes = (0..shape.iter().product()).map(|i| value(i) as u8).collect();
    entry(name, Dtype::I8, shape, bytes)
}

fn uint8(name: &str, values: &[u8]) -> Entry {
    entry(name, Dtype::U8, &[values.len()], values.into())
}

fn int32(name: &str, values: &[i32]) -> Entry {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    entry(name, Dtype::I32, &[values.len()], bytes)
}

/// The tensors of `SMALL`.
fn small_tensors() -> Vec<Entry> {
    let spread = |i: usize, levels: usize| (i * 7 + i / 3) % levels;
    vec![
        int8("conv1.weight", &[4, 1, 3, 2], |i| spread(i, 3) as i8 - 1),
        uint8("conv1.multiplier", &[9, 14, 11, 5]),
        int32("conv1.bias", &[100, -50, 0, 333]),
        int8("conv2.weight", &[4, 4, 1, 1], |i| spread(i, 7) as i8 - 3),
        int32("conv2.bias", &[-100, 0, 77, 1000]),
        int32("add1.t", &[1, 2, -1, 3]),
        int32("add1.u", &[100, 90, 110, -60]),
        int32("add1.bias", &[10, 0, -10, 5]),
        uint8("conv3.multiplier", &[1, 2, 3, 1]),
        int32("conv3.bias", &[0, -30, 60, 8]),
        int8("fc.weight", &[3, 16], |i| spread(i, 8) as i8 - 4),
        int32("fc.bias", &[5, -5, 0]),
    ]
}

/// A safetensors file.
fn file(entries: &[Entry]) -> Vec<u8> {
    let views = entries
        .iter()
        .map(|e| (e.name.clone(), TensorView::new(e.dtype, e.shape.clone(), &e.bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

fn parse(yaml: &str, entries: &[Entry]) -> Result<Network, NetworkError> {
    Network::parse(yaml, &file(entries), "small")
}

fn small() -> Network {
    parse(SMALL, &small_tensors()).unwrap_or_else(|error| panic!("{error}"))
}
