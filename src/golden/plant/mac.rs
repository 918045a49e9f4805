//! The MAC capacitors of one side, for the slices of a group.
//!
//! Every capacitor has a voltage of its own, but most of what happens to them happens to all alike:
//! reset, droop and the settling of a connected column move them towards a common value. So
//! capacitor m is kept as `base + scale (own[m] + kick[m])`, in volts above V_low, and only what
//! treats rows differently (row DACs, word lines) touches all of them. Row DACs drive a row's
//! capacitors to one voltage in all slices, so until a word line opens `own[m]` is `gain target[m]`
//! and need not be written out. `kick` is the noise that the discharge switches leave on the
//! capacitors behind a 0 when they open: the same for all of these, nothing for the others.

use super::column::Column;
use super::lanes::{LANES, Lanes, selects};
use crate::simd::dispatch;

/// Distances below this many volts are no longer there: nothing that is observed could change.
pub const NOTHING: f64 = 1e-30;

/// MAC capacitor voltages of one side of a group. Lanes of inactive slices are 0.
#[derive(Clone, Debug)]
pub struct MacNodes {
    own: Vec<Lanes>,
    /// While `own[m]` is `gain target[m]`: the gain.
    driven: Option<Lanes>,
    /// What the row DACs drove last, in volts above V_low.
    targets: Vec<f64>,
    base: Lanes,
    scale: f64,
    kick: Option<Kick>,
    /// Per MAC row, 0 where a capacitor gets the kick.
    unkicked: Vec<u32>,
    /// `sum k_m own[m]`, when known.
    moment: Option<Lanes>,
}

/// Noise left by the discharge switches of a plane.
#[derive(Clone, Debug)]
struct Kick {
    volts: Lanes,
    /// Sum of the capacitors that get it, in `C_u / CAP_UNIT`.
    capacitance: Lanes,
}

impl MacNodes {
    /// All capacitors at V_low.
    pub fn new(rows: usize) -> Self {
        let moment = Some(Lanes::ZERO);
        Self {
            own: vec![Lanes::ZERO; rows],
            driven: None,
            targets: vec![0.0; rows],
            base: Lanes::ZERO,
            scale: 0.0,
            kick: None,
            unkicked: vec![u32::MAX; rows],
            moment,
        }
    }

    /// Part that all capacitors have in common, in volts above V_low.
    #[inline(always)]
    pub fn base(&self) -> &Lanes {
        &self.base
    }

    /// Moves all capacitors by the difference to a new common part.
    #[inline(always)]
    pub fn set_base(&mut self, base: Lanes) {
        self.base = base;
    }

    /// Holds all slices at V_low.
    pub fn clear(&mut self) {
        self.base = Lanes::ZERO;
        self.scale = 0.0;
        self.kick = None;
        self.driven = None;
        self.moment = Some(Lanes::ZERO);
    }

    /// Holds some slices at V_low.
    pub fn clear_lanes(&mut self, mask: u32) {
        self.settle_form();
        self.own.iter_mut().for_each(|own| own.set(mask, 0.0));
        self.moment = None;
    }

    /// Forgets what depends on the column's capacitors.
    pub fn capacitors_changed(&mut self) {
        self.settle_form();
    }

    /// Distances from the common part shrink by `factor`; the common part stays.
    #[inline(always)]
    pub fn converge(&mut self, factor: f64) {
        self.scale *= factor;
        if self.scale < NOTHING {
            self.scale = 0.0;
        }
    }

    /// Discharges all capacitors towards V_low by `factor`.
    #[inline(always)]
    pub fn decay(&mut self, factor: f64) {
        self.base.0.iter_mut().for_each(|base| *base *= factor);
        self.converge(factor);
    }

    /// Takes `droop` volts off every capacitor.
    #[inline(always)]
    pub fn droop(&mut self, droop: &Lanes) {
        for (base, droop) in self.base.0.iter_mut().zip(&droop.0) {
            *base -= droop;
        }
    }

    /// One cycle of the row DACs: capacitor m moves towards `targets[m]` volts above V_low. `on` is
    /// 1 for active slices, else 0.
    #[inline(always)]
    pub fn drive(&mut self, targets: &[f64], on: &Lanes, factor: f64) {
        let scale = self.scale * factor;
        let mut gain = Lanes::from_fn(|l| on.0[l] * (1.0 - factor));
        let left = Lanes::from_fn(|l| self.base.0[l] * factor);
        let again = self.driven.filter(|_| self.kick.is_none() && self.targets == targets);
        if let (Some(before), true) = (again, scale != 0.0) {
            // The same targets for another cycle: just closer.
            gain = Lanes::from_fn(|l| gain.0[l] + scale * before.0[l]);
        } else if scale != 0.0 {
            self.settle_form();
            recharge(&mut self.own, targets, &gain, factor);
            return self.own_form(None);
        }
        self.targets.copy_from_slice(targets);
        self.own_form(None);
        self.base = left;
        self.driven = Some(gain);
    }

