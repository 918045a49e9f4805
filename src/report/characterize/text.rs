//! The same figures for a terminal.

pub mod figures;
pub mod population;
#[cfg(test)]
mod tests;

use std::fmt;

use self::figures::{fixed, percent, rows};
use self::population::{named, replay};
use super::{CharacterizeReport, EnergyReport, MonteCarlo};
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
        let verdict = if self.matches() { "done" } else { "MISMATCH" };
        let Geometry { mac_rows, columns, columns_per_slice, .. } = self.config.geometry;
        let slices = self.config.geometry.slices();
        let Conditions { corner, supply_v, temperature_c } = self.conditions;
        let Self { seed, chip, threads, backend, range, .. } = self;
        let Tools { capram, verilator, compiler } = &self.tools;
        writeln!(f, "capram characterize: {verdict}")?;
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
        let calibrated = format!("LSB, calibrated, largest of {over}; published below 2 [F]");
        let missing = grouped(self.missing_codes);
        Block {
            heading: "Figures of merit",
            rows: vec![
                number("ENOB", fixed(self.enob, 2), "bits, mismatch off; published 6.85 [F]"),
                number("linearity error", fixed(self.linearity_error_max_lsb, 2), &calibrated),
                number("throughput", fixed(self.gops, 2), "GOPS; published 573.44 [A]"),
                number(
                    "efficiency",
                    fixed(self.tops_per_watt, 1),
                    "TOPS/W; published 49.4 [A], the default is fitted to it",
                ),
                number("INL", fixed(self.inl_max_lsb, 2), "LSB; no published value"),
                number("DNL", fixed(self.dnl_max_lsb, 2), "LSB; no published value"),
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
        Ok(())
    }

    fn write_backends(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(c) = &self.backends_compared else { return Ok(()) };
        let tables = if c.calibration_equal { "equal" } else { "DIFFERENT" };
        let rows = vec![
            number("codes compared", grouped(c.codes_compared), ""),
            number("codes different", grouped(c.codes_different), ""),
            number("results compared", grouped(c.results_compared), ""),
            number("results different", grouped(c.results_different), ""),
            number("calibration tables", tables.into(), ""),
            number("lockstep mismatches", grouped(c.lockstep_mismatches), ""),
            number("rule violations", grouped(c.rule_violations), ""),
        ];
        Block { heading: "RTL against golden model", rows }.write(f)
    }

    fn write_monte_carlo(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(m) = &self.monte_carlo else { return Ok(()) };
        population_block(m).write(f)?;
        write_distributions(f, m)?;
        writeln!(f, "\n  worst chip: {}", replay(&self.command, m.worst_chip))
    }

    fn write_energy(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let energy = &self.energy;
        if energy.parts.is_empty() && energy.sweep.is_empty() {
            return Ok(());
        }
        energy_block(energy).write(f)?;
        write_sweep(f, energy)
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

fn energy_block(e: &EnergyReport) -> Block<'_> {
    let mut rows = vec![
        number("power", fixed(e.power_mw, 2), &format!("mW at {} GOPS", fixed(e.gops, 2))),
        number(
            "efficiency",
            fixed(e.tops_per_watt, 1),
            "TOPS/W; fitted at the default operating point only",
        ),
        number("per multiply-accumulate", fixed(e.fj_per_mac, 2), "fJ"),
        number("per operation", fixed(e.pj_per_operation, 2), "pJ, of which"),
    ];
    let share = |pj: f64| format!("pJ, {} %", percent(pj / e.pj_per_operation, 1));
    rows.extend(e.parts.iter().map(|(name, pj)| number(name, fixed(*pj, 2), &share(*pj))));
    Block { heading: "Energy", rows }
}

fn write_sweep(f: &mut fmt::Formatter<'_>, e: &EnergyReport) -> fmt::Result {
    let mut group = "";
    for row in &e.sweep {
        if row.group != group {
            group = &row.group;
            let heads: String =
                ["TOPS/W", "GOPS", "mW", "fJ/MAC"].map(|h| format!("{h:>10}")).concat();
            writeln!(f, "\n  {group:<28}{heads}")?;
        }
        let values =
            [(row.tops_per_watt, 1), (row.gops, 1), (row.power_mw, 2), (row.fj_per_mac, 2)];
        let values = values.map(|(value, decimals)| format!("{:>10}", fixed(value, decimals)));
        writeln!(f, "    {:<26}{}", row.point, values.concat())?;
    }
    Ok(())
}
