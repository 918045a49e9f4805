//! How an open plane splits a column's capacitors: those behind a 1 float, those behind a 0 are
//! discharged. kT/C noise needs the total of each part.

use super::array::{Array, Site};
use super::column::{Capacitors, Column};
use super::lanes::{LANES, Lanes, selects};
use super::physics::Physics;
use crate::config::{Geometry, PLANES};
use crate::simd::dispatch;

/// The two parts of one column position, for the slices of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Sum of the discharged capacitors in `C_u / CAP_UNIT`.
    pub discharged: Lanes,
    /// kT/C noise of the floating part in volts rms.
    pub floating_sigma: Lanes,
    /// kT/C noise of the discharged part in volts rms.
    pub discharged_sigma: Lanes,
}

impl Split {
    /// The split by a mask per MAC row, 1 where the capacitor floats.
    pub fn by_mask(column: &Column, floats: &[u32], physics: &Physics) -> Self {
        let mut discharged = Lanes::ZERO;
        sum_discharged(&mut discharged, &column.capacitors, floats);
        Self::new(column, discharged, physics)
    }

    fn new(column: &Column, discharged: Lanes, physics: &Physics) -> Self {
        let floating = |l: usize| column.mac_sum.0[l] - discharged.0[l];
        Self {
            floating_sigma: Lanes::from_fn(|l| physics.ktc_sigma(floating(l))),
            discharged_sigma: Lanes::from_fn(|l| physics.ktc_sigma(discharged.0[l])),
            discharged,
        }
    }

    /// Moves one capacitor to the other part.
    fn moved(&mut self, column: &Column, site: Site, floats: bool, physics: &Physics) {
        let l = site.lane;
        let capacitor = column.capacitors[site.mac_row].get(l);
        self.discharged.0[l] += if floats { -capacitor } else { capacitor };
        self.discharged_sigma.0[l] = physics.ktc_sigma(self.discharged.0[l]);
        self.floating_sigma.0[l] = physics.ktc_sigma(column.mac_sum.0[l] - self.discharged.0[l]);
    }
}

/// The splits of every plane and column position with all clusters selected, kept up to date as
/// cells change: a conversion step then has no square roots to take.
#[derive(Clone, Debug)]
pub struct Splits {
    per_slice: usize,
    /// `[group][plane][column position]`
    splits: Vec<Split>,
    /// `[group]`, of the dummy columns.
    dummies: Vec<Split>,
}

impl Splits {
    /// The splits of an array's present contents; `columns` is `[group][column position]`.
    pub fn new(
        geometry: &Geometry,
        array: &Array,
        columns: &[Vec<Column>],
        physics: &Physics,
    ) -> Self {
        let per_slice = geometry.columns_per_slice;
        let mut splits = Vec::with_capacity(columns.len() * PLANES * per_slice);
        for (group, columns) in columns.iter().enumerate() {
            for plane in 0..PLANES {
                splits.extend(columns[..per_slice].iter().enumerate().map(|(position, column)| {
                    Split::by_mask(column, array.plane(group, plane, position), physics)
                }));
            }
        }
        let dummy = |columns: &Vec<Column>| {
            Split::by_mask(&columns[per_slice], array.dummy_plane(), physics)
        };
        Self { per_slice, splits, dummies: columns.iter().map(dummy).collect() }
    }

    /// The split of a plane's column position, or of the dummy column.
    pub fn get(&self, group: usize, plane: usize, position: usize) -> &Split {
        if position == self.per_slice {
            return &self.dummies[group];
        }
        &self.splits[(group * PLANES + plane) * self.per_slice + position]
    }

    /// Accounts for a cell that changed to `value`.
    pub fn cell_changed(&mut self, site: Site, value: bool, column: &Column, physics: &Physics) {
        let index = (site.group * PLANES + site.plane) * self.per_slice + site.position;
        self.splits[index].moved(column, site, value, physics);
    }
}

dispatch! {
    /// Adds up the capacitors whose row's mask has a 0.
    fn sum_discharged(sum: &mut Lanes, capacitors: &[Capacitors], floats: &[u32]) = sum_discharged_body;
}

#[inline(always)]
fn sum_discharged_body(sum: &mut Lanes, capacitors: &[Capacitors], floats: &[u32]) {
    for (capacitor, &mask) in capacitors.iter().zip(floats) {
        for l in 0..LANES {
            sum.0[l] += if selects(mask, l) { 0.0 } else { capacitor.get(l) };
        }
    }
}
