//! The SRAM's contents for a placement: section 1 of the theory of operation.

use super::array::column;
use super::cells::Cells;
use super::place::Placed;
use crate::config::{Geometry, PLANES, WORD_BITS};

/// Words, `[physical row * words per row + word]`; what nobody uses is 0.
pub fn write(geometry: &Geometry, cells: &[Cells], placed: &[Placed]) -> Vec<u32> {
    let mut words = vec![0; geometry.rows() * geometry.words_per_row()];
    for group in placed {
        for part in &group.parts {
            for (i, &row) in group.rows[part.rows.clone()].iter().enumerate() {
                let physical = PLANES * (part.run.first + i) + part.run.plane;
                let first = physical * geometry.words_per_row();
                let words = &mut words[first..first + geometry.words_per_row()];
                write_row(geometry, cells, group, row as usize, words);
            }
        }
    }
    words
}

/// One row of an output group.
fn write_row(geometry: &Geometry, cells: &[Cells], group: &Placed, row: usize, words: &mut [u32]) {
    let piece = &group.piece;
    let cells = &cells[piece.cells];
    for (i, output) in piece.outputs.clone().enumerate() {
        let weight = cells.weight(piece.group, piece.patch, row, output);
        let (slice, unit) = {
            let output = group.first + i;
            (output % geometry.slices(), output / geometry.slices())
        };
        let first = column(geometry, cells.format, unit, slice);
        for (i, bit) in cells.format.bits(weight).into_iter().enumerate() {
            words[(first + i) / WORD_BITS] |= u32::from(bit) << ((first + i) % WORD_BITS);
        }
    }
}
