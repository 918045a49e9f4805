//! A conversion step, some slices after the others, each from RESET to the last decision with its
//! voltages in registers.

use std::ops::Range;

use super::array::Array;
use super::conversion::{Carried, Conversion};
use super::nodes::{Nodes, Place, Record};
use super::sampling::{self, ERROR_STEP, Mac};
use super::sar::{self, Fire, INJECTIONS, Side, Target};
use super::timeline::Phase;
use super::weights::{self, Stored, Weights};
use crate::golden::noise::{Draw, NoiseFrame};
use crate::golden::simd::{Double, Int, Kernel, Simd};

/// Voltages and decisions of a whole step.
pub(super) struct Whole<'a, R> {
    pub conversion: &'a mut Conversion,
    pub carried: &'a Carried,
    pub array: &'a Array,
    pub noise: &'a NoiseFrame,
    pub record: &'a mut R,
}

/// The binary search from decision k on, which stands.
pub(super) struct Resume<'a> {
    pub conversion: &'a mut Conversion,
    pub nodes: &'a mut Nodes,
    pub k: usize,
    pub array: &'a Array,
    pub noise: &'a NoiseFrame,
}

/// LATCH of a side, and what it leaves to the next step.
pub(super) struct Finish<'a, R> {
    pub conversion: &'a mut Conversion,
    pub side: usize,
    pub array: &'a Array,
    pub record: &'a mut R,
}

/// Sides of a vector of slices, what their injections act on, and where they discharge next: 1 or 0.
#[derive(Clone, Copy)]
pub(super) struct Slices<D> {
    /// First slice.
    pub at: usize,
    pub sides: [Side<D>; 2],
    pub targets: [Target<D>; 2],
    pub gates: [D; 2],
}

impl<R: Record> Kernel for Whole<'_, R> {
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let Range { start: mut at, end } = self.conversion.span.clone();
        // Two vectors at a time, if registers hold them: every decision waits for the one before, but
        // not for that of other slices.
        while S::MANY_REGISTERS && at + S::LANES < end {
            let both = [self.connected(simd, at), self.connected(simd, at + S::LANES)];
            self.search(simd, both);
            at += 2 * S::LANES;
        }
        while at < end {
            let one = [self.connected(simd, at)];
            self.search(simd, one);
            at += S::LANES;
        }
    }
}

impl<R: Record> Whole<'_, R> {
    /// Slices from `at` on after their first decision.
    #[inline(always)]
    fn connected<S: Simd>(&mut self, simd: S, at: usize) -> Slices<S::Double> {
        let [p, n] = driven(simd, at, self.conversion, self.carried, self.array);
        let p = self.connect(Place { simd, side: 0, at }, p);
        let n = self.connect(Place { simd, side: 1, at }, n);
        let targets = targets(simd, at, self.conversion, self.array);
        let gates = [simd.splat_f64(0.0); 2];
        let mut slices = Slices { at, sides: [p, n], targets, gates };
        decide(simd, 0, self.conversion, self.noise, &mut slices, self.record);
        slices
    }

    /// Everything of a side up to the end of the first strobe.
    #[inline(always)]
    fn connect<S: Simd>(&mut self, place: Place<S>, driven: [S::Double; 2]) -> Side<S::Double> {
        let Place { simd, side, at } = place;
        let parts = (&*self.conversion, self.carried.plane, self.array, self.noise);
        let (charge, bit_line) = sample(place, parts, driven, self.record);
        self.conversion.ends.charge.store(simd, side, at, charge);
        self.conversion.ends.shared.store(simd, side, at, bit_line);
        share(place, (self.conversion, self.array), charge, bit_line, self.record)
    }

    #[inline(always)]
    fn search<S: Simd, const V: usize>(&mut self, simd: S, slices: [Slices<S::Double>; V]) {
        search(simd, 0, (self.conversion, self.noise), slices, self.record);
    }
}

impl Kernel for Resume<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { conversion, nodes, k, array, noise } = self;
        for at in (0..conversion.slices).step_by(S::LANES) {
            let decided = conversion.decisions[k][at / 32] >> (at % 32);
            let gates = [simd.gate(decided), simd.gate(!decided)];
            let p = nodes.strobed(k, Place { simd, side: 0, at });
            let n = nodes.strobed(k, Place { simd, side: 1, at });
            let targets = targets(simd, at, conversion, array);
            let slices = [Slices { at, sides: [p, n], targets, gates }];
            search(simd, k, (&mut *conversion, noise), slices, nodes);
        }
    }
}

