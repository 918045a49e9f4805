//! Finds ngspice, runs a deck and reads its measurements.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The environment's say on which ngspice to run.
pub const VARIABLE: &str = "NGSPICE";
/// What a deck may take; a usual one takes a second.
const LIMIT: Duration = Duration::from_secs(120);
/// Between two looks whether ngspice has ended.
const POLL: Duration = Duration::from_millis(5);
/// Lines of ngspice's output that an error shows.
const SHOWN_LINES: usize = 8;

/// Why there are no measurements.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(
        "ngspice: not found in PATH; install it (`ci/tools.sh ngspice`, or your system's package \
         ngspice), or name another one in the environment variable {VARIABLE}"
    )]
    Missing,
    #[error("{}: cannot be run: {source}", program.display())]
    Start { program: PathBuf, source: io::Error },
    #[error("{}: is not ngspice: `--version` says {said:?}", program.display())]
    NotNgspice { program: PathBuf, said: String },
    #[error("{}: {source}", deck.display())]
    Deck { deck: PathBuf, source: io::Error },
    #[error("ngspice took more than {} s for {} and was ended{}", limit.as_secs_f64(), deck.display(), said(output))]
    TimedOut { deck: PathBuf, limit: Duration, output: String },
    #[error("ngspice failed on {} ({status}){}", deck.display(), said(output))]
    Failed { deck: PathBuf, status: ExitStatus, output: String },
    #[error("ngspice measured no {name} in {}{}", deck.display(), said(output))]
    NotMeasured { deck: PathBuf, name: String, output: String },
}

impl RunError {
    /// What ngspice wrote before it went wrong.
    pub fn output(&self) -> &str {
        match self {
            Self::TimedOut { output, .. }
            | Self::Failed { output, .. }
            | Self::NotMeasured { output, .. } => output,
            _ => "",
        }
    }
}

/// The last lines of an output, for an error.
fn said(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    match last {
        [] => "; it said nothing".into(),
        _ => format!("; its last lines:\n  {}", last.join("\n  ")),
    }
}

/// An ngspice that answers.
#[derive(Clone, Debug)]
pub struct Ngspice {
    program: PathBuf,
    /// As it names itself: `ngspice-39`.
    pub version: String,
    limit: Duration,
}

impl Ngspice {
    /// That of the variable `NGSPICE`, else the first in PATH.
    pub fn find() -> Result<Self, RunError> {
        Self::find_in(std::env::var_os(VARIABLE), std::env::var_os("PATH"))
    }

    fn find_in(named: Option<OsString>, path: Option<OsString>) -> Result<Self, RunError> {
        let program = match named.filter(|name| !name.is_empty()) {
            Some(name) => absolute(name.into()),
            None => {
                let found = first_in(&path.unwrap_or_default());
                absolute(found.ok_or(RunError::Missing)?)
            }
        };
        let output = Command::new(&program)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .map_err(|source| RunError::Start { program: program.clone(), source })?;
        let said = String::from_utf8_lossy(&output.stdout);
        match version(&said) {
            Some(version) => Ok(Self { program, version, limit: LIMIT }),
            None => {
                Err(RunError::NotNgspice { program, said: said.trim().chars().take(80).collect() })
            }
        }
    }

    /// The same with another time limit per deck.
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Runs a deck in its folder; returns what it wrote.
    pub fn run(&self, deck: &Path) -> Result<String, RunError> {
        let trouble = |source| RunError::Deck { deck: deck.into(), source };
        // Into a file: a pipe that nobody reads would stop it.
        let mut output = tempfile::tempfile().map_err(trouble)?;
        let mut child = Command::new(&self.program)
            .args(["-n", "-b"]) // nobody's .spiceinit
            .arg(deck.file_name().unwrap_or(deck.as_os_str()))
            .current_dir(
                deck.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")),
            )
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(trouble)?)
            .stderr(output.try_clone().map_err(trouble)?)
            .spawn()
            .map_err(|source| RunError::Start { program: self.program.clone(), source })?;
        let start = Instant::now();
        let status = loop {
            match child.try_wait().map_err(trouble)? {
                Some(status) => break Some(status),
                None if start.elapsed() > self.limit => {
                    child.kill().and_then(|()| child.wait()).map_err(trouble)?;
                    break None;
                }
                None => std::thread::sleep(POLL),
            }
        };
        let output = read_all(&mut output).map_err(trouble)?;
        match status {
            None => Err(RunError::TimedOut { deck: deck.into(), limit: self.limit, output }),
            Some(status) if !status.success() => {
                Err(RunError::Failed { deck: deck.into(), status, output })
            }
            Some(_) => Ok(output),
        }
    }
}

