//! Names of the pins, as they stand in the waves: which field of the pin words differs.

use crate::pins::{Pins, SLICE_WORDS};

/// One named field of the control words.
pub struct Field {
    /// Signal name in `capram_sim`.
    pub name: &'static str,
    word: usize,
    words: usize,
    shift: u32,
    bits: u32,
    /// One bit per slice, so that a difference has slices.
    pub per_slice: bool,
}

const fn bit(name: &'static str, shift: u32) -> Field {
    bits(name, 0, shift, 1)
}

const fn bits(name: &'static str, word: usize, shift: u32, bits: u32) -> Field {
    Field { name, word, words: 1, shift, bits, per_slice: false }
}

const fn wide(name: &'static str, word: usize, words: usize, per_slice: bool) -> Field {
    Field { name, word, words, shift: 0, bits: 32, per_slice }
}

/// All fields that are compared in every cycle, in the order in which a difference is blamed:
/// a pin that steers others comes before them.
pub const FIELDS: &[Field] = &[
    bit("busy", 11),
    bit("reset", 0),
    bit("sample", 1),
    bits("plane_wl", 1, 0, 8),
    bit("share", 2),
    bit("strobe", 3),
    bit("inject", 4),
    bit("latch", 6),
    bit("inject_twice", 5),
    bits("cells", 0, 20, 5),
    bit("precharge", 7),
    bit("write", 8),
    bit("sense", 9),
    bits("column", 0, 12, 2),
    bit("differential", 10),
    bits("range", 0, 14, 2),
    bits("level", 0, 16, 4),
    bits("word", 0, 25, 2),
    wide("cluster_sel", 2, 2, false),
    wide("slice_active", 4, SLICE_WORDS, true),
    wide("inject_p", 8, SLICE_WORDS, true),
    wide("inject_n", 12, SLICE_WORDS, true),
    wide("write_data", 16, 1, false),
    wide("dac", 17, 8, false),
];

impl Field {
    /// The field's value, most significant word first, in hexadecimal.
    pub fn value(&self, pins: &Pins) -> String {
        let words = &pins.as_words()[self.word..][..self.words];
        if self.words == 1 {
            return format!("{:#x}", self.part(words[0]));
        }
        let digits: String = words.iter().rev().map(|word| format!("{word:08x}")).collect();
        match digits.trim_start_matches('0') {
            "" => "0x0".into(),
            digits => format!("0x{digits}"),
        }
    }

    /// Whether two pin states differ in this field.
    pub fn differs(&self, a: &Pins, b: &Pins) -> bool {
        self.differences(a, b).next().is_some()
    }

    /// Bit positions in which two pin states differ.
    pub fn differences(&self, a: &Pins, b: &Pins) -> impl Iterator<Item = usize> {
        let range = self.word..self.word + self.words;
        let (a, b) = (&a.as_words()[range.clone()], &b.as_words()[range]);
        let changed: Vec<u32> = a.iter().zip(b).map(|(a, b)| self.part(a ^ b)).collect();
        let total = 32 * self.words;
        (0..total).filter(move |i| changed[i / 32] >> (i % 32) & 1 == 1)
    }

    fn part(&self, word: u32) -> u32 {
        let mask = if self.bits == 32 { u32::MAX } else { (1 << self.bits) - 1 };
        word >> self.shift & mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::CONTROL_WORDS;

    /// Every bit that the reference predicts belongs to exactly one field, or a pin could be wrong
    /// without a name.
    #[test]
    fn fields_cover_the_control_words() {
        let none = Pins::default();
        for bit in 0..32 * CONTROL_WORDS {
            let unused = (bit / 32 == 0 && bit >= 27) || (bit / 32 == 1 && bit % 32 >= 8);
            let mut pins = none;
            pins.as_words_mut()[bit / 32] = 1 << (bit % 32);
            let owners = FIELDS.iter().filter(|field| field.differs(&none, &pins)).count();
            assert_eq!(owners, usize::from(!unused), "bit {bit}");
        }
    }
}
