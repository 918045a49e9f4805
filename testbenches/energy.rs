//! Does the RTL do what costs the published energy, and is it counted as one counts by hand?

mod common;

use capram::config::{Config, Range, WeightFormat};
use capram::dut::Dut;
use capram::energy::{Activity, EnergyError, Measurement, Model, Row, Workload, measure, sweep};
use capram::report::characterize::facts::{PEAK_GOPS, PEAK_MW};
use capram::testbench::{Sample, Testbench};
use capram::transaction::Operation;
use common::{Random, assert_clean, calibrated, ideal, operation};

fn capram65() -> Config {
    Config::builtin("capram65").expect("built in")
}

fn measured(workload: &Workload) -> Measurement {
    measure(&capram65(), workload).expect("the macro runs the workload")
}

/// The fitted number must put the default workload where the published figures are.
#[test]
fn the_default_workload_lands_on_the_published_power() {
    let Measurement { activity, breakdown, violated_rules, .. } = measured(&Workload::default());
    let (config, b) = (capram65(), breakdown);
    let missing_fj = 1e3 * (PEAK_MW.value * b.time_ns - b.total_pj) / activity.cycles as f64;
    let fit = config.energy.clock_fj + missing_fj;
    let error = b.power_mw / PEAK_MW.value - 1.0;
    assert!(error.abs() < 0.005, "{} mW; clock_fj = {fit:.1} would fit", b.power_mw);
    assert!((b.gops / PEAK_GOPS.value - 1.0).abs() < 1e-12, "{} GOPS", b.gops);
    assert!((b.tops_per_watt / 49.4 - 1.0).abs() < 0.005, "{} TOPS/W", b.tops_per_watt);
    assert!(violated_rules.is_empty(), "{violated_rules:?}");
}

/// A fit that took nearly all or next to nothing would say that the rest of the list is wrong.
#[test]
fn what_is_fitted_stays_sensible() {
    let Measurement { breakdown, .. } = measured(&Workload::default());
    let share = breakdown.parts.clock_and_control_pj / breakdown.total_pj;
    assert!((0.35..0.65).contains(&share), "clock and control: {share} of all");
    let smallest = breakdown.parts.named().into_iter().filter(|(name, _)| *name != "SRAM accesses");
    assert!(smallest.into_iter().all(|(_, pj)| pj > 0.0), "{:?}", breakdown.parts);
}

/// The operating point is not the luck of a seed.
#[test]
fn other_data_cost_the_same() {
    for seed in 2..6 {
        let power_mw = measured(&Workload { seed, ..Workload::default() }).breakdown.power_mw;
        assert!((power_mw / PEAK_MW.value - 1.0).abs() < 0.005, "seed {seed}: {power_mw} mW");
    }
    assert_eq!(measured(&Workload::default()), measured(&Workload::default()));
}

#[test]
fn parts_sum_to_the_total() {
    let b = measured(&Workload::default()).breakdown;
    let sum: f64 = b.parts.named().iter().map(|(_, pj)| pj).sum();
    assert!((sum / b.total_pj - 1.0).abs() < 1e-12);
    assert!((b.pj_per_operation * 256.0 / sum - 1.0).abs() < 1e-12);
    assert!((b.fj_per_mac * 64.0 * 32.0 * 256.0 / 1e3 / sum - 1.0).abs() < 1e-12);
    assert!((b.power_mw * b.tops_per_watt / b.gops - 1.0).abs() < 1e-12);
}

/// One operation, idle before and after.
fn one_operation(bench: &mut Testbench, op: &Operation, activations: &[u8]) -> Activity {
    bench.activate(op.slot, activations, op.activation_bits).expect("the slot is free");
    bench.observe_activity();
    bench.operate(op).expect("legal");
    bench.wait_idle().expect("it ends");
    *bench.activity().expect("observed")
}

