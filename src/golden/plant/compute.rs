//! The compute path of the plant: one cycle of every selected column.

use super::conversion::Conversion;
use super::lanes::Lanes;
use super::phases::{MULTIPLY, Phases};
use super::physics::{Physics, Push};
use super::rules::{Location, Rule};
use super::selection::{Selection, existing};
use super::side::{Firing, FiringNoise, OpenSplit};
use super::split::Split;
use super::sram::WordLines;
use super::{Fault, Plant};
use crate::config::PLANES;
use crate::golden::chip::CELLS;
use crate::golden::noise::Draw;
use crate::pins::{Pins, SLICE_WORDS, control};

/// Before the cycle proper: switches that opened, and the selection.
impl Plant {
    /// What happens when switches open. They opened as the last cycle ended, so the columns and
    /// slices of that cycle are concerned.
    #[inline(always)]
    pub(super) fn end_pulses(&mut self, before: Phases, selection: Option<&Selection>) {
        let ended = self.phases.ended_since(before);
        if ended.any(control::RESET) {
            let shift = u64::from(self.faults.has(Fault::NoiseOffByOne));
            self.conversion.reset_opens(shift);
            self.floating = true;
            self.reset_opens();
        }
        if ended.any(control::SAMPLE) {
            self.sample_opens();
        }
        if ended.any(MULTIPLY) {
            self.multiply_opens();
        }
        if ended.any(control::LATCH) || self.phases.any(control::RESET) {
            self.floating = false;
        }
        if ended.any(control::SHARE) {
            let [p, n] = &mut self.sides;
            p.disconnect();
            n.disconnect();
        }
        self.check_selection(ended, selection);
    }

    /// The reset switches push the bit lines and leave kT/C noise there.
    #[inline(always)]
    fn reset_opens(&mut self) {
        let push = self.physics.bit_line_push;
        if !(self.physics.ktc || push.is_some()) || !self.selected {
            return;
        }
        let Push { alpha, beta } = push.unwrap_or(Push::NONE);
        for (side, nodes) in self.sides.iter_mut().enumerate() {
            for (g, columns) in self.columns.iter().enumerate() {
                let normals = self.conversion.normals(Draw::Reset(side), g);
                let (on, sigma) = (&self.active.on[g].0, &columns[nodes.position].reset_sigma.0);
                let volts = Lanes::from_fn(|l| on[l] * (normals[l] * sigma[l] - alpha));
                nodes.push_bit_line(g, beta, &volts);
            }
        }
    }

    /// The sampling switches push all MAC capacitors. Their noise comes with MULTIPLY.
    #[inline(always)]
    fn sample_opens(&mut self) {
        let Some(Push { alpha, beta }) = self.physics.mac_push else { return };
        for nodes in &mut self.sides {
            for (g, on) in self.active.on.iter().enumerate() {
                nodes.push(g, beta, &Lanes::from_fn(|l| -alpha * on.0[l]));
            }
        }
    }

    /// The discharge switches push the capacitors behind a 0 and leave kT/C noise there.
    #[inline(always)]
    fn multiply_opens(&mut self) {
        let push = self.physics.mac_push;
        if !(self.physics.ktc || push.is_some()) {
            return;
        }
        let Push { alpha, beta } = push.unwrap_or(Push::NONE);
        for (side, nodes) in self.sides.iter_mut().enumerate() {
            for (g, on) in self.active.on.iter().enumerate() {
                let normals = self.conversion.normals(Draw::Multiply(side), g);
                let sigma = &nodes.split(g, &self.splits).discharged_sigma.0;
                let volts = Lanes::from_fn(|l| on.0[l] * (normals[l] * sigma[l] - alpha));
                nodes.kick(g, beta, &volts);
            }
        }
    }

    /// The selection must not change between SAMPLE and the end of sharing.
    #[inline(always)]
    fn check_selection(&mut self, ended: Phases, selection: Option<&Selection>) {
        if ended.any(control::SHARE) || self.phases.any(control::RESET) {
            self.sampled = false;
        }
        if let Some(selection) = selection.filter(|new| self.sampled && **new != self.selection) {
            let slice = selection.first_difference(&self.selection);
            let location = slice.map_or(Location::Everywhere, Location::Slice);
            self.violations.report(Rule::ColumnSwitchWhileConnected, location);
        }
        self.sampled |= self.phases.any(control::SAMPLE);
    }

