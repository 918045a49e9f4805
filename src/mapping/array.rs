//! Which cells are taken, plane by plane.

use crate::config::{Geometry, PLANES, WeightFormat};

/// Taken rows of every column, one bit per MAC row: there are at most 64.
#[derive(Clone)]
pub struct Array {
    geometry: Geometry,
    taken: Vec<u64>,
}

/// Free rows that follow each other, over the columns that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub plane: usize,
    pub first: usize,
    pub rows: usize,
}

impl Array {
    pub fn new(geometry: Geometry) -> Self {
        Self { geometry, taken: vec![0; PLANES * geometry.columns] }
    }

    /// Taken rows of a slice's unit.
    fn unit(&self, plane: usize, format: WeightFormat, unit: usize, slice: usize) -> u64 {
        let first = plane * self.geometry.columns + column(&self.geometry, format, unit, slice);
        self.taken[first..first + format.columns()].iter().fold(0, |all, rows| all | rows)
    }

    /// Taken rows of every plane, for outputs from `first` on.
    fn outputs(&self, format: WeightFormat, first: usize, count: usize) -> [u64; PLANES] {
        let slices = self.geometry.slices();
        std::array::from_fn(|plane| {
            (first..first + count)
                .fold(0, |all, j| all | self.unit(plane, format, j / slices, j % slices))
        })
    }

    /// Where rows are free for all outputs from `first` on.
    pub fn runs(&self, format: WeightFormat, first: usize, count: usize) -> Vec<Run> {
        let all = u64::MAX >> (64 - self.geometry.mac_rows);
        let taken = self.outputs(format, first, count);
        (0..PLANES).flat_map(|plane| runs(plane, all & !taken[plane])).collect()
    }

    /// Takes rows for outputs from `first` on.
    pub fn take(&mut self, format: WeightFormat, first: usize, count: usize, run: Run) {
        let slices = self.geometry.slices();
        let mask = (u64::MAX >> (64 - run.rows)) << run.first;
        for output in first..first + count {
            let column = column(&self.geometry, format, output / slices, output % slices);
            let column = run.plane * self.geometry.columns + column;
            self.taken[column..column + format.columns()].iter_mut().for_each(|c| *c |= mask);
        }
    }

    /// Free cells of every plane.
    pub fn free(&self) -> [usize; PLANES] {
        let Geometry { columns, mac_rows, .. } = self.geometry;
        std::array::from_fn(|plane| {
            let taken = &self.taken[plane * columns..(plane + 1) * columns];
            taken.iter().map(|rows| mac_rows - rows.count_ones() as usize).sum()
        })
    }
}

/// First column of a slice's unit.
pub fn column(geometry: &Geometry, format: WeightFormat, unit: usize, slice: usize) -> usize {
    geometry.columns_per_slice * slice + format.columns() * unit
}

fn runs(plane: usize, mut free: u64) -> impl Iterator<Item = Run> {
    std::iter::from_fn(move || {
        let first = free.trailing_zeros() as usize;
        if first == 64 {
            return None;
        }
        let rows = (!(free >> first)).trailing_zeros() as usize;
        free &= u64::MAX.checked_shl((first + rows) as u32).unwrap_or(0);
        Some(Run { plane, first, rows })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn runs_are_what_is_free_in_all_columns() {
        let geometry = Config::builtin("capram65").unwrap().geometry;
        let mut array = Array::new(geometry);
        let diff1 = WeightFormat::Diff1;
        assert_eq!(array.runs(diff1, 0, 64).len(), PLANES);
        array.take(diff1, 32, 3, Run { plane: 0, first: 4, rows: 8 });
        array.take(diff1, 0, 1, Run { plane: 0, first: 63, rows: 1 });
        let runs = |first, count| -> Vec<(usize, usize)> {
            let runs = array.runs(diff1, first, count);
            runs.iter().filter(|r| r.plane == 0).map(|r| (r.first, r.rows)).collect()
        };
        assert_eq!(runs(34, 2), [(0, 4), (12, 52)]);
        assert_eq!(runs(35, 29), [(0, 64)]);
        assert_eq!(runs(0, 32), [(0, 63)]);
        assert_eq!(runs(0, 64), [(0, 4), (12, 51)]);
        assert_eq!(array.free()[0], 64 * 128 - 2 * (3 * 8 + 1));
    }

    #[test]
    fn formats_share_a_slice_column_by_column() {
        let geometry = Config::builtin("capram65").unwrap().geometry;
        let mut array = Array::new(geometry);
        for plane in 0..PLANES {
            array.take(WeightFormat::Single3, 0, 32, Run { plane, first: 0, rows: 64 });
        }
        assert_eq!(array.runs(WeightFormat::Single1, 96, 32).len(), PLANES);
        assert!(array.runs(WeightFormat::Single1, 64, 1).is_empty());
        assert!(array.runs(WeightFormat::Diff1, 32, 1).is_empty());
    }
}