#[test]
fn one_conversion_step_by_hand() {
    let config = capram65();
    let mut bench = calibrated(&config);
    assert!(bench.activity().is_none(), "nothing is counted before it is asked for");
    let weights = Random(7).weights(WeightFormat::Diff1, 64, 32);
    bench.load_plane(0, WeightFormat::Diff1, &weights).expect("it fits");
    let activations: Vec<u8> = (0..64).map(|m| m % 16).collect(); // four times 0 + 1 + ... + 15
    let differential = operation(WeightFormat::Diff1);
    let activity = one_operation(&mut bench, &differential, &activations);
    let sum = 4 * 120;
    let by_hand = Activity {
        steps: 1,
        codes: 32,
        column_resets: 64,
        column_samples: 64,
        column_shares: 64,
        sampled_levels: 64 * sum,
        word_lines: 64,
        cluster_rows: 64,
        dac_steps: sum,
        strobes: 7 * 32,
        firings: [63 * 32, 0, 0, 0],
        sram_reads: 0,
        sram_writes: 0,
        ..activity // cycles, which the counters tell, and toggles, which data decide
    };
    assert_eq!(activity, by_hand);
    let counters = bench.counters().expect("readable");
    assert_eq!([activity.busy_cycles, activity.codes], [counters.cycles, counters.conversions]);
    let model = Model::new(&config);
    // 64 columns x 480 levels x 40 mV x 1.5 fF; 2016 firings of 0.6 V x 1.5 fF
    assert!((model.mac_charge_fc(&activity) - 1843.2).abs() < 1e-9);
    assert!((model.injected_charge_fc(&activity) - 1814.4).abs() < 1e-9);
    assert_clean(&mut bench);

    // The same activations again: the row DACs stand there already. Dummy columns are at level 5.
    let single = Operation { level: 5, range: Range::Quarter, ..operation(WeightFormat::Single1) };
    let again = one_operation(&mut bench, &single, &activations);
    assert_eq!(again.sampled_levels, 32 * (sum + 32 * 5));
    assert_eq!((again.dac_steps, again.firings), (0, [0, 0, 63 * 32, 0]));
    assert!((model.injected_charge_fc(&again) - 1814.4 / 4.0).abs() < 1e-9);
    assert_clean(&mut bench);
}

/// The word lines of accesses, and nothing of a conversion.
#[test]
fn accesses_by_hand() {
    let mut bench = Testbench::new(&capram65(), Sample::default()).expect("built");
    bench.observe_activity();
    for row in [3, 4, 500] {
        bench.write_row(row, 1, 0x1234_5678).expect("a row");
    }
    bench.read_row(4, 1).expect("a row");
    let activity = bench.activity().expect("observed");
    let Activity { sram_reads, sram_writes, word_lines, strobes, codes, .. } = *activity;
    assert_eq!([sram_reads, sram_writes, word_lines, strobes, codes], [1, 3, 4, 0, 0]);
    assert_clean(&mut bench);
}

/// Counted from the pins, a controller that fires the largest step once is 16 units short.
#[test]
fn a_planted_bug_of_the_injections_shows_in_the_count() {
    let list: serde_yaml::Value =
        serde_yaml::from_str(include_str!("mutants.yaml")).expect("valid list");
    let mutants = list["mutants"].as_sequence().expect("a list");
    let bug = mutants.iter().position(|m| m["name"] == "largest_step_fires_once").expect("named");
    let config = ideal("small");
    for (mutant, units) in [(0, 63), (bug as u8 + 1, 47)] {
        let dut = Dut::named("mutants").expect("built");
        let mut bench = Testbench::unstarted(&config, Sample::default(), dut).expect("fits");
        bench.start(&config.timing.pulses, mutant).expect("starts");
        bench.neutral_calibration().expect("writable");
        let op = operation(WeightFormat::Single1);
        let activity = one_operation(&mut bench, &op, &[9; 16]);
        assert_eq!(activity.all_firings(), units * activity.codes);
        assert_eq!(activity.codes, 4);
    }
}

