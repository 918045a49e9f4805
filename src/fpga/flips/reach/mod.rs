//! Whether a flip can ever make a difference: many change only what never happens, such as registers
//! that are 1 during a reset that comes once, when all are 0. A model checker tells, and proves it.

mod cycle;
mod graph;
mod instant;
mod prover;
mod register;

pub use prover::{PROGRAM, Prover};

use super::cells::{Cells, Key};
use cycle::Pair;
use prover::Answer;
use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

/// Registers that may differ until too many do. [C] The multiplier has this many.
const MOST_APART: usize = 48;

/// Whether it is proved that no pin ever tells the two apart, within `seconds`. Registers that are seen
/// to differ may do so if nothing that follows from it shows. False also where nothing is known.
pub fn never_differs(
    original: &Cells,
    mutant: &Cells,
    prover: &Prover,
    seconds: u64,
) -> io::Result<bool> {
    let Some(pair) = Pair::new(original, mutant) else { return Ok(false) };
    let mut apart: BTreeSet<Key> = pair.own_registers();
    let end = Instant::now() + Duration::from_secs(seconds);
    while apart.len() <= MOST_APART {
        let Some(cycle) = pair.cycle(&apart) else { return Ok(false) };
        if cycle.watched.is_empty() {
            return Ok(true);
        }
        let signals: Vec<_> = cycle.watched.iter().map(|(_, signal)| *signal).collect();
        let left = end.saturating_duration_since(Instant::now()).as_secs();
        if left == 0 {
            return Ok(false);
        }
        match prover.ask(&cycle.graph.aiger(&signals), left)? {
            Answer::Never => return Ok(true),
            Answer::Unknown => return Ok(false),
            Answer::Sometimes(output) => {
                let seen = cycle.watched.get(output).map(|(key, _)| key.clone());
                // A block or a pin sees it.
                let register = seen.filter(|key| pair.has_register(key));
                if !register.is_some_and(|key| apart.insert(key)) {
                    return Ok(false);
                }
            }
        }
    }
    Ok(false)
}
