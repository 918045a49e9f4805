//! Energy by part, and the figures that follow from it.

use serde::Serialize;

/// Energy of each part of the macro, in pJ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Parts {
    /// Charge that SAMPLE puts on MAC capacitors.
    pub mac_capacitors_pj: f64,
    /// Charge that the injection cells remove, and their gates.
    pub injections_pj: f64,
    pub comparators_pj: f64,
    /// Word lines and cluster rows.
    pub word_lines_pj: f64,
    /// Row DACs.
    pub row_drivers_pj: f64,
    /// Reset, sample and share switches of the columns.
    pub column_switches_pj: f64,
    pub post_processing_pj: f64,
    /// The clock, the controller, its pins and the SAR registers.
    pub clock_and_control_pj: f64,
    /// Reads and writes of the SRAM by the host.
    pub sram_pj: f64,
    pub leakage_pj: f64,
}

impl Parts {
    /// All parts with their names, in the order of the fields.
    pub fn named(&self) -> [(&'static str, f64); 10] {
        [
            ("MAC capacitors", self.mac_capacitors_pj),
            ("injections", self.injections_pj),
            ("comparators", self.comparators_pj),
            ("word lines", self.word_lines_pj),
            ("row drivers", self.row_drivers_pj),
            ("column switches", self.column_switches_pj),
            ("post-processing", self.post_processing_pj),
            ("clock and control", self.clock_and_control_pj),
            ("SRAM accesses", self.sram_pj),
            ("leakage", self.leakage_pj),
        ]
    }

    /// Their sum in pJ.
    pub fn total_pj(&self) -> f64 {
        self.named().iter().map(|(_, pj)| pj).sum()
    }
}

/// Energy of an activity, and what it bought. A figure for which nothing was counted is 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Breakdown {
    /// Of the whole activity.
    pub parts: Parts,
    /// Their sum, in pJ.
    pub total_pj: f64,
    /// Time observed at the configured rate, idle cycles included, in ns.
    pub time_ns: f64,
    /// Operations that the energy is shared by: OPERATION words, each one plane against one
    /// activation vector in all its conversion steps.
    pub operations: u64,
    /// Multiply-accumulates: all MAC rows in every code, as throughput counts them.
    pub macs: u64,
    /// Energy of one operation, in pJ.
    pub pj_per_operation: f64,
    /// Energy of one multiply-accumulate, in fJ.
    pub fj_per_mac: f64,
    /// Mean power, in mW.
    pub power_mw: f64,
    /// Throughput at two operations for each multiply-accumulate.
    pub gops: f64,
    /// The same for each watt.
    pub tops_per_watt: f64,
}

impl Breakdown {
    /// The figures that follow from the parts.
    pub fn new(parts: Parts, time_ns: f64, operations: u64, macs: u64) -> Self {
        let total_pj = parts.total_pj();
        Self {
            parts,
            total_pj,
            time_ns,
            operations,
            macs,
            pj_per_operation: ratio(total_pj, operations as f64),
            fj_per_mac: ratio(1e3 * total_pj, macs as f64),
            // pJ/ns is mW, operations/ns are GOPS, operations/pJ are TOPS/W.
            power_mw: ratio(total_pj, time_ns),
            gops: ratio(2.0 * macs as f64, time_ns),
            tops_per_watt: ratio(2.0 * macs as f64, total_pj),
        }
    }
}

fn ratio(amount: f64, of: f64) -> f64 {
    if of > 0.0 { amount / of } else { 0.0 }
}
