//! A network on images, by any of three backends. `docs/networks.md`, sections 4 to 7.

mod machine;

pub use machine::{Counts, Machine};
