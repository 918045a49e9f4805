//! The bundled digits: 8 x 8 pixels of 0..=16.

use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::error::DatasetError;
use super::idx::{self, Stream};
use super::{Dataset, Split};

/// A file of `data/digits`.
macro_rules! bundled {
    ($name:literal) => {
        (concat!("data/digits/", $name), include_bytes!(concat!("../../data/digits/", $name)))
    };
}

type Bundled = (&'static str, &'static [u8]);

const TRAIN: [Bundled; 2] =
    [bundled!("train-images-idx3-ubyte.gz"), bundled!("train-labels-idx1-ubyte.gz")];
const TEST: [Bundled; 2] =
    [bundled!("t10k-images-idx3-ubyte.gz"), bundled!("t10k-labels-idx1-ubyte.gz")];

impl Dataset {
    /// The digits that come with the program.
    ///
    /// # Errors
    /// If the program was built with files that are not whole.
    pub fn digits(split: Split) -> Result<Self, DatasetError> {
        let [images, labels] = match split {
            Split::Train => TRAIN,
            Split::Test => TEST,
        };
        idx::read("digits", stream(images), stream(labels))
    }
}

fn stream((file, bytes): Bundled) -> Stream<'static> {
    Stream { bytes: Box::new(MultiGzDecoder::new(bytes)), file: Path::new(file), unpacked: true }
}
