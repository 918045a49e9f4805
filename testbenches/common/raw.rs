//! The macro and its plant with nothing in between: a bus master of few lines for what the
//! testbench's own hides.

use capram::config::Config;
use capram::dut::Dut;
use capram::golden::chip::Chip;
use capram::golden::plant::Plant;
use capram::pins::{Drive, Pins};
use capram::testbench::{Answer, Request};
use std::sync::Arc;

const RST_N: u32 = 1;
/// Cycles without an answer after which a test gives up.
const PATIENCE: usize = 10_000;

/// A macro out of reset; its settings are those of the reset.
pub struct Raw {
    dut: Dut,
    pub plant: Plant,
    pub drive: Drive,
    pub pins: Pins,
}

impl Raw {
    /// The macro of a configuration.
    pub fn new(config: &Config) -> Self {
        let Config { geometry, analog, timing, .. } = *config;
        let chip = Arc::new(Chip::draw(&geometry, &analog, 1, 0));
        let plant = Plant::new(geometry, analog, timing.period_s(), chip, 1, 0);
        let dut = Dut::of_macro(&geometry).expect("a model of this geometry is built");
        let mut host = Self { dut, plant, drive: Drive::default(), pins: Pins::default() };
        host.cycle();
        host.drive.bus = RST_N;
        host.cycle();
        host
    }

    /// One cycle with whatever is on the bus.
    pub fn cycle(&mut self) {
        self.dut.tick(&self.drive, &mut self.pins).expect("no assertion fails");
        let response = self.plant.react(&self.pins);
        self.drive.read_data = response.read_data;
        self.drive.comparators = response.comparators;
    }

    /// A request from the cycle after it became visible to its answer, and the pins of every cycle
    /// in between; the bus is released with the edge after the answer.
    pub fn pins_of(&mut self, request: Request) -> Vec<Pins> {
        let write = u32::from(request.write.is_some()) << 3;
        self.drive.bus = RST_N | 1 << 1 | 1 << 2 | write | request.select << 4;
        self.drive.address = request.address;
        self.drive.data = request.write.unwrap_or(0);
        let mut passed = vec![];
        while passed.last().is_none_or(|pins: &Pins| pins.bus == 0) {
            assert!(passed.len() < PATIENCE, "no answer to {request:x?}");
            self.cycle();
            passed.push(self.pins);
        }
        self.cycle();
        self.drive.bus = RST_N;
        passed
    }

    /// A request and its answer; a write's data read is not looked at.
    pub fn transfer(&mut self, request: Request) -> Answer {
        let last = *self.pins_of(request).last().expect("at least the answer's cycle");
        match last.bus {
            1 => Answer::Ack(if request.write.is_some() { 0 } else { last.bus_data }),
            2 => Answer::Err,
            both => panic!("ack and err together: {both}"),
        }
    }

    /// Reads a word that the macro must give.
    pub fn read(&mut self, address: u32) -> u32 {
        match self.transfer(Request::read(address)) {
            Answer::Ack(data) => data,
            Answer::Err => panic!("a read of {address:#06x} is refused"),
        }
    }
}
