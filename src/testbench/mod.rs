//! RTL, plant, reference and checker in closed loop behind a blocking host interface: what one
//! writes testbenches with.
//!
//! Every method that takes simulated time runs cycle by cycle with everything compared; after it,
//! [`Testbench::verdict`] says what was found so far.

mod bus;
mod emulation;
mod monitor;
mod voltages;

pub use bus::{Answer, Request};

use crate::compare::Checker;
use crate::config::{
    Config, Geometry, PLANES, Problem, Pulses, Range, Timing, WORD_BITS, WeightFormat,
};
use crate::dut::{Dut, DutError};
use crate::energy::{Activity, Observer};
use crate::fpga::registers as board;
use crate::fpga::tables::{Tables, TablesError};
use crate::golden::chip::Chip;
use crate::golden::plant::Plant;
use crate::golden::reference::{Counters, Reference};
use crate::pins::{Drive, Pins, SLICE_WORDS, control};
use crate::registers as reg;
use crate::transaction::{Operation, Requantize, digit_vectors};
use bitvec::{order::Lsb0, vec::BitVec};
use bus::Bus;
use emulation::Emulation;
use monitor::Monitor;
use std::ops;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use voltages::Voltages;

/// What can end a run early. A mismatch does not: it is a result.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The RTL stopped or its waves cannot be written.
    #[error(transparent)]
    Dut(#[from] DutError),
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] Box<Problem>),
    /// The emulator can not be this chip.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// The macro refused a request that a correct host would not make.
    #[error("the macro refused {action} address {address:#06x} in cycle {cycle}: {reasons}", action = if *.write { "a write to" } else { "a read of" })]
    Refused {
        /// Byte address.
        address: u32,
        /// Whether it was a write.
        write: bool,
        /// Cycle of the answer.
        cycle: u64,
        /// Names of the sticky error bits.
        reasons: String,
    },
    /// No answer, or never idle again.
    #[error("the macro is stuck: {what} for {cycles} cycles, since cycle {since}")]
    Stuck {
        /// What was waited for.
        what: &'static str,
        /// How long.
        cycles: u64,
        /// When the wait began.
        since: u64,
    },
    /// A value that the macro has no room for.
    #[error("{what} {value} at {place}: allowed is {allowed}")]
    Value {
        /// Kind of value.
        what: &'static str,
        /// The value.
        value: i64,
        /// Where it stands.
        place: String,
        /// What would have been right.
        allowed: String,
    },
}

impl BenchError {
    /// Whether the macro is at fault: it stopped, hangs or refuses what it must accept.
    pub fn blames_macro(&self) -> bool {
        matches!(self, Self::Dut(DutError::Stopped(_)) | Self::Refused { .. } | Self::Stuck { .. })
    }
}

/// Longest wait for an answer or for the end of all work, in cycles.
const PATIENCE: u64 = 1 << 20;
/// Conversion steps of the waves that are marked.
const MARKED_STEPS: usize = 20;
/// Stands for the code of a slice that was off.
const NO_CODE: u8 = 255;
/// Cycles the reset is held.
const RESET_CYCLES: usize = 2;

/// Which chip, and which noise it sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Seed of the population and of the noise.
    pub seed: u64,
    /// Number of the chip in the population.
    pub chip: u64,
}

/// A macro in closed loop with its plant, checked by the reference.
pub struct Testbench {
    geometry: Geometry,
    period_s: f64,
    dut: Dut,
    plant: Plant,
    reference: Reference,
    checker: Checker,
    bus: Bus,
    monitor: Monitor,
    emulation: Option<Box<Emulation>>,
    drive: Drive,
    pins: Pins,
    answered: bool,
    latched: bool,
    cycle: u64,
    voltages: Option<Voltages>,
    observer: Option<Box<Observer>>,
    recording: Option<Vec<Drive>>,
    codes: Option<Vec<Vec<u8>>>,
    steps: Vec<u64>,
    scheduled_waves: Option<(PathBuf, ops::Range<u64>)>,
}

