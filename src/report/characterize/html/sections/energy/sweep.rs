//! Operating points, group by group: a curve where the points are numbers, a table always.

use super::super::super::format::{escape, number};
use super::super::super::page::{Figure, Key, Mark, Page};
use super::super::super::svg::{Axis, Dot, Plot};
use super::super::super::table::{Cell, Column, Table, bar};
use crate::report::characterize::text::figures::fixed;
use crate::report::characterize::{EnergyReport, SweepRow};

/// Fewer points make no curve.
const CURVE: usize = 3;

pub fn add(energy: &EnergyReport, page: &mut Page) {
    if energy.sweep.is_empty() {
        return;
    }
    let groups = groups(&energy.sweep);
    page.html("<h3>Other operating points</h3>");
    page.figures(groups.iter().map(|group| curve(energy, group)));
    let best = energy.sweep.iter().map(|row| row.tops_per_watt).filter(|v| v.is_finite());
    let best = best.fold(0.0, f64::max);
    page.html("<div class=\"tables\">");
    for group in &groups {
        let name = group.first().map_or("", |row| row.group.as_str());
        page.table(&format!("Varied: <b>{}</b>.", escape(name)), &table(group, best));
    }
    page.html("</div>");
}

/// Rows that vary the same thing, in the order of their first appearance.
fn groups(rows: &[SweepRow]) -> Vec<Vec<&SweepRow>> {
    let mut groups: Vec<Vec<&SweepRow>> = vec![];
    for row in rows {
        let known = groups.iter_mut().find(|g| g.first().is_some_and(|r| r.group == row.group));
        match known {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

/// Efficiency over the varied quantity, if that is a quantity.
fn curve(energy: &EnergyReport, group: &[&SweepRow]) -> Option<Figure> {
    let (at, unit) = quantities(group)?;
    let name = group.first()?.group.as_str();
    let label = if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") };
    let mut rows: Vec<(f64, &SweepRow)> = at.iter().copied().zip(group.iter().copied()).collect();
    rows.retain(|(_, row)| row.tops_per_watt.is_finite());
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (low, high) = (rows.first()?.1, rows.last()?.1);
    let points: Vec<(f64, f64)> = rows.iter().map(|&(x, row)| (x, row.tops_per_watt)).collect();
    let fitted = energy.tops_per_watt;
    let heights = points.iter().map(|&(_, y)| y).chain([0.0, fitted]);
    let words = |&(x, y): &(f64, f64)| ((x, y), format!("{x}: {} TOPS/W", number(y, 1)));
    let plot = Plot::new(
        &format!("efficiency against {name}"),
        Axis::covering(&label, at.iter().copied()),
        Axis::covering("efficiency (TOPS/W)", heights),
    )
    .level("limit", fitted)
    .line("after", points.iter().copied())
    .dots("after", Dot::Round, points.iter().map(words));
    Some(Figure {
        title: format!("Efficiency against {}", escape(name)),
        keys: vec![
            Key::new(Mark::Line, "after", "model"),
            Key::new(Mark::Line, "limit", "operating point of this report"),
        ],
        plot,
        caption: format!(
            "From {} TOPS/W at {} to {} TOPS/W at {}.",
            number(low.tops_per_watt, 1),
            escape(&low.point),
            number(high.tops_per_watt, 1),
            escape(&high.point)
        ),
    })
}

/// The points as numbers of one unit; none if they are names.
fn quantities(group: &[&SweepRow]) -> Option<(Vec<f64>, String)> {
    let split: Vec<(f64, &str)> =
        group.iter().map(|row| quantity(&row.point)).collect::<Option<_>>()?;
    let unit = split.first()?.1;
    let same = split.len() >= CURVE && split.iter().all(|(_, other)| *other == unit);
    same.then(|| (split.iter().map(|(value, _)| *value).collect(), unit.to_owned()))
}

fn quantity(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+')).unwrap_or(text.len());
    let value: f64 = text[..end].parse().ok()?;
    value.is_finite().then(|| (value, text[end..].trim()))
}

const COLUMNS: [Column; 7] = [
    Column::text("point"),
    Column::number("efficiency", "TOPS/W"),
    Column::text(""),
    Column::number("power", "mW"),
    Column::number("energy", "pJ/op."),
    Column::number("per MAC", "fJ"),
    Column::number("rate", "GOPS"),
];

/// Bars are as long as their share of the best of all points.
fn table(group: &[&SweepRow], best: f64) -> Table {
    let row = |row: &&SweepRow| -> Vec<Cell> {
        vec![
            row.point.as_str().into(),
            fixed(row.tops_per_watt, 1).into(),
            bar("after", 0.0, row.tops_per_watt / best),
            fixed(row.power_mw, 2).into(),
            fixed(row.pj_per_operation, 2).into(),
            fixed(row.fj_per_mac, 2).into(),
            fixed(row.gops, 1).into(),
        ]
    };
    Table { columns: COLUMNS.to_vec(), rows: group.iter().map(row).collect(), stacks: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_one_unit_make_a_curve() {
        let rows = |points: &[&str]| -> Vec<SweepRow> {
            let row = |p: &&str| SweepRow { point: (*p).into(), ..SweepRow::default() };
            points.iter().map(row).collect()
        };
        let found = |points: &[&str]| quantities(&rows(points).iter().collect::<Vec<_>>());
        assert_eq!(found(&["1.0 V", "1.1 V", "1.2 V"]), Some((vec![1.0, 1.1, 1.2], "V".into())));
        assert_eq!(found(&["0", "50", "100"]), Some((vec![0.0, 50.0, 100.0], "".into())));
        for names in [&["diff1", "diff2", "single1"][..], &["1 V", "2 mV", "3 V"], &["1", "2"], &[]]
        {
            assert_eq!(found(names), None);
        }
    }
}
