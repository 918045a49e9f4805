//! From a placement to the host's work for an image: stages, bursts, operations, index lists.

use super::cells::{Cells, User};
use super::place::Placed;
use super::program::{Burst, LayerStage, OutputTable, Program, Read, Stage, UNUSED, Vector};
use crate::config::Geometry;
use crate::network::{LayerKind, Matrix, Network, Output};
use crate::transaction::Operation;
use std::collections::BTreeMap;

/// Slots of a burst: one half, while the host fills the other one.
const HALF: usize = 8;

/// The whole program.
pub fn unroll(
    network: &Network,
    geometry: &Geometry,
    cells: &[Cells],
    placed: &[Placed],
) -> Program {
    let mut turn = Turn::default();
    let mut stages = Vec::new();
    for (number, layer) in network.layers.iter().enumerate() {
        match &layer.kind {
            LayerKind::Matrix(matrix) => {
                let layer = LayerWork::new(geometry, cells, placed, number, matrix);
                stages.extend(layer.stages(&mut turn).into_iter().map(Stage::Macro));
            }
            _ => stages.push(Stage::Host(number)),
        }
    }
    let operations = operations(&stages);
    let mut ranges = Vec::new();
    for operation in &operations {
        if !ranges.contains(&operation.range) {
            ranges.push(operation.range);
        }
    }
    let conversion_steps = operations.iter().map(|operation| operation.steps() as u64).sum();
    let sram = super::sram::write(geometry, cells, placed);
    Program { sram, stages, conversion_steps, ranges }
}

fn operations(stages: &[Stage]) -> Vec<Operation> {
    let bursts = stages.iter().flat_map(|stage| match stage {
        Stage::Macro(stage) => &stage.bursts[..],
        Stage::Host(_) => &[],
    });
    bursts.flat_map(|burst| burst.operations.iter().copied()).collect()
}

/// What alternates.
#[derive(Clone, Copy, Default)]
struct Turn {
    /// From burst to burst.
    half: usize,
    /// From output group to output group.
    bank: u8,
}

/// A layer that is computed with some cells.
struct LayerWork<'a> {
    geometry: &'a Geometry,
    cells: &'a Cells,
    user: &'a User,
    matrix: &'a Matrix,
    jobs: Vec<Job<'a>>,
}

/// An output group as a layer uses it: the cells of a group of outputs with the inputs of one group
/// of the layer, which a permutation of the outputs may make another one.
struct Job<'a> {
    placed: &'a Placed,
    group: usize,
    /// Copy and channel of every output; none if it belongs to another group.
    outputs: Vec<Option<(usize, usize)>>,
}

impl<'a> LayerWork<'a> {
    fn new(
        geometry: &'a Geometry,
        cells: &'a [Cells],
        placed: &'a [Placed],
        layer: usize,
        matrix: &'a Matrix,
    ) -> Self {
        let users = |cells: &'a Cells| cells.users.iter().map(move |user| (cells, user));
        let (number, (cells, user)) = cells
            .iter()
            .enumerate()
            .flat_map(|(i, cells)| users(cells).map(move |user| (i, user)))
            .find(|(_, (_, user))| user.layer == layer)
            .expect("every matrix layer uses cells");
        let placed = placed.iter().filter(|placed| placed.piece.cells == number);
        let jobs = placed.flat_map(|placed| jobs(cells, user, placed)).collect();
        Self { geometry, cells, user, matrix, jobs }
    }

    /// As many output groups at once as have their requantization in the macro at once.
    fn stages(&self, turn: &mut Turn) -> Vec<LayerStage> {
        let (mut stages, mut jobs) = (Vec::new(), &self.jobs[..]);
        while !jobs.is_empty() {
            let lengths = (1..=jobs.len()).rev();
            let found = lengths
                .filter_map(|length| Some((length, self.tables(&jobs[..length], *turn)?)))
                .next();
            let (length, tables) = found.unwrap_or((1, vec![]));
            stages.push(self.stage(&jobs[..length], tables, turn));
            jobs = &jobs[length..];
        }
        stages
    }

    fn stage(&self, jobs: &[Job], tables: Vec<OutputTable>, turn: &mut Turn) -> LayerStage {
        let mut bursts = Vec::new();
        for position in self.positions() {
            for job in jobs {
                self.bursts(job, position, turn, &mut bursts);
            }
        }
        let requantize = match &self.matrix.output {
            Output::Requantized(requantized) => Some(requantized.layer),
            Output::Sums { .. } => None,
        };
        LayerStage { layer: self.user.layer, requantize, tables, bursts }
    }

    fn positions(&self) -> Vec<[usize; 2]> {
        let Some(job) = self.jobs.first() else { return vec![] };
        let [down, across] = self.user.patches(job.placed.piece.patch);
        (0..down).flat_map(|i| (0..across).map(move |j| [i, j])).collect()
    }

