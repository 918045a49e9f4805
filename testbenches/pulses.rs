//! Any pulse widths and gaps: does the macro keep its timing, with and without stalls?

use capram::config::{Config, Pulse};
use capram::cosim::{Model, run_batch};
use capram::golden::random::Key;
use capram::stimulus::{RandomStimulus, Stimulus};
use capram::testbench::Sample;

/// A configuration with random pulses: widths 1..=6, gaps 0..=7.
fn random_pulses(name: &str, seed: u32) -> Config {
    let mut config = Config::builtin(name).expect("built in");
    let key = Key::new([0x70_756c_7365, u64::from(seed), 0, 0]);
    for (i, pulse) in config.timing.pulses.all_mut().into_iter().enumerate() {
        let bits = key.bits(i as u32);
        *pulse = Pulse { width: 1 + (bits & 0xff) % 6, gap: (bits >> 8) % 8 };
    }
    // Long enough for the cells; too short accesses are another question.
    config.timing.pulses.access.width += 1;
    config
}

/// Operations of all kinds, results read while others run; every pin in every cycle.
fn runs_as_predicted(name: &str, seeds: std::ops::Range<u32>) -> u64 {
    seeds
        .map(|seed| {
            let config = random_pulses(name, seed);
            let batch = RandomStimulus::new(config.geometry, u64::from(seed), 30).batch(0);
            let sample = Sample { seed: u64::from(seed), chip: 2 };
            let result = run_batch(&config, sample, &batch, None, Model::Macro).expect("runs");
            let pulses = config.timing.pulses;
            assert_eq!(result.mismatch_count, 0, "{pulses:?}\n{:?}", result.mismatches.first());
            assert!(result.violations.is_empty(), "{pulses:?} {:?}", result.violations);
            result.predicted.stall_cycles
        })
        .sum()
}

#[test]
fn random_pulses_on_the_small_macro() {
    runs_as_predicted("small", 0..24);
}

#[test]
fn random_pulses_with_stalls_on_one_lane() {
    // 32 slices in one lane: whenever a step is shorter than 32 cycles, LATCH has to wait.
    assert!(runs_as_predicted("onelane", 100..106) > 0);
}
