//! Does every bit cross the language boundary in its place, and do RTL that stops, paths that cannot
//! be written and models on several threads leave the rest unharmed?

mod common;

use capram::config::{Range, WeightFormat};
use capram::dut::{Dut, DutError};
use capram::pins::{DRIVE_WORDS, Drive, PIN_WORDS, Pins, control};
use capram::registers as reg;
use capram::testbench::{Answer, Request};
use capram::transaction::Operation;
use common::integers::{Machine, Tables};
use common::raw::Raw;
use common::{Random, assert_clean, calibrated, ideal, operation};
use std::sync::atomic::{AtomicBool, Ordering};

const ECHO_SOURCE: &str = include_str!("../rtl/sim/capram_echo_sim.sv");

fn drive(words: [u32; DRIVE_WORDS]) -> Drive {
    let [bus, address, data, read_data, c0, c1, c2, c3] = words;
    Drive { bus, address, data, read_data, comparators: [c0, c1, c2, c3] }
}

fn echo() -> Dut {
    Dut::named("echo").expect("the model is built")
}

/// Ticks the model; its pins must be the documented turns of the drive words.
#[track_caller]
fn assert_echoes(dut: &mut Dut, words: [u32; DRIVE_WORDS]) {
    let mut pins = Pins::default();
    dut.tick(&drive(words), &mut pins).expect("nothing stops the model");
    for (i, &pin) in pins.as_words().iter().enumerate() {
        let expected = words[i % DRIVE_WORDS].rotate_left(i as u32 % 32);
        assert_eq!(pin, expected, "pin word {i} of {words:08x?}");
    }
}

/// Every bit of every drive word, alone and in random company, shows at its seven places. Bit 31 of
/// word 0 ends the simulation; `every_way_to_stop` sees that it arrives.
#[test]
fn every_bit_arrives_in_its_place() {
    assert_eq!((DRIVE_WORDS, PIN_WORDS), (8, 56));
    let mut dut = echo();
    for bit in (0..32 * DRIVE_WORDS).filter(|&bit| bit != 31) {
        let mut words = [0; DRIVE_WORDS];
        words[bit / 32] = 1 << (bit % 32);
        assert_echoes(&mut dut, words);
    }
    let mut random = Random(1);
    for _ in 0..1000 {
        let mut words = std::array::from_fn(|_| random.word());
        words[0] &= !(1 << 31);
        assert_echoes(&mut dut, words);
    }
}

/// The fields of the structs are the words, in the order of the simulation tops' ports.
#[test]
fn fields_are_words_in_order() {
    let words = std::array::from_fn(|i| 100 + i as u32);
    assert_eq!(drive(words).as_words(), &words);
    let mut pins = Pins::default();
    pins.as_words_mut().iter_mut().enumerate().for_each(|(i, word)| *word = i as u32);
    assert_eq!((pins.control, pins.plane_wl, pins.cluster_sel), (0, 1, [2, 3]));
    assert_eq!((pins.slice_active[0], pins.inject_p[0], pins.inject_n[0]), (4, 8, 12));
    assert_eq!((pins.write_data, pins.dac[0], pins.decisions[0][0]), (16, 17, 25));
    assert_eq!((pins.decisions[6][3], pins.bus, pins.bus_data), (52, 53, 54));
}

/// Drive 0 bits 31:29, and what the source line that acts on them says.
const STOPS: [(u32, &str); 4] = [(4, "$finish"), (5, "$fatal"), (6, "$stop"), (7, "else $error")];

/// Line of the echo model that holds this text.
fn line_of(text: &str) -> usize {
    let code = |line: &str| !line.trim_start().starts_with("//") && line.contains(text);
    1 + ECHO_SOURCE.lines().position(code).expect("the echo model stops in this way")
}

fn stop(code: u32) -> Drive {
    drive([code << 29, 0, 0, 0, 0, 0, 0, 0])
}

