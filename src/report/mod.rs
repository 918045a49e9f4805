//! Reports: versioned data first (JSON), the same figures as text second.

mod atomic;
mod cosim;
mod mismatch_row;
mod text;

pub use atomic::{WriteError, write_atomic};
pub use cosim::{ConfigRow, CosimReport, Tools};
pub use mismatch_row::MismatchRow;
