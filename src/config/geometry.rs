//! Array geometry and the ways weights are laid out in it.

use serde::{Deserialize, Serialize};

/// Cells of a cluster, and so planes of the array ([A]: eight cells share one MAC circuit).
pub const PLANES: usize = 8;
/// Decisions of a conversion ([A]: 7-bit ciSAR).
pub const ADC_BITS: usize = 7;
/// Columns that one host word of the SRAM covers.
pub const WORD_BITS: usize = 32;

/// Geometry of a macro. Fixed when the RTL is built; one model is built per distinct geometry
/// found in `configs/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Geometry {
    /// MAC rows; the array has eight times as many physical rows. A multiple of 8, at most 64.
    pub mac_rows: usize,
    /// Columns of the array: a power of two of slices, at least 4, and at most 128 columns.
    pub columns: usize,
    /// Columns that share one ADC: 1, 2 or 4.
    pub columns_per_slice: usize,
    /// Post-processing lanes: a power of two that divides the slices, at least 8 slices each if
    /// more than one.
    pub post_lanes: usize,
}

impl Geometry {
    /// Slices, each with one ADC.
    pub fn slices(&self) -> usize {
        self.columns / self.columns_per_slice
    }

    /// Physical rows of the array.
    pub fn rows(&self) -> usize {
        PLANES * self.mac_rows
    }

    /// Host words of one physical row.
    pub fn words_per_row(&self) -> usize {
        self.columns.div_ceil(WORD_BITS)
    }

    /// Slices that a lane of the post-processor serves, one per cycle: it takes new codes when it is
    /// through with them.
    pub fn slices_per_lane(&self) -> usize {
        self.slices() / self.post_lanes
    }

    /// Units of a slice in this format; 0 if the format does not fit.
    pub fn units(&self, format: WeightFormat) -> usize {
        self.columns_per_slice / format.columns()
    }

    /// Rows whose dummy capacitor is charged to the reference level; the rest stays at V_low.
    pub fn reference_rows(&self) -> usize {
        self.mac_rows / 2
    }
}

/// How a weight is stored in the columns of a unit. The discriminant is the RTL's encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum WeightFormat {
    /// Bipolar, -1 or +1, stored as (w + 1) / 2.
    Single1 = 0,
    /// Two's complement, 2 bits.
    Single2 = 1,
    /// Two's complement, 3 bits.
    Single3 = 2,
    /// Two's complement, 4 bits.
    Single4 = 3,
    /// One ternary digit, a P and an N column.
    Diff1 = 4,
    /// Two ternary digits of the same sign, 2 d1 + d0: -3..=3.
    Diff2 = 5,
}

impl WeightFormat {
    /// All formats, in the order of their encoding.
    pub const ALL: [Self; 6] =
        [Self::Single1, Self::Single2, Self::Single3, Self::Single4, Self::Diff1, Self::Diff2];

    /// Bits (single-ended) or ternary digits (differential): conversion steps per unit and pass.
    pub fn digits(self) -> usize {
        match self {
            Self::Single1 | Self::Diff1 => 1,
            Self::Single2 | Self::Diff2 => 2,
            Self::Single3 => 3,
            Self::Single4 => 4,
        }
    }

    /// The name that files and options use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single1 => "single1",
            Self::Single2 => "single2",
            Self::Single3 => "single3",
            Self::Single4 => "single4",
            Self::Diff1 => "diff1",
            Self::Diff2 => "diff2",
        }
    }

    /// Whether a digit is the difference of two columns.
    pub fn differential(self) -> bool {
        matches!(self, Self::Diff1 | Self::Diff2)
    }

    /// Columns that one weight takes.
    pub fn columns(self) -> usize {
        self.digits() * if self.differential() { 2 } else { 1 }
    }

    /// Smallest and largest weight; `Single1` has nothing between its two.
    pub fn weight_range(self) -> (i8, i8) {
        match self {
            Self::Single1 | Self::Diff1 => (-1, 1),
            Self::Single2 => (-2, 1),
            Self::Single3 => (-4, 3),
            Self::Single4 => (-8, 7),
            Self::Diff2 => (-3, 3),
        }
    }

    /// Whether this format can store `weight`.
    pub fn holds(self, weight: i8) -> bool {
        let (low, high) = self.weight_range();
        (low..=high).contains(&weight) && (self != Self::Single1 || weight != 0)
    }

    /// Stored bits of a weight, leftmost column of the unit first.
    pub fn bits(self, weight: i8) -> Vec<bool> {
        let magnitude = weight.unsigned_abs();
        match self {
            Self::Single1 => vec![weight > 0],
            Self::Diff1 | Self::Diff2 => (0..self.digits())
                .rev()
                .map(|i| magnitude >> i & 1 == 1)
                .flat_map(|digit| [digit && weight > 0, digit && weight < 0])
                .collect(),
            _ => (0..self.digits()).rev().map(|i| weight >> i & 1 == 1).collect(),
        }
    }
}

/// Conversion range r: the full scale of the ADC relative to all rows at full activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Range {
    /// r = 1
    #[serde(rename = "1")]
    Full = 0,
    /// r = 1/2
    #[serde(rename = "1/2")]
    Half = 1,
    /// r = 1/4
    #[serde(rename = "1/4")]
    Quarter = 2,
    /// r = 1/8
    #[serde(rename = "1/8")]
    Eighth = 3,
}

impl Range {
    /// All ranges, widest first.
    pub const ALL: [Self; 4] = [Self::Full, Self::Half, Self::Quarter, Self::Eighth];

    /// log2(1/r), also the RTL's encoding.
    pub fn log2_inverse(self) -> u32 {
        self as u32
    }

    /// r itself.
    pub fn factor(self) -> f64 {
        1.0 / f64::from(1 << self.log2_inverse())
    }
}
