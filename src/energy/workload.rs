//! Seeded streams of operations that keep the array busy.

use super::EnergyError;
use crate::config::{Geometry, Range, WeightFormat};
use crate::golden::random::Key;
use crate::testbench::Testbench;
use crate::transaction::Operation;
use serde::Serialize;

/// Distinguishes a workload's keys from those of stimulus, chips and noise.
const SOURCE: u64 = 0x656e_6572_6779;
/// Slots for activations; those of an operation are used again when it is long done.
pub(super) const SLOTS: usize = 16;

/// A stream of like operations on one plane, each with activations of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Workload {
    /// Weights are uniform among those that it holds.
    pub format: WeightFormat,
    /// Units of each slice that convert.
    pub units: u8,
    /// Activations are uniform in this width.
    pub activation_bits: u8,
    /// Share of the activations that are 0 instead, beside the zeros that come up anyway.
    pub sparsity: f64,
    pub range: Range,
    /// DAC level of the reference column, where the format has one.
    pub level: u8,
    /// Operations in the measurement.
    pub operations: usize,
    pub seed: u64,
}

impl Default for Workload {
    /// The operating point of the published figures: an operation is 64 x 32 ternary weights
    /// against 64 dense four-bit activations in one conversion step, at the widest range.
    fn default() -> Self {
        Self {
            format: WeightFormat::Diff1,
            units: 1,
            activation_bits: 4,
            sparsity: 0.0,
            range: Range::Full,
            level: 7, // random bits at a mean digit of 7.5 come out in the middle of the range
            operations: 256,
            seed: 1,
        }
    }
}

impl Workload {
    /// The default, with bipolar weights where slices are too narrow for ternary ones.
    pub fn peak(geometry: &Geometry) -> Self {
        let default = Self::default();
        let fits = geometry.units(default.format) > 0;
        Self { format: if fits { default.format } else { WeightFormat::Single1 }, ..default }
    }

    /// Refuses what the macro has no room for.
    pub fn validate(&self, geometry: &Geometry) -> Result<(), EnergyError> {
        let refuse = |what, value: String, allowed: String| {
            Err(EnergyError::Workload { what, value, allowed })
        };
        let units = geometry.units(self.format);
        match self {
            _ if units == 0 => {
                refuse("format", self.format.name().into(), "one that fits a slice".into())
            }
            Self { units: n, .. } if !(1..=units).contains(&(*n).into()) => {
                refuse("units", n.to_string(), format!("1..={units} for {}", self.format.name()))
            }
            Self { activation_bits: n, .. } if !(1..=8).contains(n) => {
                refuse("activation_bits", n.to_string(), "1..=8".into())
            }
            Self { sparsity, .. } if !(0.0..=1.0).contains(sparsity) => {
                refuse("sparsity", sparsity.to_string(), "0..=1".into())
            }
            Self { level: n, .. } if *n > 15 => refuse("level", n.to_string(), "0..=15".into()),
            Self { operations: 0, .. } => refuse("operations", "0".into(), "1 and more".into()),
            _ => Ok(()),
        }
    }

    /// Loads the weights.
    pub(super) fn load(&self, bench: &mut Testbench, g: &Geometry) -> Result<(), EnergyError> {
        let (low, high) = self.format.weight_range();
        let legal: Vec<i8> = (low..=high).filter(|&w| self.format.holds(w)).collect();
        let outputs = usize::from(self.units) * g.slices();
        let mut draw = Draw::new(self.seed, 0);
        let mut row = || (0..outputs).map(|_| legal[draw.below(legal.len())]).collect();
        let weights: Vec<Vec<i8>> = (0..g.mac_rows).map(|_| row()).collect();
        Ok(bench.load_plane(0, self.format, &weights)?)
    }

    /// Loads the activations of an operation by its number.
    pub(super) fn activate(
        &self,
        bench: &mut Testbench,
        g: &Geometry,
        number: usize,
    ) -> Result<(), EnergyError> {
        let activations = self.activations(g.mac_rows, number);
        Ok(bench.activate(self.operation(number).slot, &activations, self.activation_bits)?)
    }

    /// Issues that operation, as soon as the macro takes it.
    pub(super) fn operate(&self, bench: &mut Testbench, number: usize) -> Result<(), EnergyError> {
        Ok(bench.operate(&self.operation(number))?)
    }

    fn operation(&self, number: usize) -> Operation {
        Operation {
            plane: 0,
            format: self.format,
            activation_bits: self.activation_bits,
            range: self.range,
            level: self.level,
            slot: (2 * number % SLOTS) as u8, // two each, for the width that takes two
            units: self.units,
            clear: true,
            emit: false,
            bank: 0,
        }
    }

    fn activations(&self, rows: usize, number: usize) -> Vec<u8> {
        let mut draw = Draw::new(self.seed, 1 + number as u64);
        let values = 1 << self.activation_bits;
        let mut value = || {
            let (zero, value) = (draw.unit() < self.sparsity, draw.below(values));
            if zero { 0 } else { value as u8 }
        };
        (0..rows).map(|_| value()).collect()
    }
}

/// A stream of uniform numbers.
struct Draw {
    key: Key,
    next: u32,
}

impl Draw {
    fn new(seed: u64, stream: u64) -> Self {
        Self { key: Key::new([seed, SOURCE, stream, 0]), next: 0 }
    }

    /// In 0..1.
    fn unit(&mut self) -> f64 {
        self.next += 1;
        f64::from(self.key.bits(self.next)) / (f64::from(u32::MAX) + 1.0)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.unit() * limit as f64) as usize
    }
}
