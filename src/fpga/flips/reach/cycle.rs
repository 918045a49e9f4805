//! One cycle of the clock in two versions of a netlist side by side, as a graph.
//!
//! Both see the same pins and the same contents of block RAMs, and their registers hold the same, but
//! for those that may differ. What the graph watches is where a difference shows: the other registers,
//! inputs of block RAMs, pins. If nothing of it is ever high, both behave alike, since up to the first
//! difference nothing differs.
//!
//! A cycle has two halves. At the clock's edge its registers take their values; then those do whose
//! own clock is one of these registers, where it has risen.

use super::super::cells::{Cell, Cells, Key};
use super::super::expression::Expression;
use super::graph::{Graph, Signal};
use super::instant::{Instant, Outside};
use super::register::Register;
use std::collections::{BTreeMap, BTreeSet};

/// A graph and what it watches.
pub struct Cycle {
    pub graph: Graph,
    /// A register, block or pin, and the signal that is high where it sees a difference.
    pub watched: Vec<(Key, Signal)>,
}

/// A netlist and its registers.
struct Version<'a> {
    cells: &'a Cells,
    registers: BTreeMap<&'a Key, Register>,
}

/// A version's cycle.
struct Ran<'a> {
    before: Instant<'a>,
    /// After the clock's edge, before those of other clocks.
    between: Instant<'a>,
    /// Whether a clock rises: the clock itself, registers that are one.
    rises: BTreeMap<String, Signal>,
    next: BTreeMap<&'a Key, Signal>,
}

/// Two netlists that are compared.
pub struct Pair<'a> {
    versions: [Version<'a>; 2],
    /// The only clock from outside.
    clock: String,
}

impl<'a> Pair<'a> {
    /// Nothing if registers cannot be read, or if there are several clocks from outside.
    pub fn new(original: &'a Cells, mutant: &'a Cells) -> Option<Self> {
        let version = |cells| Some(Version { cells, registers: Register::all(cells)? });
        let versions = [version(original)?, version(mutant)?];
        let registers = &versions[0].registers;
        let outside = registers.values().map(|register| &register.clock);
        let outside: BTreeSet<&String> =
            outside.filter(|clock| !registers.contains_key(clock)).collect();
        let clock = match outside.into_iter().collect::<Vec<_>>()[..] {
            [clock] => clock.clone(),
            _ => return None,
        };
        Some(Self { versions, clock })
    }

    /// Registers that only one of the two has.
    pub fn own_registers(&self) -> BTreeSet<Key> {
        let keys =
            |i: usize| -> BTreeSet<&Key> { self.versions[i].registers.keys().copied().collect() };
        keys(0).symmetric_difference(&keys(1)).map(|key| (*key).clone()).collect()
    }

    /// Whether both have a register of this name.
    pub fn has_register(&self, key: &Key) -> bool {
        self.versions.iter().all(|version| version.registers.contains_key(key))
    }

    /// The cycle, in which the registers of `apart` may hold different values. Nothing where the model
    /// ends: loops of logic, clocks of clocks, blocks of another kind.
    pub fn cycle(&self, apart: &BTreeSet<Key>) -> Option<Cycle> {
        let mut graph = Graph::new();
        let mut outside = Outside::new(&self.clock);
        let latches = |version: &Version<'a>, graph: &mut Graph| -> BTreeMap<&'a Key, Signal> {
            version.registers.keys().map(|key| (*key, graph.latch())).collect()
        };
        let first = latches(&self.versions[0], &mut graph);
        let mut second = latches(&self.versions[1], &mut graph);
        for (key, latch) in &mut second {
            if let Some(&same) = first.get(key).filter(|_| !apart.contains(*key)) {
                *latch = same;
            }
        }
        let mut run = |version: usize, contents| {
            self.versions[version].run(contents, &mut graph, &mut outside)
        };
        // What both hold is said by the last to run, the first version.
        let ran = run(1, second)?;
        let mut ran = [run(0, first)?, ran];
        let watched = self.watch(&mut ran, apart, &mut graph, &mut outside)?;
        Some(Cycle { graph, watched })
    }

