//! Why a configuration is refused. One message names file, place, value and what is allowed.

use std::fmt;
use std::path::{Path, PathBuf};

use super::schema::{Allowed, VERSION};

/// Where in which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file; the configuration's name when it came from elsewhere.
    pub file: PathBuf,
    /// Line and column, both from 1, when the parser knows them.
    pub position: Option<(usize, usize)>,
}

impl Place {
    /// A file as a whole.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self { file: path.as_ref().to_owned(), position: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.position {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

/// A value as it stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Null,
    Switch(bool),
    Integer(i128),
    Real(f64),
    Text(String),
    Mapping,
    List,
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("nothing"),
            Self::Switch(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            // Debug: keeps `1.0` apart from `1` and writes 1e300 shortly
            Self::Real(value) => write!(f, "{value:?}"),
            Self::Text(text) => write!(f, "{:?}", shortened(text)),
            Self::Mapping => f.write_str("a mapping"),
            Self::List => f.write_str("a list"),
        }
    }
}

/// A text short enough for a message.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// What is wrong with one key or value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A key that does not exist.
    #[error("unknown key `{}` {}; allowed: {}", shortened(key), within(section), allowed.join(", "))]
    UnknownKey { section: &'static str, key: String, allowed: &'static [&'static str] },
    /// A key that was given before in the same mapping.
    #[error("{key}: given twice; allowed: once per file")]
    DuplicateKey { key: String },
    /// A key without which a configuration is not complete.
    #[error("{key}: missing; allowed: {allowed}")]
    MissingKey { key: &'static str, allowed: Allowed },
    /// A value of another type.
    #[error("{}: {found} has the wrong type; allowed: {allowed}", named(key))]
    WrongType { key: &'static str, found: Scalar, allowed: Allowed },
    /// A value of the right type but beyond its limits.
    #[error("{key}: {found} {}; allowed: {allowed}", verdict(found))]
    OutOfRange { key: &'static str, found: Scalar, allowed: Allowed },
    /// Values that do not go together.
    #[error(transparent)]
    Conflict(#[from] Conflict),
}

impl Problem {
    /// Path of the key at fault; for conflicts of one of them.
    pub fn key(&self) -> &str {
        match self {
            Self::UnknownKey { section, .. } => section,
            Self::DuplicateKey { key } => key,
            Self::MissingKey { key, .. }
            | Self::WrongType { key, .. }
            | Self::OutOfRange { key, .. } => key,
            Self::Conflict(conflict) => conflict.key(),
        }
    }
}

/// "at the top level" or "in `section`".
fn within(section: &str) -> String {
    if section.is_empty() { "at the top level".into() } else { format!("in `{section}`") }
}

/// What to say of a value of the right type.
fn verdict(found: &Scalar) -> &'static str {
    if matches!(found, Scalar::Text(_)) { "does not fit" } else { "is out of range" }
}

/// The key, or a name for the file's outermost value.
fn named(key: &str) -> &str {
    if key.is_empty() { "top level" } else { key }
}

/// Values that are each within their limits but contradict each other.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Conflict {
    #[error("geometry.mac_rows: {0} is not a multiple of 8; allowed: 8, 16, ... 64")]
    MacRows(usize),
    #[error("geometry.columns_per_slice: {0} is not supported; allowed: 1, 2 or 4")]
    ColumnsPerSlice(usize),
    #[error(
        "geometry.columns: {columns} columns do not divide into slices of {columns_per_slice}; \
         allowed: a multiple of geometry.columns_per_slice"
    )]
    Columns { columns: usize, columns_per_slice: usize },
    #[error(
        "geometry.columns: {columns} columns make {slices} slices of {columns_per_slice}; allowed: \
         a power of two of slices, at least 4"
    )]
    Slices { columns: usize, columns_per_slice: usize, slices: usize },
    #[error(
        "geometry.columns: {columns} columns make {words} host words per row; allowed: 1, 2 or 4"
    )]
    Words { columns: usize, words: usize },
    #[error(
        "geometry.post_lanes: {lanes} lanes do not serve {slices} slices; allowed: 1, or a power \
         of two that divides the slices and leaves each lane at least 8"
    )]
    PostLanes { lanes: usize, slices: usize },
    #[error(
        "analog.v_low: {v_low} V and analog.v_full_scale: {v_full_scale} V make {} V; allowed: at \
         most the supply of {supply_v} V together", v_low + v_full_scale
    )]
    SupplyExceeded { v_low: f64, v_full_scale: f64, supply_v: f64 },
    #[error(
        "{key}: a threshold of {threshold_v:.3} V leaves no overdrive at a supply of {supply_v} V; \
         allowed: at least 0.05 V less than the supply, in every corner used"
    )]
    Overdrive { key: &'static str, threshold_v: f64, supply_v: f64 },
    #[error(
        "analog.v_cm: {v_cm} V is above every voltage of the array; allowed: at most v_low + \
         v_full_scale = {highest} V"
    )]
    CommonMode { v_cm: f64, highest: f64 },
    #[error(
        "analog.bit_line_parasitic: per_row 0 and fixed_ff 0 leave a bit line without \
         capacitance; allowed: at least one above 0"
    )]
    NoParasitic,
    #[error(
        "analog.bit_line_parasitic: {parasitic_ff} fF in all is {} of a unit capacitor of \
         {unit_capacitor_ff} fF; allowed: 1/8192 to 122070 of it",
        parasitic_ff / unit_capacitor_ff
    )]
    Parasitic { parasitic_ff: f64, unit_capacitor_ff: f64 },
    #[error(
        "analog.v_full_scale: {v_full_scale} V and capacitors of {unit_capacitor_ff} fF on bit \
         lines of {column_ff:.3} fF make an LSB of {:.3} uV at r = 1/8; allowed: at least 10 uV",
        lsb_v * 1e6
    )]
    SmallLsb { v_full_scale: f64, unit_capacitor_ff: f64, column_ff: f64, lsb_v: f64 },
    #[error(
        "analog.capacitor_mismatch.sigma_percent_sqrt_ff: {sigma_percent_sqrt_ff} % at 1 fF is \
         {percent:.1} % of a capacitor of {unit_capacitor_ff} fF; allowed: at most 20 % per \
         unit capacitor"
    )]
    Mismatch { sigma_percent_sqrt_ff: f64, unit_capacitor_ff: f64, percent: f64 },
    #[error(
        "{key}: 0 ps cannot be a time constant while the term is on; allowed: above 0 ps, or \
         `on: false`"
    )]
    TimeConstant { key: &'static str },
}

