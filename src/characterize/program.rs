//! What is converted to measure a macro: conversion steps of ternary planes against digit vectors,
//! the same for every backend.
//!
//! Every step is one differential conversion of the first column pair of every slice (an operation
//! of weight format `diff1` with 4-bit activations and one unit), so that all ADCs are measured at
//! once. Inputs d = S / (15 r) are in LSB.

use crate::config::{Geometry, PLANES, Range};
use crate::golden::random::Key;

/// Inputs that a sine and random samples keep to, in LSB. [C] The ADCs' range is
/// 63.5 LSB to either side; an offset of three standard deviations of 5 mV takes 2.1 of them.
pub const SPAN_LSB: f64 = 60.0;
/// How far a ramp goes where the rows reach that far, in LSB.
const RAMP_LSB: f64 = 67.0;
/// Conversions of each input of the ramp. [C] The noise of 0.139 LSB then leaves 0.02 LSB of doubt
/// in a threshold.
const RAMP_REPEATS: usize = 32;
/// Samples of the sine record, a power of two, and its periods, which share no factor with it.
const SINE_SAMPLES: usize = 8192;
pub const SINE_CYCLES: usize = 1021;
/// Random samples over all ADCs: as many as were published ([F]).
pub const LINEARITY_SAMPLES: usize = 524_288;
/// Step between the inputs that a calibration converts, in units of S at r = 1, and how often it
/// converts each. [C] Small, and without a factor in common with the 15 units of an LSB: inputs lie
/// evenly within the codes.
const CALIBRATION_STEP: usize = 2;
const CALIBRATION_REPEATS: usize = 4;
/// Units of S by which a record has to pass a threshold to have seen all of it. [C] Four standard
/// deviations of the noise, 0.139 LSB at r = 1, in every range: it is constant in units of S.
const END_UNITS: usize = 9;
/// Share of weights that differ from the plane's sign in the planes of random samples.
const FLIPPED: [f64; PLANES] = [0.0, 0.0, 0.1, 0.1, 0.25, 0.25, 0.4, 0.4];

/// One conversion step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub plane: u8,
    /// Activation digits, one per MAC row, 0..=15.
    pub digits: Vec<u8>,
}

/// Whether steps follow each other without a pause, or each starts from rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At the full rate: a step finds what the one before it left on its nodes.
    Streamed,
    /// The host reads results in between; all nodes are back at V_low.
    Separate,
}

/// Steps and what they need.
#[derive(Clone, Debug)]
pub struct Program {
    pub range: Range,
    pub pace: Pace,
    /// Ternary weights of the planes, `[plane][mac row][output]`.
    pub planes: Vec<Vec<Vec<i8>>>,
    pub steps: Vec<Step>,
    /// Conversion index of the first step; noise follows it, so programs do not share theirs.
    pub first_conversion: u64,
}

impl Program {
    /// Exact dot product S of a step in an ADC.
    pub fn exact(&self, step: usize, adc: usize) -> i32 {
        let Step { plane, digits } = &self.steps[step];
        let rows = self.planes[usize::from(*plane)].iter().zip(digits);
        rows.map(|(weights, &x)| i32::from(weights[adc]) * i32::from(x)).sum()
    }

    /// The same in LSB.
    pub fn input_lsb(&self, step: usize, adc: usize) -> f64 {
        f64::from(self.exact(step, adc)) / self.units_per_lsb()
    }

    /// Units of S in one LSB.
    pub fn units_per_lsb(&self) -> f64 {
        15.0 * self.range.factor()
    }
}

/// Measurements of one geometry in one range.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub geometry: Geometry,
    pub range: Range,
    pub seed: u64,
}

impl Plan {
    /// Largest range that the rows of this geometry fill.
    pub fn widest_range(geometry: &Geometry) -> Range {
        let fills = |range: &Range| geometry.mac_rows as f64 >= 64.0 * range.factor();
        Range::ALL.into_iter().find(fills).unwrap_or(Range::Eighth)
    }

    /// Largest |S| of a row-wise sum within `lsb`.
    fn limit(&self, lsb: f64) -> i32 {
        let rows = 15 * self.geometry.mac_rows as i32;
        rows.min((lsb * 15.0 * self.range.factor()) as i32)
    }

