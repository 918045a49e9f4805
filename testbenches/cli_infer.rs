//! `capram infer` at the command line: the bundled digits on all backends, what is written, what an
//! interruption leaves, what is refused and how.

mod common;

use common::desk::{Desk, text};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Images of the bundled test set.
const IMAGES: usize = 359;
/// What README.md promises of them.
const LEAST_ACCURACY: f64 = 0.975;

fn desk() -> Desk {
    Desk::new("infer")
}

/// Report and predictions of a run on the digits.
fn digits(desk: &Desk, more: &[&str]) -> (Value, String) {
    let fixed = ["digits", "--predictions", "p.csv"];
    let report = desk.report(&[&fixed[..], more].concat(), 0);
    (report, fs::read_to_string(desk.path("p.csv")).expect("predictions"))
}

fn number(report: &Value, key: &str) -> f64 {
    report[key].as_f64().unwrap_or_else(|| panic!("{key} is no number"))
}

/// Image, label and prediction of every line.
fn rows(predictions: &str) -> Vec<[usize; 3]> {
    let mut lines = predictions.lines();
    assert_eq!(lines.next(), Some("image,label,prediction"));
    let row = |line: &str| {
        let row: Vec<usize> = line.split(',').map(|n| n.parse().expect("a number")).collect();
        row.try_into().expect("three columns")
    };
    lines.map(row).collect()
}

/// Whether a report's accuracy and confusion are those of the predictions.
fn assert_counted(report: &Value, predictions: &str, first: usize) {
    let rows = rows(predictions);
    let images = rows.len();
    let correct = rows.iter().filter(|[_, label, prediction]| label == prediction).count();
    assert!(rows.iter().enumerate().all(|(i, row)| row[0] == first + i), "images in order");
    assert_eq!(report["images"], images);
    assert_eq!(report["correct"], correct);
    assert!((number(report, "accuracy") - correct as f64 / images as f64).abs() < 1e-12);
    let mut confusion = vec![vec![0; 10]; 10];
    rows.iter().for_each(|[_, label, prediction]| confusion[*label][*prediction] += 1);
    assert_eq!(report["confusion"], json!(confusion));
}

#[test]
fn every_backend_classifies_the_digits() {
    let desk = desk();
    let run = |backend| digits(&desk, &["--backend", backend]);
    let [ideal, golden, rtl] = ["ideal", "golden", "rtl"].map(run);
    for ((report, predictions), backend) in [(&ideal, "ideal"), (&golden, "golden"), (&rtl, "rtl")]
    {
        assert_eq!(report["schema"], "capram.infer/1");
        assert_eq!(report["backend"], backend);
        assert_eq!(report["images"], IMAGES);
        assert_counted(report, predictions, 0);
        assert!(number(report, "accuracy") >= LEAST_ACCURACY, "{backend}");
        for key in ["energy_nj_per_image", "images_per_second", "cycles_per_image", "clipped_codes"]
        {
            assert!(number(report, key) > 0.0, "{backend}: {key}");
        }
        // Every slice converts in every step.
        let steps = number(report, "conversion_steps_per_image") * IMAGES as f64;
        assert_eq!(number(report, "conversions"), 32.0 * steps);
        let layers = report["layers"].as_array().expect("layers");
        for key in ["operations", "conversions", "clipped_codes"] {
            let sum: f64 = layers.iter().map(|layer| number(layer, key)).sum();
            assert_eq!(number(report, key), sum, "{backend}: {key}");
        }
        assert_eq!(
            (&report["checks"]["mismatches"], &report["failure_waves"]),
            (&json!(0), &json!(null))
        );
    }
    assert_eq!((&ideal.0["chip"], &ideal.0["calibrated"]), (&json!(null), &json!(false)));
    assert_eq!((&golden.0["chip"], &golden.0["calibrated"]), (&json!(0), &json!(true)));
    assert_eq!(golden.1, rtl.1, "the same bytes");
    // The same chip, tables and noise: the same codes and currents.
    for key in ["clipped_codes", "layers", "confusion", "energy_nj_per_image", "energy_parts_nj"] {
        assert_eq!(golden.0[key], rtl.0[key], "{key}");
    }
    let checks = &rtl.0["checks"];
    assert_eq!((&checks["mismatches"], &checks["differences"]), (&json!(0), &json!(0)));
    assert_eq!(checks["violations"], json!({}));
    assert!(number(checks, "codes_compared") >= number(&rtl.0, "conversions"));
    for key in ["volts_compared", "pins_compared", "results_compared", "cycles"] {
        assert!(number(checks, key) > 1000.0, "{key}");
    }
    assert_eq!(desk.files(), ["p.csv", "report.json"], "no waves of a failure");
}

