//! Second half of a conversion in closed form: settling after sharing, seven decisions, six
//! injections. A side is its common voltage u_f and the bit line's distance from it, u_b - u_f;
//! both above V_low.

use super::electrical::{Electrical, Factors, Span};
use crate::config::ADC_BITS;
use crate::pins::SLICE_WORDS;

/// Common voltage of a side and its bit line's distance from it, one per slice.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub common: Vec<f64>,
    pub distance: Vec<f64>,
}

impl Side {
    pub(super) fn new(slices: usize) -> Self {
        Self { common: vec![0.0; slices], distance: vec![0.0; slices] }
    }
}

/// Charge sharing: the common voltage and the bit line's distance in the instant of connection.
/// `sides` are charge and bit-line voltage before, sum K, k_p and K + k_p. `apart` becomes the mean
/// of the MAC capacitors less the bit line.
#[inline(always)]
pub(super) fn share(sides: [&[f64]; 5], state: &mut Side, apart: &mut [f64]) {
    let [charge, bit_line, sum, parasitic, total] = sides;
    let Side { common, distance } = state;
    share_slices(charge, bit_line, sum, parasitic, total, common, distance, apart);
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "separate slices are known not to overlap")]
fn share_slices(
    charge: &[f64],
    bit_line: &[f64],
    sum: &[f64],
    parasitic: &[f64],
    total: &[f64],
    common: &mut [f64],
    distance: &mut [f64],
    apart: &mut [f64],
) {
    let n = charge.len();
    let (bit_line, sum) = (&bit_line[..n], &sum[..n]);
    let (parasitic, total) = (&parasitic[..n], &total[..n]);
    let (common, distance, apart) = (&mut common[..n], &mut distance[..n], &mut apart[..n]);
    for s in 0..n {
        let u_f = (charge[s] + parasitic[s] * bit_line[s]) / total[s];
        common[s] = u_f;
        distance[s] = bit_line[s] - u_f;
        apart[s] = charge[s] / sum[s] - bit_line[s];
    }
}

/// What a side leaves to the next step: its bit line and the mean of its MAC capacitors. Injections
/// pull both away from u_f alike, so that only what was between them at the connection, decayed
/// since, is left between them.
#[inline(always)]
pub(super) fn remain(
    state: &Side,
    connected: f64,
    apart: &[f64],
    bit_line: &mut [f64],
    mac: &mut [f64],
) {
    remain_slices(&state.common, &state.distance, connected, apart, bit_line, mac);
}

#[inline(always)]
fn remain_slices(
    common: &[f64],
    distance: &[f64],
    connected: f64,
    apart: &[f64],
    bit_line: &mut [f64],
    mac: &mut [f64],
) {
    let n = common.len();
    let (distance, apart) = (&distance[..n], &apart[..n]);
    let (bit_line, mac) = (&mut bit_line[..n], &mut mac[..n]);
    for s in 0..n {
        let u = common[s] + distance[s];
        bit_line[s] = u;
        mac[s] = u + connected * apart[s];
    }
}

/// Lets a side settle and leak over a span; writes the bit line's absolute voltage at its end.
#[inline(always)]
pub(super) fn settle(e: &Electrical, span: Span, leak: &[f64], side: &mut Side, end: &mut [f64]) {
    let constants = [span.cycles, span.decay, e.v_low];
    settle_slices(constants, leak, &mut side.common, &mut side.distance, end);
}

#[inline(always)]
fn settle_slices(
    [cycles, decay, v_low]: [f64; 3],
    leak: &[f64],
    common: &mut [f64],
    distance: &mut [f64],
    end: &mut [f64],
) {
    let n = leak.len();
    let (common, distance, end) = (&mut common[..n], &mut distance[..n], &mut end[..n]);
    for s in 0..n {
        let u_f = common[s] - cycles * leak[s];
        let away = distance[s] * decay;
        common[s] = u_f;
        distance[s] = away;
        end[s] = v_low + u_f + away;
    }
}

/// Constants of an injection and the strobe after it.
pub(super) struct Injection {
    gap: Span,
    half: f64,
    after_firing: Span,
    after_second: Span,
    next_strobe: Span,
    lambda: f64,
    low_above_cm: f64,
    v_low: f64,
    /// Charge of a nominal cell at V_cm relative to C_u V_FS.
    charge: f64,
    /// Noise of the charge of one firing, relative to C_u V_FS.
    pub sigma: f64,
}

impl Injection {
    pub(super) fn new(e: &Electrical, f: &Factors, range: f64) -> Self {
        Self {
            gap: f.strobe_gap,
            half: f.half,
            after_firing: f.after_firing,
            after_second: f.after_second,
            next_strobe: f.next_strobe,
            lambda: e.lambda,
            low_above_cm: e.low_above_cm,
            v_low: e.v_low,
            charge: range * e.injection_strength,
            sigma: e.injection_sigma,
        }
    }
}

/// What a side's injection acts on.
pub(super) struct Fire<'a> {
    /// Side at the end of the strobe.
    pub from: &'a Side,
    /// 1 where this side is discharged, else 0.
    pub gate: &'a [f64],
    /// Summed strengths of the firing cells.
    pub strength: &'a [f64],
    /// Voltage that the charge C_u V_FS removes.
    pub unit: &'a [f64],
    /// Normal draws of this injection.
    pub normal: &'a [f64],
    /// Noise of the pulse's charge relative to C_u V_FS.
    pub sigma: f64,
    /// Loss per cycle.
    pub leak: &'a [f64],
}

