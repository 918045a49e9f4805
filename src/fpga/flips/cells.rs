//! An unpacked netlist as cells by place, with nets named after what drives them: so that two netlists
//! can be compared although the unpacker numbers nets as it finds them.

use std::collections::{BTreeMap, BTreeSet};

/// Place and kind of a cell, which is also the name of its output: `l_5_30_2`, lut 2 of tile (5, 30).
pub type Key = String;

/// What a cell does. Nets in the texts are the keys of their drivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Combinational: an expression.
    Logic(String),
    /// A register: the statement that assigns it, with `#` for its name.
    Register(String),
    /// A block RAM or PLL: type, parameters, and ports by name.
    Block {
        /// Type of the cell and its parameters.
        head: String,
        /// Inputs by port.
        inputs: Vec<(String, String)>,
        /// Outputs by port: keys of the bits, most significant first.
        outputs: Vec<(String, Vec<Key>)>,
    },
}

/// A netlist of cells.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// Every cell by place.
    pub cells: BTreeMap<Key, Cell>,
    /// Input ports.
    pub inputs: BTreeSet<String>,
    /// What drives the output ports.
    pub outputs: BTreeMap<String, String>,
}

/// A statement of the netlist before its nets are renamed.
enum Statement {
    Cell(Key, String, Cell),
    /// A net tied to a value.
    Tied(String, String),
}

impl Cells {
    /// Reads what `icebox_vlog -s -S` writes.
    pub fn parse(netlist: &str) -> Result<Self, String> {
        let (ports, body) = netlist
            .split_once("module chip (")
            .and_then(|(_, rest)| rest.split_once(");"))
            .ok_or("the unpacked netlist has no module chip")?;
        let statements = statements(body)?;
        let mut inputs = BTreeSet::new();
        let mut outputs = BTreeSet::new();
        for port in ports.split(',').map(str::trim).filter(|port| !port.is_empty()) {
            let (direction, name) = port.split_once(' ').ok_or_else(|| format!("port {port}"))?;
            let names = if direction == "input" { &mut inputs } else { &mut outputs };
            names.insert(name.trim().to_string());
        }
        let drivers = drivers(&statements, &inputs);
        let rename = |text: &str| renamed(text, &drivers);
        let outputs = outputs.into_iter().map(|name| (name.clone(), rename(&format!("{name} "))));
        let outputs = outputs.collect();
        let mut cells = BTreeMap::new();
        for statement in statements {
            if let Statement::Cell(key, _, cell) = statement {
                cells.insert(key, cell.renamed(&rename));
            }
        }
        Ok(Self { cells, inputs, outputs })
    }

    /// Places at which the two differ.
    pub fn differences(&self, other: &Self) -> Vec<Key> {
        let keys: BTreeSet<&Key> = self.cells.keys().chain(other.cells.keys()).collect();
        let differ = |key: &&Key| self.cells.get(*key) != other.cells.get(*key);
        keys.into_iter().filter(differ).cloned().collect()
    }
}

impl Cell {
    fn renamed(self, rename: &impl Fn(&str) -> String) -> Self {
        match self {
            Self::Logic(text) => Self::Logic(rename(&text)),
            Self::Register(text) => Self::Register(rename(&text)),
            Self::Block { head, inputs, outputs } => {
                let inputs = inputs.into_iter().map(|(port, text)| (port, rename(&text)));
                Self::Block { head, inputs: inputs.collect(), outputs }
            }
        }
    }

    /// Nets that the cell reads.
    pub fn reads(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut collect = |text: &str| {
            words(text, |word| {
                found.insert(word.to_string());
                word.to_string()
            });
        };
        match self {
            Self::Logic(text) | Self::Register(text) => collect(text),
            Self::Block { inputs, .. } => inputs.iter().for_each(|(_, text)| collect(text)),
        }
        found
    }
}

fn statements(body: &str) -> Result<Vec<Statement>, String> {
    let mut found = vec![];
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("/* FF") {
            found.push(register(rest)?);
        } else if let Some(rest) = line.strip_prefix("assign ") {
            found.push(assignment(rest)?);
        } else if line.starts_with("SB_") {
            let mut text = line.to_string();
            for more in lines.by_ref() {
                text += "\n";
                text += more.trim();
                if more.trim() == ");" {
                    break;
                }
            }
            found.push(block(&text)?);
        } else if !["", "endmodule"].contains(&line)
            && !["wire ", "reg ", "//"].iter().any(|known| line.starts_with(known))
        {
            return Err(format!("a line of the unpacked netlist is not understood: {line}"));
        }
    }
    Ok(found)
}

