//! The MAC capacitors of one side, for the slices of a group.
//!
//! Every capacitor has a voltage of its own, but most of what happens to them happens to all alike:
//! reset, droop and the settling of a connected column move them towards a common value. So
//! capacitor m is kept as `base + scale (own[m] + kick[m])`, in volts above V_low, and only what
//! treats rows differently (row DACs, word lines) touches all of them. `kick` is the noise that the
//! discharge switches leave on the capacitors behind a 0 when they open: the same for all of these,
//! nothing for the others.

use super::column::Column;
use super::lanes::{LANES, Lanes, selects};
use super::split::Split;
use crate::simd::dispatch;

/// Distances below this many volts are no longer there: nothing that is observed could change.
pub const NOTHING: f64 = 1e-30;

/// MAC capacitor voltages of one side of a group. Lanes of inactive slices are 0.
#[derive(Clone, Debug)]
pub struct MacNodes {
    own: Vec<Lanes>,
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
            base: Lanes::ZERO,
            scale: 0.0,
            kick: None,
            unkicked: vec![u32::MAX; rows],
            moment,
        }
    }

    /// Part that all capacitors have in common, in volts above V_low.
    pub fn base(&self) -> &Lanes {
        &self.base
    }

    /// Moves all capacitors by the difference to a new common part.
    pub fn set_base(&mut self, base: Lanes) {
        self.base = base;
    }

    /// Holds all slices at V_low.
    pub fn clear(&mut self) {
        self.base = Lanes::ZERO;
        self.scale = 0.0;
        self.kick = None;
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
    pub fn converge(&mut self, factor: f64) {
        self.scale *= factor;
        if self.scale < NOTHING {
            self.scale = 0.0;
        }
    }

    /// Discharges all capacitors towards V_low by `factor`.
    pub fn decay(&mut self, factor: f64) {
        self.base.0.iter_mut().for_each(|base| *base *= factor);
        self.converge(factor);
    }

    /// Takes `droop` volts off every capacitor.
    pub fn droop(&mut self, droop: &Lanes) {
        for (base, droop) in self.base.0.iter_mut().zip(&droop.0) {
            *base -= droop;
        }
    }

    /// One cycle of the row DACs: capacitor m moves towards `targets[m]` volts above V_low. `on` is
    /// 1 for active slices, else 0.
    pub fn drive(&mut self, targets: &[f64], on: &Lanes, factor: f64) {
        if self.kick.is_some() && self.scale * factor != 0.0 {
            self.settle_form();
        }
        let gain = Lanes::from_fn(|l| on.0[l] * (1.0 - factor));
        let left = Lanes::from_fn(|l| self.base.0[l] * factor);
        if self.scale * factor == 0.0 {
            charge(&mut self.own, targets, &gain, &left);
        } else {
            recharge(&mut self.own, targets, &gain, &left, self.scale * factor);
        }
        self.own_form(None);
    }

    /// One cycle with open word lines: a capacitor whose mask has a 0 decays by `factor` towards
    /// V_low, one with a 1 floats, gaining `gain` volts.
    pub fn multiply(&mut self, column: &Column, floats: &[u32], gain: &Lanes, factor: f64) {
        if self.kick.is_some() {
            self.settle_form();
        }
        let floating = Lanes::from_fn(|l| self.base.0[l] + gain.0[l]);
        let discharged = Lanes::from_fn(|l| self.base.0[l] * factor);
        let scale = [self.scale * factor, self.scale];
        let mut moment = Lanes::ZERO;
        let capacitors = &column.capacitors;
        open(&mut self.own, floats, capacitors, &discharged, &floating, scale, &mut moment);
        self.own_form(Some(moment));
    }

    /// Noise of the discharge switches as they open, right after [`Self::multiply`].
    pub fn kick(&mut self, volts: Lanes, floats: &[u32], split: &Split) {
        if self.kick.is_some() || self.scale != 1.0 {
            self.settle_form();
        }
        self.kick = Some(Kick { volts, capacitance: split.discharged });
        self.unkicked.copy_from_slice(floats);
    }

    /// Distance of the capacitances' weighted mean from the common part, in volts.
    pub fn mean_distance(&mut self, column: &Column) -> Lanes {
        let moment = self.moment(column);
        let mean = |l: usize| self.scale * moment.0[l] / column.mac_sum.0[l].max(1.0);
        Lanes::from_fn(mean)
    }

    /// Charge on the MAC capacitors against V_low, in volts times `C_u / CAP_UNIT`.
    pub fn charge(&mut self, column: &Column) -> Lanes {
        let moment = self.moment(column);
        Lanes::from_fn(|l| column.mac_sum.0[l] * self.base.0[l] + self.scale * moment.0[l])
    }

    /// `sum k_m (own[m] + kick[m])`. The sum over the rows, in their order, is taken anew only after
    /// a capacitor changed on its own.
    fn moment(&mut self, column: &Column) -> Lanes {
        if self.scale == 0.0 {
            return Lanes::ZERO;
        }
        let mut moment = self.moment.unwrap_or_else(|| {
            let mut moment = Lanes::ZERO;
            weigh(&mut moment, &self.own, &column.capacitors);
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
    fn settle_form(&mut self) {
        let kick = self.kick.take().map_or(Lanes::ZERO, |kick| kick.volts);
        expand(&mut self.own, &self.base, self.scale, &kick, &self.unkicked);
        self.own_form(None);
    }

    /// Says that `own` holds the voltages themselves.
    fn own_form(&mut self, moment: Option<Lanes>) {
        self.base = Lanes::ZERO;
        self.scale = 1.0;
        self.kick = None;
        self.moment = moment;
    }
}

dispatch! {
    /// `own[m] = base + scale (own[m] + kick[m])`
    fn expand(own: &mut [Lanes], base: &Lanes, scale: f64, kick: &Lanes, unkicked: &[u32])
        = expand_body;
}

#[inline(always)]
fn expand_body(own: &mut [Lanes], base: &Lanes, scale: f64, kick: &Lanes, unkicked: &[u32]) {
    for (own, &unkicked) in own.iter_mut().zip(unkicked) {
        for l in 0..LANES {
            let kick = if selects(unkicked, l) { 0.0 } else { kick.0[l] };
            own.0[l] = base.0[l] + scale * (own.0[l] + kick);
        }
    }
}

dispatch! {
    /// `own[m] = left + gain targets[m]`
    fn charge(own: &mut [Lanes], targets: &[f64], gain: &Lanes, left: &Lanes) = charge_body;
}

#[inline(always)]
fn charge_body(own: &mut [Lanes], targets: &[f64], gain: &Lanes, left: &Lanes) {
    for (own, &target) in own.iter_mut().zip(targets) {
        for l in 0..LANES {
            own.0[l] = left.0[l] + gain.0[l] * target;
        }
    }
}

dispatch! {
    /// `own[m] = left + gain targets[m] + scale own[m]`
    fn recharge(own: &mut [Lanes], targets: &[f64], gain: &Lanes, left: &Lanes, scale: f64)
        = recharge_body;
}

#[inline(always)]
fn recharge_body(own: &mut [Lanes], targets: &[f64], gain: &Lanes, left: &Lanes, scale: f64) {
    for (own, &target) in own.iter_mut().zip(targets) {
        for l in 0..LANES {
            own.0[l] = left.0[l] + gain.0[l] * target + scale * own.0[l];
        }
    }
}

dispatch! {
    /// `own[m]` becomes `floating + scale[1] own[m]` or `discharged + scale[0] own[m]`, and `moment`
    /// the sum of the results, each times its capacitor.
    fn open(
        own: &mut [Lanes],
        floats: &[u32],
        capacitors: &[Lanes],
        discharged: &Lanes,
        floating: &Lanes,
        scale: [f64; 2],
        moment: &mut Lanes,
    ) = open_body;
}

#[inline(always)]
fn open_body(
    own: &mut [Lanes],
    floats: &[u32],
    capacitors: &[Lanes],
    discharged: &Lanes,
    floating: &Lanes,
    scale: [f64; 2],
    moment: &mut Lanes,
) {
    let mut sum = [0.0; LANES];
    for ((own, capacitor), &mask) in own.iter_mut().zip(capacitors).zip(floats) {
        for l in 0..LANES {
            let floats = selects(mask, l);
            let common = if floats { floating.0[l] } else { discharged.0[l] };
            let scale = if floats { scale[1] } else { scale[0] };
            let volts = common + scale * own.0[l];
            own.0[l] = volts;
            sum[l] += capacitor.0[l] * volts;
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
