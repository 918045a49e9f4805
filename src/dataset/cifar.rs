//! The binary version of CIFAR-10: records of a label and 3 x 32 x 32 pixels.

use std::path::Path;

use super::Dataset;
use super::error::DatasetError;
use crate::network::Shape;

pub const SHAPE: Shape = Shape { channels: 3, height: 32, width: 32 };
/// A label and the pixels of an image.
const RECORD: usize = 1 + 3 * 32 * 32;
const CLASSES: u8 = 10;

/// Adds the images of one file.
pub fn read(file: &Path, bytes: &[u8], into: &mut Dataset) -> Result<(), DatasetError> {
    let (records, rest) = bytes.as_chunks::<RECORD>();
    if records.is_empty() || !rest.is_empty() {
        let what = format!("{} bytes", bytes.len());
        let allowed = format!("whole records of {RECORD} bytes, at least one");
        return Err(DatasetError::invalid(file, what, allowed));
    }
    for (number, [label, pixels @ ..]) in records.iter().enumerate() {
        if *label >= CLASSES {
            let what = format!("label {label} in record {number}");
            return Err(DatasetError::invalid(file, what, format!("0 to {}", CLASSES - 1)));
        }
        into.labels.push(*label);
        into.pixels.extend_from_slice(pixels);
    }
    Ok(())
}
