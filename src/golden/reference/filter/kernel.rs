//! A step in `f32`: sums over the rows, seven decisions, and which of them are too close to call.

use super::super::array::ROWS;
use super::super::sar::INJECTIONS;
use super::Step;
use super::search::{self, Search};
use super::start::{self, OPENINGS, Start, TOGETHER};
use super::table::{BLOCK, Table};
use crate::config::ADC_BITS;
use crate::golden::chip::LEVELS;
use crate::golden::draws::{self, Cubic};
use crate::golden::noise::Draw;
use crate::golden::simd::{Int, Kernel, Simd};
use crate::pins::SLICE_WORDS;

/// Sees the margins of decision k as they come.
pub(super) trait Watch {
    fn margins<S: Simd>(&mut self, simd: S, k: usize, at: usize, margins: S::Float);
}

/// Looks away.
impl Watch for () {
    #[inline(always)]
    fn margins<S: Simd>(&mut self, _: S, _: usize, _: usize, _: S::Float) {}
}

/// One step of all slices.
pub(super) struct Convert<'a, W> {
    pub start: &'a Start,
    pub search: &'a Search,
    pub levels: &'a [f32; LEVELS],
    /// Margins below this are not certain, in V.
    pub limit: f32,
    pub ends: &'a mut Table,
    pub step: &'a Step<'a>,
    /// One per slice.
    pub codes: &'a mut [u8],
    /// Slices with such a margin.
    pub unsure: &'a mut [u32; SLICE_WORDS],
    pub watch: &'a mut W,
}

impl<W: Watch> Kernel for Convert<'_, W> {
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let driven = Driven::new(self.step.digits, self.levels);
        for at in (0..self.ends.padded()).step_by(BLOCK) {
            if S::LANES == 16 {
                self.block::<S, 2>(simd, at, &driven);
            } else {
                self.block::<S, 4>(simd, at, &driven);
            }
        }
    }
}

impl<W: Watch> Convert<'_, W> {
    /// A block of slices, `V` vectors.
    #[inline(always)]
    fn block<S: Simd, const V: usize>(&mut self, simd: S, at: usize, driven: &Driven) {
        let weights = self.start.block(at);
        let sums: [[S::Float; V]; 2] = if self.start.single_ended {
            sums::<S, V, 1>(simd, weights, driven)
        } else {
            sums::<S, V, 2>(simd, weights, driven)
        };
        let mut codes = [0; BLOCK];
        let mut unsure = 0;
        // Two vectors at a time: every decision waits for the one before, but not for that of other
        // slices.
        for v in (0..V).step_by(2) {
            let (here, next) = (v * S::LANES, (v + 1) * S::LANES);
            let mut first = self.begin(simd, at + here, [sums[0][v], sums[1][v]]);
            let mut second = self.begin(simd, at + next, [sums[0][v + 1], sums[1][v + 1]]);
            for k in 0..INJECTIONS {
                self.decide(simd, k, &mut first);
                self.decide(simd, k, &mut second);
                self.inject(simd, k, &mut first);
                self.inject(simd, k, &mut second);
            }
            self.decide(simd, INJECTIONS, &mut first);
            self.decide(simd, INJECTIONS, &mut second);
            unsure |= self.finish(simd, &first, &mut codes[here..]) << here;
            unsure |= self.finish(simd, &second, &mut codes[next..]) << next;
        }
        let there = BLOCK.min(self.ends.slices() - at);
        self.codes[at..at + there].copy_from_slice(&codes[..there]);
        self.unsure[at / BLOCK] = unsure & (u32::MAX >> (BLOCK - there));
    }

    /// A vector of slices at the first strobe.
    #[inline(always)]
    fn begin<S: Simd>(&self, simd: S, at: usize, sums: [S::Float; 2]) -> Slices<S> {
        Slices {
            at,
            p: self.side(simd, 0, at, sums[0]),
            n: self.side(simd, 1, at, sums[1]),
            zero: simd.splat(0),
            code: simd.splat(0),
            near: simd.splat(0),
        }
    }

    /// A side at the first strobe: the digits' sum, and all that does not depend on them.
    #[inline(always)]
    fn side<S: Simd>(&self, simd: S, side: usize, at: usize, sum: S::Float) -> S::Float {
        let value = |value| self.start.table().load(simd, start::row(value, side), at);
        let mut rest = value(start::Value::Constant);
        if self.start.single_ended && side == 1 {
            let level = simd.splat_f32(self.levels[usize::from(self.step.level) % LEVELS]);
            rest = rest + value(start::Value::Level) * level;
        }
        if !self.step.fresh[side] {
            rest = rest + value(start::Value::Residue) * self.residue(simd, side, at);
        }
        if let Some(key) = self.step.noise {
            let normal = Cubic::normal(1.0);
            for i in 0..OPENINGS.len() / 2 {
                let draw = OPENINGS[2 * i + side];
                let elements = draws::elements(simd, draw, self.ends.slices(), at);
                let deviation = self.start.table().load(simd, start::opening_row(draw), at);
                rest = rest + normal.of(simd, key, elements) * deviation;
            }
        }
        sum + rest
    }

    /// What the step before left on a side.
    #[inline(always)]
    fn residue<S: Simd>(&self, simd: S, side: usize, at: usize) -> S::Float {
        let leak = self.search.table().load(simd, search::leak_row(side), at);
        self.ends.load(simd, side, at) - leak * simd.splat_f32(self.step.latch as f32)
    }

    /// Decision k.
    #[inline(always)]
    fn decide<S: Simd>(&mut self, simd: S, k: usize, slices: &mut Slices<S>) {
        let at = slices.at;
        let mut offset = self.search.table().load(simd, search::margin_row(k), at);
        if let Some(key) = self.step.noise {
            let elements = draws::elements(simd, Draw::Decision(k), self.ends.slices(), at);
            offset = offset + self.search.comparator.of(simd, key, elements);
        }
        let margin = slices.p - slices.n + offset;
        self.watch.margins(simd, k, at, margin);
        let margin = S::Int::of_bits(margin);
        let bit = simd.splat(1 << (ADC_BITS - 1 - k));
        slices.zero = margin.negative();
        slices.code = slices.code | (slices.zero & bit);
        // Numbers that are not negative are in the order of their bits.
        let limit = simd.splat(self.limit.to_bits() as i32);
        slices.near = slices.near | ((margin & simd.splat(i32::MAX)) - limit);
    }

    /// Injection k: the higher side falls.
    #[inline(always)]
    fn inject<S: Simd>(&self, simd: S, k: usize, slices: &mut Slices<S>) {
        let Slices { at, p, n, zero, .. } = *slices;
        let draw = self.injection(simd, k, at);
        let from_p = S::Int::of_bits(self.removed(simd, (k, 0, at), p, draw));
        let from_n = S::Int::of_bits(self.removed(simd, (k, 1, at), n, draw));
        slices.p = p - (from_p & (zero ^ simd.splat(-1))).as_bits();
        slices.n = n - (from_n & zero).as_bits();
    }

    /// Draws of injection k, if it is noisy.
    #[inline(always)]
    fn injection<S: Simd>(&self, simd: S, k: usize, at: usize) -> Option<S::Float> {
        let key = self.step.noise.filter(|_| self.search.noisy)?;
        let elements = draws::elements(simd, Draw::Injection(k), self.ends.slices(), at);
        Some(Cubic::normal(1.0).of(simd, key, elements))
    }

    /// What injection k takes from a side at y.
    #[inline(always)]
    fn removed<S: Simd>(
        &self,
        simd: S,
        (k, side, at): (usize, usize, usize),
        y: S::Float,
        draw: Option<S::Float>,
    ) -> S::Float {
        let value = |value| self.search.table().load(simd, search::row(value, k, side), at);
        let removed = value(search::Value::Charge) + value(search::Value::Slope) * y;
        match draw {
            Some(z) => removed + value(search::Value::Deviation) * z,
            None => removed,
        }
    }

    /// Keeps what a search leaves. Returns the slices with a margin below the limit, one bit each.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, simd: S, slices: &Slices<S>, codes: &mut [u8]) -> u32 {
        let Slices { at, p, n, code, near, .. } = *slices;
        (code ^ simd.splat((1 << ADC_BITS) - 1)).store_bytes(codes);
        for (side, y) in [(0, p), (1, n)] {
            let fallen = self.search.table().load(simd, search::fallen_row(side), at);
            self.ends.store::<S>(side, at, y - fallen);
        }
        near.signs()
    }
}

