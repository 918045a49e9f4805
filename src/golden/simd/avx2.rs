//! Eight lanes with AVX2 and FMA.

use super::{Double, Float, Int, Kernel, Simd, operators, operators_of_all, operators_with_one};
use std::arch::x86_64::*;

const LANES: usize = 8;

/// Proof that the machine has AVX2 and FMA.
#[derive(Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    pub fn run(self, kernel: impl Kernel) {
        #[target_feature(enable = "avx2,fma")]
        fn with_features(kernel: impl Kernel, simd: Avx2) {
            kernel.run(simd);
        }
        // SAFETY: `self` exists, so the feature was detected.
        unsafe { with_features(kernel, self) }
    }
}

/// Lanes of `i32`.
#[derive(Clone, Copy)]
pub struct Ints(__m256i);

/// Lanes of `f32`.
#[derive(Clone, Copy)]
pub struct Floats(__m256);

/// Lanes of `f64`, the first four first.
#[derive(Clone, Copy)]
pub struct Doubles([__m256d; 2]);

impl Simd for Avx2 {
    type Int = Ints;
    type Float = Floats;
    type Double = Doubles;
    const LANES: usize = LANES;
    const MANY_REGISTERS: bool = false;

    #[inline(always)]
    fn splat(self, value: i32) -> Ints {
        // SAFETY: `self` exists, so the feature was detected.
        Ints(unsafe { _mm256_set1_epi32(value) })
    }

    #[inline(always)]
    fn load(self, from: &[i32]) -> Ints {
        let from = &from[..LANES];
        // SAFETY: as in `splat`; `from` holds a whole vector and may be unaligned.
        Ints(unsafe { _mm256_loadu_si256(from.as_ptr().cast()) })
    }

    #[inline(always)]
    fn splat_f32(self, value: f32) -> Floats {
        // SAFETY: as in `splat`.
        Floats(unsafe { _mm256_set1_ps(value) })
    }

    #[inline(always)]
    fn load_f32(self, from: &[f32]) -> Floats {
        let from = &from[..LANES];
        // SAFETY: as in `load`.
        Floats(unsafe { _mm256_loadu_ps(from.as_ptr()) })
    }

    #[inline(always)]
    fn splat_f64(self, value: f64) -> Doubles {
        // SAFETY: as in `splat`.
        Doubles(unsafe { [_mm256_set1_pd(value); 2] })
    }

    #[inline(always)]
    fn load_f64(self, from: &[f64]) -> Doubles {
        let from = &from[..LANES];
        // SAFETY: as in `load`; the second half begins four elements on.
        Doubles(unsafe { [_mm256_loadu_pd(from.as_ptr()), _mm256_loadu_pd(from[4..].as_ptr())] })
    }

    #[inline(always)]
    fn gate(self, bits: u32) -> Doubles {
        // SAFETY: as in `splat`.
        unsafe {
            let lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let set =
                _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(bits as i32), lane), lane);
            Ints(_mm256_srli_epi32::<31>(set)).to_double()
        }
    }
}

// SAFETY of all blocks below: a vector exists, so the feature was detected.
impl Int for Ints {
    type Float = Floats;
    type Double = Doubles;

