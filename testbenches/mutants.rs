//! Does the harness find bugs? Every planted bug of the RTL, one by one, and every fault of the
//! plant must be found, first by the checker that owns it.

use capram::config::{Config, Pulse};
use capram::cosim::{Model, run_batch};
use capram::golden::plant::Fault;
use capram::stimulus::{RandomStimulus, Stimulus};
use capram::testbench::{Sample, Testbench};

const SAMPLE: Sample = Sample { seed: 3, chip: 5 };

#[derive(serde::Deserialize)]
struct Mutants {
    mutants: Vec<Mutant>,
}

#[derive(serde::Deserialize)]
struct Mutant {
    name: String,
    found_by: Vec<String>,
}

/// The small macro with everything that could hide a bug turned on: gaps, odd widths, noise.
fn config() -> Config {
    let mut config = Config::builtin("small").expect("built in");
    let pulses = &mut config.timing.pulses;
    pulses.multiply = Pulse { width: 2, gap: 1 };
    pulses.reset = Pulse { width: 1, gap: 1 };
    pulses.access = Pulse { width: 2, gap: 1 };
    config
}

/// What finds a mutant first, in batches with neutral and with random tables.
fn finder(config: &Config, mutant: u8) -> Option<String> {
    let stimulus = RandomStimulus::new(config.geometry, 11, 200);
    (0..stimulus.batches()).find_map(|index| {
        match run_batch(config, SAMPLE, &stimulus.batch(index), None, Model::Mutant(mutant)) {
            Ok(result) => result.mismatches.first().map(|row| row.signal.clone()),
            Err(error) => Some(format!("error: {error}")),
        }
    })
}

#[test]
fn every_planted_bug_is_found_by_its_checker() {
    let list: Mutants = serde_yaml::from_str(include_str!("mutants.yaml")).expect("valid list");
    let config = config();
    assert!(list.mutants.len() >= 12);
    let mut wrong = vec![];
    for (i, mutant) in list.mutants.iter().enumerate() {
        let found = finder(&config, i as u8 + 1);
        let by = found.as_deref().unwrap_or("nothing");
        println!("{:40} found by {by}", mutant.name);
        if !mutant.found_by.iter().any(|name| by.starts_with(name.as_str())) {
            wrong.push(format!("{}: found by {by}, not by {:?}", mutant.name, mutant.found_by));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The mutated sources without a selected bug are the RTL: nothing is found.
#[test]
fn no_bug_no_finding() {
    let mutants = u8::MAX; // a number that no bug has
    assert_eq!(finder(&config(), mutants), None);
    assert_eq!(finder(&config(), 0), None);
}

/// An assertion of the RTL that fails ends the batch as a finding, with its file.
#[test]
fn a_failing_assertion_is_a_finding() {
    let config = config();
    let batch = RandomStimulus::new(config.geometry, 11, 100).batch(0);
    let both_sides_fire = 1;
    let result =
        run_batch(&config, SAMPLE, &batch, None, Model::Mutant(both_sides_fire)).expect("a result");
    let stop = result.mismatches.iter().find(|row| row.kind == "stop").expect("it stopped");
    assert_eq!(stop.signal, "assertion");
    assert!(stop.actual.contains("capram_cisar.sv"), "{}", stop.actual);
}

/// Runs the first batch with a fault in the plant; what finds it first.
fn fault_finder(fault: Fault) -> Option<String> {
    let config = config();
    let stimulus = RandomStimulus::new(config.geometry, 11, 100);
    let batch = stimulus.batch(0);
    let mut bench = Testbench::new(&config, SAMPLE).expect("the model is built");
    bench.plant().faults().plant(fault);
    for plane in &batch.planes {
        bench.load_plane(plane.plane, plane.format, &plane.weights).expect("loads");
    }
    bench.neutral_calibration().expect("writable");
    for step in &batch.steps {
        let operation = &step.operation;
        bench.activate(operation.slot, &step.activations, operation.activation_bits).expect("free");
        bench.operate(operation).expect("legal");
        bench.wait_idle().expect("ends");
    }
    bench.verdict().first().first().map(|row| format!("{} {}", row.kind, row.signal))
}

#[test]
fn every_fault_of_the_plant_is_found_by_its_checker() {
    let voltage = |fault| {
        let by = fault_finder(fault).unwrap_or_default();
        assert!(by.starts_with("voltage"), "{fault:?} found by {by:?}");
    };
    // A cell that every format uses; it is wrong with one of the two values.
    let stuck = |value| fault_finder(Fault::StuckCell { row: 8 * 3 + 2, column: 4, value });
    let by = stuck(false).or(stuck(true)).unwrap_or_default();
    assert!(by.starts_with("voltage"), "stuck cell found by {by:?}");
    voltage(Fault::CapacitorOpen { column: 2, row: 7 });
    voltage(Fault::SharedMismatch);
    voltage(Fault::NoiseOffByOne);
    voltage(Fault::InjectionDoubleFireLost);
    voltage(Fault::LevelErrorsIgnored);
    for fault in [Fault::ComparatorInverted { slice: 1 }, Fault::CommonModeInverted] {
        assert_eq!(fault_finder(fault).as_deref(), Some("decision comparators"), "{fault:?}");
    }
}
