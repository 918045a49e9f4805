//! How often a network is right, and how sure that is.

use serde::Serialize;

/// 97.5 % quantile of the normal distribution: 95 % lie within +- that many sigma.
const QUANTILE: f64 = 1.959_963_984_540_054;

/// Share of images that are classified correctly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Accuracy {
    pub correct: u64,
    pub images: u64,
    /// correct / images; not a number without images.
    pub share: f64,
    /// 95 % Wilson interval of the share: all of 0..1 without images.
    pub low: f64,
    pub high: f64,
}

impl Accuracy {
    /// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA
    /// 22, 1927. Unlike the normal approximation it holds near 0 and 1 and stays within.
    pub fn new(correct: u64, images: u64) -> Self {
        let (share, n) = (correct as f64 / images as f64, images as f64);
        if images == 0 {
            return Self { correct, images, share, low: 0.0, high: 1.0 };
        }
        let square = QUANTILE * QUANTILE;
        let centre = (share + square / (2.0 * n)) / (1.0 + square / n);
        let variance = share * (1.0 - share) / n + square / (4.0 * n * n);
        let half = QUANTILE * variance.sqrt() / (1.0 + square / n);
        // Exact at the ends, where rounding could leave the interval without the share.
        let low = if correct == 0 { 0.0 } else { centre - half };
        let high = if correct == images { 1.0 } else { centre + half };
        Self { correct, images, share, low, high }
    }

    /// Of predictions and their labels, pair by pair.
    pub fn of(predictions: &[usize], labels: &[u8]) -> Self {
        let pairs = predictions.iter().zip(labels);
        let correct =
            pairs.filter(|&(&prediction, &label)| prediction == usize::from(label)).count();
        Self::new(correct as u64, predictions.len() as u64)
    }
}

/// How often images of a class are taken for another, `[label][prediction]`. Labels and predictions
/// of `classes` or more are left out.
pub fn confusion(classes: usize, predictions: &[usize], labels: &[u8]) -> Vec<Vec<u64>> {
    let mut matrix = vec![vec![0; classes]; classes];
    for (&prediction, &label) in predictions.iter().zip(labels) {
        let row = matrix.get_mut(usize::from(label));
        if let Some(count) = row.and_then(|row| row.get_mut(prediction)) {
            *count += 1;
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of R. G. Newcombe, "Two-sided confidence intervals for the single proportion",
    /// Statistics in Medicine 17, 1998, table I, method 3.
    #[test]
    fn wilson_intervals_of_newcombe() {
        for (correct, images, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let accuracy = Accuracy::new(correct, images);
            assert!((accuracy.low - low).abs() < 5e-5, "{accuracy:?}");
            assert!((accuracy.high - high).abs() < 5e-5, "{accuracy:?}");
        }
    }

    #[test]
    fn intervals_hold_the_share_and_are_symmetric() {
        for images in [1, 2, 10, 10_000] {
            for correct in 0..=images.min(50) {
                let (a, b) =
                    (Accuracy::new(correct, images), Accuracy::new(images - correct, images));
                assert!(0.0 <= a.low && a.low <= a.share && a.share <= a.high && a.high <= 1.0);
                assert!((a.low - (1.0 - b.high)).abs() < 1e-12);
            }
        }
        let none = Accuracy::new(0, 0);
        assert!(none.share.is_nan() && (none.low, none.high) == (0.0, 1.0));
    }

    #[test]
    fn confusion_counts_pairs() {
        let (predictions, labels) = ([1, 1, 0, 2, 2, 9], [1, 0, 0, 2, 1, 1]);
        let matrix = confusion(3, &predictions, &labels);
        assert_eq!(matrix, [[1, 1, 0], [0, 1, 1], [0, 0, 1]]);
        let accuracy = Accuracy::of(&predictions, &labels);
        assert_eq!((accuracy.correct, accuracy.images), (3, 6));
    }
}
