//! Report of `capram cosim`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::atomic::{WriteError, write_json};
use super::mismatch_row::MismatchRow;
use super::text::{Block, grouped, prefixed};
use crate::config::{Config, Geometry};

/// The configuration of a run, enough to recognise it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigRow {
    pub name: String,
    /// See [`Config::fingerprint`].
    pub fingerprint: String,
    pub geometry: Geometry,
}

impl From<&Config> for ConfigRow {
    fn from(config: &Config) -> Self {
        let fingerprint = config.fingerprint();
        Self { name: config.name.clone(), fingerprint, geometry: config.geometry }
    }
}

/// Versions of the tools that made the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tools {
    pub capram: String,
    pub verilator: String,
    /// C++ compiler of the model.
    pub compiler: String,
}

/// What is said of an emulated analog side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EmulatedRow {
    /// Bit-line voltages compared with the reference.
    pub volts_compared: u64,
    /// Largest difference.
    pub worst_volt_error_uv: f64,
    /// What rounding may cost; decisions whose margin is below it are adopted.
    pub bound_uv: f64,
    /// Cycles of the board's clock.
    pub clock_cycles: u64,
}

/// What a co-simulation did, compared and found. As JSON it begins with `"schema":
/// "capram.cosim/1"`; a field that is renamed or changes its meaning needs a new number.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "schema", rename = "capram.cosim/1")]
pub struct CosimReport {
    pub config: ConfigRow,
    pub seed: u64,
    /// Number of the drawn chip.
    pub chip: u64,
    pub threads: usize,

    pub operations: u64,
    /// Codes of active slices.
    pub conversions: u64,
    pub codes_compared: u64,
    pub volts_compared: u64,
    /// Cycles in which every pin was compared.
    pub pins_compared: u64,
    pub results_compared: u64,

    /// All mismatches, also those without details.
    pub mismatches: u64,
    /// The first few.
    pub mismatch_details: Vec<MismatchRow>,
    pub worst_volt_error_uv: f64,
    /// With an emulated analog side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emulated: Option<EmulatedRow>,
    /// Decisions too close to call, adopted as observed.
    pub marginal_decisions: u64,
    /// Codes of 0 or 127.
    pub clipped_codes: u64,
    /// All violations of electrical rules.
    pub rule_violations: u64,
    pub rule_violations_by_name: BTreeMap<String, u64>,

    /// Cycles in which the macro was held up, as its counter says.
    pub stall_cycles: u64,
    /// The same, as the reference predicts.
    pub predicted_stall_cycles: u64,
    /// All simulated cycles.
    pub cycles: u64,
    /// Cycles in which the macro was busy.
    pub compute_cycles: u64,
    /// Simulated cycles per second of wall time.
    pub cycles_per_second: f64,
    /// Throughput of the macro at the configured conversion rate, 2 operations per MAC.
    pub gops: f64,

    pub tools: Tools,
    /// The FST, if one was written.
    pub waves: Option<PathBuf>,
}

impl CosimReport {
    /// Whether RTL and plant did what the reference predicts.
    pub fn matches(&self) -> bool {
        self.mismatches == 0
    }

    /// Whether nothing was found at all, rule violations included.
    pub fn passed(&self) -> bool {
        self.matches() && self.rule_violations == 0
    }

    /// Writes the JSON, complete or not at all.
    pub fn write_json(&self, path: &Path) -> Result<(), WriteError> {
        write_json(path, self)
    }

    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (self.matches(), self.passed()) {
            (true, true) => "match",
            (true, false) => "RULES VIOLATED",
            (false, _) => "MISMATCH",
        };
        let Geometry { mac_rows, columns, columns_per_slice, post_lanes } = self.config.geometry;
        let slices = self.config.geometry.slices();
        writeln!(f, "capram cosim: {verdict}")?;
        writeln!(f, "  config    {} ({})", self.config.name, self.config.fingerprint)?;
        writeln!(
            f,
            "  geometry  {mac_rows} MAC rows x {columns} columns, {slices} slices of \
             {columns_per_slice}, {post_lanes} post-processing lane(s)"
        )?;
        let Self { seed, chip, threads, .. } = self;
        writeln!(f, "  run       seed {seed}, chip {chip}, {threads} thread(s)")?;
        let Tools { capram, verilator, compiler } = &self.tools;
        writeln!(f, "  tools     capram {capram}, {verilator}, {compiler}")
    }

    fn compared(&self) -> Block<'static> {
        Block {
            heading: "Compared",
            rows: vec![
                count("operations", self.operations),
                count("conversions", self.conversions),
                count("codes", self.codes_compared),
                count("node voltages", self.volts_compared),
                count("cycles with all pins", self.pins_compared),
                count("results", self.results_compared),
            ],
        }
    }

    fn found(&self) -> Block<'_> {
        let worst = match self.worst_volt_error_uv {
            tiny if tiny > 0.0 && tiny < 1e-3 => format!("{tiny:.1e}"),
            error => format!("{error:.6}"),
        };
        let mut rows = vec![
            count("mismatches", self.mismatches),
            ("worst voltage error", worst, "uV".into()),
            count("marginal decisions", self.marginal_decisions),
            ("clipped codes", grouped(self.clipped_codes), self.clipped_share()),
            count("rule violations", self.rule_violations),
        ];
        if let Some(emulated) = &self.emulated {
            let worst = format!("{:.6}", emulated.worst_volt_error_uv);
            let bound = format!("uV, {:.3} from rounding", emulated.bound_uv);
            rows.insert(2, ("worst emulated voltage", worst, bound));
        }
        let named = self.rule_violations_by_name.iter();
        rows.extend(named.map(|(name, number)| ("", grouped(*number), name.clone())));
        Block { heading: "Found", rows }
    }

    fn clipped_share(&self) -> String {
        match self.conversions {
            0 => String::new(),
            all => format!("({:.2} %)", 100.0 * self.clipped_codes as f64 / all as f64),
        }
    }

    fn speed(&self) -> Block<'static> {
        let predicted = match self.predicted_stall_cycles {
            same if same == self.stall_cycles => "as predicted".into(),
            other => format!("predicted {}", grouped(other)),
        };
        let mut rows = vec![count("cycles", self.cycles)];
        if let Some(emulated) = &self.emulated {
            rows.push(count("board clock cycles", emulated.clock_cycles));
        }
        rows.extend([
            count("compute cycles", self.compute_cycles),
            ("stall cycles", grouped(self.stall_cycles), predicted),
            ("simulation", prefixed(self.cycles_per_second), "cycles/s".into()),
            ("macro", format!("{:.2}", self.gops), "GOPS at the configured rate".into()),
        ]);
        Block { heading: "Speed", rows }
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

