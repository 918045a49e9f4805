//! Every weight format and activation width, ranges and levels in turn, against integers.

use super::{CheckError, Finding, Plan, work};
use crate::config::Pulses;
use crate::fpga::host::Board;
use crate::fpga::predict::Predictor;
use crate::infer;

const WIDTHS: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

pub fn run(plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    let (tables, sram) = (plan.tables(true)?, work::sram(plan));
    let jobs = work::jobs(plan, &mut work::Draws::new(plan, 1), &WIDTHS);
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
        // Longer pulses change no code.
        board.prepare(&longer(plan.config.timing.pulses))?;
        let again = &jobs[..jobs.len().min(work::AT_ONCE)];
        match work::run(board, &mut predictor, again)? {
            Ok(()) => work::finish(board, &predictor, jobs.len() + again.len()),
            Err(difference) => Ok(Err(difference)),
        }
    })?)
}

/// Every pulse and every gap longer, each by another number of cycles.
fn longer(mut pulses: Pulses) -> Pulses {
    for (pulse, more) in pulses.all_mut().into_iter().zip(1..) {
        pulse.width = (pulse.width + more).min(15);
        pulse.gap = (pulse.gap + 1 + more % 3).min(7);
    }
    pulses
}
