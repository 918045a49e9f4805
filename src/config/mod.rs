//! Configurations: geometry (fixed when the RTL is built), timing and analog terms (run time).

mod analog;
mod conditions;
mod energy;
mod error;
mod geometry;
mod load;
mod parse;
mod schema;
mod timing;
mod validate;

#[cfg(test)]
mod tests;

pub use analog::*;
pub use conditions::{Conditions, Corner, Process};
pub use energy::Energy;
pub use error::{ConfigError, Conflict, Place, Problem, Scalar};
pub use geometry::*;
pub use load::Config;
pub use schema::Allowed;
pub use timing::*;
