//! Finds the official files in a folder.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::DatasetError;
use super::idx::{self, Stream};
use super::{Dataset, LONGEST, Split, cifar};

const IDX: [[&str; 2]; 2] = [
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
    ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
];
const CIFAR_TRAIN: &[&str] = &[
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
];
const CIFAR_TEST: &[&str] = &["test_batch.bin"];
/// What is looked for, in words.
const LOOKED_FOR: &str = "either IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, \
     t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each also with .gz) or CIFAR-10 binary \
     (data_batch_1.bin to data_batch_5.bin, test_batch.bin)";

impl Dataset {
    /// Reads one part of the data set in a folder: IDX files (plain or, where there is no plain one,
    /// gzip) or CIFAR-10 binary. The folder's name becomes the data set's.
    ///
    /// # Errors
    /// If the folder has files of neither or of both kinds, or a file is missing or is not whole; the
    /// error's text is one line with the file, what is wrong and what is allowed.
    pub fn open(folder: &Path, split: Split) -> Result<Self, DatasetError> {
        let failed = |source| DatasetError::Read { file: folder.to_owned(), source };
        if !folder.metadata().map_err(failed)?.is_dir() {
            return Err(DatasetError::invalid(folder, "not a folder", "a folder of images"));
        }
        let here = |name: &&str| folder.join(name).is_file();
        let idx = IDX.as_flattened().iter().any(|name| here(name) || here(&&*packed(name)));
        let cifar = [CIFAR_TRAIN, CIFAR_TEST].concat().iter().any(here);
        match (idx, cifar) {
            (true, false) => open_idx(folder, split),
            (false, true) => open_cifar(folder, split),
            (false, false) => Err(DatasetError::invalid(folder, "no data set", LOOKED_FOR)),
            (true, true) => Err(DatasetError::invalid(folder, "both IDX and CIFAR-10", LOOKED_FOR)),
        }
    }
}

/// Name of the gzip file.
fn packed(name: &str) -> String {
    format!("{name}.gz")
}

fn open_idx(folder: &Path, split: Split) -> Result<Dataset, DatasetError> {
    let names = match split {
        Split::Train => IDX[0],
        Split::Test => IDX[1],
    };
    let [images, labels] = names.map(|name| {
        let plain = folder.join(name);
        // The plain file stands in the message if there is neither.
        let gzip = folder.join(packed(name));
        if !plain.is_file() && gzip.is_file() { gzip } else { plain }
    });
    let name = folder.display().to_string();
    idx::read(&name, stream(&images)?, stream(&labels)?)
}

fn stream(file: &Path) -> Result<Stream<'_>, DatasetError> {
    let failed = |source| DatasetError::Read { file: file.to_owned(), source };
    let reader = BufReader::new(File::open(file).map_err(failed)?);
    let unpacked = file.extension().is_some_and(|extension| extension == "gz");
    let bytes: Box<dyn Read> =
        if unpacked { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) };
    Ok(Stream { bytes, file, unpacked })
}

fn open_cifar(folder: &Path, split: Split) -> Result<Dataset, DatasetError> {
    let names = match split {
        Split::Train => CIFAR_TRAIN,
        Split::Test => CIFAR_TEST,
    };
    let mut dataset = Dataset {
        name: folder.display().to_string(),
        shape: cifar::SHAPE,
        pixels: Vec::new(),
        labels: Vec::new(),
    };
    for name in names {
        let file: PathBuf = folder.join(name);
        let bytes =
            contents(&file).map_err(|source| DatasetError::Read { file: file.clone(), source })?;
        cifar::read(&file, &bytes, &mut dataset)?;
    }
    Ok(dataset)
}

fn contents(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        let message = format!("longer than the {LONGEST} bytes that are allowed");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}
