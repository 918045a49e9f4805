//! The successive approximation of a batch: sums to deciding voltages to codes.

use super::draws::{self, Cubic};
use super::simd::{Int, Kernel, MAX_LANES, Simd};
use super::slice::{INJECTIONS, OPENINGS};
use super::transfer::Transfer;
use super::{MAX_ROWS, TILE, sums};
use crate::config::ADC_BITS;
use crate::golden::noise::{self, Draw};
use crate::golden::random::Key;

/// Digits of the `T` vectors of a tile, two rows a word.
type Digits<const T: usize> = [[i32; MAX_ROWS / 2]; T];

/// Rows of the noise frame that hold kT/C draws, in the order of [`Transfer::ktc`].
const KTC_DRAWS: [Draw; OPENINGS] = [
    Draw::Reset(0),
    Draw::Reset(1),
    Draw::Sample(0),
    Draw::Sample(1),
    Draw::Multiply(0),
    Draw::Multiply(1),
];

/// Whose noise a batch sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conversions {
    pub seed: u64,
    pub chip: u64,
    /// Conversion index of the first vector; those of the others follow.
    pub first: u64,
}

/// One call of `convert`.
pub(super) struct Search<'a> {
    pub transfer: &'a Transfer,
    pub conversions: Conversions,
    pub digits: &'a [u8],
    pub codes: &'a mut [u8],
}

impl Kernel for Search<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.transfer.comparator {
            None => self.tiles::<S, _, TILE>(simd, Silent),
            Some(cubic) if S::LANES == MAX_LANES => self.tiles::<S, _, TILE>(simd, Noisy(cubic)),
            // Narrower vectors come with fewer registers, and a noisy search needs more of them.
            Some(cubic) => self.tiles::<S, _, { TILE / 2 }>(simd, Noisy(cubic)),
        }
    }
}

impl Search<'_> {
    /// Converts `T` vectors at a time, what is left one by one.
    #[inline(always)]
    fn tiles<S: Simd, C: Comparator, const T: usize>(self, simd: S, comparator: C) {
        let Self { transfer, conversions, digits, codes } = self;
        let (rows, slices) = (transfer.rows, transfer.slices);
        let mut digits = digits.chunks_exact(T * rows);
        let mut codes = codes.chunks_exact_mut(T * slices);
        let mut at = conversions;
        for (digits, codes) in digits.by_ref().zip(codes.by_ref()) {
            transfer.tile::<S, C, T>(simd, comparator, at, digits, codes);
            at.first = at.first.wrapping_add(T as u64);
        }
        let (digits, codes) = (digits.remainder(), codes.into_remainder());
        for (digits, codes) in digits.chunks_exact(rows).zip(codes.chunks_exact_mut(slices)) {
            transfer.tile::<S, C, 1>(simd, comparator, at, digits, codes);
            at.first = at.first.wrapping_add(1);
        }
    }
}

impl Transfer {
    /// Converts `T` vectors.
    #[inline(always)]
    fn tile<S: Simd, C: Comparator, const T: usize>(
        &self,
        simd: S,
        comparator: C,
        conversions: Conversions,
        digits: &[u8],
        codes: &mut [u8],
    ) {
        let digits = sums::digit_pairs::<T>(digits, self.rows);
        let keys = if C::NOISY || self.ktc.is_some() { keys(conversions) } else { [Key(0, 0); T] };
        for at in (0..self.slices).step_by(S::LANES) {
            let voltages = self.voltages(simd, at, &digits, &keys);
            let lanes = self.search(simd, comparator, at, voltages, &keys);
            sums::store_codes::<S, T>(lanes, codes, self.slices, at);
        }
    }

