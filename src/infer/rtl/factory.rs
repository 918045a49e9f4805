//! Macros beside golden backends, one pair per thread.

use super::super::{Factory, Findings, GoldenMachine, InferError, Place, Tables};
use super::beside::{Beside, BesideError};
use super::failure::Setup;
use super::machine::RtlMachine;
use crate::config::Config;
use crate::golden::chip::Chip;
use crate::golden::reference::ConverterError;
use crate::mapping::Program;
use crate::testbench::{BenchError, Sample};
use std::sync::Arc;

/// Makes machines of one chip with a program and tables in place.
pub struct RtlFactory<'a> {
    setup: Setup<'a>,
    program: &'a Program,
    golden: GoldenMachine,
}

impl<'a> RtlFactory<'a> {
    /// Fails if the program is another geometry's.
    pub fn new(
        config: &'a Config,
        sample: Sample,
        program: &'a Program,
        tables: &'a Tables,
    ) -> Result<Self, InferError> {
        let Sample { seed, chip: number } = sample;
        let chip = Arc::new(Chip::draw(&config.geometry, &config.analog, seed, number));
        let golden = GoldenMachine::new(config, &chip, seed, number, &program.sram, tables)?;
        let setup = Setup { config, sample, sram: &program.sram, tables };
        Ok(Self { setup, program, golden })
    }
}

impl Factory for RtlFactory<'_> {
    type Machine = Beside<RtlMachine, GoldenMachine>;

    fn machine(&self) -> Result<Self::Machine, InferError> {
        Ok(Beside::new(self.setup.machine()?, self.golden.clone(), self.program))
    }

    /// A macro that stops, hangs or refuses is a finding; anything else ends the run.
    fn forgive(
        &self,
        machine: &mut Self::Machine,
        error: BesideError<BenchError, ConverterError>,
    ) -> Result<(), InferError> {
        match error {
            BesideError::Checked(error) => Ok(machine.checked().stopped(error)?),
            BesideError::Expected(error) => Err(error.into()),
        }
    }

    fn findings(&self, machine: &mut Self::Machine) -> Findings {
        let differences = machine.total();
        let difference_details = machine.first().iter().map(ToString::to_string).collect();
        let differing = machine.first().first();
        let differing = differing.map(|d| Place { image: Some(d.image), cycle: None, slice: 0 });
        let lockstep = machine.checked().findings(self.program.conversion_steps);
        let first = lockstep.first.or(differing);
        Findings { differences, difference_details, first, ..lockstep }
    }
}

impl From<BesideError<BenchError, ConverterError>> for InferError {
    fn from(error: BesideError<BenchError, ConverterError>) -> Self {
        match error {
            BesideError::Checked(error) => error.into(),
            BesideError::Expected(error) => error.into(),
        }
    }
}
