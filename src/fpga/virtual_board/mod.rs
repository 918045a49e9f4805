//! A board in simulation: a design compiled to a program of its own, which is driven through the
//! pins of its UART.
//!
//! The design is what a bitstream unpacks to, or a netlist after place and route, or RTL. Time is the
//! count of the board's clock cycles and stands still between commands, so a run depends on nothing
//! but the bytes that are sent.

mod cache;
mod compile;
mod design;
mod line;
mod source;

pub use cache::Cache;
pub use design::Design;
pub use line::{Timing, VirtualBoard};

use std::path::PathBuf;

/// Why there is no virtual board.
#[derive(Debug, thiserror::Error)]
pub enum VirtualBoardError {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// No place for compiled boards.
    #[error("no folder for compiled boards: set CAPRAM_CACHE to one, or HOME")]
    NoCache,
    /// A tool that is not there or cannot start.
    #[error("cannot run {tool} ({source}); {hint}")]
    NoTool {
        /// The tool.
        tool: String,
        /// What happened.
        source: std::io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// A tool that gave up.
    #[error("{tool} fails on {design}: {said}")]
    Tool {
        /// The tool.
        tool: String,
        /// What was to be compiled.
        design: String,
        /// The first error that it printed.
        said: String,
    },
    /// A bitstream that no tool turns back into a netlist.
    #[error(
        "{}: bitstreams of {device} are not unpacked; the virtual board of such a device is its \
         netlist after place and route",
        path.display()
    )]
    NotUnpacked {
        /// The file.
        path: PathBuf,
        /// The device.
        device: String,
    },
    /// The bitstream has no netlist.
    #[error(transparent)]
    Netlist(#[from] crate::fpga::netlist::NetlistError),
    /// The compiled board does not start.
    #[error("{}: does not start: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// The line could not be brought to rest.
    #[error(transparent)]
    Port(#[from] crate::fpga::port::PortError),
}