impl Conflict {
    /// Path of the first key that takes part.
    pub fn key(&self) -> &'static str {
        match self {
            Self::MacRows(_) => "geometry.mac_rows",
            Self::ColumnsPerSlice(_) => "geometry.columns_per_slice",
            Self::Columns { .. } | Self::Slices { .. } | Self::Words { .. } => "geometry.columns",
            Self::PostLanes { .. } => "geometry.post_lanes",
            Self::SupplyExceeded { .. } => "analog.v_low",
            Self::Overdrive { key, .. } => key,
            Self::CommonMode { .. } => "analog.v_cm",
            Self::SmallLsb { .. } => "analog.v_full_scale",
            Self::NoParasitic | Self::Parasitic { .. } => "analog.bit_line_parasitic.per_row",
            Self::Mismatch { .. } => "analog.capacitor_mismatch.sigma_percent_sqrt_ff",
            Self::TimeConstant { key } => key,
        }
    }
}

/// A configuration that can not be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can not be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    /// Not YAML at all, or YAML beyond what a configuration needs (tags, several documents).
    #[error(
        "{place}: not a configuration: {}; allowed: YAML with `schema: {VERSION}`",
        parser_message(source)
    )]
    Syntax { place: Place, source: serde_yaml::Error },
    /// A key or value is wrong.
    #[error("{place}: {problem}")]
    Invalid { place: Place, problem: Box<Problem> },
    /// `base` leads back to a file that is already being read.
    #[error(
        "{place}: base: `{base}` leads back to {}; allowed: a chain of bases that ends",
        again.display()
    )]
    BaseCycle { place: Place, base: String, again: PathBuf },
    /// No configuration of this name is built in.
    #[error("no configuration named `{name}` is built in; allowed: {}", allowed.join(", "))]
    UnknownBuiltin { name: String, allowed: Vec<&'static str> },
}

impl ConfigError {
    pub(super) fn invalid(place: Place, problem: Problem) -> Self {
        Self::Invalid { place, problem: Box::new(problem) }
    }
}

/// The parser's message without the position, which [`Place`] has.
fn parser_message(error: &serde_yaml::Error) -> String {
    let message = error.to_string();
    match error.location() {
        Some(at) => {
            message.replacen(&format!(" at line {} column {}", at.line(), at.column()), "", 1)
        }
        None => message,
    }
}
