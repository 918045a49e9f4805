//! The virtual board of a board: from its bitstream, its netlist or the RTL.

use super::{Cache, Design, Timing, VirtualBoardError};
use crate::fpga::board::{Board, Family};
use crate::fpga::netlist::{Device, Unpacked, unpack};
use crate::rtl;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

impl Timing {
    /// Of a board's line.
    pub fn of(board: &Board) -> Self {
        let bits = board.timeout_log2.min(31) as u32;
        Self { clocks_per_bit: board.clocks_per_bit as u32, timeout: 1 << bits }
    }
}

impl Design {
    /// What a file describes: the netlist of a board, as Verilog, or its bitstream.
    pub fn of_file(board: &Board, file: &Path, cache: &Cache) -> Result<Self, VirtualBoardError> {
        match file.extension() {
            Some(extension) if extension == "v" => Self::of_netlist(board, file),
            _ => Self::of_bitstream(board, file, cache),
        }
    }

    /// What a bitstream for an iCE40 board contains. Unpacked netlists are kept like compiled boards.
    pub fn of_bitstream(
        board: &Board,
        bitstream: &Path,
        cache: &Cache,
    ) -> Result<Self, VirtualBoardError> {
        let device = match board.family {
            Family::Ice40 => Device::named(&board.device),
            Family::Ecp5 => None,
        };
        let Some(device) = device else {
            let device = board.device.clone();
            return Err(VirtualBoardError::NotUnpacked { path: bitstream.to_owned(), device });
        };
        let bits = std::fs::read(bitstream).map_err(file_error(bitstream))?;
        let mut hasher = DefaultHasher::new();
        let pins = board.constraints();
        (bits, &pins, &board.device, &board.package, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
        let name = format!("netlist-{:016x}.v", hasher.finish());
        let netlist = cache.get(&name, |scratch| {
            let pins_file = scratch.join("pins.pcf");
            std::fs::write(&pins_file, &pins).map_err(file_error(&pins_file))?;
            let what = Unpacked { bitstream, device, package: &board.package, pins: &pins_file };
            let netlist = scratch.join("netlist.v");
            std::fs::write(&netlist, unpack(&what, scratch)?).map_err(file_error(&netlist))?;
            Ok(netlist)
        })?;
        let text = std::fs::read_to_string(&netlist).map_err(file_error(&netlist))?;
        Ok(Self::ice40_netlist(&bitstream.display().to_string(), text))
    }

    /// What `capram fpga build` wrote beside the bitstream of an ECP5, which no tool unpacks.
    pub fn of_netlist(board: &Board, netlist: &Path) -> Result<Self, VirtualBoardError> {
        let text = std::fs::read_to_string(netlist).map_err(file_error(netlist))?;
        Ok(Self::ecp5_netlist(&netlist.display().to_string(), &board.top, &text))
    }

    /// What the RTL describes, before any tool had it in hand.
    pub fn of_rtl(board: &Board) -> Self {
        let top = rtl::folder().join("fpga").join(format!("{}.sv", board.top));
        let mut sources = rtl::fpga_files();
        // Its cells are empty; a simulation brings its own.
        sources.retain(|file| !file.ends_with("ice40_cells.sv"));
        sources.push(top);
        let name = format!("RTL of {}", board.name);
        let parameters = board.parameters(0);
        Self { parameters, ..Self::rtl(&name, &board.top, &sources, &rtl::folder()) }
    }
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> VirtualBoardError {
    let path = path.to_owned();
    move |source| VirtualBoardError::File { path, source }
}
