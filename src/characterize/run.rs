//! One whole characterization: what is measured, in which order, and the report of it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::calibrate::Calibration;
use super::dump::Codes;
use super::figures::{self, Found, RampFigures, ResultErrors, Stimuli};
use super::metrics::sine::{Sine, spectrum_dbfs};
use super::monte_carlo::Population;
use super::program::{Pace, Plan, Program};
use super::{CharacterizeError, golden, published, rtl};
use crate::config::{Config, Range};
use crate::cosim::tools;
use crate::energy::{self, Measurement, Workload};
use crate::golden::chip::Chip;
use crate::golden::ideal;
use crate::report::CharacterizeReport;
use crate::report::characterize::{
    BackendComparison, Curves, EnergyReport, ErrorBin, Figures, Histogram, SweepRow,
};
use crate::testbench::Sample;

/// Who converts the chip that is measured in detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The reference's closed forms.
    Golden,
    /// The Verilated macro in closed loop; compared with the golden codes one by one.
    Rtl,
}

impl Backend {
    fn name(self) -> &'static str {
        match self {
            Self::Golden => "golden",
            Self::Rtl => "rtl",
        }
    }
}

/// What to characterize, and how.
#[derive(Clone, Debug)]
pub struct Characterization<'a> {
    pub config: &'a Config,
    /// The widest range that the rows fill, if none is given.
    pub range: Option<Range>,
    pub sample: Sample,
    pub backend: Backend,
    /// Chips of a Monte Carlo, from number 0 on; none if 0.
    pub chips: u64,
    pub checkpoint: Option<PathBuf>,
    pub threads: usize,
    /// What the report says to run for the same again.
    pub command: String,
}

/// A report and the raw data behind it.
#[derive(Clone, Debug)]
pub struct Characterized {
    pub report: CharacterizeReport,
    pub stimuli: Stimuli,
    pub codes: Codes,
    pub calibration: Calibration,
}

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A stage by its name.
    Stage(&'static str),
    /// So many chips to come.
    Chips(u64),
    /// One of them done.
    Chip,
}

/// Someone who hears how far a run is, from any thread.
pub type Listener<'a> = &'a (dyn Fn(Progress) + Sync);

