//! Table of all figures: mismatch off, before, after calibration.

use super::super::page::Page;
use super::super::table::{Cell, Column, Table};
use crate::report::CharacterizeReport;
use crate::report::characterize::figures::{Row, SAME, rows};

const COLUMNS: [Column; 4] = [
    Column::text("figure"),
    Column::number("mismatch off", ""),
    Column::number("before", ""),
    Column::number("after", ""),
];

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    page.section("figures", "Before and after calibration");
    page.html(&format!(
        "<p>Chip {}, beside one without mismatch. Calibration does not change codes: what they \
         alone decide is the same before and after ({SAME}).</p>\n<div class=\"tables\">",
        report.chip
    ));
    let [sine, ramp, results] = rows(report);
    let both = sine.into_iter().chain(results);
    page.table("Results: from a sine, and from random operations.", &table(both));
    page.table("Converters: from a ramp.", &table(ramp));
    page.html("</div>");
}

fn table(rows: impl IntoIterator<Item = Row>) -> Table {
    let rows = rows.into_iter().map(cells).collect();
    Table { columns: COLUMNS.to_vec(), rows, stacks: false }
}

fn cells(row: Row) -> Vec<Cell> {
    let unit = match row.unit {
        "" => String::new(),
        unit => format!(" <span class=\"unit\">{unit}</span>"),
    };
    let name = Cell::Html(row.name.to_owned() + &unit);
    std::iter::once(name).chain(row.values.map(Cell::Text)).collect()
}
