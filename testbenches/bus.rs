//! Does every register and window answer as the map says, and does every bad request get an error,
//! its one sticky bit, and no other effect?

mod common;

use capram::config::{Config, WeightFormat};
use capram::pins::control;
use capram::registers::{self as reg, Access, error};
use capram::testbench::{Answer, Request, Testbench};
use capram::transaction::{Operation, Requantize};
use common::integers::{Machine, Tables};
use common::raw::Raw;
use common::{Random, assert_clean, assert_refused, calibrated, ideal, operation};

/// Whether the map has a word at this address in this geometry, and how it may be accessed.
fn access_of(config: &Config, address: u32) -> Option<Access> {
    let geometry = &config.geometry;
    let register = reg::REGISTERS.iter().find(|(_, at, _)| *at == address);
    if let Some(&(name, _, access)) = register {
        let number = name.strip_prefix("SLICE_ENABLE").map_or(0, |n| n.parse().expect("a number"));
        return (32 * number < geometry.slices()).then_some(access);
    }
    let inside = |at: u32, words: u32| (at..at + 4 * words).contains(&address);
    let &(name, at, _, access) =
        reg::WINDOWS.iter().find(|(_, at, words, _)| inside(*at, *words))?;
    let index = (address - at) as usize / 4;
    let exists = match name {
        "ACTIVATION" => index % 8 < geometry.mac_rows / 8,
        "MASTER" => true,
        "RESULT" => index % 32 < geometry.columns.div_ceil(4),
        "CALIBRATION" => index % 128 < geometry.slices(),
        "SRAM" => index < geometry.rows() * geometry.words_per_row(),
        _ => index % 128 < geometry.columns,
    };
    exists.then_some(access)
}

/// Every word of the 16-bit address space: read, it answers or is refused as the map says.
#[test]
fn every_address_of_the_small_macro() {
    let config = ideal("small");
    let mut bench = calibrated(&config);
    let mut readable = 0;
    for address in (0..1 << 16).step_by(4) {
        match access_of(&config, address) {
            None => assert_refused(&mut bench, Request::read(address), error::RESERVED_ADDRESS),
            Some(Access::Wo) => assert_refused(&mut bench, Request::read(address), error::ACCESS),
            Some(_) => {
                bench.read(address).expect("a place that can be read");
                readable += 1;
            }
        }
    }
    // 22 registers, 128 master, 8 results, 16 calibrations, 3 x 2 x 16 outputs, 128 rows
    assert_eq!(readable, 22 + 128 + 8 + 16 + 96 + 128);
    assert_clean(&mut bench);
}

/// Values right after the hardware reset, of every register that can be read.
#[test]
fn reset_values() {
    for name in ["capram65", "slice1", "small"] {
        let config = ideal(name);
        let g = config.geometry;
        let mut host = Raw::new(&config);
        let all = |slices: usize| if slices >= 32 { u32::MAX } else { (1 << slices) - 1 };
        for &(register, address, _) in reg::REGISTERS {
            let expected = match register {
                "ID" => u32::from_be_bytes(*b"CAPR"),
                "VERSION" => 1 << 16,
                "GEOMETRY" => {
                    (g.mac_rows | g.slices() << 8 | g.columns_per_slice << 16 | g.post_lanes << 20)
                        as u32
                }
                "REQUANT" => 3 << 8,
                _ if register.starts_with("TIMING") => 1,
                _ if register.starts_with("SLICE_ENABLE") => all(g.slices()),
                _ => 0,
            };
            if matches!(access_of(&config, address), Some(Access::Ro | Access::Rw)) {
                assert_eq!(host.read(address), expected, "{register} of {name}");
            }
        }
    }
}

/// Bits of a register that can be written, and those that must be set for a legal value.
fn writable(config: &Config, name: &str) -> (u32, u32) {
    match name {
        "REQUANT" => (0x71f, 0),
        _ if name.starts_with("TIMING") => (0x70f, 1),
        _ if config.geometry.slices() < 32 => ((1 << config.geometry.slices()) - 1, 0),
        _ => (u32::MAX, 0),
    }
}