/// `$finish`, `$fatal`, `$stop` and a failing assertion are errors that name file, line and cycle,
/// and another model on the same thread does not notice.
#[test]
fn every_way_to_stop() {
    let mut other = echo();
    let mut pins = Pins::default();
    for (code, text) in STOPS {
        let mut dut = echo();
        let cycles = 10 + u64::from(code);
        (0..cycles).for_each(|_| assert_echoes(&mut dut, [0; DRIVE_WORDS]));
        drop(echo()); // a model made later and gone by now
        let error = dut.tick(&stop(code), &mut pins).expect_err(text).to_string();
        let place = format!("capram_echo_sim.sv:{}, cycle {cycles}", line_of(text));
        assert!(error.contains(&place), "{text} gave {error:?}, expected {place:?}");
        assert_echoes(&mut other, [0x1234_5678, 1, 2, 3, 4, 5, 6, 7]);
    }
}

/// A model that has stopped says so, again and again, and can be dropped.
#[test]
fn a_stopped_model_stays_stopped() {
    for (code, text) in STOPS {
        let mut dut = echo();
        let mut pins = Pins::default();
        let reason = |result: Result<(), DutError>| match result {
            Err(DutError::Stopped(reason)) => reason,
            other => panic!("{text}: {other:?}"),
        };
        reason(dut.tick(&stop(code), &mut pins));
        for _ in 0..3 {
            let said = reason(dut.tick(&Drive::default(), &mut pins));
            assert!(said.contains("has stopped"), "{said}");
            let said = reason(dut.replay(&[Drive::default(); 4]).map(drop));
            assert!(said.contains("has stopped"), "{said}");
        }
    }
}

/// A replay stops like a tick does.
#[test]
fn a_replay_stops_with_an_error() {
    let mut dut = echo();
    let mut drives = [Drive::default(); 10];
    drives[6] = stop(5);
    let error = dut.replay(&drives).expect_err("$fatal").to_string();
    assert!(error.contains("cycle 6"), "{error}");
    assert!(dut.tick(&Drive::default(), &mut Pins::default()).is_err(), "it stays stopped");
}

/// Models that stop over and over on one thread leave a model on another thread alone.
#[test]
fn models_on_other_threads_go_on() {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let runner = scope.spawn(|| {
            let (mut dut, mut random, mut ticks) = (echo(), Random(2), 0);
            while !done.load(Ordering::Relaxed) || ticks < 1000 {
                assert_echoes(&mut dut, std::array::from_fn(|_| random.word() >> 1));
                ticks += 1;
            }
        });
        for round in 0..200 {
            let mut dut = echo();
            let (code, text) = STOPS[round % STOPS.len()];
            dut.tick(&stop(code), &mut Pins::default()).expect_err(text);
        }
        done.store(true, Ordering::Relaxed);
        runner.join().expect("the other model goes on");
    });
}

/// A model may move to another thread between two ticks.
#[test]
fn a_model_moves_between_threads() {
    let mut dut = echo();
    for i in 0..4 {
        dut = std::thread::spawn(move || {
            assert_echoes(&mut dut, [i; DRIVE_WORDS]);
            dut
        })
        .join()
        .expect("the thread ends well");
    }
    let error = dut.tick(&stop(6), &mut Pins::default()).expect_err("$stop").to_string();
    assert!(error.contains("cycle 4"), "{error}");
}

#[test]
fn unknown_models_are_errors() {
    let error = Dut::named("no_such").err().expect("there is none").to_string();
    assert!(error.contains("no_such"), "{error}");
    let mut geometry = ideal("small").geometry;
    geometry.mac_rows = 24;
    let error = Dut::of_macro(&geometry).err().expect("there is none").to_string();
    assert!(error.contains("24 MAC rows") && error.contains("16x16 4 1"), "{error}");
}

