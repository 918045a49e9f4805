//! Which column of which slices takes part.

use super::lanes::{LANES, Lanes};
use super::physics::Physics;
use crate::config::Geometry;
use crate::pins::{Pins, SLICE_WORDS, control};

/// Column, mode and active slices, as a cycle's pins say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Column position of side P within its slice.
    pub column: usize,
    /// Whether side N is the next column rather than the dummy column.
    pub differential: bool,
    /// Active slices.
    pub active: [u32; SLICE_WORDS],
}

impl Selection {
    /// The selection of a cycle's pins. Positions that the geometry lacks wrap around: the column
    /// multiplexer decodes as many bits as it has columns.
    #[inline]
    pub fn new(pins: &Pins, geometry: &Geometry) -> Self {
        let slices = geometry.slices();
        let active = std::array::from_fn(|word| pins.slice_active[word] & existing(slices, word));
        let column = pins.column() % geometry.columns_per_slice;
        Self { column, differential: pins.is(control::DIFFERENTIAL), active }
    }

    /// Column position of a side; `columns_per_slice` is the dummy column.
    pub fn position(&self, side: usize, columns_per_slice: usize) -> usize {
        match (side, self.differential) {
            (0, _) => self.column,
            (_, true) => (self.column + 1) % columns_per_slice,
            (_, false) => columns_per_slice,
        }
    }

    /// Whether any slice takes part.
    pub fn any(&self) -> bool {
        self.active.iter().any(|&word| word != 0)
    }

    /// The lowest slice that is active in only one of two selections.
    pub fn first_difference(&self, other: &Self) -> Option<usize> {
        (0..SLICE_WORDS).find_map(|word| {
            let differs = self.active[word] ^ other.active[word];
            (differs != 0).then(|| 32 * word + differs.trailing_zeros() as usize)
        })
    }
}

/// The pins that a selection follows from, to tell quickly whether they changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelectionPins {
    control: u32,
    active: [u32; SLICE_WORDS],
}

impl SelectionPins {
    const CONTROL: u32 = control::DIFFERENTIAL | 3 << control::COLUMN_SHIFT;

    /// The pins of a cycle.
    #[inline(always)]
    pub fn new(pins: &Pins) -> Self {
        Self { control: pins.control & Self::CONTROL, active: pins.slice_active }
    }

    /// Whether they are the same in another cycle.
    #[inline(always)]
    pub fn same(&self, pins: &Pins) -> bool {
        let changes =
            (0..SLICE_WORDS).fold(0, |or, i| or | (self.active[i] ^ pins.slice_active[i]));
        changes | (self.control ^ pins.control & Self::CONTROL) == 0
    }
}

/// The slices of a group that a macro with so many slices has.
#[inline]
pub fn existing(slices: usize, group: usize) -> u32 {
    let count = slices.saturating_sub(LANES * group).min(LANES);
    if count == 0 { 0 } else { u32::MAX >> (LANES - count) }
}

/// What the selection means for the loops: droops, and a 1 for each active slice. Per group.
#[derive(Clone, Debug)]
pub struct Active {
    /// 1 for active slices, else 0.
    pub on: Vec<Lanes>,
    /// Droop of nodes that are held.
    pub no_droop: Vec<Lanes>,
    /// Droop of floating MAC nodes in volts per cycle.
    pub mac_droop: Vec<Lanes>,
    /// Droop of floating bit lines in volts per cycle.
    pub bit_line_droop: Vec<Lanes>,
    /// Droop of connected columns in volts per cycle, `[side][group]`.
    pub shared_droop: [Vec<Lanes>; 2],
}

impl Active {
    /// No active slice.
    pub fn none(groups: usize) -> Self {
        let zero = vec![Lanes::ZERO; groups];
        Self {
            on: zero.clone(),
            no_droop: zero.clone(),
            mac_droop: zero.clone(),
            bit_line_droop: zero.clone(),
            shared_droop: [zero.clone(), zero],
        }
    }

    /// Follows a change of the active slices.
    pub fn set(&mut self, active: &[u32; SLICE_WORDS], physics: &Physics) {
        for g in 0..self.on.len() {
            self.on[g] = Lanes::select(active[g], 1.0, 0.0);
            self.mac_droop[g] = Lanes::select(active[g], physics.mac_droop, 0.0);
            self.bit_line_droop[g] = Lanes::select(active[g], physics.bit_line_droop, 0.0);
        }
    }

    /// Follows a change of a side's column, whose own droop is `droop`, or of the active slices.
    pub fn set_shared_droop(&mut self, side: usize, group: usize, droop: &Lanes) {
        let on = &self.on[group].0;
        for l in 0..LANES {
            self.shared_droop[side][group].0[l] = droop.0[l] * on[l];
        }
    }
}
