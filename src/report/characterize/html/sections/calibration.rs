//! What the host fitted: master curve, lines of the ADCs, and what they leave.

use super::super::format::{largest, number, percent};
use super::super::page::{Figure, Key, Mark, Page};
use super::super::svg::{Axis, Dot, Plot, round_step};
use super::super::table::{Cell, Column, Table};
use super::edges;
use crate::report::CharacterizeReport;
use crate::report::characterize::AdcRow;
use crate::report::characterize::figures::fixed;
use crate::report::text::grouped;

/// Missing codes that a table has room for.
const NAMED_CODES: usize = 4;
/// Room beyond the largest value.
const ROOM: f64 = 1.05;

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    let figures = [offsets(report), gains(report), master(&report.curves.master), errors(report)];
    if figures.iter().all(Option::is_none) {
        return;
    }
    page.section("calibration", "Calibration");
    page.html(
        "<p>The host fits a line to every ADC, gain and offset, and then one master curve that all \
         of them share.</p>",
    );
    page.html(&saturated(report.saturated_registers));
    page.figures(figures);
    if !report.adcs.is_empty() {
        page.html("<details><summary>All ADCs in numbers</summary>");
        page.table(&adcs_caption(), &adcs(&report.adcs));
        page.html("</details>");
    }
}

/// Registers that do not reach what was fitted.
fn saturated(registers: u64) -> String {
    match registers {
        0 => "<p>Registers too small: 0.</p>".into(),
        n => format!(
            "<p><strong class=\"bad\">Registers too small: {}</strong>. What was fitted lies \
             beyond their ends; results keep the rest of that error.</p>",
            grouped(n)
        ),
    }
}

fn offsets(report: &CharacterizeReport) -> Option<Figure> {
    let plot = pairs("offset (LSB)", &report.adcs, |row| row.offset_lsb)?;
    Some(Figure {
        title: "Offsets".into(),
        keys: keys(),
        plot,
        caption: format!(
            "Input at which each ADC shows the middle of its range. Standard deviation: {} LSB \
             before, {} LSB after calibration.",
            number(report.before.offset_sigma_lsb, 2),
            number(report.after.offset_sigma_lsb, 3)
        ),
    })
}

fn gains(report: &CharacterizeReport) -> Option<Figure> {
    let relative = |row: &AdcRow| row.gain.map(|gain| 100.0 * (gain - 1.0));
    let plot = pairs("gain error (%)", &report.adcs, relative)?;
    Some(Figure {
        title: "Gains".into(),
        keys: keys(),
        plot,
        caption: format!(
            "Gain of each ADC less one. Standard deviation: {} % before, {} % after calibration; \
             the register’s step is 0.78 %.",
            percent(report.before.gain_sigma, 2),
            percent(report.after.gain_sigma, 2)
        ),
    })
}

fn errors(report: &CharacterizeReport) -> Option<Figure> {
    let plot = pairs("largest error (LSB)", &report.adcs, |row| row.linearity_error_max_lsb)?;
    let side = |side: usize| report.adcs.iter().map(move |row| row.linearity_error_max_lsb[side]);
    Some(Figure {
        title: "Errors of each ADC".into(),
        keys: keys(),
        plot,
        caption: format!(
            "Largest error of single results of each ADC. The worst ADC: {} LSB before, <b>{} \
             LSB</b> after calibration.",
            number(largest(side(0)), 2),
            number(largest(side(1)), 2)
        ),
    })
}

