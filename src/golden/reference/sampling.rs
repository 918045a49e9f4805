//! First half of a conversion in closed form: RESET, SAMPLE and MULTIPLY, a vector of slices of one
//! side at a time. Voltages are above V_low, capacitances in `C_u / CAP_UNIT`, charges their product.

use super::electrical::{Electrical, Factors, Push};
use super::nodes::{Place, Record};
use super::timeline::Phase;
use crate::golden::chip::LEVEL_UNIT;
use crate::golden::simd::Simd;

/// One unit of a level's error, in DAC steps.
pub(super) const ERROR_STEP: f64 = 1.0 / LEVEL_UNIT as f64;

/// What is the same in all slices and steps.
#[derive(Clone, Debug)]
pub(super) struct Sampling {
    /// Decays.
    reset: f64,
    sample: f64,
    multiply: f64,
    /// DAC step as far as SAMPLE settles it.
    dac: f64,
    mac_push: Push,
    bit_line_push: Push,
    leak_reset_gap: f64,
    /// What every MAC node loses to SAMPLE's opening switch and in the gap after it.
    sample_end: f64,
    leak_multiply: f64,
    leak_multiply_gap: f64,
    /// What the bit line loses to its own switch and to leakage until SAMPLE ends, from there to the
    /// end of MULTIPLY, and from there on.
    before_sample: f64,
    before_multiply: f64,
    before_share: f64,
    v_low: f64,
}

impl Sampling {
    pub(super) fn new(e: &Electrical, f: &Factors) -> Self {
        Self {
            reset: f.reset,
            sample: f.sample,
            multiply: f.multiply,
            dac: e.dac_step * (1.0 - f.sample),
            mac_push: e.mac_push,
            bit_line_push: e.bit_line_push,
            leak_reset_gap: f.reset_gap * e.mac_leak,
            sample_end: e.mac_push.drop + f.sample_gap * e.mac_leak,
            leak_multiply: f.multiply_width * e.mac_leak,
            leak_multiply_gap: f.multiply_gap * e.mac_leak,
            before_sample: e.bit_line_push.drop + (f.reset_gap + f.sample_width) * e.bit_line_leak,
            before_multiply: (f.sample_gap + f.multiply_width) * e.bit_line_leak,
            before_share: f.multiply_gap * e.bit_line_leak,
            v_low: e.v_low,
        }
    }
}

/// The bit line is reset, then floats: its voltage when SHARE begins. `residue` is its voltage at the
/// end of the previous step, `noise` that of the opening reset switch.
#[inline(always)]
pub(super) fn bit_line<S: Simd>(
    c: &Sampling,
    residue: S::Double,
    noise: S::Double,
    place: Place<S>,
    record: &mut impl Record,
) -> S::Double {
    let u = residue * c.reset;
    record.bit_line(Phase::Reset, place, u + c.v_low);
    let u = u * c.bit_line_push.scale + noise - c.before_sample;
    record.bit_line(Phase::Sample, place, u + c.v_low);
    let u = u - c.before_multiply;
    record.bit_line(Phase::Multiply, place, u + c.v_low);
    u - c.before_share
}

/// What the MAC capacitors of a vector of columns start from, are charged by and are disturbed by.
pub(super) struct Mac<D> {
    /// Mean voltage at the end of the previous step.
    pub residue: D,
    /// sum k_m d_m over the cells that store 1, d_m the distance from that mean.
    pub deviation: D,
    /// sum k_m l(x_m) over the cells that store 1, and over all, in DAC steps.
    pub driven: [D; 2],
    /// sum k_m over the cells that store 1, and over all.
    pub sums: [D; 2],
    /// Voltage noise of the cell-1 and the cell-0 capacitors.
    pub noise: [D; 2],
}

/// The MAC capacitors are reset, charged by the DACs, and discharged where the cell stores 0: their
/// charge when SHARE begins.
#[inline(always)]
pub(super) fn mac<S: Simd>(
    c: &Sampling,
    mac: &Mac<S::Double>,
    place: Place<S>,
    record: &mut impl Record,
) -> S::Double {
    let ([x_ones, x_all], [ones, sum]) = (mac.driven, mac.sums);
    let [noise_ones, noise_zeros] = mac.noise;
    let u = mac.residue * c.reset;
    record.mac_mean(Phase::Reset, place, u + c.v_low);
    // What RESET left, less the leakage of its gap, is what SAMPLE's decay acts on.
    let left = (u - c.leak_reset_gap) * c.sample;
    let spread = mac.deviation * c.reset * c.sample;
    let zeros = sum - ones;
    let q_ones = x_ones * c.dac + left * ones + spread;
    let q_zeros = (x_all - x_ones) * c.dac + left * zeros - spread;
    record.mac_mean(Phase::Sample, place, (q_ones + q_zeros) / sum + c.v_low);

    let kept = noise_ones - c.sample_end - c.leak_multiply;
    let q_ones = q_ones * c.mac_push.scale + kept * ones;
    let q_zeros = (q_zeros * c.mac_push.scale - zeros * c.sample_end) * c.multiply;
    record.mac_mean(Phase::Multiply, place, (q_ones + q_zeros) / sum + c.v_low);
    let gap = sum * c.leak_multiply_gap;
    let q_zeros = q_zeros * c.mac_push.scale + (noise_zeros - c.mac_push.drop) * zeros;
    q_ones + q_zeros - gap
}
