//! The macro on an FPGA, with an emulated analog side: bitstream, host link, smoke test.
//! `docs/fpga.md` is the specification.

pub mod bone;
pub mod host;
pub mod machine;
pub mod noise;
pub mod port;
pub mod predict;
pub mod registers;
pub mod replay;
#[cfg(feature = "verilator")]
pub mod simulation;
pub mod smoke;
pub mod tables;
pub mod transcript;