impl Testbench {
    /// The macro of a configuration, out of reset, with the pulse widths of the configuration.
    pub fn new(config: &Config, sample: Sample) -> Result<Self, BenchError> {
        let mut bench = Self::unstarted(config, sample, Dut::of_macro(&config.geometry)?)?;
        bench.start(&config.timing.pulses, 0)?;
        Ok(bench)
    }

    /// The same with a model of one's own, before its reset: [`start`](Self::start) it.
    pub fn unstarted(config: &Config, sample: Sample, dut: Dut) -> Result<Self, BenchError> {
        config.validate().map_err(Box::new)?;
        Ok(Self::build(config, sample, dut))
    }

    /// The macro with its analog side emulated as on an FPGA, out of reset: `docs/fpga.md`, section 3.
    /// Plant and reference have the chip that the emulator's tables are, and follow it. Decisions
    /// whose margin is lost in its rounding are adopted and counted; its voltages are compared too.
    pub fn emulated(config: &Config, sample: Sample) -> Result<Self, BenchError> {
        let mut bench = Self::unstarted_emulated(config, sample)?;
        bench.start(&config.timing.pulses, 0)?;
        Ok(bench)
    }

    /// The same before its reset: [`start`](Self::start) it.
    pub fn unstarted_emulated(config: &Config, sample: Sample) -> Result<Self, BenchError> {
        config.validate().map_err(Box::new)?;
        let (emulation, config) = Emulation::new(config, sample)?;
        let chip = Arc::new(emulation.tables().chip());
        let mut bench = Self::with_chip(&config, sample, Dut::emulated()?, chip);
        bench.reference.set_marginal(emulation.tables().bound_v());
        bench.emulation = Some(Box::new(emulation));
        Ok(bench)
    }

    fn build(config: &Config, sample: Sample, dut: Dut) -> Self {
        let Config { geometry, analog, .. } = *config;
        let chip = Chip::draw(&geometry, &analog, sample.seed, sample.chip);
        Self::with_chip(config, sample, dut, Arc::new(chip))
    }

    fn with_chip(config: &Config, sample: Sample, dut: Dut, chip: Arc<Chip>) -> Self {
        let Config { geometry, analog, timing, .. } = *config;
        let Sample { seed, chip: number } = sample;
        let period_s = timing.period_s();
        let reset_timing = Timing { pulses: Pulses::SHORTEST, ..timing };
        Self {
            geometry,
            period_s,
            dut,
            plant: Plant::new(geometry, analog, period_s, chip.clone(), seed, number),
            reference: Reference::new(geometry, analog, reset_timing, chip, seed, number),
            checker: Checker::new(period_s, geometry.columns_per_slice),
            bus: Bus::default(),
            monitor: Monitor::new(geometry, Pulses::SHORTEST),
            emulation: None,
            drive: Drive::default(),
            pins: Pins::default(),
            answered: false,
            latched: false,
            cycle: 0,
            voltages: None,
            observer: None,
            recording: None,
            codes: None,
            steps: vec![],
            scheduled_waves: None,
        }
    }

    /// Resets the macro and sets its pulse widths. `mutant` selects a planted bug of the model
    /// `mutants`.
    pub fn start(&mut self, pulses: &Pulses, mutant: u8) -> Result<(), BenchError> {
        self.reset(mutant)?;
        self.set_pulses(pulses)
    }

    fn reset(&mut self, mutant: u8) -> Result<(), BenchError> {
        self.bus.reset(&mut self.drive);
        self.drive.bus |= u32::from(mutant) << 8;
        for _ in 0..RESET_CYCLES {
            self.tick()?;
        }
        self.bus.release(&mut self.drive);
        if let Some(emulation) = &self.emulation {
            for (address, data) in emulation.settings() {
                self.board(Request::write(address, data))?;
            }
        }
        self.dut.restart_clock();
        self.drive.bus |= u32::from(mutant) << 8;
        self.cycle()
    }

    fn tick(&mut self) -> Result<(), BenchError> {
        if let Some(recording) = &mut self.recording {
            recording.push(self.drive);
        }
        Ok(self.dut.tick(&self.drive, &mut self.pins)?)
    }

