//! The golden backend: the reference's closed forms, batch by batch on all threads.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::program::{Pace, Program, Step};
use super::{BATCH, CharacterizeError};
use crate::config::{Config, WeightFormat};
use crate::golden::chip::Chip;
use crate::golden::reference::{Converter, ConverterStep};

/// Converts a program on a chip; codes are `[step][adc]`. `chip` may be another than the number
/// says: one without mismatch, say, that sees that number's noise.
pub fn convert(
    config: &Config,
    program: &Program,
    chip: &Arc<Chip>,
    seed: u64,
    number: u64,
) -> Result<Vec<u8>, CharacterizeError> {
    let Config { geometry, analog, timing, .. } = *config;
    let mut fresh =
        Converter::new(geometry, analog, timing, chip.clone(), seed, number).for_codes_only();
    for (plane, weights) in program.planes.iter().enumerate() {
        fresh.load_plane(plane, &stored_bits(config, weights))?;
    }
    let slices = geometry.slices();
    let mut codes = vec![0; program.steps.len() * slices];
    codes.par_chunks_mut(BATCH * slices).enumerate().try_for_each(|(batch, codes)| {
        let first = batch * BATCH;
        let steps = first..first + codes.len() / slices;
        convert_batch(&mut fresh.clone(), config, program, steps, codes)
    })?;
    Ok(codes)
}

/// One batch, as a macro converts it that has just been started.
fn convert_batch(
    converter: &mut Converter,
    config: &Config,
    program: &Program,
    steps: Range<usize>,
    codes: &mut [u8],
) -> Result<(), CharacterizeError> {
    let stretch = config.timing.pulses.stretch(&config.geometry);
    for (n, codes) in steps.clone().zip(codes.chunks_mut(config.geometry.slices())) {
        let Step { plane, digits } = &program.steps[n];
        let first = n == steps.start;
        if first || program.pace == Pace::Separate {
            converter.start_at_conversion(program.first_conversion + n as u64);
        }
        // The first codes of a stream find the post-processor free.
        let waits = !first && program.pace == Pace::Streamed;
        converter.prolong_latch(if waits { stretch } else { 0 });
        let step = ConverterStep {
            plane: usize::from(*plane),
            column: 0,
            differential: true,
            range: program.range,
            level: 0,
        };
        converter.convert(&step, digits, codes)?;
    }
    Ok(())
}

/// A plane's cells, `[mac row][column]`, for ternary weights `[mac row][output]`.
fn stored_bits(config: &Config, weights: &[Vec<i8>]) -> Vec<bool> {
    let geometry = &config.geometry;
    let mut bits = vec![false; geometry.mac_rows * geometry.columns];
    for (cells, weights) in bits.chunks_mut(geometry.columns).zip(weights) {
        for (slice, &weight) in weights.iter().enumerate() {
            let stored = WeightFormat::Diff1.bits(weight);
            let columns = &mut cells[geometry.columns_per_slice * slice..];
            for (column, bit) in columns.iter_mut().zip(stored) {
                *column = bit;
            }
        }
    }
    bits
}
