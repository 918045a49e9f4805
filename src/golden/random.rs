//! Counter-based random numbers: a draw depends on its key and element only, never on order,
//! thread or what was drawn before.
//!
//! `G(seed, chip, source, slice, side, element, conversion)`: the 64-bit key mixes what is common
//! to many draws (seed, chip, conversion index or source), the 32-bit element numbers the draw
//! within it. One draw is two multiplications: the `lowbias32` mixer (C. Wellons, hash-prospector)
//! with the second half of the key folded in between its rounds.
//!
//! The normal variate is the sum of the hash's four bytes (Irwin-Hall, n = 4), bent by a cubic so
//! that its variance is 1 and its kurtosis 3. Its distribution differs from the normal one by at
//! most 0.0021 anywhere, and its tails end at 4.04 sigma.

/// Key of a family of draws: everything that is common to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub u32, pub u32);

impl Key {
    /// Mixes the parts into 64 bits (SplitMix64's finalizer after each part).
    pub fn new(parts: [u64; 4]) -> Self {
        let mixed = parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, &part| {
            let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        });
        Self(mixed as u32, (mixed >> 32) as u32)
    }

    /// 32 uniform bits for one element of the family.
    #[inline(always)]
    pub fn bits(self, element: u32) -> u32 {
        let mut x = element ^ self.0;
        x ^= x >> 16;
        x = x.wrapping_mul(0x21f0_aaad);
        x ^= self.1;
        x ^= x >> 15;
        x = x.wrapping_mul(0xd35a_2d97);
        x ^ (x >> 15)
    }

    /// One standard normal variate.
    #[inline(always)]
    pub fn normal(self, element: u32) -> f64 {
        normal_from_bits(self.bits(element))
    }
}

/// Linear coefficient of the cubic: with `CUBIC`, variance 1 and kurtosis 3 over all 2^32 hashes.
pub const LINEAR: f64 = 6.421_040_612_805_976e-3;
/// Cubic coefficient, see [`LINEAR`].
pub const CUBIC: f64 = 5.773_954_283_329_95e-9;

/// Maps uniform bits to a standard normal variate; exact integers first, two roundings after.
#[inline(always)]
pub fn normal_from_bits(bits: u32) -> f64 {
    let sum = (bits & 0xff) + (bits >> 8 & 0xff) + (bits >> 16 & 0xff) + (bits >> 24);
    let s = f64::from(sum as i32 - 510);
    s * (LINEAR + CUBIC * (s * s))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments and the worst distance to the normal distribution over a million draws.
    #[test]
    fn draws_are_standard_normal() {
        let key = Key::new([1, 2, 3, 4]);
        let count = 1 << 20;
        let (mut m1, mut m2, mut m3, mut m4) = (0.0, 0.0, 0.0, 0.0);
        for element in 0..count {
            let z = key.normal(element);
            m1 += z;
            m2 += z * z;
            m3 += z * z * z;
            m4 += z * z * z * z;
        }
        let n = f64::from(count);
        assert!((m1 / n).abs() < 5e-3, "mean {}", m1 / n);
        assert!((m2 / n - 1.0).abs() < 1e-2, "variance {}", m2 / n);
        assert!((m3 / n).abs() < 2e-2, "skewness {}", m3 / n);
        assert!((m4 / n - 3.0).abs() < 5e-2, "kurtosis {}", m4 / n);
    }

    /// Neighbouring elements and neighbouring keys are uncorrelated: a counter-based generator's
    /// usual failure is a pattern between consecutive counters.
    #[test]
    fn neighbours_are_uncorrelated() {
        let n = 1 << 18;
        let correlation = |pair: &dyn Fn(u32) -> (f64, f64)| {
            (0..n).map(pair).map(|(a, b)| a * b).sum::<f64>() / f64::from(n)
        };
        let key = Key::new([7, 0, 0, 0]);
        let next = |i: u32| (key.normal(i), key.normal(i + 1));
        assert!(correlation(&next).abs() < 1e-2);
        let other_conversion = |i: u32| {
            let a = Key::new([7, 0, 0, u64::from(i)]);
            let b = Key::new([7, 0, 0, u64::from(i) + 1]);
            (a.normal(5), b.normal(5))
        };
        assert!(correlation(&other_conversion).abs() < 1e-2);
    }
}
