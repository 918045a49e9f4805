//! A deck's measurements against the prediction: every node at the end of every pulse, every
//! decision, every code.

use std::collections::HashMap;

use super::case::{CONVERSIONS, Case, TOLERANCE_LSB};
use super::deck::{Deck, Kind, Node, Probe};
use super::predict::{Predicted, Prediction};
use super::schedule;
use crate::config::ADC_BITS;
use crate::report::{SpiceMismatch, SpicePlace};

/// What the comparison of one deck found.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    pub nodes: Vec<NodeError>,
    /// Nodes after a decision that fell differently: nothing follows from them.
    pub nodes_not_compared: u64,
    pub decisions: u64,
    /// Decisions closer to their threshold than the tolerance, in SPICE or in the reference.
    pub marginal: u64,
    /// Those of them that fell differently.
    pub marginal_differing: u64,
    pub codes: u64,
    pub codes_equal: u64,
    pub mismatches: Vec<SpiceMismatch>,
}

/// How far a node is off.
#[derive(Clone, Debug)]
pub struct NodeError {
    pub place: SpicePlace,
    /// Kind of pulse, without its number.
    pub phase: &'static str,
    /// SPICE less reference, in mV and in LSB of the conversion's range.
    pub mv: f64,
    pub lsb: f64,
}

/// A measurement that a deck promised and ngspice did not deliver.
#[derive(Debug, PartialEq, Eq)]
pub struct NotMeasured(pub String);

/// Compares what ngspice measured with what the reference predicts.
pub fn compare(
    case: &Case,
    deck: &Deck,
    measured: &HashMap<String, f64>,
    prediction: &Prediction,
) -> Result<Comparison, NotMeasured> {
    let mut comparing = Comparing { case, kind: deck.kind, found: Comparison::default() };
    let mut comparable = true;
    for conversion in 0..CONVERSIONS {
        let mut code = 0;
        let Some(predicted) = prediction.conversions.get(conversion) else { continue };
        let probes = deck.probes.iter().filter(|probe| probe.conversion == conversion);
        for probe in probes {
            let got = measured.get(&probe.name).ok_or_else(|| NotMeasured(probe.name.clone()))?;
            match probe.node {
                _ if !comparable => comparing.found.nodes_not_compared += 1,
                Node::Decision(k) => {
                    code = code << 1 | u8::from(*got > 0.5);
                    let margin = format!("c{conversion}_strobe_{k}_w_{k}");
                    let margin_v = measured.get(&margin).ok_or(NotMeasured(margin))?;
                    comparable = comparing.decision(probe, k, *got > 0.5, *margin_v, predicted);
                }
                _ => comparing.node(probe, *got, predicted),
            }
        }
        if comparable && deck.kind == Kind::Conversion {
            comparing.found.codes += 1;
            comparing.found.codes_equal += u64::from(code == predicted.code);
        }
    }
    Ok(comparing.found)
}

struct Comparing<'a> {
    case: &'a Case,
    kind: Kind,
    found: Comparison,
}

impl Comparing<'_> {
    fn node(&mut self, probe: &Probe, got: f64, predicted: &Predicted) {
        let Some(expected) = expected(probe, predicted) else { return };
        let error_v = got - expected;
        let error = NodeError {
            place: self.place(probe),
            phase: schedule::kind(probe.phase),
            mv: error_v * 1e3,
            lsb: error_v / self.case.lsb_v(),
        };
        if error.lsb.is_nan() || error.lsb.abs() > TOLERANCE_LSB {
            self.found.mismatches.push(SpiceMismatch {
                place: error.place.clone(),
                expected,
                got,
                off_mv: error.mv,
                off_lsb: error.lsb,
            });
        }
        self.found.nodes.push(error);
    }

    /// Whether what follows can still be compared.
    fn decision(
        &mut self,
        probe: &Probe,
        k: usize,
        got: bool,
        got_margin_v: f64,
        predicted: &Predicted,
    ) -> bool {
        let (expected, expected_margin_v) = (predicted.decision(k), predicted.margins_v[k]);
        let lsb_v = self.case.lsb_v();
        let closest_v = got_margin_v.abs().min(expected_margin_v.abs());
        let marginal = closest_v < TOLERANCE_LSB * lsb_v;
        self.found.decisions += 1;
        self.found.marginal += u64::from(marginal);
        if got == expected {
            return true;
        }
        if marginal {
            self.found.marginal_differing += 1;
        } else {
            let error_v = got_margin_v - expected_margin_v;
            self.found.mismatches.push(SpiceMismatch {
                place: self.place(probe),
                expected: f64::from(u8::from(expected)),
                got: f64::from(u8::from(got)),
                off_mv: error_v * 1e3,
                off_lsb: error_v / lsb_v,
            });
        }
        false
    }

    fn place(&self, probe: &Probe) -> SpicePlace {
        SpicePlace {
            chip: self.case.number,
            slice: self.case.slice,
            deck: self.kind,
            conversion: probe.conversion,
            node: probe.node.name(),
            phase: schedule::name(probe.phase),
            time_ns: probe.time_s * 1e9,
        }
    }
}

