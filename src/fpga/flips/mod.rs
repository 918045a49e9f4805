//! Flipped bits: does the smoke test find them? A configuration bit of the bitstream is turned over,
//! the netlist is unpacked again, and where it differs the smoke test runs on it.

pub mod asc;
pub mod cells;
pub mod merge;