impl<R: Record> Kernel for Finish<'_, R> {
    /// Injections pull bit line and MAC capacitors away from u_f alike, so that only what was
    /// between them at the connection, decayed since, is left between them.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { conversion, side, array, record } = self;
        let line = array.line(conversion.lines[side]);
        let ends = &mut conversion.ends;
        for at in conversion.span.clone().step_by(S::LANES) {
            let mut state = Side {
                common: ends.common.load(simd, side, at),
                distance: ends.distance.load(simd, side, at),
            };
            state.settle(conversion.latch, line.leak.load(simd, at));
            let place = Place { simd, side, at };
            record.bit_line(Phase::Latch, place, state.absolute(conversion.v_low));
            let charge = ends.charge.load(simd, side, at);
            let apart = charge / line.sum.load(simd, at) - ends.shared.load(simd, side, at);
            let u = state.bit_line();
            ends.bit_line.store(simd, side, at, u);
            ends.mac.store(simd, side, at, u + apart * conversion.connected);
        }
    }
}

/// What the DACs drive into the cells that store 1 and into all, `[side][ones, all]`, summed up:
/// sum k_m l(x_m), exact.
#[inline(always)]
fn driven<S: Simd>(
    simd: S,
    at: usize,
    conversion: &Conversion,
    carried: &Carried,
    array: &Array,
) -> [[S::Double; 2]; 2] {
    let [p, n] = conversion.lines;
    let cells = [array.cells(carried.plane, p), array.cells(carried.plane, n)];
    let lines =
        [(&array.line(p).capacitors, &cells[0].ones), (&array.line(n).capacitors, &cells[1].ones)];
    if n == array.dummy() {
        let [p] = levels(simd, at, conversion, carried, [lines[0]]);
        let dummy = cells[1].ones_sum.load(simd, at) * carried.level;
        [p, [dummy, dummy]]
    } else {
        levels(simd, at, conversion, carried, lines)
    }
}

/// Sums of capacitors times the rows' levels, their errors included: `[line][ones, all]`.
#[inline(always)]
fn levels<S: Simd, const L: usize>(
    simd: S,
    at: usize,
    conversion: &Conversion,
    carried: &Carried,
    lines: [(&Weights, &Stored); L],
) -> [[S::Double; 2]; L] {
    let mut levels = [[simd.splat_f64(0.0); 2]; L];
    if conversion.level_errors.is_some() {
        let sums = weights::sums::<S, L, 2>(simd, at, lines, &carried.rows);
        for l in 0..L {
            let [ones, all] = sums[l];
            levels[l] = [level(ones), level(all)];
        }
    } else {
        let sums = weights::sums::<S, L, 1>(simd, at, lines, &carried.rows);
        for l in 0..L {
            let [ones, all] = sums[l];
            levels[l] = [ones[0].to_double(), all[0].to_double()];
        }
    }
    levels
}

/// A sum of digits and one of their levels' errors.
#[inline(always)]
fn level<I: Int>([digits, errors]: [I; 2]) -> I::Double
where
    I::Double: Double,
{
    digits.to_double() + errors.to_double() * ERROR_STEP
}

/// RESET, SAMPLE and MULTIPLY of a side: charge of the MAC capacitors and bit line when SHARE begins.
#[inline(always)]
pub(super) fn sample<S: Simd>(
    place: Place<S>,
    (conversion, plane, array, noise): (&Conversion, usize, &Array, &NoiseFrame),
    driven: [S::Double; 2],
    record: &mut impl Record,
) -> (S::Double, S::Double) {
    let Place { simd, side, at } = place;
    let number = conversion.lines[side];
    let (line, cells) = (array.line(number), array.cells(plane, number));
    let (c, ends) = (&conversion.sampling, &conversion.ends);
    let [sampled, multiplied, reset] = [
        noise.load(simd, Draw::Sample(side), at),
        noise.load(simd, Draw::Multiply(side), at),
        noise.load(simd, Draw::Reset(side), at),
    ];
    let mac = Mac {
        residue: ends.mac.load(simd, side, at),
        deviation: conversion.deviation.load(simd, side, at),
        driven,
        sums: [cells.ones_sum.load(simd, at), line.sum.load(simd, at)],
        noise: [
            sampled * cells.sample_sigma.load(simd, at),
            multiplied * cells.multiply_sigma.load(simd, at),
        ],
    };
    let charge = sampling::mac(c, &mac, place, record);
    let residue = ends.bit_line.load(simd, side, at);
    let reset = reset * line.reset_sigma.load(simd, at);
    (charge, sampling::bit_line(c, residue, reset, place, record))
}

/// SHARE and the first strobe of a side.
#[inline(always)]
pub(super) fn share<S: Simd>(
    place: Place<S>,
    (conversion, array): (&Conversion, &Array),
    charge: S::Double,
    bit_line: S::Double,
    record: &mut impl Record,
) -> Side<S::Double> {
    let Place { simd, side, at } = place;
    let line = array.line(conversion.lines[side]);
    let (parasitic, total) = (line.parasitic.load(simd, at), line.total.load(simd, at));
    let leak = line.leak.load(simd, at);
    let [share, strobe] = conversion.share;
    let mut state = Side::share(charge, bit_line, parasitic, total);
    state.settle(share, leak);
    record.bit_line(Phase::Share, place, state.absolute(conversion.v_low));
    state.settle(strobe, leak);
    state
}

