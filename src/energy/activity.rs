//! Events that cost energy, counted. Whole numbers only: what they cost is the model's affair.

use serde::Serialize;

/// What happened on the pins while they were observed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// Phase-clock cycles.
    pub cycles: u64,
    /// Those in which the macro was busy.
    pub busy_cycles: u64,
    /// Conversion steps that reached LATCH.
    pub steps: u64,
    /// Codes of active slices, taken by the post-processor.
    pub codes: u64,
    /// Columns reset: two for each active slice, a dummy column is one.
    pub column_resets: u64,
    /// Columns sampled.
    pub column_samples: u64,
    /// Columns shared.
    pub column_shares: u64,
    /// DAC levels put on MAC capacitors, summed over all capacitors sampled, dummy columns' too.
    pub sampled_levels: u64,
    /// Word lines opened: a plane's in a selected cluster.
    pub word_lines: u64,
    /// Cluster rows selected.
    pub cluster_rows: u64,
    /// Levels by which row DACs went up or down.
    pub dac_steps: u64,
    /// Strobes of comparators of active slices.
    pub strobes: u64,
    /// Firings of injection cells in each range: a cell that fires twice is two.
    pub firings: [u64; 4],
    /// Changes of the pins that the controller drives into the array, DAC digits included.
    pub pin_toggles: u64,
    /// Changes of bits of the SAR registers.
    pub sar_toggles: u64,
    /// Words of the SRAM read.
    pub sram_reads: u64,
    /// Words of the SRAM written.
    pub sram_writes: u64,
}

impl Activity {
    /// Resets, samplings and sharings of columns.
    pub fn column_switches(&self) -> u64 {
        self.column_resets + self.column_samples + self.column_shares
    }

    /// Firings of injection cells in all ranges.
    pub fn all_firings(&self) -> u64 {
        self.firings.iter().sum()
    }

    /// Words of the SRAM read or written.
    pub fn sram_accesses(&self) -> u64 {
        self.sram_reads + self.sram_writes
    }
}