/// Walking ones in every register that can be written, with all others watched.
#[test]
fn walking_ones_in_registers() {
    for name in ["small", "slice1"] {
        let config = ideal(name);
        let mut bench = calibrated(&config);
        for &(register, address, access) in reg::REGISTERS {
            let skip = address == reg::ERROR || access_of(&config, address).is_none();
            if access != Access::Rw || skip {
                continue;
            }
            let before = bench.read(address).expect("a place that can be read");
            let others = settings(&config, &mut bench, address);
            let (mask, legal) = writable(&config, register);
            for bit in 0..32 {
                let data = 1 << bit | legal;
                bench.write(address, data).expect("a legal value");
                assert_eq!(
                    bench.read(address).expect("readable"),
                    data & mask,
                    "{register}, bit {bit}"
                );
            }
            assert_eq!(
                settings(&config, &mut bench, address),
                others,
                "registers beside {register}"
            );
            bench.write(address, before).expect("a legal value");
        }
        assert_clean(&mut bench);
    }
}

/// All registers that keep what is written, but one.
fn settings(config: &Config, bench: &mut Testbench, but: u32) -> Vec<u32> {
    let kept = |&(_, address, access): &(&str, u32, Access)| {
        access == Access::Rw && address != but && access_of(config, address).is_some()
    };
    let addresses = reg::REGISTERS.iter().filter(|&register| kept(register)).map(|r| r.1);
    addresses.map(|address| bench.read(address).expect("readable")).collect()
}

/// What a table keeps of a word: fields as the map says, signed ones extended.
fn kept(window: &str, data: u32) -> u32 {
    let signed = |value: u32, bits: u32| ((value << (32 - bits)) as i32 >> (32 - bits)) as u32;
    match window {
        "MASTER" => signed(data, 8),
        "CALIBRATION" => (data & 0xff) | signed(data >> 16 & 0x3ff, 10) << 16,
        "MULTIPLIER" => data & 0xff,
        _ => data,
    }
}

/// Every entry of every table holds its own word; then walking ones in a few.
#[test]
fn windows_hold_what_is_written() {
    let config = ideal("capram65");
    let mut bench = calibrated(&config);
    let data = |address: u32| Random(u64::from(address)).word();
    let entries = |at: u32, words: u32| {
        (at..at + 4 * words).step_by(4).filter(|&a| access_of(&config, a).is_some())
    };
    let tables = || reg::WINDOWS.iter().filter(|(_, _, _, access)| *access == Access::Rw);
    for &(_, at, words, _) in tables() {
        entries(at, words)
            .for_each(|address| bench.write(address, data(address)).expect("idle: open"));
    }
    for &(name, at, words, _) in tables() {
        for address in entries(at, words) {
            let found = bench.read(address).expect("idle: open");
            assert_eq!(found, kept(name, data(address)), "{name} at {address:#06x}");
        }
    }
    for &(name, at, words, _) in tables() {
        for address in [at, entries(at, words).next_back().expect("not empty")] {
            for bit in 0..32 {
                bench.write(address, 1 << bit).expect("idle: open");
                assert_eq!(
                    bench.read(address).expect("idle: open"),
                    kept(name, 1 << bit),
                    "{name}, bit {bit}"
                );
            }
        }
    }
    assert_eq!(tables().count(), 5, "MASTER, CALIBRATION, BIAS, MULTIPLIER, SRAM");
    assert_clean(&mut bench);
}

/// A small macro whose every place holds something, and what it must compute.
struct Filled {
    config: Config,
    bench: Testbench,
    weights: Vec<Vec<i8>>,
}

const FORMAT: WeightFormat = WeightFormat::Single4;

impl Filled {
    fn new() -> Self {
        let config = ideal("small");
        let mut bench = calibrated(&config);
        let mut random = Random(0xf111);
        for row in 0..config.geometry.rows() {
            bench.write_row(row, 0, random.word()).expect("the array takes words");
        }
        let weights = random.weights(FORMAT, 16, 4);
        bench.load_plane(2, FORMAT, &weights).expect("the plane takes its weights");
        for (bank, output) in (0..2).flat_map(|bank| (0..16).map(move |output| (bank, output))) {
            let (multiplier, bias) = (random.word() as u8, random.word() as i32 >> 8);
            bench.set_output(bank, output, multiplier, bias).expect("idle: tables are open");
        }
        bench.set_requantize(Requantize { shift: 11, bits: 6 }).expect("idle: settings are open");
        let mut filled = Self { config, bench, weights };
        filled.assert_computes(0);
        filled
    }

