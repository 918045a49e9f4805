//! Which conversion it is, as far as the plant can tell from the pins, and its noise.

use super::lanes::{LANES, Lanes};
use crate::golden::noise::{DRAWS, Draw, NoiseFrame};

/// Counts conversions and draws their noise.
#[derive(Clone, Debug)]
pub struct Conversion {
    frame: NoiseFrame,
    /// The frame's rows, a group each; kept up only where the slices do not fill whole groups.
    padded: Vec<Lanes>,
    slices: usize,
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
        let frame = NoiseFrame::silent(slices);
        Self {
            frame,
            padded: vec![Lanes::ZERO; DRAWS],
            slices,
            seed,
            chip,
            noisy,
            next: 0,
            strobes: 0,
        }
    }

    /// Sets the index that the next RESET opening gets.
    pub fn start_at(&mut self, index: u64) {
        self.next = index;
    }

    /// The reset switches open; `shift` is added to the index of the noise alone.
    pub fn reset_opens(&mut self, shift: u64) {
        if self.noisy {
            self.frame.draw(self.seed, self.chip, self.next.wrapping_add(shift));
            self.pad();
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
    #[inline(always)]
    pub fn normals(&self, draw: Draw, group: usize) -> &[f64; LANES] {
        let row = self.frame.row(draw);
        let full = row.get(group * LANES..).and_then(|rest| rest.first_chunk());
        full.unwrap_or(&self.padded[draw.row()].0)
    }

    /// Fills the lanes that have no slice, in macros whose last group is not full.
    fn pad(&mut self) {
        if self.slices.is_multiple_of(LANES) {
            return;
        }
        let sides = [Draw::Reset, Draw::Sample, Draw::Multiply].map(|draw| [draw(0), draw(1)]);
        let decisions = (0..7).map(Draw::Decision);
        for draw in sides.into_iter().flatten().chain(decisions) {
            let row = self.frame.row(draw);
            let padded = &mut self.padded[draw.row()];
            let last = &row[row.len() / LANES * LANES..];
            padded.0[..last.len()].copy_from_slice(last);
        }
    }
}
