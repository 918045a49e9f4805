//! The macro with its analog side emulated as on an FPGA, in lockstep with plant and reference: does
//! the emulator compute what the golden model says, to the bound of its rounding?

mod common;

use capram::config::{Config, Pulse, Range, WeightFormat};
use capram::cosim::{Cosim, Model};
use capram::fpga::noise::Noise;
use capram::fpga::registers as board;
use capram::stimulus::RandomStimulus;
use capram::testbench::{Request, Sample, Testbench};
use capram::wave::{View, Window, emulated_view};
use common::desk::Desk;
use common::integers::{Machine, Tables, columns_of};
use common::{Random, assert_clean, operation};
use std::path::Path;
use wellen::SignalValueRef;
use wellen::simple::{Waveform, read};

const SAMPLE: Sample = Sample { seed: 5, chip: 3 };

fn fpga() -> Config {
    Config::builtin("fpga").expect("built in")
}

fn ideal() -> Config {
    let mut config = fpga();
    config.analog = Config::builtin("ideal").expect("built in").analog;
    config
}

/// An emulated macro with neutral calibration.
fn emulated(config: &Config) -> Testbench {
    let mut bench = Testbench::emulated(config, SAMPLE).expect("the model is built");
    bench.neutral_calibration().expect("the macro takes its tables");
    bench
}

/// Nothing differed, no rule was broken, neither the plant's nor the emulator's, and the emulator's
/// voltages were within the bound.
#[track_caller]
fn assert_emulated(bench: &mut Testbench) {
    assert_clean(bench);
    assert_eq!(bench.board(Request::read(board::RULES)).expect("answers"), 0, "emulator's rules");
    let bound = bench.tables().expect("it is emulated").bound_v();
    let counts = bench.verdict().counts();
    assert!(counts.emulated_volts > 0, "no voltage was compared");
    assert!(counts.worst_emulated_error <= bound, "{} V", counts.worst_emulated_error);
    println!(
        "worst emulated voltage {:.4} uV of {:.4}, {} marginal decisions of {} codes",
        counts.worst_emulated_error * 1e6,
        bound * 1e6,
        bench.reference().marginal_decisions(),
        bench.verdict().counts().codes,
    );
}

/// All formats, each in its plane, against every width and range; `check` is told operation, weights
/// and activations.
fn every_format(
    bench: &mut Testbench,
    mut run: impl FnMut(&mut Testbench, &capram::transaction::Operation, &[Vec<i8>], &[u8]),
) {
    let mut random = Random(0xe0);
    for (plane, format) in WeightFormat::ALL.into_iter().enumerate() {
        let units = 4 / columns_of(format);
        let weights = random.weights(format, 64, units * 32);
        bench.load_plane(plane, format, &weights).expect("the plane takes its weights");
        for bits in 1..=8 {
            for range in Range::ALL {
                let mut op = operation(format);
                (op.plane, op.range, op.activation_bits) = (plane as u8, range, bits);
                op.units = random.within(1, units as i64) as u8;
                (op.level, op.bank) = (random.within(0, 15) as u8, random.within(0, 1) as u8);
                run(bench, &op, &weights, &random.activations(64, bits));
            }
        }
    }
}

#[test]
fn a_drawn_chip_is_that_of_the_reference() {
    let mut bench = emulated(&fpga());
    let start = bench.clock_cycles();
    let mut steps = 0;
    every_format(&mut bench, |bench, op, _, activations| {
        bench.activate(op.slot, activations, op.activation_bits).expect("slots are free");
        bench.operate(op).expect("legal");
        bench.wait_idle().expect("ends");
        steps += op.steps() as u64;
    });
    println!("{} clock cycles per conversion step", (bench.clock_cycles() - start) / steps);
    assert_emulated(&mut bench);
    // A bound that nothing comes near would not be one.
    assert!(bench.verdict().counts().worst_emulated_error > 20e-9);
}

