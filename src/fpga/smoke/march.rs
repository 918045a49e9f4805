//! March C- over all cells, through the SRAM window.
//!
//! (w0); up (r0, w1); up (r1, w0); down (r0, w1); down (r1, w0); (r0) [van de Goor, "Using March
//! Tests to Test SRAMs", 1993], where 0 is a word that depends on its address and 1 its
//! complement: two addresses that lead to the same cells show, and so do most cells of a word that
//! follow each other. An element goes through the array in blocks, so that the line carries bursts:
//! a block is read, then written. Stuck cells and missing transitions are all found, coupling and
//! wrong addresses between any two blocks; within a block coupling is found where the disturbed
//! cell is written before the cell that disturbs it.

use super::{CheckError, Difference, Finding, Plan, sram_place};
use crate::fpga::host::{Board, HostError};
use crate::golden::random::Key;
use crate::registers as reg;

/// Words of a block: one burst. [C] Smaller ones find more and cost more headers and round trips.
const BLOCK: usize = 128;

/// An element of the march: what is read, what is written, from the first block up or from the last
/// one down.
struct Element {
    reads: Option<u32>,
    writes: Option<u32>,
    down: bool,
}

const ZERO: u32 = 0;
const ONE: u32 = u32::MAX;

const MARCH: [Element; 6] = [
    Element { reads: None, writes: Some(ZERO), down: false },
    Element { reads: Some(ZERO), writes: Some(ONE), down: false },
    Element { reads: Some(ONE), writes: Some(ZERO), down: false },
    Element { reads: Some(ZERO), writes: Some(ONE), down: true },
    Element { reads: Some(ONE), writes: Some(ZERO), down: true },
    Element { reads: Some(ZERO), writes: None, down: false },
];

pub fn run(plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
    let words = plan.config.geometry.rows() * plan.config.geometry.words_per_row();
    let columns = plan.config.geometry.columns;
    let mask = if columns < 32 { (1 << columns) - 1 } else { u32::MAX };
    let key = Key::new([plan.seed, 0x6d61_7263, 0, 0]);
    let background: Vec<u32> = (0..words as u32).map(|i| key.bits(i)).collect();
    Ok(board.attempt(|board| {
        board.forget();
        board.prepare(&plan.config.timing.pulses)?;
        for (number, element) in MARCH.iter().enumerate() {
            if let Some((index, expected, got)) = through(element, board, &background, mask)? {
                let place = sram_place(&plan.config.geometry, index, expected ^ got);
                let place = format!("element {number}, {place}");
                return Ok(Err(Difference::hex(place, expected, got)));
            }
        }
        board.untroubled()?;
        Ok(Ok(format!("{} cells", words * columns.min(32))))
    })?)
}

/// One element; the first word that is not as it must be: index, expected, got.
fn through(
    element: &Element,
    board: &mut Board,
    background: &[u32],
    mask: u32,
) -> Result<Option<(usize, u32, u32)>, HostError> {
    let mut blocks: Vec<(usize, &[u32])> =
        (0..).step_by(BLOCK).zip(background.chunks(BLOCK)).collect();
    if element.down {
        blocks.reverse();
    }
    for (first, block) in blocks {
        let address = reg::SRAM + 4 * first as u32;
        if let Some(invert) = element.reads {
            let read = board.read(address, block.len())?;
            for (i, (&word, &got)) in block.iter().zip(&read).enumerate() {
                let expected = (word ^ invert) & mask;
                if got != expected {
                    return Ok(Some((first + i, expected, got)));
                }
            }
        }
        if let Some(invert) = element.writes {
            let words: Vec<u32> = block.iter().map(|word| word ^ invert).collect();
            board.write(address, &words)?;
        }
    }
    Ok(None)
}
