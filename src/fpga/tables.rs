//! A chip as the words of the emulator's tables. `docs/fpga.md`, section 3.

use crate::config::{Analog, Geometry};
use crate::golden::chip::{CAP_UNIT, Chip};

/// A chip that does not fit the tables.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("table entry {index}: {value} does not fit 16 bits")]
pub struct TableError {
    pub index: usize,
    pub value: f64,
}

/// Words of the emulator's tables, and the chip they stand for.
#[derive(Clone, Debug)]
pub struct Tables {
    words: Vec<(usize, u16)>,
    lambda: u16,
    chip: Chip,
}

impl Tables {
    pub fn draw(geometry: &Geometry, analog: &Analog, chip: &Chip) -> Result<Self, TableError> {
        let total = |column: usize| {
            let sum: i32 = chip.capacitors(column).iter().map(|&k| i32::from(k)).sum();
            f64::from(sum + chip.parasitic(column)) / f64::from(CAP_UNIT)
        };
        let unsigned = |index: usize, value: f64| match value.round() {
            v if (0.0..65536.0).contains(&v) => Ok((index, v as u16)),
            value => Err(TableError { index, value }),
        };
        let lambda =
            if analog.output_impedance.on { analog.output_impedance.lambda_per_v } else { 0.0 };
        let low = 1.0 + lambda * (analog.v_low - analog.v_cm);
        let gain = |column| analog.v_full_scale / 15.0 / total(column) * 67_108_864.0;
        let mut words = vec![];
        for column in 0..geometry.columns {
            words.push(unsigned(column, gain(column))?);
        }
        for s in 0..geometry.slices() {
            for side in 0..2 {
                let base = 512 + 8 * (2 * s + side);
                for i in 0..5 {
                    let cells: f64 = chip.cells(s, side)[..1 << i].iter().sum();
                    let column =
                        geometry.columns_per_slice * s + side.min(geometry.columns_per_slice - 1);
                    let charge = cells * low * analog.injection_strength * analog.v_full_scale
                        / total(column);
                    words.push(unsigned(base + i, charge * f64::powi(2.0, 22 - i as i32))?);
                }
                if side == 0 {
                    let offset = chip.offset(s) + analog.unit_v(geometry.mac_rows) / 16.0;
                    words.push((base + 5, (offset * 524_288.0).round() as i16 as u16));
                } else {
                    words.push(unsigned(base + 5, gain(chip.dummy(s)))?);
                }
            }
        }
        let lambda = (lambda / low * 65536.0).round() as u16;
        Ok(Self { words, lambda, chip: chip.clone() })
    }

    /// Index and word of every entry that the host writes.
    pub fn words(&self) -> Vec<(usize, u16)> {
        self.words.clone()
    }

    /// The analog parameters that go with [`chip`](Self::chip).
    pub fn analog(&self, analog: &Analog) -> Analog {
        *analog
    }

    /// LAMBDA.
    pub fn lambda(&self) -> u16 {
        self.lambda
    }

    /// The chip that the words stand for.
    pub fn chip(&self) -> Chip {
        self.chip.clone()
    }

    /// Largest error of a margin in V.
    pub fn bound_v(&self) -> f64 {
        1e-6
    }
}
