//! Do ngspice's decks agree with the golden reference, does the comparison find an error that is
//! planted in a deck, and does the command keep its word? Needs ngspice: `make spice`.

use capram::config::Config;
use capram::report::{SpiceMismatch, SpiceReport};
use capram::spice::{Network, Ngspice, Sees, SpiceCheck};
use serde_json::Value;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{fs, time};

/// Checks chips of a configuration, with an error planted in their decks.
fn check(config: &str, chips: Range<u64>, alter: &(dyn Fn(&mut Network) + Sync)) -> SpiceReport {
    let config = Config::builtin(config).expect("built in");
    let ngspice = Ngspice::find().expect("make spice installs ngspice");
    let check = SpiceCheck {
        config: &config,
        seed: 1,
        chips,
        threads: 2,
        ngspice: &ngspice,
        sees: Sees::BeforeFiring,
        out: None,
        alter: Some(alter),
    };
    check.run(&|| {}).expect("decks that run")
}

/// The first mismatch of each chip must be this node after this kind of pulse.
fn finds(chips: Range<u64>, alter: &(dyn Fn(&mut Network) + Sync), first: &[(&str, &str)]) {
    for chip in chips {
        let report = check("capram65", chip..chip + 1, alter);
        let SpiceMismatch { place, .. } = report.mismatch_details.first().expect("a mismatch");
        let found = first.iter().any(|(phase, node)| place.phase == *phase && place.node == *node);
        assert!(found, "{first:?} expected:\n{report}");
    }
}

/// Every analog term on and off, other geometries, corners.
#[test]
fn every_configuration_agrees() {
    let all = ["capram65", "ideal", "small", "slice1", "slice2", "ff", "sf", "fs"];
    for report in all.map(|config| check(config, 0..6, &|_| {})) {
        assert!(report.matches(), "{report}");
        let conversions = &report.decks[1];
        assert_eq!(conversions.nodes_not_compared, 0, "{report}");
        assert_eq!(conversions.codes_equal, 2 * report.chips, "{report}");
    }
}

/// Where sharing is slow, the network and the specification's one time constant differ while the
/// bit line still moves (docs/spice.md), and nowhere else: no decision sees it.
#[test]
fn slow_corners_differ_only_before_the_bit_line_has_settled() {
    for config in ["ss", "leaky"] {
        let report = check(config, 0..6, &|_| {});
        let conversions = &report.decks[1];
        for phase in &conversions.phases {
            let moves = ["share", "inject"].contains(&phase.phase);
            assert!(moves || phase.worst_lsb < 0.05, "{report}");
        }
        assert_eq!(conversions.codes_equal, 2 * report.chips, "{report}");
        let settling = |row: &SpiceMismatch| ["share", "inject 0"].contains(&&*row.place.phase);
        assert!(report.mismatch_details.iter().all(settling), "{report}");
    }
}

/// With every term off nothing is left but what ngspice itself gets wrong.
#[test]
fn an_ideal_chip_agrees_to_a_thousandth_of_an_lsb() {
    let report = check("ideal", 0..4, &|_| {});
    for decks in &report.decks {
        let worst = decks.worst_in_lsb.as_ref().expect("nodes were compared");
        assert!(worst.off_lsb.abs() < 1e-3, "{report}");
    }
}

/// One MAC capacitor of side P, of a row whose charge counts, is 20 % too large: it has more weight
/// in the mean. Chips 2 and 3 convert in ranges of 1/4 and 1/8: at r = 1 one of 64 capacitors is
/// 0.1 LSB.
#[test]
fn a_capacitor_that_is_too_large_is_found_after_sampling() {
    let alter = |network: &mut Network| {
        let row = (0..network.digits[0].len())
            .filter(|&m| network.sides[0].cells[m])
            .max_by_key(|&m| network.digits[0][m]);
        network.sides[0].capacitors_f[row.expect("a stored 1")] *= 1.2;
    };
    finds(2..4, &alter, &[("sample", "mac_p")]);
}

#[test]
fn a_lost_second_firing_is_found_after_the_first_injection() {
    let alter = |network: &mut Network| network.injection.firings[0].truncate(1);
    finds(0..6, &alter, &[("inject 0", "bl_p"), ("inject 0", "bl_n")]);
}

/// P and N change places: another level is sampled, other cells multiply.
#[test]
fn swapped_sides_are_found() {
    let alter = |network: &mut Network| network.sides.swap(0, 1);
    let first =
        [("sample", "mac_p"), ("sample", "mac_n"), ("multiply", "mac_p"), ("multiply", "mac_n")];
    finds(2..6, &alter, &first);
}

/// Level 2 of the row DACs stands where 3 should.
#[test]
fn a_level_that_is_off_by_a_step_is_found_after_sampling() {
    let alter = |network: &mut Network| network.levels_v[2] = network.levels_v[3];
    finds(2..4, &alter, &[("sample", "mac_p"), ("sample", "mac_n")]);
}

#[test]
fn a_comparator_without_its_offset_is_found_at_the_first_strobe() {
    let alter = |network: &mut Network| network.comparator.offset_v = 0.0;
    finds(0..3, &alter, &[("strobe 0", "w_0")]);
}

