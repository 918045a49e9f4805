//! The 6T array. Cells are kept as the MULTIPLY loop wants them: for each plane, column position and
//! MAC row one word with a bit per slice.

use super::lanes::LANES;
use crate::config::{Geometry, PLANES, WORD_BITS};

/// The stored bits.
#[derive(Clone, Debug)]
pub struct Array {
    rows: usize,
    columns: usize,
    per_slice: usize,
    /// `[group][plane][column position][MAC row]`, one bit per slice of the group.
    cells: Vec<u32>,
    /// What the dummy columns' cells are wired to, `[MAC row]`: 1 in the rows that carry the
    /// reference level.
    dummy: Vec<u32>,
}

/// A cell's coordinates as the MAC circuits see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    pub group: usize,
    pub plane: usize,
    pub position: usize,
    pub mac_row: usize,
    pub lane: usize,
}

impl Array {
    /// An array of zeros.
    pub fn new(geometry: &Geometry) -> Self {
        let groups = geometry.slices().div_ceil(LANES);
        let words = groups * PLANES * geometry.columns_per_slice * geometry.mac_rows;
        Self {
            rows: geometry.mac_rows,
            columns: geometry.columns,
            per_slice: geometry.columns_per_slice,
            cells: vec![0; words],
            dummy: (0..geometry.mac_rows)
                .map(|m| if m < geometry.reference_rows() { u32::MAX } else { 0 })
                .collect(),
        }
    }

    /// Where the cell of a physical row and column is.
    pub fn site(&self, row: usize, column: usize) -> Site {
        let slice = column / self.per_slice;
        Site {
            group: slice / LANES,
            plane: row % PLANES,
            position: column % self.per_slice,
            mac_row: row / PLANES,
            lane: slice % LANES,
        }
    }

    /// What stands for the cells of any plane in the dummy columns.
    pub fn dummy_plane(&self) -> &[u32] {
        &self.dummy
    }

    /// The cells of one plane and column position (the last being the dummy), a word per MAC row.
    pub fn plane(&self, group: usize, plane: usize, position: usize) -> &[u32] {
        if position == self.per_slice {
            return &self.dummy;
        }
        let start = ((group * PLANES + plane) * self.per_slice + position) * self.rows;
        &self.cells[start..][..self.rows]
    }

    fn index(&self, site: Site) -> usize {
        let plane = (site.group * PLANES + site.plane) * self.per_slice + site.position;
        plane * self.rows + site.mac_row
    }

    /// A cell of a physical row and column.
    pub fn get(&self, row: usize, column: usize) -> bool {
        let site = self.site(row, column);
        self.cells[self.index(site)] >> site.lane & 1 == 1
    }

    /// Stores a bit; whether the cell changed.
    pub fn set(&mut self, row: usize, column: usize, value: bool) -> bool {
        let site = self.site(row, column);
        let index = self.index(site);
        let old = self.cells[index];
        self.cells[index] = old & !(1 << site.lane) | u32::from(value) << site.lane;
        self.cells[index] != old
    }

    /// The columns that a host word of a row covers; fewer than 32, or none, at the right edge.
    pub fn word_columns(&self, word: usize) -> std::ops::Range<usize> {
        let start = (word * WORD_BITS).min(self.columns);
        start..(start + WORD_BITS).min(self.columns)
    }

    /// A whole physical row, 32 columns per word.
    pub fn row(&self, row: usize) -> [u32; 4] {
        std::array::from_fn(|word| {
            let columns = self.word_columns(word);
            columns.enumerate().map(|(bit, column)| u32::from(self.get(row, column)) << bit).sum()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell is a place of its own, whatever the geometry.
    #[test]
    fn cells_do_not_alias() {
        for (columns, columns_per_slice) in [(16, 4), (128, 4), (128, 1), (40, 2)] {
            let geometry = Geometry { mac_rows: 16, columns, columns_per_slice, post_lanes: 1 };
            let mut array = Array::new(&geometry);
            let value = |row: usize, column: usize| (row * 131 + column * 29) % 7 < 3;
            for row in 0..geometry.rows() {
                for column in 0..columns {
                    array.set(row, column, value(row, column));
                }
            }
            for row in 0..geometry.rows() {
                for column in 0..columns {
                    assert_eq!(array.get(row, column), value(row, column));
                    assert_eq!(
                        array.row(row)[column / 32] >> (column % 32) & 1 == 1,
                        value(row, column)
                    );
                }
            }
        }
    }
}
