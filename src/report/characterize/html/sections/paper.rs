//! Paper against model.

use super::super::page::Page;
use super::super::table::{Cell, Column, Table};
use crate::report::CharacterizeReport;
use crate::report::characterize::PublishedRow;
use crate::report::text::grouped;

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
        in_units(&row.fact).into(),
        in_units(&published).into(),
        in_units(&row.model).into(),
        in_units(&row.from).into(),
    ]
}

/// How units of the terminal are set on a page.
const UNITS: [(&str, &str); 3] = [("um2", "µm²"), ("mm2", "mm²"), (" 25 C", " 25 °C")];

/// The same text with signs for units and thousands apart.
fn in_units(text: &str) -> String {
    let text = UNITS.iter().fold(text.to_owned(), |text, (plain, set)| text.replace(plain, set));
    text.split_inclusive(' ').map(thousands).collect()
}

/// A word of five digits or more with commas; years and the like stay.
fn thousands(word: &str) -> String {
    let digits = word.trim_end();
    match digits.parse::<u64>() {
        Ok(value) if digits.len() > 4 => word.replace(digits, &grouped(value)),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_thousands_are_set() {
        assert_eq!(in_units("1.17 LSB over 524288 samples"), "1.17 LSB over 524,288 samples");
        assert_eq!(in_units("429 um2 at 25 C in 2021"), "429 µm² at 25 °C in 2021");
    }
}
