//! Voltages of control nodes over time, and the small times around an edge.

use std::fmt::Write;

use super::schedule::Interval;

/// Rise and fall of a control node, in cycles: 0.2 ps of capram65's 397 ps.
pub const RAMP: f64 = 0.0005;
/// After a switch opened its charge packet flows in this window, in cycles...
pub const PUSH: Interval = Interval { start: 0.001, end: 0.0035 };
/// ... and only then the next switch closes, so that no two ever conduct at once.
pub const CLOSE: f64 = 0.004;

/// A piecewise linear voltage between 0 and 1: (cycle, volts).
#[derive(Clone, Debug, PartialEq)]
pub struct Wave(Vec<(f64, f64)>);

impl Wave {
    /// High in windows that are in order and do not touch. The area of each is its length: what the
    /// rising ramp takes the falling one, which begins where the window ends, gives back.
    pub fn pulses(windows: impl IntoIterator<Item = Interval>) -> Self {
        let mut points = vec![(0.0, 0.0)];
        for Interval { start, end } in windows {
            if start > 0.0 {
                points.push((start, 0.0));
            }
            points.extend([(start + RAMP, 1.0), (end, 1.0), (end + RAMP, 0.0)]);
        }
        Self(points)
    }

    /// Holds each value from its cycle on.
    pub fn steps(values: &[(f64, f64)]) -> Self {
        let mut points: Vec<(f64, f64)> = vec![];
        for &(cycle, value) in values {
            if let Some(&(_, before)) = points.last() {
                points.push((cycle, before));
                points.push((cycle + RAMP, value));
            } else {
                points.push((0.0, value));
            }
        }
        Self(points)
    }

    /// High where this is low.
    pub fn inverted(self) -> Self {
        Self(self.0.into_iter().map(|(cycle, volts)| (cycle, 1.0 - volts)).collect())
    }

    /// As a source of a netlist; several lines.
    pub fn pwl(&self, period_s: f64) -> String {
        let mut text = String::from("PWL(");
        for (i, (cycle, volts)) in self.0.iter().enumerate() {
            text += match i {
                0 => "",
                i if i % 8 == 0 => "\n+ ",
                _ => " ",
            };
            let _ = write!(text, "{:.9e} {volts}", cycle * period_s);
        }
        text + ")"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_is_as_long_as_its_window() {
        let Wave(points) =
            Wave::pulses([Interval { start: 0.0, end: 1.0 }, Interval { start: 2.0, end: 2.5 }]);
        let area: f64 = points
            .windows(2)
            .map(|pair| (pair[1].0 - pair[0].0) * (pair[1].1 + pair[0].1) / 2.0)
            .sum();
        assert!((area - 1.5).abs() < 1e-12, "{area}");
        assert!(points.is_sorted_by(|a, b| a.0 < b.0), "{points:?}");
    }

    #[test]
    fn a_source_is_written_in_seconds() {
        let wave = Wave::steps(&[(0.0, 0.5), (4.0, 0.75)]);
        assert_eq!(wave.pwl(1e-9), "PWL(0.000000000e0 0.5 4.000000000e-9 0.5 4.000500000e-9 0.75)");
        assert_eq!(Wave::pulses([]).inverted().pwl(1e-9), "PWL(0.000000000e0 1)");
    }
}
