//! A program as JSON, `"schema": "capram.program/1"`.

use crate::config::{Geometry, Range, WeightFormat};
use crate::mapping::{Burst, LayerStage, Mapping, Stage, UNUSED};
use crate::network::Network;
use crate::transaction::Operation;
use serde::Serialize;

#[derive(Serialize)]
#[serde(tag = "schema", rename = "capram.program/1")]
struct ProgramFile<'a> {
    network: &'a str,
    geometry: Geometry,
    conversion_steps: u64,
    /// `[physical row * words per row + word]`.
    sram: &'a [u32],
    stages: Vec<StageFile<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StageFile<'a> {
    Host {
        layer: &'a str,
    },
    Macro {
        layer: &'a str,
        requantize: Option<RequantizeFile>,
        tables: Vec<TableFile>,
        bursts: Vec<BurstFile>,
    },
}

#[derive(Serialize)]
struct RequantizeFile {
    shift: u8,
    bits: u8,
}

#[derive(Serialize)]
struct TableFile {
    bank: u8,
    output: u8,
    multiplier: u8,
    bias: i32,
}

#[derive(Serialize)]
struct BurstFile {
    vectors: Vec<VectorFile>,
    operations: Vec<OperationFile>,
    read: Option<ReadFile>,
}

#[derive(Serialize)]
struct VectorFile {
    slot: u8,
    bits: u8,
    /// Elements of the layer's input, one per MAC row; null: 0.
    sources: Vec<Option<u32>>,
}

#[derive(Serialize)]
struct OperationFile {
    plane: u8,
    format: WeightFormat,
    activation_bits: u8,
    range: Range,
    level: u8,
    slot: u8,
    units: u8,
    clear: bool,
    emit: bool,
    bank: u8,
    /// The OPERATION register's.
    word: u32,
}

#[derive(Serialize)]
struct ReadFile {
    bank: u8,
    first: u8,
    /// Elements of what the layer gives; null: nobody keeps it.
    targets: Vec<Option<u32>>,
}

/// The file's text, on one line: index lists would fill a screen each.
pub fn json(network: &Network, mapping: &Mapping) -> Result<String, serde_json::Error> {
    let program = &mapping.program;
    let file = ProgramFile {
        network: &network.name,
        geometry: mapping.geometry,
        conversion_steps: program.conversion_steps,
        sram: &program.sram,
        stages: program.stages.iter().map(|of| stage(network, of)).collect(),
    };
    Ok(serde_json::to_string(&file)? + "\n")
}

fn stage<'a>(network: &'a Network, stage: &Stage) -> StageFile<'a> {
    let name = |layer: usize| &*network.layers[layer].name;
    match stage {
        Stage::Host(layer) => StageFile::Host { layer: name(*layer) },
        Stage::Macro(LayerStage { layer, requantize, tables, bursts }) => StageFile::Macro {
            layer: name(*layer),
            requantize: requantize.map(|r| RequantizeFile { shift: r.shift, bits: r.bits }),
            tables: tables
                .iter()
                .map(|t| TableFile {
                    bank: t.bank,
                    output: t.output,
                    multiplier: t.multiplier,
                    bias: t.bias,
                })
                .collect(),
            bursts: bursts.iter().map(burst).collect(),
        },
    }
}

fn burst(burst: &Burst) -> BurstFile {
    let vectors = burst.vectors.iter();
    let vectors =
        vectors.map(|v| VectorFile { slot: v.slot, bits: v.bits, sources: list(&v.sources) });
    let read = burst.read.as_ref();
    BurstFile {
        vectors: vectors.collect(),
        operations: burst.operations.iter().map(operation).collect(),
        read: read.map(|r| ReadFile { bank: r.bank, first: r.first, targets: list(&r.targets) }),
    }
}

fn list(elements: &[u32]) -> Vec<Option<u32>> {
    elements.iter().map(|&element| (element != UNUSED).then_some(element)).collect()
}

fn operation(operation: &Operation) -> OperationFile {
    let Operation { plane, format, activation_bits, range, level, slot, units, clear, emit, bank } =
        *operation;
    let word = operation.encode();
    OperationFile {
        plane,
        format,
        activation_bits,
        range,
        level,
        slot,
        units,
        clear,
        emit,
        bank,
        word,
    }
}
