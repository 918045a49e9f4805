//! Floor plan: the eight planes to scale and what lies where, as one SVG that stands on its own.

mod legend;
mod plane;

use super::MapReport;
use crate::mapping::{Block, LayerFigures};
use crate::network::Network;
use crate::report::text::grouped;
use plane::Panel;
use std::fmt::Write;

const STYLE: &str = include_str!("floor_plan.css");
/// The page, in its own units.
const WIDTH: f64 = 1252.0;
const MARGIN: f64 = 44.0;
/// A plane's width, and where the next one begins.
const PLANE: f64 = 270.0;
const PITCH: f64 = 298.0;
/// Top of the first row of planes; what a row takes beside its planes.
const TOP: f64 = 112.0;
const BETWEEN: f64 = 64.0;
const PER_ROW: usize = 4;
/// Colours of the style sheet; further layers take them again, denser.
const COLOURS: usize = 8;

/// The drawing.
pub fn svg(network: &Network, report: &MapReport) -> String {
    let scale = PLANE / report.config.geometry.columns as f64;
    let row = report.config.geometry.mac_rows as f64 * scale + BETWEEN;
    let mut body = head(report);
    for plane in &report.planes {
        let x = MARGIN + PITCH * (plane.plane % PER_ROW) as f64;
        let y = TOP + row * (plane.plane / PER_ROW) as f64;
        Panel { network, report, scale, x, y }.draw(plane, &mut body);
    }
    let rows = report.planes.len().div_ceil(PER_ROW);
    let bottom = legend::draw(report, TOP + row * rows as f64, &mut body);
    page(&report.network, bottom, &body)
}

fn page(name: &str, height: f64, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
         width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\" \
         aria-label=\"Floor plan of {}\">\n<style>\n{STYLE}</style>\n<defs><pattern id=\"free\" width=\"7\" height=\"7\" \
         patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V7\"/></pattern></defs>\n\
         <rect class=\"page\" width=\"100%\" height=\"100%\"/>\n{body}</svg>\n",
        escape(name)
    )
}

fn head(report: &MapReport) -> String {
    let (cells, there) = (grouped(report.cells as u64), grouped(report.cells_there as u64));
    let figures = format!(
        "{cells} of {there} cells ({:.1} %) · {} conversion steps for an image · configuration {}",
        100.0 * report.share,
        grouped(report.conversion_steps),
        report.config.name
    );
    let mut head = String::new();
    text(&mut head, "title", MARGIN, 44.0, &format!("{} in the macro", report.network));
    text(&mut head, "figure", MARGIN, 68.0, &figures);
    head
}

/// The class of a layer's colour.
fn colour(report: &MapReport, layer: usize) -> String {
    let mut owners = report.layers.iter().filter(|layer| layer.cells_of.is_none());
    let place = owners.position(|owner| owner.layer == layer).unwrap_or(0);
    format!("c{}{}", place % COLOURS, if place / COLOURS % 2 == 1 { " dense" } else { "" })
}

fn layer_of<'a>(report: &'a MapReport, block: &Block) -> Option<&'a LayerFigures> {
    report.layers.iter().find(|layer| layer.layer == block.layer)
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, words: &str) {
    let words = escape(words);
    push(svg, format_args!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>"));
}

fn rect(svg: &mut String, class: &str, [x, y, width, height]: [f64; 4]) {
    push(
        svg,
        format_args!(
            "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" \
             height=\"{height:.2}\"/>"
        ),
    );
}

fn line(svg: &mut String, class: &str, [x, y]: [f64; 2], [to_x, to_y]: [f64; 2]) {
    push(svg, format_args!("<path class=\"{class}\" d=\"M{x:.2} {y:.2}L{to_x:.2} {to_y:.2}\"/>"));
}

fn push(svg: &mut String, mark: std::fmt::Arguments) {
    // A String takes everything.
    let _ = writeln!(svg, "{mark}");
}

/// Text as XML; what XML does not allow is left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '"' => escaped.push_str("&quot;"),
            control if control.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}