#[test]
fn the_report_is_printed() {
    let output = desk().run(&["digits", "--backend", "rtl", "--limit", "20", "--chips", "2"]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(printed.starts_with("capram infer: match\n  network   digits ("), "{printed}");
    for wanted in ["Confusion", "conv1", "energy", "mismatches", "Monte Carlo: 2 chips", "--chip "]
    {
        assert!(printed.contains(wanted), "{wanted}: {printed}");
    }
}

#[test]
fn images_chip_and_calibration_are_chosen() {
    let desk = desk();
    let all = digits(&desk, &[]);
    let (some, predictions) = digits(&desk, &["--first", "30", "--limit", "20"]);
    assert_counted(&some, &predictions, 30);
    assert_eq!(rows(&predictions), rows(&all.1)[30..50], "an image depends on its number alone");
    let (last, predictions) = digits(&desk, &["--first", "350", "--limit", "1000000000"]);
    assert_eq!(last["images"], 9);
    assert_counted(&last, &predictions, 350);

    let figure = |report: &Value| report["clipped_codes"].clone();
    let (chip, _) = digits(&desk, &["--chip", "3"]);
    let (seed, _) = digits(&desk, &["--seed", "2"]);
    assert_eq!((&chip["chip"], &seed["seed"]), (&json!(3), &json!(2)));
    assert!(figure(&chip) != figure(&all.0) && figure(&seed) != figure(&all.0), "other ADCs");

    let (bare, predictions) = digits(&desk, &["--calibration", "none"]);
    assert_eq!(bare["calibrated"], false);
    assert!(number(&bare, "accuracy") <= number(&all.0, "accuracy"));
    assert_ne!(predictions, all.1);

    // A golden macro without mismatch, noise and settling is the ideal one.
    let (_, exact) = digits(&desk, &["--config", "ideal", "--calibration", "none"]);
    let (_, ideal) = digits(&desk, &["--backend", "ideal"]);
    assert_eq!(exact, ideal);

    let (train, predictions) = digits(&desk, &["--backend", "ideal", "--split", "train"]);
    assert_eq!((&train["data"]["split"], &train["images"]), (&json!("train"), &json!(1438)));
    assert_counted(&train, &predictions, 0);
}

#[test]
fn threads_change_nothing() {
    let desk = desk();
    for backend in ["golden", "rtl"] {
        let run = |threads| {
            let options = ["--backend", backend, "--chips", "3", "--threads", threads];
            let (mut report, predictions) = digits(&desk, &options);
            assert_eq!(report["threads"].to_string(), threads);
            report["threads"] = Value::Null;
            report["images_per_second"] = Value::Null;
            if let Some(checks) = report["checks"].as_object_mut() {
                checks.remove("cycles"); // every thread loads a macro of its own
                checks.remove("pins_compared");
            }
            (report, predictions)
        };
        assert!(run("1") == run("2"), "{backend}");
    }
}

/// A data set in the official format, plain: `count` images of a size, `labels` labels.
fn images(desk: &Desk, folder: &str, [count, height, width]: [usize; 3], labels: usize) {
    let word = |n: usize| (n as u32).to_be_bytes();
    let mut pixels = [[0, 0, 8, 3], word(count), word(height), word(width)].concat();
    pixels.extend((0..count * height * width).map(|i| (i % 17) as u8));
    let mut bytes = [[0, 0, 8, 1], word(labels)].concat();
    bytes.extend((0..labels).map(|i| (i % 10) as u8));
    fs::create_dir_all(desk.path(folder)).expect("a folder");
    for (name, bytes) in [("t10k-images-idx3-ubyte", pixels), ("t10k-labels-idx1-ubyte", bytes)] {
        fs::write(desk.path(folder).join(name), bytes).expect("writable");
    }
}

/// Runs a command line of a report as a user would who pastes it; the report of that run.
fn replay(desk: &Desk, line: &str, more: &str) -> Value {
    let program = line.strip_prefix("capram ").expect("it starts with the program");
    let line = format!("'{}' {program} {more} --json replay.json", env!("CARGO_BIN_EXE_capram"));
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &line]).current_dir(desk.path(".")).output().expect("a shell");
    assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output.stderr));
    let json = fs::read_to_string(desk.path("replay.json")).expect("a report");
    serde_json::from_str(&json).expect("JSON")
}

