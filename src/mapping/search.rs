//! Looks for the placement with the fewest conversion steps: every layer once, then shifted copies.

use super::MappingError;
use super::cells::{Cells, Patch, SINGLE};
use super::place::{Packer, Packing, Unplaced};
use crate::config::Geometry;
use crate::network::Network;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// [C] A patch of more outputs than this many operations have saves too little for its cells.
const MOST_OPERATIONS: usize = 3;
/// [C] Output groups that the last refinement may place: it ends within about a second.
const MOST_PLACED: usize = 20_000;

/// The best placement found.
pub fn search(
    network: &Network,
    geometry: &Geometry,
    cells: &[Cells],
) -> Result<Packing, MappingError> {
    let mut search = Search::start(network, geometry, cells)?;
    while search.improve() {}
    search.improve_pairs();
    Ok(search.best)
}

struct Search<'a> {
    packer: Packer<'a>,
    cells: &'a [Cells],
    patches: Vec<Patch>,
    best: Packing,
    /// For every layer with cells.
    candidates: Vec<Vec<Candidate>>,
    /// Changes that were of no use: with more copies elsewhere they rarely become so.
    useless: BTreeSet<(usize, Patch)>,
}

/// A patch worth trying.
#[derive(Clone, Copy)]
struct Candidate {
    patch: Patch,
    /// The layer's conversion steps if all its blocks are in unit 0: there are no fewer.
    least: usize,
}

/// Patches of some layers to try, and the steps that they save at most.
struct Change {
    saves: usize,
    patches: Vec<(usize, Patch)>,
}

impl<'a> Search<'a> {
    fn start(
        network: &Network,
        geometry: &Geometry,
        cells: &'a [Cells],
    ) -> Result<Self, MappingError> {
        let mut packer = Packer::new(*geometry, cells);
        let patches = vec![SINGLE; cells.len()];
        check_cells(geometry, cells, &mut packer)?;
        let best = pack(&mut packer, cells, &patches)
            .map_err(|unplaced| no_place(network, cells, &unplaced))?;
        let candidates = (0..cells.len()).map(|i| candidates(geometry, cells, &mut packer, i));
        let candidates = candidates.collect();
        Ok(Self { packer, cells, patches, best, candidates, useless: BTreeSet::new() })
    }

    /// The change of one layer's patch that saves most; false if there is none.
    fn improve(&mut self) -> bool {
        let mut changes: Vec<Change> = Vec::new();
        for (layer, candidates) in self.candidates.iter().enumerate() {
            let saves = |c: &Candidate| self.best.steps[layer].saturating_sub(c.least);
            let patches = |c: &Candidate| vec![(layer, c.patch)];
            let of_use = candidates.iter().filter(|c| !self.useless.contains(&(layer, c.patch)));
            changes.extend(of_use.map(|c| Change { saves: saves(c), patches: patches(c) }));
        }
        changes.sort_by_key(|change| Reverse(change.saves));
        let total = self.best.total();
        let mut best: Option<(Packing, Change)> = None;
        for change in changes {
            let saved = best.as_ref().map_or(0, |(packing, _)| total - packing.total());
            if change.saves <= saved {
                break;
            }
            match self.attempt(&change) {
                None => self.useless.extend(change.patches),
                Some(packing) if packing.total() < total - saved => best = Some((packing, change)),
                Some(_) => (),
            }
        }
        best.map(|(packing, change)| self.accept(packing, &change)).is_some()
    }

    /// Two layers at once, one of which gives cells to the other.
    fn improve_pairs(&mut self) {
        let (mut changes, mut budget) = (self.pairs(), MOST_PLACED);
        changes.sort_by_key(|change| Reverse(change.saves));
        for change in changes {
            let Some(rest) = budget.checked_sub(self.best.placed.len()) else { return };
            budget = rest;
            if let Some(packing) = self.attempt(&change) {
                self.accept(packing, &change);
            }
        }
    }

    fn pairs(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        let count = self.cells.len();
        for (i, j) in (0..count).flat_map(|i| (i + 1..count).map(move |j| (i, j))) {
            let steps = self.best.steps[i] + self.best.steps[j];
            for (a, b) in product(&self.candidates[i], &self.candidates[j]) {
                let patches = vec![(i, a.patch), (j, b.patch)];
                let change = Change { saves: steps.saturating_sub(a.least + b.least), patches };
                changes.extend((change.saves > 0).then_some(change));
            }
        }
        changes
    }

