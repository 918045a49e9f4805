//! Operating points, group by group: a plot where there are enough of them, a table always.

use super::super::super::format::{escape, number};
use super::super::super::page::{Figure, Key, Mark, Page};
use super::super::super::svg::{Axis, Dot, Plot};
use super::super::super::table::{Cell, Column, Table, bar};
use crate::report::characterize::facts::DIFFERENTIAL_MW;
use crate::report::characterize::figures::fixed;
use crate::report::characterize::{EnergyReport, SweepRow};

/// Fewer points make no plot.
const FEWEST: usize = 3;
/// Larger counts need an axis with fewer ticks.
const MOST_COUNTS: f64 = 10.0;
/// Bars of values that are closer than this show nothing.
const SPREAD: f64 = 0.1;

pub fn add(energy: &EnergyReport, page: &mut Page) {
    if energy.sweep.is_empty() {
        return;
    }
    let groups = groups(&energy.sweep);
    page.html("<h3>Other operating points</h3>");
    page.figures(groups.iter().map(|group| figure(energy, group)));
    page.html("<div class=\"tables\">");
    for group in &groups {
        page.table(&caption(group), &table(group));
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

/// The axis of a group.
struct Varied<'a> {
    label: &'a str,
    /// From the data's value to the axis's.
    scale: f64,
    /// Whether there is something between the points: a line joins them then, and they need no
    /// names.
    continuous: bool,
}

impl<'a> Varied<'a> {
    fn of(group: &'a str) -> Self {
        let (label, scale, continuous) = match group {
            "activation sparsity" => ("activation sparsity (%)", 100.0, true),
            "supply" => ("supply (V)", 1.0, true),
            "activation width" => ("activation width (bits)", 1.0, false),
            "range" => ("range factor r", 1.0, false),
            "weight format" => ("steps of an operation", 1.0, false),
            other => (other, 1.0, false),
        };
        Self { label, scale, continuous }
    }
}

/// Efficiency over the varied quantity.
fn figure(energy: &EnergyReport, group: &[&SweepRow]) -> Option<Figure> {
    let name = group.first()?.group.as_str();
    let varied = Varied::of(name);
    let finite = |row: &&SweepRow| row.tops_per_watt.is_finite() && row.value.is_finite();
    let mut rows: Vec<&SweepRow> = group.iter().copied().filter(finite).collect();
    rows.sort_by(|a, b| a.value.total_cmp(&b.value));
    if rows.len() < FEWEST {
        return None;
    }
    let (plot, begins) = plot(energy, &varied, &rows);
    let (low, high) = (rows.first()?, rows.last()?);
    Some(Figure {
        title: format!("Efficiency against {}", escape(name)),
        keys: keys(&varied, &rows),
        plot,
        caption: format!(
            "From {} TOPS/W at {} to {} TOPS/W at {}.{}{begins}",
            number(low.tops_per_watt, 1),
            escape(&low.point),
            number(high.tops_per_watt, 1),
            escape(&high.point),
            violations(&rows)
        ),
    })
}

/// Where the macro does not work, in words.
fn violations(rows: &[&SweepRow]) -> String {
    let violated = rows.iter().filter(|row| !row.violated_rules.is_empty());
    let words = violated.map(|row| format!("{} ({})", row.point, row.violated_rules.join(", ")));
    match words.collect::<Vec<_>>()[..] {
        [] => String::new(),
        ref points => {
            format!(" Electrical rules are violated at {}.", escape(&points.join("; ")))
        }
    }
}

/// The plot, and where its upright axis begins, in words.
fn plot(energy: &EnergyReport, varied: &Varied, rows: &[&SweepRow]) -> (Plot, String) {
    let at = |row: &SweepRow| (varied.scale * row.value, row.tops_per_watt);
    let heights = rows.iter().map(|row| row.tops_per_watt).chain([energy.tops_per_watt]);
    let up = Axis::covering("efficiency (TOPS/W)", heights);
    let begins = match up.low() {
        low if low > 0.0 => format!(" The axis begins at {} TOPS/W, not at 0.", number(low, 1)),
        _ => String::new(),
    };
    let across = across(varied, rows.iter().map(|row| at(row).0));
    let words = format!("efficiency against {}", varied.label);
    let mut plot = Plot::new(&words, across, up).level("limit", energy.tops_per_watt);
    if varied.continuous {
        plot = plot.line("after", rows.iter().map(|row| at(row)));
    }
    for row in rows {
        plot = plot.dots(mark(row), Dot::Round, [(at(row), in_words(row))]);
        if !varied.continuous {
            plot = plot.name(at(row), &row.point);
        }
    }
    (plot, begins)
}

/// The level axis: whole numbers, which are counts of something, have room on both sides.
fn across(varied: &Varied, values: impl Iterator<Item = f64> + Clone) -> Axis {
    let whole =
        values.clone().all(|value| value.fract() == 0.0 && (0.0..MOST_COUNTS).contains(&value));
    if varied.continuous || !whole {
        return Axis::covering(varied.label, values);
    }
    Axis::stepped(varied.label, 0.0, values.fold(0.0, f64::max) + 1.0, 1.0)
}

/// Hollow where the macro does not work.
fn mark(row: &SweepRow) -> &'static str {
    if row.violated_rules.is_empty() { "after" } else { "after hollow" }
}

