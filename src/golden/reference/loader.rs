//! The digit loader: fills the row DACs' register during the previous pass.

/// Activation slots.
const SLOTS: usize = 16;
/// Words of a slot for the largest array (64 rows).
pub(super) const SLOT_WORDS: usize = 8;

/// Activation memory, DAC register and the loader between them.
#[derive(Clone, Debug)]
pub(super) struct Loader {
    /// Four digits a cycle.
    groups: usize,
    memory: [[u32; SLOT_WORDS]; SLOTS],
    /// The register as far as addresses were issued; the pins follow two cycles later.
    digits: [u32; SLOT_WORDS],
    /// First cycle in which the register may be overwritten; `None` while a pass needs it.
    free_from: Option<u64>,
    /// Addresses issued for the next pass.
    issued: usize,
    /// Digit groups on their way to the pins: issued one and two cycles ago.
    pipeline: [Option<(usize, u32)>; 2],
}

impl Loader {
    pub(super) fn new(mac_rows: usize) -> Self {
        Self {
            groups: mac_rows / 4,
            memory: [[0; SLOT_WORDS]; SLOTS],
            digits: [0; SLOT_WORDS],
            free_from: Some(0),
            issued: 0,
            pipeline: [None; 2],
        }
    }

    /// Writes eight digits of a slot; words outside the memory are ignored.
    pub(super) fn write(&mut self, slot: usize, word: usize, data: u32) {
        if let Some(entry) = self.memory.get_mut(slot).and_then(|s| s.get_mut(word)) {
            *entry = data;
        }
    }

    /// Whether all digits of the next pass are issued.
    pub(super) fn loaded(&self) -> bool {
        self.issued == self.groups
    }

    /// A pass starts with the loaded digits, which it keeps until [`release`](Self::release).
    pub(super) fn take(&mut self) -> &[u32; SLOT_WORDS] {
        self.issued = 0;
        self.free_from = None;
        &self.digits
    }

    /// The register may be overwritten from `cycle` on.
    pub(super) fn release(&mut self, cycle: u64) {
        self.free_from = Some(cycle);
    }

    /// One cycle: shows on the pins what was issued two cycles ago, and issues the next address if
    /// the slot of a next pass is known.
    #[inline]
    pub(super) fn tick(
        &mut self,
        cycle: u64,
        next_slot: impl FnOnce() -> Option<usize>,
        dac: &mut [u32; SLOT_WORDS],
    ) {
        if let Some((group, digits)) = self.pipeline[1].take() {
            put(dac, group, digits);
        }
        self.pipeline[1] = self.pipeline[0].take();
        let free = self.free_from.is_some_and(|from| from <= cycle);
        if !free || self.loaded() {
            return;
        }
        if let Some(slot) = next_slot() {
            let group = self.issued;
            let digits = self.memory[slot % SLOTS][group / 2] >> (16 * (group % 2)) & 0xffff;
            put(&mut self.digits, group, digits);
            self.pipeline[0] = Some((group, digits));
            self.issued += 1;
        }
    }
}

/// Replaces digits 4 group .. 4 group + 3.
fn put(words: &mut [u32; SLOT_WORDS], group: usize, digits: u32) {
    let shift = 16 * (group % 2);
    let word = &mut words[group / 2];
    *word = *word & !(0xffff << shift) | digits << shift;
}

/// Digits of a slot's words.
pub(super) fn unpack(words: &[u32; SLOT_WORDS]) -> [i16; 8 * SLOT_WORDS] {
    std::array::from_fn(|m| (words[m / 8] >> (4 * (m % 8)) & 15) as i16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16 rows: addresses in cycles 0..=3, digits on the pins in 2..=5, one group per cycle.
    #[test]
    fn digits_follow_their_address_by_two_cycles() {
        let mut loader = Loader::new(16);
        loader.write(3, 0, 0x8765_4321);
        loader.write(3, 1, 0xfedc_ba98);
        let mut dac = [0; SLOT_WORDS];
        let mut seen = Vec::new();
        for cycle in 0..6 {
            assert_eq!(loader.loaded(), cycle >= 4);
            loader.tick(cycle, || Some(3), &mut dac);
            seen.push((dac[0], dac[1]));
        }
        let (half, full, top) = (0x4321, 0x8765_4321, 0xfedc_ba98);
        let groups = [(0, 0), (0, 0), (half, 0), (full, 0), (full, 0xba98), (full, top)];
        assert_eq!(seen, groups);
    }

    /// Nothing is issued while a pass needs the register, nor without a next pass.
    #[test]
    fn waits_for_the_register_and_for_work() {
        let mut loader = Loader::new(16);
        let mut dac = [0; SLOT_WORDS];
        loader.tick(0, || None, &mut dac);
        assert_eq!(loader.issued, 0);
        for cycle in 1..5 {
            loader.tick(cycle, || Some(0), &mut dac);
        }
        assert!(loader.loaded());
        loader.take();
        loader.tick(5, || Some(0), &mut dac);
        assert_eq!(loader.issued, 0);
        loader.release(7);
        loader.tick(6, || Some(0), &mut dac);
        assert_eq!(loader.issued, 0);
        loader.tick(7, || Some(0), &mut dac);
        assert_eq!(loader.issued, 1);
    }
}
