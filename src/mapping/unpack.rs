//! Reads weights back from an SRAM image through the block table, and compares them with the
//! network's. Written apart from the packer, which goes the other way.

use super::{Block, Mapping};
use crate::config::{Geometry, PLANES, WORD_BITS, WeightFormat};
use crate::network::{Convolution, LayerKind, Matrix, Network, Weights};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// A layer's weights as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    pub layer: usize,
    /// One matrix for every copy, positions of the patch row by row; `[output][row]`, pruned
    /// rows 0. None: bits that stand for no weight.
    pub copies: Vec<Vec<Option<i8>>>,
}

/// Where the image and the network disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Difference {
    /// A weight.
    Weight {
        layer: String,
        copy: usize,
        row: usize,
        output: usize,
        expected: i8,
        found: Option<i8>,
    },
    /// A cell that belongs to no weight and is not 0.
    Stray { physical_row: usize, column: usize },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weight { layer, copy, row, output, expected, found } => {
                let found = found.map_or("bits of no weight".into(), |weight| weight.to_string());
                let place = format!("layer {layer}, copy {copy}, row {row}, output {output}");
                write!(f, "{place}: expected {expected}, found {found}")
            }
            Self::Stray { physical_row, column } => {
                write!(f, "physical row {physical_row}, column {column}: expected 0, found 1")?;
                write!(f, " in a cell that no weight uses")
            }
        }
    }
}

/// A weight's first cell.
type Place = (usize, usize);

impl Mapping {
    /// Weights of all layers that have cells, and the cells beside them that are not 0.
    ///
    /// # Panics
    /// If the image is not of this geometry, or the network another one.
    pub fn unpack(&self, network: &Network, sram: &[u32]) -> (Vec<Unpacked>, Vec<Place>) {
        let image = Image { geometry: &self.geometry, sram };
        assert_eq!(sram.len(), self.geometry.rows() * self.geometry.words_per_row());
        let mut read = HashSet::new();
        let mut layers = Vec::new();
        for (number, layer) in network.layers.iter().enumerate() {
            let LayerKind::Matrix(matrix) = &layer.kind else { continue };
            if let Weights::Own(_) = matrix.weights {
                let blocks: Vec<&Block> =
                    self.blocks.iter().filter(|b| b.layer == number).collect();
                let places = places(&self.geometry, &blocks);
                let [p, q] = blocks[0].copies;
                let copies = (0..p * q).map(|copy| {
                    let weights = locate(matrix, [copy / q, copy % q], [p, q]);
                    let weight = |key| {
                        places.get(&key).map_or(Some(0), |&place| {
                            let columns = matrix.format.columns();
                            read.extend((0..columns).map(|i| (place.0, place.1 + i)));
                            image.weight(place, matrix.format)
                        })
                    };
                    weights.into_iter().map(weight).collect()
                });
                let copies = copies.collect();
                layers.push(Unpacked { layer: number, copies });
            }
        }
        let cells = (0..self.geometry.rows())
            .flat_map(|row| (0..self.geometry.columns).map(move |column| (row, column)));
        let strays = cells.filter(|&place| image.cell(place) && !read.contains(&place)).collect();
        (layers, strays)
    }

    /// Every difference between an image and the network.
    pub fn differences(&self, network: &Network, sram: &[u32]) -> Vec<Difference> {
        let (layers, strays) = self.unpack(network, sram);
        let mut differences = Vec::new();
        for Unpacked { layer, copies } in layers {
            let expected = network.weights(layer);
            let name = &network.layers[layer].name;
            for (copy, weights) in copies.iter().enumerate() {
                let rows = rows(network, layer);
                let wrong = weights.iter().zip(&expected).enumerate();
                let wrong = wrong.filter(|&(_, (&found, &expected))| found != Some(expected));
                differences.extend(wrong.map(|(i, (&found, &expected))| Difference::Weight {
                    layer: name.clone(),
                    copy,
                    row: i % rows,
                    output: i / rows,
                    expected,
                    found,
                }));
            }
        }
        let stray = |(physical_row, column)| Difference::Stray { physical_row, column };
        differences.extend(strays.into_iter().map(stray));
        differences
    }
}

fn rows(network: &Network, layer: usize) -> usize {
    match &network.layers[layer].kind {
        LayerKind::Matrix(matrix) => matrix.rows,
        _ => 1,
    }
}

/// Group, row and output of a block's matrix.
type Key = (usize, usize, usize);

/// Where everything is that the blocks hold.
fn places(geometry: &Geometry, blocks: &[&Block]) -> HashMap<Key, Place> {
    let mut places = HashMap::new();
    for block in blocks {
        for (i, &row) in block.rows.iter().enumerate() {
            for j in 0..block.outputs {
                let physical_row = PLANES * (block.first_row + i) + block.plane;
                let unit = block.unit + (block.first_slice + j) / geometry.slices();
                let slice = (block.first_slice + j) % geometry.slices();
                let column = slice * geometry.columns_per_slice + unit * block.format.columns();
                let key = (block.group, row as usize, block.first_output + j);
                places.insert(key, (physical_row, column));
            }
        }
    }
    places
}

/// Where a copy's weights are in the matrix of its group, as `[output][row]`.
fn locate(matrix: &Matrix, copy: [usize; 2], patch: [usize; 2]) -> Vec<Key> {
    let Convolution { kernel: [kh, kw], stride, groups, .. } = matrix
        .convolution
        .unwrap_or(Convolution { kernel: [1, 1], stride: [1, 1], padding: [0, 0], groups: 1 });
    let height = kh + (patch[0] - 1) * stride[0];
    let width = kw + (patch[1] - 1) * stride[1];
    let per_group = matrix.outputs / groups;
    let mut keys = Vec::with_capacity(matrix.outputs * matrix.rows);
    for output in 0..matrix.outputs {
        let place = (copy[0] * patch[1] + copy[1]) * per_group + output % per_group;
        for channel in 0..matrix.rows / (kh * kw) {
            for (k, l) in (0..kh).flat_map(|k| (0..kw).map(move |l| (k, l))) {
                let down = k + copy[0] * stride[0];
                let across = l + copy[1] * stride[1];
                keys.push((output / per_group, (channel * height + down) * width + across, place));
            }
        }
    }
    keys
}

/// Bits of the array.
struct Image<'a> {
    geometry: &'a Geometry,
    sram: &'a [u32],
}

impl Image<'_> {
    fn cell(&self, (row, column): Place) -> bool {
        let word = self.sram[row * self.geometry.words_per_row() + column / WORD_BITS];
        word >> (column % WORD_BITS) & 1 == 1
    }

    /// The weight whose digits these are, most significant first.
    fn weight(&self, (row, column): Place, format: WeightFormat) -> Option<i8> {
        let bits: Vec<bool> = (0..format.columns()).map(|i| self.cell((row, column + i))).collect();
        let (low, high) = format.weight_range();
        (low..=high).filter(|&weight| format.holds(weight)).find(|&w| format.bits(w) == bits)
    }
}
