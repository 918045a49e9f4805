//! The same measurements on many drawn chips.
//!
//! A chip's row depends on the configuration, the seed and its number only. Finished rows may go to
//! a checkpoint file, one line of JSON each, so that an interrupted run goes on where it stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::figures::{self, Stimuli};
use super::metrics::Distribution;
use super::metrics::linearity::Linearity;
use super::metrics::statistics::{mean, standard_deviation};
use super::{CharacterizeError, golden};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::config::{Config, Range};
use crate::golden::chip::Chip;
use crate::golden::reference::{Converter, ConverterStep, Phase};
use crate::golden::transfer::Transfer;
use crate::report::characterize::{ChipRow, FailedChip, MonteCarlo, facts};

/// Chips of a population and how they are measured.
pub struct Population<'a> {
    pub config: &'a Config,
    pub range: Range,
    pub seed: u64,
    pub first_chip: u64,
    pub chips: u64,
    /// Where finished rows are kept.
    pub checkpoint: Option<PathBuf>,
}

/// A chip's row, and the voltages in V that half of the rows share at full scale: with all mismatch,
/// and with that of the MAC capacitors alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Measured {
    row: ChipRow,
    shared_v: [Vec<f64>; 2],
}

/// What became of a chip.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Measured(Measured),
    Failed(FailedChip),
}

impl Outcome {
    fn chip(&self) -> u64 {
        match self {
            Self::Measured(measured) => measured.row.chip,
            Self::Failed(failed) => failed.chip,
        }
    }
}