#[test]
fn an_ideal_chip_is_exactly_the_integers() {
    let mut bench = emulated(&ideal());
    every_format(&mut bench, |bench, op, weights, activations| {
        let tables = Tables::neutral(32);
        let expected = Machine { slices: 32, tables: &tables }.run(op, weights, activations);
        bench.activate(op.slot, activations, op.activation_bits).expect("slots are free");
        bench.keep_codes();
        bench.operate(op).expect("legal");
        bench.wait_idle().expect("ends");
        let codes: Vec<Vec<i64>> = bench
            .kept_codes()
            .into_iter()
            .map(|step| step.into_iter().map(i64::from).collect())
            .collect();
        assert_eq!(codes, expected.codes, "codes of {op:?}");
        let sums = bench.accumulators(op.bank, expected.sums.len()).expect("readable");
        let sums: Vec<i64> = sums.into_iter().map(i64::from).collect();
        assert_eq!(sums, expected.sums, "sums of {op:?}");
    });
    assert_emulated(&mut bench);
    assert_eq!(bench.reference().marginal_decisions(), 0, "1/16 unit is far above the bound");
}

/// Other pulse widths, gaps, part of the slices off, accesses between operations.
#[test]
fn any_pulses_slices_and_accesses() {
    let mut config = fpga();
    for (i, pulse) in config.timing.pulses.all_mut().into_iter().enumerate() {
        *pulse = Pulse { width: 1 + i as u32 % 3, gap: i as u32 % 4 };
    }
    config.timing.pulses.access.width = 2;
    let mut bench = emulated(&config);
    let mut random = Random(0xacce55);
    let weights = random.weights(WeightFormat::Single2, 64, 64);
    bench.load_plane(2, WeightFormat::Single2, &weights).expect("loads");
    for enable in [0x8000_0001u32, 0x0f0f_1234, 0] {
        bench.set_slice_enable([enable, 0, 0, 0]).expect("writable");
        let op = capram::transaction::Operation { plane: 2, ..operation(WeightFormat::Single2) };
        bench.activate(0, &random.activations(64, 4), 4).expect("free");
        bench.operate(&op).expect("legal");
        bench.wait_idle().expect("ends");
        for row in [0, 18, 511] {
            bench.read_row(row, 3).expect("readable");
            bench.write_row(row, 1, random.within(0, 1 << 30) as u32).expect("writable");
            bench.read_row(row, 1).expect("readable");
        }
    }
    assert_emulated(&mut bench);
}

/// What finds a fault first: signal of the first mismatch.
fn found_by(fault: impl Fn(&mut Testbench)) -> String {
    let mut bench = emulated(&fpga());
    fault(&mut bench);
    let mut random = Random(0xb06);
    for (plane, format) in [WeightFormat::Diff1, WeightFormat::Single1].into_iter().enumerate() {
        let weights = random.weights(format, 64, 64);
        bench.load_plane(plane, format, &weights).expect("loads");
        let op =
            capram::transaction::Operation { plane: plane as u8, level: 9, ..operation(format) };
        bench.activate(0, &random.activations(64, 4), 4).expect("free");
        bench.operate(&op).expect("legal");
        bench.wait_idle().expect("ends");
    }
    bench.verdict().first().first().map_or("nothing".into(), |row| row.signal.clone())
}

/// Wrong tables: each shows as a wrong voltage of the emulator.
#[test]
fn every_wrong_table_is_found() {
    let index = |slice: usize, word: usize| 512 + 16 * slice + word;
    assert_eq!(found_by(|_| {}), "nothing");
    // The 32-unit step loses a firing: all 16 cells twice are then 16 units.
    let half = |bench: &mut Testbench| {
        for slice in 0..32 {
            bench.write_table(index(slice, 4), 14_885).expect("answers");
        }
    };
    assert_eq!(found_by(half), "emulated_p");
    let lambda = |value: u32| {
        move |bench: &mut Testbench| {
            bench.board(Request::write(board::LAMBDA, value)).map(drop).expect("answers")
        }
    };
    assert!(found_by(lambda(0)).starts_with("emulated_"), "no lambda");
    assert!(found_by(lambda(1967)).starts_with("emulated_"), "the least wrong lambda");
    // One last place of one gain: P, N and a dummy column.
    let gain = |index: usize| {
        move |bench: &mut Testbench| {
            let words = bench.tables().expect("emulated").words();
            let (_, word) = words.into_iter().find(|(i, _)| *i == index).expect("a gain");
            bench.write_table(index, word + 1).expect("answers");
        }
    };
    assert_eq!(found_by(gain(4 * 7)), "emulated_p");
    assert_eq!(found_by(gain(4 * 7 + 1)), "emulated_n");
    assert_eq!(found_by(gain(index(31, 13))), "emulated_n");
    // An offset moves no voltage; one of 20 LSB moves decisions.
    let offset = |bench: &mut Testbench| bench.write_table(index(3, 5), 0x7fff).expect("answers");
    assert_eq!(found_by(offset), "comparators");
}

