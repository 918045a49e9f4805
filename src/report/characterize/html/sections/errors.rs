//! Errors of single results against exact dot products.

use super::super::format::{largest, number};
use super::super::page::{Figure, Key, Mark, Page};
use super::super::svg::{Axis, Plot};
use super::{edges, input_axis};
use crate::report::CharacterizeReport;
use crate::report::characterize::ErrorBin;
use crate::report::characterize::facts::LINEARITY_LSB;
use crate::report::text::grouped;

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    let figures = [by_input(report), histogram(report)];
    if figures.iter().all(Option::is_none) {
        return;
    }
    page.section("errors", "Linearity of results");
    page.figures(figures);
}

fn by_input(report: &CharacterizeReport) -> Option<Figure> {
    let bins = &symmetric(&report.curves.error_by_input);
    let inputs = bins.iter().map(|bin| bin.input_lsb);
    let end = largest(inputs.chain(report.curves.ramp_input_lsb.iter().copied()));
    let errors = bins.iter().flat_map(|bin| bin.before.into_iter().chain(bin.after));
    let finite = errors.clone().any(f64::is_finite);
    let limits = [-LINEARITY_LSB.value, LINEARITY_LSB.value];
    let plot = Plot::new(
        "error of results against their input, before and after calibration",
        input_axis("exact dot product (LSB)", end),
        Axis::covering("error (LSB)", errors.chain(limits)),
    );
    let plot = with_band(plot, "before", bins, |bin| bin.before);
    let plot = with_band(plot, "after", bins, |bin| bin.after);
    let plot = plot.level("limit", limits[0]).level("limit", limits[1]);
    finite.then(|| Figure {
        title: "Error against input".into(),
        keys: keys(Mark::Band, Mark::Band),
        plot,
        caption: format!(
            "Smallest to largest error (band) and mean (line) of {} results of random operations. \
             Largest: {} LSB before, <b>{} LSB</b> after calibration; dashed: the \
             published {} LSB.",
            grouped(report.linearity_samples),
            number(report.before.linearity_error_max_lsb, 2),
            number(report.after.linearity_error_max_lsb, 2),
            LINEARITY_LSB.number()
        ),
    })
}

/// Bins from one end to the other. Inputs reach to the lower edge of a bin on the right, which then
/// holds this one value alone and would draw a notch: it goes into the bin before.
fn symmetric(bins: &[ErrorBin]) -> Vec<ErrorBin> {
    let mut bins = bins.to_vec();
    let (Some(first), Some(last)) = (bins.first().cloned(), bins.last().cloned()) else {
        return bins;
    };
    if bins.len() > 2 && last.input_lsb > -first.input_lsb {
        bins.pop();
        if let Some(before) = bins.last_mut() {
            before.before = joined(before.before, last.before);
            before.after = joined(before.after, last.after);
        }
    }
    bins
}

/// Smallest, mean, largest; the mean stays that of the whole bin.
fn joined(bin: [f64; 3], few: [f64; 3]) -> [f64; 3] {
    [bin[0].min(few[0]), bin[1], bin[2].max(few[2])]
}

fn with_band(plot: Plot, class: &str, bins: &[ErrorBin], of: fn(&ErrorBin) -> [f64; 3]) -> Plot {
    let ends: Vec<(f64, [f64; 2])> =
        bins.iter().map(|bin| (bin.input_lsb, [of(bin)[0], of(bin)[2]])).collect();
    plot.band(class, &ends).line(class, bins.iter().map(|bin| (bin.input_lsb, of(bin)[1])))
}

fn histogram(report: &CharacterizeReport) -> Option<Figure> {
    let data = &report.curves.error_histogram;
    let most = data.before.iter().chain(&data.after).copied().max().filter(|&count| count > 0)?;
    let counts = |counts: &[u64]| counts.iter().map(|&n| n as f64).collect::<Vec<_>>();
    let of = |counts: &[u64]| edges(data.first_edge_lsb, data.width_lsb, counts.len());
    let limits = [-LINEARITY_LSB.value, LINEARITY_LSB.value];
    let across = of(&data.before).into_iter().chain(of(&data.after)).chain(limits);
    let plot = Plot::new(
        "histogram of the errors before and after calibration",
        Axis::covering("error (LSB)", across),
        Axis::decades("results", most as f64),
    )
    .bars("before", &of(&data.before), &counts(&data.before))
    .bars("after", &of(&data.after), &counts(&data.after))
    .upright("limit", limits[0], "")
    .upright("limit", limits[1], "");
    Some(Figure {
        title: "Distribution of errors".into(),
        keys: keys(Mark::Bars, Mark::Bars),
        plot,
        caption: format!(
            "The same errors in bins of {} LSB, on a logarithmic scale so that single results \
             show. Rms: {} LSB before, {} LSB after calibration.",
            number(data.width_lsb, 3),
            number(report.before.linearity_error_rms_lsb, 2),
            number(report.after.linearity_error_rms_lsb, 2)
        ),
    })
}

fn keys(before: Mark, after: Mark) -> Vec<Key> {
    vec![
        Key::new(before, "before", "before calibration"),
        Key::new(after, "after", "after"),
        Key::new(Mark::Line, "limit", "published limit [F]"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_input_alone_is_no_bin() {
        let bin = |input_lsb, ends: f64| ErrorBin {
            input_lsb,
            before: [-ends, 0.1, ends],
            after: [-ends, 0.2, ends],
        };
        let bins = [bin(-3.0, 1.0), bin(1.0, 1.0), bin(3.0, 1.0), bin(5.0, 2.0)];
        let merged = symmetric(&bins);
        assert_eq!(merged[..2], bins[..2]);
        assert_eq!(merged[2].before, [-2.0, 0.1, 2.0]);
        assert_eq!(symmetric(&bins[..3]), bins[..3]);
        assert!(symmetric(&[]).is_empty());
    }
}
