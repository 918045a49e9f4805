//! The RTL as lists of files, for linters and synthesis: the macro, and the design around it on an
//! FPGA.

use std::path::{Path, PathBuf};

/// Every source file of the macro in order of dependency, by absolute path. The headers they include
/// lie in `rtl/`.
pub fn files() -> Vec<PathBuf> {
    list(include_str!("../rtl/rtl.f"), &folder())
}

/// The same of the design on an FPGA, the macro first. The top of a board comes after them.
pub fn fpga_files() -> Vec<PathBuf> {
    let mut all = files();
    all.extend(list(include_str!("../rtl/fpga/fpga.f"), &folder().join("fpga")));
    all
}

/// The macro's files, then those of the emulated macro around it, in order of dependency.
pub fn emulated_files() -> Vec<PathBuf> {
    let mut files = fpga_files();
    let last = files.iter().position(|file| file.ends_with("capram_emulated_macro.sv"));
    files.truncate(last.map_or(files.len(), |last| last + 1));
    files
}

/// Where headers are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl")
}

/// Packages of registers are written by build.rs and are the only files that lie elsewhere.
fn list(names: &str, folder: &Path) -> Vec<PathBuf> {
    let names = names.lines().map(str::trim);
    let names = names.filter(|line| !line.is_empty() && !line.starts_with('#'));
    names
        .map(|name| match name {
            "capram_reg_pkg.sv" | "capram_board_pkg.sv" => Path::new(env!("OUT_DIR")).join(name),
            _ => folder.join(name),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_exists_and_the_top_is_the_last() {
        let macro_files = files();
        let all = fpga_files();
        for file in &all {
            assert!(file.is_absolute() && file.is_file(), "{}", file.display());
        }
        assert!(macro_files.iter().any(|file| file.ends_with("capram_reg_pkg.sv")));
        assert!(macro_files.last().is_some_and(|file| file.ends_with("capram_macro.sv")));
        assert!(all.starts_with(&macro_files));
        assert!(all.iter().any(|file| file.ends_with("capram_fpga.sv")));
    }

    #[test]
    fn the_emulated_macro_comes_last() {
        let files = emulated_files();
        assert!(files.iter().all(|file| file.is_file()), "{files:?}");
        assert!(files.last().is_some_and(|file| file.ends_with("capram_emulated_macro.sv")));
    }

    /// A module that nobody listed would be missing from lint and synthesis. Tops of boards are
    /// named by the boards.
    #[test]
    fn every_source_of_the_folder_is_listed() {
        let mut listed = fpga_files();
        for name in crate::fpga::board::known() {
            let (board, _) = crate::fpga::board::Board::find(Path::new(&name)).unwrap();
            listed.push(folder().join("fpga").join(format!("{}.sv", board.top)));
        }
        for folder in [folder(), folder().join("fpga")] {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let source = path.extension().is_some_and(|e| e == "sv");
                assert!(!source || listed.contains(&path), "{} is not listed", path.display());
            }
        }
    }
}
