//! Many conversions fast: a batch of activation vectors against the stored weights of one plane,
//! all slices of one conversion step, one code each.
//!
//! For characterization and network-level sweeps, where the step-by-step models are too slow:
//!
//! | converter | computes |
//! | --- | --- |
//! | [`Ideal`] | the ideal transfer, in integers |
//! | [`Sar`] | a drawn chip: capacitors, parasitics, injection cells, comparator offset |
//! | [`NoisySar`] | the same with kT/C and comparator noise, the draws of [`NoiseFrame`] |
//!
//! No other term is modelled here; [`Die::draw`] refuses analog
//! parameters that have one on, and [`Sar`] those with noise, so that no answer belongs to another
//! model than the one asked for.
//!
//! **Accuracy.** Sums of capacitor times digit are exact integers. Voltages are 32-bit fixed point
//! (about 0.2 nV a step), so a code equals that of section 6 of the theory of operation, evaluated
//! exactly, unless a decision's margin is below [`Sar::error_bound_v`], which is below 5 nV (7e-7
//! LSB at r = 1) for the default chip with all noise on. The bound is computed for the weights at
//! hand.
//!
//! **Speed.** Lanes are slices. Digits are broadcast, several vectors at once, so that each weight
//! loaded serves all of them. The instruction set is chosen at run time and changes no code.
//!
//! ```
//! use capram::config::Range;
//! use capram::golden::batch::{Ideal, Step};
//! # use capram::config::Geometry;
//! let geometry = Geometry { mac_rows: 64, columns: 128, columns_per_slice: 4, post_lanes: 2 };
//! let step = Step { column: 0, differential: true, range: Range::Full, level: 0 };
//! let mut plane = vec![false; 64 * 128]; // [mac row][column]
//! plane[0] = true;
//! let ideal = Ideal::new(&geometry, &step, &plane)?;
//! let digits = [15; 2 * 64]; // [vector][mac row]
//! let mut codes = [0; 2 * 32]; // [vector][slice]
//! ideal.convert(&digits, &mut codes)?;
//! assert_eq!(codes[..2], [65, 64]); // S = 15 units is one LSB above the middle
//! # Ok::<(), capram::golden::batch::BatchError>(())
//! ```
//!
//! [`NoiseFrame`]: super::noise::NoiseFrame

mod die;
mod ideal;
mod sar;
mod search;
mod slice;
mod step;
mod sums;
mod transfer;

#[cfg(test)]
mod tests;

pub use die::Die;
pub use ideal::Ideal;
pub use sar::{NoisySar, Sar};
pub use step::Step;

pub use crate::golden::simd::Isa;

use crate::config::{Conflict, Geometry};
use crate::golden::{draws, simd};

/// Largest digit of a row DAC.
const MAX_DIGIT: u8 = 15;
/// Most MAC rows of a macro.
const MAX_ROWS: usize = 64;
/// Vectors that the kernels take at once: enough to hide latencies, few enough for the registers.
const TILE: usize = 8;

/// Why a batch is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BatchError {
    #[error("analog.{term} is on; batched conversions do not model it here")]
    Unsupported { term: &'static str },
    #[error(transparent)]
    Conflict(#[from] Conflict),
    #[error(
        "{mac_rows} x {columns} is no array; allowed: 8 to 64 MAC rows, a multiple of 8, and at \
         least one column"
    )]
    Size { mac_rows: usize, columns: usize },
    #[error(
        "column {column} (of a pair: {differential}) lies beyond its slice, which has \
         {columns_per_slice} columns"
    )]
    Column { column: usize, differential: bool, columns_per_slice: usize },
    #[error("reference level {0} is above 15")]
    Level(u8),
    #[error("{found} stored bits; expected one per MAC row and column, {expected}")]
    Plane { found: usize, expected: usize },
    #[error("{found} digits are no whole number of vectors of {mac_rows}")]
    Digits { found: usize, mac_rows: usize },
    #[error("digit {value} of vector {vector} is above 15")]
    Digit { value: u8, vector: usize },
    #[error("room for {found} codes; expected one per vector and slice, {expected}")]
    Codes { found: usize, expected: usize },
    #[error("this chip's voltages reach {volts} V, beyond what fixed point holds")]
    Reach { volts: f64 },
    #[error("this machine does not have {0:?}")]
    Isa(Isa),
}

/// Checks what no kernel could work with. Any number of slices will do, also one that the RTL can
/// not have, and the lanes play no part.
fn check_geometry(geometry: &Geometry) -> Result<(), BatchError> {
    let &Geometry { mac_rows, columns, .. } = geometry;
    if !(8..=MAX_ROWS).contains(&mac_rows) || !mac_rows.is_multiple_of(8) || columns == 0 {
        return Err(BatchError::Size { mac_rows, columns });
    }
    geometry.validate_slicing()?;
    Ok(())
}

/// Checks the shapes and values of a batch.
fn check_batch(geometry: &Geometry, digits: &[u8], codes: &[u8]) -> Result<(), BatchError> {
    let mac_rows = geometry.mac_rows;
    if !digits.len().is_multiple_of(mac_rows) {
        return Err(BatchError::Digits { found: digits.len(), mac_rows });
    }
    let expected = digits.len() / mac_rows * geometry.slices();
    if codes.len() != expected {
        return Err(BatchError::Codes { found: codes.len(), expected });
    }
    // One pass without branches first: it costs next to nothing.
    if digits.iter().fold(0, |all, digit| all | digit) > MAX_DIGIT
        && let Some(at) = digits.iter().position(|&digit| digit > MAX_DIGIT)
    {
        return Err(BatchError::Digit { value: digits[at], vector: at / mac_rows });
    }
    Ok(())
}
