//! Files beside an FST that make a waveform viewer show what matters: a save file for GTKWave and
//! a command file for Surfer, both from one description.

mod cosim;
mod gtkwave;
mod surfer;
mod view;

pub use cosim::{cosim_view, emulated_view};
pub use view::{Color, Group, Kind, Marker, Signal, View, Window};

use std::path::{Path, PathBuf};

use crate::report::{WriteError, write_atomic};

/// The files that [`write_views`] wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewFiles {
    /// Opens with `gtkwave FILE`.
    pub gtkwave: PathBuf,
    /// Opens with `surfer -c FILE`.
    pub surfer: PathBuf,
}

/// Writes `NAME.gtkw` and `NAME.sucl` beside `NAME.fst`, each complete or not at all.
pub fn write_views(fst: &Path, view: &View) -> Result<ViewFiles, WriteError> {
    let files =
        ViewFiles { gtkwave: fst.with_extension("gtkw"), surfer: fst.with_extension("sucl") };
    // The viewers resolve paths from where they are started, so only an absolute one is safe.
    let fst =
        std::path::absolute(fst).map_err(|source| WriteError { path: fst.to_owned(), source })?;
    write_atomic(&files.gtkwave, gtkwave::save_file(&fst, view).as_bytes())?;
    write_atomic(&files.surfer, surfer::command_file(&fst, view).as_bytes())?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_stand_beside_the_waves() {
        let folder = tempfile::tempdir().unwrap();
        let files = write_views(&folder.path().join("run.fst"), &cosim::example()).unwrap();
        assert_eq!(files.gtkwave, folder.path().join("run.gtkw"));
        assert_eq!(files.surfer, folder.path().join("run.sucl"));
        for file in [&files.gtkwave, &files.surfer] {
            let text = std::fs::read_to_string(file).unwrap();
            assert!(text.contains(&folder.path().join("run.fst").display().to_string()), "{text}");
        }
    }
}