    /// Follows a change of column, mode or active slices. What is not selected is held at V_low, so
    /// what gets selected starts from there.
    pub(super) fn select(&mut self, selection: Selection) {
        if selection == self.selection {
            return;
        }
        let before = std::mem::replace(&mut self.selection, selection);
        self.selected = selection.any();
        if before.active != selection.active {
            self.active.set(&selection.active, &self.physics);
        }
        let per_slice = self.geometry.columns_per_slice;
        for (side, nodes) in self.sides.iter_mut().enumerate() {
            let position = selection.position(side, per_slice);
            if position != nodes.position {
                nodes.switch_to(position);
            }
            for (g, columns) in self.columns.iter().enumerate() {
                self.active.set_shared_droop(side, g, &columns[position].shared_droop);
                let dropped = before.active[g] & !selection.active[g];
                if dropped != 0 && selection.active[g] == 0 {
                    nodes.clear_group(g);
                } else if dropped != 0 {
                    nodes.clear_lanes(g, dropped);
                }
            }
        }
    }
}

/// The cycle proper.
impl Plant {
    /// One cycle; the comparators' outputs.
    #[inline(always)]
    pub(super) fn compute(
        &mut self,
        before: Phases,
        pins: &Pins,
        lines: WordLines,
    ) -> [u32; SLICE_WORDS] {
        let began = self.phases.began_since(before);
        if began.any(control::INJECT) {
            self.conversion.injection_begins();
        }
        if self.selected {
            let fires = began.any(control::INJECT);
            match self.phases.any(control::SHARE) {
                true => self.share(pins, fires),
                false => self.float(pins, fires),
            }
            if self.phases.any(control::RESET) {
                let factor = self.physics.decay.reset;
                let [p, n] = &mut self.sides;
                p.reset(factor);
                n.reset(factor);
            }
            if self.phases.any(control::SAMPLE) {
                self.sample(pins);
            }
            if self.phases.any(MULTIPLY) {
                self.multiply(lines, began.any(MULTIPLY));
            }
        }
        if began.any(control::STROBE) {
            self.conversion.strobe_begins();
            self.check_settled(pins);
        }
        match self.phases.any(control::STROBE) {
            true => self.decide(),
            false => [0; SLICE_WORDS],
        }
    }

    /// Nodes that nothing holds droop; injection finds the bit line alone.
    #[inline(always)]
    fn float(&mut self, pins: &Pins, fires: bool) {
        // Row DACs hold the capacitors; those behind open word lines see to themselves.
        let mac_floats = !self.phases.any(control::SAMPLE | MULTIPLY);
        for (side, nodes) in self.sides.iter_mut().enumerate() {
            for (g, columns) in self.columns.iter().enumerate() {
                if self.floating {
                    let mac = mac_floats.then_some(&self.active.mac_droop[g]);
                    nodes.droop(g, &self.active.bit_line_droop[g], mac);
                }
                if fires {
                    let mask = injected(pins, side, g) & self.selection.active[g];
                    let strength = self.cisars[g].strength(side, pins.cells());
                    let mut firing = firing(&self.physics, pins, mask, strength);
                    let times = firings(pins);
                    for time in 0..times {
                        if time + 1 == times {
                            firing.noise = firing_noise(&self.physics, &self.conversion, pins, g);
                        }
                        nodes.fire_alone(g, &columns[nodes.position], &firing);
                    }
                }
            }
        }
    }

    /// One cycle with MAC capacitors and bit lines connected.
    #[inline(always)]
    fn share(&mut self, pins: &Pins, fires: bool) {
        for side in 0..2 {
            let nodes = &mut self.sides[side];
            if !nodes.connected() {
                nodes.connect(&self.columns);
            }
            let droop = match self.floating {
                true => &self.active.shared_droop[side],
                false => &self.active.no_droop,
            };
            if fires {
                nodes.settle(droop, 1.0);
                self.inject(pins, side);
            } else {
                nodes.settle(droop, self.physics.decay.share);
            }
        }
    }

    /// Fires a side's injection cells, once or twice, and lets the rest of the cycle settle.
    #[inline(always)]
    fn inject(&mut self, pins: &Pins, side: usize) {
        let nodes = &mut self.sides[side];
        let times = firings(pins);
        let decay = &self.physics.decay;
        let factor = if times == 2 { decay.half_share } else { decay.share };
        for time in 0..times {
            let lost = time == 1 && self.faults.has(Fault::InjectionDoubleFireLost);
            for (g, columns) in self.columns.iter().enumerate() {
                let fire = injected(pins, side, g) & self.selection.active[g];
                let strength = self.cisars[g].strength(side, pins.cells());
                let mut firing = firing(&self.physics, pins, if lost { 0 } else { fire }, strength);
                if time + 1 == times {
                    firing.noise = firing_noise(&self.physics, &self.conversion, pins, g);
                }
                nodes.fire(g, &columns[nodes.position], &firing, factor);
            }
            nodes.converge(factor);
        }
    }

    /// One cycle of the row DACs.
    #[inline(always)]
    fn sample(&mut self, pins: &Pins) {
        self.dacs.set(&pins.dac, pins.level());
        let factor = self.physics.decay.sample;
        for (nodes, dummy) in self.sides.iter_mut().zip([false, !self.selection.differential]) {
            nodes.drive(self.dacs.volts(dummy), &self.active.on, factor);
        }
    }

