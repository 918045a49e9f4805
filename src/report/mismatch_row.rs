//! One difference between what was observed and what the reference predicts, as a report shows it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A mismatch in a report: values as text, places as numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MismatchRow {
    /// What was compared: pin, volts, decision, code, result, ...
    pub kind: String,
    /// Name of the signal, as on the waves.
    pub signal: String,
    pub slice: Option<usize>,
    pub column: Option<usize>,
    /// Number of the operation since the start.
    pub operation: Option<u64>,
    /// Conversion step within the operation.
    pub step: Option<u32>,
    /// Pulse within the step, with its number if there are several.
    pub pulse: Option<String>,
    /// Phase-clock cycle since reset.
    pub cycle: u64,
    pub time_ns: f64,
    pub expected: String,
    pub actual: String,
    /// Of a decision: how far the reference was from deciding otherwise. Of a voltage: how far off
    /// it is.
    pub margin_mv: Option<f64>,
}

/// One line: what, where, when, then the two values.
impl fmt::Display for MismatchRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.signal)?;
        part(f, "slice", self.slice)?;
        part(f, "column", self.column)?;
        part(f, "operation", self.operation)?;
        part(f, "step", self.step)?;
        part(f, "pulse", self.pulse.as_ref())?;
        write!(f, ", cycle {} ({:.3} ns): ", self.cycle, self.time_ns)?;
        write!(f, "expected {}, got {}", self.expected, self.actual)?;
        match self.margin_mv {
            Some(error) if self.kind == "voltage" => write!(f, ", off by {error:.6} mV"),
            Some(margin) => write!(f, ", margin {margin:.6} mV"),
            None => Ok(()),
        }
    }
}

/// A place that a mismatch may have.
fn part(f: &mut fmt::Formatter<'_>, name: &str, value: Option<impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, ", {name} {value}"))
}

#[cfg(test)]
pub(super) fn example() -> MismatchRow {
    MismatchRow {
        kind: "decision".into(),
        signal: "comparators".into(),
        slice: Some(7),
        column: Some(1),
        operation: Some(12),
        step: Some(0),
        pulse: Some("strobe 3".into()),
        cycle: 227,
        time_ns: 90.079,
        expected: "1".into(),
        actual: "0".into(),
        margin_mv: Some(0.25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_where_when_and_by_how_much() {
        assert_eq!(
            example().to_string(),
            "decision comparators, slice 7, column 1, operation 12, step 0, pulse strobe 3, cycle \
             227 (90.079 ns): expected 1, got 0, margin 0.250000 mV"
        );
    }

    #[test]
    fn a_line_leaves_out_what_is_not_known() {
        let row = MismatchRow {
            kind: "pin".into(),
            signal: "share".into(),
            slice: None,
            column: None,
            operation: None,
            step: None,
            pulse: None,
            margin_mv: None,
            ..example()
        };
        assert_eq!(row.to_string(), "pin share, cycle 227 (90.079 ns): expected 1, got 0");
    }
}
