//! Many images on all threads, batch by batch. A batch's result depends on nothing but its images:
//! not on the thread, the order, or what was finished in an earlier run.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use serde::{Deserialize, Serialize};

use super::{Counts, Executor, Factory, Findings, InferError};
use crate::checkpoint::Checkpoint;
use crate::dataset::Dataset;

/// Images of a batch. [C] About a millisecond of the fastest backend, a second of the slowest: rare
/// writing of the checkpoint, little lost.
const BATCH: usize = 16;

/// What a batch gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Batch {
    /// Number of its first image.
    pub(super) first: usize,
    /// One per image; fewer if the machine stopped.
    pub(super) predictions: Vec<usize>,
    /// Per layer.
    pub(super) counts: Vec<Counts>,
    pub(super) findings: Findings,
}

/// Batches to do and those that are done.
pub(super) struct Batches<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) images: Range<usize>,
    pub(super) checkpoint: &'a Checkpoint,
    /// Hears of images as they are finished, from any thread.
    pub(super) finished: &'a (dyn Fn(usize) + Sync),
}

impl Batches<'_> {
    /// All batches in order, those of `known` as they are, and what was found while a machine was
    /// loaded: the same for every machine, so that it counts once. Runs on all threads of the
    /// current pool, each with a machine of its own.
    pub(super) fn run<F: Factory>(
        &self,
        factory: &F,
        executor: &Executor,
        known: Vec<Batch>,
    ) -> Result<(Vec<Batch>, Findings), InferError> {
        let known: BTreeMap<usize, Batch> = known.into_iter().map(|b| (b.first, b)).collect();
        let missing: Vec<Range<usize>> =
            self.ranges().filter(|images| !known.contains_key(&images.start)).collect();
        let done = Mutex::new(known);
        let (next, loading) = (AtomicUsize::new(0), OnceLock::new());
        let worker = || {
            if next.load(Ordering::Relaxed) >= missing.len() {
                return Ok(());
            }
            let (mut machine, mut executor) = (factory.machine()?, executor.clone());
            loading.get_or_init(|| factory.findings(&mut machine));
            while let Some(images) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                let batch = self.batch(factory, &mut machine, &mut executor, images.clone())?;
                if batch.predictions.len() < images.len() {
                    next.store(missing.len(), Ordering::Relaxed);
                } else {
                    self.checkpoint.append(&batch)?;
                }
                (self.finished)(batch.predictions.len());
                lock(&done).insert(batch.first, batch);
            }
            Ok(())
        };
        // One that fails stops the others after their batches.
        let stopping = || worker().inspect_err(|_| next.store(missing.len(), Ordering::Relaxed));
        rayon::broadcast(|_| stopping()).into_iter().collect::<Result<(), InferError>>()?;
        let done = done.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        Ok((done.into_values().collect(), loading.into_inner().unwrap_or_default()))
    }

    /// Images of every batch.
    fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let Range { start, end } = self.images;
        (start..end).step_by(BATCH).map(move |first| first..(first + BATCH).min(end))
    }

    /// Whether a batch of an earlier run is one of these.
    pub(super) fn has(&self, batch: &Batch, layers: usize) -> bool {
        let of_batch = |images: Range<usize>| {
            images.start == batch.first && images.len() == batch.predictions.len()
        };
        batch.counts.len() == layers && self.ranges().any(of_batch)
    }

    fn batch<F: Factory>(
        &self,
        factory: &F,
        machine: &mut F::Machine,
        executor: &mut Executor,
        images: Range<usize>,
    ) -> Result<Batch, InferError> {
        let first = images.start;
        let (mut predictions, mut counts) = (vec![], vec![]);
        let (mut findings, mut before) = (Findings::default(), factory.findings(machine));
        for image in images {
            let pixels = self.dataset.image(image);
            let result = executor.run(machine, image as u64, pixels);
            match result {
                Ok(result) => {
                    predictions.push(result.prediction);
                    add(&mut counts, &result.counts);
                }
                Err(error) => factory.forgive(machine, error)?,
            }
            let after = factory.findings(machine);
            findings.add(after.clone().since(&before));
            before = after;
            if predictions.len() <= image - first {
                break; // a machine that stopped does not go on
            }
        }
        Ok(Batch { first, predictions, counts, findings })
    }
}

/// Adds counts layer by layer.
pub(super) fn add(all: &mut Vec<Counts>, more: &[Counts]) {
    all.resize(more.len(), Counts::default());
    all.iter_mut().zip(more).for_each(|(all, more)| *all += *more);
}

/// What a thread left behind that panicked while it held the lock is still whole: batches enter as
/// a whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
