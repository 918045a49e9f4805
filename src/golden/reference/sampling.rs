//! First half of a conversion in closed form: RESET, SAMPLE, MULTIPLY and the sharing of charge.
//! Voltages are above V_low, capacitances in `C_u / CAP_UNIT`, charges their product.

use super::array::PerRow;
use super::electrical::{Electrical, Factors, Push};
use crate::golden::chip::LEVEL_UNIT;
use crate::simd::dispatch;

/// One unit of a level's error, in DAC steps.
pub(super) const ERROR_STEP: f64 = 1.0 / LEVEL_UNIT as f64;

/// Weighted sums of all slices: sum over rows of weights times digits, exact.
#[inline(always)]
pub(super) fn row_sums(sums: &mut [i32], weights: &[PerRow], digits: &PerRow) {
    for (sum, weights) in sums.iter_mut().zip(weights) {
        *sum = row_sum(weights, digits);
    }
}

/// The same with the digits and with their levels' errors, in one pass over the weights.
#[inline(always)]
pub(super) fn row_sums_of_both(
    [sums, error_sums]: [&mut [i32]; 2],
    weights: &[PerRow],
    digits: &PerRow,
    errors: &PerRow,
) {
    for ((sum, error_sum), weights) in sums.iter_mut().zip(error_sums).zip(weights) {
        *sum = row_sum(weights, digits);
        *error_sum = row_sum(weights, errors);
    }
}

#[inline(always)]
fn row_sum(weights: &PerRow, values: &PerRow) -> i32 {
    weights.iter().zip(values).map(|(&k, &x)| i32::from(k) * i32::from(x)).sum()
}

/// What a side's bit line starts from and is disturbed by.
pub(super) struct BitLineInput<'a> {
    /// Voltage at the end of the previous step.
    pub residue: &'a [f64],
    /// Normal draws of the opening reset switch and their size in V.
    pub reset: (&'a [f64], &'a [f64]),
}

/// Bit line at the ends of RESET, SAMPLE and MULTIPLY (absolute), and when SHARE begins.
pub(super) struct BitLineOutput<'a> {
    pub absolute: [&'a mut [f64]; 3],
    pub shared: &'a mut [f64],
}

/// The bit line is reset, then floats.
#[inline(always)]
pub(super) fn bit_line(e: &Electrical, f: &Factors, i: &BitLineInput, o: BitLineOutput) {
    let [reset, sample, multiply] = o.absolute;
    let Push { scale, drop } = e.bit_line_push;
    // The reset switch's push, then leakage.
    let before_sample = drop + (f.reset_gap + f.sample_width) * e.bit_line_leak;
    let before_multiply = (f.sample_gap + f.multiply_width) * e.bit_line_leak;
    let before_share = f.multiply_gap * e.bit_line_leak;
    let constants = [f.reset, scale, before_sample, before_multiply, before_share, e.v_low];
    bit_line_slices(constants, i.residue, i.reset.0, i.reset.1, reset, sample, multiply, o.shared);
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "separate slices are known not to overlap")]
fn bit_line_slices(
    [decay, scale, before_sample, before_multiply, before_share, v_low]: [f64; 6],
    residue: &[f64],
    normal: &[f64],
    sigma: &[f64],
    reset: &mut [f64],
    sample: &mut [f64],
    multiply: &mut [f64],
    shared: &mut [f64],
) {
    let n = residue.len();
    let (normal, sigma) = (&normal[..n], &sigma[..n]);
    let (reset, sample) = (&mut reset[..n], &mut sample[..n]);
    let (multiply, shared) = (&mut multiply[..n], &mut shared[..n]);
    for s in 0..n {
        let u = residue[s] * decay;
        reset[s] = v_low + u;
        let u = u * scale + normal[s] * sigma[s] - before_sample;
        sample[s] = v_low + u;
        let u = u - before_multiply;
        multiply[s] = v_low + u;
        shared[s] = u - before_share;
    }
}

