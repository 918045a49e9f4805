//! Layers of a description, one after the other, each checked against those before it.

use super::error::Problem;
use super::load::{DIMENSION, check_elements};
use super::tensors::Tensors;
use super::value::{Fields, Value};
use super::{Add, Layer, LayerKind, Network, Pool, PoolKind, Shape, Source};
use crate::config::Scalar;
use crate::transaction::Requantize;

/// What the file calls kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Conv,
    FullyConnected,
    Pool(PoolKind),
    Add,
    Flatten,
}

const KINDS: &[(&str, Kind)] = &[
    ("conv", Kind::Conv),
    ("fully_connected", Kind::FullyConnected),
    ("max_pool", Kind::Pool(PoolKind::Max)),
    ("average_pool", Kind::Pool(PoolKind::Average)),
    ("add", Kind::Add),
    ("flatten", Kind::Flatten),
];

impl Kind {
    /// Keys of a layer of this kind.
    fn keys(self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            Self::Conv => &["outputs", "kernel", "stride", "padding", "groups"],
            Self::FullyConnected => &["outputs"],
            Self::Pool(_) => &["kernel", "stride"],
            Self::Add => &["bits", "shift", "multipliers", "bias"],
            Self::Flatten => &[],
        };
        let weights: &[&str] = match self {
            Self::Conv | Self::FullyConnected => {
                &["weights", "format", "activation_bits", "range", "level", "requantize", "bias"]
            }
            _ => &[],
        };
        [&["name", "kind", "from"], own, weights].concat()
    }
}

/// A network with the layers read so far.
pub struct Builder<'a> {
    pub(super) network: Network,
    pub(super) tensors: &'a Tensors<'a>,
}

impl<'a> Builder<'a> {
    /// Of a network without layers.
    pub fn new(network: Network, tensors: &'a Tensors<'a>) -> Self {
        Self { network, tensors }
    }

    /// Adds a layer.
    pub fn push(&mut self, value: &Value<'a>) -> Result<(), Problem> {
        let fields =
            value.fields("a mapping with the keys name, kind, from and those of its kind")?;
        let name = fields.at("name").identifier()?;
        if name == "image" || self.find(name).is_some() {
            let what = format!("{:?} is taken", name);
            return Err(fields.at("name").refuse(what, "a name of its own, other than `image`"));
        }
        let fields = fields.named(format!("layers.{name}"));
        let kind = fields.at("kind").one_of(KINDS)?;
        fields.only(&kind.keys())?;
        let (from, shape, kind) = match kind {
            Kind::Conv => self.matrix(&fields, true)?,
            Kind::FullyConnected => self.matrix(&fields, false)?,
            Kind::Pool(kind) => self.pool(&fields, kind)?,
            Kind::Add => self.add(&fields)?,
            Kind::Flatten => self.flatten(&fields)?,
        };
        check_elements(shape, &fields.whole())?;
        self.network.layers.push(Layer { name: name.to_owned(), from, shape, kind });
        Ok(())
    }

    /// The network, if its end fits the labels and nothing is left over.
    pub fn finish(self, labels: &Value<'_>) -> Result<Network, Problem> {
        let network = self.network;
        let (Some(last), count) = (network.layers.last(), network.labels.len()) else {
            return Err(labels.refuse("no layers", "at least one"));
        };
        let elements = last.shape.elements();
        if elements != count {
            let what = format!(
                "{count} labels for the {elements} elements of `{}`, the last layer",
                last.name
            );
            return Err(labels.refuse(what, "one label per element of the last layer"));
        }
        let read = |i| network.layers.iter().any(|layer| layer.from.contains(&Source::Layer(i)));
        match (0..network.layers.len() - 1).find(|&i| !read(i)) {
            Some(i) => Err(Problem {
                place: format!("layers.{}", network.layers[i].name),
                ..labels.refuse(
                    "no layer reads what it gives",
                    "a layer that a later one reads, or the last one",
                )
            }),
            None => Ok(network),
        }
    }

