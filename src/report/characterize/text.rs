//! The same figures for a terminal.

#[cfg(test)]
mod tests;

use std::fmt;

use super::facts::{ENOB, LINEARITY_LSB, PEAK_GOPS, TOPS_PER_WATT};
use super::figures::{SAME, fixed, percent, range, rows};
use super::population::{failures, named, replay, saturated};
use super::verdict::{Verdict, violated_rules};
use super::{
    BackendComparison, CharacterizeReport, EnergyReport, MonteCarlo, SweepRow, facts, fit,
};
use crate::config::{Conditions, Geometry};
use crate::report::Tools;
use crate::report::text::{Block, grouped};

impl fmt::Display for CharacterizeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        self.merit().write(f)?;
        self.write_figures(f)?;
        self.write_backends(f)?;
        self.write_monte_carlo(f)?;
        self.write_energy(f)?;
        writeln!(f, "\nAgain: {}", self.command)
    }
}

impl CharacterizeReport {
    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = Verdict::of(self).words();
        let rules = match violated_rules(self) {
            none if none.is_empty() => String::new(),
            rules => format!(" ({rules})"),
        };
        let Geometry { mac_rows, columns, columns_per_slice, .. } = self.config.geometry;
        let slices = self.config.geometry.slices();
        let Conditions { corner, supply_v, temperature_c } = self.conditions;
        let Self { seed, chip, threads, backend, .. } = self;
        let range = range(self.range);
        let Tools { capram, verilator, compiler } = &self.tools;
        writeln!(f, "capram characterize: {verdict}{rules}")?;
        writeln!(f, "  config    {} ({})", self.config.name, self.config.fingerprint)?;
        writeln!(
            f,
            "  geometry  {mac_rows} MAC rows x {columns} columns, {slices} slices of \
             {columns_per_slice}"
        )?;
        writeln!(f, "  corner    {}, {supply_v} V, {temperature_c} C", corner.name())?;
        writeln!(f, "  range     r = {range}, 1 LSB = {} mV", fixed(1e3 * self.lsb_v, 3))?;
        writeln!(
            f,
            "  run       seed {seed}, chip {chip}, {threads} thread(s), {backend} backend"
        )?;
        writeln!(f, "  tools     capram {capram}, {verilator}, {compiler}")
    }

    fn merit(&self) -> Block<'static> {
        let over = grouped(self.linearity_samples);
        let enob = format!(
            "bits, mismatch off; published {ENOB}, which the comparator's noise is set from"
        );
        let calibrated =
            format!("LSB, calibrated, largest of {over}; published below {LINEARITY_LSB}");
        let efficiency = format!(
            "TOPS/W; published {TOPS_PER_WATT}, {}{}",
            fit::remark(self),
            does_not_work(&self.energy.violated_rules)
        );
        let missing = grouped(self.missing_codes);
        Block {
            heading: "Figures of merit",
            rows: vec![
                number("ENOB", fixed(self.enob, 2), &enob),
                number("linearity error", fixed(self.linearity_error_max_lsb, 2), &calibrated),
                number("throughput", fixed(self.gops, 2), &format!("GOPS; published {PEAK_GOPS}")),
                number("efficiency", fixed(self.tops_per_watt, 1), &efficiency),
                number(
                    "INL",
                    fixed(self.inl_max_lsb, 2),
                    "LSB, before calibration; no published value",
                ),
                number("DNL", fixed(self.dnl_max_lsb, 2), "LSB, of codes; no published value"),
                number("missing codes", missing, "in all ADCs; no published value"),
            ],
        }
    }

    fn write_figures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<32}{:>12}{:>12}{:>12}",
            "Calibration", "mismatch off", "before", "after"
        )?;
        for row in rows(self).into_iter().flatten() {
            let [off, before, after] = row.values;
            let line = format!("  {:<30}{off:>12}{before:>12}{after:>12} {}", row.name, row.unit);
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f, "  {SAME} as before: of codes, which calibration does not change")
    }

    fn write_backends(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(c) = &self.backends_compared else { return Ok(()) };
        backends_block(c).write(f)?;
        match &c.first_mismatch {
            Some(first) => writeln!(f, "  first mismatch: {first}"),
            None => Ok(()),
        }
    }

    fn write_monte_carlo(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(m) = &self.monte_carlo else { return Ok(()) };
        population_block(m).write(f)?;
        for line in failures(m) {
            writeln!(f, "    {line}")?;
        }
        write_distributions(f, m)?;
        writeln!(f, "\n  worst chip: {}", replay(&self.command, m.worst_chip))
    }

    fn write_energy(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let energy = &self.energy;
        if energy.parts.is_empty() && energy.sweep.is_empty() {
            return Ok(());
        }
        energy_block(energy, &fit::remark(self)).write(f)?;
        write_sweep(f, energy)
    }
}

