//! Are sums of several planes requantized, clipped and packed as section 3 says, in both banks?

mod common;

use capram::config::{Config, Range, WeightFormat};
use capram::registers as reg;
use capram::testbench::Testbench;
use capram::transaction::{Operation, Requantize};
use common::integers::{self, Machine, Tables, columns_of};
use common::{Random, assert_clean, calibrated, ideal, operation};

/// Formats of the planes 0, 1, ... in turn.
const FORMATS: [WeightFormat; 3] =
    [WeightFormat::Single1, WeightFormat::Diff1, WeightFormat::Single2];

#[test]
fn every_shift_and_width_in_two_lanes() {
    every_shift_and_width("capram65");
}

#[test]
fn every_shift_and_width_in_the_small_macro() {
    every_shift_and_width("small");
}

#[test]
fn every_shift_and_width_in_eight_lanes() {
    every_shift_and_width("slice1");
}

fn every_shift_and_width(name: &str) {
    let mut layer = Layer::new(&ideal(name), 0x4e9);
    for shift in 0..32 {
        for bits in [1, 2, 3, 4, 5, 6, 7, 8] {
            layer.run(Requantize { shift, bits });
        }
    }
    layer.finish();
}

/// Factor 0, bias at both ends, and the rounding of exact halves.
#[test]
fn corner_values() {
    let mut layer = Layer::new(&ideal("small"), 7);
    for (factor, bias) in [(0, i32::MAX), (0, i32::MIN), (255, i32::MAX), (255, i32::MIN), (0, 0)] {
        layer.parameters = Some((factor, bias));
        for (shift, bits) in [(0, 8), (1, 8), (23, 8), (24, 8), (31, 8), (31, 1), (30, 4)] {
            layer.run(Requantize { shift, bits });
        }
    }
    // 0 x sum + bias: halves between -2 and 2, which round up
    for bias in -8..=8 {
        layer.parameters = Some((0, bias));
        layer.run(Requantize { shift: 2, bits: 3 });
    }
    layer.finish();
}

/// A macro that computes layers of several planes, each requantized.
struct Layer {
    bench: Testbench,
    random: Random,
    config: Config,
    weights: Vec<Vec<Vec<i8>>>,
    /// Multiplier and bias of all outputs; random ones otherwise.
    parameters: Option<(u8, i32)>,
    /// Results seen: at 0, in between, at the upper end.
    seen: [usize; 3],
}

impl Layer {
    fn new(config: &Config, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut bench = calibrated(config);
        let geometry = config.geometry;
        let mut weights = vec![];
        for (plane, format) in Self::formats(config).into_iter().enumerate() {
            let units = geometry.columns_per_slice / columns_of(format);
            let plane_weights =
                random.weights(format, geometry.mac_rows, units * geometry.slices());
            bench.load_plane(plane, format, &plane_weights).expect("the plane takes its weights");
            weights.push(plane_weights);
        }
        Self { bench, random, config: config.clone(), weights, parameters: None, seen: [0; 3] }
    }

    /// Formats of the planes: those that give as many units as any.
    fn formats(config: &Config) -> Vec<WeightFormat> {
        let columns = config.geometry.columns_per_slice;
        FORMATS.into_iter().filter(|&format| columns_of(format) <= columns).collect()
    }

    fn units(&self) -> usize {
        let formats = Self::formats(&self.config);
        formats
            .into_iter()
            .map(|f| self.config.geometry.columns_per_slice / columns_of(f))
            .min()
            .unwrap_or(0)
    }

    /// One layer: every plane adds to the sums, the last emits the results.
    fn run(&mut self, layer: Requantize) {
        let bank = self.random.within(0, 1) as u8;
        let outputs = self.units() * self.config.geometry.slices();
        let sums = self.accumulate(bank, outputs, layer);
        let read = self.bench.accumulators(bank, outputs).expect("sums are readable");
        assert_eq!(read, sums.iter().map(|&sum| sum as i32).collect::<Vec<_>>(), "partial sums");
    }

