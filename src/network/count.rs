//! How much of a macro a network needs, wherever its blocks lie.

use super::{LayerKind, Matrix, Network, Output, Weights};

/// Bits of an output's requantization: an 8-bit multiplier and a 32-bit bias.
const REQUANTIZE_BITS: usize = 8 + 32;

/// What one layer of weights needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSize {
    /// Number of the layer in the network.
    pub layer: usize,
    /// Rows of the matrix of one group.
    pub rows: usize,
    pub outputs: usize,
    /// Rows that are not pruned, those of all groups together.
    pub kept_rows: usize,
    /// Weights of its own, zeros included; 0 if the layer uses another one's.
    pub weights: usize,
    /// Those that are zero.
    pub zeros: usize,
    /// SRAM cells of its own: a weight of a row that is not pruned takes the format's columns.
    pub cells: usize,
    /// Bits of multipliers and biases of its own, beside the SRAM; 0 if the host reads sums.
    pub requantize_bits: usize,
}

/// What a network needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Layers of weights, in order.
    pub layers: Vec<LayerSize>,
}

impl Size {
    /// Weights, those of shared cells once.
    pub fn weights(&self) -> usize {
        self.layers.iter().map(|layer| layer.weights).sum()
    }

    /// SRAM cells, shared ones once.
    pub fn cells(&self) -> usize {
        self.layers.iter().map(|layer| layer.cells).sum()
    }

    /// Bits of multipliers and biases.
    pub fn requantize_bits(&self) -> usize {
        self.layers.iter().map(|layer| layer.requantize_bits).sum()
    }

    /// Part of the weights that is zero; 0 without weights.
    pub fn sparsity(&self) -> f64 {
        let zeros: usize = self.layers.iter().map(|layer| layer.zeros).sum();
        zeros as f64 / self.weights().max(1) as f64
    }
}

impl Network {
    /// Counts weights and cells. A layer whose weights are stored once and used twice is counted with
    /// the layer that owns them.
    pub fn size(&self) -> Size {
        let layers = self.layers.iter().enumerate().filter_map(|(number, layer)| {
            let LayerKind::Matrix(matrix) = &layer.kind else { return None };
            Some(layer_size(number, matrix))
        });
        Size { layers: layers.collect() }
    }
}

fn layer_size(layer: usize, matrix: &Matrix) -> LayerSize {
    let Matrix { rows, outputs, .. } = *matrix;
    let requantize_bits = match matrix.output {
        Output::Requantized(_) => outputs * REQUANTIZE_BITS,
        Output::Sums { .. } => 0,
    };
    let own: &[i8] = match &matrix.weights {
        Weights::Own(weights) => weights,
        Weights::Of { .. } => &[],
    };
    let outputs_per_group = outputs / matrix.convolution.map_or(1, |c| c.groups);
    let kept = |group: &[i8]| {
        (0..rows).filter(|&row| group.chunks_exact(rows).any(|output| output[row] != 0)).count()
    };
    let kept_rows = own.chunks_exact(rows * outputs_per_group).map(kept).sum();
    LayerSize {
        layer,
        rows,
        outputs,
        kept_rows,
        weights: own.len(),
        zeros: own.iter().filter(|&&weight| weight == 0).count(),
        cells: kept_rows * outputs_per_group * matrix.format.columns(),
        requantize_bits,
    }
}
