//! The emulator's tables written and read back: a word of each address, then its complement.

use super::{CheckError, Difference, Finding, Plan};
use crate::fpga::host::{Board, HostError, table_words};
use crate::golden::random::Key;
use std::collections::BTreeMap;

pub fn run(plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    // The entries that a chip's tables have: the others are the emulator's own.
    let addresses: Vec<u32> =
        table_words(&plan.tables(false)?).map(|(address, _)| address).collect();
    let key = Key::new([plan.seed, 0x7461_626c, 0, 0]);
    Ok(board.attempt(|board| {
        board.forget();
        board.prepare(&plan.config.timing.pulses)?;
        for invert in [0, 0xffff] {
            let words = addresses.iter().map(|&a| (a, key.bits(a) & 0xffff ^ invert)).collect();
            if let Err(difference) = compare(board, &words)? {
                return Ok(Err(difference));
            }
        }
        board.untroubled()?;
        Ok(Ok(format!("{} words", addresses.len())))
    })?)
}

fn compare(
    board: &mut Board,
    words: &BTreeMap<u32, u32>,
) -> Result<Result<(), Difference>, HostError> {
    board.write_all(words)?;
    let (Some((&first, _)), Some((&last, _))) = (words.first_key_value(), words.last_key_value())
    else {
        return Ok(Ok(()));
    };
    // Columns and slices lie far apart; within either a few words of the emulator's are read along.
    let half = first + (last - first) / 2;
    for part in [words.range(..half), words.range(half..)] {
        let part: Vec<(u32, u32)> = part.map(|(&address, &word)| (address, word)).collect();
        let (Some(&(start, _)), Some(&(end, _))) = (part.first(), part.last()) else { continue };
        let read = board.read(start, ((end - start) / 4) as usize + 1)?;
        for (address, expected) in part {
            let got = read[((address - start) / 4) as usize];
            if got != expected {
                let index = (address - crate::fpga::registers::EMULATOR_TABLE) / 4;
                return Ok(Err(Difference::hex(format!("table entry {index}"), expected, got)));
            }
        }
    }
    Ok(Ok(()))
}