/// A row with nothing but a number.
fn count(name: &'static str, value: u64) -> (&'static str, String, String) {
    (name, grouped(value), String::new())
}

/// The same figures for a terminal.
impl fmt::Display for CosimReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        self.compared().write(f)?;
        self.found().write(f)?;
        self.speed().write(f)?;
        self.write_mismatches(f)?;
        match &self.waves {
            Some(path) => writeln!(f, "\nWaves: {}", path.display()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::mismatch_row;

    fn example() -> CosimReport {
        CosimReport {
            config: ConfigRow {
                name: "capram65".into(),
                fingerprint: "0123456789abcdef".into(),
                geometry: Config::builtin("capram65").unwrap().geometry,
            },
            seed: 1,
            chip: 0,
            threads: 2,
            operations: 2000,
            conversions: 256_000,
            codes_compared: 256_000,
            volts_compared: 9_728_000,
            pins_compared: 146_123,
            results_compared: 64_000,
            mismatches: 0,
            mismatch_details: vec![],
            worst_volt_error_uv: 1.2e-5,
            emulated: None,
            marginal_decisions: 0,
            clipped_codes: 1280,
            rule_violations: 0,
            rule_violations_by_name: BTreeMap::new(),
            stall_cycles: 0,
            predicted_stall_cycles: 0,
            cycles: 146_123,
            compute_cycles: 144_031,
            cycles_per_second: 2.31e6,
            gops: 573.44,
            tools: Tools {
                capram: "0.1.0".into(),
                verilator: "Verilator 5.006".into(),
                compiler: "g++ 12.2.0".into(),
            },
            waves: None,
        }
    }

    const TEXT: &str = "\
capram cosim: match
  config    capram65 (0123456789abcdef)
  geometry  64 MAC rows x 128 columns, 32 slices of 4, 2 post-processing lane(s)
  run       seed 1, chip 0, 2 thread(s)
  tools     capram 0.1.0, Verilator 5.006, g++ 12.2.0

Compared
  operations                             2,000
  conversions                          256,000
  codes                                256,000
  node voltages                      9,728,000
  cycles with all pins                 146,123
  results                               64,000

Found
  mismatches                                 0
  worst voltage error                   1.2e-5 uV
  marginal decisions                         0
  clipped codes                          1,280 (0.50 %)
  rule violations                            0

Speed
  cycles                               146,123
  compute cycles                       144,031
  stall cycles                               0 as predicted
  simulation                            2.31 M cycles/s
  macro                                 573.44 GOPS at the configured rate
";

    #[test]
    fn text_is_aligned_and_has_units() {
        assert_eq!(example().to_string(), TEXT);
    }

    #[test]
    fn text_shows_mismatches_violations_and_waves() {
        let report = CosimReport {
            mismatches: 1234,
            mismatch_details: vec![mismatch_row::example()],
            rule_violations: 3,
            rule_violations_by_name: [("share_while_reset".into(), 3)].into(),
            stall_cycles: 14,
            predicted_stall_cycles: 15,
            waves: Some("fail.fst".into()),
            ..example()
        };
        let text = report.to_string();
        for wanted in [
            "capram cosim: MISMATCH\n",
            "  rule violations                            3\n",
            "                                             3 share_while_reset\n",
            "  stall cycles                              14 predicted 15\n",
            "\nMismatches (first 1 of 1,234)\n  decision comparators, slice 7, column 1, ",
            "\nWaves: fail.fst\n",
        ] {
            assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
        }
    }

    #[test]
    fn json_has_a_version_and_the_promised_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let report = CosimReport { mismatch_details: vec![mismatch_row::example()], ..example() };
        report.write_json(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("{\n  \"schema\": \"capram.cosim/1\",\n"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        for key in [
            "operations",
            "conversions",
            "codes_compared",
            "volts_compared",
            "pins_compared",
            "results_compared",
            "mismatches",
            "mismatch_details",
            "worst_volt_error_uv",
            "marginal_decisions",
            "clipped_codes",
            "rule_violations",
            "rule_violations_by_name",
            "stall_cycles",
            "predicted_stall_cycles",
            "cycles",
            "compute_cycles",
            "cycles_per_second",
            "gops",
            "seed",
            "chip",
            "threads",
            "config",
            "tools",
            "waves",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert_eq!(json["cycles"], 146_123);
        assert_eq!(json["config"]["geometry"]["mac_rows"], 64);
        assert_eq!(json["tools"]["verilator"], "Verilator 5.006");
        assert_eq!(json["mismatch_details"][0]["pulse"], "strobe 3");
        assert_eq!(json["waves"], serde_json::Value::Null);
    }
}
