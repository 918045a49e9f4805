//! Why a data set is refused. One line names file, what is wrong and what is allowed.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// Images that can not be used.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file can not be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    /// A file or folder is not what it must be.
    #[error("{}: {what}; allowed: {allowed}", file.display())]
    Invalid { file: PathBuf, what: String, allowed: String },
}

impl DatasetError {
    pub(super) fn invalid(file: &Path, what: impl Display, allowed: impl Display) -> Self {
        Self::Invalid {
            file: file.to_owned(),
            what: what.to_string(),
            allowed: allowed.to_string(),
        }
    }
}
