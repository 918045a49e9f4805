//! What a host asks of the macro. The reference works from these alone.

use crate::config::{Geometry, Range, WeightFormat};

/// One operation: a plane against an activation vector. Encoded in one OPERATION word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Plane, 0..=7.
    pub plane: u8,
    /// How the plane's weights are stored.
    pub format: WeightFormat,
    /// Activation width, 1..=8; more than 4 takes two passes.
    pub activation_bits: u8,
    /// Conversion range.
    pub range: Range,
    /// DAC level of the reference column, 0..=15.
    pub level: u8,
    /// Activation slot of the (high) digits, 0..=15; even when there are two passes.
    pub slot: u8,
    /// Units of each slice to convert, 1..=4.
    pub units: u8,
    /// Start the accumulators from zero.
    pub clear: bool,
    /// Requantize when done.
    pub emit: bool,
    /// Bank of accumulators, requantization parameters and results, 0..=1.
    pub bank: u8,
}

impl Operation {
    /// Passes over the array: one per activation digit.
    pub fn passes(&self) -> usize {
        if self.activation_bits > 4 { 2 } else { 1 }
    }

    /// Conversion steps of the operation.
    pub fn steps(&self) -> usize {
        self.passes() * usize::from(self.units) * self.format.digits()
    }

    /// Outputs the operation writes: all slices of the units in use.
    pub fn outputs(&self, geometry: &Geometry) -> usize {
        usize::from(self.units) * geometry.slices()
    }

    /// The operation of an OPERATION word; `None` for a reserved format or reserved bits.
    pub fn decode(word: u32) -> Option<Self> {
        let field = |shift: u32, bits: u32| (word >> shift & ((1 << bits) - 1)) as u8;
        Some(Self {
            plane: field(0, 3),
            format: *WeightFormat::ALL.get(usize::from(field(3, 3)))?,
            activation_bits: field(6, 3) + 1,
            range: Range::ALL[usize::from(field(9, 2))],
            level: field(11, 4),
            slot: field(15, 4),
            units: field(19, 2) + 1,
            clear: field(21, 1) == 1,
            emit: field(22, 1) == 1,
            bank: field(23, 1),
        })
        .filter(|_| word >> 24 == 0)
    }

    /// The OPERATION register's word.
    pub fn encode(&self) -> u32 {
        u32::from(self.plane)
            | (self.format as u32) << 3
            | (u32::from(self.activation_bits) - 1) << 6
            | self.range.log2_inverse() << 9
            | u32::from(self.level) << 11
            | u32::from(self.slot) << 15
            | (u32::from(self.units) - 1) << 19
            | u32::from(self.clear) << 21
            | u32::from(self.emit) << 22
            | u32::from(self.bank) << 23
    }
}

/// Requantization of a layer: q = clip((acc m + bias + round) >> shift, 0, 2^bits - 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requantize {
    /// Right shift, 0..=31.
    pub shift: u8,
    /// Output width, 1..=8; results of up to 4 bits are packed eight to a word, wider ones four.
    pub bits: u8,
}

/// Digit vectors of an activation vector, high digits first; one vector for up to 4 bits.
pub fn digit_vectors(activations: &[u8], activation_bits: u8) -> Vec<Vec<u8>> {
    if activation_bits > 4 {
        vec![
            activations.iter().map(|x| x >> 4).collect(),
            activations.iter().map(|x| x & 15).collect(),
        ]
    } else {
        vec![activations.to_vec()]
    }
}