/// ` 5 30 2 */ rest` to the key of that place and the rest.
fn place(text: &str, letter: char) -> Result<(Key, &str), String> {
    let (numbers, rest) = text.split_once("*/").ok_or_else(|| format!("no place in {text}"))?;
    let numbers: Vec<&str> = numbers.split_whitespace().collect();
    Ok((format!("{letter}_{}", numbers.join("_")), rest.trim()))
}

fn register(text: &str) -> Result<Statement, String> {
    let (key, statement) = place(text, 'o')?;
    if let Some(assign) = statement.strip_prefix("assign ") {
        let (net, value) = halves(assign)?;
        return Ok(Statement::Cell(key, net.into(), Cell::Logic(value.into())));
    }
    // `always @(posedge clk) if (1'b1) n8 <= ...`: the assigned net is before the first `<=`.
    let target = statement
        .split_once(" <= ")
        .map(|(before, _)| before.trim_end())
        .and_then(|before| before.rfind(|c: char| c.is_whitespace()).map(|at| &before[at + 1..]))
        .ok_or_else(|| format!("no assignment in {statement}"))?;
    let marked = statement.replace(&format!("{target} <= "), "# <= ");
    let marked = marked.replace(&format!("{target}  <= "), "# <= ");
    Ok(Statement::Cell(key, target.into(), Cell::Register(marked)))
}

fn assignment(text: &str) -> Result<Statement, String> {
    let (net, value) = halves(text)?;
    let Some(rest) = value.strip_prefix("/*") else {
        let value = value.trim();
        return match value {
            "0" | "1'b0" => Ok(Statement::Tied(net.into(), "1'b0".into())),
            "1" | "1'b1" => Ok(Statement::Tied(net.into(), "1'b1".into())),
            // A net that is also a port.
            _ => Ok(Statement::Tied(net.into(), format!("{value} "))),
        };
    };
    let (kind, rest) = rest.trim_start().split_once(' ').ok_or("no kind of a cell")?;
    let letter = match kind {
        "LUT" => 'l',
        "CARRY" => 'c',
        _ => return Err(format!("a cell of the unpacked netlist is not understood: {text}")),
    };
    let (key, value) = place(rest, letter)?;
    Ok(Statement::Cell(key, net.into(), Cell::Logic(value.into())))
}

/// `net = value;`
fn halves(text: &str) -> Result<(&str, &str), String> {
    let (net, value) = text.split_once(" = ").ok_or_else(|| format!("no assignment in {text}"))?;
    Ok((net.trim(), value.trim().trim_end_matches(';')))
}

/// Ports of a block that it drives.
const DRIVEN: [&str; 7] =
    ["LOCK", "RDATA", "SDO", "PLLOUTCORE", "PLLOUTGLOBAL", "PLLOUTCOREA", "PLLOUTGLOBALA"];

fn block(text: &str) -> Result<Statement, String> {
    let error = || format!("a block of the unpacked netlist is not understood: {text}");
    let start = text.find("\n) ").ok_or_else(error)?;
    let (head, rest) = text.split_at(start);
    let (name, ports) = rest["\n) ".len()..].split_once(" (").ok_or_else(error)?;
    let key = format!("b_{}", name.trim());
    let mut inputs = vec![];
    let mut outputs = vec![];
    let mut nets = vec![];
    for line in ports.lines().filter(|line| line.starts_with('.')) {
        let (port, value) = line[1..].split_once('(').ok_or_else(error)?;
        let value = value.trim_end_matches(',').strip_suffix(')').ok_or_else(error)?;
        if !DRIVEN.contains(&port) {
            inputs.push((port.to_string(), looked_at(head, port, value).ok_or_else(error)?));
            continue;
        }
        let bits = value.trim_matches(['{', '}']).split(',');
        let bits: Vec<String> = bits.map(|bit| bit.trim().to_string()).collect();
        let names = (0..bits.len()).rev().map(|bit| format!("{key}_{port}_{bit}"));
        outputs.push((port.to_string(), names.collect()));
        nets.extend(bits);
    }
    let cell = Cell::Block { head: format!("{head}\n) "), inputs, outputs };
    Ok(Statement::Cell(key, nets.join(","), cell))
}

