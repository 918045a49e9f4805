//! Vectors of 32-bit and of 64-bit lanes, one slice each, and the choice of instruction set at run
//! time.
//!
//! Kernels are written once against [`Simd`]. All its operations but [`Float::mul_add`] are exact or
//! rounded once as IEEE 754 says (no reassociation), so every instruction set gives the same bits.
//!
//! Soundness: a token ([`Simd`]) is only made after its features were detected, and vectors only
//! from a token or from other vectors; whoever holds a vector may use the instructions.

mod aligned;
mod draws;
mod portable;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Sub};

pub(super) use aligned::{Aligned, lane};
pub(super) use draws::{Grid, Normals, bits, elements};

/// Instruction sets that conversions can run on; they give identical codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Plain Rust, any machine.
    Portable,
    /// 8 slices at a time.
    Avx2,
    /// 16 slices at a time, with the dot products of AVX-512 VNNI.
    Avx512,
}

impl Isa {
    /// All instruction sets, slowest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// Whether this machine has it.
    pub fn available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::Avx512::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Slices at a time.
    pub(super) fn lanes(self) -> usize {
        match self {
            Self::Portable | Self::Avx2 => 8,
            Self::Avx512 => 16,
        }
    }

    /// The fastest one of this machine.
    pub fn best() -> Self {
        Self::ALL.into_iter().rfind(|isa| isa.available()).unwrap_or(Self::Portable)
    }

    /// Runs a kernel on this instruction set; on the portable one if the machine lacks it.
    pub(super) fn run(self, kernel: impl Kernel) {
        #[cfg(target_arch = "x86_64")]
        match self {
            Self::Avx512 => {
                if let Some(simd) = avx512::Avx512::detect() {
                    return simd.run(kernel);
                }
            }
            Self::Avx2 => {
                if let Some(simd) = avx2::Avx2::detect() {
                    return simd.run(kernel);
                }
            }
            Self::Portable => {}
        }
        kernel.run(portable::Portable);
    }
}

/// Work that is compiled once per instruction set. Mark `run`, and what it calls, `inline(always)`:
/// only then is it compiled with the instruction set's features.
pub(super) trait Kernel {
    fn run<S: Simd>(self, simd: S);
}

/// An instruction set: makes vectors.
pub(super) trait Simd: Copy {
    type Int: Int<Float = Self::Float, Double = Self::Double>;
    type Float: Float;
    type Double: Double;
    /// Lanes of a vector, of either width; divides [`MAX_LANES`].
    const LANES: usize;
    /// Whether there are enough registers to hold a conversion's state of two vectors.
    const MANY_REGISTERS: bool;

    fn splat(self, value: i32) -> Self::Int;
    /// The first `LANES` elements; panics if there are fewer.
    fn load(self, from: &[i32]) -> Self::Int;
    fn splat_f32(self, value: f32) -> Self::Float;
    /// The first `LANES` elements; panics if there are fewer.
    fn load_f32(self, from: &[f32]) -> Self::Float;
    fn splat_f64(self, value: f64) -> Self::Double;
    /// The first `LANES` elements; panics if there are fewer.
    fn load_f64(self, from: &[f64]) -> Self::Double;
    /// 1 in the lanes whose bit is set, else 0.
    fn gate(self, bits: u32) -> Self::Double;
}

/// Lanes of the widest instruction set; rows of constants are padded to a multiple of it.
pub(super) const MAX_LANES: usize = 16;

/// Slices padded to whole vectors: the distance between rows of per-slice constants.
pub(super) fn padded(slices: usize) -> usize {
    slices.next_multiple_of(MAX_LANES)
}

/// Lanes of `i32` with wrapping arithmetic (`*` gives the low half of the product).
pub(super) trait Int:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
{
    type Float;
    type Double;

