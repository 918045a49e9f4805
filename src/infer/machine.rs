//! What a host can ask of a macro, whoever computes it.

use std::ops::{Add, AddAssign, Range, Sub};

use serde::{Deserialize, Serialize};

use crate::transaction::{Operation, Requantize};

/// What the macro's counters count: all active slices of all conversion steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub operations: u64,
    pub conversions: u64,
    /// Codes 0 and 127.
    pub clipped: u64,
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            operations: self.operations + other.operations,
            conversions: self.conversions + other.conversions,
            clipped: self.clipped + other.clipped,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What was counted between two readings.
impl Sub for Counts {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            operations: self.operations - earlier.operations,
            conversions: self.conversions - earlier.conversions,
            clipped: self.clipped - earlier.clipped,
        }
    }
}

/// A macro with its weights and calibration in place. The same calls drive the integer ideal, the
/// golden model and the RTL. Banks are 0..2, outputs below the columns, slots below 16.
pub trait Machine {
    /// What can end a run.
    type Error;

    /// The next conversion step has this index.
    fn number_conversions(&mut self, first: u64) -> Result<(), Self::Error>;

    /// Requantization of the results to come; idle.
    fn set_requantize(&mut self, layer: Requantize) -> Result<(), Self::Error>;

    /// Multiplier and bias of an output; idle.
    fn set_output(
        &mut self,
        bank: u8,
        output: u8,
        multiplier: u8,
        bias: i32,
    ) -> Result<(), Self::Error>;

    /// Writes an activation vector, one value per MAC row; of more than 4 bits into two slots.
    fn activate(&mut self, slot: u8, values: &[u8], bits: u8) -> Result<(), Self::Error>;

    /// Queues an operation.
    fn operate(&mut self, operation: &Operation) -> Result<(), Self::Error>;

    /// Reads requantized results of a finished burst.
    fn results(
        &mut self,
        bank: u8,
        outputs: Range<usize>,
        into: &mut [u8],
    ) -> Result<(), Self::Error>;

    /// Reads sums of a finished burst.
    fn sums(
        &mut self,
        bank: u8,
        outputs: Range<usize>,
        into: &mut [i32],
    ) -> Result<(), Self::Error>;

    /// What was counted since the start; idle.
    fn counts(&mut self) -> Result<Counts, Self::Error>;

    /// Waits until everything queued is done: the next operation starts from rest.
    fn wait_idle(&mut self) -> Result<(), Self::Error>;
}
