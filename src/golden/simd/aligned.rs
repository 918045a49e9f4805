//! Rows of numbers that vectors are loaded from: every row begins on a cache line.

use super::{Double, MAX_LANES, Simd};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// What fits a cache line, and the widest vector.
const LINE: usize = 64;

/// Numbers that may be all zero bits and that fill a cache line without gaps.
///
/// # Safety
/// Only for primitive numbers whose size divides 64: [`Aligned`] makes them of zeroed memory.
pub unsafe trait Number: Copy {}
// SAFETY: 8 bytes, any bits are a number.
unsafe impl Number for f64 {}
// SAFETY: 4 bytes, any bits are a number.
unsafe impl Number for i32 {}

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// A fixed number of numbers, the first on a cache line.
#[derive(Clone, Debug)]
pub struct Aligned<T> {
    lines: Vec<Line>,
    len: usize,
    numbers: PhantomData<T>,
}

impl<T: Number> Aligned<T> {
    /// All zero.
    pub fn zeroed(len: usize) -> Self {
        let lines = vec![Line([0; LINE]); (len * size_of::<T>()).div_ceil(LINE)];
        Self { lines, len, numbers: PhantomData }
    }
}

impl<T: Number> Deref for Aligned<T> {
    type Target = [T];
    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: the lines are initialized, aligned, hold at least `len` numbers, and any bits are
        // a number.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: Number> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and the lines are borrowed for as long as the numbers.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl<T: Number + PartialEq> PartialEq for Aligned<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// Where in a block of [`MAX_LANES`] the vector at `at` begins: 0, known to the compiler, for the
/// widest ones.
#[inline(always)]
pub fn lane<S: Simd>(at: usize) -> usize {
    if S::LANES == MAX_LANES { 0 } else { at % MAX_LANES }
}

impl Aligned<f64> {
    /// The vector at `at`, a multiple of its lanes; panics if it is not all there.
    #[inline(always)]
    pub fn load<S: Simd>(&self, simd: S, at: usize) -> S::Double {
        simd.load_f64(&self.as_chunks::<MAX_LANES>().0[at / MAX_LANES][lane::<S>(at)..])
    }

    /// Writes the vector at `at`.
    #[inline(always)]
    pub fn store<S: Simd>(&mut self, _: S, at: usize, values: S::Double) {
        values.store(&mut self.as_chunks_mut::<MAX_LANES>().0[at / MAX_LANES][lane::<S>(at)..]);
    }
}
