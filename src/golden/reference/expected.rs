//! What the reference says about a cycle.

use std::fmt;

use super::timeline::Phase;
use crate::pins::Pins;

/// Prediction for one cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected {
    /// Cycle since reset, 0 for the first.
    pub cycle: u64,
    /// Predicted pins: the first [`CONTROL_WORDS`](crate::pins::CONTROL_WORDS) words, and
    /// `decisions` while [`codes_complete`](Self::codes_complete).
    pub pins: Pins,
    /// `pins.decisions` hold the codes of this step, inactive slices included (LATCH is high).
    pub codes_complete: bool,
    /// What ends with this cycle.
    pub event: Option<Event>,
    /// Where the machine is; `None` while no step is under way.
    pub context: Option<Context>,
}

/// A pulse ends with this cycle: its node voltages can be compared, see
/// [`Reference::bit_line`](super::Reference::bit_line).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub pulse: Phase,
}

impl Event {
    /// The decision (0..=6, most significant first) that is taken at the end of this cycle.
    pub fn decision(&self) -> Option<usize> {
        match self.pulse {
            Phase::Strobe(k) => Some(usize::from(k)),
            _ => None,
        }
    }
}

/// Place of a cycle in the work, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Operation since reset, 0 for the first.
    pub operation: u64,
    /// Conversion step within the operation.
    pub step: usize,
    /// Conversion index: RESET openings since the start.
    pub conversion: u64,
    /// The pulse under way, or the one whose gap is.
    pub pulse: Phase,
}

/// A decision that disagrees with the prediction by more than rounding can explain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecisionMismatch {
    pub slice: usize,
    /// 0..=6, most significant first.
    pub decision: usize,
    pub expected: bool,
    pub actual: bool,
    /// Predicted w of section 6 in V: what the comparator compares, above its threshold.
    pub margin_v: f64,
}

impl fmt::Display for DecisionMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "slice {} decision {}: expected {}, got {} at a margin of {:.3e} V",
            self.slice,
            self.decision,
            u8::from(self.expected),
            u8::from(self.actual),
            self.margin_v
        )
    }
}

/// Event counters, as the macro's registers count them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Cycles with `busy` high.
    pub cycles: u64,
    /// Extra LATCH cycles, and cycles without a step although work is left.
    pub stall_cycles: u64,
    /// Operations whose last LATCH is over.
    pub operations: u64,
    /// Codes of active slices.
    pub conversions: u64,
    /// Codes of active slices that are 0 or 127.
    pub clipped: u64,
}