impl Characterization<'_> {
    /// Measures everything.
    pub fn run(&self, listen: Listener) -> Result<Characterized, CharacterizeError> {
        let geometry = self.config.geometry;
        if geometry.columns_per_slice < 2 {
            return Err(CharacterizeError::NoPairs(geometry.columns_per_slice));
        }
        let range = self.range.unwrap_or_else(|| Plan::widest_range(&geometry));
        let plan = Plan { geometry, range, seed: self.sample.seed };
        listen(Progress::Stage("stimulus"));
        let stimuli = Stimuli::new(&plan);
        listen(Progress::Stage("mismatch off"));
        let nominal = self.without_mismatch(&stimuli)?;
        listen(Progress::Stage("chip, golden"));
        let golden_codes = self.golden_codes(&stimuli)?;
        let (calibration, fit) = figures::calibration(&stimuli, &golden_codes.calibration)?;
        let (codes, backends_compared) = match self.backend {
            Backend::Golden => (golden_codes, None),
            Backend::Rtl => {
                listen(Progress::Stage("chip, RTL"));
                let (codes, compared) = self.through_rtl(&stimuli, &golden_codes, &calibration)?;
                (codes, Some(compared))
            }
        };
        let chip = Measured::new(&stimuli, &codes, &calibration)?;
        let monte_carlo = match self.chips {
            0 => None,
            chips => {
                listen(Progress::Chips(chips));
                let population = Population {
                    config: self.config,
                    range,
                    seed: self.sample.seed,
                    first_chip: 0,
                    chips,
                    checkpoint: self.checkpoint.clone(),
                };
                Some(population.measure(&stimuli, &|| listen(Progress::Chip))?)
            }
        };
        listen(Progress::Stage("energy"));
        let energy = energy_report(self.config, range)?;

        let (before, after) = (chip.before(), chip.after());
        let figures_before = figures::figures(&before, false);
        let figures_after = figures::figures(&after, true);
        let mut report = CharacterizeReport {
            config: self.config.into(),
            conditions: self.config.analog.conditions,
            backend: self.backend.name(),
            seed: self.sample.seed,
            chip: self.sample.chip,
            threads: self.threads,
            command: self.command.clone(),
            enob: nominal.figures.enob,
            inl_max_lsb: figures_before.inl_max_lsb,
            dnl_max_lsb: figures_before.dnl_max_lsb,
            missing_codes: figures_before.missing_codes,
            linearity_error_max_lsb: figures_after.linearity_error_max_lsb,
            linearity_samples: figures_after.linearity_samples,
            gops: energy.gops,
            tops_per_watt: energy.tops_per_watt,
            range: range.factor(),
            lsb_v: self.config.analog.lsb_v(geometry.mac_rows, range.factor()),
            saturated_registers: fit.saturated(),
            adcs: figures::adc_rows(&before, &after, &calibration),
            curves: chip.curves(&stimuli, &codes, &calibration, nominal.spectrum_dbfs)?,
            mismatch_off: nominal.figures,
            before: figures_before,
            after: figures_after,
            backends_compared,
            monte_carlo,
            energy,
            published: vec![],
            tools: tools(),
        };
        report.published = published::rows(&report);
        Ok(Characterized { report, stimuli, codes, calibration })
    }

    fn golden_codes(&self, stimuli: &Stimuli) -> Result<Codes, CharacterizeError> {
        let Config { geometry, analog, .. } = self.config;
        let Sample { seed, chip: number } = self.sample;
        let chip = Arc::new(Chip::draw(geometry, analog, seed, number));
        golden_codes(self.config, stimuli, &chip, self.sample)
    }

    /// A chip as designed: only what is drawn is off.
    fn without_mismatch(&self, stimuli: &Stimuli) -> Result<Nominal, CharacterizeError> {
        let mut config = self.config.clone();
        let analog = &mut config.analog;
        analog.capacitor_mismatch.on = false;
        analog.parasitic_mismatch.on = false;
        analog.comparator_offset.on = false;
        analog.cell_mismatch.on = false;
        analog.dac_inl.on = false;
        let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, self.sample.seed, 0));
        let codes = golden_codes(&config, stimuli, &chip, self.sample)?;
        let neutral = Calibration::neutral(stimuli.adcs);
        let measured = Measured::new(stimuli, &codes, &neutral)?;
        let values = figures::values_lsb(&codes.sine, stimuli.adcs, 0, &neutral);
        let spectrum_dbfs = spectrum_dbfs(&values)
            .map_err(|source| CharacterizeError::Metrics { adc: 0, source })?;
        Ok(Nominal { figures: figures::figures(&measured.before(), false), spectrum_dbfs })
    }

    /// Codes of the RTL, and how they compare with the golden ones. The calibration is fitted to
    /// results that the host read from the RTL, written to the RTL's tables, and the results of its
    /// post-processor are compared with what the tables make of golden codes.
    fn through_rtl(
        &self,
        stimuli: &Stimuli,
        golden: &Codes,
        calibration: &Calibration,
    ) -> Result<(Codes, BackendComparison), CharacterizeError> {
        let run =
            |program: &Program, tables| rtl::convert(self.config, program, self.sample, tables);
        let ramp = run(&stimuli.ramp.program, None)?;
        let sine = run(&stimuli.sine.program, None)?;
        let linearity = run(&stimuli.linearity.program, None)?;
        let host = run(&stimuli.calibration.program, None)?;
        let range = stimuli.calibration.program.range;
        let read: Vec<u8> = host.results.iter().map(|&y| rtl::code_of(y, range)).collect();
        let (fitted, _) = figures::calibration(stimuli, &read)?;

        let checked = separate(&stimuli.linearity.program);
        let calibrated = run(&checked, Some(&fitted))?;
        let predicted = self.predicted_results(&checked, calibration)?;

        let pairs = [
            (&ramp.codes, &golden.ramp),
            (&sine.codes, &golden.sine),
            (&linearity.codes, &golden.linearity),
            (&read, &golden.calibration),
        ];
        let runs = [&ramp, &sine, &linearity, &host, &calibrated];
        let violated: BTreeSet<&str> =
            runs.iter().flat_map(|run| run.violations.keys().copied()).collect();
        let compared = BackendComparison {
            codes_compared: pairs.iter().map(|(_, golden)| golden.len() as u64).sum(),
            codes_different: pairs.iter().map(|(rtl, golden)| different(rtl, golden)).sum(),
            lockstep_mismatches: runs.iter().map(|run| run.mismatches).sum(),
            first_mismatch: runs.iter().find_map(|run| run.first.as_ref().map(ToString::to_string)),
            rule_violations: runs.iter().flat_map(|run| run.violations.values()).sum(),
            violated_rules: violated.into_iter().map(str::to_owned).collect(),
            calibration_equal: fitted == *calibration,
            results_compared: predicted.len() as u64,
            results_different: different(&calibrated.results, &predicted),
        };
        let [ramp, sine, linearity] = [ramp, sine, linearity].map(|run| run.codes);
        Ok((Codes { ramp, sine, calibration: read, linearity }, compared))
    }

    /// What the post-processor must make of a program's golden codes.
    fn predicted_results(
        &self,
        program: &Program,
        calibration: &Calibration,
    ) -> Result<Vec<i32>, CharacterizeError> {
        let Config { geometry, analog, .. } = self.config;
        let Sample { seed, chip: number } = self.sample;
        let chip = Arc::new(Chip::draw(geometry, analog, seed, number));
        let codes = golden::convert(self.config, program, &chip, seed, number)?;
        let result = |(i, &code): (usize, &u8)| {
            let table = calibration.adcs[i % geometry.slices()].into();
            ideal::calibrated_value(code, table, &calibration.master, program.range, 0) as i32
        };
        Ok(codes.iter().enumerate().map(result).collect())
    }
}

