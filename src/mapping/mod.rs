//! A network's place in one macro and the host's work for an image. `docs/networks.md`, sections 3
//! and 4.

mod array;
mod block;
mod cells;
mod error;
mod figures;
pub mod hex;
mod place;
pub mod program;
mod search;
mod sram;
mod unpack;
mod unroll;

use crate::config::Geometry;
use crate::network::Network;

pub use block::Block;
pub use error::MappingError;
pub use figures::{LayerFigures, PlaneFigures};
pub use program::{Burst, LayerStage, OutputTable, Program, Read, Stage, UNUSED, Vector};
pub use unpack::{Difference, Unpacked};

/// A network in the macro.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    pub geometry: Geometry,
    pub program: Program,
    /// Layer by layer; of a layer output group by output group.
    pub blocks: Vec<Block>,
    /// Layers that the macro computes.
    pub layers: Vec<LayerFigures>,
    pub planes: Vec<PlaneFigures>,
}

impl Mapping {
    /// Looks for the placement with the fewest conversion steps.
    pub fn new(network: &Network, geometry: &Geometry) -> Result<Self, MappingError> {
        let cells = cells::collect(network, geometry)?;
        let packing = search::search(network, geometry, &cells)?;
        let steps = packing.steps.iter().sum();
        if steps > error::MOST_STEPS {
            return Err(MappingError::Steps { steps });
        }
        let program = unroll::unroll(network, geometry, &cells, &packing.placed);
        let blocks = block::table(geometry, &cells, &packing.placed);
        let layers = figures::layers(network, &program, &blocks);
        let planes = figures::planes(geometry, &blocks);
        Ok(Self { geometry: *geometry, program, blocks, layers, planes })
    }
}

#[cfg(test)]
pub(crate) mod tests;
