//! How far `f32` may be off.

use super::search::Search;
use super::start::Start;
use crate::golden::draws::Cubic;

/// Relative error of a rounding.
pub(super) const UNIT: f64 = 1.0 / (1 << 24) as f64;

/// Above the largest magnitude of a normal draw.
pub(super) const PEAK: f64 = 4.05;

/// Products of errors.
const SECOND_ORDER: f64 = 1.02;

/// Largest error of rounding a result of at most this magnitude: half a unit in its last place.
pub(super) fn rounding(magnitude: f64) -> f64 {
    if magnitude > 0.0 { magnitude.log2().floor().exp2() * UNIT } else { magnitude }
}

/// Error of normal draws times their deviations, whose largest values add up to `reach`: a draw, its
/// deviation, the product, up to six sums.
pub(super) fn normal(reach: f64) -> f64 {
    (Cubic::ROUNDINGS + 2.0 + 6.0) * UNIT * reach
}

/// The larger one, or what is no number.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a >= b || a.is_nan() { a } else { b }
}

/// Largest error of a margin in V; not finite if a capacitance makes no sense. `connected`: what is
/// left of a distance between bit line and MAC capacitors at the end of a step.
pub(super) fn of(start: &Start, search: &Search, connected: f64) -> f64 {
    let reach = search.reach_v(start.reach_v, start.rest_v);
    let step = SECOND_ORDER * (start.bound_v + search.bound_v(reach));
    // The step before was as uncertain.
    step + start.residue * (step + 2.0 * connected * reach)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::random::normal_from_bits;

    #[test]
    fn half_a_unit_in_the_last_place() {
        for magnitude in [0.3_f64, 0.25, 0.4999, 1.0, 3e-6] {
            let x = magnitude as f32;
            let next = f32::from_bits(x.to_bits() + 1);
            assert_eq!(rounding(x.into()), f64::from(next - x) / 2.0, "{magnitude}");
        }
        assert_eq!(rounding(0.0), 0.0);
        assert!(rounding(f64::NAN).is_nan() && rounding(f64::INFINITY).is_infinite());
    }

    #[test]
    fn no_draw_is_beyond_the_peak() {
        assert!(normal_from_bits(u32::MAX) < PEAK && -normal_from_bits(0) < PEAK);
    }

    #[test]
    fn what_is_no_number_is_larger() {
        assert!(larger(1.0, f64::NAN).is_nan() && larger(f64::NAN, 1.0).is_nan());
    }
}
