//! Compares cycle by cycle and keeps count of what was compared.

use super::signals::FIELDS;
use crate::golden::reference::{DecisionMismatch, Expected, Phase, Reference};
use crate::pins::{CONTROL_WORDS, Pins, SLICE_WORDS, control};
use crate::report::MismatchRow;
use crate::simd::dispatch;

/// Largest difference of two node voltages that still agrees, in V.
pub const VOLT_TOLERANCE: f64 = 1e-6;
/// Mismatches kept with details; the rest is counted.
const KEPT: usize = 32;

/// How much was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Cycles in which every control pin was compared.
    pub cycles: u64,
    /// Node voltages.
    pub volts: u64,
    /// Codes of active slices.
    pub codes: u64,
    /// Words that the host read back.
    pub results: u64,
    /// Largest difference of two node voltages, in V.
    pub worst_volt_error: f64,
    /// Bit-line voltages of an emulated analog side.
    pub emulated_volts: u64,
    /// Largest difference of one of them from the reference, in V.
    pub worst_emulated_error: f64,
}

/// Collects mismatches; the first is the one that counts, later ones often follow from it.
#[derive(Debug)]
pub struct Checker {
    counts: Counts,
    total: u64,
    first: Vec<MismatchRow>,
    period_ns: f64,
    columns_per_slice: usize,
}

impl Checker {
    /// A checker for cycles of `period_s`.
    pub fn new(period_s: f64, columns_per_slice: usize) -> Self {
        let (counts, first) = (Counts::default(), vec![]);
        Self { counts, total: 0, first, period_ns: period_s * 1e9, columns_per_slice }
    }

    /// What was compared so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Mismatches so far.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The first mismatches, oldest first.
    pub fn first(&self) -> &[MismatchRow] {
        &self.first
    }

    /// Control pins of one cycle, and the codes while they are complete.
    #[inline]
    pub fn pins(&mut self, expected: &Expected, observed: &Pins) {
        self.counts.cycles += 1;
        let (a, b) = (expected.pins.as_words(), observed.as_words());
        if a[..CONTROL_WORDS] != b[..CONTROL_WORDS] {
            self.blame_pins(expected, observed);
        }
        // Once per step: LATCH may last long.
        if expected.event.is_some_and(|event| event.pulse == Phase::Latch) {
            self.codes(expected, observed);
        }
    }

    /// Node voltages of one kind, of sides P and N, at the end of a pulse, one per slice.
    #[inline]
    pub fn volts(
        &mut self,
        nodes: [&str; 2],
        expected: &Expected,
        golden: [&[f64]; 2],
        observed: [&[f64]; 2],
    ) {
        self.counts.volts += (golden[0].len() + golden[1].len()) as u64;
        let mut news = false;
        any_beyond(&mut news, self.worth_a_look(), golden, observed);
        if news {
            for side in 0..2 {
                self.look_at_volts(nodes[side], expected, golden[side], observed[side]);
            }
        }
    }

    /// Differences up to here, in V, neither disagree nor are the worst so far.
    #[inline]
    fn worth_a_look(&self) -> f64 {
        self.counts.worst_volt_error.min(VOLT_TOLERANCE)
    }

    /// Node voltages of a kind of which one is [`worth_a_look`](Self::worth_a_look).
    #[cold]
    fn look_at_volts(&mut self, node: &str, expected: &Expected, golden: &[f64], observed: &[f64]) {
        let worst = worst_difference(golden, observed);
        self.counts.worst_volt_error = self.counts.worst_volt_error.max(worst);
        if worst > VOLT_TOLERANCE {
            self.blame_volts(node, expected, golden, observed, VOLT_TOLERANCE);
        }
    }

    /// Bit-line voltages of an emulated analog side at the end of a pulse, which may differ by `bound`
    /// volts.
    pub fn emulated(
        &mut self,
        reference: &Reference,
        pulse: Phase,
        observed: [&[f64]; 2],
        bound: f64,
    ) {
        for (side, node) in ["emulated_p", "emulated_n"].into_iter().enumerate() {
            let golden = reference.bit_line(pulse, side);
            let worst = worst_difference(golden, observed[side]);
            self.counts.emulated_volts += golden.len() as u64;
            self.counts.worst_emulated_error = self.counts.worst_emulated_error.max(worst);
            if worst > bound {
                self.blame_volts(node, reference.expected(), golden, observed[side], bound);
            }
        }
    }

    /// A decision that the reference refuses.
    #[cold]
    pub fn decision(&mut self, expected: &Expected, found: &DecisionMismatch) {
        let mut row = self.row("decision", "comparators", expected);
        self.place_slice(&mut row, expected, found.slice);
        row.expected = u8::from(found.expected).to_string();
        row.actual = u8::from(found.actual).to_string();
        row.margin_mv = Some(found.margin_v * 1e3);
        self.report(row);
    }

    /// A word that the host read: accumulator, result, cell data or counter.
    pub fn word(&mut self, signal: String, cycle: u64, expected: i64, actual: i64) {
        self.counts.results += 1;
        if expected != actual {
            let place = Expected { cycle, ..Expected::default() };
            let mut row = self.row("result", "", &place);
            row.signal = signal;
            row.expected = expected.to_string();
            row.actual = actual.to_string();
            self.report(row);
        }
    }

