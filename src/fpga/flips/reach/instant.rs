//! The values of a netlist's nets at one instant, as signals of a graph.

use super::super::cells::{Cell, Cells, Key};
use super::super::expression::Expression;
use super::graph::{Graph, Signal};
use super::register::Register;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What comes from outside: pins and block RAMs, whatever they bring, the same for both versions.
pub struct Outside<'a> {
    /// The clock, which is no value.
    pub clock: &'a str,
    brought: HashMap<(Key, u8), Signal>,
}

impl<'a> Outside<'a> {
    pub fn new(clock: &'a str) -> Self {
        Self { clock, brought: HashMap::new() }
    }

    fn bring(&mut self, net: &str, half: u8, graph: &mut Graph) -> Option<Signal> {
        // A PLL that is locked stays locked, and in both halves.
        let lock = net.contains("_LOCK_");
        let place = (net.to_string(), if lock { 0 } else { half });
        if net == self.clock {
            return None;
        }
        let signal = self.brought.entry(place).or_insert_with(|| {
            let anything = graph.input();
            if !lock {
                return anything;
            }
            let locked = graph.latch();
            let now = graph.or(locked, anything);
            graph.set_next(locked, now);
            now
        });
        Some(*signal)
    }
}

/// A netlist with its registers' contents at an instant.
pub struct Instant<'a> {
    cells: &'a Cells,
    registers: &'a BTreeMap<&'a Key, Register>,
    contents: BTreeMap<&'a Key, Signal>,
    /// First or second half of the cycle.
    half: u8,
    known: HashMap<Key, Signal>,
    under_way: BTreeSet<Key>,
}

impl<'a> Instant<'a> {
    pub fn new(
        cells: &'a Cells,
        registers: &'a BTreeMap<&'a Key, Register>,
        contents: BTreeMap<&'a Key, Signal>,
        half: u8,
    ) -> Self {
        let (known, under_way) = (HashMap::new(), BTreeSet::new());
        Self { cells, registers, contents, half, known, under_way }
    }

    /// The value of a net; nothing for a loop of logic or the clock.
    pub fn net(&mut self, net: &str, graph: &mut Graph, outside: &mut Outside) -> Option<Signal> {
        if let Some(&known) = self.known.get(net) {
            return Some(known);
        }
        if !self.under_way.insert(net.into()) {
            return None;
        }
        let key = net.to_string();
        let value = match self.cells.cells.get(net) {
            Some(Cell::Logic(text)) => self.value(&Expression::parse(text)?, graph, outside)?,
            Some(Cell::Register(_)) => {
                let (register, holds) = (self.registers.get(&key)?, *self.contents.get(&key)?);
                self.reset(register, holds, graph, outside)?
            }
            _ => outside.bring(net, self.half, graph)?,
        };
        self.under_way.remove(net);
        self.known.insert(key, value);
        Some(value)
    }

    pub fn value(
        &mut self,
        of: &Expression,
        graph: &mut Graph,
        outside: &mut Outside,
    ) -> Option<Signal> {
        Some(match of {
            Expression::Constant(bit) => Signal::constant(*bit),
            Expression::Net(net) => self.net(net, graph, outside)?,
            Expression::Not(a) => !self.value(a, graph, outside)?,
            Expression::And(of) => {
                let (a, b) =
                    (self.value(&of[0], graph, outside)?, self.value(&of[1], graph, outside)?);
                graph.and(a, b)
            }
            Expression::Or(of) => {
                let (a, b) =
                    (self.value(&of[0], graph, outside)?, self.value(&of[1], graph, outside)?);
                graph.or(a, b)
            }
            Expression::Choice(of) => {
                let [c, a, b] = &**of;
                let c = self.value(c, graph, outside)?;
                let (a, b) = (self.value(a, graph, outside)?, self.value(b, graph, outside)?);
                graph.choice(c, a, b)
            }
        })
    }

    /// A value of a register unless it is reset.
    fn reset(
        &mut self,
        register: &Register,
        value: Signal,
        graph: &mut Graph,
        outside: &mut Outside,
    ) -> Option<Signal> {
        let Some((condition, to)) = &register.reset else { return Some(value) };
        let condition = self.value(condition, graph, outside)?;
        Some(graph.choice(condition, Signal::constant(*to), value))
    }

    /// What a register holds after an edge of its clock now.
    pub fn clocked(
        &mut self,
        key: &Key,
        graph: &mut Graph,
        outside: &mut Outside,
    ) -> Option<Signal> {
        let register = self.registers.get(key)?.clone();
        let holds = self.net(key, graph, outside)?;
        let enable = self.value(&register.enable, graph, outside)?;
        let data = self.value(&register.data, graph, outside)?;
        let next = graph.choice(enable, data, holds);
        self.reset(&register, next, graph, outside)
    }
}
