//! From codes to figures of merit of one chip.

use rayon::prelude::*;

use super::CharacterizeError;
use super::calibrate::{self, Calibration, Sample};
use super::metrics::linearity::{self, Linearity};
use super::metrics::noise::input_referred;
use super::metrics::sine::{self, Sine};
use super::metrics::statistics::{LineFit, csnr_db, mean, standard_deviation};
use super::metrics::{CODES, MetricsError, Ramp, histogram};
use super::program::{Plan, Program, SINE_CYCLES};
use crate::report::characterize::{AdcRow, Figures};

/// A program with the exact inputs of its steps, which every chip shares.
#[derive(Clone, Debug)]
pub struct Stimulus {
    pub program: Program,
    /// Inputs in LSB, `[step][adc]`.
    pub inputs_lsb: Vec<f32>,
}

impl Stimulus {
    fn new(program: Program, adcs: usize) -> Self {
        let inputs = |step: usize| (0..adcs).map(move |adc| (step, adc));
        let inputs_lsb = (0..program.steps.len())
            .into_par_iter()
            .flat_map_iter(inputs)
            .map(|(step, adc)| program.input_lsb(step, adc) as f32)
            .collect();
        Self { program, inputs_lsb }
    }
}

/// Everything that is converted on a chip.
#[derive(Clone, Debug)]
pub struct Stimuli {
    pub adcs: usize,
    pub ramp: Stimulus,
    pub ramp_levels: Ramp,
    /// Steps at either end of ramp and calibration whose codes may be cut.
    ramp_end: usize,
    calibration_end: usize,
    pub sine: Stimulus,
    pub calibration: Stimulus,
    pub linearity: Stimulus,
}

impl Stimuli {
    /// The programs of a plan.
    pub fn new(plan: &Plan) -> Self {
        let adcs = plan.geometry.slices();
        let stimulus = |program| Stimulus::new(program, adcs);
        let ramp = stimulus(plan.ramp());
        let ramp_levels = Ramp {
            first_lsb: f64::from(ramp.inputs_lsb[0]),
            step_lsb: 1.0 / ramp.program.units_per_lsb(),
            repeats: plan.ramp_repeats() as u32,
        };
        Self {
            adcs,
            ramp,
            ramp_levels,
            ramp_end: plan.ramp_end(),
            calibration_end: plan.calibration_end(),
            sine: stimulus(plan.sine()),
            calibration: stimulus(plan.calibration()),
            linearity: stimulus(plan.linearity()),
        }
    }

    /// Steps of all programs.
    pub fn steps(&self) -> usize {
        let all = [&self.ramp, &self.sine, &self.calibration, &self.linearity];
        all.map(|stimulus| stimulus.program.steps.len()).iter().sum()
    }
}

/// Codes of one ADC out of `[step][adc]`.
fn of_adc(codes: &[u8], adcs: usize, adc: usize) -> Vec<u8> {
    codes.iter().skip(adc).step_by(adcs).copied().collect()
}

fn blame(adc: usize) -> impl Fn(MetricsError) -> CharacterizeError {
    move |source| CharacterizeError::Metrics { adc, source }
}

/// What the host fits from the codes of the calibration program.
pub fn calibration(
    stimuli: &Stimuli,
    codes: &[u8],
) -> Result<(Calibration, calibrate::FitReport), CharacterizeError> {
    let adcs = stimuli.adcs;
    let limits: Vec<[u8; 2]> = (0..adcs)
        .map(|adc| covered(codes.iter().skip(adc).step_by(adcs).copied(), stimuli.calibration_end))
        .collect();
    let inputs = &stimuli.calibration.inputs_lsb;
    let samples = codes.iter().zip(inputs).enumerate().map(|(i, (&code, &input))| Sample {
        adc: i % adcs,
        input_lsb: f64::from(input),
        code,
    });
    let whole = |sample: &Sample| {
        let [first, last] = limits[sample.adc];
        first < sample.code && sample.code < last
    };
    Ok(calibrate::fit(adcs, samples.filter(whole))?)
}

/// An ADC's ramp: what its codes say before calibration, and what its calibrated values leave.
#[derive(Clone, Debug)]
pub struct RampFigures {
    pub linearity: Linearity,
    pub noise_lsb: f64,
    pub monotonic: bool,
    /// Mean code at each level.
    pub means: Vec<f64>,
    /// Offset in LSB and gain of calibrated values against the input.
    pub calibrated_offset_lsb: f64,
    pub calibrated_gain: f64,
    /// Largest distance of a calibrated code from the line through all of them, in LSB.
    pub calibrated_inl_lsb: f64,
}

/// Every ADC's ramp.
pub fn ramps(
    stimuli: &Stimuli,
    codes: &[u8],
    calibration: &Calibration,
) -> Result<Vec<RampFigures>, CharacterizeError> {
    (0..stimuli.adcs)
        .into_par_iter()
        .map(|adc| {
            let codes = of_adc(codes, stimuli.adcs, adc);
            ramp(stimuli, adc, &codes, calibration).map_err(blame(adc))
        })
        .collect()
}

