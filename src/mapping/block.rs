//! Where every part of every layer lies: the table that the floor plan shows and the check reads.

use super::cells::{Cells, Patch};
use super::place::Placed;
use crate::config::{Geometry, WeightFormat};
use serde::Serialize;

/// A row block of an output group: a rectangle of one plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// Layer of the network that has the weights.
    pub layer: usize,
    /// Group of the convolution.
    pub group: usize,
    /// Number of the output group within the layer, and of the row block within that.
    pub output_group: usize,
    pub row_block: usize,
    pub format: WeightFormat,
    /// Neighbouring output positions, rows and columns, that are stored beside each other.
    pub copies: Patch,
    pub plane: usize,
    /// First MAC row.
    pub first_row: usize,
    /// Row of the group's matrix in each MAC row from the first on, numbered (channel, row, column)
    /// of the window that all copies see.
    pub rows: Vec<u32>,
    /// Unit and slice of the first output; the others follow, in further units from slice 0 on.
    pub unit: usize,
    pub first_slice: usize,
    /// Units that an operation converts for it, from unit 0 on.
    pub converted_units: usize,
    /// First output of the group's matrix, numbered (copy, channel of the group), and how many.
    pub first_output: usize,
    pub outputs: usize,
}

impl Block {
    /// Cells that it takes.
    pub fn cells(&self) -> usize {
        self.rows.len() * self.outputs * self.format.columns()
    }
}

/// The table, layer by layer.
pub fn table(geometry: &Geometry, cells: &[Cells], placed: &[Placed]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (number, cells) in cells.iter().enumerate() {
        let groups = placed.iter().filter(|placed| placed.piece.cells == number);
        for (output_group, placed) in groups.enumerate() {
            let slices = geometry.slices();
            let last = placed.first + placed.piece.outputs.len();
            let parts = placed.parts.iter().enumerate();
            blocks.extend(parts.map(|(row_block, part)| Block {
                layer: cells.layer,
                group: placed.piece.group,
                output_group,
                row_block,
                format: cells.format,
                copies: placed.piece.patch,
                plane: part.run.plane,
                first_row: part.run.first,
                rows: placed.rows[part.rows.clone()].to_vec(),
                unit: placed.first / slices,
                first_slice: placed.first % slices,
                converted_units: last.div_ceil(slices),
                first_output: placed.piece.outputs.start,
                outputs: placed.piece.outputs.len(),
            }));
        }
    }
    blocks
}
