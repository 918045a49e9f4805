//! The normal draws of noise frames, vectors of slices at a time.

use super::simd::{Int, Simd};
use crate::golden::noise::Draw;
use crate::golden::random::{self, Key};

/// Multipliers of [`Key::bits`].
const MULTIPLIERS: [u32; 2] = [0x21f0_aaad, 0xd35a_2d97];

/// Elements of a noise frame: numbers a draw within its conversion.
#[inline(always)]
pub(super) fn elements<S: Simd>(simd: S, draw: Draw, slices: usize, at: usize) -> S::Int {
    const LANE: [i32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    simd.load(&LANE) + simd.splat((draw.row() * slices + at) as i32)
}

/// [`Key::bits`] of a vector of elements.
#[inline(always)]
fn bits<S: Simd>(simd: S, key: Key, elements: S::Int) -> S::Int {
    let x = elements ^ simd.splat(key.0 as i32);
    let x = ((x ^ x.shr(16)) * simd.splat(MULTIPLIERS[0] as i32)) ^ simd.splat(key.1 as i32);
    let x = (x ^ x.shr(15)) * simd.splat(MULTIPLIERS[1] as i32);
    x ^ x.shr(15)
}

/// A cubic s (linear + cubic s^2) in `f32`, s the centred sum of a draw's bytes: a normal variate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cubic {
    linear: f32,
    cubic: f32,
}

impl Cubic {
    /// Bound of [`Cubic::of`]'s relative error in units of 2^-24: a coefficient, its product with
    /// s^2 (itself exact), the sum (of two terms of one sign), the product with s.
    pub(super) const ROUNDINGS: f64 = 4.0;

    /// The cubic that turns draws into normals of standard deviation `sigma`.
    pub(super) fn normal(sigma: f64) -> Self {
        Self { linear: (sigma * random::LINEAR) as f32, cubic: (sigma * random::CUBIC) as f32 }
    }

    /// Its value for the draws of these elements.
    #[inline(always)]
    pub(super) fn of<S: Simd>(self, simd: S, key: Key, elements: S::Int) -> S::Float {
        let s = simd.splat(-510).add_bytes(bits(simd, key, elements)).to_float();
        s * (simd.splat_f32(self.linear) + simd.splat_f32(self.cubic) * (s * s))
    }
}
