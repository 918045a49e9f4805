//! What one chip converts: slice, format, range, stored cells and digits, drawn by seed.

use std::sync::Arc;

use super::predict::{Prediction, predict};
use crate::config::{Analog, Config, Geometry, PLANES, Range, WeightFormat};
use crate::golden::chip::Chip;
use crate::golden::ideal;
use crate::golden::random::Key;
use crate::golden::reference::{ConverterError, ConverterStep};

/// Conversions in a row: the second one resets what the first one left.
pub const CONVERSIONS: usize = 2;

/// A decision closer to its threshold than this, in LSB, may fall either way: the demanded
/// agreement.
pub const TOLERANCE_LSB: f64 = 0.1;

/// Inputs are drawn anew until every decision is at least this clear, in LSB, and no code clips.
const CLEAR_LSB: f64 = 2.0 * TOLERANCE_LSB;
/// Draws after which what there is must do.
const ATTEMPTS: u64 = 400;

/// Keeps the draws of inputs apart from those of chips, which know other sources.
const SOURCE: u64 = 0x5350_4943_4500;

/// One chip, one slice of it, and what is converted there.
#[derive(Clone, Debug)]
pub struct Case {
    pub config: Config,
    pub chip: Arc<Chip>,
    /// Number of the chip in the population.
    pub number: u64,
    pub slice: usize,
    pub format: WeightFormat,
    pub step: ConverterStep,
    /// Stored cells of the step's plane, `[mac row][column]`.
    pub cells: Vec<bool>,
    /// Digits of each conversion, one per MAC row.
    pub digits: [Vec<u8>; CONVERSIONS],
}

impl Case {
    /// Draws the case of a chip and what the reference predicts for it.
    pub fn draw(
        config: &Config,
        seed: u64,
        number: u64,
    ) -> Result<(Self, Prediction), ConverterError> {
        let config = silent(config);
        let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, seed, number));
        let mut attempt = 0;
        loop {
            let case = Self::attempt(&config, chip.clone(), seed, number, attempt);
            let prediction = predict(&case)?;
            attempt += 1;
            if attempt == ATTEMPTS || prediction.is_clear(CLEAR_LSB * case.lsb_v()) {
                return Ok((case, prediction));
            }
        }
    }

    fn attempt(config: &Config, chip: Arc<Chip>, seed: u64, number: u64, attempt: u64) -> Self {
        let geometry = config.geometry;
        let fitting: Vec<_> =
            WeightFormat::ALL.into_iter().filter(|&format| geometry.units(format) > 0).collect();
        // Every format meets every range, whatever the first chip.
        let formats = fitting.len() as u64;
        let format = fitting[(number % formats) as usize];
        let range = Range::ALL[((number % 4 + number / formats % 4) % 4) as usize];
        let draw = Draw { key: Key::new([seed, number, SOURCE, attempt]), next: 0 };
        let inputs = draw.inputs(&geometry, format);
        let step = ConverterStep { range, ..inputs.step };
        let Inputs { cells, digits, .. } = inputs;
        let slice = (number % geometry.slices() as u64) as usize;
        Self { config: config.clone(), chip, number, slice, format, step, cells, digits }
    }

    /// The macro.
    pub fn geometry(&self) -> &Geometry {
        &self.config.geometry
    }

    /// Its analog terms, those of noise and metastability off.
    pub fn analog(&self) -> &Analog {
        &self.config.analog
    }

    /// The LSB of this conversion's range, in V.
    pub fn lsb_v(&self) -> f64 {
        self.analog().lsb_v(self.geometry().mac_rows, self.step.range.factor())
    }

    /// Column of the chip that is side P (0) or N (1).
    pub fn column(&self, side: usize) -> usize {
        let p = self.slice * self.geometry().columns_per_slice + self.step.column;
        match (side, self.step.differential) {
            (0, _) => p,
            (_, true) => p + 1,
            (_, false) => self.chip.dummy(self.slice),
        }
    }

    /// Whether MAC row m of a side keeps its charge in MULTIPLY.
    pub fn cell(&self, side: usize, m: usize) -> bool {
        if self.is_dummy(side) {
            return m < self.geometry().reference_rows();
        }
        self.cells[m * self.geometry().columns + self.column(side)]
    }

    /// Whether a side is the slice's reference column.
    pub fn is_dummy(&self, side: usize) -> bool {
        side == 1 && !self.step.differential
    }

    /// What the case is, for a reader.
    pub fn describe(&self) -> String {
        let ConverterStep { plane, column, differential, range, level } = self.step;
        let side_n =
            if differential { "the next column".into() } else { format!("dummy at level {level}") };
        format!(
            "chip {}, slice {}, plane {plane}, column {column} against {side_n}, {}, range 1/{}",
            self.number,
            self.slice,
            self.format.name(),
            1 << range.log2_inverse()
        )
    }
}

