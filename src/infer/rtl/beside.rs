//! Two machines driven by the same calls, every read compared.

use super::super::{Counts, Machine};
use crate::mapping::{Program, Stage};
use crate::transaction::{Operation, Requantize};
use std::fmt;
use std::ops::Range;

/// Differences kept with details; the rest is counted.
const KEPT: usize = 32;

/// Which of the two failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BesideError<A, B> {
    /// The machine that is checked.
    #[error(transparent)]
    Checked(A),
    /// The machine that says what is right.
    #[error(transparent)]
    Expected(B),
}

/// A read that the two machines answer differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `result`, `sum` or the name of a counter.
    pub what: &'static str,
    /// Number of the image.
    pub image: u64,
    /// Layer in the network and burst in the layer, where the read is one of the program's.
    pub burst: Option<(usize, usize)>,
    /// Bank and output; a counter has none.
    pub place: Option<(u8, usize)>,
    pub expected: i64,
    pub got: i64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, image {}", self.what, self.image)?;
        if let Some((layer, burst)) = self.burst {
            write!(f, ", layer {layer}, burst {burst}")?;
        }
        if let Some((bank, output)) = self.place {
            write!(f, ", bank {bank}, output {output}")?;
        }
        write!(f, ": expected {}, got {}", self.expected, self.got)
    }
}

/// A machine beside another that says what is right; the host goes on with what the first gives.
pub struct Beside<A, B> {
    checked: A,
    expected: B,
    reads: Reads,
    results: Vec<u8>,
    sums: Vec<i32>,
    total: u64,
    first: Vec<Difference>,
}

impl<A: Machine, B: Machine> Beside<A, B> {
    /// `checked` beside `expected`; the program says where in an image a difference lies.
    pub fn new(checked: A, expected: B, program: &Program) -> Self {
        let reads = Reads::new(program);
        Self { checked, expected, reads, results: vec![], sums: vec![], total: 0, first: vec![] }
    }

    /// Differences so far.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The first of them.
    pub fn first(&self) -> &[Difference] {
        &self.first
    }

    /// The machine that is checked.
    pub fn checked(&mut self) -> &mut A {
        &mut self.checked
    }

    /// Does the same to both.
    fn both(
        &mut self,
        checked: impl FnOnce(&mut A) -> Result<(), A::Error>,
        expected: impl FnOnce(&mut B) -> Result<(), B::Error>,
    ) -> Result<(), BesideError<A::Error, B::Error>> {
        checked(&mut self.checked).map_err(BesideError::Checked)?;
        expected(&mut self.expected).map_err(BesideError::Expected)
    }

    #[cold]
    fn differ(
        &mut self,
        what: &'static str,
        read: Option<(u8, Range<usize>)>,
        output: usize,
        expected: i64,
        got: i64,
    ) {
        self.total += 1;
        if self.first.len() < KEPT {
            let burst = read.as_ref().and_then(|(bank, outputs)| self.reads.find(*bank, outputs));
            let place = read.map(|(bank, _)| (bank, output));
            let image = self.reads.image;
            self.first.push(Difference { what, image, burst, place, expected, got });
        }
    }

    /// Compares what both read of a bank's outputs.
    fn compare<T: Copy + PartialEq + Into<i64>>(
        &mut self,
        what: &'static str,
        bank: u8,
        outputs: &Range<usize>,
        expected: &[T],
        got: &[T],
    ) {
        if expected == got {
            return;
        }
        for (output, (&e, &g)) in outputs.clone().zip(expected.iter().zip(got)) {
            if e != g {
                self.differ(what, Some((bank, outputs.clone())), output, e.into(), g.into());
            }
        }
    }
}

impl<A: Machine, B: Machine> Machine for Beside<A, B> {
    type Error = BesideError<A::Error, B::Error>;

    fn number_conversions(&mut self, first: u64) -> Result<(), Self::Error> {
        self.reads.start(first);
        self.both(|a| a.number_conversions(first), |b| b.number_conversions(first))
    }

    fn set_requantize(&mut self, layer: Requantize) -> Result<(), Self::Error> {
        self.both(|a| a.set_requantize(layer), |b| b.set_requantize(layer))
    }

