//! Fixed-point constants of a conversion step on a drawn chip, and how exact they are.
//!
//! With settling, leakage and output impedance off, section 6 of the theory of operation closes to
//!
//! V_P - V_N = D sum k_m x_m / (K + k_p) of P, less the same of N, plus kT/C noise,
//!
//! and an injection of n units lowers a side by r C_u V_FS sum of strengths / (its capacitance).
//! Everything is counted in u = D / K_0, the voltage of one capacitor unit on the nominal column
//! K_0 = (K + k_p)_nominal, so that a side is its integer sum times 1 + e with a small e. Only e's
//! share goes through `f32`; the sum itself stays exact. One *step* is u / 2^fraction.

use super::draws::Cubic;
use super::simd::padded;
use super::slice::{INJECTIONS, OPENINGS, SliceModel, Units, peak_normal};
use super::{BatchError, Die, Step, sums};

/// Finest step worth having: 2^-16 u is far below what `f32` resolves of e.
const MAX_FRACTION: u32 = 16;

/// Constants of a step, one per slice in rows of `stride` (padding is 0 and without effect).
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub slices: usize,
    pub stride: usize,
    pub rows: usize,
    /// Connected capacitors k_m b_m of P, `[row pair][slice]`.
    pub weights_p: Vec<i32>,
    /// Of N; none when N is the dummy column, whose constant charge is in `base`.
    pub weights_n: Option<Vec<i32>>,
    /// log2 of the steps in u.
    pub fraction: u32,
    /// e of P in steps per capacitor unit.
    pub gain_p: Vec<f32>,
    /// -e of N, likewise.
    pub gain_n: Vec<f32>,
    /// Offset and threshold, less the dummy column, in steps.
    pub base: Vec<i32>,
    /// What each injection on P takes, in steps, `[injection][slice]`.
    pub fall: Vec<i32>,
    /// The sum of that and what it takes on N. It may wrap, as voltages do: only what a decision
    /// sees has to fit.
    pub span: Vec<i32>,
    /// kT/C deviations in steps, those of N negative, `[row of the noise frame][slice]`; none
    /// without kT/C noise.
    pub ktc: Option<Vec<f32>>,
    /// Comparator noise in steps; none without.
    pub comparator: Option<Cubic>,
    /// Largest error of a deciding voltage, in volts.
    pub error_bound_v: f64,
}

impl Transfer {
    pub fn new(die: &Die, step: &Step, plane: &[bool]) -> Result<Self, BatchError> {
        step.check(&die.geometry, plane)?;
        let geometry = &die.geometry;
        let (rows, slices) = (geometry.mac_rows, geometry.slices());
        let units = Units::new(die, step);
        let models: Vec<_> =
            (0..slices).map(|s| SliceModel::new(die, step, plane, &units, s)).collect();

        let peak = units.comparator.abs() * peak_normal();
        let reach = models.iter().map(|m| m.reach(peak)).fold(0.0, f64::max);
        let fraction = fraction(reach).ok_or(BatchError::Reach { volts: reach * units.volts })?;
        let steps = f64::from(1 << fraction);
        let error = models.iter().map(|m| m.error(steps, units.comparator)).fold(0.0, f64::max);

        let per_slice =
            |f: &dyn Fn(&SliceModel) -> f64| table(1, slices, |_, s| f(&models[s]) * steps);
        let taken = |side: usize| {
            to_i32(table(INJECTIONS, slices, |i, s| models[s].sides[side].injections[i] * steps))
        };
        let (fall, rise) = (taken(0), taken(1));
        let weights = |side: usize| {
            sums::pack_pairs(slices, rows, |slice, row| {
                let column = step.column_of(geometry, slice) + side;
                let stored = plane[row * geometry.columns + column];
                die.chip.capacitors(column)[row] * i16::from(stored)
            })
        };
        let deviations = || table(OPENINGS, slices, |row, s| models[s].ktc(row) * steps);
        Ok(Self {
            slices,
            stride: padded(slices),
            rows,
            weights_p: weights(0),
            weights_n: step.differential.then(|| weights(1)),
            fraction,
            gain_p: to_f32(per_slice(&|m| m.sides[0].excess)),
            gain_n: to_f32(per_slice(&|m| -m.sides[1].excess)),
            base: to_i32(per_slice(&|m| m.base)),
            span: fall.iter().zip(rise).map(|(fall, rise)| fall.wrapping_add(rise)).collect(),
            fall,
            ktc: die.analog.ktc_noise.on.then(|| to_f32(deviations())),
            comparator: (units.comparator != 0.0).then(|| Cubic::normal(units.comparator * steps)),
            error_bound_v: error * units.volts / steps,
        })
    }
}

/// Most fraction bits with which a voltage of `reach` u fits 32 bits, a per mille to spare.
fn fraction(reach: f64) -> Option<u32> {
    let fits = |&bits: &u32| reach * 1.001 * f64::from(1 << bits) < f64::from(i32::MAX);
    (0..=MAX_FRACTION).rev().find(fits)
}

/// A table of `rows` rows of padded slices.
fn table(rows: usize, slices: usize, value: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let stride = padded(slices);
    let mut table = vec![0.0; rows * stride];
    for (row, lanes) in table.chunks_exact_mut(stride).enumerate() {
        for (slice, lane) in lanes[..slices].iter_mut().enumerate() {
            *lane = value(row, slice);
        }
    }
    table
}

fn to_f32(table: Vec<f64>) -> Vec<f32> {
    table.into_iter().map(|x| x as f32).collect()
}

fn to_i32(table: Vec<f64>) -> Vec<i32> {
    table.into_iter().map(|x| x.round() as i32).collect()
}
