//! Host link alone: frames as LiteX's uartbone sends them, every way in which a frame can break, the
//! CRC against another implementation, lines that are fast or slow; and does all of this find bugs?

mod common;

use capram::dut::Dut;
use capram::pins::{Drive, Pins};
use common::Random;
use flate2::Crc;
use std::collections::{BTreeMap, VecDeque};

/// Cycles of a bit, and log2 of the cycles of a time-out: those of the model.
const BIT: usize = 8;
const TIMEOUT: usize = 1 << 9;
/// Word addresses that the bus below treats as the board does.
const CRC: u32 = 0x4006;
const CRC_CLEAR: u32 = 0x4007;

/// An access as the bus saw it: word address, outside of what it can say, data of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Access {
    address: u32,
    outside: bool,
    write: Option<u32>,
}

fn write(address: u32, data: u32) -> Access {
    Access { address, outside: false, write: Some(data) }
}

fn read(address: u32) -> Access {
    Access { address, outside: false, write: None }
}

/// The bytes of a frame's header.
fn header(command: u8, words: u8, address: u32) -> Vec<u8> {
    let mut bytes = vec![command, words];
    bytes.extend(address.to_be_bytes());
    bytes
}

/// LiteX's frame of a write, `RemoteClient.write` of its `litex.tools.remote.comm_uart`.
fn write_frame(address: u32, words: &[u32]) -> Vec<u8> {
    let mut bytes = header(1, words.len() as u8, address);
    words.iter().for_each(|word| bytes.extend(word.to_be_bytes()));
    bytes
}

fn read_frame(address: u32, words: u8) -> Vec<u8> {
    header(2, words, address)
}

/// The link, the other end of its line and a bus.
struct Link {
    dut: Dut,
    drive: Drive,
    pins: Pins,
    /// What the host still has to say: level, cycles.
    line: VecDeque<(bool, f64)>,
    /// Cycles of a bit as the host makes them.
    host_bit: f64,
    /// Cycles of the transmitter's byte so far.
    byte: Vec<bool>,
    answer: Vec<u8>,
    /// Cycles that the bus takes, and has taken for the request that is there.
    latency: usize,
    waited: usize,
    memory: BTreeMap<u32, u32>,
    accesses: Vec<Access>,
    dropped: usize,
    framing_errors: usize,
}

impl Link {
    fn new(mutant: u8) -> Self {
        let mut link = Self {
            dut: Dut::named("uartbone").expect("the model is built"),
            drive: Drive { bus: u32::from(mutant) << 8 | 1 << 1, ..Drive::default() },
            pins: Pins::default(),
            line: VecDeque::new(),
            host_bit: BIT as f64,
            byte: vec![],
            answer: vec![],
            latency: 0,
            waited: 0,
            memory: BTreeMap::new(),
            accesses: vec![],
            dropped: 0,
            framing_errors: 0,
        };
        for _ in 0..2 {
            link.dut.tick(&link.drive, &mut link.pins).expect("no assertion fails");
        }
        link.drive.bus |= 1;
        // Any phase between line and clock.
        link.line.push_back((true, 12.0));
        link
    }

