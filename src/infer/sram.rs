//! The array's cells out of the SRAM's words, and the operations that fit it.

use crate::config::{Geometry, PLANES, WORD_BITS};
use crate::golden::reference::ConverterError;
use crate::transaction::Operation;

/// Words of the SRAM, read as cells.
pub(super) struct Cells<'a> {
    pub(super) geometry: Geometry,
    words: &'a [u32],
}

impl<'a> Cells<'a> {
    /// Fails unless there is a word for every 32 columns of every row.
    pub(super) fn new(geometry: &Geometry, words: &'a [u32]) -> Result<Self, ConverterError> {
        let (given, needed) = (words.len(), geometry.rows() * geometry.words_per_row());
        if given != needed {
            return Err(ConverterError::Shape { what: "SRAM words", given, needed });
        }
        Ok(Self { geometry: *geometry, words })
    }

    /// Cell of a plane and a MAC row: physical row 8 m + k.
    pub(super) fn cell(&self, plane: usize, mac_row: usize, column: usize) -> bool {
        let row = mac_row * PLANES + plane;
        let word = self.words[row * self.geometry.words_per_row() + column / WORD_BITS];
        word >> (column % WORD_BITS) & 1 == 1
    }

    /// A plane's cells, `[mac row][column]`.
    pub(super) fn plane(&self, plane: usize) -> Vec<bool> {
        let Geometry { mac_rows, columns, .. } = self.geometry;
        let cells = (0..mac_rows).flat_map(|m| (0..columns).map(move |column| (m, column)));
        cells.map(|(m, column)| self.cell(plane, m, column)).collect()
    }
}

/// Refuses an operation whose columns the slices do not have, as the macro does.
pub(super) fn check_operation(
    geometry: &Geometry,
    operation: &Operation,
) -> Result<(), ConverterError> {
    let Operation { plane, format, units, .. } = *operation;
    let columns = geometry.columns_per_slice;
    if usize::from(plane) >= PLANES {
        return Err(ConverterError::Plane(plane.into()));
    }
    if usize::from(units) > geometry.units(format) {
        let column = geometry.units(format) * format.columns();
        let differential = format.differential();
        return Err(ConverterError::Column { column, columns, differential });
    }
    Ok(())
}
