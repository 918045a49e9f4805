//! The MAC capacitors of one side, for the slices of a group.
//!
//! Every capacitor has a voltage of its own, but most of what happens to them happens to all alike:
//! reset, droop and the settling of a connected column move them towards a common value. So
//! capacitor m is kept as `base + scale own[m]`, in volts above V_low, and only what treats rows
//! differently changes `own`. There is a form for that too, as long as nothing is left from before:
//! row DACs drive a row to one voltage in all slices, and word lines then part the capacitors in two,
//! those behind a 0 and those behind a 1. Only the sum over the rows, once per conversion step, then
//! goes through all capacitors.

use super::column::{Capacitors, Column};
use super::lanes::{LANES, Lanes, selects};
use crate::simd::dispatch;

/// Distances below this many volts are no longer there. [C] Beside 1 V double precision loses what is
/// below 1e-16 V, so that nothing that is observed could change; and no number gets denormal (slow).
pub const NOTHING: f64 = 1e-30;

/// MAC capacitor voltages of one side of a group. Lanes of inactive slices are 0.
#[derive(Clone, Debug)]
pub struct MacNodes {
    base: Lanes,
    scale: f64,
    own: Own,
    /// `own[m]` in the form [`Own::Each`].
    each: Vec<Lanes>,
    /// What the row DACs drove last, in volts above V_low, per MAC row.
    targets: Vec<f64>,
    /// What the word lines opened last: per MAC row 1 where a capacitor floats, 0 where it is
    /// discharged.
    floats: Vec<u32>,
    /// `sum k_m own[m]` in the form [`Own::Each`], when known.
    moment: Option<Lanes>,
    /// Sum of the capacitors that the word lines discharge.
    discharged: Lanes,
    /// `sum k_m target[m]`, when known; what happens to all capacitors alike leaves it as it is.
    weight: Option<Lanes>,
    /// The same of the floating part of [`Own::Parted`].
    floating_weight: Option<Lanes>,
}

/// Form of the capacitors' own parts.
#[derive(Clone, Debug)]
enum Own {
    /// A number each.
    Each,
    /// `gain target[m]`.
    Driven { gain: Lanes },
    /// Of discharged and floating capacitors.
    Parted([Part; 2]),
}

/// `common + gain target[m]`.
#[derive(Clone, Copy, Debug)]
struct Part {
    common: Lanes,
    gain: Lanes,
}

