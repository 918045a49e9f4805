//! The RTL backend: the same steps as a host would run them, through the Verilated macro in closed
//! loop with the plant, everything compared.

use std::collections::BTreeMap;
use std::ops;

use rayon::prelude::*;

use super::calibrate::Calibration;
use super::program::{Pace, Program};
use super::{BATCH, CharacterizeError};
use crate::config::{Config, Range, WeightFormat};
use crate::report::MismatchRow;
use crate::testbench::{BenchError, Sample, Testbench};
use crate::transaction::Operation;

/// What a run through the RTL gave.
#[derive(Clone, Debug, Default)]
pub struct RtlRun {
    /// `[step][adc]`
    pub codes: Vec<u8>,
    /// Accumulators in sixteenths of a unit of S, `[step][adc]`; only of programs whose steps are
    /// separate, since only then the host has the time to read them.
    pub results: Vec<i32>,
    /// Mismatches of the lockstep comparison.
    pub mismatches: u64,
    /// The first of them, to name it.
    pub first: Option<MismatchRow>,
    /// Violated rules and how often.
    pub violations: BTreeMap<&'static str, u64>,
}

/// Converts a program on a drawn chip with these calibration tables, batch by batch on all threads.
pub fn convert(
    config: &Config,
    program: &Program,
    sample: Sample,
    calibration: Option<&Calibration>,
) -> Result<RtlRun, CharacterizeError> {
    let starts: Vec<usize> = (0..program.steps.len()).step_by(BATCH).collect();
    let batches: Vec<RtlRun> = starts
        .into_par_iter()
        .map(|first| {
            let steps = first..(first + BATCH).min(program.steps.len());
            run_batch(config, program, sample, calibration, steps)
        })
        .collect::<Result<_, BenchError>>()?;
    let mut all = RtlRun::default();
    for batch in batches {
        all.codes.extend(batch.codes);
        all.results.extend(batch.results);
        all.mismatches += batch.mismatches;
        all.first = all.first.or(batch.first);
        for (rule, count) in batch.violations {
            *all.violations.entry(rule).or_insert(0) += count;
        }
    }
    Ok(all)
}

fn run_batch(
    config: &Config,
    program: &Program,
    sample: Sample,
    calibration: Option<&Calibration>,
    steps: ops::Range<usize>,
) -> Result<RtlRun, BenchError> {
    let mut bench = Testbench::new(config, sample)?;
    set_tables(&mut bench, config, program.range, calibration)?;
    for (plane, weights) in program.planes.iter().enumerate() {
        bench.load_plane(plane, WeightFormat::Diff1, weights)?;
    }
    bench.start_at_conversion(program.first_conversion + steps.start as u64);
    bench.keep_codes();
    let results = stream(&mut bench, config, program, steps)?;
    let violations = bench.plant().violations();
    let violations = violations.summary().map(|(rule, count)| (rule.name(), count)).collect();
    let verdict = bench.verdict();
    let (mismatches, first) = (verdict.total(), verdict.first().first().cloned());
    let codes = bench.kept_codes().concat();
    Ok(RtlRun { codes, results, mismatches, first, violations })
}

/// Writes the calibration of the range that is measured; the others stay neutral.
fn set_tables(
    bench: &mut Testbench,
    config: &Config,
    range: Range,
    calibration: Option<&Calibration>,
) -> Result<(), BenchError> {
    bench.neutral_calibration()?;
    let Some(calibration) = calibration else { return Ok(()) };
    for (adc, table) in calibration.adcs.iter().enumerate().take(config.geometry.slices()) {
        bench.set_calibration(range, adc, table.gain, table.offset)?;
    }
    calibration.master.iter().enumerate().try_for_each(|(i, &value)| bench.set_master(i, value))
}

/// Runs the steps; accumulators of those that are separate.
fn stream(
    bench: &mut Testbench,
    config: &Config,
    program: &Program,
    steps: ops::Range<usize>,
) -> Result<Vec<i32>, BenchError> {
    let mut results = vec![];
    let mut slot = 15;
    let mut loaded = None;
    for step in &program.steps[steps] {
        if loaded != Some(&step.digits) {
            slot = (slot + 1) % 16;
            bench.activate(slot, &step.digits, 4)?;
            loaded = Some(&step.digits);
        }
        bench.operate(&operation(step.plane, program.range, slot))?;
        if program.pace == Pace::Separate {
            bench.wait_idle()?;
            results.extend(bench.accumulators(0, config.geometry.slices())?);
        }
    }
    bench.wait_idle()?;
    Ok(results)
}

/// One conversion step of every slice's first column pair.
fn operation(plane: u8, range: Range, slot: u8) -> Operation {
    Operation {
        plane,
        format: WeightFormat::Diff1,
        activation_bits: 4,
        range,
        level: 0,
        slot,
        units: 1,
        clear: true,
        emit: false,
        bank: 0,
    }
}

/// The code behind a result of neutral tables: y = 120 r (2 code - 127), exactly in every range.
pub fn code_of(result: i32, range: Range) -> u8 {
    let centred = (result << range.log2_inverse()) / 120;
    ((centred + 127) / 2).clamp(0, 127) as u8
}
