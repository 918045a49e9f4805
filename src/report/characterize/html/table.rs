//! Tables: the first column names a row, numbers stand to the right.

use super::format::{escape, typeset};

/// A column: its heading and unit.
#[derive(Clone, Copy)]
pub struct Column {
    pub title: &'static str,
    pub unit: &'static str,
    pub number: bool,
    /// Left out on a phone.
    pub wide: bool,
}

impl Column {
    pub const fn text(title: &'static str) -> Self {
        Self { title, unit: "", number: false, wide: false }
    }

    pub const fn number(title: &'static str, unit: &'static str) -> Self {
        Self { title, unit, number: true, wide: false }
    }

    /// Bars beside numbers that say the same.
    pub const fn bars() -> Self {
        Self { title: "", unit: "", number: false, wide: true }
    }
}

/// What stands in a cell.
pub enum Cell {
    /// Text from anywhere.
    Text(String),
    /// Markup that this page made.
    Html(String),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// A table.
#[derive(Default)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// As wide as the page; rows become blocks on a phone. For tables of sentences.
    pub stacks: bool,
}

impl Table {
    /// One more column, at a place from the left.
    pub fn insert(&mut self, at: usize, column: Column, cells: impl IntoIterator<Item = Cell>) {
        self.columns.insert(at, column);
        self.rows.iter_mut().zip(cells).for_each(|(row, cell)| row.insert(at, cell));
    }

    pub fn html(&self) -> String {
        let head: String = self.columns.iter().map(heading).collect();
        let rows: String = self.rows.iter().map(|row| self.row(row)).collect();
        let class = if self.stacks { " class=\"stack\"" } else { "" };
        format!("<table{class}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
    }

    fn row(&self, row: &[Cell]) -> String {
        let cells = row.iter().zip(&self.columns).enumerate();
        let html: String = cells.map(|(i, (cell, column))| self.cell(i, cell, column)).collect();
        format!("<tr>{html}</tr>\n")
    }

    fn cell(&self, index: usize, cell: &Cell, column: &Column) -> String {
        let content = match cell {
            Cell::Text(text) if column.number => escape(&typeset(text)),
            Cell::Text(text) => escape(text),
            Cell::Html(html) => html.clone(),
        };
        match index {
            0 => format!("<th scope=\"row\">{content}</th>"),
            // On a phone the heading is out of sight.
            _ if self.stacks => format!("<td data-is=\"{}\">{content}</td>", column.title),
            _ => format!("<td{}>{content}</td>", class(column)),
        }
    }
}

fn heading(column: &Column) -> String {
    let unit = match column.unit {
        "" => String::new(),
        unit => format!(" <span class=\"unit\">{unit}</span>"),
    };
    format!("<th scope=\"col\"{}>{}{unit}</th>", class(column), column.title)
}

fn class(column: &Column) -> &'static str {
    match (column.number, column.wide) {
        (true, _) => " class=\"number\"",
        (false, true) => " class=\"wide\"",
        (false, false) => "",
    }
}

/// A bar for a cell, from one share of its width to another.
pub fn bar(class: &str, from: f64, to: f64) -> Cell {
    let share = |value: f64| if value.is_finite() { value.clamp(0.0, 1.0) * 100.0 } else { 0.0 };
    let (from, to) = (share(from), share(to));
    Cell::Html(format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\">\
         <rect class=\"{class}\" x=\"{from:.2}\" y=\"0\" width=\"{:.2}\" height=\"10\"/></svg>",
        (to - from).max(0.0)
    ))
}
