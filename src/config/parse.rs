//! Reads one YAML file into a flat table of settings, and refuses what the schema does not know.
//!
//! The schema is checked while the parser walks the text, not afterwards: only then does it know
//! line and column of what is wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::{ConfigError, Place, Problem, Scalar};
use super::schema::{self, Allowed};

/// What one file says.
#[derive(Debug, Default)]
pub struct Layer {
    /// The file that this one builds upon.
    pub base: Option<String>,
    /// Values by path, `schema` and `base` left out.
    pub settings: BTreeMap<&'static str, Scalar>,
}

/// Reads the text of one file; `file` is for the messages.
pub fn parse(text: &str, file: &Path) -> Result<Layer, ConfigError> {
    let state = State::default();
    let root = Node { section: "", path: String::new(), state: &state };
    let result = root.deserialize(serde_yaml::Deserializer::from_str(text));
    let State { layer, problem } = state;
    let mut values = layer.into_inner();
    if let Err(source) = result {
        let position = source.location().map(|at| (at.line(), at.column()));
        let place = Place { file: file.to_owned(), position };
        return Err(match problem.into_inner() {
            Some(problem) => ConfigError::invalid(place, problem),
            None => ConfigError::Syntax { place, source },
        });
    }
    if values.remove("schema").is_none() {
        let problem =
            Problem::MissingKey { key: "schema", allowed: Allowed::Exactly(schema::VERSION) };
        return Err(ConfigError::invalid(Place::file(file), problem));
    }
    let base = match values.remove("base") {
        Some(Scalar::Text(name)) => Some(name),
        _ => None,
    };
    Ok(Layer { base, settings: values })
}

/// Whether a value fits its key.
pub fn check(key: &'static str, allowed: Allowed, found: &Scalar) -> Result<(), Problem> {
    let wrong_type = || Err(Problem::WrongType { key, found: found.clone(), allowed });
    let within = |fits: bool| {
        if fits { Ok(()) } else { Err(Problem::OutOfRange { key, found: found.clone(), allowed }) }
    };
    match (allowed, found) {
        (Allowed::Exactly(wanted), Scalar::Text(text)) => within(text == wanted),
        (Allowed::OneOf(wanted), Scalar::Text(text)) => within(wanted.contains(&text.as_str())),
        (Allowed::FileName, Scalar::Text(text)) => within(!text.is_empty()),
        (Allowed::Switch, Scalar::Switch(_)) => Ok(()),
        (Allowed::Integer(low, high, _), Scalar::Integer(value)) => {
            within((low..=high).contains(value))
        }
        // false for NaN as well
        (Allowed::Real(low, high, _), Scalar::Real(value)) => within((low..=high).contains(value)),
        (Allowed::Real(low, high, _), Scalar::Integer(value)) => {
            within((low..=high).contains(&(*value as f64)))
        }
        _ => wrong_type(),
    }
}

/// Collected while the parser walks. The parser's errors carry only text, so a problem is kept
/// here and the parser told to stop, which then adds the position.
#[derive(Default)]
struct State {
    layer: RefCell<BTreeMap<&'static str, Scalar>>,
    problem: RefCell<Option<Problem>>,
}

impl State {
    /// Keeps the problem and makes the parser stop.
    fn refuse<E: serde::de::Error>(&self, problem: Problem) -> E {
        let stop = E::custom(&problem);
        *self.problem.borrow_mut() = Some(problem);
        stop
    }
}

/// The value at one path, which is known to exist.
struct Node<'a> {
    section: &'static str,
    path: String,
    state: &'a State,
}

impl Node<'_> {
    fn allowed<E: serde::de::Error>(&self) -> Result<(&'static str, Allowed), E> {
        schema::find(&self.path).ok_or_else(|| E::custom("a value that belongs to no key"))
    }

    fn value<E: serde::de::Error>(self, found: Scalar) -> Result<(), E> {
        let (key, allowed) = self.allowed()?;
        check(key, allowed, &found).map_err(|problem| self.state.refuse(problem))?;
        self.state.layer.borrow_mut().insert(key, found);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match schema::find(&self.path) {
            Some((_, allowed)) => write!(f, "{allowed}"),
            None => f.write_str(self.section),
        }
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.value(Scalar::Switch(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.value(Scalar::Integer(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.value(Scalar::Integer(value.into()))
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<(), E> {
        self.value(Scalar::Integer(value))
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<(), E> {
        self.value(i128::try_from(value).map_or(Scalar::Real(value as f64), Scalar::Integer))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.value(Scalar::Real(value))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.value(Scalar::Text(text.to_owned()))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.value(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.value(Scalar::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (section, allowed) = self.allowed()?;
        let Allowed::Section(keys) = allowed else { return self.value(Scalar::Mapping) };
        let mut seen = Vec::new();
        while let Some(path) =
            map.next_key_seed(Key { section, keys, seen: &seen, state: self.state })?
        {
            map.next_value_seed(Node { section, path: path.clone(), state: self.state })?;
            seen.push(path);
        }
        Ok(())
    }
}

/// One key of a section; yields its path.
struct Key<'a> {
    section: &'static str,
    keys: &'static [&'static str],
    seen: &'a [String],
    state: &'a State,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        let Self { section, keys, seen, state } = self;
        if !keys.contains(&key) {
            let key = key.to_owned();
            return Err(state.refuse(Problem::UnknownKey { section, key, allowed: keys }));
        }
        let path = schema::join(section, key);
        if seen.contains(&path) {
            return Err(state.refuse(Problem::DuplicateKey { key: path }));
        }
        Ok(path)
    }
}
