//! Cycle by cycle course of an SRAM access.

use crate::config::{PLANES, Pulses};
use crate::pins::{Pins, control};

/// An access under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    /// First cycle of PRECHARGE.
    first: u64,
    row: usize,
    word: usize,
    /// What is written; `None` for a read.
    data: Option<u32>,
}

impl Access {
    /// Access whose request became visible in cycle `request`.
    pub(super) fn new(request: u64, row: usize, word: usize, data: Option<u32>) -> Self {
        Self { first: request + 1, row, word, data }
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
        self.sense(pulses) + if self.data.is_some() { 0 } else { u64::from(pulses.sense.total()) }
    }

    /// Drives the pins for this cycle; returns the control pins of pulses and changes `held` ones.
    pub(super) fn drive(
        &self,
        cycle: u64,
        pulses: &Pulses,
        pins: &mut Pins,
        held: &mut u32,
    ) -> u32 {
        if cycle == self.first {
            *held = *held & !(3 << control::WORD_SHIFT) | (self.word as u32) << control::WORD_SHIFT;
            pins.write_data = self.data.unwrap_or(pins.write_data);
        }
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
        if open && self.data.is_some() {
            control |= control::WRITE;
        }
        if self.data.is_none() && within(self.sense(pulses), pulses.sense.width) {
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
        let access = Access::new(10, 8 * 9 + 5, 2, None);
        assert_eq!(access.ack(&pulses), 20);
        let mut held = 0;
        let mut pins = Pins { write_data: 77, ..Pins::default() };
        for cycle in 9..22 {
            let control = access.drive(cycle, &pulses, &mut pins, &mut held);
            assert_eq!(held >> control::WORD_SHIFT, if cycle < 11 { 0 } else { 2 });
            assert_eq!(pins.write_data, 77, "a read leaves the write data");
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
