//! What an unpacked register does.

use super::super::cells::{Cell, Cells, Key};
use super::super::expression::Expression;
use std::collections::BTreeMap;

/// A register that takes a value at a rising edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    pub clock: String,
    /// What resets it at once, and to which value.
    pub reset: Option<(Expression, bool)>,
    pub enable: Expression,
    pub data: Expression,
}

impl Register {
    /// Reads the statement of a cell; nothing if it does something else.
    pub fn parse(text: &str) -> Option<Self> {
        let (edges, mut rest) = enclosed(text.strip_prefix("always @")?)?;
        let mut edges = edges.split(", ").map(|edge| edge.strip_prefix("posedge "));
        let clock = edges.next()??.trim().to_string();
        let mut reset = None;
        if let Some(edge) = edges.next() {
            let (condition, after) = enclosed(rest.strip_prefix("if ")?)?;
            // The edge and the condition are of one net.
            if Expression::parse(edge?)? != Expression::parse(condition)? {
                return None;
            }
            let (value, after) = after.strip_prefix("# <= ")?.split_once("; else ")?;
            let Expression::Constant(value) = Expression::parse(value)? else { return None };
            reset = Some((Expression::parse(condition)?, value));
            rest = after;
        }
        let (enable, assignment) = enclosed(rest.strip_prefix("if ")?)?;
        let data = assignment.strip_prefix("# <= ")?.strip_suffix(';')?;
        let (enable, data) = (Expression::parse(enable)?, Expression::parse(data)?);
        Some(Self { clock, reset, enable, data })
    }

    /// All registers of a netlist; nothing if some of them cannot be read.
    pub fn all(cells: &Cells) -> Option<BTreeMap<&Key, Self>> {
        let registers = cells.cells.iter().filter_map(|(key, cell)| match cell {
            Cell::Register(text) => Some((key, text)),
            _ => None,
        });
        registers.map(|(key, text)| Some((key, Self::parse(text)?))).collect()
    }
}

/// `(inside) rest` in its two parts.
fn enclosed(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('(')?;
    let mut depth = 1;
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => (),
        }
        if depth == 0 {
            return Some((&text[..i], text[i + 1..].trim_start()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_register() {
        let net = |name: &str| Expression::Net(name.into());
        let plain = "always @(posedge clk ) if (1'b1) # <= r ? 1'b0 : d;";
        let register = Register::parse(plain).unwrap();
        assert_eq!(register.clock, "clk");
        assert_eq!((register.reset, register.enable), (None, Expression::Constant(true)));
        assert!(matches!(register.data, Expression::Choice(_)));

        let reset =
            "always @(posedge c, posedge (a & b)) if ((a & b)) # <= 1'b1; else if (e) # <= d;";
        let register = Register::parse(reset).unwrap();
        let both = Expression::And(Box::new([net("a"), net("b")]));
        assert_eq!(register.reset, Some((both, true)));
        assert_eq!((register.enable, register.data), (net("e"), net("d")));

        assert_eq!(Register::parse("always @(negedge clk) if (1'b1) # <= d;"), None);
    }
}
