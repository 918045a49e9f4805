//! Report of `capram spice`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::ConfigRow;
use super::atomic::{WriteError, write_json};
use super::text::{Block, grouped};
use crate::spice::{Kind, Sees};

/// What decks of ngspice were compared with the golden reference, and what was found. As JSON it
/// begins with `"schema": "capram.spice/1"`; a field that is renamed or changes its meaning needs a
/// new number.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "schema", rename = "capram.spice/1")]
pub struct SpiceReport {
    pub config: ConfigRow,
    pub seed: u64,
    /// Number of the first chip.
    pub first_chip: u64,
    pub chips: u64,
    pub threads: usize,
    /// Which voltage of the bit line the decks' injection cells go by.
    pub injection_cells_see: Sees,
    /// Demanded agreement of a node, in LSB of its conversion's range.
    pub tolerance_lsb: f64,
    pub decks: Vec<SpiceDecks>,
    /// All mismatches, also those without details.
    pub mismatches: u64,
    /// The first few.
    pub mismatch_details: Vec<SpiceMismatch>,
    pub tools: SpiceTools,
    /// The folder of decks and logs, if they were kept.
    pub out: Option<PathBuf>,
}

/// Versions of the tools that made the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpiceTools {
    pub capram: String,
    pub ngspice: String,
}

/// All decks of a kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpiceDecks {
    pub kind: Kind,
    /// Chips, and so decks.
    pub chips: u64,
    pub nodes_compared: u64,
    /// Nodes and decisions that came after a decision that fell differently.
    pub nodes_not_compared: u64,
    pub decisions_compared: u64,
    /// Decisions closer to their threshold than the tolerance.
    pub marginal_decisions: u64,
    /// Those of them that fell differently, which ends the comparison of their deck.
    pub marginal_differing: u64,
    pub codes_compared: u64,
    pub codes_equal: u64,
    /// The node that is furthest off, in LSB of its conversion's range...
    pub worst_in_lsb: Option<SpiceWorst>,
    /// ... and in mV.
    pub worst_in_mv: Option<SpiceWorst>,
    /// By kind of pulse.
    pub phases: Vec<SpicePhase>,
}

/// The worst errors at the end of a kind of pulse, as magnitudes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpicePhase {
    pub phase: &'static str,
    pub nodes: u64,
    pub worst_lsb: f64,
    pub worst_mv: f64,
}

/// Where a node is measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpicePlace {
    pub chip: u64,
    pub slice: usize,
    pub deck: Kind,
    /// Conversion of the deck, from 0.
    pub conversion: usize,
    /// Pulse at whose end it is measured, with its number if there are several.
    pub phase: String,
    /// Name of the node in the deck.
    pub node: String,
    /// Time in the deck.
    pub time_ns: f64,
}

/// A node and how far it is off: SPICE less reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpiceWorst {
    #[serde(flatten)]
    pub place: SpicePlace,
    pub off_mv: f64,
    pub off_lsb: f64,
}

/// A node or a decision that is not what the reference predicts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpiceMismatch {
    #[serde(flatten)]
    pub place: SpicePlace,
    /// In V; of a decision 0 or 1.
    pub expected: f64,
    /// Likewise.
    pub got: f64,
    /// How far off, SPICE less reference; of a decision, the comparator's input.
    pub off_mv: f64,
    /// The same in LSB of the conversion's range.
    pub off_lsb: f64,
}

impl SpiceReport {
    /// Whether SPICE and the reference agree.
    pub fn matches(&self) -> bool {
        self.mismatches == 0
    }

    /// Writes the JSON, complete or not at all.
    pub fn write_json(&self, path: &Path) -> Result<(), WriteError> {
        write_json(path, self)
    }

    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.matches() { "match" } else { "MISMATCH" };
        let sees = match self.injection_cells_see {
            Sees::BeforeFiring => "just before they fire",
            Sees::Instantaneous => "at every moment",
        };
        let last = self.first_chip + self.chips.saturating_sub(1);
        writeln!(f, "capram spice: {verdict}")?;
        writeln!(f, "  config    {} ({})", self.config.name, self.config.fingerprint)?;
        writeln!(
            f,
            "  run       seed {}, chips {} to {last}, {} thread(s)",
            self.seed, self.first_chip, self.threads
        )?;
        writeln!(f, "  decks     noise off; injection cells see their bit line {sees}")?;
        writeln!(
            f,
            "  demanded  {} LSB of the conversion's range at every node",
            self.tolerance_lsb
        )?;
        writeln!(f, "  tools     capram {}, {}", self.tools.capram, self.tools.ngspice)
    }

    fn write_mismatches(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.matches() {
            return Ok(());
        }
        let shown = self.mismatch_details.len();
        writeln!(f, "\nMismatches (first {shown} of {})", grouped(self.mismatches))?;
        self.mismatch_details.iter().try_for_each(|row| writeln!(f, "  {row}"))
    }
}