    /// One phase-clock cycle of everything, compared.
    #[inline]
    pub fn cycle(&mut self) -> Result<(), BenchError> {
        if self.scheduled_waves.is_some() {
            self.scheduled()?;
        }
        self.tick()?;
        if let Some(observer) = &mut self.observer {
            observer.observe(&self.pins);
        }
        if self.answered {
            self.bus.finish(&mut self.drive);
            self.answered = false;
        }
        let response = self.plant.react(&self.pins);
        self.drive.read_data = response.read_data;
        self.drive.comparators = match &mut self.emulation {
            None => response.comparators,
            Some(emulation) => emulation.observe(&self.dut, &self.pins),
        };
        if self.voltages.is_some() {
            self.observe_volts();
        }
        if let Some((request, answer)) = self.bus.answer(&self.pins) {
            self.answered = true;
            if matches!(answer, Answer::Ack(_)) {
                self.monitor.accepted(&mut self.reference, self.cycle, request);
            }
        }
        self.keep_code();
        self.reference.advance();
        self.compare();
        if let Some(voltages) = &self.voltages {
            self.dut.set_volts(voltages.rows());
            if self.pins.is(control::RESET) && self.steps.len() < MARKED_STEPS {
                self.steps.push(self.cycle);
            }
        }
        self.cycle += 1;
        Ok(())
    }

    #[inline]
    fn compare(&mut self) {
        let expected = self.reference.expected();
        self.checker.pins(expected, &self.pins);
        let Some(event) = expected.event else { return };
        let bit_lines = [self.plant.bit_line(0), self.plant.bit_line(1)];
        self.checker.nodes(&self.reference, event.pulse, bit_lines);
        if let Some(emulation) = &self.emulation
            && Emulation::has(event.pulse)
        {
            let bound = emulation.tables().bound_v();
            self.checker.emulated(&self.reference, event.pulse, emulation.volts(), bound);
        }
        let golden = [0, 1].map(|side| self.reference.mac_mean(event.pulse, side));
        if let [Some(p), Some(n)] = golden {
            let names = ["mac_mean_p", "mac_mean_n"];
            self.checker.volts(names, expected, [p, n], self.plant.mac_means());
        }
        if event.decision().is_some()
            && let Err(found) = self.reference.decide(&self.drive.comparators)
        {
            self.checker.decision(self.reference.expected(), &found);
        }
        if let Some(voltages) = &mut self.voltages {
            voltages.golden(&self.reference, event.pulse);
        }
    }

    /// The voltages that the waves show as observed: the plant's, or the emulator's.
    fn observe_volts(&mut self) {
        let bit_lines = match &self.emulation {
            None => [self.plant.bit_line(0), self.plant.bit_line(1)],
            Some(emulation) => emulation.volts(),
        };
        if let Some(voltages) = &mut self.voltages {
            voltages.observe(bit_lines);
        }
    }

    /// A step's codes, once, in the first cycle of its LATCH.
    #[inline]
    fn keep_code(&mut self) {
        let latch = self.pins.is(control::LATCH);
        if latch
            && !self.latched
            && let Some(codes) = &mut self.codes
        {
            let pins = &self.pins;
            let code = |slice| {
                if Pins::slice_bit(&pins.slice_active, slice) { pins.code(slice) } else { NO_CODE }
            };
            codes.push((0..self.geometry.slices()).map(code).collect());
        }
        self.latched = latch;
    }

    /// An access to the page of the board around an emulated macro, `rtl/fpga/registers.yaml`, which
    /// must be idle. It takes none of the macro's cycles: nothing is compared.
    pub fn board(&mut self, request: Request) -> Result<u32, BenchError> {
        if self.answered {
            self.cycle()?; // as for any transfer
        }
        let resting = self.drive;
        self.drive.bus |= bus::request_bits(request);
        (self.drive.address, self.drive.data) = (request.address, request.write.unwrap_or(0));
        let mut pins = self.pins;
        let mut waited = 0;
        while pins.bus == 0 || waited == 0 {
            self.dut.tick(&self.drive, &mut pins)?;
            waited += 1;
            if waited > PATIENCE {
                let what = "no answer from the board's page";
                return Err(BenchError::Stuck { what, cycles: PATIENCE, since: self.cycle });
            }
        }
        self.drive = resting;
        Ok(pins.bus_data)
    }