/// Steps whose calibrated results are read from the RTL one by one.
const CHECKED_STEPS: usize = 2048;

/// The first steps of a program with time in between for the host.
fn separate(program: &Program) -> Program {
    let steps = program.steps.iter().take(CHECKED_STEPS).cloned().collect();
    let first_conversion = 5 << 40;
    let Program { range, planes, .. } = program.clone();
    Program { range, pace: Pace::Separate, planes, steps, first_conversion }
}

/// Values that differ, or are missing.
fn different<T: PartialEq>(a: &[T], b: &[T]) -> u64 {
    let unequal = a.iter().zip(b).filter(|(a, b)| a != b).count();
    (unequal + a.len().abs_diff(b.len())) as u64
}

fn golden_codes(
    config: &Config,
    stimuli: &Stimuli,
    chip: &Arc<Chip>,
    sample: Sample,
) -> Result<Codes, CharacterizeError> {
    let convert = |program| golden::convert(config, program, chip, sample.seed, sample.chip);
    Ok(Codes {
        ramp: convert(&stimuli.ramp.program)?,
        sine: convert(&stimuli.sine.program)?,
        calibration: convert(&stimuli.calibration.program)?,
        linearity: convert(&stimuli.linearity.program)?,
    })
}

/// The chip without mismatch.
struct Nominal {
    figures: Figures,
    spectrum_dbfs: Vec<f64>,
}

/// A chip before and after calibration.
struct Measured {
    ramps: Vec<RampFigures>,
    sines: [Vec<Sine>; 2],
    errors: [ResultErrors; 2],
}

impl Measured {
    fn new(
        stimuli: &Stimuli,
        codes: &Codes,
        calibration: &Calibration,
    ) -> Result<Self, CharacterizeError> {
        let neutral = Calibration::neutral(stimuli.adcs);
        Ok(Self {
            ramps: figures::ramps(stimuli, &codes.ramp, calibration)?,
            sines: [
                figures::sines(stimuli, &codes.sine, &neutral)?,
                figures::sines(stimuli, &codes.sine, calibration)?,
            ],
            errors: [
                figures::result_errors(stimuli, &codes.linearity, &neutral),
                figures::result_errors(stimuli, &codes.linearity, calibration),
            ],
        })
    }

    fn before(&self) -> Found<'_> {
        Found { ramps: &self.ramps, sines: &self.sines[0], errors: &self.errors[0] }
    }

    fn after(&self) -> Found<'_> {
        Found { ramps: &self.ramps, sines: &self.sines[1], errors: &self.errors[1] }
    }

    fn curves(
        &self,
        stimuli: &Stimuli,
        codes: &Codes,
        calibration: &Calibration,
        spectrum_mismatch_off_dbfs: Vec<f64>,
    ) -> Result<Curves, CharacterizeError> {
        let inl = |adc: &usize| self.ramps[*adc].linearity.inl_max_lsb();
        let shown = (0..stimuli.adcs).max_by(|a, b| inl(a).total_cmp(&inl(b))).unwrap_or_default();
        let values = figures::values_lsb(&codes.sine, stimuli.adcs, shown, calibration);
        let levels = &stimuli.ramp_levels;
        let means = &self.ramps[shown].means;
        let input = |i: usize| levels.first_lsb + i as f64 * levels.step_lsb;
        Ok(Curves {
            shown_adc: shown,
            ramp_input_lsb: (0..means.len()).map(input).collect(),
            ramp_mean_code: means.clone(),
            inl_lsb: self.ramps.iter().map(|r| r.linearity.inl_best_fit_lsb.clone()).collect(),
            dnl_lsb: self.ramps.iter().map(|r| r.linearity.dnl_lsb.clone()).collect(),
            first_code: self.ramps.iter().map(|r| r.linearity.first_code).collect(),
            spectrum_mismatch_off_dbfs,
            spectrum_dbfs: spectrum_dbfs(&values)
                .map_err(|source| CharacterizeError::Metrics { adc: shown, source })?,
            master: calibration.master.to_vec(),
            error_by_input: error_by_input(&stimuli.linearity.inputs_lsb, &self.errors),
            error_histogram: error_histogram(&self.errors),
        })
    }
}

