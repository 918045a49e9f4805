//! Golden analog behavioral model of the macro: a plant that reacts to pins and a reference that
//! predicts from the transaction alone. They share parameters, drawn chips and drawn noise (data),
//! never the code that turns them into voltages and decisions.

pub mod batch;
pub mod calibrated;
pub mod chip;
mod draws;
pub mod ideal;
pub mod noise;
pub mod plant;
pub mod random;
pub mod reference;
mod simd;
pub mod transfer;
