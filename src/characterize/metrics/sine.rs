//! Dynamic figures of one ADC from a sine (IEEE 1241): SINAD, ENOB, SFDR, THD.
//!
//! The record is coherent: a whole, odd number of cycles in a power of two of values. Every line of
//! the spectrum then is a bin of its own, without a window, and no two values of the record fall on
//! the same phase.

use realfft::RealFftPlanner;
use serde::Serialize;

use super::{FULL_SCALE_LSB, MetricsError};

/// Shortest record: from here on harmonics up to [`LAST_HARMONIC`] fold into bins of their own.
pub const MIN_LENGTH: usize = 32;
/// Last harmonic that counts as distortion; what lies above it is noise.
const LAST_HARMONIC: usize = 10;
/// Lowest level of [`spectrum_dbfs`]: an empty bin is drawn here, not at minus infinity.
const FLOOR_DBFS: f64 = -200.0;

/// Figures of one record.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sine {
    /// log2(full scale range / (sqrt(12) NAD)) in bits; the sine's amplitude is not in it.
    pub enob: f64,
    /// Sine over noise and distortion.
    pub sinad_db: f64,
    /// Sine over noise: all but DC and harmonics 2 to 10.
    pub snr_db: f64,
    /// Sine over the largest other line but DC.
    pub sfdr_db: f64,
    /// Harmonics 2 to 10, aliases included, over the sine; negative.
    pub thd_db: f64,
    /// Peak of the sine in LSB.
    pub amplitude_lsb: f64,
    /// Mean of the record in LSB.
    pub offset_lsb: f64,
    /// Noise and distortion in LSB rms: what differs from the best-fitting sine and DC.
    pub nad_lsb: f64,
}

/// Figures of a record of an ADC's output in LSB with `cycles` cycles of a sine.
pub fn analyse(values_lsb: &[f64], cycles: usize) -> Result<Sine, MetricsError> {
    let length = values_lsb.len();
    let powers = powers(values_lsb)?;
    if cycles.is_multiple_of(2) || cycles >= length / 2 {
        return Err(MetricsError::Cycles { cycles, length });
    }
    let signal = fundamental(&powers, cycles)?;
    let harmonics: Vec<usize> =
        (2..=LAST_HARMONIC).map(|order| folded(order, cycles, length)).collect();
    let others = || (1..powers.len()).filter(|&bin| bin != cycles);
    let distortion: f64 = harmonics.iter().map(|&bin| powers[bin]).sum();
    // Not the difference of the two: where one of them is all, nothing would be left of the other.
    let noise: f64 = others().filter(|bin| !harmonics.contains(bin)).map(|bin| powers[bin]).sum();
    let spur = others().map(|bin| powers[bin]).fold(0.0, f64::max);
    let nad_lsb = (noise + distortion).sqrt();
    Ok(Sine {
        enob: (FULL_SCALE_LSB / (12f64.sqrt() * nad_lsb)).log2(),
        sinad_db: decibels(signal / (noise + distortion)),
        snr_db: decibels(signal / noise),
        sfdr_db: decibels(signal / spur),
        thd_db: decibels(distortion / signal),
        amplitude_lsb: (2.0 * signal).sqrt(),
        offset_lsb: values_lsb.iter().sum::<f64>() / length as f64,
        nad_lsb,
    })
}

/// Spectrum of a record in dB of a full-scale sine (64 LSB peak), one value per bin from DC to half
/// the sampling rate, not below -200.
pub fn spectrum_dbfs(values_lsb: &[f64]) -> Result<Vec<f64>, MetricsError> {
    let full_scale = (FULL_SCALE_LSB / 2.0).powi(2) / 2.0;
    let level = |power: f64| decibels(power / full_scale).max(FLOOR_DBFS);
    Ok(powers(values_lsb)?.into_iter().map(level).collect())
}

/// Mean square in LSB^2 of each line from DC to half the sampling rate; their sum is the record's.
fn powers(values_lsb: &[f64]) -> Result<Vec<f64>, MetricsError> {
    let length = values_lsb.len();
    if length < MIN_LENGTH || !length.is_power_of_two() {
        return Err(MetricsError::Record { length });
    }
    if !values_lsb.iter().all(|value| value.is_finite()) {
        return Err(MetricsError::NotFinite);
    }
    let transform = RealFftPlanner::new().plan_fft_forward(length);
    let mut lines = transform.make_output_vec();
    transform
        .process(&mut values_lsb.to_vec(), &mut lines)
        .expect("both buffers have the transform's own lengths");
    // All but DC and half the sampling rate stand for two lines of the full spectrum.
    let twins = |bin: usize| if bin == 0 || bin == length / 2 { 1.0 } else { 2.0 };
    let power = |(bin, line): (usize, &realfft::num_complex::Complex<f64>)| {
        twins(bin) * line.norm_sqr() / (length as f64).powi(2)
    };
    Ok(lines.iter().enumerate().map(power).collect())
}

