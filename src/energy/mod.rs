//! Energy: what a co-simulation shows on the pins, counted, and what that costs. `docs/energy.md`
//! has every formula and says which number is fitted.

mod activity;
mod breakdown;
#[cfg(feature = "verilator")]
mod measure;
mod model;
mod observer;
#[cfg(feature = "verilator")]
mod sweep;
#[cfg(test)]
mod tests;
#[cfg(feature = "verilator")]
mod workload;

pub use activity::Activity;
pub use breakdown::{Breakdown, Parts};
#[cfg(feature = "verilator")]
pub use measure::{EnergyError, Measurement, measure};
pub use model::Model;
pub use observer::Observer;
#[cfg(feature = "verilator")]
pub use sweep::{Row, sweep};
#[cfg(feature = "verilator")]
pub use workload::Workload;
