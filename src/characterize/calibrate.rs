//! Calibration in the published two steps: a straight line per ADC, then one master curve that all
//! ADCs share.
//!
//! Section 3 of the theory of operation says what the post-processor computes from the tables; here
//! they are fitted to it. A code's best estimate is the mean input that gives it, so the inputs have
//! to be spread evenly over the codes: then the line and the mean residual have no bias. Clipped
//! codes say only that the input lies beyond, and are left out.

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::metrics::statistics::{Line, LineFit};
use crate::golden::ideal;

/// Entries of the master curve, one per LSB from -64 to 63.
pub const MASTER_ENTRIES: usize = ideal::MASTER_ENTRIES;
/// Register value of gain 1.
const UNIT_GAIN: f64 = 128.0;
/// Sixteenths of an LSB that the offset register holds: signed 10 bits.
const OFFSETS: (f64, f64) = (-512.0, 511.0);
/// Two codes make a line.
const MIN_CODES: u32 = 2;

/// One conversion of a known input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Which ADC, from 0.
    pub adc: usize,
    /// Input d in LSB, 0 in the middle.
    pub input_lsb: f64,
    /// What the ADC made of it, 0..=127.
    pub code: u8,
}

/// Line of one ADC as its registers hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AdcCalibration {
    /// Gain G; 128 is 1.
    pub gain: u8,
    /// Offset O in sixteenths of an LSB, signed 10 bits.
    pub offset: i16,
}

/// Tables of one chip in one range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Calibration {
    /// The line of each ADC.
    pub adcs: Vec<AdcCalibration>,
    /// Master curve M in sixteenths of an LSB; entry i serves -64 + i LSB.
    #[serde(serialize_with = "sequence")]
    pub master: [i8; MASTER_ENTRIES],
}

/// What a fit found before rounding, and where the registers were too small for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitReport {
    /// One entry per ADC.
    pub adcs: Vec<AdcFit>,
    /// Mean residual of each master entry in LSB; entries without samples are interpolated.
    pub master_lsb: Vec<f64>,
    /// Samples behind each master entry.
    pub master_samples: Vec<u64>,
    /// Master entries that their 8 bits do not hold.
    pub master_saturated: Vec<usize>,
}

/// The least-squares line input = `gain` (code - 63.5) + `offset_lsb` of one ADC.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AdcFit {
    /// LSB of input per code; ideally 1.
    pub gain: f64,
    /// Input in LSB in the middle of the code range; ideally 0.
    pub offset_lsb: f64,
    /// Samples behind the line.
    pub used: u64,
    /// Samples left out because their code is 0 or 127.
    pub clipped: u64,
    /// Whether the gain register is too small for the line.
    pub gain_saturated: bool,
    /// Whether the offset register is too small for the line.
    pub offset_saturated: bool,
}

/// Why there is no calibration.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum CalibrationError {
    #[error(
        "ADC {adc} can not be fitted: {used} unclipped and {clipped} clipped samples show {codes} \
         unclipped codes, a line needs {MIN_CODES}"
    )]
    TooFewCodes { adc: usize, used: u64, clipped: u64, codes: u32 },
    #[error("a sample is of ADC {adc}, of {adcs}")]
    Adc { adc: usize, adcs: usize },
    #[error("a sample of ADC {adc} has code {code}, which is not a 7-bit code")]
    Code { adc: usize, code: u8 },
    #[error("a sample of ADC {adc} has an input that is not a finite number")]
    Input { adc: usize },
}

impl FitReport {
    /// Registers that are too small for what was fitted: gains, offsets, entries of the master curve.
    pub fn saturated(&self) -> u64 {
        let adc = |adc: &AdcFit| u64::from(adc.gain_saturated) + u64::from(adc.offset_saturated);
        self.adcs.iter().map(adc).sum::<u64>() + self.master_saturated.len() as u64
    }
}

