//! What a checkpoint of an inference belongs to: rows of another run are of no use.

use std::fmt;

use serde::{Deserialize, Serialize};

/// First line of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) schema: String,
    /// Version of the program: another one may compute otherwise.
    pub(super) capram: String,
    pub(super) network: String,
    /// Of network and mapping.
    pub(super) network_fingerprint: String,
    pub(super) config_fingerprint: String,
    pub(super) data: String,
    pub(super) data_fingerprint: String,
    /// First image and the one after the last.
    pub(super) images: [usize; 2],
    pub(super) backend: String,
    /// Fingerprint of the RTL's sources, where they are run.
    pub(super) rtl: Option<String>,
    pub(super) calibrated: bool,
    pub(super) seed: u64,
    /// The chip; of a population its rows say which.
    pub(super) chip: Option<u64>,
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            network, network_fingerprint, config_fingerprint, data, data_fingerprint, ..
        } = self;
        let [first, end] = self.images;
        let calibration = if self.calibrated { "calibrated" } else { "not calibrated" };
        let chip = self.chip.map_or_else(String::new, |chip| format!(", chip {chip}"));
        let rtl = self.rtl.as_ref().map_or_else(String::new, |rtl| format!(" ({rtl})"));
        write!(
            f,
            "{} of network {network} ({network_fingerprint}) on {data} ({data_fingerprint}), images \
             {first} to {}, backend {}{rtl}, {calibration}, configuration {config_fingerprint}, seed {}{chip}, \
             capram {}",
            self.schema,
            end.saturating_sub(1),
            self.backend,
            self.seed,
            self.capram
        )
    }
}
