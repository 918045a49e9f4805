//! The cycle: sequencer, pins, and the decisions that come back.

use super::converter::ConverterStep;
use super::expected::{Context, DecisionMismatch, Event, Expected};
use super::results::Codes;
use super::timeline::{Phase, Tick};
use super::work::Running;
use super::{Reference, loader};
use crate::config::ADC_BITS;
use crate::pins::{Pins, SLICE_WORDS, control};

impl Reference {
    /// Predicts the next cycle. All transactions of that cycle must have been told.
    pub fn advance(&mut self) -> &Expected {
        let cycle = self.cycle;
        self.expected.cycle = cycle;
        self.expected.event = None;
        match self.clock.tick() {
            Tick::Within => {}
            Tick::Entered => self.enter(),
            Tick::Idle => self.next_step(),
        }
        if let Some(pulse) = self.clock.ending() {
            self.end_pulse(pulse);
        }
        self.loader.tick(cycle, || self.work.next_slot(), &mut self.expected.pins.dac);
        let access = if self.access.is_some() { self.access_pins() } else { 0 };

        let waiting = self.work.any();
        let busy = waiting || cycle < self.settled;
        let stalled = self.clock.stretched() || (waiting && !self.clock.under_way());
        self.counters.cycles += u64::from(busy);
        self.counters.stall_cycles += u64::from(stalled);
        let busy = if busy { control::BUSY } else { 0 };
        self.expected.pins.control = self.held | self.pulsed | access | busy;
        self.cycle += 1;
        &self.expected
    }

    /// The step before is over: starts the next one or falls idle.
    fn next_step(&mut self) {
        match self.work.next_step(self.loader.loaded()) {
            Some(running) => self.start(&running),
            None if self.expected.context.is_some() => self.rest(),
            None => {}
        }
    }

    /// First cycle without a step: all slices become inactive, so every node goes to V_low.
    fn rest(&mut self) {
        self.converter.rest();
        self.pulsed = 0;
        self.expected.context = None;
        self.expected.codes_complete = false;
        self.expected.pins.cluster_sel = [0; 2];
        self.expected.pins.slice_active = [0; SLICE_WORDS];
    }

    /// First cycle of a step: predicts the whole of it.
    fn start(&mut self, running: &Running) {
        let (operation, step) = (&running.operation, &running.step);
        if step.starts_pass {
            self.digits = loader::unpack(self.loader.take());
            self.digit_sum = self.digits.iter().map(|&x| i64::from(x)).sum();
        }
        let stretch = self.stretch();
        self.clock.start(stretch);
        self.predict(running, stretch);

        let differential = operation.format.differential();
        let word = self.held & 3 << control::WORD_SHIFT;
        self.held = word
            | if differential { control::DIFFERENTIAL } else { 0 }
            | (step.column as u32) << control::COLUMN_SHIFT
            | operation.range.log2_inverse() << control::RANGE_SHIFT
            | u32::from(operation.level) << control::LEVEL_SHIFT;
        let rows = self.geometry.mac_rows;
        self.expected.pins.cluster_sel = [ones(rows), ones(rows.saturating_sub(32))];
        self.expected.pins.slice_active = self.slice_enable;
        self.expected.context = Some(Context {
            operation: running.index,
            step: running.step_index,
            conversion: self.converter.next_conversion() - 1,
            pulse: Phase::Reset,
        });
        self.enter();
    }

    /// Cycles by which the step that starts now must prolong LATCH: the post-processor serves one
    /// slice per lane and cycle, and takes new codes when it is through with the last ones.
    fn stretch(&self) -> u32 {
        let to_latch = self.pulses.step_cycles() - self.pulses.latch.gap;
        let natural = self.cycle + u64::from(to_latch) - 1;
        let ready =
            self.last_take.map_or(0, |taken| taken + self.geometry.slices_per_lane() as u64);
        ready.saturating_sub(natural) as u32
    }

    /// Voltages and decisions of the step that starts now.
    fn predict(&mut self, running: &Running, stretch: u32) {
        let (operation, step) = (&running.operation, &running.step);
        let step = ConverterStep {
            plane: operation.plane.into(),
            column: step.column,
            differential: operation.format.differential(),
            range: operation.range,
            level: operation.level,
        };
        self.converter.predict(&step, &self.digits, stretch, self.slice_enable);
    }

