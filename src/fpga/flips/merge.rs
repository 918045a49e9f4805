//! One netlist that is many: the original, and every mutated one beside it where it differs. A plus
//! argument, `+flip=N`, says which of them a simulation is, so that hundreds of flips are compiled once.

use super::cells::{Cell, Cells, Key};
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
pub(super) fn driven(key: &Key, cell: &Cell) -> Vec<Key> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn netlist(lut: &str, spare: &str) -> Cells {
        let text = format!(
            "module chip (input clk, output tx);\nreg tx = 0;\n\
             assign n1 = /* LUT 1 1 0 */ {lut};\nassign n2 = /* LUT 1 1 1 */ {spare};\n\
             /* FF 1 1 0 */ always @(posedge clk) if (1'b1) tx <= 1'b0 ? 1'b0 : n1;\nendmodule\n"
        );
        Cells::parse(&text).unwrap()
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
