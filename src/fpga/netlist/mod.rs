//! From a bitstream file back to a netlist that a simulator reads.

mod bitstream;
mod ecp5;
mod hard_blocks;
mod header;
mod unpack;

pub use bitstream::{Device, device_of};
pub use ecp5::name_cells;
pub use header::separate_header;
pub use unpack::{Unpacked, bits_of, unpack};

use std::path::PathBuf;

/// Why there is no netlist.
#[derive(Debug, thiserror::Error)]
pub enum NetlistError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// A file that is something else.
    #[error("{}: not an iCE40 bitstream: {why}", path.display())]
    NotABitstream {
        /// The file.
        path: PathBuf,
        /// Where it stops to look like one.
        why: String,
    },
    /// A file that ends too early.
    #[error("{}: truncated after {length} bytes: {missing}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its length.
        length: usize,
        /// What had to follow.
        missing: &'static str,
    },
    /// Some bit of the file is another one.
    #[error("{}: damaged: the CRC before byte {offset} does not match", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the check ends.
        offset: usize,
    },
    /// A bitstream for other silicon.
    #[error("{}: built for another device: {found}; the board has {expected}", path.display())]
    OtherDevice {
        /// The file.
        path: PathBuf,
        /// What it configures.
        found: String,
        /// What the board has.
        expected: Device,
    },
    /// A block that the unpacked netlist leaves out without a word.
    #[error(
        "{}: uses {block}, which the tools do not unpack; such a design has no virtual board",
        path.display()
    )]
    HardBlock {
        /// The bitstream.
        path: PathBuf,
        /// The block.
        block: String,
    },
    /// A tool that is not there or cannot start.
    #[error(
        "cannot run {tool} ({source}); install the packages fpga-icestorm and \
         fpga-icestorm-chipdb (Debian: apt-get install fpga-icestorm fpga-icestorm-chipdb)"
    )]
    NoTool {
        /// The tool.
        tool: String,
        /// What happened.
        source: std::io::Error,
    },
    /// A tool that gave up.
    #[error("{tool} fails on {}: {said}", path.display())]
    Tool {
        /// The tool.
        tool: String,
        /// The bitstream.
        path: PathBuf,
        /// The end of what it said.
        said: String,
    },
    /// A netlist without the expected ports.
    #[error("{}: {why}", path.display())]
    Header {
        /// The bitstream.
        path: PathBuf,
        /// What is unexpected.
        why: String,
    },
}
