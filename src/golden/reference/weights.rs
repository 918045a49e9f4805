//! Capacitances as weights of the rows' digits: exact integer sums, a vector of slices at a time.

use super::array::{PerRow, ROWS};
use crate::golden::simd::{Aligned, Int, MAX_LANES, Simd, lane, padded};

/// Rows in pairs, as the dot products want them: the even row in the low half.
const PAIRS: usize = ROWS / 2;

/// What the rows carry, in pairs. Those that carry nothing are left out: they add nothing to any
/// sum, and in an image there are many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    pairs: [Pair; PAIRS],
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Pair {
    number: u32,
    /// Of each kind that is carried.
    rows: [i32; 2],
}

impl Carried {
    /// Packs what the rows carry, two kinds of it.
    #[inline(always)]
    pub(super) fn new(kinds: [&PerRow; 2]) -> Self {
        let mut pairs = [Pair { number: 0, rows: [0; 2] }; PAIRS];
        let mut count = 0;
        // No branches: nobody can predict which rows carry something.
        for number in 0..PAIRS {
            let rows = kinds.map(|kind| pack([kind[2 * number], kind[2 * number + 1]]));
            pairs[count] = Pair { number: number as u32, rows };
            count += usize::from(rows != [0; 2]);
        }
        Self { pairs, count }
    }
}

#[inline(always)]
fn pack([even, odd]: [i16; 2]) -> i32 {
    i32::from(odd) << 16 | i32::from(even as u16)
}

fn unpack(pair: i32) -> [i16; 2] {
    [pair as i16, (pair >> 16) as i16]
}

/// Rows of a block of slices.
type Block = [[i32; MAX_LANES]; PAIRS];

/// Weights of all rows and slices.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    /// `[block of MAX_LANES slices][row pair][slice within]`: a vector of slices has its rows one
    /// after the other, always as many, those of a smaller array followed by zeros.
    words: Aligned<i32>,
}

impl Weights {
    pub(super) fn new(slices: usize, rows: usize, weight: impl Fn(usize, usize) -> i16) -> Self {
        let mut weights = Self { words: Aligned::zeroed(PAIRS * padded(slices)) };
        for slice in 0..slices {
            (0..rows).for_each(|m| weights.set(slice, m, weight(slice, m)));
        }
        weights
    }

    pub(super) fn get(&self, slice: usize, m: usize) -> i16 {
        unpack(self.words[index(slice, m)])[m % 2]
    }

    pub(super) fn set(&mut self, slice: usize, m: usize, weight: i16) {
        let index = index(slice, m);
        let mut rows = unpack(self.words[index]);
        rows[m % 2] = weight;
        self.words[index] = pack(rows);
    }

    /// Rows of the block of slices around `at`.
    #[inline(always)]
    fn block(&self, at: usize) -> &Block {
        &self.words.as_chunks().0.as_chunks().0[at / MAX_LANES]
    }
}

fn index(slice: usize, m: usize) -> usize {
    (slice / MAX_LANES * PAIRS + m / 2) * MAX_LANES + slice % MAX_LANES
}

/// Cells that store 1, of all rows and slices. Bits beside the capacitors, not masked capacitors: a
/// whole array of them stays in the cache next to the core.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// `[block of MAX_LANES slices][row pair]`: bit `2 lane + m % 2`.
    words: Vec<[u32; PAIRS]>,
}

impl Stored {
    /// All 0.
    pub(super) fn none(slices: usize) -> Self {
        Self { words: vec![[0; PAIRS]; slices.div_ceil(MAX_LANES)] }
    }

    pub(super) fn get(&self, slice: usize, m: usize) -> bool {
        self.words[slice / MAX_LANES][m / 2] >> bit(slice, m) & 1 == 1
    }

    pub(super) fn set(&mut self, slice: usize, m: usize, stored: bool) {
        let word = &mut self.words[slice / MAX_LANES][m / 2];
        *word = *word & !(1 << bit(slice, m)) | u32::from(stored) << bit(slice, m);
    }

    #[inline(always)]
    fn block(&self, at: usize) -> &[u32; PAIRS] {
        &self.words[at / MAX_LANES]
    }
}

/// Bit of a cell in its block's word.
fn bit(slice: usize, m: usize) -> usize {
    2 * (slice % MAX_LANES) + m % 2
}

/// Sums over rows of a line's weights times the first `T` kinds of what the rows carry, for the
/// slices from `at` on: over the cells that store 1, and over all. `L` lines at once: alone, each
/// would wait for its own last product.
#[inline(always)]
pub(super) fn sums<S: Simd, const L: usize, const T: usize>(
    simd: S,
    at: usize,
    lines: [(&Weights, &Stored); L],
    carried: &Carried,
) -> [[[S::Int; T]; 2]; L] {
    let mut blocks = [(lines[0].0.block(at), lines[0].1.block(at)); L];
    for l in 1..L {
        blocks[l] = (lines[l].0.block(at), lines[l].1.block(at));
    }
    let mut sums = [[[simd.splat(0); T]; 2]; L];
    for &Pair { number, rows } in &carried.pairs[..carried.count] {
        let pair = number as usize % PAIRS;
        for l in 0..L {
            let (weights, stored) = blocks[l];
            let all = simd.load(&weights[pair][lane::<S>(at)..]);
            let ones = all.keep_halves(stored[pair] >> (2 * lane::<S>(at)));
            for t in 0..T {
                let carried = simd.splat(rows[t]);
                sums[l][0][t] = sums[l][0][t].dot_pairs(carried, ones);
                sums[l][1][t] = sums[l][1][t].dot_pairs(carried, all);
            }
        }
    }
    sums
}
