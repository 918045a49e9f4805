//! Flipped bits: does the smoke test find them? A configuration bit of the bitstream is turned over,
//! the netlist is unpacked again, and where it differs the smoke test runs on it. `docs/fpga.md`,
//! section 7.

pub mod asc;
pub mod behaviour;
pub mod cells;
mod expression;
pub mod journal;
pub mod merge;
pub mod reach;
mod run;
mod unpacker;

pub use run::{Flips, FlipsError, Means, News, Row};

use serde::{Deserialize, Serialize};

/// What a flipped bit does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "lowercase")]
pub enum Effect {
    /// The netlist stays the same.
    Unused,
    /// Cells differ, but no pin can ever tell.
    Hidden,
    /// The tools cannot read the bitstream any more, or the simulator its netlist.
    Unreadable {
        /// What they said.
        why: String,
    },
    /// All checks pass, and it is proved that only what never occurs would tell.
    Unreachable,
    /// A check of the smoke test fails.
    Found {
        /// The check.
        by: String,
        /// What it saw.
        detail: String,
    },
    /// Behaviour changes, and all checks pass.
    Missed,
}

impl Effect {
    /// Whether the flip changes behaviour.
    pub fn changes(&self) -> bool {
        matches!(self, Self::Found { .. } | Self::Missed)
    }
}
