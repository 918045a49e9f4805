//! Questions to the transfer, with answers worked out another way.

mod closed_form;
mod converter;
mod refusal;
mod search;
mod simulation;
mod zero;

use super::*;
use crate::config::{Config, Pulse, Pulses};

/// Everything off, and a parasitic of whole capacitor units, so that it is drawn without rounding.
fn ideal() -> Config {
    let mut config = Config::builtin("ideal").unwrap();
    config.analog.bit_line_parasitic.per_row = 0.25;
    config.analog.bit_line_parasitic.fixed_ff = 1.5;
    config
}

fn transfer(config: &Config, range: Range, column: usize) -> Transfer {
    let Config { geometry, analog, timing, .. } = config;
    Transfer::new(geometry, analog, timing, range, column).unwrap()
}

fn draw(config: &Config, number: u64) -> Chip {
    Chip::draw(&config.geometry, &config.analog, 11, number)
}

/// Unlike pulses everywhere, with gaps.
fn uneven() -> Pulses {
    let pulse = |width, gap| Pulse { width, gap };
    Pulses {
        reset: pulse(2, 3),
        sample: pulse(1, 2),
        multiply: pulse(3, 1),
        share: pulse(2, 1),
        strobe: pulse(2, 3),
        inject: pulse(3, 2),
        latch: pulse(2, 1),
        ..Pulses::SHORTEST
    }
}

/// Ideal thresholds: t - 64 less 1/16 unit.
fn nominal(t: usize, range: Range) -> f64 {
    t as f64 - 64.0 - 1.0 / (16.0 * 15.0 * range.factor())
}

/// Checks each threshold against its number's.
fn assert_thresholds(found: &[f64; THRESHOLDS], wanted: impl Fn(usize) -> f64, tolerance: f64) {
    for t in 1..=THRESHOLDS {
        let (found, wanted) = (found[t - 1], wanted(t));
        assert!((found - wanted).abs() <= tolerance, "threshold {t}: {found}, not {wanted}");
    }
}