#[test]
fn chips_are_drawn_and_the_worst_is_replayed() {
    let desk = desk();
    let (report, _) = digits(&desk, &["--chips", "5"]);
    let population = &report["monte_carlo"];
    let chips = population["rows"].as_array().expect("rows");
    assert_eq!(chips.len(), 5);
    // Chip 0 is the run's own.
    assert_eq!(chips[0]["calibrated"], report["accuracy"]);
    let (ideal, _) = digits(&desk, &["--backend", "ideal"]);
    assert_eq!(population["ideal_accuracy"], ideal["accuracy"]);
    let threshold = number(population, "yield_threshold");
    assert!((threshold - (number(&ideal, "accuracy") - 0.002)).abs() < 1e-12);
    for (key, of) in [("yield_calibrated", "calibrated"), ("yield_uncalibrated", "uncalibrated")] {
        let good = chips.iter().filter(|chip| number(chip, of) >= threshold).count();
        assert_eq!(number(population, key), good as f64 / 5.0, "{key}");
    }
    let worst = chips.iter().map(|chip| number(chip, "calibrated")).fold(1.0, f64::min);
    assert_eq!(number(&population["calibrated"], "min"), worst);
    let number_of_worst = population["worst_chip"].as_u64().expect("a chip");
    assert_eq!(number(&chips[number_of_worst as usize], "calibrated"), worst);

    let line = population["replay"].as_str().expect("a command");
    let again = replay(&desk, line, "");
    assert_eq!((&again["backend"], &again["chip"]), (&json!("rtl"), &json!(number_of_worst)));
    assert_eq!(number(&again, "accuracy"), worst);
    let bare = replay(&desk, line, "--calibration none");
    assert_eq!(bare["accuracy"], chips[number_of_worst as usize]["uncalibrated"]);
}

#[test]
fn a_replay_repeats_every_option() {
    let desk = desk();
    images(&desk, "it's data", [40, 8, 8], 40);
    let quiet = "analog: { comparator_noise: { on: false } }";
    desk.configuration("my chip.yaml", "capram65.yaml", quiet);
    let options =
        "--data|it's data|--config|my chip.yaml|--seed|7|--first|3|--limit|30|--corner|ff";
    let options: Vec<&str> = options.split('|').collect();
    let drawn = ["--chips", "2", "--yield-threshold", "0", "--backend", "ideal"];
    let (report, _) = digits(&desk, &[&options[..], &drawn].concat());
    let population = &report["monte_carlo"];
    assert_eq!((&population["images"], &population["yield_threshold"]), (&json!(30), &json!(0.0)));
    assert_eq!(population["yield_uncalibrated"], 1.0, "every chip reaches nothing");
    let again = replay(&desk, population["replay"].as_str().expect("a command"), "");
    let worst = population["worst_chip"].as_u64().expect("a chip") as usize;
    assert_eq!(again["accuracy"], population["rows"][worst]["calibrated"]);
    for key in ["config", "data", "images", "seed", "network"] {
        assert_eq!(again[key], report[key], "{key}");
    }
}

/// A chip whose ADCs show one code can not be calibrated: it counts as the worst, and its replay
/// runs with neutral tables.
#[test]
fn chips_that_can_not_be_calibrated_are_results() {
    let desk = desk();
    let dead = "analog: { comparator_offset: { sigma_mv: 60 }, comparator_noise: { on: false } }";
    desk.configuration("dead.yaml", "capram65.yaml", dead);
    let options = ["--config", "dead.yaml", "--limit", "40"];
    let message = desk.refused(&[&["digits"], &options[..]].concat());
    assert!(message.contains("can not be fitted"), "{message}");
    let (report, _) =
        digits(&desk, &[&options[..], &["--backend", "ideal", "--chips", "3"]].concat());
    let population = &report["monte_carlo"];
    let lost = &population["rows"][population["worst_chip"].as_u64().expect("a chip") as usize];
    assert_eq!(lost["calibrated"], Value::Null);
    assert!(lost["reason"].as_str().is_some_and(|reason| reason.contains("ADC ")));
    let again = replay(&desk, population["replay"].as_str().expect("a command"), "");
    assert_eq!(again["accuracy"], lost["uncalibrated"]);
}