fn ramp(
    stimuli: &Stimuli,
    adc: usize,
    codes: &[u8],
    calibration: &Calibration,
) -> Result<RampFigures, MetricsError> {
    let levels = &stimuli.ramp_levels;
    let [first, last] = covered(codes.iter().copied(), stimuli.ramp_end);
    let whole: Vec<u8> = codes.iter().map(|&code| code.min(last).max(first)).collect();
    let linearity = Linearity::from_counts(&histogram(&whole)?, levels)?;
    let noise_lsb = input_referred(codes, levels)?;
    let means = linearity::mean_codes(codes, levels)?;
    let standard_error = linearity::standard_error(noise_lsb, levels.repeats);
    let inputs = stimuli.ramp.inputs_lsb.iter().skip(adc).step_by(stimuli.adcs);
    let samples = inputs.zip(codes).filter(|&(_, &code)| first < code && code < last);
    let (line, inl) = calibrated_line(samples, |code| calibration.apply(adc, code));
    Ok(RampFigures {
        monotonic: linearity::monotonic(&means, standard_error),
        linearity,
        noise_lsb,
        means,
        calibrated_offset_lsb: line[0],
        calibrated_gain: line[1],
        calibrated_inl_lsb: inl,
    })
}

/// Codes of an ADC that a rising record sees wholly: above those seen among its first `end` samples
/// and below those among its last. The others are cut by the record's ends; noise shows a code whose
/// threshold lies beyond, and it would look narrow.
fn covered(codes: impl DoubleEndedIterator<Item = u8> + Clone, end: usize) -> [u8; 2] {
    let first = codes.clone().take(end).max().unwrap_or(0);
    let last = codes.rev().take(end).min().unwrap_or(127);
    [first, last]
}

/// Line through the calibrated values of codes against the mean input of each code,
/// `[input offset, gain]`, and the largest distance from it.
fn calibrated_line<'a>(
    samples: impl Iterator<Item = (&'a f32, &'a u8)>,
    value: impl Fn(u8) -> i32,
) -> ([f64; 2], f64) {
    let mut centres = [(0.0, 0u32); CODES];
    for (&input, &code) in samples {
        let (sum, count) = &mut centres[usize::from(code)];
        *sum += f64::from(input);
        *count += 1;
    }
    let points: Vec<(f64, f64)> = (0..CODES)
        .filter(|&code| centres[code].1 > 0)
        .map(|code| {
            let (sum, count) = centres[code];
            (sum / f64::from(count), f64::from(value(code as u8)) / 16.0)
        })
        .collect();
    let mut fit = LineFit::default();
    points.iter().for_each(|&(input, value)| fit.push(input, value));
    let Some(line) = fit.line() else { return ([f64::NAN; 2], f64::NAN) };
    let distance = |&(x, y): &(f64, f64)| (y - line.intercept - line.slope * x).abs();
    let inl = points.iter().map(distance).fold(0.0, f64::max);
    ([-line.intercept / line.slope, line.slope], inl)
}

/// Values of an ADC's codes in LSB, calibrated.
pub fn values_lsb(codes: &[u8], adcs: usize, adc: usize, calibration: &Calibration) -> Vec<f64> {
    let codes = codes.iter().skip(adc).step_by(adcs);
    codes.map(|&code| f64::from(calibration.apply(adc, code)) / 16.0).collect()
}

/// Every ADC's sine.
pub fn sines(
    stimuli: &Stimuli,
    codes: &[u8],
    calibration: &Calibration,
) -> Result<Vec<Sine>, CharacterizeError> {
    (0..stimuli.adcs)
        .into_par_iter()
        .map(|adc| {
            let values = values_lsb(codes, stimuli.adcs, adc, calibration);
            sine::analyse(&values, SINE_CYCLES).map_err(blame(adc))
        })
        .collect()
}

/// Errors of single results against exact dot products.
#[derive(Clone, Debug, Default)]
pub struct ResultErrors {
    /// In LSB, `[step][adc]`.
    pub errors_lsb: Vec<f32>,
    pub max_lsb: f64,
    pub rms_lsb: f64,
    pub clipped: u64,
    pub csnr_db: f64,
    /// Largest of each ADC.
    pub max_by_adc: Vec<f64>,
}

