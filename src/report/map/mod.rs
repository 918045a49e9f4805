//! Report of `capram map`.

pub mod floor_plan;
pub mod program;
mod text;

use super::ConfigRow;
use super::atomic::{WriteError, write_json};
use crate::config::Config;
use crate::mapping::{Block, Difference, LayerFigures, Mapping, PlaneFigures};
use crate::network::Network;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Differences that are reported one by one.
const DETAILS: usize = 20;

/// A network's place in the macro. As JSON it begins with `"schema": "capram.map/1"`; a field that
/// is renamed or changes its meaning needs a new number.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "schema", rename = "capram.map/1")]
pub struct MapReport {
    pub network: String,
    pub config: ConfigRow,
    /// Cells of the array, those that hold weights, and those that would without copies.
    pub cells_there: usize,
    pub cells: usize,
    pub cells_once: usize,
    /// Occupied cells of all.
    pub share: f64,
    /// Bits of multipliers and biases, which lie beside the array.
    pub requantization_bits: usize,
    /// For an image.
    pub conversion_steps: u64,
    pub step_cycles: u32,
    /// Cycles of the conversion steps alone, for an image: loading and reading come on top.
    pub least_cycles: u64,
    pub layers: Vec<LayerFigures>,
    pub planes: Vec<PlaneFigures>,
    pub blocks: Vec<Block>,
    pub check: Option<MapCheck>,
    pub capram: String,
}

/// An SRAM image compared with the network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapCheck {
    pub file: Option<PathBuf>,
    /// Stored weights, copies included, and pruned ones.
    pub weights: usize,
    pub differences: usize,
    /// The first few.
    pub difference_details: Vec<Difference>,
}

impl MapReport {
    pub fn new(network: &Network, config: &Config, mapping: &Mapping) -> Self {
        let cells_there = config.geometry.rows() * config.geometry.columns;
        let sum = |of: fn(&LayerFigures) -> usize| mapping.layers.iter().map(of).sum::<usize>();
        let cells = sum(|layer| layer.cells);
        let step_cycles = config.timing.pulses.step_cycles();
        Self {
            network: network.name.clone(),
            config: config.into(),
            cells_there,
            cells,
            cells_once: sum(|layer| layer.cells_once),
            share: cells as f64 / cells_there as f64,
            requantization_bits: sum(|layer| layer.requantization_bits),
            conversion_steps: mapping.program.conversion_steps,
            step_cycles,
            least_cycles: mapping.program.conversion_steps * u64::from(step_cycles),
            layers: mapping.layers.clone(),
            planes: mapping.planes.clone(),
            blocks: mapping.blocks.clone(),
            check: None,
            capram: env!("CARGO_PKG_VERSION").into(),
        }
    }

    /// Notes how an image, from a file or as it would be written, compares with the network.
    pub fn check(
        &mut self,
        network: &Network,
        mapping: &Mapping,
        sram: &[u32],
        file: Option<&Path>,
    ) {
        let differences = mapping.differences(network, sram);
        let stored = |layer: &&LayerFigures| layer.cells_of.is_none();
        let weights = |layer: &LayerFigures| layer.weights * layer.copies[0] * layer.copies[1];
        self.check = Some(MapCheck {
            file: file.map(Path::to_owned),
            weights: self.layers.iter().filter(stored).map(weights).sum(),
            differences: differences.len(),
            difference_details: differences.into_iter().take(DETAILS).collect(),
        });
    }

    /// Whether nothing that was checked differs.
    pub fn matches(&self) -> bool {
        self.check.as_ref().is_none_or(|check| check.differences == 0)
    }

    /// Writes the JSON, complete or not at all.
    pub fn write_json(&self, path: &Path) -> Result<(), WriteError> {
        write_json(path, self)
    }
}

#[cfg(test)]
mod tests;
