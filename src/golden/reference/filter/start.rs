//! The voltages at the first strobe, as a sum over the cells.

use super::super::array::ROWS;
use super::block::{BLOCK, Row, blocks};
use super::bound::{self, UNIT, larger, rounding};
use super::probe::{Input, Probe, Sides};
use super::search;
use crate::golden::chip::LEVELS;
use crate::golden::noise::Draw;

/// Draws of the switches of a side.
pub(super) const OPENINGS: [fn(usize) -> Draw; 3] = [Draw::Reset, Draw::Sample, Draw::Multiply];

/// Driven rows that are summed up before they are added to the others: rounding counts the partial
/// sum.
pub(super) const TOGETHER: usize = 16;

/// Slopes of a line pair in a plane. Voltages are [scaled](super::search::Search).
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub blocks: Box<[Block]>,
    /// Whether side N is the dummy column.
    pub single_ended: bool,
    /// Largest voltage of a side, and how much of it does not come from digits.
    pub reach_v: f64,
    pub rest_v: f64,
    /// Bound of the difference's error.
    pub bound_v: f64,
    /// Largest residue slope.
    pub residue: f64,
}

/// Of a block of slices.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// V per DAC step, `[MAC row][side]`; none of a dummy column.
    pub weights: [[Row; 2]; ROWS],
    pub sides: [Side; 2],
}

/// What does not come from digits, of a side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    /// Without digits, noise and residue.
    pub constant: Row,
    /// V per DAC step of the dummy column's level; 0 where there is none.
    pub level: Row,
    /// What remains of a volt that the step before left.
    pub residue: Row,
    /// Deviations of the [`OPENINGS`].
    pub noise: [Row; 3],
}

impl Start {
    /// Asks the model. `levels` are those of the digits.
    pub(super) fn new(probe: &mut Probe, plane: usize, levels: &[f32; LEVELS]) -> Self {
        let scales = search::scales(probe.model);
        let base = probe.first_strobe(plane, Input::Nothing);
        let mut slope = |input| {
            let reached = probe.first_strobe(plane, input);
            [0, 1].map(|side: usize| {
                let values = reached[side].iter().zip(&base[side]);
                values.map(|(x, base)| scales[side] * (x - base)).collect::<Vec<_>>()
            })
        };
        let (zero, one) = (slope(Input::Zero), slope(Input::One));
        let residue = slope(Input::Residue);
        let noise =
            [0, 1].map(|side| OPENINGS.map(|draw| slope(Input::Noise(draw(side)))[side].clone()));

        let cells = Cells { probe, plane, slopes: [&zero, &one] };
        let level = [0, 1].map(|side| cells.level(side));
        let side = |block, side: usize| Side {
            constant: Row::of(block, &base[side], scales[side]),
            level: Row::of(block, &level[side], 1.0),
            residue: Row::of(block, &residue[side], 1.0),
            noise: [0, 1, 2].map(|i| Row::of(block, &noise[side][i], 1.0)),
        };
        let block = |block| Block {
            weights: cells.weights(block),
            sides: [0, 1].map(|number| side(block, number)),
        };
        let mut start = Self {
            blocks: blocks(probe.slices(), block),
            single_ended: cells.dummy(1),
            reach_v: 0.0,
            rest_v: 0.0,
            bound_v: 0.0,
            residue: 0.0,
        };
        for (block, side) in start.blocks.iter().flat_map(|block| [(block, 0), (block, 1)]) {
            let reach = Reach::of(block, side, levels);
            // Both sides may be off.
            start.bound_v = larger(start.bound_v, 2.0 * reach.error);
            start.reach_v = larger(start.reach_v, reach.all);
            start.rest_v = larger(start.rest_v, reach.rest);
            start.residue = larger(start.residue, block.sides[side].residue.largest());
        }
        start
    }
}

/// How far a side reaches, and what rounding does to it.
struct Reach {
    all: f64,
    rest: f64,
    error: f64,
}

