//! A network as an ngspice deck that measures its own nodes at the end of every pulse.

use std::fmt::{self, Write};

use serde::Serialize;

use super::case::{CONVERSIONS, Case};
use super::cisar;
use super::network::{Network, Push, Side};
use super::predict::SIDES;
use super::schedule::{self, Interval, Schedule};
use super::wave::{CLOSE, PUSH, Wave};
use crate::golden::reference::Phase;

/// Longest time step, in cycles: a fifth of the shortest time constant of capram65, with which the
/// trapezoidal rule is right to a few microvolts. ngspice's own control of the step is not.
const MAX_STEP: f64 = 0.025;

/// What a deck simulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// RESET, SAMPLE, MULTIPLY and SHARE of one column.
    Column,
    /// Conversions of one slice, with comparator and injection cells.
    Conversion,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Column, Self::Conversion];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Column => "column",
            Self::Conversion => "conversion",
        })
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    BitLine(usize),
    /// Capacitance-weighted mean of a side's MAC capacitors.
    MacMean(usize),
    /// What comparator decision k compares with 0.
    Comparator(usize),
    /// Decision k: 0 V or 1 V.
    Decision(usize),
}

/// Letters of the sides.
pub const SIDE_NAMES: [char; SIDES] = ['p', 'n'];

impl Node {
    /// The node's name in a deck.
    pub fn name(self) -> String {
        match self {
            Self::BitLine(side) => format!("bl_{}", SIDE_NAMES[side]),
            Self::MacMean(side) => format!("mac_{}", SIDE_NAMES[side]),
            Self::Comparator(k) => format!("w_{k}"),
            Self::Decision(k) => format!("d_{k}"),
        }
    }
}

/// One measurement of a deck.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Its name in ngspice's output.
    pub name: String,
    pub conversion: usize,
    pub phase: Phase,
    pub node: Node,
    pub time_s: f64,
}

/// A netlist and what it measures.
#[derive(Clone, Debug)]
pub struct Deck {
    pub kind: Kind,
    pub text: String,
    pub probes: Vec<Probe>,
}

impl Deck {
    /// Writes the deck of a case; `network` is [`Network::of`] it, or that with an error planted.
    pub fn write(kind: Kind, case: &Case, network: &Network) -> Self {
        let pulses = &case.config.timing.pulses;
        let mut steps = vec![Schedule::of(pulses, 0)];
        if kind == Kind::Conversion {
            for _ in 1..CONVERSIONS {
                steps.push(Schedule::of(pulses, steps[steps.len() - 1].end));
            }
        }
        let sides = match kind {
            // Now a P column, now its neighbour or the dummy.
            Kind::Column => vec![(case.number % 2) as usize],
            Kind::Conversion => vec![0, 1],
        };
        let mut writer = Writer { network, steps, text: String::new() };
        writer.head(kind, case);
        writer.controls();
        writer.drivers();
        for &side in &sides {
            writer.column(side);
        }
        if kind == Kind::Conversion {
            cisar::write(&mut writer);
        }
        let probes = writer.probes(kind, &sides);
        writer.analysis(kind, &probes);
        Self { kind, text: writer.text, probes }
    }
}

/// A deck in the making.
pub(super) struct Writer<'a> {
    pub network: &'a Network,
    /// One per conversion.
    pub steps: Vec<Schedule>,
    text: String,
}