/// The sine's mean square. Another line above it means that the record is not what it is said to
/// be, and every figure would be wrong.
fn fundamental(powers: &[f64], cycles: usize) -> Result<f64, MetricsError> {
    let largest = (1..powers.len()).max_by(|&a, &b| powers[a].total_cmp(&powers[b]));
    let Some(found) = largest.filter(|&bin| powers[bin] > f64::EPSILON * powers[0]) else {
        return Err(MetricsError::Constant);
    };
    if found != cycles {
        return Err(MetricsError::Fundamental { cycles, found });
    }
    Ok(powers[cycles])
}

/// Bin in which a harmonic shows after sampling.
fn folded(order: usize, cycles: usize, length: usize) -> usize {
    let bin = order * cycles % length;
    bin.min(length - bin)
}

fn decibels(power_ratio: f64) -> f64 {
    10.0 * power_ratio.log10()
}

#[cfg(test)]
mod tests {
    use super::super::bench::{convert, ideal_thresholds};
    use super::*;
    use crate::golden::random::Key;
    use std::f64::consts::TAU;

    const LENGTH: usize = 4096;
    const CYCLES: usize = 1501;

    /// One value for each phase of the sine (in cycles) and index.
    fn record(cycles: usize, value: impl Fn(f64, u32) -> f64) -> Vec<f64> {
        let phase = |i: usize| (i * cycles % LENGTH) as f64 / LENGTH as f64 * TAU + 0.3;
        (0..LENGTH).map(|i| value(phase(i), i as u32)).collect()
    }

    fn quantized(amplitude: f64) -> Vec<f64> {
        let thresholds = ideal_thresholds();
        record(CYCLES, |phase, _| f64::from(convert(&thresholds, amplitude * phase.sin())) - 63.5)
    }

