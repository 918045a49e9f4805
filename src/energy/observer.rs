//! Counts events from the pins of consecutive cycles. It knows nothing of operations: what a pin
//! does costs the same whoever asked for it.

use super::Activity;
use crate::config::Geometry;
use crate::pins::{Pins, SLICE_WORDS, control};

/// Looks at the pins, cycle by cycle.
#[derive(Clone, Debug)]
pub struct Observer {
    reference_rows: u64,
    last: Pins,
    activity: Activity,
}

impl Observer {
    /// An observer of a macro whose pins were `last` in the cycle before.
    pub fn new(geometry: &Geometry, last: Pins) -> Self {
        let reference_rows = geometry.reference_rows() as u64;
        Self { reference_rows, last, activity: Activity::default() }
    }

    /// What was counted so far.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// The pins of the next cycle.
    pub fn observe(&mut self, pins: &Pins) {
        self.activity.cycles += 1;
        self.activity.busy_cycles += u64::from(pins.is(control::BUSY));
        self.pulses(pins);
        self.word_lines(pins);
        self.row_dacs(pins);
        self.toggles(pins);
        self.last = *pins;
    }

    /// What happens once in a pulse, however long it is: counted where it begins.
    fn pulses(&mut self, pins: &Pins) {
        let begins = pins.control & !self.last.control;
        let begin = |pulse: u32| u64::from(begins & pulse != 0);
        let active = count(&pins.slice_active);
        let activity = &mut self.activity;
        activity.column_resets += begin(control::RESET) * 2 * active;
        activity.column_samples += begin(control::SAMPLE) * 2 * active;
        activity.column_shares += begin(control::SHARE) * 2 * active;
        activity.strobes += begin(control::STROBE) * active;
        activity.steps += begin(control::LATCH);
        activity.codes += begin(control::LATCH) * active;
        activity.sram_reads += begin(control::SENSE);
        activity.sram_writes += begin(control::WRITE);
        if begins & control::SAMPLE != 0 {
            activity.sampled_levels += active * levels(pins, self.reference_rows);
        }
        if begins & control::INJECT != 0 {
            activity.firings[pins.range_log2() as usize] += firings(pins);
        }
    }

    /// A cell's word line is open while its plane and its cluster are both selected.
    fn word_lines(&mut self, pins: &Pins) {
        for half in 0..2 {
            let (now, before) = (pins.cluster_sel[half], self.last.cluster_sel[half]);
            self.activity.cluster_rows += u64::from((now & !before).count_ones());
            for plane in planes(pins.plane_wl) {
                let stays = if self.last.plane_wl >> plane & 1 == 1 { before } else { 0 };
                self.activity.word_lines += u64::from((now & !stays).count_ones());
            }
        }
    }

    fn row_dacs(&mut self, pins: &Pins) {
        for (now, before) in pins.dac.iter().zip(&self.last.dac) {
            if now != before {
                let steps = digits(now).zip(digits(before)).map(|(a, b)| a.abs_diff(b));
                self.activity.dac_steps += steps.sum::<u64>();
            }
        }
    }

    fn toggles(&mut self, pins: &Pins) {
        self.activity.pin_toggles += distance(pins.control_words(), self.last.control_words());
        let planes = pins.decisions.iter().zip(&self.last.decisions);
        self.activity.sar_toggles += planes.map(|(now, before)| distance(now, before)).sum::<u64>();
    }
}

/// Slices in a per-slice field.
fn count(slices: &[u32; SLICE_WORDS]) -> u64 {
    slices.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// DAC levels on both columns of a slice. A dummy column has the reference level on some rows.
fn levels(pins: &Pins, reference_rows: u64) -> u64 {
    let sum: u64 = pins.dac.iter().flat_map(digits).sum();
    let reference = reference_rows * u64::from(pins.level());
    sum + if pins.is(control::DIFFERENTIAL) { sum } else { reference }
}

/// Firings of an INJECT pulse.
fn firings(pins: &Pins) -> u64 {
    let times = if pins.is(control::INJECT_TWICE) { 2 } else { 1 };
    (count(&pins.inject_p) + count(&pins.inject_n)) * pins.cells() as u64 * times
}

/// Planes whose word lines are selected.
fn planes(plane_wl: u32) -> impl Iterator<Item = u32> {
    (0..8).filter(move |plane| plane_wl >> plane & 1 == 1)
}

/// The eight digits of a word of DAC codes.
fn digits(word: &u32) -> impl Iterator<Item = u64> {
    let word = *word;
    (0..8).map(move |digit| u64::from(word >> (4 * digit) & 15))
}

/// Bits that differ.
fn distance(now: &[u32], before: &[u32]) -> u64 {
    now.iter().zip(before).map(|(a, b)| u64::from((a ^ b).count_ones())).sum()
}
