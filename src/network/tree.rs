//! YAML as a tree, with each key of a mapping at most once: what a layer may say depends on its
//! kind, so that the text is read first and checked then.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::config::Scalar;

/// Values of one file. Aliases could otherwise make a short file fill the memory.
const MOST_VALUES: usize = 1 << 20;

/// A value and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Neither `Scalar::Mapping` nor `Scalar::List`.
    Scalar(Scalar),
    List(Vec<Node>),
    /// In the order of the file.
    Mapping(Vec<(String, Node)>),
}

impl Node {
    /// For messages.
    pub fn scalar(&self) -> Scalar {
        match self {
            Self::Scalar(scalar) => scalar.clone(),
            Self::List(_) => Scalar::List,
            Self::Mapping(_) => Scalar::Mapping,
        }
    }
}

/// Reads a text.
pub fn parse(text: &str) -> Result<Node, serde_yaml::Error> {
    let values = Cell::new(0);
    Seed { values: &values }.deserialize(serde_yaml::Deserializer::from_str(text))
}

/// Reads one value; `values` counts all of them.
#[derive(Clone, Copy)]
struct Seed<'a> {
    values: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > MOST_VALUES {
            return Err(D::Error::custom(format!("more than {MOST_VALUES} values")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text, a list or a mapping")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Switch(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Integer(value.into())))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Integer(value)))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Node, E> {
        let scalar = i128::try_from(value).map_or(Scalar::Real(value as f64), Scalar::Integer);
        Ok(Node::Scalar(scalar))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Real(value)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Text(text.to_owned())))
    }

    /// A file without a value.
    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Null))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element_seed(self)? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if entries.iter().any(|(known, _)| *known == key) {
                let key = Scalar::Text(key);
                return Err(A::Error::custom(format!("key {key} given twice")));
            }
            entries.push((key, map.next_value_seed(self)?));
        }
        Ok(Node::Mapping(entries))
    }
}
