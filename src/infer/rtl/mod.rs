//! The RTL backend: a network's transactions through the Verilated macro in closed loop with the
//! plant, everything compared.

mod beside;
mod calibration;
mod factory;
mod failure;
mod feed;
mod machine;
mod trace;

pub use beside::{Beside, BesideError, Difference};
pub use calibration::convert;
pub use factory::RtlFactory;
pub(super) use failure::forgive;
pub use failure::{Finding, Setup, repeat};
pub use machine::RtlMachine;
pub use trace::trace;