    /// First cycle of a pulse or gap: sets its pins.
    fn enter(&mut self) {
        let (Some(pulse), Some(running)) = (self.clock.phase(), self.work.running()) else {
            return;
        };
        let gap = self.clock.in_gap();
        let pins = &mut self.expected.pins;
        self.pulsed = if gap { pulse.gap_control() } else { pulse.control() };
        pins.plane_wl = 0;
        pins.inject_p = [0; SLICE_WORDS];
        pins.inject_n = [0; SLICE_WORDS];
        self.expected.codes_complete = false;
        if let Some(context) = &mut self.expected.context {
            context.pulse = pulse;
        }
        match pulse {
            _ if gap => {}
            Phase::Multiply => pins.plane_wl = 1 << running.operation.plane,
            Phase::Inject(k) => {
                let decisions = self.converter.conversion.decisions(usize::from(k));
                for (w, (decisions, enabled)) in
                    decisions.iter().zip(&self.slice_enable).enumerate()
                {
                    pins.inject_p[w] = decisions & enabled;
                    pins.inject_n[w] = !decisions & enabled;
                }
            }
            Phase::Latch => self.complete_codes(),
            _ => {}
        }
    }

    /// First cycle of LATCH: all seven decisions are in.
    fn complete_codes(&mut self) {
        for bit in 0..ADC_BITS {
            self.expected.pins.decisions[bit] =
                *self.converter.conversion.decisions(ADC_BITS - 1 - bit);
        }
        self.converter.conversion.codes(&mut self.codes);
        self.expected.codes_complete = true;
    }

    /// Last cycle of a pulse.
    fn end_pulse(&mut self, pulse: Phase) {
        self.expected.event = Some(Event { pulse });
        let Some(running) = self.work.running() else { return };
        match pulse {
            Phase::Sample if running.step.ends_pass => self.loader.release(self.cycle + 1),
            Phase::Latch => {
                let codes = Codes {
                    codes: &self.codes,
                    active: &self.slice_enable,
                    digit_sum: self.digit_sum,
                };
                self.results.take(running, &codes, &mut self.counters);
                self.last_take = Some(self.cycle);
                self.settled = self.cycle + self.geometry.slices_per_lane() as u64 + 7;
            }
            _ => {}
        }
    }

    /// Pins of an SRAM access, if one is under way; it is forgotten with its acknowledge.
    fn access_pins(&mut self) -> u32 {
        let Some(access) = self.access else { return 0 };
        if self.cycle >= access.ack(&self.pulses) {
            self.access = None;
        }
        access.drive(self.cycle, &self.pulses, &mut self.expected.pins, &mut self.held)
    }

    /// Compares the comparators' outputs in the last cycle of a strobe with the prediction; in any
    /// other cycle does nothing. Decisions whose margin is within 1 nV of 0, or of the edges of the
    /// metastable window, are adopted as observed and counted, whether or not they agree, also when
    /// another slice is wrong. The first other disagreement is returned.
    pub fn decide(&mut self, observed: &[u32; SLICE_WORDS]) -> Result<(), DecisionMismatch> {
        let Some(k) = self.expected.event.and_then(|e| e.decision()) else { return Ok(()) };
        let near = self.converter.conversion.near(k);
        if !near && self.converter.conversion.decisions(k) == observed {
            return Ok(());
        }
        let mut adopted = false;
        let mut first = None;
        for slice in 0..self.geometry.slices() {
            let expected = Pins::slice_bit(self.converter.conversion.decisions(k), slice);
            let actual = Pins::slice_bit(observed, slice);
            let margin_v = self.converter.conversion.margins(k)[slice];
            if self.converter.conversion.marginal(k, slice) {
                self.converter.marginal_decisions += 1;
                adopted |= expected != actual;
                self.converter.conversion.set_decision(k, slice, actual);
            } else if expected != actual {
                let found = DecisionMismatch { slice, decision: k, expected, actual, margin_v };
                first.get_or_insert(found);
            }
        }
        if adopted {
            self.converter.resume(k);
        }
        first.map_or(Ok(()), Err)
    }
}

/// The lowest `count` bits of a word.
fn ones(count: usize) -> u32 {
    if count < 32 { (1 << count) - 1 } else { u32::MAX }
}
