//! A quantized CNN: its file, checked, as data. `docs/networks.md`, sections 1 and 2.

mod builtin;
mod error;
mod exact;
mod host;
mod layer;
mod layers;
mod load;
mod matrix;
mod reuse;
mod scaling;
mod tensors;
mod tree;
mod value;

#[cfg(test)]
mod tests;

pub use error::{NetworkError, Part, Problem};
pub use host::{Tensor, add, add_biases, pool};
pub use layer::{
    Add, Convolution, Input, Layer, LayerKind, Matrix, Network, Output, Pool, PoolKind,
    Requantized, Scaling, Shape, Source, Weights,
};
