//! Are batched conversions those of the reference, noise and all?

use super::*;
use crate::golden::reference::{Converter, ConverterStep};
use std::sync::Arc;

/// Vectors of a batch.
const VECTORS: usize = 200;
/// Index of the first conversion.
const FIRST: u64 = 1 << 33;

/// Codes of the reference's closed forms, vector by vector.
fn reference(die: &Die, step: &Step, plane: &[bool], digits: &[u8]) -> Vec<u8> {
    let config = Config::builtin("capram65").expect("built in");
    let chip = Arc::new(die.chip().clone());
    let mut converter =
        Converter::new(die.geometry, die.analog, config.timing, chip, die.seed, die.number);
    converter.load_plane(3, plane).expect("a plane");
    converter.start_at_conversion(FIRST);
    let Step { column, differential, range, level } = *step;
    let step = ConverterStep { plane: 3, column, differential, range, level };
    let rows = die.geometry.mac_rows;
    let mut codes = vec![0; digits.len() / rows * die.geometry.slices()];
    for (digits, codes) in digits.chunks(rows).zip(codes.chunks_mut(die.geometry.slices())) {
        converter.convert(&step, digits, codes).expect("a step");
    }
    codes
}

/// Two codings of one specification, one in `f64` and one in fixed point: 76,800 noisy codes of
/// every range, differential and single-ended.
#[test]
fn noisy_codes_are_the_references() {
    let geometry = Config::builtin("capram65").expect("built in").geometry;
    for (number, range) in Range::ALL.into_iter().enumerate() {
        for (column, differential, level) in [(0, true, 0), (2, true, 0), (3, false, 5)] {
            let step = Step { column, differential, range, level };
            let die = Die::draw(&geometry, &analog(), 21, number as u64).expect("a chip");
            let (plane, digits) = (plane(&geometry, 9), digits(&geometry, VECTORS, 4));
            let mut codes = vec![0; VECTORS * geometry.slices()];
            let batch = NoisySar::new(&die, &step, &plane).expect("a step");
            batch.convert(FIRST, &digits, &mut codes).expect("a batch");
            assert!(codes == reference(&die, &step, &plane, &digits), "{step:?}");
        }
    }
}
