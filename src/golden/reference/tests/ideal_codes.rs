//! With every analog term off, decisions made from voltages give the integer codes.

use super::cycle;
use crate::config::{Geometry, Range, WeightFormat};
use crate::golden::ideal;
use crate::golden::reference::{Phase, Reference, fixtures};
use crate::transaction::Operation;

/// Digits and stored bits as the test wrote them.
struct Stimulus {
    digits: Vec<u32>,
    /// `[mac row]`, one bit per column.
    bits: Vec<u32>,
}

impl Stimulus {
    fn write(&self, reference: &mut Reference, operation: &Operation, slot: usize) {
        for (m, &bits) in self.bits.iter().enumerate() {
            reference.load_word(8 * m + usize::from(operation.plane), 0, bits);
        }
        for (word, digits) in self.digits.chunks(8).enumerate() {
            let data = digits.iter().enumerate().map(|(i, d)| d << (4 * i)).sum();
            reference.activations(slot, word, data);
        }
    }

    /// sum x_m b_m of a column.
    fn dot(&self, column: usize) -> i64 {
        let rows = self.bits.iter().zip(&self.digits);
        rows.map(|(bits, x)| i64::from(bits >> column & 1) * i64::from(*x)).sum()
    }
}

/// Codes of every step of one operation, ideal ones beside.
fn compare(reference: &mut Reference, geometry: &Geometry, operation: Operation, s: &Stimulus) {
    s.write(reference, &operation, usize::from(operation.slot));
    let mut expected_sums = vec![0i64; usize::from(operation.units) * geometry.slices()];
    reference.operation(reference.cycle, &operation);
    loop {
        let now = cycle(reference);
        if now.event.is_some_and(|e| e.pulse == Phase::Latch) {
            let column = now.pins.column();
            for slice in 0..geometry.slices() {
                let left = geometry.columns_per_slice * slice + column;
                let reference_units = ideal::reference_units(geometry.mac_rows, operation.level);
                let negative =
                    if operation.format.differential() { s.dot(left + 1) } else { reference_units };
                let code = ideal::code(s.dot(left) - negative, operation.range);
                assert_eq!(reference.codes()[slice], code, "{operation:?} slice {slice}");
                assert_eq!(now.pins.code(slice), code);

                let digits = operation.format.digits();
                let stride = operation.format.columns() / digits;
                let (unit, within) =
                    (column / operation.format.columns(), column % operation.format.columns());
                let weight = ideal::digit_weight(operation.format, digits - 1 - within / stride);
                let shift = if operation.format.differential() { 0 } else { reference_units };
                let term = if operation.format == WeightFormat::Single1 {
                    16 * s.digits.iter().map(|&x| i64::from(x)).sum::<i64>()
                } else {
                    0
                };
                expected_sums[unit * geometry.slices() + slice] +=
                    weight * ideal::value(code, operation.range, shift) - term;
            }
        }
        if reference.idle() {
            break;
        }
    }
    for (output, &sum) in expected_sums.iter().enumerate() {
        assert_eq!(i64::from(reference.accumulator(0, output)), sum, "{operation:?}");
    }
}

#[test]
fn voltages_give_the_integer_codes() {
    let geometry = fixtures::geometry();
    let mut bits = fixtures::Bits::new(11);
    for pulses in [fixtures::nominal_pulses(), fixtures::odd_pulses()] {
        let mut reference = fixtures::reference(geometry, fixtures::ideal_analog(), pulses);
        for format in WeightFormat::ALL {
            for range in Range::ALL {
                for level in 0..16 {
                    // Sparse, even and dense cells, so that both ends of the scale are reached.
                    let density = bits.next() % 3;
                    let word = |bits: &mut fixtures::Bits| match density {
                        0 => bits.next() & bits.next() & bits.next(),
                        1 => bits.next(),
                        _ => bits.next() | bits.next() | bits.next(),
                    };
                    let stimulus = Stimulus {
                        digits: (0..16).map(|_| bits.next() % 16).collect(),
                        bits: (0..16).map(|_| word(&mut bits) & 0xffff).collect(),
                    };
                    let operation = Operation {
                        plane: (bits.next() % 8) as u8,
                        format,
                        range,
                        level,
                        slot: (bits.next() % 16) as u8,
                        units: geometry.units(format) as u8,
                        ..fixtures::operation()
                    };
                    compare(&mut reference, &geometry, operation, &stimulus);
                }
            }
        }
        assert_eq!(reference.marginal_decisions(), 0);
    }
}

/// Every sum that a differential column pair of one slice can have, ties with all 127 thresholds
/// at r = 1 among them (multiples of 15), and one unit to either side of them.
#[test]
fn ties_count_as_above() {
    let geometry = Geometry { mac_rows: 64, columns: 32, ..fixtures::geometry() };
    let pulses = fixtures::nominal_pulses();
    let mut reference = fixtures::reference(geometry, fixtures::ideal_analog(), pulses);
    for range in Range::ALL {
        for sum in -960i64..=960 {
            // As many rows at 15 as fit, and one at the rest; P or N in slice 0 by sign.
            let magnitude = sum.unsigned_abs() as u32;
            let digits = (0..64).map(|m| magnitude.saturating_sub(15 * m).min(15)).collect();
            let bit = if sum < 0 { 2 } else { 1 };
            let stimulus = Stimulus { digits, bits: vec![bit; 64] };
            let operation = Operation { range, ..fixtures::operation() };
            compare(&mut reference, &geometry, operation, &stimulus);
        }
    }
}
