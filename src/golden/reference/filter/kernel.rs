//! A step in `f32`: sums over the rows, seven decisions, and which of them are too close to call.

use super::super::array::ROWS;
use super::super::sar::INJECTIONS;
use super::Step;
use super::block::{BLOCK, Row};
use super::search::{self, Injection, Search};
use super::start::{self, OPENINGS, Start, TOGETHER};
use crate::config::ADC_BITS;
use crate::golden::chip::LEVELS;
use crate::golden::draws::{Cubic, Draws};
use crate::golden::noise::Draw;
use crate::golden::simd::{Float, Int, Kernel, Simd};
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
    pub ends: &'a mut [[Row; 2]],
    pub step: &'a Step<'a>,
    /// One per slice.
    pub codes: &'a mut [u8],
    /// Slices with such a margin.
    pub unsure: &'a mut [u32; SLICE_WORDS],
    pub watch: &'a mut W,
}

impl<W: Watch> Kernel for Convert<'_, W> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.step.noise {
            None => self.blocks(simd, Silent),
            Some(key) => {
                let draws = Draws::new(key, self.codes.len());
                if self.search.noisy {
                    self.blocks(simd, Noisy::<true>(&draws));
                } else {
                    self.blocks(simd, Noisy::<false>(&draws));
                }
            }
        }
    }
}

impl<W: Watch> Convert<'_, W> {
    #[inline(always)]
    fn blocks<S: Simd>(self, simd: S, noise: impl Noise) {
        let driven = Driven::new(self.step.digits, self.levels);
        let blocks = self.start.blocks.iter().zip(&self.search.blocks).zip(&mut *self.ends);
        for (number, ((start, search), ends)) in blocks.enumerate() {
            let at = number * BLOCK;
            let (limit, comparator) = (self.limit, self.search.comparator);
            let mut block =
                Block { simd, noise, start, search, step: self.step, limit, comparator, at };
            let single_ended =
                self.start.single_ended.then(|| self.levels[usize::from(self.step.level) % LEVELS]);
            let mut codes = [0; BLOCK];
            let unsure = if S::LANES == 16 {
                block.convert::<W, 2>(&driven, single_ended, ends, &mut codes, self.watch)
            } else {
                block.convert::<W, 4>(&driven, single_ended, ends, &mut codes, self.watch)
            };
            let codes_of_block = &mut self.codes[number * BLOCK..];
            let there = BLOCK.min(codes_of_block.len());
            codes_of_block[..there].copy_from_slice(&codes[..there]);
            self.unsure[number] = unsure & (u32::MAX >> (BLOCK - there));
        }
    }
}

/// A block of slices in a step.
struct Block<'a, S, N> {
    simd: S,
    noise: N,
    start: &'a start::Block,
    search: &'a search::Block,
    step: &'a Step<'a>,
    limit: f32,
    comparator: Cubic,
    /// First slice of the block.
    at: usize,
}