/// A path stays right in the folder of the decks; a bare name is looked up in PATH.
fn absolute(program: PathBuf) -> PathBuf {
    match program.components().count() {
        1 => program,
        _ => std::path::absolute(&program).unwrap_or(program),
    }
}

/// Child and parent share the file's position.
fn read_all(file: &mut std::fs::File) -> io::Result<String> {
    use std::io::Seek;
    file.rewind()?;
    let mut bytes = vec![];
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first executable `ngspice` of a PATH.
fn first_in(path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join("ngspice")).find(|file| file.is_file())
}

/// `ngspice-39` in `** ngspice-39 : Circuit level simulation program`.
fn version(said: &str) -> Option<String> {
    said.split_whitespace().find(|word| word.starts_with("ngspice-")).map(str::to_owned)
}

/// Values of `name = value ...` lines; what is no number is left out.
pub fn measurements(output: &str) -> HashMap<String, f64> {
    let pair = |line: &str| {
        let (name, rest) = line.split_once('=')?;
        let value: f64 = rest.split_whitespace().next()?.parse().ok()?;
        let name = name.trim();
        let plain = !name.is_empty() && !name.contains(char::is_whitespace) && value.is_finite();
        plain.then(|| (name.to_owned(), value))
    };
    output.lines().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_are_read_and_nothing_else() {
        let output = "\
Doing analysis at TEMP = 27.000000 and TNOM = 27.000000

  Measurements for Transient Analysis

c0_reset_bl_p       =  5.0001234567e-01
c1_strobe_3_w_3     = -1.25e-03
c0_bad              =  failed
Error: measure  c0_late  find(AT) : out of interval
";
        let found = measurements(output);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found["c0_reset_bl_p"], 0.50001234567);
        assert_eq!(found["c1_strobe_3_w_3"], -1.25e-3);
    }

    #[test]
    fn without_ngspice_the_message_says_what_to_do() {
        for path in [None, Some("/nowhere:/nowhere/else".into())] {
            let message = Ngspice::find_in(None, path).unwrap_err().to_string();
            assert!(
                message.contains("ci/tools.sh ngspice") && message.contains("NGSPICE"),
                "{message}"
            );
        }
        let error = Ngspice::find_in(Some("/nowhere/ngspice".into()), None).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/ngspice: cannot be run: "), "{error}");
        let error = Ngspice::find_in(Some("/bin/true".into()), None).unwrap_err();
        assert!(error.to_string().starts_with("/bin/true: is not ngspice: "), "{error}");
    }

    /// A script in ngspice's place.
    #[cfg(unix)]
    fn fake(folder: &Path, script: &str) -> Ngspice {
        use std::os::unix::fs::PermissionsExt;
        let program = folder.join("fake");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        Ngspice { program, version: "ngspice-0".into(), limit: Duration::from_millis(300) }
    }

    #[cfg(unix)]
    #[test]
    fn a_failure_shows_the_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let deck = folder.path().join("a.cir");
        let script = "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done; echo trouble >&2; exit 3";
        let message = fake(folder.path(), script).run(&deck).unwrap_err().to_string();
        assert!(
            message.contains("a.cir (exit status: 3); its last lines:\n  line 3\n"),
            "{message}"
        );
        assert!(message.ends_with("\n  trouble"), "{message}");
        let message =
            fake(folder.path(), "echo slow; exec sleep 5").run(&deck).unwrap_err().to_string();
        assert!(
            message.contains("took more than 0.3 s for") && message.ends_with("slow"),
            "{message}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn an_output_longer_than_a_pipe_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let deck = folder.path().join("a.cir");
        let script = "i=0; while [ $i -lt 5000 ]; do echo x$i = $i.5; i=$((i+1)); done";
        let slow = fake(folder.path(), script).with_limit(Duration::from_secs(20));
        let found = measurements(&slow.run(&deck).unwrap());
        assert_eq!((found.len(), found["x4999"]), (5000, 4999.5));
    }
}
