//! Published figures, each in one place, with the tag of its source: A the paper's abstract, F
//! reported from its body.

use std::fmt;

/// A published figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fact {
    pub value: f64,
    /// Its decimals as published.
    pub decimals: usize,
    pub tag: &'static str,
}

/// Effective number of bits of an ADC.
pub const ENOB: Fact = Fact { value: 6.85, decimals: 2, tag: "F" };
/// Errors of calibrated results stay below, in LSB.
pub const LINEARITY_LSB: Fact = Fact { value: 2.0, decimals: 0, tag: "F" };
/// Peak throughput, in GOPS.
pub const PEAK_GOPS: Fact = Fact { value: 573.44, decimals: 2, tag: "A" };
/// Efficiency at the peak: what the energy model is fitted to.
pub const TOPS_PER_WATT: Fact = Fact { value: 49.4, decimals: 1, tag: "A" };
/// Power at the peak in mW: the one over the other.
pub const PEAK_MW: Fact = Fact { value: 11.6, decimals: 1, tag: "A" };
/// Power in differential mode with all slices on, in mW. At an operating point that is not
/// published: shown beside the model's, fitted to nothing.
pub const DIFFERENTIAL_MW: Fact = Fact { value: 6.35, decimals: 2, tag: "F" };

impl Fact {
    /// The figure without its tag.
    pub fn number(&self) -> String {
        format!("{:.*}", self.decimals, self.value)
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.number(), self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_read_as_published_and_agree() {
        assert_eq!(ENOB.to_string(), "6.85 [F]");
        assert_eq!(LINEARITY_LSB.to_string(), "2 [F]");
        let power_mw = PEAK_GOPS.value / TOPS_PER_WATT.value;
        assert!((power_mw - PEAK_MW.value).abs() < 0.05, "{power_mw}");
    }
}