    fn program(&self, number: u64, pace: Pace, steps: Vec<Step>) -> Program {
        let planes = signed_planes(&self.geometry);
        let first_conversion = number << 40;
        Program { range: self.range, pace, planes, steps, first_conversion }
    }

    /// Every S from one end to the other, each many times.
    pub fn ramp(&self) -> Program {
        let limit = self.limit(RAMP_LSB);
        let steps = (-limit..=limit).flat_map(|s| vec![self.spread(s); RAMP_REPEATS]).collect();
        self.program(1, Pace::Streamed, steps)
    }

    /// Conversions of each input of the ramp.
    pub fn ramp_repeats(&self) -> usize {
        RAMP_REPEATS
    }

    /// A coherent sine.
    pub fn sine(&self) -> Program {
        let amplitude = f64::from(self.limit(SPAN_LSB));
        let sample = |n: usize| {
            // Whole periods exactly: the phase is reduced before it becomes a float.
            let turns = (n * SINE_CYCLES % SINE_SAMPLES) as f64 / SINE_SAMPLES as f64;
            self.spread((amplitude * (std::f64::consts::TAU * turns).sin()).round() as i32)
        };
        self.program(2, Pace::Streamed, (0..SINE_SAMPLES).map(sample).collect())
    }

    /// What the host converts to calibrate: small steps from end to end, each a few times.
    pub fn calibration(&self) -> Program {
        let limit = self.limit(RAMP_LSB);
        let inputs = (-limit..=limit).step_by(self.calibration_step());
        let steps = inputs.flat_map(|s| vec![self.spread(s); CALIBRATION_REPEATS]).collect();
        self.program(3, Pace::Separate, steps)
    }

    fn calibration_step(&self) -> usize {
        ((CALIBRATION_STEP as f64 * self.range.factor()) as usize).max(1)
    }

    /// Steps at either end of the calibration record whose codes its ends may cut.
    pub fn calibration_end(&self) -> usize {
        END_UNITS.div_ceil(self.calibration_step()) * CALIBRATION_REPEATS
    }

    /// The same of the ramp.
    pub fn ramp_end(&self) -> usize {
        END_UNITS * RAMP_REPEATS
    }

    /// Random weights and activations whose sums cover the span.
    pub fn linearity(&self) -> Program {
        let count = LINEARITY_SAMPLES.div_ceil(self.geometry.slices());
        let mut program = self.program(4, Pace::Streamed, vec![]);
        program.planes = self.random_planes();
        let limit = self.limit(SPAN_LSB);
        for n in 0..count as u64 {
            let step = self.random_step(n, &program.planes, limit);
            program.steps.push(step);
        }
        program
    }

    /// The step whose rows share |S| as evenly as digits can, in the plane of its sign.
    fn spread(&self, sum: i32) -> Step {
        let rows = self.geometry.mac_rows;
        let (each, more) = (sum.unsigned_abs() as usize / rows, sum.unsigned_abs() as usize % rows);
        let digits = (0..rows).map(|m| (each + usize::from(m < more)) as u8).collect();
        Step { plane: u8::from(sum < 0), digits }
    }

    /// Planes of one sign each with ever more weights flipped or zero: even planes add up to
    /// positive sums, odd ones to negative.
    fn random_planes(&self) -> Vec<Vec<Vec<i8>>> {
        let Geometry { mac_rows, .. } = self.geometry;
        let outputs = self.geometry.slices();
        let weight = |plane: usize, row: usize, output: usize| {
            let key = Key::new([self.seed, WEIGHTS, plane as u64, row as u64]);
            let chance = f64::from(key.bits(output as u32)) / 2_f64.powi(32);
            let sign = if plane.is_multiple_of(2) { 1 } else { -1 };
            // Half of the flipped ones are 0.
            match chance / FLIPPED[plane] {
                share if share < 0.5 => 0,
                share if share < 1.0 => -sign,
                _ => sign,
            }
        };
        let row = |plane, m| (0..outputs).map(|j| weight(plane, m, j)).collect();
        (0..PLANES).map(|plane| (0..mac_rows).map(|m| row(plane, m)).collect()).collect()
    }

