//! Mappings against oracles that share nothing with the mapper but the types.

pub mod fixture;
mod meaning;
mod oracle;
mod steps;
