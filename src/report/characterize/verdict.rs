//! Whether all is well, in the words of text and page.

use std::collections::BTreeSet;

use super::CharacterizeReport;

/// What a run found; a difference between the backends outweighs a violated rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Done,
    RulesViolated,
    Mismatch,
}

impl Verdict {
    pub fn of(report: &CharacterizeReport) -> Self {
        match (report.matches(), report.rules_violated()) {
            (false, _) => Self::Mismatch,
            (true, true) => Self::RulesViolated,
            (true, false) => Self::Done,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::RulesViolated => "RULES VIOLATED",
            Self::Mismatch => "MISMATCH",
        }
    }
}

/// Names of all rules that the run violated, with commas between.
pub fn violated_rules(report: &CharacterizeReport) -> String {
    let compared = report.backends_compared.iter().flat_map(|c| &c.violated_rules);
    let all: BTreeSet<&str> =
        compared.chain(&report.energy.violated_rules).map(String::as_str).collect();
    all.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn rules_are_named_once_and_differences_weigh_more() {
        let mut report = fixture::report();
        assert_eq!(Verdict::of(&report), Verdict::Done);
        report.energy.violated_rules = vec!["b".into()];
        assert_eq!(Verdict::of(&report), Verdict::RulesViolated);
        let compared = report.backends_compared.as_mut().expect("compared");
        compared.violated_rules = vec!["b".into(), "a".into()];
        compared.rule_violations = 3;
        compared.results_different = 1;
        assert_eq!(Verdict::of(&report), Verdict::Mismatch);
        assert_eq!(violated_rules(&report), "a, b");
    }
}
