//! What there is to do: queued operations, the running one, its passes and steps.

use std::collections::VecDeque;

use crate::transaction::Operation;

/// One conversion step of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Pass, 0 for the high digits.
    pub pass: usize,
    /// Unit of each slice.
    pub unit: usize,
    /// Exponent i of the digit's weight 2^i.
    pub exponent: usize,
    /// Left column within the slice.
    pub column: usize,
    /// First step of its pass.
    pub starts_pass: bool,
    /// Last step of its pass: the DAC register is free after SAMPLE.
    pub ends_pass: bool,
    /// Last step of its operation.
    pub ends_operation: bool,
}

impl Step {
    /// Step `index` of an operation: high digit first, then units, then columns left to right.
    pub(super) fn of(operation: &Operation, index: usize) -> Self {
        let format = operation.format;
        let digits = format.digits();
        let per_pass = usize::from(operation.units) * digits;
        let (pass, within) = (index / per_pass, index % per_pass);
        let (unit, digit) = (within / digits, within % digits);
        let stride = if format.differential() { 2 } else { 1 };
        Self {
            pass,
            unit,
            exponent: digits - 1 - digit,
            column: unit * format.columns() + digit * stride,
            starts_pass: within == 0,
            ends_pass: within + 1 == per_pass,
            ends_operation: index + 1 == operation.steps(),
        }
    }
}

/// The running operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub operation: Operation,
    /// Operations before this one.
    pub index: u64,
    /// Index of the present step.
    pub step_index: usize,
    pub step: Step,
}

/// Queue and running operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    queue: VecDeque<Operation>,
    running: Option<Running>,
    started: u64,
}

impl Work {
    pub(super) fn push(&mut self, operation: Operation) {
        self.queue.push_back(operation);
    }

    /// Slot of the digits that the DAC register needs next, if that is known.
    #[inline]
    pub(super) fn next_slot(&self) -> Option<usize> {
        let low_pass = self.running.and_then(|r| {
            let left = r.step.pass + 1 < r.operation.passes();
            left.then_some(usize::from(r.operation.slot) + 1)
        });
        low_pass.or_else(|| self.queue.front().map(|head| usize::from(head.slot)))
    }

    /// Goes to the next step if there is one whose digits are there (`loaded` says so for a new
    /// pass). The operation that leaves the queue is the running one from then on.
    pub(super) fn next_step(&mut self, loaded: bool) -> Option<Running> {
        if let Some(running) = self.running.filter(|r| r.step.ends_operation) {
            debug_assert!(running.step.ends_pass);
            self.running = None;
        }
        let (operation, index, step_index) = match self.running {
            Some(r) if r.step.ends_pass && !loaded => return None,
            Some(r) => (r.operation, r.index, r.step_index + 1),
            None if !loaded => return None,
            None => {
                let head = self.queue.pop_front()?;
                self.started += 1;
                (head, self.started - 1, 0)
            }
        };
        let step = Step::of(&operation, step_index);
        self.running = Some(Running { operation, index, step_index, step });
        self.running
    }

    /// The running operation and its present step.
    #[inline]
    pub(super) fn running(&self) -> Option<&Running> {
        self.running.as_ref()
    }

    /// Whether an operation is queued or running.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.running.is_some() || !self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::WeightFormat;
    use crate::golden::reference::fixtures;

    /// Two passes of two `single2` units: columns 0 1 | 2 3 for x1, then again for x0.
    #[test]
    fn order_of_steps() {
        let operation = Operation {
            format: WeightFormat::Single2,
            activation_bits: 7,
            units: 2,
            ..fixtures::operation()
        };
        let steps: Vec<_> = (0..operation.steps()).map(|i| Step::of(&operation, i)).collect();
        let columns: Vec<_> = steps.iter().map(|s| s.column).collect();
        assert_eq!(columns, [0, 1, 2, 3, 0, 1, 2, 3]);
        let exponents: Vec<_> = steps.iter().map(|s| s.exponent).collect();
        assert_eq!(exponents, [1, 0, 1, 0, 1, 0, 1, 0]);
        let passes: Vec<_> = steps.iter().map(|s| s.pass).collect();
        assert_eq!(passes, [0, 0, 0, 0, 1, 1, 1, 1]);
        let ends: Vec<_> = steps.iter().map(|s| (s.ends_pass, s.ends_operation)).collect();
        assert_eq!(ends[3], (true, false));
        assert_eq!(ends[7], (true, true));
        assert_eq!(ends.iter().filter(|e| e.0).count(), 2);
    }

    /// A differential pair's left column is P: pairs start at 0 and 2.
    #[test]
    fn pairs_of_a_differential_unit() {
        let diff2 = Operation { format: WeightFormat::Diff2, units: 1, ..fixtures::operation() };
        assert_eq!([0, 1].map(|i| Step::of(&diff2, i).column), [0, 2]);
        let diff1 = Operation { format: WeightFormat::Diff1, units: 2, ..fixtures::operation() };
        assert_eq!([0, 1].map(|i| Step::of(&diff1, i).unit), [0, 1]);
        assert_eq!([0, 1].map(|i| Step::of(&diff1, i).column), [0, 2]);
    }
}
