//! Paper against model.

use super::super::page::Page;
use super::super::table::{Cell, Column, Table};
use crate::report::CharacterizeReport;
use crate::report::characterize::PublishedRow;

const COLUMNS: [Column; 4] = [
    Column::text("fact"),
    Column::text("published"),
    Column::text("model"),
    Column::text("where from"),
];

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    if report.published.is_empty() {
        return;
    }
    page.section("paper", "Paper against model");
    let rows = report.published.iter().map(cells).collect();
    let table = Table { columns: COLUMNS.to_vec(), rows, stacks: true };
    page.table(
        "Published facts beside the model. Tags: [A] the paper’s abstract, [F] reported from its \
         body, [L] other literature.",
        &table,
    );
}

fn cells(row: &PublishedRow) -> Vec<Cell> {
    let published = match row.tag.as_str() {
        "" => row.published.clone(),
        tag => format!("{} [{tag}]", row.published),
    };
    vec![
        row.fact.as_str().into(),
        published.into(),
        row.model.as_str().into(),
        row.from.as_str().into(),
    ]
}
