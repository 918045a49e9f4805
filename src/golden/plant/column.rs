//! Drawn capacitors of a column position, for 32 slices at a time, and what follows from them.

use super::faults::{Fault, Faults};
use super::lanes::{LANES, Lanes};
use super::physics::Physics;
use crate::config::Geometry;
use crate::golden::chip::{CAP_UNIT, Chip};

/// Capacitors of one MAC row in `C_u / CAP_UNIT`, one per slice. They are integers of 15 bits, so
/// single precision holds them exactly, in half of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Capacitors([f32; LANES]);

impl Capacitors {
    /// Capacitors of around one unit.
    #[cfg(test)]
    pub fn test(deviation: &Lanes) -> Self {
        Self(deviation.0.map(|deviation| (8192.0 + 40.0 * deviation).round() as f32))
    }

    /// The capacitor of a lane.
    #[inline(always)]
    pub fn get(&self, lane: usize) -> f64 {
        f64::from(self.0[lane])
    }
}

/// One column position (or the dummy column) of all slices of a group. Capacitances are in
/// `C_u / CAP_UNIT`: integers, so their sums are exact.
#[derive(Clone, Debug)]
pub struct Column {
    /// MAC capacitors, one entry per MAC row.
    pub capacitors: Vec<Capacitors>,
    /// Sum of the MAC capacitors, K.
    pub mac_sum: Lanes,
    /// Bit-line parasitic, k_p.
    pub parasitic: Lanes,
    /// 1 / (K + k_p).
    pub inverse_total: Lanes,
    /// kT/C noise of the bit line alone in volts rms.
    pub reset_sigma: Lanes,
    /// Droop of MAC capacitors and bit line connected, in volts per cycle.
    pub shared_droop: Lanes,
    /// Voltage step of one nominal injection cell at r = 1 on the connected column, in volts.
    pub cell_step: Lanes,
    /// The same on the bit line alone.
    pub cell_step_alone: Lanes,
}

impl Column {
    /// Column positions of a group: `columns_per_slice` of them, then the dummy column.
    pub fn of_group(group: usize, plan: &Plan) -> Vec<Self> {
        (0..=plan.geometry.columns_per_slice)
            .map(|position| Self::new(group, position, plan))
            .collect()
    }

    fn new(group: usize, position: usize, plan: &Plan) -> Self {
        let capacitor =
            |row| Capacitors(std::array::from_fn(|l| plan.capacitor(group, l, position, row)));
        let capacitors: Vec<Capacitors> = (0..plan.geometry.mac_rows).map(capacitor).collect();
        let mac_sum = Lanes::from_fn(|l| capacitors.iter().map(|c| c.get(l)).sum());
        let parasitic = Lanes::from_fn(|l| plan.parasitic(group, l, position));
        let total = |l: usize| mac_sum.0[l] + parasitic.0[l];
        // A column without any capacitance has no voltage to speak of; it stays where it is.
        let inverse = |c: f64| if c > 0.0 { 1.0 / c } else { 0.0 };
        let physics = plan.physics;
        let cell_charge = physics.v_full_scale * f64::from(CAP_UNIT);
        let leaked =
            |l: usize| physics.mac_droop * mac_sum.0[l] + physics.bit_line_droop * parasitic.0[l];
        Self {
            mac_sum,
            parasitic,
            inverse_total: Lanes::from_fn(|l| inverse(total(l))),
            reset_sigma: Lanes::from_fn(|l| physics.ktc_sigma(parasitic.0[l])),
            shared_droop: Lanes::from_fn(|l| leaked(l) * inverse(total(l))),
            cell_step: Lanes::from_fn(|l| cell_charge * inverse(total(l))),
            cell_step_alone: Lanes::from_fn(|l| cell_charge * inverse(parasitic.0[l])),
            capacitors,
        }
    }
}

/// What columns are made from.
pub struct Plan<'a> {
    pub geometry: &'a Geometry,
    pub chip: &'a Chip,
    pub physics: &'a Physics,
    pub faults: &'a Faults,
}

impl Plan<'_> {
    /// Number of a drawn column; `None` in lanes that have no slice.
    fn column(&self, group: usize, lane: usize, position: usize) -> Option<usize> {
        let slice = group * LANES + lane;
        let per_slice = self.geometry.columns_per_slice;
        let dummy = position == per_slice;
        let column = if dummy { self.chip.dummy(slice) } else { slice * per_slice + position };
        (slice < self.geometry.slices()).then_some(column)
    }

    fn capacitor(&self, group: usize, lane: usize, position: usize, row: usize) -> f32 {
        let drawn = if position == 1 && self.shared(position) { 0 } else { position };
        let Some(column) = self.column(group, lane, position) else { return CAP_UNIT as f32 };
        if self.faults.has(Fault::CapacitorOpen { column, row }) {
            return 0.0;
        }
        let drawn = self.column(group, lane, drawn).unwrap_or(column);
        f32::from(self.chip.capacitors(drawn)[row])
    }

    /// Whether a planted error gives this position the capacitors of position 0.
    fn shared(&self, position: usize) -> bool {
        position < self.geometry.columns_per_slice && self.faults.has(Fault::SharedMismatch)
    }

    fn parasitic(&self, group: usize, lane: usize, position: usize) -> f64 {
        let column = self.column(group, lane, position);
        column.map_or(f64::from(CAP_UNIT), |column| f64::from(self.chip.parasitic(column)))
    }
}
