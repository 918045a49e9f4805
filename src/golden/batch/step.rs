//! What a conversion step selects.

use super::{BatchError, MAX_DIGIT};
use crate::config::{Geometry, Range};

/// One conversion step: the same selection in every slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Column of side P within its slice.
    pub column: usize,
    /// Side N is the next column; otherwise the slice's dummy column.
    pub differential: bool,
    /// Conversion range.
    pub range: Range,
    /// DAC level of the dummy column, 0..=15; without effect when differential.
    pub level: u8,
}

impl Step {
    /// Checks that the step fits the geometry and the plane has one bit per MAC row and column.
    pub(super) fn check(&self, geometry: &Geometry, plane: &[bool]) -> Result<(), BatchError> {
        let &Self { column, differential, level, .. } = self;
        let columns_per_slice = geometry.columns_per_slice;
        let last = column.saturating_add(usize::from(differential));
        if last >= columns_per_slice {
            return Err(BatchError::Column { column, differential, columns_per_slice });
        }
        if level > MAX_DIGIT {
            return Err(BatchError::Level(level));
        }
        let expected = geometry.mac_rows * geometry.columns;
        if plane.len() != expected {
            return Err(BatchError::Plane { found: plane.len(), expected });
        }
        Ok(())
    }

    /// Column of the array that side P of a slice converts; side N's is the next one.
    pub(super) fn column_of(&self, geometry: &Geometry, slice: usize) -> usize {
        geometry.columns_per_slice * slice + self.column
    }
}