    /// Random digits around a random mean, made smaller until no ADC leaves the span.
    fn random_step(&self, n: u64, planes: &[Vec<Vec<i8>>], limit: i32) -> Step {
        let key = Key::new([self.seed, ACTIVATIONS, n, 0]);
        let uniform = |element: u32| f64::from(key.bits(element)) / 2_f64.powi(32);
        let plane = (key.bits(0) % PLANES as u32) as u8;
        let mean = 15.0 * uniform(1);
        let half_width = mean.min(15.0 - mean);
        let digit = |m: usize| mean + half_width * (2.0 * uniform(2 + m as u32) - 1.0);
        let mut wanted: Vec<f64> = (0..self.geometry.mac_rows).map(digit).collect();
        loop {
            let digits: Vec<u8> = wanted.iter().map(|x| x.round() as u8).collect();
            let largest = largest_sum(&planes[usize::from(plane)], &digits);
            if largest <= limit {
                return Step { plane, digits };
            }
            let ratio = f64::from(limit) / f64::from(largest) * 0.99;
            wanted.iter_mut().for_each(|x| *x *= ratio);
        }
    }
}

/// Sources of random weights and activations.
const WEIGHTS: u64 = 0x7765_6967_6874;
const ACTIVATIONS: u64 = 0x6163_7469_7661;

/// Plane 0 holds +1 everywhere, plane 1 holds -1.
fn signed_planes(geometry: &Geometry) -> Vec<Vec<Vec<i8>>> {
    let plane = |weight: i8| vec![vec![weight; geometry.slices()]; geometry.mac_rows];
    vec![plane(1), plane(-1)]
}

/// Largest |S| over the outputs of a plane.
fn largest_sum(plane: &[Vec<i8>], digits: &[u8]) -> i32 {
    let mut sums = vec![0; plane.first().map_or(0, Vec::len)];
    for (row, &x) in plane.iter().zip(digits) {
        for (sum, &weight) in sums.iter_mut().zip(row) {
            *sum += i32::from(weight) * i32::from(x);
        }
    }
    sums.into_iter().map(i32::abs).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn plan(name: &str) -> Plan {
        let geometry = Config::builtin(name).unwrap().geometry;
        Plan { geometry, range: Plan::widest_range(&geometry), seed: 1 }
    }

    #[test]
    fn a_ramp_has_every_sum_in_every_adc() {
        for (name, ends) in [("capram65", 960), ("small", 240)] {
            let ramp = plan(name).ramp();
            assert_eq!(ramp.steps.len(), (2 * ends + 1) * 32, "{name}");
            for (i, sum) in (-(ends as i32)..=ends as i32).enumerate() {
                for adc in [0, 3] {
                    assert_eq!(ramp.exact(32 * i, adc), sum);
                }
            }
        }
        assert_eq!(plan("capram65").ramp().input_lsb(0, 0), -64.0);
    }

    #[test]
    fn a_sine_is_coherent_and_keeps_to_the_span() {
        let sine = plan("capram65").sine();
        let sums: Vec<i32> = (0..SINE_SAMPLES).map(|n| sine.exact(n, 5)).collect();
        assert_eq!((sums.iter().max(), sums.iter().min()), (Some(&900), Some(&-900)));
        // A period count without common factor visits every phase once: the sum cancels.
        assert_eq!(sums.iter().sum::<i32>(), 0);
    }

    #[test]
    fn random_samples_are_as_many_as_published_and_cover_the_span() {
        let program = plan("capram65").linearity();
        assert_eq!(program.steps.len() * 32, LINEARITY_SAMPLES);
        let mut bins = [0; 12];
        for step in (0..program.steps.len()).step_by(7) {
            for adc in 0..32 {
                let d = program.input_lsb(step, adc);
                assert!(d.abs() <= SPAN_LSB);
                bins[((d + 60.0) / 10.0).min(11.0) as usize] += 1;
            }
        }
        let fewest = bins.iter().min().unwrap();
        assert!(*fewest > 1000, "{bins:?}");
        // Slices see different sums of one vector: their weights differ.
        let sums: Vec<i32> = (0..32).map(|adc| program.exact(11, adc)).collect();
        let plane = program.steps[11].plane;
        assert!(plane < 2 || sums.iter().any(|&s| s != sums[0]));
    }
}