    /// Everything that can be read but ERROR and, since operations count, the counters.
    fn state(&mut self) -> Vec<u32> {
        let readable = |&address: &u32| {
            let counts = (reg::CYCLES..=reg::CLIPPED).contains(&address);
            let access =
                access_of(&self.config, address).filter(|_| address != reg::ERROR && !counts);
            matches!(access, Some(Access::Ro | Access::Rw))
        };
        let addresses: Vec<u32> = (0..1 << 16).step_by(4).filter(readable).collect();
        addresses.into_iter().map(|address| self.bench.read(address).expect("readable")).collect()
    }

    fn counters(&mut self) -> Vec<u32> {
        let addresses = (reg::CYCLES..=reg::CLIPPED).step_by(4);
        addresses.map(|address| self.bench.read(address).expect("readable")).collect()
    }

    /// Two passes of eight-bit activations from this slot on.
    fn operation(slot: u8) -> Operation {
        Operation { plane: 2, activation_bits: 8, level: 3, slot, emit: true, ..operation(FORMAT) }
    }

    fn activations(slot: u8) -> Vec<u8> {
        Random(u64::from(slot)).activations(16, 8)
    }

    fn activate(&mut self, slot: u8) {
        self.bench.activate(slot, &Self::activations(slot), 8).expect("slots are free");
    }

    fn expected(&self, slot: u8) -> Vec<i32> {
        let tables = Tables::neutral(4);
        let machine = Machine { slices: 4, tables: &tables };
        let sums =
            machine.run(&Self::operation(slot), &self.weights, &Self::activations(slot)).sums;
        sums.into_iter().map(|sum| sum as i32).collect()
    }

    /// An operation from this slot gives the sums that integers give.
    fn assert_computes(&mut self, slot: u8) {
        self.activate(slot);
        self.bench.operate(&Self::operation(slot)).expect("the operation is legal");
        self.bench.wait_idle().expect("the operation ends");
        let sums = self.bench.accumulators(0, 4).expect("sums are readable");
        assert_eq!(sums, self.expected(slot), "sums of slot {slot}");
    }

    /// All of these are refused for this reason and leave everything as it was.
    fn assert_harmless(mut self, requests: impl IntoIterator<Item = Request>, reason: u32) {
        let (state, counters) = (self.state(), self.counters());
        let mut refused = 0;
        for request in requests {
            assert_refused(&mut self.bench, request, reason);
            refused += 1;
        }
        assert!(refused > 0, "nothing was tried");
        assert_eq!(self.state(), state, "a refused request changed something");
        assert_eq!(self.counters(), counters, "a refused request counted");
        self.assert_computes(6);
        assert_clean(&mut self.bench);
    }
}

fn read_and_write(address: u32) -> [Request; 2] {
    [Request::read(address), Request::write(address, 0xffff_ff0f)]
}

#[test]
fn reserved_addresses_are_refused() {
    let config = ideal("small");
    let reserved =
        (0..1 << 16).step_by(4).filter(move |&address| access_of(&config, address).is_none());
    // Every 7th: writes to and reads of all kinds of holes.
    Filled::new()
        .assert_harmless(reserved.step_by(7).flat_map(read_and_write), error::RESERVED_ADDRESS);
    let beyond = [
        reg::TIMING_SENSE + 4,
        reg::SLICE_ENABLE0 - 4,
        reg::SLICE_ENABLE1,
        reg::SLICE_ENABLE3,
        reg::CLIPPED + 4,
        reg::ACTIVATION + 8,
        reg::RESULT + 16,
        reg::CALIBRATION + 16,
        reg::ACCUMULATOR + 64,
        reg::BIAS + 64,
        reg::MULTIPLIER + 64,
        reg::SRAM + 4 * 128,
        0xfffc,
    ];
    Filled::new()
        .assert_harmless(beyond.into_iter().flat_map(read_and_write), error::RESERVED_ADDRESS);
}

#[test]
fn unaligned_and_partial_words_are_refused() {
    let places = [
        reg::ID,
        reg::REQUANT,
        reg::OPERATION,
        reg::TIMING_LATCH,
        reg::ACTIVATION,
        reg::MASTER,
        reg::RESULT,
        reg::CALIBRATION,
        reg::ACCUMULATOR,
        reg::BIAS,
        reg::MULTIPLIER,
        reg::SRAM,
    ];
    let unaligned = |place: u32| (1..4).flat_map(move |offset| read_and_write(place + offset));
    let partial = |place: u32| {
        let with = move |select| read_and_write(place).map(|request| Request { select, ..request });
        (0..15).flat_map(with)
    };
    let all = places.into_iter().flat_map(|place| unaligned(place).chain(partial(place)));
    Filled::new().assert_harmless(all, error::UNALIGNED);
}

