//! Why a network is refused. One line names file, place, value and what is allowed.

use std::io;
use std::path::PathBuf;

use super::load::VERSION;

/// Which of a network's two files is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Description,
    Tensors,
}

/// What is wrong at one place of one of the files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}; allowed: {allowed}")]
pub struct Problem {
    pub part: Part,
    /// `layers.NAME.KEY`, or tensor and index.
    pub place: String,
    /// The value and what is wrong with it.
    pub what: String,
    pub allowed: String,
}

/// A network that can not be used.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A file can not be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    /// Neither a file nor a name.
    #[error(
        "no network named `{name}` is built in, nor is there such a file; allowed: a file, {known}"
    )]
    Unknown { name: String, known: String },
    /// Not YAML at all, YAML beyond what a network needs (tags, several documents), or a key twice.
    #[error(
        "{}: not a network: {source}; allowed: YAML with `schema: {VERSION}`, every key once",
        file.display()
    )]
    Syntax { file: PathBuf, source: serde_yaml::Error },
    /// Not a whole safetensors file.
    #[error(
        "{}: not a safetensors file: {reason}; allowed: one that is whole and nothing but it",
        file.display()
    )]
    NotTensors { file: PathBuf, reason: String },
    /// A key or value is wrong.
    #[error("{}: {problem}", file.display())]
    Invalid { file: PathBuf, problem: Box<Problem> },
}