fn in_words(row: &SweepRow) -> String {
    let rules = match &row.violated_rules[..] {
        [] => String::new(),
        rules => format!(", violates {}", rules.join(", ")),
    };
    format!("{}: {} TOPS/W{rules}", row.point, number(row.tops_per_watt, 1))
}

fn keys(varied: &Varied, rows: &[&SweepRow]) -> Vec<Key> {
    let model = if varied.continuous { Mark::Line } else { Mark::Round };
    let mut keys = vec![Key::new(model, "after", "model")];
    if rows.iter().any(|row| !row.violated_rules.is_empty()) {
        keys.push(Key::new(Mark::Round, "after hollow", "electrical rules violated"));
    }
    keys.push(Key::new(Mark::Line, "limit", "operating point of this report"));
    keys
}

fn caption(group: &[&SweepRow]) -> String {
    let name = group.first().map_or("", |row| row.group.as_str());
    let published = match group.iter().find_map(|row| row.published_mw) {
        Some(mw) => format!(
            " The published {} mW [{}] hold for another operating point, which is not known: \
             nothing is fitted to them.",
            fixed(mw, 2),
            DIFFERENTIAL_MW.tag
        ),
        None => String::new(),
    };
    match group.len() {
        1 => format!("<b>{}</b>.{published}", escape(name)),
        _ => format!("Varied: <b>{}</b>.{published}", escape(name)),
    }
}

/// Right of the model's power.
const BESIDE_POWER: usize = 3;

const COLUMNS: [Column; 6] = [
    Column::text("point"),
    Column::number("efficiency", "TOPS/W"),
    Column::number("power", "mW"),
    Column::number("energy", "pJ/op."),
    Column::number("per MAC", "fJ"),
    Column::number("rate", "GOPS"),
];

/// The figures of each point, and what only some groups have.
fn table(group: &[&SweepRow]) -> Table {
    let mut table = Table {
        columns: COLUMNS.to_vec(),
        rows: group.iter().map(|row| cells(row)).collect(),
        stacks: false,
    };
    if group.iter().any(|row| row.published_mw.is_some()) {
        let mw = |row: &SweepRow| row.published_mw.map_or(f64::NAN, |mw| mw);
        let published = group.iter().map(|row| fixed(mw(row), 2).into());
        table.insert(BESIDE_POWER, Column::number("published", "mW"), published);
    }
    if let Some(bars) = bars(group) {
        table.insert(table.columns.len(), Column::bars(), bars);
    }
    if group.iter().any(|row| !row.violated_rules.is_empty()) {
        let rules = group.iter().map(|row| row.violated_rules.join(", ").into());
        table.insert(table.columns.len(), Column::text("violated rules"), rules);
    }
    table
}

fn cells(row: &SweepRow) -> Vec<Cell> {
    vec![
        row.point.as_str().into(),
        fixed(row.tops_per_watt, 1).into(),
        fixed(row.power_mw, 2).into(),
        fixed(row.pj_per_operation, 2).into(),
        fixed(row.fj_per_mac, 2).into(),
        fixed(row.gops, 1).into(),
    ]
}

/// Bars of the efficiencies, as long as their share of the best; none where they are all alike.
fn bars(group: &[&SweepRow]) -> Option<Vec<Cell>> {
    let values = group.iter().map(|row| row.tops_per_watt);
    let best = values.clone().fold(0.0, f64::max);
    let least = values.clone().fold(best, f64::min);
    let apart = best - least > SPREAD * best;
    apart.then(|| values.map(|value| bar("after", 0.0, value / best)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::characterize::fixture;

    fn group<'a>(energy: &'a EnergyReport, name: &str) -> Vec<&'a SweepRow> {
        energy.sweep.iter().filter(|row| row.group == name).collect()
    }

    #[test]
    fn every_group_with_enough_points_has_a_plot() {
        let energy = fixture::report().energy;
        let drawn = |name: &str| figure(&energy, &group(&energy, name)).map(|f| f.plot.svg());
        assert_eq!(drawn("peak"), None);
        for (name, lines) in [("supply", 2), ("activation sparsity", 2), ("activation width", 1)] {
            let svg = drawn(name).unwrap_or_else(|| panic!("no plot of {name}"));
            assert_eq!(svg.matches("class=\"line ").count(), lines, "{name}");
        }
        assert_eq!(drawn("supply").map(|svg| svg.matches("hollow").count()), Some(1));
    }

    #[test]
    fn an_axis_fits_its_values_and_says_so() {
        let energy = fixture::report().energy;
        let figure = figure(&energy, &group(&energy, "range")).expect("four points");
        assert!(figure.caption.contains("The axis begins at 49.2"), "{}", figure.caption);
    }

    #[test]
    fn bars_are_for_values_that_differ() {
        let energy = fixture::report().energy;
        assert!(bars(&group(&energy, "supply")).is_some());
        assert!(bars(&group(&energy, "range")).is_none());
    }
}
