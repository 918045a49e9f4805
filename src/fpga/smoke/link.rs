//! Garbage, cut frames, wrong lengths, a break, flipped bits: noticed, and the next frame works.

use super::{CheckError, Difference, Finding, Plan};
use crate::fpga::bone::{header, push_writes};
use crate::fpga::host::{Board, HostError};
use crate::fpga::registers as board_regs;

/// What SCRATCH holds while it is attacked.
const KEPT: u32 = 0x1357_9bdf;
/// Every byte that is no command.
const NO_COMMANDS: std::ops::RangeInclusive<u8> = 3..=255;

/// How the board is brought back to the beginning of a frame.
#[derive(Clone, Copy, PartialEq)]
enum After {
    /// It is there already.
    Nothing,
    /// A break: costs no time.
    Break,
    /// A line that is idle long enough.
    Rest,
}

pub fn run(_: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    let attacks = attacks();
    Ok(board.attempt(|board| {
        board.forget();
        for (name, bytes, after) in &attacks {
            if let Err(difference) = attack(board, name, bytes, *after)? {
                return Ok(Err(difference));
            }
        }
        if let Err(difference) = flips(board)? {
            return Ok(Err(difference));
        }
        board.write(board_regs::LINK_ERRORS, &[0])?;
        Ok(Ok(format!("{} attacks, {} flipped bits", attacks.len(), FLIPS.len())))
    })?)
}

fn attacks() -> Vec<(&'static str, Vec<u8>, After)> {
    let mut write = vec![];
    push_writes(&mut write, board_regs::SCRATCH, &[!KEPT]);
    let cut = |bytes: usize| write[..bytes].to_vec();
    let mut empty = header(1, 0, board_regs::SCRATCH).to_vec();
    let mut long = write.clone();
    long[1] = 2;
    long[2..6].copy_from_slice(&(board_regs::BOARD_ID / 4).to_be_bytes());
    empty.extend([0xff; 4]);
    vec![
        ("garbage between frames", NO_COMMANDS.collect(), After::Nothing),
        ("a frame cut in its header", cut(3), After::Break),
        ("a frame cut in its data", cut(9), After::Break),
        ("a frame cut by silence", cut(8), After::Rest),
        ("a frame of no words", empty, After::Break),
        ("a frame longer than its data", long, After::Break),
        ("a break between frames", vec![], After::Break),
    ]
}

/// Attacks, and looks whether SCRATCH has held, the errors were counted, and the link works.
fn attack(
    board: &mut Board,
    name: &str,
    bytes: &[u8],
    after: After,
) -> Result<Result<(), Difference>, HostError> {
    board.write(board_regs::SCRATCH, &[KEPT])?;
    board.write(board_regs::LINK_ERRORS, &[0])?;
    if !bytes.is_empty() {
        board.bone.send_raw(bytes)?;
    }
    match after {
        After::Nothing => (),
        After::Break => board.bone.send_break()?,
        After::Rest => board.bone.rest()?,
    }
    let scratch = board.word(board_regs::SCRATCH)?;
    if scratch != KEPT {
        return Ok(Err(Difference::hex(format!("SCRATCH after {name}"), KEPT, scratch)));
    }
    let errors = board.word(board_regs::LINK_ERRORS)?;
    let (dropped, framing) = (errors >> 8 & 0xff, errors >> 16 & 0xff);
    let place = || format!("LINK_ERRORS after {name}");
    if after == After::Break && framing == 0 {
        return Ok(Err(Difference::new(place(), "a framing error", format_args!("{errors:#x}"))));
    }
    if after != After::Nothing && !bytes.is_empty() && dropped == 0 {
        return Ok(Err(Difference::new(place(), "a dropped frame", format_args!("{errors:#x}"))));
    }
    if after == After::Nothing && errors != 0 {
        return Ok(Err(Difference::hex(place(), 0, errors)));
    }
    Ok(Ok(()))
}

/// Bytes of a write of two words to SCRATCH's place in which a bit flips; the header's first two
/// would make another frame of it.
const FLIPS: [(usize, u8); 6] = [(5, 1), (6, 0x80), (7, 1), (8, 0x10), (9, 0x40), (9, 1)];

/// A flipped bit shows in LINK_CRC.
fn flips(board: &mut Board) -> Result<Result<(), Difference>, HostError> {
    for (byte, bit) in FLIPS {
        let mut sent = vec![];
        push_writes(&mut sent, board_regs::SCRATCH, &[KEPT]);
        let read = header(2, 1, board_regs::LINK_CRC);
        let mut crc = flate2::Crc::new();
        crc.update(&sent);
        crc.update(&read);
        let whole = crc.sum();
        for (flip, name) in [(0, "a frame as it should be"), (bit, "a flipped bit")] {
            let mut bytes = vec![];
            push_writes(&mut bytes, board_regs::LINK_CRC_CLEAR, &[0]);
            let mut frame = sent.clone();
            frame[byte] ^= flip;
            bytes.extend(frame);
            board.bone.send_raw(&bytes)?;
            let crc = board.bone.peek(board_regs::LINK_CRC)?;
            let noticed = crc != whole;
            if noticed != (flip != 0) {
                let place = format!("LINK_CRC after {name} in byte {byte}");
                let wanted = if flip == 0 { "the host's" } else { "another than the host's" };
                return Ok(Err(Difference::new(place, wanted, format_args!("{crc:#010x}"))));
            }
        }
    }
    Ok(Ok(()))
}
