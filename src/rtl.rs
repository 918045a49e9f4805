//! The macro's RTL as a list of files, for linters and synthesis.

use std::path::{Path, PathBuf};

/// Written by build.rs, the only file of the list that is not in `rtl/`.
const GENERATED: &str = "capram_reg_pkg.sv";

/// Every source file in order of dependency, by absolute path. The headers they include lie in
/// `rtl/`.
pub fn files() -> Vec<PathBuf> {
    let rtl = Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl");
    let generated = Path::new(env!("OUT_DIR"));
    let lines = include_str!("../rtl/rtl.f").lines().map(str::trim);
    let names = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    names
        .map(|name| if name == GENERATED { generated.join(name) } else { rtl.join(name) })
        .collect()
}

/// The macro's files, then those of the emulated macro around it, in order of dependency.
pub fn emulated_files() -> Vec<PathBuf> {
    const LAST: &str = "capram_emulated_macro.sv";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl/fpga");
    let generated = Path::new(env!("OUT_DIR"));
    let lines = include_str!("../rtl/fpga/fpga.f").lines().map(str::trim);
    let names: Vec<&str> = lines.filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let until = names.iter().position(|&name| name == LAST).map_or(names.len(), |last| last + 1);
    let file = |&name: &&str| match name {
        "capram_board_pkg.sv" => generated.join(name),
        _ => folder.join(name),
    };
    files().into_iter().chain(names[..until].iter().map(file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_exists_and_the_top_is_the_last() {
        let files = files();
        for file in &files {
            assert!(file.is_absolute() && file.is_file(), "{}", file.display());
        }
        assert!(files.iter().any(|file| file.ends_with(GENERATED)));
        assert!(files.last().is_some_and(|file| file.ends_with("capram_macro.sv")));
    }

    #[test]
    fn the_emulated_macro_comes_last() {
        let files = emulated_files();
        assert!(files.iter().all(|file| file.is_file()), "{files:?}");
        assert!(files.last().is_some_and(|file| file.ends_with("capram_emulated_macro.sv")));
    }

    /// A module that nobody listed would be missing from lint and synthesis.
    #[test]
    fn every_source_of_the_folder_is_listed() {
        let files = files();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let source = path.extension().is_some_and(|e| e == "sv");
            assert!(!source || files.contains(&path), "{} is not in rtl.f", path.display());
        }
    }
}
