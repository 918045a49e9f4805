//! Where the energy goes, and what the model predicts at other operating points.

mod sweep;

use super::super::format::{escape, number};
use super::super::page::Page;
use super::super::table::{Cell, Column, Table, bar};
use crate::report::CharacterizeReport;
use crate::report::characterize::facts::{PEAK_MW, TOPS_PER_WATT};
use crate::report::characterize::figures::{fixed, percent};
use crate::report::characterize::{EnergyReport, fit};

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    let energy = &report.energy;
    if energy.parts.is_empty() && energy.sweep.is_empty() {
        return;
    }
    page.section("energy", "Energy");
    page.html(&summary(report));
    if !energy.parts.is_empty() {
        page.table(&caption(energy), &parts(energy));
    }
    sweep::add(energy, page);
}

/// How the level came about, as the page sets it.
pub fn fitted(report: &CharacterizeReport) -> String {
    fit::remark(report).replace(" C", " °C")
}

fn summary(report: &CharacterizeReport) -> String {
    let e = &report.energy;
    let rules = match &e.violated_rules[..] {
        [] => String::new(),
        rules => format!(
            " <strong class=\"bad\">The macro does not work here: {}.</strong>",
            escape(&rules.join(", "))
        ),
    };
    format!(
        "<p>{} mW at {} GOPS: <b>{} TOPS/W</b>, {} pJ per operation of the whole macro, {} fJ per \
         multiply-accumulate.{rules}</p>\n<p class=\"note-box\">{}</p>",
        number(e.power_mw, 2),
        number(e.gops, 2),
        number(e.tops_per_watt, 1),
        number(e.pj_per_operation, 2),
        number(e.fj_per_mac, 2),
        what_is_fitted(report)
    )
}

fn what_is_fitted(report: &CharacterizeReport) -> String {
    let fit = format!(
        "the energy of the clock is chosen so that the default conditions and the peak workload \
         give the published {} TOPS/W [{}], {} mW.",
        TOPS_PER_WATT.number(),
        TOPS_PER_WATT.tag,
        PEAK_MW.number()
    );
    let elsewhere = "Elsewhere, differences are predicted, the level is fitted.";
    if fit::is_point_of_fit(report) {
        format!("<b>The level is fitted:</b> {fit} {elsewhere}")
    } else {
        format!("<b>Here: {}.</b> There {fit} {elsewhere}", fitted(report))
    }
}

fn caption(e: &EnergyReport) -> String {
    format!(
        "Where the {} pJ of an operation go, in the order of the data’s way; each bar begins where \
         the one before ends.",
        number(e.pj_per_operation, 2)
    )
}

const COLUMNS: [Column; 4] = [
    Column::text("part"),
    Column::number("energy", "pJ"),
    Column::number("share", "%"),
    Column::text(""),
];

fn parts(e: &EnergyReport) -> Table {
    let mut from = 0.0;
    let row = |(name, pj, share): (&str, f64, f64)| {
        let bar = bar("part", from, from + share);
        from += share;
        vec![name.into(), fixed(pj, 2).into(), percent(share, 1).into(), bar]
    };
    let mut rows: Vec<Vec<Cell>> = fit::shares(e).into_iter().map(row).collect();
    rows.push(vec![
        Cell::Html("<b>all</b>".into()),
        fixed(fit::total_pj(e), 2).into(),
        percent(from, 1).into(),
        bar("all", 0.0, from),
    ]);
    Table { columns: COLUMNS.to_vec(), rows, stacks: false }
}