    /// Number of a layer.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.network.layers.iter().position(|layer| layer.name == name)
    }

    /// The layer that a value names; without a value the one before.
    fn source(&self, value: Value<'a>) -> Result<Source, Problem> {
        const ALLOWED: &str = "the name of an earlier layer, or `image`";
        let Some(value) = value.given() else {
            let before = self.network.layers.len().checked_sub(1);
            return Ok(before.map_or(Source::Image, Source::Layer));
        };
        match value.text(ALLOWED)? {
            "image" => Ok(Source::Image),
            name => self.find(name).map(Source::Layer).ok_or_else(|| {
                let what = format!("{} is not an earlier layer", Scalar::Text(name.to_owned()));
                let names = self.network.layers.iter().map(|layer| layer.name.as_str());
                let known: Vec<&str> = std::iter::once("image").chain(names).collect();
                value.refuse(what, known.join(", "))
            }),
        }
    }

    /// What a layer reads if it reads activations, and their width.
    pub(super) fn activations(&self, fields: &Fields<'a>) -> Result<(Source, u8), Problem> {
        let source = self.source(fields.at("from"))?;
        let bits = self.network.activation_bits_of(source).ok_or_else(|| {
            let what = format!("`{}` gives sums", self.name_of(source));
            fields.at("from").refuse(what, "activations; sums only for `add`, or at the end")
        })?;
        Ok((source, bits))
    }

    pub(super) fn name_of(&self, source: Source) -> &str {
        match source {
            Source::Image => "image",
            Source::Layer(layer) => &self.network.layers[layer].name,
        }
    }

    fn pool(&self, fields: &Fields<'a>, kind: PoolKind) -> Result<Parts, Problem> {
        let (source, _) = self.activations(fields)?;
        let shape = self.network.shape_of(source);
        let kernel = fields.at("kernel").pair(1..=DIMENSION)?;
        let stride = fields.at("stride").given();
        let stride = stride.map_or(Ok(kernel), |stride| stride.pair(1..=DIMENSION))?;
        let [height, width] =
            windows([shape.height, shape.width], kernel, stride, &fields.at("kernel"))?;
        let kind = LayerKind::Pool(Pool { kind, kernel, stride });
        Ok((vec![source], Shape { height, width, ..shape }, kind))
    }

    fn add(&self, fields: &Fields<'a>) -> Result<Parts, Problem> {
        let from = fields.at("from").list(2..=2, "names: layers or `image`")?;
        let [a, b] = [self.source(from[0].clone())?, self.source(from[1].clone())?];
        let [shape, other] = [self.network.shape_of(a), self.network.shape_of(b)];
        if shape != other {
            let what = format!(
                "`{}` is {shape} and `{}` is {other} (channels x height x width)",
                self.name_of(a),
                self.name_of(b)
            );
            return Err(fields.at("from").refuse(what, "two of equal shape"));
        }
        let layer = Requantize {
            shift: fields.at("shift").integer(0..=31)?,
            bits: fields.at("bits").integer(1..=8)?,
        };
        let names = fields.at("multipliers").list(2..=2, "names of tensors")?;
        let tensor = |name: &Value<'a>| self.tensors.int32(name, &[shape.channels]);
        let multipliers = [tensor(&names[0])?, tensor(&names[1])?];
        let biases = tensor(&fields.at("bias"))?;
        Ok((vec![a, b], shape, LayerKind::Add(Add { layer, multipliers, biases })))
    }

    fn flatten(&self, fields: &Fields<'a>) -> Result<Parts, Problem> {
        let (source, _) = self.activations(fields)?;
        let channels = self.network.shape_of(source).elements();
        Ok((vec![source], Shape { channels, height: 1, width: 1 }, LayerKind::Flatten))
    }
}

/// Sources, shape and the rest of a layer.
pub type Parts = (Vec<Source>, Shape, LayerKind);

/// Windows of a size that fit whole, in rows and columns.
pub fn windows(
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    place: &Value<'_>,
) -> Result<[usize; 2], Problem> {
    if kernel[0] > size[0] || kernel[1] > size[1] {
        let what = format!("{kernel:?} is larger than what it moves over");
        return Err(place.refuse(what, format!("at most {size:?}, rows and columns")));
    }
    Ok([0, 1].map(|i| (size[i] - kernel[i]) / stride[i] + 1))
}
