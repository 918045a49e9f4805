//! Co-verification harness for the CAP-RAM in-memory-computing macro: its RTL (Verilator) in closed
//! loop with a plant of the array and the analog side, checked in lockstep by an independent
//! reference. `docs/theory_of_operation.md` is the specification.
#![cfg_attr(
    feature = "verilator",
    doc = concat!("\nA testbench of one's own:\n```\n", include_str!("../examples/own_testbench.rs"), "```\n")
)]

pub mod characterize;
mod checkpoint;
pub mod compare;
pub mod config;
#[cfg(feature = "verilator")]
pub mod cosim;
pub mod dataset;
#[cfg(feature = "verilator")]
pub mod dut;
pub mod energy;
pub mod fpga;
pub mod golden;
pub mod infer;
pub mod mapping;
pub mod network;
pub mod pins;
pub mod registers;
pub mod report;
pub mod rtl;
mod simd;
pub mod spice;
pub mod stimulus;
#[cfg(feature = "verilator")]
pub mod testbench;
pub mod transaction;
pub mod wave;

pub use checkpoint::CheckpointError;
