//! What is known of flipped bits already, kept line by line, so that an interrupted run goes on.

use super::Effect;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

/// What the effects depend on. With other values a journal begins anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// SHA-256 of the bitstream.
    pub bitstream: String,
    /// Seed of the smoke test.
    pub seed: u64,
    pub capram: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    bit: String,
    #[serde(flatten)]
    effect: Effect,
}

/// The journal: a JSON object a line, the first one a [`Heading`].
pub struct Journal {
    known: BTreeMap<String, Effect>,
    file: Mutex<File>,
}

impl Journal {
    /// Goes on with a journal of the same heading, or begins one.
    pub fn open(path: &Path, heading: &Heading) -> io::Result<Self> {
        let text = if path.exists() { std::fs::read_to_string(path)? } else { String::new() };
        let mut lines = text.split_inclusive('\n');
        let same = lines.next().is_some_and(|line| {
            serde_json::from_str::<Heading>(line).is_ok_and(|found| found == *heading)
        });
        let mut known = BTreeMap::new();
        let mut whole = serde_json::to_string(heading)? + "\n";
        for line in lines.filter(|line| same && line.ends_with('\n')) {
            // A line that was cut by an interruption is done again.
            let Ok(read) = serde_json::from_str::<Line>(line) else { continue };
            known.insert(read.bit, read.effect);
            whole += line;
        }
        crate::report::write_atomic(path, whole.as_bytes()).map_err(io::Error::other)?;
        let file = OpenOptions::new().append(true).open(path)?;
        Ok(Self { known, file: Mutex::new(file) })
    }

    /// What is known of a bit.
    pub fn known(&self, bit: &str) -> Option<&Effect> {
        self.known.get(bit)
    }

    /// Keeps an effect.
    pub fn keep(&self, bit: &str, effect: &Effect) -> io::Result<()> {
        let line = serde_json::to_string(&Line { bit: bit.into(), effect: effect.clone() })? + "\n";
        self.file.lock().unwrap_or_else(|e| e.into_inner()).write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(seed: u64) -> Heading {
        Heading { bitstream: "ab".into(), seed, capram: "0".into() }
    }

    #[test]
    fn what_was_kept_is_known_a_cut_line_is_not_and_another_run_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let found = Effect::Found { by: "march".into(), detail: "a, \"b\"".into() };
        let journal = Journal::open(&path, &heading(1)).unwrap();
        journal.keep("one", &found).unwrap();
        journal.keep("two", &Effect::Missed).unwrap();
        drop(journal);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 2]).unwrap();
        let journal = Journal::open(&path, &heading(1)).unwrap();
        assert_eq!((journal.known("one"), journal.known("two")), (Some(&found), None));
        drop(journal);
        let journal = Journal::open(&path, &heading(2)).unwrap();
        assert_eq!(journal.known("one"), None);
    }
}
