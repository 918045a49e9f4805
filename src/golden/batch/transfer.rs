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
use super::{BatchError, Die, Step, sums};
use crate::config::{ADC_BITS, Analog};
use crate::golden::chip::CAP_UNIT;
use crate::golden::random::normal_from_bits;

/// Injections of a conversion.
const INJECTIONS: usize = ADC_BITS - 1;
/// Cells that fire in each injection, and how often.
const FIRINGS: [(usize, f64); INJECTIONS] =
    [(16, 2.0), (16, 1.0), (8, 1.0), (4, 1.0), (2, 1.0), (1, 1.0)];
/// kT/C draws of a conversion: three switch openings on two sides.
pub(super) const OPENINGS: usize = 6;
/// Relative error of one `f32` rounding.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;
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
    /// What the injection after each decision takes on P, in steps, `[decision][slice]`; after the
    /// last one there is none, so it takes 0.
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
        let models: Vec<_> = (0..slices).map(|s| SliceModel::new(die, step, plane, &units, s)).collect();

        let peak = units.comparator * peak_normal();
        let reach = models.iter().map(|m| m.reach(peak)).fold(0.0, f64::max);
        let fraction = fraction(reach).ok_or(BatchError::Reach { volts: reach * units.volts })?;
        let steps = f64::from(1 << fraction);
        let error = models.iter().map(|m| m.error(steps, units.comparator)).fold(0.0, f64::max);

        let per_slice = |f: &dyn Fn(&SliceModel) -> f64| table(1, slices, |_, s| f(&models[s]) * steps);
        let taken = |side: usize| {
            let injection = |k: usize, s: usize| models[s].sides[side].injections.get(k).copied();
            to_i32(table(ADC_BITS, slices, |k, s| injection(k, s).unwrap_or(0.0) * steps))
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
            stride: sums::padded(slices),
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
            comparator: (units.comparator > 0.0).then(|| Cubic::normal(units.comparator * steps)),
            error_bound_v: error * units.volts / steps,
        })
    }
}

/// Largest magnitude of a normal draw.
fn peak_normal() -> f64 {
    normal_from_bits(u32::MAX)
}

/// Most fraction bits with which a voltage of `reach` u fits 32 bits, a per mille to spare.
fn fraction(reach: f64) -> Option<u32> {
    let fits = |&bits: &u32| reach * 1.001 * f64::from(1 << bits) < f64::from(i32::MAX);
    (0..=MAX_FRACTION).rev().find(fits)
}

