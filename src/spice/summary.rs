//! From the comparisons of all decks to a report.

use super::compare::{Comparison, NodeError};
use super::{Checked, Kind, SpiceCheck, TOLERANCE_LSB};
use crate::report::{SpiceDecks, SpicePhase, SpiceReport, SpiceTools, SpiceWorst};

/// Mismatches with details.
const SHOWN: usize = 10;

/// Kinds of pulses, in the order of a step.
const PHASES: [&str; 7] = ["reset", "sample", "multiply", "share", "strobe", "inject", "latch"];

impl SpiceCheck<'_> {
    pub(super) fn report(&self, checked: &[Checked]) -> SpiceReport {
        let all = || checked.iter().flat_map(|chip| &chip.comparisons);
        let of = |kind: Kind| -> Vec<&Comparison> {
            all().filter(|(found, _)| *found == kind).map(|(_, comparison)| comparison).collect()
        };
        let mismatches = || all().flat_map(|(_, comparison)| &comparison.mismatches);
        SpiceReport {
            config: self.config.into(),
            seed: self.seed,
            first_chip: self.chips.start,
            chips: self.chips.end - self.chips.start,
            threads: self.threads,
            injection_cells_see: self.sees,
            tolerance_lsb: TOLERANCE_LSB,
            decks: Kind::ALL.into_iter().map(|kind| decks(kind, &of(kind))).collect(),
            mismatches: mismatches().count() as u64,
            mismatch_details: mismatches().take(SHOWN).cloned().collect(),
            tools: SpiceTools {
                capram: env!("CARGO_PKG_VERSION").into(),
                ngspice: self.ngspice.version.clone(),
            },
            out: self.out.clone(),
        }
    }
}

fn decks(kind: Kind, comparisons: &[&Comparison]) -> SpiceDecks {
    let sum = |figure: fn(&Comparison) -> u64| comparisons.iter().map(|c| figure(c)).sum::<u64>();
    let nodes = || comparisons.iter().flat_map(|comparison| &comparison.nodes);
    SpiceDecks {
        kind,
        chips: comparisons.len() as u64,
        nodes_compared: nodes().count() as u64,
        nodes_not_compared: sum(|c| c.nodes_not_compared),
        decisions_compared: sum(|c| c.decisions),
        marginal_decisions: sum(|c| c.marginal),
        marginal_differing: sum(|c| c.marginal_differing),
        codes_compared: sum(|c| c.codes),
        codes_equal: sum(|c| c.codes_equal),
        worst_in_lsb: worst(nodes(), |node| node.lsb),
        worst_in_mv: worst(nodes(), |node| node.mv),
        phases: PHASES.iter().filter_map(|phase| of_phase(phase, nodes())).collect(),
    }
}

fn worst<'a>(
    nodes: impl Iterator<Item = &'a NodeError>,
    error: fn(&NodeError) -> f64,
) -> Option<SpiceWorst> {
    let worst = nodes.max_by(|a, b| error(a).abs().total_cmp(&error(b).abs()))?;
    Some(SpiceWorst { place: worst.place.clone(), off_mv: worst.mv, off_lsb: worst.lsb })
}

fn of_phase<'a>(
    phase: &'static str,
    nodes: impl Iterator<Item = &'a NodeError>,
) -> Option<SpicePhase> {
    let start = SpicePhase { phase, nodes: 0, worst_lsb: 0.0, worst_mv: 0.0 };
    let found = nodes.filter(|node| node.phase == phase).fold(start, |found, node| SpicePhase {
        phase,
        nodes: found.nodes + 1,
        worst_lsb: found.worst_lsb.max(node.lsb.abs()),
        worst_mv: found.worst_mv.max(node.mv.abs()),
    });
    (found.nodes > 0).then_some(found)
}
