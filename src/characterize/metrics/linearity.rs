//! Static linearity of one ADC (IEEE 1241): code widths, transition levels, gain, offset.
//!
//! DNL and INL are in LSB of the mean width of the analysed codes, so a gain error is in neither.
//! The end codes have no width and are left out. INL belongs to the transitions between the
//! analysed codes: one more than there are codes. A histogram can not show a fall of the output,
//! only [`monotonic`] can: counting orders the codes by itself.

use serde::Serialize;

use super::statistics::LineFit;
use super::{CODES, MetricsError, Ramp, THRESHOLDS};

/// A code narrower than this, in LSB, is missing: far above rounding, far below any real width.
const MISSING_WIDTH_LSB: f64 = 1e-9;
/// Standard deviations of the difference of two means that a fall has to exceed. The thousands of
/// pairs of a ramp reach four by chance.
const FALL_SIGMAS: f64 = 5.0;

/// DNL, INL, missing codes, gain and offset of one ADC.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Linearity {
    /// First of the analysed codes.
    pub first_code: u8,
    /// Width - 1 of each analysed code, in mean widths. Below -1 when given thresholds cross.
    pub dnl_lsb: Vec<f64>,
    /// Terminal based INL in mean widths, per transition from the one into `first_code` on: the
    /// transition's distance from the line through the first and the last transition.
    pub inl_terminal_lsb: Vec<f64>,
    /// The same from the least-squares line.
    pub inl_best_fit_lsb: Vec<f64>,
    /// Analysed codes without width: never seen on the ramp, or narrower than 1e-9 LSB.
    pub missing_codes: Vec<u8>,
    /// Codes per LSB of input, from the least-squares line
    /// threshold t = `offset_lsb` + (t - 64) / `gain` of the analysed transitions; ideally 1.
    pub gain: f64,
    /// Input in LSB at which that line is in the middle of the code range (t = 64); ideally 0. A
    /// positive offset makes codes too small.
    pub offset_lsb: f64,
}

impl Linearity {
    /// From the histogram of a rising ramp. The analysed codes are those between the smallest and
    /// the largest code seen, which the ramp's ends cut; a code's width is its count. Noise smears
    /// every transition alike and averages out.
    pub fn from_counts(counts: &[u64; CODES], ramp: &Ramp) -> Result<Self, MetricsError> {
        ramp.levels(counts.iter().sum())?;
        let seen = |&code: &usize| counts[code] > 0;
        let (low, high) = (0..CODES)
            .find(seen)
            .zip((0..CODES).rfind(seen))
            .filter(|(low, high)| high - low > 1)
            .ok_or(MetricsError::NoCodes)?;
        let analysed = &counts[low + 1..high];
        if analysed.iter().all(|&count| count == 0) {
            return Err(MetricsError::NoCodes);
        }
        let widths: Vec<f64> = analysed.iter().map(|&count| count as f64).collect();
        let missing = indices(analysed, low + 1, |&count| count == 0);
        Self::new(low + 1, &widths, &ramp_thresholds(&counts[low..high], ramp), missing)
    }

    /// From the 127 exact thresholds in LSB, without noise; the analysed codes are 1..=126.
    pub fn from_thresholds(thresholds_lsb: &[f64]) -> Result<Self, MetricsError> {
        if thresholds_lsb.len() != THRESHOLDS {
            return Err(MetricsError::Thresholds { found: thresholds_lsb.len() });
        }
        if !thresholds_lsb.iter().all(|t| t.is_finite()) {
            return Err(MetricsError::NotFinite);
        }
        let widths: Vec<f64> = thresholds_lsb.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let missing = indices(&widths, 1, |&width| width < MISSING_WIDTH_LSB);
        Self::new(1, &widths, thresholds_lsb, missing)
    }

    /// `widths` of the codes from `first_code` on in any unit, the thresholds around them in LSB.
    fn new(
        first_code: usize,
        widths: &[f64],
        thresholds_lsb: &[f64],
        missing_codes: Vec<u8>,
    ) -> Result<Self, MetricsError> {
        let transfer: LineFit = indexed(thresholds_lsb, first_code as f64 - 64.0).collect();
        let line = transfer.line().filter(|line| line.slope > 0.0).ok_or(MetricsError::Falling)?;
        let mean_width = widths.iter().sum::<f64>() / widths.len() as f64;
        if mean_width <= 0.0 {
            return Err(MetricsError::Falling);
        }
        let dnl: Vec<f64> = widths.iter().map(|width| width / mean_width - 1.0).collect();
        let raw = accumulated(&dnl);
        Ok(Self {
            first_code: first_code as u8,
            inl_terminal_lsb: without_terminal_line(&raw),
            inl_best_fit_lsb: without_best_fit(&raw),
            dnl_lsb: dnl,
            missing_codes,
            gain: 1.0 / line.slope,
            offset_lsb: line.intercept,
        })
    }

