//! What nextpnr says of a design (`--report`), and what yosys counted before it (`stat -json`).

use serde::Deserialize;
use std::collections::BTreeMap;

/// nextpnr's report, as far as it is of use.
#[derive(Debug, Deserialize)]
pub struct Placed {
    fmax: BTreeMap<String, Frequency>,
    utilization: BTreeMap<String, Usage>,
    critical_paths: Vec<CriticalPath>,
}

#[derive(Debug, Deserialize)]
struct Frequency {
    achieved: f64,
}

/// Cells of a kind.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Usage {
    /// In the design.
    pub used: u64,
    /// In the FPGA.
    pub available: u64,
}

#[derive(Debug, Deserialize)]
struct CriticalPath {
    from: String,
    to: String,
    path: Vec<Segment>,
}

#[derive(Debug, Deserialize)]
struct Segment {
    delay: f64,
}

/// The longest path from one clock to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Crossing {
    /// Clock of the register it begins at.
    pub from: String,
    /// ... and ends at.
    pub to: String,
    /// From clock edge to set-up.
    pub delay_ns: f64,
}

impl Placed {
    /// Reads the JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Clocks and the MHz they may have.
    pub fn clocks(&self) -> impl Iterator<Item = (&str, f64)> {
        self.fmax.iter().map(|(clock, frequency)| (clock.as_str(), frequency.achieved))
    }

    /// Longest paths between different clocks.
    pub fn crossings(&self) -> Vec<Crossing> {
        let clock = |edge: &str| Some(edge.split_once("edge ")?.1.to_owned());
        let between = |path: &CriticalPath| {
            let (from, to) = (clock(&path.from)?, clock(&path.to)?);
            let delay_ns = path.path.iter().map(|segment| segment.delay).sum();
            (from != to).then_some(Crossing { from, to, delay_ns })
        };
        self.critical_paths.iter().filter_map(between).collect()
    }

    /// Cells of a kind, none if nextpnr does not know it.
    pub fn usage(&self, kind: &str) -> Usage {
        self.utilization.get(kind).copied().unwrap_or(Usage { used: 0, available: 0 })
    }
}

/// Cells after synthesis by type.
#[derive(Debug, Default, PartialEq)]
pub struct Synthesized(BTreeMap<String, u64>);

#[derive(Deserialize)]
struct Statistics {
    design: Design,
}

#[derive(Deserialize)]
struct Design {
    num_cells_by_type: BTreeMap<String, u64>,
}

impl Synthesized {
    /// Reads what `stat -json` printed.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let statistics: Statistics = serde_json::from_str(text)?;
        Ok(Self(statistics.design.num_cells_by_type))
    }

    /// Cells of a type; variants of it (clocks inverted) have letters behind its name.
    pub fn count(&self, kind: &str) -> u64 {
        let variant = |name: &str| {
            name.strip_prefix(kind).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_uppercase()))
        };
        self.0.iter().filter(|(name, _)| variant(name)).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{
      "critical_paths": [
        {"from": "posedge clk", "to": "posedge clk", "path": [{"delay": 9.0, "type": "logic"}]},
        {"from": "posedge mclk", "to": "posedge clk",
         "path": [{"delay": 1.5, "type": "clk-to-q"}, {"delay": 2.0, "type": "routing"}]},
        {"from": "<async>", "to": "posedge clk", "path": [{"delay": 50.0}]}
      ],
      "fmax": {"clk": {"achieved": 30.5, "constraint": 24}, "mclk": {"achieved": 28.0}},
      "utilization": {"ICESTORM_LC": {"available": 7680, "used": 4800}}
    }"#;

    #[test]
    fn clocks_crossings_and_cells_are_found() {
        let placed = Placed::parse(REPORT).unwrap();
        assert_eq!(placed.clocks().collect::<Vec<_>>(), [("clk", 30.5), ("mclk", 28.0)]);
        let wanted = Crossing { from: "mclk".into(), to: "clk".into(), delay_ns: 3.5 };
        assert_eq!(placed.crossings(), [wanted]);
        assert_eq!(placed.usage("ICESTORM_LC").used, 4800);
        assert_eq!(placed.usage("ICESTORM_RAM").used, 0);
    }

    #[test]
    fn variants_of_a_cell_count_but_not_other_cells() {
        let text = r#"{"design": {"num_cells_by_type":
            {"SB_RAM40_4K": 3, "SB_RAM40_4KNR": 1, "SB_RAM40_4K_X": 7, "SB_LUT4": 10}}}"#;
        let cells = Synthesized::parse(text).unwrap();
        assert_eq!((cells.count("SB_RAM40_4K"), cells.count("SB_MAC16")), (4, 0));
    }
}
