//! Where the energy goes, and what the model predicts at other operating points.

mod sweep;

use super::super::format::number;
use super::super::page::Page;
use super::super::table::{Cell, Column, Table, bar};
use crate::report::CharacterizeReport;
use crate::report::characterize::EnergyReport;
use crate::report::characterize::text::figures::{fixed, percent};

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    let energy = &report.energy;
    if energy.parts.is_empty() && energy.sweep.is_empty() {
        return;
    }
    page.section("energy", "Energy");
    page.html(&summary(energy));
    if !energy.parts.is_empty() {
        page.table(&caption(energy), &parts(energy));
    }
    sweep::add(energy, page);
}

fn summary(e: &EnergyReport) -> String {
    format!(
        "<p>{} mW at {} GOPS: <b>{} TOPS/W</b>, {} pJ per operation of the whole macro, {} fJ per \
         multiply-accumulate.</p>\n<p class=\"note-box\"><b>Fitted, not predicted:</b> the energy \
         of the clock is chosen so that the default operating point lands on the published 49.4 \
         TOPS/W [A]. Every other operating point is the model’s prediction.</p>",
        number(e.power_mw, 2),
        number(e.gops, 2),
        number(e.tops_per_watt, 1),
        number(e.pj_per_operation, 2),
        number(e.fj_per_mac, 2)
    )
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
    let finite = |pj: f64| if pj.is_finite() { pj.max(0.0) } else { 0.0 };
    let all: f64 = e.parts.iter().map(|(_, pj)| finite(*pj)).sum();
    let share = |pj: f64| if all > 0.0 { pj / all } else { 0.0 };
    let mut from = 0.0;
    let row = |(name, pj): &(String, f64)| {
        let to = from + share(finite(*pj));
        let bar = bar("part", from, to);
        from = to;
        vec![name.as_str().into(), fixed(*pj, 2).into(), percent(share(*pj), 1).into(), bar]
    };
    let mut rows: Vec<Vec<Cell>> = e.parts.iter().map(row).collect();
    rows.push(vec![
        Cell::Html("<b>all</b>".into()),
        fixed(all, 2).into(),
        percent(share(all), 1).into(),
        bar("all", 0.0, share(all)),
    ]);
    Table { columns: COLUMNS.to_vec(), rows, stacks: false }
}
