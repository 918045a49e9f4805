//! Transfer of one ADC; INL and DNL of all.

use super::super::format::{largest, number, signed};
use super::super::page::{Figure, Key, Mark, Page};
use super::super::svg::{Axis, Plot};
use super::input_axis;
use crate::characterize::metrics::{CODES, THRESHOLDS};
use crate::report::CharacterizeReport;
use crate::report::characterize::Curves;
use crate::report::text::grouped;

/// INL and DNL are drawn at least this far, in LSB.
const SMALLEST_SCALE_LSB: f64 = 0.5;
/// Room beyond the largest value of a family.
const ROOM: f64 = 1.05;
/// How far from the middle the detail of the transfer reaches, in LSB.
const DETAIL_LSB: f64 = 4.0;

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    let curves = &report.curves;
    let figures = [transfer(report), deviation(report), inl(curves), dnl(curves)];
    if figures.iter().all(Option::is_none) {
        return;
    }
    page.section("converters", "Converters");
    page.figures(figures);
}

/// Inputs in LSB and mean codes.
fn ramp(curves: &Curves) -> Vec<(f64, f64)> {
    curves.ramp_input_lsb.iter().copied().zip(curves.ramp_mean_code.iter().copied()).collect()
}

/// Largest input in LSB.
fn ends(points: &[(f64, f64)]) -> f64 {
    largest(points.iter().map(|&(input, _)| input))
}

/// The middle of the transfer, where single steps show.
fn detail(points: &[(f64, f64)]) -> Plot {
    let middle = CODES as f64 / 2.0;
    let (low, high) = (middle - DETAIL_LSB - 1.0, middle + DETAIL_LSB);
    // What lies outside is a gap: it would be drawn along the border.
    let inside = |code: f64| if (low..=high).contains(&code) { code } else { f64::NAN };
    let near = points.iter().filter(|(input, _)| input.abs() <= DETAIL_LSB);
    let near = near.map(|&(input, code)| (input, inside(code)));
    let steps = 2 * DETAIL_LSB as usize;
    let codes: Vec<f64> = (0..steps).map(|i| middle - DETAIL_LSB + i as f64).collect();
    Plot::small(Axis::stepped("", -DETAIL_LSB, DETAIL_LSB, 2.0), Axis::stepped("", low, high, 2.0))
        .steps("ideal", &super::edges(-DETAIL_LSB, 1.0, steps), &codes)
        .line("before", near)
}

fn transfer(report: &CharacterizeReport) -> Option<Figure> {
    let points = ramp(&report.curves);
    if points.is_empty() {
        return None;
    }
    let shown = report.curves.shown_adc;
    let middle = CODES as f64 / 2.0;
    let thresholds: Vec<f64> = (0..=CODES).map(|t| t as f64 - middle).collect();
    let codes: Vec<f64> = (0..CODES).map(|code| code as f64).collect();
    let codes_axis = Axis::stepped("mean code", 0.0, CODES as f64, 16.0);
    let plot =
        Plot::new("mean code against input", input_axis("input (LSB)", ends(&points)), codes_axis)
            .steps("ideal", &thresholds, &codes)
            .line("before", points.iter().copied());
    let plot = if ends(&points) > DETAIL_LSB { plot.inset(&detail(&points)) } else { plot };
    let line = report.adcs.iter().find(|row| row.adc == shown).map_or(String::new(), |row| {
        format!(
            "Its middle lies at {} LSB of input, its gain is off by {} %.",
            signed(row.offset_lsb[0], 2),
            signed(100.0 * (row.gain[0] - 1.0), 2)
        )
    });
    Some(Figure {
        title: "Transfer".into(),
        keys: vec![
            Key::new(Mark::Line, "before", format!("ADC {shown}")),
            Key::new(Mark::Line, "ideal", "ideal"),
        ],
        plot,
        caption: format!(
            "Mean code of ADC {shown}, the one with the largest INL, at {} inputs; inset: its \
             middle. {line}",
            grouped(points.len() as u64)
        ),
    })
}

/// Distance of the mean code from the straight line through the ideal staircase.
fn deviation(report: &CharacterizeReport) -> Option<Figure> {
    let ramp = ramp(&report.curves);
    let line = |input: f64| input + (THRESHOLDS as f64) / 2.0;
    // Beyond these the ends of the range cut single codes, and the mean with them.
    let whole = 1.0..=(THRESHOLDS - 1) as f64;
    let unclipped = |&&(_, code): &&(f64, f64)| whole.contains(&code);
    let points: Vec<(f64, f64)> =
        ramp.iter().filter(unclipped).map(|&(input, code)| (input, code - line(input))).collect();
    if points.is_empty() {
        return None;
    }
    let smooth = over_one_lsb(&points);
    let heights = points.iter().map(|&(_, y)| y).chain([-1.0, 1.0]);
    let axis = Axis::covering("mean code − ideal line (LSB)", heights);
    let across = input_axis("input (LSB)", ends(&ramp));
    let plot = Plot::new("deviation of the mean code from the ideal line", across, axis)
        .level("zero", 0.0)
        .line("before faint", points.iter().copied())
        .line("before strong", smooth.iter().copied());
    let most = largest(smooth.iter().map(|&(_, y)| y));
    Some(Figure {
        title: "Deviation from the ideal line".into(),
        keys: vec![
            Key::new(Mark::Line, "before faint", "each input"),
            Key::new(Mark::Line, "before strong", "mean over 1 LSB"),
        ],
        plot,
        caption: format!(
            "The same ADC, less the ideal line. {}What the mean over 1 LSB leaves is offset, gain \
             and INL: up to {} LSB before calibration.",
            teeth(report.before.input_noise_lsb),
            number(most, 2)
        ),
    })
}

