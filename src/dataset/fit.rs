//! Whether images are those that a network takes.

use std::path::Path;

use super::Dataset;
use super::error::DatasetError;
use crate::network::Network;

impl Dataset {
    /// Refuses images of another shape than the network's input, and labels beyond its classes.
    ///
    /// # Errors
    /// The first that does not fit; the error's text is one line.
    pub fn check_fits(&self, network: &Network) -> Result<(), DatasetError> {
        let refuse =
            |what, allowed| Err(DatasetError::invalid(Path::new(&self.name), what, allowed));
        let wanted = network.input.shape;
        if self.shape != wanted {
            let what = format!("images of {} (channels x height x width)", self.shape);
            return refuse(what, format!("{wanted}, the input of network `{}`", network.name));
        }
        let classes = network.labels.len();
        match self.labels.iter().position(|&label| usize::from(label) >= classes) {
            Some(image) => {
                let what = format!("label {} of image {image}", self.labels[image]);
                refuse(
                    what,
                    format!("0 to {}, the classes of network `{}`", classes - 1, network.name),
                )
            }
            None => Ok(()),
        }
    }
}