impl<S: Simd, N: Noise> Block<'_, S, N> {
    /// Converts `V` vectors; `level` is that of the dummy columns if side N is one. Returns the
    /// slices that are unsure, one bit each.
    #[inline(always)]
    fn convert<W: Watch, const V: usize>(
        &mut self,
        driven: &Driven,
        level: Option<f32>,
        ends: &mut [Row; 2],
        codes: &mut [u8; BLOCK],
        watch: &mut W,
    ) -> u32 {
        let simd = self.simd;
        let sums: [[S::Float; V]; 2] = if level.is_some() {
            sums::<S, V, 1>(simd, &self.start.weights, driven)
        } else {
            sums::<S, V, 2>(simd, &self.start.weights, driven)
        };
        let mut unsure = 0;
        // Every decision waits for the one before, but not for that of other slices: two vectors at a
        // time, if registers hold them.
        let at_once = if S::MANY_REGISTERS { 2 } else { 1 };
        for v in (0..V).step_by(at_once) {
            let first = self.begin(v * S::LANES, [sums[0][v], sums[1][v]], level, ends);
            unsure |= if S::MANY_REGISTERS {
                let (at, sums) = ((v + 1) * S::LANES, [sums[0][v + 1], sums[1][v + 1]]);
                let second = self.begin(at, sums, level, ends);
                self.search([first, second], ends, codes, watch)
            } else {
                self.search([first], ends, codes, watch)
            };
        }
        unsure
    }

    /// The binary search of vectors. Returns the slices that are unsure, one bit each.
    #[inline(always)]
    fn search<W: Watch, const T: usize>(
        &mut self,
        mut vectors: [Slices<S>; T],
        ends: &mut [Row; 2],
        codes: &mut [u8; BLOCK],
        watch: &mut W,
    ) -> u32 {
        for k in 0..INJECTIONS {
            for slices in &mut vectors {
                self.decide(k, slices, watch);
            }
            for slices in &mut vectors {
                self.inject(k, slices);
            }
        }
        let mut unsure = 0;
        for slices in &mut vectors {
            self.decide(INJECTIONS, slices, watch);
            unsure |= self.finish(slices, ends, codes);
        }
        unsure
    }

    /// A vector of slices at the first strobe, from slice `first` of the block on.
    #[inline(always)]
    fn begin(
        &self,
        first: usize,
        sums: [S::Float; 2],
        level: Option<f32>,
        ends: &[Row; 2],
    ) -> Slices<S> {
        let simd = self.simd;
        let drawn = self.noise.slices(simd, self.at + first);
        let mut p = self.side(0, first, drawn, ends);
        let mut n = self.side(1, first, drawn, ends);
        if let Some(level) = level {
            n = self.start.sides[1].level.load(simd, first).mul_add(simd.splat_f32(level), n);
        }
        (p, n) = (p + sums[0], n + sums[1]);
        let zero = simd.splat(0);
        Slices { first, drawn, p, n, zero, zeros: zero, least: simd.splat(i32::MAX) }
    }

    /// What a side has without digits and level at the first strobe.
    #[inline(always)]
    fn side(&self, side: usize, first: usize, drawn: S::Int, ends: &[Row; 2]) -> S::Float {
        let simd = self.simd;
        let start = &self.start.sides[side];
        let mut rest = start.constant.load(simd, first);
        if !self.step.fresh[side] {
            let leaked = self.search.leak[side].load(simd, first);
            let left =
                ends[side].load(simd, first) - leaked * simd.splat_f32(self.step.latch as f32);
            rest = start.residue.load(simd, first).mul_add(left, rest);
        }
        for (draw, deviation) in OPENINGS.iter().zip(&start.noise) {
            if let Some(z) = self.noise.normal(simd, UNIT, draw(side), drawn) {
                rest = z.mul_add(deviation.load(simd, first), rest);
            }
        }
        rest
    }

    /// Decision k.
    #[inline(always)]
    fn decide<W: Watch>(&mut self, k: usize, slices: &mut Slices<S>, watch: &mut W) {
        let (simd, first) = (self.simd, slices.first);
        let mut offset = self.search.offsets[k].load(simd, first);
        let draw = Draw::Decision(k);
        if let Some(noise) = self.noise.normal(simd, self.comparator, draw, slices.drawn) {
            offset = offset + noise;
        }
        let margin = slices.p - slices.n + offset;
        watch.margins(simd, k, self.at + first, margin);
        let margin = S::Int::of_bits(margin);
        slices.zero = margin.negative();
        // All bits of a lane are 1: taking that away adds 1.
        slices.zeros = slices.zeros + slices.zeros - slices.zero;
        // Numbers that are not negative are in the order of their bits.
        slices.least = slices.least.min(margin & simd.splat(i32::MAX));
    }

    /// Injection k: the higher side falls.
    #[inline(always)]
    fn inject(&self, k: usize, slices: &mut Slices<S>) {
        let Slices { first, drawn, p, n, zero, .. } = *slices;
        let draw = self.noise.injection(self.simd, k, drawn);
        let [of_p, of_n] = &self.search.injections[k];
        let from_p = S::Int::of_bits(self.removed(of_p, first, p, draw));
        let from_n = S::Int::of_bits(self.removed(of_n, first, n, draw));
        slices.p = p - (from_p & (zero ^ self.simd.splat(-1))).as_bits();
        slices.n = n - (from_n & zero).as_bits();
    }

    /// What an injection takes from a side at y.
    #[inline(always)]
    fn removed(
        &self,
        injection: &Injection,
        first: usize,
        y: S::Float,
        draw: Option<S::Float>,
    ) -> S::Float {
        let simd = self.simd;
        let charge = injection.charge.load(simd, first);
        let removed = y.mul_add(injection.slope.load(simd, first), charge);
        match draw {
            Some(z) => z.mul_add(injection.deviation.load(simd, first), removed),
            None => removed,
        }
    }

    /// Keeps what a search leaves. Returns the slices with a margin below the limit, one bit each.
    #[inline(always)]
    fn finish(&self, slices: &Slices<S>, ends: &mut [Row; 2], codes: &mut [u8; BLOCK]) -> u32 {
        let (simd, &Slices { first, p, n, zeros, least, .. }) = (self.simd, slices);
        (zeros ^ simd.splat((1 << ADC_BITS) - 1)).store_bytes(&mut codes[first..]);
        let [fallen_p, fallen_n] = &self.search.fallen;
        ends[0].store(simd, first, p - fallen_p.load(simd, first));
        ends[1].store(simd, first, n - fallen_n.load(simd, first));
        (least - simd.splat(self.limit.to_bits() as i32)).signs() << first
    }
}

