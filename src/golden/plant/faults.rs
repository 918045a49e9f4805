//! Deliberate errors of the plant. The test-suite plants one at a time to prove that the harness
//! finds it; without any the plant pays one comparison per cycle.

/// One deliberate error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A 6T cell that holds `value` whatever is written. `row` is a physical row.
    StuckCell { row: usize, column: usize, value: bool },
    /// The comparator of a slice decides the wrong way round.
    ComparatorInverted { slice: usize },
    /// A MAC capacitor that is not connected: it holds no charge. `row` is a MAC row; columns from
    /// `geometry.columns` on are the dummy columns.
    CapacitorOpen { column: usize, row: usize },
    /// Every slice's column 1 is computed with the capacitors of its column 0: the classic bug of a
    /// model that was written for one column per ADC.
    SharedMismatch,
    /// Every conversion gets the noise of the one after it.
    NoiseOffByOne,
    /// The second firing of the 32-unit step is missing.
    InjectionDoubleFireLost,
    /// The row DACs are ideal, whatever resistors were drawn.
    LevelErrorsIgnored,
    /// The comparators' offset falls where it should rise with the mean of their inputs.
    CommonModeInverted,
}

/// The planted errors; none by default.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    planted: Vec<Fault>,
    changed: bool,
}

impl Faults {
    /// Plants an error, from the next cycle on.
    pub fn plant(&mut self, fault: Fault) {
        self.planted.push(fault);
        self.changed = true;
    }

    /// Removes all errors, from the next cycle on. A stuck cell keeps the value it was stuck at.
    pub fn clear(&mut self) {
        self.planted.clear();
        self.changed = true;
    }

    /// The planted errors.
    pub fn iter(&self) -> impl Iterator<Item = Fault> + '_ {
        self.planted.iter().copied()
    }

    /// Whether exactly this error is planted.
    pub fn has(&self, fault: Fault) -> bool {
        !self.planted.is_empty() && self.planted.contains(&fault)
    }

    /// Whether the planted errors changed since the last call.
    #[inline]
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The value a cell is stuck at.
    pub(super) fn stuck(&self, row: usize, column: usize) -> Option<bool> {
        self.planted.iter().find_map(|&fault| match fault {
            Fault::StuckCell { row: r, column: c, value } if (r, c) == (row, column) => Some(value),
            _ => None,
        })
    }
}
