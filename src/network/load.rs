//! Reads a network from its two files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::{NetworkError, Part, Problem};
use super::layers::Builder;
use super::tensors::Tensors;
use super::tree::{self, Node};
use super::value::{Fields, Value};
use super::{Input, Network, Scaling, Shape};
use crate::config::Scalar;

/// The version of the format that this program reads.
pub const VERSION: &str = "capram.network/1";
/// Largest size of an image, a kernel or a number of outputs. [C] Products of three still fit 64 bits,
/// and no macro holds as much.
pub const DIMENSION: usize = 4096;
/// Most elements of an image or of what a layer gives.
pub const ELEMENTS: usize = 1 << 24;
/// Classes: labels of a data set are bytes.
const CLASSES: usize = 256;
const LAYERS: usize = 1024;
/// Longest files, in bytes.
const LONGEST_TEXT: u64 = 16 << 20;
const LONGEST_TENSORS: u64 = 256 << 20;
const KEYS: &[&str] = &["schema", "name", "source", "weights", "input", "labels", "layers"];

impl Network {
    /// Reads a network: a YAML file and the safetensors file that it names, beside it.
    ///
    /// # Errors
    /// If a file can not be read, or says anything that `docs/networks.md`, sections 1 and 2, does
    /// not allow; the error's text is one line with file, place, value and what is allowed.
    pub fn load(path: &Path) -> Result<Self, NetworkError> {
        let bytes = read(path, LONGEST_TEXT)?;
        let text = String::from_utf8(bytes).map_err(|error| NetworkError::Read {
            file: path.to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()),
        })?;
        let description = Description::parse(&text, path)?;
        let beside = path.with_file_name(description.weights()?);
        description.build(&read(&beside, LONGEST_TENSORS)?, &beside)
    }

    /// A network from the contents of its two files; messages call the first one `NAME.yaml`.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn parse(yaml: &str, tensors: &[u8], name: &str) -> Result<Self, NetworkError> {
        let description = Description::parse(yaml, Path::new(&format!("{name}.yaml")))?;
        let weights = description.weights()?;
        description.build(tensors, Path::new(weights))
    }
}

/// Contents of a file of bounded length.
fn read(path: &Path, longest: u64) -> Result<Vec<u8>, NetworkError> {
    let contents = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(longest + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > longest {
            let message = format!("longer than the {longest} bytes that are allowed");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(bytes)
    };
    contents().map_err(|source| NetworkError::Read { file: path.to_owned(), source })
}

/// The YAML file, of which little has been checked.
struct Description {
    file: PathBuf,
    root: Node,
}

impl Description {
    fn parse(text: &str, file: &Path) -> Result<Self, NetworkError> {
        let root = tree::parse(text)
            .map_err(|source| NetworkError::Syntax { file: file.to_owned(), source })?;
        Ok(Self { file: file.to_owned(), root })
    }

    /// Name of the safetensors file.
    fn weights(&self) -> Result<&str, NetworkError> {
        let beside = |name: &str| !name.contains(['/', '\\']) && name != "." && name != "..";
        self.fields()
            .and_then(|fields| {
                fields.at("weights").text_where(beside, "the name of a file beside this one")
            })
            .map_err(|problem| self.blame(problem, Path::new("")))
    }

    /// The top level; a file of another version is refused as such, whatever its keys are.
    fn fields(&self) -> Result<Fields<'_>, Problem> {
        let root = Value::root(&self.root);
        let fields = root.fields(&format!("a mapping with the keys {}", KEYS.join(", ")))?;
        fields.at("schema").one_of(&[(VERSION, ())])?;
        fields.only(KEYS)?;
        Ok(fields)
    }

    /// The network, with the contents of the safetensors file.
    fn build(&self, tensors: &[u8], file: &Path) -> Result<Network, NetworkError> {
        let opened = Tensors::open(tensors)
            .map_err(|reason| NetworkError::NotTensors { file: file.to_owned(), reason })?;
        self.network(&opened).map_err(|problem| self.blame(problem, file))
    }

    fn network(&self, tensors: &Tensors<'_>) -> Result<Network, Problem> {
        let fields = self.fields()?;
        let source = fields.at("source").given().map(|value| value.free_text()).transpose()?;
        let network = Network {
            name: fields.at("name").text("a text of one line")?.to_owned(),
            source: source.map(str::to_owned),
            input: input(&fields.at("input"))?,
            labels: labels(&fields.at("labels"))?,
            layers: Vec::new(),
        };
        let mut builder = Builder::new(network, tensors);
        for layer in fields.at("layers").list(1..=LAYERS, "layers")? {
            builder.push(&layer)?;
        }
        let network = builder.finish(&fields.at("labels"))?;
        tensors.all_used()?;
        Ok(network)
    }

    fn blame(&self, problem: Problem, tensors: &Path) -> NetworkError {
        let file = match problem.part {
            Part::Description => self.file.clone(),
            Part::Tensors => tensors.to_owned(),
        };
        NetworkError::Invalid { file, problem: Box::new(problem) }
    }
}

fn input(value: &Value<'_>) -> Result<Input, Problem> {
    let fields = value.mapping(&["shape", "bits", "scaling"])?;
    let sizes = fields.at("shape").list(3..=3, "integers: channels, height, width")?;
    let size = |i: usize| sizes[i].integer(1..=DIMENSION);
    let shape = Shape { channels: size(0)?, height: size(1)?, width: size(2)? };
    check_elements(shape, &fields.at("shape"))?;
    let scaling = fields.at("scaling").mapping(&["multiplier", "bias", "shift"])?;
    Ok(Input {
        shape,
        bits: fields.at("bits").integer(1..=8)?,
        scaling: Scaling {
            multiplier: scaling.at("multiplier").integer(i32::MIN..=i32::MAX)?,
            bias: scaling.at("bias").integer(i32::MIN..=i32::MAX)?,
            shift: scaling.at("shift").integer(0..=31)?,
        },
    })
}

/// Refuses shapes that no memory holds.
pub fn check_elements(shape: Shape, place: &Value<'_>) -> Result<(), Problem> {
    let Shape { channels, height, width } = shape;
    let elements = [channels, height, width].into_iter().try_fold(1, usize::checked_mul);
    if elements.is_some_and(|elements| elements <= ELEMENTS) {
        return Ok(());
    }
    let what = format!("{channels} x {height} x {width} are too many elements");
    Err(place.refuse(what, format!("at most {ELEMENTS}")))
}

fn labels(value: &Value<'_>) -> Result<Vec<String>, Problem> {
    let mut labels: Vec<String> = Vec::new();
    for entry in value.list(1..=CLASSES, "texts")? {
        let label = entry.text("a text of one line (numbers in quotes)")?.to_owned();
        if labels.contains(&label) {
            let what = format!("{} is given twice", Scalar::Text(label));
            return Err(entry.refuse(what, "a name of its own for every class"));
        }
        labels.push(label);
    }
    Ok(labels)
}
