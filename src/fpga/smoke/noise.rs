//! The noise of the decisions, exactly. Gains and injection charges are 0, so that nothing but offsets
//! and noise decides, and every decision must be that of the same generator in software. Since its draws
//! are known before, the offsets make one decision of every slice so close that the least error of the
//! noise turns it.

use super::work::{self, Draws};
use super::{CheckError, Difference, Finding, Plan};
use crate::config::{ADC_BITS, Range, WeightFormat};
use crate::fpga::host::{Board, HostError, table_words};
use crate::fpga::noise::{Decider, Noise, OFFSET_UNITS};
use crate::fpga::predict::Predictor;
use crate::fpga::registers as board_regs;
use crate::fpga::tables::offset_index;
use crate::infer;
use crate::transaction::Operation;
use std::collections::BTreeMap;

/// Values of NOISE: every bit alone, so that each keeps the noise from being off, and some together.
fn sigmas() -> impl Iterator<Item = u16> {
    (0..16).map(|bit| 1 << bit).chain([0x5a96, 0x2569])
}

/// Outputs that are read where only the seed is asked for: 28 decisions. [C]
const FEW: usize = 4;

pub fn run(plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    let g = plan.config.geometry;
    let zeros = table_words(&plan.tables(true)?).map(|(address, _)| (address, 0)).collect();
    Ok(board.attempt(|board| {
        board.prepare(&plan.config.timing.pulses)?;
        board.load_calibration(&infer::Tables::neutral(&g))?;
        board.load_entries(&zeros)?;
        let mut draws = Draws::new(plan, 4);
        let mut decisions = 0;
        for sigma in sigmas() {
            let (operation, seed) = (operation(draws.bits(), 2), draws.bits());
            let setting = Setting::close(sigma, seed, &operation, g.slices());
            setting.load(board)?;
            match setting.run(board, &operation, seed, usize::MAX)? {
                Ok(some) => decisions += some,
                Err(difference) => return Ok(Err(difference)),
            }
        }
        // 0 counts as 1, and every bit keeps a seed from being 0.
        let setting = Setting { sigma: 880, offsets: vec![0; g.slices()] };
        setting.load(board)?;
        for seed in std::iter::once(0).chain((0..32).map(|bit| 1 << bit)) {
            match setting.run(board, &operation(draws.bits(), 1), seed, FEW)? {
                Ok(some) => decisions += some,
                Err(difference) => return Ok(Err(difference)),
            }
        }
        board.untroubled()?;
        Ok(Ok(format!("{decisions} decisions")))
    })?)
}

/// One conversion a unit; of what makes no difference. Without a sum of digits in its result.
fn operation(bits: u32, units: u8) -> Operation {
    Operation {
        plane: (bits & 7) as u8,
        format: WeightFormat::Diff1,
        activation_bits: 1,
        range: Range::Full,
        level: (bits >> 3 & 15) as u8,
        slot: (bits >> 7 & 15) as u8,
        units,
        clear: true,
        emit: false,
        bank: (bits >> 11 & 1) as u8,
    }
}

/// What the decisions depend on but for the seed.
struct Setting {
    sigma: u16,
    offsets: Vec<i16>,
}

impl Setting {
    /// Offsets that make one decision of every slice a close one, either way in turn.
    fn close(sigma: u16, seed: u32, operation: &Operation, slices: usize) -> Self {
        let strobes = ADC_BITS * usize::from(operation.units);
        let mut noise = Noise::new(seed);
        let mut offsets = vec![0; slices];
        for strobe in 0..strobes {
            for (slice, offset) in offsets.iter_mut().enumerate() {
                let volts = noise.volts(sigma);
                if slice % strobes == strobe {
                    // The least offset that decides for P, or the next one below.
                    let least = -volts.div_euclid(OFFSET_UNITS);
                    let close = least - (slice / strobes % 2) as i64;
                    *offset = close.clamp(-32768, 32767) as i16;
                }
            }
        }
        Self { sigma, offsets }
    }

    fn load(&self, board: &mut Board) -> Result<(), HostError> {
        let address = |slice| board_regs::EMULATOR_TABLE + 4 * offset_index(slice) as u32;
        let offsets = self.offsets.iter().enumerate();
        let mut words: BTreeMap<u32, u32> =
            offsets.map(|(slice, &o)| (address(slice), u32::from(o as u16))).collect();
        words.insert(board_regs::NOISE, self.sigma.into());
        // They act on nothing here, but what takes one for NOISE must show.
        words.insert(board_regs::LAMBDA, (!self.sigma).into());
        words.insert(board_regs::SCRATCH, !u32::from(self.sigma));
        board.load_entries(&words)
    }

    /// Runs an operation and compares at most so many outputs; answers of how many decisions.
    fn run(
        &self,
        board: &mut Board,
        operation: &Operation,
        seed: u32,
        most: usize,
    ) -> Result<Result<usize, Difference>, HostError> {
        let words = BTreeMap::from([(board_regs::NOISE_SEED, seed)]);
        board.operate(&words, &[*operation])?;
        let slices = self.offsets.len();
        let outputs = most.min(usize::from(operation.units) * slices);
        let got = board.accumulators(operation.bank, 0..outputs)?;
        let decider = Decider::new(Noise::new(seed), self.offsets.clone(), self.sigma);
        let mut predictor = Predictor::noise(board.geometry(), decider);
        if let Err(error) = predictor.operate(operation) {
            return Ok(Err(Difference::new("the prediction", "possible", error)));
        }
        if let Some((output, expected)) = predictor.compare(operation.bank, &got) {
            let place = work::place(0, operation, output, slices);
            let place = format!("NOISE {:#06x}, NOISE_SEED {seed:#010x}, {place}", self.sigma);
            return Ok(Err(Difference::new(place, expected, got[output])));
        }
        Ok(Ok(outputs * ADC_BITS))
    }
}