    fn set_output(
        &mut self,
        bank: u8,
        output: u8,
        multiplier: u8,
        bias: i32,
    ) -> Result<(), Self::Error> {
        self.both(
            |a| a.set_output(bank, output, multiplier, bias),
            |b| b.set_output(bank, output, multiplier, bias),
        )
    }

    fn activate(&mut self, slot: u8, values: &[u8], bits: u8) -> Result<(), Self::Error> {
        self.both(|a| a.activate(slot, values, bits), |b| b.activate(slot, values, bits))
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Self::Error> {
        self.reads.queued += 1;
        self.both(|a| a.operate(operation), |b| b.operate(operation))
    }

    fn results(
        &mut self,
        bank: u8,
        outputs: Range<usize>,
        into: &mut [u8],
    ) -> Result<(), Self::Error> {
        let mut expected = std::mem::take(&mut self.results);
        expected.resize(into.len(), 0);
        self.both(
            |a| a.results(bank, outputs.clone(), into),
            |b| b.results(bank, outputs.clone(), &mut expected),
        )?;
        self.compare("result", bank, &outputs, &expected, into);
        self.results = expected;
        Ok(())
    }

    fn sums(
        &mut self,
        bank: u8,
        outputs: Range<usize>,
        into: &mut [i32],
    ) -> Result<(), Self::Error> {
        let mut expected = std::mem::take(&mut self.sums);
        expected.resize(into.len(), 0);
        self.both(
            |a| a.sums(bank, outputs.clone(), into),
            |b| b.sums(bank, outputs.clone(), &mut expected),
        )?;
        self.compare("sum", bank, &outputs, &expected, into);
        self.sums = expected;
        Ok(())
    }

    fn counts(&mut self) -> Result<Counts, Self::Error> {
        let got = self.checked.counts().map_err(BesideError::Checked)?;
        let expected = self.expected.counts().map_err(BesideError::Expected)?;
        let pairs = [
            ("operations", expected.operations, got.operations),
            ("conversions", expected.conversions, got.conversions),
            ("clipped codes", expected.clipped, got.clipped),
        ];
        for (what, expected, got) in pairs {
            if expected != got {
                self.differ(what, None, 0, expected as i64, got as i64);
            }
        }
        Ok(got)
    }

    fn wait_idle(&mut self) -> Result<(), Self::Error> {
        self.both(A::wait_idle, B::wait_idle)
    }
}

/// Where in the program the host is.
struct Reads {
    /// Of all bursts that are read, in order.
    places: Vec<Place>,
    conversion_steps: u64,
    image: u64,
    /// Operations of the image so far.
    queued: usize,
}

/// A burst's read.
struct Place {
    /// Operations of the image up to the burst's end.
    operations: usize,
    layer: usize,
    burst: usize,
    bank: u8,
    outputs: Range<usize>,
}

impl Reads {
    fn new(program: &Program) -> Self {
        let mut operations = 0;
        let mut places = vec![];
        for stage in &program.stages {
            let Stage::Macro(stage) = stage else { continue };
            for (number, burst) in stage.bursts.iter().enumerate() {
                operations += burst.operations.len();
                places.extend(burst.read.as_ref().map(|read| Place {
                    operations,
                    layer: stage.layer,
                    burst: number,
                    bank: read.bank,
                    outputs: read.first.into()..usize::from(read.first) + read.targets.len(),
                }));
            }
        }
        Self { places, conversion_steps: program.conversion_steps, image: 0, queued: 0 }
    }

    /// An image begins.
    fn start(&mut self, first: u64) {
        self.image = first / self.conversion_steps.max(1);
        self.queued = 0;
    }

    /// The latest burst that is queued as a whole and whose outputs these are.
    fn find(&self, bank: u8, outputs: &Range<usize>) -> Option<(usize, usize)> {
        let is_it =
            |p: &&Place| p.operations <= self.queued && p.bank == bank && p.outputs == *outputs;
        self.places.iter().rev().find(is_it).map(|p| (p.layer, p.burst))
    }
}
