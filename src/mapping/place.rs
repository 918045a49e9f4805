//! Puts output groups into the array: greedily, each where it costs the fewest conversion steps.

use super::array::{Array, Run};
use super::cells::{Cells, Patch};
use crate::config::{Geometry, PLANES};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Outputs of a group's matrix for a patch that one operation is to convert: an output group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    /// Number among the layers with cells.
    pub cells: usize,
    /// Group of the convolution.
    pub group: usize,
    pub patch: Patch,
    pub outputs: Range<usize>,
}

/// An output group and where it is.
#[derive(Clone, Debug)]
pub struct Placed {
    pub piece: Piece,
    /// Rows that are not pruned.
    pub rows: Arc<[u32]>,
    /// First output of the macro.
    pub first: usize,
    pub parts: Vec<Part>,
}

/// A row block: a range of a group's rows and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub rows: Range<usize>,
    pub run: Run,
}

/// A whole placement.
#[derive(Clone)]
pub struct Packing {
    pub placed: Vec<Placed>,
    pub array: Array,
    /// Conversion steps of an image, for every layer with cells.
    pub steps: Vec<usize>,
}

impl Packing {
    /// Conversion steps of an image.
    pub fn total(&self) -> usize {
        self.steps.iter().sum()
    }
}

/// What found no place.
pub struct Unplaced {
    pub piece: Piece,
    pub rows: usize,
    pub array: Array,
}

/// Packs again and again with other patches.
pub struct Packer<'a> {
    geometry: Geometry,
    cells: &'a [Cells],
    rows: HashMap<Piece, Arc<[u32]>>,
}

impl<'a> Packer<'a> {
    pub fn new(geometry: Geometry, cells: &'a [Cells]) -> Self {
        Self { geometry, cells, rows: HashMap::new() }
    }

    /// A layer cut by groups, then into as many outputs as one operation can have at most.
    pub fn pieces(&self, number: usize, patch: Patch) -> Vec<Piece> {
        let cells = &self.cells[number];
        let most = self.geometry.units(cells.format) * self.geometry.slices();
        let outputs = cells.columns(patch);
        let piece = |group, first| Piece {
            cells: number,
            group,
            patch,
            outputs: first..outputs.min(first + most),
        };
        (0..cells.convolution.groups)
            .flat_map(|group| (0..outputs).step_by(most).map(move |first| piece(group, first)))
            .collect()
    }

    /// Rows of a piece that are not pruned.
    pub fn rows(&mut self, piece: &Piece) -> Arc<[u32]> {
        if let Some(rows) = self.rows.get(piece) {
            return rows.clone();
        }
        let Piece { cells, group, patch, outputs } = piece.clone();
        let rows: Arc<[u32]> = self.cells[cells].rows_in_use(group, patch, outputs).into();
        self.rows.insert(piece.clone(), rows.clone());
        rows
    }

    /// All layers, in this order.
    pub fn pack(&mut self, patches: &[Patch], order: &[usize]) -> Result<Packing, Box<Unplaced>> {
        let (array, steps) = (Array::new(self.geometry), vec![0; self.cells.len()]);
        let mut packing = Packing { placed: vec![], array, steps };
        for &number in order {
            for piece in self.pieces(number, patches[number]) {
                let (placed, cost) = self.place(&mut packing.array, piece)?;
                packing.steps[number] += cost * self.cells[number].block_steps(patches[number]);
                packing.placed.extend(placed);
            }
        }
        Ok(packing)
    }

    /// A piece as a whole, or in halves if it finds no place or an expensive one. With the row
    /// blocks times units that it takes.
    fn place(
        &mut self,
        array: &mut Array,
        piece: Piece,
    ) -> Result<(Vec<Placed>, usize), Box<Unplaced>> {
        let whole = self.whole(array, &piece);
        let count = piece.outputs.len();
        let units = count.div_ceil(self.geometry.slices());
        let best = whole.as_ref().map(|w| (self.cost(w), w.rows.len()));
        let dear =
            |(cost, rows): (usize, usize)| cost > 2 * units * rows.div_ceil(self.geometry.mac_rows);
        if count == 1 || best.is_some_and(|best| !dear(best)) {
            return self.put(array, piece, whole);
        }
        let mut copy = array.clone();
        match (self.halves(&mut copy, &piece), best) {
            (Ok(halves), best) if best.is_none_or(|(cost, _)| halves.1 < cost) => {
                *array = copy;
                Ok(halves)
            }
            (Err(unplaced), None) => Err(unplaced),
            _ => self.put(array, piece, whole),
        }
    }

