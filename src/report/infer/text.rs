//! The same figures for a terminal.

use super::InferReport;
use super::population::PopulationReport;
use crate::infer::Findings;
use crate::report::text::{Block, grouped, prefixed};
use std::fmt;

/// Classes up to which the confusion matrix is printed; more do not fit a terminal.
const PRINTED_CLASSES: usize = 16;

type Row<'a> = (&'a str, String, String);

impl fmt::Display for InferReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        self.accuracy_block().write(f)?;
        self.write_confusion(f)?;
        self.work_block().write(f)?;
        self.write_layers(f)?;
        self.cost_block().write(f)?;
        if self.through_rtl() || !self.passed() {
            checks_block(&self.checks).write(f)?;
            write_findings(&self.checks, f)?;
        }
        if let Some(population) = &self.monte_carlo {
            write_population(population, f)?;
        }
        if let Some(waves) = &self.failure_waves {
            writeln!(f, "\nWaves of the first finding: {}", waves.display())?;
        }
        match &self.waves {
            Some(waves) => writeln!(f, "\nWaves: {}", waves.display()),
            None => Ok(()),
        }
    }
}

impl InferReport {
    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.checks;
        let verdict = match self.passed() {
            true if self.through_rtl() => "match",
            true => "done",
            false if found.mismatches + found.differences == 0 => "RULES VIOLATED",
            false => "MISMATCH",
        };
        let Self { network, config, data, seed, threads, .. } = self;
        let tables = if self.calibrated { "calibrated" } else { "not calibrated" };
        writeln!(f, "capram infer: {verdict}")?;
        writeln!(f, "  network   {} ({})", network.name, network.fingerprint)?;
        writeln!(f, "  data      {}, {} set of {} images", data.name, data.split, data.images)?;
        writeln!(f, "  config    {} ({})", config.name, config.fingerprint)?;
        write!(f, "  run       {}, seed {seed}, ", self.backend)?;
        if let Some(chip) = self.chip {
            write!(f, "chip {chip} {tables}, ")?;
        }
        writeln!(f, "{threads} thread(s)")
    }

    /// Whether the RTL computed the images.
    fn through_rtl(&self) -> bool {
        self.backend == "rtl"
    }

    fn accuracy_block(&self) -> Block<'static> {
        let [low, high] = self.accuracy_interval.map(percent);
        let rows = vec![
            ("images", grouped(self.images), String::new()),
            ("correct", grouped(self.correct), String::new()),
            ("accuracy", percent(self.accuracy), format!("%, 95 % interval {low} to {high}")),
        ];
        Block { heading: "Accuracy", rows }
    }

    fn write_confusion(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels.len() > PRINTED_CLASSES {
            return Ok(());
        }
        writeln!(f, "\nConfusion: label by row, prediction by column")?;
        let name = |label: &String| label.chars().take(6).collect::<String>();
        let heads: String = self.labels.iter().map(|l| format!("{:>7}", name(l))).collect();
        writeln!(f, "  {:<8}{heads}", "")?;
        for (label, row) in self.labels.iter().zip(&self.confusion) {
            let cells: String = row.iter().map(|&n| format!("{:>7}", cell(n))).collect();
            writeln!(f, "  {:<8}{cells}", name(label))?;
        }
        Ok(())
    }

    fn work_block(&self) -> Block<'static> {
        let rows = vec![
            count("operations", self.operations),
            ("conversion steps per image", grouped(self.conversion_steps_per_image), String::new()),
            count("conversions", self.conversions),
            (
                "clipped codes",
                grouped(self.clipped_codes),
                share(self.clipped_codes, self.conversions),
            ),
        ];
        Block { heading: "Work", rows }
    }

    fn write_layers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n  {:<20}{:>12}{:>14}{:>12}",
            "layer", "operations", "conversions", "clipped"
        )?;
        for row in &self.layers {
            let numbers = [row.operations, row.conversions, row.clipped_codes].map(grouped);
            let share = share(row.clipped_codes, row.conversions);
            let [operations, conversions, clipped] = numbers;
            let name = &row.name;
            writeln!(f, "  {name:<20}{operations:>12}{conversions:>14}{clipped:>12} {share}")?;
        }
        Ok(())
    }

    fn cost_block(&self) -> Block<'_> {
        let mut rows: Vec<Row> = vec![
            ("cycles", format!("{:.0}", self.cycles_per_image), "per image".into()),
            ("latency", format!("{:.3}", self.latency_us_per_image), "us per image".into()),
            ("energy", format!("{:.3}", self.energy_nj_per_image), "nJ per image".into()),
        ];
        let parts = self.energy_parts_nj.iter();
        rows.extend(parts.map(|(name, energy)| ("", format!("{energy:.3}"), name.clone())));
        let resumed = match self.resumed {
            0 => "images/s".into(),
            known => format!("images/s, {} of an earlier run not counted", grouped(known)),
        };
        rows.push(("simulation", prefixed(self.images_per_second), resumed));
        if self.calibration_saturated > 0 {
            let name = "calibration registers";
            rows.push((name, grouped(self.calibration_saturated), "too small for the fit".into()));
        }
        Block { heading: "Cost, from the RTL's pins over the first images", rows }
    }
}

