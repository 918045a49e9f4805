//! The same chips through the reference's analog side, which knows nothing of ramps: whole digits,
//! one capacitor at a time.

use std::sync::Arc;

use super::*;
use crate::golden::reference::{Converter, ConverterStep};

/// Every deterministic term as configured.
fn silent(name: &str) -> Config {
    let mut config = Config::builtin(name).unwrap();
    let analog = &mut config.analog;
    analog.ktc_noise.on = false;
    analog.comparator_noise.on = false;
    analog.injection_noise.on = false;
    analog.metastability.on = false;
    config
}

/// A ramp of whole sums on one chip.
struct Ramp<'a> {
    config: &'a Config,
    chip: &'a Chip,
    transfer: Transfer,
    range: Range,
    column: usize,
    converter: Converter,
    codes: Vec<u8>,
}

impl<'a> Ramp<'a> {
    /// Plane 0 holds 1 in every even column, plane 1 in every odd one: weights of +1 and of -1.
    fn new(config: &'a Config, chip: &'a Chip, range: Range, column: usize) -> Self {
        let &Config { geometry, analog, timing, .. } = config;
        let mut converter = Converter::new(geometry, analog, timing, Arc::new(chip.clone()), 0, 0);
        for plane in [0, 1] {
            let bits = (0..geometry.mac_rows).flat_map(|_| 0..geometry.columns);
            let bits: Vec<bool> = bits.map(|column| (column + plane) % 2 == 0).collect();
            converter.load_plane(plane, &bits).unwrap();
        }
        let transfer = transfer(config, range, column);
        let codes = vec![0; geometry.slices()];
        Self { config, chip, transfer, range, column, converter, codes }
    }

    /// Digits of a sum, the larger ones spread evenly over the rows.
    fn digits(&self, sum: i32) -> Vec<u8> {
        let rows = self.config.geometry.mac_rows as u32;
        let sum = sum.unsigned_abs();
        (0..rows).map(|m| ((m + 1) * sum / rows - m * sum / rows) as u8).collect()
    }

    /// Converts a sum, from idle: nothing is left of the sum before.
    fn convert(&mut self, sum: i32) {
        let Self { range, column, .. } = *self;
        let plane = (column + usize::from(sum < 0)) % 2;
        let step = ConverterStep { plane, column, differential: true, range, level: 0 };
        let digits = self.digits(sum);
        self.converter.start_at_conversion(0);
        self.converter.convert(&step, &digits, &mut self.codes).unwrap();
    }

    /// Rows' capacitors differ: how much of a column's takes the larger digit, less how many of its
    /// rows do.
    fn excess(&self, slice: usize, side: usize, digits: &[u8]) -> f64 {
        let column = self.config.geometry.columns_per_slice * slice + self.column + side;
        let low = *digits.iter().min().unwrap();
        let capacitors = || self.chip.capacitors(column).iter().zip(digits);
        let sum = |all: bool| -> f64 {
            let taken = capacitors().filter(|&(_, &digit)| all || digit > low);
            taken.map(|(&k, _)| f64::from(k)).sum()
        };
        let larger = digits.iter().filter(|&&digit| digit > low).count();
        sum(false) / sum(true) - larger as f64 / digits.len() as f64
    }

    /// The input that a sum is, in LSB, for the ADC of a slice, and how far the column of zeros may
    /// be from what the ramp drives, in LSB.
    fn input(&self, slice: usize, sum: i32) -> (f64, f64) {
        let digits = self.digits(sum);
        let one = usize::from(sum < 0);
        let [driven, other] = [one, 1 - one].map(|side| self.excess(slice, side, &digits));
        let steps = f64::from(sum.abs()) / digits.len() as f64 + driven;
        let input = (steps * self.transfer.lsb_per_step).copysign(f64::from(sum));
        let front = &self.transfer.front;
        let rest = (front.zero.slope / front.one.slope * (driven - other)).abs();
        (input, 2.0 * rest * self.transfer.lsb_per_step)
    }

    /// Mean levels of the rows of both sides, in DAC steps.
    fn levels(&self, slice: usize, digits: &[u8]) -> [f64; 2] {
        [0, 1].map(|side| {
            let column = self.config.geometry.columns_per_slice * slice + self.column + side;
            let level = |digit: u8| {
                f64::from(digit) + f64::from(self.chip.level_errors()[usize::from(digit)]) / 4096.0
            };
            let capacitors = self.chip.capacitors(column).iter().map(|&k| f64::from(k));
            let charge: f64 = capacitors.clone().zip(digits).map(|(k, &x)| k * level(x)).sum();
            charge / capacitors.sum::<f64>()
        })
    }
}

