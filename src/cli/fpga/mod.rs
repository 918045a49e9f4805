//! `capram fpga`: the macro on an FPGA, one file for each of its subcommands.

mod serve;

use clap::Subcommand;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a virtual board on a pseudo-terminal, for any program that talks to serial ports.
    Serve(serve::Arguments),
}

impl Arguments {
    /// Runs the subcommand.
    pub fn run(self) -> anyhow::Result<bool> {
        match self.command {
            Command::Serve(arguments) => arguments.run(),
        }
    }
}
