//! Statistics over chips, ADCs and conversions: distributions, straight lines, compute SNR.

use serde::Serialize;

/// How a figure is spread over many chips or ADCs, in the figure's unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distribution {
    pub mean: f64,
    /// Standard deviation of the population the values are a sample of (n - 1); 0 for one value.
    pub sigma: f64,
    pub min: f64,
    pub p1: f64,
    pub p5: f64,
    pub median: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

impl Distribution {
    /// None without values or with one that is not finite. Percentiles as in [`percentile`].
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values)?;
        let at = |percent| interpolated(&sorted, percent);
        Some(Self {
            mean: mean(values)?,
            sigma: if values.len() > 1 { standard_deviation(values)? } else { 0.0 },
            min: at(0.0),
            p1: at(1.0),
            p5: at(5.0),
            median: at(50.0),
            p95: at(95.0),
            p99: at(99.0),
            max: at(100.0),
        })
    }
}

/// Percentile by linear interpolation between the sorted values: 0 is the smallest, 100 the
/// largest, the k-th of n values stands at 100 (k - 1) / (n - 1) (Hyndman and Fan's type 7, NumPy's
/// default). So p1 of fewer than 100 values lies between the two smallest, never outside.
/// None without values, with one that is not finite, or outside 0..=100.
pub fn percentile(values: &[f64], percent: f64) -> Option<f64> {
    let sorted = sorted(values)?;
    (0.0..=100.0).contains(&percent).then(|| interpolated(&sorted, percent))
}

/// Arithmetic mean; None without values or with one that is not finite.
pub fn mean(values: &[f64]) -> Option<f64> {
    finite(values)?;
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// Standard deviation with n - 1; None for fewer than two values or one that is not finite.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// Compute SNR in dB: variance of the ideal outputs over the mean square of the errors, error =
/// output - ideal output, both in one unit (S. Gonugondla et al., "Fundamental limits on the
/// precision of in-memory architectures", ICCAD 2020). No gain is fitted: a gain error is an
/// error. Infinite without any error. None when the two have different lengths, a value is not
/// finite or the signal does not vary.
pub fn csnr_db(
    signal: impl IntoIterator<Item = f64>,
    error: impl IntoIterator<Item = f64>,
) -> Option<f64> {
    let (mut signal, mut error) = (signal.into_iter(), error.into_iter());
    let (mut moments, mut squares) = (LineFit::default(), 0.0);
    loop {
        match (signal.next(), error.next()) {
            (Some(s), Some(e)) => {
                moments.push(s, 0.0);
                squares += e * e;
            }
            (None, None) => break,
            _ => return None,
        }
    }
    let ratio = moments.sum_xx / squares; // both are sums over the same number of values
    (moments.sum_xx > 0.0 && moments.sum_xx.is_finite() && squares.is_finite())
        .then(|| 10.0 * ratio.log10())
}

/// A least-squares line y = intercept + slope x, point by point. It keeps sums about the mean
/// (Welford), so that nothing cancels.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineFit {
    points: u64,
    mean_x: f64,
    mean_y: f64,
    sum_xx: f64,
    sum_xy: f64,
}

/// See [`LineFit`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub intercept: f64,
    pub slope: f64,
}

impl LineFit {
    pub fn push(&mut self, x: f64, y: f64) {
        self.points += 1;
        let n = self.points as f64;
        let from_old_mean = x - self.mean_x;
        self.mean_x += from_old_mean / n;
        self.mean_y += (y - self.mean_y) / n;
        self.sum_xx += from_old_mean * (x - self.mean_x);
        self.sum_xy += from_old_mean * (y - self.mean_y);
    }

    pub fn points(&self) -> u64 {
        self.points
    }

    pub fn mean_x(&self) -> f64 {
        self.mean_x
    }

    pub fn mean_y(&self) -> f64 {
        self.mean_y
    }

    /// None when all points share one x.
    pub fn line(&self) -> Option<Line> {
        let slope = self.sum_xy / self.sum_xx;
        let intercept = self.mean_y - slope * self.mean_x;
        (self.sum_xx > 0.0).then_some(Line { intercept, slope })
    }
}

impl Line {
    pub fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }
}

impl Extend<(f64, f64)> for LineFit {
    fn extend<T: IntoIterator<Item = (f64, f64)>>(&mut self, points: T) {
        points.into_iter().for_each(|(x, y)| self.push(x, y));
    }
}

impl FromIterator<(f64, f64)> for LineFit {
    fn from_iter<T: IntoIterator<Item = (f64, f64)>>(points: T) -> Self {
        let mut fit = Self::default();
        fit.extend(points);
        fit
    }
}

