//! The order of pulses in a conversion step and the clock that walks through it.

use crate::config::{Pulse, Pulses};
use crate::pins::control;

/// Pulses of a conversion step.
pub const PHASES: usize = 18;

/// One pulse of a conversion step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Reset,
    Sample,
    Multiply,
    Share,
    /// Comparator strobe of decision 0..=6, most significant first.
    Strobe(u8),
    /// Injection 0..=5: 32, 16, 8, 4, 2, 1 units.
    Inject(u8),
    Latch,
}

impl Phase {
    /// The pulse at position 0..18 of a step.
    pub fn at(index: usize) -> Self {
        match index {
            0 => Self::Reset,
            1 => Self::Sample,
            2 => Self::Multiply,
            3 => Self::Share,
            4..17 if index.is_multiple_of(2) => Self::Strobe((index as u8 - 4) / 2),
            4..17 => Self::Inject((index as u8 - 5) / 2),
            _ => Self::Latch,
        }
    }

    /// Position of this pulse in a step, 0..18.
    pub fn index(self) -> usize {
        match self {
            Self::Reset => 0,
            Self::Sample => 1,
            Self::Multiply => 2,
            Self::Share => 3,
            Self::Strobe(k) => 4 + 2 * usize::from(k),
            Self::Inject(k) => 5 + 2 * usize::from(k),
            Self::Latch => 17,
        }
    }

    /// Width and gap of this pulse.
    pub(super) fn pulse(self, pulses: &Pulses) -> Pulse {
        match self {
            Self::Reset => pulses.reset,
            Self::Sample => pulses.sample,
            Self::Multiply => pulses.multiply,
            Self::Share => pulses.share,
            Self::Strobe(_) => pulses.strobe,
            Self::Inject(_) => pulses.inject,
            Self::Latch => pulses.latch,
        }
    }

    /// Control pins that are high during this pulse. SHARE's own pin stays high until LATCH ends.
    pub(super) fn control(self) -> u32 {
        let cells = |n: u32| n << control::CELLS_SHIFT;
        match self {
            Self::Reset => control::RESET,
            Self::Sample => control::SAMPLE,
            Self::Multiply => 0,
            Self::Share => control::SHARE,
            Self::Strobe(_) => control::SHARE | control::STROBE,
            Self::Inject(0) => control::SHARE | control::INJECT | control::INJECT_TWICE | cells(16),
            Self::Inject(k) => control::SHARE | control::INJECT | cells(32 >> k),
            Self::Latch => control::SHARE | control::LATCH,
        }
    }

    /// Control pins that are high in the gap after this pulse.
    pub(super) fn gap_control(self) -> u32 {
        match self {
            Self::Reset | Self::Sample | Self::Multiply | Self::Latch => 0,
            _ => control::SHARE,
        }
    }
}

/// What one cycle brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tick {
    /// No step is under way.
    Idle,
    /// Still the same pulse or gap.
    Within,
    /// First cycle of a pulse or gap.
    Entered,
}

/// Position within a conversion step.
#[derive(Clone, Debug)]
pub(super) struct StepClock {
    /// Width and gap of each pulse.
    pulses: [(u32, u32); PHASES],
    /// Cycles by which LATCH is prolonged in this step.
    stretch: u32,
    /// Position of the pulse, `PHASES` when no step is under way.
    phase: usize,
    gap: bool,
    /// Cycles left in this pulse or gap, the present one included.
    left: u32,
}

impl StepClock {
    pub(super) fn new(pulses: &Pulses) -> Self {
        let pulses = std::array::from_fn(|i| {
            let pulse = Phase::at(i).pulse(pulses);
            (pulse.width, pulse.gap)
        });
        Self { pulses, stretch: 0, phase: PHASES, gap: false, left: 0 }
    }

    /// Enters the first cycle of a step whose LATCH lasts `stretch` cycles longer than its width.
    pub(super) fn start(&mut self, stretch: u32) {
        self.stretch = stretch;
        self.phase = 0;
        self.gap = false;
        self.left = self.pulses[0].0;
    }

    /// Moves on by one cycle.
    #[inline]
    pub(super) fn tick(&mut self) -> Tick {
        if self.phase == PHASES {
            return Tick::Idle;
        }
        if self.left > 1 {
            self.left -= 1;
            return Tick::Within;
        }
        if !self.gap && self.pulses[self.phase].1 > 0 {
            self.gap = true;
            self.left = self.pulses[self.phase].1;
            return Tick::Entered;
        }
        self.gap = false;
        self.phase += 1;
        if self.phase == PHASES {
            return Tick::Idle;
        }
        let stretch = if self.phase == PHASES - 1 { self.stretch } else { 0 };
        self.left = self.pulses[self.phase].0 + stretch;
        Tick::Entered
    }

    /// The pulse under way or the one whose gap is; `None` between steps.
    #[inline]
    pub(super) fn phase(&self) -> Option<Phase> {
        (self.phase < PHASES).then(|| Phase::at(self.phase))
    }

    /// Whether a step is under way in this cycle.
    #[inline]
    pub(super) fn under_way(&self) -> bool {
        self.phase < PHASES
    }

    /// Whether this cycle lies in a gap.
    #[inline]
    pub(super) fn in_gap(&self) -> bool {
        self.gap
    }

    /// The pulse of which this is the last cycle.
    #[inline]
    pub(super) fn ending(&self) -> Option<Phase> {
        (self.left == 1 && !self.gap).then(|| self.phase()).flatten()
    }

    /// Whether LATCH is high in this cycle only because the post-processor was not ready.
    #[inline]
    pub(super) fn stretched(&self) -> bool {
        self.phase == PHASES - 1 && !self.gap && self.left <= self.stretch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::reference::fixtures;

    #[test]
    fn positions_and_phases_correspond() {
        for index in 0..PHASES {
            assert_eq!(Phase::at(index).index(), index);
        }
        assert_eq!(Phase::at(16), Phase::Strobe(6));
        assert_eq!(Phase::at(15), Phase::Inject(5));
    }

    /// Cells of all injections: 2 * 16 + 16 + 8 + 4 + 2 + 1 = 63 units.
    #[test]
    fn injections_remove_63_units() {
        let units = |k| {
            let pins = Phase::Inject(k).control();
            let twice = u32::from(pins & control::INJECT_TWICE != 0);
            (pins >> control::CELLS_SHIFT & 31) << twice
        };
        assert_eq!((0..6).map(units).collect::<Vec<_>>(), [32, 16, 8, 4, 2, 1]);
    }

    /// A step lasts the sum of its widths and gaps, and the stretch.
    #[test]
    fn step_length() {
        let mut pulses = fixtures::nominal_pulses();
        pulses.sample = Pulse { width: 3, gap: 2 };
        pulses.latch.gap = 4;
        let mut clock = StepClock::new(&pulses);
        clock.start(5);
        let mut cycles = 1;
        while clock.tick() != Tick::Idle {
            cycles += 1;
        }
        assert_eq!(cycles, pulses.step_cycles() + 5);
        assert_eq!(cycles, 18 + 2 + 2 + 4 + 5);
    }
}
