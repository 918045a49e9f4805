//! A board in software around the macro's Verilated RTL: the link and the board's registers as
//! `docs/fpga.md` states them, the array and the analog side by the plant. No UART pins and no
//! emulator: what the host does can be tried without a board, and faults be planted.

use super::noise::{Decider, Noise};
use super::port::{Port, PortError};
use super::registers as board;
use super::smoke::{CheckError, Plan};
use super::tables::{Tables, offset_index};
use crate::config::{Config, Geometry};
use crate::dut::{Dut, DutError};
use crate::golden::plant::{Fault as PlantFault, Plant};
use crate::pins::{Drive, Pins, control};
use crate::registers as reg;
use flate2::Crc;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const RST_N: u32 = 1;
const CYC_STB_SEL: u32 = 1 << 1 | 1 << 2 | 15 << 4;
const WE: u32 = 1 << 3;
/// Cycles of the board's clock in one of the macro's, and those that the emulator takes for a
/// conversion, about.
const CLOCK: u64 = 4;
const CONVERSION: u64 = 12_000;
const CLOCKS_PER_BIT: u64 = 8;
const CLOCK_HZ: u32 = 24_000_000;
/// 2^18 cycles.
const TIMEOUT_LOG2: u32 = 18;
/// Macro cycles without an answer after which the RTL counts as stuck.
const PATIENCE: u32 = 1 << 20;
/// Indices of the emulator's tables.
const TABLE: u32 = board::EMULATOR_TABLE;

/// Why a simulation cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    #[error(transparent)]
    Dut(#[from] DutError),
    #[error(transparent)]
    Plan(#[from] CheckError),
}

/// A deliberate error of the simulated board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Of the plant.
    Plant(PlantFault),
    /// A bit of the SRAM window's word index is always 0.
    AddressStuck { bit: u32 },
    /// Every so many-th strobe decides the wrong way round in slice 0.
    WrongDecision { every: u64 },
    /// NOISE is ignored: there is always noise, of so many 2^-20 V.
    NoiseLeftOn { sigma: u16 },
    /// BOARD_ID is another design's.
    WrongId,
    /// A bit of a table entry cannot be set.
    TableBit { index: u32, bit: u32 },
    /// Requantized results are one too small where they are odd.
    Requantizer,
    /// The strobe's gap is taken without its highest bit, though it is read back.
    ShortGap,
    /// Clipped codes are not counted.
    UncountedClipping,
    /// Refused accesses are not counted.
    UncountedRefusals,
    /// These reasons of ERROR are never given.
    NoReason(u32),
    /// A frame that was cut is kept.
    NoTimeout,
    /// The emulator saw a rule violated.
    Rule(u32),
    /// NOISE_SEED is not taken.
    SeedIgnored,
    /// A seed with this bit alone counts as 0.
    SeedBit { bit: u32 },
    /// A bit of NOISE is that of LAMBDA where the noise is scaled.
    NoiseBit { bit: u32 },
}

/// What the emulator computes with certain tables.
struct Emulated {
    words: BTreeMap<u32, u32>,
    lambda: u16,
    config: Config,
    chip: Arc<crate::golden::chip::Chip>,
}

/// Where the link is in a frame.
#[derive(Default)]
struct Frame {
    bytes: Vec<u8>,
}

/// The board.
pub struct Simulation {
    geometry: Geometry,
    dut: Dut,
    plant: Plant,
    drive: Drive,
    pins: Pins,
    known: Vec<Emulated>,
    /// The one in use.
    current: usize,
    noise: u16,
    /// The emulator's generator, and who decides while nothing but offsets and noise does.
    generator: Noise,
    decider: Option<Decider>,
    decided: Vec<bool>,
    stale: bool,
    shared: bool,
    strobed: bool,
    strobes: u64,
    board: BTreeMap<u32, u32>,
    refused: u32,
    dropped: u32,
    framing: u32,
    crc: Crc,
    frame: Frame,
    answers: VecDeque<u8>,
    cycles: u64,
    /// Cycles that the macro has been given so far.
    macro_cycles: u64,
    faults: Vec<Fault>,
}