/// A vector of slices during the search.
struct Slices<S: Simd> {
    /// First slice.
    at: usize,
    p: S::Float,
    n: S::Float,
    /// Lanes whose latest decision is 0: all bits set.
    zero: S::Int,
    /// Bits whose decision was 0.
    code: S::Int,
    /// Negative where some margin is below the limit.
    near: S::Int,
}

/// What the row DACs drive. Rows without a level are left out: in an image there are many.
struct Driven<'a> {
    digits: &'a [u8],
    levels: &'a [f32; LEVELS],
    /// Rows with a level, one bit each.
    rows: u64,
}

impl<'a> Driven<'a> {
    fn new(digits: &'a [u8], levels: &'a [f32; LEVELS]) -> Self {
        let all = u64::MAX >> (ROWS - digits.len());
        let rows = if levels[0] == 0.0 { not_zero(digits) } else { all };
        Self { digits, levels, rows }
    }

    /// Level of a row.
    #[inline(always)]
    fn level(&self, m: usize) -> f32 {
        self.levels[usize::from(self.digits[m]) % LEVELS]
    }
}

/// Which digits are not 0, one bit each: eight at a time, each below 16.
fn not_zero(digits: &[u8]) -> u64 {
    let (eights, _) = digits.as_chunks();
    let of_eight = |&eight: &[u8; 8]| {
        // The highest bit of every byte that is not 0, moved to the lowest, then side by side.
        let bytes = (u64::from_le_bytes(eight) + 0x7f7f_7f7f_7f7f_7f7f) >> 7 & 0x0101_0101_0101_0101;
        bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    eights.iter().rev().fold(0, |rows, eight| rows << 8 | of_eight(eight))
}

/// Sums over the rows of weights times levels of `L` sides.
#[inline(always)]
fn sums<S: Simd, const V: usize, const L: usize>(
    simd: S,
    weights: &start::Weights,
    driven: &Driven,
) -> [[S::Float; V]; 2] {
    let zero = simd.splat_f32(0.0);
    let mut sums = [[zero; V]; 2];
    for group in 0..ROWS / TOGETHER {
        let mut rows = driven.rows >> (group * TOGETHER) & ((1 << TOGETHER) - 1);
        let mut partial = [[zero; V]; L];
        while rows != 0 {
            let m = (group * TOGETHER + rows.trailing_zeros() as usize) % ROWS;
            rows &= rows - 1;
            let level = simd.splat_f32(driven.level(m));
            for side in 0..L {
                for v in 0..V {
                    let weight = simd.load_f32(&weights[m][side][v * S::LANES..]);
                    partial[side][v] = partial[side][v] + weight * level;
                }
            }
        }
        for side in 0..L {
            for v in 0..V {
                sums[side][v] = sums[side][v] + partial[side][v];
            }
        }
    }
    sums
}
