//! The transfer of every ADC of a drawn chip, exactly: all 127 thresholds, without noise.
//!
//! For characterization over many chips, where a search for every threshold is too slow. Everything
//! that section 6 of the theory of operation does to a charge (sampling, pushes, leakage, sharing,
//! settling, injection with its output impedance, the comparator's view of the common mode) is affine
//! in the voltages, so along the SAR's decision tree every decision's margin is a straight line in
//! the level that the row DACs drive. The tree is walked once, lines are carried along, and each of
//! its 127 decisions gives one threshold: the line's root, clipped to the inputs that reach the
//! decision. So thresholds come out in order, and a missing code is one without width.
//!
//! **Stimulus.** A ramp as a host would drive it with a plane of +1 and one of -1: a differential
//! conversion, the input d in LSB of the range. For d >= 0 the column P of the pair stores 1 in all
//! MAC rows and N stores 0; for d < 0 the reverse. All M rows are driven alike with a continuous
//! level x = 15 r |d| / M DAC steps: rows share the digits floor(x) and floor(x) + 1, so the level
//! l(x) = x + e(x) is interpolated between those two, and beyond 15, where no DAC goes, it
//! continues with slope 1. That is exact for rows with equal capacitors; with drawn ones the mean
//! of l depends on which rows take the larger digit (a few hundredths of a unit of S).
//!
//! **What is in it.** Drawn capacitors, parasitics, cells, levels and offsets; settling, with the
//! pulses of [`Timing`]; leakage; charge injection and clock feedthrough; output impedance;
//! injection strength; common mode. Noise is not (its mean is 0, also that of an injection), nor
//! metastability (a coin within microvolts of a threshold, as often up as down). Every
//! conversion starts from V_low: what RESET leaves of an earlier step on the same columns is
//! neglected.
//!
//! **Around d = 0** the two branches meet, d = 0 itself belonging to d >= 0. They may disagree: a
//! stored 0 is pushed and leaks differently from a stored 1 at digit 0, so that P and N change roles
//! where the branches meet. A threshold that falls into the gap (below on one side, above on the
//! other) is exactly 0. Where it is the other way round, a code is reached before 0, lost at 0 and
//! reached again: then the threshold is the second place, from which on the code is *finally* at
//! least t.
//!
//! **Beyond sense.** Parameters under which a decision does not see the input rise (a MULTIPLY that
//! does not discharge, an output impedance that takes back more than comes in) leave no threshold:
//! such a decision is taken to be what it is without input, and thresholds may be infinite.
//!
//! ```
//! use capram::config::{Config, Range};
//! use capram::golden::chip::Chip;
//! use capram::golden::transfer::Transfer;
//!
//! let Config { geometry, analog, timing, .. } = Config::builtin("capram65")?;
//! let transfer = Transfer::new(&geometry, &analog, &timing, Range::Full, 0)?;
//! let chip = Chip::draw(&geometry, &analog, 1, 0);
//! let thresholds = transfer.thresholds(&chip, 31);
//! assert!(thresholds.is_sorted());
//! assert!((thresholds[64 - 1]).abs() < 5.0); // offset of this ADC in LSB
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod affine;
mod front;
mod levels;
mod share;
mod tree;

#[cfg(test)]
mod tests;

use crate::config::{ADC_BITS, Analog, Conflict, Geometry, Range, Timing};
use crate::golden::chip::Chip;
use front::{Front, Leakage};
use levels::Levels;
use share::Rhythm;
use tree::{Comparator, Tree};

/// Thresholds of an ADC.
pub const THRESHOLDS: usize = (1 << ADC_BITS) - 1;

/// Why a transfer is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TransferError {
    #[error(transparent)]
    Conflict(#[from] Conflict),
    #[error("{mac_rows} x {columns} is no array; allowed: at least one MAC row and one column")]
    Size { mac_rows: usize, columns: usize },
    #[error(
        "column {column} and the next are no pair of a slice, which has {columns_per_slice} columns"
    )]
    Column { column: usize, columns_per_slice: usize },
    #[error("a pulse is 0 cycles wide; allowed: at least 1")]
    Pulse,
    #[error("a phase clock of {hertz} Hz has no period; allowed: above 0")]
    Clock { hertz: f64 },
}

/// What the thresholds of all chips of a configuration have in common, for one range and one column
/// pair of the slices.
#[derive(Clone, Debug)]
pub struct Transfer {
    columns_per_slice: usize,
    column: usize,
    front: Front,
    rhythm: Rhythm,
    comparator: Comparator,
    /// Input in LSB at which the rows are driven with one DAC step.
    lsb_per_step: f64,
}

impl Transfer {
    /// Prepares the ramp of the columns `column` and `column + 1` of every slice, `analog` already
    /// under its conditions (as in a loaded configuration). Refuses a pair that a slice does not
    /// have, and parameters that contradict each other.
    pub fn new(
        geometry: &Geometry,
        analog: &Analog,
        timing: &Timing,
        range: Range,
        column: usize,
    ) -> Result<Self, TransferError> {
        check(geometry, timing, column)?;
        let &Geometry { mac_rows, columns_per_slice, .. } = geometry;
        analog.validate(mac_rows)?;
        let leakage = Leakage::new(analog, timing, mac_rows);
        Ok(Self {
            columns_per_slice,
            column,
            front: Front::new(analog, timing, &leakage, mac_rows),
            rhythm: Rhythm::new(analog, timing, range, leakage),
            comparator: Comparator::new(analog, mac_rows),
            lsb_per_step: mac_rows as f64 / (15.0 * range.factor()),
        })
    }

    /// Thresholds of one ADC: `[t - 1]` is the smallest input d, in LSB of the range, from which on
    /// the code is at least t; ideally t - 64, less 1/16 unit of S. In ascending order.
    ///
    /// # Panics
    ///
    /// If `chip` was drawn for another geometry, or has no such slice.
    pub fn thresholds(&self, chip: &Chip, slice: usize) -> [f64; THRESHOLDS] {
        let tree = Tree::new(self, chip, slice);
        let levels = Levels::new(chip.level_errors());
        let (positive, negative) = (tree.positive(self), tree.negative(self));
        std::array::from_fn(|i| {
            if positive[i] > 0.0 {
                levels.place(positive[i]) * self.lsb_per_step
            } else {
                // Not minus, so that no threshold is -0.
                0.0 - levels.place(-negative[i]) * self.lsb_per_step
            }
        })
    }
}

/// Checks what has no transfer at all.
fn check(geometry: &Geometry, timing: &Timing, column: usize) -> Result<(), TransferError> {
    let &Geometry { mac_rows, columns, columns_per_slice, .. } = geometry;
    if mac_rows == 0 || columns == 0 {
        return Err(TransferError::Size { mac_rows, columns });
    }
    geometry.validate_slicing()?;
    if column.saturating_add(1) >= columns_per_slice {
        return Err(TransferError::Column { column, columns_per_slice });
    }
    if timing.pulses.widths().contains(&0) {
        return Err(TransferError::Pulse);
    }
    let hertz = timing.phase_clock_hz();
    if !(hertz > 0.0 && timing.period_s() > 0.0) {
        return Err(TransferError::Clock { hertz });
    }
    Ok(())
}
