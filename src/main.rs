//! Command line: 0 match, 1 mismatch, 2 could not run.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match arguments.run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("capram: {error:#}");
            ExitCode::from(2)
        }
    }
}