/// Margins of the decisions that led to a code, in volts.
fn margins(ramp: &Ramp, slice: usize, sum: i32, code: u8) -> Vec<f64> {
    let transfer = &ramp.transfer;
    let tree = Tree::new(transfer, ramp.chip, slice);
    let front = &transfer.front;
    let nodes = if sum >= 0 { [front.one, front.zero] } else { [front.zero, front.one] };
    let levels = ramp.levels(slice, &ramp.digits(sum));
    let inputs = [0, 1].map(|side| affine::Affine {
        start: nodes[side].start + nodes[side].slope * levels[side],
        slope: 0.0,
    });
    tree.path(front, inputs, code)
}

/// What each decision sees is the same in both models, to rounding.
#[test]
fn margins_are_those_of_the_converter() {
    let configs = ["capram65", "ss", "leaky", "small", "slice2"];
    for (number, name) in (0..).zip(configs) {
        let mut config = silent(name);
        if number % 2 == 1 {
            config.timing.pulses = uneven();
        }
        let chip = draw(&config, number);
        let column = if name == "slice2" { 0 } else { 2 };
        let mut ramp = Ramp::new(&config, &chip, Range::ALL[number as usize % 4], column);
        let full = 15 * config.geometry.mac_rows as i32;
        for sum in [0, -1, 1, full, -full, full / 3, -full / 3, full / 7, -full / 7] {
            ramp.convert(sum);
            for slice in 0..config.geometry.slices() {
                let found = margins(&ramp, slice, sum, ramp.codes[slice]);
                for (k, found) in found.into_iter().enumerate() {
                    let wanted = ramp.converter.margins(k)[slice];
                    let context = format!("{name}, sum {sum}, slice {slice}, decision {k}");
                    assert!((found - wanted).abs() < 1e-12, "{context}: {found}, not {wanted}");
                }
            }
        }
    }
}

/// Thresholds as they are for d >= 0 and for d < 0: of a code that is reached twice, the first place
/// is none of the ADC's.
fn branches(transfer: &Transfer, chip: &Chip, slice: usize) -> [[f64; THRESHOLDS]; 2] {
    let found = transfer.thresholds(chip, slice);
    let levels = Levels::new(chip.level_errors());
    let negative = Tree::new(transfer, chip, slice).negative(transfer);
    let below = std::array::from_fn(|i| {
        let first = || -levels.place(-negative[i]) * transfer.lsb_per_step;
        if found[i] > 0.0 { first() } else { found[i] }
    });
    [found, below]
}

/// All whole sums within reach, of which two are next to each threshold: the code is the number of
/// thresholds passed. Rows' capacitors are allowed for, up to the little that a column of zeros keeps.
fn assert_codes(config: &Config, range: Range, column: usize, number: u64) -> usize {
    let chip = draw(config, number);
    let mut ramp = Ramp::new(config, &chip, range, column);
    let slices = config.geometry.slices();
    let thresholds: Vec<_> =
        (0..slices).map(|slice| branches(&ramp.transfer, &chip, slice)).collect();
    let reach = (15 * config.geometry.mac_rows as i32).min((1000.0 * range.factor()) as i32);
    let mut open = 0;
    for sum in -reach..=reach {
        ramp.convert(sum);
        for (slice, branches) in thresholds.iter().enumerate() {
            let thresholds = &branches[usize::from(sum < 0)];
            let (input, rest) = ramp.input(slice, sum);
            let tolerance = 1e-9 + rest;
            let passed = |input: f64| thresholds.iter().filter(|&&t| t <= input).count();
            let codes = [passed(input - tolerance), passed(input + tolerance)];
            let code = usize::from(ramp.codes[slice]);
            assert!(
                (codes[0]..=codes[1]).contains(&code),
                "sum {sum}, slice {slice}: {code}, not {codes:?}"
            );
            open += usize::from(codes[0] != codes[1]);
        }
    }
    open
}

#[test]
fn codes_next_to_all_thresholds_are_as_predicted() {
    let mut open = 0;
    for (range, column, number) in [(0, 0, 1), (1, 2, 2), (2, 1, 3), (3, 0, 4)] {
        open += assert_codes(&silent("capram65"), Range::ALL[range], column, number);
    }
    for (name, number) in [("ss", 5), ("ff", 6), ("sf", 7), ("fs", 8), ("leaky", 9)] {
        open += assert_codes(&silent(name), Range::Quarter, 0, number);
    }
    for number in 10..20 {
        let mut config = silent("small");
        config.timing.pulses = uneven();
        open += assert_codes(&config, Range::Quarter, 2, number);
    }
    // Of some 300,000 conversions.
    assert!(open < 20, "{open} codes could be either of two");
}
