//! From pixels to activations.

use super::{Input, Network};

impl Input {
    /// Activation of a pixel: clip((pixel multiplier + bias + round) >> shift, 0, 2^bits - 1), in 64
    /// bits, which nothing here exceeds.
    pub fn activation(&self, pixel: u8) -> u8 {
        let scaling = self.scaling;
        let round = if scaling.shift > 0 { 1i64 << (scaling.shift - 1) } else { 0 };
        let scaled =
            i64::from(pixel) * i64::from(scaling.multiplier) + i64::from(scaling.bias) + round;
        (scaled >> scaling.shift).clamp(0, (1 << self.bits) - 1) as u8
    }
}

impl Network {
    /// Activations of an image, both `[channel][row][column]`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn scale(&self, pixels: &[u8], into: &mut [u8]) {
        assert_eq!(pixels.len(), into.len(), "one activation per pixel");
        for (activation, &pixel) in into.iter_mut().zip(pixels) {
            *activation = self.input.activation(pixel);
        }
    }
}
