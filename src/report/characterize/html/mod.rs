//! The report as one page that needs nothing else: no network, no script, no fonts.
//!
//! `sections` say what is shown, one file each; `svg`, `table` and `page` how. Colours stand in
//! `style.css` only.

mod format;
mod page;
mod sections;
mod svg;
mod table;
#[cfg(test)]
mod tests;

use super::CharacterizeReport;
use page::Page;

/// The page's HTML.
pub fn page(report: &CharacterizeReport) -> String {
    let mut page = Page::default();
    sections::all(report, &mut page);
    page.finish(&format!("CAP-RAM characterization: {}", report.config.name))
}
