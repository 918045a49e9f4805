//! Is it this design for this board?

use super::{CheckError, Difference, Finding, Plan, geometry_word};
use crate::fpga::host::{Board, HostError};
use crate::fpga::registers as board_regs;
use crate::registers as reg;

const BOARD_ID: u32 = 0x4350_4642;
const MACRO_ID: u32 = 0x4341_5052;
/// Only the upper half has to agree: it says what the host may rely on.
const MAJOR: u32 = 1;

pub fn run(plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    Ok(board.attempt(|board| look(plan, board))?)
}

fn look(plan: &Plan, board: &mut Board) -> Result<Finding, HostError> {
    let info = board.word(board_regs::BOARD_INFO)?;
    let hash = board.word(board_regs::BUILD_HASH)?;
    let number = u32::from(plan.board.unwrap_or(info as u8));
    let wanted = [
        ("BOARD_ID", board.word(board_regs::BOARD_ID)?, BOARD_ID),
        ("major of BOARD_VERSION", board.word(board_regs::BOARD_VERSION)? >> 16, MAJOR),
        ("board number of BOARD_INFO", info & 0xff, number),
        ("BUILD_HASH", hash, plan.build_hash.unwrap_or(hash)),
        ("ID", board.word(reg::ID)?, MACRO_ID),
        ("major of VERSION", board.word(reg::VERSION)? >> 16, MAJOR),
        ("GEOMETRY", board.word(reg::GEOMETRY)?, geometry_word(&plan.config.geometry)),
    ];
    for (name, got, expected) in wanted {
        if got != expected {
            return Ok(Err(Difference::hex(name, expected, got)));
        }
    }
    Ok(Ok(format!("build {hash:08x}, board {}", info & 0xff)))
}
