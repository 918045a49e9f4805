//! Many images: independent of threads and of interruption.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::fixture::{Bench, bench, config};
use crate::infer::{Backend, InferError, Inference, Outcome};

const IMAGES: usize = 100;

fn inference(bench: &Bench) -> Inference<'_> {
    Inference {
        config: &bench.config,
        network: &bench.network,
        program: &bench.program,
        dataset: &bench.dataset,
        backend: Backend::Golden,
        seed: 1,
        chip: 2,
        calibrated: true,
        images: 3..IMAGES,
        threads: 1,
        checkpoint: None,
    }
}

fn run(inference: &Inference) -> Outcome {
    inference.run(&|_| ()).expect("a run")
}

/// What must not depend on how a run was done.
fn essence(outcome: &Outcome) -> impl PartialEq + std::fmt::Debug + use<> {
    let Outcome { predictions, counts, confusion, calibrated, .. } = outcome.clone();
    (predictions, counts, confusion, calibrated.map(|c| c.tables))
}

#[test]
fn threads_change_nothing() {
    let bench = bench(config("small"), IMAGES);
    for backend in [Backend::Ideal, Backend::Golden] {
        let one = Inference { backend, ..inference(&bench) };
        let wanted = run(&one);
        assert_eq!(wanted.predictions.len(), IMAGES - 3);
        let conversions = wanted.counts.iter().map(|c| c.conversions).sum::<u64>();
        assert_eq!(conversions, (IMAGES as u64 - 3) * 4 * 4);
        for threads in [2, 5] {
            let heard = AtomicUsize::new(0);
            let listen = |images| {
                heard.fetch_add(images, Ordering::Relaxed);
            };
            let found = Inference { threads, ..one.clone() }.run(&listen).expect("a run");
            assert_eq!(essence(&found), essence(&wanted), "{threads} threads");
            assert_eq!(heard.into_inner(), IMAGES - 3);
        }
    }
}

/// An image's noise is its own: images 40.. alone give what they give among the others.
#[test]
fn an_image_is_the_same_among_others() {
    let bench = bench(config("small"), IMAGES);
    let all = run(&inference(&bench));
    let some = run(&Inference { images: 40..60, ..inference(&bench) });
    assert_eq!(some.predictions, all.predictions[37..57]);
}

#[test]
fn an_interrupted_run_goes_on() {
    let bench = bench(config("small"), IMAGES);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("checkpoint");
    let wanted = run(&inference(&bench));
    let resumable = Inference { checkpoint: Some(path.clone()), threads: 2, ..inference(&bench) };
    assert_eq!(essence(&run(&resumable)), essence(&wanted));
    let whole = fs::read_to_string(&path).expect("a checkpoint");
    assert_eq!(whole.lines().count(), 1 + 7, "a header and 7 batches");
    let header = whole.find('\n').expect("a header");
    // Cut within the header, right after it, within a row, before a line's end, nowhere.
    for (cut, resumed) in
        [(header / 2, 0), (header + 1, 0), (header + 30, 0), (whole.len() - 1, 6), (whole.len(), 7)]
    {
        fs::write(&path, &whole[..cut]).expect("written");
        let again = run(&resumable);
        assert_eq!(essence(&again), essence(&wanted), "cut at {cut}");
        let batches = again.resumed.div_ceil(16);
        assert_eq!(batches, resumed, "cut at {cut}");
        let lines = fs::read_to_string(&path).expect("a checkpoint").lines().count();
        assert_eq!(lines, 1 + 7, "cut at {cut}");
    }
}

#[test]
fn another_runs_checkpoint_is_refused() {
    let bench = bench(config("small"), IMAGES);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("checkpoint");
    let first = Inference { checkpoint: Some(path.clone()), images: 0..20, ..inference(&bench) };
    run(&first);
    let mut program = bench.program.clone();
    program.sram[0] ^= 1;
    let mut dataset = bench.dataset.clone();
    dataset.pixels[0] ^= 1;
    let mut config = bench.config.clone();
    config.analog.v_cm += 1e-3;
    let others = [
        Inference { config: &config, ..first.clone() },
        Inference { seed: 2, ..first.clone() },
        Inference { chip: 3, ..first.clone() },
        Inference { calibrated: false, ..first.clone() },
        Inference { backend: Backend::Ideal, ..first.clone() },
        Inference { images: 0..21, ..first.clone() },
        Inference { program: &program, ..first.clone() },
        Inference { dataset: &dataset, ..first.clone() },
    ];
    for other in others {
        refused(&other, &path, "belongs to capram.inference/1 of network by-hand");
    }
    fs::write(&path, "something else\n").expect("written");
    refused(&first, &path, "is no checkpoint");
}

fn refused(inference: &Inference, path: &Path, reason: &str) {
    let error = inference.run(&|_| ()).expect_err("another run's").to_string();
    assert!(error.starts_with(path.to_str().expect("UTF-8")) && error.contains(reason), "{error}");
}

#[test]
fn images_must_fit_and_exist() {
    let mut bench = bench(config("small"), 10);
    for images in [0..11, 5..5] {
        let error = Inference { images, ..inference(&bench) }.run(&|_| ());
        assert!(matches!(error, Err(InferError::Images { images: 10, .. })));
    }
    bench.dataset.shape.width = 2;
    bench.dataset.shape.height = 8;
    let error = Inference { images: 0..2, ..inference(&bench) }.run(&|_| ());
    assert!(matches!(error, Err(InferError::ImageShape { .. })));
}
