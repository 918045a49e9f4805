//! One side of all slices' columns: bit line and MAC capacitors, apart or connected.

use super::column::Column;
use super::lanes::{LANES, Lanes, rare, selects};
use super::mac::{MacNodes, NOTHING};
use super::split::{Split, Splits};

/// A side's nodes. Bit lines are absolute voltages, MAC capacitors are above V_low. Inactive slices
/// rest at V_low.
#[derive(Clone, Debug)]
pub struct Side {
    v_low: f64,
    /// Column position in use, the dummy column being the last.
    pub position: usize,
    /// Bit lines in volts, per group.
    pub bit_line: Vec<Lanes>,
    /// Where connected nodes settle, in volts, per group.
    pub settled: Vec<Lanes>,
    mac: Vec<MacNodes>,
    /// MAC nodes' common part minus the bit line when they were connected.
    anchor: Vec<Lanes>,
    /// While connected: what is left of these distances, which shrink like all others.
    anchor_left: f64,
    connected: bool,
    /// How the word lines part the MAC capacitors, per group.
    opened: Vec<OpenSplit>,
}

/// Which split the word lines make.
#[derive(Clone, Debug)]
pub enum OpenSplit {
    /// That of a plane with all clusters selected.
    Plane(usize),
    /// One of its own.
    Own(Box<Split>),
}

impl OpenSplit {
    /// The split of a group's column position.
    #[inline(always)]
    fn split<'a>(&'a self, group: usize, splits: &'a Splits, position: usize) -> &'a Split {
        match self {
            Self::Plane(plane) => splits.get(group, *plane, position),
            Self::Own(split) => split,
        }
    }
}

/// Injection cells firing once, for one side of a group.
#[derive(Clone, Copy)]
pub struct Firing<'a> {
    /// Slices whose cells fire.
    pub mask: u32,
    /// Sum of the cells' strengths.
    pub strength: &'a Lanes,
    /// What a cell of strength 1 removes at `v_cm`, relative to a nominal cell at r = 1.
    pub charge: f64,
    pub lambda: f64,
    pub v_cm: f64,
    /// What is removed besides.
    pub noise: Option<FiringNoise<'a>>,
}

/// Noise of a firing's charge.
#[derive(Clone, Copy)]
pub struct FiringNoise<'a> {
    /// Unit normals.
    pub normals: &'a [f64; LANES],
    /// Their worth, relative to what a nominal cell removes at r = 1.
    pub sigma: f64,
}

impl Side {
    /// A side at rest.
    pub fn new(groups: usize, rows: usize, v_low: f64) -> Self {
        let rest = vec![Lanes::splat(v_low); groups];
        Self {
            v_low,
            position: 0,
            bit_line: rest.clone(),
            settled: rest,
            mac: vec![MacNodes::new(rows); groups],
            anchor: vec![Lanes::ZERO; groups],
            anchor_left: 0.0,
            connected: false,
            opened: vec![OpenSplit::Plane(0); groups],
        }
    }

    /// Uses another column; it has been held at V_low so far.
    pub fn switch_to(&mut self, position: usize) {
        self.position = position;
        self.bit_line.fill(Lanes::splat(self.v_low));
        self.settled.fill(Lanes::splat(self.v_low));
        self.mac.iter_mut().for_each(MacNodes::clear);
        self.connected = false;
    }

    /// Holds slices of a group at V_low.
    pub fn clear_lanes(&mut self, group: usize, mask: u32) {
        self.disconnect();
        self.bit_line[group].set(mask, self.v_low);
        self.settled[group].set(mask, self.v_low);
        self.mac[group].clear_lanes(mask);
    }

    /// Holds all slices of a group at V_low.
    pub fn clear_group(&mut self, group: usize) {
        self.disconnect();
        self.bit_line[group] = Lanes::splat(self.v_low);
        self.settled[group] = Lanes::splat(self.v_low);
        self.mac[group].clear();
    }

    /// Forgets what depends on the column's capacitors.
    pub fn capacitors_changed(&mut self) {
        self.disconnect();
        self.mac.iter_mut().for_each(MacNodes::capacitors_changed);
    }

    /// Whether MAC capacitors and bit line are connected.
    #[inline(always)]
    pub fn connected(&self) -> bool {
        self.connected
    }