#[test]
fn zero_activations_put_no_charge_on_capacitors() {
    let parts = measured(&Workload { sparsity: 1.0, ..Workload::default() }).breakdown.parts;
    assert_eq!((parts.mac_capacitors_pj, parts.row_drivers_pj), (0.0, 0.0));
    assert!(parts.injections_pj > 0.0 && parts.comparators_pj > 0.0);
}

/// Narrow slices, few rows and a lane that makes steps wait.
#[test]
fn other_machines_are_measured() {
    for (name, format, gops) in [
        ("small", WeightFormat::Diff1, 2.0 * 16.0 * 4.0 * 0.14),
        ("slice1", WeightFormat::Single1, PEAK_GOPS.value),
        ("onelane", WeightFormat::Diff1, PEAK_GOPS.value * 18.0 / 32.0),
    ] {
        let config = Config::builtin(name).expect("built in");
        let workload = Workload::peak(&config.geometry);
        assert_eq!(workload.format, format, "{name}");
        let b = measure(&config, &workload).expect("it runs").breakdown;
        assert!((b.gops / gops - 1.0).abs() < 1e-12, "{name}: {} GOPS", b.gops);
    }
}

#[test]
fn workloads_without_room_are_refused() {
    let default = Workload::default();
    for (what, workload) in [
        ("units", Workload { units: 0, ..default }),
        ("units", Workload { units: 3, ..default }),
        ("activation_bits", Workload { activation_bits: 0, ..default }),
        ("activation_bits", Workload { activation_bits: 9, ..default }),
        ("sparsity", Workload { sparsity: f64::NAN, ..default }),
        ("level", Workload { level: 16, ..default }),
        ("operations", Workload { operations: 0, ..default }),
    ] {
        match measure(&capram65(), &workload) {
            Err(EnergyError::Workload { what: refused, .. }) => assert_eq!(refused, what),
            other => panic!("{what}: {other:?}"),
        }
    }
    let narrow = Config::builtin("slice1").expect("built in");
    let refusal = measure(&narrow, &default).expect_err("no ternary weights in one column");
    assert_eq!(
        refusal.to_string(),
        "format of the workload is diff1: allowed is one that fits a slice"
    );
}

/// One line of a sweep, in the order of its rows.
fn of<'a>(rows: &'a [Row], name: &str) -> Vec<&'a Row> {
    rows.iter().filter(|row| row.name == name).collect()
}

#[test]
fn sweeps_go_where_physics_goes() {
    let rows = sweep(&capram65()).expect("all points run");
    for row in &rows {
        println!(
            "{:25} {:8} {:6.3} mW {:8.3} pJ/op {:6.3} fJ/MAC {:.2} GOPS {:.2} TOPS/W {:?}",
            row.name,
            row.label,
            row.power_mw,
            row.pj_per_operation,
            row.fj_per_mac,
            row.gops,
            row.tops_per_watt,
            row.violated_rules
        );
        assert!((row.gops / PEAK_GOPS.value - 1.0).abs() < 1e-12, "{}: {}", row.label, row.gops);
    }
    let falls = |name: &str| {
        let powers: Vec<f64> = of(&rows, name).iter().map(|row| row.power_mw).collect();
        assert!(powers.len() > 3 && powers.windows(2).all(|w| w[0] > w[1]), "{name}: {powers:?}");
    };
    falls("activation sparsity");
    falls("range");
    let formats = of(&rows, "weight format");
    assert_eq!(formats.len(), 6);
    for row in formats {
        let (per_step, first) = (row.pj_per_operation / row.value, rows[0].pj_per_operation);
        assert!((per_step / first - 1.0).abs() < 0.1, "{}: {per_step} pJ a step", row.label);
    }
    let supplies = of(&rows, "supply");
    assert!(supplies.windows(2).all(|w| w[0].power_mw < w[1].power_mw), "{supplies:?}");
    assert_eq!(supplies[0].violated_rules, ["precharge_too_short"], "409 ps do not fit into 397");
    assert!(rows.iter().filter(|row| row.value != 1.0).all(|row| row.violated_rules.is_empty()));
    let published = of(&rows, "peak");
    assert_eq!(published[0].published_mw, Some(6.35));
}
