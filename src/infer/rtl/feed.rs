//! When an operation goes on the bus. The macro's queue has room for two behind the running one; a
//! host that waits on the bus for a third place can neither read nor write meanwhile. Steps take as
//! long as the host has set them to, so it can know when there is room, and come back then.

use crate::config::Config;
use crate::transaction::Operation;
use std::collections::VecDeque;

/// Operations that are not written yet, and when the next one can be.
#[derive(Debug)]
pub struct Feed {
    /// Cycles from an operation's acknowledge to its first step, out of idle.
    load: u64,
    /// Cycles of a conversion step in a stream, the wait for the lanes included.
    step: u64,
    waiting: VecDeque<Operation>,
    /// Cycles in which the last two written operations start, the older one first.
    starts: [u64; 2],
    /// Cycle in which the last one is over.
    end: u64,
}

impl Feed {
    pub fn new(config: &Config) -> Self {
        let geometry = &config.geometry;
        Self {
            load: geometry.mac_rows as u64 / 4,
            step: u64::from(config.timing.pulses.streamed_step_cycles(geometry)),
            waiting: VecDeque::new(),
            starts: [0; 2],
            end: 0,
        }
    }

    /// One more operation to be written, after those that wait.
    pub fn push(&mut self, operation: Operation) {
        self.waiting.push_back(operation);
    }

    /// The next operation that finds room in `now`. It must be written and
    /// [`written`](Self::written) be told.
    pub fn due(&mut self, now: u64) -> Option<Operation> {
        if self.starts[0] <= now { self.any() } else { None }
    }

    /// The next operation, room or not.
    pub fn any(&mut self) -> Option<Operation> {
        self.waiting.pop_front()
    }

    /// An operation was acknowledged in `cycle`.
    pub fn written(&mut self, operation: &Operation, cycle: u64) {
        let start = self.end.max(cycle + self.load);
        self.starts = [self.starts[1], start];
        self.end = start + operation.steps() as u64 * self.step;
    }

    /// Whether an operation that is not written yet needs the digits of a slot.
    pub fn needs(&self, slot: u8) -> bool {
        self.waiting.iter().any(|o| (o.slot..o.slot + o.passes() as u8).contains(&slot))
    }
}