impl Simulation {
    /// A board that can be what a plan's checks make of it: the ideal configuration and the drawn
    /// chip.
    pub fn new(plan: &Plan, faults: &[Fault]) -> Result<Self, SimulationError> {
        let dut = Dut::of_macro(&plan.config.geometry)?;
        let known = vec![emulated(plan, true)?, emulated(plan, false)?];
        let geometry = plan.config.geometry;
        let plant = plant(&known[0], 0);
        let mut simulation = Self {
            geometry,
            dut,
            plant,
            drive: Drive::default(),
            pins: Pins::default(),
            known,
            current: 0,
            noise: 0,
            generator: Noise::new(0),
            decider: None,
            decided: vec![],
            stale: true,
            shared: false,
            strobed: false,
            strobes: 0,
            board: BTreeMap::new(),
            refused: 0,
            dropped: 0,
            framing: 0,
            crc: Crc::new(),
            frame: Frame::default(),
            answers: VecDeque::new(),
            cycles: 0,
            macro_cycles: 0,
            faults: faults.to_vec(),
        };
        simulation.plant_faults();
        simulation.cycle()?;
        simulation.cycle()?;
        simulation.drive.bus |= RST_N;
        simulation.cycle()?;
        Ok(simulation)
    }

    fn plant_faults(&mut self) {
        for fault in &self.faults {
            if let Fault::Plant(fault) = fault {
                self.plant.faults().plant(*fault);
            }
        }
    }

    /// One cycle of the macro's clock.
    fn cycle(&mut self) -> Result<(), DutError> {
        self.dut.tick(&self.drive, &mut self.pins)?;
        let response = self.plant.react(&self.pins);
        self.drive.read_data = response.read_data;
        self.drive.comparators = response.comparators;
        self.decide();
        let share = self.pins.is(control::SHARE);
        self.macro_cycles += CLOCK + if share && !self.shared { CONVERSION } else { 0 };
        self.shared = share;
        Ok(())
    }

    /// The comparators are not always those of the plant.
    fn decide(&mut self) {
        let strobe = self.pins.is(control::STROBE);
        if strobe && !self.strobed {
            self.strobes += 1;
            if let Some(decider) = &mut self.decider {
                self.decided = decider.strobe();
            }
        }
        self.strobed = strobe;
        if strobe && self.decider.is_some() {
            self.drive.comparators.fill(0);
            for (slice, &above) in self.decided.iter().enumerate() {
                self.drive.comparators[slice / 32] |= u32::from(above) << (slice % 32);
            }
        }
        for fault in &self.faults {
            if let Fault::WrongDecision { every } = fault
                && strobe
                && self.strobes.is_multiple_of(*every)
            {
                self.drive.comparators[0] ^= 1;
            }
        }
    }

    /// Time passes: the macro works if there is something to do.
    fn pass(&mut self, cycles: u64) -> Result<(), DutError> {
        self.cycles += cycles;
        self.macro_cycles = self.macro_cycles.max(self.cycles - cycles);
        while self.macro_cycles < self.cycles && self.pins.is(control::BUSY) {
            self.cycle()?;
        }
        Ok(())
    }