    /// Writes a word of the emulator's tables, by its index: another than the chip's, to see what it
    /// does.
    pub fn write_table(&mut self, index: usize, word: u16) -> Result<(), BenchError> {
        let address = board::EMULATOR_TABLE + 4 * index as u32;
        self.board(Request::write(address, word.into())).map(drop)
    }

    /// A bus transfer, answered or given up on.
    pub fn transfer(&mut self, request: Request) -> Result<Answer, BenchError> {
        if self.answered {
            self.cycle()?; // the last request stays on the bus for the cycle of its answer
        }
        self.bus.start(request, &mut self.drive);
        // What is driven now is seen in the cycle that has just been compared.
        self.monitor.requested(&mut self.reference, self.cycle - 1, request);
        let since = self.cycle;
        while self.cycle - since < PATIENCE {
            self.cycle()?;
            if let Some((_, answer)) = self.bus.answer(&self.pins) {
                return Ok(answer);
            }
        }
        Err(BenchError::Stuck { what: "no answer on the bus", cycles: PATIENCE, since })
    }

    /// Writes a word that the macro must accept.
    pub fn write(&mut self, address: u32, data: u32) -> Result<(), BenchError> {
        self.demand(Request::write(address, data)).map(drop)
    }

    /// Reads a word that the macro must give.
    pub fn read(&mut self, address: u32) -> Result<u32, BenchError> {
        self.demand(Request::read(address))
    }

    fn demand(&mut self, request: Request) -> Result<u32, BenchError> {
        match self.transfer(request)? {
            Answer::Ack(data) => Ok(data),
            Answer::Err => {
                let cycle = self.cycle - 1;
                let write = request.write.is_some();
                Err(BenchError::Refused {
                    address: request.address,
                    write,
                    cycle,
                    reasons: self.reasons()?,
                })
            }
        }
    }

    fn reasons(&mut self) -> Result<String, BenchError> {
        let Answer::Ack(bits) = self.transfer(Request::read(reg::ERROR))? else {
            return Ok("ERROR cannot be read".into());
        };
        let names = reg::error::NAMES.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
        Ok(names.map(|(_, name)| *name).collect::<Vec<_>>().join(", "))
    }
}

/// The macro as its host uses it.
impl Testbench {
    /// Sets every pulse width and gap.
    pub fn set_pulses(&mut self, pulses: &Pulses) -> Result<(), BenchError> {
        let mut all = *pulses;
        for (i, pulse) in all.all_mut().into_iter().enumerate() {
            self.write(reg::TIMING_RESET + 4 * i as u32, pulse.width | pulse.gap << 8)?;
        }
        Ok(())
    }

    /// Lets these slices convert, one bit each, and no others.
    pub fn set_slice_enable(&mut self, slices: [u32; SLICE_WORDS]) -> Result<(), BenchError> {
        let words = self.geometry.slices().div_ceil(32);
        let mut words = slices.iter().take(words).enumerate();
        words.try_for_each(|(i, &w)| self.write(reg::SLICE_ENABLE0 + 4 * i as u32, w))
    }

    /// Writes one word (32 columns) of a physical row.
    pub fn write_row(&mut self, row: usize, word: usize, data: u32) -> Result<(), BenchError> {
        self.write(self.sram_address(row, word), data)
    }

    /// Reads one word of a physical row, compared with what was written.
    pub fn read_row(&mut self, row: usize, word: usize) -> Result<u32, BenchError> {
        let address = self.sram_address(row, word);
        let data = self.read(address)?;
        let expected = self.monitor.expected_read;
        self.checker.word(
            format!("sram row {row} word {word}"),
            self.cycle,
            expected.into(),
            data.into(),
        );
        Ok(data)
    }

