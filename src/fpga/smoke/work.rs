//! Weights, activations and operations that the checks share, drawn from the seed.

use super::{Difference, Finding, Plan};
use crate::config::{Geometry, Range, WeightFormat};
use crate::fpga::host::{Board, HostError, activation_words};
use crate::fpga::predict::Predictor;
use crate::golden::random::Key;
use crate::transaction::Operation;

/// Draws of a check.
pub struct Draws {
    key: Key,
    next: u32,
}

impl Draws {
    pub fn new(plan: &Plan, of: u64) -> Self {
        Self { key: Key::new([plan.seed, 0x736d_6f6b, of, 0]), next: 0 }
    }

    pub fn bits(&mut self) -> u32 {
        self.next = self.next.wrapping_add(1);
        self.key.bits(self.next)
    }

    pub fn below(&mut self, end: u32) -> u32 {
        self.bits() % end
    }

    /// Activations of `bits` bits; every fourth vector is sparse, so that sums near 0 occur.
    pub fn activations(&mut self, rows: usize, bits: u8) -> Vec<u8> {
        let sparse = self.below(4) == 0;
        let top = 1 << bits;
        let value = |draws: &mut Self| draws.below(top) as u8;
        (0..rows).map(|_| if sparse && self.below(4) > 0 { 0 } else { value(self) }).collect()
    }
}

/// The array for `ideal`, `golden` and `post`, loaded once for all of them: every plane is read in
/// its own format, and any bits are weights of any format.
pub fn sram(plan: &Plan) -> Vec<u32> {
    let g = &plan.config.geometry;
    let key = Key::new([plan.seed, 0x736d_6f6b, u64::MAX, 0]);
    let mask = if g.columns < 32 { (1 << g.columns) - 1 } else { u32::MAX };
    (0..(g.rows() * g.words_per_row()) as u32).map(|i| key.bits(i) & mask).collect()
}

/// Jobs that follow each other without a pause: the first runs, two wait.
pub const AT_ONCE: usize = 3;

/// One operation and what it works on.
pub struct Job {
    pub operation: Operation,
    pub activations: Vec<u8>,
}

/// A job for every format and width; ranges, levels and slots in turn. Formats that the geometry has
/// no room for are left out.
pub fn jobs(plan: &Plan, draws: &mut Draws, widths: &[u8]) -> Vec<Job> {
    let g = &plan.config.geometry;
    let fits = |format: &WeightFormat| g.units(*format) > 0;
    let formats: Vec<WeightFormat> = WeightFormat::ALL.into_iter().filter(fits).collect();
    let pairs = widths.iter().flat_map(|&bits| formats.iter().map(move |&format| (bits, format)));
    let job = |(i, (bits, format)): (usize, (u8, WeightFormat))| {
        let activations = draws.activations(g.mac_rows, bits);
        // A step of 7 goes through all ranges, formats against widths.
        let range = Range::ALL[(i + i / formats.len()) % 4];
        // Every format has its plane; the two that are left take turns with all.
        let plane = match draws.below(8) as u8 {
            left @ 6.. => left,
            _ => format as u8,
        };
        let operation = Operation {
            plane,
            format,
            activation_bits: bits,
            range,
            level: level(g, range, &activations, bits, i),
            slot: (2 * i % 16) as u8,
            units: g.units(format) as u8,
            // The third of a group adds to the first.
            clear: i % AT_ONCE != 2,
            emit: false,
            bank: (i % AT_ONCE % 2) as u8,
        };
        Job { operation, activations }
    };
    pairs.enumerate().map(job).collect()
}

/// In the wide ranges the levels in turn; in the narrow ones, which would clip, near the middle of
/// what half of the cells give.
fn level(g: &Geometry, range: Range, activations: &[u8], bits: u8, i: usize) -> u8 {
    if matches!(range, Range::Full | Range::Half) {
        return (7 * i % 16) as u8;
    }
    let low = |&x: &u8| u32::from(if bits > 4 { x & 15 } else { x });
    let sum: u32 = activations.iter().map(low).sum();
    let middle = sum / 2 / (g.mac_rows as u32 / 2).max(1);
    (middle + i as u32 % 2).min(15) as u8
}

/// Runs jobs and compares every accumulator. [`AT_ONCE`] of them follow each other without a pause.
pub fn run(
    board: &mut Board,
    predictor: &mut Predictor,
    jobs: &[Job],
) -> Result<Result<(), Difference>, HostError> {
    let slices = board.geometry().slices();
    for (group, jobs) in jobs.chunks(AT_ONCE).enumerate() {
        let words = jobs.iter().flat_map(|Job { operation, activations }| {
            activation_words(operation.slot, activations, operation.activation_bits)
        });
        let operations: Vec<Operation> = jobs.iter().map(|job| job.operation).collect();
        board.operate(&words.collect(), &operations)?;
        for Job { operation, activations } in jobs {
            predictor.activate(operation.slot, activations, operation.activation_bits);
            if let Err(error) = predictor.operate(operation) {
                return Ok(Err(Difference::new("the prediction", "possible", error)));
            }
        }
        for bank in 0..2 {
            let into_bank = operations.iter().enumerate().filter(|(_, o)| o.bank == bank);
            let Some((last, operation)) = into_bank.clone().next_back() else { continue };
            let units = into_bank.map(|(_, o)| usize::from(o.units)).max().unwrap_or(0);
            let got = board.accumulators(bank, 0..units * slices)?;
            if let Some((output, expected)) = predictor.compare(bank, &got) {
                let place = place(AT_ONCE * group + last, operation, output, slices);
                return Ok(Err(Difference::new(place, expected, got[output])));
            }
        }
    }
    Ok(Ok(()))
}

/// Where an accumulator lies, in words.
pub fn place(number: usize, op: &Operation, output: usize, slices: usize) -> String {
    format!(
        "operation {number} ({}, plane {}, {} bits, r = 1/{}, level {}), bank {}, output {output} \
         (slice {}, unit {})",
        op.format.name(),
        op.plane,
        op.activation_bits,
        1 << op.range.log2_inverse(),
        op.level,
        op.bank,
        output % slices,
        output / slices
    )
}

/// The end of a check that converts.
pub fn finish(board: &mut Board, predictor: &Predictor, jobs: usize) -> Result<Finding, HostError> {
    let (conversions, marginal, otherwise) = predictor.counts();
    let close = match marginal {
        0 => String::new(),
        _ => format!(", {marginal} too close to call, {otherwise} of them fell otherwise"),
    };
    board.untroubled()?;
    Ok(Ok(format!("{jobs} operations, {conversions} conversions{close}")))
}
