//! One netlist that is many: the original, and every mutated one beside it where it differs. A plus
//! argument, `+flip=N`, says which of them a simulation is, so that hundreds of flips are compiled once.

use super::cells::{Cell, Cells, Key, words};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The module `chip` of `original` and `mutants`; mutant i is chosen by `+flip=i+1`, the original by 0.
pub fn merged(original: &Cells, mutants: &[Cells]) -> String {
    let variants = variants(original, mutants);
    let mut out = header(original);
    let keys: BTreeSet<&Key> = original.cells.keys().chain(variants.keys()).collect();
    for &key in &keys {
        let found =
            original.cells.get(key).or_else(|| variants[key].values().copied().flatten().next());
        found.into_iter().for_each(|cell| declare(&mut out, key, cell));
    }
    let none = BTreeMap::new();
    for &key in &keys {
        let others = variants.get(key).unwrap_or(&none);
        emit(&mut out, key, original.cells.get(key), others);
    }
    for (port, driver) in &original.outputs {
        let other = |(i, mutant): (usize, &Cells)| {
            let value = mutant.outputs.get(port).map_or("1'b0", String::as_str);
            (value != driver).then(|| (i + 1, value.to_string()))
        };
        let others = mutants.iter().enumerate().filter_map(other).collect();
        let _ = writeln!(out, "assign {port}  = {};", chosen(driver, &others));
    }
    out += "endmodule\n";
    out
}

/// The cells that mutants have otherwise: `None` where the mutant has none.
type Variants<'a> = BTreeMap<Key, BTreeMap<usize, Option<&'a Cell>>>;

fn variants<'a>(original: &Cells, mutants: &'a [Cells]) -> Variants<'a> {
    let mut found = Variants::new();
    for (i, mutant) in mutants.iter().enumerate() {
        for key in original.differences(mutant) {
            let cell = mutant.cells.get(&key);
            found.entry(key).or_default().insert(i + 1, cell);
        }
    }
    found
}

fn header(original: &Cells) -> String {
    let ports: Vec<String> = original
        .inputs
        .iter()
        .chain(original.outputs.keys())
        .map(|name| format!("{name} "))
        .collect();
    let mut out = format!("module chip ({});\n", ports.join(", "));
    original.inputs.iter().for_each(|name| {
        let _ = writeln!(out, "input {name} ;");
    });
    original.outputs.keys().for_each(|name| {
        let _ = writeln!(out, "output {name} ;");
    });
    out += "reg [15:0] flip;\ninitial if (!$value$plusargs(\"flip=%d\", flip)) flip = 0;\n";
    out
}

/// The nets that a cell drives.
fn driven(key: &Key, cell: &Cell) -> Vec<Key> {
    match cell {
        Cell::Block { outputs, .. } => outputs.iter().flat_map(|(_, bits)| bits.clone()).collect(),
        _ => vec![key.clone()],
    }
}

fn declare(out: &mut String, key: &Key, cell: &Cell) {
    let _ = writeln!(out, "wire {};", driven(key, cell).join(", "));
}

/// `flip == 3 ? b : a`.
fn chosen(original: &str, others: &BTreeMap<usize, String>) -> String {
    let others = others.iter().map(|(i, value)| format!("flip == 16'd{i} ? {value} : "));
    format!("{}{original}", others.collect::<String>())
}

/// A cell in all its variants: each has nets of its own, and the one that counts is chosen.
fn emit(
    out: &mut String,
    key: &Key,
    original: Option<&Cell>,
    others: &BTreeMap<usize, Option<&Cell>>,
) {
    let all = std::iter::once((0, original)).chain(others.iter().map(|(i, cell)| (*i, *cell)));
    let mut values: BTreeMap<Key, BTreeMap<usize, String>> = BTreeMap::new();
    let nets: BTreeSet<Key> =
        all.clone().filter_map(|(_, cell)| Some(driven(key, cell?))).flatten().collect();
    for (i, cell) in all {
        let suffix = format!("_v{i}");
        let made = cell.map(|cell| (driven(key, cell), one(out, key, cell, &suffix)));
        for net in &nets {
            let value = match &made {
                Some((driven, values)) => {
                    driven.iter().position(|d| d == net).map(|place| values[place].clone())
                }
                None => None,
            };
            values.entry(net.clone()).or_default().insert(i, value.unwrap_or("1'b0".into()));
        }
    }
    for (net, mut values) in values {
        let base = values.remove(&0).unwrap_or("1'b0".into());
        let _ = writeln!(out, "assign {net} = {};", chosen(&base, &values));
    }
}