impl MacNodes {
    /// All capacitors at V_low.
    pub fn new(rows: usize) -> Self {
        Self {
            base: Lanes::ZERO,
            scale: 0.0,
            own: Own::Each,
            each: vec![Lanes::ZERO; rows],
            targets: vec![0.0; rows],
            floats: vec![u32::MAX; rows],
            moment: None,
            discharged: Lanes::ZERO,
            weight: None,
            floating_weight: None,
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
        self.forget_weights();
    }

    /// Holds some slices at V_low.
    pub fn clear_lanes(&mut self, mask: u32) {
        self.write_out();
        self.each.iter_mut().for_each(|each| each.set(mask, 0.0));
    }

    /// Forgets what depends on the column's capacitors.
    pub fn capacitors_changed(&mut self) {
        self.moment = None;
        self.forget_weights();
        if matches!(self.own, Own::Parted(_)) && self.scale != 0.0 {
            self.write_out();
        }
    }

    #[inline(always)]
    fn forget_weights(&mut self) {
        self.weight = None;
        self.floating_weight = None;
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
        for base in &mut self.base.0 {
            *base *= factor;
        }
        self.converge(factor);
    }

    /// Takes `droop` volts off every capacitor.
    #[inline(always)]
    pub fn droop(&mut self, droop: &Lanes) {
        for (base, droop) in self.base.0.iter_mut().zip(&droop.0) {
            *base -= droop;
        }
    }

    /// Adds `beta` times its voltage above V_low and `volts` to every capacitor.
    #[inline(always)]
    pub fn push(&mut self, beta: f64, volts: &Lanes) {
        for (base, volts) in self.base.0.iter_mut().zip(&volts.0) {
            *base += beta * *base + volts;
        }
        self.scale += beta * self.scale;
    }

    /// One cycle of the row DACs: capacitor m moves towards `targets[m]` volts above V_low. `on` is
    /// 1 for active slices, else 0.
    #[inline(always)]
    pub fn drive(&mut self, targets: &[f64], on: &Lanes, factor: f64) {
        let mut gain = Lanes::from_fn(|l| on.0[l] * (1.0 - factor));
        let scale = self.scale * factor;
        if scale != 0.0 {
            // The same targets for another cycle only come closer; anything else is different for
            // every capacitor from now on.
            let Own::Driven { gain: before } = &self.own else {
                return self.recharge(targets, &gain, factor);
            };
            if self.targets != targets {
                return self.recharge(targets, &gain, factor);
            }
            gain = Lanes::from_fn(|l| gain.0[l] + scale * before.0[l]);
        }
        for base in &mut self.base.0 {
            *base *= factor;
        }
        self.scale = 1.0;
        self.targets.copy_from_slice(targets);
        self.own = Own::Driven { gain };
        self.forget_weights();
    }

    #[inline(never)]
    fn recharge(&mut self, targets: &[f64], gain: &Lanes, factor: f64) {
        self.write_out();
        recharge(&mut self.each, targets, gain, factor);
    }

    /// One cycle with open word lines: a capacitor whose mask has a 0 decays by `factor` towards
    /// V_low, one with a 1 floats, gaining `gain` volts. `sum` is that of the former.
    #[inline(always)]
    pub fn multiply(&mut self, floats: &[u32], sum: &Lanes, gain: &Lanes, factor: f64) {
        let [discharged, floating] = match &self.own {
            Own::Driven { gain } => {
                self.floating_weight = None;
                [Part { common: Lanes::ZERO, gain: *gain }; 2]
            }
            Own::Parted(parts) if self.floats == floats => *parts,
            _ => return self.multiply_each(floats, gain, factor),
        };
        let (base, scale) = (&self.base.0, self.scale);
        let floating = Part {
            common: Lanes::from_fn(|l| base[l] + scale * floating.common.0[l] + gain.0[l]),
            gain: Lanes::from_fn(|l| scale * floating.gain.0[l]),
        };
        let discharged = Part {
            common: Lanes::from_fn(|l| factor * (base[l] + scale * discharged.common.0[l])),
            gain: Lanes::from_fn(|l| factor * scale * discharged.gain.0[l]),
        };
        self.floats.copy_from_slice(floats);
        self.discharged = *sum;
        self.own_is(Own::Parted([discharged, floating]));
    }

    #[inline(never)]
    fn multiply_each(&mut self, floats: &[u32], gain: &Lanes, factor: f64) {
        self.write_out();
        self.floats.copy_from_slice(floats);
        open(&mut self.each, floats, gain, factor);
    }

    /// What the discharge switches do as they open, right after [`Self::multiply`]: `beta` times its
    /// voltage above V_low and `volts` on every discharged capacitor.
    #[inline(always)]
    pub fn kick(&mut self, beta: f64, volts: &Lanes) {
        if let Own::Parted([part, _]) = &mut self.own
            && self.scale == 1.0
        {
            let (base, common) = (&self.base.0, part.common);
            let pushed = |l: usize| beta * (base[l] + common.0[l]) + volts.0[l];
            part.common = Lanes::from_fn(|l| common.0[l] + pushed(l));
            part.gain = Lanes::from_fn(|l| part.gain.0[l] + beta * part.gain.0[l]);
        } else {
            self.kick_each(beta, volts);
        }
    }

    #[inline(never)]
    fn kick_each(&mut self, beta: f64, volts: &Lanes) {
        self.write_out();
        kick(&mut self.each, &self.floats, beta, volts);
    }

    /// Distance of the capacitances' weighted mean from the common part, in volts.
    #[inline(always)]
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

    /// `sum k_m own[m]`, over the rows in their order. Of what was driven the sum of the targets is
    /// taken only once, and the parting of the capacitors takes only one part's.
    #[inline(always)]
    fn moment(&mut self, column: &Column) -> Lanes {
        if self.scale == 0.0 {
            return Lanes::ZERO;
        }
        let capacitors = &column.capacitors;
        if let Own::Each = self.own {
            return *self
                .moment
                .get_or_insert_with(|| sum_of(|sum| weigh(sum, &self.each, capacitors)));
        }
        let targets = &self.targets;
        let weight = self
            .weight
            .get_or_insert_with(|| sum_of(|sum| weigh_targets(sum, targets, capacitors)));
        match &self.own {
            Own::Parted(parts) => {
                let floating = self.floating_weight.get_or_insert_with(|| {
                    sum_of(|sum| weigh_floating(sum, targets, &self.floats, capacitors))
                });
                parted_moment(parts, [weight, floating], [&column.mac_sum, &self.discharged])
            }
            Own::Driven { gain } => Lanes::from_fn(|l| gain.0[l] * weight.0[l]),
            Own::Each => unreachable!("returned above"),
        }
    }

    /// Writes every voltage out: base 0, scale 1, a number each. Not while connected, when the
    /// common part is elsewhere.
    #[inline(never)]
    fn write_out(&mut self) {
        match &self.own {
            Own::Each => {}
            Own::Driven { gain } => {
                let part = Part { common: Lanes::ZERO, gain: *gain };
                assign(&mut self.each, &self.targets, &self.floats, &[part; 2]);
            }
            Own::Parted(parts) => assign(&mut self.each, &self.targets, &self.floats, parts),
        }
        expand(&mut self.each, &self.base, self.scale);
        self.own_is(Own::Each);
    }

    /// Says that `own` is the voltage itself, in this form.
    #[inline(always)]
    fn own_is(&mut self, own: Own) {
        self.own = own;
        self.base = Lanes::ZERO;
        self.scale = 1.0;
        self.moment = None;
    }
}

/// Sum over the rows of two parts. Of all capacitors and of one part are known `weights`, all and
/// floating, and `sums`, all and discharged.
#[inline(always)]
fn parted_moment(
    [discharged, floating]: &[Part; 2],
    weights: [&Lanes; 2],
    sums: [&Lanes; 2],
) -> Lanes {
    let of = |part: &Part, capacitors: f64, weight: f64, l: usize| {
        part.common.0[l] * capacitors + part.gain.0[l] * weight
    };
    Lanes::from_fn(|l| {
        let (weight, sum) = (weights[1].0[l], sums[1].0[l]);
        of(discharged, sum, weights[0].0[l] - weight, l)
            + of(floating, sums[0].0[l] - sum, weight, l)
    })
}

/// What `add_up` writes.
#[inline(always)]
fn sum_of(add_up: impl FnOnce(&mut Lanes)) -> Lanes {
    let mut sum = Lanes::ZERO;
    add_up(&mut sum);
    sum
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
    /// `each[m] = base + scale each[m]`
    fn expand(each: &mut [Lanes], base: &Lanes, scale: f64) = expand_body;
}

#[inline(always)]
fn expand_body(each: &mut [Lanes], base: &Lanes, scale: f64) {
    let base = base.0;
    for each in each {
        rows_in_order();
        for l in 0..LANES {
            each.0[l] = base[l] + scale * each.0[l];
        }
    }
}

dispatch! {
    /// Writes out the capacitors of two parts.
    fn assign(each: &mut [Lanes], targets: &[f64], floats: &[u32], parts: &[Part; 2]) = assign_body;
}

#[inline(always)]
fn assign_body(each: &mut [Lanes], targets: &[f64], floats: &[u32], parts: &[Part; 2]) {
    for (each, (&target, &floats)) in each.iter_mut().zip(targets.iter().zip(floats)) {
        rows_in_order();
        for l in 0..LANES {
            let volts = |part: &Part| part.common.0[l] + part.gain.0[l] * target;
            let volts = [volts(&parts[0]), volts(&parts[1])];
            each.0[l] = if selects(floats, l) { volts[1] } else { volts[0] };
        }
    }
}

dispatch! {
    /// `each[m] = gain targets[m] + factor each[m]`
    fn recharge(each: &mut [Lanes], targets: &[f64], gain: &Lanes, factor: f64) = recharge_body;
}

#[inline(always)]
fn recharge_body(each: &mut [Lanes], targets: &[f64], gain: &Lanes, factor: f64) {
    let gain = gain.0;
    for (each, &target) in each.iter_mut().zip(targets) {
        rows_in_order();
        for l in 0..LANES {
            each.0[l] = gain[l] * target + factor * each.0[l];
        }
    }
}

dispatch! {
    /// Discharges the capacitors whose mask has a 0 by `factor`, adds `gain` to the others.
    fn open(each: &mut [Lanes], floats: &[u32], gain: &Lanes, factor: f64) = open_body;
}

#[inline(always)]
fn open_body(each: &mut [Lanes], floats: &[u32], gain: &Lanes, factor: f64) {
    let gain = gain.0;
    for (each, &floats) in each.iter_mut().zip(floats) {
        rows_in_order();
        for l in 0..LANES {
            let volts = [factor * each.0[l], each.0[l] + gain[l]];
            each.0[l] = if selects(floats, l) { volts[1] } else { volts[0] };
        }
    }
}

dispatch! {
    /// Adds `beta` times its voltage and `volts` to every capacitor whose mask has a 0.
    fn kick(each: &mut [Lanes], floats: &[u32], beta: f64, volts: &Lanes) = kick_body;
}

#[inline(always)]
fn kick_body(each: &mut [Lanes], floats: &[u32], beta: f64, volts: &Lanes) {
    let volts = volts.0;
    for (each, &floats) in each.iter_mut().zip(floats) {
        rows_in_order();
        for l in 0..LANES {
            let kicked = each.0[l] + (beta * each.0[l] + volts[l]);
            each.0[l] = if selects(floats, l) { each.0[l] } else { kicked };
        }
    }
}

dispatch! {
    /// Sum over the rows of capacitor times voltage.
    fn weigh(sum: &mut Lanes, each: &[Lanes], capacitors: &[Capacitors]) = weigh_body;
}

#[inline(always)]
fn weigh_body(sum: &mut Lanes, each: &[Lanes], capacitors: &[Capacitors]) {
    let mut total = [0.0; LANES];
    for (each, capacitor) in each.iter().zip(capacitors) {
        for l in 0..LANES {
            total[l] += capacitor.get(l) * each.0[l];
        }
    }
    sum.0 = total;
}

dispatch! {
    /// Sum over the rows of capacitor times target.
    fn weigh_targets(sum: &mut Lanes, targets: &[f64], capacitors: &[Capacitors])
        = weigh_targets_body;
}

#[inline(always)]
fn weigh_targets_body(sum: &mut Lanes, targets: &[f64], capacitors: &[Capacitors]) {
    let mut total = [0.0; LANES];
    for (&target, capacitor) in targets.iter().zip(capacitors) {
        for l in 0..LANES {
            total[l] += capacitor.get(l) * target;
        }
    }
    sum.0 = total;
}

dispatch! {
    /// The same over the rows of floating capacitors alone.
    fn weigh_floating(
        sum: &mut Lanes,
        targets: &[f64],
        floats: &[u32],
        capacitors: &[Capacitors],
    ) = weigh_floating_body;
}

#[inline(always)]
fn weigh_floating_body(
    sum: &mut Lanes,
    targets: &[f64],
    floats: &[u32],
    capacitors: &[Capacitors],
) {
    let mut total = [0.0; LANES];
    for ((&target, &floats), capacitor) in targets.iter().zip(floats).zip(capacitors) {
        for l in 0..LANES {
            let with = total[l] + capacitor.get(l) * target;
            total[l] = if selects(floats, l) { with } else { total[l] };
        }
    }
    sum.0 = total;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::random::Key;

    /// Sums over the rows are the same to the last bit on any CPU, in every form.
    #[test]
    fn vector_width_changes_nothing() {
        let key = Key::new([5, 6, 7, 8]);
        let random = |seed: u32| Lanes::from_fn(|l| key.normal(seed * 32 + l as u32));
        let capacitors: Vec<Capacitors> = (0..64).map(|m| Capacitors::test(&random(m))).collect();
        let targets: Vec<f64> = (0..64).map(|m| key.normal(9000 + m)).collect();
        let floats: Vec<u32> = (0..64).map(|m| key.bits(8000 + m)).collect();
        let parts = [200, 202].map(|i| Part { common: random(i), gain: random(i + 1) });
        let mut weights = [Lanes::ZERO; 4];
        let [all, narrow_all, floating, narrow_floating] = &mut weights;
        weigh_targets(all, &targets, &capacitors);
        weigh_targets_body(narrow_all, &targets, &capacitors);
        weigh_floating(floating, &targets, &floats, &capacitors);
        weigh_floating_body(narrow_floating, &targets, &floats, &capacitors);
        let mut sums = [Lanes::ZERO; 2];
        let [each, narrow_each] = &mut sums;
        let mut written = vec![Lanes::ZERO; 64];
        assign(&mut written, &targets, &floats, &parts);
        weigh(each, &written, &capacitors);
        weigh_body(narrow_each, &written, &capacitors);
        assert_eq!(all, narrow_all);
        assert_eq!(floating, narrow_floating);
        assert_eq!(each, narrow_each);
        // The same charge in both forms, but for rounding.
        let sum = |floating: u32, l: usize| -> f64 {
            let rows = floats.iter().zip(&capacitors);
            rows.filter(|(floats, _)| (*floats >> l & 1) | floating == 1)
                .map(|(_, c)| c.get(l))
                .sum()
        };
        let [all_sum, floating_sum] = [1, 0].map(|all| Lanes::from_fn(|l| sum(all, l)));
        let discharged = Lanes::from_fn(|l| all_sum.0[l] - floating_sum.0[l]);
        let parted = parted_moment(&parts, [all, floating], [&all_sum, &discharged]);
        for l in 0..LANES {
            assert!((parted.0[l] - each.0[l]).abs() < 1e-12 * 64.0 * 8192.0, "lane {l}");
        }
    }
}
