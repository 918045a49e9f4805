//! Comparator and injection cells of a conversion deck: the decisions are made in SPICE.

use super::deck::{Node, SIDE_NAMES, Writer};
use super::network::{CELL_COUNTS, PULSES, Sees};
use super::predict::SIDES;
use super::schedule::{Interval, Schedule};
use super::wave::{CLOSE, RAMP, Wave};
use crate::config::ADC_BITS;
use crate::golden::chip::CELLS;
use crate::golden::reference::Phase;

/// The comparator follows its inputs for this part of a strobe's last cycle, then holds.
const TRACKING: f64 = 0.05;
/// Of the capacitors that hold a voltage, in F; nothing loads them.
const HOLD_F: f64 = 1e-15;
/// Time constant of their switches, in cycles.
const HOLD_TAU: f64 = 0.001;

/// Adds both to a deck that has its columns.
pub fn write(deck: &mut Writer<'_>) {
    comparator(deck);
    firings(deck);
    for side in 0..SIDES {
        cells(deck, side);
    }
}

/// One hold capacitor per decision: what was decided stays, and gates the injection that follows.
fn comparator(deck: &mut Writer<'_>) {
    let comparator = deck.network.comparator;
    deck.comment("Comparator: offset, common mode; one held decision per strobe");
    deck.line(format_args!(
        "Bw w 0 V=V(bl_p)-V(bl_n)+({:.12e})+({:e})*((V(bl_p)+V(bl_n))/2-({}))",
        comparator.offset_v, comparator.common_mode_gain, comparator.common_mode_v
    ));
    for k in 0..ADC_BITS {
        let (held, decision) = (Node::Comparator(k).name(), Node::Decision(k).name());
        deck.control(&format!("strobe_{k}"), |step| {
            let Interval { end, .. } = step.pulse(Phase::Strobe(k as u8));
            Interval { start: end - TRACKING, end }
        });
        hold(deck, "w", &held, &format!("strobe_{k}"), 0.0);
        deck.line(format_args!("B{decision} {decision} 0 V=(V({held})>=0)?1:0"));
    }
}

/// A capacitor that takes a node's voltage while the control is high.
fn hold(deck: &mut Writer<'_>, from: &str, to: &str, control: &str, initial_v: f64) {
    let ohms = HOLD_TAU * deck.network.period_s / HOLD_F;
    deck.switch(&format!("hold_{to}"), [from, to], control, ohms);
    deck.line(format_args!("C{to} {to} 0 {HOLD_F:e} ic={initial_v}"));
}

/// When cells fire, for each injection pulse.
fn firings(deck: &mut Writer<'_>) {
    deck.comment("Firings of the injection pulses");
    let injection = &deck.network.injection;
    for (k, offsets) in injection.firings.iter().enumerate() {
        let fire =
            |start: f64| Interval { start: start + CLOSE, end: start + CLOSE + injection.width };
        let starts = starts(&deck.steps, k, offsets);
        deck.drive(&format!("fire_{k}"), &Wave::pulses(starts.into_iter().map(fire)));
    }
}

/// Starts of all firings of injection k, in cycles.
fn starts(steps: &[Schedule], k: usize, offsets: &[f64]) -> Vec<f64> {
    let first = |step: &Schedule| step.pulse(Phase::Inject(k as u8)).start;
    steps.iter().flat_map(|step| offsets.iter().map(move |offset| first(step) + offset)).collect()
}

/// The 16 drawn cells of a side: each a current while it fires, if the decision says this side.
fn cells(deck: &mut Writer<'_>, side: usize) {
    let (network, letter) = (deck.network, SIDE_NAMES[side]);
    let injection = &network.injection;
    deck.comment(&format!("Injection cells of side {letter}"));
    for fires in 2..=PULSES {
        let gated = |k: usize| match side {
            0 => format!("V(fire_{k})*V(d_{k})"),
            _ => format!("V(fire_{k})*(1-V(d_{k}))"),
        };
        let gates: Vec<String> = (0..fires).map(gated).collect();
        deck.line(format_args!(
            "Bgate_{letter}{fires} gate_{letter}{fires} 0 V={}",
            gates.join("+")
        ));
    }
    let amperes = injection.charge_c / (injection.width * network.period_s);
    let seen = seen(deck, side);
    for (i, strength) in network.sides[side].strengths.iter().enumerate().take(CELLS) {
        // Pulses fire the first cells; the first pulses fire most.
        let fires = CELL_COUNTS.iter().filter(|&&count| count > i).count();
        deck.line(format_args!(
            "Bcell_{letter}{i} bl_{letter} 0 I={:.12e}*(1+({:e})*(V({seen})-({})))*V(gate_{letter}{fires})",
            amperes * strength,
            injection.lambda_per_v,
            injection.common_mode_v
        ));
    }
}

/// The node whose voltage sets a side's charge: the bit line, or what holds its voltage of just
/// before the firing.
fn seen(deck: &mut Writer<'_>, side: usize) -> String {
    let bit_line = Node::BitLine(side).name();
    if deck.network.injection.sees == Sees::Instantaneous {
        return bit_line;
    }
    let letter = SIDE_NAMES[side];
    if side == 0 {
        follow(deck);
    }
    deck.line(format_args!("Efollow_{letter} follow_{letter} 0 {bit_line} 0 1"));
    let held = format!("before_{letter}");
    hold(deck, &format!("follow_{letter}"), &held, "follow", deck.network.low_v);
    held
}

/// Low from the start of every firing to its end.
fn follow(deck: &mut Writer<'_>) {
    let injection = &deck.network.injection;
    let offsets = injection.firings.iter().enumerate();
    let mut all: Vec<f64> =
        offsets.flat_map(|(k, offsets)| starts(&deck.steps, k, offsets)).collect();
    all.sort_by(f64::total_cmp);
    let length = CLOSE + injection.width + RAMP;
    let firing = all.into_iter().map(|start| Interval { start, end: start + length });
    deck.drive("follow", &Wave::pulses(firing).inverted());
}