    #[inline(always)]
    fn shl(self, bits: u32) -> Self {
        Self(unsafe { _mm256_sllv_epi32(self.0, _mm256_set1_epi32(bits as i32)) })
    }

    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        Self(unsafe { _mm256_srlv_epi32(self.0, _mm256_set1_epi32(bits as i32)) })
    }

    #[inline(always)]
    fn negative(self) -> Self {
        Self(unsafe { _mm256_srai_epi32::<31>(self.0) })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(unsafe { _mm256_min_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(unsafe { _mm256_max_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn keep_halves(self, bits: u32) -> Self {
        Self(unsafe {
            let low = _mm_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128);
            let half = _mm256_set_m128i(_mm_slli_epi16::<8>(low), low);
            let set = _mm256_and_si256(_mm256_set1_epi16(bits as i16), half);
            _mm256_and_si256(self.0, _mm256_cmpeq_epi16(set, half))
        })
    }

    #[inline(always)]
    fn dot_pairs(self, a: Self, b: Self) -> Self {
        Self(unsafe { _mm256_add_epi32(self.0, _mm256_madd_epi16(a.0, b.0)) })
    }

    #[inline(always)]
    fn dot_quads(self, a: Self, b: Self) -> Self {
        let one = unsafe { _mm256_set1_epi16(1) };
        // Pairs of products stay below 2^15 because a's bytes are at most 127: nothing saturates.
        let pairs = unsafe { _mm256_maddubs_epi16(a.0, b.0) };
        Self(unsafe { _mm256_add_epi32(self.0, _mm256_madd_epi16(pairs, one)) })
    }

    #[inline(always)]
    fn add_bytes(self, a: Self) -> Self {
        let (ones, one) = unsafe { (_mm256_set1_epi8(1), _mm256_set1_epi16(1)) };
        let pairs = unsafe { _mm256_maddubs_epi16(a.0, ones) };
        Self(unsafe { _mm256_add_epi32(self.0, _mm256_madd_epi16(pairs, one)) })
    }

    #[inline(always)]
    fn to_float(self) -> Floats {
        Floats(unsafe { _mm256_cvtepi32_ps(self.0) })
    }

    #[inline(always)]
    fn to_double(self) -> Doubles {
        Doubles(unsafe {
            let (low, high) =
                (_mm256_castsi256_si128(self.0), _mm256_extracti128_si256::<1>(self.0));
            [_mm256_cvtepi32_pd(low), _mm256_cvtepi32_pd(high)]
        })
    }

    #[inline(always)]
    fn round(from: Floats) -> Self {
        Self(unsafe { _mm256_cvtps_epi32(from.0) })
    }

    #[inline(always)]
    fn of_bits(from: Floats) -> Self {
        Self(unsafe { _mm256_castps_si256(from.0) })
    }

    #[inline(always)]
    fn as_bits(self) -> Floats {
        Floats(unsafe { _mm256_castsi256_ps(self.0) })
    }

    #[inline(always)]
    fn signs(self) -> u32 {
        unsafe { _mm256_movemask_ps(_mm256_castsi256_ps(self.0)) as u32 }
    }

    #[inline(always)]
    fn store_bytes(self, to: &mut [u8]) {
        let to = &mut to[..LANES];
        // SAFETY: `to` has room for eight bytes, alignment does not matter.
        unsafe {
            let byte = _mm256_and_si256(self.0, _mm256_set1_epi32(0xff));
            let (low, high) = (_mm256_castsi256_si128(byte), _mm256_extracti128_si256::<1>(byte));
            let words = _mm_packs_epi32(low, high);
            _mm_storel_epi64(to.as_mut_ptr().cast(), _mm_packus_epi16(words, words));
        }
    }
}

impl Float for Floats {
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, term.0) })
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        // SAFETY: a vector exists; there is room for eight elements.
        unsafe { _mm256_storeu_ps(to[..LANES].as_mut_ptr(), self.0) }
    }
}

impl Double for Doubles {
    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        let (first, second) = to[..LANES].split_at_mut(LANES / 2);
        // SAFETY: a vector exists; there is room for four elements in each half.
        unsafe {
            _mm256_storeu_pd(first.as_mut_ptr(), self.0[0]);
            _mm256_storeu_pd(second.as_mut_ptr(), self.0[1]);
        }
    }

    #[inline(always)]
    fn not_negative(self) -> u32 {
        let zero = unsafe { _mm256_setzero_pd() };
        let [low, high] = self.0;
        let low = unsafe { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GE_OQ>(low, zero)) };
        let high = unsafe { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GE_OQ>(high, zero)) };
        (high << 4 | low) as u32
    }

    #[inline(always)]
    fn gates(self) -> [Self; 2] {
        let [low, high] = self.0;
        let (zero, one) = unsafe { (_mm256_setzero_pd(), _mm256_set1_pd(1.0)) };
        let low = unsafe { _mm256_cmp_pd::<_CMP_GE_OQ>(low, zero) };
        let high = unsafe { _mm256_cmp_pd::<_CMP_GE_OQ>(high, zero) };
        let set = unsafe { [_mm256_and_pd(low, one), _mm256_and_pd(high, one)] };
        let clear = unsafe { [_mm256_andnot_pd(low, one), _mm256_andnot_pd(high, one)] };
        [Self(set), Self(clear)]
    }

    #[inline(always)]
    fn within(self, limit: f64) -> u32 {
        let (sign, limit) = unsafe { (_mm256_set1_pd(-0.0), _mm256_set1_pd(limit)) };
        let [low, high] = self.0;
        let (low, high) = unsafe { (_mm256_andnot_pd(sign, low), _mm256_andnot_pd(sign, high)) };
        let low = unsafe { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(low, limit)) };
        let high = unsafe { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(high, limit)) };
        (high << 4 | low) as u32
    }
}

operators!(Ints: Add add _mm256_add_epi32, Sub sub _mm256_sub_epi32, Mul mul _mm256_mullo_epi32,
    BitAnd bitand _mm256_and_si256, BitOr bitor _mm256_or_si256, BitXor bitxor _mm256_xor_si256);
operators!(Floats: Add add _mm256_add_ps, Sub sub _mm256_sub_ps, Mul mul _mm256_mul_ps);
operators_of_all!(Doubles: Add add _mm256_add_pd, Sub sub _mm256_sub_pd, Mul mul _mm256_mul_pd,
    Div div _mm256_div_pd);
operators_with_one!(Doubles, _mm256_set1_pd: Add add _mm256_add_pd, Sub sub _mm256_sub_pd,
    Mul mul _mm256_mul_pd);