    /// An access of the macro's bus; `None` when refused.
    fn macro_access(&mut self, address: u32, write: Option<u32>) -> Result<Option<u32>, DutError> {
        self.refresh();
        let bus = self.drive.bus & !0xff | RST_N;
        self.drive.bus = bus | CYC_STB_SEL | if write.is_some() { WE } else { 0 };
        self.drive.address = self.mapped(address);
        self.drive.data = write.unwrap_or(0);
        let gap = address == reg::TIMING_STROBE && self.has(Fault::ShortGap);
        if gap && let Some(word) = write {
            self.board.insert(reg::TIMING_STROBE, word);
            self.drive.data &= !0x400;
        }
        let begin = self.macro_cycles;
        for _ in 0..PATIENCE {
            self.cycle()?;
            if self.pins.bus != 0 {
                break;
            }
        }
        let mut answer = (self.pins.bus & 1 != 0).then_some(self.pins.bus_data);
        let results = reg::RESULT..reg::RESULT + 4 * reg::RESULT_WORDS;
        if self.has(Fault::Requantizer) && results.contains(&self.drive.address) {
            answer = answer.map(|word| word & !1);
        }
        if gap {
            answer = answer.map(|_| self.register(reg::TIMING_STROBE));
        }
        if address == reg::CLIPPED && self.has(Fault::UncountedClipping) {
            answer = answer.map(|_| 0);
        }
        if self.drive.address == reg::ERROR {
            answer = answer.map(|word| self.reasons(word));
        }
        // The request stays on the bus for the cycle of its answer.
        self.cycle()?;
        self.drive.bus = bus;
        self.cycle()?;
        self.cycles = self.cycles.max(self.cycles + self.macro_cycles - begin);
        Ok(answer)
    }

    fn mapped(&self, address: u32) -> u32 {
        let stuck = |address, fault: &Fault| match fault {
            Fault::AddressStuck { bit } if address >= reg::SRAM => address & !(4 << bit),
            _ => address,
        };
        self.faults.iter().fold(address & 0xffff, stuck)
    }

    /// The plant becomes the chip whose tables were written.
    fn refresh(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        self.refresh_decider();
        let matches = |known: &Emulated| {
            let entry = |(a, w): (&u32, &u32)| self.register(*a) == *w;
            u32::from(known.lambda) == self.register(board::LAMBDA) && known.words.iter().all(entry)
        };
        let noise = self.faults.iter().find_map(|fault| match fault {
            Fault::NoiseLeftOn { sigma } => Some(*sigma),
            _ => None,
        });
        let noise = noise.unwrap_or(self.register(board::NOISE) as u16);
        let found = self.known.iter().position(matches).unwrap_or(self.current);
        if found == self.current && noise == self.noise {
            return;
        }
        (self.current, self.noise) = (found, noise);
        let mut plant = plant(&self.known[found], noise);
        for row in 0..self.geometry.rows() {
            for column in 0..self.geometry.columns {
                plant.set_cell(row, column, self.plant.cell(row, column));
            }
        }
        self.plant = plant;
        self.plant_faults();
    }

    /// Without gains and injection charges both sides stay at 0, and the generator's noise is exact.
    fn refresh_decider(&mut self) {
        if let Some(decider) = self.decider.take() {
            self.generator = decider.noise();
        }
        let offset = |slice| TABLE + 4 * offset_index(slice) as u32;
        let slices = self.geometry.slices();
        let offsets: Vec<u32> = (0..slices).map(offset).collect();
        let mut words = self.known[0].words.keys();
        if words.all(|address| offsets.contains(address) || self.register(*address) == 0) {
            let sigma = self.faults.iter().fold(self.register(board::NOISE), |sigma, fault| {
                let Fault::NoiseBit { bit } = fault else { return sigma };
                sigma & !(1 << bit) | self.register(board::LAMBDA) & 1 << bit
            });
            let offsets = offsets.into_iter().map(|address| self.register(address) as i16);
            let (noise, offsets) = (self.generator.clone(), offsets.collect());
            self.decider = Some(Decider::new(noise, offsets, sigma as u16));
        }
    }

    fn seed(&mut self, seed: u32) {
        if self.has(Fault::SeedIgnored) {
            return;
        }
        let zero = |fault: &Fault| matches!(fault, Fault::SeedBit { bit } if seed == 1 << bit);
        let or_one = u32::from(self.faults.iter().any(zero));
        self.decider = None;
        self.generator = Noise::new(seed | or_one);
        self.stale = true;
    }