    /// A placement with these patches, if it is better.
    fn attempt(&mut self, change: &Change) -> Option<Packing> {
        let mut patches = self.patches.clone();
        change.patches.iter().for_each(|&(layer, patch)| patches[layer] = patch);
        if patches == self.patches {
            return None;
        }
        let packing = pack(&mut self.packer, self.cells, &patches).ok()?;
        (packing.total() < self.best.total()).then_some(packing)
    }

    fn accept(&mut self, packing: Packing, change: &Change) {
        self.best = packing;
        change.patches.iter().for_each(|&(layer, patch)| self.patches[layer] = patch);
    }
}

fn product(a: &[Candidate], b: &[Candidate]) -> Vec<(Candidate, Candidate)> {
    a.iter().flat_map(|&a| b.iter().map(move |&b| (a, b))).collect()
}

/// Layers whose blocks cost most in a second unit come first; if that leaves no room, the largest.
fn pack(packer: &mut Packer, cells: &[Cells], patches: &[Patch]) -> Result<Packing, Box<Unplaced>> {
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by_key(|&i| Reverse(cells[i].block_steps(patches[i])));
    packer.pack(patches, &order).or_else(|_| {
        let size = |i: usize| cells[i].rows(patches[i]) * cells[i].columns(patches[i]);
        order.sort_by_key(|&i| Reverse(size(i)));
        packer.pack(patches, &order)
    })
}

/// Cells of a layer with this patch, and its steps if all its blocks were in unit 0.
fn estimate(
    geometry: &Geometry,
    cells: &[Cells],
    packer: &mut Packer,
    number: usize,
    patch: Patch,
) -> (usize, usize) {
    let format = cells[number].format;
    let pieces = packer.pieces(number, patch);
    let sizes = pieces.iter().map(|piece| {
        let rows = packer.rows(piece).len();
        let units = piece.outputs.len().div_ceil(geometry.slices());
        let blocks = rows.div_ceil(geometry.mac_rows) * units;
        (rows * piece.outputs.len() * format.columns(), blocks)
    });
    let (area, blocks) = sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1));
    (area, blocks * cells[number].block_steps(patch))
}

/// Patches of a layer, each with fewer steps than all smaller ones; a single position first.
fn candidates(
    geometry: &Geometry,
    cells: &[Cells],
    packer: &mut Packer,
    number: usize,
) -> Vec<Candidate> {
    let layer = &cells[number];
    let most = MOST_OPERATIONS * geometry.units(layer.format) * geometry.slices();
    let there = geometry.rows() * geometry.columns;
    let largest = |size: fn(&super::cells::User) -> usize| {
        layer.users.iter().map(size).max().unwrap_or(1).min(most / layer.outputs)
    };
    let (height, width) = (largest(|u| u.output.height), largest(|u| u.output.width));
    let mut all = vec![(estimate(geometry, cells, packer, number, SINGLE), SINGLE)];
    if layer.copies {
        for patch in (1..=height).flat_map(|p| (1..=width).map(move |q| [p, q])) {
            if layer.columns(patch) <= most && patch != SINGLE {
                all.push((estimate(geometry, cells, packer, number, patch), patch));
            }
        }
    }
    all.retain(|&((area, _), _)| area <= there);
    all.sort();
    let mut fewest = usize::MAX;
    all.retain(|&((_, steps), _)| {
        let fewer = steps < fewest;
        fewest = fewest.min(steps);
        fewer
    });
    all.into_iter().map(|((_, least), patch)| Candidate { patch, least }).collect()
}

/// What needs more cells than there are need not be tried.
fn check_cells(
    geometry: &Geometry,
    cells: &[Cells],
    packer: &mut Packer,
) -> Result<(), MappingError> {
    let there = geometry.rows() * geometry.columns;
    let needed =
        (0..cells.len()).map(|i| estimate(geometry, cells, packer, i, SINGLE).0).sum::<usize>();
    if needed > there { Err(MappingError::Cells { needed, there }) } else { Ok(()) }
}

fn no_place(network: &Network, cells: &[Cells], unplaced: &Unplaced) -> MappingError {
    let layer = &cells[unplaced.piece.cells];
    let free = unplaced.array.free();
    let planes = free.iter().enumerate().filter(|&(_, &free)| free > 0);
    let planes: Vec<String> = planes.map(|(plane, free)| format!("{plane} ({free})")).collect();
    MappingError::Place {
        layer: network.layers[layer.layer].name.clone(),
        rows: unplaced.rows,
        outputs: unplaced.piece.outputs.len(),
        columns: layer.format.columns(),
        free: free.iter().sum(),
        planes: match &planes[..] {
            [] => "no plane".into(),
            planes => format!("planes {}", planes.join(", ")),
        },
    }
}
