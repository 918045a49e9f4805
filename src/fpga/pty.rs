//! A virtual board on a pseudo-terminal, for programs that talk to serial ports.

use super::port::{Port, PortError};
use super::virtual_board::VirtualBoard;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::OpenptFlags;
use rustix::termios::OptionalActions;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a board is not served, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum PtyError {
    /// The system grants no pseudo-terminal, or it fails.
    #[error("pseudo-terminal: {0}")]
    Terminal(#[from] Errno),
    /// The link cannot be made.
    #[error("{}: cannot be made: {source}; a path without a file is needed", path.display())]
    Link {
        /// Where it should be.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The board failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A pseudo-terminal in raw mode. Its link goes with it.
#[derive(Debug)]
pub struct Pty {
    board_end: OwnedFd,
    /// Held open, so that the terminal stays when a program closes it.
    _program_end: OwnedFd,
    path: PathBuf,
    link: Option<PathBuf>,
}

impl Pty {
    /// Makes one.
    pub fn open() -> Result<Self, PtyError> {
        use rustix::{fs, pty, termios};
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let board_end = pty::openpt(flags)?;
        pty::grantpt(&board_end)?;
        pty::unlockpt(&board_end)?;
        let name = pty::ptsname(&board_end, vec![])?.to_string_lossy().into_owned();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let program_end = fs::open(&*name, flags, Mode::empty())?;
        let mut attributes = termios::tcgetattr(&program_end)?;
        attributes.make_raw();
        termios::tcsetattr(&program_end, OptionalActions::Now, &attributes)?;
        // A program that does not read must not hold up the end of serving.
        fs::fcntl_setfl(&board_end, fs::fcntl_getfl(&board_end)? | OFlags::NONBLOCK)?;
        Ok(Self { board_end, _program_end: program_end, path: name.into(), link: None })
    }

    /// What programs open.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a symbolic link to it, and removes it in the end. One that leads nowhere is replaced:
    /// a server that was killed left it.
    pub fn link(&mut self, path: &Path) -> Result<(), PtyError> {
        let stale = path.symlink_metadata().is_ok_and(|about| about.is_symlink()) && !path.exists();
        let removed = if stale { std::fs::remove_file(path) } else { Ok(()) };
        removed
            .and_then(|()| std::os::unix::fs::symlink(&self.path, path))
            .map_err(|source| PtyError::Link { path: path.to_owned(), source })?;
        self.link = Some(path.to_owned());
        Ok(())
    }

    /// Passes bytes on both ways until `stop`. The board's time advances while bytes come, and after
    /// the last one until the link has dropped a cut frame.
    pub fn serve(&self, board: &mut VirtualBoard, stop: &AtomicBool) -> Result<(), PtyError> {
        // Short enough that an answer is not held back, long against a gap between two bytes.
        let step = board.timing().byte() * 4;
        let rest = board.timing().rest();
        let mut quiet = rest;
        let mut buffer = [0; 4096];
        while !stop.load(Ordering::Relaxed) {
            let asleep = quiet >= rest;
            if self.wait(PollFlags::IN, asleep)? {
                let count = retried(|| rustix::io::read(&self.board_end, &mut buffer))?;
                board.send(&buffer[..count])?;
                quiet = 0;
            } else if asleep {
                continue;
            }
            let count = board.receive_within(&mut buffer, step)?;
            quiet = if count == 0 { quiet.saturating_add(step) } else { 0 };
            self.write(&buffer[..count], stop)?;
        }
        Ok(())
    }

    /// Whether bytes can pass now, or a little later if there is `time`.
    fn wait(&self, what: PollFlags, time: bool) -> Result<bool, PtyError> {
        let patience = Timespec { tv_sec: 0, tv_nsec: if time { 100_000_000 } else { 0 } };
        let mut polled = [PollFd::new(&self.board_end, what)];
        match poll(&mut polled, Some(&patience)) {
            Ok(_) => Ok(polled[0].revents().intersects(what)),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, mut bytes: &[u8], stop: &AtomicBool) -> Result<(), PtyError> {
        while !bytes.is_empty() && !stop.load(Ordering::Relaxed) {
            if self.wait(PollFlags::OUT, true)? {
                let count = retried(|| rustix::io::write(&self.board_end, bytes))?;
                bytes = &bytes[count..];
            }
        }
        Ok(())
    }
}

/// A read or write that came to nothing is none; the caller waits and tries again.
fn retried(transfer: impl FnOnce() -> rustix::io::Result<usize>) -> Result<usize, PtyError> {
    match transfer() {
        Err(Errno::INTR | Errno::AGAIN) => Ok(0),
        other => Ok(other?),
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            // If somebody else removed it, nothing is left to do.
            let _ = std::fs::remove_file(link);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_terminal_and_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("board");
        std::os::unix::fs::symlink("/nowhere/at/all", &link).unwrap();
        let mut pty = Pty::open().unwrap();
        pty.link(&link).unwrap();
        assert_eq!(std::fs::read_link(&link).unwrap(), pty.path());
        drop(pty);
        assert!(link.symlink_metadata().is_err());
    }

    #[test]
    fn a_link_replaces_no_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = Pty::open().unwrap().link(file.path()).unwrap_err().to_string();
        assert!(refused.contains("a path without a file is needed"), "{refused}");
        assert!(file.path().exists());
    }
}