/// Two dots per ADC, before and after.
fn pairs(label: &str, adcs: &[AdcRow], values: fn(&AdcRow) -> [f64; 2]) -> Option<Plot> {
    let all = adcs.iter().flat_map(values);
    if !all.clone().any(f64::is_finite) {
        return None;
    }
    let last = adcs.iter().map(|row| row.adc).max().unwrap_or(0).min(1 << 20) as f64;
    let step = if last >= 16.0 { round_step(last / 8.0) } else { 1.0 };
    let step = if (16.0..=40.0).contains(&last) { 4.0 } else { step };
    let across = Axis::stepped("ADC", -0.5, last + 0.5, step);
    let mut plot =
        Plot::new(label, across, Axis::covering(label, all.map(|value| ROOM * value).chain([0.0])));
    plot = plot.level("zero", 0.0);
    for row in adcs {
        let at = row.adc as f64;
        plot = plot.line("move", values(row).map(|value| (at, value)));
    }
    let dots = |side: usize| {
        let words =
            move |row: &AdcRow| format!("ADC {}: {}", row.adc, number(values(row)[side], 3));
        adcs.iter().map(move |row| ((row.adc as f64, values(row)[side]), words(row)))
    };
    Some(plot.dots("before", Dot::Round, dots(0)).dots("after", Dot::Square, dots(1)))
}

fn keys() -> Vec<Key> {
    vec![
        Key::new(Mark::Round, "before", "before calibration"),
        Key::new(Mark::Square, "after", "after"),
    ]
}

fn master(sixteenths: &[i8]) -> Option<Figure> {
    if sixteenths.is_empty() {
        return None;
    }
    let corrections: Vec<f64> = sixteenths.iter().map(|&m| f64::from(m) / 16.0).collect();
    let across = edges(-(corrections.len() as f64 / 2.0).floor(), 1.0, corrections.len());
    let values = corrections.iter().copied().chain([-0.25, 0.25]);
    let ends = (across[0], across[corrections.len()]);
    let plot = Plot::new(
        "master curve",
        Axis::stepped("result after the line (LSB)", ends.0, ends.1, 16.0),
        Axis::covering("correction (LSB)", values),
    )
    .level("zero", 0.0)
    .steps("after", &across, &corrections);
    Some(Figure {
        title: "Master curve".into(),
        keys: vec![Key::new(Mark::Line, "after", "what is added to every ADC’s results")],
        plot,
        caption: format!(
            "The shared correction in steps of 1/16 LSB, {} entries. Largest: {} LSB.",
            corrections.len(),
            number(largest(corrections.iter().copied()), 2)
        ),
    })
}

const COLUMNS: [Column; 13] = [
    Column::text("ADC"),
    Column::number("ENOB", "bits"),
    Column::number("INL", "LSB"),
    Column::number("DNL", "LSB"),
    Column::number("missing codes", ""),
    Column::number("noise", "LSB"),
    Column::number("offset", "LSB"),
    Column::number("after", "LSB"),
    Column::number("gain", ""),
    Column::number("after", ""),
    Column::number("registers", "gain, offset"),
    Column::number("error", "LSB"),
    Column::number("after", "LSB"),
];

fn adcs_caption() -> String {
    "Each ADC; <i>after</i> calibration beside what was before. A gain register of 128 is 1, the \
     offset register counts sixteenths of an LSB; the error is the largest of single results."
        .into()
}

fn adcs(adcs: &[AdcRow]) -> Table {
    Table { columns: COLUMNS.to_vec(), rows: adcs.iter().map(cells).collect(), stacks: false }
}

/// The first missing codes, and how many there are beyond.
fn missing(codes: &[u8]) -> String {
    let named = codes.iter().take(NAMED_CODES).map(u8::to_string).collect::<Vec<_>>().join(", ");
    match codes.len() {
        0 => "none".into(),
        few if few <= NAMED_CODES => named,
        many => format!("{named}, {} more", many - NAMED_CODES),
    }
}

fn cells(row: &AdcRow) -> Vec<Cell> {
    let [offset, gain, error] = [row.offset_lsb, row.gain, row.linearity_error_max_lsb];
    let texts = [
        row.adc.to_string(),
        fixed(row.enob, 2),
        fixed(row.inl_max_lsb, 2),
        fixed(row.dnl_max_lsb, 2),
        missing(&row.missing_codes),
        fixed(row.input_noise_lsb, 3),
        fixed(offset[0], 2),
        fixed(offset[1], 3),
        fixed(gain[0], 4),
        fixed(gain[1], 4),
        format!("{}, {}", row.gain_register, row.offset_register),
        fixed(error[0], 2),
        fixed(error[1], 2),
    ];
    texts.into_iter().map(Cell::Text).collect()
}
