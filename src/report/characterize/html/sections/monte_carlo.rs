//! Figures over a population of chips, and how to get the worst of them back.

mod population;

use self::population::{Series, histogram, yield_curve};
use super::super::format::{escape, number, percent};
use super::super::page::{Figure, Page};
use super::super::table::{Cell, Column, Table};
use super::setup;
use crate::report::CharacterizeReport;
use crate::report::characterize::text::figures::fixed;
use crate::report::characterize::text::population::named;
use crate::report::characterize::{ChipRow, MonteCarlo};
use crate::report::text::grouped;

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    let Some(monte_carlo) = &report.monte_carlo else { return };
    page.section("monte-carlo", "Monte Carlo");
    page.html(&summary(monte_carlo));
    page.html(&setup::command(&crate::report::characterize::text::population::replay(
        &report.command,
        monte_carlo.worst_chip,
    )));
    page.figures(figures(monte_carlo));
    if !monte_carlo.distributions.is_empty() {
        page.table(&caption(monte_carlo), &distributions(monte_carlo));
    }
}

fn summary(m: &MonteCarlo) -> String {
    let last = m.first_chip.saturating_add(m.chips.saturating_sub(1));
    format!(
        "<p>{} chips, numbers {} to {last}. <b>{} %</b> of them stay below 2 LSB after \
         calibration; {} % of all their ADCs have no missing code. The voltage that the products \
         share spreads by {} mV ({} LSB) with half of the rows on, by {} mV with the mismatch of the MAC \
         capacitors alone. Chip <b>{}</b> has the largest error after calibration; to \
         measure it in detail (and any other chip alike):</p>",
        grouped(m.chips),
        m.first_chip,
        percent(m.yield_below_2_lsb, 1),
        percent(m.adcs_without_missing_codes, 2),
        number(m.accumulated_voltage_sigma_mv, 3),
        number(m.accumulated_voltage_sigma_lsb, 3),
        number(m.capacitor_voltage_sigma_mv, 3),
        m.worst_chip
    )
}

fn figures(m: &MonteCarlo) -> [Option<Figure>; 6] {
    let rows = &m.rows;
    let one = |class, means, of| vec![Series { class, means, of }];
    let before_after = |before, after| {
        vec![
            Series { class: "before", means: "before calibration", of: before },
            Series { class: "after", means: "after", of: after },
        ]
    };
    let linearity =
        before_after(|row: &ChipRow| row.linearity_before_lsb, |row| row.linearity_after_lsb);
    let csnr = before_after(|row: &ChipRow| row.csnr_before_db, |row| row.csnr_after_db);
    [
        histogram(
            "ENOB",
            "ENOB (bits)",
            rows,
            &one("after", "calibrated, mean of its ADCs", |row| row.enob),
            false,
        ),
        histogram(
            "INL",
            "largest INL of a chip (LSB)",
            rows,
            &one("before", "from exact thresholds, without noise", inl),
            true,
        ),
        histogram(
            "DNL",
            "largest DNL of a chip (LSB)",
            rows,
            &one("before", "from exact thresholds, without noise", dnl),
            true,
        ),
        histogram("Linearity error", "largest error of a chip (LSB)", rows, &linearity, true),
        yield_curve(m),
        histogram("CSNR", "CSNR (dB)", rows, &csnr, false),
    ]
}

fn inl(row: &ChipRow) -> f64 {
    row.inl_max_lsb
}

fn dnl(row: &ChipRow) -> f64 {
    row.dnl_max_lsb
}

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
