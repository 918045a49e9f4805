//! The ideal transfer of a batch, in integers.

use super::simd::{Int, Isa, Kernel, Simd, padded};
use super::{BatchError, Step, TILE, check_batch, check_geometry, sums};
use crate::config::Geometry;

/// Converts as section 2 of the theory of operation says; exact, ties count as above.
#[derive(Clone, Debug)]
pub struct Ideal {
    geometry: Geometry,
    isa: Isa,
    /// p - n, or b when single-ended: `[row quad][padded slice]`.
    weights: Vec<i32>,
    /// What the dummy column takes off S, in units.
    reference: i32,
    /// log2(1/r)
    range: u32,
}

impl Ideal {
    /// Prepares a conversion step for a plane's stored bits, `[mac row][column]`.
    pub fn new(geometry: &Geometry, step: &Step, plane: &[bool]) -> Result<Self, BatchError> {
        check_geometry(geometry)?;
        step.check(geometry, plane)?;
        let weights = sums::pack_quads(geometry.slices(), geometry.mac_rows, |slice, row| {
            let at = row * geometry.columns + step.column_of(geometry, slice);
            let negative = step.differential && plane[at + 1];
            i8::from(plane[at]) - i8::from(negative)
        });
        let level = if step.differential { 0 } else { i32::from(step.level) };
        Ok(Self {
            geometry: *geometry,
            isa: Isa::best(),
            weights,
            reference: geometry.reference_rows() as i32 * level,
            range: step.range.log2_inverse(),
        })
    }

    /// Chooses the instruction set; for measurements and tests, since codes do not depend on it.
    pub fn with_isa(self, isa: Isa) -> Result<Self, BatchError> {
        if isa.available() { Ok(Self { isa, ..self }) } else { Err(BatchError::Isa(isa)) }
    }

    /// Converts `digits`, `[vector][mac row]`, each 0..=15, to `codes`, `[vector][slice]`.
    pub fn convert(&self, digits: &[u8], codes: &mut [u8]) -> Result<(), BatchError> {
        check_batch(&self.geometry, digits, codes)?;
        self.isa.run(Convert { ideal: self, digits, codes });
        Ok(())
    }
}

/// One call of `convert`.
struct Convert<'a> {
    ideal: &'a Ideal,
    digits: &'a [u8],
    codes: &'a mut [u8],
}

impl Kernel for Convert<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { ideal, digits, codes } = self;
        let (rows, slices) = (ideal.geometry.mac_rows, ideal.geometry.slices());
        let mut digits = digits.chunks_exact(TILE * rows);
        let mut codes = codes.chunks_exact_mut(TILE * slices);
        for (digits, codes) in digits.by_ref().zip(codes.by_ref()) {
            ideal.tile::<S, TILE>(simd, digits, codes);
        }
        let (digits, codes) = (digits.remainder(), codes.into_remainder());
        for (digits, codes) in digits.chunks_exact(rows).zip(codes.chunks_exact_mut(slices)) {
            ideal.tile::<S, 1>(simd, digits, codes);
        }
    }
}

impl Ideal {
    /// Converts `T` vectors.
    #[inline(always)]
    fn tile<S: Simd, const T: usize>(&self, simd: S, digits: &[u8], codes: &mut [u8]) {
        let slices = self.geometry.slices();
        let stride = padded(slices);
        let digits = sums::digit_quads::<T>(digits, self.geometry.mac_rows);
        for at in (0..slices).step_by(S::LANES) {
            let mut lanes = sums::sum_quads(simd, &self.weights, stride, at, &digits);
            for lane in &mut lanes {
                *lane = self.code(simd, *lane);
            }
            sums::store_codes::<S, T>(lanes, codes, slices, at);
        }
    }

    /// floor(S / 15 r) + 64, limited to 0..=127.
    #[inline(always)]
    fn code<S: Simd>(&self, simd: S, sum: S::Int) -> S::Int {
        let from_bottom = (sum - simd.splat(self.reference)).shl(self.range) + simd.splat(15 * 64);
        let limited = from_bottom.max(simd.splat(0)).min(simd.splat(15 * 127));
        // Division by 15: 0x8889 / 2^19 exceeds 1/15 by less than 1/15 / 2^15.
        (limited * simd.splat(0x8889)).shr(19)
    }
}
