//! Section 6 of the theory of operation with settling, leakage and output impedance off, one
//! capacitor and one conversion at a time, in volts and farads.

use crate::config::ADC_BITS;
use crate::golden::batch::{Die, Step};
use crate::golden::noise::{Draw, NoiseFrame};

/// What the model says of one conversion.
pub struct Outcome {
    pub code: u8,
    /// The voltage closest to the threshold that a decision saw, in volts above it.
    pub margin: f64,
}

/// Converts `digits`, one per MAC row, in one slice.
pub fn convert(
    die: &Die,
    step: &Step,
    plane: &[bool],
    digits: &[u8],
    slice: usize,
    noise: &NoiseFrame,
) -> Outcome {
    let (geometry, analog) = (&die.geometry, &die.analog);
    let sides = [0, 1].map(|side| Side::new(die, step, plane, slice, side));
    let mut v = [0, 1].map(|side| sides[side].shared(die, step, digits, noise, slice, side));
    let threshold = -analog.unit_v(geometry.mac_rows) / 16.0;
    let sigma = analog.comparator_noise.sigma_v();
    let injection = step.range.factor() * analog.unit_capacitor_ff * 1e-15 * analog.v_full_scale;

    let mut outcome = Outcome { code: 0, margin: f64::INFINITY };
    for k in 0..ADC_BITS {
        let drawn = sigma * noise.row(Draw::Decision(k))[slice];
        let margin = v[0] - v[1] + die.chip.offset(slice) + drawn - threshold;
        if margin.abs() < outcome.margin.abs() {
            outcome.margin = margin;
        }
        let high = margin >= 0.0;
        outcome.code = outcome.code << 1 | u8::from(high);
        let side = usize::from(!high);
        let units = 32 >> k;
        let cells = die.chip.cells(slice, side);
        let strengths: f64 = (0..units).map(|unit| cells[unit % 16]).sum();
        v[side] -= injection * strengths / sides[side].total();
    }
    outcome
}

/// One side of a slice, in farads.
struct Side {
    capacitors: Vec<f64>,
    /// Cells that keep their capacitor's charge.
    ones: Vec<bool>,
    parasitic: f64,
    dummy: bool,
}

impl Side {
    fn new(die: &Die, step: &Step, plane: &[bool], slice: usize, side: usize) -> Self {
        let geometry = &die.geometry;
        let rows = geometry.mac_rows;
        let dummy = side == 1 && !step.differential;
        let column = geometry.columns_per_slice * slice + step.column + side;
        let drawn = if dummy { die.chip.dummy(slice) } else { column };
        let farads = die.analog.unit_capacitor_ff * 1e-15 / 8192.0;
        let one =
            |m: usize| if dummy { m < rows / 2 } else { plane[m * geometry.columns + column] };
        Self {
            capacitors: die.chip.capacitors(drawn).iter().map(|&k| f64::from(k) * farads).collect(),
            ones: (0..rows).map(one).collect(),
            parasitic: f64::from(die.chip.parasitic(drawn)) * farads,
            dummy,
        }
    }

    fn total(&self) -> f64 {
        self.capacitors.iter().sum::<f64>() + self.parasitic
    }

    /// Voltage above V_low once the capacitors share their charge with the bit line.
    fn shared(
        &self,
        die: &Die,
        step: &Step,
        digits: &[u8],
        noise: &NoiseFrame,
        slice: usize,
        side: usize,
    ) -> f64 {
        let kt = if die.analog.ktc_noise.on { die.analog.kt() } else { 0.0 };
        let deviation = |draw: Draw, c: f64| {
            if c > 0.0 { noise.row(draw)[slice] * (kt / c).sqrt() } else { 0.0 }
        };
        let sum_where = |one: bool| -> f64 {
            self.capacitors.iter().zip(&self.ones).filter(|c| *c.1 == one).map(|c| c.0).sum()
        };
        let sampled = deviation(Draw::Sample(side), sum_where(true));
        let discharged = deviation(Draw::Multiply(side), sum_where(false));
        let mut charge = self.parasitic * deviation(Draw::Reset(side), self.parasitic);
        for (m, c) in self.capacitors.iter().enumerate() {
            let digit = if self.dummy { step.level } else { digits[m] };
            let sample = f64::from(digit) * die.analog.v_full_scale / 15.0;
            charge += c * if self.ones[m] { sample + sampled } else { discharged };
        }
        charge / self.total()
    }
}
