//! An and-inverter graph: the form in which model checkers read logic with registers.

use std::collections::HashMap;

/// A node of a graph, or its inverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u32);

impl Signal {
    pub const LOW: Self = Self(0);
    pub const HIGH: Self = Self(1);

    pub fn constant(bit: bool) -> Self {
        if bit { Self::HIGH } else { Self::LOW }
    }

    fn of(node: usize) -> Self {
        Self(2 * node as u32)
    }

    fn node(self) -> usize {
        self.0 as usize / 2
    }
}

impl std::ops::Not for Signal {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

#[derive(Clone, Copy)]
enum Node {
    Low,
    Input,
    /// A register that starts at 0, and its next value.
    Latch(Signal),
    And(Signal, Signal),
}

/// The graph. Equal nodes are one.
pub struct Graph {
    nodes: Vec<Node>,
    ands: HashMap<(Signal, Signal), Signal>,
}

impl Graph {
    pub fn new() -> Self {
        Self { nodes: vec![Node::Low], ands: HashMap::new() }
    }

    fn add(&mut self, node: Node) -> Signal {
        self.nodes.push(node);
        Signal::of(self.nodes.len() - 1)
    }

    /// Any value in any cycle.
    pub fn input(&mut self) -> Signal {
        self.add(Node::Input)
    }

    /// A register that starts at 0 and stays there until it is told its next value.
    pub fn latch(&mut self) -> Signal {
        self.add(Node::Latch(Signal::LOW))
    }

    pub fn set_next(&mut self, latch: Signal, next: Signal) {
        if let Some(Node::Latch(to)) = self.nodes.get_mut(latch.node()) {
            *to = next;
        }
    }

    pub fn and(&mut self, a: Signal, b: Signal) -> Signal {
        let (a, b) = (a.min(b), a.max(b));
        match (a, b) {
            (Signal::LOW, _) => Signal::LOW,
            (Signal::HIGH, _) => b,
            _ if a == b => a,
            _ if a == !b => Signal::LOW,
            _ => match self.ands.get(&(a, b)) {
                Some(&known) => known,
                None => {
                    let new = self.add(Node::And(a, b));
                    self.ands.insert((a, b), new);
                    new
                }
            },
        }
    }

    pub fn or(&mut self, a: Signal, b: Signal) -> Signal {
        !self.and(!a, !b)
    }

    pub fn choice(&mut self, condition: Signal, then: Signal, otherwise: Signal) -> Signal {
        if then == otherwise {
            return then;
        }
        let then = self.and(condition, then);
        let otherwise = self.and(!condition, otherwise);
        self.or(then, otherwise)
    }

    pub fn differ(&mut self, a: Signal, b: Signal) -> Signal {
        self.choice(a, !b, b)
    }

    /// The graph in the binary form of AIGER 1.0: inputs, then latches, then gates, each by number.
    pub fn aiger(&self, outputs: &[Signal]) -> Vec<u8> {
        let kind = |node: &Node| match node {
            Node::Low => 0,
            Node::Input => 1,
            Node::Latch(_) => 2,
            Node::And(..) => 3,
        };
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|&node| kind(&self.nodes[node]));
        let mut number = vec![0; self.nodes.len()];
        order.iter().enumerate().for_each(|(i, &node)| number[node] = i as u32);
        let literal = |signal: Signal| 2 * number[signal.node()] + (signal.0 & 1);
        let count = |of| self.nodes.iter().filter(|node| kind(node) == of).count();
        let (inputs, latches, gates) = (count(1), count(2), count(3));
        let most = inputs + latches + gates;
        let mut out = format!("aig {most} {inputs} {latches} {} {gates}\n", outputs.len());
        let next = order.iter().filter_map(|&node| match self.nodes[node] {
            Node::Latch(next) => Some(next),
            _ => None,
        });
        for signal in next.chain(outputs.iter().copied()) {
            out += &format!("{}\n", literal(signal));
        }
        let mut out = out.into_bytes();
        for &node in &order {
            let Node::And(a, b) = self.nodes[node] else { continue };
            let (a, b) = (literal(a), literal(b));
            let (high, low) = (a.max(b), a.min(b));
            difference(&mut out, 2 * number[node] - high);
            difference(&mut out, high - low);
        }
        out
    }
}

/// Seven bits a byte, the lowest first.
fn difference(out: &mut Vec<u8>, mut value: u32) {
    while value >= 128 {
        out.push(value as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_and_copies_are_no_gates() {
        let mut graph = Graph::new();
        let (a, b) = (graph.input(), graph.input());
        assert_eq!(graph.and(a, Signal::HIGH), a);
        assert_eq!(graph.and(a, !a), Signal::LOW);
        assert_eq!(graph.and(a, b), graph.and(b, a));
        assert_eq!(graph.differ(a, a), Signal::LOW);
        assert_eq!(graph.choice(a, b, b), b);
    }

    /// A register that toggles while its input is high, by hand from the format's definition.
    #[test]
    fn the_file_is_aiger() {
        let mut graph = Graph::new();
        let latch = graph.latch();
        let input = graph.input();
        let next = graph.differ(latch, input);
        graph.set_next(latch, next);
        let file = graph.aiger(&[latch]);
        // 1 is the input, 2 the latch; 6 = 4 & 3, 8 = 5 & 2, 10 = 7 & 9.
        let text = b"aig 5 1 1 1 3\n11\n4\n";
        assert!(file.starts_with(text), "{file:?}");
        let gates = &file[text.len()..];
        assert_eq!(gates.len(), 6);
        let number = |i: usize| -> (u32, u32) {
            let lhs = 6 + 2 * i as u32;
            let first = lhs - u32::from(gates[2 * i]);
            (first, first - u32::from(gates[2 * i + 1]))
        };
        let mut two = [number(0), number(1)];
        two.sort();
        assert_eq!(two, [(4, 3), (5, 2)]);
        assert_eq!(number(2), (9, 7));
    }
}