/// Fits the tables of `adcs` ADCs to samples whose inputs are spread evenly, see the module. The
/// samples are read twice: for the lines, then for what these leave.
pub fn fit(
    adcs: usize,
    samples: impl Iterator<Item = Sample> + Clone,
) -> Result<(Calibration, FitReport), CalibrationError> {
    let (lines, adc_fits) = fit_lines(adcs, samples.clone())?;
    let mut calibration = Calibration { adcs: lines, master: [0; MASTER_ENTRIES] };
    let residuals = residuals(&calibration, samples);
    let curve = interpolated(&residuals.map(|sum| sum.mean()));
    let rounded = curve.map(|sixteenths| to_register(sixteenths, (-128.0, 127.0)));
    calibration.master = rounded.map(|(value, _)| value as i8);
    let report = FitReport {
        adcs: adc_fits,
        master_lsb: curve.iter().map(|sixteenths| sixteenths / 16.0).collect(),
        master_samples: residuals.iter().map(|sum| sum.samples).collect(),
        master_saturated: (0..MASTER_ENTRIES).filter(|&i| rounded[i].1).collect(),
    };
    Ok((calibration, report))
}

impl AdcCalibration {
    /// Changes nothing.
    pub const NEUTRAL: Self = Self { gain: 128, offset: 0 };

    /// Input in sixteenths of an LSB that a code stands for, before the master curve.
    pub fn linear(self, code: u8) -> i32 {
        (centred(code) * i32::from(self.gain) + 16 * i32::from(self.offset) + 8) >> 4
    }
}

impl From<AdcCalibration> for ideal::Calibration {
    fn from(adc: AdcCalibration) -> Self {
        Self { gain: adc.gain, offset: adc.offset }
    }
}

impl Calibration {
    /// Changes nothing.
    pub fn neutral(adcs: usize) -> Self {
        Self { adcs: vec![AdcCalibration::NEUTRAL; adcs], master: [0; MASTER_ENTRIES] }
    }

    /// Input in sixteenths of an LSB that a code of an ADC stands for, as the post-processor
    /// computes it.
    ///
    /// # Panics
    /// Where there is no such ADC.
    pub fn apply(&self, adc: usize, code: u8) -> i32 {
        let linear = self.adcs[adc].linear(code);
        linear + i32::from(self.master[master_entry(linear)])
    }
}

/// Twice the distance of a code from the middle, in LSB.
fn centred(code: u8) -> i32 {
    2 * i32::from(code) - 127
}

/// Master entry that serves a value in sixteenths of an LSB.
fn master_entry(sixteenths: i32) -> usize {
    ((sixteenths >> 4) + 64).clamp(0, MASTER_ENTRIES as i32 - 1) as usize
}

fn fit_lines(
    adcs: usize,
    samples: impl Iterator<Item = Sample>,
) -> Result<(Vec<AdcCalibration>, Vec<AdcFit>), CalibrationError> {
    let mut sums = vec![AdcSums::default(); adcs];
    for sample in samples {
        let Sample { adc, input_lsb, code } = sample;
        let sums = sums.get_mut(adc).ok_or(CalibrationError::Adc { adc, adcs })?;
        if code > 127 {
            return Err(CalibrationError::Code { adc, code });
        }
        if !input_lsb.is_finite() {
            return Err(CalibrationError::Input { adc });
        }
        sums.push(sample);
    }
    sums.iter().enumerate().map(|(adc, sums)| sums.fit(adc)).collect()
}

/// What a line needs to know of one ADC's samples: x is z = 2 code - 127, y sixteenths of an LSB.
#[derive(Clone, Copy, Debug, Default)]
struct AdcSums {
    line: LineFit,
    clipped: u64,
    /// Bit c: code c was seen unclipped.
    codes: u128,
}

impl AdcSums {
    fn push(&mut self, sample: Sample) {
        if ideal::clipped(sample.code) {
            self.clipped += 1;
        } else {
            self.codes |= 1 << sample.code;
            self.line.push(centred(sample.code).into(), 16.0 * sample.input_lsb);
        }
    }

    fn fit(&self, adc: usize) -> Result<(AdcCalibration, AdcFit), CalibrationError> {
        let (used, clipped, codes) = (self.line.points(), self.clipped, self.codes.count_ones());
        let too_few = CalibrationError::TooFewCodes { adc, used, clipped, codes };
        let Line { intercept, slope } = self.line.line().ok_or(too_few)?;
        // v = z G/16 + O
        let (gain, gain_saturated) = to_register(16.0 * slope, (0.0, 255.0));
        // The rounded gain turns the line about its middle, not about z = 0.
        let offset = self.line.mean_y() - gain / 16.0 * self.line.mean_x();
        let (offset, offset_saturated) = to_register(offset, OFFSETS);
        let registers = AdcCalibration { gain: gain as u8, offset: offset as i16 };
        let (gain, offset_lsb) = (16.0 * slope / UNIT_GAIN, intercept / 16.0);
        Ok((
            registers,
            AdcFit { gain, offset_lsb, used, clipped, gain_saturated, offset_saturated },
        ))
    }
}

