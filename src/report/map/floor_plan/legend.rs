//! The table of layers below the planes, and how to read them.

use super::{MARGIN, WIDTH, colour, line, rect, text};
use crate::mapping::LayerFigures;
use crate::report::map::MapReport;
use crate::report::text::grouped;

/// Height of a table row and of a caption line.
const ROW: f64 = 22.0;
const LINE: f64 = 18.0;
/// Right edges of the columns after the name, and their headings.
const COLUMNS: [(f64, &str); 8] = [
    (300.0, "format"),
    (400.0, "weights"),
    (500.0, "pruned rows"),
    (590.0, "copies"),
    (670.0, "blocks"),
    (760.0, "cells"),
    (870.0, "operations"),
    (980.0, "steps per image"),
];
/// Where the bars of the steps begin and end.
const BARS: [f64; 2] = [1000.0, WIDTH - MARGIN];

/// Draws from `y` on; the page's end.
pub fn draw(report: &MapReport, y: f64, svg: &mut String) -> f64 {
    let mut y = y + 10.0;
    text(svg, "head", MARGIN + 26.0, y, "layer");
    for (x, heading) in COLUMNS {
        text(svg, "head end", x, y, heading);
    }
    line(svg, "tick", [MARGIN, y + 8.0], [WIDTH - MARGIN, y + 8.0]);
    for layer in &report.layers {
        y += ROW;
        row(report, layer, y + 3.0, svg);
        line(svg, "rule", [MARGIN, y + 10.0], [WIDTH - MARGIN, y + 10.0]);
    }
    y += ROW;
    total(report, y + 3.0, svg);
    y += 2.0 * ROW;
    for words in CAPTION {
        text(svg, "soft", MARGIN, y, words);
        y += LINE;
    }
    y + 10.0
}

fn row(report: &MapReport, layer: &LayerFigures, y: f64, svg: &mut String) {
    let owner = layer.cells_of.as_ref().and_then(|of| report.layers.iter().find(|l| l.name == *of));
    let class = colour(report, owner.unwrap_or(layer).layer);
    let dense = if class.ends_with("dense") { "block dense" } else { "block" };
    svg.push_str(&format!("<g class=\"{class}\">\n"));
    let swatch = [MARGIN, y - 11.0, 16.0, 13.0];
    rect(svg, dense, swatch);
    rect(svg, "edge", swatch);
    let most = report.layers.iter().map(|layer| layer.conversion_steps).max().unwrap_or(0).max(1);
    let length = (BARS[1] - BARS[0]) * layer.conversion_steps as f64 / most as f64;
    rect(svg, "bar", [BARS[0], y - 9.0, length, 9.0]);
    svg.push_str("</g>\n");
    text(svg, "", MARGIN + 26.0, y, &short(&layer.name));
    let count = |value: usize| grouped(value as u64);
    let [p, q] = layer.copies;
    let cells = match &layer.cells_of {
        Some(of) => format!("of {}", short(of)),
        None => count(layer.cells),
    };
    let values = [
        layer.format.name().to_owned(),
        count(layer.weights),
        format!("{} of {}", count(layer.pruned_rows), count(layer.rows)),
        if p * q > 1 { format!("{p} × {q}") } else { "–".into() },
        count(layer.blocks),
        cells,
        count(layer.operations),
        count(layer.conversion_steps),
    ];
    for ((x, _), value) in COLUMNS.iter().zip(values) {
        text(svg, "end", *x, y, &value);
    }
}

fn total(report: &MapReport, y: f64, svg: &mut String) {
    let sum = |of: fn(&LayerFigures) -> usize| {
        grouped(report.layers.iter().map(of).sum::<usize>() as u64)
    };
    text(svg, "head", MARGIN + 26.0, y, "all");
    let values =
        [(5, sum(|l| l.cells)), (6, sum(|l| l.operations)), (7, sum(|l| l.conversion_steps))];
    for (column, value) in values {
        text(svg, "head end", COLUMNS[column].0, y, &value);
    }
}

/// As much of a name as its column holds.
fn short(name: &str) -> String {
    const MOST: usize = 24;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 1).chain(['…']).collect()
}

const CAPTION: [&str; 5] = [
    "How to read it. A plane is one cell of every cluster: an operation multiplies one plane by one vector of activations. Rows are \
     MAC rows: inputs, one activation each; columns are outputs.",
    "Columns are sorted by their place within their slice, see the axis; in the array they lie side by side and share the slice's \
     converter: a block in unit 1 costs the conversion steps of unit 0, too.",
    "A block holds some rows of a layer for some of its outputs; the post-processor adds up the blocks 'rows 1/n' to 'rows n/n'. Pruned \
     rows, zero for all outputs, take no cells. Hatched cells are free.",
    "Copies: an operation serves p × q neighbouring output positions at once, each with its own shifted copy of the kernel; faint cells \
     are the zeros beside it.",
    "Steps per image: conversion steps of the layer, in each of which every slice gives a code; the bars compare them.",
];
