//! Converters of a drawn chip.

use super::search::{Conversions, Search};
use super::simd::Isa;
use super::transfer::Transfer;
use super::{BatchError, Die, Step, check_batch};
use crate::config::Geometry;

/// Conversions of a drawn chip without noise.
#[derive(Clone, Debug)]
pub struct Sar(Common);

/// Conversions of a drawn chip with the noise that its analog parameters have on: kT/C, comparator.
#[derive(Clone, Debug)]
pub struct NoisySar(Common);

impl Sar {
    /// Prepares a conversion step for a plane's stored bits, `[mac row][column]`. Refuses a chip
    /// with noise on.
    pub fn new(die: &Die, step: &Step, plane: &[bool]) -> Result<Self, BatchError> {
        die.refuse_noise()?;
        Common::new(die, step, plane).map(Self)
    }

    /// Converts `digits`, `[vector][mac row]`, each 0..=15, to `codes`, `[vector][slice]`.
    pub fn convert(&self, digits: &[u8], codes: &mut [u8]) -> Result<(), BatchError> {
        self.0.convert(0, digits, codes)
    }

    /// Chooses the instruction set; for measurements and tests, since codes do not depend on it.
    pub fn with_isa(self, isa: Isa) -> Result<Self, BatchError> {
        self.0.with_isa(isa).map(Self)
    }

    /// Largest error of a deciding voltage, in volts.
    pub fn error_bound_v(&self) -> f64 {
        self.0.transfer.error_bound_v
    }

    /// Largest error of a deciding voltage, in LSB of the step's range.
    pub fn error_bound_lsb(&self) -> f64 {
        self.0.transfer.error_bound_v / self.0.lsb_v
    }
}

impl NoisySar {
    /// Prepares a conversion step for a plane's stored bits, `[mac row][column]`.
    pub fn new(die: &Die, step: &Step, plane: &[bool]) -> Result<Self, BatchError> {
        Common::new(die, step, plane).map(Self)
    }

    /// Converts `digits`, `[vector][mac row]`, each 0..=15, to `codes`, `[vector][slice]`. Vector v
    /// is conversion `first + v`: it sees the noise frame of that index.
    pub fn convert(&self, first: u64, digits: &[u8], codes: &mut [u8]) -> Result<(), BatchError> {
        self.0.convert(first, digits, codes)
    }

    /// Chooses the instruction set; for measurements and tests, since codes do not depend on it.
    pub fn with_isa(self, isa: Isa) -> Result<Self, BatchError> {
        self.0.with_isa(isa).map(Self)
    }

    /// Largest error of a deciding voltage, noise included, in volts.
    pub fn error_bound_v(&self) -> f64 {
        self.0.transfer.error_bound_v
    }

    /// Largest error of a deciding voltage, noise included, in LSB of the step's range.
    pub fn error_bound_lsb(&self) -> f64 {
        self.0.transfer.error_bound_v / self.0.lsb_v
    }
}

/// What both converters hold.
#[derive(Clone, Debug)]
struct Common {
    geometry: Geometry,
    isa: Isa,
    seed: u64,
    chip: u64,
    /// Nominal LSB in volts.
    lsb_v: f64,
    transfer: Transfer,
}

impl Common {
    fn new(die: &Die, step: &Step, plane: &[bool]) -> Result<Self, BatchError> {
        Ok(Self {
            geometry: die.geometry,
            isa: Isa::best(),
            seed: die.seed,
            chip: die.number,
            lsb_v: die.analog.lsb_v(die.geometry.mac_rows, step.range.factor()),
            transfer: Transfer::new(die, step, plane)?,
        })
    }

    fn with_isa(self, isa: Isa) -> Result<Self, BatchError> {
        if isa.available() { Ok(Self { isa, ..self }) } else { Err(BatchError::Isa(isa)) }
    }

    fn convert(&self, first: u64, digits: &[u8], codes: &mut [u8]) -> Result<(), BatchError> {
        check_batch(&self.geometry, digits, codes)?;
        let conversions = Conversions { seed: self.seed, chip: self.chip, first };
        self.isa.run(Search { transfer: &self.transfer, conversions, digits, codes });
        Ok(())
    }
}
