//! Rows of single-precision values per slice, padded to whole blocks.

use super::bound::larger;
use crate::golden::simd::{Aligned, Float, Simd};

/// Slices that a kernel takes at once.
pub(super) const BLOCK: usize = 32;

/// One value per slice in every row.
#[derive(Clone, Debug)]
pub(super) struct Table {
    slices: usize,
    stride: usize,
    values: Aligned<f32>,
}

impl Table {
    /// All zero.
    pub(super) fn new(rows: usize, slices: usize) -> Self {
        let stride = slices.next_multiple_of(BLOCK);
        Self { slices, stride, values: Aligned::zeroed(rows * stride) }
    }

    /// Slices with their padding.
    pub(super) fn padded(&self) -> usize {
        self.stride
    }

    /// Sets the value of one slice.
    pub(super) fn put(&mut self, row: usize, slice: usize, value: f64) {
        self.values[row * self.stride + slice] = value as f32;
    }

    /// The value of one slice.
    #[cfg(test)]
    pub(super) fn get(&self, row: usize, slice: usize) -> f64 {
        self.values[row * self.stride + slice].into()
    }

    pub(super) fn slices(&self) -> usize {
        self.slices
    }

    /// Sets a row from values in double precision.
    pub(super) fn set(&mut self, row: usize, values: impl IntoIterator<Item = f64>) {
        for (to, value) in self.values[row * self.stride..][..self.slices].iter_mut().zip(values) {
            *to = value as f32;
        }
    }

    /// Largest magnitude of a row.
    pub(super) fn largest(&self, row: usize) -> f64 {
        let row = &self.values[row * self.stride..][..self.slices];
        row.iter().fold(0.0, |largest, &x| larger(largest, x.abs().into()))
    }

    /// A vector of a row, from slice `at` on.
    #[inline(always)]
    pub(super) fn load<S: Simd>(&self, simd: S, row: usize, at: usize) -> S::Float {
        self.values.load(simd, row * self.stride + at)
    }

    #[inline(always)]
    pub(super) fn store<S: Simd>(&mut self, row: usize, at: usize, values: S::Float) {
        values.store(&mut self.values[row * self.stride + at..][..S::LANES]);
    }
}