impl Writer<'_> {
    pub fn line(&mut self, line: fmt::Arguments<'_>) {
        let _ = writeln!(self.text, "{line}");
    }

    pub fn comment(&mut self, text: &str) {
        self.line(format_args!("* {text}"));
    }

    /// A source that drives a node.
    pub fn drive(&mut self, node: &str, wave: &Wave) {
        let pwl = wave.pwl(self.network.period_s);
        self.line(format_args!("V{node} {node} 0 {pwl}"));
    }

    /// A pulse of every step.
    fn windows(&self, window: impl Fn(&Schedule) -> Interval) -> Vec<Interval> {
        self.steps.iter().map(window).collect()
    }

    /// A switch's control: it closes after the one before has opened and its charge has come.
    pub fn control(&mut self, node: &str, window: impl Fn(&Schedule) -> Interval) {
        let closed = self
            .windows(window)
            .into_iter()
            .map(|Interval { start, end }| Interval { start: start + CLOSE, end });
        self.drive(node, &Wave::pulses(closed));
    }

    /// When the charge packets flow of a switch that opens at the end of a pulse.
    fn packet(&mut self, node: &str, phase: Phase) {
        let after = self.windows(|step| {
            let Interval { end, .. } = step.pulse(phase);
            Interval { start: end + PUSH.start, end: end + PUSH.end }
        });
        self.drive(node, &Wave::pulses(after));
    }

    /// A switch with a resistance while closed that gives a node its time constant.
    pub fn switch(&mut self, name: &str, nodes: [&str; 2], control: &str, ohms: f64) {
        let [a, b] = nodes;
        self.line(format_args!("S{name} {a} {b} {control} 0 sw_{name}"));
        self.line(format_args!(".model sw_{name} sw vt=0.5 vh=0 ron={ohms:.9e} roff=1e18"));
    }

    fn head(&mut self, kind: Kind, case: &Case) {
        self.comment(&format!("capram spice: {kind} deck of {}", case.describe()));
        self.comment(&format!(
            "configuration {} ({}); times in s, one cycle is {:e} s, one LSB {:e} V",
            case.config.name,
            case.config.fingerprint(),
            self.network.period_s,
            case.lsb_v()
        ));
        // Charges here are of 1e-16 C and leakage of 1e-12 A: the defaults would see neither.
        self.line(format_args!(
            ".options reltol=1e-4 abstol=1e-15 vntol=1e-8 chgtol=1e-22 gmin=1e-20"
        ));
        self.line(format_args!(".options method=trap numdgt=10"));
    }

    fn controls(&mut self) {
        self.comment("Controls: 1 V closes a switch");
        self.control("reset", |step| step.pulse(Phase::Reset));
        self.control("sample", |step| step.pulse(Phase::Sample));
        self.control("multiply", |step| step.pulse(Phase::Multiply));
        self.control("share", Schedule::sharing);
        self.comment(
            "Nodes float and leak: bit lines, MAC nodes that keep their charge, the others",
        );
        for (node, driven) in [
            ("float", &[][..]),
            ("float_1", &[Phase::Sample]),
            ("float_0", &[Phase::Sample, Phase::Multiply]),
        ] {
            let floating = self.steps.iter().flat_map(|step| step.floating(driven));
            let wave = Wave::pulses(floating);
            self.drive(node, &wave);
        }
        self.comment("Switches have just opened and push");
        self.packet("push_reset", Phase::Reset);
        self.packet("push_sample", Phase::Sample);
        self.packet("push_multiply", Phase::Multiply);
    }

    /// V_low, the row DACs and the dummy columns' reference.
    fn drivers(&mut self) {
        let Network { low_v, levels_v, reference_level, .. } = *self.network;
        self.comment("V_low, the dummy columns' level, the row DACs");
        self.line(format_args!("Vlow low 0 {low_v}"));
        self.line(format_args!("Vref ref 0 {}", levels_v[usize::from(reference_level)]));
        for m in 0..self.network.digits[0].len() {
            let level = |(step, digits): (&Schedule, &Vec<u8>)| {
                (step.pulse(Phase::Reset).start, levels_v[usize::from(digits[m])])
            };
            let values: Vec<_> = self.steps.iter().zip(&self.network.digits).map(level).collect();
            self.drive(&format!("dac_{m}"), &Wave::steps(&values));
        }
    }

    /// The MAC capacitors of a side with their switches, then its bit line.
    fn column(&mut self, side: usize) {
        let network = self.network;
        let (letter, column) = (SIDE_NAMES[side], &network.sides[side]);
        self.comment(&format!("Side {letter}"));
        for m in 0..column.capacitors_f.len() {
            self.mac(letter, column, m);
        }
        let (bit_line, farads) = (Node::BitLine(side).name(), column.parasitic_f);
        self.capacitor(&bit_line, farads);
        self.leak(&bit_line, column.bit_line_leak_a, "float");
        self.switch(
            &format!("reset_{bit_line}"),
            [&bit_line, "low"],
            "reset",
            network.switches.reset_s / farads,
        );
        self.push(&bit_line, farads, network.bit_line_push, "V(push_reset)");
        self.line(format_args!("Rmac_{letter} mac_{letter} 0 1"));
    }

    /// MAC row m.
    fn mac(&mut self, letter: char, column: &Side, m: usize) {
        let network = self.network;
        let (switches, farads) = (network.switches, column.capacitors_f[m]);
        let tag = format!("{letter}{m}");
        let node = format!("m_{tag}");
        let driver = match column.dummy {
            false => format!("dac_{m}"),
            // Of the dummy column the rows that float take the level, the others V_low.
            true => if column.cells[m] { "ref" } else { "low" }.to_owned(),
        };
        self.capacitor(&node, farads);
        let floats = if column.cells[m] { "float_1" } else { "float_0" };
        self.leak(&node, column.mac_leaks_a[m], floats);
        let mut switch = |kind: &str, to: &str, tau_s: f64| {
            self.switch(&format!("{kind}_{tag}"), [&node, to], kind, tau_s / farads);
        };
        switch("reset", "low", switches.reset_s);
        switch("sample", &driver, switches.sample_s);
        if !column.cells[m] {
            switch("multiply", "low", switches.multiply_s);
        }
        switch("share", &format!("bl_{letter}"), switches.share_s);
        // Behind a stored 1 nothing conducted in MULTIPLY, so nothing opens.
        let pushed = match column.cells[m] {
            true => "V(push_sample)",
            false => "(V(push_sample)+V(push_multiply))",
        };
        self.push(&node, farads, network.mac_push, pushed);
        self.line(format_args!("Gmean_{tag} 0 mac_{letter} {node} 0 {:.12e}", column.weight(m)));
    }

    fn capacitor(&mut self, node: &str, farads: f64) {
        let low_v = self.network.low_v;
        self.line(format_args!("C{node} {node} 0 {farads:.12e} ic={low_v}"));
    }

    fn leak(&mut self, node: &str, amperes: f64, while_high: &str) {
        if amperes > 0.0 {
            self.line(format_args!("Gleak_{node} {node} 0 {while_high} 0 {amperes:.9e}"));
        }
    }

    /// The charge packet C (beta u - alpha), over the window's length.
    fn push(&mut self, node: &str, farads: f64, push: Push, when: &str) {
        if push.is_none() {
            return;
        }
        let Push { alpha_v, beta } = push;
        let amperes_per_v = farads / ((PUSH.end - PUSH.start) * self.network.period_s);
        let low_v = self.network.low_v;
        self.line(format_args!(
            "Bpush_{node} 0 {node} I={amperes_per_v:.9e}*({beta:e}*(V({node})-{low_v})-{alpha_v:e})*{when}"
        ));
    }

    fn probes(&self, kind: Kind, sides: &[usize]) -> Vec<Probe> {
        let mut probes = vec![];
        for (conversion, step) in self.steps.iter().enumerate() {
            for &(phase, interval) in step.pulses() {
                let time_s = interval.end * self.network.period_s;
                let at = schedule::name(phase).replace(' ', "_");
                for node in nodes(kind, phase, sides) {
                    let name = format!("c{conversion}_{at}_{}", node.name());
                    probes.push(Probe { name, conversion, phase, node, time_s });
                }
            }
        }
        probes
    }

    fn analysis(&mut self, kind: Kind, probes: &[Probe]) {
        let period_s = self.network.period_s;
        let last = match kind {
            Kind::Column => self.steps[0].pulse(Phase::Share).end,
            Kind::Conversion => {
                self.steps.iter().map(|step| f64::from(step.end)).fold(0.0, f64::max)
            }
        };
        self.comment("Nodes at the end of every pulse");
        let mut saved: Vec<String> = probes.iter().map(|probe| probe.node.name()).collect();
        saved.sort();
        saved.dedup();
        self.line(format_args!(".save v({})", saved.join(") v(")));
        for Probe { name, node, time_s, .. } in probes {
            self.line(format_args!(".meas tran {name} find v({}) at={time_s:.9e}", node.name()));
        }
        // A little beyond the last measurement, which must lie within.
        let end_s = (last + CLOSE) * period_s;
        self.line(format_args!(
            ".tran {:.6e} {end_s:.9e} 0 {:.6e} uic",
            period_s * MAX_STEP,
            period_s * MAX_STEP
        ));
        self.line(format_args!(".end"));
    }
}

