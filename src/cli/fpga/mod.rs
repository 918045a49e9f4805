//! `capram fpga`: the macro on an FPGA, one file for each of its commands.

mod smoke;

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Arguments {
    /// Test a board over its serial port, a virtual one or a simulation.
    Smoke(smoke::Arguments),
}

impl Arguments {
    /// Runs the command; an error means that it could not.
    pub fn run(self) -> anyhow::Result<bool> {
        match self {
            Self::Smoke(arguments) => arguments.run(),
        }
    }
}
