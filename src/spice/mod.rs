//! Charge sharing and whole conversions as ngspice simulates them, compared with the golden
//! reference node by node. `docs/spice.md` says what this checks and what it can not.

mod case;
mod cisar;
mod compare;
mod deck;
mod network;
mod predict;
mod run;
mod schedule;
mod summary;
mod wave;

pub use case::{CONVERSIONS, Case, TOLERANCE_LSB};
pub use deck::{Deck, Kind, Node, Probe};
pub use network::{Comparator, Injection, Network, Push, Sees, Side, Switches};
pub use predict::{Predicted, Prediction, SideVolts};
pub use run::{Ngspice, RunError, measurements};

use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::config::Config;
use crate::golden::reference::ConverterError;
use crate::report::{SpiceReport, WriteError, write_atomic};
use compare::{Comparison, NotMeasured, compare};

/// What ended a check early. A mismatch does not: it is a result.
#[derive(Debug, thiserror::Error)]
pub enum SpiceError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Reference(#[from] ConverterError),
    #[error("no temporary folder for decks: {0}")]
    Folder(std::io::Error),
    #[error("no threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// What to check and how.
pub struct SpiceCheck<'a> {
    /// The machine; noise and metastability are left out.
    pub config: &'a Config,
    /// Seed of the chips and of what they convert.
    pub seed: u64,
    /// Numbers of the chips.
    pub chips: Range<u64>,
    /// Threads, each with an ngspice of its own.
    pub threads: usize,
    pub ngspice: &'a Ngspice,
    /// Which voltage of the bit line the decks' injection cells go by.
    pub sees: Sees,
    /// Folder that keeps decks and logs; it must exist. Without, they are gone at the end.
    pub out: Option<PathBuf>,
    /// Plants an error in the decks, not in what they are compared with.
    pub alter: Option<&'a (dyn Fn(&mut Network) + Sync)>,
}

/// What the two decks of a chip gave.
struct Checked {
    comparisons: Vec<(Kind, Comparison)>,
}

impl SpiceCheck<'_> {
    /// Runs both decks of all chips. `progress` is called once per finished chip.
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<SpiceReport, SpiceError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build()?;
        let temporary = tempfile::tempdir().map_err(SpiceError::Folder)?;
        let folder = self.out.as_deref().unwrap_or(temporary.path());
        let one = |number| {
            let checked = self.chip(number, folder);
            progress();
            checked
        };
        let run = || self.chips.clone().into_par_iter().map(one).collect();
        let checked: Result<Vec<Checked>, SpiceError> = pool.install(run);
        Ok(self.report(&checked?))
    }

    fn chip(&self, number: u64, folder: &Path) -> Result<Checked, SpiceError> {
        let (case, prediction) = Case::draw(self.config, self.seed, number)?;
        let mut network = Network::of(&case);
        network.injection.sees = self.sees;
        if let Some(alter) = self.alter {
            alter(&mut network);
        }
        let compare = |kind| {
            let deck = Deck::write(kind, &case, &network);
            Ok((kind, self.deck(&case, &prediction, &deck, folder)?))
        };
        let comparisons: Result<Vec<_>, SpiceError> = Kind::ALL.into_iter().map(compare).collect();
        Ok(Checked { comparisons: comparisons? })
    }

    fn deck(
        &self,
        case: &Case,
        prediction: &Prediction,
        deck: &Deck,
        folder: &Path,
    ) -> Result<Comparison, SpiceError> {
        let path = folder.join(format!("chip-{}-{}.cir", case.number, deck.kind));
        write_atomic(&path, deck.text.as_bytes())?;
        let ran = self.ngspice.run(&path);
        let output = match &ran {
            Ok(output) => output.as_str(),
            Err(error) => error.output(),
        };
        write_atomic(&path.with_extension("log"), output.as_bytes())?;
        let output = ran?;
        compare(case, deck, &measurements(&output), prediction)
            .map_err(|NotMeasured(name)| RunError::NotMeasured { deck: path, name, output }.into())
    }
}