    /// One cycle with open word lines. In the first, the sampling switches' noise shows on what
    /// floats.
    #[inline(always)]
    fn multiply(&mut self, lines: WordLines, first: bool) {
        let noisy = first && self.physics.ktc;
        for side in 0..2 {
            for g in 0..self.columns.len() {
                self.open(side, g, lines);
                let nodes = &mut self.sides[side];
                let droop = match self.floating {
                    true => &self.active.mac_droop[g].0,
                    false => &self.active.no_droop[g].0,
                };
                let gain = if noisy {
                    let normals = self.conversion.normals(Draw::Sample(side), g);
                    let (on, sigma) =
                        (&self.active.on[g].0, &nodes.split(g, &self.splits).floating_sigma.0);
                    Lanes::from_fn(|l| normals[l] * on[l] * sigma[l] - droop[l])
                } else {
                    Lanes::from_fn(|l| -droop[l])
                };
                let plane = lines.only_plane(self.geometry.mac_rows);
                let floats = match plane {
                    Some(plane) => self.array.plane(g, plane, nodes.position),
                    None => &self.floats,
                };
                nodes.multiply(g, floats, &self.splits, &gain, self.physics.decay.multiply);
            }
        }
    }

    /// Which capacitors of a side the word lines discharge: those of open clusters with a 0 in any
    /// open cell.
    fn open(&mut self, side: usize, group: usize, lines: WordLines) {
        let nodes = &mut self.sides[side];
        if let Some(plane) = lines.only_plane(self.geometry.mac_rows) {
            return nodes.set_split(group, OpenSplit::Plane(plane));
        }
        self.floats.fill(u32::MAX);
        for row in lines.rows() {
            let (m, plane) = (row / PLANES, row % PLANES);
            self.floats[m] &= self.array.plane(group, plane, nodes.position)[m];
        }
        let column = &self.columns[group][nodes.position];
        let split = Split::by_mask(column, &self.floats, &self.physics);
        nodes.set_split(group, OpenSplit::Own(Box::new(split)));
    }

    /// At the end of a strobe's first cycle, the first in which the comparator decides, both sides
    /// must be close to where they settle.
    #[inline(always)]
    fn check_settled(&mut self, pins: &Pins) {
        let limit = self.physics.settled_within[pins.range_log2() as usize];
        for nodes in self.sides.iter().filter(|nodes| nodes.connected()) {
            for g in 0..self.columns.len() {
                let early = nodes.unsettled(g, limit) & self.selection.active[g];
                if early != 0 {
                    self.violations.report_slices(Rule::StrobeBeforeSettled, g, early);
                }
            }
        }
    }

    /// The comparators' decisions; those of inactive slices compare V_low with V_low.
    #[inline(always)]
    fn decide(&self) -> [u32; SLICE_WORDS] {
        let mut decisions = [0; SLICE_WORDS];
        let draw = Draw::Decision(self.conversion.decision());
        for (g, cisar) in self.cisars.iter().enumerate() {
            let bit_lines = [0, 1].map(|side| &self.sides[side].bit_line[g]);
            let normals = self.conversion.normals(draw, g);
            let [mut ones, unfinished] = cisar.decide(bit_lines, normals, &self.comparator);
            let existing = existing(self.geometry.slices(), g);
            let unfinished = unfinished & existing;
            if unfinished != 0 {
                ones = ones & !unfinished | self.conversion.coins(g, unfinished);
            }
            decisions[g] = (ones ^ self.inverted[g]) & existing;
        }
        decisions
    }
}

/// Slices of a group whose cells are to fire on a side.
#[inline(always)]
fn injected(pins: &Pins, side: usize, group: usize) -> u32 {
    [pins.inject_p, pins.inject_n][side][group]
}

/// How often the cells fire in an INJECT pulse.
#[inline(always)]
fn firings(pins: &Pins) -> usize {
    if pins.is(control::INJECT_TWICE) { 2 } else { 1 }
}

/// Cells of strength `strength` firing in the slices of `mask`.
#[inline(always)]
fn firing<'a>(physics: &Physics, pins: &Pins, mask: u32, strength: &'a Lanes) -> Firing<'a> {
    Firing {
        mask,
        strength,
        charge: physics.injection_strength / f64::from(1 << pins.range_log2()),
        lambda: physics.lambda,
        v_cm: physics.v_cm,
        noise: None,
    }
}

/// Noise of all firings of the present INJECT pulse together, if there is any.
#[inline(always)]
fn firing_noise<'a>(
    physics: &Physics,
    conversion: &'a Conversion,
    pins: &Pins,
    group: usize,
) -> Option<FiringNoise<'a>> {
    let sigmas = physics.injection_sigmas.as_ref()?;
    let normals = conversion.normals(Draw::Injection(conversion.injection()), group);
    Some(FiringNoise { normals, sigma: sigmas[firings(pins) * pins.cells().min(CELLS)] })
}
