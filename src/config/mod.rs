//! Configurations: geometry (fixed when the RTL is built), timing and analog terms (run time).

mod analog;
mod geometry;
mod timing;

pub use analog::*;
pub use geometry::*;
pub use timing::*;
