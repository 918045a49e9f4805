//! The macro on an FPGA, with an emulated analog side: bitstream, host link, smoke test.
//! `docs/fpga.md` is the specification.

pub mod board;
pub mod bone;
pub mod build;
<<<<<<< HEAD
pub mod flips;
pub mod host;
pub mod machine;
=======
>>>>>>> virt
pub mod netlist;
pub mod noise;
pub mod port;
pub mod predict;
pub mod pty;
pub mod registers;
<<<<<<< HEAD
pub mod replay;
pub mod serial;
#[cfg(feature = "verilator")]
pub mod simulation;
pub mod smoke;
pub mod tables;
pub mod transcript;
=======
pub mod serial;
pub mod tables;
>>>>>>> virt
pub mod virtual_board;
