//! Compiled boards are kept, by a hash of all that went into them.

use super::VirtualBoardError;
use std::path::{Path, PathBuf};

/// A folder of compiled boards. It may be removed at any time.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The folder `CAPRAM_CACHE`, or the user's cache folder.
    pub fn find() -> Result<Self, VirtualBoardError> {
        let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let folder = variable("CAPRAM_CACHE")
            .or_else(|| variable("XDG_CACHE_HOME").map(|folder| folder.join("capram")))
            .or_else(|| variable("HOME").map(|folder| folder.join(".cache/capram")));
        Ok(Self::at(&folder.ok_or(VirtualBoardError::NoCache)?))
    }

    /// This folder, made when it is needed.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The file `name`, made by `make` if it is not there: beside its place, then renamed, so that
    /// nobody ever sees half of one, and two that make it at once do not meet.
    pub(super) fn get(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> Result<PathBuf, VirtualBoardError>,
    ) -> Result<PathBuf, VirtualBoardError> {
        let place = self.folder.join(name);
        if place.is_file() {
            return Ok(place);
        }
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| VirtualBoardError::File { path, source }
        };
        std::fs::create_dir_all(&self.folder).map_err(at(&self.folder))?;
        let scratch = tempfile::Builder::new()
            .prefix(".making-")
            .tempdir_in(&self.folder)
            .map_err(at(&self.folder))?;
        let made = make(scratch.path())?;
        std::fs::rename(made, &place).map_err(at(&place))?;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_made_again_and_what_failed_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(&folder.path().join("below"));
        let make = |scratch: &Path| {
            let file = scratch.join("some");
            std::fs::write(&file, "content").unwrap();
            Ok(file)
        };
        let failed = cache.get("board", |_| Err(VirtualBoardError::NoCache));
        assert!(failed.is_err());
        let made = cache.get("board", make).unwrap();
        assert_eq!(std::fs::read_to_string(&made).unwrap(), "content");
        let again = cache.get("board", |_| unreachable!("it is there"));
        assert_eq!(again.unwrap(), made);
        let entries = std::fs::read_dir(folder.path().join("below")).unwrap();
        assert_eq!(entries.count(), 1, "scratch folders are gone");
    }
}