    /// The macro stopped, hangs or refuses.
    pub fn stop(&mut self, signal: &str, cycle: u64, what: String) {
        let place = Expected { cycle, ..Expected::default() };
        let mut row = self.row("stop", signal, &place);
        row.expected = "to go on".into();
        row.actual = what;
        self.report(row);
    }

    #[cold]
    fn blame_pins(&mut self, expected: &Expected, observed: &Pins) {
        for field in FIELDS.iter().filter(|field| field.differs(&expected.pins, observed)) {
            let mut row = self.row("pin", field.name, expected);
            row.expected = field.value(&expected.pins);
            row.actual = field.value(observed);
            if field.per_slice {
                let slice = field.differences(&expected.pins, observed).next();
                slice.into_iter().for_each(|slice| self.place_slice(&mut row, expected, slice));
            }
            self.report(row);
        }
    }

    #[inline]
    fn codes(&mut self, expected: &Expected, observed: &Pins) {
        let active = &expected.pins.slice_active;
        let words = active.iter().rposition(|&w| w != 0).map_or(0, |last| last + 1);
        self.counts.codes += active.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        let differ = |w: usize| {
            (0..7).fold(0, |d, b| d | (expected.pins.decisions[b][w] ^ observed.decisions[b][w]))
                & active[w]
        };
        for w in 0..words.min(SLICE_WORDS) {
            let mut wrong = differ(w);
            while wrong != 0 {
                self.blame_code(expected, observed, 32 * w + wrong.trailing_zeros() as usize);
                wrong &= wrong - 1;
            }
        }
    }

    #[cold]
    fn blame_code(&mut self, expected: &Expected, observed: &Pins, slice: usize) {
        let mut row = self.row("code", "decisions", expected);
        self.place_slice(&mut row, expected, slice);
        row.expected = expected.pins.code(slice).to_string();
        row.actual = observed.code(slice).to_string();
        self.report(row);
    }

    #[cold]
    fn blame_volts(
        &mut self,
        node: &str,
        expected: &Expected,
        golden: &[f64],
        observed: &[f64],
        tolerance: f64,
    ) {
        for (slice, (g, o)) in golden.iter().zip(observed).enumerate() {
            if (g - o).is_nan() || (g - o).abs() > tolerance {
                let mut row = self.row("voltage", node, expected);
                self.place_slice(&mut row, expected, slice);
                if node.ends_with("_n") {
                    // The other column of a pair; the dummy column has no number in the array.
                    let pair = expected.pins.is(control::DIFFERENTIAL);
                    row.column = row.column.map(|p| p + 1).filter(|_| pair);
                }
                row.expected = format!("{:.6} mV", g * 1e3);
                row.actual = format!("{:.6} mV", o * 1e3);
                row.margin_mv = Some((o - g) * 1e3);
                self.report(row);
            }
        }
    }

    fn place_slice(&self, row: &mut MismatchRow, expected: &Expected, slice: usize) {
        row.slice = Some(slice);
        row.column = Some(slice * self.columns_per_slice + expected.pins.column());
    }

    fn row(&self, kind: &str, signal: &str, expected: &Expected) -> MismatchRow {
        let context = expected.context.as_ref();
        MismatchRow {
            kind: kind.into(),
            signal: signal.into(),
            slice: None,
            column: None,
            operation: context.map(|c| c.operation),
            step: context.map(|c| c.step as u32),
            pulse: context.map(|c| pulse_name(c.pulse)),
            cycle: expected.cycle,
            time_ns: expected.cycle as f64 * self.period_ns,
            expected: String::new(),
            actual: String::new(),
            margin_mv: None,
        }
    }

    fn report(&mut self, row: MismatchRow) {
        self.total += 1;
        if self.first.len() < KEPT {
            self.first.push(row);
        }
    }

    /// Node voltages of both sides at the end of a pulse, from the reference.
    #[inline]
    pub fn nodes(&mut self, reference: &Reference, pulse: Phase, bit_lines: [&[f64]; 2]) {
        let golden = [0, 1].map(|side| reference.bit_line(pulse, side));
        self.volts(["bit_line_p", "bit_line_n"], reference.expected(), golden, bit_lines);
    }
}

dispatch! {
    /// Whether a difference is larger than `limit`. Almost always none is, and to ask for that costs
    /// less than to ask for the largest.
    fn any_beyond(any: &mut bool, limit: f64, golden: [&[f64]; 2], observed: [&[f64]; 2])
        = any_beyond_body;
}

#[inline(always)]
fn any_beyond_body(any: &mut bool, limit: f64, golden: [&[f64]; 2], observed: [&[f64]; 2]) {
    let mut beyond = false;
    for (golden, observed) in golden.iter().zip(observed) {
        for (g, o) in golden.iter().zip(observed) {
            // A NaN is not within the limit, so that it can not hide.
            let within = (g - o).abs() <= limit;
            beyond |= !within;
        }
    }
    *any = beyond;
}

/// The largest magnitude of a difference; infinity if one is not a number.
fn worst_difference(golden: &[f64], observed: &[f64]) -> f64 {
    let differences = golden.iter().zip(observed).map(|(g, o)| (g - o).abs());
    differences.fold(0.0, |worst, d| if d.is_nan() { f64::INFINITY } else { d.max(worst) })
}

/// `strobe 3` and the like.
fn pulse_name(pulse: Phase) -> String {
    match pulse {
        Phase::Strobe(k) => format!("strobe {k}"),
        Phase::Inject(k) => format!("inject {k}"),
        other => format!("{other:?}").to_lowercase(),
    }
}
