//! The noise of the decisions, exactly. Gains and injection charges are 0, so that nothing but offsets
//! and noise decides, and every decision must be that of the same generator in software.

use super::work::{self, Draws};
use super::{CheckError, Difference, Finding, Plan};
use crate::config::{ADC_BITS, Range, WeightFormat};
use crate::fpga::host::{Board, HostError, table_words};
use crate::fpga::noise::{Decider, Noise};
use crate::fpga::predict::Predictor;
use crate::fpga::registers as board_regs;
use crate::fpga::tables::offset_index;
use crate::infer;
use crate::transaction::Operation;
use std::collections::BTreeMap;

/// Values of NOISE: pairs in which every bit has both values, each bit once among the highest ones,
/// where it changes one decision in fifty. [C]
const SIGMAS: [u16; 6] = [0x0015, 0x002a, 0x0540, 0x0a80, 0x5000, 0xa000];

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
        for sigma in SIGMAS {
            let setting = Setting { sigma, offsets: offsets(sigma, g.slices()) };
            setting.load(board)?;
            let all = usize::MAX;
            match setting.run(board, &operation(draws.bits(), 2), draws.bits(), all)? {
                Ok(some) => decisions += some,
                Err(difference) => return Ok(Err(difference)),
            }
            if sigma != SIGMAS[SIGMAS.len() - 1] {
                continue;
            }
            // 0 counts as 1, and every bit keeps a seed from being 0.
            for seed in std::iter::once(0).chain((0..32).map(|bit| 1 << bit)) {
                match setting.run(board, &operation(draws.bits(), 1), seed, FEW)? {
                    Ok(some) => decisions += some,
                    Err(difference) => return Ok(Err(difference)),
                }
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

/// Two standard deviations either way; a unit of NOISE is half a unit of the offsets.
fn offsets(sigma: u16, slices: usize) -> Vec<i16> {
    let (middle, slices) = (slices as i32 / 2, slices as i32);
    let offset = |slice| (slice - middle) * 2 * i32::from(sigma) / slices;
    (0..slices).map(|slice| offset(slice).clamp(-32767, 32767) as i16).collect()
}

/// What the decisions depend on but for the seed.
struct Setting {
    sigma: u16,
    offsets: Vec<i16>,
}

impl Setting {
    fn load(&self, board: &mut Board) -> Result<(), HostError> {
        let address = |slice| board_regs::EMULATOR_TABLE + 4 * offset_index(slice) as u32;
        let offsets = self.offsets.iter().enumerate();
        let mut words: BTreeMap<u32, u32> =
            offsets.map(|(slice, &o)| (address(slice), u32::from(o as u16))).collect();
        words.insert(board_regs::NOISE, self.sigma.into());
        // Without a voltage it acts on nothing, but what takes it for NOISE must show.
        words.insert(board_regs::LAMBDA, (!self.sigma).into());
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