/// One variant; answers the expressions of what it drives.
fn one(out: &mut String, key: &Key, cell: &Cell, suffix: &str) -> Vec<String> {
    match cell {
        Cell::Logic(text) => vec![format!("({text})")],
        Cell::Register(text) => {
            let name = format!("{key}{suffix}");
            let _ = writeln!(out, "reg {name} = 0;\n{}", text.replace('#', &name));
            vec![name]
        }
        Cell::Block { head, inputs, outputs } => {
            let name = |bit: &Key| format!("{bit}{suffix}");
            let bits: Vec<String> =
                outputs.iter().flat_map(|(_, bits)| bits.iter().map(name)).collect();
            let _ = writeln!(out, "wire {};\n{head}{key}{suffix} (", bits.join(", "));
            let inputs = inputs.iter().map(|(port, text)| format!("  .{port}({text})"));
            let outputs = outputs.iter().map(|(port, bits)| {
                let bits: Vec<String> = bits.iter().map(name).collect();
                format!("  .{port}({{{}}})", bits.join(", "))
            });
            let _ = writeln!(out, "{}\n);", inputs.chain(outputs).collect::<Vec<_>>().join(",\n"));
            bits
        }
    }
}

/// Whether a difference shows: some changed cell computes another value for some values of what it
/// reads, tried exhaustively, and its output reaches a register, a block or a pin. Cells that are
/// no logic count as different where their texts are.
pub fn changes_behaviour(original: &Cells, mutant: &Cells) -> bool {
    let pins = original.outputs != mutant.outputs;
    let live = live(original).union(&live(mutant)).cloned().collect::<BTreeSet<_>>();
    pins || original.differences(mutant).iter().any(|key| {
        let shows = match (original.cells.get(key), mutant.cells.get(key)) {
            (Some(Cell::Logic(a)), Some(Cell::Logic(b))) => !equal(a, b),
            // What is not there is low.
            (Some(Cell::Logic(a)), None) | (None, Some(Cell::Logic(a))) => !equal(a, "1'b0"),
            _ => true,
        };
        let nets =
            [original, mutant].into_iter().filter_map(|c| Some(driven(key, c.cells.get(key)?)));
        shows && nets.flatten().any(|net| live.contains(&net))
    })
}

/// Nets that reach a pin through whatever lies between.
fn live(cells: &Cells) -> BTreeSet<String> {
    let mut owner = BTreeMap::new();
    for (key, cell) in &cells.cells {
        driven(key, cell).into_iter().for_each(|net| {
            owner.insert(net, key);
        });
    }
    let mut live = BTreeSet::new();
    let mut waiting: Vec<String> = vec![];
    for driver in cells.outputs.values() {
        words(driver, |word| {
            waiting.push(word.into());
            String::new()
        });
    }
    while let Some(net) = waiting.pop() {
        if !live.insert(net.clone()) {
            continue;
        }
        if let Some(cell) = owner.get(&net).and_then(|key| cells.cells.get(*key)) {
            waiting.extend(cell.reads().into_iter().filter(|net| !live.contains(net)));
        }
    }
    live
}

