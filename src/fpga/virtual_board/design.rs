//! What a virtual board is compiled from.

use super::VirtualBoardError;
use crate::fpga::netlist::name_cells;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// A design with the pins `crystal`, `rx` and `tx`.
#[derive(Debug, Clone)]
pub struct Design {
    /// What it is called in messages: a bitstream, a board.
    pub name: String,
    /// The top module.
    pub top: String,
    /// Verilog sources in order of dependency.
    pub sources: Vec<Source>,
    /// Folders with headers.
    pub include: Vec<PathBuf>,
    /// Names of the top's parameters, and their values as Verilog.
    pub parameters: Vec<(String, String)>,
}

/// A source file, or text that is to become one.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file where it is.
    File(PathBuf),
    /// File name and content.
    Text(&'static str, String),
}

/// Cells of an iCE40, as far as unpacked netlists and RTL name them.
const ICE40: (&str, &str) = ("ice40.v", include_str!("ice40.v"));

/// Cells of an ECP5 in a netlist after place and route.
const ECP5: (&str, &str) = ("ecp5.v", include_str!("ecp5.v"));

impl Design {
    /// An ECP5's netlist after place and route, as yosys writes it.
    pub fn ecp5_netlist(name: &str, top: &str, netlist: &str) -> Self {
        Self {
            name: name.into(),
            top: top.into(),
            sources: vec![
                Source::Text("netlist.v", name_cells(netlist)),
                Source::Text(ECP5.0, ECP5.1.to_owned()),
            ],
            include: vec![],
            parameters: vec![],
        }
    }

    /// What an iCE40 bitstream unpacked to.
    pub fn ice40_netlist(name: &str, netlist: String) -> Self {
        Self {
            name: name.into(),
            top: "chip".into(),
            sources: vec![
                Source::Text("netlist.v", netlist),
                Source::Text(ICE40.0, ICE40.1.to_owned()),
            ],
            include: vec![],
            parameters: vec![],
        }
    }

    /// RTL; cells of an iCE40 may be in it.
    pub fn rtl(name: &str, top: &str, sources: &[PathBuf], include: &Path) -> Self {
        let mut files: Vec<Source> = sources.iter().cloned().map(Source::File).collect();
        files.push(Source::Text(ICE40.0, ICE40.1.to_owned()));
        Self {
            name: name.into(),
            top: top.into(),
            sources: files,
            include: vec![include.to_owned()],
            parameters: vec![],
        }
    }

    /// Writes what is text into `folder`, and names all files.
    pub(super) fn files(&self, folder: &Path) -> Result<Vec<PathBuf>, VirtualBoardError> {
        let place = |source: &Source| match source {
            Source::File(path) => Ok(path.clone()),
            Source::Text(name, text) => {
                let path = folder.join(name);
                match std::fs::write(&path, text) {
                    Ok(()) => Ok(path),
                    Err(source) => Err(VirtualBoardError::File { path, source }),
                }
            }
        };
        self.sources.iter().map(place).collect()
    }

    /// A number that changes with anything in the design.
    pub(super) fn fingerprint(&self) -> Result<u64, VirtualBoardError> {
        let mut hasher = DefaultHasher::new();
        (&self.top, &self.parameters).hash(&mut hasher);
        let headers = self.include.iter().map(|folder| headers(folder));
        let headers = headers.collect::<Result<Vec<_>, _>>()?.concat();
        let files = self.sources.iter().cloned().chain(headers.into_iter().map(Source::File));
        for source in files {
            match source {
                Source::File(path) => read(&path)?.hash(&mut hasher),
                Source::Text(name, text) => (name, text).hash(&mut hasher),
            }
        }
        Ok(hasher.finish())
    }
}

/// The headers of a folder in the order of their names.
fn headers(folder: &Path) -> Result<Vec<PathBuf>, VirtualBoardError> {
    let entries = std::fs::read_dir(folder)
        .map_err(|source| VirtualBoardError::File { path: folder.to_owned(), source })?;
    let paths = entries.flatten().map(|entry| entry.path());
    let header = |path: &PathBuf| path.extension().is_some_and(|e| e == "svh" || e == "vh");
    let mut paths: Vec<PathBuf> = paths.filter(header).collect();
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<u8>, VirtualBoardError> {
    std::fs::read(path).map_err(|source| VirtualBoardError::File { path: path.to_owned(), source })
}
