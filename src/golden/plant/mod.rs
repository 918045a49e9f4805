//! The plant: the array and the analog side in the time domain. It knows nothing of operations; it
//! reacts to the RTL's pins, one phase-clock cycle per call, whatever they do, and reports what
//! breaks an electrical rule.
//!
//! Within a cycle things happen in the order of the specification (section 6): push and noise of
//! switches that opened when the last cycle ended, change of the selection, droop, firing of injection
//! cells, settling, decision.

// Loops over slices index several arrays alike; the form of a side's voltages is as large as it is.
#![allow(clippy::needless_range_loop, clippy::large_enum_variant)]

mod array;
mod cisar;
mod column;
mod compute;
mod conversion;
mod dacs;
mod faults;
mod lanes;
mod mac;
mod phases;
mod physics;
mod rules;
mod selection;
#[cfg(test)]
mod sequencer;
mod side;
mod split;
mod sram;
#[cfg(test)]
mod tests;

pub use faults::{Fault, Faults};
pub use rules::{KEPT, Location, Rule, Violation, Violations};

use array::Array;
use cisar::{Cisar, Comparator};
use column::{Column, Plan};
use conversion::Conversion;
use dacs::RowDacs;
use lanes::{LANES, Lanes, flat};
use phases::Phases;
use physics::Physics;
use selection::{Active, Selection, SelectionPins};
use side::Side;
use split::Splits;
use sram::{Sram, WordLines, Write};

use crate::config::{Analog, Geometry};
use crate::golden::chip::Chip;
use crate::pins::{Pins, SLICE_WORDS, control};
use crate::simd::dispatch;
use std::sync::Arc;

/// What the analog side answers in a cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Comparator outputs, one bit per slice; 0 while not strobed.
    pub comparators: [u32; SLICE_WORDS],
    /// Sense amplifiers of the selected word; 0 while not sensing.
    pub read_data: u32,
}

/// Array and analog side of one chip.
#[derive(Clone)]
pub struct Plant {
    geometry: Geometry,
    chip: Arc<Chip>,
    physics: Physics,
    faults: Faults,
    violations: Violations,
    cycle: u64,

    array: Array,
    sram: Sram,
    /// `[group][column position]`, the dummy column last.
    columns: Vec<Vec<Column>>,
    splits: Splits,
    cisars: Vec<Cisar>,
    comparator: Comparator,
    /// Comparators that a planted error inverts.
    inverted: [u32; SLICE_WORDS],

    /// What was on in the last cycle.
    phases: Phases,
    selection: Selection,
    selection_pins: SelectionPins,
    /// Whether any slice is active.
    selected: bool,
    active: Active,
    /// Between SAMPLE and the end of sharing: the selection must stay.
    sampled: bool,
    /// Nodes float, from the opening of the reset switches to the end of LATCH.
    floating: bool,
    conversion: Conversion,
    /// P and N.
    sides: [Side; 2],
    means: [Vec<Lanes>; 2],
    dacs: RowDacs,
    /// Per MAC row, 1 where a capacitor floats, for word lines that are not simply one plane.
    floats: Vec<u32>,
}

impl Plant {
    /// A macro that has just been powered on: nodes at V_low, cells at 0. `period_s` is the phase
    /// clock's period in seconds; `seed` and `chip_number` select the noise.
    pub fn new(
        geometry: Geometry,
        analog: Analog,
        period_s: f64,
        chip: Arc<Chip>,
        seed: u64,
        chip_number: u64,
    ) -> Self {
        let physics = Physics::new(&geometry, &analog, period_s);
        let groups = geometry.slices().div_ceil(LANES);
        let rows = geometry.mac_rows;
        let array = Array::new(&geometry);
        let side = Side::new(groups, rows, physics.v_low);
        let mut plant = Self {
            sram: Sram::new(&geometry, analog.sram, period_s),
            conversion: Conversion::new(geometry.slices(), seed, chip_number, &analog),
            columns: Vec::new(),
            splits: Splits::new(&geometry, &array, &[], &physics),
            cisars: Vec::new(),
            comparator: physics.comparator,
            inverted: [0; SLICE_WORDS],
            phases: Phases::default(),
            selection: Selection::default(),
            selection_pins: SelectionPins::default(),
            selected: false,
            active: Active::none(groups),
            sampled: false,
            floating: false,
            sides: [side.clone(), side],
            means: [vec![Lanes::ZERO; groups], vec![Lanes::ZERO; groups]],
            dacs: RowDacs::new(&geometry),
            floats: vec![u32::MAX; rows],
            faults: Faults::default(),
            violations: Violations::default(),
            cycle: 0,
            geometry,
            chip,
            physics,
            array,
        };
        plant.sides[1].switch_to(geometry.columns_per_slice);
        plant.draw_elements();
        plant
    }

    /// Sets the index that the next RESET opening gets; it counts up from there. 0 at first.
    pub fn start_at_conversion(&mut self, index: u64) {
        self.conversion.start_at(index);
    }

    /// Lets one phase-clock cycle pass with these pins.
    pub fn react(&mut self, pins: &Pins) -> Response {
        let mut response = Response::default();
        cycle(self, pins, &mut response);
        response
    }

    /// Bit lines in volts after this cycle, one per slice. Side 0 is P, 1 is N.
    pub fn bit_line(&self, side: usize) -> &[f64] {
        &flat(&self.sides[side].bit_line)[..self.geometry.slices()]
    }

    /// Capacitance-weighted mean of the selected columns' MAC capacitor voltages in volts after this
    /// cycle, one per slice. Side 0 is P, 1 is N.
    pub fn mac_mean(&mut self, side: usize) -> &[f64] {
        self.mac_means()[side]
    }

