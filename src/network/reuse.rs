//! Layers that use the cells of another one: `docs/networks.md`, section 2.

use super::error::Problem;
use super::layers::Builder;
use super::value::Value;
use super::{Convolution, LayerKind, Matrix, Shape, Weights};
use crate::config::{Scalar, WeightFormat};

impl<'a> Builder<'a> {
    /// Weights of an earlier layer; `tensor` is the shape that weights of its own would have.
    pub(super) fn reused(
        &self,
        value: &Value<'a>,
        input: Shape,
        convolution: Option<Convolution>,
        format: WeightFormat,
        tensor: &[usize],
    ) -> Result<Weights, Problem> {
        let fields = value.mapping(&["of", "rows", "outputs"])?;
        let of = fields.at("of");
        let name = of.text("the name of an earlier layer")?;
        let owner = self.find(name).and_then(|layer| match &self.network.layers[layer].kind {
            LayerKind::Matrix(matrix) if matches!(matrix.weights, Weights::Own(_)) => {
                Some((layer, matrix))
            }
            _ => None,
        });
        let Some((layer, matrix)) = owner else {
            let name = Scalar::Text(name.to_owned());
            let what = format!("{name} is not an earlier layer with weights of its own");
            return Err(of.refuse(what, "the name of such a layer"));
        };
        let stored = self.network.shape_of(self.network.layers[layer].from[0]);
        let theirs = traits(stored, matrix.convolution, matrix.format, matrix.outputs);
        let ours = traits(input, convolution, format, tensor[0]);
        for ((what, theirs), (_, ours)) in theirs.iter().zip(&ours) {
            if theirs != ours {
                let what = format!("`{name}` has {what} {theirs}, this layer {ours}");
                return Err(of.refuse(
                    what,
                    "a layer of the same kind, kernel, groups, inputs, outputs and format",
                ));
            }
        }
        let Matrix { rows, outputs, .. } = *matrix;
        let order = |key, length| {
            fields.at(key).given().map(|value| permutation(&value, length)).transpose()
        };
        Ok(Weights::Of { layer, rows: order("rows", rows)?, outputs: order("outputs", outputs)? })
    }
}

/// What two layers with the same cells have in common, by name.
fn traits(
    input: Shape,
    convolution: Option<Convolution>,
    format: WeightFormat,
    outputs: usize,
) -> [(&'static str, String); 6] {
    let of = |f: fn(Convolution) -> String| convolution.map_or(String::new(), f);
    // Inputs of a convolution are its channels, whatever their size.
    let inputs = convolution.map_or(input.elements(), |_| input.channels);
    [
        ("kind", if convolution.is_some() { "conv" } else { "fully_connected" }.into()),
        ("kernel", of(|c| format!("{:?}", c.kernel))),
        ("groups", of(|c| c.groups.to_string())),
        ("inputs", inputs.to_string()),
        ("outputs", outputs.to_string()),
        ("format", format.name().into()),
    ]
}

/// Every number below `length`, once.
fn permutation(value: &Value<'_>, length: usize) -> Result<Vec<usize>, Problem> {
    let mut seen = vec![false; length];
    let mut order = Vec::with_capacity(length);
    for entry in value.list(length..=length, "integers")? {
        let index = entry.integer(0..=length - 1)?;
        if std::mem::replace(&mut seen[index], true) {
            let what = format!("{index} is given twice");
            return Err(entry.refuse(what, format!("every number from 0 to {} once", length - 1)));
        }
        order.push(index);
    }
    Ok(order)
}
