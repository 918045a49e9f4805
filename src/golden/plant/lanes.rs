//! Values of 32 neighbouring slices, side by side: the unit that every analog loop works on.
//! A macro with fewer slices leaves the upper lanes inactive; one with more uses several groups.

/// Slices per group.
pub const LANES: usize = 32;

/// One value per slice of a group, aligned to whole cache lines.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes(pub [f64; LANES]);

impl Lanes {
    /// All lanes zero.
    pub const ZERO: Self = Self([0.0; LANES]);

    /// The same value in every lane.
    pub const fn splat(value: f64) -> Self {
        Self([value; LANES])
    }

    /// The value of each lane from its number.
    #[inline(always)]
    pub fn from_fn(mut f: impl FnMut(usize) -> f64) -> Self {
        let mut lanes = Self::ZERO;
        for l in 0..LANES {
            lanes.0[l] = f(l);
        }
        lanes
    }

    /// `value` where `mask` has a 1, `elsewhere` where it has a 0.
    pub fn select(mask: u32, value: f64, elsewhere: f64) -> Self {
        Self::from_fn(|l| if selects(mask, l) { value } else { elsewhere })
    }

    /// Overwrites the lanes that `mask` names.
    pub fn set(&mut self, mask: u32, value: f64) {
        *self = Self::from_fn(|l| if selects(mask, l) { value } else { self.0[l] });
    }
}

/// Whether a mask selects a lane. Written with a constant shift so that loops over lanes compare
/// whole vectors.
#[inline(always)]
pub fn selects(mask: u32, lane: usize) -> bool {
    mask & (1 << lane) != 0
}

/// Lanes for which something rare holds. A bit per lane costs more than the question whether it holds
/// for any.
#[inline(always)]
pub fn rare(holds: impl Fn(usize) -> bool) -> u32 {
    let mut any = false;
    for l in 0..LANES {
        any |= holds(l);
    }
    let mut mask = 0;
    if any {
        for l in 0..LANES {
            mask |= u32::from(holds(l)) << l;
        }
    }
    mask
}

/// The groups as one value per slice.
pub fn flat(groups: &[Lanes]) -> &[f64] {
    // SAFETY: `Lanes` is `repr(C)` around an array whose size is a multiple of its alignment, so a
    // slice of it is `LANES` times as many initialized f64 without padding.
    unsafe { std::slice::from_raw_parts(groups.as_ptr().cast(), groups.len() * LANES) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_contiguous_slices() {
        let groups: Vec<Lanes> =
            (0..3).map(|g| Lanes::from_fn(|l| (g * LANES + l) as f64)).collect();
        let expected: Vec<f64> = (0..3 * LANES).map(|s| s as f64).collect();
        assert_eq!(flat(&groups), expected);
    }
}
