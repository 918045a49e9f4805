//! The macro on an FPGA, with an emulated analog side: bitstream, host link, smoke test.
//! `docs/fpga.md` is the specification.

pub mod board;
pub mod build;
pub mod noise;
pub mod port;
pub mod registers;
pub mod tables;
