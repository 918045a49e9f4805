//! Labelled images: the official IDX and CIFAR-10 files, and the bundled digits.
//! `docs/networks.md`, section 5.

mod cifar;
mod digits;
mod error;
mod fit;
mod idx;
mod open;

#[cfg(test)]
mod tests;

pub use error::DatasetError;

use crate::network::Shape;

/// Most bytes of one file's images. [C] The largest of the kind, EMNIST, has half as many.
const LONGEST: u64 = 1 << 30;

/// Which part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    Train,
    Test,
}

/// Images of one shape and their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// As the user named it.
    pub name: String,
    pub shape: Shape,
    /// `[image][channel][row][column]`.
    pub pixels: Vec<u8>,
    /// One per image.
    pub labels: Vec<u8>,
}

impl Dataset {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Pixels of an image.
    pub fn image(&self, index: usize) -> &[u8] {
        let elements = self.shape.elements();
        &self.pixels[index * elements..][..elements]
    }
}