impl Reach {
    fn of(block: &Block, number: usize, levels: &[f32; LEVELS]) -> Self {
        let highest = levels.iter().fold(0.0_f64, |most, &l| most.max(f64::from(l).abs()));
        let side = &block.sides[number];
        let noise: f64 = side.noise.iter().map(|row| bound::PEAK * row.largest()).sum();
        let (sum, sum_error) = digits(block, number, highest);
        let rest = side.constant.largest() + highest * side.level.largest() + noise;
        // What a step leaves is at most what a side may reach.
        let residue = side.residue.largest();
        let all = if residue < 0.5 { (sum + rest) / (1.0 - residue) } else { f64::INFINITY };
        let rest = rest + residue * all;
        // Constant, level, residue, noise: coefficient, product, sum.
        let error = sum_error
            + 3.0 * UNIT * rest
            + 4.0 * rounding(rest)
            + rounding(all)
            + bound::normal(noise);
        Self { all, rest, error }
    }
}

/// Largest sum over the rows of a side, and its largest error.
fn digits(block: &Block, side: usize, highest: f64) -> (f64, f64) {
    let (mut reach, mut error) = (0.0, 0.0);
    for slice in 0..BLOCK {
        let term = |m: usize| highest * block.weights[m][side].get(slice).abs();
        let mut terms: [f64; ROWS] = std::array::from_fn(term);
        terms.sort_by(|a, b| b.total_cmp(a));
        // Which rows are driven, and so which are together, changes from step to step.
        let sum: f64 = terms.iter().sum();
        let partial: f64 = terms[..TOGETHER].iter().sum();
        let groups = (ROWS / TOGETHER) as f64;
        // Weights and products round once each.
        let of_slice = ROWS as f64 * rounding(partial) + groups * rounding(sum) + 2.0 * UNIT * sum;
        (reach, error) = (larger(reach, sum), larger(error, of_slice));
    }
    (reach, error)
}

/// The cells behind the slopes of a unit of capacitance, `[stored][side][slice]`.
struct Cells<'a, 'b> {
    probe: &'a Probe<'b>,
    plane: usize,
    slopes: [&'a Sides; 2],
}

impl Cells<'_, '_> {
    /// V per DAC step of a cell.
    fn weight(&self, side: usize, slice: usize, m: usize) -> f64 {
        let (array, line) = (self.probe.array, self.probe.lines[side]);
        let stored = array.cells(self.plane, line).ones.get(slice, m);
        let capacitor = f64::from(array.line(line).capacitors.get(slice, m));
        self.slopes[usize::from(stored)][side][slice] * capacitor
    }

    fn dummy(&self, side: usize) -> bool {
        self.probe.lines[side] == self.probe.array.dummy()
    }

    /// Slopes of a dummy column's level: its rows that act as cell 1 are all charged to it, the
    /// other ones to 0.
    fn level(&self, side: usize) -> Vec<f64> {
        let slices = self.probe.slices();
        if !self.dummy(side) {
            return vec![0.0; slices];
        }
        let ones = &self.probe.array.cells(self.plane, self.probe.lines[side]).ones;
        let charged = |slice| (0..ROWS).filter(move |&m| ones.get(slice, m));
        let sum = |slice| charged(slice).map(|m| self.weight(side, slice, m)).sum();
        (0..slices).map(sum).collect()
    }

    fn weights(&self, block: usize) -> [[Row; 2]; ROWS] {
        let mut weights = [[Row::ZERO; 2]; ROWS];
        let slices = block * BLOCK..self.probe.slices().min((block + 1) * BLOCK);
        for side in (0..2).filter(|&side| !self.dummy(side)) {
            for (slice, m) in slices.clone().flat_map(|slice| (0..ROWS).map(move |m| (slice, m))) {
                weights[m][side].set(slice, self.weight(side, slice, m));
            }
        }
        weights
    }
}