fn finite(values: &[f64]) -> Option<()> {
    (!values.is_empty() && values.iter().all(|v| v.is_finite())).then_some(())
}

fn sorted(values: &[f64]) -> Option<Vec<f64>> {
    finite(values)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(sorted)
}

/// `sorted` is not empty, `percent` within 0..=100.
fn interpolated(sorted: &[f64], percent: f64) -> f64 {
    let position = percent / 100.0 * (sorted.len() - 1) as f64;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * position.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::random::Key;

    /// NumPy's `percentile([15, 20, 35, 40, 50], [5, 40])` is 16 and 29.
    #[test]
    fn percentiles_are_numpys() {
        let values = [35.0, 50.0, 15.0, 40.0, 20.0];
        let at = |percent| percentile(&values, percent).expect("finite values");
        assert!((at(5.0) - 16.0).abs() < 1e-12 && (at(40.0) - 29.0).abs() < 1e-12);
        assert_eq!((at(0.0), at(50.0), at(100.0)), (15.0, 35.0, 50.0));
        assert_eq!(percentile(&values, 100.1), None);
        assert_eq!(percentile(&values, f64::NAN), None);
    }

    #[test]
    fn few_values_have_percentiles_within_them() {
        let one = Distribution::of(&[3.0]).expect("one value");
        assert_eq!((one.sigma, one.p1, one.median, one.p99), (0.0, 3.0, 3.0, 3.0));
        let two = Distribution::of(&[1.0, 2.0]).expect("two values");
        assert!((two.p1 - 1.01).abs() < 1e-12 && (two.p99 - 1.99).abs() < 1e-12);
        assert!((two.sigma - 0.5f64.sqrt()).abs() < 1e-12, "n - 1");
    }

    #[test]
    fn nothing_and_nan_are_refused() {
        assert_eq!(Distribution::of(&[]), None);
        assert_eq!(Distribution::of(&[1.0, f64::NAN]), None);
        assert_eq!(Distribution::of(&[f64::INFINITY, 1.0]), None);
        assert_eq!(standard_deviation(&[1.0]), None);
    }

    /// A signal of +-1 with an error of +-0.1 is 20 dB; a constant error counts in full, and so
    /// does a gain error of 10 %.
    #[test]
    fn csnr_of_known_errors() {
        let signal: Vec<f64> = (0..1000).map(|i| f64::from(i % 2 * 2 - 1)).collect();
        let csnr = |errors: Vec<f64>| csnr_db(signal.iter().copied(), errors);
        let near = |found: Option<f64>| (found.expect("a signal") - 20.0).abs() < 1e-9;
        assert!(near(csnr(vec![0.1; 1000])));
        assert!(near(csnr(signal.iter().map(|s| 0.1 * s).collect())));
        let shifted = csnr_db(signal.iter().map(|s| s + 1e6), vec![0.1; 1000]);
        assert!((shifted.expect("a signal") - 20.0).abs() < 1e-6, "the mean is no signal");
        assert_eq!(csnr(vec![0.0; 1000]), Some(f64::INFINITY));
        assert_eq!(csnr(vec![0.1; 999]), None, "one error is missing");
        assert_eq!(csnr(vec![f64::NAN; 1000]), None);
        assert_eq!(csnr_db([1.0, 1.0], [0.1, 0.1]), None, "no signal");
        assert_eq!(csnr_db([], []), None);
    }

    /// The same slope from the textbook's sums, and far from 0 too.
    #[test]
    fn line_is_that_of_the_normal_equations() {
        let key = Key::new([7, 7, 7, 7]);
        let points: Vec<(f64, f64)> = (0..200)
            .map(|i| (f64::from(i) / 10.0, 3.0 - 0.25 * f64::from(i) / 10.0 + key.normal(i)))
            .collect();
        let sum = |f: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>();
        let (n, x, y) = (200.0, sum(&|p| p.0), sum(&|p| p.1));
        let (xx, xy) = (sum(&|p| p.0 * p.0), sum(&|p| p.0 * p.1));
        let slope = (n * xy - x * y) / (n * xx - x * x);
        let fit: LineFit = points.iter().copied().collect();
        let line = fit.line().expect("many x");
        assert!((line.slope - slope).abs() < 1e-12);
        assert!((line.intercept - (y - slope * x) / n).abs() < 1e-12);
        let far: LineFit = points.iter().map(|p| (p.0 + 1e6, p.1 + 1e6)).collect();
        assert!((far.line().expect("many x").slope - slope).abs() < 1e-9);
        assert_eq!(LineFit::from_iter([(1.0, 2.0), (1.0, 3.0)]).line(), None);
    }
}