    /// V_P - V_N + offset - threshold before the first decision, in steps.
    #[inline(always)]
    fn voltages<S: Simd, const T: usize>(
        &self,
        simd: S,
        at: usize,
        digits: &Digits<T>,
        keys: &[Key; T],
    ) -> [S::Int; T] {
        let mut floats = self.ktc(simd, at, keys);
        let mut sums = sums::sum_pairs(simd, &self.weights_p, self.stride, at, digits);
        let gain = simd.load_f32(&self.gain_p[at..]);
        for t in 0..T {
            floats[t] = floats[t] + sums[t].to_float() * gain;
        }
        if let Some(weights) = &self.weights_n {
            let others = sums::sum_pairs(simd, weights, self.stride, at, digits);
            let gain = simd.load_f32(&self.gain_n[at..]);
            for t in 0..T {
                floats[t] = floats[t] + others[t].to_float() * gain;
                sums[t] = sums[t] - others[t];
            }
        }
        let base = simd.load(&self.base[at..]);
        for t in 0..T {
            sums[t] = sums[t].shl(self.fraction) + S::Int::round(floats[t]) + base;
        }
        sums
    }

    /// kT/C noise of both sides, in steps.
    #[inline(always)]
    fn ktc<S: Simd, const T: usize>(&self, simd: S, at: usize, keys: &[Key; T]) -> [S::Float; T] {
        let mut noise = [simd.splat_f32(0.0); T];
        if let Some(deviations) = &self.ktc {
            let normal = Cubic::normal(1.0);
            for (draw, deviations) in
                KTC_DRAWS.into_iter().zip(deviations.chunks_exact(self.stride))
            {
                let elements = draws::elements(simd, draw, self.slices, at);
                let deviation = simd.load_f32(&deviations[at..]);
                for t in 0..T {
                    noise[t] = noise[t] + normal.of(simd, keys[t], elements) * deviation;
                }
            }
        }
        noise
    }

    /// Seven decisions with six injections between them.
    #[inline(always)]
    fn search<S: Simd, C: Comparator, const T: usize>(
        &self,
        simd: S,
        comparator: C,
        at: usize,
        mut voltages: [S::Int; T],
        keys: &[Key; T],
    ) -> [S::Int; T] {
        // Bits whose decision was 0.
        let mut zeros = [simd.splat(0); T];
        for k in 0..ADC_BITS {
            let elements = draws::elements(simd, Draw::Decision(k), self.slices, at);
            let bit = simd.splat(1 << (ADC_BITS - 1 - k));
            // All decisions before all injections: the noise of independent vectors overlaps.
            let mut below = [simd.splat(0); T];
            for t in 0..T {
                below[t] = comparator.sees(simd, voltages[t], keys[t], elements).negative();
                zeros[t] = zeros[t] | (below[t] & bit);
            }
            if k < INJECTIONS {
                let row = k * self.stride + at;
                let (fall, span) = (simd.load(&self.fall[row..]), simd.load(&self.span[row..]));
                for t in 0..T {
                    // P falls; where it was the lower side, N falls instead.
                    voltages[t] = voltages[t] - fall + (below[t] & span);
                }
            }
        }
        for zeros in &mut zeros {
            *zeros = *zeros ^ simd.splat(127);
        }
        zeros
    }
}

/// Keys of the noise frames of `T` consecutive conversions.
#[inline(always)]
fn keys<const T: usize>(conversions: Conversions) -> [Key; T] {
    let Conversions { seed, chip, first } = conversions;
    std::array::from_fn(|t| noise::key(seed, chip, first.wrapping_add(t as u64)))
}

/// What a comparator takes for the voltage it is shown.
trait Comparator: Copy {
    const NOISY: bool;
    fn sees<S: Simd>(self, simd: S, voltage: S::Int, key: Key, elements: S::Int) -> S::Int;
}

/// Sees what is there.
#[derive(Clone, Copy)]
struct Silent;

impl Comparator for Silent {
    const NOISY: bool = false;

    #[inline(always)]
    fn sees<S: Simd>(self, _: S, voltage: S::Int, _: Key, _: S::Int) -> S::Int {
        voltage
    }
}

/// Adds its decision's draw.
#[derive(Clone, Copy)]
struct Noisy(Cubic);

impl Comparator for Noisy {
    const NOISY: bool = true;

    #[inline(always)]
    fn sees<S: Simd>(self, simd: S, voltage: S::Int, key: Key, elements: S::Int) -> S::Int {
        voltage + S::Int::round(self.0.of(simd, key, elements))
    }
}
