//! Electrical rules: which there are, and what a run did against them.

use std::fmt;

/// Violations kept in detail; the rest is counted.
pub const KEPT: usize = 64;

/// An electrical rule that the plant enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Rule {
    WordLineDuringPrecharge,
    TwoWordLines,
    WordLineWhileSampling,
    WordLineWhileSharing,
    ShareWhileReset,
    SampleWhileReset,
    SampleWhileSharing,
    InjectWhileStrobe,
    InjectBothSides,
    StrobeBeforeSettled,
    StrobeWithoutShare,
    ColumnSwitchWhileConnected,
    WriteDuringCompute,
    WriteTooShort,
    SenseBeforeDeveloped,
    PrechargeTooShort,
}

impl Rule {
    /// All rules, in the order of the specification.
    pub const ALL: [Self; 16] = [
        Self::WordLineDuringPrecharge,
        Self::TwoWordLines,
        Self::WordLineWhileSampling,
        Self::WordLineWhileSharing,
        Self::ShareWhileReset,
        Self::SampleWhileReset,
        Self::SampleWhileSharing,
        Self::InjectWhileStrobe,
        Self::InjectBothSides,
        Self::StrobeBeforeSettled,
        Self::StrobeWithoutShare,
        Self::ColumnSwitchWhileConnected,
        Self::WriteDuringCompute,
        Self::WriteTooShort,
        Self::SenseBeforeDeveloped,
        Self::PrechargeTooShort,
    ];

    /// Name of the rule in reports and in the specification.
    pub fn name(self) -> &'static str {
        match self {
            Self::WordLineDuringPrecharge => "word_line_during_precharge",
            Self::TwoWordLines => "two_word_lines",
            Self::WordLineWhileSampling => "word_line_while_sampling",
            Self::WordLineWhileSharing => "word_line_while_sharing",
            Self::ShareWhileReset => "share_while_reset",
            Self::SampleWhileReset => "sample_while_reset",
            Self::SampleWhileSharing => "sample_while_sharing",
            Self::InjectWhileStrobe => "inject_while_strobe",
            Self::InjectBothSides => "inject_both_sides",
            Self::StrobeBeforeSettled => "strobe_before_settled",
            Self::StrobeWithoutShare => "strobe_without_share",
            Self::ColumnSwitchWhileConnected => "column_switch_while_connected",
            Self::WriteDuringCompute => "write_during_compute",
            Self::WriteTooShort => "write_too_short",
            Self::SenseBeforeDeveloped => "sense_before_developed",
            Self::PrechargeTooShort => "precharge_too_short",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where in the macro a rule was violated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The whole macro.
    Everywhere,
    /// One slice.
    Slice(usize),
    /// One physical row.
    Row(usize),
}

/// One violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    pub rule: Rule,
    /// Phase-clock cycle since the plant was made, 0 for the first.
    pub cycle: u64,
    pub location: Location,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "cycle {}: {}", self.cycle, self.rule)?;
        match self.location {
            Location::Everywhere => Ok(()),
            Location::Slice(slice) => write!(f, ", slice {slice}"),
            Location::Row(row) => write!(f, ", row {row}"),
        }
    }
}

/// All violations of a run: every one counted, the first [`KEPT`] in detail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    cycle: u64,
    counts: [u64; Rule::ALL.len()],
    first: Vec<Violation>,
}

impl Violations {
    /// Sets the cycle that further violations belong to.
    pub(super) fn at_cycle(&mut self, cycle: u64) {
        self.cycle = cycle;
    }

    /// Records a violation in the present cycle.
    #[cold]
    pub(super) fn report(&mut self, rule: Rule, location: Location) {
        self.counts[rule as usize] += 1;
        if self.first.len() < KEPT {
            self.first.push(Violation { rule, cycle: self.cycle, location });
        }
    }

    /// Records a violation of each slice of a group that `mask` names.
    pub(super) fn report_slices(&mut self, rule: Rule, group: usize, mut mask: u32) {
        while mask != 0 {
            self.report(rule, Location::Slice(32 * group + mask.trailing_zeros() as usize));
            mask &= mask - 1;
        }
    }

    /// Violations of one rule.
    pub fn count(&self, rule: Rule) -> u64 {
        self.counts[rule as usize]
    }

    /// Violations of all rules.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Whether nothing was violated.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// The first violations, oldest first.
    pub fn first(&self) -> &[Violation] {
        &self.first
    }

    /// Violated rules and how often, in the order of the specification.
    pub fn summary(&self) -> impl Iterator<Item = (Rule, u64)> + '_ {
        Rule::ALL.into_iter().map(|rule| (rule, self.count(rule))).filter(|&(_, count)| count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names are the interface: they must be those of the specification, in its order.
    #[test]
    fn names_are_those_of_the_specification() {
        let text = include_str!("../../../docs/theory_of_operation.md");
        let table = text.split("## 8.").nth(1).expect("section 8");
        let names: Vec<&str> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, Rule::ALL.map(Rule::name));
    }

    #[test]
    fn counts_all_and_keeps_the_first() {
        let mut violations = Violations::default();
        for cycle in 0..100 {
            violations.at_cycle(cycle);
            violations.report(Rule::TwoWordLines, Location::Row(3));
        }
        assert_eq!(violations.count(Rule::TwoWordLines), 100);
        assert_eq!(violations.first().len(), KEPT);
        assert_eq!(violations.first()[63].to_string(), "cycle 63: two_word_lines, row 3");
    }
}