/// A table of `rows` rows of padded slices.
fn table(rows: usize, slices: usize, value: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let stride = sums::padded(slices);
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

/// What u is, and what else is common to the slices, in u.
struct Units {
    /// u in volts.
    volts: f64,
    /// K_0, the nominal column in capacitor units.
    column: f64,
    /// Charge of one nominal cell on a column of one capacitor unit: 15 r CAP_UNIT K_0.
    cell: f64,
    /// kT over the capacitance of one capacitor unit, in V^2.
    ktc: f64,
    /// Standard deviation of the comparator.
    comparator: f64,
}

impl Units {
    fn new(die: &Die, step: &Step) -> Self {
        let analog: &Analog = &die.analog;
        let rows = die.geometry.mac_rows;
        let cap_unit = f64::from(CAP_UNIT);
        let volts = analog.unit_v(rows) / cap_unit;
        let column = analog.column_ff(rows) / analog.unit_capacitor_ff * cap_unit;
        Self {
            volts,
            column,
            cell: 15.0 * step.range.factor() * cap_unit * column,
            ktc: analog.kt() * cap_unit / (analog.unit_capacitor_ff * 1e-15),
            comparator: analog.comparator_noise.sigma_v() / volts,
        }
    }
}

/// One side of a slice, voltages in u.
struct Side {
    /// Sum of the connected capacitors, in capacitor units.
    connected: f64,
    /// e: how much more than on the nominal column a charge moves this one, relative.
    excess: f64,
    /// Deviation per normal draw of RESET, SAMPLE and MULTIPLY opening.
    ktc: [f64; 3],
    /// What each injection takes.
    injections: [f64; INJECTIONS],
}

impl Side {
    /// Side `side` of a slice on a column; `connected` are the rows whose capacitor keeps its charge.
    fn new(
        die: &Die,
        units: &Units,
        (slice, side): (usize, usize),
        column: usize,
        connected: impl Fn(usize) -> bool,
    ) -> Self {
        let capacitors = die.chip.capacitors(column);
        let sum = |kept: bool| -> f64 {
            let kept = capacitors.iter().enumerate().filter(|&(row, _)| connected(row) == kept);
            kept.map(|(_, &k)| f64::from(k)).sum()
        };
        let (one, zero) = (sum(true), sum(false));
        let parasitic = f64::from(die.chip.parasitic(column));
        let total = one + zero + parasitic;
        let cells = die.chip.cells(slice, side);
        let strength = |(count, times)| times * cells[..count].iter().sum::<f64>();
        Self {
            connected: one,
            excess: units.column / total - 1.0,
            // Charge k sqrt(kT / k), divided by the column.
            ktc: [parasitic, one, zero].map(|k| (k * units.ktc).sqrt() / total / units.volts),
            injections: FIRINGS.map(|firing| units.cell * strength(firing) / total),
        }
    }
}

/// One slice, voltages in u.
struct SliceModel {
    sides: [Side; 2],
    /// Whether side N is a column of the array rather than the dummy.
    differential: bool,
    /// What the dummy column is charged to, in V_N; 0 when differential.
    dummy: f64,
    /// Offset and threshold, less `dummy`.
    base: f64,
}

impl SliceModel {
    fn new(die: &Die, step: &Step, plane: &[bool], units: &Units, slice: usize) -> Self {
        let geometry = &die.geometry;
        let column = step.column_of(geometry, slice);
        let stored = |column: usize| move |row: usize| plane[row * geometry.columns + column];
        let p = Side::new(die, units, (slice, 0), column, stored(column));
        let n = if step.differential {
            Side::new(die, units, (slice, 1), column + 1, stored(column + 1))
        } else {
            let reference = |row| row < geometry.reference_rows();
            Side::new(die, units, (slice, 1), die.chip.dummy(slice), reference)
        };
        let level = if step.differential { 0.0 } else { f64::from(step.level) };
        let dummy = level * n.connected * (1.0 + n.excess);
        let threshold = -f64::from(CAP_UNIT) / 16.0;
        let base = die.chip.offset(slice) / units.volts - threshold - dummy;
        Self { sides: [p, n], differential: step.differential, dummy, base }
    }

    /// Deviation of a row of the noise frame: RESET P, N, SAMPLE P, N, MULTIPLY P, N.
    fn ktc(&self, row: usize) -> f64 {
        let (opening, side) = (row / 2, row % 2);
        let deviation = self.sides[side].ktc[opening];
        if side == 0 { deviation } else { -deviation }
    }

    /// Largest sum of a side whose digits vary.
    fn largest_sum(&self, side: usize) -> f64 {
        if side == 1 && !self.differential { 0.0 } else { 15.0 * self.sides[side].connected.abs() }
    }

    /// Largest of what goes through `f32`: the signal's share of it.
    fn largest_excess(&self) -> f64 {
        [0, 1].map(|side| self.largest_sum(side) * self.sides[side].excess.abs()).iter().sum()
    }

    /// And kT/C noise.
    fn largest_ktc(&self) -> f64 {
        (0..OPENINGS).map(|row| self.ktc(row).abs()).sum::<f64>() * peak_normal()
    }

    /// Largest voltage of a search with comparator noise up to `peak`; infinite if a capacitance
    /// makes no sense. An injection moves the difference towards zero, or, by at most the first
    /// injection and the noise, beyond it.
    fn reach(&self, peak: f64) -> f64 {
        let sums = [0, 1].map(|side| self.largest_sum(side) * (1.0 + self.sides[side].excess));
        let offset = (self.base + self.dummy).abs() + self.largest_ktc();
        let start = sums[0].max(sums[1]).max(self.dummy) + offset;
        let injections = [0, 1].map(|side| self.sides[side].injections[0]);
        let float = self.largest_excess() + self.largest_ktc();
        // `max` would lose what is no number.
        let all = sums[0] + sums[1] + start + injections[0] + injections[1] + float + peak;
        if !all.is_finite() {
            return f64::INFINITY;
        }
        start.max(injections[0].max(injections[1]) + peak).max(float) + peak
    }

    /// Largest error of a deciding voltage, in steps of which there are `steps` in u.
    fn error(&self, steps: f64, comparator: f64) -> f64 {
        let noisy = f64::from(u8::from(comparator > 0.0));
        // Half a step each: base, what went through f32, injections, comparator noise.
        let fixed = 0.5 * (2.0 + INJECTIONS as f64 + noisy);
        // Sum to f32, coefficient, product, added to kT/C, the other side added.
        let signal = 5.0 * self.largest_excess();
        // A normal draw, coefficient, product, sum of the six, both sides added.
        let ktc = (Cubic::ROUNDINGS + 2.0 + 5.0 + 2.0) * self.largest_ktc();
        let noise = Cubic::ROUNDINGS * comparator * peak_normal();
        // The per mille covers products of errors.
        1.001 * (fixed + ROUNDING * steps * (signal + ktc + noise))
    }
}
