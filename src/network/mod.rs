//! A quantized CNN: its file, checked, as data. `docs/networks.md`, sections 1 and 2.

mod layer;

pub use layer::{
    Add, Convolution, Input, Layer, LayerKind, Matrix, Network, Output, Pool, PoolKind, Requantized,
    Scaling, Shape, Source, Weights,
};
