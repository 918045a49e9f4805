//! Whether a flip changes behaviour: exhaustive comparison around the cells that differ.

use super::cells::{Cell, Cells, Key, words};
use super::expression::Expression;
use super::merge::driven;
use std::collections::{BTreeMap, BTreeSet};

/// Most nets of whose values all combinations are tried. [C] A million combinations.
const LEAVES: usize = 20;

/// Cells behind a difference through which it is followed. [C]
const DEPTH: usize = 4;

/// Whether a difference shows: pins have other drivers, or some cell that reaches a pin differs and
///
/// - is a register or a block, or
/// - computes another value for some values of up to 20 nets before it, and so do cells behind it,
///   until a register, a block, a pin or the fourth cell sees it.
///
/// What registers hold counts as free: values that never occur together count as a change.
pub fn changes_behaviour(original: &Cells, mutant: &Cells) -> bool {
    if original.outputs != mutant.outputs {
        return true;
    }
    let live = live(original).union(&live(mutant)).cloned().collect::<BTreeSet<_>>();
    let changed: BTreeSet<Key> = original.differences(mutant).into_iter().collect();
    let pair = Pair { versions: [original, mutant], readers: readers([original, mutant]), changed };
    pair.changed.iter().any(|key| {
        let cells = pair.versions.into_iter().filter_map(|cells| cells.cells.get(key));
        let mut nets = cells.flat_map(|cell| driven(key, cell));
        nets.any(|net| live.contains(&net)) && pair.shows(key, DEPTH)
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

/// The cells that read a net, in either netlist; pins read what drives them.
fn readers(versions: [&Cells; 2]) -> BTreeMap<String, BTreeSet<Key>> {
    let mut readers: BTreeMap<String, BTreeSet<Key>> = BTreeMap::new();
    for cells in versions {
        for (key, cell) in &cells.cells {
            for net in cell.reads() {
                readers.entry(net).or_default().insert(key.clone());
            }
        }
        for (pin, driver) in &cells.outputs {
            words(driver, |net| {
                readers.entry(net.into()).or_default().insert(pin.clone());
                String::new()
            });
        }
    }
    readers
}

/// The original and the mutant.
struct Pair<'a> {
    versions: [&'a Cells; 2],
    readers: BTreeMap<String, BTreeSet<Key>>,
    changed: BTreeSet<Key>,
}

impl Pair<'_> {
    /// The expression of a net in a version, if it is logic; what is not there is low.
    fn logic(&self, version: usize, net: &str) -> Option<&str> {
        match self.versions[version].cells.get(net) {
            Some(Cell::Logic(text)) => Some(text),
            // The other version says what it would be.
            None => match self.versions[1 - version].cells.get(net)? {
                Cell::Logic(_) => Some("1'b0"),
                _ => None,
            },
            _ => None,
        }
    }

    fn is_logic(&self, net: &str) -> bool {
        (0..2).all(|version| self.logic(version, net).is_some())
    }

    /// Whether the difference is seen at a cell, and goes on from there.
    fn shows(&self, key: &str, depth: usize) -> bool {
        if !self.is_logic(key) {
            return true;
        }
        if self.equal(key) {
            return false;
        }
        let readers = self.readers.get(key);
        depth == 0 || readers.into_iter().flatten().any(|reader| self.shows(reader, depth - 1))
    }

    fn reads(&self, net: &str) -> BTreeSet<String> {
        let mut nets = BTreeSet::new();
        for text in (0..2).filter_map(|version| self.logic(version, net)) {
            words(text, |net| {
                nets.insert(net.into());
                String::new()
            });
        }
        nets
    }

    /// The nets on whose values a net's depends, as far back as there are few enough; nothing if there
    /// are too many anyhow.
    fn leaves(&self, net: &str) -> Option<BTreeSet<String>> {
        let mut leaves = self.reads(net);
        let mut inner = BTreeSet::from([net.to_string()]);
        loop {
            let expanded = leaves.iter().filter(|leaf| self.is_logic(leaf)).map(|leaf| {
                let mut more = leaves.clone();
                more.remove(leaf);
                let new = |net: &String| net != leaf && !inner.contains(net);
                more.extend(self.reads(leaf).into_iter().filter(new));
                // What differs has to be inside.
                (!self.changed.contains(leaf), more.len(), leaf.clone(), more)
            });
            match expanded.min() {
                Some((free, count, leaf, more)) if !free || count <= LEAVES => {
                    inner.insert(leaf);
                    leaves = more;
                }
                _ => break,
            }
        }
        (leaves.len() <= LEAVES).then_some(leaves)
    }

    /// Whether a net has the same value in both versions for all values of its leaves.
    fn equal(&self, net: &str) -> bool {
        let Some(leaves) = self.leaves(net) else { return false };
        let leaves: Vec<String> = leaves.into_iter().collect();
        let programs = [0, 1].map(|version| {
            let mut program = Program {
                pair: self,
                version,
                leaves: &leaves,
                steps: vec![],
                nets: BTreeMap::new(),
            };
            program.net(net, true).map(|result| (program.steps, result))
        });
        // A loop of logic is no function of its leaves.
        let [Some(a), Some(b)] = programs else { return false };
        let blocks = 1_u64 << leaves.len().saturating_sub(6);
        (0..blocks).all(|block| value(&a, block) == value(&b, block))
    }
}

/// A step of a program; numbers are of earlier steps.
enum Step {
    Constant(bool),
    Leaf(usize),
    Not(usize),
    And(usize, usize),
    Or(usize, usize),
    Choice(usize, usize, usize),
}

/// The first six leaves, over 64 combinations.
const FIRST: [u64; 6] = [
    0xaaaa_aaaa_aaaa_aaaa,
    0xcccc_cccc_cccc_cccc,
    0xf0f0_f0f0_f0f0_f0f0,
    0xff00_ff00_ff00_ff00,
    0xffff_0000_ffff_0000,
    0xffff_ffff_0000_0000,
];

/// The result of a program for 64 combinations at once; `block` numbers the values of the other leaves.
fn value((steps, result): &(Vec<Step>, usize), block: u64) -> u64 {
    let mut values: Vec<u64> = Vec::with_capacity(steps.len());
    let all = |bit: bool| if bit { u64::MAX } else { 0 };
    for step in steps {
        values.push(match *step {
            Step::Constant(bit) => all(bit),
            Step::Leaf(leaf) => match FIRST.get(leaf) {
                Some(pattern) => *pattern,
                None => all(block >> (leaf - FIRST.len()) & 1 == 1),
            },
            Step::Not(a) => !values[a],
            Step::And(a, b) => values[a] & values[b],
            Step::Or(a, b) => values[a] | values[b],
            Step::Choice(c, a, b) => (values[c] & values[a]) | (!values[c] & values[b]),
        });
    }
    values[*result]
}

/// Logic between leaves and a net, as steps.
struct Program<'a> {
    pair: &'a Pair<'a>,
    version: usize,
    leaves: &'a [String],
    steps: Vec<Step>,
    /// Steps of nets; nothing for one that is being made.
    nets: BTreeMap<String, Option<usize>>,
}

impl Program<'_> {
    fn step(&mut self, step: Step) -> Option<usize> {
        self.steps.push(step);
        Some(self.steps.len() - 1)
    }

    /// The step that computes a net; nothing in a loop.
    fn net(&mut self, net: &str, inner: bool) -> Option<usize> {
        if let Some(known) = self.nets.get(net) {
            return *known;
        }
        let leaf = self.leaves.iter().position(|leaf| leaf == net).filter(|_| !inner);
        if let Some(leaf) = leaf {
            let step = self.step(Step::Leaf(leaf));
            self.nets.insert(net.into(), step);
            return step;
        }
        self.nets.insert(net.into(), None);
        let step = self.expression(&Expression::parse(self.pair.logic(self.version, net)?)?)?;
        self.nets.insert(net.into(), Some(step));
        Some(step)
    }

    fn expression(&mut self, of: &Expression) -> Option<usize> {
        let step = match of {
            Expression::Net(net) => return self.net(net, false),
            Expression::Constant(bit) => Step::Constant(*bit),
            Expression::Not(a) => Step::Not(self.expression(a)?),
            Expression::And(of) => Step::And(self.expression(&of[0])?, self.expression(&of[1])?),
            Expression::Or(of) => Step::Or(self.expression(&of[0])?, self.expression(&of[1])?),
            Expression::Choice(of) => {
                let [c, a, b] = &**of;
                Step::Choice(self.expression(c)?, self.expression(a)?, self.expression(b)?)
            }
        };
        self.step(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LUTs n1, n2, ... of these expressions; `tx` is a register that takes the first one.
    fn netlist(luts: &[&str]) -> Cells {
        let luts = luts
            .iter()
            .enumerate()
            .map(|(i, text)| format!("assign n{} = /* LUT 1 1 {i} */ {text};\n", i + 1));
        let text = format!(
            "module chip (input clk, input a, input b, output tx);\nreg tx = 0;\n{}\
             /* FF 1 1 0 */ always @(posedge clk) if (1'b1) tx <= 1'b0 ? 1'b0 : n1;\nendmodule\n",
            luts.collect::<String>()
        );
        Cells::parse(&text).unwrap()
    }

    fn changes(original: &[&str], mutant: &[&str]) -> bool {
        changes_behaviour(&netlist(original), &netlist(mutant))
    }

    #[test]
    fn functions_are_compared_by_value() {
        assert!(!changes(&["(a ? !b : b)"], &["(b ? !a : a)"]));
        assert!(!changes(&["(a & b) | ((a | b) & 1'b0)"], &["(a ? b : 1'b0)"]));
        assert!(changes(&["(a ? !b : b)"], &["(a ? b : !b)"]));
        assert!(changes(&["(a & tx)"], &["a"]));
        assert!(!changes(&["!tx"], &["(tx ? 1'b0 : 1'b1)"]));
    }

    #[test]
    fn only_what_reaches_a_pin_counts() {
        assert!(changes(&["!tx", "tx"], &["tx", "tx"]));
        assert!(!changes(&["!tx", "tx"], &["!tx", "!tx"]), "nobody reads that one");
    }

    /// n2 and n3 are never both high, so it does not matter what n1 makes of that.
    #[test]
    fn values_that_never_meet_do_not_count() {
        let rest = ["(a & b)", "(a & !b)"];
        let with = |n1: &'static str| [n1, rest[0], rest[1]];
        assert!(!changes(&with("(n2 | n3)"), &with("(n2 ? !n3 : n3)")));
        assert!(changes(&with("(n2 | n3)"), &with("(n2 & n3)")));
    }

    /// n2 differs, but n1 looks at it only when it does not.
    #[test]
    fn a_difference_that_is_masked_behind_does_not_count() {
        assert!(!changes(&["(a ? n2 : 1'b0)", "(a | b)"], &["(a ? n2 : 1'b0)", "(a | !b)"]));
        assert!(changes(&["(b ? n2 : 1'b0)", "(a | b)"], &["(b ? n2 : 1'b0)", "(a | !b)"]));
    }

    #[test]
    fn a_loop_of_logic_is_a_change() {
        assert!(changes(&["n2", "a"], &["n2", "(a | n1)"]));
    }

    /// More leaves than are tried together: the comparison stops before them.
    #[test]
    fn a_wide_function_is_compared_over_what_fits() {
        let wide: Vec<String> = (0..30).map(|i| format!("(n{} ? a : tx)", i + 2)).collect();
        let mut original: Vec<&str> = wide.iter().map(String::as_str).collect();
        original.push("b");
        let mut mutant = original.clone();
        mutant[0] = "(n2 ? tx : a)";
        assert!(changes(&original, &mutant));
        assert!(!changes(&original, &original));
    }
}
