//! Which conversion it is, as far as the plant can tell from the pins, and its noise.

use super::lanes::{LANES, Lanes, selects};
use crate::config::Analog;
use crate::golden::noise::{self, DRAWS, Draw, NoiseFrame};

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
    /// Index that noise and coins have; 0 before the first RESET opening.
    current: u64,
    strobes: usize,
    injections: usize,
}

impl Conversion {
    /// Before the first conversion.
    pub fn new(slices: usize, seed: u64, chip: u64, analog: &Analog) -> Self {
        Self {
            frame: NoiseFrame::silent(slices).with_injections(analog.injection_noise.on),
            padded: vec![Lanes::ZERO; DRAWS],
            slices,
            seed,
            chip,
            noisy: analog.noisy(),
            next: 0,
            current: 0,
            strobes: 0,
            injections: 0,
        }
    }

    /// Sets the index that the next RESET opening gets.
    pub fn start_at(&mut self, index: u64) {
        self.next = index;
    }

    /// The reset switches open; `shift` is added to the index of noise and coins alone.
    pub fn reset_opens(&mut self, shift: u64) {
        self.current = self.next.wrapping_add(shift);
        if self.noisy {
            self.frame.draw(self.seed, self.chip, self.current);
            self.pad();
        }
        self.next = self.next.wrapping_add(1);
        self.strobes = 0;
        self.injections = 0;
    }

    /// A strobe begins.
    pub fn strobe_begins(&mut self) {
        self.strobes += 1;
    }

    /// An injection begins.
    pub fn injection_begins(&mut self) {
        self.injections += 1;
    }

    /// The present decision, counted from the RESET opening. There are draws for seven; any more
    /// share the last one.
    pub fn decision(&self) -> usize {
        self.strobes.clamp(1, 7) - 1
    }

    /// The present injection, counted alike. There are draws for six; any more share the last one.
    pub fn injection(&self) -> usize {
        self.injections.clamp(1, 6) - 1
    }

    /// How the comparators of some slices of a group come to rest that do not finish the present
    /// decision, a bit per slice.
    #[cold]
    pub fn coins(&self, group: usize, slices: u32) -> u32 {
        let coin = |lane: usize| {
            let slice = group * LANES + lane;
            noise::coin(self.seed, self.chip, self.current, self.decision(), slice)
        };
        (0..LANES).filter(|&l| selects(slices, l)).map(|l| u32::from(coin(l)) << l).sum()
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
        let injections = (0..6).map(Draw::Injection);
        for draw in sides.into_iter().flatten().chain(decisions).chain(injections) {
            let row = self.frame.row(draw);
            let padded = &mut self.padded[draw.row()];
            let last = &row[row.len() / LANES * LANES..];
            padded.0[..last.len()].copy_from_slice(last);
        }
    }
}
