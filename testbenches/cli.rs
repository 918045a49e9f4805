//! Does the program keep its word: exit codes, one clear message per bad input, files whole or not
//! at all, and the same report on any number of threads?

mod common;

use common::desk::{Desk, text};
use ndarray::{Array1, Array2, Array3, ShapeBuilder};
use ndarray_npy::NpzWriter;
use std::fs;

/// A stimulus for the full macro with two operations.
#[derive(Clone)]
struct Arrays {
    weights: Array3<i8>,
    activations: Array2<u8>,
    plane: Array1<u8>,
}

impl Arrays {
    fn good() -> Self {
        let activations = Array2::from_shape_fn((2, 64), |(i, m)| ((i + m) % 16) as u8);
        Self { weights: Array3::ones((8, 64, 4)), activations, plane: Array1::zeros(2) }
    }

    fn write(&self, desk: &Desk, name: &str) {
        let mut npz = NpzWriter::new(fs::File::create(desk.path(name)).expect("writable"));
        npz.add_array("weights", &self.weights).expect("writable");
        npz.add_array("activations", &self.activations).expect("writable");
        npz.add_array("plane", &self.plane).expect("writable");
        npz.finish().expect("writable");
    }
}

#[test]
fn a_bad_configuration_gets_one_message_and_exit_code_2() {
    let desk = Desk::new("cosim");
    desk.configuration("key.yaml", "small.yaml", "analog: { v_loww: 0.5 }");
    desk.configuration("value.yaml", "small.yaml", "timing: { pulses: { share: { width: 16 } } }");
    desk.configuration("geometry.yaml", "small.yaml", "geometry: { mac_rows: 24 }");
    let rows = [
        (
            "none.yaml",
            "capram: none.yaml: cannot be read: No such file or directory (os error 2)\n",
        ),
        ("none", "capram: no configuration named `none` is built in; allowed: capram65, ideal, "),
        ("key.yaml", "capram: key.yaml:3:11: unknown key `v_loww` in `analog`; allowed: v_low, "),
        (
            "value.yaml",
            "capram: value.yaml:3:37: timing.pulses.share.width: 16 is out of range; allowed: an \
             integer from 1 to 15 cycles\n",
        ),
        ("geometry.yaml", "capram: geometry.yaml: geometry: no RTL model with 24 MAC rows, 16 "),
    ];
    for (file, wanted) in rows {
        let message = desk.refused(&["--config", file, "--waves", "a.fst"]);
        assert!(message.starts_with(wanted), "{message}\n  wanted {wanted}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_bad_stimulus_gets_one_message_and_exit_code_2() {
    let desk = Desk::new("cosim");
    let good = Arrays::good();
    let with = |name: &str, change: &dyn Fn(&mut Arrays)| {
        let mut arrays = good.clone();
        change(&mut arrays);
        arrays.write(&desk, name);
    };
    with("good.npz", &|_| ());
    with("rows.npz", &|a| a.weights = Array3::ones((8, 32, 4)));
    with("outputs.npz", &|a| a.weights = Array3::ones((8, 64, 65)));
    with("weight.npz", &|a| a.weights[[1, 2, 3]] = 2);
    with("wide.npz", &|a| a.activations[[1, 5]] = 16);
    with("plane.npz", &|a| a.plane[1] = 8);
    with("length.npz", &|a| a.plane = Array1::zeros(3));
    with("empty.npz", &|a| (a.plane, a.activations) = (Array1::zeros(0), Array2::zeros((0, 64))));
    desk.write("text.npz", "no archive");
    let mut npz = NpzWriter::new(fs::File::create(desk.path("type.npz")).expect("writable"));
    npz.add_array("weights", &good.weights.mapv(f64::from)).expect("writable");
    npz.add_array("activations", &good.activations).expect("writable");
    npz.add_array("plane", &good.plane).expect("writable");
    npz.finish().expect("writable");
    let mut npz = NpzWriter::new(fs::File::create(desk.path("lack.npz")).expect("writable"));
    npz.add_array("weights", &good.weights).expect("writable");
    npz.finish().expect("writable");
    let rows = [
        ("none.npz", "No such file or directory (os error 2)\n"),
        ("text.npz", "not a NumPy .npz file: "),
        ("lack.npz", "array `activations`: missing; the file has weights; needed: uint8, ["),
        ("type.npz", "array `weights`: error reading npy file in npz archive: incorrect "),
        ("rows.npz", "`weights.shape` is [8, 32, 4]; allowed: [8, 64, 1..=64] for diff1\n"),
        ("outputs.npz", "`weights.shape` is [8, 64, 65]; allowed: [8, 64, 1..=64] for diff1\n"),
        ("weight.npz", "`weights[1, 2, 3]` is 2; allowed: -1..=1 for diff1\n"),
        ("wide.npz", "`activations[1, 5]` is 16; allowed: 0..=15 for --activation-bits 4\n"),
        ("plane.npz", "`plane[1]` is 8; allowed: 0..=7\n"),
        ("length.npz", "`activations.shape` is [2, 64]; allowed: [3, 64]: one row for each "),
        ("empty.npz", "`plane.shape` is [0]; allowed: at least one operation\n"),
    ];
    for (file, wanted) in rows {
        let message = desk.refused(&["--stimulus", file, "--results", "r.npz", "--json", "a.json"]);
        let wanted = format!("capram: {file}: {wanted}");
        assert!(message.starts_with(&wanted), "{message}\n  wanted {wanted}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let narrow = ["--config", "slice2", "--weight-format", "diff2", "--stimulus", "good.npz"];
    let wanted = "`--weight-format` is diff2; allowed: a format of at most 2 columns\n";
    assert!(desk.refused(&narrow).ends_with(wanted));
}

/// The last line that matters names the option, what was given and what is allowed.
#[test]
fn a_bad_option_is_named_with_what_is_allowed() {
    let desk = Desk::new("cosim");
    Arrays::good().write(&desk, "good.npz");
    let rows: &[(&[&str], &str)] = &[
        (&["--threads", "0"], "invalid value '0' for '--threads <THREADS>': 0 is not in 1..=1024"),
        (&["--ops", "0"], "invalid value '0' for '--ops <OPS>': 0 is not in 1..=1000000000"),
        (&["--seed", "x"], "invalid value 'x' for '--seed <SEED>'"),
        (&["--chip", "-1"], "unexpected argument '-1' found"),
        (&["--results", "r.npz"], "required arguments were not provided:\n  --stimulus <FILE.npz>"),
        (&["--range", "1/2"], "required arguments were not provided:\n  --stimulus <FILE.npz>"),
        (&["--stimulus", "good.npz", "--ops", "5"], "cannot be used with '--ops <OPS>'"),
        (&["--stimulus", "good.npz", "--range", "1/3"], "[possible values: 1, 1/2, 1/4, 1/8]"),
        (
            &["--stimulus", "good.npz", "--weight-format", "x"],
            "[possible values: single1, single2,",
        ),
        (&["--stimulus", "good.npz", "--activation-bits", "9"], "9 is not in 1..=8"),
        (&["--stimulus", "good.npz", "--reference-level", "16"], "16 is not in 0..=15"),
        (&["--json", "no/a.json"], "no/a.json: there is no folder no; "),
        (&["--waves", "no/a.fst"], "no/a.fst: there is no folder no; "),
        (&["--failure-waves", "no/a.fst"], "no/a.fst: there is no folder no; "),
        (&["--json", "."], ".: is a folder; a file name is needed"),
        (&["--stimulus", "good.npz", "--results", "no/a.npz"], "no/a.npz: there is no folder no; "),
    ];
    for (arguments, wanted) in rows {
        let message = desk.refused(arguments);
        assert!(message.contains(wanted), "{message}\n  wanted {wanted}");
    }
}

/// A match: exit code 0, every promised figure in JSON and the same ones as text.
#[test]
fn the_report_has_its_figures() {
    let desk = Desk::new("cosim");
    let arguments = ["--config", "small", "--ops", "30", "--seed", "7"];
    let report = desk.report(&arguments, 0);
    assert_eq!(report["schema"], "capram.cosim/1");
    for (key, value) in [("operations", 30), ("mismatches", 0), ("rule_violations", 0), ("seed", 7)]
    {
        assert_eq!(report[key], value, "{key}");
    }
    for key in ["conversions", "codes_compared", "volts_compared", "cycles", "compute_cycles"] {
        assert!(report[key].as_u64() > Some(0), "{key}: {}", report[key]);
    }
    for key in ["worst_volt_error_uv", "cycles_per_second", "gops"] {
        assert!(report[key].as_f64() >= Some(0.0), "{key}: {}", report[key]);
    }
    for key in ["marginal_decisions", "clipped_codes", "stall_cycles"] {
        assert!(report[key].is_u64(), "{key}: {}", report[key]);
    }
    assert_eq!(report["stall_cycles"], report["predicted_stall_cycles"]);
    assert_eq!(report["config"]["name"], "small");
    assert!(report["tools"]["verilator"].as_str().is_some_and(|v| v.contains("erilator")));
    let output = desk.run(&arguments);
    assert!(text(&output.stdout).starts_with("capram cosim: match\n"));
    assert_eq!(text(&output.stderr), "", "no progress in a pipe");
}

/// Everything but speed and the number of threads itself.
#[test]
fn threads_do_not_change_the_report() {
    let desk = Desk::new("cosim");
    let run = |threads| {
        let arguments = ["--config", "small", "--ops", "450", "--seed", "3", "--threads", threads];
        let mut report = desk.report(&arguments, 0);
        let fields = report.as_object_mut().expect("an object");
        assert!(fields.remove("cycles_per_second").is_some());
        assert!(fields.remove("threads").is_some());
        report
    };
    assert_eq!(run("1"), run("2"));
}

#[test]
fn waves_and_views_stand_where_they_were_asked_for() {
    let desk = Desk::new("cosim");
    let report = desk.report(&["--config", "small", "--ops", "5", "--waves", "run.fst"], 0);
    assert_eq!(report["waves"], "run.fst");
    assert_eq!(desk.files(), ["report.json", "run.fst", "run.gtkw", "run.sucl"]);
}

/// Codes and results of a stimulus file: types, shapes, and values worked by hand.
#[test]
fn results_have_their_documented_form() {
    let desk = Desk::new("cosim");
    let mut arrays = Arrays::good();
    arrays.activations.fill(1);
    // Fortran order, as numpy writes a transposed array
    let mut transposed = Array3::from_elem((8, 64, 4).f(), 1i8);
    transposed.assign(&arrays.weights);
    arrays.weights = transposed;
    arrays.write(&desk, "good.npz");
    let arguments = ["--config", "ideal", "--stimulus", "good.npz", "--results", "r.npz"];
    desk.report(&arguments, 0);
    let file = fs::File::open(desk.path("r.npz")).expect("written");
    let mut npz = ndarray_npy::NpzReader::new(file).expect("an npz");
    let codes: Array3<u8> = npz.by_name("codes").expect("uint8");
    let results: Array2<i32> = npz.by_name("results").expect("int32");
    assert_eq!(codes.shape(), [2, 1, 32]);
    // S = 64 units are 4.27 LSB of 15: four thresholds above the middle; unused outputs stay there
    let row: Vec<u8> = codes.slice(ndarray::s![0, 0, ..]).to_vec();
    assert_eq!((&row[..4], &row[4..]), (&[68; 4][..], &[64; 28][..]));
    assert_eq!(results, Array2::from_elem((2, 4), 120 * (2 * 68 - 127)));
}

/// A chip that settles too slowly: exit code 1, the rule by name, and the waves around the first
/// violation with a marker in each viewer's file.
#[test]
fn a_violated_rule_has_a_name_and_leaves_waves() {
    let desk = Desk::new("cosim");
    let slow = "analog: { settling: { tau_share_ps: 120 } }";
    desk.configuration("slow.yaml", "small.yaml", slow);
    let arguments = ["--config", "slow.yaml", "--ops", "5"];
    let report = desk.report(&arguments, 1);
    assert_eq!(report["mismatches"], 0);
    let named = &report["rule_violations_by_name"]["strobe_before_settled"];
    assert!(named.as_u64() > Some(0) && *named == report["rule_violations"], "{report}");
    assert_eq!(report["waves"], "capram-failure.fst");
    let views = ["capram-failure.fst", "capram-failure.gtkw", "capram-failure.sucl"];
    assert_eq!(desk.files()[..3], views);
    for view in &views[1..] {
        let content = fs::read_to_string(desk.path(view)).expect("readable");
        assert!(content.contains("first") && content.contains("finding"), "{view}: {content}");
    }
    let output = desk.run(&[&arguments[..], &["--failure-waves", "mine.fst"]].concat());
    let said = text(&output.stdout);
    assert!(said.starts_with("capram cosim: RULES VIOLATED\n"), "{said}");
    assert!(said.ends_with("\nWaves: mine.fst\n"), "{said}");
    // wider pulses are the cure
    let cure = format!(
        "{slow}\ntiming: {{ pulses: {{ share: {{ width: 2 }}, inject: {{ width: 2 }} }} }}"
    );
    desk.configuration("cured.yaml", "small.yaml", &cure);
    assert_eq!(desk.report(&["--config", "cured.yaml", "--ops", "5"], 0)["rule_violations"], 0);
}

#[test]
fn the_readme_shows_the_example_as_it_is() {
    let (_, code) =
        include_str!("../examples/own_testbench.rs").split_once("\n\n").expect("a heading");
    assert!(include_str!("../README.md").contains(code.trim_end()));
}
