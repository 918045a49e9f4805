//! Values of the description with their places, read as what they must be.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::error::{Part, Problem};
use super::tree::Node;
use crate::config::Scalar;

/// What stands at a place, if anything does.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    place: String,
    node: Option<&'a Node>,
}

impl<'a> Value<'a> {
    /// The whole file.
    pub fn root(node: &'a Node) -> Self {
        Self { place: String::new(), node: Some(node) }
    }

    /// The value, if the file has it.
    pub fn given(self) -> Option<Self> {
        self.node.is_some().then_some(self)
    }

    /// A problem with this value; `what` names it.
    pub fn refuse(&self, what: impl Display, allowed: impl Display) -> Problem {
        let place = if self.place.is_empty() { "top level" } else { &self.place };
        Problem {
            part: Part::Description,
            place: place.to_owned(),
            what: what.to_string(),
            allowed: allowed.to_string(),
        }
    }

    /// Nothing there, or something else than `allowed`.
    fn wrong_type(&self, allowed: impl Display) -> Problem {
        match self.node {
            Some(node) => self.refuse(format!("{} has the wrong type", node.scalar()), allowed),
            None => self.refuse("missing", allowed),
        }
    }

    /// An integer within limits.
    pub fn integer<T>(&self, limits: RangeInclusive<T>) -> Result<T, Problem>
    where
        T: Copy + Display + PartialOrd + TryFrom<i128>,
    {
        let allowed = format!("an integer from {} to {}", limits.start(), limits.end());
        let Some(Node::Scalar(Scalar::Integer(found))) = self.node else {
            return Err(self.wrong_type(allowed));
        };
        match T::try_from(*found) {
            Ok(value) if limits.contains(&value) => Ok(value),
            _ => Err(self.refuse(format!("{found} is out of range"), allowed)),
        }
    }

    /// A text of one line, not empty.
    pub fn text(&self, allowed: &str) -> Result<&'a str, Problem> {
        let Some(Node::Scalar(scalar @ Scalar::Text(text))) = self.node else {
            return Err(self.wrong_type(allowed));
        };
        if text.is_empty() || text.contains(char::is_control) {
            return Err(self.refuse(format!("{scalar} does not fit"), allowed));
        }
        Ok(text)
    }

    /// Any text.
    pub fn free_text(&self) -> Result<&'a str, Problem> {
        match self.node {
            Some(Node::Scalar(Scalar::Text(text))) => Ok(text),
            _ => Err(self.wrong_type("a text")),
        }
    }

    /// A text that satisfies a rule.
    pub fn text_where(
        &self,
        rule: impl Fn(&str) -> bool,
        allowed: &str,
    ) -> Result<&'a str, Problem> {
        let text = self.text(allowed)?;
        if rule(text) { Ok(text) } else { Err(self.no_fit(text, allowed)) }
    }

    /// A name: letters, digits, _ and -.
    pub fn identifier(&self) -> Result<&'a str, Problem> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        self.text_where(|text| text.chars().all(fits), "a name of letters, digits, _ and -")
    }

    /// What one of several names stands for.
    pub fn one_of<T: Copy>(&self, names: &[(&str, T)]) -> Result<T, Problem> {
        let list: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let allowed = list.join(", ");
        let text = match self.node {
            Some(Node::Scalar(Scalar::Text(text))) => text.clone(),
            // `range: 1`
            Some(Node::Scalar(Scalar::Integer(value))) => value.to_string(),
            _ => return Err(self.wrong_type(allowed)),
        };
        let found = names.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| *value).ok_or_else(|| self.no_fit(&text, allowed))
    }

    /// A list of a number of values.
    pub fn list(&self, lengths: RangeInclusive<usize>, of: &str) -> Result<Vec<Self>, Problem> {
        let allowed = if lengths.start() == lengths.end() {
            format!("a list of {} {of}", lengths.start())
        } else {
            format!("a list of {} to {} {of}", lengths.start(), lengths.end())
        };
        let Some(Node::List(nodes)) = self.node else { return Err(self.wrong_type(allowed)) };
        if !lengths.contains(&nodes.len()) {
            return Err(self.refuse(format!("a list of {}", nodes.len()), allowed));
        }
        let entry = |(i, node)| Self { place: format!("{}[{i}]", self.place), node: Some(node) };
        Ok(nodes.iter().enumerate().map(entry).collect())
    }

    /// Rows and columns.
    pub fn pair(&self, limits: RangeInclusive<usize>) -> Result<[usize; 2], Problem> {
        let entries = self.list(2..=2, "integers: rows, columns")?;
        Ok([entries[0].integer(limits.clone())?, entries[1].integer(limits)?])
    }

    /// A mapping; its keys have yet to be checked.
    pub fn fields(&self, allowed: &str) -> Result<Fields<'a>, Problem> {
        match self.node {
            Some(Node::Mapping(entries)) => Ok(Fields { place: self.place.clone(), entries }),
            _ => Err(self.wrong_type(allowed)),
        }
    }

    /// A mapping with no other keys than these.
    pub fn mapping(&self, keys: &[&str]) -> Result<Fields<'a>, Problem> {
        let fields = self.fields(&format!("a mapping with the keys {}", keys.join(", ")))?;
        fields.only(keys)?;
        Ok(fields)
    }

    /// Whether it is a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.node, Some(Node::Mapping(_)))
    }

    fn no_fit(&self, text: &str, allowed: impl Display) -> Problem {
        self.refuse(format!("{} does not fit", Scalar::Text(text.to_owned())), allowed)
    }
}

/// The keys of a mapping.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    place: String,
    entries: &'a [(String, Node)],
}

impl<'a> Fields<'a> {
    /// The same, called otherwise in messages.
    pub fn named(self, place: String) -> Self {
        Self { place, ..self }
    }

    /// What a key says, if it is there.
    pub fn at(&self, key: &str) -> Value<'a> {
        let node = self.entries.iter().find(|(known, _)| known == key).map(|(_, node)| node);
        let dot = if self.place.is_empty() { "" } else { "." };
        Value { place: format!("{}{dot}{key}", self.place), node }
    }

    /// Refuses all other keys.
    pub fn only(&self, keys: &[&str]) -> Result<(), Problem> {
        match self.entries.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            Some((key, _)) => {
                let what = format!("unknown key {}", Scalar::Text(key.clone()));
                Err(self.whole().refuse(what, keys.join(", ")))
            }
            None => Ok(()),
        }
    }

    /// The place of the mapping itself, for messages.
    pub fn whole(&self) -> Value<'a> {
        Value { place: self.place.clone(), node: None }
    }
}
