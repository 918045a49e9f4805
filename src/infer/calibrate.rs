//! Calibration of a chip for a network: the ranges that its program uses, as `capram characterize`
//! does it. `docs/networks.md`, section 6.

use std::ops::Range as Codes;
use std::sync::Arc;

use super::{InferError, Tables};
use crate::characterize::calibrate::{self, Calibration, FitReport, Sample};
use crate::characterize::golden;
use crate::characterize::program::{Plan, Program as Conversions};
use crate::config::{Config, Geometry, Range};
use crate::golden::chip::Chip;
use crate::mapping::{Program, Stage};

/// What has to be converted to calibrate a macro for a program; the same for all chips.
#[derive(Clone, Debug)]
pub struct Calibrator {
    geometry: Geometry,
    /// Per range in use, the one of most conversion steps first: its curve is the master.
    ranges: Vec<OneRange>,
}

/// A range's conversions.
#[derive(Clone, Debug)]
struct OneRange {
    range: Range,
    conversions: Conversions,
    /// Input of each step in LSB, the same for all ADCs.
    inputs_lsb: Vec<f32>,
    /// Steps at either end whose codes the record's ends may cut.
    end: usize,
}

/// Fitted tables and what did not fit into them.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated {
    pub tables: Tables,
    /// Ranges that were fitted, that of the master curve first.
    pub fits: Vec<(Range, FitReport)>,
}

impl Calibrated {
    /// Registers that were too small for what was fitted: the lines of all ranges, the one master
    /// curve.
    pub fn saturated(&self) -> u64 {
        let lines = |fit: &FitReport| {
            let adc = |adc: &calibrate::AdcFit| {
                u64::from(adc.gain_saturated) + u64::from(adc.offset_saturated)
            };
            fit.adcs.iter().map(adc).sum::<u64>()
        };
        let master = self.fits.first().map_or(0, |(_, fit)| fit.master_saturated.len() as u64);
        self.fits.iter().map(|(_, fit)| lines(fit)).sum::<u64>() + master
    }
}

impl Calibrator {
    /// The conversions for the ranges of a program. Needs slices of 2 or 4 columns.
    pub fn new(geometry: &Geometry, program: &Program, seed: u64) -> Result<Self, InferError> {
        if geometry.columns_per_slice < 2 {
            return Err(InferError::NoPairs(geometry.columns_per_slice));
        }
        let one = |range| {
            let plan = Plan { geometry: *geometry, range, seed };
            let conversions = plan.calibration();
            let input = |step| conversions.input_lsb(step, 0) as f32;
            let inputs_lsb = (0..conversions.steps.len()).map(input).collect();
            OneRange { range, inputs_lsb, end: plan.calibration_end(), conversions }
        };
        let ranges = by_use(program).into_iter().map(one).collect();
        Ok(Self { geometry: *geometry, ranges })
    }

    /// Fits the tables of one chip. `convert` gives the codes of a calibration program, `[step][adc]`,
    /// each step from rest.
    pub fn fit(
        &self,
        mut convert: impl FnMut(&Conversions) -> Result<Vec<u8>, InferError>,
    ) -> Result<Calibrated, InferError> {
        let mut tables = Tables::neutral(&self.geometry);
        let mut fits = vec![];
        for one in &self.ranges {
            let codes = convert(&one.conversions)?;
            let (fitted, report) = one.fit(self.geometry.slices(), &codes)?;
            if fits.is_empty() {
                tables.master = fitted.master;
            }
            let lines = fitted.adcs.into_iter().map(Into::into).collect();
            tables.calibration[one.range as usize] = lines;
            fits.push((one.range, report));
        }
        Ok(Calibrated { tables, fits })
    }

    /// Fits the tables of a chip that the golden model converts with; `number` selects its noise.
    pub fn fit_golden(
        &self,
        config: &Config,
        chip: &Arc<Chip>,
        seed: u64,
        number: u64,
    ) -> Result<Calibrated, InferError> {
        self.fit(|conversions| Ok(golden::convert(config, conversions, chip, seed, number)?))
    }
}

impl OneRange {
    fn fit(&self, adcs: usize, codes: &[u8]) -> Result<(Calibration, FitReport), InferError> {
        let of_adc = |adc: usize| codes.iter().skip(adc).step_by(adcs).copied();
        let whole: Vec<Codes<u8>> = (0..adcs).map(|adc| covered(of_adc(adc), self.end)).collect();
        let samples = codes.iter().enumerate().map(|(i, &code)| Sample {
            adc: i % adcs,
            input_lsb: f64::from(self.inputs_lsb[i / adcs]),
            code,
        });
        let samples = samples.filter(|sample| whole[sample.adc].contains(&sample.code));
        Ok(calibrate::fit(adcs, samples)?)
    }
}

/// Codes of an ADC that a rising record sees wholly: above those among its first `end` samples and
/// below those among its last. Noise shows others too, but only a part of each.
fn covered(codes: impl DoubleEndedIterator<Item = u8> + Clone, end: usize) -> Codes<u8> {
    let first = codes.clone().take(end).max().unwrap_or(0);
    let last = codes.rev().take(end).min().unwrap_or(127);
    first + 1..last
}

/// Ranges of a program, that of most conversion steps first, the wider one of equal ones.
fn by_use(program: &Program) -> Vec<Range> {
    let mut steps = Range::ALL.map(|range| (0, range));
    for stage in &program.stages {
        let Stage::Macro(layer) = stage else { continue };
        for operation in layer.bursts.iter().flat_map(|burst| &burst.operations) {
            steps[operation.range as usize].0 += operation.steps();
        }
    }
    // A stable sort keeps equal ones in their order.
    steps.sort_by_key(|&(steps, _)| std::cmp::Reverse(steps));
    steps.into_iter().filter(|&(steps, _)| steps > 0).map(|(_, range)| range).collect()
}
