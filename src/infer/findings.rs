//! What the checks of a run compared and found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::MismatchRow;

/// Details kept of each kind.
const KEPT: usize = 10;

/// Lockstep comparison, rules of the plant, reads beside the golden backend. Only the RTL's
/// machines have any.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    pub codes_compared: u64,
    pub volts_compared: u64,
    /// Cycles in which every pin was compared.
    pub pins_compared: u64,
    /// Words the host read.
    pub results_compared: u64,
    /// All simulated cycles.
    pub cycles: u64,
    pub marginal_decisions: u64,
    /// Values that differ from the reference's prediction, and the first of them.
    pub mismatches: u64,
    pub mismatch_details: Vec<MismatchRow>,
    /// Reads that differ from the golden backend's, and the first of them.
    pub differences: u64,
    pub difference_details: Vec<String>,
    /// Violated rules and how often.
    pub violations: BTreeMap<String, u64>,
    /// Where to look.
    pub first: Option<Place>,
}

/// Where the first finding lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Number of the image; `None` while the macro was loaded.
    pub image: Option<u64>,
    /// Cycle since the image's beginning, or since reset; `None` if only a read of the image
    /// differs from the golden backend's.
    pub cycle: Option<u64>,
    /// Slice to show.
    pub slice: usize,
}

impl Findings {
    /// Whether nothing was found.
    pub fn passed(&self) -> bool {
        self.mismatches == 0 && self.differences == 0 && self.violations.is_empty()
    }

    /// What was found in a few words, if anything.
    pub fn in_words(&self) -> Option<String> {
        let numbers = [("mismatches", self.mismatches), ("differences", self.differences)];
        let rules = self.violations.iter().map(|(rule, count)| (rule.as_str(), *count));
        let found = numbers.into_iter().chain(rules).filter(|(_, count)| *count > 0);
        let words: Vec<String> = found.map(|(what, count)| format!("{count} {what}")).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// What was found later, the earlier ones first.
    pub fn add(&mut self, later: Self) {
        for (mine, more) in self.numbers().into_iter().zip(later.clone().numbers()) {
            *mine += *more;
        }
        for (rule, count) in later.violations {
            *self.violations.entry(rule).or_insert(0) += count;
        }
        self.mismatch_details.extend(later.mismatch_details);
        self.mismatch_details.truncate(KEPT);
        self.difference_details.extend(later.difference_details);
        self.difference_details.truncate(KEPT);
        self.first = self.first.or(later.first);
    }

    /// What has come since `earlier`, of a machine that counts on.
    pub fn since(mut self, earlier: &Self) -> Self {
        for (mine, less) in self.numbers().into_iter().zip(earlier.clone().numbers()) {
            *mine -= *less;
        }
        for (rule, count) in &earlier.violations {
            self.violations.entry(rule.clone()).and_modify(|mine| *mine -= count);
        }
        self.violations.retain(|_, count| *count > 0);
        let known = earlier.mismatch_details.len().min(self.mismatch_details.len());
        self.mismatch_details.drain(..known);
        let known = earlier.difference_details.len().min(self.difference_details.len());
        self.difference_details.drain(..known);
        self.first = self.first.filter(|_| earlier.first.is_none());
        self
    }

    fn numbers(&mut self) -> [&mut u64; 8] {
        [
            &mut self.codes_compared,
            &mut self.volts_compared,
            &mut self.pins_compared,
            &mut self.results_compared,
            &mut self.cycles,
            &mut self.marginal_decisions,
            &mut self.mismatches,
            &mut self.differences,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(mismatches: u64, rule: &str, lines: &[&str]) -> Findings {
        Findings {
            mismatches,
            differences: lines.len() as u64,
            difference_details: lines.iter().map(ToString::to_string).collect(),
            violations: BTreeMap::from([(rule.to_owned(), mismatches)]),
            first: Some(Place { image: Some(mismatches), cycle: Some(7), slice: 0 }),
            ..Findings::default()
        }
    }

    /// A machine that counts on tells two batches apart: together they are what it found.
    #[test]
    fn batches_add_up_to_what_a_machine_found() {
        let first = findings(2, "sample_while_reset", &["a"]);
        let mut whole = first.clone();
        whole.add(findings(3, "two_word_lines", &["b", "c"]));
        let second = whole.clone().since(&first);
        assert_eq!((second.mismatches, second.differences), (3, 2));
        assert_eq!(second.difference_details, ["b", "c"]);
        assert_eq!(second.violations, BTreeMap::from([("two_word_lines".to_owned(), 3)]));
        assert_eq!(second.first, None, "the first finding is the first batch's");
        let mut sum = first;
        sum.add(second);
        assert_eq!(sum, whole);
    }

    #[test]
    fn anything_found_fails() {
        assert!(Findings { marginal_decisions: 3, cycles: 9, ..Findings::default() }.passed());
        assert!(!findings(1, "two_word_lines", &[]).passed());
        assert!(!Findings { differences: 1, ..Findings::default() }.passed());
    }
}
