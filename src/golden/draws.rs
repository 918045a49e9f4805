//! The normal draws of noise frames in `f32`, vectors of slices at a time.

use super::noise::{DRAWS, Draw};
use super::random::{self, Key};
use super::simd::{self, Float, Grid, Int, Simd};

/// Elements of a noise frame: numbers a draw within its conversion.
#[inline(always)]
pub(super) fn elements<S: Simd>(simd: S, draw: Draw, slices: usize, at: usize) -> S::Int {
    simd::elements(simd, draw.row() * slices + at)
}

/// The draws of a conversion.
#[derive(Clone, Copy)]
pub(super) struct Draws(Grid<DRAWS>);

impl Draws {
    /// Of a key and so many slices, a power of two.
    #[inline(always)]
    pub(super) fn new(key: Key, slices: usize) -> Self {
        Self(Grid::new(key, slices))
    }

    /// What numbers the slices from `at` on.
    #[inline(always)]
    pub(super) fn slices<S: Simd>(&self, simd: S, at: usize) -> S::Int {
        self.0.slices(simd, at)
    }

    /// Cubics of a draw of these slices.
    #[inline(always)]
    pub(super) fn of<S: Simd>(
        &self,
        simd: S,
        cubic: Cubic,
        draw: Draw,
        slices: S::Int,
    ) -> S::Float {
        cubic.of_bits(simd, self.0.bits(simd, draw.row(), slices))
    }
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
        self.of_bits(simd, simd::bits(simd, key, elements))
    }

    /// Its value for these bits of draws.
    #[inline(always)]
    fn of_bits<S: Simd>(self, simd: S, bits: S::Int) -> S::Float {
        let s = simd.splat(-510).add_bytes(bits).to_float();
        s * simd.splat_f32(self.cubic).mul_add(s * s, simd.splat_f32(self.linear))
    }
}