/// An input of a block. Bits of a block RAM's input that do not count in its mode are low, so that what
/// leads there makes no difference.
fn looked_at(head: &str, port: &str, value: &str) -> Option<String> {
    let mode = |parameter: &str| -> Option<u32> {
        let (_, rest) = head.split_once(parameter)?;
        rest.strip_prefix('(')?.split_once(')')?.0.parse().ok()
    };
    if !head.starts_with("SB_RAM") || !value.starts_with('{') {
        return Some(value.into());
    }
    let mode = mode(if port == "RADDR" { "READ_MODE" } else { "WRITE_MODE" })?;
    // Data are on every 2^m-th wire, see ice40.v.
    let first = (1_usize << mode) / 2;
    let counts = |bit: usize| match port {
        "WDATA" => mode == 0 || bit % (1 << mode) == first - 1,
        "MASK" => mode == 0,
        _ => bit < 8 + mode as usize,
    };
    let bits: Vec<&str> = value.trim_matches(['{', '}']).split(',').map(str::trim).collect();
    let kept = bits.iter().rev().enumerate();
    let kept = kept.map(|(bit, text)| if counts(bit) { text } else { "1'b0" });
    let mut kept: Vec<&str> = kept.collect();
    kept.reverse();
    Some(format!("{{{}}}", kept.join(", ")))
}

/// Every driven net and what drives it, as an expression of keys.
fn drivers(statements: &[Statement], inputs: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut drive = |net: &str, by: String| {
        all.entry(net.trim().to_string()).or_default().insert(by);
    };
    for port in inputs {
        drive(port, format!("{port} "));
    }
    for statement in statements {
        match statement {
            Statement::Tied(net, value) => drive(net, value.clone()),
            Statement::Cell(key, net, Cell::Block { outputs, .. }) => {
                let keys = outputs.iter().flat_map(|(_, keys)| keys);
                net.split(',').zip(keys).for_each(|(net, key)| drive(net, key.clone()));
                let _ = key;
            }
            Statement::Cell(key, net, _) => drive(net, key.clone()),
        }
    }
    // Two drivers on one net fight; the low side of a CMOS buffer is the stronger one.
    let joined = |drivers: BTreeSet<String>| match drivers.len() {
        1 => drivers.into_iter().collect(),
        _ => format!("({})", drivers.into_iter().collect::<Vec<_>>().join(" & ")),
    };
    all.into_iter().map(|(net, drivers)| (net, joined(drivers))).collect()
}

/// The text with every net replaced by its driver; a net without one is low.
fn renamed(text: &str, drivers: &BTreeMap<String, String>) -> String {
    words(text, |word| {
        if matches!(word, "always" | "posedge" | "negedge" | "if" | "else") {
            return word.to_string();
        }
        drivers.get(word).cloned().unwrap_or_else(|| "1'b0".into())
    })
}

