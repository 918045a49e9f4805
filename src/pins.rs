//! The boundary between the digital side and the analog side, as words of 32 bits: what the RTL
//! drives each phase-clock cycle and what it gets back. `rtl/sim/capram_sim.sv` packs the same
//! layout; `testbenches/boundary.rs` checks that they agree.

/// Words of [`Pins`] that the reference predicts every cycle.
pub const CONTROL_WORDS: usize = 25;
/// Words for one bit per slice (at most 128 slices).
pub const SLICE_WORDS: usize = 4;

/// Bits of [`Pins::control`].
pub mod control {
    pub const RESET: u32 = 1 << 0;
    pub const SAMPLE: u32 = 1 << 1;
    pub const SHARE: u32 = 1 << 2;
    pub const STROBE: u32 = 1 << 3;
    pub const INJECT: u32 = 1 << 4;
    pub const INJECT_TWICE: u32 = 1 << 5;
    pub const LATCH: u32 = 1 << 6;
    pub const PRECHARGE: u32 = 1 << 7;
    pub const WRITE: u32 = 1 << 8;
    pub const SENSE: u32 = 1 << 9;
    pub const DIFFERENTIAL: u32 = 1 << 10;
    pub const BUSY: u32 = 1 << 11;
    /// Left column of the converting pair within its slice, 2 bits.
    pub const COLUMN_SHIFT: u32 = 12;
    /// log2(1/r), 2 bits.
    pub const RANGE_SHIFT: u32 = 14;
    /// DAC level of the reference column, 4 bits.
    pub const LEVEL_SHIFT: u32 = 16;
    /// Injection cells that fire (1, 2, 4, 8 or 16), 5 bits.
    pub const CELLS_SHIFT: u32 = 20;
    /// Word of the row that an SRAM access selects, 2 bits.
    pub const WORD_SHIFT: u32 = 25;
}

/// Everything the RTL drives in one cycle.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    /// See [`control`].
    pub control: u32,
    /// Plane word lines, bit k opens cell k of every selected cluster.
    pub plane_wl: u32,
    /// Cluster selects, bit m for MAC row m. A cell's word line is high when both are.
    pub cluster_sel: [u32; 2],
    /// Slices that take part in the conversion step.
    pub slice_active: [u32; SLICE_WORDS],
    /// Slices whose P side the injection cells discharge.
    pub inject_p: [u32; SLICE_WORDS],
    /// Slices whose N side the injection cells discharge.
    pub inject_n: [u32; SLICE_WORDS],
    /// Data the write drivers put on the selected word.
    pub write_data: u32,
    /// Row-DAC codes, 4 bits per MAC row.
    pub dac: [u32; 8],
    /// SAR registers, bit plane 0 = latest decision; a code's bit b is plane b at LATCH.
    pub decisions: [[u32; SLICE_WORDS]; 7],
    /// Wishbone: bit 0 ack, bit 1 err.
    pub bus: u32,
    /// Wishbone read data.
    pub bus_data: u32,
    /// Keeps the layout at an even number of words.
    pub reserved: u32,
}

/// Everything the RTL is given for one cycle.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drive {
    /// Bit 0 rst_n, bit 1 cyc, bit 2 stb, bit 3 we, bits 7:4 sel.
    pub bus: u32,
    /// Wishbone byte address.
    pub address: u32,
    /// Wishbone write data.
    pub data: u32,
    /// Sense amplifiers of the selected word.
    pub read_data: u32,
    /// Comparator outputs, one bit per slice; 0 while not strobed.
    pub comparators: [u32; SLICE_WORDS],
}

impl Pins {
    /// The bit of one slice in a per-slice field.
    pub fn slice_bit(words: &[u32; SLICE_WORDS], slice: usize) -> bool {
        words[slice / 32] >> (slice % 32) & 1 == 1
    }

    /// A control bit.
    pub fn is(&self, bit: u32) -> bool {
        self.control & bit != 0
    }

    /// Left column of the converting pair within its slice.
    pub fn column(&self) -> usize {
        (self.control >> control::COLUMN_SHIFT & 3) as usize
    }

    /// log2(1/r).
    pub fn range_log2(&self) -> u32 {
        self.control >> control::RANGE_SHIFT & 3
    }

    /// DAC level of the reference column.
    pub fn level(&self) -> u32 {
        self.control >> control::LEVEL_SHIFT & 15
    }

    /// Injection cells that fire.
    pub fn cells(&self) -> usize {
        (self.control >> control::CELLS_SHIFT & 31) as usize
    }

    /// Word of the row that an SRAM access selects.
    pub fn word(&self) -> usize {
        (self.control >> control::WORD_SHIFT & 3) as usize
    }

    /// Row-DAC code of a MAC row.
    pub fn dac_code(&self, row: usize) -> u32 {
        self.dac[row / 8] >> (4 * (row % 8)) & 15
    }

    /// Code of a slice, valid while LATCH is high.
    pub fn code(&self, slice: usize) -> u8 {
        (0..7).map(|b| u8::from(Self::slice_bit(&self.decisions[b], slice)) << b).sum()
    }
}

/// Words of [`Pins`] and [`Drive`].
pub const PIN_WORDS: usize = size_of::<Pins>() / 4;
/// Words of [`Drive`].
pub const DRIVE_WORDS: usize = size_of::<Drive>() / 4;

impl Pins {
    /// The same as words.
    pub fn as_words(&self) -> &[u32; PIN_WORDS] {
        // SAFETY: repr(C), nothing but u32, so the layouts are the same and every bit pattern is valid.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }

    /// The same as words, to be filled.
    pub fn as_words_mut(&mut self) -> &mut [u32; PIN_WORDS] {
        // SAFETY: as above.
        unsafe { &mut *std::ptr::from_mut(self).cast() }
    }

    /// The words that the reference predicts every cycle.
    pub fn control_words(&self) -> &[u32] {
        &self.as_words()[..CONTROL_WORDS]
    }
}

impl Drive {
    /// The same as words.
    pub fn as_words(&self) -> &[u32; DRIVE_WORDS] {
        // SAFETY: repr(C), nothing but u32, so the layouts are the same and every bit pattern is valid.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }

    /// Many of them as words.
    pub fn slice_as_words(drives: &[Self]) -> &[u32] {
        // SAFETY: as above; a slice of them is contiguous.
        unsafe { std::slice::from_raw_parts(drives.as_ptr().cast(), drives.len() * DRIVE_WORDS) }
    }
}