#[test]
fn read_only_and_write_only_places_are_refused_the_other_way() {
    let config = ideal("small");
    let mut requests = vec![];
    for address in (0..1 << 16).step_by(4) {
        match access_of(&config, address) {
            Some(Access::Ro) => requests.push(Request::write(address, 0xffff_ffff)),
            Some(Access::Wo) => requests.push(Request::read(address)),
            _ => {}
        }
    }
    // 4 + 5 registers, 8 results, 32 accumulators; 3 registers, 32 activations
    assert_eq!(requests.len(), 9 + 8 + 32 + 3 + 32);
    Filled::new().assert_harmless(requests, error::ACCESS);
}

#[test]
fn pulses_without_width_are_refused() {
    let timings = (reg::TIMING_RESET..=reg::TIMING_SENSE).step_by(4);
    let bad = timings
        .flat_map(|address| [0, 0x700, 0xffff_fff0].map(|data| Request::write(address, data)));
    Filled::new().assert_harmless(bad, error::BAD_VALUE);
}

#[test]
fn bad_operations_are_refused() {
    let good = Filled::operation(2);
    let mut words = vec![];
    words.extend([6, 7].map(|format| good.encode() & !(7 << 3) | format << 3));
    words.extend((1..16).step_by(2).map(|slot| Operation { slot, ..good }.encode()));
    words.extend((2..=4).map(|units| Operation { units, ..good }.encode()));
    words.push(Operation { units: 3, ..operation(WeightFormat::Diff1) }.encode());
    words.extend((24..32).map(|bit| good.encode() | 1 << bit));
    let both = words.into_iter().flat_map(|word| {
        [reg::OPERATION, reg::OPERATION_WAIT].map(|address| Request::write(address, word))
    });
    Filled::new().assert_harmless(both, error::BAD_OPERATION);
}

/// While operations run, everything that they depend on is closed, and they do not notice.
#[test]
fn protected_places_are_refused_while_busy() {
    let mut filled = Filled::new();
    let state = filled.state();
    let config = filled.config.clone();
    filled.activate(0);
    let open = [reg::ERROR, reg::OPERATION, reg::OPERATION_WAIT];
    let mut tried = 0;
    for address in (0..0xa000).step_by(4) {
        let table = reg::WINDOWS.iter().any(|(name, at, words, access)| {
            *access == Access::Rw
                && (*at..at + 4 * words).contains(&address)
                && *name != "ACTIVATION"
        });
        let setting = address < reg::ACTIVATION && !open.contains(&address);
        let writes = matches!(access_of(&config, address), Some(Access::Rw | Access::Wo));
        if writes && (table || setting) {
            let requests = if table {
                read_and_write(address).to_vec()
            } else {
                vec![Request::write(address, 0x0101_0101)]
            };
            for request in requests {
                filled.bench.operate(&Filled::operation(0)).expect("the queue gets room");
                assert_refused(&mut filled.bench, request, error::BUSY);
                assert!(filled.bench.pins().is(control::BUSY), "still busy");
                tried += 1;
            }
        }
    }
    // REQUANT, 10 TIMING, SLICE_ENABLE0, CLEAR_COUNTERS; 128 + 16 + 64 table entries, 128 rows twice
    assert_eq!(tried, 13 + 2 * (128 + 16 + 64 + 128));
    filled.bench.wait_idle().expect("the operations end");
    filled.bench.counters().expect("counters are readable");
    filled.assert_computes(0);
    assert_eq!(filled.state(), state, "a refused request changed something");
    assert_clean(&mut filled.bench);
}

