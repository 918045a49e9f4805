//! Single-precision values of a block of slices.

use super::bound::larger;
use crate::golden::simd::{Float, Simd};

/// Slices that a kernel takes at once.
pub(super) const BLOCK: usize = 32;

/// One value per slice of a block; what lies behind the last slice is 0.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Row([f32; BLOCK]);

impl Row {
    pub(super) const ZERO: Self = Self([0.0; BLOCK]);

    /// The part of a value per slice that belongs to a block, times `scale`.
    pub(super) fn of(block: usize, values: &[f64], scale: f64) -> Self {
        let mut row = Self::ZERO;
        for (to, value) in row.0.iter_mut().zip(&values[block * BLOCK..]) {
            *to = (scale * value) as f32;
        }
        row
    }

    pub(super) fn set(&mut self, slice: usize, value: f64) {
        self.0[slice % BLOCK] = value as f32;
    }

    /// Value of a slice.
    pub(super) fn get(&self, slice: usize) -> f64 {
        self.0[slice % BLOCK].into()
    }

    /// Largest magnitude.
    pub(super) fn largest(&self) -> f64 {
        self.0.iter().fold(0.0, |largest, &x| larger(largest, x.abs().into()))
    }

    /// A vector, from slice `first` of the block on.
    #[inline(always)]
    pub(super) fn load<S: Simd>(&self, simd: S, first: usize) -> S::Float {
        simd.load_f32(&self.0[first..])
    }

    #[inline(always)]
    pub(super) fn store<S: Simd>(&mut self, _: S, first: usize, values: S::Float) {
        values.store(&mut self.0[first..]);
    }
}

/// Blocks of so many slices, each made of its number.
pub(super) fn blocks<T>(slices: usize, block: impl FnMut(usize) -> T) -> Box<[T]> {
    (0..slices.div_ceil(BLOCK)).map(block).collect()
}
