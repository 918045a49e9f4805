//! What a mapping costs: cells, steps, operations; by layer and by plane.

use super::cells::Patch;
use super::{Block, Program, Stage};
use crate::config::{Geometry, PLANES, WeightFormat};
use crate::network::{LayerKind, Matrix, Network, Weights};
use serde::Serialize;

/// Bits of a multiplier and a bias.
const REQUANTIZATION_BITS: usize = 8 + 32;

/// A layer that the macro computes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerFigures {
    pub layer: usize,
    pub name: String,
    pub convolution: bool,
    /// Layer whose cells it uses, if they are not its own.
    pub cells_of: Option<String>,
    pub format: WeightFormat,
    pub weights: usize,
    /// Rows of all groups' matrices, and those of them that are zero for all outputs.
    pub rows: usize,
    pub pruned_rows: usize,
    pub outputs: usize,
    /// Neighbouring output positions that one operation serves, rows and columns.
    pub copies: Patch,
    pub output_groups: usize,
    pub blocks: usize,
    /// Cells without copies, and as stored; 0 if they are another layer's.
    pub cells_once: usize,
    pub cells: usize,
    /// For an image.
    pub conversion_steps: usize,
    pub operations: usize,
    pub bursts: usize,
    /// Bits of the multipliers and biases that are written for it.
    pub requantization_bits: usize,
}

/// A plane's use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PlaneFigures {
    pub plane: usize,
    pub cells: usize,
    /// Of its cells.
    pub share: f64,
}

/// All layers that the macro computes.
pub fn layers(network: &Network, program: &Program, blocks: &[Block]) -> Vec<LayerFigures> {
    let matrices =
        network.layers.iter().enumerate().filter_map(|(number, layer)| match &layer.kind {
            LayerKind::Matrix(matrix) => Some((number, matrix)),
            _ => None,
        });
    matrices.map(|(number, matrix)| layer(network, program, blocks, number, matrix)).collect()
}

fn layer(
    network: &Network,
    program: &Program,
    blocks: &[Block],
    number: usize,
    matrix: &Matrix,
) -> LayerFigures {
    let owner = match matrix.weights {
        Weights::Own(_) => number,
        Weights::Of { layer, .. } => layer,
    };
    let blocks: Vec<&Block> = blocks.iter().filter(|block| block.layer == owner).collect();
    let groups = matrix.convolution.map_or(1, |convolution| convolution.groups);
    let (pruned_rows, kept) = pruned(&network.weights(number), matrix, groups);
    let own = owner == number;
    let mut figures = LayerFigures {
        layer: number,
        name: network.layers[number].name.clone(),
        convolution: matrix.convolution.is_some(),
        cells_of: (!own).then(|| network.layers[owner].name.clone()),
        format: matrix.format,
        weights: matrix.rows * matrix.outputs,
        rows: matrix.rows * groups,
        pruned_rows,
        outputs: matrix.outputs,
        copies: blocks.first().map_or([1, 1], |block| block.copies),
        output_groups: blocks.iter().filter(|block| block.row_block == 0).count(),
        blocks: blocks.len(),
        cells_once: if own { kept * matrix.format.columns() } else { 0 },
        cells: if own { blocks.iter().map(|block| block.cells()).sum() } else { 0 },
        conversion_steps: 0,
        operations: 0,
        bursts: 0,
        requantization_bits: 0,
    };
    figures.count(program);
    figures
}

impl LayerFigures {
    /// Adds what the program does for the layer.
    fn count(&mut self, program: &Program) {
        for stage in &program.stages {
            let Stage::Macro(stage) = stage else { continue };
            if stage.layer != self.layer {
                continue;
            }
            let operations = || stage.bursts.iter().flat_map(|burst| &burst.operations);
            self.bursts += stage.bursts.len();
            self.operations += operations().count();
            self.conversion_steps += operations().map(|operation| operation.steps()).sum::<usize>();
            self.requantization_bits += stage.tables.len() * REQUANTIZATION_BITS;
        }
    }
}

/// Rows of all groups that are zero for all outputs, and the weights of the others.
fn pruned(weights: &[i8], matrix: &Matrix, groups: usize) -> (usize, usize) {
    let outputs = matrix.outputs / groups;
    let zero = |group: usize, row: usize| {
        (0..outputs).all(|j| weights[(group * outputs + j) * matrix.rows + row] == 0)
    };
    let rows = (0..groups).flat_map(|group| (0..matrix.rows).map(move |row| (group, row)));
    let pruned = rows.filter(|&(group, row)| zero(group, row)).count();
    (pruned, (matrix.rows * groups - pruned) * outputs)
}

/// All planes.
pub fn planes(geometry: &Geometry, blocks: &[Block]) -> Vec<PlaneFigures> {
    let there = geometry.mac_rows * geometry.columns;
    let plane = |plane| {
        let blocks = blocks.iter().filter(|block| block.plane == plane);
        let cells = blocks.map(Block::cells).sum();
        PlaneFigures { plane, cells, share: cells as f64 / there as f64 }
    };
    (0..PLANES).map(plane).collect()
}
