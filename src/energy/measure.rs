//! The energy of a workload, counted on the RTL in closed loop.

use super::workload::SLOTS;
use super::{Activity, Breakdown, Model, Workload};
use crate::config::Config;
use crate::testbench::{BenchError, Sample, Testbench};
use serde::Serialize;

/// Operations before the measurement: they fill the queue and set the post-processor going.
const WARM_UP: usize = SLOTS / 2;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum EnergyError {
    /// The co-simulation ended early.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// The energy of a macro that does something else is of no use.
    #[error("the macro is not what the reference predicts: {mismatches} mismatches, first {first}")]
    Mismatch {
        /// How many.
        mismatches: u64,
        /// The first, as the report of a co-simulation shows it.
        first: String,
    },
    /// A workload that this macro can not run.
    #[error("{what} of the workload is {value}: allowed is {allowed}")]
    Workload {
        /// Name of the field.
        what: &'static str,
        /// Its value.
        value: String,
        /// What would have been right.
        allowed: String,
    },
}

/// A workload, what it did and what that costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    pub workload: Workload,
    pub activity: Activity,
    pub breakdown: Breakdown,
    /// Electrical rules that were violated, while the weights were loaded too: such a macro does not
    /// work, whatever it would cost.
    pub violated_rules: Vec<&'static str>,
}

/// Runs a workload in closed loop, everything compared, and counts while it keeps the array busy.
pub fn measure(config: &Config, workload: &Workload) -> Result<Measurement, EnergyError> {
    let geometry = config.geometry;
    workload.validate(&geometry)?;
    let mut bench = Testbench::new(config, Sample { seed: workload.seed, chip: 0 })?;
    bench.neutral_calibration()?;
    workload.load(&mut bench, &geometry)?;
    warm_up(&mut bench, config, workload)?;
    // Every operation is issued at the same place within a step, so whole operations are observed.
    bench.observe_activity();
    for number in WARM_UP..WARM_UP + workload.operations {
        workload.activate(&mut bench, &geometry, number)?;
        workload.operate(&mut bench, number)?;
    }
    let activity = bench.activity().copied().unwrap_or_default();
    bench.wait_idle()?;
    refuse_mismatches(&bench)?;
    let breakdown = Model::new(config).breakdown(&activity, workload.operations as u64);
    let violated_rules = bench.plant().violations().summary().map(|(rule, _)| rule.name());
    Ok(Measurement {
        workload: *workload,
        activity,
        breakdown,
        violated_rules: violated_rules.collect(),
    })
}

/// Activations first, so that the operations that need them follow each other and fill the queue.
fn warm_up(bench: &mut Testbench, config: &Config, workload: &Workload) -> Result<(), EnergyError> {
    (0..WARM_UP).try_for_each(|i| workload.activate(bench, &config.geometry, i))?;
    (0..WARM_UP).try_for_each(|i| workload.operate(bench, i))
}

fn refuse_mismatches(bench: &Testbench) -> Result<(), EnergyError> {
    let verdict = bench.verdict();
    match (verdict.total(), verdict.first().first()) {
        (0, _) => Ok(()),
        (mismatches, first) => {
            let first = first.map(ToString::to_string).unwrap_or_default();
            Err(EnergyError::Mismatch { mismatches, first })
        }
    }
}
