//! Products of digits and weights, summed over the MAC rows: exact integers.
//!
//! A lane of weights holds two rows of 16 bits (drawn capacitors) or four of 8 (plain signs), the
//! lowest row in the lowest bits; digits are packed alike.

use super::MAX_ROWS;
use super::simd::{Int, MAX_LANES, Simd, padded};

/// Packs the weights `weight(slice, row)` of two rows a lane: `[row pair][padded slice]`.
pub(super) fn pack_pairs(
    slices: usize,
    rows: usize,
    weight: impl Fn(usize, usize) -> i16,
) -> Vec<i32> {
    let stride = padded(slices);
    let mut packed = vec![0; rows / 2 * stride];
    for (pair, lanes) in packed.chunks_exact_mut(stride).enumerate() {
        for (slice, lane) in lanes[..slices].iter_mut().enumerate() {
            let [low, high] = [0, 1].map(|i| weight(slice, 2 * pair + i));
            *lane = i32::from(high) << 16 | i32::from(low as u16);
        }
    }
    packed
}

/// Packs the weights `weight(slice, row)` of four rows a lane: `[row quad][padded slice]`.
pub(super) fn pack_quads(
    slices: usize,
    rows: usize,
    weight: impl Fn(usize, usize) -> i8,
) -> Vec<i32> {
    let stride = padded(slices);
    let mut packed = vec![0; rows / 4 * stride];
    for (quad, lanes) in packed.chunks_exact_mut(stride).enumerate() {
        for (slice, lane) in lanes[..slices].iter_mut().enumerate() {
            let bytes = [0, 1, 2, 3].map(|i| weight(slice, 4 * quad + i) as u8);
            *lane = i32::from_le_bytes(bytes);
        }
    }
    packed
}

/// Digits of `T` vectors of `rows` digits, two rows a word; unused words stay 0.
#[inline(always)]
pub(super) fn digit_pairs<const T: usize>(digits: &[u8], rows: usize) -> [[i32; MAX_ROWS / 2]; T] {
    let mut words = [[0; MAX_ROWS / 2]; T];
    for (words, digits) in words.iter_mut().zip(digits.chunks_exact(rows)) {
        for (word, pair) in words.iter_mut().zip(digits.chunks_exact(2)) {
            *word = i32::from(pair[1]) << 16 | i32::from(pair[0]);
        }
    }
    words
}

/// Digits of `T` vectors of `rows` digits, four rows a word; unused words stay 0.
#[inline(always)]
pub(super) fn digit_quads<const T: usize>(digits: &[u8], rows: usize) -> [[i32; MAX_ROWS / 4]; T] {
    let mut words = [[0; MAX_ROWS / 4]; T];
    for (words, digits) in words.iter_mut().zip(digits.chunks_exact(rows)) {
        for (word, quad) in words.iter_mut().zip(digits.chunks_exact(4)) {
            *word = i32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]);
        }
    }
    words
}

/// Sums of `T` vectors over packed pairs, for the lanes from slice `at` on.
#[inline(always)]
pub(super) fn sum_pairs<S: Simd, const T: usize>(
    simd: S,
    weights: &[i32],
    stride: usize,
    at: usize,
    digits: &[[i32; MAX_ROWS / 2]; T],
) -> [S::Int; T] {
    let mut sums = [simd.splat(0); T];
    for (pair, weights) in weights.chunks_exact(stride).take(MAX_ROWS / 2).enumerate() {
        let weights = simd.load(&weights[at..]);
        for t in 0..T {
            sums[t] = sums[t].dot_pairs(simd.splat(digits[t][pair]), weights);
        }
    }
    sums
}

/// Sums of `T` vectors over packed quads, for the lanes from slice `at` on.
#[inline(always)]
pub(super) fn sum_quads<S: Simd, const T: usize>(
    simd: S,
    weights: &[i32],
    stride: usize,
    at: usize,
    digits: &[[i32; MAX_ROWS / 4]; T],
) -> [S::Int; T] {
    let mut sums = [simd.splat(0); T];
    for (quad, weights) in weights.chunks_exact(stride).take(MAX_ROWS / 4).enumerate() {
        let weights = simd.load(&weights[at..]);
        for t in 0..T {
            sums[t] = sums[t].dot_quads(simd.splat(digits[t][quad]), weights);
        }
    }
    sums
}

/// Writes the codes of `T` vectors for the slices from `at` on; `codes` is `[vector][slice]`.
#[inline(always)]
pub(super) fn store_codes<S: Simd, const T: usize>(
    lanes: [S::Int; T],
    codes: &mut [u8],
    slices: usize,
    at: usize,
) {
    for (lanes, codes) in lanes.into_iter().zip(codes.chunks_exact_mut(slices)) {
        let codes = &mut codes[at..];
        if codes.len() >= S::LANES {
            lanes.store_bytes(codes);
        } else {
            let mut whole = [0; MAX_LANES];
            lanes.store_bytes(&mut whole);
            codes.copy_from_slice(&whole[..codes.len()]);
        }
    }
}
