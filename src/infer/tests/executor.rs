//! The host's side: order of calls, numbers, counts.

use std::convert::Infallible;
use std::ops::Range;

use super::fixture::{Bench, bench, config};
use crate::golden::ideal;
use crate::infer::{Counts, Executor, IdealMachine, Machine};
use crate::transaction::{Operation, Requantize};

/// Writes down what it is asked.
#[derive(Default)]
struct Recorder {
    calls: Vec<String>,
    counts: Counts,
}

impl Recorder {
    fn note(&mut self, call: String) -> Result<(), Infallible> {
        self.calls.push(call);
        Ok(())
    }
}

impl Machine for Recorder {
    type Error = Infallible;

    fn number_conversions(&mut self, first: u64) -> Result<(), Infallible> {
        self.note(format!("number {first}"))
    }

    fn set_requantize(&mut self, layer: Requantize) -> Result<(), Infallible> {
        self.note(format!("requantize {} {}", layer.shift, layer.bits))
    }

    fn set_output(&mut self, bank: u8, output: u8, _: u8, _: i32) -> Result<(), Infallible> {
        self.note(format!("output {bank} {output}"))
    }

    fn activate(&mut self, slot: u8, values: &[u8], bits: u8) -> Result<(), Infallible> {
        self.note(format!("activate {slot} {} {bits}", values.len()))
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Infallible> {
        self.counts += Counts { operations: 1, conversions: 4, clipped: 0 };
        self.note(format!("operate {}", operation.plane))
    }

    fn results(&mut self, bank: u8, outputs: Range<usize>, _: &mut [u8]) -> Result<(), Infallible> {
        self.note(format!("results {bank} {outputs:?}"))
    }

    fn sums(&mut self, bank: u8, outputs: Range<usize>, _: &mut [i32]) -> Result<(), Infallible> {
        self.note(format!("sums {bank} {outputs:?}"))
    }

    fn counts(&mut self) -> Result<Counts, Infallible> {
        Ok(self.counts)
    }

    fn wait_idle(&mut self) -> Result<(), Infallible> {
        self.note("idle".into())
    }
}

/// Vectors of the next burst and results of the last one cross the bus while a burst runs; a burst
/// that another adds to is not read.
#[test]
fn bursts_overlap_with_the_bus() {
    let Bench { network, program, dataset, .. } = bench(config("small"), 4);
    let mut recorder = Recorder::default();
    let result = Executor::new(&network, &program).run(&mut recorder, 3, dataset.image(3));
    let Ok(result) = result;
    let tables = (0..8).map(|j| format!("output {} {}", j / 4, j % 4));
    let wanted: Vec<String> = ["number 12", "requantize 9 4"]
        .map(str::to_owned)
        .into_iter()
        .chain(tables)
        .chain(
            [
                "activate 0 16 4",
                "operate 0",
                "activate 8 16 4",
                "idle",
                "operate 1",
                "results 0 0..4",
                "idle",
                "results 1 0..4",
                "activate 0 16 4",
                "operate 2",
                "activate 8 16 4",
                "idle",
                "operate 3",
                "idle",
                "sums 0 0..4",
            ]
            .map(str::to_owned),
        )
        .collect();
    assert_eq!(recorder.calls, wanted);
    let two = Counts { operations: 2, conversions: 8, clipped: 0 };
    assert_eq!(result.counts, [two, two]);
    // Zeros and the biases: the largest of 40, -300, 0, 1000.
    assert_eq!((result.outputs.as_slice(), result.prediction), ([40, -300, 0, 1000].as_slice(), 3));
}

/// The network worked out from its weights.
fn by_hand(bench: &Bench, pixels: &[u8]) -> Vec<i32> {
    let value = |weights: &[i8], x: &[i64]| {
        let sum: i64 = weights.iter().zip(x).map(|(&w, x)| i64::from(w) * x).sum();
        let range = crate::config::Range::Quarter;
        ideal::value(ideal::code(sum, range), range, 0)
    };
    let image: Vec<i64> = pixels.iter().map(|&p| ((i64::from(p) + 8) >> 4).min(15)).collect();
    let hidden: Vec<i64> = (0..8)
        .map(|j| {
            let scaled =
                value(&bench.weights[0][j], &image) * (10 + j as i64) + 1000 * j as i64 - 500;
            ((scaled + 256) >> 9).clamp(0, 15)
        })
        .collect();
    let last = |j: usize| {
        let weights = &bench.weights[1][j];
        value(&weights[..4], &hidden[..4]) + value(&weights[4..], &hidden[4..])
    };
    (0..4).map(|j| last(j) as i32 + bench.biases[j]).collect()
}

#[test]
fn a_network_by_hand() {
    let bench = bench(config("small"), 20);
    let Bench { network, program, dataset, config, .. } = &bench;
    let mut machine = IdealMachine::new(config.geometry, &program.sram).expect("an SRAM");
    let mut executor = Executor::new(network, program);
    for image in 0..dataset.len() {
        let found = executor.run(&mut machine, image as u64, dataset.image(image)).expect("a run");
        let wanted = by_hand(&bench, dataset.image(image));
        assert_eq!(found.outputs, wanted, "image {image}");
        let largest = wanted.iter().max().expect("outputs");
        assert_eq!(Some(found.prediction), wanted.iter().position(|sum| sum == largest));
        assert_eq!(found.counts[1].conversions, 8);
    }
}
