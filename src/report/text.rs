//! Numbers and tables for a terminal.

use std::fmt;

/// An integer with a comma between groups of three digits.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let first = digits.len() % 3;
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && i % 3 == first % 3 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate with a prefix that keeps the number between 1 and 1000: `1.94 M`.
pub fn prefixed(value: f64) -> String {
    let (scaled, prefix) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, " G"),
        v if v >= 1e6 => (value / 1e6, " M"),
        v if v >= 1e3 => (value / 1e3, " k"),
        _ => (value, " "),
    };
    format!("{scaled:.2}{prefix}")
}

/// A block of a report: a heading, then rows of name, number and unit or remark.
pub struct Block<'a> {
    pub heading: &'a str,
    pub rows: Vec<(&'a str, String, String)>,
}

impl Block<'_> {
    /// Writes the block; numbers are right-aligned, also across blocks.
    pub fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.heading)?;
        for (name, value, remark) in &self.rows {
            let line = format!("  {name:<28}{value:>16} {remark}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_grouped_by_three() {
        let wanted =
            [(0, "0"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (1_000_000, "1,000,000")];
        for (value, text) in wanted {
            assert_eq!(grouped(value), text);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn rates_get_a_prefix() {
        assert_eq!(prefixed(0.0), "0.00 ");
        assert_eq!(prefixed(1_940_000.0), "1.94 M");
        assert_eq!(prefixed(2.52e9), "2.52 G");
        assert_eq!(prefixed(1500.0), "1.50 k");
    }
}