fn backends_block(c: &BackendComparison) -> Block<'static> {
    let tables = if c.calibration_equal { "equal" } else { "DIFFERENT" };
    let rows = vec![
        number("codes compared", grouped(c.codes_compared), ""),
        number("codes different", grouped(c.codes_different), ""),
        number("results compared", grouped(c.results_compared), ""),
        number("results different", grouped(c.results_different), ""),
        number("calibration tables", tables.into(), ""),
        number("lockstep mismatches", grouped(c.lockstep_mismatches), ""),
        number("rule violations", grouped(c.rule_violations), &c.violated_rules.join(", ")),
    ];
    Block { heading: "RTL against golden model", rows }
}

/// What stands beside a figure of a macro that breaks its rules; nothing if it keeps them.
fn does_not_work(rules: &[String]) -> String {
    match rules {
        [] => String::new(),
        rules => format!("; does not work here: {}", rules.join(", ")),
    }
}

/// A row of a block.
fn number<'a>(name: &'a str, value: String, remark: &str) -> (&'a str, String, String) {
    (name, value, remark.into())
}

fn population_block(m: &MonteCarlo) -> Block<'static> {
    let lsb = format!("mV, {} LSB", fixed(m.accumulated_voltage_sigma_lsb, 3));
    let whole = percent(m.adcs_without_missing_codes, 2);
    Block {
        heading: "Monte Carlo",
        rows: vec![
            number("chips", grouped(m.chips), &format!("from {} on", m.first_chip)),
            number("below 2 LSB, calibrated", percent(m.yield_below_2_lsb, 1), "% of the chips"),
            number("without missing codes", whole, "% of the ADCs"),
            number("shared voltage, sigma", fixed(m.accumulated_voltage_sigma_mv, 3), &lsb),
            number("of capacitors alone", fixed(m.capacitor_voltage_sigma_mv, 3), "mV"),
            number("registers too small", grouped(saturated(m)), "chips with such registers"),
            number("not measured", grouped(m.failed.len() as u64), "chips"),
            number("worst chip", m.worst_chip.to_string(), "by its error after calibration"),
        ],
    }
}

fn write_distributions(f: &mut fmt::Formatter<'_>, m: &MonteCarlo) -> fmt::Result {
    if m.distributions.is_empty() {
        return Ok(());
    }
    let heads = ["median", "sigma", "1 %", "99 %", "min", "max"];
    let heads: String = heads.iter().map(|head| format!("{head:>9}")).collect();
    writeln!(f, "\n  {:<24}{heads}", "of a chip")?;
    for (name, d) in &m.distributions {
        let (name, unit) = named(name);
        let values = [d.median, d.sigma, d.p1, d.p99, d.min, d.max];
        let values: String = values.iter().map(|v| format!("{:>9}", fixed(*v, 3))).collect();
        writeln!(f, "{}", format!("  {name:<24}{values} {unit}").trim_end())?;
    }
    Ok(())
}

fn energy_block<'a>(e: &'a EnergyReport, fitted: &str) -> Block<'a> {
    let efficiency = format!("TOPS/W; {fitted}{}", does_not_work(&e.violated_rules));
    let mut rows = vec![
        number("power", fixed(e.power_mw, 2), &format!("mW at {} GOPS", fixed(e.gops, 2))),
        number("efficiency", fixed(e.tops_per_watt, 1), &efficiency),
        number("per multiply-accumulate", fixed(e.fj_per_mac, 2), "fJ"),
        number("per operation", fixed(e.pj_per_operation, 2), "pJ, of which"),
    ];
    let parts = fit::shares(e).into_iter();
    rows.extend(parts.map(|(name, pj, share)| {
        number(name, fixed(pj, 2), &format!("pJ, {} %", percent(share, 1)))
    }));
    Block { heading: "Energy", rows }
}

fn write_sweep(f: &mut fmt::Formatter<'_>, e: &EnergyReport) -> fmt::Result {
    if !e.sweep.is_empty() {
        writeln!(f, "\n  Elsewhere: differences are predicted, the level is fitted.")?;
    }
    let mut group = "";
    for row in &e.sweep {
        if row.group != group {
            group = &row.group;
            let heads: String =
                ["TOPS/W", "GOPS", "mW", "fJ/MAC"].map(|h| format!("{h:>10}")).concat();
            writeln!(f, "\n  {group:<28}{heads}")?;
        }
        write_point(f, row)?;
    }
    Ok(())
}

fn write_point(f: &mut fmt::Formatter<'_>, row: &SweepRow) -> fmt::Result {
    let values = [(row.tops_per_watt, 1), (row.gops, 1), (row.power_mw, 2), (row.fj_per_mac, 2)];
    let values = values.map(|(value, decimals)| format!("{:>10}", fixed(value, decimals)));
    let published = row.published_mw.map(|mw| {
        let tag = facts::DIFFERENTIAL_MW.tag;
        format!("published {} mW [{tag}], another operating point, not fitted", fixed(mw, 2))
    });
    let rules = match &row.violated_rules[..] {
        [] => None,
        rules => Some(format!("violates {}", rules.join(", "))),
    };
    let remarks: Vec<String> = published.into_iter().chain(rules).collect();
    let line = format!("    {:<26}{}  {}", row.point, values.concat(), remarks.join("; "));
    writeln!(f, "{}", line.trim_end())
}
