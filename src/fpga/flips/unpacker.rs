//! A process that unpacks one bitstream many times, each time with another bit flipped.

use super::asc::Bit;
use crate::fpga::netlist::NetlistError;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const PROGRAM: &str = include_str!("unpack.py");

/// The process.
pub struct Unpacker {
    bits: PathBuf,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Unpacker {
    /// Of the bitstream whose text form is the file `bits`. `pins` is its constraint file.
    pub fn start(bits: &Path, package: &str, pins: &Path) -> Result<Self, NetlistError> {
        let failed = |source| NetlistError::NoTool { tool: "icebox_vlog".into(), source };
        let tool = find("icebox_vlog").map_err(failed)?;
        let mut child = Command::new("python3")
            .args(["-c", PROGRAM])
            .arg(tool)
            .args(["-s", "-S", "-n", "chip", "-d", package, "-p"])
            .args([pins, bits])
            // Python's own order of sets would be another one every time.
            .env("PYTHONHASHSEED", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| NetlistError::NoTool { tool: "python3".into(), source })?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(io::Error::other("no pipes")));
        };
        Ok(Self { bits: bits.to_owned(), child, requests, answers: BufReader::new(answers) })
    }

    /// The netlist with a bit flipped, or why the tools cannot write it.
    pub fn netlist(&mut self, bit: Option<&Bit>) -> Result<Result<String, String>, NetlistError> {
        self.ask(bit).map_err(|source| NetlistError::File { path: self.bits.clone(), source })
    }

    fn ask(&mut self, bit: Option<&Bit>) -> io::Result<Result<String, String>> {
        let request = bit.map_or("none".into(), |bit| {
            let ((x, y), (row, column)) = (bit.tile, bit.place);
            format!("{} {x} {y} {row} {column}", bit.kind)
        });
        writeln!(self.requests, "{request}")?;
        let mut length = String::new();
        self.answers.read_line(&mut length)?;
        let ended = || io::Error::other("icebox_vlog ended before its answer");
        let length: i64 = length.trim().parse().map_err(|_| ended())?;
        let mut text = vec![0; length.unsigned_abs() as usize];
        self.answers.read_exact(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(if length > 0 { Ok(text) } else { Err(text) })
    }
}

impl Drop for Unpacker {
    fn drop(&mut self) {
        // It holds nothing that has to be saved. Both fail only if it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of the search path.
fn find(name: &str) -> io::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|p| p.is_file());
    found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}
