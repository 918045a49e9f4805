//! Plots as inline SVG: the page's style sheet gives every mark its colour, so that a plot follows
//! light, dark and print. Nothing that is not a number is drawn.

mod axis;
mod thin;

use std::fmt::Write;

pub use axis::{Axis, round_step};

use super::format::escape;

/// Size of every plot in its own units.
const SIZE: (f64, f64) = (520.0, 316.0);
/// Where the data are.
const AREA: Area = Area { left: 62.0, right: 504.0, top: 10.0, bottom: 268.0 };
/// Where those of an inset are: in the lower right corner, which a rising curve leaves free.
const INSET: Area = Area { left: 348.0, right: 492.0, top: 138.0, bottom: 238.0 };
/// Edge of the dots.
const DOT: f64 = 6.5;
/// How far above a dot its name stands.
const NAME_ABOVE: f64 = 5.0;

/// Edges in the units of the plot.
#[derive(Clone, Copy)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// A plot; marks that come later cover those before.
pub struct Plot {
    what: String,
    area: Area,
    x: Axis,
    y: Axis,
    marks: String,
}

/// Shape of a dot: told apart without colour.
#[derive(Clone, Copy)]
pub enum Dot {
    Round,
    Square,
}

impl Plot {
    /// `what` it shows, for those who do not see it.
    pub fn new(what: &str, x: Axis, y: Axis) -> Self {
        Self { what: what.into(), area: AREA, x, y, marks: String::new() }
    }

    /// A plot to be put into another one.
    pub fn small(x: Axis, y: Axis) -> Self {
        Self { what: String::new(), area: INSET, x, y, marks: String::new() }
    }

    fn across(&self, x: f64) -> Option<f64> {
        let Area { left, right, .. } = self.area;
        self.x.place(x).map(|place| left + place * (right - left))
    }

    fn up(&self, y: f64) -> Option<f64> {
        let Area { top, bottom, .. } = self.area;
        self.y.place(y).map(|place| bottom - place * (bottom - top))
    }

    fn at(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        self.across(x).zip(self.up(y))
    }

    /// A line through points from left to right, with a gap where one is no number.
    pub fn line(mut self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let places: Vec<_> = points.into_iter().map(|point| self.at(point)).collect();
        let path = path(&thin::out(&places));
        if !path.is_empty() {
            self.push(format_args!("<path class=\"line {class}\" d=\"{path}\"/>"));
        }
        self
    }

    /// A line that is level between the edges of its steps.
    pub fn steps(self, class: &str, edges: &[f64], heights: &[f64]) -> Self {
        let points = corners(edges, heights);
        self.line(class, points)
    }

    /// A band from the lower to the upper ends.
    pub fn band(mut self, class: &str, ends: &[(f64, [f64; 2])]) -> Self {
        let upper = ends.iter().filter_map(|&(x, [_, high])| self.at((x, high)));
        let lower = ends.iter().rev().filter_map(|&(x, [low, _])| self.at((x, low)));
        let outline: Vec<_> = upper.chain(lower).map(Some).collect();
        if outline.len() > 2 {
            let path = path(&outline);
            self.push(format_args!("<path class=\"band {class}\" d=\"{path}Z\"/>"));
        }
        self
    }

    /// A histogram: its area from the axis on, without a line along empty bins.
    pub fn bars(mut self, class: &str, edges: &[f64], heights: &[f64]) -> Self {
        let bins: Vec<(f64, f64, f64)> = edges
            .windows(2)
            .zip(heights)
            .map(|(edge, &height)| (edge[0], edge[1], height))
            .collect();
        let filled = bins.split(|&(_, _, height)| height <= 0.0);
        let path: String = filled.map(|run| self.outline(run)).collect();
        if !path.is_empty() {
            self.push(format_args!("<path class=\"bars {class}\" d=\"{path}\"/>"));
        }
        self
    }

    /// Around neighbouring bins: from edge, to edge, height.
    fn outline(&self, bins: &[(f64, f64, f64)]) -> String {
        let (Some(&(left, ..)), Some(&(_, right, _))) = (bins.first(), bins.last()) else {
            return String::new();
        };
        let low = self.y.low();
        let tops = bins.iter().flat_map(|&(from, to, height)| [(from, height), (to, height)]);
        let corners = std::iter::once((left, low)).chain(tops).chain([(right, low)]);
        path(&corners.map(|corner| self.at(corner)).collect::<Vec<_>>()) + "Z"
    }

    /// Dots, each with words that show where one points at it.
    pub fn dots(
        mut self,
        class: &str,
        shape: Dot,
        points: impl IntoIterator<Item = ((f64, f64), String)>,
    ) -> Self {
        for (point, words) in points {
            let Some((x, y)) = self.at(point) else { continue };
            let (words, half) = (escape(&words), DOT / 2.0);
            match shape {
                Dot::Round => self.push(format_args!(
                    "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{half}\">\
                     <title>{words}</title></circle>"
                )),
                Dot::Square => self.push(format_args!(
                    "<rect class=\"dot {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{DOT}\" \
                     height=\"{DOT}\"><title>{words}</title></rect>",
                    x - half,
                    y - half
                )),
            }
        }
        self
    }

    /// A level across the plot.
    pub fn level(self, class: &str, y: f64) -> Self {
        let ends = [(self.x.low(), y), (self.x.high(), y)];
        self.line(class, ends)
    }

    /// An upright line, with words beside its upper end.
    pub fn upright(self, class: &str, x: f64, words: &str) -> Self {
        let ends = [(x, self.y.low()), (x, self.y.high())];
        self.line(class, ends).note(ends[1], words)
    }

