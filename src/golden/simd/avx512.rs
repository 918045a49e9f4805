//! Sixteen lanes with AVX-512 and its dot products (VNNI).

use super::{Double, Float, Int, Kernel, Simd, operators, operators_of_all, operators_with_one};
use std::arch::x86_64::*;

const LANES: usize = 16;

/// Proof that the machine has AVX-512 F, BW and VNNI.
#[derive(Clone, Copy)]
pub struct Avx512(());

impl Avx512 {
    pub fn detect() -> Option<Self> {
        let detected = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni");
        detected.then_some(Self(()))
    }

    pub fn run(self, kernel: impl Kernel) {
        #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
        fn with_features(kernel: impl Kernel, simd: Avx512) {
            kernel.run(simd);
        }
        // SAFETY: `self` exists, so the features were detected.
        unsafe { with_features(kernel, self) }
    }
}

/// Lanes of `i32`.
#[derive(Clone, Copy)]
pub struct Ints(__m512i);

/// Lanes of `f32`.
#[derive(Clone, Copy)]
pub struct Floats(__m512);

/// Lanes of `f64`, the first eight first.
#[derive(Clone, Copy)]
pub struct Doubles([__m512d; 2]);

impl Simd for Avx512 {
    type Int = Ints;
    type Float = Floats;
    type Double = Doubles;
    const LANES: usize = LANES;
    const MANY_REGISTERS: bool = true;

    #[inline(always)]
    fn splat(self, value: i32) -> Ints {
        // SAFETY: `self` exists, so the features were detected.
        Ints(unsafe { _mm512_set1_epi32(value) })
    }

    #[inline(always)]
    fn load(self, from: &[i32]) -> Ints {
        let from = &from[..LANES];
        // SAFETY: as in `splat`; `from` holds a whole vector and may be unaligned.
        Ints(unsafe { _mm512_loadu_si512(from.as_ptr().cast()) })
    }

