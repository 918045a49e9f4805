//! Asks Berkeley's `abc` whether a signal of a graph can ever be high: property directed reachability.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program; Debian's name of it.
pub const PROGRAM: &str = "berkeley-abc";

/// What is known of some signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// None of them is ever high.
    Never,
    /// This one can be.
    Sometimes(usize),
    /// The time was over.
    Unknown,
}

/// The program as found on this machine.
pub struct Prover {
    program: PathBuf,
}

impl Prover {
    /// Takes the program if it runs.
    pub fn find() -> io::Result<Self> {
        let prover = Self { program: PROGRAM.into() };
        prover.run("version").map(|_| prover)
    }

    fn run(&self, commands: &str) -> io::Result<String> {
        let ran = Command::new(&self.program).args(["-c", commands]).output()?;
        Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
    }

    /// Can an output of the graph be high? `seconds` is the most it may think.
    pub fn ask(&self, aiger: &[u8], seconds: u64) -> io::Result<Answer> {
        let mut file = tempfile::Builder::new().suffix(".aig").tempfile()?;
        file.write_all(aiger)?;
        file.flush()?;
        let path: &Path = file.path();
        let said = self.run(&format!("read_aiger {}; pdr -T {seconds}", path.display()))?;
        Ok(answer(&said))
    }
}

fn answer(said: &str) -> Answer {
    let asserted = || {
        let (_, rest) = said.split_once("Output ")?;
        let (number, rest) = rest.split_once(' ')?;
        rest.contains("was asserted in frame").then(|| number.parse().ok())?
    };
    match asserted() {
        Some(output) => Answer::Sometimes(output),
        None if said.contains("Property proved") => Answer::Never,
        None => Answer::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let asserted = "Output 3 of miter \"m\" was asserted in frame 0.  Time =     0.08 sec";
        assert_eq!(answer(asserted), Answer::Sometimes(3));
        assert_eq!(answer("Invariant ...\nProperty proved.  Time = 0.42 sec"), Answer::Never);
        assert_eq!(answer("Property UNDECIDED.  Time = 60 sec"), Answer::Unknown);
        assert_eq!(answer(""), Answer::Unknown);
    }
}