/// What the reference says of a node, in V.
fn expected(probe: &Probe, predicted: &Predicted) -> Option<f64> {
    let nodes = predicted.nodes(probe.phase)?;
    match probe.node {
        Node::BitLine(side) => Some(nodes[side].bit_line),
        Node::MacMean(side) => nodes[side].mac_mean,
        Node::Comparator(k) if k < ADC_BITS => Some(predicted.margins_v[k]),
        Node::Comparator(_) | Node::Decision(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::spice::Network;

    struct Fixture {
        case: Case,
        prediction: Prediction,
        deck: Deck,
    }

    impl Fixture {
        fn new() -> Self {
            let config = Config::builtin("capram65").unwrap();
            let (case, prediction) = Case::draw(&config, 1, 3).unwrap();
            let deck = Deck::write(Kind::Conversion, &case, &Network::of(&case));
            Self { case, prediction, deck }
        }

        /// Measurements exactly as predicted.
        fn measured(&self) -> HashMap<String, f64> {
            let value = |probe: &Probe| {
                let predicted = &self.prediction.conversions[probe.conversion];
                let volts = match probe.node {
                    Node::Decision(k) => f64::from(u8::from(predicted.decision(k))),
                    _ => expected(probe, predicted).unwrap(),
                };
                (probe.name.clone(), volts)
            };
            self.deck.probes.iter().map(value).collect()
        }

        fn compare(&self, measured: &HashMap<String, f64>) -> Comparison {
            compare(&self.case, &self.deck, measured, &self.prediction).unwrap()
        }
    }

    #[test]
    fn what_is_as_predicted_matches() {
        let fixture = Fixture::new();
        let found = fixture.compare(&fixture.measured());
        // Twice: 18 pulses with 2 bit lines, 3 with 2 means, 7 comparator inputs.
        assert_eq!((found.nodes.len(), found.nodes_not_compared), (2 * (36 + 6 + 7), 0));
        assert_eq!((found.decisions, found.marginal), (14, 0));
        assert_eq!((found.codes, found.codes_equal), (2, 2));
        assert!(found.mismatches.is_empty() && found.nodes.iter().all(|node| node.lsb == 0.0));
    }

    #[test]
    fn a_node_beyond_the_tolerance_is_named() {
        let fixture = Fixture::new();
        let mut measured = fixture.measured();
        *measured.get_mut("c1_inject_2_bl_n").unwrap() += 0.11 * fixture.case.lsb_v();
        *measured.get_mut("c0_sample_mac_p").unwrap() += 0.09 * fixture.case.lsb_v();
        let found = fixture.compare(&measured);
        let [mismatch] = &found.mismatches[..] else { panic!("{:?}", found.mismatches) };
        // Cycle 9 + 1 of the second step ends.
        let period_ns = 1e9 / (140e6 * 18.0);
        assert!((mismatch.place.time_ns - 28.0 * period_ns).abs() < 1e-6);
        assert!((mismatch.off_lsb - 0.11).abs() < 1e-9);
        let text = mismatch.to_string();
        assert!(text.starts_with("chip 3, slice 3, conversion deck, conversion 1, inject 2, bl_n, 11.111 ns: expected "), "{text}");
        assert!(text.contains(" V, off by 0.097") && text.ends_with(" mV (0.1100 LSB)"), "{text}");
    }

    #[test]
    fn no_number_is_no_match() {
        let fixture = Fixture::new();
        let mut measured = fixture.measured();
        measured.insert("c0_share_bl_p".into(), f64::NAN);
        assert_eq!(fixture.compare(&measured).mismatches.len(), 1);
        measured.remove("c0_share_bl_p");
        let missing = compare(&fixture.case, &fixture.deck, &measured, &fixture.prediction);
        assert_eq!(missing.unwrap_err(), NotMeasured("c0_share_bl_p".into()));
    }

    /// A clear decision that differs is a mismatch, a close one is not; either ends the comparison.
    #[test]
    fn nothing_is_compared_after_a_decision_that_differs() {
        let fixture = Fixture::new();
        let mut measured = fixture.measured();
        let decision = measured.get_mut("c0_strobe_3_d_3").unwrap();
        *decision = 1.0 - *decision;
        let clear = fixture.compare(&measured);
        assert_eq!((clear.mismatches.len(), clear.marginal, clear.codes), (1, 0, 0));
        let all = fixture.deck.probes.len() as u64;
        let compared = clear.nodes.len() as u64 + clear.decisions;
        assert_eq!(compared + clear.nodes_not_compared, all);
        measured.insert("c0_strobe_3_w_3".into(), 0.0);
        let close = fixture.compare(&measured);
        assert_eq!((close.marginal, close.marginal_differing), (1, 1));
        // The comparator's input itself is off, though.
        assert_eq!(close.mismatches.len(), 1);
        assert_eq!(close.mismatches[0].place.node, "w_3");
    }
}
