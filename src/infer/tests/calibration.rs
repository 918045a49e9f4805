//! Tables for a network.

use std::cell::RefCell;
use std::sync::Arc;

use super::fixture::{bench, config};
use crate::characterize::figures::{self, Stimuli};
use crate::characterize::golden;
use crate::characterize::program::Plan;
use crate::config::Range;
use crate::golden::chip::Chip;
use crate::golden::ideal::Calibration;
use crate::infer::InferError;
use crate::infer::calibrate::Calibrator;
use crate::mapping::{Program, Stage};

/// A program whose operations are in these ranges.
fn in_ranges(program: &Program, ranges: [Range; 4]) -> Program {
    let mut program = program.clone();
    let stages = program.stages.iter_mut().filter_map(|stage| match stage {
        Stage::Macro(layer) => Some(layer),
        Stage::Host(_) => None,
    });
    let operations = stages.flat_map(|layer| &mut layer.bursts).flat_map(|b| &mut b.operations);
    operations.zip(ranges).for_each(|(operation, range)| operation.range = range);
    program
}

/// Lines and master curve of every range are those that characterization fits; the master is that of
/// the range in most use.
#[test]
fn tables_are_those_of_characterization() {
    let bench = bench(config("small"), 1);
    let (geometry, analog) = (bench.config.geometry, bench.config.analog);
    let chip = Arc::new(Chip::draw(&geometry, &analog, 1, 3));
    let [eighth, quarter] = [Range::Eighth, Range::Quarter];
    let program = in_ranges(&bench.program, [eighth, quarter, eighth, eighth]);
    let calibrator = Calibrator::new(&geometry, &program, 1).expect("pairs");
    let fitted = calibrator.fit_golden(&bench.config, &chip, 1, 3).expect("a chip");
    assert_eq!(fitted.fits.iter().map(|(range, _)| *range).collect::<Vec<_>>(), [eighth, quarter]);
    for range in [quarter, eighth] {
        let stimuli = Stimuli::new(&Plan { geometry, range, seed: 1 });
        let conversions = &stimuli.calibration.program;
        let codes = golden::convert(&bench.config, conversions, &chip, 1, 3).expect("codes");
        let (wanted, _) = figures::calibration(&stimuli, &codes).expect("a fit");
        let lines: Vec<Calibration> = wanted.adcs.iter().map(|&adc| adc.into()).collect();
        assert_eq!(fitted.tables.calibration[range as usize], lines, "{range:?}");
        assert_eq!(fitted.tables.master == wanted.master, range == eighth, "{range:?}");
    }
    let unused = &fitted.tables.calibration[Range::Full as usize];
    assert!(unused.iter().all(|line| *line == Calibration::NEUTRAL));
}

/// Equal use: the wider range. The codes may come from anybody.
#[test]
fn codes_come_from_whoever_is_asked() {
    let bench = bench(config("small"), 1);
    let [half, quarter] = [Range::Half, Range::Quarter];
    let program = in_ranges(&bench.program, [quarter, half, quarter, half]);
    let calibrator = Calibrator::new(&bench.config.geometry, &program, 1).expect("pairs");
    let asked = RefCell::new(vec![]);
    let fitted = calibrator.fit(|conversions| {
        asked.borrow_mut().push(conversions.range);
        let adcs = 0..bench.config.geometry.slices();
        let code =
            |step, _| (conversions.input_lsb(step, 0).floor().clamp(-64.0, 63.0) + 64.0) as u8;
        let codes = (0..conversions.steps.len())
            .flat_map(|step| adcs.clone().map(move |adc| code(step, adc)));
        Ok::<_, InferError>(codes.collect())
    });
    let fitted = fitted.expect("an ideal ADC");
    assert_eq!(asked.into_inner(), [half, quarter]);
    assert_eq!(fitted.saturated(), 0);
    assert_eq!(fitted.tables.calibration[half as usize][0].gain, 128);
}

#[test]
fn single_columns_can_not_be_calibrated() {
    let config = config("slice1");
    let program = bench(super::fixture::config("small"), 1).program;
    let refused = Calibrator::new(&config.geometry, &program, 1);
    assert!(matches!(refused, Err(InferError::NoPairs(1))));
}
