//! Figures over a population of chips, and how to get the worst of them back.

mod population;

use self::population::{Series, Worst, histogram, yield_curve};
use super::super::format::{escape, number, percent};
use super::super::page::{Figure, Page};
use super::super::table::{Cell, Column, Table};
use super::setup;
use crate::report::CharacterizeReport;
use crate::report::characterize::MonteCarlo;
use crate::report::characterize::facts::LINEARITY_LSB;
use crate::report::characterize::figures::fixed;
use crate::report::characterize::population::{failures, named, replay, saturated};
use crate::report::text::grouped;

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    let Some(monte_carlo) = &report.monte_carlo else { return };
    page.section("monte-carlo", "Monte Carlo");
    page.html(&summary(monte_carlo));
    page.html(&setup::command(&replay(&report.command, monte_carlo.worst_chip)));
    page.html(&failed(monte_carlo));
    page.figures(figures(monte_carlo));
    if !monte_carlo.distributions.is_empty() {
        page.table(&caption(monte_carlo), &distributions(monte_carlo));
    }
}

fn summary(m: &MonteCarlo) -> String {
    let last = m.first_chip.saturating_add(m.chips.saturating_sub(1));
    format!(
        "<p>{} chips, numbers {} to {last}. <b>{} %</b> of them stay below {} LSB after \
         calibration; {} % of all their ADCs have no missing code. The voltage that the products \
         share spreads by {} mV ({} LSB) with half of the rows on, by {} mV with the mismatch of \
         the MAC capacitors alone. {} chips have calibration registers that are too small. Chip \
         <b>{}</b> has the largest error after calibration; to measure it in detail (and any other \
         chip alike):</p>",
        grouped(m.chips),
        m.first_chip,
        percent(m.yield_below_2_lsb, 1),
        LINEARITY_LSB.number(),
        percent(m.adcs_without_missing_codes, 2),
        number(m.accumulated_voltage_sigma_mv, 3),
        number(m.accumulated_voltage_sigma_lsb, 3),
        number(m.capacitor_voltage_sigma_mv, 3),
        grouped(saturated(m)),
        m.worst_chip
    )
}

/// Chips that have no figures, and why.
fn failed(m: &MonteCarlo) -> String {
    if m.failed.is_empty() {
        return String::new();
    }
    let reasons: String =
        failures(m).iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
    format!(
        "<p><strong class=\"bad\">{} chips could not be measured</strong>; the yield counts them, \
         no other figure does:</p>\n<ul>\n{reasons}</ul>",
        grouped(m.failed.len() as u64)
    )
}

/// Before and after stand in plots of their own: their spreads differ tenfold.
fn figures(m: &MonteCarlo) -> [Option<Figure>; 8] {
    let [enob, inl, dnl, before, after, csnr_before, csnr_after] =
        SERIES.map(|series| histogram(m, &series));
    [enob, inl, dnl, yield_curve(m), before, after, csnr_before, csnr_after]
}

const SERIES: [Series; 7] = [
    Series {
        key: "enob",
        title: "ENOB",
        label: "ENOB (bits)",
        class: "after",
        means: "calibrated, mean of its ADCs",
        of: |row| row.enob,
        worst: Worst::Smallest,
    },
    Series {
        key: "inl_max_lsb",
        title: "INL",
        label: "largest INL of a chip (LSB)",
        class: "before",
        means: "from exact thresholds, without noise",
        of: |row| row.inl_max_lsb,
        worst: Worst::Largest,
    },
    Series {
        key: "dnl_max_lsb",
        title: "DNL",
        label: "largest DNL of a chip (LSB)",
        class: "before",
        means: "from exact thresholds, without noise",
        of: |row| row.dnl_max_lsb,
        worst: Worst::Largest,
    },
    Series {
        key: "linearity_before_lsb",
        title: "Linearity error before calibration",
        label: "largest error of a chip (LSB)",
        class: "before",
        means: "before calibration",
        of: |row| row.linearity_before_lsb,
        worst: Worst::Largest,
    },
    Series {
        key: "linearity_after_lsb",
        title: "Linearity error after calibration",
        label: "largest error of a chip (LSB)",
        class: "after",
        means: "after calibration",
        of: |row| row.linearity_after_lsb,
        worst: Worst::OfPopulation,
    },
    Series {
        key: "csnr_before_db",
        title: "CSNR before calibration",
        label: "CSNR (dB)",
        class: "before",
        means: "before calibration",
        of: |row| row.csnr_before_db,
        worst: Worst::Smallest,
    },
    Series {
        key: "csnr_after_db",
        title: "CSNR after calibration",
        label: "CSNR (dB)",
        class: "after",
        means: "after calibration",
        of: |row| row.csnr_after_db,
        worst: Worst::Smallest,
    },
];

const COLUMNS: [Column; 10] = [
    Column::text("figure of a chip"),
    Column::number("mean", ""),
    Column::number("σ", ""),
    Column::number("min", ""),
    Column::number("1 %", ""),
    Column::number("5 %", ""),
    Column::number("median", ""),
    Column::number("95 %", ""),
    Column::number("99 %", ""),
    Column::number("max", ""),
];

fn caption(m: &MonteCarlo) -> String {
    format!("Distributions over {} chips, with their percentiles.", grouped(m.chips))
}

fn distributions(m: &MonteCarlo) -> Table {
    let rows = m.distributions.iter().map(|(name, d)| {
        let (name, unit) = named(name);
        let head = Cell::Html(format!("{} <span class=\"unit\">{unit}</span>", escape(name)));
        let values = [d.mean, d.sigma, d.min, d.p1, d.p5, d.median, d.p95, d.p99, d.max];
        std::iter::once(head).chain(values.map(|v| Cell::Text(fixed(v, 3)))).collect()
    });
    Table { columns: COLUMNS.to_vec(), rows: rows.collect(), stacks: false }
}
