//! Axes: their range, their ticks, and where a value stands on them.

/// Values beyond are errors of the data, not something to draw.
const LARGEST: f64 = 1e12;
/// A range narrower than this is one value.
const NARROWEST: f64 = 1e-9;
/// Ticks that an axis has room for, also on a phone.
const TICKS: f64 = 6.0;
/// Lower end of an axis of counts: one is well above it.
const LOWEST_COUNT: f64 = 0.6;

/// One axis of a plot.
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    pub ticks: Vec<Tick>,
    low: f64,
    high: f64,
    logarithmic: bool,
}

pub struct Tick {
    pub at: f64,
    pub text: String,
}

impl Axis {
    /// From at or below the smallest to at or above the largest value, both ends at round numbers.
    pub fn covering(label: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = extent(values);
        let step = round_step((high - low) / TICKS);
        Self::stepped(label, (low / step).floor() * step, (high / step).ceil() * step, step)
    }

    /// The same without values in between round numbers, for counts.
    pub fn counting(label: &str, largest: f64) -> Self {
        let high = if largest.is_finite() { largest.clamp(1.0, LARGEST) } else { 1.0 };
        let step = round_step(1.1 * high / TICKS).max(1.0);
        Self::stepped(label, 0.0, (1.1 * high / step).ceil() * step, step)
    }

    /// From `low` to `high`, with ticks at multiples of `step`.
    pub fn stepped(label: &str, low: f64, high: f64, step: f64) -> Self {
        let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
        let decimals = (-step.log10() - 1e-6).ceil().clamp(0.0, 9.0) as usize;
        let ticks = (0..=(last - first) as usize)
            .map(|i| (first + i as f64) * step)
            .map(|at| Tick { at, text: super::super::format::number(at, decimals) })
            .collect();
        Self { label: label.into(), ticks, low, high, logarithmic: false }
    }

    /// Counts up to the largest, in decades.
    pub fn decades(label: &str, largest: f64) -> Self {
        let high = if largest.is_finite() { largest.clamp(10.0, LARGEST) } else { 10.0 };
        let decades = high.log10().ceil();
        let every = (decades / TICKS).ceil().max(1.0) as usize;
        let ticks = (0..=decades as i32)
            .step_by(every)
            .map(|power| Tick { at: 10_f64.powi(power), text: decade(power) })
            .collect();
        let high = 10_f64.powf(decades);
        Self { label: label.into(), ticks, low: LOWEST_COUNT, high, logarithmic: true }
    }

    pub fn low(&self) -> f64 {
        self.low
    }

    pub fn high(&self) -> f64 {
        self.high
    }

    /// Where a value stands: 0 at the low end, 1 at the high one, values outside at the ends; none
    /// for what is no value.
    pub fn place(&self, value: f64) -> Option<f64> {
        let scale = |v: f64| if self.logarithmic { v.max(self.low).log10() } else { v };
        let (low, high) = (scale(self.low), scale(self.high));
        drawable(value).then(|| ((scale(value) - low) / (high - low)).clamp(0.0, 1.0))
    }
}

/// 1, 10, 100, 1 k, 10 k ...
fn decade(power: i32) -> String {
    let zeros = "0".repeat((power % 3).max(0) as usize);
    let prefix = ["", "\u{202f}k", "\u{202f}M", "\u{202f}G", "\u{202f}T"];
    format!("1{zeros}{}", prefix.get((power / 3).max(0) as usize).unwrap_or(&""))
}

fn drawable(value: f64) -> bool {
    value.is_finite() && value.abs() <= LARGEST
}

/// Smallest and largest value, made a range if they are one.
fn extent(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let values = values.into_iter().filter(|&value| drawable(value));
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    match high - low {
        span if span >= NARROWEST => (low, high),
        span if span >= 0.0 => {
            let margin = (0.1 * high.abs()).max(0.1);
            (low - margin, high + margin)
        }
        _ => (0.0, 1.0),
    }
}

/// The next of 1, 2, 5, 10 ... times a power of ten.
pub fn round_step(at_least: f64) -> f64 {
    let step = at_least.clamp(NARROWEST / 10.0, LARGEST);
    let power = 10_f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * power >= step * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        let axis = Axis::covering("x", [-0.83, 0.41, f64::NAN]);
        assert_eq!(texts(&axis), ["−1.0", "−0.5", "0.0", "0.5"]);
        assert_eq!(texts(&Axis::stepped("x", 0.0, 128.0, 32.0)), ["0", "32", "64", "96", "128"]);
        assert_eq!(
            texts(&Axis::decades("n", 12_345.0))[3..],
            ["1\u{202f}k", "10\u{202f}k", "100\u{202f}k"]
        );
    }

    #[test]
    fn any_values_make_an_axis() {
        let values: [&[f64]; 6] = [
            &[],
            &[f64::NAN, f64::INFINITY],
            &[0.0],
            &[6.85, 6.85],
            &[1e300, -1e300, 3.0],
            &[-1e12, 1e12],
        ];
        for values in values {
            let axis = Axis::covering("x", values.iter().copied());
            assert!((2..=12).contains(&axis.ticks.len()), "{values:?}: {:?}", texts(&axis));
            assert!(axis.low < axis.high);
            assert_eq!(axis.place(axis.low), Some(0.0));
            assert_eq!(axis.place(f64::NAN), None);
        }
    }

    #[test]
    fn decades_place_counts() {
        let axis = Axis::decades("n", 100.0);
        assert_eq!(axis.place(0.0), Some(0.0));
        assert!(axis.place(1.0).is_some_and(|place| place > 0.05));
        assert_eq!(axis.place(100.0), Some(1.0));
    }
}