    /// Closes the sharing switches: charge decides where the nodes will settle.
    #[inline(always)]
    pub fn connect(&mut self, columns: &[Vec<Column>]) {
        for (g, columns) in columns.iter().enumerate() {
            let column = &columns[self.position];
            let charge = self.mac[g].charge(column);
            let (v_low, base, bit_line) = (self.v_low, self.mac[g].base(), &self.bit_line[g].0);
            let (settled, anchor) = (&mut self.settled[g].0, &mut self.anchor[g].0);
            for l in 0..LANES {
                let bit_line = bit_line[l] - v_low;
                let total = charge.0[l] + column.parasitic.0[l] * bit_line;
                settled[l] = v_low + total * column.inverse_total.0[l];
                anchor[l] = base.0[l] - bit_line;
            }
        }
        self.anchor_left = 1.0;
        self.connected = true;
    }

    /// Opens the sharing switches: every node keeps the voltage it has reached.
    #[inline(always)]
    pub fn disconnect(&mut self) {
        if !self.connected {
            return;
        }
        for (g, mac) in self.mac.iter_mut().enumerate() {
            let bit_line = &self.bit_line[g].0;
            let anchor = |l: usize| self.anchor_left * self.anchor[g].0[l];
            mac.set_base(Lanes::from_fn(|l| bit_line[l] - self.v_low + anchor(l)));
        }
        self.connected = false;
    }

    /// One cycle connected, without injection.
    #[inline(always)]
    pub fn settle(&mut self, droop: &[Lanes], factor: f64) {
        for (g, droop) in droop.iter().enumerate() {
            settle(&mut self.bit_line[g], &mut self.settled[g], droop, factor);
        }
        self.converge(factor);
    }

    /// Fires injection cells into a group's connected nodes; its bit line then settles by `factor`.
    /// The MAC capacitors follow with [`Self::converge`].
    #[inline(always)]
    pub fn fire(&mut self, group: usize, column: &Column, firing: &Firing, factor: f64) {
        let step = &column.cell_step;
        fire(&mut self.bit_line[group], &mut self.settled[group], step, firing, factor);
    }

    /// Fires injection cells into the bit lines of a group whose MAC capacitors are not connected.
    #[inline(always)]
    pub fn fire_alone(&mut self, group: usize, column: &Column, firing: &Firing) {
        let mut settled = self.bit_line[group];
        fire(&mut self.bit_line[group], &mut settled, &column.cell_step_alone, firing, 0.0);
    }

    /// Connected MAC capacitors settle towards the bit line by `factor`.
    #[inline(always)]
    pub fn converge(&mut self, factor: f64) {
        self.anchor_left *= factor;
        if self.anchor_left < NOTHING {
            self.anchor_left = 0.0;
        }
        for mac in &mut self.mac {
            mac.converge(factor);
        }
    }

    /// One cycle of reset: every node decays towards V_low by `factor`.
    #[inline(always)]
    pub fn reset(&mut self, factor: f64) {
        for g in 0..self.mac.len() {
            decay(&mut self.bit_line[g], self.v_low, factor);
            decay(&mut self.settled[g], self.v_low, factor);
            self.mac[g].decay(factor);
        }
        self.anchor_left *= factor;
    }

    /// One cycle of the row DACs, see [`MacNodes::drive`]. `on` is 1 for active slices, per group.
    #[inline(always)]
    pub fn drive(&mut self, targets: &[f64], on: &[Lanes], factor: f64) {
        self.disconnect();
        for (mac, on) in self.mac.iter_mut().zip(on) {
            mac.drive(targets, on, factor);
        }
    }

    /// Says how the word lines of a group part its capacitors.
    pub fn set_split(&mut self, group: usize, split: OpenSplit) {
        self.opened[group] = split;
    }

    /// One cycle of a group with open word lines, see [`MacNodes::multiply`].
    #[inline(always)]
    pub fn multiply(
        &mut self,
        group: usize,
        floats: &[u32],
        splits: &Splits,
        gain: &Lanes,
        factor: f64,
    ) {
        self.disconnect();
        let split = self.opened[group].split(group, splits, self.position);
        self.mac[group].multiply(floats, &split.discharged, gain, factor);
    }

    /// How the word lines of a group split the capacitors.
    #[inline(always)]
    pub fn split<'a>(&'a self, group: usize, splits: &'a Splits) -> &'a Split {
        self.opened[group].split(group, splits, self.position)
    }

