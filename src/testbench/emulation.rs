//! The macro's emulated analog side in the closed loop: its tables, its voltages, its decisions.

use super::{BenchError, Sample};
use crate::config::Config;
use crate::dut::{Dut, DutError, EMULATED};
use crate::fpga::registers as board;
use crate::fpga::tables::Tables;
use crate::golden::chip::Chip;
use crate::golden::reference::Phase;
use crate::pins::{Pins, SLICE_WORDS, control};

/// Tables and voltages of an emulated macro.
pub struct Emulation {
    tables: Tables,
    v_low: f64,
    /// Bit lines of sides P and N, absolute, one per slice.
    volts: [Vec<f64>; 2],
}

impl Emulation {
    /// The emulator for a drawn chip of a configuration, and the configuration as it emulates it.
    pub fn new(config: &Config, sample: Sample) -> Result<(Self, Config), BenchError> {
        let Config { geometry, analog, .. } = *config;
        if geometry != EMULATED {
            return Err(DutError::NotEmulated { geometry, emulated: EMULATED }.into());
        }
        let chip = Chip::draw(&geometry, &analog, sample.seed, sample.chip);
        let tables = Tables::draw(&geometry, &analog, &chip)?;
        let config = Config { analog: tables.analog(&analog), ..config.clone() };
        let volts = [0, 1].map(|_| vec![analog.v_low; geometry.slices()]);
        Ok((Self { tables, v_low: analog.v_low, volts }, config))
    }

    /// What the emulator computes with.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// What the host writes before the macro's first cycle: addresses in the board's page, and data.
    pub fn settings(&self) -> Vec<(u32, u32)> {
        let words = self.tables.words().into_iter();
        let words = words.map(|(i, word)| (board::EMULATOR_TABLE + 4 * i as u32, word.into()));
        words.chain([(board::LAMBDA, self.tables.lambda().into())]).collect()
    }

    /// The emulator's answer to a cycle's pins.
    pub fn observe(&mut self, dut: &Dut, pins: &Pins) -> [u32; SLICE_WORDS] {
        if pins.is(control::SHARE) {
            let states = dut.states();
            for (slice, words) in states.chunks_exact(2).enumerate() {
                for (side, &word) in words.iter().enumerate() {
                    self.volts[side][slice] = self.v_low + self.tables.volts(word);
                }
            }
        } else if pins.is(control::RESET) {
            self.volts.iter_mut().for_each(|side| side.fill(self.v_low));
        }
        let mut comparators = [0; SLICE_WORDS];
        comparators[0] = pins.reserved;
        comparators
    }

    /// Bit lines of sides P and N.
    pub fn volts(&self) -> [&[f64]; 2] {
        [&self.volts[0], &self.volts[1]]
    }

    /// Whether the emulator has a voltage of its own at the end of a pulse.
    pub fn has(pulse: Phase) -> bool {
        matches!(pulse, Phase::Share | Phase::Strobe(_) | Phase::Inject(_) | Phase::Latch)
    }
}
