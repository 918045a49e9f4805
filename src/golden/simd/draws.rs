//! Draws of [`random`](crate::golden::random), a vector of elements at a time: the same bits.

use std::ops::Range;

use super::{Aligned, Int, Kernel, MAX_LANES, Simd, padded};
use crate::golden::random::{self, Key};

/// Multipliers of [`Key::bits`].
const MULTIPLIERS: [u32; 2] = [0x21f0_aaad, 0xd35a_2d97];

/// Elements `first`, `first + 1`, ...
#[inline(always)]
pub fn elements<S: Simd>(simd: S, first: usize) -> S::Int {
    debug_assert!(first + MAX_LANES <= 1 << 16, "element {first}");
    const LANE: [i32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    simd.load(&LANE) + simd.splat(first as i32)
}

/// [`Key::bits`] of a vector of elements.
#[inline(always)]
pub fn bits<S: Simd>(simd: S, key: Key, elements: S::Int) -> S::Int {
    let x = elements ^ simd.splat(first_round(key) as i32);
    second_round(simd, key, x * simd.splat(MULTIPLIERS[0] as i32))
}

/// What an element below 2^16 is xored with before the first product: the first shift sees the key
/// alone.
#[inline(always)]
fn first_round(key: Key) -> u32 {
    key.0 ^ (key.0 >> 16)
}

/// All that follows the first product.
#[inline(always)]
fn second_round<S: Simd>(simd: S, key: Key, product: S::Int) -> S::Int {
    let x = product ^ simd.splat(key.1 as i32);
    let x = (x ^ x.shr(15)) * simd.splat(MULTIPLIERS[1] as i32);
    x ^ x.shr(15)
}

/// [`Key::bits`] of elements `row * slices + slice`, for `slices` that are a power of two: row and
/// slice have bits of their own, so the first product is the sum of one per row and one per slice.
#[derive(Clone, Copy)]
pub struct Grid<const ROWS: usize> {
    key: Key,
    slices: u32,
    rows: [i32; ROWS],
}

impl<const ROWS: usize> Grid<ROWS> {
    #[inline(always)]
    pub fn new(key: Key, slices: usize) -> Self {
        debug_assert!(slices.is_power_of_two() && ROWS * slices <= 1 << 16, "{slices} slices");
        let slices = slices as u32;
        let of_rows = first_round(key) & !(slices - 1);
        let product = |row| ((row as u32 * slices) ^ of_rows).wrapping_mul(MULTIPLIERS[0]) as i32;
        Self { key, slices, rows: std::array::from_fn(product) }
    }

    /// Products of slices from `at` on; of what lies behind the last one no use can be made.
    #[inline(always)]
    pub fn slices<S: Simd>(&self, simd: S, at: usize) -> S::Int {
        let of_slices = first_round(self.key) & (self.slices - 1);
        (elements(simd, at) ^ simd.splat(of_slices as i32)) * simd.splat(MULTIPLIERS[0] as i32)
    }

    /// Bits of a row, given its slices' products.
    #[inline(always)]
    pub fn bits<S: Simd>(&self, simd: S, row: usize, slices: S::Int) -> S::Int {
        second_round(simd, self.key, simd.splat(self.rows[row]) + slices)
    }
}

/// [`Key::normal`] of a vector of elements.
#[inline(always)]
pub fn normal<S: Simd>(simd: S, key: Key, elements: S::Int) -> S::Double {
    let s = simd.splat(-510).add_bytes(bits(simd, key, elements)).to_double();
    s * (s * s * random::CUBIC + random::LINEAR)
}

/// The normals of a key's elements, `slices` to a row, in rows of whole vectors: what is behind the
/// slices belongs to no row.
pub struct Normals<'a> {
    pub normals: &'a mut Aligned<f64>,
    pub rows: usize,
    pub slices: usize,
    /// Slices that are drawn, from a whole vector on.
    pub span: Range<usize>,
    pub key: Key,
}

impl Kernel for Normals<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { normals, rows, slices, span, key } = self;
        for row in 0..rows {
            for at in span.clone().step_by(S::LANES) {
                let elements = elements(simd, row * slices + at);
                normals.store(simd, row * padded(slices) + at, normal(simd, key, elements));
            }
        }
    }
}