/// More noise smooths the quantization, in LSB.
const TEETH_LSB: f64 = 0.3;

/// What the teeth are, where there are any.
fn teeth(noise_lsb: f64) -> &'static str {
    if noise_lsb < TEETH_LSB { "The teeth are the quantization of ±½ LSB. " } else { "" }
}

/// Means over stretches of one LSB, in which the teeth of the quantization cancel.
fn over_one_lsb(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let (Some(&(first, _)), Some(&(second, _))) = (points.first(), points.get(1)) else {
        return vec![];
    };
    let window = (1.0 / (second - first)).round();
    if !(1.0..=points.len() as f64).contains(&window) {
        return vec![];
    }
    let mean = |stretch: &[(f64, f64)]| {
        let (x, y) = stretch.iter().fold((0.0, 0.0), |(a, b), &(x, y)| (a + x, b + y));
        (x / window, y / window)
    };
    points.windows(window as usize).map(mean).collect()
}

fn inl(curves: &Curves) -> Option<Figure> {
    let (worst, plot, keys) = family(&curves.inl_lsb, &curves.first_code, "INL (LSB)")?;
    let caption = format!(
        "INL of {} ADCs from the best straight line through their thresholds. Largest: {} LSB, ADC \
         {} at code {}.",
        curves.inl_lsb.len(),
        signed(worst.value, 2),
        worst.adc,
        worst.code
    );
    Some(Figure { title: "Integral nonlinearity".into(), keys, plot, caption })
}

fn dnl(curves: &Curves) -> Option<Figure> {
    let (worst, plot, keys) = family(&curves.dnl_lsb, &curves.first_code, "DNL (LSB)")?;
    let caption = format!(
        "DNL of {} ADCs: widths of their codes less one LSB. Largest: {} LSB, ADC {} at code {}; \
         −1 LSB would be a missing code.",
        curves.dnl_lsb.len(),
        signed(worst.value, 2),
        worst.adc,
        worst.code
    );
    Some(Figure { title: "Differential nonlinearity".into(), keys, plot, caption })
}

/// The largest magnitude in a family of curves.
struct Worst {
    adc: usize,
    code: usize,
    value: f64,
}

/// Curves over the code: all of them thin, the one with the largest magnitude strong.
fn family(curves: &[Vec<f64>], first: &[u8], label: &str) -> Option<(Worst, Plot, Vec<Key>)> {
    let worst = worst(curves, first)?;
    let values = curves.iter().flatten().map(|value| ROOM * value);
    let values = values.chain([-SMALLEST_SCALE_LSB, SMALLEST_SCALE_LSB]);
    let codes = Axis::stepped("code", 0.0, CODES as f64, 16.0);
    let mut plot = Plot::new(label, codes, Axis::covering(label, values)).level("zero", 0.0);
    let points = |adc: usize| {
        let from = first.get(adc).map_or(0.0, |&code| f64::from(code));
        curves[adc].iter().enumerate().map(move |(i, &value)| (from + i as f64, value))
    };
    for adc in (0..curves.len()).filter(|&adc| adc != worst.adc) {
        plot = plot.line("every", points(adc));
    }
    plot = plot.line("worst", points(worst.adc));
    let keys = vec![
        Key::new(Mark::Line, "worst", format!("ADC {}, largest", worst.adc)),
        Key::new(Mark::Line, "every", "the other ADCs"),
    ];
    Some((worst, plot, keys))
}

fn worst(curves: &[Vec<f64>], first: &[u8]) -> Option<Worst> {
    let from = |adc: usize| first.get(adc).map_or(0, |&code| usize::from(code));
    let of_adc = |(adc, curve): (usize, &Vec<f64>)| -> Vec<Worst> {
        let values = curve.iter().enumerate().filter(|(_, value)| value.is_finite());
        values.map(|(i, &value)| Worst { adc, code: from(adc) + i, value }).collect()
    };
    let all = curves.iter().enumerate().flat_map(of_adc);
    all.max_by(|a, b| a.value.abs().total_cmp(&b.value.abs()))
}