    fn register(&self, address: u32) -> u32 {
        self.board.get(&address).copied().unwrap_or(0)
    }

    /// An access of the board's page.
    fn board_access(&mut self, address: u32, write: Option<u32>, crc: u32) -> Option<u32> {
        let table = (TABLE..TABLE + 4 * board::EMULATOR_TABLE_WORDS).contains(&address);
        if table && self.pins.is(control::BUSY) {
            return None;
        }
        match (address, write) {
            (board::BOARD_ID, None) => {
                Some(if self.has(Fault::WrongId) { 0x4350_4643 } else { 0x4350_4642 })
            }
            (board::BOARD_VERSION, None) => Some(0x0001_0000),
            (board::BUILD_HASH, None) => Some(0),
            (board::BOARD_INFO, None) => Some(TIMEOUT_LOG2 << 16 | (CLOCKS_PER_BIT as u32) << 8),
            (board::CLOCK_HZ, None) => Some(CLOCK_HZ),
            (board::LINK_CRC, None) => Some(crc),
            (board::LINK_ERRORS, None) => {
                let count = |count: u32, shift: u32| count.min(15) << shift;
                Some(count(self.refused, 0) | count(self.dropped, 8) | count(self.framing, 16))
            }
            (board::BOARD_CYCLES, None) => Some(self.cycles as u32),
            (board::RULES, None) => Some(self.rules()),
            (board::LINK_ERRORS, Some(_)) => {
                (self.refused, self.dropped, self.framing) = (0, 0, 0);
                Some(0)
            }
            (board::LINK_CRC_CLEAR, Some(_)) => {
                self.crc = Crc::new();
                Some(0)
            }
            (board::RULES, Some(_)) => Some(0),
            (board::NOISE_SEED, Some(seed)) => {
                self.seed(seed);
                Some(0)
            }
            (board::SCRATCH, _) => self.store(address, write, u32::MAX),
            (board::LAMBDA | board::NOISE, _) => self.store(address, write, 0xffff),
            _ if table => self.store(address, write, 0xffff & !self.missing_bits(address)),
            _ => None,
        }
    }

    fn store(&mut self, address: u32, write: Option<u32>, mask: u32) -> Option<u32> {
        if let Some(word) = write {
            self.board.insert(address, word & mask);
            self.stale = true;
        }
        Some(self.register(address))
    }

    fn missing_bits(&self, address: u32) -> u32 {
        let bit = |fault: &Fault| match fault {
            Fault::TableBit { index, bit } if TABLE + 4 * index == address => 1 << bit,
            _ => 0,
        };
        self.faults.iter().map(bit).sum()
    }

    /// ERROR as the faults leave it.
    fn reasons(&self, error: u32) -> u32 {
        self.faults.iter().fold(error, |error, fault| match fault {
            Fault::NoReason(never) => error & !never,
            _ => error,
        })
    }

