//! The same for a terminal.

use super::{CheckRow, DifferenceRow, ReplayRow, SmokeReport};
use crate::report::text::grouped;
use std::fmt;

impl fmt::Display for SmokeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        if !self.checks.is_empty() {
            writeln!(
                f,
                "\n  {:<12}{:<10}{:>9}{:>14}  detail",
                "check", "verdict", "seconds", "cycles"
            )?;
            self.checks.iter().try_for_each(|row| write_check(row, f))?;
        }
        if let Some(time) = &self.image_time {
            writeln!(
                f,
                "\nThe image on this board, computed from counted cycles, not measured: {:.3} s, of \
                 which {:.3} s are the serial line's; loading included",
                time.seconds, time.line_seconds
            )?;
        }
        if !self.replay.is_empty() {
            writeln!(f, "\nReplay")?;
        }
        self.replay.iter().try_for_each(|row| write_replay(row, f))
    }
}

impl SmokeReport {
    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skipped = self.checks.iter().all(|row| row.verdict == "skipped");
        let verdict = match self.passed {
            true => "passed",
            false if skipped && self.replay.is_empty() => "skipped",
            false => "FAILED",
        };
        writeln!(f, "capram fpga smoke: {verdict}")?;
        writeln!(f, "  board     {}, {}", self.board, self.target)?;
        if let (Some(hash), Some(clock), Some(baud)) = (&self.build_hash, self.clock_hz, self.baud)
        {
            let clock = f64::from(clock) / 1e6;
            writeln!(f, "  build     {hash}, {clock} MHz, {} baud", grouped(baud.into()))?;
        }
        writeln!(f, "  config    {} ({})", self.config.name, self.config.fingerprint)?;
        writeln!(f, "  run       seed {}, chip {}", self.seed, self.chip)?;
        writeln!(f, "  tools     capram {}", self.capram)
    }
}

fn write_check(row: &CheckRow, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let cycles = row.cycles.map_or("-".into(), grouped);
    let line = format!(
        "  {:<12}{:<10}{:>9.3}{cycles:>14}  {}",
        row.name, row.verdict, row.seconds, row.detail
    );
    writeln!(f, "{}", line.trim_end())?;
    row.difference.as_ref().map_or(Ok(()), |found| write_difference(found, f))
}

fn write_difference(found: &DifferenceRow, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let DifferenceRow { place, expected, got } = found;
    writeln!(f, "    {place}: expected {expected}, got {got}")
}

fn write_replay(row: &ReplayRow, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let ReplayRow { target, seconds, compared, differences, first, error } = row;
    match error {
        Some(error) => writeln!(f, "  {target}: {error}")?,
        None => writeln!(
            f,
            "  {target}: {} words compared, {} differ, {seconds:.3} s",
            grouped(*compared),
            grouped(*differences)
        )?,
    }
    first.as_ref().map_or(Ok(()), |found| write_difference(found, f))
}
