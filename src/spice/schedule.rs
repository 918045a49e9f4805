//! When the switches of a conversion move: section 5 of the theory of operation as intervals.

use crate::config::{ADC_BITS, Pulses};
use crate::golden::reference::Phase;

/// From the first cycle to the end of the last one, in cycles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub start: f64,
    pub end: f64,
}

/// Pulses of one conversion step, in their order.
#[derive(Clone, Debug)]
pub struct Schedule {
    pulses: Vec<(Phase, Interval)>,
    /// Where the next step may begin.
    pub end: u32,
}

impl Schedule {
    /// A step whose first cycle is `first`.
    pub fn of(pulses: &Pulses, first: u32) -> Self {
        let mut schedule = Self { pulses: vec![], end: first };
        for (phase, pulse) in [
            (Phase::Reset, pulses.reset),
            (Phase::Sample, pulses.sample),
            (Phase::Multiply, pulses.multiply),
            (Phase::Share, pulses.share),
        ] {
            schedule.push(phase, pulse.width, pulse.gap);
        }
        for k in 0..ADC_BITS as u8 {
            if k > 0 {
                schedule.push(Phase::Inject(k - 1), pulses.inject.width, pulses.inject.gap);
            }
            schedule.push(Phase::Strobe(k), pulses.strobe.width, pulses.strobe.gap);
        }
        schedule.push(Phase::Latch, pulses.latch.width, pulses.latch.gap);
        schedule
    }

    fn push(&mut self, phase: Phase, width: u32, gap: u32) {
        let interval = Interval { start: self.end.into(), end: (self.end + width).into() };
        self.pulses.push((phase, interval));
        self.end += width + gap;
    }

    /// The pulses, in order.
    pub fn pulses(&self) -> &[(Phase, Interval)] {
        &self.pulses
    }

    /// One pulse.
    pub fn pulse(&self, wanted: Phase) -> Interval {
        let found = self.pulses.iter().find(|(phase, _)| *phase == wanted);
        found.map_or(Interval { start: 0.0, end: 0.0 }, |(_, interval)| *interval)
    }

    /// While the MAC capacitors are connected to the bit lines: SHARE to LATCH, gaps included.
    pub fn sharing(&self) -> Interval {
        Interval { start: self.pulse(Phase::Share).start, end: self.pulse(Phase::Latch).end }
    }

    /// While a node floats that these pulses drive: from the end of RESET to the end of LATCH,
    /// without them.
    pub fn floating(&self, driven: &[Phase]) -> Vec<Interval> {
        let mut start = self.pulse(Phase::Reset).end;
        let mut floating = vec![];
        for &phase in driven {
            let pulse = self.pulse(phase);
            if pulse.start > start {
                floating.push(Interval { start, end: pulse.start });
            }
            start = pulse.end;
        }
        floating.push(Interval { start, end: self.pulse(Phase::Latch).end });
        floating
    }
}

/// The name of a pulse, as in waves and reports.
pub fn name(phase: Phase) -> String {
    match phase {
        Phase::Strobe(k) => format!("strobe {k}"),
        Phase::Inject(k) => format!("inject {k}"),
        _ => kind(phase).to_owned(),
    }
}

/// What kind of pulse it is.
pub fn kind(phase: Phase) -> &'static str {
    match phase {
        Phase::Reset => "reset",
        Phase::Sample => "sample",
        Phase::Multiply => "multiply",
        Phase::Share => "share",
        Phase::Strobe(_) => "strobe",
        Phase::Inject(_) => "inject",
        Phase::Latch => "latch",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pulse;

    /// By hand: 18 cycles, injection k in cycle 5 + 2 k.
    #[test]
    fn the_shortest_step_takes_18_cycles() {
        let step = Schedule::of(&Pulses::SHORTEST, 18);
        assert_eq!(step.end, 36);
        assert_eq!(step.pulses().len(), 18);
        assert_eq!(step.pulse(Phase::Inject(3)), Interval { start: 29.0, end: 30.0 });
        assert_eq!(step.sharing(), Interval { start: 21.0, end: 36.0 });
        assert_eq!(step.floating(&[]), [Interval { start: 19.0, end: 36.0 }]);
    }

    #[test]
    fn widths_and_gaps_add_up_as_the_configuration_says() {
        let mut pulses = Pulses::SHORTEST;
        pulses.strobe = Pulse { width: 2, gap: 1 };
        pulses.reset.gap = 3;
        let step = Schedule::of(&pulses, 0);
        assert_eq!(step.end, pulses.step_cycles());
        assert_eq!(step.pulse(Phase::Strobe(1)), Interval { start: 11.0, end: 13.0 });
        assert_eq!(step.pulse(Phase::Sample).start, 4.0);
        let floating = step.floating(&[Phase::Sample, Phase::Multiply]);
        let gap = Interval { start: 1.0, end: 4.0 };
        assert_eq!(floating, [gap, Interval { start: 6.0, end: pulses.step_cycles().into() }]);
    }
}