/// A switch that pushes no charge: 0.16 mV of a bit line is 0.18 LSB at r = 1/8.
#[test]
fn a_missing_push_is_found_after_the_reset() {
    let alter = |network: &mut Network| {
        network.bit_line_push.alpha_v = 0.0;
        network.bit_line_push.beta = 0.0;
    };
    finds(3..4, &alter, &[("sample", "bl_p"), ("sample", "bl_n")]);
}

/// A folder of the test's own in which the program runs.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capram"));
        command.arg("spice").args(arguments).current_dir(self.0.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Demands exit code 2, silence on stdout and an empty folder; returns the message.
    fn refused(&self, mut command: Command) -> String {
        let before = files(self.0.path());
        let output = command.output().expect("the program starts");
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert_eq!(text(&output.stdout), "");
        assert_eq!(files(self.0.path()), before);
        message
    }

    /// A program in ngspice's place that answers `--version` and then does what the script says.
    #[cfg(unix)]
    fn fake(&self, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path("fake-ngspice");
        let text = format!(
            "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '** ngspice-0 : fake'; exit; fi\n{script}\n"
        );
        fs::write(&path, text).expect("writable");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("mine");
        path
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("readable");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("readable").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn a_run_writes_decks_logs_and_a_report_that_threads_do_not_change() {
    let desk = Desk::new();
    let run = |threads, json| {
        let options = ["--chips", "3", "--first-chip", "3", "--out", "decks", "--threads", threads];
        desk.run(&[&options[..], &["--json", json]].concat())
    };
    let start = time::Instant::now();
    let output = run("1", "a.json");
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).starts_with("capram spice: match\n"), "{}", text(&output.stdout));
    assert_eq!(text(&output.stderr), "");
    assert!(start.elapsed() < time::Duration::from_secs(60), "{:?}", start.elapsed());

    let kept = files(&desk.path("decks"));
    assert_eq!(kept.len(), 3 * 2 * 2, "{kept:?}");
    assert!(
        kept.contains(&"chip-4-conversion.cir".into())
            && kept.contains(&"chip-5-column.log".into())
    );

    assert_eq!(run("2", "b.json").status.code(), Some(0));
    let read = |name| -> Value {
        let json = fs::read_to_string(desk.path(name)).expect("a report");
        serde_json::from_str(&json).expect("valid JSON")
    };
    let (a, b) = (read("a.json"), read("b.json"));
    assert_eq!(a["schema"], "capram.spice/1");
    assert_eq!(a["decks"], b["decks"]);
    assert_eq!(a["decks"][1]["codes_equal"], 6);
}

/// What the specification leaves out of the injection cells shows when they are asked for it.
#[test]
fn a_mismatch_exits_with_1_and_says_where() {
    let desk = Desk::new();
    let output = desk.run(&["--chips", "1", "--cells-see", "instantaneous"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("capram spice: MISMATCH\n"), "{stdout}");
    let first =
        stdout.lines().find(|line| line.starts_with("  chip 0, slice 0, ")).expect("a mismatch");
    for wanted in ["conversion deck", "inject 0", "bl_p", " ns: expected ", " mV (", " LSB)"] {
        assert!(first.contains(wanted), "{wanted:?} is not in {first}");
    }
}

#[test]
fn without_ngspice_nothing_passes() {
    let desk = Desk::new();
    let mut command = desk.command(&["--chips", "1"]);
    let message = desk.refused({
        command.env("PATH", "/nowhere").env_remove("NGSPICE");
        command
    });
    assert!(message.starts_with("capram: ngspice: not found in PATH; install it"), "{message}");
    let mut command = desk.command(&["--chips", "1"]);
    command.env("NGSPICE", "/nowhere/ngspice");
    let message = desk.refused(command);
    assert!(message.starts_with("capram: /nowhere/ngspice: cannot be run: "), "{message}");
}

#[cfg(unix)]
#[test]
fn an_ngspice_that_fails_is_quoted() {
    let desk = Desk::new();
    for (script, wanted) in [
        ("echo 'Timestep too small'; exit 1", "exit status: 1"),
        ("echo 'Timestep too small'", "measured no c0_reset_"),
    ] {
        let fake = desk.fake(script);
        let mut command = desk.command(&["--chips", "1"]);
        command.env("NGSPICE", fake);
        let message = desk.refused(command);
        assert!(
            message.contains(wanted) && message.contains("\n  Timestep too small"),
            "{message}"
        );
    }
}

#[test]
fn bad_input_is_refused_before_anything_runs() {
    let desk = Desk::new();
    fs::write(desk.path("file"), "").expect("writable");
    for (arguments, wanted) in [
        (&["--chips", "0"][..], "invalid value '0' for '--chips <CHIPS>'"),
        (&["--config", "nonsense"], "nonsense"),
        (&["--json", "no/such/a.json"], "no/such/a.json: there is no folder no/such"),
        (&["--out", "no/such/decks"], "no/such/decks: there is no folder no/such"),
        (&["--out", "file"], "file: cannot be made"),
    ] {
        let message = desk.refused(desk.command(arguments));
        assert!(message.contains(wanted), "{message}");
    }
}
