//! Finished work on disk, so that an interrupted run goes on where it stopped: a header that says
//! what the rows belong to, then one line of JSON per finished piece.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a checkpoint that cannot be used is told.
const FOREIGN: &str =
    "is no checkpoint; allowed: one of this command, or a file that does not exist";

/// A checkpoint of another run, or one that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", path.display())]
pub struct CheckpointError {
    pub path: PathBuf,
    pub message: String,
}

/// Rows that are safe on disk; does nothing without a file.
pub(crate) struct Checkpoint {
    file: Option<(PathBuf, Mutex<File>)>,
}

impl Checkpoint {
    /// Opens or starts a checkpoint; the rows that it has. Refuses one with another header, with a
    /// row that `check` has something against, or one that another run writes to.
    pub(crate) fn open<H, R>(
        path: Option<&Path>,
        header: &H,
        check: impl Fn(&R) -> Result<(), String>,
    ) -> Result<(Self, Vec<R>), CheckpointError>
    where
        H: Serialize + DeserializeOwned + PartialEq + Display,
        R: DeserializeOwned,
    {
        let Some(path) = path else { return Ok((Self { file: None }, vec![])) };
        let error = |message| CheckpointError { path: path.into(), message };
        let mut file = open_alone(path).map_err(|e| error(format!("cannot be opened: {e}")))?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|e| error(format!("cannot be read: {e}")))?;
        let (rows, kept) = read_rows(&text, header, check).map_err(error)?;
        let error = |e: io::Error| error(format!("cannot be written: {e}"));
        file.set_len(kept as u64).map_err(error)?;
        if kept == 0 {
            write_line(&mut file, header).map_err(error)?;
        }
        Ok((Self { file: Some((path.into(), Mutex::new(file))) }, rows))
    }

    /// Keeps a finished row.
    pub(crate) fn append<R: Serialize>(&self, row: &R) -> Result<(), CheckpointError> {
        let Some((path, file)) = &self.file else { return Ok(()) };
        let write = || {
            // A thread that panicked while it wrote leaves at most half a line, which is cut off
            // when the file is read again.
            write_line(&mut file.lock().unwrap_or_else(|poisoned| poisoned.into_inner()), row)
        };
        write().map_err(|e: io::Error| CheckpointError {
            path: path.clone(),
            message: format!("cannot be written: {e}"),
        })
    }
}

/// The rows of a checkpoint, and how many of its bytes are whole lines.
fn read_rows<H, R>(
    text: &str,
    header: &H,
    check: impl Fn(&R) -> Result<(), String>,
) -> Result<(Vec<R>, usize), String>
where
    H: Serialize + DeserializeOwned + PartialEq + Display,
    R: DeserializeOwned,
{
    // The last line may be cut: the run was interrupted while it wrote.
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    if whole == 0 {
        let begun = serde_json::to_string(header).is_ok_and(|line| line.starts_with(text));
        return if begun { Ok((vec![], 0)) } else { Err(FOREIGN.into()) };
    }
    let mut lines = text[..whole].lines();
    let first = lines.next().and_then(|line| serde_json::from_str::<H>(line).ok());
    let found = first.ok_or(FOREIGN)?;
    if found != *header {
        return Err(format!("belongs to {found}; allowed: {header}"));
    }
    let row = |(i, line)| {
        let at = |message| format!("line {}: {message}", i + 2);
        let row = serde_json::from_str(line).map_err(|e| at(e.to_string()))?;
        check(&row).map_err(at).map(|()| row)
    };
    Ok((lines.enumerate().map(row).collect::<Result<_, String>>()?, whole))
}

/// The file, made if need be, for one run at a time: locked before it is read, so that rows that
/// another run has yet to write are not cut off.
fn open_alone(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    file.try_lock().map_err(|_| io::Error::other("another run writes to it"))?;
    Ok(file)
}

fn write_line(file: &mut File, row: &impl Serialize) -> io::Result<()> {
    file.write_all((serde_json::to_string(row)? + "\n").as_bytes())
}
