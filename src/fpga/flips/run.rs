//! Draws bits, unpacks every flip, and runs the smoke test where behaviour changes.

use super::Effect;
use super::asc::{Bit, bits_of_used_tiles};
use super::behaviour::changes_behaviour;
use super::cells::Cells;
use super::journal::Journal;
use super::merge::merged;
use super::reach::{Prover, never_differs};
use super::unpacker::Unpacker;
use crate::fpga::board;
use crate::fpga::bone::Bone;
use crate::fpga::host::Board;
use crate::fpga::netlist::{NetlistError, Unpacked, bits_of};
use crate::fpga::smoke::{Check, Plan, Verdict, identity};
use crate::fpga::virtual_board::{Cache, Design, Timing, VirtualBoard, VirtualBoardError};
use crate::golden::random::Key;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Mutex;

/// Flips that are compiled into one program. [C] More share the compilation; all of them slow each
/// other down, and are lost together when a run is interrupted.
const GROUP: usize = 25;

/// How long it is tried to prove that a flip which all checks pass never shows. [C] The proofs that were
/// timed took less than a second.
const PROOF_SECONDS: u64 = 60;

/// Why flips cannot be tested.
#[derive(Debug, thiserror::Error)]
pub enum FlipsError {
    #[error(transparent)]
    Netlist(#[from] NetlistError),
    #[error(transparent)]
    VirtualBoard(#[from] VirtualBoardError),
    #[error("the journal: {0}")]
    Journal(#[from] io::Error),
    #[error("the prover: {0}")]
    Prover(io::Error),
    #[error("the netlist cannot be read: {0}")]
    Cells(String),
    #[error("the bitstream fails without a flipped bit: {by}: {detail}")]
    Original { by: String, detail: String },
    #[error("only {changed} bits of the used tiles change behaviour; {wanted} are wanted")]
    TooFew { changed: usize, wanted: usize },
}

/// A flipped bit.
#[derive(Clone, Debug)]
pub struct Row {
    pub bit: Bit,
    pub effect: Effect,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub enum News {
    /// A bit was drawn and unpacked.
    Drawn,
    /// A flip that changes behaviour went through the smoke test.
    Tested,
}

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    pub board: &'a board::Board,
    pub plan: &'a Plan,
    pub journal: &'a Journal,
    pub cache: &'a Cache,
    pub prover: &'a Prover,
    pub progress: &'a (dyn Fn(News) + Sync),
}

/// A bitstream whose bits are to be flipped.
pub struct Flips<'a> {
    means: Means<'a>,
    unpackers: Mutex<Vec<Unpacker>>,
    original: Cells,
    bits: Vec<Bit>,
}

impl<'a> Flips<'a> {
    /// Unpacks the bitstream as it is; `folder` takes what the tools write.
    pub fn new(means: Means<'a>, what: &Unpacked, folder: &Path) -> Result<Self, FlipsError> {
        let (file, text) = bits_of(what, folder)?;
        let start = || Unpacker::start(&file, what.package, what.pins);
        let mut unpackers = vec![];
        for _ in 0..rayon::current_num_threads() {
            unpackers.push(start()?);
        }
        let original = unpackers[0].netlist(None)?.map_err(FlipsError::Cells)?;
        Ok(Self {
            means,
            unpackers: Mutex::new(unpackers),
            original: Cells::parse(&original).map_err(FlipsError::Cells)?,
            bits: bits_of_used_tiles(&text),
        })
    }

    /// Draws bits until `wanted` of them change behaviour, and tests those: all that were drawn, in the
    /// order of the draw, which only the seed decides.
    pub fn run(&self, wanted: usize) -> Result<Vec<Row>, FlipsError> {
        let mut draws = self.draws();
        let (mut rows, mut waiting) = (vec![], vec![]);
        let mut changed = 0;
        while changed < wanted {
            let some: Vec<Bit> =
                draws.by_ref().take(2 * rayon::current_num_threads()).cloned().collect();
            if some.is_empty() {
                return Err(FlipsError::TooFew { changed, wanted });
            }
            let flipped: Vec<_> =
                some.into_par_iter().with_max_len(1).map(|bit| self.flip(bit)).collect();
            for flipped in flipped {
                if changed == wanted {
                    break;
                }
                let (row, cells) = flipped?;
                changed += usize::from(row.effect.changes());
                waiting.extend(cells.map(|cells| (rows.len(), cells)));
                rows.push(row);
            }
            if waiting.len() >= GROUP || changed == wanted {
                changed -= self.test(&mut rows, &std::mem::take(&mut waiting))?;
            }
        }
        Ok(rows)
    }

    /// Bits of the used tiles, each of them once, in an order that the seed decides.
    fn draws(&self) -> impl Iterator<Item = &Bit> {
        let key = Key::new([self.means.plan.seed, 0x666c_6970, 0, 0]);
        let count = self.bits.len();
        let mut seen = BTreeSet::new();
        (0..16 * count as u32)
            .map(move |i| key.bits(i) as usize % count)
            .filter(move |&index| seen.insert(index))
            .map(|index| &self.bits[index])
    }

    /// What is known of a bit, or its netlist: a flip that changes behaviour and is not tested yet
    /// counts as missed so far.
    fn flip(&self, bit: Bit) -> Result<(Row, Option<Cells>), FlipsError> {
        if let Some(effect) = self.means.journal.known(&bit.to_string()) {
            (self.means.progress)(News::Drawn);
            if effect.changes() {
                (self.means.progress)(News::Tested);
            }
            return Ok((Row { bit, effect: effect.clone() }, None));
        }
        let lock = || self.unpackers.lock().unwrap_or_else(|e| e.into_inner());
        // There are as many as threads.
        let Some(mut unpacker) = lock().pop() else {
            return Err(FlipsError::Cells("no process unpacks".into()));
        };
        let netlist = unpacker.netlist(Some(&bit))?;
        lock().push(unpacker);
        (self.means.progress)(News::Drawn);
        let (effect, cells) = match netlist.and_then(|text| Cells::parse(&text)) {
            Err(why) => (Effect::Unreadable { why }, None),
            Ok(cells)
                if self.original.differences(&cells).is_empty()
                    && self.original.outputs == cells.outputs =>
            {
                (Effect::Unused, None)
            }
            Ok(cells) if changes_behaviour(&self.original, &cells) => (Effect::Missed, Some(cells)),
            Ok(_) => (Effect::Hidden, None),
        };
        if cells.is_none() {
            self.means.journal.keep(&bit.to_string(), &effect)?;
        }
        Ok((Row { bit, effect }, cells))
    }

    /// Runs the smoke test on a group of flips, given by row and netlist; answers how many of them
    /// turn out to change nothing.
    fn test(&self, rows: &mut [Row], group: &[(usize, Cells)]) -> Result<usize, FlipsError> {
        if group.is_empty() {
            return Ok(0);
        }
        let mutants: Vec<Cells> = group.iter().map(|(_, cells)| cells.clone()).collect();
        let text = merged(&self.original, &mutants);
        let program = match Design::ice40_netlist("flipped bits", text).compile(self.means.cache) {
            Ok(program) => program,
            // One of them is such that the simulator refuses all: which one?
            Err(VirtualBoardError::Tool { said, .. }) if group.len() == 1 => {
                let row = &mut rows[group[0].0];
                row.effect = Effect::Unreadable { why: said };
                self.means.journal.keep(&row.bit.to_string(), &row.effect)?;
                return Ok(1);
            }
            Err(VirtualBoardError::Tool { .. }) => {
                let (first, second) = group.split_at(group.len() / 2);
                return Ok(self.test(rows, first)? + self.test(rows, second)?);
            }
            Err(error) => return Err(error.into()),
        };
        // The original runs along: a program that fails anyhow finds nothing.
        let jobs: Vec<Option<(&Bit, &Cells)>> = std::iter::once(None)
            .chain(group.iter().map(|(row, cells)| Some((&rows[*row].bit, cells))))
            .collect();
        let effects: Vec<Result<Effect, FlipsError>> = jobs
            .par_iter()
            .enumerate()
            .with_max_len(1)
            .map(|(flip, job)| self.smoke(&program, flip, *job))
            .collect();
        let mut unchanged = 0;
        for (effect, (row, _)) in effects.into_iter().skip(1).zip(group) {
            rows[*row].effect = effect?;
            unchanged += usize::from(!rows[*row].effect.changes());
        }
        Ok(unchanged)
    }

    fn smoke(
        &self,
        program: &Path,
        flip: usize,
        job: Option<(&Bit, &Cells)>,
    ) -> Result<Effect, FlipsError> {
        let effect = self.effect(program, flip)?;
        let Some((bit, cells)) = job else {
            return match effect {
                Effect::Found { by, detail } => Err(FlipsError::Original { by, detail }),
                effect => Ok(effect),
            };
        };
        let effect = if effect == Effect::Missed { self.proved(cells)? } else { effect };
        self.means.journal.keep(&bit.to_string(), &effect)?;
        (self.means.progress)(News::Tested);
        Ok(effect)
    }

    /// What all checks pass may never happen.
    fn proved(&self, cells: &Cells) -> Result<Effect, FlipsError> {
        let proof = never_differs(&self.original, cells, self.means.prover, PROOF_SECONDS);
        let never = proof.map_err(FlipsError::Prover)?;
        Ok(if never { Effect::Unreachable } else { Effect::Missed })
    }

    /// Runs check after check until one fails.
    fn effect(&self, program: &Path, flip: usize) -> Result<Effect, FlipsError> {
        let found = |by: &str, detail: String| {
            Ok(Effect::Found { by: by.into(), detail: detail.replace('\n', " ") })
        };
        let argument = format!("+flip={flip}");
        let started =
            VirtualBoard::start(program, "flipped", Timing::of(self.means.board), Some(&argument));
        let line = match started {
            Ok(line) => line,
            // The simulation itself gave up, for what oscillates.
            Err(VirtualBoardError::Port(error)) => return found("start", error.to_string()),
            Err(error) => return Err(error.into()),
        };
        let board = Board::new(Bone::new(Box::new(line)), self.means.plan.config.geometry);
        let mut board = match board {
            Ok(board) => board,
            Err(error) => return found("start", error.to_string()),
        };
        match identity(&mut board) {
            Ok(Some(_)) => (),
            Ok(None) => return found("start", "nothing answers".into()),
            Err(error) => return found("start", error.to_string()),
        }
        for check in order() {
            let plan = Plan { checks: vec![check], ..self.means.plan.clone() };
            for outcome in plan.run(&mut board) {
                match outcome.verdict {
                    Verdict::Passed(_) => (),
                    Verdict::Skipped(why) => return found(check.name(), why),
                    Verdict::Failed(difference) => {
                        return found(check.name(), difference.to_string());
                    }
                }
            }
        }
        Ok(Effect::Missed)
    }
}

/// The march is by far the longest check and comes last.
fn order() -> impl Iterator<Item = Check> {
    Check::ALL.into_iter().filter(|check| *check != Check::March).chain([Check::March])
}
