//! Every register that can be: written and read back. Read-only ones stay; refused accesses are
//! refused and counted.

use super::{CheckError, Difference, Finding, Plan};
use crate::config::{Geometry, Range, WeightFormat};
use crate::fpga::host::{Board, HostError};
use crate::fpga::registers as board_regs;
use crate::registers::{self as reg, Access};
use crate::transaction::Operation;
use std::collections::BTreeMap;

/// Bits of a window that the check writes in every entry: which entries there are, and which bits.
struct Window {
    name: &'static str,
    address: u32,
    words: usize,
    /// Bits that exist, and whether the highest one is read back as sign.
    mask: u32,
    sign: u32,
}

pub fn run(plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    Ok(board.attempt(|board| {
        board.forget();
        board.prepare(&plan.config.timing.pulses)?;
        let mut compared = 0;
        let parts = [settings, windows, read_only, refused, operations, busy];
        for part in parts {
            match part(plan, board)? {
                Ok(words) => compared += words,
                Err(difference) => return Ok(Err(difference)),
            }
        }
        board.prepare(&plan.config.timing.pulses)?;
        board.untroubled()?;
        Ok(Ok(format!("{compared} values")))
    })?)
}

type Part = Result<Result<usize, Difference>, HostError>;

/// Registers that hold what is written, and what they hold of it.
fn settings(plan: &Plan, board: &mut Board) -> Part {
    let timing = (0..10).map(|i| (reg::TIMING_RESET + 4 * i, 0x70f));
    let slices = plan.config.geometry.slices();
    let enable = (0..slices.div_ceil(32)).map(|i| {
        let here = (slices - 32 * i).min(32);
        (reg::SLICE_ENABLE0 + 4 * i as u32, u32::MAX >> (32 - here))
    });
    let others = [
        (reg::REQUANT, 0x71f),
        (board_regs::SCRATCH, u32::MAX),
        (board_regs::LAMBDA, 0xffff),
        (board_regs::NOISE, 0xffff),
    ];
    let registers: Vec<(u32, u32)> = timing.chain(enable).chain(others).collect();
    // Each another value, all at once, and then the other value of every bit.
    for invert in [0, u32::MAX] {
        let words: BTreeMap<u32, u32> = registers
            .iter()
            .map(|&(address, mask)| (address, (legal(pattern(address)) ^ invert) & mask))
            .collect();
        board.write_all(&words)?;
        for (address, expected) in words {
            let got = board.word(address)?;
            if got != expected {
                return Ok(Err(Difference::hex(name(address), expected, got)));
            }
        }
    }
    Ok(Ok(2 * registers.len()))
}

/// Some word for an address.
fn pattern(address: u32) -> u32 {
    address.wrapping_mul(0x9e37_79b9).rotate_left(16)
}

/// A pulse must not have the width 0, whichever way the bits are turned.
fn legal(word: u32) -> u32 {
    word & !15 | (word % 14 + 1)
}

/// The windows, in bursts, with a pattern of each address and then its complement.
fn windows(plan: &Plan, board: &mut Board) -> Part {
    let mut compared = 0;
    for window in of_geometry(&plan.config.geometry) {
        for invert in [0, u32::MAX] {
            let words: Vec<u32> = (0..window.words as u32)
                .map(|i| ((window.address + i).wrapping_mul(0x9e37_79b9) ^ invert) & window.mask)
                .collect();
            board.write(window.address, &words)?;
            let read = board.read(window.address, window.words)?;
            compared += words.len();
            for (i, (&word, &got)) in words.iter().zip(&read).enumerate() {
                let top = 1 << (31 - window.mask.leading_zeros());
                let expected = if word & top != 0 { word | window.sign } else { word };
                if got != expected {
                    let place = format!("{} entry {i}", window.name);
                    return Ok(Err(Difference::hex(place, expected, got)));
                }
            }
        }
    }
    Ok(Ok(compared))
}

