//! `capram fpga`: the macro on an FPGA, one file for each of its subcommands.

mod build;
mod flips;
mod serve;
mod smoke;

use anyhow::bail;
use clap::Subcommand;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the bitstream of a board with open tools.
    Build(build::Arguments),
    /// Flip bits of a bitstream, and ask how many of them the smoke test finds.
    Flips(flips::Arguments),
    /// Serve a virtual board on a pseudo-terminal, for any program that talks to serial ports.
    Serve(serve::Arguments),
    /// Test a board over its serial port, a virtual one or a simulation.
    Smoke(smoke::Arguments),
}

impl Arguments {
    /// Runs the command; an error means that it could not.
    pub fn run(self) -> anyhow::Result<bool> {
        match self.command {
            Command::Build(arguments) => arguments.run(),
            Command::Flips(arguments) => arguments.run(),
            Command::Serve(arguments) => arguments.run(),
            Command::Smoke(arguments) => arguments.run(),
        }
    }
}

/// The file that was named, or the one of this name that was built for the board.
fn built(board: &Path, named: Option<&Path>, file: &str) -> anyhow::Result<PathBuf> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let name = board.file_stem().unwrap_or(board.as_os_str());
    let built = Path::new("target/fpga").join(name).join(file);
    if !built.exists() {
        bail!(
            "{}: there is no such file; make it with `capram fpga build --board {}`, or name one \
             with --bitstream FILE",
            built.display(),
            board.display()
        );
    }
    Ok(built)
}
