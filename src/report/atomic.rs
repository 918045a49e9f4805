//! Files that appear complete or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written: {source}", path.display())]
pub struct WriteError {
    pub path: PathBuf,
    pub source: io::Error,
}

/// Writes beside the target, then renames: who reads the file sees the old or the new one. A link
/// stays, and what it leads to is replaced.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<(), WriteError> {
    let write = || {
        let path = &replaceable(path)?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut file = temporary(folder)?;
        file.write_all(content)?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|source| WriteError { path: path.to_owned(), source })
}

/// Writes a report as JSON, the same way.
pub fn write_json(path: &Path, report: &impl Serialize) -> Result<(), WriteError> {
    let json = serde_json::to_string_pretty(report)
        .map_err(|error| WriteError { path: path.to_owned(), source: error.into() })?;
    write_atomic(path, (json + "\n").as_bytes())
}

/// The file itself, where links end. Only a regular file may be replaced: a rename would put one in
/// the place of a device.
pub fn replaceable(path: &Path) -> io::Result<PathBuf> {
    let Ok(target) = path.canonicalize() else { return Ok(path.to_owned()) };
    match target.is_file() {
        true => Ok(target),
        false if target.is_dir() => Err(io::Error::other("is a folder; a file name is needed")),
        false => Err(io::Error::other("is no regular file; a file name is needed")),
    }
}

/// A temporary file that others may read, as they may any file of this user.
fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the umask
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_atomic(&path, b"old").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_devices_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.json"), folder.path().join("link"));
        std::fs::write(&file, b"old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_atomic(&link, b"new").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert!(link.is_symlink());
        // Not a device of this machine's: a socket is no regular file either.
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let error = write_atomic(&socket, b"new").unwrap_err().to_string();
        assert!(error.contains("is no regular file"), "{error}");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = write_atomic(Path::new("/nowhere/at/all.json"), b"").unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/at/all.json: cannot be written: "));
    }
}
