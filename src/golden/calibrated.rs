//! What the post-processor makes of a step's codes, looked up: the calibrated value of every code of
//! every ADC, and its contribution to an accumulator.

use super::ideal::{self, Calibration, MASTER_ENTRIES};
use crate::config::{Range, WeightFormat};

/// Codes of an ADC.
pub const CODES: usize = 128;

/// Values of an ADC's codes in one range, in sixteenths of a unit, without the reference.
pub type Values = [i32; CODES];

/// Calibration of all ADCs and the values that follow from it. A range's values are made when they
/// are asked for, so that tables may be written entry by entry.
#[derive(Clone, Debug)]
pub struct Calibrated {
    master: [i8; MASTER_ENTRIES],
    /// `[range]`.
    ranges: [Ranged; 4],
}

/// One range, one entry per ADC.
#[derive(Clone, Debug)]
struct Ranged {
    calibration: Vec<Calibration>,
    values: Vec<Values>,
    stale: bool,
}

impl Calibrated {
    /// Neutral calibration and master curve.
    pub fn neutral(adcs: usize) -> Self {
        let neutral = Ranged {
            calibration: vec![Calibration::NEUTRAL; adcs],
            values: vec![[0; CODES]; adcs],
            stale: true,
        };
        Self {
            master: [0; MASTER_ENTRIES],
            ranges: [neutral.clone(), neutral.clone(), neutral.clone(), neutral],
        }
    }

    /// Changes an ADC's calibration; unknown ADCs are ignored.
    pub fn set(&mut self, range: Range, adc: usize, calibration: Calibration) {
        let ranged = &mut self.ranges[range as usize];
        if let Some(entry) = ranged.calibration.get_mut(adc) {
            *entry = calibration;
            ranged.stale = true;
        }
    }

    /// Changes an entry of the master curve; unknown ones are ignored.
    pub fn set_master(&mut self, index: usize, value: i8) {
        if let Some(entry) = self.master.get_mut(index) {
            *entry = value;
            self.ranges.iter_mut().for_each(|ranged| ranged.stale = true);
        }
    }

    /// Values of a range, one entry per ADC.
    pub fn values(&mut self, range: Range) -> &[Values] {
        let ranged = &mut self.ranges[range as usize];
        if ranged.stale {
            ranged.refresh(range, &self.master);
        }
        &ranged.values
    }
}

impl Ranged {
    #[cold]
    fn refresh(&mut self, range: Range, master: &[i8; MASTER_ENTRIES]) {
        for (values, &calibration) in self.values.iter_mut().zip(&self.calibration) {
            // At most 15 (127 x 255 + 16 x 512 + 8) / 16 + 15 x 128: far from overflow.
            *values = std::array::from_fn(|code| {
                ideal::calibrated_value(code as u8, calibration, master, range, 0) as i32
            });
        }
        self.stale = false;
    }
}

/// What a code adds to its accumulator: `factor` times its value, and `constant`. Accumulators are 32
/// bits wide and wrap, so both may be cut to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    factor: i32,
    constant: i32,
}

impl Contribution {
    /// Of a step that converts the digit of weight 2^`exponent`, when `passes_left` passes follow.
    /// `reference` is 0 for differential formats, see [`ideal::reference_units`]; `digit_sum` is the
    /// pass's.
    pub fn new(
        format: WeightFormat,
        exponent: usize,
        passes_left: usize,
        reference: i64,
        digit_sum: i64,
    ) -> Self {
        let scale = 16i64.pow(passes_left as u32);
        let weight = ideal::digit_weight(format, exponent);
        let term = ideal::digit_sum_term(format, digit_sum);
        Self {
            factor: (scale * weight) as i32,
            constant: (scale * (weight * 16 * reference + term)) as i32,
        }
    }

    /// Of a code of an ADC.
    #[inline(always)]
    pub fn of(self, values: &Values, code: u8) -> i32 {
        let value = values[usize::from(code) % CODES];
        self.factor.wrapping_mul(value).wrapping_add(self.constant)
    }

    /// Sets accumulators, one per ADC, to what a step's codes contribute.
    pub fn store(self, values: &[Values], codes: &[u8], accumulators: &mut [i32]) {
        for ((accumulator, values), &code) in accumulators.iter_mut().zip(values).zip(codes) {
            *accumulator = self.of(values, code);
        }
    }

    /// Adds what a step's codes contribute to accumulators, one per ADC.
    pub fn add(self, values: &[Values], codes: &[u8], accumulators: &mut [i32]) {
        for ((accumulator, values), &code) in accumulators.iter_mut().zip(values).zip(codes) {
            *accumulator = accumulator.wrapping_add(self.of(values, code));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::random::Key;

    /// All codes of all ranges and formats, calibration and master curve anything that fits.
    #[test]
    fn looked_up_is_what_the_equations_say() {
        const ADCS: usize = 9;
        let key = Key::new([1, 2, 3, 4]);
        let mut draws = (0..).map(|element| key.bits(element));
        let mut next = || draws.next().unwrap_or_default();
        let mut looked_up = Calibrated::neutral(ADCS);
        let mut master = [0; MASTER_ENTRIES];
        for round in 0..3 {
            let index = next() as usize % MASTER_ENTRIES;
            for index in if round == 0 { 0..MASTER_ENTRIES } else { index..index + 1 } {
                master[index] = next() as i8;
                looked_up.set_master(index, master[index]);
            }
            for range in Range::ALL {
                let mut calibrations = [Calibration::NEUTRAL; ADCS];
                // The ends first, then anything.
                let ends = [(0, -512), (255, -512), (0, 511), (255, 511)];
                for (adc, calibration) in calibrations.iter_mut().enumerate().skip(1) {
                    let drawn = (next() as u8, (next() % 1024) as i16 - 512);
                    let (gain, offset) = *ends.get(adc - 1).unwrap_or(&drawn);
                    *calibration = Calibration { gain, offset };
                    looked_up.set(range, adc, *calibration);
                }
                looked_up.set(range, ADCS, Calibration { gain: 1, offset: 1 });
                let values = looked_up.values(range).to_vec();
                for (code, format) in
                    (0..CODES as u8).flat_map(|code| WeightFormat::ALL.map(|format| (code, format)))
                {
                    let exponent = next() as usize % format.digits();
                    let passes_left = next() as usize % 2;
                    let reference = if format.differential() { 0 } else { i64::from(next() % 481) };
                    let sum = i64::from(next() % 961);
                    let contribution =
                        Contribution::new(format, exponent, passes_left, reference, sum);
                    let mut accumulators = [0; ADCS];
                    contribution.store(&values, &[code; ADCS], &mut accumulators);
                    let before = accumulators.map(|a| a ^ 0x7fff_0000);
                    let mut after = before;
                    contribution.add(&values, &[code; ADCS], &mut after);
                    for (adc, &calibration) in calibrations.iter().enumerate() {
                        let y =
                            ideal::calibrated_value(code, calibration, &master, range, reference);
                        let weighted = ideal::digit_weight(format, exponent) * y
                            + ideal::digit_sum_term(format, sum);
                        let wanted = (16i64.pow(passes_left as u32) * weighted) as i32;
                        assert_eq!(accumulators[adc], wanted, "{range:?} {format:?} {code} {adc}");
                        assert_eq!(after[adc], before[adc].wrapping_add(wanted));
                    }
                }
            }
        }
    }
}
