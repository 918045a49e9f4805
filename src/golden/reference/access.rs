//! Cycle by cycle course of an SRAM access.

use crate::config::{PLANES, Pulses};
use crate::pins::{Pins, control};

/// An access under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    /// First cycle of PRECHARGE.
    first: u64,
    row: usize,
    write: bool,
}

impl Access {
    /// Access whose request became visible in cycle `request`.
    pub(super) fn new(request: u64, row: usize, write: bool) -> Self {
        Self { first: request + 1, row, write }
    }

    /// First cycle of ACCESS.
    fn open(&self, pulses: &Pulses) -> u64 {
        self.first + u64::from(pulses.precharge.total())
    }

    /// First cycle of SENSE.
    fn sense(&self, pulses: &Pulses) -> u64 {
        self.open(pulses) + u64::from(pulses.access.total())
    }

    /// Cycle of the acknowledge.
    pub(super) fn ack(&self, pulses: &Pulses) -> u64 {
        self.sense(pulses) + if self.write { 0 } else { u64::from(pulses.sense.total()) }
    }

    /// Sets word line and cluster selects for this cycle and returns the control pins.
    pub(super) fn drive(&self, cycle: u64, pulses: &Pulses, pins: &mut Pins) -> u32 {
        let within = |first: u64, width: u32| (first..first + u64::from(width)).contains(&cycle);
        let cluster = self.row / PLANES;
        let selected = (self.first..self.ack(pulses)).contains(&cycle);
        pins.cluster_sel = [0; 2];
        pins.cluster_sel[cluster / 32] = u32::from(selected) << (cluster % 32);

        let open = within(self.open(pulses), pulses.access.width);
        pins.plane_wl = u32::from(open) << (self.row % PLANES);
        let mut control = 0;
        if within(self.first, pulses.precharge.width) {
            control |= control::PRECHARGE;
        }
        if open && self.write {
            control |= control::WRITE;
        }
        if !self.write && within(self.sense(pulses), pulses.sense.width) {
            control |= control::SENSE;
        }
        control
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pulse;
    use crate::golden::reference::fixtures;

    /// Widths 2, 3, 1 and gaps 1, 0, 2: a read requested in cycle 10 precharges in 11, 12, opens
    /// in 14..=16, senses in 17 and is acknowledged in 20.
    #[test]
    fn course_of_a_read() {
        let pulses = Pulses {
            precharge: Pulse { width: 2, gap: 1 },
            access: Pulse { width: 3, gap: 0 },
            sense: Pulse { width: 1, gap: 2 },
            ..fixtures::nominal_pulses()
        };
        let access = Access::new(10, 8 * 9 + 5, false);
        assert_eq!(access.ack(&pulses), 20);
        for cycle in 9..22 {
            let mut pins = Pins::default();
            let control = access.drive(cycle, &pulses, &mut pins);
            let precharge = if (11..=12).contains(&cycle) { control::PRECHARGE } else { 0 };
            let sense = if cycle == 17 { control::SENSE } else { 0 };
            assert_eq!(control, precharge | sense, "cycle {cycle}");
            let word_line = if (14..=16).contains(&cycle) { 1 << 5 } else { 0 };
            assert_eq!(pins.plane_wl, word_line, "cycle {cycle}");
            let cluster = if (11..=19).contains(&cycle) { 1 << 9 } else { 0 };
            assert_eq!(pins.cluster_sel, [cluster, 0], "cycle {cycle}");
        }
    }
}
