//! The board as its host uses it: what is loaded, operated and read back.

use super::bone::{ATTEMPTS, Bone, BoneError, Damage, Transfer};
use super::port::PortError;
use super::registers as board;
use super::tables::Tables;
use crate::config::{Geometry, Pulses};
use crate::infer;
use crate::registers as reg;
use crate::transaction::{Operation, digit_vectors};
use std::collections::BTreeMap;
use std::ops::Range;

/// Times that STATUS is asked before the macro counts as stuck. [C] Each takes 500 cycles of the
/// board at the least; the longest operation takes a few hundred thousand.
const PATIENCE: usize = 4_000;

/// What can end a job on a board.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The link.
    #[error(transparent)]
    Bone(#[from] BoneError),
    /// The macro never became idle.
    #[error("the macro is still busy after {PATIENCE} looks at STATUS")]
    Stuck,
    /// Requests were refused or rules violated.
    #[error("{0}")]
    Trouble(String),
}

impl From<PortError> for HostError {
    fn from(error: PortError) -> Self {
        Self::Bone(error.into())
    }
}

impl HostError {
    /// Whether trying again may help: bytes were damaged or did not come. Looks at STATUS are not
    /// checked, and a damaged one can be a request that is refused.
    fn damaged(&self) -> bool {
        matches!(
            self,
            Self::Bone(BoneError::Lost(_) | BoneError::Port(PortError::Silent { .. }))
                | Self::Stuck
                | Self::Trouble(_)
        )
    }

    /// Whether nothing more can come from this line.
    pub fn dead(&self) -> bool {
        matches!(self, Self::Bone(BoneError::Port(_) | BoneError::Unreliable { .. }))
    }
}

/// What lies in the board, as long as no transfer is lost.
#[derive(Default)]
struct Loaded {
    losses: u64,
    sram: Option<Vec<u32>>,
    tables: Option<(Vec<(u32, u32)>, u16)>,
    calibration: Option<infer::Tables>,
}

/// A board with a macro of known geometry.
pub struct Board {
    pub bone: Bone,
    geometry: Geometry,
    loaded: Loaded,
}

/// Operations on their way into the queue. While one runs, the macro's bus takes longer than the line
/// takes for a word, and nobody stops a host that only writes: each is followed by a look at STATUS,
/// whose answer comes when the bus is free again.
struct Pushes(Vec<([u32; 1], [u32; 1])>);

impl Pushes {
    fn new(operations: &[Operation]) -> Self {
        Self(operations.iter().map(|operation| ([operation.encode()], [0])).collect())
    }

    fn transfers(&mut self) -> impl Iterator<Item = Transfer<'_>> {
        self.0.iter_mut().flat_map(|(word, status)| {
            [Transfer::Write(reg::OPERATION, word), Transfer::Read(reg::STATUS, status)]
        })
    }
}

impl Board {
    /// Brings the link to the beginning of a frame.
    pub fn new(mut bone: Bone, geometry: Geometry) -> Result<Self, PortError> {
        bone.resynchronize()?;
        Ok(Self { bone, geometry, loaded: Loaded::default() })
    }