    fn say(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.level(false, 1.0);
            (0..8).for_each(|i| self.level(byte >> i & 1 == 1, 1.0));
            self.level(true, 1.0);
        }
    }

    fn level(&mut self, level: bool, bits: f64) {
        self.line.push_back((level, bits * self.host_bit));
    }

    /// One cycle; false when the host has nothing to say any more.
    fn tick(&mut self) -> Result<bool, String> {
        let mut left = 1.0;
        while let Some((_, cycles)) = self.line.front_mut() {
            if *cycles > left {
                *cycles -= left;
                break;
            }
            left -= *cycles;
            self.line.pop_front();
        }
        let level = self.line.front().is_none_or(|(level, _)| *level);
        self.drive.bus = self.drive.bus & !0b1110 | u32::from(level) << 1;
        self.bus();
        self.dut.tick(&self.drive, &mut self.pins).map_err(|e| e.to_string())?;
        let flags = self.pins.as_words()[0];
        self.dropped += usize::from(flags >> 4 & 1 == 1);
        self.framing_errors += usize::from(flags >> 5 & 1 == 1);
        self.transmitted(flags & 1 == 1)?;
        Ok(!self.line.is_empty())
    }

    /// Answers a request when it has waited long enough.
    fn bus(&mut self) {
        let [flags, address, data, crc] = self.pins.as_words()[..4] else { unreachable!() };
        if flags >> 1 & 1 == 0 {
            return;
        }
        self.waited += 1;
        if self.waited <= self.latency {
            return;
        }
        self.waited = 0;
        let write = (flags >> 2 & 1 == 1).then_some(data);
        let outside = flags >> 3 & 1 == 1;
        self.accesses.push(Access { address, outside, write });
        self.drive.bus |= 1 << 2;
        self.drive.address = match address {
            _ if outside => 0,
            CRC => crc,
            _ => self.memory.get(&address).copied().unwrap_or(!address),
        };
        match write {
            Some(_) if outside => (),
            Some(_) if address == CRC_CLEAR => self.drive.bus |= 1 << 3,
            Some(data) => drop(self.memory.insert(address, data)),
            None => (),
        }
    }

    /// Takes a cycle of the transmitter's line apart: every bit must last exactly as long as it must.
    fn transmitted(&mut self, level: bool) -> Result<(), String> {
        if self.byte.is_empty() && level {
            return Ok(());
        }
        self.byte.push(level);
        if self.byte.len() < 10 * BIT {
            return Ok(());
        }
        let bits: Vec<&[bool]> = self.byte.chunks(BIT).collect();
        if bits.iter().any(|bit| bit.iter().any(|level| *level != bit[0])) || !bits[9][0] {
            return Err(format!("a byte is sent with wrong bits: {:?}", self.byte));
        }
        self.answer.push((0..8).map(|i| u8::from(bits[i + 1][0]) << i).sum());
        self.byte.clear();
        Ok(())
    }

    /// Lets the host say all it has, and then time pass.
    fn run(&mut self, cycles: usize) -> Result<(), String> {
        while self.tick()? {}
        (0..cycles).try_for_each(|_| self.tick().map(|_| ()))
    }

    /// Says bytes and waits for so many, no more.
    fn ask(&mut self, bytes: &[u8], expected: usize) -> Result<Vec<u8>, String> {
        self.say(bytes);
        self.run(10 * BIT * (expected + 2) + (expected / 4 + 3) * (self.latency + 20))?;
        let answer = std::mem::take(&mut self.answer);
        equal("bytes that came back", answer.len(), expected)?;
        Ok(answer)
    }

    fn words(&mut self, bytes: &[u8], expected: usize) -> Result<Vec<u32>, String> {
        let answer = self.ask(bytes, 4 * expected)?;
        Ok(answer.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect())
    }

    /// The next frame works, and these are all accesses since the last time.
    fn still_works(&mut self, before: &[Access]) -> Result<(), String> {
        let answer = self.words(&read_frame(0x7abc, 1), 1)?;
        equal("a read afterwards", answer, vec![!0x7abc])?;
        let mut wanted = before.to_vec();
        wanted.push(read(0x7abc));
        equal("accesses", std::mem::take(&mut self.accesses), wanted)
    }

    fn counted(&mut self, dropped: usize, framing_errors: usize) -> Result<(), String> {
        let found = (std::mem::take(&mut self.dropped), std::mem::take(&mut self.framing_errors));
        equal("dropped frames, framing errors", found, (dropped, framing_errors))
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Result<(), String> {
    match found == wanted {
        true => Ok(()),
        false => Err(format!("{what}: {found:x?}, not {wanted:x?}")),
    }
}

fn crc_of(parts: &[&[u8]]) -> u32 {
    let mut crc = Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.sum()
}

type Check = fn(&mut Link) -> Result<(), String>;

/// In the order in which they look for bugs.
const CHECKS: [(&str, Check); 10] = [
    ("frames", frames),
    ("baud", baud),
    ("glitch", glitch),
    ("addresses", addresses),
    ("lengths", lengths),
    ("timeout", timeout),
    ("framing", framing),
    ("overrun", overrun),
    ("crc", crc),
    ("noise", noise),
];

/// Frames of all sizes, one after another at full rate, with a bus that takes its time.
fn frames(link: &mut Link) -> Result<(), String> {
    // Byte by byte, so that nothing here but the wire's order is relied on.
    link.say(&[1, 1, 0, 0, 0x40, 0x05, 0x12, 0x34, 0x56, 0x78]);
    link.run(100)?;
    equal("a write", link.accesses.clone(), vec![write(0x4005, 0x1234_5678)])?;
    equal("a read", link.ask(&[2, 1, 0, 0, 0x40, 0x05], 4)?, vec![0x12, 0x34, 0x56, 0x78])?;
    link.accesses.clear();
    let mut random = Random(1);
    for latency in [0, 1, 7, 40, 4 * 10 * BIT - 20] {
        link.latency = latency;
        let words: Vec<u32> = (0..255).map(|_| random.word()).collect();
        // Writes need no pause between them, nor does a read behind them.
        link.say(&write_frame(0x100, &words));
        link.say(&write_frame(0x80, &words[..3]));
        link.say(&write_frame(0x90, &words[..1]));
        link.say(&read_frame(0x80, 3));
        link.run(3 * (40 * BIT + latency) + 200)?;
        let wanted: Vec<u8> = words[..3].iter().flat_map(|word| word.to_be_bytes()).collect();
        equal("a read behind writes", std::mem::take(&mut link.answer), wanted)?;
        equal("a long read", link.words(&read_frame(0x100, 255), 255)?, words)?;
        equal("written words", link.accesses.iter().filter(|a| a.write.is_some()).count(), 259)?;
        link.accesses.clear();
    }
    link.latency = 0;
    link.counted(0, 0)?;
    link.still_works(&[])
}

/// A line that is 2 % fast or slow, at every phase, back to back.
fn baud(link: &mut Link) -> Result<(), String> {
    let mut random = Random(2);
    for percent in [-2.0, -1.0, 0.0, 1.0, 2.0] {
        link.host_bit = BIT as f64 * (1.0 + percent / 100.0);
        for phase in 0..8 {
            link.line.push_back((true, 40.0 + f64::from(phase) / 8.0));
            let word = |_| [0, u32::MAX, random.word()][random.within(0, 2) as usize];
            let words: Vec<u32> = (0..40).map(word).collect();
            link.say(&write_frame(0x200, &words));
            link.run(100)?;
            let found: Vec<u32> = link.accesses.iter().filter_map(|access| access.write).collect();
            equal(&format!("words at {percent} %"), found, words)?;
            link.accesses.clear();
        }
    }
    link.host_bit = BIT as f64;
    link.counted(0, 0)?;
    link.still_works(&[])
}

/// A line that is low for less than half a bit, between frames and within one.
fn glitch(link: &mut Link) -> Result<(), String> {
    let glitch = |link: &mut Link| {
        link.line.push_back((false, 2.0));
        link.line.push_back((true, 100.0));
    };
    glitch(link);
    link.say(&[1, 1, 0, 0]);
    glitch(link);
    link.say(&[0, 9, 0, 0, 0, 7]);
    link.run(100)?;
    link.counted(0, 0)?;
    link.still_works(&[write(9, 7)])
}

/// What address bits the bus sees, and which addresses are outside of it.
fn addresses(link: &mut Link) -> Result<(), String> {
    for bit in 0..32 {
        let address = 1u32 << bit;
        link.words(&read_frame(address, 1), 1)?;
        let found = link.accesses.pop().ok_or("no access")?;
        equal("outside", found.outside, bit >= 15)?;
        if bit < 15 {
            equal("address", found.address, address)?;
        }
    }
    // A frame that leaves the bus on its way, and one that wraps around all addresses.
    link.accesses.clear();
    link.words(&read_frame(0x7ffe, 4), 4)?;
    let outside: Vec<bool> = link.accesses.iter().map(|access| access.outside).collect();
    equal("a frame across the end", outside, vec![false, false, true, true])?;
    link.accesses.clear();
    link.words(&read_frame(u32::MAX, 1), 1)?;
    equal("the last address", link.accesses[0].outside, true)?;
    link.accesses.clear();
    link.counted(0, 0)?;
    link.still_works(&[])
}

/// Bytes that are no command, and frames without words.
fn lengths(link: &mut Link) -> Result<(), String> {
    for byte in (0..=255).filter(|byte| ![1, 2].contains(byte)) {
        link.say(&[byte]);
    }
    link.run(100)?;
    link.counted(0, 0)?;
    link.still_works(&[])?;
    for command in [1, 2] {
        link.say(&header(command, 0, 0x55));
        link.run(100)?;
        equal("bytes that came back", link.answer.len(), 0)?;
        link.counted(1, 0)?;
        link.still_works(&[])?;
    }
    Ok(())
}

/// A frame that stops at any byte is dropped after the time-out, and not before.
fn timeout(link: &mut Link) -> Result<(), String> {
    let frame = write_frame(0x77, &[0x0102_0304, 0x0102_0304]);
    for cut in 1..frame.len() {
        let whole: Vec<Access> = [write(0x77, 0x0102_0304)][..usize::from(cut >= 10)].to_vec();
        link.say(&frame[..cut]);
        link.run(TIMEOUT - 2 * BIT)?;
        link.counted(0, 0)?;
        link.run(4 * BIT)?;
        link.counted(1, 0)?;
        link.still_works(&whole)?;
    }
    // As slow as it may be.
    for byte in frame {
        link.say(&[byte]);
        link.run(TIMEOUT - 2 * BIT)?;
    }
    link.counted(0, 0)?;
    link.still_works(&[write(0x77, 0x0102_0304), write(0x78, 0x0102_0304)])
}

/// A byte without stop bit, and a break, at any place: the next byte starts a frame, at once.
fn framing(link: &mut Link) -> Result<(), String> {
    let frame = write_frame(0x77, &[0x0102_0304, 0x0102_0304]);
    for cut in 0..frame.len() {
        for break_bits in [10.0, 10.5, 25.0, 1000.0] {
            let whole: Vec<Access> = [write(0x77, 0x0102_0304)][..usize::from(cut >= 10)].to_vec();
            link.say(&frame[..cut]);
            link.level(false, break_bits);
            link.level(true, 1.0);
            link.still_works(&whole)?;
            link.counted(usize::from(cut > 0), 1)?;
        }
    }
    // A break while a read is answered: the answer comes whole.
    link.say(&read_frame(0x10, 2));
    link.level(false, 12.0);
    link.level(true, 1.0);
    link.run(100 * BIT)?;
    equal("an answer", std::mem::take(&mut link.answer).len(), 8)?;
    link.counted(0, 1)?;
    link.still_works(&[read(0x10), read(0x11)])
}

/// What comes when there is no room is lost, with what follows, until the line has been idle.
fn overrun(link: &mut Link) -> Result<(), String> {
    // The bus takes longer than a word; what looks like frames in the rest is not taken for any.
    link.latency = 4 * 10 * BIT + 30;
    let words = [1, 2, 0x0101_0000, 0x0077_0000, 0x0101_0101, 0x0101_0101, 0x0202_0202];
    link.say(&write_frame(0x30, &words));
    link.run(TIMEOUT + 100)?;
    link.counted(1, 0)?;
    equal("answers", std::mem::take(&mut link.answer).len(), 0)?;
    link.latency = 0;
    link.still_works(&[write(0x30, 1)])?;
    // A single word may take as long as it wants, and a read behind it waits.
    link.latency = 5000;
    link.say(&write_frame(0x31, &[5]));
    equal("a read behind a slow write", link.words(&read_frame(0x31, 1), 1)?, vec![5])?;
    link.latency = 0;
    link.counted(0, 0)?;
    link.still_works(&[write(0x31, 5), read(0x31)])?;
    // A host that goes on while it is answered.
    link.say(&read_frame(0x31, 2));
    link.say(&write_frame(0x31, &[6, 7, 8, 9]));
    link.run(TIMEOUT + 100)?;
    let answer = std::mem::take(&mut link.answer);
    equal("the answer", answer, [5u32, !0x32].iter().flat_map(|w| w.to_be_bytes()).collect())?;
    link.counted(1, 0)?;
    link.still_works(&[read(0x31), read(0x32)])?;
    // A break ends it as well.
    link.say(&read_frame(0x31, 2));
    link.say(&[1, 1, 0, 0, 0, 0, 0, 0]);
    link.level(false, 12.0);
    link.level(true, 1.0);
    link.run(10 * BIT)?;
    link.answer.clear();
    link.counted(1, 1)?;
    link.still_works(&[read(0x31), read(0x32)])
}

/// The CRC is that of the wire, in both directions, and of frames only.
fn crc(link: &mut Link) -> Result<(), String> {
    let clear = write_frame(CRC_CLEAR, &[0]);
    let ask = read_frame(CRC, 1);
    link.say(&clear);
    equal("CRC of its own header", link.words(&ask, 1)?, vec![crc_of(&[&ask])])?;
    let mut random = Random(3);
    for words in [1, 2, 100] {
        let data: Vec<u32> = (0..words).map(|_| random.word()).collect();
        let (out, back) = (write_frame(0x300, &data), read_frame(0x300, words));
        link.say(&clear);
        link.say(&[0, 3, 255]); // ignored
        link.say(&out);
        let answer = link.ask(&back, 4 * usize::from(words))?;
        let found = link.words(&ask, 1)?;
        equal("CRC", found, vec![crc_of(&[&out, &back, &answer, &ask])])?;
    }
    // Read as the second word of a frame: with the first one.
    link.say(&clear);
    let two = read_frame(CRC - 1, 2);
    let found = link.words(&two, 2)?;
    equal("CRC behind a word", found[1], crc_of(&[&two, &found[0].to_be_bytes()]))?;
    // Bytes of a cut frame count, those that are lost do not.
    link.say(&clear);
    link.say(&[1, 9, 9]);
    link.run(TIMEOUT + 100)?;
    equal("CRC with a cut frame", link.words(&ask, 1)?, vec![crc_of(&[&[1, 9, 9], &ask])])?;
    link.accesses.clear();
    link.counted(1, 0)?;
    link.still_works(&[])
}

/// Whatever comes, a break and a frame work.
fn noise(link: &mut Link) -> Result<(), String> {
    let mut random = Random(4);
    for _ in 0..60 {
        for _ in 0..random.within(1, 60) {
            if random.within(0, 3) == 0 {
                link.level(random.within(0, 1) == 1, random.within(1, 160) as f64 / 8.0);
            } else {
                link.say(&[random.within(0, 3) as u8]);
            }
        }
        link.level(true, 12.0);
        link.level(false, 12.0);
        link.level(true, 1.0);
        link.run(TIMEOUT + 100)?;
        // A read may be under way.
        let mut received = usize::MAX;
        while received != link.answer.len() {
            received = link.answer.len();
            link.run(20 * BIT)?;
        }
        link.accesses.clear();
        link.answer.clear();
        link.still_works(&[])?;
    }
    Ok(())
}

/// The first check that fails with a planted bug, and what it says.
fn finder(mutant: u8) -> Option<(&'static str, String)> {
    let failed = |(name, check): &(&'static str, Check)| {
        let found = check(&mut Link::new(mutant)).err()?;
        Some((*name, found))
    };
    CHECKS.iter().find_map(failed)
}

#[test]
fn the_link_does_what_it_must() {
    assert_eq!(finder(0), None);
}

#[test]
fn every_planted_bug_is_found_by_its_check() {
    #[derive(serde::Deserialize)]
    struct Mutants {
        mutants: Vec<Mutant>,
    }
    #[derive(serde::Deserialize)]
    struct Mutant {
        name: String,
        found_by: Vec<String>,
    }
    let list: Mutants = serde_yaml::from_str(include_str!("mutants_link.yaml")).expect("valid");
    assert!(list.mutants.len() >= 12);
    let mut wrong = vec![];
    for (i, mutant) in list.mutants.iter().enumerate() {
        let found = finder(i as u8 + 1);
        println!("{:32} {found:.100?}", mutant.name);
        if !found.as_ref().is_some_and(|(by, _)| mutant.found_by.iter().any(|name| name == by)) {
            wrong.push(format!("{}: {found:?}, not {:?}", mutant.name, mutant.found_by));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