    /// Largest |DNL| in LSB.
    pub fn dnl_max_lsb(&self) -> f64 {
        largest(&self.dnl_lsb)
    }

    /// Largest |INL| in LSB, from the least-squares line.
    pub fn inl_max_lsb(&self) -> f64 {
        largest(&self.inl_best_fit_lsb)
    }

    /// Largest |INL| in LSB, terminal based.
    pub fn inl_terminal_max_lsb(&self) -> f64 {
        largest(&self.inl_terminal_lsb)
    }
}

/// Mean code of each level of a ramp, from its codes level by level.
pub fn mean_codes(codes: &[u8], ramp: &Ramp) -> Result<Vec<f64>, MetricsError> {
    ramp.levels(codes.len() as u64)?;
    let sum = |level: &[u8]| level.iter().map(|&code| u64::from(code)).sum::<u64>();
    let levels = codes.chunks_exact(ramp.repeats as usize);
    Ok(levels.map(|level| sum(level) as f64 / f64::from(ramp.repeats)).collect())
}

/// Furthest that the mean code of a rising ramp falls below an earlier one, in codes; 0 when it
/// never falls.
pub fn deepest_fall(means: &[f64]) -> f64 {
    let fall_after = |top: &mut f64, &mean: &f64| {
        *top = top.max(mean);
        Some(*top - mean)
    };
    means.iter().scan(f64::NEG_INFINITY, fall_after).fold(0.0, f64::max)
}

/// Whether the output never falls while the input rises, as far as the noise lets one say: no mean
/// code lies below an earlier one by more than chance explains. Without noise `standard_error` is
/// 0 and any fall counts; with it, see [`standard_error`]. With 0.14 LSB and 32 conversions a
/// level, a fall by a whole code is always found.
pub fn monotonic(means: &[f64], standard_error: f64) -> bool {
    let tolerance = FALL_SIGMAS * std::f64::consts::SQRT_2 * standard_error;
    means.iter().all(|mean| mean.is_finite()) && deepest_fall(means) <= tolerance
}

/// Largest standard deviation, in codes, of a level's mean code: at a threshold the code tosses a
/// coin (1/2), and the input-referred noise comes on top. 0 without noise.
pub fn standard_error(noise_lsb: f64, repeats: u32) -> f64 {
    let deviation = if noise_lsb > 0.0 { noise_lsb.hypot(0.5) } else { 0.0 };
    deviation / f64::from(repeats.max(1)).sqrt()
}

/// Where each code of `counts` but the next one begins: a threshold lies half a step below the
/// first level above it. `counts` runs from the smallest code seen to the one before the largest.
fn ramp_thresholds(counts: &[u64], ramp: &Ramp) -> Vec<f64> {
    let below = counts.iter().scan(0, |sum, count| {
        *sum += count;
        Some(*sum)
    });
    let levels = |samples: u64| samples as f64 / f64::from(ramp.repeats);
    below.map(|samples| ramp.first_lsb + (levels(samples) - 0.5) * ramp.step_lsb).collect()
}

/// Codes from `first` on for which `hit` holds.
fn indices<T>(values: &[T], first: usize, hit: impl Fn(&T) -> bool) -> Vec<u8> {
    (first..).zip(values).filter(|(_, value)| hit(value)).map(|(code, _)| code as u8).collect()
}

/// Points at x = `first`, `first` + 1...
fn indexed(values: &[f64], first: f64) -> impl Iterator<Item = (f64, f64)> {
    values.iter().enumerate().map(move |(i, &value)| (first + i as f64, value))
}

/// INL before a line is removed: 0, then the running sum of the DNL.
fn accumulated(dnl: &[f64]) -> Vec<f64> {
    let sums = dnl.iter().scan(0.0, |sum, dnl| {
        *sum += dnl;
        Some(*sum)
    });
    std::iter::once(0.0).chain(sums).collect()
}

fn without_terminal_line(raw: &[f64]) -> Vec<f64> {
    let last = raw.len() - 1;
    let slope = (raw[last] - raw[0]) / last as f64;
    indexed(raw, 0.0).map(|(x, inl)| inl - raw[0] - slope * x).collect()
}