/// Errors of the random samples' results.
pub fn result_errors(stimuli: &Stimuli, codes: &[u8], calibration: &Calibration) -> ResultErrors {
    let inputs = &stimuli.linearity.inputs_lsb;
    let tables: Vec<[f32; CODES]> = (0..stimuli.adcs)
        .map(|adc| std::array::from_fn(|code| calibration.apply(adc, code as u8) as f32 / 16.0))
        .collect();
    let mut result = ResultErrors { max_by_adc: vec![0.0; stimuli.adcs], ..Default::default() };
    let mut squares = 0.0;
    result.errors_lsb.reserve(codes.len());
    for (codes, inputs) in codes.chunks(stimuli.adcs).zip(inputs.chunks(stimuli.adcs)) {
        for (adc, (&code, &input)) in codes.iter().zip(inputs).enumerate() {
            let error = tables[adc][usize::from(code & 127)] - input;
            squares += f64::from(error) * f64::from(error);
            result.max_by_adc[adc] = result.max_by_adc[adc].max(f64::from(error.abs()));
            result.clipped += u64::from(code == 0 || code == 127);
            result.errors_lsb.push(error);
        }
    }
    result.max_lsb = result.max_by_adc.iter().copied().fold(0.0, f64::max);
    result.rms_lsb = (squares / codes.len().max(1) as f64).sqrt();
    let signal = inputs.iter().map(|&d| f64::from(d));
    let errors = result.errors_lsb.iter().map(|&e| f64::from(e));
    result.csnr_db = csnr_db(signal, errors).unwrap_or(f64::NAN);
    result
}

/// What was found of one chip in one condition.
pub struct Found<'a> {
    pub ramps: &'a [RampFigures],
    pub sines: &'a [Sine],
    pub errors: &'a ResultErrors,
}

/// Figures of a chip; of its calibrated values if `calibrated`. (Calibration moves no threshold:
/// DNL and missing codes are those of the codes either way.)
pub fn figures(found: &Found, calibrated: bool) -> Figures {
    let Found { ramps, sines, errors } = found;
    let largest = |f: &dyn Fn(&RampFigures) -> f64| ramps.iter().map(f).fold(0.0, f64::max);
    let of_sines = |f: &dyn Fn(&Sine) -> f64| mean(&sines.iter().map(f).collect::<Vec<_>>());
    let spread = |f: &dyn Fn(&RampFigures) -> f64| {
        standard_deviation(&ramps.iter().map(f).collect::<Vec<_>>()).unwrap_or(0.0)
    };
    let enobs = sines.iter().map(|s| s.enob);
    let complete = ramps.iter().filter(|r| r.linearity.missing_codes.is_empty()).count();
    let noises: Vec<f64> = ramps.iter().map(|r| r.noise_lsb).collect();
    let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
    Figures {
        enob: number(of_sines(&|s| s.enob)),
        enob_min: enobs.fold(f64::INFINITY, f64::min),
        sinad_db: number(of_sines(&|s| s.sinad_db)),
        snr_db: number(of_sines(&|s| s.snr_db)),
        sfdr_db: number(of_sines(&|s| s.sfdr_db)),
        thd_db: number(of_sines(&|s| s.thd_db)),
        inl_max_lsb: largest(&|r| {
            if calibrated { r.calibrated_inl_lsb } else { r.linearity.inl_max_lsb() }
        }),
        inl_terminal_max_lsb: largest(&|r| r.linearity.inl_terminal_max_lsb()),
        dnl_max_lsb: largest(&|r| r.linearity.dnl_max_lsb()),
        missing_codes: ramps.iter().map(|r| r.linearity.missing_codes.len() as u64).sum(),
        adcs_without_missing_codes: complete as f64 / ramps.len().max(1) as f64,
        monotonic: ramps.iter().all(|r| r.monotonic),
        input_noise_lsb: number(mean(&noises)),
        linearity_error_max_lsb: errors.max_lsb,
        linearity_error_rms_lsb: errors.rms_lsb,
        linearity_samples: errors.errors_lsb.len() as u64,
        clipped_codes: errors.clipped,
        csnr_db: errors.csnr_db,
        offset_sigma_lsb: spread(&|r| {
            if calibrated { r.calibrated_offset_lsb } else { r.linearity.offset_lsb }
        }),
        gain_sigma: spread(&|r| if calibrated { r.calibrated_gain } else { r.linearity.gain }),
    }
}

/// One row per ADC; `before` and `after` calibration.
pub fn adc_rows(before: &Found, after: &Found, calibration: &Calibration) -> Vec<AdcRow> {
    let row = |adc: usize| {
        let ramp = &before.ramps[adc];
        let table = calibration.adcs[adc];
        AdcRow {
            adc,
            enob: after.sines[adc].enob,
            inl_max_lsb: ramp.linearity.inl_max_lsb(),
            dnl_max_lsb: ramp.linearity.dnl_max_lsb(),
            missing_codes: ramp.linearity.missing_codes.clone(),
            input_noise_lsb: ramp.noise_lsb,
            offset_lsb: [ramp.linearity.offset_lsb, ramp.calibrated_offset_lsb],
            gain: [ramp.linearity.gain, ramp.calibrated_gain],
            gain_register: table.gain,
            offset_register: table.offset,
            linearity_error_max_lsb: [before.errors.max_by_adc[adc], after.errors.max_by_adc[adc]],
        }
    };
    (0..before.ramps.len()).map(row).collect()
}
