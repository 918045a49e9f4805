//! Reports: versioned data first (JSON), the same figures as text second.

mod atomic;
pub mod characterize;
mod cosim;
pub mod fpga_build;
pub mod fpga_flips;
pub mod fpga_smoke;
pub mod infer;
pub mod map;
mod mismatch_row;
mod spice;
pub(crate) mod text;

pub use atomic::{WriteError, replaceable, write_atomic, write_json};
pub use characterize::CharacterizeReport;
pub use cosim::{ConfigRow, CosimReport, EmulatedRow, Tools};
pub use infer::InferReport;
pub use mismatch_row::MismatchRow;
pub use spice::{
    SpiceDecks, SpiceMismatch, SpicePhase, SpicePlace, SpiceReport, SpiceTools, SpiceWorst,
};
