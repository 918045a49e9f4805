//! A bundled digit, end to end, with the host's transactions of all backends: every output and every
//! counter against integers.

use super::{CheckError, Difference, Finding, Plan};
use crate::dataset::{Dataset, Split};
use crate::fpga::host::{Board, HostError};
use crate::fpga::machine::BoardMachine;
use crate::infer::{self, Counts, Executor, IdealMachine, ImageResult};
use crate::mapping::Mapping;
use crate::network::Network;
use std::fmt::Display;

pub fn run(plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    let failed = |error: &dyn Display| CheckError::Plan(error.to_string());
    let geometry = &plan.config.geometry;
    let network = Network::builtin("digits").map_err(|e| failed(&e))?;
    let digits = Dataset::digits(Split::Test).map_err(|e| failed(&e))?;
    let mapping = Mapping::new(&network, geometry).map_err(|e| failed(&e))?;
    let program = &mapping.program;
    let mut executor = Executor::new(&network, program);
    let number = (plan.seed % digits.len() as u64) as usize;
    let pixels = digits.image(number);
    let mut ideal = IdealMachine::new(*geometry, &program.sram).map_err(|e| failed(&e))?;
    let expected = executor.run(&mut ideal, 0, pixels).map_err(|e| failed(&e))?;
    let tables = plan.tables(true)?;
    Ok(board.attempt(|board| {
        board.prepare(&plan.config.timing.pulses)?;
        board.load_sram(&program.sram)?;
        board.load_tables(&tables)?;
        board.load_calibration(&infer::Tables::neutral(geometry))?;
        let got = executor.run(&mut BoardMachine::new(board), 0, pixels)?;
        compare(board, number, &expected, &got)
    })?)
}

fn compare(
    board: &mut Board,
    number: usize,
    expected: &ImageResult,
    got: &ImageResult,
) -> Result<Finding, HostError> {
    for (output, (&expected, &got)) in expected.outputs.iter().zip(&got.outputs).enumerate() {
        if expected != got {
            let place = format!("image {number}, output {output}");
            return Ok(Err(Difference::new(place, expected, got)));
        }
    }
    for (layer, (expected, got)) in expected.counts.iter().zip(&got.counts).enumerate() {
        if expected != got {
            let place = format!("image {number}, counters of layer {layer}");
            return Ok(Err(Difference::new(place, counters(expected), counters(got))));
        }
    }
    board.untroubled()?;
    Ok(Ok(format!("image {number} is a {}", got.prediction)))
}

fn counters(counts: &Counts) -> String {
    let Counts { operations, conversions, clipped } = counts;
    format!("{operations} operations, {conversions} conversions, {clipped} clipped")
}
