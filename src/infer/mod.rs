//! A network on images, by any of three backends. `docs/networks.md`, sections 4 to 7.
//!
//! The data's way: [`execute`] drives a [`Machine`] ([`IdealMachine`], [`GoldenMachine`] or the
//! RTL's), [`calibrate`] makes its [`Tables`], [`run`] takes it over many images, [`monte_carlo`] over
//! many chips, [`accuracy`] says how often it was right.

pub mod accuracy;
mod batches;
pub mod calibrate;
#[cfg(feature = "verilator")]
pub mod cost;
mod error;
pub mod execute;
mod factory;
mod findings;
mod fingerprint;
mod golden;
mod header;
mod ideal;
#[cfg(feature = "verilator")]
pub mod job;
mod machine;
pub mod monte_carlo;
mod post;
#[cfg(feature = "verilator")]
pub mod rtl;
pub mod run;
mod slots;
mod sram;
mod steps;
mod tables;
#[cfg(test)]
mod tests;

pub use error::InferError;
pub use execute::{Executor, ImageResult};
pub use factory::Factory;
pub use findings::{Findings, Place};
pub use golden::GoldenMachine;
pub use ideal::IdealMachine;
pub use machine::{Counts, Machine};
pub use run::{Backend, Inference, Outcome};
pub use tables::Tables;
