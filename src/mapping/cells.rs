//! Layers with cells of their own, the layers that use those cells, and the matrix that is stored
//! for a patch of positions. `docs/networks.md`, sections 2 and 3.

use super::MappingError;
use crate::config::{Geometry, WeightFormat};
use crate::network::{Convolution, LayerKind, Matrix, Network, Shape, Weights};
use std::collections::BTreeSet;
use std::ops::Range;

/// Positions that one operation serves: rows and columns.
pub type Patch = [usize; 2];

/// One position at a time.
pub const SINGLE: Patch = [1, 1];

/// A layer with weights of its own. What is fully connected is a convolution at one position whose
/// inputs are channels.
#[derive(Clone, Debug)]
pub struct Cells {
    pub layer: usize,
    pub format: WeightFormat,
    pub convolution: Convolution,
    /// Input channels of a group.
    pub channels: usize,
    /// Outputs of a group.
    pub outputs: usize,
    /// Whether a patch of more than one position may be stored.
    pub copies: bool,
    /// The layer itself first.
    pub users: Vec<User>,
    /// `[output][row]`, all groups.
    weights: Vec<i8>,
}

/// A layer that is computed with these cells.
#[derive(Clone, Debug)]
pub struct User {
    pub layer: usize,
    pub convolution: Convolution,
    pub input: Shape,
    pub output: Shape,
    pub activation_bits: u8,
    /// Row of this layer's matrix that the cells' row stands for; `None`: the same.
    pub row: Option<Vec<usize>>,
    /// Output of this layer that the cells' output stands for, likewise.
    pub output_of: Option<Vec<usize>>,
}

impl User {
    fn new(network: &Network, layer: usize, matrix: &Matrix) -> Self {
        let node = &network.layers[layer];
        let flat = |channels| Shape { channels, height: 1, width: 1 };
        let (convolution, input, output) = match matrix.convolution {
            Some(convolution) => (convolution, network.shape_of(node.from[0]), node.shape),
            None => (point(), flat(matrix.rows), flat(matrix.outputs)),
        };
        let (row, output_of) = match &matrix.weights {
            Weights::Own(_) => (None, None),
            Weights::Of { rows, outputs, .. } => {
                (rows.as_deref().map(inverse), outputs.as_deref().map(inverse))
            }
        };
        let activation_bits = matrix.activation_bits;
        Self { layer, convolution, input, output, activation_bits, row, output_of }
    }

    /// Patches that cover the output, in rows and columns.
    pub fn patches(&self, patch: Patch) -> [usize; 2] {
        [self.output.height.div_ceil(patch[0]), self.output.width.div_ceil(patch[1])]
    }

    /// Times that a block is converted for an image.
    pub fn visits(&self, patch: Patch) -> usize {
        let passes = if self.activation_bits > 4 { 2 } else { 1 };
        self.patches(patch).iter().product::<usize>() * passes
    }
}

/// One position, one tap.
fn point() -> Convolution {
    Convolution { kernel: [1, 1], stride: [1, 1], padding: [0, 0], groups: 1 }
}

fn inverse(order: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; order.len()];
    order.iter().enumerate().for_each(|(i, &place)| inverse[place] = i);
    inverse
}

/// All layers that have cells, in order.
pub fn collect(network: &Network, geometry: &Geometry) -> Result<Vec<Cells>, MappingError> {
    let mut all: Vec<Cells> = Vec::new();
    for (number, layer) in network.layers.iter().enumerate() {
        let LayerKind::Matrix(matrix) = &layer.kind else { continue };
        let user = User::new(network, number, matrix);
        match &matrix.weights {
            Weights::Own(weights) => {
                if geometry.units(matrix.format) == 0 {
                    return Err(MappingError::Format {
                        layer: layer.name.clone(),
                        format: matrix.format,
                        per_slice: geometry.columns_per_slice,
                    });
                }
                all.push(Cells::new(number, matrix, weights, user));
            }
            Weights::Of { layer: of, .. } => {
                let cells = all.iter_mut().find(|cells| cells.layer == *of);
                let cells = cells.ok_or_else(|| MappingError::Borrowed {
                    layer: layer.name.clone(),
                    of: network.layers[*of].name.clone(),
                })?;
                cells.lend(user);
            }
        }
    }
    Ok(all)
}

