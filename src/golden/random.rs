//! Counter-based random numbers: a draw depends on its key and element only, never on order,
//! thread or what was drawn before.
//!
//! `G(seed, chip, source, slice, side, element, conversion)`: the 64-bit key mixes what is common
//! to many draws (seed, chip, conversion index or source), the 32-bit element numbers the draw
//! within it. One draw is two multiplications: the `lowbias32` mixer (C. Wellons, hash-prospector)
//! with the second half of the key folded in between its rounds.
//!
//! The normal variate is the sum of the hash's four bytes (Irwin-Hall, n = 4), bent by a cubic so
//! that its variance is 1 and its kurtosis 3. It takes 1021 values: through the middle of its steps
//! its distribution differs from the normal one by at most 0.0021, at their edges by at most 0.0033;
//! its tails end at 4.04 sigma.

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

    /// How many of the 2^32 hashes have each sum of four bytes, exactly.
    fn counts() -> Vec<u64> {
        (0..4).fold(vec![1], |counts: Vec<u64>, _| {
            let mut next = vec![0; counts.len() + 255];
            for (sum, count) in counts.iter().enumerate() {
                next[sum..=sum + 255].iter_mut().for_each(|n| *n += count);
            }
            next
        })
    }

    /// Moments, ends and distance to the normal distribution of all 2^32 hashes, not of a sample.
    #[test]
    fn distribution_is_as_stated() {
        let counts = counts();
        let all = 2_f64.powi(32);
        assert_eq!((counts.len(), counts.iter().sum::<u64>()), (1021, 1 << 32));
        // Bytes that add up to `sum`.
        let value = |sum: u32| {
            let byte = |i: u32| sum.saturating_sub(255 * i).min(255);
            normal_from_bits(byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24)
        };
        let values: Vec<f64> = (0..1021).map(value).collect();
        let moment = |power: i32| {
            let terms = counts.iter().zip(&values);
            terms.map(|(&count, z)| count as f64 * z.powi(power)).sum::<f64>() / all
        };
        assert!((moment(2) - 1.0).abs() < 1e-12 && (moment(4) - 3.0).abs() < 1e-12);
        assert_eq!(values[0], -values[1020]);
        assert!((values[1020] - 4.04).abs() < 1e-3, "{}", values[1020]);
        assert!(values.is_sorted());

        // The normal distribution, summed up in steps of 1/4096 by Simpson's rule from -8 on.
        let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        let area = |a: f64, b: f64| {
            (b - a) / 6.0 * (density(a) + 4.0 * density((a + b) / 2.0) + density(b))
        };
        let (mut x, mut normal, mut below) = (-8.0, 0.0, 0);
        let (mut middle, mut edge) = (0.0_f64, 0.0_f64);
        for (&count, &z) in counts.iter().zip(&values) {
            while x < z {
                let next = (x + 1.0 / 4096.0).min(z);
                normal += area(x, next);
                x = next;
            }
            let distance = |hashes: f64| (hashes / all - normal).abs();
            middle = middle.max(distance(below as f64 + count as f64 / 2.0));
            edge = edge.max(distance(below as f64)).max(distance((below + count) as f64));
            below += count;
        }
        assert!((0.0020..=0.0021).contains(&middle), "{middle}");
        assert!((0.0031..=0.0033).contains(&edge), "{edge}");
    }

    /// Moments over a million draws.
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