    /// Shifts left, zeros come in.
    fn shl(self, bits: u32) -> Self;
    /// Shifts right, zeros come in.
    fn shr(self, bits: u32) -> Self;
    /// -1 where a lane is negative, else 0.
    fn negative(self) -> Self;
    /// The lower one of every lane, and the higher one.
    fn min(self, other: Self) -> Self;
    fn max(self, other: Self) -> Self;
    /// Zero in the 16-bit halves whose bit is clear, the lowest half's lowest.
    fn keep_halves(self, bits: u32) -> Self;
    /// `self` plus the two products of the 16-bit halves of `a` and `b`, all signed.
    fn dot_pairs(self, a: Self, b: Self) -> Self;
    /// `self` plus the four products of the bytes of `a`, 0..=127, and of `b`, signed.
    fn dot_quads(self, a: Self, b: Self) -> Self;
    /// `self` plus the four bytes of `a`, each unsigned.
    fn add_bytes(self, a: Self) -> Self;
    /// Nearest `f32`; exact up to 2^24.
    fn to_float(self) -> Self::Float;
    fn to_double(self) -> Self::Double;
    /// Nearest integer, ties to even; the value must fit.
    fn round(from: Self::Float) -> Self;
    /// The bits that represent each lane of `from`.
    fn of_bits(from: Self::Float) -> Self;
    /// The lanes that these bits represent.
    fn as_bits(self) -> Self::Float;
    /// One bit per lane: set where it is negative.
    fn signs(self) -> u32;
    /// Writes the low byte of each lane; panics if there is no room for all.
    fn store_bytes(self, to: &mut [u8]);
}

/// Lanes of `f32`.
pub(super) trait Float:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    /// `self * factor + term`, rounded once where the machine can do so and twice where not: only for
    /// values with a bound of their error, which counts both.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// Writes all lanes; panics if there is no room for them.
    fn store(self, to: &mut [f32]);
}

/// Lanes of `f64`; a number on the right of an operator stands for all lanes.
pub(super) trait Double:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    /// Writes all lanes; panics if there is no room for them.
    fn store(self, to: &mut [f64]);
    /// One bit per lane: set unless it is negative.
    fn not_negative(self) -> u32;
    /// 1 in the lanes that are not negative, else 0; and the other way round.
    fn gates(self) -> [Self; 2];
    /// One bit per lane: set where its magnitude is below `limit`.
    fn within(self, limit: f64) -> u32;
}

/// Implements binary operators of a wrapped vector with one intrinsic each.
#[cfg(target_arch = "x86_64")]
macro_rules! operators {
    ($vector:ident: $($operator:ident $method:ident $intrinsic:ident),+) => {$(
        impl std::ops::$operator for $vector {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: a vector exists, so the features were detected (module docs).
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    )+};
}
#[cfg(target_arch = "x86_64")]
use operators;

/// The same where several registers make a vector.
#[cfg(target_arch = "x86_64")]
macro_rules! operators_of_all {
    ($vector:ident: $($operator:ident $method:ident $intrinsic:ident),+) => {$(
        impl std::ops::$operator for $vector {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                let ([a, b], [c, d]) = (self.0, other.0);
                // SAFETY: a vector exists, so the features were detected (module docs).
                Self(unsafe { [$intrinsic(a, c), $intrinsic(b, d)] })
            }
        }
    )+};
}

/// The same with one number for all lanes on the right.
#[cfg(target_arch = "x86_64")]
macro_rules! operators_with_one {
    ($vector:ident, $splat:ident: $($operator:ident $method:ident $intrinsic:ident),+) => {$(
        impl std::ops::$operator<f64> for $vector {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                let [a, b] = self.0;
                // SAFETY: a vector exists, so the features were detected (module docs).
                Self(unsafe { [$intrinsic(a, $splat(other)), $intrinsic(b, $splat(other))] })
            }
        }
    )+};
}
#[cfg(target_arch = "x86_64")]
use {operators_of_all, operators_with_one};