/// The noise is the generator's, draw by draw: decisions between equal sides are its signs.
#[test]
fn noise_is_the_generator_s() {
    const SIGMA: u16 = 880; // 0.839 mV, as in the base configuration
    let mut bench = emulated(&ideal());
    let mut write = |address, data| bench.board(Request::write(address, data)).expect("answers");
    write(board::NOISE, SIGMA.into());
    write(board::NOISE_SEED, 77);
    let offsets: Vec<i16> = (0..32).map(|s| (s - 16) * 90).collect(); // about 1.7 sigma either way
    for (slice, &offset) in offsets.iter().enumerate() {
        for i in 0..5 {
            bench.write_table(512 + 16 * slice + i, 0).expect("answers");
            bench.write_table(512 + 16 * slice + 8 + i, 0).expect("answers");
        }
        bench.write_table(512 + 16 * slice + 5, offset as u16).expect("answers");
    }
    // Nothing stored, nothing injected: both sides stay at 0 through all seven decisions.
    bench.load_plane(0, WeightFormat::Diff1, &vec![vec![0; 64]; 64]).expect("loads");
    bench.activate(0, &[0; 64], 4).expect("free");
    bench.keep_codes();
    let op = capram::transaction::Operation { units: 2, ..operation(WeightFormat::Diff1) };
    for _ in 0..8 {
        bench.operate(&op).expect("legal");
        bench.wait_idle().expect("ends");
    }
    let mut noise = Noise::new(77);
    let (mut ones, codes) = (0, bench.kept_codes());
    assert_eq!(codes.len(), 16);
    for (step, codes) in codes.iter().enumerate() {
        let mut expected = [0u8; 32];
        for _ in 0..7 {
            for (slice, code) in expected.iter_mut().enumerate() {
                let above = i64::from(offsets[slice]) * 128 + noise.volts(SIGMA) >= 0;
                *code = *code << 1 | u8::from(above);
                ones += u32::from(above);
            }
        }
        assert_eq!(codes[..], expected, "step {step}");
    }
    let all = 16 * 7 * 32;
    assert!((all / 3..all * 2 / 3).contains(&ones), "{ones} ones of {all}");
}

/// Random operations as `capram cosim --emulated` runs them.
#[test]
fn random_operations_agree() {
    let config = fpga();
    let stimulus = RandomStimulus::new(config.geometry, 4, 30);
    let folder = tempfile::tempdir().expect("a folder");
    let cosim = Cosim {
        config: &config,
        sample: SAMPLE,
        stimulus: &stimulus,
        threads: 1,
        waves: None,
        failure_waves: folder.path().join("failure.fst"),
        keep: false,
        model: Model::Emulated,
    };
    let report = cosim.run(&|_| {}).expect("runs").report;
    assert!(report.passed(), "{report}");
    let emulated = report.emulated.as_ref().expect("it is emulated");
    assert!(emulated.worst_volt_error_uv <= emulated.bound_uv && emulated.bound_uv < 1.0);
    assert!(emulated.clock_cycles > 10 * report.cycles, "many clock cycles to a cycle");
    assert!(report.to_string().contains("worst emulated voltage"), "{report}");
}

/// At the command line: verdict, voltages and the viewers' files.
#[test]
fn the_command_reports_and_shows_the_emulator() {
    let desk = Desk::new("cosim");
    let run = ["--emulated", "--config", "fpga", "--ops", "3", "--waves", "run.fst"];
    let report = desk.report(&run, 0);
    let emulated = &report["emulated"];
    let worst = emulated["worst_volt_error_uv"].as_f64().expect("a number");
    assert!(worst > 0.0 && worst <= emulated["bound_uv"].as_f64().expect("a number"), "{report}");
    let view = std::fs::read_to_string(desk.path("run.gtkw")).expect("a view");
    for kind in ["emulated_p", "golden_p", "error_p"] {
        assert!(view.contains(&format!("TOP.capram_emulated_sim.{kind}[0]")), "{view}");
    }
    let message = desk.refused(&["--emulated"]);
    assert!(message.contains("as in configuration `fpga`"), "{message}");
    // Another macro has nothing to say of an emulator.
    assert!(desk.report(&["--config", "small", "--ops", "3"], 0).get("emulated").is_none());
}

