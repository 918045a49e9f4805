//! From SHARE to the last STROBE: one column's capacitors connected to its bit line.

use super::affine::Affine;
use super::front::{Front, Leakage, remains};
use crate::config::{ADC_BITS, Analog, Range, Timing};
use crate::golden::chip::{CAP_UNIT, CELLS};

/// Injections of a conversion.
pub(super) const INJECTIONS: usize = ADC_BITS - 1;
/// Cells that fire in each; those of the first fire twice.
const FIRING: [usize; INJECTIONS] = [16, 16, 8, 4, 2, 1];

/// A column while shared, in volts above V_low.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared {
    /// Where all nodes settle.
    common: Affine,
    /// How far the bit line is above that.
    ahead: Affine,
}

impl Shared {
    pub fn bit_line(&self) -> Affine {
        self.common + self.ahead
    }

    fn settled(self, remaining: f64) -> Self {
        Self { ahead: self.ahead * remaining, ..self }
    }

    fn idle(self, idle: &Idle, leak: f64) -> Self {
        Self { common: self.common - leak * idle.cycles, ahead: self.ahead * idle.remaining }
    }

    /// Charge taken at once: the bit line follows later.
    fn lowered(self, fall: Affine) -> Self {
        Self { common: self.common - fall, ahead: self.ahead + fall }
    }
}

/// Cycles without injection.
#[derive(Clone, Copy, Debug)]
struct Idle {
    /// Cycles of leakage.
    cycles: f64,
    /// What their decay leaves of a distance.
    remaining: f64,
}

/// What happens when between two looks of the comparator, and what a cell takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    /// From the first cycle of SHARE to the end of the first STROBE.
    first: Idle,
    /// From the end of a STROBE to the firing, the leakage of its cycle included.
    before: Idle,
    /// From the end of the firing's cycle to the end of the next STROBE.
    after: Idle,
    /// What a cycle's decay leaves.
    cycle: f64,
    /// What half a cycle's leaves.
    half: f64,
    /// Volts that a nominal cell takes from a column of one capacitor unit, its bit line at V_low.
    cell: f64,
    /// Change of that per volt of the bit line.
    cell_per_volt: f64,
    leakage: Leakage,
}

impl Rhythm {
    pub fn new(analog: &Analog, timing: &Timing, range: Range, leakage: Leakage) -> Self {
        let tau_ps = analog.settling.tau_share_ps;
        let cycle = remains(analog, timing, tau_ps);
        let idle = |leaking: u32, settling: u32| Idle {
            cycles: f64::from(leaking),
            remaining: cycle.powi(settling as i32),
        };
        let pulses = &timing.pulses;
        let (share, strobe, inject) = (pulses.share, pulses.strobe, pulses.inject);
        let first = share.total() + strobe.width;
        let after = inject.total() + strobe.width - 1;

        let impedance = analog.output_impedance;
        let lambda = if impedance.on { impedance.lambda_per_v } else { 0.0 };
        let designed = range.factor() * analog.v_full_scale * f64::from(CAP_UNIT);
        let cell = designed * analog.injection_strength;
        Self {
            first: idle(first, first),
            before: idle(strobe.gap + 1, strobe.gap),
            after: idle(after, after),
            cycle,
            half: remains(analog, timing, 2.0 * tau_ps),
            cell: cell * (1.0 + lambda * (analog.v_low - analog.v_cm)),
            cell_per_volt: cell * lambda,
            leakage,
        }
    }

    /// The firings of injection `k` upon a column.
    fn fires(&self, column: &Column, k: usize, shared: Shared) -> Shared {
        let strength = column.strengths[k];
        let fire = |shared: Shared| {
            let charge = shared.bit_line() * self.cell_per_volt + self.cell;
            shared.lowered(charge * strength)
        };
        if k == 0 {
            fire(fire(shared).settled(self.half)).settled(self.half)
        } else {
            fire(shared).settled(self.cycle)
        }
    }

    /// Both columns at the next decision, from those at decision `k`: P fired, N fired.
    pub fn injected(
        &self,
        columns: &[Column; 2],
        k: usize,
        shared: [Shared; 2],
    ) -> [[Shared; 2]; 2] {
        let [p, n] = columns;
        let before = |column: &Column, shared: Shared| shared.idle(&self.before, column.leak);
        let after = |column: &Column, shared: Shared| shared.idle(&self.after, column.leak);
        let start = [before(p, shared[0]), before(n, shared[1])];
        let idle = start.map(|shared| shared.settled(self.cycle));
        [
            [after(p, self.fires(p, k, start[0])), after(n, idle[1])],
            [after(p, idle[0]), after(n, self.fires(n, k, start[1]))],
        ]
    }
}

/// One side of a slice as drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Share of the MAC capacitors, and of the bit line, in the column's capacitance.
    mac: f64,
    parasitic: f64,
    /// Volts that all nodes lose in a cycle while shared.
    leak: f64,
    /// Summed strengths of each injection's cells, over the column's capacitance in units.
    strengths: [f64; INJECTIONS],
}

impl Column {
    /// From capacitors and parasitic in `C_u / CAP_UNIT`, and the cells of its side.
    pub fn new(rhythm: &Rhythm, capacitors: &[i16], parasitic: i32, cells: &[f64; CELLS]) -> Self {
        let capacitors = f64::from(capacitors.iter().map(|&k| i32::from(k)).sum::<i32>());
        let parasitic = f64::from(parasitic);
        let total = capacitors + parasitic;
        let (mac, parasitic) = (capacitors / total, parasitic / total);
        Self {
            mac,
            parasitic,
            leak: mac * rhythm.leakage.mac_node + parasitic * rhythm.leakage.bit_line,
            strengths: FIRING.map(|count| cells[..count].iter().sum::<f64>() / total),
        }
    }

    /// Shares charge, and waits for the first decision. All MAC capacitors are at `node`.
    pub fn shared(&self, rhythm: &Rhythm, front: &Front, node: Affine) -> Shared {
        let common = node * self.mac + front.bit_line * self.parasitic;
        let ahead = Affine::constant(front.bit_line) - common;
        Shared { common, ahead }.idle(&rhythm.first, self.leak)
    }
}
