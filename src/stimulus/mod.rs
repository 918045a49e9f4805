//! Host transactions of a run: batches that are independent of each other, so that they can run on
//! any number of threads and be repeated alone.

mod file;
mod random;

pub use file::{FileSettings, FileStimulus, StimulusError};
pub use random::RandomStimulus;

use crate::config::WeightFormat;
use crate::pins::SLICE_WORDS;
use crate::transaction::{Operation, Requantize};

/// Weights of one plane, `[mac row][output]`.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaneWeights {
    /// Plane, 0..=7.
    pub plane: usize,
    /// How they are stored.
    pub format: WeightFormat,
    /// `[mac row][output]`.
    pub weights: Vec<Vec<i8>>,
}

/// Calibration tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables {
    /// Gain and offset, `[range][adc]`.
    pub calibration: Vec<Vec<(u8, i16)>>,
    /// Master curve, 128 entries.
    pub master: Vec<i8>,
}

/// Requantization of all outputs, and its layer settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Shift and width.
    pub requantize: Requantize,
    /// Multiplier and bias, `[bank][output]`.
    pub outputs: Vec<Vec<(u8, i32)>>,
}

/// An operation with its activation vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The operation; its slot and bank are the host's choice.
    pub operation: Operation,
    /// One value per MAC row.
    pub activations: Vec<u8>,
    /// Outputs that the host reads back.
    pub outputs: usize,
}

/// What one fresh macro is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Number of the batch in the run.
    pub index: usize,
    /// Number of its first operation in the run.
    pub first_operation: u64,
    /// Conversion index of its first conversion step: where its noise starts.
    pub first_conversion: u64,
    /// Weights, loaded first.
    pub planes: Vec<PlaneWeights>,
    /// Calibration; neutral if `None`.
    pub tables: Option<Tables>,
    /// Slices that convert, one bit each; all if `None`.
    pub slice_enable: Option<[u32; SLICE_WORDS]>,
    /// Requantization, if results are read.
    pub layer: Option<Layer>,
    /// Operations in order.
    pub steps: Vec<Step>,
}

/// A source of batches.
pub trait Stimulus: Sync {
    /// Batches of the run.
    fn batches(&self) -> usize;
    /// Operations of the run.
    fn operations(&self) -> u64;
    /// One batch, the same whenever it is asked for.
    fn batch(&self, index: usize) -> Batch;
}