/// Waves that cannot be written are an error that names the path; the model goes on, and waves
/// elsewhere work, several times.
#[test]
fn waves_that_cannot_be_written() {
    let mut dut = echo();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let nowhere = folder.path().join("missing").join("waves.fst");
    for path in [nowhere.as_path(), folder.path()] {
        let error = dut.open_waves(path, 400.0).expect_err("cannot be written").to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert_echoes(&mut dut, [7; DRIVE_WORDS]);
    }
    for i in 0..2 {
        let path = folder.path().join(format!("waves{i}.fst"));
        dut.open_waves(&path, 400.0).expect("can be written");
        (0..20).for_each(|n| assert_echoes(&mut dut, [n; DRIVE_WORDS]));
        dut.close_waves();
        let mut waves = wellen::simple::read(&path).expect("the waves can be read");
        let hierarchy = waves.hierarchy();
        let changes: Vec<_> = hierarchy.all_vars().map(|var| hierarchy[var].signal_ref()).collect();
        waves.load_signals(&changes);
        let most = changes
            .iter()
            .filter_map(|&s| waves.get_signal(s))
            .map(|s| s.time_indices().len())
            .max();
        assert!(most >= Some(20), "signals change in waves {i}: {most:?}");
    }
}

/// Too few or too many voltages are refused before C++ sees them.
#[test]
#[should_panic(expected = "voltages")]
fn voltages_are_counted() {
    echo().set_volts(&[0.0; 5]);
}

/// Documented pins of SRAM accesses, seen through the layout of `src/pins.rs`: all pulses 1 wide,
/// a write then a read.
#[test]
fn access_pins_of_the_macro() {
    let mut host = Raw::new(&ideal("capram65"));
    for pulse in [reg::TIMING_ACCESS, reg::TIMING_PRECHARGE] {
        assert_eq!(host.transfer(Request::write(pulse, 2)), Answer::Ack(0));
    }
    for (row, word) in [(0, 0), (8 * 33 + 6, 2), (511, 3)] {
        let data = 0xc0de_0000 | row as u32;
        let address = reg::SRAM + 4 * (4 * row + word) as u32;
        let write = host.pins_of(Request::write(address, data));
        let read = host.pins_of(Request::read(address));
        assert_eq!((write.len(), read.len()), (5, 6), "pulses and the answer");
        assert_eq!(read[5].bus_data, data);
        for (i, pins) in write.iter().chain(&read).enumerate() {
            let (cycle, last) = if i < 5 { (i, 4) } else { (i - 5, 5) };
            assert_access_pins(pins, cycle, last, i < 5, row);
            assert_eq!((pins.word(), pins.write_data), (word, data), "both hold");
        }
    }
    assert!(host.plant.violations().is_empty(), "{:?}", host.plant.violations().first());
}

/// PRECHARGE in cycles 0 and 1, ACCESS in 2 and 3, SENSE (reads) in 4, then the answer.
fn assert_access_pins(pins: &Pins, cycle: usize, last: usize, write: bool, row: usize) {
    let open = cycle == 2 || cycle == 3;
    assert_eq!(pins.is(control::PRECHARGE), cycle < 2, "cycle {cycle}");
    assert_eq!(pins.plane_wl, u32::from(open) << (row % 8), "cycle {cycle}");
    assert_eq!(pins.is(control::WRITE), open && write, "cycle {cycle}");
    assert_eq!(pins.is(control::SENSE), !write && cycle == 4, "cycle {cycle}");
    let cluster = u64::from(cycle < last) << (row / 8);
    assert_eq!(pins.cluster_sel, [cluster as u32, (cluster >> 32) as u32], "cycle {cycle}");
    assert_eq!(pins.bus, u32::from(cycle == last), "ack in the last cycle");
    assert!(!pins.is(control::BUSY | control::SHARE | control::RESET), "nothing computes");
}

/// Slices that convert: 1, 3 and 31 do not.
const ACTIVE: u32 = 0x7fff_fff5;

