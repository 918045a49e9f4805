//! Do plant and reference see the same noise through the RTL, and is it as large as the
//! configuration says?

mod common;

use capram::config::{Config, WeightFormat};
use capram::testbench::{Sample, Testbench};
use capram::transaction::Operation;
use common::integers::columns_of;
use common::{Random, assert_clean, calibrated_chip, ideal, operation};

/// Runs random operations of every format on a chip; all codes.
fn codes_of(config: &Config, sample: Sample, operations: usize) -> Vec<Vec<u8>> {
    let geometry = config.geometry;
    let mut bench = calibrated_chip(config, sample);
    let mut random = Random(0x0153); // the same stimulus for every chip and noise
    for (plane, format) in WeightFormat::ALL.into_iter().enumerate() {
        let outputs = geometry.slices() * (4 / columns_of(format));
        let weights = random.weights(format, geometry.mac_rows, outputs);
        bench.load_plane(plane, format, &weights).expect("the plane takes its weights");
    }
    bench.keep_codes();
    for i in 0..operations {
        let format = WeightFormat::ALL[i % 6];
        let bits = random.within(1, 8) as u8;
        let slot = (2 * i % 16) as u8;
        let op = Operation {
            plane: (i % 6) as u8,
            activation_bits: bits,
            level: random.within(0, 15) as u8,
            slot,
            units: (4 / columns_of(format)) as u8,
            ..operation(format)
        };
        bench
            .activate(slot, &random.activations(geometry.mac_rows, bits), bits)
            .expect("slot is free");
        bench.operate(&op).expect("the operation is legal");
    }
    bench.wait_idle().expect("the operations end");
    let codes = bench.kept_codes();
    assert_eq!(bench.reference().marginal_decisions(), 0, "decisions within 1 nV are rare");
    assert_clean(&mut bench);
    codes
}

/// Share of the codes that differ between two runs.
fn differing(a: &[Vec<u8>], b: &[Vec<u8>]) -> f64 {
    let pairs: Vec<_> = a.iter().flatten().zip(b.iter().flatten()).collect();
    assert!(pairs.len() > 1000 && a.len() == b.len(), "enough codes to compare");
    pairs.iter().filter(|(a, b)| a != b).count() as f64 / pairs.len() as f64
}

/// The drawn noise decides about codes, and it is drawn from the seed alone.
#[test]
fn the_seed_decides_the_noise() {
    let config = Config::builtin("capram65").expect("built in");
    let mut silent = config.clone();
    silent.analog.ktc_noise.on = false;
    silent.analog.comparator_noise.on = false;
    silent.analog.injection_noise.on = false;
    let sample = Sample { seed: 11, chip: 0 };
    let first = codes_of(&config, sample, 60);
    assert_eq!(first, codes_of(&config, sample, 60), "the same seed twice");
    let without = codes_of(&silent, sample, 60);
    assert!(differing(&first, &without) > 0.02, "noise changes codes");
    assert!(
        differing(&first, &codes_of(&config, Sample { seed: 12, chip: 0 }, 60)) > 0.02,
        "another seed"
    );
}

/// The seed changes noise alone: static terms are off.
#[test]
fn another_seed_is_other_noise() {
    let config = noise_only();
    let seeds = [11, 12].map(|seed| codes_of(&config, Sample { seed, chip: 0 }, 60));
    let chips = [0, 1].map(|chip| codes_of(&config, Sample { seed: 11, chip }, 60));
    assert!(differing(&seeds[0], &seeds[1]) > 0.02, "another seed, other noise");
    assert!(differing(&chips[0], &chips[1]) > 0.02, "another chip, other noise");
}

/// Many operations on several chips, everything compared in lockstep.
#[test]
fn plant_and_reference_agree_with_everything_on() {
    let config = Config::builtin("capram65").expect("built in");
    for chip in 0..4 {
        codes_of(&config, Sample { seed: 5, chip }, 120);
    }
}

/// Every analog term off but the noise.
fn noise_only() -> Config {
    let mut config = ideal("capram65");
    let noisy = Config::builtin("capram65").expect("built in").analog;
    config.analog.ktc_noise = noisy.ktc_noise;
    config.analog.comparator_noise = noisy.comparator_noise;
    config.analog.injection_noise = noisy.injection_noise;
    config
}

/// A code that the last decision parts from the one below, when all 63 units have been injected.
const CODE: u8 = 65;
/// Sums S around its threshold, one LSB above the middle.
const SUMS: std::ops::RangeInclusive<u8> = 4..=26;
/// Operations for each sum, with two conversions in each of the 32 slices.
const REPEATED: usize = 60;

/// Counts how often the last decision is 1, for every sum: the distribution of the threshold
/// together with all noise in front of it, in steps of one unit (1/15 LSB at r = 1). Its standard
/// deviation is the noise of a conversion.
#[test]
fn input_referred_noise_is_0_139_lsb() {
    let mut bench = calibrated_chip(&noise_only(), Sample { seed: 3, chip: 0 });
    two_weights(&mut bench);
    let share = |sum: u8, bench: &mut Testbench| {
        let codes = repeated(bench, sum);
        assert_eq!(codes.len(), REPEATED * 64);
        codes.iter().filter(|&&code| code >= CODE).count() as f64 / codes.len() as f64
    };
    let shares: Vec<f64> = SUMS.map(|sum| share(sum, &mut bench)).collect();
    assert_clean(&mut bench);
    let (mean, sigma) = moments(&shares);
    // The threshold lies 1/16 unit below 15.
    assert!((mean - 14.9375).abs() < 0.1, "threshold at {mean} units");
    let lsb = sigma / 15.0;
    assert!((lsb / 0.139 - 1.0).abs() < 0.03, "input-referred noise {lsb} LSB rms");
}

/// Plane 0 holds +1 in two MAC rows, the rest is 0.
fn two_weights(bench: &mut Testbench) {
    let mut weights = vec![vec![0; 64]; 64];
    weights[..2].fill(vec![1; 64]);
    bench.load_plane(0, WeightFormat::Diff1, &weights).expect("the plane takes its weights");
}

/// Codes of a sum, converted again and again.
fn repeated(bench: &mut Testbench, sum: u8) -> Vec<u8> {
    let mut activations = vec![0; 64];
    activations[..2].copy_from_slice(&[sum.min(15), sum.saturating_sub(15)]);
    bench.activate(0, &activations, 4).expect("slots are free");
    let op = Operation { units: 2, ..operation(WeightFormat::Diff1) };
    bench.keep_codes();
    (0..REPEATED).for_each(|_| bench.operate(&op).expect("the operation is legal"));
    bench.wait_idle().expect("the operations end");
    bench.kept_codes().concat()
}

/// Mean and standard deviation of a distribution function given at whole numbers. Steps of one unit
/// add 1/12 to the variance (Sheppard), exactly so for a normal distribution this wide.
fn moments(shares: &[f64]) -> (f64, f64) {
    let middles = SUMS.map(|sum| f64::from(sum) + 0.5);
    let steps: Vec<(f64, f64)> = shares.windows(2).map(|w| w[1] - w[0]).zip(middles).collect();
    let total: f64 = steps.iter().map(|(p, _)| p).sum();
    assert!((total - 1.0).abs() < 1e-3, "the sums span the whole transition: {total}");
    let mean = steps.iter().map(|(p, x)| p * x).sum::<f64>();
    let square = steps.iter().map(|(p, x)| p * (x - mean) * (x - mean)).sum::<f64>();
    (mean, (square - 1.0 / 12.0).sqrt())
}
