//! Second half of a conversion in closed form: settling after sharing, seven decisions, six
//! injections, a vector of slices at a time. A side is its common voltage u_f and the bit line's
//! distance from it, u_b - u_f; both above V_low.

use super::electrical::{Electrical, Factors, Span};
use crate::config::ADC_BITS;
use crate::golden::simd::Double;
use crate::pins::SLICE_WORDS;

/// Injections of a conversion.
pub(super) const INJECTIONS: usize = ADC_BITS - 1;

/// Firing cells of injection 0..6 (the first fires them twice).
pub(super) const FIRING_CELLS: [usize; INJECTIONS] = [16, 16, 8, 4, 2, 1];

/// Firings of single cells in injection 0..6 by design.
const FIRINGS: [f64; INJECTIONS] = [32.0, 16.0, 8.0, 4.0, 2.0, 1.0];

/// Common voltage of a side and its bit line's distance from it.
#[derive(Clone, Copy)]
pub(super) struct Side<D> {
    pub common: D,
    pub distance: D,
}

impl<D: Double> Side<D> {
    /// Charge sharing: the instant of connection. `charge` and `bit_line` are those before,
    /// `parasitic` is k_p, `total` K + k_p.
    #[inline(always)]
    pub(super) fn share(charge: D, bit_line: D, parasitic: D, total: D) -> Self {
        let common = (charge + parasitic * bit_line) / total;
        Self { common, distance: bit_line - common }
    }

    /// Settles and leaks over a span.
    #[inline(always)]
    pub(super) fn settle(&mut self, span: Span, leak: D) {
        self.common = self.common - leak * span.cycles;
        self.distance = self.distance * span.decay;
    }

    /// A firing that removes so much from the common voltage, and at first nothing from the bit
    /// line.
    #[inline(always)]
    fn fire(&mut self, removed: D) {
        self.common = self.common - removed;
        self.distance = self.distance + removed;
    }

    /// The bit line above V_low.
    #[inline(always)]
    pub(super) fn bit_line(&self) -> D {
        self.common + self.distance
    }

    /// The bit line's absolute voltage.
    #[inline(always)]
    pub(super) fn absolute(&self, v_low: f64) -> D {
        self.common + v_low + self.distance
    }
}

/// Constants of all injections and the strobes after them.
#[derive(Clone, Debug)]
pub(super) struct Injections {
    gap: Span,
    half: f64,
    after_firing: Span,
    after_second: Span,
    next_strobe: Span,
    lambda: f64,
    low_above_cm: f64,
    v_low: f64,
    /// Charge of a nominal cell at V_cm relative to C_u V_FS, at r = 1.
    pub strength: f64,
    /// Noise of the pulses' charges relative to C_u V_FS.
    sigmas: [f64; INJECTIONS],
    /// No noise, no gap before the pulse, no cycle after the one that fires: what a step of the
    /// shortest pulses does not need is left out, which changes no bit.
    pub plain: bool,
}

impl Injections {
    pub(super) fn new(e: &Electrical, f: &Factors) -> Self {
        Self {
            gap: f.strobe_gap,
            half: f.half,
            after_firing: f.after_firing,
            after_second: f.after_second,
            next_strobe: f.next_strobe,
            lambda: e.lambda,
            low_above_cm: e.low_above_cm,
            v_low: e.v_low,
            strength: e.injection_strength,
            sigmas: FIRINGS.map(|firings| e.injection_sigma * firings.sqrt()),
            plain: e.injection_sigma == 0.0
                && f.strobe_gap.cycles == 0.0
                && f.after_firing.cycles == 0.0
                && f.after_second.cycles == 0.0,
        }
    }

    /// What a firing of that charge at V_cm removes now: it follows the bit line's voltage.
    #[inline(always)]
    fn removed<D: Double>(&self, charge: D, side: &Side<D>) -> D {
        charge * ((side.bit_line() + self.low_above_cm) * self.lambda + 1.0)
    }
}

/// What a side's injections act on.
#[derive(Clone, Copy)]
pub(super) struct Target<D> {
    /// Voltage that the charge C_u V_FS removes.
    unit: D,
    /// And that of a nominal cell at V_cm.
    cell: D,
    /// Loss per cycle.
    leak: D,
    /// Loss from the end of the injection to the end of the next strobe.
    leak_to_strobe: D,
}

impl<D: Double> Target<D> {
    /// `charge` is that of a nominal cell at V_cm relative to C_u V_FS.
    #[inline(always)]
    pub(super) fn new(c: &Injections, charge: f64, unit: D, leak: D) -> Self {
        Self { unit, cell: unit * charge, leak, leak_to_strobe: leak * c.next_strobe.cycles }
    }
}

/// Injection k of a side.
pub(super) struct Fire<D> {
    pub k: usize,
    /// 1 where this side is discharged, else 0.
    pub gate: D,
    /// Summed strengths of the firing cells.
    pub strength: D,
    /// Normal draws of this injection.
    pub normal: D,
}

/// From the end of a strobe over an injection to the end of the next strobe. Returns the bit line's
/// absolute voltage at the end of the injection. Where injections are [plain](Injections::plain),
/// what is left out of the general form would multiply by 1 or subtract 0.
#[inline(always)]
pub(super) fn inject<D: Double, const TWICE: bool, const PLAIN: bool>(
    c: &Injections,
    target: &Target<D>,
    fire: &Fire<D>,
    side: &mut Side<D>,
) -> D {
    let Target { unit, cell, leak, leak_to_strobe } = *target;
    let charge = fire.gate * (cell * fire.strength);
    // The gap, then the leakage of the cycle that fires.
    if PLAIN {
        side.common = side.common - leak;
    } else {
        side.settle(Span { cycles: c.gap.cycles + 1.0, ..c.gap }, leak);
    }
    side.fire(c.removed(charge, side));
    if TWICE {
        side.distance = side.distance * c.half;
        side.fire(c.removed(charge, side));
    }
    let after = if TWICE { c.after_second } else { c.after_firing };
    if PLAIN {
        side.distance = side.distance * after.decay;
    } else {
        // Noise is lumped into the last firing.
        side.fire(fire.gate * (fire.normal * c.sigmas[fire.k] * unit));
        side.settle(after, leak);
    }
    let injected = side.absolute(c.v_low);
    side.common = side.common - leak_to_strobe;
    side.distance = side.distance * c.next_strobe.decay;
    injected
}

/// What all decisions have in common.
#[derive(Clone, Debug)]
pub(super) struct Comparator {
    pub sigma: f64,
    /// What the offset gains per volt of V_P + V_N.
    pub half_common_mode: f64,
}

impl Comparator {
    /// A decision's margin w in V; it is 1 where the margin is not negative, unless metastable.
    /// `sides` are the bit lines' absolute voltages, `offset` is that of the comparator plus what
    /// lies between zero and the threshold, `normal` this decision's draw.
    #[inline(always)]
    pub(super) fn margin<D: Double>(&self, [p, n]: [D; 2], offset: D, normal: D) -> D {
        let common = (p + n) * self.half_common_mode;
        p - n + offset + normal * self.sigma + common
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
