//! The conversion steps of an operation, in the macro's order; section 1 of the theory of operation.

use crate::transaction::Operation;

/// One conversion step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Pass, 0 for the high digits.
    pub pass: usize,
    /// Unit of each slice.
    pub unit: usize,
    /// Exponent i of the digit's weight 2^i.
    pub exponent: usize,
    /// Column within each slice that is side P.
    pub column: usize,
}

impl Step {
    /// Whether the step is its outputs' first of the operation.
    pub(super) fn first(&self, operation: &Operation) -> bool {
        self.pass == 0 && self.exponent + 1 == operation.format.digits()
    }
}

/// High digits first; then units; within a unit its columns or pairs from the left.
pub(super) fn steps(operation: &Operation) -> impl Iterator<Item = Step> + use<> {
    let Operation { format, units, .. } = *operation;
    let (digits, stride) = (format.digits(), format.columns() / format.digits());
    let within_unit = move |pass, unit| {
        (0..digits).map(move |digit| Step {
            pass,
            unit,
            exponent: digits - 1 - digit,
            column: unit * format.columns() + digit * stride,
        })
    };
    let within_pass =
        move |pass| (0..usize::from(units)).flat_map(move |unit| within_unit(pass, unit));
    (0..operation.passes()).flat_map(within_pass)
}
