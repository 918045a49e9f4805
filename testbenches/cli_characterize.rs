//! `capram characterize` at the command line: what is refused and how, what is written, what an
//! interruption leaves.

mod common;

use common::desk::{Desk, text};
use serde_json::Value;
use std::fs;

fn desk() -> Desk {
    Desk::new("characterize")
}

/// A small macro is measured in a second or two.
const SMALL: [&str; 2] = ["--config", "small"];

fn small<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SMALL[..], more].concat()
}

#[test]
fn bad_options_are_refused_with_one_message() {
    let desk = desk();
    let rows: [(&[&str], &str); 13] = [
        (&["--chips", "0"], "0 is not in 1..=1000000"),
        (&["--chips", "-3"], "-3"),
        (&["--chip", "1000000000"], "1000000000 is not in 0..=999999999"),
        (&["--corner", "st"], "possible values: tt, ss, ff, sf, fs"),
        (
            &["--supply", "1.5"],
            "analog.conditions.supply_v: 1.5 is out of range; allowed: a number",
        ),
        (&["--supply", "NaN"], "analog.conditions.supply_v: NaN is out of range"),
        (&["--temperature", "-41"], "analog.conditions.temperature_c: -41"),
        (&["--backend", "spice"], "possible values: golden, rtl"),
        (&["--range", "1/3"], "possible values: 1, 1/2, 1/4, 1/8"),
        (
            &["--config", "slice1"],
            "columns_per_slice: 1 column per slice makes no differential pair",
        ),
        (&["--config", "capram28"], "no configuration named `capram28`"),
        (&["--checkpoint", "c.jsonl"], "--chips"),
        (&["--threads", "0"], "0 is not in 1..=1024"),
    ];
    for (arguments, wanted) in rows {
        let message = desk.refused(arguments);
        assert!(message.contains(wanted), "{arguments:?}: {message}");
    }
}

#[test]
fn outputs_that_cannot_be_written_are_refused_first() {
    let desk = desk();
    desk.write("file", "not a folder");
    fs::create_dir_all(desk.path("taken/index.html")).expect("a folder");
    let rows: [(&[&str], &str); 8] = [
        (&["--report", "taken"], "index.html: is a folder"),
        (&["--json", "a", "--paper", "./a"], "a: named for two outputs"),
        (&["--json", "a", "--chips", "2", "--checkpoint", "a"], "a: named for two outputs"),
        (&["--report", ".", "--json", "index.html"], "index.html: named for two outputs"),
        (&["--json", "no/where.json"], "there is no folder no"),
        (&["--report", "no/where"], "there is no folder no"),
        (&["--report", "file"], "file: cannot be made"),
        (&["--histogram", "."], "is a folder; a file name is needed"),
    ];
    for (arguments, wanted) in rows {
        let message = desk.refused(&small(arguments));
        assert!(message.contains(wanted), "{arguments:?}: {message}");
    }
}

#[test]
fn every_output_is_written() {
    let desk = desk();
    let more =
        ["--chips", "3", "--report", "r", "--histogram", "h.npz", "--paper", "p.md", "--chip", "2"];
    let report = desk.report(&small(&more), 0);
    for key in [
        "enob",
        "inl_max_lsb",
        "dnl_max_lsb",
        "missing_codes",
        "linearity_error_max_lsb",
        "linearity_samples",
        "tops_per_watt",
        "gops",
    ] {
        assert!(report[key].is_number(), "{key}");
        if !["tops_per_watt", "gops"].contains(&key) {
            for condition in ["mismatch_off", "before", "after"] {
                assert!(report[condition][key].is_number(), "{condition}.{key}");
            }
        }
    }
    assert_eq!(report["schema"], "capram.characterize/1");
    assert_eq!(report["linearity_samples"], 524_288);
    assert_eq!(report["monte_carlo"]["rows"].as_array().map(Vec::len), Some(3));
    // Replayed in detail, chip 2 is the chip of the population.
    let row = &report["monte_carlo"]["rows"][2];
    assert_eq!(row["linearity_after_lsb"], report["after"]["linearity_error_max_lsb"]);
    let page = fs::read_to_string(desk.path("r/index.html")).expect("a page");
    assert!(page.starts_with("<!") && page.trim_end().ends_with("</html>"));
    let paper = fs::read_to_string(desk.path("p.md")).expect("a table");
    assert!(paper.contains("| effective number of bits | 6.85"));
    let npz = fs::File::open(desk.path("h.npz")).expect("a dump");
    let mut npz = ndarray_npy::NpzReader::new(npz).expect("an npz");
    let codes: ndarray::Array2<u8> = npz.by_name("linearity_codes").expect("codes");
    assert_eq!(codes.dim(), (131_072, 4));
}

/// Everything but the speed and the number of threads.
fn figures(mut report: Value) -> Value {
    report["threads"] = Value::Null;
    report["command"] = Value::Null;
    report
}