    /// Requantization of all outputs in use; none if two groups want other numbers in one place.
    fn tables(&self, jobs: &[Job], turn: Turn) -> Option<Vec<OutputTable>> {
        let Output::Requantized(requantized) = &self.matrix.output else { return Some(vec![]) };
        let mut tables = BTreeMap::new();
        let repeated = self.positions().len().min(2);
        for (i, job) in (0..repeated).flat_map(|_| jobs).enumerate() {
            let bank = (turn.bank + (i % 2) as u8) % 2;
            for (output, place) in job.outputs.iter().enumerate() {
                let Some((_, channel)) = *place else { continue };
                let entry = (requantized.multipliers[channel], requantized.biases[channel]);
                let output = (job.placed.first + output) as u8;
                if *tables.entry((bank, output)).or_insert(entry) != entry {
                    return None;
                }
            }
        }
        let table =
            |((bank, output), (multiplier, bias))| OutputTable { bank, output, multiplier, bias };
        Some(tables.into_iter().map(table).collect())
    }

    /// One output group at one patch of positions.
    fn bursts(&self, job: &Job, position: [usize; 2], turn: &mut Turn, bursts: &mut Vec<Burst>) {
        let passes = if self.matrix.activation_bits > 4 { 2 } else { 1 };
        let parts = job.placed.parts.len();
        let all: Vec<usize> = (0..parts).collect();
        for parts_now in all.chunks(HALF / passes) {
            let slot = |i: usize| (HALF * turn.half + passes * i) as u8;
            let vectors = parts_now.iter().enumerate();
            let vectors = vectors.map(|(i, &part)| self.vector(job, part, position, slot(i)));
            let operations = parts_now.iter().enumerate();
            let operations =
                operations.map(|(i, &part)| self.operation(job, part, slot(i), turn.bank));
            let last = parts_now.contains(&(parts - 1));
            bursts.push(Burst {
                vectors: vectors.collect(),
                operations: operations.collect(),
                read: last.then(|| self.read(job, position, turn.bank)),
            });
            turn.half = 1 - turn.half;
        }
        turn.bank = 1 - turn.bank;
    }

    fn operation(&self, job: &Job, part: usize, slot: u8, bank: u8) -> Operation {
        let outputs = job.placed.first + job.placed.piece.outputs.len();
        let requantized = matches!(self.matrix.output, Output::Requantized(_));
        Operation {
            plane: job.placed.parts[part].run.plane as u8,
            format: self.cells.format,
            activation_bits: self.matrix.activation_bits,
            range: self.matrix.range,
            level: self.matrix.level,
            slot,
            units: outputs.div_ceil(self.geometry.slices()) as u8,
            clear: part == 0,
            emit: requantized && part + 1 == job.placed.parts.len(),
            bank,
        }
    }

    fn vector(&self, job: &Job, part: usize, position: [usize; 2], slot: u8) -> Vector {
        let part = &job.placed.parts[part];
        let mut sources = vec![UNUSED; self.geometry.mac_rows];
        for (i, &row) in job.placed.rows[part.rows.clone()].iter().enumerate() {
            sources[part.run.first + i] = self.source(job, row as usize, position);
        }
        Vector { slot, bits: self.matrix.activation_bits, sources }
    }

    /// Element of the input for a row of the cells' matrix.
    fn source(&self, job: &Job, row: usize, position: [usize; 2]) -> u32 {
        let patch = job.placed.piece.patch;
        // Permuted rows have no copies: their window is the kernel.
        let row = self.user.row.as_ref().map_or(row, |order| order[row]);
        let [height, width] = self.cells.window(patch);
        let (channel, place) = (row / (height * width), [row / width % height, row % width]);
        let convolution = &self.user.convolution;
        let [down, across] = [0, 1].map(|i| {
            let first = position[i] * patch[i] * convolution.stride[i] + place[i];
            first.wrapping_sub(convolution.padding[i])
        });
        let input = &self.user.input;
        if down >= input.height || across >= input.width {
            return UNUSED;
        }
        input.index(job.group * self.cells.channels + channel, down, across) as u32
    }

    fn read(&self, job: &Job, position: [usize; 2], bank: u8) -> Read {
        let patch = job.placed.piece.patch;
        let shape = &self.user.output;
        let target = |place: &Option<(usize, usize)>| {
            let Some((copy, channel)) = *place else { return UNUSED };
            let down = position[0] * patch[0] + copy / patch[1];
            let across = position[1] * patch[1] + copy % patch[1];
            if down >= shape.height || across >= shape.width {
                return UNUSED;
            }
            shape.index(channel, down, across) as u32
        };
        let targets = job.outputs.iter().map(target).collect();
        Read { bank, first: job.placed.first as u8, targets }
    }
}

/// One job for every group of the layer that an output group has outputs of.
fn jobs<'a>(cells: &Cells, user: &User, placed: &'a Placed) -> Vec<Job<'a>> {
    let place = |output: usize| {
        let stored = placed.piece.group * cells.outputs + output % cells.outputs;
        let channel = user.output_of.as_ref().map_or(stored, |order| order[stored]);
        (output / cells.outputs, channel)
    };
    let places: Vec<(usize, usize)> = placed.piece.outputs.clone().map(place).collect();
    let group = |channel: usize| channel / cells.outputs;
    let mut groups: Vec<usize> = places.iter().map(|&(_, channel)| group(channel)).collect();
    groups.sort_unstable();
    groups.dedup();
    let job = |wanted: usize| {
        let outputs = places.iter().map(|&p| (group(p.1) == wanted).then_some(p)).collect();
        Job { placed, group: wanted, outputs }
    };
    groups.into_iter().map(job).collect()
}
