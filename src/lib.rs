//! Co-verification harness for the CAP-RAM in-memory-computing macro: its RTL (Verilator) in closed
//! loop with a plant of the array and the analog side, checked in lockstep by an independent
//! reference. `docs/theory_of_operation.md` is the specification.
#![cfg_attr(
    feature = "verilator",
    doc = concat!("\nA testbench of one's own:\n```\n", include_str!("../examples/own_testbench.rs"), "```\n")
)]

pub mod config;
pub mod golden;
pub mod pins;
pub mod report;
mod simd;
pub mod transaction;
pub mod wave;
pub mod registers;
pub mod rtl;
#[cfg(feature = "verilator")]
pub mod dut;
pub mod compare;
#[cfg(feature = "verilator")]
pub mod testbench;
pub mod stimulus;
#[cfg(feature = "verilator")]
pub mod cosim;