    #[inline(always)]
    fn splat_f32(self, value: f32) -> Floats {
        // SAFETY: as in `splat`.
        Floats(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    fn load_f32(self, from: &[f32]) -> Floats {
        let from = &from[..LANES];
        // SAFETY: as in `load`.
        Floats(unsafe { _mm512_loadu_ps(from.as_ptr()) })
    }

    #[inline(always)]
    fn splat_f64(self, value: f64) -> Doubles {
        // SAFETY: as in `splat`.
        Doubles(unsafe { [_mm512_set1_pd(value); 2] })
    }

    #[inline(always)]
    fn load_f64(self, from: &[f64]) -> Doubles {
        let from = &from[..LANES];
        // SAFETY: as in `load`; the second half begins eight elements on.
        Doubles(unsafe { [_mm512_loadu_pd(from.as_ptr()), _mm512_loadu_pd(from[8..].as_ptr())] })
    }

    #[inline(always)]
    fn gate(self, bits: u32) -> Doubles {
        // SAFETY: as in `splat`.
        Doubles(unsafe {
            let one = _mm512_set1_pd(1.0);
            let [low, high, ..] = bits.to_le_bytes();
            [_mm512_maskz_mov_pd(low, one), _mm512_maskz_mov_pd(high, one)]
        })
    }
}

// SAFETY of all blocks below: a vector exists, so the features were detected.
impl Int for Ints {
    type Float = Floats;
    type Double = Doubles;

    #[inline(always)]
    fn shl(self, bits: u32) -> Self {
        Self(unsafe { _mm512_sllv_epi32(self.0, _mm512_set1_epi32(bits as i32)) })
    }

    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        Self(unsafe { _mm512_srlv_epi32(self.0, _mm512_set1_epi32(bits as i32)) })
    }

    #[inline(always)]
    fn negative(self) -> Self {
        Self(unsafe { _mm512_srai_epi32::<31>(self.0) })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(unsafe { _mm512_min_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(unsafe { _mm512_max_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn keep_halves(self, bits: u32) -> Self {
        Self(unsafe { _mm512_maskz_mov_epi16(bits, self.0) })
    }

    #[inline(always)]
    fn dot_pairs(self, a: Self, b: Self) -> Self {
        Self(unsafe { _mm512_dpwssd_epi32(self.0, a.0, b.0) })
    }

    #[inline(always)]
    fn dot_quads(self, a: Self, b: Self) -> Self {
        Self(unsafe { _mm512_dpbusd_epi32(self.0, a.0, b.0) })
    }

    #[inline(always)]
    fn add_bytes(self, a: Self) -> Self {
        Self(unsafe { _mm512_dpbusd_epi32(self.0, a.0, _mm512_set1_epi8(1)) })
    }

    #[inline(always)]
    fn to_float(self) -> Floats {
        Floats(unsafe { _mm512_cvtepi32_ps(self.0) })
    }

    #[inline(always)]
    fn to_double(self) -> Doubles {
        Doubles(unsafe {
            let (low, high) =
                (_mm512_castsi512_si256(self.0), _mm512_extracti64x4_epi64::<1>(self.0));
            [_mm512_cvtepi32_pd(low), _mm512_cvtepi32_pd(high)]
        })
    }

    #[inline(always)]
    fn round(from: Floats) -> Self {
        Self(unsafe { _mm512_cvtps_epi32(from.0) })
    }

    #[inline(always)]
    fn of_bits(from: Floats) -> Self {
        Self(unsafe { _mm512_castps_si512(from.0) })
    }

    #[inline(always)]
    fn as_bits(self) -> Floats {
        Floats(unsafe { _mm512_castsi512_ps(self.0) })
    }

    #[inline(always)]
    fn signs(self) -> u32 {
        unsafe { _mm512_cmplt_epi32_mask(self.0, _mm512_setzero_si512()).into() }
    }

    #[inline(always)]
    fn store_bytes(self, to: &mut [u8]) {
        let to = &mut to[..LANES];
        // SAFETY: `to` has room for sixteen bytes, alignment does not matter.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(self.0)) }
    }
}

impl Float for Floats {
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, term.0) })
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        // SAFETY: a vector exists; there is room for sixteen elements.
        unsafe { _mm512_storeu_ps(to[..LANES].as_mut_ptr(), self.0) }
    }
}

impl Double for Doubles {
    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        let (first, second) = to[..LANES].split_at_mut(LANES / 2);
        // SAFETY: a vector exists; there is room for eight elements in each half.
        unsafe {
            _mm512_storeu_pd(first.as_mut_ptr(), self.0[0]);
            _mm512_storeu_pd(second.as_mut_ptr(), self.0[1]);
        }
    }

    #[inline(always)]
    fn not_negative(self) -> u32 {
        let [low, high] = self.0;
        let zero = unsafe { _mm512_setzero_pd() };
        let low = unsafe { _mm512_cmp_pd_mask::<_CMP_GE_OQ>(low, zero) };
        let high = unsafe { _mm512_cmp_pd_mask::<_CMP_GE_OQ>(high, zero) };
        u32::from(high) << 8 | u32::from(low)
    }

    #[inline(always)]
    fn gates(self) -> [Self; 2] {
        let [low, high] = self.0;
        let (zero, one) = unsafe { (_mm512_setzero_pd(), _mm512_set1_pd(1.0)) };
        let low = unsafe { _mm512_cmp_pd_mask::<_CMP_GE_OQ>(low, zero) };
        let high = unsafe { _mm512_cmp_pd_mask::<_CMP_GE_OQ>(high, zero) };
        let set = unsafe { [_mm512_maskz_mov_pd(low, one), _mm512_maskz_mov_pd(high, one)] };
        let clear = unsafe { [_mm512_maskz_mov_pd(!low, one), _mm512_maskz_mov_pd(!high, one)] };
        [Self(set), Self(clear)]
    }

    #[inline(always)]
    fn within(self, limit: f64) -> u32 {
        let [low, high] = self.0;
        let limit = unsafe { _mm512_set1_pd(limit) };
        let low = unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(_mm512_abs_pd(low), limit) };
        let high = unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(_mm512_abs_pd(high), limit) };
        u32::from(high) << 8 | u32::from(low)
    }
}

operators!(Ints: Add add _mm512_add_epi32, Sub sub _mm512_sub_epi32, Mul mul _mm512_mullo_epi32,
    BitAnd bitand _mm512_and_si512, BitOr bitor _mm512_or_si512, BitXor bitxor _mm512_xor_si512);
operators!(Floats: Add add _mm512_add_ps, Sub sub _mm512_sub_ps, Mul mul _mm512_mul_ps);
operators_of_all!(Doubles: Add add _mm512_add_pd, Sub sub _mm512_sub_pd, Mul mul _mm512_mul_pd,
    Div div _mm512_div_pd);
operators_with_one!(Doubles, _mm512_set1_pd: Add add _mm512_add_pd, Sub sub _mm512_sub_pd,
    Mul mul _mm512_mul_pd);
