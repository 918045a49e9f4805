//! What was measured and how to get it again.

use super::super::format::{escape, number, typeset};
use super::super::page::Page;
use crate::config::{Conditions, Geometry};
use crate::report::CharacterizeReport;
use crate::report::Tools;
use crate::report::characterize::figures::range;

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    page.section("configuration", "Configuration");
    page.html(&facts(&configuration(report)));
    page.section("reproduce", "How to reproduce");
    page.html(&command(&report.command));
    page.html(
        "<p class=\"small\">The same seed gives the same figures on any number of threads.</p>",
    );
    page.html(&facts(&tools(report)));
}

/// A command, which wraps where it is too long.
pub fn command(line: &str) -> String {
    format!("<pre><code>{}</code></pre>", escape(line))
}

/// Who converted, in words.
pub fn backend(report: &CharacterizeReport) -> String {
    match report.backend {
        "golden" => "golden model".into(),
        "rtl" => "RTL (Verilator)".into(),
        other => other.into(),
    }
}

/// Corner, supply and temperature.
fn conditions(conditions: &Conditions) -> String {
    let Conditions { corner, supply_v, temperature_c } = conditions;
    let temperature = typeset(&temperature_c.to_string());
    format!("corner {}, {supply_v} V, {temperature} °C", corner.name())
}

fn configuration(report: &CharacterizeReport) -> Vec<(&'static str, String)> {
    let Geometry { mac_rows, columns, columns_per_slice, post_lanes } = report.config.geometry;
    let (slices, rows) = (report.config.geometry.slices(), report.config.geometry.rows());
    vec![
        ("name", report.config.name.clone()),
        ("fingerprint", report.config.fingerprint.clone()),
        ("array", format!("{rows} × {columns} cells, {mac_rows} MAC rows")),
        ("slices", format!("{slices} of {columns_per_slice} columns, one ADC each")),
        ("post-processor", format!("{post_lanes} lane(s)")),
        ("conditions", conditions(&report.conditions)),
        ("conversion range", format!("r = {}", typeset(&range(report.range)))),
        ("1 LSB", format!("{} mV on the bit lines", number(1e3 * report.lsb_v, 3))),
    ]
}

fn tools(report: &CharacterizeReport) -> Vec<(&'static str, String)> {
    let Tools { capram, verilator, compiler } = &report.tools;
    vec![
        ("capram", capram.clone()),
        ("Verilator", verilator.clone()),
        ("C++ compiler", compiler.clone()),
        ("threads", report.threads.to_string()),
    ]
}

fn facts(facts: &[(&str, String)]) -> String {
    let item =
        |(name, value): &(&str, String)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(value));
    format!("<dl class=\"facts\">\n{}</dl>", facts.iter().map(item).collect::<String>())
}
