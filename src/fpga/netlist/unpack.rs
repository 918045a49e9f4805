//! Runs Project IceStorm's tools on a bitstream.

use super::hard_blocks::lost_block;
use super::{Device, NetlistError, device_of, separate_header};
use std::path::{Path, PathBuf};
use std::process::Command;

const UNPACK: &str = "iceunpack";
const WRITE_VERILOG: &str = "icebox_vlog";

/// A bitstream and what is needed to read it.
#[derive(Debug, Clone)]
pub struct Unpacked<'a> {
    /// The bitstream.
    pub bitstream: &'a Path,
    /// The device of the board.
    pub device: Device,
    /// Its package, by which pins have names.
    pub package: &'a str,
    /// Constraint file: names of the pins.
    pub pins: &'a Path,
}

/// The netlist of a bitstream as Verilog, module `chip`. `folder` takes what the tools write.
pub fn unpack(what: &Unpacked, folder: &Path) -> Result<String, NetlistError> {
    let (bits_file, bits) = bits_of(what, folder)?;
    let netlist = run(what, WRITE_VERILOG, |tool| {
        // Python's own order of sets would be another one every time.
        tool.env("PYTHONHASHSEED", "0").args(["-s", "-S", "-n", "chip", "-d", what.package]);
        tool.arg("-p").arg(what.pins).arg(&bits_file)
    })?;
    if let Some(block) = lost_block(&bits, &netlist) {
        let (path, block) = (what.bitstream.to_owned(), block.into());
        return Err(NetlistError::HardBlock { path, block });
    }
    separate_header(&netlist)
        .map_err(|why| NetlistError::Header { path: what.bitstream.to_owned(), why })
}

/// The bits of a bitstream that is checked, tile by tile as text: the file in `folder`, and what it holds.
pub fn bits_of(what: &Unpacked, folder: &Path) -> Result<(PathBuf, String), NetlistError> {
    device_of(what.bitstream, &read(what.bitstream)?, what.device)?;
    let file = folder.join("bits.asc");
    run(what, UNPACK, |tool| tool.arg(what.bitstream).arg(&file))?;
    let text = String::from_utf8_lossy(&read(&file)?).into_owned();
    Ok((file, text))
}

fn read(path: &Path) -> Result<Vec<u8>, NetlistError> {
    std::fs::read(path).map_err(|source| NetlistError::File { path: path.to_owned(), source })
}

/// Runs a tool, and answers what it printed.
fn run(
    what: &Unpacked,
    tool: &str,
    complete: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<String, NetlistError> {
    let ran = complete(&mut Command::new(tool)).output();
    let ran = ran.map_err(|source| NetlistError::NoTool { tool: tool.into(), source })?;
    if ran.status.success() {
        return Ok(String::from_utf8_lossy(&ran.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    let said = said.trim().lines().next_back().unwrap_or("it says nothing").to_owned();
    Err(NetlistError::Tool { tool: tool.into(), path: PathBuf::from(what.bitstream), said })
}
