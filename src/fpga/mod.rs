//! The macro on an FPGA, with an emulated analog side: bitstream, host link, smoke test.
//! `docs/fpga.md` is the specification.

pub mod flips;
pub mod port;
pub mod registers;
