//! Machines against an independent sum, the executor against a program by hand, runs against
//! interruption.

mod calibration;
mod executor;
mod fixture;
mod layers;
mod machines;
mod naive;
mod population;
mod runs;
