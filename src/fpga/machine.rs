//! A board as a [`Machine`]: images run on it with the calls that all backends get.

use super::bone::Transfer;
use super::host::{Board, HostError, activation_words};
use crate::infer::{Counts, Machine};
use crate::registers as reg;
use crate::transaction::{Operation, Requantize};
use std::collections::BTreeMap;
use std::ops::Range;

/// Operations that the macro's queue takes for certain when it was empty.
const QUEUE: usize = 2;

/// A board whose array and tables are loaded. Writes are kept until an operation needs them, so that
/// they go in few transfers.
pub struct BoardMachine<'a> {
    board: &'a mut Board,
    writes: BTreeMap<u32, u32>,
    operations: Vec<Operation>,
    bits: u8,
}

impl<'a> BoardMachine<'a> {
    pub fn new(board: &'a mut Board) -> Self {
        Self { board, writes: BTreeMap::new(), operations: vec![], bits: 4 }
    }

    /// Writes and operates what is kept.
    fn flush(&mut self) -> Result<(), HostError> {
        let writes = std::mem::take(&mut self.writes);
        let operations = std::mem::take(&mut self.operations);
        if operations.is_empty() {
            return self.board.write_all(&writes);
        }
        self.board.operate(&writes, &operations)
    }

    /// A write that operations before it must not see.
    fn keep(&mut self, words: impl IntoIterator<Item = (u32, u32)>) -> Result<(), HostError> {
        if !self.operations.is_empty() {
            self.flush()?;
        }
        self.writes.extend(words);
        Ok(())
    }
}

impl Machine for BoardMachine<'_> {
    type Error = HostError;

    /// Noise is the emulator's own: conversions have no numbers.
    fn number_conversions(&mut self, _first: u64) -> Result<(), HostError> {
        self.flush()
    }

    fn set_requantize(&mut self, layer: Requantize) -> Result<(), HostError> {
        self.bits = layer.bits;
        let word = u32::from(layer.shift) | (u32::from(layer.bits) - 1) << 8;
        self.keep([(reg::REQUANT, word)])
    }

    fn set_output(
        &mut self,
        bank: u8,
        output: u8,
        multiplier: u8,
        bias: i32,
    ) -> Result<(), HostError> {
        let index = 4 * (128 * u32::from(bank) + u32::from(output));
        self.keep([(reg::MULTIPLIER + index, multiplier.into()), (reg::BIAS + index, bias as u32)])
    }

    fn activate(&mut self, slot: u8, values: &[u8], bits: u8) -> Result<(), HostError> {
        self.keep(activation_words(slot, values, bits))
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), HostError> {
        if self.operations.len() == QUEUE {
            self.flush()?;
        }
        self.operations.push(*operation);
        Ok(())
    }

    fn results(
        &mut self,
        bank: u8,
        outputs: Range<usize>,
        into: &mut [u8],
    ) -> Result<(), HostError> {
        self.flush()?;
        into.copy_from_slice(&self.board.results(bank, outputs, self.bits)?);
        Ok(())
    }

    fn sums(&mut self, bank: u8, outputs: Range<usize>, into: &mut [i32]) -> Result<(), HostError> {
        self.flush()?;
        into.copy_from_slice(&self.board.accumulators(bank, outputs)?);
        Ok(())
    }

    fn counts(&mut self) -> Result<Counts, HostError> {
        self.flush()?;
        let mut counts = [0; 3];
        self.board.bone.checked(&mut [Transfer::Read(reg::OPERATIONS, &mut counts)])?;
        let [operations, conversions, clipped] = counts.map(u64::from);
        Ok(Counts { operations, conversions, clipped })
    }

    fn wait_idle(&mut self) -> Result<(), HostError> {
        self.flush()
    }
}
