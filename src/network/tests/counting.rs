//! Weights and cells.

use super::super::*;
use super::{int8, parse, small, small_tensors};

/// conv1: 4 outputs of 6 rows in 2 groups, `diff1` takes 2 columns; conv2: 4 x 4, `diff2` takes 4, and
/// conv3 uses the same cells; fc: 3 x 16 of 3 columns. Requantized: conv1 and conv3, 4 outputs each.
#[test]
fn sizes_by_hand() {
    let size = small().size();
    let layers: Vec<_> =
        size.layers.iter().map(|l| (l.layer, l.weights, l.cells, l.requantize_bits)).collect();
    assert_eq!(layers, [(0, 24, 48, 160), (2, 16, 64, 0), (4, 0, 0, 160), (7, 48, 144, 0)]);
    assert_eq!((size.weights(), size.cells(), size.requantize_bits()), (88, 256, 320));
    let zeros: usize = size.layers.iter().map(|layer| layer.zeros).sum();
    assert_eq!(size.sparsity(), zeros as f64 / 88.0);
}

/// Row 1 is zero for both outputs of the first group, row 2 for one of the second only: 5 + 6 rows
/// of 2 outputs stay.
#[test]
fn rows_are_pruned_group_by_group() {
    let mut tensors = small_tensors();
    let weight = |i: usize| if [1, 7, 14].contains(&i) { 0 } else { 1 };
    tensors[0] = int8("conv1.weight", &[4, 1, 3, 2], weight);
    let size = parse(super::SMALL, &tensors).unwrap().size();
    let LayerSize { kept_rows, cells, zeros, rows, outputs, .. } = size.layers[0];
    assert_eq!((rows, outputs, kept_rows, cells, zeros), (6, 4, 11, 44, 3));
}