    fn accumulate(&mut self, bank: u8, outputs: usize, layer: Requantize) -> Vec<i64> {
        let parameters = self.set(bank, outputs, layer);
        let mut sums = vec![0; outputs];
        let last = self.weights.len() - 1;
        for (plane, format) in Self::formats(&self.config).into_iter().enumerate() {
            let op = Operation {
                plane: plane as u8,
                bank,
                range: Range::ALL[self.random.within(0, 3) as usize],
                level: self.random.within(0, 15) as u8,
                activation_bits: self.random.within(1, 8) as u8,
                slot: 2 * plane as u8,
                units: self.units() as u8,
                clear: plane == 0,
                emit: plane == last,
                ..operation(format)
            };
            self.operate(&op, &mut sums);
        }
        self.bench.wait_idle().expect("the operations end");
        let expected: Vec<u8> = sums
            .iter()
            .zip(parameters)
            .map(|(&sum, (m, b))| integers::requantize(sum, m, b, layer.shift, layer.bits))
            .collect();
        assert_eq!(self.results(bank, outputs, layer), expected, "bank {bank}, {layer:?}");
        self.count(&expected, layer.bits);
        sums
    }

    fn set(&mut self, bank: u8, outputs: usize, layer: Requantize) -> Vec<(u8, i32)> {
        self.bench.set_requantize(layer).expect("idle: settings are open");
        let mut drawn = vec![];
        for output in 0..outputs {
            // The bias as large as the sums, so that results lie at both ends and in between.
            let magnitude = 1 << (layer.shift + layer.bits).min(31);
            let random =
                (self.random.word() as u8, self.random.within(-magnitude, magnitude - 1) as i32);
            let (factor, bias) = self.parameters.unwrap_or(random);
            self.bench.set_output(bank, output, factor, bias).expect("idle: tables are open");
            drawn.push((factor, bias));
        }
        drawn
    }

    fn operate(&mut self, op: &Operation, sums: &mut [i64]) {
        let geometry = self.config.geometry;
        let activations = self.random.activations(geometry.mac_rows, op.activation_bits);
        self.bench.activate(op.slot, &activations, op.activation_bits).expect("slots are free");
        self.bench.operate(op).expect("the operation is legal");
        let tables = Tables::neutral(geometry.slices());
        let machine = Machine { slices: geometry.slices(), tables: &tables };
        let added = machine.run(op, &self.weights[usize::from(op.plane)], &activations).sums;
        sums.iter_mut().zip(added).for_each(|(sum, more)| *sum += more);
    }

    /// Results as the register map packs them: eight to a word up to 4 bits, else four.
    fn results(&mut self, bank: u8, outputs: usize, layer: Requantize) -> Vec<u8> {
        let (per_word, width) = if layer.bits <= 4 { (8, 4) } else { (4, 8) };
        let mut unpacked = vec![];
        for word in 0..outputs.div_ceil(per_word) {
            let address = reg::RESULT + 4 * (32 * u32::from(bank) + word as u32);
            let data = self.bench.read(address).expect("results are readable");
            unpacked
                .extend((0..per_word).map(|i| (data >> (width * i) & ((1 << width) - 1)) as u8));
        }
        let compared = self.bench.results(bank, 0..outputs, layer).expect("results are readable");
        unpacked.truncate(outputs);
        assert_eq!(unpacked, compared, "the testbench unpacks as the map says");
        unpacked
    }

    fn count(&mut self, results: &[u8], bits: u8) {
        let top = (1u16 << bits) - 1;
        for &q in results {
            let place = if q == 0 { 0 } else { 1 + usize::from(u16::from(q) == top) };
            self.seen[place] += 1;
        }
    }

    fn finish(mut self) {
        assert!(self.seen.iter().all(|&n| n > 20), "0, between, clipped above: {:?}", self.seen);
        assert_clean(&mut self.bench);
    }
}
