//! What the control pins switch in a cycle, and the rules about what must never be on together.

use super::rules::{Location, Rule, Violations};
use crate::pins::{Pins, control};

/// Any cell's word line is high (a control bit that no pin uses).
pub const WORD_LINE: u32 = 1 << 31;
/// Word lines open clusters of active slices: the MAC circuits compute.
pub const MULTIPLY: u32 = 1 << 30;

/// Everything that can be on or off.
const ALL: u32 = control::RESET
    | control::SAMPLE
    | control::SHARE
    | control::STROBE
    | control::INJECT
    | control::LATCH
    | control::PRECHARGE
    | control::WRITE
    | control::SENSE;
/// Switches of the compute path.
const COMPUTE: u32 = control::RESET | control::SAMPLE | control::SHARE | control::INJECT | MULTIPLY;

/// Pairs that exclude each other.
const EXCLUSIVE: [(u32, Rule); 7] = [
    (WORD_LINE | control::PRECHARGE, Rule::WordLineDuringPrecharge),
    (WORD_LINE | control::SAMPLE, Rule::WordLineWhileSampling),
    (WORD_LINE | control::SHARE, Rule::WordLineWhileSharing),
    (control::SHARE | control::RESET, Rule::ShareWhileReset),
    (control::SAMPLE | control::RESET, Rule::SampleWhileReset),
    (control::SAMPLE | control::SHARE, Rule::SampleWhileSharing),
    (control::INJECT | control::STROBE, Rule::InjectWhileStrobe),
];

/// Switches of one cycle: the pulse bits of [`control`], [`WORD_LINE`] and [`MULTIPLY`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases(u32);

impl Phases {
    /// Decodes a cycle's pins; `word_line` and `active` say whether any cell is open and any slice
    /// takes part.
    pub fn new(pins: &Pins, word_line: bool, active: bool) -> Self {
        let mut bits = pins.control & ALL;
        if word_line {
            bits |= WORD_LINE | if active { MULTIPLY } else { 0 };
        }
        Self(bits)
    }

    /// Whether any of the bits is on.
    #[inline]
    pub fn any(self, bits: u32) -> bool {
        self.0 & bits != 0
    }

    /// What is on now and was not before.
    #[inline]
    pub fn began_since(self, before: Self) -> Self {
        Self(self.0 & !before.0)
    }

    /// What was on before and is not now.
    #[inline]
    pub fn ended_since(self, before: Self) -> Self {
        Self(before.0 & !self.0)
    }

    /// Reports what must not be on together, once for every cycle.
    #[inline(always)]
    pub fn check(self, violations: &mut Violations) {
        if self.0 != 0 {
            self.check_pairs(violations);
        }
    }

    fn check_pairs(self, violations: &mut Violations) {
        for (pair, rule) in EXCLUSIVE {
            if self.0 & pair == pair {
                violations.report(rule, Location::Everywhere);
            }
        }
        if self.any(control::STROBE) && !self.any(control::SHARE) {
            violations.report(Rule::StrobeWithoutShare, Location::Everywhere);
        }
        if self.any(control::WRITE) && self.any(COMPUTE) {
            violations.report(Rule::WriteDuringCompute, Location::Everywhere);
        }
    }
}
