//! What the exact model does to single inputs: everything is affine, so these are its slopes.

use super::super::array::Array;
use super::super::conversion::Conversion;
use super::super::kernel::{self, Slices};
use super::super::nodes::{Nothing, Place};
use super::super::rows::Rows;
use super::super::sar::Side;
use crate::golden::noise::{Draw, NoiseFrame};
use crate::golden::simd::{Isa, Kernel, Simd};

/// The model and the lines whose slopes are asked for.
pub(super) struct Probe<'a> {
    /// Its inputs are overwritten.
    pub model: &'a mut Conversion,
    pub array: &'a Array,
    pub lines: [usize; 2],
}

/// What a step starts from.
#[derive(Clone, Copy)]
pub(super) enum Input {
    /// All digits 0, from V_low, without noise.
    Nothing,
    /// One DAC step on one unit of capacitance behind cells that store 1 ...
    One,
    /// ... and behind cells that store 0.
    Zero,
    /// Bit lines and MAC capacitors 1 V above V_low when the step begins.
    Residue,
    /// A draw of 1.
    Noise(Draw),
}

/// One value per slice of each side.
pub(super) type Sides = [Vec<f64>; 2];

impl Probe<'_> {
    pub(super) fn slices(&self) -> usize {
        self.model.slices
    }

    /// Bit lines above V_low at the end of the first strobe, in V.
    pub(super) fn first_strobe(&mut self, plane: usize, input: Input) -> Sides {
        let slices = self.slices();
        let residue = f64::from(u8::from(matches!(input, Input::Residue)));
        for side in 0..2 {
            self.model.ends.mac.row_mut(side).fill(residue);
            self.model.ends.bit_line.row_mut(side).fill(residue);
        }
        let noise = match input {
            Input::Noise(draw) => NoiseFrame::unit(slices, draw),
            _ => NoiseFrame::silent(slices),
        };
        let driven = match input {
            Input::One => [1.0, 1.0],
            Input::Zero => [0.0, 1.0],
            _ => [0.0, 0.0],
        };
        self.model.lines = self.lines;
        let mut reached = Reached::new(slices);
        let (model, array) = (&*self.model, self.array);
        let noise = &noise;
        Isa::best().run(FirstStrobe { model, array, plane, driven, noise, reached: &mut reached });
        reached.sides(&reached.bit_lines)
    }

    /// From the end of a strobe over injection k to the end of the next strobe, both sides `volts`
    /// above V_low before: bit lines after it, and their distances from the common voltage. `gate`
    /// is 1 for sides that are discharged.
    pub(super) fn injected(
        &mut self,
        k: usize,
        range: f64,
        [gate, volts, normal]: [f64; 3],
    ) -> [Sides; 2] {
        let slices = self.slices();
        self.model.lines = self.lines;
        self.model.range = range;
        let unit = NoiseFrame::unit(slices, Draw::Injection(k));
        let noise = &if normal == 0.0 { NoiseFrame::silent(slices) } else { unit };
        let mut reached = Reached::new(slices);
        let (model, array) = (&*self.model, self.array);
        Isa::best().run(Injected { model, array, k, gate, volts, noise, reached: &mut reached });
        [reached.sides(&reached.bit_lines), reached.sides(&reached.distances)]
    }
}

/// Where a side comes to.
struct Reached {
    bit_lines: Rows,
    distances: Rows,
}

impl Reached {
    fn new(slices: usize) -> Self {
        Self { bit_lines: Rows::new(2, slices), distances: Rows::new(2, slices) }
    }

    fn keep<S: Simd>(&mut self, place: Place<S>, side: &Side<S::Double>) {
        let Place { simd, side: row, at } = place;
        self.bit_lines.store(simd, row, at, side.bit_line());
        self.distances.store(simd, row, at, side.distance);
    }

    fn sides(&self, rows: &Rows) -> Sides {
        [0, 1].map(|side| rows.row(side).to_vec())
    }
}

/// A side from RESET to the end of the first strobe.
struct FirstStrobe<'a> {
    model: &'a Conversion,
    array: &'a Array,
    plane: usize,
    /// Sums of capacitors times levels, over the cells that store 1 and over all.
    driven: [f64; 2],
    noise: &'a NoiseFrame,
    reached: &'a mut Reached,
}

impl Kernel for FirstStrobe<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { model, array, plane, noise, .. } = self;
        let driven = [simd.splat_f64(self.driven[0]), simd.splat_f64(self.driven[1])];
        for at in (0..model.slices).step_by(S::LANES) {
            for side in 0..2 {
                let place = Place { simd, side, at };
                let parts = (model, plane, array, noise);
                let (charge, bit_line) = kernel::sample(place, parts, driven, &mut Nothing);
                let state = kernel::share(place, (model, array), charge, bit_line, &mut Nothing);
                self.reached.keep(place, &state);
            }
        }
    }
}

/// Injection k of both sides.
struct Injected<'a> {
    model: &'a Conversion,
    array: &'a Array,
    k: usize,
    gate: f64,
    volts: f64,
    noise: &'a NoiseFrame,
    reached: &'a mut Reached,
}

impl Kernel for Injected<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { model, array, k, noise, .. } = self;
        for at in (0..model.slices).step_by(S::LANES) {
            let side = Side { common: simd.splat_f64(self.volts), distance: simd.splat_f64(0.0) };
            let mut slices = Slices {
                at,
                sides: [side; 2],
                targets: kernel::targets(simd, at, model, array),
                gates: [simd.splat_f64(self.gate); 2],
            };
            for side in 0..2 {
                let (parts, record) = ((model, noise), &mut Nothing);
                if k == 0 {
                    kernel::inject::<S, true, false>(simd, k, side, parts, &mut slices, record);
                } else {
                    kernel::inject::<S, false, false>(simd, k, side, parts, &mut slices, record);
                }
                self.reached.keep(Place { simd, side, at }, &slices.sides[side]);
            }
        }
    }
}
