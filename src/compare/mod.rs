//! Lockstep verdict: what was observed against what the reference predicts.

mod checker;
mod signals;

pub use checker::{Checker, Counts, VOLT_TOLERANCE};