    fn sram_address(&self, row: usize, word: usize) -> u32 {
        reg::SRAM + 4 * (row * self.geometry.words_per_row() + word) as u32
    }

    /// Stores the weights of a plane, `[mac row][output]`, through the host bus.
    pub fn load_plane(
        &mut self,
        plane: usize,
        format: WeightFormat,
        weights: &[Vec<i8>],
    ) -> Result<(), BenchError> {
        if plane >= PLANES || weights.len() > self.geometry.mac_rows {
            let allowed = format!("0..={} with up to {} rows", PLANES - 1, self.geometry.mac_rows);
            return Err(Self::value("plane", plane as i64, "weights", allowed));
        }
        for (m, row) in weights.iter().enumerate() {
            let words = self.row_words(plane, format, m, row)?;
            for (word, &data) in words.iter().enumerate() {
                self.write_row(8 * m + plane, word, data)?;
            }
        }
        Ok(())
    }

    /// The words of the row that holds these weights.
    fn row_words(
        &self,
        plane: usize,
        format: WeightFormat,
        mac_row: usize,
        weights: &[i8],
    ) -> Result<Vec<u32>, BenchError> {
        let g = &self.geometry;
        let slices = g.slices();
        let mut cells: BitVec<u32, Lsb0> = BitVec::repeat(false, WORD_BITS * g.words_per_row());
        for (j, &weight) in weights.iter().enumerate() {
            let place = || format!("plane {plane}, MAC row {mac_row}, output {j}");
            if j >= g.units(format) * slices {
                let allowed =
                    format!("{} outputs of {format:?} in this geometry", g.units(format) * slices);
                return Err(BenchError::Value {
                    what: "weight",
                    value: weight.into(),
                    place: place(),
                    allowed,
                });
            }
            if !format.holds(weight) {
                let (low, high) = format.weight_range();
                let allowed = format!("{low}..={high} for {format:?}");
                return Err(BenchError::Value {
                    what: "weight",
                    value: weight.into(),
                    place: place(),
                    allowed,
                });
            }
            let first = g.columns_per_slice * (j % slices) + format.columns() * (j / slices);
            for (i, bit) in format.bits(weight).into_iter().enumerate() {
                cells.set(first + i, bit);
            }
        }
        Ok(cells.into_vec())
    }

    fn value(what: &'static str, value: i64, place: &str, allowed: String) -> BenchError {
        BenchError::Value { what, value, place: place.into(), allowed }
    }

    fn check_output(&self, bank: u8, outputs: usize) -> Result<(), BenchError> {
        if bank > 1 {
            return Err(Self::value("bank", bank.into(), "a host access", "0..=1".into()));
        }
        if outputs > self.geometry.columns {
            let allowed = format!("up to {} outputs", self.geometry.columns);
            return Err(Self::value("outputs", outputs as i64, "a host access", allowed));
        }
        Ok(())
    }

    fn check_activations(&self, slot: u8, values: &[u8], bits: u8) -> Result<(), BenchError> {
        if !(1..=8).contains(&bits) {
            return Err(Self::value("width", bits.into(), "activations", "1..=8 bits".into()));
        }
        if usize::from(slot) + usize::from(bits > 4) > 15 {
            let allowed = "0..=15, room for two slots if wider than 4 bits".into();
            return Err(Self::value("slot", slot.into(), "activations", allowed));
        }
        if values.len() != self.geometry.mac_rows {
            let allowed = format!("{}, one per MAC row", self.geometry.mac_rows);
            return Err(Self::value("length", values.len() as i64, "activations", allowed));
        }
        let top = u8::MAX >> (8 - bits);
        match values.iter().position(|&x| x > top) {
            None => Ok(()),
            Some(m) => {
                let place = format!("activations, MAC row {m}");
                Err(Self::value("value", values[m].into(), &place, format!("0..={top}")))
            }
        }
    }

