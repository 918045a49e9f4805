//! What the host does for every image: layers, bursts, transactions. `docs/networks.md`, section 4.

use crate::config::Range;
use crate::transaction::{Operation, Requantize};

/// Stands for no element: a MAC row that gets 0, an output that nobody keeps.
pub const UNUSED: u32 = u32::MAX;

/// The array's contents and an image's work.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Words of the SRAM, `[physical row * words per row + word]`.
    pub sram: Vec<u32>,
    /// In order.
    pub stages: Vec<Stage>,
    /// Conversion steps of one image.
    pub conversion_steps: u64,
    /// Ranges in use, without repetition.
    pub ranges: Vec<Range>,
}

/// One layer's work, or a part of it: a layer whose output groups need more requantization entries
/// than the banks have takes several stages, one after the other, which give different elements.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    Macro(LayerStage),
    /// The host computes this layer of the network.
    Host(usize),
}

/// A layer that the macro computes.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerStage {
    /// Number of the layer in the network.
    pub layer: usize,
    /// `None`: the sums are read.
    pub requantize: Option<Requantize>,
    /// Requantization of every output in use, of both banks as needed; empty if sums are read.
    pub tables: Vec<OutputTable>,
    pub bursts: Vec<Burst>,
}

/// Requantization of one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputTable {
    pub bank: u8,
    pub output: u8,
    pub multiplier: u8,
    pub bias: i32,
}

/// Operations whose steps follow each other without a pause, into one bank.
#[derive(Clone, Debug, PartialEq)]
pub struct Burst {
    /// Loaded before the first operation is queued, one per operation.
    pub vectors: Vec<Vector>,
    pub operations: Vec<Operation>,
    /// What the host reads when the burst is over; `None` if another one adds to it.
    pub read: Option<Read>,
}

/// One activation vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    pub slot: u8,
    /// Width of the activations.
    pub bits: u8,
    /// Element of the layer's input for every MAC row, or [`UNUSED`].
    pub sources: Vec<u32>,
}

/// Results of outputs `first..first + targets.len()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub bank: u8,
    pub first: u8,
    /// Element of what the layer gives for each, or [`UNUSED`].
    pub targets: Vec<u32>,
}
