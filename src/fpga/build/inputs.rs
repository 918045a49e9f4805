//! All that a bitstream depends on, and its hash.

use super::tools::PACKAGES;
use super::{BuildError, flow};
use crate::fpga::board::Board;
use crate::rtl;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Sources, board, tools and options.
pub struct Inputs {
    /// Sources by file name, in the order in which they are read; headers first.
    pub sources: Vec<(String, Vec<u8>)>,
    hash: [u8; 32],
}

/// A file's SHA-256 in hexadecimal.
pub fn sha256(content: &[u8]) -> String {
    hexadecimal(&Sha256::digest(content))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Inputs {
    /// Reads the sources of the tree.
    pub fn collect(board: &Board) -> Result<Self, BuildError> {
        let mut files = vec![rtl::folder().join("capram_assert.svh")];
        files.extend(rtl::fpga_files());
        files.push(rtl::folder().join("fpga").join(format!("{}.sv", board.top)));
        let read = |file: &std::path::PathBuf| {
            let content = std::fs::read(file).map_err(|source| BuildError::file(file, source))?;
            Ok((file.file_name().unwrap_or_default().to_string_lossy().into_owned(), content))
        };
        Ok(Self::new(board, files.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// Takes sources as they are.
    pub fn new(board: &Board, sources: Vec<(String, Vec<u8>)>) -> Self {
        let mut hasher = Sha256::new();
        // With its length, so that nothing moves from one part to the next unnoticed.
        let mut add = |part: &[u8]| {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        };
        for (name, content) in &sources {
            add(name.as_bytes());
            add(content);
        }
        for (name, version) in PACKAGES {
            add(name.as_bytes());
            add(version.as_bytes());
        }
        // Everything of the board shows in its debugging text.
        add(format!("{board:?}").as_bytes());
        for options in flow::options(board, &sources, 0) {
            add(options.as_bytes());
        }
        let hash = hasher.finalize().into();
        Self { sources, hash }
    }

    /// SHA-256 of all inputs.
    pub fn hash(&self) -> String {
        hexadecimal(&self.hash)
    }

    /// Its first 32 bits, which the board knows as BUILD_HASH.
    pub fn build_hash(&self) -> u32 {
        u32::from_be_bytes([self.hash[0], self.hash[1], self.hash[2], self.hash[3]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_hash_depends_on_every_input() {
        let (board, _) = Board::find(Path::new("hx8k")).unwrap();
        let source = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        let hash = |board: &Board, sources| Inputs::new(board, sources).hash();
        let first = hash(&board, vec![source("a.sv", "x"), source("b.sv", "y")]);
        assert_eq!(first, hash(&board, vec![source("a.sv", "x"), source("b.sv", "y")]));
        assert_ne!(first, hash(&board, vec![source("a.sv", "xb.sv"), source("", "y")]));
        assert_ne!(first, hash(&board, vec![source("b.sv", "y"), source("a.sv", "x")]));
        let mut other = board.clone();
        other.budget.mhz += 1;
        assert_ne!(first, hash(&other, vec![source("a.sv", "x"), source("b.sv", "y")]));
    }

    #[test]
    fn hashes_are_those_of_everybody_else() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }
}