fn of_geometry(g: &Geometry) -> Vec<Window> {
    let banks = |name, address: u32, mask| {
        [0, 1].map(|bank| Window {
            name,
            address: address + 512 * bank,
            words: g.columns,
            mask,
            sign: 0,
        })
    };
    let calibration = Range::ALL.map(|range| Window {
        name: "CALIBRATION",
        address: reg::CALIBRATION + 512 * range.log2_inverse(),
        words: g.slices(),
        mask: 0x3ff_00ff,
        sign: 0xfc00_0000,
    });
    let master =
        Window { name: "MASTER", address: reg::MASTER, words: 128, mask: 0xff, sign: 0xffff_ff00 };
    let factors = banks("MULTIPLIER", reg::MULTIPLIER, 0xff);
    let biases = banks("BIAS", reg::BIAS, u32::MAX);
    let mut windows: Vec<Window> = calibration.into_iter().chain([master]).collect();
    windows.extend(factors.into_iter().chain(biases));
    windows
}

/// Registers that a write must not change.
const CONSTANT: [u32; 8] = [
    reg::ID,
    reg::VERSION,
    reg::GEOMETRY,
    board_regs::BOARD_ID,
    board_regs::BOARD_VERSION,
    board_regs::BUILD_HASH,
    board_regs::BOARD_INFO,
    board_regs::CLOCK_HZ,
];

fn read_only(_: &Plan, board: &mut Board) -> Part {
    for address in CONSTANT {
        let before = board.word(address)?;
        board.write(address, &[!before])?;
        let after = board.word(address)?;
        if after != before {
            return Ok(Err(Difference::hex(name(address), before, after)));
        }
    }
    let counted = board.word(board_regs::LINK_ERRORS)?;
    board.write(board_regs::LINK_ERRORS, &[0])?;
    board.write(reg::ERROR, &[u32::MAX])?;
    if counted != CONSTANT.len() as u32 {
        let place = "LINK_ERRORS after writes to read-only registers";
        return Ok(Err(Difference::hex(place, CONSTANT.len() as u32, counted)));
    }
    Ok(Ok(CONSTANT.len()))
}

/// What must be refused: address, whether it is written, the macro's reason.
const REFUSED: [(u32, bool, u32); 9] = [
    (reg::OPERATION, false, reg::error::ACCESS),
    (reg::ACTIVATION, false, reg::error::ACCESS),
    (reg::ACCUMULATOR, true, reg::error::ACCESS),
    (reg::TIMING_SENSE + 8, false, reg::error::RESERVED_ADDRESS),
    (reg::TIMING_SHARE, true, reg::error::BAD_VALUE),
    (board_regs::NOISE_SEED + 4, false, 0),
    (board_regs::LINK_CRC_CLEAR, false, 0),
    (board_regs::BOARD_CYCLES, true, 0),
    (0x0002_0000, false, 0),
];

fn refused(_: &Plan, board: &mut Board) -> Part {
    for (address, write, reason) in REFUSED {
        let access = [(address, write.then_some(0))];
        let what = if write { "write to" } else { "read of" };
        let what = format!("a refused {what} {}", name(address));
        if let Err(difference) = refuse(board, &what, &[], &access, reason)? {
            return Ok(Err(difference));
        }
    }
    Ok(Ok(REFUSED.len()))
}

/// Accesses what must be refused while operations are under way: address, and the word if it is
/// written. `reasons` are those of all of them.
fn refuse(
    board: &mut Board,
    what: &str,
    operations: &[Operation],
    accesses: &[(u32, Option<u32>)],
    reasons: u32,
) -> Result<Result<(), Difference>, HostError> {
    let got = board.access_during(operations, accesses)?;
    board.wait_idle()?;
    if let Some(&got) = got.iter().find(|&&got| got != 0) {
        return Ok(Err(Difference::hex(what, 0, got)));
    }
    let (error, counted) = (board.word(reg::ERROR)?, board.word(board_regs::LINK_ERRORS)?);
    board.write(reg::ERROR, &[u32::MAX])?;
    board.write(board_regs::LINK_ERRORS, &[0])?;
    if error != reasons {
        return Ok(Err(Difference::hex(format!("ERROR after {what}"), reasons, error)));
    }
    let expected = accesses.len() as u32;
    if counted != expected {
        return Ok(Err(Difference::hex(format!("LINK_ERRORS after {what}"), expected, counted)));
    }
    Ok(Ok(()))
}

