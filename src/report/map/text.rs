//! The same figures for a terminal.

use super::{MapCheck, MapReport};
use crate::mapping::LayerFigures;
use crate::report::text::{Block, grouped};
use std::fmt;

impl fmt::Display for MapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        self.totals().write(f)?;
        self.write_layers(f)?;
        self.write_planes(f)?;
        self.check.as_ref().map_or(Ok(()), |check| write_check(check, f))
    }
}

fn count(value: usize) -> String {
    grouped(value as u64)
}

/// `2 x 2`; nothing for a single position.
pub fn copies(layer: &LayerFigures) -> String {
    match layer.copies {
        [1, 1] => "-".into(),
        [p, q] => format!("{p} x {q}"),
    }
}

impl MapReport {
    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match &self.check {
            None => "placed",
            Some(_) if self.matches() => "match",
            Some(_) => "MISMATCH",
        };
        let geometry = &self.config.geometry;
        writeln!(f, "capram map: {verdict}")?;
        writeln!(f, "  network   {}", self.network)?;
        writeln!(f, "  config    {} ({})", self.config.name, self.config.fingerprint)?;
        writeln!(
            f,
            "  array     8 planes of {} MAC rows x {} columns, {} slices",
            geometry.mac_rows,
            geometry.columns,
            geometry.slices()
        )?;
        writeln!(f, "  tools     capram {}", self.capram)
    }

    fn totals(&self) -> Block<'static> {
        let share = format!("of {} ({:.1} %)", count(self.cells_there), 100.0 * self.share);
        let steps = format!("for an image: {} cycles each", self.step_cycles);
        Block {
            heading: "Mapping",
            rows: vec![
                ("cells occupied", count(self.cells), share),
                ("  without shifted copies", count(self.cells_once), String::new()),
                ("requantization bits", count(self.requantization_bits), "beside the array".into()),
                ("conversion steps", grouped(self.conversion_steps), steps),
                (
                    "least cycles",
                    grouped(self.least_cycles),
                    "for an image: conversion steps alone".into(),
                ),
            ],
        }
    }

    fn write_layers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.layers.iter().map(|layer| layer.name.chars().count()).max();
        let width = width.unwrap_or(0).max(5);
        writeln!(
            f,
            "\nLayers\n  {:width$} format    weights    rows  pruned  copies  blocks    cells  \
             operations  bursts  steps",
            "layer"
        )?;
        for layer in &self.layers {
            let cells = match &layer.cells_of {
                Some(_) => "-".into(),
                None => count(layer.cells),
            };
            write!(
                f,
                "  {:width$} {:7} {:>9} {:>7} {:>7} {:>7} {:>7} {:>8} {:>11} {:>7} {:>6}",
                layer.name,
                layer.format.name(),
                count(layer.weights),
                count(layer.rows),
                count(layer.pruned_rows),
                copies(layer),
                layer.blocks,
                cells,
                count(layer.operations),
                count(layer.bursts),
                count(layer.conversion_steps),
            )?;
            let of = layer.cells_of.as_ref();
            writeln!(f, "{}", of.map_or(String::new(), |of| format!("  cells of {of}")))?;
        }
        Ok(())
    }

    fn write_planes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nPlanes\n  plane    cells  occupied")?;
        for plane in &self.planes {
            let (cells, share) = (count(plane.cells), 100.0 * plane.share);
            writeln!(f, "  {:>5} {cells:>8} {share:>7.1} %", plane.plane)?;
        }
        Ok(())
    }
}

fn write_check(check: &MapCheck, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let file = check.file.as_ref().map_or("the image".into(), |file| file.display().to_string());
    writeln!(f, "\nCheck of {file}")?;
    let weights = count(check.weights);
    let differences = count(check.differences);
    writeln!(f, "  {weights} weights compared, copies included; {differences} differ")?;
    for difference in &check.difference_details {
        writeln!(f, "  {difference}")?;
    }
    match check.differences - check.difference_details.len() {
        0 => Ok(()),
        more => writeln!(f, "  and {} more", count(more)),
    }
}