    /// One cycle with open word lines: a capacitor whose mask has a 0 decays by `factor` towards
    /// V_low, one with a 1 floats, gaining `gain` volts.
    #[inline(always)]
    pub fn multiply(&mut self, column: &Column, floats: &[u32], gain: &Lanes, factor: f64) {
        if self.kick.is_some() {
            self.settle_form();
        }
        let floating = Lanes::from_fn(|l| self.base.0[l] + gain.0[l]);
        let discharged = Lanes::from_fn(|l| self.base.0[l] * factor);
        let parts = Parts {
            floats,
            common: [&discharged, &floating],
            scale: [self.scale * factor, self.scale],
        };
        let mut moment = Lanes::ZERO;
        match self.driven {
            Some(gain) => {
                open_driven(
                    &mut self.own,
                    &self.targets,
                    &gain,
                    &column.capacitors,
                    &parts,
                    &mut moment,
                );
            }
            None => open(&mut self.own, &column.capacitors, &parts, &mut moment),
        }
        self.own_form(Some(moment));
    }

    /// Noise of the discharge switches as they open: `volts` on the capacitors whose mask has a 0;
    /// `capacitance` is the sum of these.
    #[inline(always)]
    pub fn kick(&mut self, volts: Lanes, capacitance: Lanes, floats: &[u32]) {
        if self.kick.is_some() || self.scale != 1.0 {
            self.settle_form();
        }
        self.kick = Some(Kick { volts, capacitance });
        self.unkicked.copy_from_slice(floats);
    }

    /// Distance of the capacitances' weighted mean from the common part, in volts.
    pub fn mean_distance(&mut self, column: &Column) -> Lanes {
        let moment = self.moment(column);
        let mean = |l: usize| self.scale * moment.0[l] / column.mac_sum.0[l].max(1.0);
        Lanes::from_fn(mean)
    }

    /// Charge on the MAC capacitors against V_low, in volts times `C_u / CAP_UNIT`.
    #[inline(always)]
    pub fn charge(&mut self, column: &Column) -> Lanes {
        let moment = self.moment(column);
        Lanes::from_fn(|l| column.mac_sum.0[l] * self.base.0[l] + self.scale * moment.0[l])
    }

    /// `sum k_m (own[m] + kick[m])`. The sum over the rows, in their order, is taken anew only after
    /// a capacitor changed on its own.
    #[inline(always)]
    fn moment(&mut self, column: &Column) -> Lanes {
        if self.scale == 0.0 {
            return Lanes::ZERO;
        }
        let mut moment = self.moment.unwrap_or_else(|| {
            let mut moment = Lanes::ZERO;
            match &self.driven {
                Some(gain) => weigh_driven(&mut moment, &self.targets, gain, &column.capacitors),
                None => weigh(&mut moment, &self.own, &column.capacitors),
            }
            moment
        });
        self.moment = Some(moment);
        if let Some(kick) = &self.kick {
            for l in 0..LANES {
                moment.0[l] += kick.capacitance.0[l] * kick.volts.0[l];
            }
        }
        moment
    }

    /// Brings the voltages into the form base 0, scale 1, no kick. Not while connected, when the
    /// common part is elsewhere.
    #[inline(never)]
    fn settle_form(&mut self) {
        if let Some(gain) = &self.driven {
            write_out(&mut self.own, &self.targets, gain);
        }
        let kick = self.kick.take().map_or(Lanes::ZERO, |kick| kick.volts);
        expand(&mut self.own, &self.base, self.scale, &kick, &self.unkicked);
        self.own_form(None);
    }

    /// Says that `own` holds the voltages themselves.
    #[inline(always)]
    fn own_form(&mut self, moment: Option<Lanes>) {
        self.base = Lanes::ZERO;
        self.scale = 1.0;
        self.kick = None;
        self.driven = None;
        self.moment = moment;
    }
}

/// What open word lines do to the two parts of a column.
struct Parts<'a> {
    /// Per MAC row, 1 for slices whose capacitor floats, 0 where it is discharged.
    floats: &'a [u32],
    /// New common part of discharged and floating capacitors.
    common: [&'a Lanes; 2],
    /// Factor of the own part of discharged and floating capacitors.
    scale: [f64; 2],
}

// The loops below go over slices inside and over rows outside. Those that sum over the rows can not
// be vectorized any other way; the others tell the compiler with `rows_in_order`, or else it
// transposes them.

/// Keeps the compiler from vectorizing a loop over rows instead of the slices of a row.
#[inline(always)]
fn rows_in_order() {
    std::hint::black_box(());
}

dispatch! {
    /// `own[m] = base + scale (own[m] + kick[m])`
    fn expand(own: &mut [Lanes], base: &Lanes, scale: f64, kick: &Lanes, unkicked: &[u32])
        = expand_body;
}