    /// Geometry that the host goes by.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Does a job until no byte was damaged while it lasted. It has to load all it needs; what is
    /// loaded already takes no time.
    pub fn attempt<T>(
        &mut self,
        mut job: impl FnMut(&mut Self) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let losses = self.bone.losses();
            let stop = match job(self) {
                Ok(done) if self.bone.losses() == losses => return Ok(done),
                Ok(_) => None,
                Err(error) if error.damaged() || self.bone.losses() != losses => Some(error),
                Err(error) => return Err(error),
            };
            last = stop.or(last);
            self.recover()?;
        }
        let nothing = Damage::Silent { received: 0, expected: 0 };
        let unreliable = BoneError::Unreliable { attempts: ATTEMPTS, last: nothing };
        Err(last.unwrap_or(unreliable.into()))
    }

    /// After a damaged transfer: nothing that was loaded counts, and an operation may be under way
    /// that nobody asked for.
    fn recover(&mut self) -> Result<(), HostError> {
        self.bone.lose()?;
        for _ in 0..PATIENCE {
            match self.bone.peek(reg::STATUS) {
                Ok(status) if status & 1 == 0 => return Ok(()),
                Ok(_) => (),
                Err(PortError::Silent { received, expected }) => {
                    let last = Damage::Silent { received, expected };
                    self.bone.lose()?;
                    if self.bone.peek(reg::STATUS).is_err() {
                        return Err(BoneError::Unreliable { attempts: 2, last }.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(HostError::Stuck)
    }

    /// Words from a byte address on.
    pub fn read(&mut self, address: u32, words: usize) -> Result<Vec<u32>, HostError> {
        let mut read = vec![0; words];
        self.bone.checked(&mut [Transfer::Read(address, &mut read)])?;
        Ok(read)
    }

    /// One word.
    pub fn word(&mut self, address: u32) -> Result<u32, HostError> {
        Ok(self.read(address, 1)?[0])
    }

    /// Words to a byte address and those that follow.
    pub fn write(&mut self, address: u32, words: &[u32]) -> Result<(), HostError> {
        Ok(self.bone.checked(&mut [Transfer::Write(address, words)])?)
    }

    /// Words to any addresses, neighbours together, in one transfer.
    pub fn write_all(&mut self, words: &BTreeMap<u32, u32>) -> Result<(), HostError> {
        let runs = runs(words.iter().map(|(&address, &word)| (address, word)));
        let mut writes: Vec<Transfer> =
            runs.iter().map(|(address, words)| Transfer::Write(*address, words)).collect();
        if writes.is_empty() {
            return Ok(());
        }
        Ok(self.bone.checked(&mut writes)?)
    }

    fn loaded(&mut self) -> &mut Loaded {
        if self.loaded.losses != self.bone.losses() {
            self.loaded = Loaded { losses: self.bone.losses(), ..Loaded::default() };
        }
        &mut self.loaded
    }

    /// What was loaded is overwritten by other means.
    pub fn forget(&mut self) {
        self.loaded = Loaded { losses: self.bone.losses(), ..Loaded::default() };
    }

    /// Pulses, all slices on, no noise, nothing refused or violated so far.
    pub fn prepare(&mut self, pulses: &Pulses) -> Result<(), HostError> {
        let timing = timing_words(pulses);
        let enable = vec![u32::MAX; self.geometry.slices().div_ceil(32)];
        Ok(self.bone.checked(&mut [
            Transfer::Write(reg::TIMING_RESET, &timing),
            Transfer::Write(reg::SLICE_ENABLE0, &enable),
            Transfer::Write(reg::CLEAR_COUNTERS, &[0]),
            Transfer::Write(reg::ERROR, &[u32::MAX]),
            Transfer::Write(board::NOISE, &[0]),
            Transfer::Write(board::RULES, &[0]),
            Transfer::Write(board::LINK_ERRORS, &[0]),
        ])?)
    }

    /// Pulses alone.
    pub fn set_pulses(&mut self, pulses: &Pulses) -> Result<(), HostError> {
        self.write(reg::TIMING_RESET, &timing_words(pulses))
    }

    /// The whole array, unless it lies there already.
    pub fn load_sram(&mut self, words: &[u32]) -> Result<(), HostError> {
        if self.loaded().sram.as_deref() == Some(words) {
            return Ok(());
        }
        self.loaded().sram = None;
        self.write(reg::SRAM, words)?;
        self.loaded().sram = Some(words.to_vec());
        Ok(())
    }

    /// Emulator tables and LAMBDA, unless they lie there already.
    pub fn load_tables(&mut self, tables: &Tables) -> Result<(), HostError> {
        let words: Vec<(u32, u32)> = table_words(tables).collect();
        let wanted = Some((words, tables.lambda()));
        if self.loaded().tables == wanted {
            return Ok(());
        }
        self.loaded().tables = None;
        let mut words: BTreeMap<u32, u32> = table_words(tables).collect();
        words.insert(board::LAMBDA, tables.lambda().into());
        self.write_all(&words)?;
        self.loaded().tables = wanted;
        Ok(())
    }

    /// Table entries that are no chip's; all the others are 0. LAMBDA stays.
    pub fn load_entries(&mut self, entries: &BTreeMap<u32, u32>) -> Result<(), HostError> {
        self.loaded().tables = None;
        self.write_all(entries)
    }

    /// Calibration of all ADCs and the master curve, unless they lie there already.
    pub fn load_calibration(&mut self, tables: &infer::Tables) -> Result<(), HostError> {
        if self.loaded().calibration.as_ref() == Some(tables) {
            return Ok(());
        }
        self.loaded().calibration = None;
        let line = |line: &crate::golden::ideal::Calibration| {
            u32::from(line.gain) | (line.offset as u32 & 0x3ff) << 16
        };
        let lines: Vec<Vec<u32>> =
            tables.calibration.iter().map(|adcs| adcs.iter().map(line).collect()).collect();
        let master = tables.master.map(|entry| u32::from(entry as u8));
        let mut writes = vec![Transfer::Write(reg::MASTER, &master)];
        for (address, lines) in (reg::CALIBRATION..).step_by(512).zip(&lines) {
            writes.push(Transfer::Write(address, lines));
        }
        self.bone.checked(&mut writes)?;
        self.loaded().calibration = Some(tables.clone());
        Ok(())
    }

    /// Waits until nothing is under way.
    pub fn wait_idle(&mut self) -> Result<(), HostError> {
        for _ in 0..PATIENCE {
            match self.bone.peek(reg::STATUS) {
                Ok(status) if status & 1 == 0 => {
                    self.bone.note_idle();
                    return Ok(());
                }
                Ok(_) => (),
                Err(PortError::Silent { .. }) => {
                    self.bone.lose()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(HostError::Stuck)
    }

    /// Runs operations to their end; `words` are written before, all in one transfer. At most three
    /// operations: the first has left the queue for two before the third comes.
    pub fn operate(
        &mut self,
        words: &BTreeMap<u32, u32>,
        operations: &[Operation],
    ) -> Result<(), HostError> {
        debug_assert!(operations.len() <= 3);
        let runs = runs(words.iter().map(|(&address, &word)| (address, word)));
        let mut pushes = Pushes::new(operations);
        let writes = runs.iter().map(|(address, words)| Transfer::Write(*address, words));
        let mut transfers: Vec<Transfer> = writes.chain(pushes.transfers()).collect();
        self.bone.checked(&mut transfers)?;
        self.wait_idle()
    }

    /// Accesses words right behind operations, so that those are still under way: an address, and what
    /// is written there. Returns what was read, 0 for writes.
    pub fn access_during(
        &mut self,
        operations: &[Operation],
        accesses: &[(u32, Option<u32>)],
    ) -> Result<Vec<u32>, HostError> {
        let mut pushes = Pushes::new(operations);
        let mut words: Vec<[u32; 1]> = accesses.iter().map(|(_, w)| [w.unwrap_or(0)]).collect();
        let accesses_made =
            accesses.iter().zip(&mut words).map(|((address, written), word)| match written {
                Some(_) => Transfer::Write(*address, word),
                None => Transfer::Read(*address, word),
            });
        let mut transfers: Vec<Transfer> = pushes.transfers().chain(accesses_made).collect();
        self.bone.checked(&mut transfers)?;
        let read = |((_, written), [word]): (&(u32, Option<u32>), &[u32; 1])| {
            if written.is_some() { 0 } else { *word }
        };
        Ok(accesses.iter().zip(&words).map(read).collect())
    }

    /// Sums of a bank, from a finished operation.
    pub fn accumulators(&mut self, bank: u8, outputs: Range<usize>) -> Result<Vec<i32>, HostError> {
        let address = reg::ACCUMULATOR + 4 * (128 * u32::from(bank) + outputs.start as u32);
        let words = self.finished(address, outputs.len())?;
        Ok(words.into_iter().map(|word| word as i32).collect())
    }

    /// Requantized results of `bits` bits.
    pub fn results(
        &mut self,
        bank: u8,
        outputs: Range<usize>,
        bits: u8,
    ) -> Result<Vec<u8>, HostError> {
        let width = if bits > 4 { 8 } else { 4 };
        let per_word = 32 / width;
        let first = outputs.start / per_word;
        let words = outputs.end.div_ceil(per_word) - first;
        let address = reg::RESULT + 4 * (32 * u32::from(bank) + first as u32);
        let words = self.finished(address, words)?;
        let of = |output: usize| {
            let word = words[output / per_word - first];
            (word >> (width * (output % per_word)) & ((1 << width) - 1)) as u8
        };
        Ok(outputs.map(of).collect())
    }

    /// Words that are read while the macro is idle for certain: an answer to a look at STATUS may
    /// have been damaged.
    fn finished(&mut self, address: u32, words: usize) -> Result<Vec<u32>, HostError> {
        let (mut status, mut read) = ([1], vec![0; words]);
        for _ in 0..PATIENCE {
            self.bone.checked(&mut [
                Transfer::Read(reg::STATUS, &mut status),
                Transfer::Read(address, &mut read),
            ])?;
            if status[0] & 1 == 0 {
                return Ok(read);
            }
            self.wait_idle()?;
        }
        Err(HostError::Stuck)
    }

    /// An error if anything was refused or violated since [`prepare`](Self::prepare).
    pub fn untroubled(&mut self) -> Result<(), HostError> {
        let (mut error, mut link, mut rules) = ([0], [0], [0]);
        self.bone.checked(&mut [
            Transfer::Read(reg::ERROR, &mut error),
            Transfer::Read(board::LINK_ERRORS, &mut link),
            Transfer::Read(board::RULES, &mut rules),
        ])?;
        let names = |bits: u32, names: &[&str]| {
            let set = names.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
            set.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
        };
        let found = [
            (error[0], format!("refused: {}", names(error[0], reg::error::NAMES))),
            (rules[0], format!("rules violated: {}", names(rules[0], board::error::NAMES))),
            (link[0], format!("LINK_ERRORS {:#x}", link[0])),
        ];
        let found: Vec<String> =
            found.into_iter().filter(|(bits, _)| *bits != 0).map(|(_, text)| text).collect();
        if found.is_empty() { Ok(()) } else { Err(HostError::Trouble(found.join("; "))) }
    }
}

/// Address and word of every entry.
pub fn table_words(tables: &Tables) -> impl Iterator<Item = (u32, u32)> + use<> {
    let address = |index: usize| board::EMULATOR_TABLE + 4 * index as u32;
    tables.words().into_iter().map(move |(index, word)| (address(index), word.into()))
}

/// The TIMING registers.
fn timing_words(pulses: &Pulses) -> [u32; 10] {
    let mut pulses = *pulses;
    pulses.all_mut().map(|pulse| pulse.width | pulse.gap << 8)
}

/// Address and word of every eight digits of an activation vector, one value per MAC row.
pub fn activation_words(
    slot: u8,
    values: &[u8],
    bits: u8,
) -> impl Iterator<Item = (u32, u32)> + use<> {
    let mut words = vec![];
    for (digits, slot) in digit_vectors(values, bits).iter().zip(u32::from(slot)..) {
        for (word, chunk) in (0..).zip(digits.chunks(8)) {
            let data = chunk.iter().rev().fold(0, |data, &x| data << 4 | u32::from(x & 15));
            words.push((reg::ACTIVATION + 4 * (8 * slot + word), data));
        }
    }
    words.into_iter()
}

/// Words at neighbouring addresses, together.
fn runs(words: impl Iterator<Item = (u32, u32)>) -> Vec<(u32, Vec<u32>)> {
    let mut runs: Vec<(u32, Vec<u32>)> = vec![];
    for (address, word) in words {
        match runs.last_mut() {
            Some((first, run)) if *first + 4 * run.len() as u32 == address => run.push(word),
            _ => runs.push((address, vec![word])),
        }
    }
    runs
}