/// Nearest value that a register holds, and whether the register was too small.
fn to_register(value: f64, (low, high): (f64, f64)) -> (f64, bool) {
    let rounded = value.round();
    (rounded.clamp(low, high), rounded < low || rounded > high)
}

/// Residuals of one master entry, in sixteenths of an LSB.
#[derive(Clone, Copy, Debug, Default)]
struct Residuals {
    samples: u64,
    sum: f64,
}

impl Residuals {
    fn mean(self) -> Option<f64> {
        (self.samples > 0).then(|| self.sum / self.samples as f64)
    }
}

/// What the lines leave, under the entry that the post-processor would use.
fn residuals(
    calibration: &Calibration,
    samples: impl Iterator<Item = Sample>,
) -> [Residuals; MASTER_ENTRIES] {
    let mut residuals = [Residuals::default(); MASTER_ENTRIES];
    for sample in samples.filter(|sample| !ideal::clipped(sample.code)) {
        let linear = calibration.adcs[sample.adc].linear(sample.code);
        let entry = &mut residuals[master_entry(linear)];
        entry.samples += 1;
        entry.sum += 16.0 * sample.input_lsb - f64::from(linear);
    }
    residuals
}

/// Fills entries without samples: on the straight line between their neighbours, beyond the ends
/// the nearest; 0 without any.
fn interpolated(known: &[Option<f64>; MASTER_ENTRIES]) -> [f64; MASTER_ENTRIES] {
    let below = |i: usize| (0..=i).rev().find_map(|j| known[j].map(|value| (j, value)));
    let above = |i: usize| (i..MASTER_ENTRIES).find_map(|j| known[j].map(|value| (j, value)));
    std::array::from_fn(|i| match (below(i), above(i)) {
        (Some((low, from)), Some((high, to))) if low < high => {
            from + (to - from) * (i - low) as f64 / (high - low) as f64
        }
        (Some((_, value)), _) | (None, Some((_, value))) => value,
        (None, None) => 0.0,
    })
}