/// From the end of a strobe over an injection to the end of the next strobe. Writes the side at
/// that end and the bit line's absolute voltages at the ends of both pulses.
#[inline(always)]
pub(super) fn inject<const TWICE: bool, const NOISY: bool>(
    constants: &Injection,
    fire: &Fire,
    to: &mut Side,
    ends: [&mut [f64]; 2],
) {
    let [injected, strobed] = ends;
    inject_slices::<TWICE, NOISY>(
        constants,
        &fire.from.common,
        &fire.from.distance,
        fire.gate,
        fire.strength,
        fire.unit,
        fire.leak,
        fire.normal,
        fire.sigma,
        &mut to.common,
        &mut to.distance,
        injected,
        strobed,
    );
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "separate slices are known not to overlap")]
fn inject_slices<const TWICE: bool, const NOISY: bool>(
    c: &Injection,
    common: &[f64],
    distance: &[f64],
    gate: &[f64],
    strength: &[f64],
    unit: &[f64],
    leak: &[f64],
    normal: &[f64],
    sigma: f64,
    common_to: &mut [f64],
    distance_to: &mut [f64],
    injected: &mut [f64],
    strobed: &mut [f64],
) {
    let n = common.len();
    let (distance, gate, strength) = (&distance[..n], &gate[..n], &strength[..n]);
    let (unit, leak, normal) = (&unit[..n], &leak[..n], &normal[..n]);
    let (common_to, distance_to) = (&mut common_to[..n], &mut distance_to[..n]);
    let (injected, strobed) = (&mut injected[..n], &mut strobed[..n]);
    let after = if TWICE { c.after_second } else { c.after_firing };
    for s in 0..n {
        let step = gate[s] * (c.charge * unit[s] * strength[s]);
        // The gap, then the leakage of the cycle that fires.
        let mut u_f = common[s] - (c.gap.cycles + 1.0) * leak[s];
        let mut away = distance[s] * c.gap.decay;
        let removed = step * (1.0 + c.lambda * (c.low_above_cm + (u_f + away)));
        u_f -= removed;
        away += removed;
        if TWICE {
            away *= c.half;
            let removed = step * (1.0 + c.lambda * (c.low_above_cm + (u_f + away)));
            u_f -= removed;
            away += removed;
        }
        if NOISY {
            // Lumped into the last firing.
            let removed = gate[s] * (sigma * normal[s] * unit[s]);
            u_f -= removed;
            away += removed;
        }
        u_f -= after.cycles * leak[s];
        away *= after.decay;
        injected[s] = c.v_low + u_f + away;
        u_f -= c.next_strobe.cycles * leak[s];
        away *= c.next_strobe.decay;
        common_to[s] = u_f;
        distance_to[s] = away;
        strobed[s] = c.v_low + u_f + away;
    }
}

/// What a decision compares, one per slice and in V.
pub(super) struct Compare<'a> {
    pub p: &'a [f64],
    pub n: &'a [f64],
    /// Comparator offsets plus what lies between zero and the threshold.
    pub offset: &'a [f64],
    /// Normal draws of this decision.
    pub normal: &'a [f64],
    pub sigma: f64,
    /// What the offset gains per volt of V_P + V_N.
    pub half_common_mode: f64,
}

/// A decision's margin w in V; it is 1 where the margin is not negative, unless metastable.
#[inline(always)]
pub(super) fn margins(compare: &Compare, margin: &mut [f64]) {
    let Compare { p, n, offset, normal, sigma, half_common_mode } = *compare;
    margin_slices(p, n, offset, normal, [sigma, half_common_mode], margin);
}

#[inline(always)]
fn margin_slices(
    p: &[f64],
    n: &[f64],
    offset: &[f64],
    normal: &[f64],
    [sigma, half_common_mode]: [f64; 2],
    margin: &mut [f64],
) {
    let count = margin.len();
    let (p, n, offset, normal) = (&p[..count], &n[..count], &offset[..count], &normal[..count]);
    for s in 0..count {
        let common = (p[s] + n[s]) * half_common_mode;
        margin[s] = p[s] - n[s] + offset[s] + normal[s] * sigma + common;
    }
}

/// Packs signs: a word's bit is 1 where the margin is not negative. `near` becomes true when
/// one lies within `limit` of zero.
#[inline(always)]
pub(super) fn pack(margin: &[f64], limit: f64, words: &mut [u32], near: &mut bool) {
    let mut close = 0u32;
    for (chunk, word) in margin.chunks(32).zip(words) {
        let mut bits = 0;
        for (i, &m) in chunk.iter().enumerate() {
            bits |= u32::from(m >= 0.0) << i;
            close |= u32::from(m.abs() < limit);
        }
        *word = bits;
    }
    *near = close != 0;
}

/// Unpacks decisions into gates: 1.0 where a side is discharged, else 0.0.
#[inline(always)]
pub(super) fn gates(words: &[u32], p: &mut [f64], n: &mut [f64]) {
    for ((word, p), n) in words.iter().zip(p.chunks_mut(32)).zip(n.chunks_mut(32)) {
        for (i, (p, n)) in p.iter_mut().zip(n).enumerate() {
            let decision = f64::from((word >> i & 1) as i32);
            *p = decision;
            *n = 1.0 - decision;
        }
    }
}

/// Codes from decisions, most significant first.
#[inline(always)]
pub(super) fn codes(decisions: &[[u32; SLICE_WORDS]; ADC_BITS], codes: &mut [u8]) {
    for (w, codes) in codes.chunks_mut(32).enumerate() {
        let planes: [u32; ADC_BITS] = std::array::from_fn(|k| decisions[k][w]);
        for (i, code) in codes.iter_mut().enumerate() {
            let bit = |k: usize| (planes[k] >> i & 1) << (ADC_BITS - 1 - k);
            *code = (bit(0) | bit(1) | bit(2) | bit(3) | bit(4) | bit(5) | bit(6)) as u8;
        }
    }
}
