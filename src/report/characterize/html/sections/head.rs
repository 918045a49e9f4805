//! Title, verdict, conditions, and the figures of merit beside what is published.

use super::super::format::{escape, number, typeset};
use super::super::page::Page;
use super::setup;
use crate::report::CharacterizeReport;
use crate::report::text::grouped;

pub fn add(report: &CharacterizeReport, page: &mut Page) {
    page.top(&format!(
        "<h1>CAP-RAM characterization: <span class=\"name\">{}</span></h1>\n{}{}",
        escape(&report.config.name),
        verdict(report),
        facts(report)
    ));
    page.section("merit", "Figures of merit");
    page.html(&tiles("beside", &published(report)));
    page.html(&tiles("alone", &unpublished(report)));
    page.html(
        "<p class=\"small\">Sources of what is published: [A] the abstract of Z. Chen et al., \
         “CAP-RAM”, <i>IEEE J. Solid-State Circuits</i> 56(6), 2021; [F] reported from its \
         body; [L] other literature. Published figures hold for 65&nbsp;nm, 1.2&nbsp;V and \
         25&nbsp;°C.</p>",
    );
}

/// One line that says whether all is well.
fn verdict(report: &CharacterizeReport) -> String {
    let (class, words) = match (&report.backends_compared, report.matches()) {
        (None, _) => ("fine", "done: golden model".to_owned()),
        (Some(c), true) => ("fine", agreement(c.codes_compared, c.results_compared)),
        (Some(_), false) => ("bad", "MISMATCH: RTL and golden model differ".to_owned()),
    };
    let violations = report.backends_compared.as_ref().map_or(0, |c| c.rule_violations);
    let rules = match violations {
        0 => String::new(),
        n => format!("<span class=\"badge bad\">{} rule violations</span>", grouped(n)),
    };
    let more = match (class, violations) {
        ("fine", 0) => "",
        _ => " <a href=\"#backends\">what differs</a>",
    };
    format!("<p class=\"verdict\"><span class=\"badge {class}\">{words}</span>{rules}{more}</p>\n")
}

fn agreement(codes: u64, results: u64) -> String {
    format!(
        "done: RTL and golden model agree in {} codes and {} results",
        grouped(codes),
        grouped(results)
    )
}

/// Conditions and what was drawn, as short facts.
fn facts(report: &CharacterizeReport) -> String {
    let seed = report.seed.to_string();
    let facts = [
        ("corner", report.conditions.corner.name().to_uppercase()),
        ("supply", format!("{} V", report.conditions.supply_v)),
        ("temperature", format!("{} °C", typeset(&report.conditions.temperature_c.to_string()))),
        ("seed", seed),
        ("chip", report.chip.to_string()),
        ("backend", setup::backend(report)),
        ("range", format!("r = {}", setup::range(report.range))),
        ("1 LSB", format!("{} mV", number(1e3 * report.lsb_v, 3))),
    ];
    let item = |(name, value): &(&str, String)| {
        format!("<div><dt>{name}</dt><dd>{}</dd></div>", escape(value))
    };
    format!("<dl class=\"conditions\">{}</dl>\n", facts.iter().map(item).collect::<String>())
}

/// A number in large, what it is compared with, and what it was measured on.
struct Tile {
    name: &'static str,
    value: String,
    unit: &'static str,
    published: &'static str,
    remark: String,
}

fn published(report: &CharacterizeReport) -> [Tile; 4] {
    let samples = grouped(report.linearity_samples);
    [
        Tile {
            name: "Effective number of bits",
            value: number(report.enob, 2),
            unit: "bits",
            published: "6.85 <cite>[F]</cite>",
            remark: "mismatch off".into(),
        },
        Tile {
            name: "Linearity error",
            value: number(report.linearity_error_max_lsb, 2),
            unit: "LSB",
            published: "below 2 <cite>[F]</cite>",
            remark: format!("largest of {samples} results after calibration"),
        },
        Tile {
            name: "Throughput",
            value: number(report.gops, 2),
            unit: "GOPS",
            published: "573.44 <cite>[A]</cite>",
            remark: "at the configured rate".into(),
        },
        Tile {
            name: "Energy efficiency",
            value: number(report.tops_per_watt, 1),
            unit: "TOPS/W",
            published: "49.4 <cite>[A]</cite>",
            remark: "fitted at the default operating point".into(),
        },
    ]
}

fn unpublished(report: &CharacterizeReport) -> [Tile; 3] {
    let tile = |name, value, unit, remark| Tile { name, value, unit, published: "", remark };
    let adcs = report.adcs.len();
    let of_adcs = || format!("largest of {adcs} ADCs");
    [
        tile("INL", number(report.inl_max_lsb, 2), "LSB", of_adcs() + ", best fit"),
        tile("DNL", number(report.dnl_max_lsb, 2), "LSB", of_adcs()),
        tile("Missing codes", grouped(report.missing_codes), "", format!("in all {adcs} ADCs")),
    ]
}

fn tiles(class: &str, tiles: &[Tile]) -> String {
    let tile = |t: &Tile| {
        format!(
            "<div class=\"tile\"><p class=\"what\">{}</p><p class=\"value\">{} <span>{}</span></p>\
             <p class=\"published\">{}</p><p class=\"remark\">{}</p></div>\n",
            t.name,
            t.value,
            t.unit,
            match t.published {
                "" => "no published value".to_owned(),
                value => format!("published: {value}"),
            },
            escape(&t.remark)
        )
    };
    format!("<div class=\"tiles {class}\">\n{}</div>", tiles.iter().map(tile).collect::<String>())
}
