//! Why an inference ends early.

use crate::characterize::CharacterizeError;
use crate::characterize::calibrate::CalibrationError;
use crate::checkpoint::CheckpointError;
use crate::golden::reference::ConverterError;
use crate::network::Shape;

/// What ends a run. A mismatch of the RTL does not: it is a result.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    #[error(transparent)]
    Converter(#[from] ConverterError),
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    #[error("{source}; while the RTL converted for the calibration: {found}")]
    FaultyCalibration { source: Box<InferError>, found: String },
    #[error(transparent)]
    Characterize(#[from] CharacterizeError),
    #[error(
        "geometry.columns_per_slice: {0} column per slice makes no differential pair, which \
         calibration converts; allowed: 2 or 4, or no calibration"
    )]
    NoPairs(usize),
    #[error(
        "data set {name} has images of {} x {} x {} (channels, rows, columns); the network takes {} x {} x {}",
        images.channels, images.height, images.width, network.channels, network.height, network.width
    )]
    ImageShape { name: String, images: Shape, network: Shape },
    #[error("images {first} to {} are wanted; data set {name} has {images}", end.saturating_sub(1))]
    Images { name: String, images: usize, first: usize, end: usize },
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[cfg(feature = "verilator")]
    #[error(transparent)]
    Bench(#[from] crate::testbench::BenchError),
    #[error("the RTL backend needs the feature `verilator`")]
    NoRtl,
    #[error("threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}
