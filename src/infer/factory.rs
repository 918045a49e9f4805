//! How a backend makes machines, one per thread, and what they found out about themselves.

use super::{Findings, InferError, Machine};

/// Makes machines with weights and tables in place.
pub trait Factory: Sync {
    type Machine: Machine<Error: Into<InferError>>;

    /// A new machine.
    fn machine(&self) -> Result<Self::Machine, InferError>;

    /// An error that is a result and not the end of the run becomes one of the machine's findings;
    /// others are given back.
    fn forgive(
        &self,
        _machine: &mut Self::Machine,
        error: <Self::Machine as Machine>::Error,
    ) -> Result<(), InferError> {
        Err(error.into())
    }

    /// What the machine's own checks have found since it was made; nothing where there are none.
    /// Asked after every image.
    fn findings(&self, _machine: &mut Self::Machine) -> Findings {
        Findings::default()
    }
}

/// Copies of one machine.
pub(super) struct Prototype<M>(pub(super) M);

impl<M: Machine<Error: Into<InferError>> + Clone + Sync> Factory for Prototype<M> {
    type Machine = M;

    fn machine(&self) -> Result<M, InferError> {
        Ok(self.0.clone())
    }
}
