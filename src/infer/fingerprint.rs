//! Short names of what a run depends on, the same on every machine: 64-bit FNV-1a.

use std::fmt::{self, Debug, Write};

use crate::dataset::Dataset;
use crate::mapping::Program;
use crate::network::Network;

/// Of everything in a network and its mapping.
pub(super) fn of_work(network: &Network, program: &Program) -> String {
    of_debug(&(network, program))
}

/// Of all images and labels.
pub(super) fn of_data(dataset: &Dataset) -> String {
    let mut hash = Fnv::NEW;
    [&dataset.pixels, &dataset.labels].into_iter().for_each(|bytes| hash.add(bytes));
    format!("{:016x}", hash.0)
}

/// Every field of a value shows in its debugging text, which is hashed as it is made.
fn of_debug(value: &impl Debug) -> String {
    let mut hash = Fnv::NEW;
    // Writing to a hash cannot fail.
    let _ = write!(hash, "{value:?}");
    format!("{:016x}", hash.0)
}

struct Fnv(u64);

impl Fnv {
    const NEW: Self = Self(0xcbf2_9ce4_8422_2325);

    fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    }
}

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FNV-1a's published test vectors.
    #[test]
    fn known_hashes() {
        for (text, known) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            let mut hash = Fnv::NEW;
            hash.add(text.as_bytes());
            assert_eq!(hash.0, known);
        }
    }
}
