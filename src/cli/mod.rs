//! The subcommands, one file each. A command answers true for a match, false for a mismatch.

mod characterize;
mod common;
mod cosim;
mod fpga;
mod infer;
mod map;
mod spice;

use clap::{Parser, Subcommand};

/// Co-verification of the CAP-RAM in-memory-computing macro.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the RTL in closed loop with the plant and compare everything with the reference.
    Cosim(cosim::Arguments),
    /// Measure ADCs and computation, calibrate, draw chips; golden model or RTL.
    Characterize(characterize::Arguments),
    /// The macro on an FPGA, real or simulated: bitstream, virtual board, smoke test.
    Fpga(fpga::Arguments),
    /// Run a network on images: ideal integers, golden model or RTL.
    Infer(infer::Arguments),
    /// Place a network in the macro: SRAM image, the host's work for an image, floor plan.
    Map(map::Arguments),
    /// Simulate charge sharing and conversions in ngspice and compare them with the reference.
    Spice(spice::Arguments),
}

impl Arguments {
    /// Runs the command; an error means that it could not.
    pub fn run(self) -> anyhow::Result<bool> {
        match self.command {
            Command::Cosim(arguments) => arguments.run(),
            Command::Characterize(arguments) => arguments.run(),
            Command::Fpga(arguments) => arguments.run(),
            Command::Infer(arguments) => arguments.run(),
            Command::Map(arguments) => arguments.run(),
            Command::Spice(arguments) => arguments.run(),
        }
    }
}
