//! Draws of [`random`](crate::golden::random), a vector of elements at a time: the same bits.

use std::ops::Range;

use super::{Aligned, Int, Kernel, Simd, padded};
use crate::golden::random::{self, Key};

/// Multipliers of [`Key::bits`].
const MULTIPLIERS: [u32; 2] = [0x21f0_aaad, 0xd35a_2d97];

/// Elements `first`, `first + 1`, ...
#[inline(always)]
pub fn elements<S: Simd>(simd: S, first: usize) -> S::Int {
    const LANE: [i32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    simd.load(&LANE) + simd.splat(first as i32)
}

/// [`Key::bits`] of a vector of elements.
#[inline(always)]
pub fn bits<S: Simd>(simd: S, key: Key, elements: S::Int) -> S::Int {
    let x = elements ^ simd.splat(key.0 as i32);
    let x = ((x ^ x.shr(16)) * simd.splat(MULTIPLIERS[0] as i32)) ^ simd.splat(key.1 as i32);
    let x = (x ^ x.shr(15)) * simd.splat(MULTIPLIERS[1] as i32);
    x ^ x.shr(15)
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