fn checks_block(found: &Findings) -> Block<'_> {
    let mut rows = vec![
        count("codes compared", found.codes_compared),
        count("node voltages compared", found.volts_compared),
        count("cycles with all pins", found.pins_compared),
        count("results compared", found.results_compared),
        count("mismatches", found.mismatches),
        count("differences from golden", found.differences),
        count("marginal decisions", found.marginal_decisions),
        count("rule violations", found.violations.values().sum()),
    ];
    let named = found.violations.iter();
    rows.extend(named.map(|(name, number)| ("", grouped(*number), name.clone())));
    Block { heading: "Checks", rows }
}

fn write_findings(found: &Findings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(image) = found.first.and_then(|place| place.image) {
        writeln!(f, "\nFirst finding: image {image}")?;
    }
    if found.mismatches > 0 {
        let shown = found.mismatch_details.len();
        writeln!(f, "\nMismatches (first {shown} of {})", grouped(found.mismatches))?;
        found.mismatch_details.iter().try_for_each(|row| writeln!(f, "  {row}"))?;
    }
    if found.differences > 0 {
        let shown = found.difference_details.len();
        let all = grouped(found.differences);
        writeln!(f, "\nDifferences from the golden backend (first {shown} of {all})")?;
        found.difference_details.iter().try_for_each(|row| writeln!(f, "  {row}"))?;
    }
    Ok(())
}

fn write_population(population: &PopulationReport, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let PopulationReport { chips, images, .. } = population;
    writeln!(f, "\nMonte Carlo: {chips} chips, {} images each, golden", grouped(*images))?;
    writeln!(
        f,
        "  {:<16}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "accuracy in %", "worst", "5 %", "median", "95 %", "best", "yield"
    )?;
    let rows = [
        ("calibrated", &population.calibrated, population.yield_calibrated),
        ("not calibrated", &population.uncalibrated, population.yield_uncalibrated),
    ];
    for (name, distribution, reach) in rows {
        let Some(d) = distribution else { continue };
        let figures = [d.min, d.p5, d.median, d.p95, d.max, reach].map(percent);
        let cells: String = figures.iter().map(|figure| format!("{figure:>10}")).collect();
        writeln!(f, "  {name:<16}{cells}")?;
    }
    let failed = population.rows.iter().filter(|row| row.calibrated.is_none()).count();
    if failed > 0 {
        writeln!(f, "  {failed} chips can not be calibrated; the first says why in the JSON")?;
    }
    let ideal = percent(population.ideal_accuracy);
    let threshold = percent(population.yield_threshold);
    writeln!(f, "  ideal backend {ideal} %; yield: chips that reach {threshold} %")?;
    if let Some(d) = &population.calibrated {
        let below = 100.0 * (population.ideal_accuracy - d.median);
        writeln!(f, "  the calibrated median is {below:.2} points below ideal")?;
    }
    writeln!(f, "  worst chip {}; through the RTL: {}", population.worst_chip, population.replay)
}

fn count(name: &'static str, value: u64) -> (&'static str, String, String) {
    (name, grouped(value), String::new())
}

/// A share as percent with two digits.
fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

fn share(part: u64, all: u64) -> String {
    match all {
        0 => String::new(),
        _ => format!("({:.3} %)", 100.0 * part as f64 / all as f64),
    }
}

/// Nothing stands out where nothing is.
fn cell(count: u64) -> String {
    if count == 0 { ".".into() } else { count.to_string() }
}
