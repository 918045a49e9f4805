//! The macro's activation slots.

use crate::golden::chip::LEVELS;
use crate::golden::reference::ConverterError;

/// Slots of the macro.
pub(super) const SLOTS: usize = 16;
/// Most MAC rows of any geometry.
pub(super) const MAX_ROWS: usize = 64;

/// Digit vectors as the host left them, 0 at first.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    rows: usize,
    slots: [Slot; SLOTS],
}

/// One digit vector and its sum.
#[derive(Clone, Copy, Debug)]
struct Slot {
    digits: [u8; MAX_ROWS],
    sum: i32,
}

impl Slots {
    pub(super) fn new(rows: usize) -> Self {
        Self { rows, slots: [Slot { digits: [0; MAX_ROWS], sum: 0 }; SLOTS] }
    }

    /// Writes a vector of `bits` wide values, one per MAC row; more than 4 bits take `slot` for the
    /// high digits and the next one for the low ones.
    pub(super) fn write(
        &mut self,
        slot: u8,
        values: &[u8],
        bits: u8,
    ) -> Result<(), ConverterError> {
        let slot = usize::from(slot);
        if values.len() != self.rows {
            let (given, needed) = (values.len(), self.rows);
            return Err(ConverterError::Shape { what: "activations", given, needed });
        }
        if bits > 4 {
            self.slots[slot].set(values, |x| x >> 4);
            self.slots[slot + 1].set(values, |x| x & 15);
            return Ok(());
        }
        self.slots[slot].set(values, |x| x);
        // One comparison of the whole vector: the row matters only to the message.
        if values.iter().fold(0, |all, x| all | x) < LEVELS as u8 {
            return Ok(());
        }
        let row = values.iter().position(|&x| usize::from(x) >= LEVELS).unwrap_or(0);
        Err(ConverterError::Digit { row, digit: values[row] })
    }

    /// Digits of a slot, one per MAC row.
    pub(super) fn digits(&self, slot: usize) -> &[u8] {
        &self.slots[slot].digits[..self.rows]
    }

    /// Sum of a slot's digits.
    pub(super) fn sum(&self, slot: usize) -> i32 {
        self.slots[slot].sum
    }
}

impl Slot {
    fn set(&mut self, values: &[u8], digit: impl Fn(u8) -> u8) {
        for (to, &x) in self.digits.iter_mut().zip(values) {
            *to = digit(x);
        }
        self.sum = self.digits.iter().map(|&x| i32::from(x)).sum();
    }
}