/// Whether two expressions are the same function of the nets that they read.
fn equal(a: &str, b: &str) -> bool {
    let mut names = BTreeSet::new();
    for text in [a, b] {
        words(text, |word| {
            names.insert(word.to_string());
            String::new()
        });
    }
    let names: Vec<String> = names.into_iter().collect();
    // Two lookup tables of four inputs, each of them two nets that fight at most.
    names.len() <= 16
        && (0..1u32 << names.len()).all(|values| {
            let value = |name: &str| {
                names.iter().position(|n| n == name).is_some_and(|i| values >> i & 1 == 1)
            };
            Expression::value(a, &value) == Expression::value(b, &value)
        })
}

/// The expressions of an unpacked netlist: `?:`, `&`, `|`, `!`, names, constants.
struct Expression<'a> {
    rest: &'a str,
    net: &'a dyn Fn(&str) -> bool,
}

impl<'a> Expression<'a> {
    fn value(text: &'a str, net: &'a dyn Fn(&str) -> bool) -> bool {
        Self { rest: text, net }.choice()
    }

    fn next_is(&mut self, token: char) -> bool {
        self.rest = self.rest.trim_start();
        let found = self.rest.starts_with(token);
        if found {
            self.rest = &self.rest[token.len_utf8()..];
        }
        found
    }

    fn choice(&mut self) -> bool {
        let condition = self.any();
        if !self.next_is('?') {
            return condition;
        }
        let then = self.choice();
        self.next_is(':');
        let otherwise = self.choice();
        if condition { then } else { otherwise }
    }

    fn any(&mut self) -> bool {
        let mut value = self.all();
        while self.next_is('|') {
            value |= self.all();
        }
        value
    }

    fn all(&mut self) -> bool {
        let mut value = self.one();
        while self.next_is('&') {
            value &= self.one();
        }
        value
    }

    fn one(&mut self) -> bool {
        if self.next_is('!') {
            return !self.one();
        }
        if self.next_is('(') {
            let value = self.choice();
            self.next_is(')');
            return value;
        }
        let text = self.rest;
        let end = match text.strip_prefix('\\') {
            Some(_) => text.find(' '),
            None => text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '\''),
        };
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        self.rest = rest;
        match word {
            "1'b0" | "" => false,
            "1'b1" => true,
            net => (self.net)(net),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_compared_by_value() {
        assert!(equal("(a ? !b : b)", "(b ? !a : a)"));
        assert!(equal("(a & b) | ((a | b) & 1'b0)", "(a ? b : 1'b0)"));
        assert!(!equal("(a ? !b : b)", "(a ? b : !b)"));
        assert!(equal("(\\led[0]  & a)", "(a ? \\led[0]  : 1'b0)"));
        assert!(!equal("(a & c)", "a"));
    }

    fn netlist(lut: &str, spare: &str) -> Cells {
        let text = format!(
            "module chip (input clk, output tx);\nreg tx = 0;\n\
             assign n1 = /* LUT 1 1 0 */ {lut};\nassign n2 = /* LUT 1 1 1 */ {spare};\n\
             /* FF 1 1 0 */ always @(posedge clk) if (1'b1) tx <= 1'b0 ? 1'b0 : n1;\nendmodule\n"
        );
        Cells::parse(&text).unwrap()
    }

    #[test]
    fn only_what_reaches_a_pin_counts() {
        let original = netlist("!tx", "tx");
        assert!(changes_behaviour(&original, &netlist("tx", "tx")));
        assert!(!changes_behaviour(&original, &netlist("!tx", "!tx")), "nobody reads that one");
        assert!(!changes_behaviour(&original, &netlist("(tx ? 1'b0 : 1'b1)", "tx")));
    }

    #[test]
    fn a_merged_netlist_chooses_where_it_differs() {
        let original = netlist("!tx", "tx");
        let text = merged(&original, &[netlist("!tx", "tx"), netlist("tx", "tx")]);
        assert!(
            text.contains("assign l_1_1_0 = flip == 16'd2 ? (o_1_1_0) : (!o_1_1_0);"),
            "{text}"
        );
        assert!(text.contains("assign l_1_1_1 = (o_1_1_0);"), "{text}");
        assert!(text.contains("always @(posedge clk ) if (1'b1) o_1_1_0_v0 <= 1'b0"), "{text}");
    }
}