impl SpiceDecks {
    fn block(&self) -> Block<'static> {
        let heading = match self.kind {
            Kind::Column => "Column decks: reset, sample, multiply, share",
            Kind::Conversion => "Conversion decks",
        };
        let count = |name, value| (name, grouped(value), String::new());
        let mut rows =
            vec![count("chips", self.chips), count("nodes compared", self.nodes_compared)];
        if self.nodes_not_compared > 0 {
            let remark = "after a decision that fell differently".into();
            rows.push(("nodes NOT compared", grouped(self.nodes_not_compared), remark));
        }
        if let Some(SpiceWorst { place, off_lsb, .. }) = &self.worst_in_lsb {
            rows.push(("worst error", format!("{:.4}", off_lsb.abs()), format!("LSB: {place}")));
        }
        if let Some(SpiceWorst { place, off_mv, .. }) = &self.worst_in_mv {
            rows.push(("", format!("{:.4}", off_mv.abs()), format!("mV: {place}")));
        }
        for SpicePhase { phase, worst_lsb, worst_mv, .. } in &self.phases {
            let (value, remark) = (format!("{worst_lsb:.4}"), format!("LSB, {worst_mv:.4} mV"));
            rows.push((indented(phase), value, remark));
        }
        if self.kind == Kind::Conversion {
            rows.extend(self.decisions());
        }
        Block { heading, rows }
    }

    fn decisions(&self) -> [(&'static str, String, String); 3] {
        let differing = match self.marginal_differing {
            0 => "none differs".into(),
            n => format!("{} differ, which ends their deck's comparison", grouped(n)),
        };
        let marginal = format!("within the tolerance of their threshold; {differing}");
        [
            ("decisions compared", grouped(self.decisions_compared), String::new()),
            ("marginal decisions", grouped(self.marginal_decisions), marginal),
            (
                "codes equal",
                grouped(self.codes_equal),
                format!("of {} compared", grouped(self.codes_compared)),
            ),
        ]
    }
}

/// The row of a kind of pulse.
fn indented(phase: &str) -> &'static str {
    match phase {
        "reset" => "  at the end of reset",
        "sample" => "  at the end of sample",
        "multiply" => "  at the end of multiply",
        "share" => "  at the end of share",
        "strobe" => "  at the end of a strobe",
        "inject" => "  at the end of an inject",
        _ => "  at the end of latch",
    }
}

impl fmt::Display for SpicePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chip, slice, deck, conversion, phase, node, time_ns } = self;
        write!(
            f,
            "chip {chip}, slice {slice}, {deck} deck, conversion {conversion}, {phase}, {node}, \
             {time_ns:.3} ns"
        )
    }
}

/// One line: what, where, when, then the two values.
impl fmt::Display for SpiceMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, expected, got, off_mv, off_lsb } = self;
        if place.node.starts_with("d_") {
            write!(f, "{place}: expected {expected}, got {got}, comparator's input off by ")?;
        } else {
            write!(f, "{place}: expected {expected:.6} V, got {got:.6} V, off by ")?;
        }
        write!(f, "{off_mv:.4} mV ({off_lsb:.4} LSB)")
    }
}