fn without_best_fit(raw: &[f64]) -> Vec<f64> {
    let fit: LineFit = indexed(raw, 0.0).collect();
    let residual = |(x, inl)| fit.line().map_or(0.0, |line| inl - line.at(x));
    indexed(raw, 0.0).map(residual).collect()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

#[cfg(test)]
mod tests {
    use super::super::bench::{convert, ideal_thresholds, sweep};
    use super::super::histogram;
    use super::*;

    const RAMP: Ramp = Ramp { first_lsb: -64.0, step_lsb: 1.0 / 15.0, repeats: 1 };

    fn counts(from: usize, counts: &[u64]) -> [u64; CODES] {
        let mut all = [0; CODES];
        all[from..from + counts.len()].copy_from_slice(counts);
        all
    }

    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() < tolerance, "{i}: {found}, not {expected}");
        }
    }

    /// By hand, and ADCToolbox's `compute_inl_from_ramp` says the same: codes 3..=8 seen 5, 4, 2,
    /// 0, 6 and 3 times. The inner four have a mean of 3, their running sums are 0, 1/3, 0, -1, 0,
    /// and the least-squares line through those is (2 - 2 x)/15.
    #[test]
    fn counts_by_hand() {
        let ramp = Ramp { first_lsb: 10.0, step_lsb: 0.25, repeats: 1 };
        let found = Linearity::from_counts(&counts(3, &[5, 4, 2, 0, 6, 3]), &ramp).expect("a ramp");
        assert_eq!((found.first_code, &found.missing_codes[..]), (4, &[6][..]));
        let third = 1.0 / 3.0;
        assert_close(&found.dnl_lsb, &[third, -third, -1.0, 1.0], 1e-12);
        assert_close(&found.inl_terminal_lsb, &[0.0, third, 0.0, -1.0, 0.0], 1e-12);
        let best = [-2.0, 5.0, 2.0, -11.0, 6.0].map(|fifteenths| fifteenths / 15.0);
        assert_close(&found.inl_best_fit_lsb, &best, 1e-12);
        assert_eq!(found.dnl_max_lsb(), 1.0);
        assert!((found.inl_max_lsb() - 11.0 / 15.0).abs() < 1e-12);
        assert!((found.inl_terminal_max_lsb() - 1.0).abs() < 1e-12);
        // Thresholds 4.5, 8.5, 10.5, 10.5, 16.5 steps after 10: slope 2.6 steps, 10.1 at code 6.
        assert!((found.gain - 1.0 / (2.6 * 0.25)).abs() < 1e-12, "{}", found.gain);
        let middle = 10.0 + 0.25 * (10.1 + 2.6 * 58.0);
        assert!((found.offset_lsb - middle).abs() < 1e-12, "{}", found.offset_lsb);
    }

    /// An ideal ADC has no error, whatever the ramp's start, with repeats or without.
    #[test]
    fn an_ideal_adc_is_linear() {
        let exact = Linearity::from_thresholds(&ideal_thresholds()).expect("127 thresholds");
        assert_eq!((exact.dnl_max_lsb(), exact.gain, exact.offset_lsb), (0.0, 1.0, 0.0));
        assert_eq!((exact.first_code, exact.dnl_lsb.len()), (1, 126));
        for repeats in [1, 3] {
            let ramp = Ramp { first_lsb: -70.015625, step_lsb: 0.03125, repeats };
            let codes = sweep(&ideal_thresholds(), &ramp, 4481, 0.0);
            let counts = histogram(&codes).expect("7-bit codes");
            let found = Linearity::from_counts(&counts, &ramp).expect("a ramp");
            assert_eq!((found.first_code, found.dnl_lsb.len()), (1, 126));
            assert_eq!((found.dnl_max_lsb(), &found.missing_codes[..]), (0.0, &[][..]));
            assert!((found.gain - 1.0).abs() < 1e-12 && found.offset_lsb.abs() < 1e-9);
        }
    }

    /// A bent transfer with a gain and an offset: histogram and thresholds tell the same, and both
    /// what was planted.
    #[test]
    fn planted_gain_offset_and_bow_are_found() {
        let bow = |t: f64| 0.6 * (1.0 - (t / 63.0).powi(2));
        let thresholds: Vec<f64> =
            ideal_thresholds().iter().map(|t| 0.375 + t / 1.02 + bow(*t)).collect();
        let exact = Linearity::from_thresholds(&thresholds).expect("127 thresholds");
        assert!((exact.gain - 1.02).abs() < 1e-9, "an even bow has no slope: {}", exact.gain);
        let mean_bow = ideal_thresholds().into_iter().map(bow).sum::<f64>() / 127.0;
        assert!((exact.offset_lsb - 0.375 - mean_bow).abs() < 1e-9, "{}", exact.offset_lsb);
        let top = exact.inl_terminal_lsb[63];
        assert!((top - 0.6 * 1.02).abs() < 1e-9, "in mean widths of 1/1.02 LSB: {top}");

        let ramp = Ramp { first_lsb: -64.0, step_lsb: 1.0 / 512.0, repeats: 2 };
        let codes = sweep(&thresholds, &ramp, 128 * 512, 0.0);
        let found = Linearity::from_counts(&histogram(&codes).expect("7-bit codes"), &ramp)
            .expect("a ramp");
        assert_close(&found.dnl_lsb, &exact.dnl_lsb, 5e-3);
        assert_close(&found.inl_best_fit_lsb, &exact.inl_best_fit_lsb, 5e-3);
        assert!((found.gain - exact.gain).abs() < 1e-4);
        assert!((found.offset_lsb - exact.offset_lsb).abs() < 1e-3);
    }

    /// One threshold on its neighbour: a missing code, DNL -1 there and +1 beside; past it, DNL
    /// below -1.
    #[test]
    fn missing_codes_are_found() {
        let mut thresholds = ideal_thresholds();
        thresholds[62] = thresholds[63];
        let found = Linearity::from_thresholds(&thresholds).expect("127 thresholds");
        assert_eq!(found.missing_codes, [63]);
        assert_close(&found.dnl_lsb[61..63], &[1.0, -1.0], 1e-12);
        thresholds[62] += 0.25;
        let crossed = Linearity::from_thresholds(&thresholds).expect("127 thresholds");
        assert_eq!(crossed.missing_codes, [63]);
        assert!((crossed.dnl_lsb[62] + 1.25).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_ramp_is_refused() {
        let refused = |from, seen: &[u64]| Linearity::from_counts(&counts(from, seen), &RAMP);
        assert_eq!(refused(0, &[9, 9]), Err(MetricsError::NoCodes), "end codes only");
        assert_eq!(refused(50, &[99]), Err(MetricsError::NoCodes), "a dead ADC");
        assert_eq!(refused(0, &[9, 0, 0, 9]), Err(MetricsError::NoCodes), "it jumps");
        assert!(matches!(refused(0, &[]), Err(MetricsError::Incomplete { .. })));
        let falling: Vec<f64> = ideal_thresholds().into_iter().rev().collect();
        assert_eq!(Linearity::from_thresholds(&falling), Err(MetricsError::Falling));
        assert_eq!(
            Linearity::from_thresholds(&falling[1..]),
            Err(MetricsError::Thresholds { found: 126 })
        );
        assert_eq!(Linearity::from_thresholds(&[f64::NAN; 127]), Err(MetricsError::NotFinite));
    }

    /// Noise alone is no fall; the output of an ADC that drops by a code in its middle is one, with
    /// and without noise, though its histogram looks perfect.
    #[test]
    fn a_fall_is_found_and_noise_is_none() {
        let noisy = Ramp { repeats: 32, ..RAMP };
        let codes = sweep(&ideal_thresholds(), &noisy, 1921, 0.14);
        let means = mean_codes(&codes, &noisy).expect("whole levels");
        assert!(deepest_fall(&means) > 0.0, "single means do fall");
        assert!(monotonic(&means, standard_error(0.14, 32)), "{}", deepest_fall(&means));

        let swapped = |code: u8| if code == 63 || code == 64 { 127 - code } else { code };
        let falling: Vec<u8> = codes.iter().map(|&code| swapped(code)).collect();
        let means = mean_codes(&falling, &noisy).expect("whole levels");
        assert!(!monotonic(&means, standard_error(0.14, 32)), "{}", deepest_fall(&means));

        let silent: Vec<f64> = (0..1921)
            .map(|level| convert(&ideal_thresholds(), -64.0 + f64::from(level) / 15.0).into())
            .collect();
        assert_eq!(deepest_fall(&silent), 0.0);
        assert!(monotonic(&silent, standard_error(0.0, 1)));
        let mut dip = silent;
        dip[1000] -= 1.0;
        assert!(!monotonic(&dip, standard_error(0.0, 1)));
        assert!(!monotonic(&[f64::NAN], 1.0));
    }
}
