//! Plots of one figure over all chips; the worst chip is marked with its number.

use super::super::super::format::number;
use super::super::super::page::{Figure, Key, Mark};
use super::super::super::svg::{Axis, Dot, Plot, round_step};
use super::super::{PUBLISHED_LINEARITY_LSB, edges};
use crate::report::characterize::{ChipRow, MonteCarlo};

/// Bins of a series, and of all series of a plot, at most.
const BINS: f64 = 36.0;
const MOST_BINS: f64 = 100.0;

/// A figure of every chip.
pub struct Series {
    pub class: &'static str,
    pub means: &'static str,
    pub of: fn(&ChipRow) -> f64,
}

/// Histogram of one or two figures; the worst chip is that of the last one, its largest or its
/// smallest value.
pub fn histogram(
    title: &'static str,
    label: &str,
    rows: &[ChipRow],
    series: &[Series],
    largest_is_worst: bool,
) -> Option<Figure> {
    let last = series.last()?;
    let values = |s: &Series| finite(rows, s.of).map(|(_, value)| value).collect::<Vec<f64>>();
    let (worst, value) = worst(rows, last.of, largest_is_worst)?;
    let each: Vec<Vec<f64>> = series.iter().map(values).collect();
    let bins = bins(&each);
    let counts: Vec<Vec<f64>> = series.iter().map(|s| counts(&bins, &values(s))).collect();
    let most = counts.iter().flatten().copied().fold(0.0, f64::max);
    let across = Axis::covering(label, bins.iter().copied());
    let mut plot = Plot::new(title, across, Axis::counting("chips", most));
    for (s, counts) in series.iter().zip(&counts) {
        plot = plot.bars(s.class, &bins, counts);
    }
    let plot = plot.upright("limit", value, &format!("chip {worst}"));
    let key = |s: &Series| Key::new(Mark::Bars, s.class, s.means);
    let mut keys: Vec<Key> = series.iter().map(key).collect();
    keys.push(Key::new(Mark::Line, "limit", "worst chip"));
    let caption = caption(rows, series, worst, value);
    Some(Figure { title: title.into(), keys, plot, caption })
}

fn caption(rows: &[ChipRow], series: &[Series], worst: u64, value: f64) -> String {
    let median = |s: &Series| {
        let mut values: Vec<f64> = finite(rows, s.of).map(|(_, value)| value).collect();
        values.sort_by(f64::total_cmp);
        number(values.get(values.len() / 2).copied().unwrap_or(f64::NAN), 2)
    };
    let medians = match series {
        [one] => median(one),
        several => several
            .iter()
            .map(|s| format!("{} {}", median(s), s.means))
            .collect::<Vec<_>>()
            .join(", "),
    };
    format!(
        "Median {medians}; the worst chip is number {worst} with {}: \
         <code>--chip&nbsp;{worst}</code>.",
        number(value, 2)
    )
}

/// How many chips stay below an error.
pub fn yield_curve(m: &MonteCarlo) -> Option<Figure> {
    let mut errors: Vec<(u64, f64)> = finite(&m.rows, |row| row.linearity_after_lsb).collect();
    errors.sort_by(|a, b| a.1.total_cmp(&b.1));
    let &(worst, largest) = errors.last()?;
    let share = |count: usize| 100.0 * count as f64 / errors.len() as f64;
    let values: Vec<f64> = errors.iter().map(|&(_, error)| error).collect();
    let shares: Vec<f64> = (1..errors.len()).map(share).collect();
    let all = values.iter().copied().chain([0.95 * values[0], 1.05 * PUBLISHED_LINEARITY_LSB]);
    let plot = Plot::new(
        "share of the chips below an error after calibration",
        Axis::covering("largest error after calibration (LSB)", all),
        Axis::stepped("chips below (%)", 0.0, 100.0, 20.0),
    )
    .line("after", [(values[0], 0.0), (values[0], share(1))])
    .steps("after", &values, &shares)
    .upright("limit", PUBLISHED_LINEARITY_LSB, "")
    .dots("after", Dot::Round, [((largest, 100.0), format!("chip {worst}"))]);
    Some(Figure {
        title: "Yield".into(),
        keys: vec![
            Key::new(Mark::Line, "after", "chips below this error"),
            Key::new(Mark::Line, "limit", "published limit [F]"),
        ],
        plot,
        caption: format!(
            "How many chips keep all their errors below a value; below the published 2 LSB: <b>{} \
             %</b>. The last one is chip {worst} with {} LSB: <code>--chip&nbsp;{worst}</code>.",
            number(100.0 * m.yield_below_2_lsb, 1),
            number(largest, 2)
        ),
    })
}

