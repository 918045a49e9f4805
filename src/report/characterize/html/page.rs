//! The page around its sections: head, numbered figures and tables, foot.

use super::format::escape;
use super::svg::Plot;
use super::table::Table;

const STYLE: &str = include_str!("style.css");

/// A page that grows section by section.
#[derive(Default)]
pub struct Page {
    top: String,
    body: String,
    contents: String,
    open: bool,
    figures: usize,
    tables: usize,
}

/// A plot with its heading, the key to its marks and what it says.
pub struct Figure {
    /// Markup.
    pub title: String,
    pub keys: Vec<Key>,
    pub plot: Plot,
    /// Markup.
    pub caption: String,
}

/// What a mark of a plot means.
pub struct Key {
    pub mark: Mark,
    pub class: &'static str,
    /// Text.
    pub means: String,
}

/// What a key shows.
pub enum Mark {
    Line,
    Band,
    Bars,
    Round,
    Square,
}

impl Key {
    pub fn new(mark: Mark, class: &'static str, means: impl Into<String>) -> Self {
        Self { mark, class, means: means.into() }
    }

    fn html(&self) -> String {
        let class = self.class;
        let mark = match self.mark {
            Mark::Line => format!("<path class=\"line {class}\" d=\"M0 6H26\"/>"),
            Mark::Band => format!(
                "<path class=\"band {class}\" d=\"M0 0H26V12H0Z\"/>\
                 <path class=\"line {class}\" d=\"M0 6H26\"/>"
            ),
            Mark::Bars => format!("<path class=\"bars {class}\" d=\"M1 1H25V11H1Z\"/>"),
            Mark::Round => format!("<circle class=\"dot {class}\" cx=\"13\" cy=\"6\" r=\"4\"/>"),
            Mark::Square => {
                format!("<rect class=\"dot {class}\" x=\"9\" y=\"2\" width=\"8\" height=\"8\"/>")
            }
        };
        format!(
            "<li><svg class=\"key\" viewBox=\"0 0 26 12\" aria-hidden=\"true\">{mark}</svg>{}</li>",
            escape(&self.means)
        )
    }
}

impl Page {
    /// Markup above the first section.
    pub fn top(&mut self, html: &str) {
        self.top += html;
    }

    /// Begins a section, which the contents list.
    pub fn section(&mut self, id: &str, title: &str) {
        self.close();
        self.open = true;
        self.contents += &format!("<a href=\"#{id}\">{title}</a>\n");
        self.body += &format!("<section id=\"{id}\">\n<h2>{title}</h2>\n");
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.body += "</section>\n";
        }
    }

    /// Markup within a section.
    pub fn html(&mut self, html: &str) {
        self.body += html;
        self.body += "\n";
    }

    /// Figures beside each other where there is room; those without data are left out.
    pub fn figures(&mut self, figures: impl IntoIterator<Item = Option<Figure>>) {
        let figures: Vec<Figure> = figures.into_iter().flatten().collect();
        if figures.is_empty() {
            return;
        }
        self.body += "<div class=\"figures\">\n";
        figures.iter().for_each(|figure| self.figure(figure));
        self.body += "</div>\n";
    }

    fn figure(&mut self, figure: &Figure) {
        self.figures += 1;
        let number = self.figures;
        let keys: String = figure.keys.iter().map(Key::html).collect();
        self.body += &format!(
            "<figure id=\"figure-{number}\">\n<h3>{}</h3>\n<ul class=\"keys\">{keys}</ul>\n{}\n\
             <figcaption><b>Figure {number}.</b> {}</figcaption>\n</figure>\n",
            figure.title,
            figure.plot.svg(),
            figure.caption
        );
    }

    /// A table, in a box of its own that scrolls where it is too wide. The caption is markup.
    pub fn table(&mut self, caption: &str, table: &Table) {
        self.tables += 1;
        let number = self.tables;
        self.body += &format!(
            "<div class=\"table\" id=\"table-{number}\">\n<p class=\"caption\"><b>Table {number}.\
             </b> {caption}</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
             aria-label=\"Table {number}\">{}</div>\n</div>\n",
            table.html()
        );
    }

    /// The whole page.
    pub fn finish(mut self, title: &str) -> String {
        self.close();
        let Self { top, body, contents, .. } = self;
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <header>\n{top}</header>\n<nav aria-label=\"Contents\">\n{contents}</nav>\n\
             <main>\n{body}</main>\n</body>\n</html>\n",
            escape(title)
        )
    }
}
