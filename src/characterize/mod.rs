//! What a macro is worth: figures of merit of its ADCs and of its computation, the calibration that
//! its post-processor needs, and their spread over chips.
//!
//! The data's way: [`program`] says what is converted, [`golden`] or [`rtl`] converts it, [`figures`]
//! turns codes into figures with [`metrics`] and [`calibrate`], [`monte_carlo`] repeats that over
//! chips, [`run`] puts a report together. Metrics and calibration know nothing of how the codes came
//! about.

pub mod calibrate;
pub mod dump;
pub mod figures;
pub mod golden;
pub mod metrics;
pub mod monte_carlo;
pub mod program;
#[cfg(feature = "verilator")]
pub mod published;
#[cfg(feature = "verilator")]
pub mod rtl;
#[cfg(feature = "verilator")]
pub mod run;

use calibrate::CalibrationError;
use metrics::MetricsError;

use crate::checkpoint::CheckpointError;
use crate::golden::reference::ConverterError;
use crate::golden::transfer::TransferError;

/// Conversion steps that a backend runs from a fresh start; the same in every backend, so that both
/// see the same history. [C] Some milliseconds each: enough for all threads, progress to show.
pub const BATCH: usize = 1024;

/// Why a characterization can not be done.
#[derive(Debug, thiserror::Error)]
pub enum CharacterizeError {
    #[error(
        "geometry.columns_per_slice: {0} column per slice makes no differential pair, which \
         characterization converts; allowed: 2 or 4"
    )]
    NoPairs(usize),
    #[error("ADC {adc}: {source}")]
    Metrics { adc: usize, source: MetricsError },
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    #[error(transparent)]
    Converter(#[from] ConverterError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[cfg(feature = "verilator")]
    #[error(transparent)]
    Bench(#[from] crate::testbench::BenchError),
    #[cfg(feature = "verilator")]
    #[error(transparent)]
    Energy(#[from] crate::energy::EnergyError),
    #[error("chip {chip}: no figure of it is a number")]
    NotFinite { chip: u64 },
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Write(#[from] crate::report::WriteError),
}
