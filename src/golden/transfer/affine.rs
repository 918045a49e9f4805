//! Straight lines: quantities that are affine in the input.

use std::ops::{Add, Mul, Sub};

/// `start + slope * input`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine {
    /// Value without input.
    pub start: f64,
    /// Change per unit of input.
    pub slope: f64,
}

impl Affine {
    /// A value that the input does not change.
    pub fn constant(start: f64) -> Self {
        Self { start, slope: 0.0 }
    }

    /// The same against an input counted the other way.
    pub fn reversed(self) -> Self {
        Self { slope: -self.slope, ..self }
    }

    /// The input from which on the line is at least 0. A line that does not rise has none: it is
    /// there always or never, as its start says.
    pub fn rises_at(self) -> f64 {
        if self.slope > 0.0 {
            -self.start / self.slope
        } else if self.start >= 0.0 {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        }
    }
}

impl Add for Affine {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { start: self.start + other.start, slope: self.slope + other.slope }
    }
}

impl Sub for Affine {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { start: self.start - other.start, slope: self.slope - other.slope }
    }
}

impl Add<f64> for Affine {
    type Output = Self;

    fn add(self, shift: f64) -> Self {
        Self { start: self.start + shift, ..self }
    }
}

impl Sub<f64> for Affine {
    type Output = Self;

    fn sub(self, shift: f64) -> Self {
        self + -shift
    }
}

impl Mul<f64> for Affine {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self { start: self.start * factor, slope: self.slope * factor }
    }
}