    fn rules(&self) -> u32 {
        let planted = self.faults.iter().map(|fault| match fault {
            Fault::Rule(bit) => 1 << bit,
            _ => 0,
        });
        planted.sum()
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// A word of any page; 0 when refused.
    fn access(&mut self, word: u32, write: Option<u32>, crc: u32) -> Result<u32, DutError> {
        let answer = match word {
            0..0x4000 => self.macro_access(4 * word, write)?,
            0x4000..0x8000 => self.board_access(4 * word, write, crc),
            _ => None,
        };
        if answer.is_none() && !self.has(Fault::UncountedRefusals) {
            self.refused += 1;
        }
        Ok(answer.unwrap_or(0))
    }

    /// A byte from the host.
    fn byte(&mut self, byte: u8) -> Result<(), DutError> {
        self.pass(10 * CLOCKS_PER_BIT)?;
        if self.frame.bytes.is_empty() && byte != 1 && byte != 2 {
            return Ok(());
        }
        self.frame.bytes.push(byte);
        self.crc.update(&[byte]);
        let bytes = &self.frame.bytes;
        let Some((&[command, length, a, b, c, d], data)) = bytes.split_first_chunk() else {
            return Ok(());
        };
        let (length, first) = (usize::from(length), u32::from_be_bytes([a, b, c, d]));
        if length == 0 {
            return self.drop_frame();
        }
        if command == 2 {
            self.frame = Frame::default();
            return self.answer(first, length);
        }
        let words = data.len() / 4;
        let (&[], Some(word)) = (data.as_chunks::<4>().1, data.as_chunks::<4>().0.last()) else {
            return Ok(());
        };
        let word = u32::from_be_bytes(*word);
        if words == length {
            self.frame = Frame::default();
        }
        self.access(first.wrapping_add(words as u32 - 1), Some(word), 0)?;
        Ok(())
    }

    fn answer(&mut self, first: u32, words: usize) -> Result<(), DutError> {
        let crc = self.crc.sum();
        for i in 0..words as u32 {
            let word = self.access(first.wrapping_add(i), None, crc)?;
            self.crc.update(&word.to_be_bytes());
            self.answers.extend(word.to_be_bytes());
            self.pass(40 * CLOCKS_PER_BIT)?;
        }
        Ok(())
    }

    fn drop_frame(&mut self) -> Result<(), DutError> {
        self.frame = Frame::default();
        self.dropped += 1;
        Ok(())
    }

    /// The line was idle for long.
    fn time_out(&mut self) -> Result<(), DutError> {
        self.pass(1 << TIMEOUT_LOG2)?;
        if !self.frame.bytes.is_empty() && !self.has(Fault::NoTimeout) {
            self.drop_frame()?;
        }
        Ok(())
    }
}

impl Port for Simulation {
    fn send(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        bytes.iter().try_for_each(|&byte| self.byte(byte)).map_err(stopped)
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Result<(), PortError> {
        let expected = bytes.len();
        if self.answers.len() < expected {
            self.time_out().map_err(stopped)?;
            let received = self.answers.len();
            self.answers.clear();
            return Err(PortError::Silent { received, expected });
        }
        bytes.iter_mut().zip(self.answers.drain(..expected)).for_each(|(to, byte)| *to = byte);
        Ok(())
    }

    fn send_break(&mut self) -> Result<(), PortError> {
        self.framing += 1;
        if !self.frame.bytes.is_empty() {
            self.drop_frame().map_err(stopped)?;
        }
        self.pass(20 * CLOCKS_PER_BIT).map_err(stopped)
    }

    fn rest(&mut self) -> Result<(), PortError> {
        self.time_out().map_err(stopped)?;
        self.answers.clear();
        Ok(())
    }

    fn cycles(&self) -> Option<u64> {
        Some(self.cycles)
    }
}

fn stopped(error: DutError) -> PortError {
    PortError::Line { name: "simulation".into(), source: std::io::Error::other(error.to_string()) }
}

/// What certain tables of a plan make of the emulator.
fn emulated(plan: &Plan, ideal: bool) -> Result<Emulated, CheckError> {
    let tables: Tables = plan.tables(ideal)?;
    let mut config = if ideal { plan.ideal.clone() } else { plan.config.clone() };
    config.analog = tables.analog(&config.analog);
    Ok(Emulated {
        words: super::host::table_words(&tables).collect(),
        lambda: tables.lambda(),
        config,
        chip: Arc::new(tables.chip()),
    })
}

/// Noise in 2^-20 V.
fn plant(emulated: &Emulated, noise: u16) -> Plant {
    let Config { geometry, mut analog, timing, .. } = emulated.config;
    analog.comparator_noise.on = noise > 0;
    analog.comparator_noise.sigma_mv = f64::from(noise) * 1e3 / f64::from(1 << 20);
    Plant::new(geometry, analog, timing.period_s(), emulated.chip.clone(), 0, 0)
}
