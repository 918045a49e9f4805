//! Calibration, master curve, requantization, both banks, against the golden reference.

use super::work::{self, Draws, Job};
use super::{CheckError, Difference, Finding, Plan};
use crate::config::Geometry;
use crate::fpga::host::{Board, HostError, activation_words};
use crate::fpga::predict::Predictor;
use crate::golden::ideal::{self, Calibration};
use crate::infer;
use crate::registers as reg;
use crate::transaction::Requantize;
use std::collections::BTreeMap;

/// Requantizations, one per layer: packed eight to a word, four to a word, rounded and not.
const LAYERS: [Requantize; 3] = [
    Requantize { shift: 12, bits: 4 },
    Requantize { shift: 9, bits: 8 },
    Requantize { shift: 0, bits: 1 },
];

/// Everything that the check loads.
struct Load {
    calibration: infer::Tables,
    /// Multipliers and biases, `[bank][output]`.
    outputs: [Vec<(u8, i32)>; 2],
    /// Jobs of a layer in pairs: the second adds to the first and emits.
    jobs: Vec<[Job; 2]>,
}

pub fn run(plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    let (tables, sram) = (plan.tables(false)?, work::sram(plan));
    let load = Load::new(plan);
    let fresh = Predictor::chip(&plan.config, &tables, &sram)
        .map_err(|error| CheckError::Plan(error.to_string()))?;
    Ok(board.attempt(|board| {
        let mut predictor = fresh.clone();
        predictor.calibrate(load.calibration.clone());
        board.prepare(&plan.config.timing.pulses)?;
        board.load_sram(&sram)?;
        board.load_tables(&tables)?;
        board.load_calibration(&load.calibration)?;
        board.write_all(&load.words())?;
        for (layer, jobs) in LAYERS.iter().zip(&load.jobs) {
            if let Err(difference) = load.layer(board, &mut predictor, *layer, jobs)? {
                return Ok(Err(difference));
            }
        }
        work::finish(board, &predictor, 2 * load.jobs.len())
    })?)
}

impl Load {
    fn new(plan: &Plan) -> Self {
        let g = &plan.config.geometry;
        let draws = &mut Draws::new(plan, 3);
        let calibration = calibration(g, draws);
        let output = |draws: &mut Draws| (draws.bits() as u8, draws.bits() as i32 >> 12);
        let outputs = [0, 1].map(|_| (0..g.columns).map(|_| output(draws)).collect());
        // The widest activations and every format in turn; the last ones stay over.
        let mut jobs = work::jobs(plan, draws, &[8, 4]);
        jobs.truncate(2 * LAYERS.len());
        let mut pairs = vec![];
        let mut jobs = jobs.into_iter();
        while let (Some(mut first), Some(mut second)) = (jobs.next(), jobs.next()) {
            let bank = (pairs.len() % 2) as u8;
            first.operation.bank = bank;
            first.operation.clear = true;
            let units = first.operation.units.min(second.operation.units);
            (first.operation.units, second.operation.units) = (units, units);
            second.operation.bank = bank;
            second.operation.clear = false;
            second.operation.emit = true;
            second.operation.slot = (first.operation.slot + 2) % 16;
            pairs.push([first, second]);
        }
        Self { calibration, outputs, jobs: pairs }
    }

    fn words(&self) -> BTreeMap<u32, u32> {
        let mut words = BTreeMap::new();
        for (bank, outputs) in (0..).zip(&self.outputs) {
            for (output, &(multiplier, bias)) in (0..).zip(outputs) {
                let index = 4 * (128 * bank + output);
                words.insert(reg::MULTIPLIER + index, multiplier.into());
                words.insert(reg::BIAS + index, bias as u32);
            }
        }
        words
    }

    /// Two operations into one bank, the second emits.
    fn layer(
        &self,
        board: &mut Board,
        predictor: &mut Predictor,
        layer: Requantize,
        jobs: &[Job; 2],
    ) -> Result<Result<(), Difference>, HostError> {
        let requant = u32::from(layer.shift) | (u32::from(layer.bits) - 1) << 8;
        let mut words = BTreeMap::from([(reg::REQUANT, requant)]);
        for Job { operation, activations } in jobs {
            let (slot, bits) = (operation.slot, operation.activation_bits);
            words.extend(activation_words(slot, activations, bits));
            predictor.activate(slot, activations, bits);
        }
        let operations = [jobs[0].operation, jobs[1].operation];
        board.operate(&words, &operations)?;
        for operation in &operations {
            if let Err(error) = predictor.operate(operation) {
                return Ok(Err(Difference::new("the prediction", "possible", error)));
            }
        }
        let (bank, slices) = (operations[1].bank, board.geometry().slices());
        let outputs = usize::from(operations[1].units) * slices;
        let sums = board.accumulators(bank, 0..outputs)?;
        let place = |output| work::place(1, &operations[1], output, slices);
        if let Some((output, expected)) = predictor.compare(bank, &sums) {
            return Ok(Err(Difference::new(place(output), expected, sums[output])));
        }
        let results = board.results(bank, 0..outputs, layer.bits)?;
        for (output, (&sum, &got)) in sums.iter().zip(&results).enumerate() {
            let (multiplier, bias) = self.outputs[usize::from(bank)][output];
            let expected = ideal::requantize(sum, multiplier, bias, layer);
            if got != expected {
                let place = format!("result, {}", place(output));
                return Ok(Err(Difference::new(place, expected, got)));
            }
        }
        Ok(Ok(()))
    }
}

/// Lines of any gain and offset, a master curve of small steps.
fn calibration(g: &Geometry, draws: &mut Draws) -> infer::Tables {
    let mut tables = infer::Tables::neutral(g);
    for line in tables.calibration.iter_mut().flatten() {
        let offset = draws.below(1024) as i16 - 512;
        *line = Calibration { gain: draws.bits() as u8, offset };
    }
    tables.master.iter_mut().for_each(|entry| *entry = draws.bits() as i8);
    tables
}
