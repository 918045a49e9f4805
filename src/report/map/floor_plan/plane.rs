//! One plane: rows downwards, columns to the right, unit by unit.

use super::{colour, escape, layer_of, line, push, rect, text};
use crate::mapping::{Block, PlaneFigures};
use crate::network::{Convolution, LayerKind, Network};
use crate::report::map::MapReport;

/// Ticks of the rows and of a unit's slices.
const TICKS: usize = 4;
/// What a line of a label takes, and a letter of it.
const LINE: f64 = 13.0;
const LETTER: f64 = 6.3;
/// Cells of a copy beside its kernel are shown for kernels only up to this many rows.
const ROWS_SHOWN: usize = 512;

/// A plane's place on the page.
pub struct Panel<'a> {
    pub network: &'a Network,
    pub report: &'a MapReport,
    pub scale: f64,
    pub x: f64,
    pub y: f64,
}

impl Panel<'_> {
    pub fn draw(&self, plane: &PlaneFigures, svg: &mut String) {
        let geometry = &self.report.config.geometry;
        let width = geometry.columns as f64 * self.scale;
        let height = geometry.mac_rows as f64 * self.scale;
        let area = [self.x, self.y, width, height];
        text(svg, "head", self.x, self.y - 9.0, &format!("Plane {}", plane.plane));
        let used = format!("{:.1} % occupied", 100.0 * plane.share);
        text(svg, "soft end", self.x + width, self.y - 9.0, &used);
        rect(svg, "empty", area);
        rect(svg, "free", area);
        self.units(svg);
        for block in self.report.blocks.iter().filter(|block| block.plane == plane.plane) {
            self.block(block, svg);
        }
        rect(svg, "frame", area);
        self.rows(svg);
        self.columns(svg);
    }

    /// Columns of a slice that are drawn beside each other: those of a unit, or single ones where
    /// formats of different widths share the array.
    fn lane(&self) -> usize {
        let widths = self.report.blocks.iter().map(|block| block.format.columns());
        widths.fold(self.report.config.geometry.columns_per_slice, greatest_common_divisor)
    }

    /// Edges of a block's columns: one rectangle where they lie side by side.
    fn spans(&self, block: &Block) -> Vec<[f64; 2]> {
        let slices = self.report.config.geometry.slices();
        let (lane, width) = (self.lane(), block.format.columns());
        let mut spans: Vec<[f64; 2]> = Vec::new();
        let mut left = block.outputs;
        let mut slice = block.first_slice;
        for unit in block.unit.. {
            let count = left.min(slices - slice);
            for k in unit * width / lane..(unit + 1) * width / lane {
                let first = self.x + (lane * (k * slices + slice)) as f64 * self.scale;
                let last = first + (lane * count) as f64 * self.scale;
                match spans.last_mut() {
                    Some(span) if (span[1] - first).abs() < 1e-6 => span[1] = last,
                    _ => spans.push([first, last]),
                }
            }
            (left, slice) = (left - count, 0);
            if left == 0 {
                break;
            }
        }
        spans
    }

    fn block(&self, block: &Block, svg: &mut String) {
        let y = self.y + block.first_row as f64 * self.scale;
        let height = block.rows.len() as f64 * self.scale;
        let spans = self.spans(block);
        push(
            svg,
            format_args!(
                "<g class=\"{}\"><title>{}</title>",
                colour(self.report, block.layer),
                escape(&self.title(block))
            ),
        );
        let dense = colour(self.report, block.layer).ends_with("dense");
        for &[from, to] in &spans {
            rect(svg, "ground", [from, y, to - from, height]);
            let class = if dense { "block dense" } else { "block" };
            rect(svg, class, [from, y, to - from, height]);
        }
        if let [[from, to]] = spans[..] {
            self.beside(block, [from, to], svg);
        }
        for &[from, to] in &spans {
            rect(svg, "edge", [from + 0.6, y + 0.6, to - from - 1.2, height - 1.2]);
        }
        push(svg, format_args!("</g>"));
        let widest = spans.iter().copied().max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])));
        if let Some(span) = widest {
            self.label(block, span, [y, height], svg);
        }
    }

    fn title(&self, block: &Block) -> String {
        let name = layer_of(self.report, block).map_or("", |layer| &layer.name);
        format!(
            "{name}, output group {}, row block {}: plane {}, MAC rows {} to {}, unit {}, \
             slices from {}, {} outputs, {} cells",
            block.output_group,
            block.row_block,
            block.plane,
            block.first_row,
            block.first_row + block.rows.len() - 1,
            block.unit,
            block.first_slice,
            block.outputs,
            block.cells()
        )
    }

    /// As much of name, row block and copies as there is room for.
    fn label(&self, block: &Block, [from, to]: [f64; 2], [y, height]: [f64; 2], svg: &mut String) {
        let Some(layer) = layer_of(self.report, block) else { return };
        let same = |b: &&Block| b.layer == block.layer && b.output_group == block.output_group;
        let parts = self.report.blocks.iter().filter(same).count();
        let mut lines = vec![layer.name.clone()];
        if layer.output_groups > 1 {
            lines.push(format!("outputs {}/{}", block.output_group + 1, layer.output_groups));
        }
        if parts > 1 {
            lines.push(format!("rows {}/{parts}", block.row_block + 1));
        }
        if let [p, q] = block.copies
            && p * q > 1
        {
            lines.push(format!("{p} × {q} copies"));
        }
        let length = |words: &str| words.chars().count() as f64 * LETTER + 2.0;
        if length(&lines[0]) > to - from && length(&lines[0]) < height && to - from > LINE {
            let middle = [(from + to) / 2.0 + 4.0, y + height / 2.0];
            return upright(svg, middle, &layer.name);
        }
        lines.retain(|words| length(words) < to - from);
        lines.truncate(((height - 3.0) / LINE) as usize);
        let top = y + height / 2.0 - LINE * lines.len() as f64 / 2.0 + 10.0;
        for (i, words) in lines.iter().enumerate() {
            let class = if i == 0 { "label middle" } else { "more middle" };
            text(svg, class, (from + to) / 2.0, top + LINE * i as f64, words);
        }
    }

    /// Pales the cells of each copy that lie beside its kernel: zeros that the shift costs.
    fn beside(&self, block: &Block, [from, to]: [f64; 2], svg: &mut String) {
        let LayerKind::Matrix(matrix) = &self.network.layers[block.layer].kind else { return };
        let Some(Convolution { kernel, stride, groups, .. }) = matrix.convolution else { return };
        let [p, q] = block.copies;
        if p * q == 1 || block.rows.len() > ROWS_SHOWN {
            return;
        }
        let window = [kernel[0] + (p - 1) * stride[0], kernel[1] + (q - 1) * stride[1]];
        let per_copy = matrix.outputs / groups;
        let column = (to - from) / block.outputs as f64;
        for copy in 0..p * q {
            let first = (copy * per_copy).max(block.first_output);
            let last = ((copy + 1) * per_copy).min(block.first_output + block.outputs);
            if first >= last {
                continue;
            }
            let x = from + (first - block.first_output) as f64 * column;
            let inside = |row: u32| {
                let (row, shift) = (row as usize, [copy / q * stride[0], copy % q * stride[1]]);
                let place = [row / window[1] % window[0], row % window[1]];
                [0, 1].iter().all(|&i| (shift[i]..shift[i] + kernel[i]).contains(&place[i]))
            };
            let outside: Vec<bool> = block.rows.iter().map(|&row| !inside(row)).collect();
            for run in runs(&outside) {
                let y = self.y + (block.first_row + run.start) as f64 * self.scale;
                let height = run.len() as f64 * self.scale;
                rect(svg, "beside", [x, y, (last - first) as f64 * column, height]);
            }
        }
    }

    fn rows(&self, svg: &mut String) {
        let rows = self.report.config.geometry.mac_rows;
        for row in (0..=rows).step_by((rows / TICKS).max(1)) {
            let y = self.y + row as f64 * self.scale;
            line(svg, "tick", [self.x - 4.0, y], [self.x, y]);
            text(svg, "axis end", self.x - 6.0, y + 3.5, &row.to_string());
        }
    }

    /// Lines between units, below the blocks.
    fn units(&self, svg: &mut String) {
        let geometry = &self.report.config.geometry;
        let height = geometry.mac_rows as f64 * self.scale;
        for k in 1..geometry.columns_per_slice / self.lane() {
            let x = self.x + (self.lane() * geometry.slices() * k) as f64 * self.scale;
            line(svg, "unit", [x, self.y], [x, self.y + height + 5.0]);
        }
    }

    fn columns(&self, svg: &mut String) {
        let geometry = &self.report.config.geometry;
        let (lane, slices) = (self.lane(), geometry.slices());
        let bottom = self.y + geometry.mac_rows as f64 * self.scale;
        let lanes = geometry.columns_per_slice / lane;
        let unit = self.report.blocks.iter().all(|block| block.format.columns() == lane);
        let width = (lane * slices) as f64 * self.scale;
        let step = (slices / TICKS).max(1) * if width < 100.0 { 2 } else { 1 };
        for k in 0..lanes {
            let x = self.x + width * k as f64;
            for slice in (0..slices).step_by(step) {
                let at = x + (lane * slice) as f64 * self.scale;
                line(svg, "tick", [at, bottom], [at, bottom + 4.0]);
                text(svg, "axis middle", at, bottom + 14.0, &slice.to_string());
            }
            let name = match (unit, lane) {
                (true, _) => format!("unit {k}"),
                (false, 1) => format!("column {k}"),
                (false, _) => format!("columns {}, {}", lane * k, lane * k + 1),
            };
            let words = if width < 100.0 { name } else { format!("{name} of slice") };
            text(svg, "axis middle", x + width / 2.0, bottom + 27.0, &words);
        }
    }
}

/// A name that reads upwards, in a block that is high and narrow.
fn upright(svg: &mut String, [x, y]: [f64; 2], words: &str) {
    let words = escape(words);
    push(
        svg,
        format_args!(
            "<text class=\"label middle\" transform=\"translate({x:.1} {y:.1}) \
             rotate(-90)\">{words}</text>"
        ),
    );
}

/// Neighbouring places that are true.
fn runs(flags: &[bool]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (i, _) in flags.iter().enumerate().filter(|(_, flag)| **flag) {
        match runs.last_mut() {
            Some(run) if run.end == i => run.end = i + 1,
            _ => runs.push(i..i + 1),
        }
    }
    runs
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