/// Takes decision k at the end of its strobe.
#[inline(always)]
fn decide<S: Simd>(
    simd: S,
    k: usize,
    conversion: &mut Conversion,
    noise: &NoiseFrame,
    slices: &mut Slices<S::Double>,
    record: &mut impl Record,
) {
    let Slices { at, sides: [p, n], .. } = *slices;
    let volts = [p.absolute(conversion.v_low), n.absolute(conversion.v_low)];
    let [place_p, place_n] = [Place { simd, side: 0, at }, Place { simd, side: 1, at }];
    record.bit_line(Phase::Strobe(k as u8), place_p, volts[0]);
    record.bit_line(Phase::Strobe(k as u8), place_n, volts[1]);
    record.strobe(k, place_p, &p);
    record.strobe(k, place_n, &n);
    let offset = conversion.offsets.load(simd, 0, at);
    let normal = noise.load(simd, Draw::Decision(k), at);
    let margin = conversion.comparator.margin(volts, offset, normal);
    conversion.margins.store(simd, k, at, margin);
    // The next injection need not wait for what is kept of the decision.
    slices.gates = margin.gates();
    let near = margin.within(conversion.near_v());
    if let Some(decided) = conversion.decide(k, at, margin.not_negative(), near) {
        slices.gates = [simd.gate(decided), simd.gate(!decided)];
    }
}

/// What the injections of both sides act on.
#[inline(always)]
pub(super) fn targets<S: Simd>(
    simd: S,
    at: usize,
    conversion: &Conversion,
    array: &Array,
) -> [Target<S::Double>; 2] {
    let c = &conversion.injections;
    let charge = conversion.range * c.strength;
    let [p, n] = [array.line(conversion.lines[0]), array.line(conversion.lines[1])];
    // No closure: it would be compiled without the instruction set's features.
    [
        Target::new(c, charge, p.injection.load(simd, at), p.leak.load(simd, at)),
        Target::new(c, charge, n.injection.load(simd, at), n.leak.load(simd, at)),
    ]
}

/// The binary search after decision k, to the end of the last strobe.
#[inline(always)]
fn search<S: Simd, const V: usize>(
    simd: S,
    k: usize,
    parts: (&mut Conversion, &NoiseFrame),
    slices: [Slices<S::Double>; V],
    record: &mut impl Record,
) {
    if parts.0.injections.plain {
        search_from::<S, V, true>(simd, k, parts, slices, record);
    } else {
        search_from::<S, V, false>(simd, k, parts, slices, record);
    }
}

/// The same, the first injection apart, which fires twice.
#[inline(always)]
fn search_from<S: Simd, const V: usize, const PLAIN: bool>(
    simd: S,
    k: usize,
    (conversion, noise): (&mut Conversion, &NoiseFrame),
    mut slices: [Slices<S::Double>; V],
    record: &mut impl Record,
) {
    if k == 0 {
        for slices in &mut slices {
            refine::<S, true, PLAIN>(simd, 0, conversion, noise, slices, record);
        }
    }
    for k in k.max(1)..INJECTIONS {
        for slices in &mut slices {
            refine::<S, false, PLAIN>(simd, k, conversion, noise, slices, record);
        }
    }
    for Slices { at, sides: [p, n], .. } in slices {
        let ends = &mut conversion.ends;
        ends.common.store(simd, 0, at, p.common);
        ends.distance.store(simd, 0, at, p.distance);
        ends.common.store(simd, 1, at, n.common);
        ends.distance.store(simd, 1, at, n.distance);
    }
}

/// Injection k and the decision after it.
#[inline(always)]
fn refine<S: Simd, const TWICE: bool, const PLAIN: bool>(
    simd: S,
    k: usize,
    conversion: &mut Conversion,
    noise: &NoiseFrame,
    slices: &mut Slices<S::Double>,
    record: &mut impl Record,
) {
    inject::<S, TWICE, PLAIN>(simd, k, 0, (conversion, noise), slices, record);
    inject::<S, TWICE, PLAIN>(simd, k, 1, (conversion, noise), slices, record);
    decide(simd, k + 1, conversion, noise, slices, record);
}

/// Injection k of a side.
#[inline(always)]
pub(super) fn inject<S: Simd, const TWICE: bool, const PLAIN: bool>(
    simd: S,
    k: usize,
    side: usize,
    (conversion, noise): (&Conversion, &NoiseFrame),
    slices: &mut Slices<S::Double>,
    record: &mut impl Record,
) {
    let c = &conversion.injections;
    let at = slices.at;
    let fire = Fire {
        k,
        gate: slices.gates[side],
        strength: conversion.strengths.load(simd, 2 * k + side, at),
        normal: noise.load(simd, Draw::Injection(k), at),
    };
    let (target, state) = (&slices.targets[side], &mut slices.sides[side]);
    let injected = sar::inject::<_, TWICE, PLAIN>(c, target, &fire, state);
    record.bit_line(Phase::Inject(k as u8), Place { simd, side, at }, injected);
}