#[inline(always)]
fn expand_body(own: &mut [Lanes], base: &Lanes, scale: f64, kick: &Lanes, unkicked: &[u32]) {
    let (base, kick) = (base.0, kick.0);
    for (own, &unkicked) in own.iter_mut().zip(unkicked) {
        rows_in_order();
        for l in 0..LANES {
            let kicked = own.0[l] + kick[l];
            let volts = if selects(unkicked, l) { own.0[l] } else { kicked };
            own.0[l] = base[l] + scale * volts;
        }
    }
}

dispatch! {
    /// `own[m] = gain targets[m]`
    fn write_out(own: &mut [Lanes], targets: &[f64], gain: &Lanes) = write_out_body;
}

#[inline(always)]
fn write_out_body(own: &mut [Lanes], targets: &[f64], gain: &Lanes) {
    let gain = gain.0;
    for (own, &target) in own.iter_mut().zip(targets) {
        rows_in_order();
        for l in 0..LANES {
            own.0[l] = gain[l] * target;
        }
    }
}

dispatch! {
    /// `own[m] = gain targets[m] + factor own[m]`
    fn recharge(own: &mut [Lanes], targets: &[f64], gain: &Lanes, factor: f64) = recharge_body;
}

#[inline(always)]
fn recharge_body(own: &mut [Lanes], targets: &[f64], gain: &Lanes, factor: f64) {
    let gain = gain.0;
    for (own, &target) in own.iter_mut().zip(targets) {
        rows_in_order();
        for l in 0..LANES {
            own.0[l] = gain[l] * target + factor * own.0[l];
        }
    }
}

dispatch! {
    /// Applies the word lines; `moment` is the sum of the results, each times its capacitor.
    fn open(own: &mut [Lanes], capacitors: &[Lanes], parts: &Parts, moment: &mut Lanes) = open_body;
}

#[inline(always)]
fn open_body(own: &mut [Lanes], capacitors: &[Lanes], parts: &Parts, moment: &mut Lanes) {
    let [discharged, floating] = parts.common.map(|common| common.0);
    let mut sum = [0.0; LANES];
    for ((own, capacitor), &floats) in own.iter_mut().zip(capacitors).zip(parts.floats) {
        for l in 0..LANES {
            let volts = [
                discharged[l] + parts.scale[0] * own.0[l],
                floating[l] + parts.scale[1] * own.0[l],
            ];
            own.0[l] = if selects(floats, l) { volts[1] } else { volts[0] };
            sum[l] += capacitor.0[l] * own.0[l];
        }
    }
    moment.0 = sum;
}

dispatch! {
    /// The same for capacitors that are still as the row DACs left them.
    fn open_driven(
        own: &mut [Lanes],
        targets: &[f64],
        gain: &Lanes,
        capacitors: &[Lanes],
        parts: &Parts,
        moment: &mut Lanes,
    ) = open_driven_body;
}

#[inline(always)]
fn open_driven_body(
    own: &mut [Lanes],
    targets: &[f64],
    gain: &Lanes,
    capacitors: &[Lanes],
    parts: &Parts,
    moment: &mut Lanes,
) {
    let [discharged, floating] = parts.common.map(|common| common.0);
    let gains = parts.scale.map(|scale| gain.0.map(|gain| scale * gain));
    let mut sum = [0.0; LANES];
    let rows = own.iter_mut().zip(capacitors).zip(parts.floats.iter().zip(targets));
    for ((own, capacitor), (&floats, &target)) in rows {
        for l in 0..LANES {
            let volts = [discharged[l] + gains[0][l] * target, floating[l] + gains[1][l] * target];
            own.0[l] = if selects(floats, l) { volts[1] } else { volts[0] };
            sum[l] += capacitor.0[l] * own.0[l];
        }
    }
    moment.0 = sum;
}

dispatch! {
    /// Sum over the rows of capacitor times voltage.
    fn weigh(sum: &mut Lanes, own: &[Lanes], capacitors: &[Lanes]) = weigh_body;
}

#[inline(always)]
fn weigh_body(sum: &mut Lanes, own: &[Lanes], capacitors: &[Lanes]) {
    let mut total = [0.0; LANES];
    for (own, capacitor) in own.iter().zip(capacitors) {
        for l in 0..LANES {
            total[l] += capacitor.0[l] * own.0[l];
        }
    }
    sum.0 = total;
}

dispatch! {
    /// The same for `own[m] = gain targets[m]`.
    fn weigh_driven(sum: &mut Lanes, targets: &[f64], gain: &Lanes, capacitors: &[Lanes])
        = weigh_driven_body;
}

#[inline(always)]
fn weigh_driven_body(sum: &mut Lanes, targets: &[f64], gain: &Lanes, capacitors: &[Lanes]) {
    let mut total = [0.0; LANES];
    for (&target, capacitor) in targets.iter().zip(capacitors) {
        for l in 0..LANES {
            total[l] += capacitor.0[l] * target;
        }
    }
    for l in 0..LANES {
        sum.0[l] = gain.0[l] * total[l];
    }
}
