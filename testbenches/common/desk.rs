//! Runs a subcommand as a user would, in a folder of its own.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of the test's own in which the program runs.
pub struct Desk {
    folder: tempfile::TempDir,
    command: &'static str,
}

impl Desk {
    pub fn new(command: &'static str) -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), command }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("writable");
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capram"));
        command.arg(self.command).args(arguments).current_dir(self.folder.path());
        command.output().expect("the program starts")
    }

    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("readable");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("readable").file_name();
        let mut names: Vec<_> =
            entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Runs, demands exit code 2, silence on stdout and no new file; returns the message.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let before = self.files();
        let output = self.run(arguments);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert_eq!(self.files(), before, "{arguments:?} left files");
        message
    }

    /// Runs, demands the exit code; returns the report as JSON.
    pub fn report(&self, arguments: &[&str], code: i32) -> Value {
        let output = self.run(&[arguments, &["--json", "report.json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        let json = fs::read_to_string(self.path("report.json")).expect("a report");
        serde_json::from_str(&json).expect("valid JSON")
    }

    /// A file on top of a shipped configuration.
    pub fn configuration(&self, name: &str, base: &str, text: &str) {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs").join(base);
        self.write(name, &format!("schema: capram.config/1\nbase: {}\n{text}\n", base.display()));
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
