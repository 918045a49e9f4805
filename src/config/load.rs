//! Loads configurations from files or from those built in.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::{ConfigError, Place, Problem, Scalar};
use super::{Analog, Energy, Geometry, Timing, parse, schema};

/// The configurations of `configs/`, so that users of the library need no path.
const BUILTIN: &[(&str, &str)] = &[
    ("capram65", include_str!("../../configs/capram65.yaml")),
    ("ideal", include_str!("../../configs/ideal.yaml")),
    ("nominal", include_str!("../../configs/nominal.yaml")),
    ("small", include_str!("../../configs/small.yaml")),
    ("slice2", include_str!("../../configs/slice2.yaml")),
    ("slice1", include_str!("../../configs/slice1.yaml")),
    ("onelane", include_str!("../../configs/onelane.yaml")),
    ("ss", include_str!("../../configs/ss.yaml")),
    ("ff", include_str!("../../configs/ff.yaml")),
    ("sf", include_str!("../../configs/sf.yaml")),
    ("fs", include_str!("../../configs/fs.yaml")),
    ("leaky", include_str!("../../configs/leaky.yaml")),
    ("fpga", include_str!("../../configs/fpga.yaml")),
];

/// A complete configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file's name without its extension.
    pub name: String,
    pub geometry: Geometry,
    pub timing: Timing,
    /// As they are under the conditions named there.
    pub analog: Analog,
    pub energy: Energy,
}

impl Config {
    /// Reads a file, and the files that it builds upon.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::load_with(path, &[])
    }

    /// The same with some settings overridden, by path (`analog.conditions.supply_v`).
    pub fn load_with(
        path: impl AsRef<Path>,
        settings: &[(&str, Scalar)],
    ) -> Result<Self, ConfigError> {
        resolve(path.as_ref(), &Files, settings)
    }

    /// One of the configurations built in, by its name without `.yaml`.
    pub fn builtin(name: &str) -> Result<Self, ConfigError> {
        Self::builtin_with(name, &[])
    }

    /// The same with some settings overridden, by path.
    pub fn builtin_with(name: &str, settings: &[(&str, Scalar)]) -> Result<Self, ConfigError> {
        if !Self::builtin_names().any(|known| known == name) {
            let allowed = Self::builtin_names().collect();
            return Err(ConfigError::UnknownBuiltin { name: name.to_owned(), allowed });
        }
        resolve(Path::new(&format!("{name}.yaml")), &Builtin, settings)
    }

    /// Names that `builtin` knows.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        BUILTIN.iter().map(|(name, _)| *name)
    }

    /// Hash of every setting (not of the name), the same on every machine: FNV-1a, 64 bits, over
    /// the lines `path=value` in the order of the schema.
    pub fn fingerprint(&self) -> String {
        let settings = self.settings();
        let line = |key| match settings.pointer(&schema::pointer(key)) {
            Some(value) => format!("{key}={value}\n"),
            None => format!("{key}=\n"),
        };
        let text: String = schema::settings().map(|(key, _)| line(key)).collect();
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        format!("{hash:016x}")
    }

    /// The configuration as JSON, in which the schema's paths lead to values.
    pub(super) fn settings(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Where files come from.
trait Source {
    fn read(&self, path: &Path) -> io::Result<String>;
    /// One name per file, however it is reached.
    fn identity(&self, path: &Path) -> PathBuf;
}

struct Files;

impl Source for Files {
    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

struct Builtin;

impl Source for Builtin {
    fn read(&self, path: &Path) -> io::Result<String> {
        let name = path.file_stem().unwrap_or_default();
        let found = BUILTIN.iter().find(|(known, _)| *known == name);
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn identity(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// A setting and the file that has the last word on it.
type Settings = BTreeMap<&'static str, (Scalar, PathBuf)>;

/// Where settings come from that no file says.
const OVERRIDDEN: &str = "command line";

/// Settings that precede those of all files.
fn overriding(settings: &[(&str, Scalar)]) -> Result<Settings, ConfigError> {
    let place = || Place::file(OVERRIDDEN);
    let mut checked = Settings::new();
    for (path, value) in settings {
        let found = schema::settings().find(|(key, _)| key == path);
        let (key, allowed) = found.ok_or_else(|| {
            let problem =
                Problem::UnknownKey { section: "", key: (*path).to_owned(), allowed: &["paths"] };
            ConfigError::invalid(place(), problem)
        })?;
        parse::check(key, allowed, value).map_err(|e| ConfigError::invalid(place(), e))?;
        checked.insert(key, (value.clone(), OVERRIDDEN.into()));
    }
    Ok(checked)
}

/// Reads a chain of files, the outermost first, and checks what they say together.
fn resolve(
    path: &Path,
    source: &dyn Source,
    settings: &[(&str, Scalar)],
) -> Result<Config, ConfigError> {
    let mut settings = overriding(settings)?;
    let mut visited = vec![source.identity(path)];
    let mut next = Some(path.to_owned());
    while let Some(file) = next.take() {
        let text = source
            .read(&file)
            .map_err(|source| ConfigError::Read { file: file.clone(), source })?;
        let layer = parse::parse(&text, &file)?;
        for (key, value) in layer.settings {
            settings.entry(key).or_insert_with(|| (value, file.clone()));
        }
        if let Some(base) = layer.base {
            let below = file.parent().unwrap_or(Path::new("")).join(&base);
            let identity = source.identity(&below);
            if visited.contains(&identity) {
                let place = Place::file(&file);
                return Err(ConfigError::BaseCycle { place, base, again: below });
            }
            visited.push(identity);
            next = Some(below);
        }
    }
    build(path, &settings)
}

/// Makes a configuration of a complete table of settings.
fn build(path: &Path, settings: &Settings) -> Result<Config, ConfigError> {
    let invalid = |file: &Path, problem| ConfigError::invalid(Place::file(file), problem);
    let mut root = Map::new();
    for (key, allowed) in schema::settings() {
        let Some((value, _)) = settings.get(key) else {
            return Err(invalid(path, Problem::MissingKey { key, allowed }));
        };
        insert(&mut root, key, to_json(value));
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    root.insert("name".into(), Value::String(name.into_owned()));
    // The schema's table agrees with the types (a test says so), so this does not fail.
    let mut config: Config = serde_json::from_value(Value::Object(root))
        .map_err(|error| ConfigError::Read { file: path.to_owned(), source: error.into() })?;
    let blame = |problem: Problem| {
        let said = settings.get(problem.key());
        invalid(said.map_or(path, |(_, file)| file), problem)
    };
    config.validate().map_err(blame)?;
    config.analog = config.analog.under_its_conditions();
    config.validate().map_err(blame)?;
    Ok(config)
}

fn to_json(value: &Scalar) -> Value {
    match value {
        Scalar::Switch(value) => (*value).into(),
        Scalar::Integer(value) => (*value as i64).into(),
        Scalar::Real(value) => (*value).into(),
        Scalar::Text(text) => text.as_str().into(),
        Scalar::Null | Scalar::Mapping | Scalar::List => Value::Null,
    }
}

/// Puts a value at a path, making the mappings on the way.
fn insert(map: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            map.insert(path.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = map.entry(section).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}
