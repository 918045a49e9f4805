//! Finished work on disk, so that an interrupted run goes on where it stopped: a header that says
//! what the rows belong to, then one line of JSON per finished piece.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::InferError;

/// First line of a checkpoint: rows of another run are of no use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) schema: String,
    /// Version of the program: another one may compute otherwise.
    pub(super) capram: String,
    pub(super) network: String,
    /// Of network and mapping.
    pub(super) network_fingerprint: String,
    pub(super) config_fingerprint: String,
    pub(super) data: String,
    pub(super) data_fingerprint: String,
    /// First image and the one after the last.
    pub(super) images: [usize; 2],
    pub(super) backend: String,
    pub(super) calibrated: bool,
    pub(super) seed: u64,
    /// The chip; of a population its rows say which.
    pub(super) chip: Option<u64>,
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            network, network_fingerprint, config_fingerprint, data, data_fingerprint, ..
        } = self;
        let [first, end] = self.images;
        let calibration = if self.calibrated { "calibrated" } else { "not calibrated" };
        let chip = self.chip.map_or_else(String::new, |chip| format!(", chip {chip}"));
        write!(
            f,
            "{} of network {network} ({network_fingerprint}) on {data} ({data_fingerprint}), images \
             {first} to {}, backend {}, {calibration}, configuration {config_fingerprint}, seed {}{chip}, \
             capram {}",
            self.schema,
            end.saturating_sub(1),
            self.backend,
            self.seed,
            self.capram
        )
    }
}

/// Rows that are safe on disk; does nothing without a file.
pub(super) struct Checkpoint {
    file: Option<(PathBuf, Mutex<File>)>,
}

impl Checkpoint {
    /// Opens or starts a checkpoint; the rows that it has. Refuses one of another run, or one that
    /// another run writes to.
    pub(super) fn open<R: DeserializeOwned>(
        path: Option<&Path>,
        header: &Header,
    ) -> Result<(Self, Vec<R>), InferError> {
        let Some(path) = path else { return Ok((Self { file: None }, vec![])) };
        let error = |message| InferError::Checkpoint { path: path.into(), message };
        let (rows, kept) = match std::fs::read_to_string(path) {
            Ok(text) => read_rows(&text, header).map_err(error)?,
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => (vec![], 0),
            Err(other) => return Err(error(format!("cannot be read: {other}"))),
        };
        let file =
            open_at(path, header, kept).map_err(|e| error(format!("cannot be written: {e}")))?;
        Ok((Self { file: Some((path.into(), Mutex::new(file))) }, rows))
    }

    /// Keeps a finished row.
    pub(super) fn append<R: Serialize>(&self, row: &R) -> Result<(), InferError> {
        let Some((path, file)) = &self.file else { return Ok(()) };
        let write = || {
            let line = serde_json::to_string(row)? + "\n";
            // A thread that panicked while it wrote leaves at most half a line, which is cut off
            // when the file is read again.
            file.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).write_all(line.as_bytes())
        };
        write().map_err(|e: std::io::Error| InferError::Checkpoint {
            path: path.clone(),
            message: format!("cannot be written: {e}"),
        })
    }
}

/// The rows of a checkpoint, and how many of its bytes are whole lines.
fn read_rows<R: DeserializeOwned>(text: &str, header: &Header) -> Result<(Vec<R>, usize), String> {
    const FOREIGN: &str =
        "is no checkpoint; allowed: one of this command, or a file that does not exist";
    // The last line may be cut: the run was interrupted while it wrote.
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    if whole == 0 {
        let begun = serde_json::to_string(header).is_ok_and(|line| line.starts_with(text));
        return if begun { Ok((vec![], 0)) } else { Err(FOREIGN.into()) };
    }
    let mut lines = text[..whole].lines();
    let first = lines.next().and_then(|line| serde_json::from_str::<Header>(line).ok());
    let found = first.ok_or(FOREIGN)?;
    if found != *header {
        return Err(format!("belongs to {found}; allowed: {header}"));
    }
    let row = |(i, line)| serde_json::from_str(line).map_err(|e| format!("line {}: {e}", i + 2));
    Ok((lines.enumerate().map(row).collect::<Result<_, _>>()?, whole))
}

/// The file, cut to its whole lines, its header written if there is none; for one run at a time.
fn open_at(path: &Path, header: &Header, kept: usize) -> std::io::Result<File> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.try_lock().map_err(|_| std::io::Error::other("another run writes to it"))?;
    file.set_len(kept as u64)?;
    if kept == 0 {
        file.write_all((serde_json::to_string(header)? + "\n").as_bytes())?;
    }
    Ok(file)
}
