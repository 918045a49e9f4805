//! The ideal transfer and the post-processing as integer functions, straight from sections 2 and 3
//! of the theory of operation.

use crate::config::{Range, WeightFormat};
use crate::transaction::Requantize;

/// Entries of the master curve: one per LSB from -64 to 63.
pub const MASTER_ENTRIES: usize = 128;

/// What the reference column stands for, in units of S: (M/2) L.
pub fn reference_units(mac_rows: usize, level: u8) -> i64 {
    (mac_rows as i64 / 2) * i64::from(level)
}

/// Code of the ideal ADC for a sum of S units: the number of thresholds -63..63 that lie at or
/// below S / (15 r).
pub fn code(sum: i64, range: Range) -> u8 {
    let lsb = (sum << range.log2_inverse()).div_euclid(15);
    (lsb.clamp(-64, 63) + 64) as u8
}

/// Whether a code stands at the end of the scale, so that the sum may lie beyond it.
#[inline(always)]
pub fn clipped(code: u8) -> bool {
    code == 0 || code == 127
}

/// Uncalibrated value of a code in sixteenths of a unit. `reference` is 0 for differential
/// conversions, see [`reference_units`].
pub fn value(code: u8, range: Range, reference: i64) -> i64 {
    ((120 * centred(code)) >> range.log2_inverse()) + 16 * reference
}

/// 2 code - 127: twice the distance from mid-scale in LSB.
#[inline(always)]
fn centred(code: u8) -> i64 {
    2 * i64::from(code) - 127
}

/// Linear correction of one ADC in one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// Gain; 128 is 1.0.
    pub gain: u8,
    /// Offset in sixteenths of an LSB, signed 10 bits.
    pub offset: i16,
}

impl Calibration {
    /// Changes nothing.
    pub const NEUTRAL: Self = Self { gain: 128, offset: 0 };
}

/// Calibrated value of a code in sixteenths of a unit: linear fit, master curve, range, reference.
#[inline(always)]
pub fn calibrated_value(
    code: u8,
    calibration: Calibration,
    master: &[i8; MASTER_ENTRIES],
    range: Range,
    reference: i64,
) -> i64 {
    let gained = centred(code) * i64::from(calibration.gain);
    let linear = (gained + 16 * i64::from(calibration.offset) + 8) >> 4;
    let entry = ((linear >> 4) + 64).clamp(0, MASTER_ENTRIES as i64 - 1);
    let corrected = linear + i64::from(master[entry as usize]);
    ((15 * corrected) >> range.log2_inverse()) + 16 * reference
}

/// Weight s_i of a conversion in its operation's result; `exponent` is i, 0 for the rightmost
/// digit. The factor two of `single1` belongs to its bipolar reading.
pub fn digit_weight(format: WeightFormat, exponent: usize) -> i64 {
    let magnitude = 1 << exponent;
    match format {
        WeightFormat::Single1 => 2,
        WeightFormat::Diff1 | WeightFormat::Diff2 => magnitude,
        _ if exponent + 1 == format.digits() => -magnitude,
        _ => magnitude,
    }
}

/// What a pass adds once per conversion beside the weighted value, in sixteenths of a unit:
/// `single1` subtracts the digit sum, since w = 2 b - 1.
pub fn digit_sum_term(format: WeightFormat, digit_sum: i64) -> i64 {
    if format == WeightFormat::Single1 { -16 * digit_sum } else { 0 }
}

/// Requantized activation: clip((acc m + bias + round) >> s, 0, 2^n - 1).
#[inline(always)]
pub fn requantize(accumulator: i32, multiplier: u8, bias: i32, layer: Requantize) -> u8 {
    let round = if layer.shift > 0 { 1i64 << (layer.shift - 1) } else { 0 };
    let scaled = i64::from(accumulator) * i64::from(multiplier) + i64::from(bias) + round;
    (scaled >> layer.shift).clamp(0, (1 << layer.bits) - 1) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition itself: count thresholds t with 15 r t <= S, in eighths of a unit.
    fn counted(sum: i64, range: Range) -> u8 {
        let lsb_eighths = 120 >> range.log2_inverse();
        (-63..=63).filter(|t| t * lsb_eighths <= 8 * sum).count() as u8
    }

    #[test]
    fn code_counts_thresholds() {
        for range in Range::ALL {
            for sum in -1100..=1100 {
                assert_eq!(code(sum, range), counted(sum, range), "S = {sum}, {range:?}");
            }
        }
        assert_eq!(code(0, Range::Full), 64);
        assert_eq!(code(-1, Range::Full), 63);
    }

    /// Without calibration the pipeline's arithmetic is the plain value, for every code.
    #[test]
    fn neutral_calibration_is_exact() {
        for range in Range::ALL {
            for reference in [0, 7, 480] {
                for code in 0..128 {
                    let calibrated =
                        calibrated_value(code, Calibration::NEUTRAL, &[0; 128], range, reference);
                    assert_eq!(calibrated, value(code, range, reference));
                }
            }
        }
    }

    /// Worked by hand: code 100, z = 73; (73 * 130 - 48 + 8) >> 4 = 590; 590 >> 4 = 36 -> entry
    /// 100, -5 there; 15 * 585 = 8775; >> 2 = 2193.
    #[test]
    fn calibration_by_hand() {
        let mut master = [0; 128];
        master[100] = -5;
        let calibration = Calibration { gain: 130, offset: -3 };
        assert_eq!(calibrated_value(100, calibration, &master, Range::Quarter, 0), 2193);
        assert_eq!(calibrated_value(100, calibration, &master, Range::Quarter, 30), 2193 + 480);
    }

    #[test]
    fn requantize_rounds_and_clips() {
        let layer = Requantize { shift: 3, bits: 4 };
        assert_eq!(requantize(10, 2, 0, layer), 3, "20/8 = 2.5 rounds up");
        assert_eq!(requantize(-10, 2, 0, layer), 0);
        assert_eq!(requantize(1000, 255, 0, layer), 15);
        assert_eq!(requantize(i32::MAX, 255, i32::MAX, Requantize { shift: 31, bits: 8 }), 255);
        assert_eq!(requantize(9, 1, -2, Requantize { shift: 0, bits: 8 }), 7);
    }

    /// Signed weights come back from their stored bits with these digit weights.
    #[test]
    fn digits_add_up_to_the_weight() {
        for format in WeightFormat::ALL {
            let (low, high) = format.weight_range();
            for weight in (low..=high).filter(|&w| format.holds(w)) {
                let bits = format.bits(weight);
                let digits: Vec<i64> = if format.differential() {
                    bits.chunks(2).map(|c| i64::from(c[0]) - i64::from(c[1])).collect()
                } else {
                    bits.iter().map(|&b| i64::from(b)).collect()
                };
                let n = digits.len();
                let sum: i64 = (0..n).map(|i| digits[i] * digit_weight(format, n - 1 - i)).sum();
                // With an activation of 1 the digit sum is 1.
                assert_eq!(16 * sum + digit_sum_term(format, 1), 16 * i64::from(weight));
            }
        }
    }
}
