//! Input-referred noise from a ramp of repeated conversions: how wide the thresholds are.
//!
//! The share of codes >= t at each level is the distribution function of threshold t, with all
//! noise in it. Its moments need no model of the noise. Levels a step apart widen it by
//! step^2/12 (Sheppard), which holds for steps up to about the deviation itself; narrower noise is
//! found as 0 to half a step.

use serde::Serialize;

use super::{CODES, MetricsError, Ramp, THRESHOLDS};

/// A share that counts as 0, or as far from 1: below one conversion in a million.
const UNSEEN: f64 = 1e-6;
/// Standard deviations by which a ramp has to pass a threshold on either side to have seen it all.
const MARGIN_SIGMAS: f64 = 4.0;

/// One threshold as noise lets it be seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Transition {
    /// Mean in LSB.
    pub threshold_lsb: f64,
    /// Standard deviation in LSB; 0 when the steps are wider than the noise.
    pub sigma_lsb: f64,
}

/// Mean and variance, which may be negative by chance: averages need it so.
#[derive(Clone, Copy, Debug)]
struct Moments {
    mean_lsb: f64,
    variance_lsb2: f64,
}

/// Threshold and noise from the share of codes at or above it at each level of a rising ramp. None
/// when the ramp does not reach past it on both sides. With few conversions a level,
/// [`transitions`] is more exact: it knows how many.
pub fn transition(shares: &[f64], first_input_lsb: f64, step_lsb: f64) -> Option<Transition> {
    moments(shares, first_input_lsb, step_lsb, 0.0).map(Transition::from)
}

/// Every threshold of one ADC from its codes, level by level; None for a threshold that the ramp
/// does not reach past on both sides.
pub fn transitions(
    codes: &[u8],
    ramp: &Ramp,
) -> Result<[Option<Transition>; THRESHOLDS], MetricsError> {
    Ok(all_moments(codes, ramp)?.map(|moments| moments.map(Transition::from)))
}

/// Input-referred noise of one ADC in LSB rms, over all thresholds that the ramp covers; `codes`
/// level by level.
pub fn input_referred(codes: &[u8], ramp: &Ramp) -> Result<f64, MetricsError> {
    let all = all_moments(codes, ramp)?;
    let variances: Vec<f64> = all.iter().flatten().map(|m| m.variance_lsb2).collect();
    if variances.is_empty() {
        return Err(MetricsError::Uncovered);
    }
    Ok((variances.iter().sum::<f64>() / variances.len() as f64).max(0.0).sqrt())
}

impl From<Moments> for Transition {
    fn from(moments: Moments) -> Self {
        let sigma_lsb = moments.variance_lsb2.max(0.0).sqrt();
        Self { threshold_lsb: moments.mean_lsb, sigma_lsb }
    }
}

fn all_moments(codes: &[u8], ramp: &Ramp) -> Result<[Option<Moments>; THRESHOLDS], MetricsError> {
    ramp.levels(codes.len() as u64)?;
    if let Some(&code) = codes.iter().find(|&&code| usize::from(code) >= CODES) {
        return Err(MetricsError::Code { code });
    }
    let repeats = f64::from(ramp.repeats);
    // F (1 - F) of a counted share is too small by (n - 1)/n, so its mean's variance is this times
    // the sum over the levels.
    let spread = if ramp.repeats > 1 { ramp.step_lsb.powi(2) / (repeats - 1.0) } else { 0.0 };
    let of_threshold = |index: usize| {
        let at_or_above = |code: &&u8| usize::from(**code) > index;
        let levels = codes.chunks_exact(ramp.repeats as usize);
        let shares: Vec<f64> =
            levels.map(|level| level.iter().filter(at_or_above).count() as f64 / repeats).collect();
        moments(&shares, ramp.first_lsb, ramp.step_lsb, spread)
    };
    Ok(std::array::from_fn(of_threshold))
}