    /// Loads an activation vector, one value per MAC row, into a slot (two slots if it takes two
    /// passes).
    pub fn activate(&mut self, slot: u8, activations: &[u8], bits: u8) -> Result<(), BenchError> {
        let words = self.activation_words(slot, activations, bits)?;
        words.into_iter().try_for_each(|(address, data)| self.write(address, data))
    }

    /// What [`activate`](Self::activate) writes: addresses and words.
    pub fn activation_words(
        &self,
        slot: u8,
        activations: &[u8],
        bits: u8,
    ) -> Result<Vec<(u32, u32)>, BenchError> {
        self.check_activations(slot, activations, bits)?;
        let mut words = vec![];
        for (digits, slot) in digit_vectors(activations, bits).iter().zip(u32::from(slot)..) {
            for (word, chunk) in (0..).zip(digits.chunks(8)) {
                let data = chunk.iter().rev().fold(0, |data, &x| data << 4 | u32::from(x & 15));
                words.push((reg::ACTIVATION + 4 * (8 * slot + word), data));
            }
        }
        Ok(words)
    }

    /// Queues an operation, waiting on the bus while the queue is full.
    pub fn operate(&mut self, operation: &Operation) -> Result<(), BenchError> {
        self.write(reg::OPERATION_WAIT, operation.encode())
    }

    /// Runs until nothing is under way.
    pub fn wait_idle(&mut self) -> Result<(), BenchError> {
        let since = self.cycle;
        // Busy shows one cycle after the operation was accepted at the earliest.
        self.cycle()?;
        while self.pins.is(control::BUSY) {
            if self.cycle - since > PATIENCE {
                return Err(BenchError::Stuck { what: "still busy", cycles: PATIENCE, since });
            }
            self.cycle()?;
        }
        Ok(())
    }

    /// Runs until `count` operations have been finished since the counters were cleared, results
    /// and all.
    pub fn wait_operations(&mut self, count: u64) -> Result<(), BenchError> {
        self.wait_latched(count as u32)?;
        // Counted when the last codes are latched; the lanes take a while longer.
        (0..self.lane_cycles()).try_for_each(|_| self.cycle())
    }

    /// Runs until the last codes of `count` operations are latched, as the counter of 32 bits has it.
    pub fn wait_latched(&mut self, count: u32) -> Result<(), BenchError> {
        let since = self.cycle;
        while count.wrapping_sub(self.read(reg::OPERATIONS)?) as i32 > 0 {
            if self.cycle - since > PATIENCE {
                let what = "operation not finished";
                return Err(BenchError::Stuck { what, cycles: PATIENCE, since });
            }
        }
        Ok(())
    }

    /// Cycles after which latched codes are in the results for certain.
    pub fn lane_cycles(&self) -> u64 {
        self.geometry.slices_per_lane() as u64 + 8
    }

    /// Reads accumulators, compared with the reference; they must be of a finished operation.
    pub fn accumulators(&mut self, bank: u8, outputs: usize) -> Result<Vec<i32>, BenchError> {
        self.check_output(bank, outputs)?;
        (0..outputs).map(|j| self.accumulator(bank, j)).collect()
    }

    /// Reads one accumulator, compared with the reference.
    pub fn accumulator(&mut self, bank: u8, output: usize) -> Result<i32, BenchError> {
        let address = reg::ACCUMULATOR + 4 * (128 * u32::from(bank) + output as u32);
        let sum = self.read(address)? as i32;
        let expected = self.reference.accumulator(bank.into(), output);
        self.checker.word(
            format!("accumulator {output} of bank {bank}"),
            self.cycle,
            expected.into(),
            sum.into(),
        );
        Ok(sum)
    }