impl Cells {
    fn new(layer: usize, matrix: &Matrix, weights: &[i8], user: User) -> Self {
        let convolution = user.convolution;
        let taps: usize = convolution.kernel.iter().product();
        Self {
            layer,
            format: matrix.format,
            convolution,
            channels: matrix.rows / taps,
            outputs: matrix.outputs / convolution.groups,
            // A shifted copy has zeros beside its kernel, which bipolar weights do not know.
            copies: matrix.format != WeightFormat::Single1,
            users: vec![user],
            weights: weights.to_vec(),
        }
    }

    /// A patch is laid out for one stride and the rows in their own order.
    fn lend(&mut self, user: User) {
        self.copies &= user.row.is_none() && user.convolution.stride == self.convolution.stride;
        self.users.push(user);
    }

    /// Rows and columns of the inputs of a patch.
    pub fn window(&self, patch: Patch) -> [usize; 2] {
        let Convolution { kernel, stride, .. } = self.convolution;
        [0, 1].map(|i| kernel[i] + (patch[i] - 1) * stride[i])
    }

    /// Rows of a group's matrix for a patch, numbered (channel, row, column of the window).
    pub fn rows(&self, patch: Patch) -> usize {
        self.channels * self.window(patch).iter().product::<usize>()
    }

    /// Outputs of a group's matrix for a patch.
    pub fn columns(&self, patch: Patch) -> usize {
        self.outputs * patch[0] * patch[1]
    }

    /// A weight of a group's matrix for a patch; what lies beside the copy's kernel is 0.
    pub fn weight(&self, group: usize, patch: Patch, row: usize, output: usize) -> i8 {
        let [height, width] = self.window(patch);
        let Convolution { kernel, stride, .. } = self.convolution;
        let (channel, down, across) = (row / (height * width), row / width % height, row % width);
        let (copy, output) = (output / self.outputs, output % self.outputs);
        let down = down.wrapping_sub(copy / patch[1] * stride[0]);
        let across = across.wrapping_sub(copy % patch[1] * stride[1]);
        if down >= kernel[0] || across >= kernel[1] {
            return 0;
        }
        let tap = (channel * kernel[0] + down) * kernel[1] + across;
        let rows = self.channels * kernel[0] * kernel[1];
        self.weights[(group * self.outputs + output) * rows + tap]
    }

    /// Rows that are not zero for all of these outputs; at least one, since outputs without weights
    /// have results too.
    pub fn rows_in_use(&self, group: usize, patch: Patch, outputs: Range<usize>) -> Vec<u32> {
        // Tap by tap of each copy: windows of wide strides are mostly gaps.
        let rows = outputs.flat_map(|output| {
            let taps = self.tap_rows(patch, output / self.outputs);
            taps.filter(move |&row| self.weight(group, patch, row, output) != 0)
        });
        let rows: BTreeSet<u32> = rows.map(|row| row as u32).collect();
        if rows.is_empty() { vec![0] } else { rows.into_iter().collect() }
    }

    /// Rows of the taps of a copy.
    fn tap_rows(&self, patch: Patch, copy: usize) -> impl Iterator<Item = usize> {
        let [height, width] = self.window(patch);
        let Convolution { kernel: [down, across], stride, .. } = self.convolution;
        let first = [copy / patch[1] * stride[0], copy % patch[1] * stride[1]];
        let row = move |channel, y, x| (channel * height + first[0] + y) * width + first[1] + x;
        (0..self.channels * down * across)
            .map(move |tap| row(tap / (down * across), tap / across % down, tap % across))
    }

    /// Conversion steps of a row block in unit 0, for an image.
    pub fn block_steps(&self, patch: Patch) -> usize {
        let visits: usize = self.users.iter().map(|user| user.visits(patch)).sum();
        visits * self.format.digits()
    }
}