    /// Halves, or whole slices and the rest if it is more than a unit.
    fn halves(
        &mut self,
        array: &mut Array,
        piece: &Piece,
    ) -> Result<(Vec<Placed>, usize), Box<Unplaced>> {
        let Range { start, end } = piece.outputs;
        let (count, slices) = (end - start, self.geometry.slices());
        let middle = start + if count > slices { slices } else { count.div_ceil(2) };
        let (mut placed, cost) =
            self.place(array, Piece { outputs: start..middle, ..piece.clone() })?;
        let (rest, more) = self.place(array, Piece { outputs: middle..end, ..piece.clone() })?;
        placed.extend(rest);
        Ok((placed, cost + more))
    }

    fn put(
        &mut self,
        array: &mut Array,
        piece: Piece,
        place: Option<Placed>,
    ) -> Result<(Vec<Placed>, usize), Box<Unplaced>> {
        let Some(placed) = place else {
            let rows = self.rows(&piece).len();
            return Err(Box::new(Unplaced { piece, rows, array: array.clone() }));
        };
        let format = self.cells[piece.cells].format;
        for part in &placed.parts {
            array.take(format, placed.first, piece.outputs.len(), part.run);
        }
        let cost = self.cost(&placed);
        Ok((vec![placed], cost))
    }

    /// The cheapest place at which a piece's outputs lie side by side: fewest row blocks times
    /// units, then the tightest, then the first.
    fn whole(&mut self, array: &Array, piece: &Piece) -> Option<Placed> {
        let rows = self.rows(piece);
        let (format, count) = (self.cells[piece.cells].format, piece.outputs.len());
        let slices = self.geometry.slices();
        let firsts: Vec<usize> = if count > slices {
            vec![0]
        } else {
            let units = 0..self.geometry.units(format);
            units.flat_map(|unit| (0..=slices - count).map(move |s| unit * slices + s)).collect()
        };
        let mut best: Option<(usize, usize, Placed)> = None;
        for first in firsts {
            let units = (first + count).div_ceil(slices);
            let least = units * rows.len().div_ceil(self.geometry.mac_rows);
            if best.as_ref().is_some_and(|&(cost, ..)| cost < least) {
                break; // later units only cost more
            }
            let Some((parts, left)) = cut(rows.len(), array.runs(format, first, count)) else {
                continue;
            };
            let cost = parts.len() * units;
            if best.as_ref().is_none_or(|b| (cost, left) < (b.0, b.1)) {
                let placed = Placed { piece: piece.clone(), rows: rows.clone(), first, parts };
                best = Some((cost, left, placed));
            }
        }
        best.map(|(_, _, placed)| placed)
    }

    fn cost(&self, placed: &Placed) -> usize {
        let last = placed.first + placed.piece.outputs.len();
        placed.parts.len() * last.div_ceil(self.geometry.slices())
    }
}

/// Cuts rows into as few blocks as these runs allow; the last goes where it fits best. With the
/// rows that stay free there.
fn cut(rows: usize, mut runs: Vec<Run>) -> Option<(Vec<Part>, usize)> {
    runs.sort_by_key(|run| (run.rows, PLANES - run.plane));
    let (mut parts, mut done) = (Vec::new(), 0);
    while done < rows {
        let fits = runs.partition_point(|run| run.rows < rows - done);
        if fits == runs.len() {
            let run = runs.pop()?;
            parts.push(Part { rows: done..done + run.rows, run });
            done += run.rows;
        } else {
            // The lowest plane of those that fit equally well.
            let same = runs.partition_point(|run| run.rows <= runs[fits].rows);
            let run = runs[same - 1];
            let left = run.rows - (rows - done);
            parts.push(Part { rows: done..rows, run: Run { rows: rows - done, ..run } });
            return Some((parts, left));
        }
    }
    Some((parts, 0))
}