#[test]
fn the_first_image_has_waves() {
    let desk = desk();
    let files = ["first.fst", "first.gtkw", "first.sucl", "p.csv", "report.json"];
    for backend in ["golden", "rtl"] {
        let options =
            ["--backend", backend, "--first", "5", "--limit", "2", "--waves", "first.fst"];
        let (report, _) = digits(&desk, &options);
        assert_eq!(
            (&report["waves"], desk.files()),
            (&json!("first.fst"), files.map(str::to_owned).into())
        );
        let mut waves = wellen::simple::read(desk.path("first.fst")).expect("an FST");
        let signal = |path: &str| {
            let mut vars = waves.hierarchy().all_vars().map(|var| &waves.hierarchy()[var]);
            let name = |var: &wellen::Var| var.full_name(waves.hierarchy()).replace(".[", "[");
            let found = vars.find(|var| name(var) == path);
            found.unwrap_or_else(|| panic!("{path} is not in the waves")).signal_ref()
        };
        let [clock, volts] = ["TOP.capram_sim.clk_i", "TOP.capram_sim.observed_p[0]"].map(signal);
        waves.load_signals(&[clock, volts]);
        let changes = |signal| waves.get_signal(signal).expect("loaded").iter_changes();
        let cycles = changes(clock).count() as f64 / 2.0;
        let image = number(&report, "cycles_per_image");
        assert!((cycles - image).abs() < 0.02 * image, "{cycles} cycles, not {image}");
        let real = |value: wellen::SignalValueRef| match value {
            wellen::SignalValueRef::Real(volts) => volts,
            _ => panic!("a voltage"),
        };
        let highest = changes(volts).map(|(_, value)| real(value)).fold(0.0, f64::max);
        assert!((0.01..1.3).contains(&highest), "the bit line reaches {highest} V");
        for view in ["first.gtkw", "first.sucl"] {
            let view = fs::read_to_string(desk.path(view)).expect("a view");
            assert!(["conv1", "fc1", "fc2"].iter().all(|layer| view.contains(layer)), "{view}");
        }
    }
}

#[test]
fn a_cut_checkpoint_goes_on() {
    let desk = desk();
    for backend in ["golden", "rtl"] {
        let kept = ["--backend", backend, "--chips", "3", "--checkpoint", "c.jsonl"];
        let (whole, predictions) = digits(&desk, &kept);
        assert_eq!(whole["resumed"], 0);
        let images = fs::read_to_string(desk.path("c.jsonl")).expect("a checkpoint");
        assert_eq!(images.lines().count(), 1 + IMAGES.div_ceil(16));
        let chips = fs::read_to_string(desk.path("c.jsonl.chips")).expect("a checkpoint");
        assert_eq!(chips.lines().count(), 1 + 3);

        // In mid-line: after the header and five whole batches.
        let lines: Vec<&str> = images.lines().collect();
        desk.write("c.jsonl", &format!("{}\n{}", lines[..6].join("\n"), &lines[6][..40]));
        let (cut, again) = digits(&desk, &kept);
        let resumed = cut["resumed"].as_u64().expect("a number");
        assert!((5 * 16 - 9..=5 * 16).contains(&resumed), "five batches, not {resumed} images");
        assert_eq!(again, predictions);
        for key in ["accuracy", "clipped_codes", "layers", "energy_nj_per_image", "monte_carlo"] {
            assert_eq!(cut[key], whole[key], "{key}");
        }
        if backend == "rtl" {
            assert_eq!(cut["checks"]["codes_compared"], whole["checks"]["codes_compared"]);
        }
        let output = desk.run(&[&["digits"], &kept[..]].concat());
        assert!(text(&output.stdout).contains("images/s, 359 of an earlier run not counted"));
        for file in ["c.jsonl", "c.jsonl.chips"] {
            fs::remove_file(desk.path(file)).expect("it was there");
        }
    }
}

