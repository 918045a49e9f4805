//! `capram fpga`: the macro on an FPGA, one file for each of its subcommands.

mod build;
mod serve;
mod smoke;

use clap::Subcommand;

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
            Command::Serve(arguments) => arguments.run(),
            Command::Smoke(arguments) => arguments.run(),
        }
    }
}