/// What a side's MAC capacitors start from, are charged by and are disturbed by.
pub(super) struct MacInput<'a> {
    /// Mean voltage at the end of the previous step.
    pub residue: &'a [f64],
    /// sum k_m d_m over the cells that store 1, d_m the distance from that mean.
    pub deviation: &'a [f64],
    /// sum k_m x_m over the cells that store 1, and over all.
    pub digits: [&'a [i32]; 2],
    /// sum k_m e_m likewise, e_m the levels' errors in DAC steps / `LEVEL_UNIT`.
    pub errors: [&'a [i32]; 2],
    /// sum k_m over the cells that store 1, and over all.
    pub sums: [&'a [f64]; 2],
    /// Voltage noise of the cell-1 and the cell-0 capacitors.
    pub noise: [&'a [f64]; 2],
}

/// Mean of the MAC capacitors at the ends of RESET, SAMPLE and MULTIPLY (absolute), and their
/// charge when SHARE begins.
pub(super) struct MacOutput<'a> {
    pub absolute: [&'a mut [f64]; 3],
    pub charge: &'a mut [f64],
}

/// The MAC capacitors are reset, charged by the DACs, and discharged where the cell stores 0.
#[inline(always)]
pub(super) fn mac(e: &Electrical, f: &Factors, i: &MacInput, o: MacOutput) {
    let [reset, sample, multiply] = o.absolute;
    let constants = MacConstants {
        reset: f.reset,
        sample: f.sample,
        multiply: f.multiply,
        dac: e.dac_step * (1.0 - f.sample),
        push: e.mac_push,
        leak_reset_gap: f.reset_gap * e.mac_leak,
        sample_end: e.mac_push.drop + f.sample_gap * e.mac_leak,
        leak_multiply: f.multiply_width * e.mac_leak,
        leak_multiply_gap: f.multiply_gap * e.mac_leak,
        v_low: e.v_low,
    };
    mac_slices(
        &constants,
        i.residue,
        i.deviation,
        i.digits[0],
        i.digits[1],
        i.errors[0],
        i.errors[1],
        i.sums[0],
        i.sums[1],
        i.noise[0],
        i.noise[1],
        reset,
        sample,
        multiply,
        o.charge,
    );
}

struct MacConstants {
    reset: f64,
    sample: f64,
    multiply: f64,
    dac: f64,
    push: Push,
    leak_reset_gap: f64,
    /// What every node loses to SAMPLE's opening switch and in the gap after it.
    sample_end: f64,
    leak_multiply: f64,
    leak_multiply_gap: f64,
    v_low: f64,
}

dispatch! {
    /// As a function that is called, not inlined: only arguments are known not to overlap, and for so
    /// many slices it takes long to find that out.
    #[expect(clippy::too_many_arguments, reason = "separate slices are known not to overlap")]
    fn mac_slices(
        c: &MacConstants, residue: &[f64], deviation: &[f64],
        digits_ones: &[i32], digits_all: &[i32], errors_ones: &[i32], errors_all: &[i32],
        sum_ones: &[f64], sum_all: &[f64], noise_ones: &[f64], noise_zeros: &[f64],
        reset: &mut [f64], sample: &mut [f64], multiply: &mut [f64], charge: &mut [f64],
    ) = mac_slices_body;
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "as above")]
fn mac_slices_body(
    c: &MacConstants,
    residue: &[f64],
    deviation: &[f64],
    digits_ones: &[i32],
    digits_all: &[i32],
    errors_ones: &[i32],
    errors_all: &[i32],
    sum_ones: &[f64],
    sum_all: &[f64],
    noise_ones: &[f64],
    noise_zeros: &[f64],
    reset: &mut [f64],
    sample: &mut [f64],
    multiply: &mut [f64],
    charge: &mut [f64],
) {
    let n = residue.len();
    let (deviation, digits_ones, digits_all) =
        (&deviation[..n], &digits_ones[..n], &digits_all[..n]);
    let (errors_ones, errors_all) = (&errors_ones[..n], &errors_all[..n]);
    let (sum_ones, sum_all) = (&sum_ones[..n], &sum_all[..n]);
    let (noise_ones, noise_zeros) = (&noise_ones[..n], &noise_zeros[..n]);
    let (reset, sample) = (&mut reset[..n], &mut sample[..n]);
    let (multiply, charge) = (&mut multiply[..n], &mut charge[..n]);
    for s in 0..n {
        let u = residue[s] * c.reset;
        reset[s] = c.v_low + u;
        // What RESET left, less the leakage of its gap, is what SAMPLE's decay acts on.
        let left = (u - c.leak_reset_gap) * c.sample;
        let spread = deviation[s] * c.reset * c.sample;
        let (ones, zeros) = (sum_ones[s], sum_all[s] - sum_ones[s]);
        let x_ones = f64::from(digits_ones[s]) + f64::from(errors_ones[s]) * ERROR_STEP;
        let x_all = f64::from(digits_all[s]) + f64::from(errors_all[s]) * ERROR_STEP;
        let q_ones = x_ones * c.dac + left * ones + spread;
        let q_zeros = (x_all - x_ones) * c.dac + left * zeros - spread;
        sample[s] = c.v_low + (q_ones + q_zeros) / sum_all[s];

        let kept = noise_ones[s] - c.sample_end - c.leak_multiply;
        let q_ones = q_ones * c.push.scale + kept * ones;
        let q_zeros = (q_zeros * c.push.scale - c.sample_end * zeros) * c.multiply;
        multiply[s] = c.v_low + (q_ones + q_zeros) / sum_all[s];
        let gap = c.leak_multiply_gap * sum_all[s];
        let q_zeros = q_zeros * c.push.scale + (noise_zeros[s] - c.push.drop) * zeros;
        charge[s] = q_ones + q_zeros - gap;
    }
}

/// Elementwise normal draws times their size in V.
#[inline(always)]
pub(super) fn scaled(noise: &mut [f64], normal: &[f64], sigma: &[f64]) {
    for ((noise, normal), sigma) in noise.iter_mut().zip(normal).zip(sigma) {
        *noise = normal * sigma;
    }
}
