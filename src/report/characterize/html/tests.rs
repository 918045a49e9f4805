//! The page as a whole: well-formed, safe, complete, and sound without data.

use super::page;
use crate::report::characterize::fixture;
use crate::report::characterize::*;

/// Elements that HTML never closes.
const VOID: [&str; 3] = ["meta", "br", "col"];

/// Checks that every opened tag is closed, in order.
fn assert_well_formed(html: &str) {
    let mut open = vec![];
    let without_style = match (html.find("<style>"), html.find("</style>")) {
        (Some(from), Some(to)) => format!("{}{}", &html[..from], &html[to + 8..]),
        _ => html.to_owned(),
    };
    for part in without_style.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("no end: {part}"));
        assert!(!text.contains('>'), "a > that is no tag's: {part}");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes: {tag}");
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap_or_default();
        match tag {
            "!DOCTYPE html" => {}
            _ if tag.starts_with('/') => assert_eq!(open.pop(), Some(name), "{part}"),
            _ if tag.ends_with('/') || VOID.contains(&name) => {}
            _ => open.push(name),
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

/// What a page must not have, whatever the data.
fn assert_sound(html: &str) {
    assert_well_formed(html);
    let (_, body) = html.split_once("</style>").expect("a style sheet");
    for bad in ["NaN", "inf ", "inf\"", "inf<", "inf,", "-inf", "infinity", "<script"] {
        assert!(!body.contains(bad), "{bad:?} is in the page");
    }
    for bad in ["http://", "https://", "url(", "@import", "src="] {
        assert!(!html.contains(bad), "{bad:?} is in the page");
    }
}

#[test]
fn the_page_is_well_formed_and_needs_nothing_else() {
    let html = page(&fixture::report());
    assert_sound(&html);
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
}

/// A broken ADC must not blow up its table.
#[test]
fn many_missing_codes_are_counted() {
    let mut report = fixture::report();
    report.adcs[3].missing_codes = (40..60).collect();
    let html = page(&report);
    assert_sound(&html);
    assert!(html.contains("40, 41, 42, 43, 16 more</td>"));
}

/// Every section, every kind of figure, and the numbers that matter.
#[test]
fn the_page_shows_what_the_data_holds() {
    let report = fixture::report();
    let html = page(&report);
    for id in [
        "merit",
        "figures",
        "converters",
        "errors",
        "spectrum",
        "calibration",
        "backends",
        "monte-carlo",
        "energy",
        "paper",
        "configuration",
        "reproduce",
    ] {
        assert!(html.contains(&format!("<section id=\"{id}\">")), "{id}");
        assert!(html.contains(&format!("<a href=\"#{id}\">")), "{id}");
    }
    let worst = report.monte_carlo.as_ref().map_or(0, |m| m.worst_chip);
    let numbers = [
        format!("{:.2} <span>bits", report.enob),
        format!("{:.2} <span>LSB", report.linearity_error_max_lsb),
        format!("{:.3}</td>", report.before.inl_max_lsb),
        format!("{:.2}</td>", report.after.csnr_db),
        "573.44".into(),
        report.config.fingerprint.clone(),
        "2,920,448".into(),
        format!("--chip {worst}</code></pre>"),
        "published: 6.85 <cite>[F]".into(),
        "below 2 <cite>[F]</cite>".into(),
        "The level is fitted:".into(),
        "6.35</td>".into(),
        "precharge_too_short</td>".into(),
        "Electrical rules are violated at 1.00 V (precharge_too_short).".into(),
        "single4".into(),
    ];
    for number in numbers {
        assert!(html.contains(&number), "{number:?} is not in the page");
    }
    assert_eq!(html.matches("<figcaption>").count(), 25);
}

#[test]
fn violated_rules_are_named_first() {
    let mut report = fixture::report();
    report.energy.violated_rules = vec!["precharge_too_short".into()];
    let html = page(&report);
    assert_sound(&html);
    let header = html.split("</header>").next().unwrap_or_default();
    assert!(header.contains("RULES VIOLATED") && header.contains("precharge_too_short"));
    assert!(header.contains("#energy") && !header.contains("MISMATCH"));
    assert!(html.contains("The macro does not work here: precharge_too_short"));
    let compared = report.backends_compared.as_mut().expect("compared");
    compared.lockstep_mismatches = 1;
    compared.first_mismatch = Some("cycle 7: WL is 0, not 1".into());
    let html = page(&report);
    assert!(html.contains("MISMATCH") && html.contains("cycle 7: WL is 0, not 1"));
}

/// What a population could not measure is not silently left out of it.
#[test]
fn failed_chips_and_full_registers_are_counted() {
    let mut report = fixture::report();
    report.saturated_registers = 3;
    let m = report.monte_carlo.as_mut().expect("a population");
    m.failed = vec![FailedChip { chip: 17, reason: "ADC 3 is <dead>".into() }];
    m.rows[4].saturated_registers = 1;
    let html = page(&report);
    assert_sound(&html);
    for words in ["Registers too small: 3", "chip 17: ADC 3 is &lt;dead&gt;", "1 chips have"] {
        assert!(html.contains(words), "{words:?} is not in the page");
    }
    let text = report.to_string();
    for words in ["    chip 17: ADC 3 is <dead>\n", "  registers too small                      -"]
    {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

#[test]
fn a_mismatch_is_said_first() {
    let mut report = fixture::report();
    let compared = report.backends_compared.as_mut().expect("compared");
    compared.codes_different = 3;
    compared.rule_violations = 1234;
    let html = page(&report);
    assert_sound(&html);
    let header = html.split("</header>").next().unwrap_or_default();
    assert!(header.contains("MISMATCH") && header.contains("1,234 rule violations"));
    assert!(html.contains("<strong class=\"bad\">3</strong>"));
}

/// Text of the data is never markup, wherever it stands.
#[test]
fn text_is_escaped() {
    const EVIL: &str = "<b>&\"'</script>";
    let mut report = fixture::report();
    report.config.name = EVIL.into();
    report.config.fingerprint = EVIL.into();
    report.command = format!("capram {EVIL}");
    report.backend = EVIL;
    let tools = &mut report.tools;
    (tools.capram, tools.verilator, tools.compiler) = (EVIL.into(), EVIL.into(), EVIL.into());
    report.energy.parts[0].0 = EVIL.into();
    for (i, row) in report.energy.sweep.iter_mut().enumerate() {
        (row.group, row.point) = (EVIL.into(), format!("{i} {EVIL}"));
    }
    for row in &mut report.published {
        let all = [&mut row.fact, &mut row.published, &mut row.tag, &mut row.model, &mut row.from];
        all.into_iter().for_each(|text| *text = EVIL.into());
    }
    if let Some(m) = &mut report.monte_carlo {
        m.distributions[0].0 = EVIL;
    }
    let html = page(&report);
    assert_sound(&html);
    assert!(!html.contains("<b>&\"") && html.contains("&lt;b&gt;&amp;&quot;&#39;"));
}

/// Sections without data are left out; what is no number is a dash.
#[test]
fn nothing_measured_makes_a_page_too() {
    let full = fixture::report();
    let none = Figures { enob: f64::NAN, enob_min: f64::INFINITY, ..Figures::default() };
    let report = CharacterizeReport {
        enob: f64::NAN,
        linearity_error_max_lsb: f64::INFINITY,
        gops: f64::NEG_INFINITY,
        range: f64::NAN,
        lsb_v: f64::NAN,
        adcs: vec![],
        curves: Curves::default(),
        mismatch_off: none.clone(),
        before: none.clone(),
        after: none,
        backends_compared: None,
        monte_carlo: None,
        energy: EnergyReport::default(),
        published: vec![],
        ..full
    };
    let html = page(&report);
    assert_sound(&html);
    assert_eq!(html.matches("<figure").count(), 0);
    for id in ["backends", "monte-carlo", "energy", "paper", "converters", "spectrum"] {
        assert!(!html.contains(&format!("#{id}")), "{id}");
    }
}

/// Away from the point of the fit nothing is called fitted to it.
#[test]
fn other_conditions_are_predicted() {
    let mut report = fixture::report();
    report.conditions.supply_v = 1.1;
    let html = page(&report);
    assert!(html.contains("predicted from the fit at 1.2 V, tt, 25 °C"));
    assert!(!html.contains("The level is fitted:"));
    assert!(report.to_string().contains("predicted from the fit at 1.2 V, tt, 25 C"));
}

/// One chip, one ADC, one point each.
#[test]
fn one_of_everything_makes_a_page() {
    let mut report = fixture::report();
    report.adcs.truncate(1);
    let c = &mut report.curves;
    (c.ramp_input_lsb, c.ramp_mean_code) = (vec![0.0], vec![64.0]);
    (c.inl_lsb, c.dnl_lsb, c.first_code) = (vec![vec![0.0]], vec![vec![]], vec![]);
    (c.spectrum_dbfs, c.spectrum_mismatch_off_dbfs) = (vec![-1.0, -2.0, -3.0], vec![-200.0]);
    c.master = vec![0];
    c.error_by_input.truncate(1);
    (c.error_histogram.before, c.error_histogram.after) = (vec![1], vec![]);
    let m = report.monte_carlo.as_mut().expect("a population");
    (m.chips, m.rows) = (1, m.rows[..1].to_vec());
    report.energy.parts.truncate(1);
    report.energy.sweep.truncate(1);
    assert_sound(&page(&report));
}

/// Whatever is in the data, the page stands.
#[test]
fn wild_numbers_make_a_page() {
    for wild in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 0.0, 1e-300] {
        let mut report = fixture::report();
        let c = &mut report.curves;
        for values in [&mut c.ramp_input_lsb, &mut c.ramp_mean_code, &mut c.spectrum_dbfs] {
            values.iter_mut().step_by(2).for_each(|value| *value = wild);
        }
        c.spectrum_mismatch_off_dbfs.fill(wild);
        c.inl_lsb.iter_mut().chain(&mut c.dnl_lsb).for_each(|curve| curve[3..9].fill(wild));
        c.error_by_input.iter_mut().for_each(|bin| bin.before = [wild; 3]);
        (c.error_histogram.first_edge_lsb, c.error_histogram.width_lsb) = (wild, wild);
        report.adcs.iter_mut().for_each(|row| (row.offset_lsb, row.gain) = ([wild; 2], [wild; 2]));
        if let Some(m) = &mut report.monte_carlo {
            m.yield_below_2_lsb = wild;
            m.rows.iter_mut().step_by(2).for_each(|row| {
                (row.enob, row.linearity_after_lsb, row.csnr_after_db) = (wild, wild, wild);
            });
        }
        report.energy.tops_per_watt = wild;
        report.energy.parts.iter_mut().for_each(|part| part.1 = wild);
        report.energy.sweep.iter_mut().for_each(|row| row.tops_per_watt = wild);
        assert_sound(&page(&report));
    }
}

/// For a look: `CAPRAM_PAGE=<folder> cargo test --lib the_page_for_a_look -- --ignored` writes
/// `index.html` there, else in the folder for temporary files.
#[test]
#[ignore = "writes a page to look at"]
fn the_page_for_a_look() {
    let folder = std::env::var_os("CAPRAM_PAGE").unwrap_or_else(|| std::env::temp_dir().into());
    let report = fixture::report();
    report.write_html(std::path::Path::new(&folder)).expect("a folder to write to");
    println!("{report}");
}
