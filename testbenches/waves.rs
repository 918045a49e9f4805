//! Are the waves what happened? Written by the Verilated model, read back with another library.

use capram::config::{Config, Range, WeightFormat};
use capram::golden::plant::Fault;
use capram::testbench::{Sample, Testbench};
use capram::transaction::Operation;
use capram::wave::{View, Window, cosim_view};
use std::path::Path;
use wellen::simple::{Waveform, read};
use wellen::{Hierarchy, SignalRef, SignalValueRef};

const SAMPLE: Sample = Sample { seed: 2, chip: 1 };

fn operation() -> Operation {
    Operation {
        plane: 3,
        format: WeightFormat::Diff1,
        activation_bits: 4,
        range: Range::Quarter,
        level: 15,
        slot: 0,
        units: 2,
        clear: true,
        emit: false,
        bank: 0,
    }
}

/// Bit-line voltages of P and N, `[cycle][side][slice]`, and the waves of the same cycles.
fn traced(path: &Path, config: &Config, fault: Option<Fault>) -> Vec<[Vec<f64>; 2]> {
    let mut bench = Testbench::new(config, SAMPLE).expect("the model is built");
    fault.into_iter().for_each(|fault| bench.plant().faults().plant(fault));
    let weights: Vec<Vec<i8>> =
        (0..16).map(|m| (0..8).map(|j| (m * j % 3) as i8 - 1).collect()).collect();
    bench.load_plane(3, WeightFormat::Diff1, &weights).expect("loads");
    bench.activate(0, &[9; 16], 4).expect("free");
    bench.open_waves(path).expect("writable");
    bench.operate(&operation()).expect("legal");
    let mut volts = vec![];
    for _ in 0..60 {
        bench.cycle().expect("no assertion fails");
        volts.push([0, 1].map(|side| bench.plant().bit_line(side).to_vec()));
    }
    bench.close_waves();
    volts
}

/// Every signal by its path without a bit range: `TOP.capram_sim.observed_p[3]`.
fn signals(hierarchy: &Hierarchy) -> Vec<(String, SignalRef)> {
    let vars = hierarchy.all_vars().map(|var| &hierarchy[var]);
    // The reader makes an array's name a scope and its elements variables.
    let path = |var: &wellen::Var| var.full_name(hierarchy).replace(".[", "[");
    vars.map(|var| (path(var), var.signal_ref())).collect()
}

/// All changes of a real signal as (time in ps, value).
fn reals(waves: &mut Waveform, path: &str) -> Vec<(u64, f64)> {
    let signals = signals(waves.hierarchy());
    let found = signals.iter().find(|(name, _)| name == path);
    let &(_, signal) = found.unwrap_or_else(|| panic!("{path} is not in the waves"));
    waves.load_signals(&[signal]);
    let times = waves.time_table().to_vec();
    let value = |value: SignalValueRef| match value {
        SignalValueRef::Real(volts) => volts,
        _ => panic!("{path} is not real"),
    };
    let changes = waves.get_signal(signal).expect("loaded").iter_changes();
    changes.map(|(time, v)| (times[time as usize], value(v))).collect()
}

/// Value of a signal at a time.
fn at(changes: &[(u64, f64)], time: u64) -> f64 {
    changes.iter().take_while(|(t, _)| *t <= time).last().expect("a value before").1
}

#[test]
fn voltages_read_back_are_those_of_the_plant_and_of_the_reference() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.fst");
    let config = Config::builtin("small").expect("built in");
    let volts = traced(&path, &config, None);
    let mut waves = read(&path).expect("an FST");
    let last = *waves.time_table().last().expect("time passes");
    let period = config.timing.period_s() * 1e12;
    let (first, slices) = (last as f64 / period - 59.0, config.geometry.slices());
    for (side, letter) in ["p", "n"].iter().enumerate() {
        for slice in 0..slices {
            let path = |kind| format!("TOP.capram_sim.{kind}_{letter}[{slice}]");
            let observed = reals(&mut waves, &path("observed"));
            let golden = reals(&mut waves, &path("golden"));
            for (cycle, volts) in volts.iter().enumerate().take(58) {
                // The answer to a cycle's pins shows from the middle of that cycle on.
                let time = ((first + cycle as f64 + 0.9) * period) as u64;
                assert_eq!(at(&observed, time), volts[side][slice], "cycle {cycle} slice {slice}");
                // The conversion steps of the operation; the reference says nothing of an idle array.
                if (10..36).contains(&cycle) {
                    assert!((at(&golden, time) - volts[side][slice]).abs() < 1e-6);
                }
            }
        }
    }
}

#[test]
fn a_faulty_capacitor_shows_as_an_error_voltage() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.fst");
    let config = Config::builtin("small").expect("built in");
    traced(&path, &config, Some(Fault::CapacitorOpen { column: 4, row: 2 }));
    let mut waves = read(&path).expect("an FST");
    let worst = |waves: &mut Waveform, path: &str| {
        reals(waves, path).iter().fold(0.0, |worst: f64, (_, v)| worst.max(v.abs()))
    };
    assert!(
        worst(&mut waves, "TOP.capram_sim.error_p[1]") > 1e-3,
        "slice 1 has the open capacitor"
    );
    assert!(worst(&mut waves, "TOP.capram_sim.error_p[0]") < 1e-6, "slice 0 is sound");
}

#[test]
fn every_signal_of_the_views_is_in_the_waves() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.fst");
    let config = Config::builtin("small").expect("built in");
    traced(&path, &config, None);
    let waves = read(&path).expect("an FST");
    let names: Vec<String> = signals(waves.hierarchy()).into_iter().map(|(name, _)| name).collect();
    let window = Window { from_ps: 0, to_ps: 1, end_ps: 1 };
    let view: View = cosim_view(&config.geometry, &[0, 3], window, vec![]);
    for path in view.paths() {
        assert!(
            names.iter().any(|name| name == path),
            "{path} is not among {:?}",
            names.iter().filter(|n| n.contains("deci")).collect::<Vec<_>>()
        );
    }
}