/// A vector of slices during the search.
struct Slices<S: Simd> {
    /// First slice within the block.
    first: usize,
    /// What numbers them in draws.
    drawn: S::Int,
    p: S::Float,
    n: S::Float,
    /// Lanes whose latest decision is 0: all bits set.
    zero: S::Int,
    /// Decisions so far, the latest one lowest: 1 where it was 0.
    zeros: S::Int,
    /// Least magnitude of a margin, as bits.
    least: S::Int,
}

/// Normals as they are.
const UNIT: Cubic = Cubic::UNIT;

/// Draws of a conversion.
trait Noise: Copy {
    /// What numbers slices from `at` on.
    fn slices<S: Simd>(self, simd: S, at: usize) -> S::Int;
    /// Cubics of a draw of these slices.
    fn normal<S: Simd>(self, simd: S, cubic: Cubic, draw: Draw, slices: S::Int)
    -> Option<S::Float>;
    /// Of injection k.
    fn injection<S: Simd>(self, simd: S, k: usize, slices: S::Int) -> Option<S::Float>;
}

/// There is none.
#[derive(Clone, Copy)]
struct Silent;

impl Noise for Silent {
    #[inline(always)]
    fn slices<S: Simd>(self, simd: S, _: usize) -> S::Int {
        simd.splat(0)
    }

    #[inline(always)]
    fn normal<S: Simd>(self, _: S, _: Cubic, _: Draw, _: S::Int) -> Option<S::Float> {
        None
    }

    #[inline(always)]
    fn injection<S: Simd>(self, _: S, _: usize, _: S::Int) -> Option<S::Float> {
        None
    }
}

/// That of a conversion, of injections too or not.
#[derive(Clone, Copy)]
struct Noisy<'a, const INJECTIONS: bool>(&'a Draws);

impl<const INJECTIONS: bool> Noise for Noisy<'_, INJECTIONS> {
    #[inline(always)]
    fn slices<S: Simd>(self, simd: S, at: usize) -> S::Int {
        self.0.slices(simd, at)
    }

    #[inline(always)]
    fn normal<S: Simd>(
        self,
        simd: S,
        cubic: Cubic,
        draw: Draw,
        slices: S::Int,
    ) -> Option<S::Float> {
        Some(self.0.of(simd, cubic, draw, slices))
    }

    #[inline(always)]
    fn injection<S: Simd>(self, simd: S, k: usize, slices: S::Int) -> Option<S::Float> {
        if INJECTIONS { self.normal(simd, UNIT, Draw::Injection(k), slices) } else { None }
    }
}

/// What the row DACs drive. Rows without a level are left out: in an image there are many.
struct Driven<'a> {
    digits: &'a [u8],
    levels: &'a [f32; LEVELS],
    /// Rows with a level, one bit each.
    rows: u64,
}

impl<'a> Driven<'a> {
    #[inline(always)]
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
#[inline(always)]
fn not_zero(digits: &[u8]) -> u64 {
    let (eights, _) = digits.as_chunks();
    let of_eight = |&eight: &[u8; 8]| {
        // The highest bit of every byte that is not 0, moved to the lowest, then side by side.
        let bytes =
            (u64::from_le_bytes(eight) + 0x7f7f_7f7f_7f7f_7f7f) >> 7 & 0x0101_0101_0101_0101;
        bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    eights.iter().rev().fold(0, |rows, eight| rows << 8 | of_eight(eight))
}

/// Sums over the rows of weights times levels of `L` sides.
#[inline(always)]
fn sums<S: Simd, const V: usize, const L: usize>(
    simd: S,
    weights: &[[Row; 2]; ROWS],
    driven: &Driven,
) -> [[S::Float; V]; 2] {
    let zero = simd.splat_f32(0.0);
    let mut sums = [[zero; V]; 2];
    let mut rows = driven.rows;
    while rows != 0 {
        let mut partial = [[zero; V]; L];
        for _ in 0..TOGETHER {
            if rows == 0 {
                break;
            }
            let m = rows.trailing_zeros() as usize;
            rows &= rows - 1;
            let level = simd.splat_f32(driven.level(m));
            for (partial, weights) in partial.iter_mut().zip(&weights[m]) {
                for (v, partial) in partial.iter_mut().enumerate() {
                    *partial = weights.load(simd, v * S::LANES).mul_add(level, *partial);
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