impl Population<'_> {
    /// Measures every chip that the checkpoint does not have yet; `done` hears of each.
    pub fn measure(
        &self,
        stimuli: &Stimuli,
        done: &(dyn Fn() + Sync),
    ) -> Result<MonteCarlo, CharacterizeError> {
        let geometry = &self.config.geometry;
        let transfer =
            Transfer::new(geometry, &self.config.analog, &self.config.timing, self.range, 0)?;
        let (checkpoint, finished) = open(self)?;
        finished.iter().for_each(|_| done());
        let known: BTreeSet<u64> = finished.iter().map(Outcome::chip).collect();
        let wanted: Vec<u64> = (self.first_chip..self.first_chip + self.chips).collect();
        let missing = wanted.into_par_iter().filter(|chip| !known.contains(chip));
        let measured: Vec<Outcome> = missing
            .map(|chip| {
                let outcome = self.outcome(stimuli, &transfer, chip)?;
                checkpoint.append(&outcome)?;
                done();
                Ok(outcome)
            })
            .collect::<Result<_, CharacterizeError>>()?;
        let mut all = [finished, measured].concat();
        all.sort_by_key(Outcome::chip);
        Ok(self.summary(all))
    }

    /// A chip that can not be measured is a result: there are such chips.
    fn outcome(
        &self,
        stimuli: &Stimuli,
        transfer: &Transfer,
        chip: u64,
    ) -> Result<Outcome, CharacterizeError> {
        use CharacterizeError::{Calibration, Metrics, NotFinite};
        match self.chip(stimuli, transfer, chip) {
            Ok(measured) => Ok(Outcome::Measured(measured)),
            Err(error @ (Metrics { .. } | Calibration(_) | NotFinite { .. })) => {
                Ok(Outcome::Failed(FailedChip { chip, reason: error.to_string() }))
            }
            Err(error) => Err(error),
        }
    }

    fn chip(
        &self,
        stimuli: &Stimuli,
        transfer: &Transfer,
        number: u64,
    ) -> Result<Measured, CharacterizeError> {
        let Config { geometry, analog, .. } = self.config;
        let chip = Arc::new(Chip::draw(geometry, analog, self.seed, number));
        let convert = |program| golden::convert(self.config, program, &chip, self.seed, number);
        let statics = static_figures(transfer, &chip, stimuli.adcs)?;

        let codes = convert(&stimuli.calibration.program)?;
        let (calibration, fit) = figures::calibration(stimuli, &codes)?;
        let neutral = super::calibrate::Calibration::neutral(stimuli.adcs);
        let codes = convert(&stimuli.linearity.program)?;
        let before = figures::result_errors(stimuli, &codes, &neutral);
        let after = figures::result_errors(stimuli, &codes, &calibration);
        let sines = figures::sines(stimuli, &convert(&stimuli.sine.program)?, &calibration)?;
        let enobs: Vec<f64> = sines.iter().map(|s| s.enob).collect();

        let row = ChipRow {
            chip: number,
            enob: mean(&enobs).ok_or(CharacterizeError::NotFinite { chip: number })?,
            saturated_registers: fit.saturated(),
            linearity_before_lsb: before.max_lsb,
            linearity_after_lsb: after.max_lsb,
            csnr_before_db: before.csnr_db,
            csnr_after_db: after.csnr_db,
            ..statics
        };
        let mut capacitors = *analog;
        capacitors.parasitic_mismatch.on = false;
        let alone = Arc::new(Chip::draw(geometry, &capacitors, self.seed, number));
        let shared_v = [self.shared_v(&chip, number)?, self.shared_v(&alone, number)?];
        Ok(Measured { row, shared_v })
    }

    /// Voltages on the P bit lines after half of the rows shared full scale with the other half,
    /// without noise: where MAC capacitors matter most, and the levels of the row DACs not at all.
    fn shared_v(&self, chip: &Arc<Chip>, number: u64) -> Result<Vec<f64>, CharacterizeError> {
        let Config { geometry, mut analog, timing, .. } = *self.config;
        analog.ktc_noise.on = false;
        let mut converter =
            Converter::new(geometry, analog, timing, chip.clone(), self.seed, number);
        let first_of_slice = |i: usize| i.is_multiple_of(geometry.columns_per_slice);
        let half = geometry.mac_rows / 2 * geometry.columns;
        let cells =
            (0..geometry.mac_rows * geometry.columns).map(|i| i < half && first_of_slice(i));
        converter.load_plane(0, &cells.collect::<Vec<_>>())?;
        let step =
            ConverterStep { plane: 0, column: 0, differential: true, range: self.range, level: 0 };
        converter.convert(&step, &vec![15; geometry.mac_rows], &mut vec![0; geometry.slices()])?;
        Ok(converter.bit_line(Phase::Share, 0).to_vec())
    }

    fn summary(&self, outcomes: Vec<Outcome>) -> MonteCarlo {
        let chips = outcomes.len();
        let (mut all, mut failed) = (vec![], vec![]);
        for outcome in outcomes {
            match outcome {
                Outcome::Measured(measured) => all.push(measured),
                Outcome::Failed(chip) => failed.push(chip),
            }
        }
        let rows: Vec<ChipRow> = all.iter().map(|m| m.row.clone()).collect();
        let worst = rows
            .iter()
            .max_by(|a, b| a.linearity_after_lsb.total_cmp(&b.linearity_after_lsb))
            .map_or(self.first_chip, |row| row.chip);
        let within = rows.iter().filter(|row| row.linearity_after_lsb < facts::LINEARITY_LSB.value);
        let adcs = (rows.len().max(1) * self.config.geometry.slices()) as f64;
        let missing: u64 = rows.iter().map(|row| row.adcs_with_missing_codes).sum();
        let [sigma_v, capacitor_sigma_v] = [0, 1].map(|kind| spread_over_chips(&all, kind));
        let lsb_v = self.config.analog.lsb_v(self.config.geometry.mac_rows, self.range.factor());
        MonteCarlo {
            chips: chips as u64,
            first_chip: self.first_chip,
            failed,
            distributions: distributions(&rows),
            worst_chip: worst,
            adcs_without_missing_codes: 1.0 - missing as f64 / adcs,
            yield_below_2_lsb: within.count() as f64 / chips.max(1) as f64,
            accumulated_voltage_sigma_mv: 1e3 * sigma_v,
            accumulated_voltage_sigma_lsb: sigma_v / lsb_v,
            capacitor_voltage_sigma_mv: 1e3 * capacitor_sigma_v,
            rows,
        }
    }
}

