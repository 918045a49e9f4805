//! Which conversion it is, as far as the plant can tell from the pins, and its noise.

use super::lanes::Lanes;
use crate::golden::noise::{Draw, NoiseFrame};

/// Counts conversions and draws their noise.
#[derive(Clone, Debug)]
pub struct Conversion {
    frame: NoiseFrame,
    seed: u64,
    chip: u64,
    noisy: bool,
    /// Index of the conversion that the next RESET opening starts.
    next: u64,
    strobes: usize,
}

impl Conversion {
    /// Before the first conversion; `noisy` is whether noise is on at all.
    pub fn new(slices: usize, seed: u64, chip: u64, noisy: bool) -> Self {
        Self { frame: NoiseFrame::silent(slices), seed, chip, noisy, next: 0, strobes: 0 }
    }

    /// Sets the index that the next RESET opening gets.
    pub fn start_at(&mut self, index: u64) {
        self.next = index;
    }

    /// The reset switches open; `shift` is added to the index of the noise alone.
    pub fn reset_opens(&mut self, shift: u64) {
        if self.noisy {
            self.frame.draw(self.seed, self.chip, self.next.wrapping_add(shift));
        }
        self.next = self.next.wrapping_add(1);
        self.strobes = 0;
    }

    /// A strobe begins.
    pub fn strobe_begins(&mut self) {
        self.strobes += 1;
    }

    /// The present decision, counted from the RESET opening. There are draws for seven; any more
    /// share the last one.
    pub fn decision(&self) -> Draw {
        Draw::Decision(self.strobes.clamp(1, 7) - 1)
    }

    /// Unit normals of a draw for a group.
    pub fn normals(&self, draw: Draw, group: usize) -> Lanes {
        Lanes::of_group(self.frame.row(draw), group)
    }
}
