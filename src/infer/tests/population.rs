//! Many chips.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::fixture::{Bench, bench, config};
use crate::infer::monte_carlo::{Population, Spread};
use crate::infer::{Backend, Inference};

fn population(bench: &Bench) -> Population<'_> {
    Population {
        config: &bench.config,
        network: &bench.network,
        program: &bench.program,
        dataset: &bench.dataset,
        images: 0..70,
        seed: 1,
        first_chip: 2,
        chips: 5,
        threads: 1,
        checkpoint: None,
    }
}

fn run(population: &Population) -> Spread {
    population.run(&|| ()).expect("a run")
}

/// Labels are what the ideal macro predicts, so that accuracy is high and errors lower it.
fn labelled() -> Bench {
    let mut config = config("small");
    config.analog.comparator_offset.sigma_mv = 15.0;
    let mut bench = bench(config, 70);
    let ideal = Inference {
        config: &bench.config,
        network: &bench.network,
        program: &bench.program,
        dataset: &bench.dataset,
        backend: Backend::Ideal,
        seed: 1,
        chip: 0,
        calibrated: false,
        images: 0..70,
        threads: 1,
        checkpoint: None,
    };
    let predictions = ideal.run(&|_| ()).expect("a run").predictions;
    bench.dataset.labels = predictions.iter().map(|&(_, class)| class as u8).collect();
    bench
}

#[test]
fn chips_are_those_of_single_runs() {
    let bench = labelled();
    let spread = run(&population(&bench));
    assert_eq!(spread.rows.iter().map(|row| row.chip).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    for row in &spread.rows {
        let single = |calibrated| {
            let inference = Inference {
                config: &bench.config,
                network: &bench.network,
                program: &bench.program,
                dataset: &bench.dataset,
                backend: Backend::Golden,
                seed: 1,
                chip: row.chip,
                calibrated,
                images: 0..70,
                threads: 2,
                checkpoint: None,
            };
            inference.run(&|_| ()).expect("a run").accuracy.correct
        };
        assert_eq!((row.correct_before, row.correct_after), (single(false), Some(single(true))));
    }
    let means = [spread.before, spread.after].map(|d| d.expect("chips").mean);
    assert!(means[1] > means[0] + 0.02, "calibration helps: {means:?}");
    let worst = spread.rows.iter().min_by_key(|row| row.correct_after).expect("chips");
    assert_eq!(spread.worst_chip, Some(worst.chip));
    let [before, after] = spread.yields(0.9);
    assert!(before <= after);
    assert_eq!(spread.yields(0.0), [1.0, 1.0]);
}

#[test]
fn threads_and_interruption_change_nothing() {
    let bench = labelled();
    let wanted = run(&population(&bench));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("checkpoint");
    let resumable = Population { checkpoint: Some(path.clone()), threads: 3, ..population(&bench) };
    assert_eq!(run(&resumable), wanted);
    let whole = fs::read_to_string(&path).expect("a checkpoint");
    fs::write(&path, &whole[..whole.len() - 20]).expect("written");
    let heard = AtomicUsize::new(0);
    let listen = || {
        heard.fetch_add(1, Ordering::Relaxed);
    };
    assert_eq!(resumable.run(&listen).expect("a run"), wanted);
    assert_eq!(heard.into_inner(), 5);
    // More chips go on from there.
    let more = run(&Population { chips: 6, ..resumable });
    assert_eq!(more.rows[..5], wanted.rows);
}
