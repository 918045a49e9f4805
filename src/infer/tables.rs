//! The post-processor's calibration tables of a macro: a line per ADC and range, one master curve.

use crate::config::{Geometry, Range};
use crate::golden::ideal::{self, Calibration, MASTER_ENTRIES};

/// Codes of an ADC.
const CODES: usize = 128;

/// What the host writes before the first image; section 3 of the theory of operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Lines, `[range][adc]`.
    pub calibration: [Vec<Calibration>; 4],
    /// Master curve in sixteenths of an LSB, shared by all ADCs and ranges.
    pub master: [i8; MASTER_ENTRIES],
}

impl Tables {
    /// Tables that change nothing.
    pub fn neutral(geometry: &Geometry) -> Self {
        let line = vec![Calibration::NEUTRAL; geometry.slices()];
        Self { calibration: std::array::from_fn(|_| line.clone()), master: [0; MASTER_ENTRIES] }
    }

    /// Value in sixteenths of a unit of every code of every ADC in a range, `[adc][code]`; those of
    /// single-ended conversions are larger by the reference.
    pub(super) fn values(&self, range: Range) -> Vec<[i32; CODES]> {
        let value = |&line: &Calibration, code: usize| {
            ideal::calibrated_value(code as u8, line, &self.master, range, 0) as i32
        };
        let of_adc = |line| std::array::from_fn(|code| value(line, code));
        self.calibration[range as usize].iter().map(of_adc).collect()
    }
}