#[test]
fn threads_and_interruptions_change_nothing() {
    let desk = desk();
    let one = desk.report(&small(&["--chips", "4", "--threads", "1"]), 0);
    let kept = ["--chips", "4", "--threads", "3", "--checkpoint", "c.jsonl"];
    let three = desk.report(&small(&kept), 0);
    assert!(figures(one.clone()) == figures(three), "threads changed the report");

    // As an interruption leaves it: some whole lines, and the beginning of another.
    let whole = fs::read_to_string(desk.path("c.jsonl")).expect("a checkpoint");
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 5, "a header and four chips");
    let cut = format!("{}\n{}\n{}", lines[0], lines[1], &lines[2][..20]);
    desk.write("c.jsonl", &cut);
    assert!(figures(desk.report(&small(&kept), 0)) == figures(one), "rows are not what they were");
    assert_eq!(fs::read_to_string(desk.path("c.jsonl")).expect("a file").lines().count(), 5);

    // A row that was kept is taken as it stands: nothing is measured twice.
    let row = lines[1].replacen("\"missing_codes\":0", "\"missing_codes\":77", 1);
    assert_ne!(row, lines[1]);
    desk.write("c.jsonl", &format!("{}\n{row}\n", lines[0]));
    let again = desk.report(&small(&kept), 0);
    let rows = again["monte_carlo"]["rows"].as_array().expect("rows").clone();
    assert!(rows.iter().any(|row| row["missing_codes"] == 77));
}

#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let desk = desk();
    for foreign in ["some text\n", "without an end of line"] {
        desk.write("c.jsonl", foreign);
        let message = desk.refused(&small(&["--chips", "2", "--checkpoint", "c.jsonl"]));
        assert!(message.contains("c.jsonl: is no checkpoint"), "{message}");
        assert_eq!(fs::read_to_string(desk.path("c.jsonl")).expect("a file"), foreign);
    }
    fs::remove_file(desk.path("c.jsonl")).expect("it was there");
    desk.report(&small(&["--chips", "1", "--checkpoint", "c.jsonl"]), 0);
    let other = small(&["--chips", "2", "--checkpoint", "c.jsonl", "--seed", "9"]);
    let message = desk.refused(&other);
    assert!(message.contains("seed 1 of capram"), "{message}");
}

/// Offsets beyond the range leave ADCs that show one code only: such chips are counted, not a reason to stop.
#[test]
fn dead_chips_are_results() {
    let desk = desk();
    desk.configuration(
        "dead.yaml",
        "small.yaml",
        "analog: { comparator_offset: { sigma_mv: 200 }, comparator_noise: { on: false } }",
    );
    let dead = ["--config", "dead.yaml", "--range", "1/8", "--chips", "6"];
    let kept = [&dead[..], &["--checkpoint", "c.jsonl"]].concat();
    let output = desk.run(&kept);
    let report = match output.status.code() {
        // The chip in detail may be dead too, and then says so; look for one that is not.
        Some(2) => {
            assert!(text(&output.stderr).contains("ADC "), "{}", text(&output.stderr));
            let alive = (1..6).map(|chip| chip.to_string());
            let run = |chip: String| {
                desk.run(&[&kept[..], &["--chip", &chip, "--json", "d.json"]].concat())
            };
            alive.map(run).find(|output| output.status.code() == Some(0)).expect("one works");
            let json = fs::read_to_string(desk.path("d.json")).expect("a report");
            serde_json::from_str::<Value>(&json).expect("JSON")
        }
        _ => desk.report(&kept, 0),
    };
    let population = &report["monte_carlo"];
    let failed = population["failed"].as_array().expect("a list");
    assert!(!failed.is_empty(), "{population}");
    assert!(failed[0]["reason"].as_str().is_some_and(|reason| reason.contains("ADC ")));
    assert_eq!(population["chips"], 6);
    let rows = population["rows"].as_array().expect("rows").len();
    assert_eq!(rows + failed.len(), 6);
    let share = population["yield_below_2_lsb"].as_f64().expect("a share");
    assert!(share <= rows as f64 / 6.0);
}

#[test]
fn corners_are_worked_under() {
    let desk = desk();
    let report =
        desk.report(&small(&["--corner", "ff", "--supply", "1.3", "--temperature", "-40"]), 0);
    assert_eq!(report["conditions"]["corner"], "ff");
    assert_eq!(report["conditions"]["temperature_c"], -40.0);
    let nominal = desk.report(&small(&[]), 0);
    let lsb = |report: &Value| report["lsb_v"].as_f64().expect("a number");
    assert!((lsb(&report) / lsb(&nominal) - 1.3 / 1.2).abs() < 1e-9);
    assert!(report["tops_per_watt"].as_f64() < nominal["tops_per_watt"].as_f64());
}

#[test]
fn the_rtl_backend_says_how_it_compares() {
    let desk = desk();
    let output = desk.run(&small(&["--backend", "rtl"]));
    let text = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("codes different                            0"), "{text}");
}
