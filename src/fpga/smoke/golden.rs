//! A drawn chip against the golden reference. Conversions within the bound of the emulator's
//! rounding may fall either way and are counted; all others agree code for code.

use super::{CheckError, Finding, Plan, work};
use crate::fpga::host::Board;
use crate::fpga::predict::Predictor;
use crate::fpga::registers::SCRATCH;
use crate::infer;

/// [C] Both numbers of passes, each with its widest vectors: half the time of all widths.
const WIDTHS: [u8; 4] = [2, 4, 6, 8];

pub fn run(plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    let (tables, sram) = (plan.tables(false)?, work::sram(plan));
    let jobs = work::jobs(plan, &mut work::Draws::new(plan, 2), &WIDTHS);
    let fresh = Predictor::chip(&plan.config, &tables, &sram)
        .map_err(|error| CheckError::Plan(error.to_string()))?;
    Ok(board.attempt(|board| {
        board.prepare(&plan.config.timing.pulses)?;
        board.load_sram(&sram)?;
        board.load_tables(&tables)?;
        board.load_calibration(&infer::Tables::neutral(&plan.config.geometry))?;
        // What takes the one for the other must show.
        board.write(SCRATCH, &[!u32::from(tables.lambda())])?;
        let mut predictor = fresh.clone();
        match work::run(board, &mut predictor, &jobs)? {
            Ok(()) => work::finish(board, &predictor, jobs.len()),
            Err(difference) => Ok(Err(difference)),
        }
    })?)
}
