//! The emulator's random numbers, bit for bit: `rtl/fpga/capram_emu_noise.sv`.

/// Bytes that are added to one draw.
const BYTES: u32 = 12;
/// Their mean.
const MEAN: i64 = 255 * BYTES as i64 / 2;

/// The noise of the comparators' decisions: one draw per slice and strobe, slice 0 first.
#[derive(Clone, Debug)]
pub struct Noise {
    state: u32,
}

impl Noise {
    /// A generator after NOISE_SEED was written, or after reset with seed 1; 0 counts as 1.
    pub fn new(seed: u32) -> Self {
        Self { state: if seed == 0 { 1 } else { seed } }
    }

    fn byte(&mut self) -> u8 {
        let tap = |back: u32| (self.state >> (back - 8)) as u8;
        let byte = tap(32) ^ tap(30) ^ tap(26) ^ tap(25);
        self.state = self.state << 8 | u32::from(byte);
        byte
    }

    /// The next draw, in 2^-8 of its standard deviation.
    pub fn draw(&mut self) -> i64 {
        (0..BYTES).map(|_| i64::from(self.byte())).sum::<i64>() - MEAN
    }

    /// The next draw in 2^-26 V, with the NOISE register at `sigma`.
    pub fn volts(&mut self, sigma: u16) -> i64 {
        (self.draw() * i64::from(sigma) + 2) >> 2
    }
}

/// Units of noise, 2^-26 V, in one of the offsets.
pub const OFFSET_UNITS: i64 = 128;

/// Comparators of an emulator whose gains and injection charges are all 0: both sides stay at 0, so
/// that offsets and noise alone decide.
#[derive(Clone, Debug)]
pub struct Decider {
    noise: Noise,
    offsets: Vec<i16>,
    sigma: u16,
}

impl Decider {
    /// Offsets as table words, 2^-19 V, one per slice; `sigma` is the NOISE register.
    pub fn new(noise: Noise, offsets: Vec<i16>, sigma: u16) -> Self {
        Self { noise, offsets, sigma }
    }

    /// One strobe's decisions, slice 0 first.
    pub fn strobe(&mut self) -> Vec<bool> {
        let Self { noise, offsets, sigma } = self;
        // The generator rests while the noise is off.
        let mut volts = || if *sigma == 0 { 0 } else { noise.volts(*sigma) };
        offsets.iter().map(|&o| i64::from(o) * OFFSET_UNITS + volts() >= 0).collect()
    }

    /// The generator as it is now.
    pub fn noise(self) -> Noise {
        self.noise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits follow the recurrence that the module names.
    #[test]
    fn recurrence() {
        let mut noise = Noise::new(0x1234_5678);
        let mut bits: Vec<u8> = (0..32).map(|i| (0x1234_5678u32 >> (31 - i) & 1) as u8).collect();
        for _ in 0..100 {
            let byte = noise.byte();
            bits.extend((0..8).rev().map(|i| byte >> i & 1));
        }
        for n in 32..bits.len() {
            let expected = bits[n - 32] ^ bits[n - 30] ^ bits[n - 26] ^ bits[n - 25];
            assert_eq!(bits[n], expected, "bit {n}");
        }
    }

    /// Mean, deviation, shape and correlations of a million draws, within 5 standard errors of what
    /// twelve independent uniform bytes have.
    #[test]
    fn statistics() {
        const N: usize = 1_000_000;
        let mut noise = Noise::new(0);
        let sigma = (f64::from(BYTES) * (256.0 * 256.0 - 1.0) / 12.0).sqrt();
        assert!((sigma - 256.0).abs() < 0.01, "a power of two");
        let draws: Vec<f64> = (0..N).map(|_| noise.draw() as f64 / sigma).collect();
        let error = 5.0 / (N as f64).sqrt();
        let moment = |power| draws.iter().map(|x| x.powi(power)).sum::<f64>() / N as f64;
        assert!(moment(1).abs() < error, "mean {}", moment(1));
        // Variances of x^2, x^3, x^4 of a normal number are 2, 15, 96; a sum of twelve has less.
        assert!((moment(2) - 1.0).abs() < error * 2f64.sqrt(), "variance {}", moment(2));
        assert!(moment(3).abs() < error * 15f64.sqrt(), "skew {}", moment(3));
        let kurtosis = 3.0 - 1.2 / f64::from(BYTES);
        assert!((moment(4) - kurtosis).abs() < error * 96f64.sqrt(), "kurtosis {}", moment(4));
        // Neighbouring slices, the same slice in the next strobe (32 slices) and the next step.
        for lag in (1..=64).chain([96, 128, 224, 7 * 32 * 2]) {
            let products = draws.iter().zip(&draws[lag..]).map(|(a, b)| a * b);
            let correlation = products.sum::<f64>() / (N - lag) as f64;
            assert!(correlation.abs() < error * 1.01, "lag {lag}: {correlation}");
        }
    }
}