/// What the emulator is not for is refused.
#[test]
fn another_geometry_or_term_is_refused() {
    let refused = |name| {
        let config = Config::builtin(name).expect("built in");
        Testbench::emulated(&config, SAMPLE).err().expect("refused").to_string()
    };
    assert!(refused("capram65").contains("as in configuration `fpga`"), "{}", refused("capram65"));
    assert!(refused("onelane").starts_with("dac_inl is on"), "{}", refused("onelane"));
}

/// All changes of a real signal.
fn reals(waves: &mut Waveform, path: &str) -> Vec<f64> {
    let hierarchy = waves.hierarchy();
    let named = |var: &wellen::Var| var.full_name(hierarchy).replace(".[", "[") == path;
    let var = hierarchy.all_vars().map(|var| &hierarchy[var]).find(|var| named(var));
    let signal = var.unwrap_or_else(|| panic!("{path} is not in the waves")).signal_ref();
    waves.load_signals(&[signal]);
    let changes = waves.get_signal(signal).expect("loaded").iter_changes();
    changes
        .map(|(_, value)| match value {
            SignalValueRef::Real(volts) => volts,
            _ => panic!("{path} is not real"),
        })
        .collect()
}

fn traced(path: &Path, fault: bool) -> f64 {
    let mut bench = emulated(&fpga());
    if fault {
        bench.board(Request::write(board::LAMBDA, 0)).expect("answers");
    }
    let mut random = Random(0x3a);
    let weights = random.weights(WeightFormat::Diff1, 64, 32);
    bench.load_plane(0, WeightFormat::Diff1, &weights).expect("loads");
    bench.activate(0, &[9; 64], 4).expect("free");
    bench.open_waves(path).expect("writable");
    bench.operate(&operation(WeightFormat::Diff1)).expect("legal");
    bench.wait_idle().expect("ends");
    bench.close_waves();
    bench.tables().expect("emulated").bound_v()
}

#[test]
fn waves_show_emulated_golden_and_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.fst");
    let bound = traced(&path, false);
    let mut waves = read(&path).expect("an FST");
    let signal = |kind: &str| format!("TOP.capram_emulated_sim.{kind}[5]");
    let emulated = reals(&mut waves, &signal("emulated_p"));
    let golden = reals(&mut waves, &signal("golden_p"));
    // V_low is 0.5 V: the waves have to show a sum, not a flat line.
    let swing = |volts: &[f64]| volts.iter().fold(0.0, |top: f64, &v| top.max(v));
    assert!(emulated.len() > 4 && swing(&emulated) > 0.55, "{emulated:?}");
    assert!((swing(&emulated) - swing(&golden)).abs() <= bound, "the shared voltage");
    let error = reals(&mut waves, &signal("error_p"));
    let worst = error.iter().fold(0.0, |worst: f64, e| worst.max(e.abs()));
    assert!(worst > 0.0 && worst <= bound, "{worst}");

    let names: Vec<String> = waves
        .hierarchy()
        .all_vars()
        .map(|var| waves.hierarchy()[var].full_name(waves.hierarchy()).replace(".[", "["))
        .collect();
    let window = Window { from_ps: 0, to_ps: 1, end_ps: 1 };
    let view: View = emulated_view(&fpga().geometry, &[0, 3], window, vec![]);
    for path in view.paths() {
        assert!(names.iter().any(|name| name == path), "{path} is not in the waves");
    }

    traced(&path, true);
    let mut waves = read(&path).expect("an FST");
    let worst = |side: &str, waves: &mut Waveform| {
        let error = reals(waves, &signal(&format!("error_{side}")));
        error.iter().fold(0.0, |worst: f64, e| worst.max(e.abs()))
    };
    let worst = worst("p", &mut waves).max(worst("n", &mut waves));
    assert!(worst > 100e-6, "without lambda the error shows: {worst}");
}