    fn watch(
        &self,
        ran: &mut [Ran; 2],
        apart: &BTreeSet<Key>,
        graph: &mut Graph,
        outside: &mut Outside,
    ) -> Option<Vec<(Key, Signal)>> {
        let [a, b] = [0, 1].map(|i| self.versions[i].cells);
        let mut watched = vec![];
        for (key, &value) in &ran[0].next {
            if let Some(&other) = ran[1].next.get(key).filter(|_| !apart.contains(*key)) {
                watched.push(((*key).clone(), graph.differ(value, other)));
            }
        }
        for (key, cell) in &a.cells {
            if let Cell::Block { head, inputs, .. } = cell {
                let Some(Cell::Block { head: other_head, inputs: other, .. }) = b.cells.get(key)
                else {
                    return None;
                };
                if head != other_head {
                    return None;
                }
                let signal = match head.starts_with("SB_RAM") {
                    true => ram_differs([inputs, other], ran, graph, outside)?,
                    false => Signal::constant(inputs != other),
                };
                watched.push((key.clone(), signal));
            }
        }
        for (pin, driver) in &a.outputs {
            let drivers = [driver, b.outputs.get(pin)?];
            let mut values = [Signal::LOW; 2];
            for i in 0..2 {
                let driver = Expression::parse(drivers[i])?;
                values[i] = ran[i].before.value(&driver, graph, outside)?;
            }
            watched.push((pin.clone(), graph.differ(values[0], values[1])));
        }
        watched.retain(|(_, signal)| *signal != Signal::LOW);
        Some(watched)
    }
}

impl<'a> Version<'a> {
    fn run(
        &'a self,
        contents: BTreeMap<&'a Key, Signal>,
        graph: &mut Graph,
        outside: &mut Outside,
    ) -> Option<Ran<'a>> {
        let mut before = Instant::new(self.cells, &self.registers, contents.clone(), 0);
        let mut middle = BTreeMap::new();
        for (&key, register) in &self.registers {
            let value = match register.clock == outside.clock {
                true => before.clocked(key, graph, outside)?,
                false => before.net(key, graph, outside)?,
            };
            middle.insert(key, value);
        }
        let mut between = Instant::new(self.cells, &self.registers, middle.clone(), 1);
        let rises = self.rises([&mut before, &mut between], graph, outside)?;
        let mut next = middle;
        for (&key, register) in &self.registers {
            if register.clock != outside.clock {
                let (rise, holds) = (rises[&register.clock], between.net(key, graph, outside)?);
                let taken = between.clocked(key, graph, outside)?;
                next.insert(key, graph.choice(rise, taken, holds));
            }
        }
        for (key, &latch) in &contents {
            graph.set_next(latch, next[key]);
        }
        Some(Ran { before, between, rises, next })
    }

    /// The clocks that are registers, and whether they rise.
    fn rises(
        &self,
        [before, between]: [&mut Instant; 2],
        graph: &mut Graph,
        outside: &mut Outside,
    ) -> Option<BTreeMap<String, Signal>> {
        let mut rises = BTreeMap::from([(outside.clock.to_string(), Signal::HIGH)]);
        let clocks: BTreeSet<&String> = self.registers.values().map(|r| &r.clock).collect();
        for clock in clocks {
            if clock == outside.clock {
                continue;
            }
            // No clock of a clock, and none that rises when it is reset.
            let of = self.registers.get(clock)?;
            if of.clock != outside.clock || of.reset.as_ref().is_some_and(|(_, value)| *value) {
                return None;
            }
            let low = !before.net(clock, graph, outside)?;
            let high = between.net(clock, graph, outside)?;
            rises.insert(clock.clone(), graph.and(low, high));
        }
        Some(rises)
    }
}

/// Ports of a block RAM: clock, what enables it, and what it then looks at.
const PORTS: [(&str, [&str; 2], &[&str]); 2] =
    [("WCLK", ["WE", "WCLKE"], &["WADDR", "WDATA", "MASK"]), ("RCLK", ["RE", "RCLKE"], &["RADDR"])];

/// Whether a block RAM sees a difference at an edge of its clocks.
fn ram_differs(
    inputs: [&Vec<(String, String)>; 2],
    ran: &mut [Ran; 2],
    graph: &mut Graph,
    outside: &mut Outside,
) -> Option<Signal> {
    let mut differs = Signal::LOW;
    for (clock, enables, ports) in PORTS {
        let mut works = [Signal::LOW; 2];
        let mut seen = [vec![], vec![]];
        for i in 0..2 {
            let port = |name: &str| inputs[i].iter().find(|(port, _)| port == name).map(|(_, t)| t);
            let clock = port(clock)?.trim();
            let Ran { before, between, rises, .. } = &mut ran[i];
            let instant = if clock == outside.clock { before } else { between };
            works[i] = *rises.get(clock)?;
            for name in enables {
                let enable = instant.value(&Expression::parse(port(name)?)?, graph, outside)?;
                works[i] = graph.and(works[i], enable);
            }
            for name in ports {
                for bit in port(name)?.trim_matches(['{', '}']).split(',') {
                    seen[i].push(instant.value(&Expression::parse(bit)?, graph, outside)?);
                }
            }
        }
        let mut other = Signal::LOW;
        for (&a, &b) in seen[0].iter().zip(&seen[1]) {
            let bit = graph.differ(a, b);
            other = graph.or(other, bit);
        }
        let (only, both) = (graph.differ(works[0], works[1]), graph.and(works[0], works[1]));
        let other = graph.and(both, other);
        let here = graph.or(only, other);
        differs = graph.or(differs, here);
    }
    Some(differs)
}