/// What stays open while operations run answers, and reads do not disturb them.
#[test]
fn open_places_answer_while_busy() {
    let mut filled = Filled::new();
    filled.activate(0);
    for address in (0..reg::CALIBRATION).step_by(4).chain((reg::ACCUMULATOR..reg::BIAS).step_by(4))
    {
        let access = access_of(&filled.config, address);
        let master = (reg::MASTER..reg::RESULT).contains(&address);
        if matches!(access, Some(Access::Ro | Access::Rw)) && !master {
            filled.bench.operate(&Filled::operation(0)).expect("the queue gets room");
            filled.bench.read(address).expect("open while busy");
            assert!(filled.bench.pins().is(control::BUSY), "still busy");
        }
    }
    filled.bench.activate(8, &[1; 16], 4).expect("no operation needs slot 8");
    filled.bench.write(reg::ERROR, 0xff).expect("open while busy");
    filled.bench.wait_idle().expect("the operations end");
    filled.assert_computes(0);
    assert_clean(&mut filled.bench);
}

/// One operation runs and two wait; the first is long, so that nothing moves meanwhile.
fn crowded(slots: [u8; 3]) -> Filled {
    let mut filled = Filled::new();
    for slot in slots {
        filled.activate(slot);
    }
    filled.bench.write(reg::TIMING_LATCH, 15 | 7 << 8).expect("idle: settings are open");
    filled.bench.write(reg::CLEAR_COUNTERS, 0).expect("idle: counters can be cleared");
    for (i, slot) in slots.into_iter().enumerate() {
        let op = Operation { bank: i as u8 % 2, ..Filled::operation(slot) };
        filled.bench.operate(&op).expect("the operation is legal");
    }
    let status = filled.bench.read(reg::STATUS).expect("readable");
    assert_eq!(status, 1 | 1 << 1 | 2 << 4, "busy, full, two waiting");
    filled
}

#[test]
fn a_full_queue_refuses() {
    let mut filled = crowded([2, 4, 8]);
    assert_refused(
        &mut filled.bench,
        Request::write(reg::OPERATION, Filled::operation(6).encode()),
        error::QUEUE_FULL,
    );
    filled.bench.wait_idle().expect("the operations end");
    assert_eq!(
        filled.bench.read(reg::OPERATIONS).expect("readable"),
        3,
        "the refused one never ran"
    );
    let last = filled.expected(8);
    assert_eq!(filled.bench.accumulators(0, 4).expect("sums are readable"), last);
    let second = filled.expected(4);
    assert_eq!(filled.bench.accumulators(1, 4).expect("sums are readable"), second);
    assert_clean(&mut filled.bench);
}

/// OPERATION_WAIT holds the bus until the queue has room: the cycle after the next operation's
/// first RESET cycle acknowledges it.
#[test]
fn operation_wait_holds_the_bus() {
    let mut filled = crowded([2, 4, 8]);
    let since = filled.bench.now();
    filled.bench.operate(&Filled::operation(4)).expect("it waits its turn");
    assert!(filled.bench.now() - since > 100, "the bus waited");
    assert!(filled.bench.pins().is(control::SAMPLE), "RESET was one cycle ago");
    filled.bench.wait_idle().expect("the operations end");
    assert_eq!(filled.bench.read(reg::OPERATIONS).expect("readable"), 4);
    let last = filled.expected(4);
    assert_eq!(filled.bench.accumulators(0, 4).expect("sums are readable"), last);
    assert_clean(&mut filled.bench);
}

/// Digits that a waiting pass needs are safe: both slots of those that wait, and the low digits of
/// the one that runs. All others can be written.
#[test]
fn digits_in_use_are_refused() {
    let mut filled = crowded([2, 4, 8]);
    for slot in 0..16 {
        for word in 0..2 {
            let request = Request::write(reg::ACTIVATION + 4 * (8 * slot + word), 0xdead_beef);
            if [3, 4, 5, 8, 9].contains(&slot) {
                assert_refused(&mut filled.bench, request, error::ACTIVATION_IN_USE);
            } else {
                assert!(
                    matches!(filled.bench.transfer(request), Ok(Answer::Ack(_))),
                    "slot {slot}"
                );
            }
        }
    }
    filled.bench.wait_idle().expect("the operations end");
    let (second, last) = (filled.expected(4), filled.expected(8));
    assert_eq!(filled.bench.accumulators(1, 4).expect("sums are readable"), second);
    assert_eq!(filled.bench.accumulators(0, 4).expect("sums are readable"), last);
    filled.assert_computes(2);
    assert_clean(&mut filled.bench);
}