/// Nodes that are observed at the end of a pulse.
fn nodes(kind: Kind, phase: Phase, sides: &[usize]) -> Vec<Node> {
    let before_sharing = matches!(phase, Phase::Reset | Phase::Sample | Phase::Multiply);
    if kind == Kind::Column && !before_sharing && phase != Phase::Share {
        return vec![];
    }
    let mut nodes: Vec<Node> = sides.iter().map(|&side| Node::BitLine(side)).collect();
    if before_sharing {
        nodes.extend(sides.iter().map(|&side| Node::MacMean(side)));
    }
    if let Phase::Strobe(k) = phase {
        nodes.extend([Node::Comparator(k.into()), Node::Decision(k.into())]);
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::collections::HashSet;

    fn deck(kind: Kind, number: u64) -> (Case, Deck) {
        let config = Config::builtin("capram65").unwrap();
        let (case, _) = Case::draw(&config, 1, number).unwrap();
        let deck = Deck::write(kind, &case, &Network::of(&case));
        (case, deck)
    }

    /// Lines of a deck that begin so, without counting continuations.
    fn lines<'a>(deck: &'a Deck, start: &str) -> Vec<&'a str> {
        deck.text.lines().filter(|line| line.starts_with(start)).collect()
    }

    #[test]
    fn a_conversion_has_every_element_of_both_sides() {
        let (case, deck) = deck(Kind::Conversion, 4);
        assert!(case.step.differential);
        assert_eq!(lines(&deck, "Cm_").len(), 128);
        assert_eq!(lines(&deck, "Cbl_").len(), 2);
        assert_eq!(lines(&deck, "Vdac_").len(), 64);
        assert_eq!((lines(&deck, "Sreset_").len(), lines(&deck, "Ssample_").len()), (130, 128));
        assert_eq!((lines(&deck, "Sshare_").len(), lines(&deck, "Gleak_").len()), (128, 130));
        let zeros = (0..128).filter(|m| !case.cell(m / 64, m % 64)).count();
        assert_eq!(lines(&deck, "Smultiply_").len(), zeros);
        assert_eq!((lines(&deck, "Bcell_p").len(), lines(&deck, "Bcell_n").len()), (16, 16));
        assert_eq!(lines(&deck, "Shold_w_").len(), 7);
        // Cell 0 fires in all six pulses, cell 15 in two.
        assert!(lines(&deck, "Bcell_n0 ")[0].ends_with("*V(gate_n6)"));
        assert!(lines(&deck, "Bcell_n15 ")[0].ends_with("*V(gate_n2)"));
        assert_eq!(
            lines(&deck, "Bgate_n2 "),
            ["Bgate_n2 gate_n2 0 V=V(fire_0)*(1-V(d_0))+V(fire_1)*(1-V(d_1))"]
        );
    }

    /// By hand: k / 2^13 of 1.5 fF, and 50 ps through it.
    #[test]
    fn capacitors_and_switches_have_the_drawn_values() {
        let (case, deck) = deck(Kind::Column, 0);
        let farads = f64::from(case.chip.capacitors(case.column(0))[3]) / 8192.0 * 1.5e-15;
        let value = |line: &str, word: usize| -> f64 {
            let word = line.split_whitespace().nth(word).unwrap();
            word.trim_start_matches("ron=").parse().unwrap()
        };
        let capacitor = value(lines(&deck, "Cm_p3 ")[0], 3);
        assert!((capacitor / farads - 1.0).abs() < 1e-9, "{capacitor}");
        let ohms = value(lines(&deck, ".model sw_sample_p3 ")[0], 5);
        assert!((ohms * farads / 50e-12 - 1.0).abs() < 1e-6, "{ohms}");
        assert_eq!(lines(&deck, "Cm_n").len(), 0, "one column");
    }

    #[test]
    fn every_probe_is_measured_once_and_in_order() {
        for kind in Kind::ALL {
            let (_, deck) = deck(kind, 1);
            let measured = lines(&deck, ".meas tran ");
            assert_eq!(measured.len(), deck.probes.len());
            let names: HashSet<_> = deck.probes.iter().map(|probe| &probe.name).collect();
            assert_eq!(names.len(), deck.probes.len());
            assert!(deck.probes.is_sorted_by(|a, b| a.time_s <= b.time_s));
            for (line, probe) in measured.iter().zip(&deck.probes) {
                assert!(line.starts_with(&format!(".meas tran {} find v(", probe.name)), "{line}");
            }
        }
    }

    /// Single-ended: N is the dummy column, whose lower rows are at the reference.
    #[test]
    fn the_dummy_column_has_drivers_of_its_own() {
        let (case, deck) = deck(Kind::Conversion, 0);
        assert!(!case.step.differential);
        assert!(lines(&deck, "Ssample_n31 ")[0].contains(" ref sample "));
        assert!(lines(&deck, "Ssample_n32 ")[0].contains(" low sample "));
        assert!(lines(&deck, "Ssample_p32 ")[0].contains(" dac_32 sample "));
        assert_eq!(lines(&deck, "Smultiply_n").len(), 32);
    }
}