    /// What the sampling switches of a group do as they open, see [`MacNodes::push`].
    #[inline(always)]
    pub fn push(&mut self, group: usize, beta: f64, volts: &Lanes) {
        self.disconnect();
        self.mac[group].push(beta, volts);
    }

    /// What the discharge switches of a group do as they open, see [`MacNodes::kick`].
    #[inline(always)]
    pub fn kick(&mut self, group: usize, beta: f64, volts: &Lanes) {
        self.disconnect();
        self.mac[group].kick(beta, volts);
    }

    /// Adds `beta` times its voltage above V_low and `volts` to the bit lines of a group.
    #[inline(always)]
    pub fn push_bit_line(&mut self, group: usize, beta: f64, volts: &Lanes) {
        self.disconnect();
        let v_low = self.v_low;
        for (bit_line, volts) in self.bit_line[group].0.iter_mut().zip(&volts.0) {
            *bit_line += beta * (*bit_line - v_low) + volts;
        }
    }

    /// The floating nodes of a group droop by so many volts.
    #[inline(always)]
    pub fn droop(&mut self, group: usize, bit_line: &Lanes, mac: Option<&Lanes>) {
        for (volts, droop) in self.bit_line[group].0.iter_mut().zip(&bit_line.0) {
            *volts -= droop;
        }
        if let Some(mac) = mac {
            self.mac[group].droop(mac);
        }
    }

    /// Capacitance-weighted mean of a group's MAC capacitor voltages, in volts.
    #[inline(always)]
    pub fn mac_mean(&mut self, group: usize, column: &Column) -> Lanes {
        let distance = self.mac[group].mean_distance(column);
        let base = self.mac[group].base();
        let common = |l: usize| match self.connected {
            true => self.bit_line[group].0[l] + self.anchor_left * self.anchor[group].0[l],
            false => self.v_low + base.0[l],
        };
        Lanes::from_fn(|l| common(l) + distance.0[l])
    }

    /// Slices of a group whose bit line is further than `limit` volts from where it will settle.
    #[inline(always)]
    pub fn unsettled(&self, group: usize, limit: f64) -> u32 {
        let (bit_line, settled) = (&self.bit_line[group].0, &self.settled[group].0);
        rare(|l| (bit_line[l] - settled[l]).abs() > limit)
    }
}

/// Both nodes droop, then the bit line moves towards its settled value.
#[inline(always)]
fn settle(bit_line: &mut Lanes, settled: &mut Lanes, droop: &Lanes, factor: f64) {
    for l in 0..LANES {
        let target = settled.0[l] - droop.0[l];
        let distance = bit_line.0[l] - droop.0[l] - target;
        settled.0[l] = target;
        bit_line.0[l] = target + factor * distance;
    }
}

/// Cells that fire lower the settled value; the bit line itself then moves towards it.
#[inline(always)]
fn fire(bit_line: &mut Lanes, settled: &mut Lanes, step: &Lanes, firing: &Firing, factor: f64) {
    match firing.noise {
        None => fire_with(|_| 0.0, bit_line, settled, step, firing, factor),
        Some(FiringNoise { normals, sigma }) => {
            let noise = |l: usize| sigma * step.0[l] * normals[l];
            fire_with(noise, bit_line, settled, step, firing, factor);
        }
    }
}

#[inline(always)]
fn fire_with(
    noise: impl Fn(usize) -> f64,
    bit_line: &mut Lanes,
    settled: &mut Lanes,
    step: &Lanes,
    firing: &Firing,
    factor: f64,
) {
    for l in 0..LANES {
        let volts = bit_line.0[l];
        let impedance = 1.0 + firing.lambda * (volts - firing.v_cm);
        let removed = firing.charge * step.0[l] * firing.strength.0[l] * impedance + noise(l);
        let target = settled.0[l] - if selects(firing.mask, l) { removed } else { 0.0 };
        settled.0[l] = target;
        bit_line.0[l] = target + factor * (volts - target);
    }
}

/// Moves `volts` towards `rest`.
#[inline(always)]
fn decay(volts: &mut Lanes, rest: f64, factor: f64) {
    for l in 0..LANES {
        volts.0[l] = rest + factor * (volts.0[l] - rest);
    }
}