/// The configuration without what is drawn anew in every conversion: SPICE has no such draws.
fn silent(config: &Config) -> Config {
    let mut config = config.clone();
    config.analog.ktc_noise.on = false;
    config.analog.comparator_noise.on = false;
    config.analog.injection_noise.on = false;
    config.analog.metastability.on = false;
    config
}

/// What is drawn for an attempt.
struct Inputs {
    step: ConverterStep,
    cells: Vec<bool>,
    digits: [Vec<u8>; CONVERSIONS],
}

/// A stream of random numbers.
struct Draw {
    key: Key,
    next: u32,
}

impl Draw {
    /// Uniform in 0..bound.
    fn below(&mut self, bound: usize) -> usize {
        self.next += 1;
        ((u64::from(self.key.bits(self.next)) * bound as u64) >> 32) as usize
    }

    /// Uniform in 0..1.
    fn fraction(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }

    fn inputs(mut self, geometry: &Geometry, format: WeightFormat) -> Inputs {
        let plane = self.below(PLANES);
        let unit = self.below(geometry.units(format));
        let digit = self.below(format.digits());
        let per_digit = if format.differential() { 2 } else { 1 };
        let cells = self.cells(geometry, format);
        // Vectors of few and of many units, so that codes come from all of the scale.
        let largest = 4 + self.below(12);
        let digits = std::array::from_fn(|_| {
            (0..geometry.mac_rows).map(|_| self.below(largest + 1) as u8).collect()
        });
        let step = ConverterStep {
            plane,
            column: unit * format.columns() + digit * per_digit,
            differential: format.differential(),
            range: Range::Full,
            level: self.below(16) as u8,
        };
        Inputs { step, cells, digits }
    }

    /// Weights of all columns as they are stored; what no unit uses stores 0.
    fn cells(&mut self, geometry: &Geometry, format: WeightFormat) -> Vec<bool> {
        let (low, high) = format.weight_range();
        let weights: Vec<i8> = (low..=high).filter(|&weight| format.holds(weight)).collect();
        // Some matrices have mostly high weights, some mostly low ones.
        let bend = 4_f64.powf(2.0 * self.fraction() - 1.0);
        let mut cells = vec![];
        for _ in 0..geometry.mac_rows * geometry.slices() {
            let before = cells.len();
            for _ in 0..geometry.units(format) {
                let place = self.fraction().powf(bend) * weights.len() as f64;
                cells.extend(format.bits(weights[place as usize % weights.len()]));
            }
            cells.resize(before + geometry.columns_per_slice, false);
        }
        cells
    }
}

impl Prediction {
    /// Whether no decision is closer than `margin_v` and no code is at its end.
    fn is_clear(&self, margin_v: f64) -> bool {
        self.conversions.iter().all(|conversion| {
            let clear = conversion.margins_v.iter().all(|margin| margin.abs() >= margin_v);
            clear && !ideal::clipped(conversion.code)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn cases(name: &str, count: u64) -> Vec<(Case, Prediction)> {
        let config = Config::builtin(name).unwrap();
        (0..count).map(|number| Case::draw(&config, 1, number).unwrap()).collect()
    }

    /// 20 chips: every slice but once, all formats, all ranges with both kinds of conversion.
    #[test]
    fn twenty_chips_cover_formats_and_ranges() {
        let cases = cases("capram65", 20);
        let set = |what: &dyn Fn(&Case) -> String| -> usize {
            cases.iter().map(|(case, _)| what(case)).collect::<HashSet<_>>().len()
        };
        assert_eq!(set(&|case| case.slice.to_string()), 20);
        assert_eq!(set(&|case| format!("{:?}", case.format)), 6);
        assert_eq!(set(&|case| format!("{:?}", (case.step.range, case.step.differential))), 8);
    }

    /// What the 0.1 LSB leave open is rare.
    #[test]
    fn inputs_leave_no_decision_close() {
        for (case, prediction) in cases("capram65", 20) {
            assert!(prediction.is_clear(CLEAR_LSB * case.lsb_v()), "{}", case.describe());
        }
    }

    #[test]
    fn every_geometry_has_its_cases() {
        for name in ["small", "slice1", "slice2", "ideal"] {
            for (case, prediction) in cases(name, 8) {
                assert_eq!(case.cells.len(), case.geometry().mac_rows * case.geometry().columns);
                assert_eq!(prediction.conversions.len(), CONVERSIONS);
                assert!(case.column(0) < case.geometry().columns);
            }
        }
    }
}
