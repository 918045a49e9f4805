//! The normal draws of noise frames in `f32`, vectors of slices at a time.

use super::noise::Draw;
use super::random::{self, Key};
use super::simd::{self, Int, Simd};

/// Elements of a noise frame: numbers a draw within its conversion.
#[inline(always)]
pub(super) fn elements<S: Simd>(simd: S, draw: Draw, slices: usize, at: usize) -> S::Int {
    simd::elements(simd, draw.row() * slices + at)
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

    /// Normals as they are.
    pub(super) const UNIT: Self =
        Self { linear: random::LINEAR as f32, cubic: random::CUBIC as f32 };

    /// The cubic that turns draws into normals of standard deviation `sigma`.
    pub(super) fn normal(sigma: f64) -> Self {
        Self { linear: (sigma * random::LINEAR) as f32, cubic: (sigma * random::CUBIC) as f32 }
    }

    /// Its value for the draws of these elements.
    #[inline(always)]
    pub(super) fn of<S: Simd>(self, simd: S, key: Key, elements: S::Int) -> S::Float {
        let s = simd.splat(-510).add_bytes(simd::bits(simd, key, elements)).to_float();
        s * (simd.splat_f32(self.linear) + simd.splat_f32(self.cubic) * (s * s))
    }
}