fn sequence<S: Serializer>(
    master: &[i8; MASTER_ENTRIES],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(master)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Range;

    /// Samples per LSB of input.
    const DENSITY: i32 = 64;

    /// A ramp over +-70 LSB, its levels in the middle of steps, on an ADC that sees
    /// `transfer(input)` LSB.
    fn ramp(adc: usize, transfer: impl Fn(f64) -> f64) -> Vec<Sample> {
        let convert = |input: f64| (transfer(input).floor().clamp(-64.0, 63.0) + 64.0) as u8;
        (-70 * DENSITY..70 * DENSITY)
            .map(|i| (f64::from(i) + 0.5) / f64::from(DENSITY))
            .map(|input_lsb| Sample { adc, input_lsb, code: convert(input_lsb) })
            .collect()
    }

    fn fitted(adcs: usize, samples: &[Sample]) -> (Calibration, FitReport) {
        fit(adcs, samples.iter().copied()).expect("enough codes")
    }

    /// Rms of calibrated value - input in LSB, over the unclipped samples.
    fn rms(calibration: &Calibration, samples: &[Sample]) -> f64 {
        let squares: Vec<f64> = samples
            .iter()
            .filter(|sample| !ideal::clipped(sample.code))
            .map(|s| f64::from(calibration.apply(s.adc, s.code)) / 16.0 - s.input_lsb)
            .map(|error| error * error)
            .collect();
        (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
    }

    /// The clipped ends are in the samples and change nothing.
    #[test]
    fn a_neutral_chip_gets_neutral_tables() {
        let samples: Vec<Sample> = (0..3).flat_map(|adc| ramp(adc, |d| d)).collect();
        let (calibration, report) = fitted(3, &samples);
        assert_eq!(calibration, Calibration::neutral(3));
        assert_eq!((report.adcs[1].used, report.adcs[1].clipped), (126 * 64, 14 * 64));
        assert!((report.adcs[1].gain - 1.0).abs() < 1e-12);
        assert_eq!(report.master_saturated, [0; 0]);
        assert!((rms(&calibration, &samples) - 1.0 / 12f64.sqrt()).abs() < 1e-3, "code width only");
    }

    /// The ADC sees (d - offset)/gain, so the line has to give that gain and offset back: to half a
    /// step of the registers, and what the fit says to the last digit or nearly so.
    #[test]
    fn planted_lines_are_recovered() {
        let planted = [(1.05, 3.0), (0.93, -7.5), (1.001, 0.03), (1.2, 20.0), (0.8, -15.25)];
        let samples: Vec<Sample> = planted
            .iter()
            .enumerate()
            .flat_map(|(adc, (gain, offset))| ramp(adc, move |d| (d - offset) / gain))
            .collect();
        let (calibration, report) = fitted(planted.len(), &samples);
        for ((gain, offset), (adc, fit)) in
            planted.iter().zip(calibration.adcs.iter().zip(&report.adcs))
        {
            assert!((fit.gain - gain).abs() < 2e-4, "{fit:?}");
            assert!((fit.offset_lsb - offset).abs() < 2e-2, "{fit:?}");
            assert_eq!(adc.gain, (128.0 * gain).round() as u8);
            // One sixteenth at most for what the rounded gain leaves off its middle.
            assert!((f64::from(adc.offset) - 16.0 * offset).abs() <= 1.5, "{adc:?}");
            assert!(!fit.gain_saturated && !fit.offset_saturated);
        }
        let before = rms(&Calibration::neutral(planted.len()), &samples);
        let after = rms(&calibration, &samples);
        assert!(before > 5.0 && after < 0.36, "{before} to {after} LSB");
    }

    /// Samples of one side only: what the rounding of the gain leaves is balanced there, not at 0,
    /// where the offset would be two sixteenths off.
    #[test]
    fn offset_balances_the_rounded_gain() {
        let mut samples = ramp(0, |d| d / (1.0 + 0.45 / 128.0));
        samples.retain(|sample| (96..120).contains(&sample.code));
        let adc = fitted(1, &samples).0.adcs[0];
        let error = |s: &Sample| f64::from(adc.linear(s.code)) - 16.0 * s.input_lsb;
        let mean = samples.iter().map(error).sum::<f64>() / samples.len() as f64;
        assert!(mean.abs() < 0.6, "{adc:?} is off by {mean} sixteenths on average");
    }

    /// A bow that all ADCs share ends in the master curve, up to the line through it.
    #[test]
    fn a_shared_bow_is_the_master_curve() {
        let bow = |d: f64| 1.5 * (d / 64.0).powi(3) - 0.9 * (d / 64.0);
        let samples: Vec<Sample> =
            (0..4).flat_map(|adc| ramp(adc, move |d| d + bow(d) + adc as f64)).collect();
        let (calibration, report) = fitted(4, &samples);
        let line = &report.adcs[0];
        for entry in 8..120 {
            // Where the line says d', the input d solves d + bow(d) = seen.
            let seen = (entry as f64 - 63.5 - line.offset_lsb) / line.gain;
            let input = (0..50).fold(seen, |d, _| seen - bow(d));
            let left = 16.0 * (input - (entry as f64 - 63.5));
            let found = f64::from(calibration.master[entry]);
            assert!((found - left).abs() < 3.0, "entry {entry}: {found}, not {left}");
        }
        assert!(calibration.master.iter().any(|&m| m.abs() > 4), "{:?}", calibration.master);
        let mut lines_only = calibration.clone();
        lines_only.master = [0; MASTER_ENTRIES];
        let (lines, both) = (rms(&lines_only, &samples), rms(&calibration, &samples));
        assert!(both < 0.3 && lines > both + 0.02, "{lines} to {both} LSB");
    }

    /// Twice as many samples beyond the ends move nothing.
    #[test]
    fn clipped_samples_do_not_bias() {
        let mut samples = ramp(0, |d| 1.3 * d - 4.0);
        let before = fitted(1, &samples).0;
        let beyond = |input_lsb: f64, code| Sample { adc: 0, input_lsb, code };
        samples.extend((0..9000).map(|i| beyond(60.0 + f64::from(i), 127)));
        samples.extend((0..900).map(|i| beyond(-60.0 - f64::from(i), 0)));
        assert_eq!(fitted(1, &samples).0, before);
    }

    #[test]
    fn an_adc_without_a_line_is_refused() {
        let mut samples = ramp(0, |d| d);
        samples.extend(ramp(1, |_| 0.0));
        let dead = CalibrationError::TooFewCodes { adc: 1, used: 140 * 64, clipped: 0, codes: 1 };
        assert_eq!(fit(2, samples.iter().copied()), Err(dead));
        assert_eq!(
            dead.to_string(),
            "ADC 1 can not be fitted: 8960 unclipped and 0 clipped samples show 1 unclipped codes, \
             a line needs 2"
        );
        let clipped = ramp(0, |d| if d < 0.0 { -99.0 } else { 99.0 });
        let stuck = CalibrationError::TooFewCodes { adc: 0, used: 0, clipped: 140 * 64, codes: 0 };
        assert_eq!(fit(1, clipped.into_iter()), Err(stuck));
    }

    #[test]
    fn what_is_no_sample_is_refused() {
        let one = |adc, input_lsb, code| fit(2, [Sample { adc, input_lsb, code }].into_iter());
        assert_eq!(one(2, 0.0, 0), Err(CalibrationError::Adc { adc: 2, adcs: 2 }));
        assert_eq!(one(1, 0.0, 128), Err(CalibrationError::Code { adc: 1, code: 128 }));
        assert_eq!(one(1, f64::NAN, 1), Err(CalibrationError::Input { adc: 1 }));
    }

    /// What the registers can not hold ends at their limit, and the report says so.
    #[test]
    fn what_does_not_fit_is_reported() {
        let (calibration, report) = fitted(1, &ramp(0, |d| d / 2.5));
        assert_eq!(calibration.adcs[0].gain, 255);
        assert!(report.adcs[0].gain_saturated && (report.adcs[0].gain - 2.5).abs() < 1e-2);
        assert!(!report.master_saturated.is_empty(), "the missing gain is too much for 8 bits");

        let (calibration, report) = fitted(1, &ramp(0, |d| d - 40.0));
        assert_eq!(calibration.adcs[0].offset, 511);
        assert!(report.adcs[0].offset_saturated && !report.adcs[0].gain_saturated);

        let (calibration, report) = fitted(1, &ramp(0, |d| -d));
        assert_eq!(calibration.adcs[0].gain, 0, "an inverted ADC");
        assert!(report.adcs[0].gain_saturated);
    }

    /// Gains above 1 leave entries out and those below 1 never reach the ends.
    #[test]
    fn entries_without_samples_are_interpolated() {
        let mut known = [None; MASTER_ENTRIES];
        (known[10], known[14], known[20]) = (Some(4.0), Some(-4.0), Some(2.0));
        let curve = interpolated(&known);
        assert_eq!(curve[..=10], [4.0; 11]);
        assert_eq!(curve[10..=14], [4.0, 2.0, 0.0, -2.0, -4.0]);
        assert_eq!(curve[17], -1.0);
        assert_eq!(curve[20..], [2.0; 108]);
        assert_eq!(interpolated(&[None; MASTER_ENTRIES]), [0.0; MASTER_ENTRIES]);
    }

    /// The golden model's post-processing is written on its own: at the full range it is 15 times
    /// the value here. All codes, the registers' corners and the middle between.
    #[test]
    fn apply_is_what_the_macro_computes() {
        let master = std::array::from_fn(|i| (i as u8).wrapping_mul(37) as i8);
        for gain in [0, 1, 127, 128, 129, 255] {
            for offset in [-512, -9, -1, 0, 1, 7, 511] {
                let adc = AdcCalibration { gain, offset };
                let calibration = Calibration { adcs: vec![adc], master };
                for code in 0..128 {
                    let golden = ideal::calibrated_value(code, adc.into(), &master, Range::Full, 0);
                    assert_eq!(15 * i64::from(calibration.apply(0, code)), golden);
                }
            }
        }
    }

    #[test]
    fn neutral_tables_change_nothing() {
        for code in 0..128 {
            let middle = 16 * (i32::from(code) - 64) + 8; // of the code's width
            assert_eq!(Calibration::neutral(2).apply(1, code), middle);
        }
    }

    #[test]
    fn tables_serialize() {
        let text = serde_json::to_value(Calibration::neutral(1)).expect("plain data");
        assert_eq!(text["adcs"][0]["gain"], 128);
        assert_eq!(text["master"].as_array().map(Vec::len), Some(128));
    }
}