/// Width of the bins of [`error_by_input`], in LSB.
const INPUT_BIN_LSB: f64 = 2.0;
/// Width of the bins of [`error_histogram`], in LSB.
const ERROR_BIN_LSB: f64 = 0.125;

/// Smallest, mean and largest error of each stretch of the input.
fn error_by_input(inputs_lsb: &[f32], errors: &[ResultErrors; 2]) -> Vec<ErrorBin> {
    let bin_of = |input: f32| (f64::from(input) / INPUT_BIN_LSB).floor() as i64;
    let Some(first) = inputs_lsb.iter().map(|&d| bin_of(d)).min() else { return vec![] };
    let last = inputs_lsb.iter().map(|&d| bin_of(d)).max().unwrap_or(first);
    let empty = [[f64::INFINITY, 0.0, f64::NEG_INFINITY]; 2];
    let mut bins = vec![(0u64, empty); (last - first + 1) as usize];
    for (i, &input) in inputs_lsb.iter().enumerate() {
        let (count, sides) = &mut bins[(bin_of(input) - first) as usize];
        *count += 1;
        for (side, errors) in sides.iter_mut().zip(errors) {
            let error = f64::from(errors.errors_lsb[i]);
            *side = [side[0].min(error), side[1] + error, side[2].max(error)];
        }
    }
    let numbered = bins.into_iter().zip(first..).filter(|((count, _), _)| *count > 0);
    numbered
        .map(|((count, sides), bin)| {
            let [before, after] = sides.map(|[low, sum, high]| [low, sum / count as f64, high]);
            ErrorBin { input_lsb: (bin as f64 + 0.5) * INPUT_BIN_LSB, before, after }
        })
        .collect()
}

/// How often which error occurs.
fn error_histogram(errors: &[ResultErrors; 2]) -> Histogram {
    let largest = errors.iter().map(|e| e.max_lsb).fold(0.0, f64::max);
    let half = (largest / ERROR_BIN_LSB).floor() as i64 + 1;
    let counts = |errors: &ResultErrors| {
        let mut counts = vec![0; 2 * half as usize];
        for &error in &errors.errors_lsb {
            let bin = (f64::from(error) / ERROR_BIN_LSB).floor() as i64 + half;
            counts[bin.clamp(0, 2 * half - 1) as usize] += 1;
        }
        counts
    };
    Histogram {
        first_edge_lsb: -(half as f64) * ERROR_BIN_LSB,
        width_lsb: ERROR_BIN_LSB,
        before: counts(&errors[0]),
        after: counts(&errors[1]),
    }
}

/// Energy from co-simulated activity, at the peak and elsewhere.
fn energy_report(config: &Config, range: Range) -> Result<EnergyReport, CharacterizeError> {
    let workload = Workload { range, ..Workload::peak(&config.geometry) };
    let Measurement { breakdown, violated_rules, .. } = energy::measure(config, &workload)?;
    let operations = breakdown.operations.max(1) as f64;
    let parts = breakdown.parts.named();
    let names = |rules: Vec<&'static str>| rules.into_iter().map(str::to_owned).collect();
    let sweep = energy::sweep(config)?.into_iter().map(|row| SweepRow {
        group: row.name.into(),
        point: row.label,
        value: row.value,
        power_mw: row.power_mw,
        pj_per_operation: row.pj_per_operation,
        fj_per_mac: row.fj_per_mac,
        gops: row.gops,
        tops_per_watt: row.tops_per_watt,
        published_mw: row.published_mw,
        violated_rules: names(row.violated_rules),
    });
    Ok(EnergyReport {
        gops: breakdown.gops,
        power_mw: breakdown.power_mw,
        tops_per_watt: breakdown.tops_per_watt,
        pj_per_operation: breakdown.pj_per_operation,
        fj_per_mac: breakdown.fj_per_mac,
        parts: parts.map(|(name, pj)| (name.to_owned(), pj / operations)).to_vec(),
        sweep: sweep.collect(),
        violated_rules: names(violated_rules),
    })
}