/// Documented pins of a conversion step in each of its 18 cycles.
#[test]
fn conversion_pins_of_the_macro() {
    let mut bench = calibrated(&ideal("capram65"));
    let mut random = Random(8);
    let format = WeightFormat::Diff1;
    let weights = random.weights(format, 64, 64);
    bench.load_plane(5, format, &weights).expect("the plane takes its weights");
    bench.write(reg::SLICE_ENABLE0, ACTIVE).expect("idle: settings are open");
    let activations: Vec<u8> = (0..64).map(|m| (5 * m + 3) as u8 & 15).collect();
    bench.activate(9, &activations, 4).expect("slots are free");
    let op = Operation {
        plane: 5,
        range: Range::Quarter,
        level: 9,
        slot: 9,
        units: 2,
        ..operation(format)
    };
    bench.operate(&op).expect("the operation is legal");
    let mut passed = vec![];
    while passed.is_empty() || bench.pins().is(control::BUSY) {
        bench.cycle().expect("the RTL goes on");
        passed.push(*bench.pins());
    }
    let tables = Tables::neutral(32);
    let expected = Machine { slices: 32, tables: &tables }.run(&op, &weights, &activations);
    let first = passed.iter().position(|pins| pins.is(control::RESET)).expect("a step starts");
    for (step, codes) in expected.codes.iter().enumerate() {
        let pins = &passed[first + 18 * step..][..18];
        pins.iter().enumerate().for_each(|(cycle, pins)| assert_step_pins(pins, cycle, step));
        (0..64).for_each(|m| {
            assert_eq!(pins[1].dac_code(m), u32::from(activations[m]), "DAC of row {m}")
        });
        for s in (0..32).filter(|s| ACTIVE >> s & 1 == 1) {
            assert_eq!(i64::from(pins[17].code(s)), codes[s], "code of slice {s}");
        }
        assert_injections(pins);
    }
    let after = &passed[first + 36];
    assert_eq!((after.slice_active[0], after.cluster_sel), (0, [0; 2]), "nothing is under way");
    assert_clean(&mut bench);
}

/// RESET, SAMPLE, MULTIPLY, SHARE, six times STROBE and INJECT, STROBE, LATCH.
fn assert_step_pins(pins: &Pins, cycle: usize, step: usize) {
    let (strobe, inject) = (
        (4..17).contains(&cycle) && cycle.is_multiple_of(2),
        (5..17).contains(&cycle) && cycle % 2 == 1,
    );
    for (bit, high) in [
        (control::RESET, cycle == 0),
        (control::SAMPLE, cycle == 1),
        (control::SHARE, cycle >= 3),
        (control::STROBE, strobe),
        (control::INJECT, inject),
        (control::INJECT_TWICE, cycle == 5),
        (control::LATCH, cycle == 17),
        (control::DIFFERENTIAL, true),
        (control::BUSY, true),
        (control::PRECHARGE | control::WRITE | control::SENSE, false),
    ] {
        assert_eq!(pins.is(bit), high, "control bits {bit:#x} in cycle {cycle}");
    }
    let cells = if inject { [16, 16, 8, 4, 2, 1][(cycle - 5) / 2] } else { 0 };
    assert_eq!(pins.cells(), cells, "cells in cycle {cycle}");
    assert_eq!(pins.plane_wl, if cycle == 2 { 1 << 5 } else { 0 }, "plane in cycle {cycle}");
    assert_eq!((pins.cluster_sel, pins.slice_active), ([u32::MAX; 2], [ACTIVE, 0, 0, 0]));
    assert_eq!((pins.column(), pins.range_log2(), pins.level()), (2 * step, 2, 9));
}

/// In each INJECT the last decision says which side of an active slice is discharged.
fn assert_injections(pins: &[Pins]) {
    for pins in pins.iter().filter(|pins| pins.is(control::INJECT)) {
        let active = pins.slice_active[0];
        assert_eq!(pins.inject_p[0], active & pins.decisions[0][0]);
        assert_eq!(pins.inject_n[0], active & !pins.decisions[0][0]);
    }
    let quiet = pins.iter().filter(|pins| !pins.is(control::INJECT));
    assert!(quiet.into_iter().all(|pins| pins.inject_p == [0; 4] && pins.inject_n == [0; 4]));
}
