//! The host's end of a virtual board: commands to the program, and its answers.

use super::VirtualBoardError;
use crate::fpga::port::{Port, PortError};
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// How long things take on a board's line, in cycles of its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// A bit.
    pub clocks_per_bit: u32,
    /// Rest after which the link drops a cut frame.
    pub timeout: u32,
}

impl Timing {
    pub(crate) const fn byte(self) -> u32 {
        self.clocks_per_bit.saturating_mul(10)
    }

    /// Rest after which a cut frame is certainly dropped.
    pub(crate) const fn rest(self) -> u32 {
        self.timeout.saturating_add(self.byte().saturating_mul(2))
    }

    /// Silence after which no answer is expected any more. [C] Four timeouts: whatever an answer
    /// waits for in the design ends far sooner.
    const fn silence(self) -> u32 {
        self.timeout.saturating_mul(4)
    }
}

/// Most bytes of one command.
const PIECE: usize = 1 << 16;

/// A running virtual board.
#[derive(Debug)]
pub struct VirtualBoard {
    name: String,
    timing: Timing,
    child: Child,
    commands: ChildStdin,
    answers: ChildStdout,
    cycles: u64,
}

impl VirtualBoard {
    /// Starts a compiled board, and waits until it is out of reset. `name` is for messages,
    /// `argument` for the simulation.
    pub fn start(
        program: &Path,
        name: &str,
        timing: Timing,
        argument: Option<&str>,
    ) -> Result<Self, VirtualBoardError> {
        let failed = |source| VirtualBoardError::Start { program: program.to_owned(), source };
        let mut child = Command::new(program)
            .arg(timing.clocks_per_bit.to_string())
            .args(argument)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // An interrupt from the keyboard is for the host, which then ends the board.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(io::Error::other("no pipes")));
        };
        let mut board = Self { name: name.into(), timing, child, commands, answers, cycles: 0 };
        board.run(timing.byte() * 20)?;
        board.forget()?;
        Ok(board)
    }

    /// How long things take on its line.
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// Lets the line rest for some cycles.
    pub fn run(&mut self, cycles: u32) -> Result<(), PortError> {
        self.command(b'I', cycles, 0, &[], &mut [0; 0]).map(drop)
    }

    /// Drops bytes that came.
    fn forget(&mut self) -> Result<(), PortError> {
        self.command(b'D', 0, 0, &[], &mut [0; 0]).map(drop)
    }

    /// Receives until `bytes` is full or nothing has come for `silence` cycles; answers how many came.
    pub fn receive_within(&mut self, bytes: &mut [u8], silence: u32) -> Result<usize, PortError> {
        let mut received = 0;
        for piece in bytes.chunks_mut(PIECE) {
            let count = self.command(b'R', piece.len() as u32, silence, &[], piece)?;
            received += count;
            if count < piece.len() {
                break;
            }
        }
        Ok(received)
    }

    /// One command and its answer; the bytes of the answer go to `received`.
    fn command(
        &mut self,
        what: u8,
        a: u32,
        b: u32,
        bytes: &[u8],
        received: &mut [u8],
    ) -> Result<usize, PortError> {
        let talk = self.talk(what, a, b, bytes, received);
        talk.map_err(|source| PortError::Line { name: self.name.clone(), source: self.why(source) })
    }

    fn talk(
        &mut self,
        what: u8,
        a: u32,
        b: u32,
        bytes: &[u8],
        received: &mut [u8],
    ) -> io::Result<usize> {
        let mut command = vec![what];
        command.extend(a.to_le_bytes());
        command.extend(b.to_le_bytes());
        command.extend(bytes);
        self.commands.write_all(&command)?;
        let (mut cycles, mut count) = ([0; 8], [0; 4]);
        self.answers.read_exact(&mut cycles)?;
        self.answers.read_exact(&mut count)?;
        self.cycles = u64::from_le_bytes(cycles);
        let count = u32::from_le_bytes(count) as usize;
        let place = received
            .get_mut(..count)
            .ok_or_else(|| io::Error::other(format!("{count} bytes that nobody asked for")))?;
        self.answers.read_exact(place)?;
        Ok(count)
    }

    /// A closed pipe means that the simulation ended: says how.
    fn why(&mut self, error: io::Error) -> io::Error {
        let closed = [io::ErrorKind::UnexpectedEof, io::ErrorKind::BrokenPipe];
        if !closed.contains(&error.kind()) {
            return error;
        }
        match self.child.wait() {
            Ok(status) => io::Error::other(format!("the simulation ended: {status}")),
            Err(error) => error,
        }
    }
}

impl Port for VirtualBoard {
    fn send(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        for piece in bytes.chunks(PIECE) {
            self.command(b'S', piece.len() as u32, 0, piece, &mut [0; 0])?;
        }
        Ok(())
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Result<(), PortError> {
        let (expected, silence) = (bytes.len(), self.timing.silence());
        let received = self.receive_within(bytes, silence)?;
        if received == expected { Ok(()) } else { Err(PortError::Silent { received, expected }) }
    }

    fn send_break(&mut self) -> Result<(), PortError> {
        let low = self.timing.byte() * 2;
        self.command(b'B', low, 0, &[], &mut [0; 0]).map(drop)
    }

    fn rest(&mut self) -> Result<(), PortError> {
        self.run(self.timing.rest())?;
        self.forget()
    }

    fn cycles(&self) -> Option<u64> {
        Some(self.cycles)
    }
}

impl Drop for VirtualBoard {
    fn drop(&mut self) {
        // It holds nothing that has to be saved. Both fail only if it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
