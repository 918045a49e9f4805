//! Layers of weights in a description.

use super::error::Problem;
use super::layers::{Builder, Parts, windows};
use super::load::DIMENSION;
use super::tensors;
use super::value::{Fields, Value};
use super::{Convolution, LayerKind, Matrix, Output, Requantized, Shape, Weights};
use crate::config::{Range, WeightFormat};
use crate::transaction::Requantize;

const RANGES: &[(&str, Range)] =
    &[("1", Range::Full), ("1/2", Range::Half), ("1/4", Range::Quarter), ("1/8", Range::Eighth)];
/// Reference level of single-ended formats that name none.
const LEVEL: u8 = 15;

impl<'a> Builder<'a> {
    /// A convolution or a fully connected layer.
    pub(super) fn matrix(
        &self,
        fields: &Fields<'a>,
        convolutional: bool,
    ) -> Result<Parts, Problem> {
        let (source, bits) = self.activations(fields)?;
        let input = self.network.shape_of(source);
        let outputs = fields.at("outputs").integer(1..=DIMENSION)?;
        let (convolution, shape) = if convolutional {
            let (convolution, shape) = convolution(fields, input, outputs)?;
            (Some(convolution), shape)
        } else {
            (None, Shape { channels: outputs, height: 1, width: 1 })
        };
        let tensor = match convolution {
            Some(Convolution { kernel: [rows, columns], groups, .. }) => {
                vec![outputs, input.channels / groups, rows, columns]
            }
            None => vec![outputs, input.elements()],
        };
        let format = fields.at("format").one_of(&WeightFormat::ALL.map(|f| (f.name(), f)))?;
        let weights = self.weights(fields.at("weights"), input, convolution, format, &tensor)?;
        let matrix = Matrix {
            convolution,
            rows: tensor[1..].iter().product(),
            outputs,
            weights,
            format,
            activation_bits: self.activation_bits(fields, bits)?,
            range: fields.at("range").one_of(RANGES)?,
            level: level(fields, format)?,
            output: self.output(fields, outputs)?,
        };
        Ok((vec![source], shape, LayerKind::Matrix(matrix)))
    }

    /// Weights of its own, or those of another layer.
    fn weights(
        &self,
        value: Value<'a>,
        input: Shape,
        convolution: Option<Convolution>,
        format: WeightFormat,
        tensor: &[usize],
    ) -> Result<Weights, Problem> {
        if value.is_mapping() {
            return self.reused(&value, input, convolution, format, tensor);
        }
        let weights = self.tensors.int8(&value, tensor)?;
        if let Some(at) = weights.iter().position(|&weight| !format.holds(weight)) {
            let name = value.text("the name of a tensor")?;
            let (low, high) = format.weight_range();
            let zero = if format == WeightFormat::Single1 { " without 0" } else { "" };
            return Err(tensors::problem(
                format!("{name}{:?}", place(at, tensor)),
                format!("{} does not fit {}", weights[at], format.name()),
                format!("{low}..={high}{zero}"),
            ));
        }
        Ok(Weights::Own(weights))
    }

    /// Width of the activations, of which `bits` come in.
    fn activation_bits(&self, fields: &Fields<'a>, bits: u8) -> Result<u8, Problem> {
        let value = fields.at("activation_bits");
        let found = value.integer(1..=8)?;
        if found < bits {
            let what = format!("{found} is less than the {bits} bits that come in");
            return Err(value.refuse(what, format!("an integer from {bits} to 8")));
        }
        Ok(found)
    }

    /// Requantization, or sums with biases.
    fn output(&self, fields: &Fields<'a>, outputs: usize) -> Result<Output, Problem> {
        let bias = fields.at("bias").given();
        let Some(value) = fields.at("requantize").given() else {
            let biases = bias.map(|name| self.tensors.int32(&name, &[outputs])).transpose()?;
            return Ok(Output::Sums { biases });
        };
        if let Some(bias) = bias {
            let what = "given beside `requantize`";
            return Err(bias.refuse(what, "`bias` of sums, or `requantize` with a bias in it"));
        }
        let fields = value.mapping(&["bits", "shift", "multiplier", "bias"])?;
        Ok(Output::Requantized(Requantized {
            layer: Requantize {
                shift: fields.at("shift").integer(0..=31)?,
                bits: fields.at("bits").integer(1..=8)?,
            },
            multipliers: self.tensors.uint8(&fields.at("multiplier"), &[outputs])?,
            biases: self.tensors.int32(&fields.at("bias"), &[outputs])?,
        }))
    }
}

/// How the kernel moves, and the shape of what that gives.
fn convolution(
    fields: &Fields<'_>,
    input: Shape,
    outputs: usize,
) -> Result<(Convolution, Shape), Problem> {
    let pair_or = |key, default, least: usize| {
        fields.at(key).given().map_or(Ok([default; 2]), |value| value.pair(least..=DIMENSION))
    };
    let kernel = fields.at("kernel").pair(1..=DIMENSION)?;
    let stride = pair_or("stride", 1, 1)?;
    let padding = pair_or("padding", 0, 0)?;
    let padded = [input.height + 2 * padding[0], input.width + 2 * padding[1]];
    let [height, width] = windows(padded, kernel, stride, &fields.at("kernel"))?;
    let groups = match fields.at("groups").given() {
        Some(value) => {
            let groups = value.integer(1..=DIMENSION)?;
            if !input.channels.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
                let what = format!(
                    "{groups} does not divide {} channels and {outputs} outputs",
                    input.channels
                );
                return Err(value.refuse(what, "a divisor of both"));
            }
            groups
        }
        None => 1,
    };
    let shape = Shape { channels: outputs, height, width };
    Ok((Convolution { kernel, stride, padding, groups }, shape))
}

fn level(fields: &Fields<'_>, format: WeightFormat) -> Result<u8, Problem> {
    match fields.at("level").given() {
        Some(value) if format.differential() => {
            let what = format!("given for {}", format.name());
            Err(value.refuse(what, "a level for single-ended formats only"))
        }
        Some(value) => value.integer(0..=15),
        None => Ok(if format.differential() { 0 } else { LEVEL }),
    }
}

/// Indices of an element of a tensor.
fn place(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut indices = vec![0; shape.len()];
    for (index, size) in indices.iter_mut().zip(shape).rev() {
        (*index, at) = (at % size, at / size);
    }
    indices
}
