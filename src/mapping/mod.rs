//! A network's place in one macro and the host's work for an image. `docs/networks.md`, sections 3
//! and 4.

pub mod program;

pub use program::{Burst, LayerStage, OutputTable, Program, Read, Stage, UNUSED, Vector};