/// Replaces every name in the text. Escaped names end with a blank; literals such as 1'b0 are none.
pub fn words(text: &str, mut replace: impl FnMut(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '\'';
        let length = if first == '\\' {
            rest.find(' ').map_or(rest.len(), |end| end + 1)
        } else {
            rest.find(|c| !name(c)).unwrap_or(rest.len()).max(first.len_utf8())
        };
        let (word, after) = rest.split_at(length);
        if first == '\\' || first.is_ascii_alphabetic() || first == '_' {
            out += &replace(word.trim_end());
        } else {
            out += word;
        }
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETLIST: &str = "module chip (input clk, output \\led[0] , input rx);\n\nwire clk, n5;\nreg n1 = 0, \\led[0]  = 0;\n\
        assign n9 = 1;\n\nassign n5 = /* LUT 3 4 1 */ (n1 ? !rx : n7);\n\
        assign n6 = /* CARRY 3 4 0 */ (n1 & rx) | ((n1 | rx) & n9);\n\
        /* FF 3 4 1 */ always @(posedge clk) if (1'b1) n1 <= 1'b0 ? 1'b0 : n5;\n\
        /* FF 3 4 2 */ always @(posedge clk, posedge rx) if (rx) \\led[0]  <= 1'b0; else if (n6) \\led[0]  <= n1;\nendmodule\n";

    #[test]
    fn cells_are_named_by_place_and_nets_by_driver() {
        let cells = Cells::parse(NETLIST).unwrap();
        let logic = |key: &str| match &cells.cells[key] {
            Cell::Logic(text) | Cell::Register(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(logic("l_3_4_1"), "(o_3_4_1 ? !rx  : 1'b0)");
        assert_eq!(logic("c_3_4_0"), "(o_3_4_1 & rx ) | ((o_3_4_1 | rx ) & 1'b1)");
        assert_eq!(
            logic("o_3_4_1"),
            "always @(posedge clk ) if (1'b1) # <= 1'b0 ? 1'b0 : l_3_4_1;"
        );
        assert!(logic("o_3_4_2").contains("if (rx ) # <= 1'b0; else if (c_3_4_0) # <= o_3_4_1"));
        assert_eq!(cells.outputs["\\led[0]"], "o_3_4_2");
    }

    /// The unpacker numbers nets as it finds them.
    #[test]
    fn other_numbers_are_no_difference_and_another_source_is() {
        let cells = Cells::parse(NETLIST).unwrap();
        let other = NETLIST.replace("n5", "n77").replace("n6", "n5");
        assert_eq!(cells.differences(&Cells::parse(&other).unwrap()), Vec::<Key>::new());
        let rewired = NETLIST.replace("n1 ? !rx", "rx ? !rx");
        assert_eq!(cells.differences(&Cells::parse(&rewired).unwrap()), ["l_3_4_1"]);
    }

    /// A RAM of 2048 words of two bits has no mask and looks at two wires of its data.
    #[test]
    fn inputs_that_a_mode_does_not_look_at_are_low() {
        let ram = |mode: u32, address: usize, mask: usize, data: usize| {
            let bits = |width: usize, high: usize| {
                let bits = (0..width).rev().map(|bit| if bit == high { "rx" } else { "n9" });
                format!("{{{}}}", bits.collect::<Vec<_>>().join(", "))
            };
            let block = format!(
                "SB_RAM40_4K #(\n.READ_MODE(0),\n.WRITE_MODE({mode})\n) ram40_8_1 (\n.RADDR({}),\n\
                 .WADDR({}),\n.MASK({}),\n.WDATA({}),\n.WE(n9)\n);\nassign n5 =",
                bits(11, 11),
                bits(11, address),
                bits(16, mask),
                bits(16, data)
            );
            Cells::parse(&NETLIST.replacen("assign n5 =", &block, 1)).unwrap()
        };
        let none = usize::MAX;
        let differs = |mode, address, mask, data| {
            !ram(mode, none, none, none).differences(&ram(mode, address, mask, data)).is_empty()
        };
        let data = |mode| -> Vec<usize> {
            (0..16).filter(|&bit| differs(mode, none, none, bit)).collect()
        };
        assert_eq!(data(0), (0..16).collect::<Vec<_>>());
        assert_eq!(data(1), [0, 2, 4, 6, 8, 10, 12, 14]);
        assert_eq!(data(2), [1, 5, 9, 13]);
        assert_eq!(data(3), [3, 11]);
        assert!(differs(0, none, 5, none) && !differs(1, none, 5, none), "the mask");
        for (mode, last) in [(0, 7), (1, 8), (2, 9), (3, 10)] {
            assert!(differs(mode, last, none, none), "mode {mode}");
            assert!(last == 10 || !differs(mode, last + 1, none, none), "mode {mode}");
        }
    }

    #[test]
    fn two_drivers_of_a_net_fight() {
        let both = NETLIST.replace("\n\nassign", "\n\nassign n5 = /* LUT 3 4 7 */ !rx;\nassign");
        let cells = Cells::parse(&both).unwrap();
        let Cell::Register(text) = &cells.cells["o_3_4_1"] else { panic!() };
        assert!(text.ends_with("(l_3_4_1 & l_3_4_7);"), "{text}");
    }
}
