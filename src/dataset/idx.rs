//! The IDX format of MNIST and its like: a magic number, sizes, then unsigned bytes.

use std::io::{self, Read};
use std::path::Path;

use super::error::DatasetError;
use super::{Dataset, LONGEST};
use crate::network::Shape;

/// Unsigned bytes in one and in three dimensions.
const LABELS: u32 = 0x0801;
const IMAGES: u32 = 0x0803;
/// Largest height and width.
const SIDE: usize = 4096;

/// A stream of bytes and the file that they come from.
pub struct Stream<'a> {
    pub bytes: Box<dyn Read + 'a>,
    pub file: &'a Path,
    /// Whether they come out of gzip, so that a failure is one of the file's contents.
    pub unpacked: bool,
}

/// Reads images and their labels.
pub fn read(
    name: &str,
    mut images: Stream<'_>,
    mut labels: Stream<'_>,
) -> Result<Dataset, DatasetError> {
    let ([count, height, width], pixels) = images.array::<3>(IMAGES, "images")?;
    let ([labelled], bytes) = labels.array::<1>(LABELS, "labels")?;
    if labelled != count {
        let what = format!("{labelled} labels");
        let allowed = format!("{count}, one per image of {}", images.file.display());
        return Err(DatasetError::invalid(labels.file, what, allowed));
    }
    let shape = Shape { channels: 1, height, width };
    Ok(Dataset { name: name.to_owned(), shape, pixels, labels: bytes })
}

impl Stream<'_> {
    /// An array of `N` dimensions: its sizes and its bytes.
    fn array<const N: usize>(
        &mut self,
        magic: u32,
        of: &str,
    ) -> Result<([usize; N], Vec<u8>), DatasetError> {
        let found = self.word(of)?;
        if found != magic {
            let what = format!("starts with 0x{found:08x}");
            return Err(self.refuse(what, format!("0x{magic:08x}, unsigned bytes: {of}")));
        }
        let mut sizes = [0; N];
        for size in &mut sizes {
            *size = self.word(of)? as usize;
        }
        let length = self.length(&sizes)?;
        // The buffer grows with what is there: a header can promise anything.
        let data = self.up_to(length + 1)?;
        if (data.len() as u64) < length {
            let what = format!("{} bytes after the header", data.len());
            return Err(self.refuse(what, format!("the {length} that the header promises")));
        }
        if data.len() as u64 > length {
            let what = format!("more than the {length} bytes that the header promises");
            return Err(self.refuse(what, "nothing after them"));
        }
        Ok((sizes, data))
    }

    /// Bytes of an array.
    fn length(&self, sizes: &[usize]) -> Result<u64, DatasetError> {
        let shape: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let shape = shape.join(" x ");
        if sizes.contains(&0) {
            return Err(self.refuse(format!("{shape} are none"), "at least one of at least 1 x 1"));
        }
        // Of at most 32 + 12 + 12 bits.
        let length = sizes.iter().map(|&size| size as u64).product::<u64>();
        if sizes[1..].iter().any(|&side| side > SIDE) || length > LONGEST {
            let allowed = format!("images of at most {SIDE} x {SIDE} and {LONGEST} bytes in all");
            return Err(self.refuse(format!("{shape} in the header"), allowed));
        }
        Ok(length)
    }

    /// A number of the header, most significant byte first.
    fn word(&mut self, of: &str) -> Result<u32, DatasetError> {
        let bytes = self.up_to(4)?;
        match bytes.try_into() {
            Ok(bytes) => Ok(u32::from_be_bytes(bytes)),
            Err(_) => Err(self.refuse("ends within the header", format!("an IDX file: {of}"))),
        }
    }

    /// The next bytes, fewer at the end.
    fn up_to(&mut self, length: u64) -> Result<Vec<u8>, DatasetError> {
        let mut data = Vec::new();
        match (&mut self.bytes).take(length).read_to_end(&mut data) {
            Ok(_) => Ok(data),
            Err(error) if self.unpacked => Err(self.refuse(
                format!("not a whole gzip file: {error}"),
                "the file as it was downloaded, or unpacked without `.gz`",
            )),
            Err(source) => Err(self.failed(source)),
        }
    }

    fn failed(&self, source: io::Error) -> DatasetError {
        DatasetError::Read { file: self.file.to_owned(), source }
    }

    fn refuse(
        &self,
        what: impl std::fmt::Display,
        allowed: impl std::fmt::Display,
    ) -> DatasetError {
        DatasetError::invalid(self.file, what, allowed)
    }
}
