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
    findings.mismatches += run.mismatches;
    findings.mismatch_details.extend(run.first);
    for (rule, count) in run.violations {
        *findings.violations.entry(rule.into()).or_insert(0) += count;
    }
    Ok(run.codes)
}
