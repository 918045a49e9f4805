//! One slice in closed form, in `f64`: the physics behind the fixed-point constants.
//!
//! Voltages are in u = D / K_0, see [`transfer`](super::transfer).

use super::draws::Cubic;
use super::{Die, Step};
use crate::config::{ADC_BITS, Analog};
use crate::golden::chip::CAP_UNIT;
use crate::golden::random::normal_from_bits;

/// Injections of a conversion.
pub(super) const INJECTIONS: usize = ADC_BITS - 1;
/// Cells that fire in each injection, and how often.
const FIRINGS: [(usize, f64); INJECTIONS] =
    [(16, 2.0), (16, 1.0), (8, 1.0), (4, 1.0), (2, 1.0), (1, 1.0)];
/// kT/C draws of a conversion: three switch openings on two sides.
pub(super) const OPENINGS: usize = 6;
/// Relative error of one `f32` rounding.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;

/// Largest magnitude of a normal draw.
pub(super) fn peak_normal() -> f64 {
    normal_from_bits(u32::MAX)
}

/// What u is, and what else is common to the slices, in u.
pub(super) struct Units {
    /// u in volts.
    pub volts: f64,
    /// K_0, the nominal column in capacitor units.
    column: f64,
    /// Charge of one nominal cell on a column of one capacitor unit: 15 r CAP_UNIT K_0.
    cell: f64,
    /// kT over the capacitance of one capacitor unit, in V^2.
    ktc: f64,
    /// Standard deviation of the comparator.
    pub comparator: f64,
}

impl Units {
    pub fn new(die: &Die, step: &Step) -> Self {
        let analog: &Analog = &die.analog;
        let rows = die.geometry.mac_rows;
        let cap_unit = f64::from(CAP_UNIT);
        let volts = analog.unit_v(rows) / cap_unit;
        let column = analog.column_ff(rows) / analog.unit_capacitor_ff * cap_unit;
        Self {
            volts,
            column,
            cell: 15.0 * step.range.factor() * cap_unit * column * analog.injection_strength,
            ktc: analog.kt() * cap_unit / (analog.unit_capacitor_ff * 1e-15),
            comparator: analog.comparator_noise.sigma_v() / volts,
        }
    }
}

/// One side of a slice, voltages in u.
pub(super) struct Side {
    /// Sum of the connected capacitors, in capacitor units.
    connected: f64,
    /// e: how much more than on the nominal column a charge moves this one, relative.
    pub excess: f64,
    /// Deviation per normal draw of RESET, SAMPLE and MULTIPLY opening.
    ktc: [f64; 3],
    /// What each injection takes.
    pub injections: [f64; INJECTIONS],
}

impl Side {
    /// Side `side` of a slice on a column; `connected`: rows whose capacitor keeps its charge.
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
pub(super) struct SliceModel {
    pub sides: [Side; 2],
    /// Whether side N is a column of the array rather than the dummy.
    differential: bool,
    /// What the dummy column is charged to, in V_N; 0 when differential.
    dummy: f64,
    /// Offset and threshold, less `dummy`.
    pub base: f64,
}

impl SliceModel {
    pub fn new(die: &Die, step: &Step, plane: &[bool], units: &Units, slice: usize) -> Self {
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
    pub fn ktc(&self, row: usize) -> f64 {
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
    pub fn reach(&self, peak: f64) -> f64 {
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
    pub fn error(&self, steps: f64, comparator: f64) -> f64 {
        let noisy = f64::from(u8::from(comparator != 0.0));
        // Half a step each: base, what went through f32, injections, comparator noise.
        let fixed = 0.5 * (2.0 + INJECTIONS as f64 + noisy);
        // Sum to f32, coefficient, product, added to kT/C, the other side added.
        let signal = 5.0 * self.largest_excess();
        // A normal draw, coefficient, product, sum of the six, both sides added.
        let ktc = (Cubic::ROUNDINGS + 2.0 + 5.0 + 2.0) * self.largest_ktc();
        let noise = Cubic::ROUNDINGS * comparator.abs() * peak_normal();
        // The per mille covers products of errors.
        1.001 * (fixed + ROUNDING * steps * (signal + ktc + noise))
    }
}