/// Figures from exact thresholds.
fn static_figures(
    transfer: &Transfer,
    chip: &Chip,
    adcs: usize,
) -> Result<ChipRow, CharacterizeError> {
    let mut row = ChipRow::default();
    for adc in 0..adcs {
        let adc_linearity = Linearity::from_thresholds(&transfer.thresholds(chip, adc))
            .map_err(|source| CharacterizeError::Metrics { adc, source })?;
        row.inl_max_lsb = row.inl_max_lsb.max(adc_linearity.inl_max_lsb());
        row.dnl_max_lsb = row.dnl_max_lsb.max(adc_linearity.dnl_max_lsb());
        let missing = adc_linearity.missing_codes.len() as u64;
        row.missing_codes += missing;
        row.adcs_with_missing_codes += u64::from(missing > 0);
        row.offset_max_lsb = row.offset_max_lsb.max(adc_linearity.offset_lsb.abs());
    }
    Ok(row)
}

/// Root mean square over slices of a shared voltage's spread over chips, in V; not a number for
/// fewer than two chips.
fn spread_over_chips(all: &[Measured], kind: usize) -> f64 {
    let slices = all.first().map_or(0, |m| m.shared_v[kind].len());
    let variance = |slice: usize| {
        let volts: Vec<f64> = all.iter().map(|m| m.shared_v[kind][slice]).collect();
        standard_deviation(&volts).unwrap_or(f64::NAN).powi(2)
    };
    ((0..slices).map(variance).sum::<f64>() / slices.max(1) as f64).sqrt()
}

/// Distribution of every figure that has one.
fn distributions(rows: &[ChipRow]) -> Vec<(&'static str, Distribution)> {
    type Figure = (&'static str, fn(&ChipRow) -> f64);
    const FIGURES: [Figure; 8] = [
        ("enob", |row| row.enob),
        ("inl_max_lsb", |row| row.inl_max_lsb),
        ("dnl_max_lsb", |row| row.dnl_max_lsb),
        ("offset_max_lsb", |row| row.offset_max_lsb),
        ("linearity_before_lsb", |row| row.linearity_before_lsb),
        ("linearity_after_lsb", |row| row.linearity_after_lsb),
        ("csnr_before_db", |row| row.csnr_before_db),
        ("csnr_after_db", |row| row.csnr_after_db),
    ];
    let of = |(name, figure): Figure| {
        let values: Vec<f64> = rows.iter().map(figure).collect();
        Distribution::of(&values).map(|distribution| (name, distribution))
    };
    FIGURES.into_iter().filter_map(of).collect()
}

/// First line of a checkpoint: what its rows belong to.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    schema: String,
    /// Version of the program: another one may measure otherwise.
    capram: String,
    fingerprint: String,
    range: f64,
    seed: u64,
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { capram, fingerprint, range, seed, .. } = self;
        write!(f, "configuration {fingerprint}, range {range}, seed {seed} of capram {capram}")
    }
}

/// Opens or starts a population's checkpoint; the rows of the wanted chips that it has.
fn open(population: &Population) -> Result<(Checkpoint, Vec<Outcome>), CheckpointError> {
    let header = Header {
        schema: "capram.checkpoint/1".into(),
        capram: env!("CARGO_PKG_VERSION").into(),
        fingerprint: population.config.fingerprint(),
        range: population.range.factor(),
        seed: population.seed,
    };
    let slices = population.config.geometry.slices();
    let whole = |outcome: &Outcome| match outcome {
        Outcome::Measured(m) if m.shared_v.iter().any(|volts| volts.len() != slices) => {
            Err(format!("not of a chip with {slices} slices"))
        }
        _ => Ok(()),
    };
    let (checkpoint, finished) =
        Checkpoint::open(population.checkpoint.as_deref(), &header, whole)?;
    let chips = population.first_chip..population.first_chip + population.chips;
    let of_chip: BTreeMap<u64, Outcome> =
        finished.into_iter().map(|outcome| (outcome.chip(), outcome)).collect();
    let wanted = of_chip.into_iter().filter(|(chip, _)| chips.contains(chip));
    Ok((checkpoint, wanted.map(|(_, outcome)| outcome).collect()))
}