/// Chips and their values, where they are numbers.
fn finite(rows: &[ChipRow], of: fn(&ChipRow) -> f64) -> impl Iterator<Item = (u64, f64)> {
    rows.iter().map(move |row| (row.chip, of(row))).filter(|(_, value)| value.is_finite())
}

fn worst(rows: &[ChipRow], of: fn(&ChipRow) -> f64, largest: bool) -> Option<(u64, f64)> {
    let badness = |value: f64| if largest { value } else { -value };
    finite(rows, of).max_by(|a, b| badness(a.1).total_cmp(&badness(b.1)))
}

/// Smallest and largest value.
fn ends<'a>(values: impl IntoIterator<Item = &'a f64>) -> (f64, f64) {
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    values.into_iter().fold(ends, |(low, high), &v| (low.min(v), high.max(v)))
}

/// Edges at round numbers, common to all series: more bins for more values, and enough of them for
/// the narrowest series.
fn bins(series: &[Vec<f64>]) -> Vec<f64> {
    let (low, high) = ends(series.iter().flatten());
    let most = series.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let wanted = (1.7 * most.sqrt()).clamp(5.0, BINS);
    let spans = series.iter().map(ends).map(|(low, high)| high - low);
    let narrowest = spans.fold(high - low, f64::min).max((high - low) * wanted / MOST_BINS);
    // One value, or nearly so, is one bin in the middle of nothing.
    let span = narrowest.max(1e-3 * high.abs().max(low.abs())).max(1e-6);
    let width = round_step(span / wanted);
    let first = (low / width).floor();
    let steps = ((high / width).floor() - first + 1.0).clamp(1.0, MOST_BINS);
    edges(first * width, width, steps as usize)
}

fn counts(edges: &[f64], values: &[f64]) -> Vec<f64> {
    let bins = edges.len().saturating_sub(1).max(1);
    let mut counts = vec![0.0; bins];
    for value in values {
        let bin = edges.partition_point(|edge| edge <= value).clamp(1, bins) - 1;
        counts[bin] += 1.0;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_a_bin_of_its_own_range() {
        let values: Vec<f64> = (0..200).map(|i| 1.0 + f64::from(i * i % 97) / 40.0).collect();
        let edges = bins(std::slice::from_ref(&values));
        assert!(edges[0] <= 1.0 && edges.last().is_some_and(|&edge| edge > 3.4));
        assert_eq!(counts(&edges, &values).iter().sum::<f64>(), 200.0);
        assert_eq!(counts(&[0.0, 1.0, 2.0], &[0.0, 1.0, 1.5]), [1.0, 2.0]);
    }

    #[test]
    fn one_value_or_wild_ones_make_bins() {
        for values in [&[6.85][..], &[0.0], &[0.0, 0.0], &[-1e300, 1e300], &[1.0, 1.0 + 1e-12]] {
            let edges = bins(&[values.to_vec()]);
            assert!((2..=101).contains(&edges.len()), "{values:?}: {edges:?}");
            assert_eq!(counts(&edges, values).iter().sum::<f64>(), values.len() as f64);
        }
    }
}
