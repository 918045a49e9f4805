//! Values per slice that the kernels read and write, row by row.

use crate::golden::simd::{Aligned, Simd, padded};

/// Rows of one value per slice, each padded to whole vectors.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    slices: usize,
    stride: usize,
    values: Aligned<f64>,
}

impl Rows {
    /// All zero.
    pub(super) fn new(rows: usize, slices: usize) -> Self {
        let stride = padded(slices);
        Self { slices, stride, values: Aligned::zeroed(rows * stride) }
    }

    /// A row without its padding.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.stride..][..self.slices]
    }

    pub(super) fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.stride..][..self.slices]
    }

    /// A vector of a row, from slice `at` on.
    #[inline(always)]
    pub(super) fn load<S: Simd>(&self, simd: S, row: usize, at: usize) -> S::Double {
        self.values.load(simd, row * self.stride + at)
    }

    #[inline(always)]
    pub(super) fn store<S: Simd>(&mut self, simd: S, row: usize, at: usize, values: S::Double) {
        self.values.store(simd, row * self.stride + at, values);
    }
}
