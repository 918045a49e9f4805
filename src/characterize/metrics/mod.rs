//! Figures of merit from codes: linearity, a sine's spectrum, input-referred noise and the
//! statistics over many chips. Definitions follow IEEE 1241; where it leaves a choice, the choice
//! stands with the figure.
//!
//! The input d is in LSB and 0 in the middle of the range; threshold t = 1..=127 is where code t
//! begins, ideally at t - 64; a code is the number of thresholds at or below d.

pub mod linearity;
pub mod noise;
pub mod sine;
pub mod statistics;

use thiserror::Error;

pub use statistics::Distribution;

/// Codes of the 7-bit ADC; as many LSB are its full scale range.
pub const CODES: usize = 128;
/// Thresholds between the codes.
pub const THRESHOLDS: usize = CODES - 1;
/// Full scale range in LSB.
pub const FULL_SCALE_LSB: f64 = CODES as f64;

/// Why a figure can not be computed.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum MetricsError {
    #[error("code {code} is not a 7-bit code")]
    Code { code: u8 },
    #[error("a ramp needs a finite start, a step above 0 and at least one conversion per level")]
    Ramp,
    #[error("{samples} samples are not a whole number of levels of {repeats} conversions")]
    Incomplete { samples: u64, repeats: u32 },
    #[error("no sample lies between the smallest and the largest code of the ramp")]
    NoCodes,
    #[error("{found} thresholds instead of {THRESHOLDS}")]
    Thresholds { found: usize },
    #[error("the thresholds do not rise with the code")]
    Falling,
    #[error("a value is not a finite number")]
    NotFinite,
    #[error("a record of {length} values: not a power of two from {} on", sine::MIN_LENGTH)]
    Record { length: usize },
    #[error("{cycles} cycles in {length} values: not an odd number below half the values")]
    Cycles { cycles: usize, length: usize },
    #[error("the record holds no sine of {cycles} cycles: its largest line is at {found} cycles")]
    Fundamental { cycles: usize, found: usize },
    #[error("the record is constant")]
    Constant,
    #[error("the ramp covers no threshold")]
    Uncovered,
}

/// A ramp of equally spaced levels, each converted several times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// Input of the first level in LSB.
    pub first_lsb: f64,
    /// Distance of the levels in LSB, above 0.
    pub step_lsb: f64,
    /// Conversions of each level.
    pub repeats: u32,
}

impl Ramp {
    /// Number of levels that `samples` conversions are.
    fn levels(&self, samples: u64) -> Result<u64, MetricsError> {
        let sound = self.first_lsb.is_finite() && self.step_lsb.is_finite() && self.step_lsb > 0.0;
        if !sound || self.repeats == 0 {
            return Err(MetricsError::Ramp);
        }
        if samples == 0 || !samples.is_multiple_of(self.repeats.into()) {
            return Err(MetricsError::Incomplete { samples, repeats: self.repeats });
        }
        Ok(samples / u64::from(self.repeats))
    }
}

/// How often each code occurs.
pub fn histogram(codes: &[u8]) -> Result<[u64; CODES], MetricsError> {
    let mut counts = [0; CODES];
    for &code in codes {
        *counts.get_mut(usize::from(code)).ok_or(MetricsError::Code { code })? += 1;
    }
    Ok(counts)
}

/// An ADC with given thresholds for the tests, and inputs with noise for it.
#[cfg(test)]
mod bench {
    use super::{Ramp, THRESHOLDS};
    use crate::golden::random::Key;

    pub fn ideal_thresholds() -> Vec<f64> {
        (1..=THRESHOLDS).map(|t| t as f64 - 64.0).collect()
    }

    /// The definition itself: thresholds at or below the input.
    pub fn convert(thresholds: &[f64], input_lsb: f64) -> u8 {
        thresholds.iter().filter(|&&t| t <= input_lsb).count() as u8
    }

    /// Codes of a ramp of `levels` with normal noise, level by level.
    pub fn sweep(thresholds: &[f64], ramp: &Ramp, levels: u32, sigma_lsb: f64) -> Vec<u8> {
        sweep_of(0, thresholds, ramp, levels, sigma_lsb)
    }

    /// The same with another ADC's noise.
    pub fn sweep_of(
        adc: u64,
        thresholds: &[f64],
        ramp: &Ramp,
        levels: u32,
        sigma_lsb: f64,
    ) -> Vec<u8> {
        let key = Key::new([1, 2, 3, adc]);
        let input = |level: u32| ramp.first_lsb + f64::from(level) * ramp.step_lsb;
        let noise = |draw: u32| sigma_lsb * key.normal(draw);
        (0..levels * ramp.repeats)
            .map(|i| convert(thresholds, input(i / ramp.repeats) + noise(i)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_every_code_once() {
        let counts = histogram(&[0, 5, 5, 127]).expect("all are 7-bit codes");
        assert_eq!((counts[0], counts[5], counts[127]), (1, 2, 1));
        assert_eq!(counts.iter().sum::<u64>(), 4);
        assert_eq!(histogram(&[0, 128]), Err(MetricsError::Code { code: 128 }));
    }

    #[test]
    fn a_ramp_without_a_step_or_with_half_a_level_is_refused() {
        let ramp = Ramp { first_lsb: -64.0, step_lsb: 0.5, repeats: 4 };
        assert_eq!(ramp.levels(12), Ok(3));
        assert_eq!(ramp.levels(13), Err(MetricsError::Incomplete { samples: 13, repeats: 4 }));
        for step_lsb in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Ramp { step_lsb, ..ramp }.levels(12), Err(MetricsError::Ramp));
        }
        assert_eq!(Ramp { repeats: 0, ..ramp }.levels(12), Err(MetricsError::Ramp));
    }
}