    /// The same of both sides.
    pub fn mac_means(&mut self) -> [&[f64]; 2] {
        take_means(self);
        [0, 1].map(|side| &flat(&self.means[side])[..self.geometry.slices()])
    }

    /// Violations so far.
    pub fn violations(&self) -> &Violations {
        &self.violations
    }

    /// Violations since they were last taken.
    pub fn take_violations(&mut self) -> Violations {
        std::mem::take(&mut self.violations)
    }

    /// Phase-clock cycles since the plant was made.
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    /// The 6T cell of a physical row and a column.
    pub fn cell(&self, row: usize, column: usize) -> bool {
        self.array.get(row, column)
    }

    /// Stores a bit without an access.
    pub fn set_cell(&mut self, row: usize, column: usize, value: bool) {
        let value = self.faults.stuck(row, column).unwrap_or(value);
        if self.array.set(row, column, value) {
            let site = self.array.site(row, column);
            let column = &self.columns[site.group][site.position];
            self.splits.cell_changed(site, value, column, &self.physics);
        }
    }

    /// Errors planted on purpose.
    pub fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }
}

dispatch! {
    /// One phase-clock cycle.
    fn cycle(plant: &mut Plant, pins: &Pins, response: &mut Response) = Plant::cycle_with;
}

dispatch! {
    /// Mean voltages of the MAC capacitors.
    fn take_means(plant: &mut Plant) = Plant::take_means_with;
}

impl Plant {
    #[inline(always)]
    fn take_means_with(&mut self) {
        for (nodes, means) in self.sides.iter_mut().zip(&mut self.means) {
            let position = nodes.position;
            for (g, mean) in means.iter_mut().enumerate() {
                *mean = nodes.mac_mean(g, &self.columns[g][position]);
            }
        }
    }

    /// One phase-clock cycle; everything that loops over slices is inlined into it, so that it is
    /// compiled for the CPU's vectors.
    #[inline(always)]
    fn cycle_with(&mut self, pins: &Pins, response: &mut Response) {
        if self.faults.take_changed() {
            self.apply_faults();
        }
        self.violations.at_cycle(self.cycle);
        self.cycle += 1;
        let lines = WordLines::new(pins, self.geometry.mac_rows);
        let selection = match self.selection_pins.same(pins) {
            true => None,
            false => Some(Selection::new(pins, &self.geometry)),
        };
        let any = selection.as_ref().map_or(self.selected, Selection::any);
        let before = std::mem::replace(&mut self.phases, Phases::new(pins, lines.any(), any));
        self.check_pins(pins, lines);
        self.end_pulses(before, selection.as_ref());
        if let Some(selection) = selection {
            self.selection_pins = SelectionPins::new(pins);
            self.select(selection);
        }
        if self.selected || self.phases.any(control::STROBE | control::INJECT) {
            response.comparators = self.compute(before, pins, lines);
        }
        if !self.sram.idle(pins, lines) {
            response.read_data = self.access(pins, lines);
        }
    }

    /// Reports what the pins of this cycle must never do, whatever went before.
    #[inline(always)]
    fn check_pins(&mut self, pins: &Pins, lines: WordLines) {
        self.phases.check(&mut self.violations);
        if lines.any() && !lines.planes.is_power_of_two() {
            self.violations.report(Rule::TwoWordLines, Location::Row(lines.first_row()));
        }
        for g in 0..self.active.on.len() {
            let both = pins.inject_p[g] & pins.inject_n[g];
            if both != 0 {
                self.violations.report_slices(Rule::InjectBothSides, g, both);
            }
        }
    }

    /// One cycle of normal accesses; what the sense amplifiers show.
    fn access(&mut self, pins: &Pins, lines: WordLines) -> u32 {
        let (read_data, write) = self.sram.react(pins, lines, &self.array, &mut self.violations);
        if let Some(Write { lines, word, data }) = write {
            for row in lines.rows() {
                for (bit, column) in self.array.word_columns(word).enumerate() {
                    self.set_cell(row, column, data >> bit & 1 == 1);
                }
            }
        }
        read_data
    }
}

/// Drawn elements and planted errors.
impl Plant {
    fn draw_elements(&mut self) {
        let plan = Plan {
            geometry: &self.geometry,
            chip: &self.chip,
            physics: &self.physics,
            faults: &self.faults,
        };
        let groups = 0..self.active.on.len();
        self.columns = groups.clone().map(|g| Column::of_group(g, &plan)).collect();
        self.cisars = groups.map(|g| Cisar::new(g, &plan)).collect();
        self.comparator = Comparator::new(&plan);
        self.dacs.set_levels(&plan);
        self.splits = Splits::new(&self.geometry, &self.array, &self.columns, &self.physics);
    }

    fn apply_faults(&mut self) {
        self.sides.iter_mut().for_each(Side::capacitors_changed);
        self.draw_elements();
        for (side, nodes) in self.sides.iter().enumerate() {
            for (g, columns) in self.columns.iter().enumerate() {
                let droop = &columns[nodes.position].shared_droop;
                self.active.set_shared_droop(side, g, droop);
            }
        }
        self.inverted = [0; SLICE_WORDS];
        let planted: Vec<Fault> = self.faults.iter().collect();
        for fault in planted {
            match fault {
                Fault::StuckCell { row, column, value } => self.set_cell(row, column, value),
                Fault::ComparatorInverted { slice } => {
                    self.inverted[slice / 32] |= 1 << (slice % 32)
                }
                _ => {}
            }
        }
    }
}
