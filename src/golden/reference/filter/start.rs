//! The voltages at the first strobe, as a sum over the cells.

use super::super::array::ROWS;
use super::super::sar::INJECTIONS;
use super::bound::{self, UNIT, rounding};
use super::probe::{Input, Probe, Sides};
use super::search;
use super::table::{BLOCK, Table};
use crate::golden::chip::LEVELS;
use crate::golden::noise::Draw;
use crate::golden::simd::Aligned;

/// Switch openings of both sides, in the order of their draws.
pub(super) const OPENINGS: [Draw; INJECTIONS] = [
    Draw::Reset(0),
    Draw::Reset(1),
    Draw::Sample(0),
    Draw::Sample(1),
    Draw::Multiply(0),
    Draw::Multiply(1),
];

/// Rows that are summed up before they are added to the others: rounding counts the partial sum.
pub(super) const TOGETHER: usize = 16;

/// Values of a side in [`Start::table`].
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// Without digits and residue.
    Constant,
    /// Of a level of the dummy column; 0 where there is none.
    Level,
    /// What remains of a volt that the step before left.
    Residue,
}

/// Slopes of a line pair in a plane. Voltages are [scaled](super::search::Search).
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// V per DAC step, `[block][MAC row][side][slice in the block]`; none of a dummy column.
    weights: Aligned<f32>,
    /// [`Value`] of each side, then the deviation of each opening.
    table: Table,
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

/// Weights of a block of slices.
pub(super) type Weights = [[[f32; BLOCK]; 2]; ROWS];

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
        let (one, zero) = (slope(Input::One), slope(Input::Zero));
        let residue = slope(Input::Residue);
        let noise = OPENINGS.map(|draw| slope(Input::Noise(draw)));

        let slices = probe.slices();
        let cells = Cells { probe, plane, slopes: [&zero, &one] };
        let mut table = Table::new(2 * 3 + OPENINGS.len(), slices);
        for side in 0..2 {
            let constant = base[side].iter().map(|x| scales[side] * x);
            table.set(row(Value::Constant, side), constant);
            table.set(row(Value::Level, side), (0..slices).map(|s| cells.level(side, s)));
            table.set(row(Value::Residue, side), residue[side].iter().copied());
        }
        for (draw, deviations) in OPENINGS.into_iter().zip(&noise) {
            table.set(opening_row(draw), deviations[draw.row() % 2].iter().copied());
        }
        let mut start = Self {
            weights: cells.weights(),
            table,
            single_ended: cells.dummy(1),
            reach_v: 0.0,
            rest_v: 0.0,
            bound_v: 0.0,
            residue: 0.0,
        };
        start.bound(levels);
        start
    }

    /// Fills in how far voltages reach, and what rounding does to them.
    fn bound(&mut self, levels: &[f32; LEVELS]) {
        let highest = levels.iter().fold(0.0_f64, |most, &l| most.max(f64::from(l).abs()));
        let largest = |value, side| self.table.largest(row(value, side));
        let side_bound = |side: usize| {
            let noise: f64 = (0..3)
                .map(|i| bound::PEAK * self.table.largest(opening_row(OPENINGS[2 * i + side])))
                .sum();
            let (sum, sum_error) = self.dot_bound(side, highest);
            let rest = largest(Value::Constant, side) + 16.0 * largest(Value::Level, side) + noise;
            // What a step leaves is at most what a side may reach.
            let residue = largest(Value::Residue, side);
            let reach =
                if residue < 0.5 { (sum + rest) / (1.0 - residue) } else { f64::INFINITY };
            // Constant, level, residue, noise: coefficient, product, sum.
            let error = sum_error
                + 3.0 * UNIT * (rest + residue * reach)
                + 4.0 * rounding(reach)
                + bound::normal(noise);
            (reach, rest + residue * reach, error, residue)
        };
        let [p, n] = [side_bound(0), side_bound(1)];
        self.reach_v = bound::larger(p.0, n.0);
        self.rest_v = bound::larger(p.1, n.1);
        self.bound_v = p.2 + n.2;
        self.residue = bound::larger(p.3, n.3);
    }

    /// Largest sum over the rows of a side, and its largest error.
    fn dot_bound(&self, side: usize, highest: f64) -> (f64, f64) {
        let (mut reach, mut error) = (0.0_f64, 0.0_f64);
        for slice in 0..self.table.slices() {
            let block = self.block(slice);
            let term = |m: usize| highest * f64::from(block[m][side][slice % BLOCK].abs());
            let partial = |group: usize| -> f64 {
                (0..TOGETHER).map(|m| term(group * TOGETHER + m)).sum()
            };
            let partials: [f64; ROWS / TOGETHER] = std::array::from_fn(partial);
            let sum: f64 = partials.iter().sum();
            let within: f64 = partials.iter().map(|&x| TOGETHER as f64 * rounding(x)).sum();
            // Weights and products round once each.
            let of_slice = within + partials.len() as f64 * rounding(sum) + 2.0 * UNIT * sum;
            (reach, error) = (bound::larger(reach, sum), bound::larger(error, of_slice));
        }
        (reach, error)
    }

    /// Weights of the block of slices around `at`.
    #[inline(always)]
    pub(super) fn block(&self, at: usize) -> &Weights {
        let (rows, _) = self.weights.as_chunks::<BLOCK>();
        let (sides, _) = rows.as_chunks::<2>();
        &sides.as_chunks::<ROWS>().0[at / BLOCK]
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }
}

/// Row of a side's value.
#[inline(always)]
pub(super) fn row(value: Value, side: usize) -> usize {
    2 * value as usize + side
}

/// Row of an opening's deviation.
#[inline(always)]
pub(super) fn opening_row(draw: Draw) -> usize {
    2 * 3 + draw.row()
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

    /// Slope of a dummy column's level: its rows that act as cell 1 are all charged to it, the
    /// other ones to 0.
    fn level(&self, side: usize, slice: usize) -> f64 {
        if !self.dummy(side) {
            return 0.0;
        }
        let (array, line) = (self.probe.array, self.probe.lines[side]);
        let ones = &array.cells(self.plane, line).ones;
        let charged = (0..ROWS).filter(|&m| ones.get(slice, m));
        charged.map(|m| self.weight(side, slice, m)).sum()
    }

    fn weights(&self) -> Aligned<f32> {
        let slices = self.probe.slices();
        let mut weights = Aligned::zeroed(slices.next_multiple_of(BLOCK) * 2 * ROWS);
        for side in (0..2).filter(|&side| !self.dummy(side)) {
            for (slice, m) in (0..slices).flat_map(|slice| (0..ROWS).map(move |m| (slice, m))) {
                let block = slice / BLOCK * ROWS + m;
                weights[(2 * block + side) * BLOCK + slice % BLOCK] =
                    self.weight(side, slice, m) as f32;
            }
        }
        weights
    }
}