    /// Words beside a point.
    pub fn note(self, point: (f64, f64), words: &str) -> Self {
        let (highest, lowest) = (self.area.top + 15.0, self.area.bottom - 8.0);
        match self.at(point) {
            Some((x, y)) => self.words(x, (y + 4.0).clamp(highest, lowest), words),
            None => self,
        }
    }

    /// The name of a dot, above the level of its middle so that a line there stays whole.
    pub fn name(self, point: (f64, f64), name: &str) -> Self {
        match self.at(point) {
            Some((x, y)) => self.words(x, y - NAME_ABOVE, name),
            None => self,
        }
    }

    /// Words on the side of `x` with more room.
    fn words(mut self, x: f64, y: f64, words: &str) -> Self {
        let right = x < (self.area.left + self.area.right) / 2.0;
        let (x, anchor) = if right { (x + 7.0, "start") } else { (x - 7.0, "end") };
        if words.is_empty() {
            return self;
        }
        let words = escape(words);
        self.push(format_args!(
            "<text class=\"note\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
        ));
        self
    }

    fn push(&mut self, mark: std::fmt::Arguments) {
        // Writing to a string does not fail.
        let _ = self.marks.write_fmt(mark);
    }

    /// Puts a small plot into this one.
    pub fn inset(mut self, plot: &Plot) -> Self {
        let content = plot.content();
        self.push(format_args!("<g class=\"inset\">{}{content}</g>", plot.frame("ground")));
        self
    }

    /// The SVG element.
    pub fn svg(&self) -> String {
        let (width, height) = SIZE;
        let (what, content) = (escape(&self.what), self.content());
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{what}\">\
             {content}</svg>"
        )
    }

    fn content(&self) -> String {
        format!("{}{}{}{}", self.axes(), self.marks, self.frame("frame"), self.labels())
    }

    fn frame(&self, class: &str) -> String {
        let Area { left, right, top, bottom } = self.area;
        let (width, height) = (right - left, bottom - top);
        format!(
            "<rect class=\"{class}\" x=\"{left}\" y=\"{top}\" width=\"{width}\" \
             height=\"{height}\"/>"
        )
    }

    /// Grid and ticks.
    fn axes(&self) -> String {
        let Area { left, right, top, bottom } = self.area;
        let mut axes = String::new();
        for tick in &self.x.ticks {
            let Some(x) = self.across(tick.at) else { continue };
            axes += &format!(
                "<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/><text x=\"{x:.1}\" \
                 y=\"{}\" text-anchor=\"middle\">{}</text>",
                bottom + 18.0,
                tick.text
            );
        }
        for tick in &self.y.ticks {
            let Some(y) = self.up(tick.at) else { continue };
            axes += &format!(
                "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/><text x=\"{}\" \
                 y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 7.0,
                y + 4.0,
                tick.text
            );
        }
        axes
    }

    fn labels(&self) -> String {
        let Area { left, right, top, bottom } = self.area;
        let (across, up) = ((left + right) / 2.0, (top + bottom) / 2.0);
        if self.x.label.is_empty() && self.y.label.is_empty() {
            return String::new();
        }
        format!(
            "<text class=\"axis\" x=\"{across}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
             <text class=\"axis\" transform=\"translate(14 {up}) rotate(-90)\" \
             text-anchor=\"middle\">{}</text>",
            SIZE.1 - 7.0,
            escape(&self.x.label),
            escape(&self.y.label)
        )
    }
}

/// Corners of steps: each height from its edge to the next.
fn corners(edges: &[f64], heights: &[f64]) -> Vec<(f64, f64)> {
    let steps = edges.windows(2).zip(heights);
    steps.flat_map(|(edge, &height)| [(edge[0], height), (edge[1], height)]).collect()
}

/// Path data; a new stroke begins after every gap.
fn path(places: &[Option<(f64, f64)>]) -> String {
    let mut path = String::with_capacity(places.len() * 12);
    let mut drawing = false;
    for place in places {
        if let Some((x, y)) = place {
            // Writing to a string does not fail.
            let _ = write!(path, "{}{x:.1} {y:.1}", if drawing { 'L' } else { 'M' });
        }
        drawing = place.is_some();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot() -> Plot {
        Plot::new("a <test>", Axis::stepped("x", 0.0, 2.0, 1.0), Axis::stepped("y", 0.0, 1.0, 1.0))
    }

    #[test]
    fn a_line_has_gaps_where_there_are_no_numbers() {
        let points = [(0.0, 0.0), (0.5, f64::NAN), (1.0, 1.0), (2.0, 0.5)];
        let svg = plot().line("c", points).svg();
        assert!(svg.contains("d=\"M62.0 268.0M283.0 10.0L504.0 139.0\""), "{svg}");
        assert!(svg.contains("a &lt;test&gt;"));
    }

    #[test]
    fn steps_and_bars_go_from_edge_to_edge() {
        let svg = plot().steps("s", &[0.0, 1.0, 2.0], &[1.0, 0.0]).svg();
        assert!(svg.contains("M62.0 10.0L283.0 10.0L283.0 268.0L504.0 268.0"), "{svg}");
        let svg = plot().bars("b", &[0.0, 1.0, 2.0], &[1.0, 0.0]).svg();
        assert!(svg.contains("\"M62.0 268.0L62.0 10.0L283.0 10.0L283.0 268.0Z\""), "{svg}");
    }

    #[test]
    fn nothing_makes_no_mark() {
        let svg = plot().line("c", []).band("c", &[]).bars("c", &[], &[]).svg();
        assert!(!svg.contains("class=\"line") && !svg.contains("class=\"b"), "{svg}");
    }
}
