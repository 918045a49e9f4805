//! Plots of one figure over all chips; the worst chip is marked with its number.

use super::super::super::format::number;
use super::super::super::page::{Figure, Key, Mark};
use super::super::super::svg::{Axis, Dot, Plot, round_step};
use super::super::edges;
use crate::report::characterize::facts::LINEARITY_LSB;
use crate::report::characterize::{ChipRow, MonteCarlo};

/// Bins at most.
const BINS: f64 = 36.0;

/// A figure of every chip.
pub struct Series {
    /// Its name in the data.
    pub key: &'static str,
    pub title: &'static str,
    pub label: &'static str,
    pub class: &'static str,
    pub means: &'static str,
    pub of: fn(&ChipRow) -> f64,
    pub worst: Worst,
}

/// Which chip is marked as the worst.
pub enum Worst {
    Largest,
    Smallest,
    /// The one that the report calls so.
    OfPopulation,
}

/// Histogram of a figure; the worst chip is marked.
pub fn histogram(m: &MonteCarlo, series: &Series) -> Option<Figure> {
    let Series { title, label, class, means, of, .. } = *series;
    let values: Vec<f64> = finite(&m.rows, of).map(|(_, value)| value).collect();
    let (worst, value) = worst(m, series)?;
    let bins = bins(&values);
    let counts = counts(&bins, &values);
    let most = counts.iter().copied().fold(0.0, f64::max);
    let across = Axis::covering(label, bins.iter().copied());
    let plot = Plot::new(title, across, Axis::counting("chips", most))
        .bars(class, &bins, &counts)
        .upright("limit", value, &format!("chip {worst}"));
    let keys =
        vec![Key::new(Mark::Bars, class, means), Key::new(Mark::Line, "limit", "worst chip")];
    let known = m.distributions.iter().find(|(key, _)| *key == series.key);
    let median = known.map_or(f64::NAN, |(_, d)| d.median);
    let caption = format!(
        "Median {}; the worst chip is number {worst} with {}: <code>--chip&nbsp;{worst}</code>.",
        number(median, 2),
        number(value, 2)
    );
    Some(Figure { title: title.into(), keys, plot, caption })
}

/// How many chips stay below an error.
pub fn yield_curve(m: &MonteCarlo) -> Option<Figure> {
    let mut errors: Vec<(u64, f64)> = finite(&m.rows, |row| row.linearity_after_lsb).collect();
    errors.sort_by(|a, b| a.1.total_cmp(&b.1));
    let worst = m.worst_chip;
    let &(_, largest) = errors.last()?;
    let share = |count: usize| 100.0 * count as f64 / errors.len() as f64;
    let values: Vec<f64> = errors.iter().map(|&(_, error)| error).collect();
    let shares: Vec<f64> = (1..errors.len()).map(share).collect();
    let all = values.iter().copied().chain([0.95 * values[0], 1.05 * LINEARITY_LSB.value]);
    let plot = Plot::new(
        "share of the chips below an error after calibration",
        Axis::covering("largest error after calibration (LSB)", all),
        Axis::stepped("chips below (%)", 0.0, 100.0, 20.0),
    )
    .line("after", [(values[0], 0.0), (values[0], share(1))])
    .steps("after", &values, &shares)
    .upright("limit", LINEARITY_LSB.value, "")
    .dots("after", Dot::Round, [((largest, 100.0), format!("chip {worst}"))]);
    Some(Figure {
        title: "Yield".into(),
        keys: vec![
            Key::new(Mark::Line, "after", "chips below this error"),
            Key::new(Mark::Line, "limit", "published limit [F]"),
        ],
        plot,
        caption: format!(
            "How many chips keep all their errors below a value; below the published {} LSB: \
             <b>{} %</b>. The last one is chip {worst} with {} LSB: \
             <code>--chip&nbsp;{worst}</code>.",
            LINEARITY_LSB.number(),
            number(100.0 * m.yield_below_2_lsb, 1),
            number(largest, 2)
        ),
    })
}

/// Chips and their values, where they are numbers.
fn finite(rows: &[ChipRow], of: fn(&ChipRow) -> f64) -> impl Iterator<Item = (u64, f64)> {
    rows.iter().map(move |row| (row.chip, of(row))).filter(|(_, value)| value.is_finite())
}

/// The worst chip of a figure, and its value.
fn worst(m: &MonteCarlo, series: &Series) -> Option<(u64, f64)> {
    let mut all = finite(&m.rows, series.of);
    match series.worst {
        Worst::Largest => all.max_by(|a, b| a.1.total_cmp(&b.1)),
        Worst::Smallest => all.min_by(|a, b| a.1.total_cmp(&b.1)),
        Worst::OfPopulation => all.find(|&(chip, _)| chip == m.worst_chip),
    }
}

/// Edges at round numbers: more bins for more values.
fn bins(values: &[f64]) -> Vec<f64> {
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    let (low, high) =
        values.iter().fold(ends, |(low, high), &value| (low.min(value), high.max(value)));
    let wanted = (1.7 * (values.len() as f64).sqrt()).clamp(5.0, BINS);
    // One value, or nearly so, is one bin in the middle of nothing.
    let span = (high - low).max(1e-3 * high.abs().max(low.abs())).max(1e-6);
    let width = round_step(span / wanted);
    let first = (low / width).floor();
    let steps = ((high / width).floor() - first + 1.0).clamp(1.0, BINS + 1.0);
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
        let edges = bins(&values);
        assert!(edges[0] <= 1.0 && edges.last().is_some_and(|&edge| edge > 3.4));
        assert_eq!(counts(&edges, &values).iter().sum::<f64>(), 200.0);
        assert_eq!(counts(&[0.0, 1.0, 2.0], &[0.0, 1.0, 1.5]), [1.0, 2.0]);
    }

    #[test]
    fn one_value_or_wild_ones_make_bins() {
        for values in [&[6.85][..], &[0.0], &[0.0, 0.0], &[-1e300, 1e300], &[1.0, 1.0 + 1e-12]] {
            let edges = bins(values);
            assert!((2..=38).contains(&edges.len()), "{values:?}: {edges:?}");
            assert_eq!(counts(&edges, values).iter().sum::<f64>(), values.len() as f64);
        }
    }
}
