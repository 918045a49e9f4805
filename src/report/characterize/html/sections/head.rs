//! Title, verdict, conditions, and the figures of merit beside what is published.

use super::super::format::{escape, number, typeset};
use super::super::page::Page;
use super::{energy, setup};
use crate::report::CharacterizeReport;
use crate::report::characterize::facts::{ENOB, Fact, LINEARITY_LSB, PEAK_GOPS, TOPS_PER_WATT};
use crate::report::characterize::figures::range;
use crate::report::characterize::verdict::{Verdict, violated_rules};
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
    let (class, words) = match (Verdict::of(report), &report.backends_compared) {
        (Verdict::Mismatch, _) => ("bad", "MISMATCH: RTL and golden model differ".to_owned()),
        (Verdict::RulesViolated, _) => ("bad", Verdict::RulesViolated.words().to_owned()),
        (Verdict::Done, None) => ("fine", "done: golden model".to_owned()),
        (Verdict::Done, Some(c)) => ("fine", agreement(c.codes_compared, c.results_compared)),
    };
    format!(
        "<p class=\"verdict\"><span class=\"badge {class}\">{words}</span>{}{}</p>\n",
        rules(report),
        link(report)
    )
}

/// The violated rules, counted where they were, and by name.
fn rules(report: &CharacterizeReport) -> String {
    if !report.rules_violated() {
        return String::new();
    }
    let counted = report.backends_compared.as_ref().map_or(0, |c| c.rule_violations);
    let count = match counted {
        0 => String::new(),
        n => format!("{} rule violations: ", grouped(n)),
    };
    let names = escape(&violated_rules(report));
    format!("<span class=\"badge bad\">{count}{names}</span>")
}

/// Where more stands about what is wrong.
fn link(report: &CharacterizeReport) -> &'static str {
    let compared = report.backends_compared.as_ref();
    match Verdict::of(report) {
        Verdict::Done => "",
        Verdict::RulesViolated if compared.is_none_or(|c| c.rule_violations == 0) => {
            " <a href=\"#energy\">at which operating point</a>"
        }
        _ => " <a href=\"#backends\">what differs</a>",
    }
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
        ("range", format!("r = {}", typeset(&range(report.range)))),
        ("1 LSB", format!("{} mV", number(1e3 * report.lsb_v, 3))),
    ];
    let item = |(name, value): &(&str, String)| {
        format!("<div><dt>{name}</dt><dd>{}</dd></div>", escape(value))
    };
    format!("<dl class=\"conditions\">{}</dl>\n", facts.iter().map(item).collect::<String>())
}

/// A number in large, what it is compared with, and the conditions that it holds for.
struct Tile {
    name: &'static str,
    value: String,
    unit: &'static str,
    /// Markup.
    published: String,
    remark: String,
}

fn published(report: &CharacterizeReport) -> [Tile; 4] {
    let cite = |fact: Fact| format!("{} <cite>[{}]</cite>", fact.number(), fact.tag);
    let samples = grouped(report.linearity_samples);
    [
        Tile {
            name: "Effective number of bits",
            value: number(report.enob, 2),
            unit: "bits",
            published: cite(ENOB),
            remark: format!(
                "mismatch off; the comparator’s noise is set from the published {}",
                ENOB.number()
            ),
        },
        Tile {
            name: "Linearity error",
            value: number(report.linearity_error_max_lsb, 2),
            unit: "LSB",
            published: format!("below {}", cite(LINEARITY_LSB)),
            remark: format!("after calibration; largest of {samples} results"),
        },
        Tile {
            name: "Throughput",
            value: number(report.gops, 2),
            unit: "GOPS",
            published: cite(PEAK_GOPS),
            remark: "peak workload, at the configured rate".into(),
        },
        Tile {
            name: "Energy efficiency",
            value: number(report.tops_per_watt, 1),
            unit: "TOPS/W",
            published: cite(TOPS_PER_WATT),
            remark: efficiency_remark(report),
        },
    ]
}

fn efficiency_remark(report: &CharacterizeReport) -> String {
    let how = format!("peak workload; {}", energy::fitted(report));
    match &report.energy.violated_rules[..] {
        [] => how,
        rules => format!("does not work here: {}; {how}", rules.join(", ")),
    }
}

fn unpublished(report: &CharacterizeReport) -> [Tile; 3] {
    let tile =
        |name, value, unit, remark| Tile { name, value, unit, published: String::new(), remark };
    let adcs = report.adcs.len();
    let largest = |of: &str| format!("{of}; largest of {adcs} ADCs");
    [
        tile(
            "INL",
            number(report.inl_max_lsb, 2),
            "LSB",
            largest("before calibration, against the best line"),
        ),
        tile(
            "DNL",
            number(report.dnl_max_lsb, 2),
            "LSB",
            largest("of codes, which calibration does not change"),
        ),
        tile(
            "Missing codes",
            grouped(report.missing_codes),
            "",
            format!("of codes, which calibration does not change; in all {adcs} ADCs"),
        ),
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
            match t.published.as_str() {
                "" => "no published value".to_owned(),
                value => format!("published: {value}"),
            },
            escape(&t.remark)
        )
    };
    format!("<div class=\"tiles {class}\">\n{}</div>", tiles.iter().map(tile).collect::<String>())
}