    fn assert_near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() < tolerance, "{found} instead of {expected}");
    }

    /// 6.02 n + 1.76 dB for a full-scale sine; at half the scale 6 dB less, with the same ENOB.
    #[test]
    fn an_ideal_quantizer_has_seven_bits() {
        let full = analyse(&quantized(64.0), CYCLES).expect("a sine");
        assert_near(full.sinad_db, 6.02 * 7.0 + 1.76, 0.3);
        assert_near(full.enob, 7.0, 0.05);
        assert_near(full.amplitude_lsb, 64.0, 0.05);
        assert_near(full.offset_lsb, 0.0, 0.05);
        let half = analyse(&quantized(32.0), CYCLES).expect("a sine");
        assert_near(half.sinad_db, full.sinad_db - 6.02, 0.3);
        assert_near(half.enob, 7.0, 0.05);
    }

    /// -60 and -80 dB of the sine, the third above half the sampling rate, on an offset.
    #[test]
    fn planted_harmonics_are_found() {
        let values = record(CYCLES, |phase, _| {
            3.0 + 50.0 * phase.sin() + 0.05 * (2.0 * phase).cos() + 0.005 * (3.0 * phase).sin()
        });
        let found = analyse(&values, CYCLES).expect("a sine");
        assert_near(found.sfdr_db, 60.0, 1e-6);
        assert_near(found.thd_db, 10.0 * (1e-6f64 + 1e-8).log10(), 1e-6);
        assert_near(found.sinad_db, -found.thd_db, 1e-6);
        assert_near(found.offset_lsb, 3.0, 1e-9);
        assert_near(found.amplitude_lsb, 50.0, 1e-9);
        assert!(found.snr_db > 200.0, "no noise was planted: {found:?}");

        let spectrum = spectrum_dbfs(&values).expect("a record");
        assert_eq!(spectrum.len(), LENGTH / 2 + 1);
        let sine = 20.0 * (50.0f64 / 64.0).log10();
        assert_near(spectrum[CYCLES], sine, 1e-6);
        assert_near(spectrum[LENGTH - 2 * CYCLES], sine - 60.0, 1e-6);
        assert_near(spectrum[3 * CYCLES - LENGTH], sine - 80.0, 1e-6);
    }

    /// 0.5 LSB rms of noise; the spread of its own estimate is 1/sqrt(2 n), 1.1 %.
    #[test]
    fn planted_noise_is_the_nad() {
        let key = Key::new([3, 1, 4, 1]);
        let values = record(CYCLES, |phase, i| 60.0 * phase.sin() + 0.5 * key.normal(i));
        let found = analyse(&values, CYCLES).expect("a sine");
        assert_near(found.nad_lsb / 0.5, 1.0, 0.04);
        assert_near(found.enob, (128.0 / (12f64.sqrt() * 0.5)).log2(), 0.06);
        assert_near(found.snr_db, found.sinad_db, 0.05);
    }

    /// The definition in the time domain: rms of what a least-squares sine and DC leave.
    #[test]
    fn nad_is_what_a_sine_fit_leaves() {
        let values = quantized(59.3);
        let basis = |f: fn(f64) -> f64| record(CYCLES, move |phase, _| f(phase));
        let (sines, cosines) = (basis(f64::sin), basis(f64::cos));
        let on = |basis: &[f64]| -> f64 {
            values.iter().zip(basis).map(|(v, b)| v * b).sum::<f64>() * 2.0 / LENGTH as f64
        };
        let (a, b, mean) = (on(&sines), on(&cosines), values.iter().sum::<f64>() / LENGTH as f64);
        let left = |i: usize| (values[i] - mean - a * sines[i] - b * cosines[i]).powi(2);
        let nad = ((0..LENGTH).map(left).sum::<f64>() / LENGTH as f64).sqrt();
        let found = analyse(&values, CYCLES).expect("a sine");
        assert_near(found.nad_lsb, nad, 1e-9);
        assert_near(found.amplitude_lsb, a.hypot(b), 1e-9);
    }

    /// A sine beyond the scale: its third harmonic stands out and the bits are gone.
    #[test]
    fn clipping_is_found() {
        let (whole, clipped) =
            (analyse(&quantized(63.0), CYCLES), analyse(&quantized(75.0), CYCLES));
        let (whole, clipped) = (whole.expect("a sine"), clipped.expect("a sine"));
        assert!(whole.thd_db < -50.0 && clipped.thd_db > -35.0, "{whole:?} {clipped:?}");
        assert!(clipped.enob < whole.enob - 2.0, "{whole:?} {clipped:?}");
        let spectrum = spectrum_dbfs(&quantized(75.0)).expect("a record");
        let spur = (1..spectrum.len())
            .filter(|&bin| bin != CYCLES)
            .max_by(|&a, &b| spectrum[a].total_cmp(&spectrum[b]));
        assert_eq!(spur, Some(3 * CYCLES - LENGTH));
    }

    /// In the shortest record, too, every harmonic has a bin of its own.
    #[test]
    fn harmonics_never_share_a_bin() {
        for cycles in (1..MIN_LENGTH / 2).step_by(2) {
            let mut bins: Vec<usize> =
                (0..=LAST_HARMONIC).map(|order| folded(order, cycles, MIN_LENGTH)).collect();
            bins.sort_unstable();
            bins.dedup();
            assert_eq!(bins.len(), LAST_HARMONIC + 1, "{cycles} cycles");
        }
    }

    #[test]
    fn what_is_no_sine_is_refused() {
        let sine = quantized(60.0);
        for length in [0, 16, 100, LENGTH - 1] {
            assert_eq!(analyse(&sine[..length], 3), Err(MetricsError::Record { length }));
            assert_eq!(spectrum_dbfs(&sine[..length]), Err(MetricsError::Record { length }));
        }
        for cycles in [0, 2, LENGTH / 2 + 1] {
            assert_eq!(
                analyse(&sine, cycles),
                Err(MetricsError::Cycles { cycles, length: LENGTH })
            );
        }
        let wrong = MetricsError::Fundamental { cycles: 3, found: CYCLES };
        assert_eq!(analyse(&sine, 3), Err(wrong));
        assert_eq!(analyse(&[0.5; LENGTH], 3), Err(MetricsError::Constant), "a dead ADC");
        assert_eq!(analyse(&[0.0; LENGTH], 3), Err(MetricsError::Constant));
        assert_eq!(analyse(&[f64::NAN; LENGTH], 3), Err(MetricsError::NotFinite));
    }
}