/// The sums of an operation whose low digits someone tried to overwrite are its own.
#[test]
fn low_digits_of_the_running_operation_are_safe() {
    let mut filled = crowded([2, 4, 8]);
    assert_refused(
        &mut filled.bench,
        Request::write(reg::ACTIVATION + 4 * 24, 0),
        error::ACTIVATION_IN_USE,
    );
    filled.bench.wait_operations(1).expect("the first operation ends");
    let first = filled.expected(2);
    // The third operation clears the bank only when its own first codes arrive.
    assert_eq!(filled.bench.accumulators(0, 4).expect("sums are readable"), first);
    filled.bench.wait_idle().expect("the operations end");
    assert_clean(&mut filled.bench);
}

/// Bits collect until each is cleared by a 1 of its own.
#[test]
fn sticky_bits_collect_and_clear_one_by_one() {
    let mut bench = calibrated(&ideal("small"));
    let mut refused =
        |request| assert_eq!(bench.transfer(request).expect("an answer"), Answer::Err);
    refused(Request::read(0x48));
    refused(Request::read(2));
    refused(Request::write(reg::ID, 0));
    refused(Request::write(reg::TIMING_SAMPLE, 0));
    refused(Request::write(reg::OPERATION, 6 << 3));
    let mut left = error::RESERVED_ADDRESS
        | error::UNALIGNED
        | error::ACCESS
        | error::BAD_VALUE
        | error::BAD_OPERATION;
    assert_eq!(bench.read(reg::ERROR).expect("readable"), left);
    for bit in [0, 3, 1, 2, 4] {
        bench.write(reg::ERROR, 0).expect("writable");
        bench.write(reg::ERROR, 1 << bit | 0xffff_ff00).expect("writable");
        left &= !(1 << bit);
        assert_eq!(bench.read(reg::ERROR).expect("readable"), left, "bit {bit} cleared");
    }
    assert_eq!(reg::error::NAMES.len(), 8, "every error has its test here");
    assert_clean(&mut bench);
}

/// A request of each kind with the cycles from when it is visible to its answer.
fn kinds() -> Vec<(Request, usize)> {
    let op = operation(WeightFormat::Single1).encode();
    vec![
        (Request::read(reg::ID), 1),
        (Request::write(reg::REQUANT, 5), 1),
        (Request::write(reg::ACTIVATION, 5), 1),
        (Request::write(reg::MASTER, 5), 1),
        (Request::write(reg::CALIBRATION, 5), 1),
        (Request::write(reg::BIAS, 5), 1),
        (Request::write(reg::MULTIPLIER, 5), 1),
        (Request::read(reg::MASTER), 2),
        (Request::read(reg::CALIBRATION), 2),
        (Request::read(reg::BIAS), 2),
        (Request::read(reg::MULTIPLIER), 2),
        (Request::read(reg::ACCUMULATOR), 2),
        (Request::read(reg::RESULT), 3),
        // pulses of one cycle each
        (Request::write(reg::SRAM, 5), 3),
        (Request::read(reg::SRAM), 4),
        (Request::read(0x48), 1),
        (Request::read(1), 1),
        (Request::read(reg::OPERATION), 1),
        (Request::write(reg::OPERATION, op), 1),
        (Request::write(reg::OPERATION_WAIT, op), 1),
        (Request::write(reg::BIAS, 5), 1), // busy
    ]
}

/// Each request is answered once, in its documented cycle, by ack or err.
#[test]
fn one_answer_each_and_in_time() {
    let mut host = Raw::new(&ideal("capram65"));
    for (request, cycles) in kinds() {
        let passed = host.pins_of(request);
        assert_eq!(passed.len(), cycles, "cycles to the answer of {request:x?}");
        let answers: Vec<u32> =
            passed.iter().map(|pins| pins.bus).filter(|&bus| bus != 0).collect();
        assert!(answers == [1] || answers == [2], "{request:x?} got {answers:?}");
        for _ in 0..3 {
            assert_eq!(host.pins.bus, 0, "no second answer to {request:x?}");
            host.cycle();
        }
    }
}

/// A strobe without a cycle, and a cycle without a strobe, are no requests.
#[test]
fn half_a_request_is_none() {
    let mut host = Raw::new(&ideal("small"));
    for half in [1 << 1, 1 << 2] {
        host.drive.bus = 1 | half | 15 << 4;
        for _ in 0..10 {
            host.cycle();
            assert_eq!(host.pins.bus, 0);
        }
    }
    host.drive.bus = 1;
    assert_eq!(host.read(reg::ERROR), 0);
}
