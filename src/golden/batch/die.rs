//! A drawn chip together with all that its conversions depend on.

use super::{BatchError, check_geometry};
use crate::config::{Analog, Geometry};
use crate::golden::chip::Chip;

/// Chip number `number` of a population. Keeps what belongs together together: the drawn elements,
/// the parameters they were drawn from, and the keys of the chip's noise.
#[derive(Clone, Debug)]
pub struct Die {
    pub(super) geometry: Geometry,
    pub(super) analog: Analog,
    pub(super) seed: u64,
    pub(super) number: u64,
    pub(super) chip: Chip,
}

impl Die {
    /// Draws a chip. Refuses parameters that contradict each other or have a term on that batched
    /// conversions do not model.
    pub fn draw(
        geometry: &Geometry,
        analog: &Analog,
        seed: u64,
        number: u64,
    ) -> Result<Self, BatchError> {
        check_geometry(geometry)?;
        analog.validate(geometry.mac_rows)?;
        let terms = [
            ("dac_inl", analog.dac_inl.on),
            ("charge_injection", analog.charge_injection.on),
            ("clock_feedthrough", analog.clock_feedthrough.on),
            ("comparator_common_mode", analog.comparator_common_mode.on),
            ("metastability", analog.metastability.on),
            ("injection_noise", analog.injection_noise.on),
            ("output_impedance", analog.output_impedance.on),
            ("settling", analog.settling.on),
            ("leakage", analog.leakage.on),
        ];
        refuse(&terms)?;
        let chip = Chip::draw(geometry, analog, seed, number);
        Ok(Self { geometry: *geometry, analog: *analog, seed, number, chip })
    }

    /// The drawn elements.
    pub fn chip(&self) -> &Chip {
        &self.chip
    }

    /// Refuses a chip with noise on.
    pub(super) fn refuse_noise(&self) -> Result<(), BatchError> {
        refuse(&[
            ("ktc_noise", self.analog.ktc_noise.on),
            ("comparator_noise", self.analog.comparator_noise.on),
        ])
    }
}

/// Refuses the first term that is on.
fn refuse(terms: &[(&'static str, bool)]) -> Result<(), BatchError> {
    match terms.iter().find(|(_, on)| *on) {
        Some(&(term, _)) => Err(BatchError::Unsupported { term }),
        None => Ok(()),
    }
}
