//! The baseline: plain Rust, and the definition of what the other instruction sets compute.

use super::{Double, Float, Int, Simd};
use std::array::from_fn;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Sub};

const LANES: usize = 8;

/// Any machine.
#[derive(Clone, Copy)]
pub struct Portable;

/// Lanes of `i32`.
#[derive(Clone, Copy)]
pub struct Ints([i32; LANES]);

/// Lanes of `f32`.
#[derive(Clone, Copy)]
pub struct Floats([f32; LANES]);

/// Lanes of `f64`.
#[derive(Clone, Copy)]
pub struct Doubles([f64; LANES]);

impl Simd for Portable {
    type Int = Ints;
    type Float = Floats;
    type Double = Doubles;
    const LANES: usize = LANES;
    const MANY_REGISTERS: bool = false;

    #[inline(always)]
    fn splat(self, value: i32) -> Ints {
        Ints([value; LANES])
    }

    #[inline(always)]
    fn load(self, from: &[i32]) -> Ints {
        Ints(from_fn(|i| from[..LANES][i]))
    }

    #[inline(always)]
    fn splat_f32(self, value: f32) -> Floats {
        Floats([value; LANES])
    }

    #[inline(always)]
    fn load_f32(self, from: &[f32]) -> Floats {
        Floats(from_fn(|i| from[..LANES][i]))
    }

    #[inline(always)]
    fn splat_f64(self, value: f64) -> Doubles {
        Doubles([value; LANES])
    }

    #[inline(always)]
    fn load_f64(self, from: &[f64]) -> Doubles {
        Doubles(from_fn(|i| from[..LANES][i]))
    }

    #[inline(always)]
    fn gate(self, bits: u32) -> Doubles {
        Doubles(from_fn(|i| f64::from(bits >> i & 1)))
    }
}

/// Nearest integer. The library's function is a call where the baseline has no instruction for it;
/// adding 2^23 lets the addition's own rounding do it, and larger numbers are integers already.
#[inline(always)]
fn round_ties_even(x: f32) -> i32 {
    let magic = 8_388_608_f32.copysign(x);
    (if x.abs() < 8_388_608.0 { x + magic - magic } else { x }) as i32
}

impl Ints {
    #[inline(always)]
    fn map(self, f: impl Fn(i32) -> i32) -> Self {
        Self(from_fn(|i| f(self.0[i])))
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(i32, i32) -> i32) -> Self {
        Self(from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Int for Ints {
    type Float = Floats;
    type Double = Doubles;

    #[inline(always)]
    fn shl(self, bits: u32) -> Self {
        self.map(|x| x << bits)
    }

    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        self.map(|x| (x as u32 >> bits) as i32)
    }

    #[inline(always)]
    fn negative(self) -> Self {
        self.map(|x| x >> 31)
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, i32::min)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, i32::max)
    }

    #[inline(always)]
    fn keep_halves(self, bits: u32) -> Self {
        let kept = |i: usize, half: usize| (bits >> (2 * i + half) & 1).wrapping_neg() & 0xffff;
        Self(from_fn(|i| self.0[i] & (kept(i, 1) << 16 | kept(i, 0)) as i32))
    }

    #[inline(always)]
    fn dot_pairs(self, a: Self, b: Self) -> Self {
        let low = a.zip(b, |a, b| i32::from(a as i16) * i32::from(b as i16));
        let high = a.zip(b, |a, b| (a >> 16) * (b >> 16));
        self + low + high
    }

    #[inline(always)]
    fn dot_quads(self, a: Self, b: Self) -> Self {
        let product = |byte: u32| {
            a.zip(b, move |a, b| i32::from((a >> byte) as u8) * i32::from((b >> byte) as i8))
        };
        self + product(0) + product(8) + product(16) + product(24)
    }

    #[inline(always)]
    fn add_bytes(self, a: Self) -> Self {
        self + a.map(|x| (x & 0xff) + (x >> 8 & 0xff) + (x >> 16 & 0xff) + (x >> 24 & 0xff))
    }

    #[inline(always)]
    fn to_float(self) -> Floats {
        Floats(self.0.map(|x| x as f32))
    }

    #[inline(always)]
    fn to_double(self) -> Doubles {
        Doubles(self.0.map(f64::from))
    }

    #[inline(always)]
    fn round(from: Floats) -> Self {
        Self(from.0.map(round_ties_even))
    }

    #[inline(always)]
    fn of_bits(from: Floats) -> Self {
        Self(from.0.map(|x| x.to_bits() as i32))
    }

    #[inline(always)]
    fn as_bits(self) -> Floats {
        Floats(self.0.map(|x| f32::from_bits(x as u32)))
    }

    #[inline(always)]
    fn signs(self) -> u32 {
        (0..LANES).fold(0, |bits, i| bits | u32::from(self.0[i] < 0) << i)
    }

    #[inline(always)]
    fn store_bytes(self, to: &mut [u8]) {
        for (to, lane) in to[..LANES].iter_mut().zip(self.0) {
            *to = lane as u8;
        }
    }
}

impl Float for Floats {
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        self * factor + term
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        to[..LANES].copy_from_slice(&self.0);
    }
}

impl Double for Doubles {
    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        to[..LANES].copy_from_slice(&self.0);
    }

    #[inline(always)]
    fn not_negative(self) -> u32 {
        (0..LANES).fold(0, |bits, i| bits | u32::from(self.0[i] >= 0.0) << i)
    }

    #[inline(always)]
    fn gates(self) -> [Self; 2] {
        let set = self.0.map(|x| f64::from(u8::from(x >= 0.0)));
        [Self(set), Self(set.map(|x| 1.0 - x))]
    }

    #[inline(always)]
    fn within(self, limit: f64) -> u32 {
        (0..LANES).fold(0, |bits, i| bits | u32::from(self.0[i].abs() < limit) << i)
    }
}

/// Implements binary operators lane by lane.
macro_rules! lanewise {
    ($vector:ident: $($operator:ident $method:ident $function:expr),+) => {$(
        impl $operator for $vector {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(from_fn(|i| $function(self.0[i], other.0[i])))
            }
        }
    )+};
}

lanewise!(Ints: Add add i32::wrapping_add, Sub sub i32::wrapping_sub, Mul mul i32::wrapping_mul,
    BitAnd bitand i32::bitand, BitOr bitor i32::bitor, BitXor bitxor i32::bitxor);
lanewise!(Floats: Add add f32::add, Sub sub f32::sub, Mul mul f32::mul);
lanewise!(Doubles: Add add f64::add, Sub sub f64::sub, Mul mul f64::mul, Div div f64::div);

/// The same with one number for all lanes on the right.
macro_rules! lanewise_with_one {
    ($($operator:ident $method:ident),+) => {$(
        impl $operator<f64> for Doubles {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                self.$method(Doubles([other; LANES]))
            }
        }
    )+};
}

lanewise_with_one!(Add add, Sub sub, Mul mul);