/// An operation of the most conversion steps.
fn longest(g: &Geometry) -> Operation {
    let steps = |format: &WeightFormat| g.units(*format) * format.digits();
    let format = WeightFormat::ALL.into_iter().max_by_key(steps).unwrap_or(WeightFormat::Single1);
    Operation {
        plane: 0,
        format,
        activation_bits: 8,
        range: Range::Full,
        level: 0,
        slot: 0,
        units: g.units(format) as u8,
        clear: true,
        emit: false,
        bank: 0,
    }
}

/// Operations that the macro does not have: bits beyond the fields, formats, more columns than a
/// slice has, digits of two passes in an odd slot.
fn operations(plan: &Plan, board: &mut Board) -> Part {
    let g = &plan.config.geometry;
    let good = longest(g).encode();
    let formats = WeightFormat::ALL.len() as u32..8;
    let wide = WeightFormat::ALL.iter().filter(|format| g.units(**format) < 4);
    let bad = (24..32).map(|bit| good | 1 << bit);
    let bad = bad.chain(formats.map(|format| good & !(7 << 3) | format << 3));
    let bad = bad.chain(wide.map(|&format| {
        let units = g.units(format) as u32; // one more than there are
        good & !(7 << 3 | 3 << 19) | (format as u32) << 3 | units << 19
    }));
    let bad = bad.chain([good | 1 << 15]);
    let bad: Vec<_> = bad.map(|word| (reg::OPERATION, Some(word))).collect();
    // LINK_ERRORS counts to 15.
    for some in bad.chunks(8) {
        let reason = reg::error::BAD_OPERATION;
        if let Err(difference) = refuse(board, "illegal operations", &[], some, reason)? {
            return Ok(Err(difference));
        }
    }
    let status = board.word(reg::STATUS)?;
    if status & 1 != 0 {
        return Ok(Err(Difference::hex("STATUS after refused operations", 0, status)));
    }
    Ok(Ok(bad.len()))
}

/// What a macro refuses while an operation runs and two wait.
const WHILE_BUSY: [(u32, bool, u32); 6] = [
    (reg::OPERATION, true, reg::error::QUEUE_FULL),
    (reg::ACTIVATION + 4 * 8 * 4, true, reg::error::ACTIVATION_IN_USE), // slot 4
    (reg::SRAM, false, reg::error::BUSY),
    (reg::CALIBRATION, true, reg::error::BUSY),
    (reg::BIAS, false, reg::error::BUSY),
    (reg::TIMING_RESET, true, reg::error::BUSY),
];

fn busy(plan: &Plan, board: &mut Board) -> Part {
    let operation = longest(&plan.config.geometry);
    // The first lasts; the others need not.
    let short =
        Operation { format: WeightFormat::Single1, units: 1, activation_bits: 1, ..operation };
    let waiting = [operation, Operation { slot: 2, ..short }, Operation { slot: 4, ..short }];
    let word = |write: bool| write.then_some(operation.encode());
    let accesses = WHILE_BUSY.map(|(address, write, _)| (address, word(write)));
    let reasons = WHILE_BUSY.iter().fold(0, |all, (.., reason)| all | reason);
    let what = "accesses while the macro was busy";
    Ok(refuse(board, what, &waiting, &accesses, reasons)?.map(|()| WHILE_BUSY.len()))
}

/// Name of a register or the address.
fn name(address: u32) -> String {
    let all = reg::REGISTERS.iter().chain(board_regs::REGISTERS);
    let found = all.into_iter().find(|(_, at, _): &&(&str, u32, Access)| *at == address);
    found.map_or(format!("{address:#07x}"), |(name, ..)| (*name).into())
}
