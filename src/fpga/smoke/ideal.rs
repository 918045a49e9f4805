//! Every weight format and activation width, ranges and levels in turn, against integers.

use super::{CheckError, Finding, Plan, work};
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
        match work::run(board, &mut predictor, &jobs)? {
            Ok(()) => work::finish(board, &predictor, jobs.len()),
            Err(difference) => Ok(Err(difference)),
        }
    })?)
}
