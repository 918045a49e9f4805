//! Set-up that the testbenches share.
#![allow(dead_code)] // every testbench uses its part of it

pub mod desk;
pub mod integers;
pub mod line;
pub mod raw;

use capram::config::{Config, Range, WeightFormat};
use capram::registers as reg;
use capram::testbench::{Answer, Request, Sample, Testbench};
use capram::transaction::Operation;

/// The geometry and timing of a configuration built in, with every analog term off.
pub fn ideal(name: &str) -> Config {
    let mut config = Config::builtin(name).expect("built in");
    config.analog = Config::builtin("ideal").expect("built in").analog;
    config
}

/// A macro with neutral calibration; its tables hold nothing of use after power-up.
pub fn calibrated(config: &Config) -> Testbench {
    calibrated_chip(config, Sample { seed: 1, chip: 0 })
}

/// The same, of a chip of one's choice.
pub fn calibrated_chip(config: &Config, sample: Sample) -> Testbench {
    let mut bench = Testbench::new(config, sample).expect("a model of this geometry is built");
    bench.neutral_calibration().expect("the macro takes its tables");
    bench
}

/// Nothing that was compared in lockstep differed, and no electrical rule was violated.
#[track_caller]
pub fn assert_clean(bench: &mut Testbench) {
    let verdict = bench.verdict();
    assert!(verdict.counts().cycles > 0, "nothing was compared");
    assert_eq!(verdict.total(), 0, "first mismatches: {:#?}", verdict.first());
    let violations = bench.plant().violations();
    assert!(violations.is_empty(), "violated rules: {:?}", violations.first());
}

/// A request is refused for exactly this reason; clears the reason.
#[track_caller]
pub fn assert_refused(bench: &mut Testbench, request: Request, reason: u32) {
    assert_eq!(bench.transfer(request).expect("an answer"), Answer::Err, "{request:x?}");
    let bits = bench.read(reg::ERROR).expect("ERROR can always be read");
    assert_eq!(bits, reason, "sticky bits after {request:x?}");
    bench.write(reg::ERROR, reason).expect("ERROR can always be cleared");
    assert_eq!(bench.read(reg::ERROR).expect("ERROR can be read"), 0);
}

/// An operation of one unit with four-bit activations, from which tests change what they need.
pub fn operation(format: WeightFormat) -> Operation {
    Operation {
        plane: 0,
        format,
        activation_bits: 4,
        range: Range::Full,
        level: 0,
        slot: 0,
        units: 1,
        clear: true,
        emit: false,
        bank: 0,
    }
}

/// Random numbers of the tests' own (SplitMix64).
pub struct Random(pub u64);

impl Random {
    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 32 uniform bits.
    pub fn word(&mut self) -> u32 {
        (self.bits() >> 32) as u32
    }

    /// Uniform from a range of whole numbers, both ends included.
    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        low + (self.bits() % (high - low + 1) as u64) as i64
    }

    /// Activations of up to `bits` bits; every other vector is sparse, so that sums reach both the
    /// middle and the ends of the range.
    pub fn activations(&mut self, count: usize, bits: u8) -> Vec<u8> {
        let sparse = self.within(0, 1) == 1;
        let top = (1 << bits) - 1;
        let value = |random: &mut Self| random.within(0, top) as u8;
        (0..count).map(|_| if sparse && self.within(0, 3) > 0 { 0 } else { value(self) }).collect()
    }

    /// Weights of a plane, `[mac row][output]`.
    pub fn weights(&mut self, format: WeightFormat, rows: usize, outputs: usize) -> Vec<Vec<i8>> {
        let values = integers::weights_of(format);
        let value = |random: &mut Self| values[random.within(0, values.len() as i64 - 1) as usize];
        (0..rows).map(|_| (0..outputs).map(|_| value(self)).collect()).collect()
    }
}
