//! Random operations by seed: every format that fits, width, range, level, bank and table.

use super::{Batch, Layer, PlaneWeights, Step, Stimulus, Tables};
use crate::config::{Geometry, PLANES, Range, WeightFormat};
use crate::golden::random::Key;
use crate::transaction::{Operation, Requantize};

/// Distinguishes stimulus keys from those of chips and noise.
const SOURCE: u64 = 0x7374_696d;
/// Operations of a batch; each batch loads all planes anew.
const BATCH: u64 = 100;
/// Conversion indices set aside for a batch.
const CONVERSIONS: u64 = 1 << 16;

/// Random operations; the same seed gives the same run.
pub struct RandomStimulus {
    geometry: Geometry,
    seed: u64,
    operations: u64,
}

impl RandomStimulus {
    /// `operations` operations for macros of this geometry.
    pub fn new(geometry: Geometry, seed: u64, operations: u64) -> Self {
        Self { geometry, seed, operations }
    }
}

impl Stimulus for RandomStimulus {
    fn batches(&self) -> usize {
        self.operations.div_ceil(BATCH) as usize
    }

    fn operations(&self) -> u64 {
        self.operations
    }

    fn batch(&self, index: usize) -> Batch {
        let first_operation = index as u64 * BATCH;
        let count = BATCH.min(self.operations - first_operation);
        let mut draw = Draw { key: Key::new([self.seed, SOURCE, index as u64, 0]), next: 0 };
        let formats: Vec<_> =
            WeightFormat::ALL.into_iter().filter(|&f| self.geometry.units(f) > 0).collect();
        let planes: Vec<_> = (0..PLANES)
            .map(|plane| self.plane(plane, formats[draw.below(formats.len())], &mut draw))
            .collect();
        Batch {
            index,
            first_operation,
            first_conversion: index as u64 * CONVERSIONS,
            // Every other batch calibrates at random: neutral tables must be seen, too.
            tables: (index % 2 == 1).then(|| self.tables(&mut draw)),
            slice_enable: (index % 4 == 3).then(|| std::array::from_fn(|_| draw.bits())),
            layer: Some(self.layer(&mut draw)),
            steps: (0..count).map(|i| self.step(i, &planes, &mut draw)).collect(),
            planes,
        }
    }
}

impl RandomStimulus {
    fn plane(&self, plane: usize, format: WeightFormat, draw: &mut Draw) -> PlaneWeights {
        let outputs = self.geometry.units(format) * self.geometry.slices();
        let (low, high) = format.weight_range();
        let legal: Vec<i8> = (low..=high).filter(|&w| format.holds(w)).collect();
        let row = |draw: &mut Draw| (0..outputs).map(|_| legal[draw.below(legal.len())]).collect();
        let weights = (0..self.geometry.mac_rows).map(|_| row(draw)).collect();
        PlaneWeights { plane, format, weights }
    }

    fn tables(&self, draw: &mut Draw) -> Tables {
        let entry = |draw: &mut Draw| (draw.below(256) as u8, draw.below(1024) as i16 - 512);
        let adcs = |draw: &mut Draw| (0..self.geometry.slices()).map(|_| entry(draw)).collect();
        let calibration = Range::ALL.iter().map(|_| adcs(draw)).collect();
        Tables { calibration, master: (0..128).map(|_| draw.below(256) as u8 as i8).collect() }
    }

    fn layer(&self, draw: &mut Draw) -> Layer {
        let output = |draw: &mut Draw| (draw.below(256) as u8, draw.bits() as i32 >> 8);
        let bank = |draw: &mut Draw| (0..self.geometry.columns).map(|_| output(draw)).collect();
        let outputs = (0..2).map(|_| bank(draw)).collect();
        let requantize = Requantize { shift: draw.below(32) as u8, bits: draw.below(8) as u8 + 1 };
        Layer { requantize, outputs }
    }

    fn step(&self, index: u64, planes: &[PlaneWeights], draw: &mut Draw) -> Step {
        let PlaneWeights { plane, format, .. } = planes[draw.below(PLANES)];
        let activation_bits = draw.below(8) as u8 + 1;
        let units = draw.below(self.geometry.units(format)) as u8 + 1;
        let operation = Operation {
            plane: plane as u8,
            format,
            activation_bits,
            range: Range::ALL[draw.below(4)],
            level: draw.below(16) as u8,
            // A ring of slots, two for each operation.
            slot: (2 * index % 16) as u8,
            units,
            clear: draw.below(4) > 0,
            emit: draw.below(2) > 0,
            bank: (index % 2) as u8,
        };
        // Sparse vectors keep sums near zero, full ones reach the ends of the range.
        let density = draw.below(8) + 1;
        let mut value =
            || if draw.below(8) < density { draw.below(1 << activation_bits) as u8 } else { 0 };
        let activations = (0..self.geometry.mac_rows).map(|_| value()).collect();
        Step { operation, activations, outputs: operation.outputs(&self.geometry) }
    }
}

/// A stream of uniform numbers out of the counter-based generator.
struct Draw {
    key: Key,
    next: u32,
}

impl Draw {
    fn bits(&mut self) -> u32 {
        self.next += 1;
        self.key.bits(self.next)
    }

    /// Uniform below `limit` (far below 2^32, so that the rounding does not matter).
    fn below(&mut self, limit: usize) -> usize {
        ((u64::from(self.bits()) * limit as u64) >> 32) as usize
    }
}
