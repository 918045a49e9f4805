//! The macro on an FPGA, with an emulated analog side: bitstream, host link, smoke test.
//! `docs/fpga.md` is the specification.

pub mod board;
pub mod build;
pub mod netlist;
pub mod noise;
pub mod port;
pub mod pty;
pub mod registers;
pub mod serial;
pub mod tables;
pub mod virtual_board;