    /// Reads requantized results of these outputs, compared with the reference: only the words that
    /// hold them.
    pub fn results(
        &mut self,
        bank: u8,
        outputs: ops::Range<usize>,
        requantize: Requantize,
    ) -> Result<Vec<u8>, BenchError> {
        self.check_output(bank, outputs.end)?;
        let width = if requantize.bits > 4 { 8 } else { 4 };
        let per_word = 32 / width as usize;
        let mut results = Vec::with_capacity(outputs.len());
        let mut word = 0;
        for j in outputs.clone() {
            let field = j % per_word;
            if field == 0 || j == outputs.start {
                let index = 32 * u32::from(bank) + (j / per_word) as u32;
                word = self.read(reg::RESULT + 4 * index)?;
            }
            let q = word >> (width * field as u32) & ((1 << width) - 1);
            let expected = self.reference.requantized(bank.into(), j);
            let name = format!("result {j} of bank {bank}");
            self.checker.word(name, self.cycle, expected.into(), q.into());
            results.push(q as u8);
        }
        Ok(results)
    }

    /// Sets the layer's requantization.
    pub fn set_requantize(&mut self, requantize: Requantize) -> Result<(), BenchError> {
        if !(1..=8).contains(&requantize.bits) || requantize.shift > 31 {
            let allowed = format!("1..=8 bits and shift 0..=31, not {}", requantize.shift);
            return Err(Self::value("bits", requantize.bits.into(), "requantization", allowed));
        }
        self.write(
            reg::REQUANT,
            u32::from(requantize.shift) | (u32::from(requantize.bits) - 1) << 8,
        )
    }

    /// Sets multiplier and bias of an output.
    pub fn set_output(
        &mut self,
        bank: u8,
        output: usize,
        multiplier: u8,
        bias: i32,
    ) -> Result<(), BenchError> {
        let index = 4 * (128 * u32::from(bank) + output as u32);
        self.write(reg::MULTIPLIER + index, multiplier.into())?;
        self.write(reg::BIAS + index, bias as u32)
    }

    /// Sets gain (128 = 1.0) and offset (in LSB / 16, times 16) of an ADC in a range.
    pub fn set_calibration(
        &mut self,
        range: Range,
        adc: usize,
        gain: u8,
        offset: i16,
    ) -> Result<(), BenchError> {
        let index = 4 * (128 * range.log2_inverse() + adc as u32);
        self.write(reg::CALIBRATION + index, u32::from(gain) | (offset as u32 & 0x3ff) << 16)
    }

    /// Sets one entry of the master curve, in sixteenths of an LSB.
    pub fn set_master(&mut self, index: usize, value: i8) -> Result<(), BenchError> {
        self.write(reg::MASTER + 4 * index as u32, value as u8 as u32)
    }

    /// Makes calibration neutral: gain 1.0, no offset, flat master curve. The tables hold nothing
    /// of use after power-up.
    pub fn neutral_calibration(&mut self) -> Result<(), BenchError> {
        for range in Range::ALL {
            for adc in 0..self.geometry.slices() {
                self.set_calibration(range, adc, 128, 0)?;
            }
        }
        (0..128).try_for_each(|index| self.set_master(index, 0))
    }

    /// Reads the performance counters, compared with the reference; only while idle.
    pub fn counters(&mut self) -> Result<Counters, BenchError> {
        Ok(Counters {
            cycles: self.counter("cycles", reg::CYCLES, |c| c.cycles)?.into(),
            stall_cycles: self.counter("stalls", reg::STALLS, |c| c.stall_cycles)?.into(),
            operations: self.counter("operations", reg::OPERATIONS, |c| c.operations)?.into(),
            conversions: self.counter("conversions", reg::CONVERSIONS, |c| c.conversions)?.into(),
            clipped: self.counter("clipped", reg::CLIPPED, |c| c.clipped)?.into(),
        })
    }

    /// Reads one performance counter of 32 bits, compared with the reference; only while idle.
    pub fn counter(
        &mut self,
        name: &str,
        address: u32,
        expected: impl Fn(&Counters) -> u64,
    ) -> Result<u32, BenchError> {
        let expected = expected(&self.reference.counters()) as u32;
        let value = self.read(address)?;
        self.checker.word(name.into(), self.cycle, expected.into(), value.into());
        Ok(value)
    }
}

/// Looking in from outside.
impl Testbench {
    /// What was compared and found so far.
    pub fn verdict(&self) -> &Checker {
        &self.checker
    }