/// The same figures for a terminal.
impl fmt::Display for SpiceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        self.decks.iter().try_for_each(|decks| decks.block().write(f))?;
        self.write_mismatches(f)?;
        match &self.out {
            Some(folder) => writeln!(f, "\nDecks and logs: {}", folder.display()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn place() -> SpicePlace {
        SpicePlace {
            chip: 7,
            slice: 7,
            deck: Kind::Conversion,
            conversion: 0,
            phase: "inject 0".into(),
            node: "bl_p".into(),
            time_ns: 2.381,
        }
    }

    fn worst() -> Option<SpiceWorst> {
        Some(SpiceWorst { place: place(), off_mv: -0.4114, off_lsb: -0.058 })
    }

    fn example() -> SpiceReport {
        let decks = SpiceDecks {
            kind: Kind::Conversion,
            chips: 20,
            nodes_compared: 1960,
            nodes_not_compared: 0,
            decisions_compared: 280,
            marginal_decisions: 0,
            marginal_differing: 0,
            codes_compared: 40,
            codes_equal: 40,
            worst_in_lsb: worst(),
            worst_in_mv: worst(),
            phases: vec![SpicePhase {
                phase: "inject",
                nodes: 480,
                worst_lsb: 0.058,
                worst_mv: 0.4114,
            }],
        };
        SpiceReport {
            config: ConfigRow {
                name: "capram65".into(),
                fingerprint: "0123456789abcdef".into(),
                geometry: Config::builtin("capram65").unwrap().geometry,
            },
            seed: 1,
            first_chip: 0,
            chips: 20,
            threads: 2,
            injection_cells_see: Sees::BeforeFiring,
            tolerance_lsb: 0.1,
            decks: vec![decks],
            mismatches: 0,
            mismatch_details: vec![],
            tools: SpiceTools { capram: "0.1.0".into(), ngspice: "ngspice-39".into() },
            out: None,
        }
    }

    const TEXT: &str = "\
capram spice: match
  config    capram65 (0123456789abcdef)
  run       seed 1, chips 0 to 19, 2 thread(s)
  decks     noise off; injection cells see their bit line just before they fire
  demanded  0.1 LSB of the conversion's range at every node
  tools     capram 0.1.0, ngspice-39

Conversion decks
  chips                                     20
  nodes compared                         1,960
  worst error                           0.0580 LSB: chip 7, slice 7, conversion deck, conversion 0, inject 0, bl_p, 2.381 ns
                                        0.4114 mV: chip 7, slice 7, conversion deck, conversion 0, inject 0, bl_p, 2.381 ns
    at the end of an inject             0.0580 LSB, 0.4114 mV
  decisions compared                       280
  marginal decisions                         0 within the tolerance of their threshold; none differs
  codes equal                               40 of 40 compared
";

    #[test]
    fn text_is_aligned_and_has_units() {
        assert_eq!(example().to_string(), TEXT);
    }

    #[test]
    fn what_is_wrong_or_was_not_compared_is_said() {
        let mut report = example();
        report.mismatches = 2;
        let voltage = SpiceMismatch {
            place: place(),
            expected: 0.4,
            got: 0.401,
            off_mv: 1.0,
            off_lsb: 0.141,
        };
        let mut decision = SpiceMismatch { expected: 1.0, got: 0.0, ..voltage.clone() };
        decision.place.node = "d_1".into();
        report.mismatch_details = vec![voltage, decision];
        report.decks[0].nodes_not_compared = 30;
        report.decks[0].marginal_differing = 1;
        let text = report.to_string();
        for wanted in [
            "capram spice: MISMATCH\n",
            "  nodes NOT compared                        30 after a decision that fell differently\n",
            "; 1 differ, which ends their deck's comparison\n",
            "\nMismatches (first 2 of 2)\n  chip 7, slice 7, conversion deck, conversion 0, inject 0, bl_p, \
             2.381 ns: expected 0.400000 V, got 0.401000 V, off by 1.0000 mV (0.1410 LSB)\n",
            "d_1, 2.381 ns: expected 1, got 0, comparator's input off by 1.0000 mV",
        ] {
            assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
        }
    }

    #[test]
    fn json_has_a_version_and_flat_places() {
        let json = serde_json::to_string_pretty(&example()).unwrap();
        assert!(json.starts_with("{\n  \"schema\": \"capram.spice/1\",\n"), "{json}");
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["injection_cells_see"], "before_firing");
        assert_eq!(json["decks"][0]["kind"], "conversion");
        assert_eq!(json["decks"][0]["worst_in_lsb"]["node"], "bl_p");
        assert_eq!(json["mismatches"], 0);
    }
}