/// Mean and variance of the distribution function `shares`. The share gained from one level to the
/// next stands halfway between them. Squares are taken about the mean as found, which the counting
/// moves by chance: `spread` times sum F (1 - F) is how much the variance loses by that.
fn moments(shares: &[f64], first_lsb: f64, step_lsb: f64, spread: f64) -> Option<Moments> {
    let (&first, &last) = shares.first().zip(shares.last())?;
    let covered = first.abs() < UNSEEN && (last - 1.0).abs() < UNSEEN;
    if !covered || shares.iter().any(|share| !share.is_finite()) {
        return None;
    }
    let gains = || {
        let middles = (0..).map(|i| first_lsb + (f64::from(i) + 0.5) * step_lsb);
        shares.windows(2).map(|pair| pair[1] - pair[0]).zip(middles)
    };
    let mean_lsb: f64 = gains().map(|(gain, x)| gain * x).sum();
    let square: f64 = gains().map(|(gain, x)| gain * (x - mean_lsb).powi(2)).sum();
    let lost = spread * shares.iter().map(|share| share * (1.0 - share)).sum::<f64>();
    let found = Moments { mean_lsb, variance_lsb2: square + lost - step_lsb.powi(2) / 12.0 };
    let margin = MARGIN_SIGMAS * found.variance_lsb2.max(0.0).sqrt();
    let last_lsb = first_lsb + (shares.len() - 1) as f64 * step_lsb;
    (mean_lsb - margin >= first_lsb && mean_lsb + margin <= last_lsb).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::super::bench::{ideal_thresholds, sweep, sweep_of};
    use super::*;
    use std::f64::consts::PI;

    const RAMP: Ramp = Ramp { first_lsb: -64.0, step_lsb: 1.0 / 15.0, repeats: 32 };

    /// Raised cosine of half width s: its distribution function is closed and ends, its variance is
    /// s^2 (1/3 - 2/pi^2).
    fn raised_cosine(x: f64, s: f64) -> f64 {
        let u = (x / s).clamp(-1.0, 1.0);
        (1.0 + u + (PI * u).sin() / PI) / 2.0
    }

    /// Wherever the threshold lies between the levels. Without Sheppard's correction the deviation
    /// would be 4 % too large.
    #[test]
    fn moments_of_a_known_distribution() {
        let (half_width, step) = (1.2, 0.43);
        let sigma = half_width * (1.0 / 3.0 - 2.0 / (PI * PI)).sqrt();
        for tenth in 0..10 {
            let threshold = 7.0 + f64::from(tenth) / 10.0 * step;
            let shares: Vec<f64> = (0..20)
                .map(|i| raised_cosine(4.0 + f64::from(i) * step - threshold, half_width))
                .collect();
            let found = transition(&shares, 4.0, step).expect("the ramp spans it");
            assert!((found.threshold_lsb - threshold).abs() < 5e-3, "{found:?}");
            assert!((found.sigma_lsb / sigma - 1.0).abs() < 1e-2, "{found:?} instead of {sigma}");
        }
    }

    /// Without noise: within half a step, and no deviation.
    #[test]
    fn a_silent_adc_has_sharp_thresholds() {
        let codes = sweep(&ideal_thresholds(), &RAMP, 1921, 0.0);
        let found = transitions(&codes, &RAMP).expect("whole levels");
        for (t, transition) in (1..).zip(found) {
            let transition = transition.expect("the ramp spans all");
            assert!((transition.threshold_lsb - (f64::from(t) - 64.0)).abs() < 0.5 / 15.0 + 1e-9);
            assert_eq!(transition.sigma_lsb, 0.0);
        }
        assert_eq!(input_referred(&codes, &RAMP), Ok(0.0));
    }

    /// Eight ADCs: chance leaves 0.3 %, and 1 % with two conversions a level, where the mean's own
    /// chance would hide 6 % if it were not added back.
    #[test]
    fn planted_noise_is_found() {
        for (sigma, repeats, tolerance) in
            [(0.1, 32, 0.01), (0.14, 32, 0.01), (0.3, 16, 0.01), (0.14, 2, 0.03)]
        {
            let ramp = Ramp { first_lsb: -66.0, repeats, ..RAMP };
            let found = |adc| {
                let codes = sweep_of(adc, &ideal_thresholds(), &ramp, 1981, sigma);
                input_referred(&codes, &ramp).expect("whole levels")
            };
            let rms = ((0..8).map(|adc| found(adc).powi(2)).sum::<f64>() / 8.0).sqrt();
            assert!((rms / sigma - 1.0).abs() < tolerance, "{rms} instead of {sigma}");
        }
    }

    /// Noise moves no threshold.
    #[test]
    fn thresholds_show_through_the_noise() {
        let ramp = Ramp { first_lsb: -66.0, ..RAMP };
        let codes = sweep(&ideal_thresholds(), &ramp, 1981, 0.14);
        for (t, transition) in (1..).zip(transitions(&codes, &ramp).expect("whole levels")) {
            let found = transition.expect("the ramp spans all").threshold_lsb;
            assert!((found - (f64::from(t) - 64.0)).abs() < 0.06, "threshold {t} at {found}");
        }
    }

    /// A ramp over a part: what it does not span is left out, also where it ends within the noise.
    #[test]
    fn thresholds_outside_the_ramp_are_left_out() {
        let ramp = Ramp { first_lsb: -10.75, step_lsb: 0.05, repeats: 32 };
        let codes = sweep(&ideal_thresholds(), &ramp, 411, 0.14); // to 9.75
        let covered: Vec<i32> = (-63..)
            .zip(transitions(&codes, &ramp).expect("whole levels"))
            .filter_map(|(lsb, transition)| transition.map(|_| lsb))
            .collect();
        assert_eq!(covered, (-10..=9).collect::<Vec<_>>());
        let found = input_referred(&codes, &ramp).expect("20 thresholds");
        assert!((found / 0.14 - 1.0).abs() < 0.06, "{found}");

        let edge = Ramp { first_lsb: -0.2, ..ramp };
        let codes = sweep(&ideal_thresholds(), &edge, 9, 0.14); // to 0.2
        assert_eq!(input_referred(&codes, &edge), Err(MetricsError::Uncovered));
    }

    #[test]
    fn what_is_no_transition_is_refused() {
        assert_eq!(transition(&[], 0.0, 0.1), None);
        assert_eq!(transition(&[0.0, 0.5], 0.0, 0.1), None, "it ends within");
        assert_eq!(transition(&[0.1, 1.0], 0.0, 0.1), None, "it starts within");
        assert_eq!(transition(&[0.0, f64::NAN, 1.0], 0.0, 0.1), None);
        assert_eq!(
            input_referred(&[0, 200], &RAMP),
            Err(MetricsError::Incomplete { samples: 2, repeats: 32 })
        );
        let twos = Ramp { repeats: 2, ..RAMP };
        assert_eq!(input_referred(&[0, 200], &twos), Err(MetricsError::Code { code: 200 }));
        assert_eq!(input_referred(&[64, 64], &twos), Err(MetricsError::Uncovered), "a dead ADC");
    }
}