    /// Makes an error that the macro is to blame for a finding.
    pub fn report_stop(&mut self, error: &BenchError) {
        let (signal, cycle) = match error {
            BenchError::Dut(_) => ("assertion", self.cycle),
            BenchError::Stuck { since, .. } => ("bus", *since),
            _ => ("bus", self.cycle - 1),
        };
        self.checker.stop(signal, cycle, error.to_string());
    }

    /// The tables of an emulated macro.
    pub fn tables(&self) -> Option<&Tables> {
        self.emulation.as_deref().map(Emulation::tables)
    }

    /// Cycles of the model's clock so far; an emulated macro takes many of them to a cycle.
    pub fn clock_cycles(&self) -> u64 {
        self.dut.clock_cycles()
    }

    /// Cycles since reset.
    pub fn now(&self) -> u64 {
        self.cycle
    }

    /// Pins of the last cycle.
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// The plant, to look at its rules or to plant faults.
    pub fn plant(&mut self) -> &mut Plant {
        &mut self.plant
    }

    /// The reference.
    pub fn reference(&mut self) -> &mut Reference {
        &mut self.reference
    }

    /// Numbers conversions from `index` on, in plant and reference: what a checkpoint restores.
    pub fn start_at_conversion(&mut self, index: u64) {
        self.plant.start_at_conversion(index);
        self.reference.start_at_conversion(index);
    }

    /// Writes an FST from the next cycle on.
    pub fn open_waves(&mut self, path: &Path) -> Result<(), BenchError> {
        self.dut.open_waves(path, self.period_s * 1e12)?;
        let bit_lines = match &self.emulation {
            None => [self.plant.bit_line(0), self.plant.bit_line(1)],
            Some(emulation) => emulation.volts(),
        };
        let voltages = Voltages::new(self.geometry.slices(), bit_lines);
        self.dut.set_volts(voltages.rows());
        self.voltages = Some(voltages);
        Ok(())
    }

    /// Ends the wave file.
    pub fn close_waves(&mut self) {
        self.dut.close_waves();
        self.voltages = None;
    }

    /// Writes an FST of some cycles to come.
    pub fn schedule_waves(&mut self, path: &Path, cycles: ops::Range<u64>) {
        self.scheduled_waves = Some((path.into(), cycles));
    }

    #[cold]
    fn scheduled(&mut self) -> Result<(), BenchError> {
        let Some((path, cycles)) = self.scheduled_waves.take() else { return Ok(()) };
        if self.cycle >= cycles.start && self.voltages.is_none() {
            self.open_waves(&path)?;
        }
        if self.cycle < cycles.end {
            self.scheduled_waves = Some((path, cycles));
        } else {
            self.close_waves();
        }
        Ok(())
    }

    /// Cycles of the first RESET pulses in the waves.
    pub fn traced_steps(&self) -> &[u64] {
        &self.steps
    }

    /// Keeps the codes of every conversion step from here on.
    pub fn keep_codes(&mut self) {
        self.codes = Some(vec![]);
    }

    /// The codes as the RTL produced them, `[conversion step][slice]`; 255 where a slice was off.
    pub fn kept_codes(&mut self) -> Vec<Vec<u8>> {
        self.codes.take().unwrap_or_default()
    }

    /// Counts what costs energy on the pins, from zero and from the next cycle on.
    pub fn observe_activity(&mut self) {
        self.observer = Some(Box::new(Observer::new(&self.geometry, self.pins)));
    }

    /// What was counted since [`observe_activity`](Self::observe_activity).
    pub fn activity(&self) -> Option<&Activity> {
        self.observer.as_deref().map(Observer::activity)
    }

    /// Keeps a copy of every drive from here on, for a replay on the bare model.
    pub fn record(&mut self) {
        self.recording = Some(vec![]);
    }

    /// The drives since [`record`](Self::record).
    pub fn recorded(&mut self) -> Vec<Drive> {
        self.recording.take().unwrap_or_default()
    }
}
