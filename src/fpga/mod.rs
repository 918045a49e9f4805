//! The macro on an FPGA, with an emulated analog side: bitstream, host link, smoke test.
//! `docs/fpga.md` is the specification.

pub mod board;
pub mod bone;
pub mod build;
pub mod flips;
pub mod host;
pub mod machine;
pub mod netlist;
pub mod noise;
pub mod port;
pub mod predict;
pub mod pty;
pub mod registers;
pub mod replay;
pub mod serial;
#[cfg(feature = "verilator")]
pub mod simulation;
pub mod smoke;
pub mod tables;
pub mod transcript;
pub mod virtual_board;