#[test]
fn another_runs_checkpoint_is_refused() {
    let desk = desk();
    digits(&desk, &["--limit", "20", "--checkpoint", "c.jsonl"]);
    let kept = fs::read_to_string(desk.path("c.jsonl")).expect("a checkpoint");
    let others: [&[&str]; 6] = [
        &["--limit", "21"],
        &["--limit", "20", "--seed", "2"],
        &["--limit", "20", "--chip", "1"],
        &["--limit", "20", "--backend", "rtl"],
        &["--limit", "20", "--temperature", "85"],
        &["--limit", "20", "--calibration", "none"],
    ];
    for other in others {
        let message = desk.refused(&[&["digits", "--checkpoint", "c.jsonl"], other].concat());
        assert!(message.contains("c.jsonl: belongs to capram.inference/1 of network digits"));
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    assert_eq!(fs::read_to_string(desk.path("c.jsonl")).expect("a checkpoint"), kept);
    desk.write("c.jsonl", "some text\n");
    let message = desk.refused(&["digits", "--checkpoint", "c.jsonl"]);
    assert!(message.contains("c.jsonl: is no checkpoint"), "{message}");
}

/// Conversions so fast that nodes are not as settled as asked for: a rule is violated in every image.
/// The first one runs again with waves of the cycles around it, also when an earlier run found it.
#[test]
fn a_violated_rule_fails_and_shows_itself() {
    let desk = desk();
    let fast = "timing: { conversion_rate_msps: 220 }
analog:
  rules: { settled_within_lsb: 0.00001 }
  sram: { write_time_ps: 100, precharge_time_ps: 100 }";
    desk.configuration("fast.yaml", "capram65.yaml", fast);
    let images = ["--backend", "rtl", "--first", "7", "--limit", "20", "--calibration", "none"];
    let files = ["--checkpoint", "c.jsonl", "--waves", "w.fst", "--failure-waves", "f.fst"];
    let options = [&["digits", "--config", "fast.yaml"], &images[..], &files].concat();
    let report = desk.report(&options, 1);
    assert_eq!((&report["waves"], &report["resumed"]), (&json!("w.fst"), &json!(0)));
    assert_eq!(report["failure_waves"], "f.fst");
    let checks = &report["checks"];
    assert_eq!((&checks["mismatches"], &checks["differences"]), (&json!(0), &json!(0)));
    assert!(number(&checks["violations"], "strobe_before_settled") > 1000.0, "{checks}");
    assert_eq!(checks["first"]["image"], 7);
    let files = ["c.jsonl", "f.fst", "f.gtkw", "f.sucl", "fast.yaml", "report.json"];
    assert_eq!(desk.files(), [&files[..], &["w.fst", "w.gtkw", "w.sucl"]].concat());
    let waves = wellen::simple::read(desk.path("f.fst")).expect("an FST");
    let times = waves.time_table();
    let config = capram::config::Config::load(desk.path("fast.yaml")).expect("legal");
    let cycles = (times[times.len() - 1] - times[0]) as f64 * 1e-12 / config.timing.period_s();
    assert!((95.0..=101.0).contains(&cycles), "60 cycles before and 40 after, not {cycles}");
    let view = fs::read_to_string(desk.path("f.gtkw")).expect("a view");
    assert!(view.contains("first finding") && view.contains("slice 0"), "{view}");

    fs::remove_file(desk.path("f.fst")).expect("it was there");
    let again = desk.report(&options, 1);
    // No macro was loaded this time: only what was compared in the images comes again.
    assert_eq!(again["resumed"], 20);
    for key in ["violations", "first", "codes_compared"] {
        assert_eq!(again["checks"][key], checks[key], "{key}");
    }
    assert!(desk.path("f.fst").exists());
    let printed = text(&desk.run(&options).stdout);
    assert!(printed.starts_with("capram infer: RULES VIOLATED\n"), "{printed}");
    for wanted in
        ["strobe_before_settled", "First finding: image 7", "finding: f.fst", "Waves: w.fst"]
    {
        assert!(printed.contains(wanted), "{wanted}: {printed}");
    }
}

/// Word lines that close before a cell is written: the macro holds other weights than the golden
/// backend, and its reads differ.
#[test]
fn other_weights_are_found() {
    let desk = desk();
    let slow = "analog: { sram: { write_time_ps: 900 } }";
    desk.configuration("slow.yaml", "capram65.yaml", slow);
    let images = ["--backend", "rtl", "--limit", "3", "--calibration", "none"];
    let output = desk.run(&[&["digits", "--config", "slow.yaml"], &images[..]].concat());
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(printed.starts_with("capram infer: MISMATCH\n"), "{printed}");
    assert!(printed.contains("\nDifferences from the golden backend (first 10 of "), "{printed}");
    assert!(printed.contains("write_too_short"), "the cause, found while loading: {printed}");
    assert!(printed.contains("Waves of the first finding: capram-failure.fst"), "{printed}");
}

/// What the macro violates while it is loaded is found whatever the backend, and once: not once per
/// thread, not in the images' place.
#[test]
fn a_rule_violated_while_loading_is_found() {
    let desk = desk();
    for backend in ["golden", "rtl"] {
        for threads in ["1", "2"] {
            let run = ["--backend", backend, "--limit", "40", "--threads", threads];
            let options =
                [&["digits", "--config", "ss", "--calibration", "none"], &run[..]].concat();
            let report = desk.report(&options, 1);
            let checks = &report["checks"];
            assert_eq!(checks["violations"], json!({"precharge_too_short": 2048}), "{backend}");
            assert_eq!(checks["first"]["image"], json!(null), "{backend}");
        }
    }
}

/// One line, and nothing written; `desk.refused` asks for exit code 2 and silence.
fn refused(desk: &Desk, arguments: &[&str], wanted: &str) {
    let message = desk.refused(arguments);
    assert!(message.contains(wanted), "{arguments:?}: {message}");
    assert_eq!(message.lines().count(), 1, "{arguments:?}: {message}");
}

#[test]
fn bad_options_are_refused() {
    let desk = desk();
    let rows: [(&[&str], &str); 8] = [
        (&["--first", "359"], "--first 359: digits has 359 images; allowed: 0..=358"),
        (&["--chips", "2", "--yield-threshold", "101"], "--yield-threshold 101: allowed: 0..=100"),
        (&["--chips", "2", "--yield-threshold", "NaN"], "--yield-threshold NaN"),
        (&["--config", "capram28"], "no configuration named `capram28`"),
        (&["--config", "small"], "digits: the network needs "),
        (&["--config", "small"], " cells and the array has 2048: "),
        (&["--config", "slice1"], "digits: layer conv1: a weight of format diff1 takes 2 columns"),
        (&["--supply", "2"], "analog.conditions.supply_v: 2"),
    ];
    for (options, wanted) in rows {
        refused(&desk, &[&["digits"], options].concat(), wanted);
    }
    // The option parser's own: the message, and a hint on a line of its own.
    let rows: [(&[&str], &str); 7] = [
        (&["--limit", "0"], "0 is not in 1..=1000000000"),
        (&["--chips", "0"], "0 is not in 1..=1000000"),
        (&["--threads", "0"], "0 is not in 1..=1024"),
        (&["--chip", "1000000000"], "1000000000 is not in 0..=999999999"),
        (&["--yield-threshold", "90"], "--chips"),
        (&["--backend", "spice"], "possible values: ideal, golden, rtl"),
        (&["--split", "all"], "possible values: train, test"),
    ];
    for (options, wanted) in rows {
        let message = desk.refused(&[&["digits"], options].concat());
        assert!(message.contains(wanted), "{options:?}: {message}");
    }
}

/// A copy of the shipped network in the desk's folder.
fn shipped(desk: &Desk) {
    for file in ["digits.yaml", "digits.safetensors"] {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("networks").join(file);
        fs::copy(shipped, desk.path(file)).expect("it is shipped");
    }
}

#[test]
fn bad_networks_are_refused() {
    let desk = desk();
    refused(&desk, &["nine"], "no network named `nine` is built in, nor is there such a file");
    refused(&desk, &["nine.yaml"], "nine.yaml: cannot be read");
    refused(&desk, &["."], ".: ");
    shipped(&desk);
    let yaml = fs::read_to_string(desk.path("digits.yaml")).expect("a network");
    desk.write("typo.yaml", &yaml.replacen("\nlabels:", "\nlables:", 1));
    refused(&desk, &["typo.yaml"], "typo.yaml: top level: unknown key \"lables\"; allowed: ");
    desk.write("range.yaml", &yaml.replacen("range: 1/8", "range: 1/3", 1));
    refused(&desk, &["range.yaml"], "range.yaml: ");
    let tensors = fs::read(desk.path("digits.safetensors")).expect("tensors");
    for length in [0, 7, 100, tensors.len() / 2, tensors.len() - 1] {
        fs::write(desk.path("digits.safetensors"), &tensors[..length]).expect("writable");
        refused(&desk, &["digits.yaml"], "digits.safetensors: ");
    }
    fs::remove_file(desk.path("digits.safetensors")).expect("it was there");
    refused(&desk, &["digits.yaml"], "digits.safetensors: cannot be read");
}

#[test]
fn bad_data_is_refused() {
    let desk = desk();
    let data = |folder, wanted| refused(&desk, &["digits", "--data", folder], wanted);
    data("none", "none: cannot be read");
    fs::create_dir(desk.path("empty")).expect("a folder");
    data("empty", "empty: no data set; allowed: either IDX files (");
    images(&desk, "large", [3, 28, 28], 3);
    data("large", "images of 1 x 28 x 28 (channels x height x width); allowed: 1 x 8 x 8");
    images(&desk, "unequal", [3, 8, 8], 4);
    data("unequal", "t10k-labels-idx1-ubyte: 4 labels; allowed: 3, one per image of");
    images(&desk, "none left", [0, 8, 8], 0);
    data("none left", "none left");
    images(&desk, "short", [3, 8, 8], 3);
    let path = desk.path("short/t10k-images-idx3-ubyte");
    let bytes = fs::read(&path).expect("images");
    for (changed, wanted) in [
        ([&[0, 0, 8, 1], &bytes[4..]].concat(), "starts with 0x00000801; allowed: 0x00000803"),
        (bytes[..100].to_vec(), "84 bytes after the header; allowed: the 192 that the header"),
        (bytes[..10].to_vec(), "t10k-images-idx3-ubyte: "),
        (vec![], "t10k-images-idx3-ubyte: "),
    ] {
        fs::write(&path, changed).expect("writable");
        data("short", wanted);
    }
    fs::remove_file(&path).expect("it was there");
    data("short", "t10k-images-idx3-ubyte: cannot be read");
    // As an interrupted download leaves it.
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/digits");
    let packed = fs::read(shipped.join("t10k-images-idx3-ubyte.gz")).expect("it is shipped");
    for length in [packed.len() / 2, packed.len() - 1, 5] {
        let path = desk.path("short/t10k-images-idx3-ubyte.gz");
        fs::write(path, &packed[..length]).expect("writable");
        data("short", "t10k-images-idx3-ubyte.gz: not a whole gzip file");
    }
}

/// The shipped files are the built-in data.
#[test]
fn a_folder_is_what_is_built_in() {
    let desk = desk();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits");
    let (_, built_in) = digits(&desk, &["--backend", "ideal"]);
    let (_, read) = digits(&desk, &["--backend", "ideal", "--data", shipped]);
    assert_eq!(built_in, read);
}

#[test]
fn outputs_that_can_not_be_written_are_refused_first() {
    let desk = desk();
    shipped(&desk);
    fs::create_dir(desk.path("taken")).expect("a folder");
    fs::create_dir(desk.path("w.sucl")).expect("a folder");
    let rows: [(&[&str], &str); 12] = [
        (&["--json", "no/where.json"], "there is no folder no"),
        (&["--predictions", "no/where.csv"], "there is no folder no"),
        (&["--checkpoint", "no/c.jsonl"], "there is no folder no"),
        (&["--failure-waves", "no/f.fst"], "there is no folder no"),
        (&["--waves", "taken"], "taken: is a folder; a file name is needed"),
        (&["--waves", "w.fst"], "w.sucl: is a folder"),
        (&["--waves", "w.gtkw"], "w.gtkw: is the name of a view; waves are .fst files"),
        (&["--json", "a", "--predictions", "./a"], "a: named for two outputs"),
        (&["--waves", "capram-failure.fst"], "capram-failure.fst: named for two outputs"),
        (&["--waves", "v.fst", "--json", "v.gtkw"], "v.gtkw: named for two outputs"),
        (&["--chips", "2", "--checkpoint", "c", "--json", "c.chips"], "c.chips: named for two"),
        (&["--json", "digits.yaml"], "digits.yaml: named for two outputs"),
    ];
    for (options, wanted) in rows {
        refused(&desk, &[&["digits.yaml"], options].concat(), wanted);
    }
}
