//! The numbers of a network: a safetensors file, of which every tensor is used.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::Value as Json;

use super::error::{Part, Problem};
use super::value::Value;
use crate::config::Scalar;

/// The tensors of a file, and which of them a layer has named.
pub struct Tensors<'a> {
    views: BTreeMap<String, TensorView<'a>>,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Tensors<'a> {
    /// Reads the file's header; the reason if it can not be read.
    pub fn open(bytes: &'a [u8]) -> Result<Self, String> {
        check_ends(bytes)?;
        let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        Ok(Self { views: file.tensors().into_iter().collect(), used: RefCell::default() })
    }

    /// Weights or other small signed integers.
    pub fn int8(&self, name: &Value<'_>, shape: &[usize]) -> Result<Vec<i8>, Problem> {
        Ok(self.bytes(name, Dtype::I8, shape)?.iter().map(|&byte| byte as i8).collect())
    }

    /// Requantization multipliers.
    pub fn uint8(&self, name: &Value<'_>, shape: &[usize]) -> Result<Vec<u8>, Problem> {
        Ok(self.bytes(name, Dtype::U8, shape)?.to_vec())
    }

    /// Biases, and multipliers of sums.
    pub fn int32(&self, name: &Value<'_>, shape: &[usize]) -> Result<Vec<i32>, Problem> {
        let bytes = self.bytes(name, Dtype::I32, shape)?;
        let (words, _) = bytes.as_chunks::<4>();
        Ok(words.iter().map(|&word| i32::from_le_bytes(word)).collect())
    }

    /// Refuses tensors that no layer has named.
    pub fn all_used(&self) -> Result<(), Problem> {
        let used = self.used.borrow();
        match self.views.keys().find(|name| !used.contains(*name)) {
            Some(name) => {
                Err(problem(name, "no layer names this tensor", "tensors that the network uses"))
            }
            None => Ok(()),
        }
    }

    /// Contents of a tensor of this type and shape.
    fn bytes(
        &self,
        value: &Value<'_>,
        wanted: Dtype,
        shape: &[usize],
    ) -> Result<&'a [u8], Problem> {
        let name = value.text("the name of a tensor")?;
        let quoted = Scalar::Text(name.to_owned());
        let Some(view) = self.views.get(name) else {
            let names: Vec<&str> = self.views.keys().map(String::as_str).collect();
            let allowed = format!("the file's tensors: {}", names.join(", "));
            return Err(value.refuse(format!("no tensor {quoted} in the weights file"), allowed));
        };
        if view.dtype() != wanted || view.shape() != shape {
            let found = format!("tensor {quoted} is {} {:?}", type_name(view), view.shape());
            let allowed = match wanted {
                Dtype::I8 => format!("int8 {shape:?}"),
                Dtype::U8 => format!("uint8 {shape:?}"),
                _ => format!("int32 {shape:?}"),
            };
            return Err(value.refuse(found, allowed));
        }
        self.used.borrow_mut().insert(name.to_owned());
        Ok(view.data())
    }
}

/// A problem with a tensor, at an index if there is one.
pub fn problem(place: impl Display, what: impl Display, allowed: impl Display) -> Problem {
    Problem {
        part: Part::Tensors,
        place: place.to_string(),
        what: what.to_string(),
        allowed: allowed.to_string(),
    }
}

/// The type as the documentation calls it.
fn type_name(view: &TensorView<'_>) -> String {
    match view.dtype() {
        Dtype::I8 => "int8".into(),
        Dtype::U8 => "uint8".into(),
        Dtype::I16 => "int16".into(),
        Dtype::I32 => "int32".into(),
        Dtype::I64 => "int64".into(),
        Dtype::F16 => "float16".into(),
        Dtype::F32 => "float32".into(),
        Dtype::F64 => "float64".into(),
        other => format!("{other:?}"),
    }
}

/// Refuses tensors that end behind the file. The crate adds up their sizes before it compares them
/// with the file's, which overflows for sizes that no file has.
fn check_ends(bytes: &[u8]) -> Result<(), String> {
    let Some((size, rest)) = bytes.split_first_chunk::<8>() else { return Ok(()) };
    let size = usize::try_from(u64::from_le_bytes(*size)).unwrap_or(usize::MAX);
    let Some((header, data)) = rest.split_at_checked(size) else { return Ok(()) };
    // What is no JSON is the crate's to refuse.
    let Ok(header) = serde_json::from_slice::<BTreeMap<String, Json>>(header) else {
        return Ok(());
    };
    for (name, entry) in &header {
        let end = entry.pointer("/data_offsets/1").and_then(Json::as_u64).unwrap_or(0);
        if end > data.len() as u64 {
            let (name, have) = (Scalar::Text(name.clone()), data.len());
            return Err(format!("tensor {name} ends at byte {end} of the {have} that are there"));
        }
    }
    Ok(())
}
