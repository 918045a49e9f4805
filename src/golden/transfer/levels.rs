//! Levels of the row DACs, backwards.

use crate::golden::chip::{LEVEL_UNIT, LEVELS};

/// l(x) of a chip, continued between and beyond the levels.
pub(super) struct Levels {
    /// l at whole x, in DAC steps.
    levels: [f64; LEVELS],
    /// Largest distance of a level from its place.
    reach: f64,
}

impl Levels {
    /// From errors in DAC steps / `LEVEL_UNIT`.
    pub fn new(errors: &[i16; LEVELS]) -> Self {
        let errors = errors.map(|error| f64::from(error) / f64::from(LEVEL_UNIT));
        Self {
            levels: std::array::from_fn(|x| x as f64 + errors[x]),
            reach: errors.iter().fold(0.0, |reach, error| error.abs().max(reach)),
        }
    }

    /// The x at which l passes `level` for the last time, both in DAC steps.
    pub fn place(&self, level: f64) -> f64 {
        const LAST: usize = LEVELS - 1;
        // No x above this has a level as low.
        let mut x = ((level + self.reach) as usize).min(LAST);
        while x > 0 && self.levels[x] > level {
            x -= 1;
        }
        let above = level - self.levels[x];
        let slope = if x < LAST { self.levels[x + 1] - self.levels[x] } else { 1.0 };
        x as f64 + above / slope
    }
}
