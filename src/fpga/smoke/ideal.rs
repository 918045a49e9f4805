//! Every weight format and activation width, ranges and levels in turn, against integers; then pulses
//! of all lengths, which change no code, against the counters.

use super::work::{self, Draws, Job};
use super::{CheckError, Difference, Finding, Plan};
use crate::config::{Geometry, Pulses, Range, WeightFormat};
use crate::fpga::host::{Board, HostError};
use crate::fpga::predict::Predictor;
use crate::infer;
use crate::registers as reg;
use crate::transaction::Operation;

const WIDTHS: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// Draws of pulses: with so many, all 70 bits of widths and gaps have had both values but for one seed
/// in 500. [C] Of the accesses' three pulses no counter tells.
const PULSES: usize = 16;

pub fn run(plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    let (tables, sram) = (plan.tables(true)?, work::sram(plan));
    let jobs = work::jobs(plan, &mut Draws::new(plan, 1), &WIDTHS);
    let geometry = &plan.config.geometry;
    Ok(board.attempt(|board| {
        board.prepare(&plan.config.timing.pulses)?;
        board.load_sram(&sram)?;
        board.load_tables(&tables)?;
        board.load_calibration(&infer::Tables::neutral(geometry))?;
        let mut predictor = Predictor::ideal(geometry, &sram);
        if let Err(difference) = work::run(board, &mut predictor, &jobs)? {
            return Ok(Err(difference));
        }
        let (conversions, ..) = predictor.counts();
        let expected = [jobs.len() as u64, conversions, predictor.clipped()];
        if let Err(difference) = counted(board, "all operations", expected)? {
            return Ok(Err(difference));
        }
        board.write(reg::CLEAR_COUNTERS, &[0])?;
        let mut steps =
            Steps { predictor: Predictor::ideal(geometry, &sram), count: 0, times: [0; 2] };
        let mut draws = Draws::new(plan, 5);
        for _ in 0..PULSES {
            let pulses = drawn_pulses(&mut draws);
            if let Err(difference) = steps.step(board, &pulses, &mut draws)? {
                return Ok(Err(difference));
            }
        }
        let finding = work::finish(board, &predictor, jobs.len())?;
        Ok(finding.map(|found| format!("{found}, {PULSES} sets of pulses")))
    })?)
}

/// OPERATIONS, CONVERSIONS, CLIPPED since they were cleared.
fn counted(
    board: &mut Board,
    after: &str,
    expected: [u64; 3],
) -> Result<Result<(), Difference>, HostError> {
    let counted = board.read(reg::OPERATIONS, 3)?;
    let names = ["OPERATIONS", "CONVERSIONS", "CLIPPED"];
    for ((name, expected), got) in names.iter().zip(expected).zip(counted) {
        if u64::from(got) != expected {
            return Ok(Err(Difference::new(format!("{name} after {after}"), expected, got)));
        }
    }
    Ok(Ok(()))
}

/// Any width and gap of every pulse.
fn drawn_pulses(draws: &mut Draws) -> Pulses {
    let mut pulses = Pulses::SHORTEST;
    for pulse in pulses.all_mut() {
        (pulse.width, pulse.gap) = (1 + draws.below(15), draws.below(8));
    }
    pulses
}

/// Single steps, one after the other: what they are counted as together.
struct Steps {
    predictor: Predictor,
    count: u64,
    /// CYCLES and STALLS.
    times: [u32; 2],
}

impl Steps {
    /// A step of these pulses: its results, and the counters after it.
    fn step(
        &mut self,
        board: &mut Board,
        pulses: &Pulses,
        draws: &mut Draws,
    ) -> Result<Result<(), Difference>, HostError> {
        let geometry = *board.geometry();
        board.set_pulses(pulses)?;
        let job = step(&geometry, draws);
        if let Err(difference) = work::run(board, &mut self.predictor, &[job])? {
            return Ok(Err(difference));
        }
        self.count += 1;
        let after = format!("{} steps, the last of {pulses:?}", self.count);
        let (conversions, ..) = self.predictor.counts();
        let expected = [self.count, conversions, self.predictor.clipped()];
        if let Err(difference) = counted(board, &after, expected)? {
            return Ok(Err(difference));
        }
        let got = board.read(reg::CYCLES, 2)?;
        for (time, more) in self.times.iter_mut().zip(cycles(pulses, &geometry)) {
            *time += more;
        }
        for ((name, &expected), got) in ["CYCLES", "STALLS"].iter().zip(&self.times).zip(got) {
            if got != expected {
                return Ok(Err(Difference::new(format!("{name} after {after}"), expected, got)));
            }
        }
        Ok(Ok(()))
    }
}

/// A conversion step of any column and plane.
fn step(g: &Geometry, draws: &mut Draws) -> Job {
    let bits = 1 + draws.below(4) as u8;
    let operation = Operation {
        plane: draws.below(8) as u8,
        format: WeightFormat::Single1,
        activation_bits: bits,
        range: Range::Full,
        level: draws.below(16) as u8,
        slot: draws.below(16) as u8,
        units: 1,
        clear: true,
        emit: false,
        bank: draws.below(2) as u8,
    };
    Job { operation, activations: draws.activations(g.mac_rows, bits) }
}

/// CYCLES and STALLS of a single step, by section 5 of the theory of operation: the digits are loaded
/// four a cycle, the step runs to the end of LATCH, and the post-processor is done seven cycles after its
/// last slice.
fn cycles(pulses: &Pulses, g: &Geometry) -> [u32; 2] {
    let loading = g.mac_rows as u32 / 4;
    let latched = pulses.step_cycles() - pulses.latch.gap;
    [loading + latched + g.slices_per_lane() as u32 + 6, loading]
}
