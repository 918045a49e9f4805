//! Why a network is refused, and by how much.

use crate::config::WeightFormat;

/// Most conversion steps of an image. [C] A thousand times what LeNet-5 takes; the program lists
/// every operation of an image, so that more would fill memory.
pub const MOST_STEPS: usize = 300_000;

/// A network that this macro cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    #[error(
        "layer {layer}: a weight of format {} takes {} columns; allowed in this \
         geometry: up to {per_slice}",
        format.name(), format.columns()
    )]
    Format { layer: String, format: WeightFormat, per_slice: usize },
    #[error("layer {layer}: its weights are those of {of}, which has none of its own")]
    Borrowed { layer: String, of: String },
    #[error(
        "the network needs {needed} cells and the array has {there}: {} are missing",
        needed - there
    )]
    Cells { needed: usize, there: usize },
    #[error("an image takes {steps} conversion steps; allowed: up to {MOST_STEPS}")]
    Steps { steps: usize },
    #[error(
        "layer {layer}: a block of {rows} rows x {outputs} outputs ({} cells) finds no place; \
         {free} cells are free, in {planes}",
        rows * outputs * columns
    )]
    Place {
        layer: String,
        rows: usize,
        outputs: usize,
        /// Of one weight.
        columns: usize,
        free: usize,
        /// Which planes, with the free cells of each.
        planes: String,
    },
}
