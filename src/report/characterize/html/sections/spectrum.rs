//! Spectra of the sine: mismatch off, and the calibrated chip.

use super::super::format::number;
use super::super::page::{Figure, Key, Mark, Page};
use super::super::svg::{Axis, Dot, Plot};
use crate::report::CharacterizeReport;
use crate::report::characterize::Figures;
use crate::report::text::grouped;

/// Below this share of the bins the plot ends.
const LOWEST_SHARE: f64 = 0.02;
/// Ends between which the plot's lower end lies, in dB.
const LOWEST_DB: (f64, f64) = (-160.0, -80.0);

/// The ADC of the spectrum with mismatch off, where all are alike.
const OFF_ADC: usize = 0;

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    let curves = &report.curves;
    let (off, chip) = (&curves.spectrum_mismatch_off_dbfs, &curves.spectrum_dbfs);
    let bottom = bottom([off, chip]);
    let shown = curves.shown_adc;
    let title = "Spectrum, mismatch off";
    let who = format!("ADC {OFF_ADC}, mismatch off");
    let off = spectrum(title, "off", who, off, bottom, &report.mismatch_off);
    let who = format!("ADC {shown} of chip {}, calibrated", report.chip);
    let chip = spectrum("Spectrum, calibrated chip", "after", who, chip, bottom, &report.after);
    if off.is_none() && chip.is_none() {
        return;
    }
    page.section("spectrum", "Spectrum");
    page.figures([off, chip]);
}

/// The same lower end for both.
fn bottom(spectra: [&Vec<f64>; 2]) -> f64 {
    let mut levels: Vec<f64> =
        spectra.into_iter().flatten().copied().filter(|level| level.is_finite()).collect();
    levels.sort_by(f64::total_cmp);
    let low = levels.get((levels.len() as f64 * LOWEST_SHARE) as usize).copied();
    let low = low.unwrap_or(LOWEST_DB.1);
    (low / 20.0).floor().clamp(LOWEST_DB.0 / 20.0, LOWEST_DB.1 / 20.0) * 20.0
}

fn spectrum(
    title: &'static str,
    class: &'static str,
    who: String,
    levels: &[f64],
    bottom: f64,
    figures: &Figures,
) -> Option<Figure> {
    let frequency = |bin: usize| bin as f64 / (2.0 * (levels.len().max(2) - 1) as f64);
    let sine = highest(levels, |_| true)?;
    let spur = highest(levels, |bin| bin != sine)?;
    let points = levels.iter().enumerate().map(|(bin, &level)| (frequency(bin), level));
    let mark = |bin: usize| ((frequency(bin), levels[bin]), format!("bin {bin}"));
    let plot = Plot::new(
        title,
        Axis::stepped("frequency / sampling rate", 0.0, 0.5, 0.1),
        Axis::stepped("power per bin (dBFS)", bottom, 10.0, 20.0),
    )
    .line(&format!("{class} fine"), points)
    .dots("mark", Dot::Round, [mark(sine), mark(spur)])
    .note((frequency(sine), levels[sine]), &format!("sine, {} dBFS", number(levels[sine], 1)))
    .note((frequency(spur), levels[spur] + 4.0), &format!("{} dBFS", number(levels[spur], 1)));
    Some(Figure {
        title: title.into(),
        keys: vec![
            Key::new(Mark::Line, class, who),
            Key::new(Mark::Round, "mark", "sine and largest other line"),
        ],
        plot,
        caption: format!(
            "{} bins. The largest other line is {} dB below the sine. Means over all ADCs: SINAD \
             {} dB, <b>ENOB {} bits</b>, SFDR {} dB.",
            grouped(levels.len() as u64),
            number(levels[sine] - levels[spur], 1),
            number(figures.sinad_db, 1),
            number(figures.enob, 2),
            number(figures.sfdr_db, 1)
        ),
    })
}

/// The highest bin that `counts`, DC aside.
fn highest(levels: &[f64], counts: impl Fn(usize) -> bool) -> Option<usize> {
    let bins = (1..levels.len()).filter(|&bin| levels[bin].is_finite() && counts(bin));
    bins.max_by(|&a, &b| levels[a].total_cmp(&levels[b]))
}
