//! The same steps through the RTL and through the golden model.

use super::super::format::escape;
use super::super::page::Page;
use super::super::table::{Cell, Column, Table};
use crate::report::CharacterizeReport;
use crate::report::characterize::BackendComparison;
use crate::report::text::grouped;

const COLUMNS: [Column; 3] =
    [Column::text("what"), Column::number("compared", ""), Column::number("different", "")];

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    let Some(compared) = &report.backends_compared else { return };
    page.section("backends", "RTL against golden model");
    let table = Table { columns: COLUMNS.to_vec(), rows: rows(compared), stacks: false };
    page.table(
        "The chip through the Verilated RTL in closed loop, and through the golden model: codes, \
         the tables fitted to what the host read, and the results that the RTL’s post-processor \
         made with them.",
        &table,
    );
    page.html(&in_words(compared));
}

/// The first mismatch and the names of violated rules.
fn in_words(c: &BackendComparison) -> String {
    let line = |what: &str, words: &str| {
        format!("<p><strong class=\"bad\">{what}:</strong> <code>{}</code></p>\n", escape(words))
    };
    let first = c.first_mismatch.iter().map(|first| line("First mismatch", first));
    let rules = match &c.violated_rules[..] {
        [] => None,
        rules => Some(line("Violated rules", &rules.join(", "))),
    };
    first.chain(rules).collect()
}

fn rows(c: &BackendComparison) -> Vec<Vec<Cell>> {
    let row = |what: &str, compared: String, different: Cell| -> Vec<Cell> {
        vec![what.into(), compared.into(), different]
    };
    vec![
        row("codes", grouped(c.codes_compared), found(c.codes_different)),
        row("calibrated results", grouped(c.results_compared), found(c.results_different)),
        row("calibration tables", "1".into(), found(u64::from(!c.calibration_equal))),
        row("lockstep mismatches", "every cycle".into(), found(c.lockstep_mismatches)),
        row("rule violations", "every cycle".into(), found(c.rule_violations)),
    ]
}

/// A count that should be zero.
fn found(count: u64) -> Cell {
    match count {
        0 => "0".into(),
        more => Cell::Html(format!("<strong class=\"bad\">{}</strong>", grouped(more))),
    }
}
