//! What several subcommands share: the configuration's options, ranges, outputs that are checked
//! before work begins.

use anyhow::{Context, anyhow, bail};
use capram::config::{Config, Corner, Range, Scalar};
use capram::dut::Dut;
use capram::network::Network;
use capram::report::replaceable;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Which configuration, and under which conditions.
#[derive(clap::Args)]
pub struct ConfigArguments {
    /// Configuration file, or the name of a built-in one
    #[arg(long, value_name = "FILE", default_value = "capram65")]
    pub config: PathBuf,
    /// Process corner instead of the configuration's
    #[arg(long)]
    corner: Option<CornerName>,
    /// Supply in V instead of the configuration's, 1.0 to 1.3
    #[arg(long, value_name = "VOLTS", allow_negative_numbers = true)]
    supply: Option<f64>,
    /// Temperature in degrees C instead of the configuration's, -40 to 125
    #[arg(long, value_name = "CELSIUS", allow_negative_numbers = true)]
    temperature: Option<f64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum CornerName {
    Tt,
    Ss,
    Ff,
    Sf,
    Fs,
}

impl ConfigArguments {
    /// Reads the configuration.
    pub fn load(&self) -> anyhow::Result<Config> {
        let corner = self.corner.map(|c| Scalar::Text(Corner::ALL[c as usize].name().into()));
        let overrides = [
            ("analog.conditions.corner", corner),
            ("analog.conditions.supply_v", self.supply.map(Scalar::Real)),
            ("analog.conditions.temperature_c", self.temperature.map(Scalar::Real)),
        ];
        let given: Vec<(&str, Scalar)> =
            overrides.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        match self.config.to_str() {
            // A bare word that is no file can only be meant as a name.
            Some(name) if is_name(name) && !self.config.exists() => {
                Ok(Config::builtin_with(name, &given)?)
            }
            _ => Ok(Config::load_with(&self.config, &given)?),
        }
    }

    /// The same, if there is a model of its geometry: to be asked before anything else is done.
    pub fn load_built(&self) -> anyhow::Result<Config> {
        let config = self.load()?;
        Dut::of_macro(&config.geometry)
            .with_context(|| format!("{}: geometry", self.config.display()))?;
        Ok(config)
    }

    /// The configuration's file, if it is one.
    pub fn file(&self) -> Option<PathBuf> {
        Some(self.config.clone()).filter(|path| path.exists())
    }

    /// The options as one would type them.
    pub fn words(&self) -> String {
        let corner = self.corner.map(|c| format!(" --corner {}", Corner::ALL[c as usize].name()));
        let supply = self.supply.map(|v| format!(" --supply {v}"));
        let temperature = self.temperature.map(|v| format!(" --temperature {v}"));
        let given = [corner, supply, temperature].into_iter().flatten().collect::<String>();
        format!("--config {}{given}", quoted(&self.config))
    }
}

/// A word as a shell takes it.
pub fn quoted(path: &Path) -> String {
    let word = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Whether this could be the name of a built-in configuration, and not a path.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// A file, or a network that is built in.
pub fn load_network(path: &Path) -> anyhow::Result<Network> {
    match path.to_str() {
        Some(name) if is_name(name) && !path.exists() => Ok(Network::builtin(name)?),
        _ => Ok(Network::load(path)?),
    }
}

/// Largest chip number. [C] A billion: more than anybody draws, and a typing error shows.
pub const MAX_CHIP: u64 = 999_999_999;

/// A conversion range as one types it.
#[derive(Clone, Copy, ValueEnum)]
pub enum RangeName {
    #[value(name = "1")]
    Full,
    #[value(name = "1/2")]
    Half,
    #[value(name = "1/4")]
    Quarter,
    #[value(name = "1/8")]
    Eighth,
}

impl From<RangeName> for Range {
    fn from(name: RangeName) -> Self {
        Self::ALL[name as usize]
    }
}

/// Threads when none are asked for.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A bar on a terminal, nothing in a pipe; `unit` is what it counts.
pub fn progress(count: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(count);
    bar.set_style(progress_style(&format!("{{bar:40}} {{pos}}/{{len}} {unit}, {{eta}} left")));
    bar
}

/// A style by its template.
pub fn progress_style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Prints a report, last: when nobody reads any more (`| head`) its files are written already.
pub fn print(report: &dyn Display) -> anyhow::Result<()> {
    match write!(io::stdout(), "{report}").and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("stdout"),
        _ => Ok(()),
    }
}

/// Refuses an output file that could not be written, before hours are spent on it.
pub fn check_output(path: &Path) -> anyhow::Result<()> {
    let folder = check_parent(path)?;
    // The file has no name and is gone at once.
    tempfile::tempfile_in(folder)
        .with_context(|| format!("{}: cannot be written", path.display()))?;
    replaceable(path).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    Ok(())
}

/// A network's files beside which nothing may be written in their place: none if it is built in.
pub fn network_files(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let tensors = |path: &PathBuf| path.extension().is_some_and(|e| e == "safetensors");
    let mut files: Vec<PathBuf> = beside.map(|entry| entry.path()).filter(tensors).collect();
    files.push(path.to_owned());
    files.retain(|_| path.exists());
    files
}

/// Refuses two outputs of one run in the same place: the second would replace the first.
pub fn check_distinct(outputs: &[PathBuf]) -> anyhow::Result<()> {
    let place = |path: &Path| {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        path.canonicalize().unwrap_or_else(|_| folder.join(path.file_name().unwrap_or_default()))
    };
    let mut seen = BTreeSet::new();
    match outputs.iter().find(|path| !seen.insert(place(path))) {
        Some(path) => bail!("{}: named for two outputs; allowed: a file for each", path.display()),
        None => Ok(()),
    }
}

/// Makes an output folder in an existing one, or finds it there, and checks that files can go in.
pub fn make_folder(path: &Path) -> anyhow::Result<()> {
    check_parent(path)?;
    if let Err(error) = std::fs::create_dir(path)
        && !path.is_dir()
    {
        bail!("{}: cannot be made: {error}; a folder is needed", path.display());
    }
    tempfile::tempfile_in(path)
        .with_context(|| format!("{}: cannot be written into", path.display()))?;
    Ok(())
}

fn check_parent(path: &Path) -> anyhow::Result<&Path> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        bail!(
            "{}: there is no folder {}; the folder of an output must exist",
            path.display(),
            folder.display()
        );
    }
    Ok(folder)
}
