//! Calibration's conversions through the RTL.

use crate::characterize::program::Program;
use crate::characterize::rtl;
use crate::config::Config;
use crate::infer::{Findings, InferError};
use crate::testbench::Sample;

/// Codes of a calibration program, `[step][adc]`; what the lockstep comparison finds goes to
/// `findings`.
pub fn convert(
    config: &Config,
    sample: Sample,
    program: &Program,
    findings: &mut Findings,
) -> Result<Vec<u8>, InferError> {
    let run = rtl::convert(config, program, sample, None)?;
    findings.differences += run.mismatches;
    findings.difference_details.extend(run.first.map(|first| format!("calibration: {first}")));
    for rule in run.violated_rules {
        *findings.violations.entry(rule.into()).or_insert(0) += 1;
    }
    Ok(run.codes)
}
