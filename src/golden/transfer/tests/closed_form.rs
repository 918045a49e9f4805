//! One term at a time, where it has a closed form.

use super::*;
use crate::golden::chip::CAP_UNIT;

/// Injections of both sides before a threshold is compared, by the sizes 32, 16, ..., as decided.
fn path(t: usize) -> Vec<(usize, f64)> {
    let decided = 6 - t.trailing_zeros();
    let bit = |k: u32| t >> (6 - k) & 1;
    (0..decided).map(|k| (1 - bit(k), f64::from(32 >> k))).collect()
}

/// Units that a side has lost before a threshold is compared.
fn fired(t: usize, side: usize) -> f64 {
    path(t).iter().filter(|(fired, _)| *fired == side).map(|(_, units)| units).sum()
}

#[test]
fn without_any_term_thresholds_are_where_they_should_be() {
    for (rows, range) in [(64, 0), (64, 1), (8, 2), (40, 3)] {
        let mut config = ideal();
        config.geometry.mac_rows = rows;
        config.timing.pulses = uneven();
        let range = Range::ALL[range];
        let chip = draw(&config, 0);
        for column in 0..3 {
            let found = transfer(&config, range, column).thresholds(&chip, 3);
            assert_thresholds(&found, |t| nominal(t, range), 1e-11);
        }
    }
}

#[test]
fn an_offset_moves_all_thresholds_alike() {
    let mut config = ideal();
    config.analog.comparator_offset.on = true;
    let chip = draw(&config, 1);
    for range in Range::ALL {
        let lsb = config.analog.lsb_v(64, range.factor());
        for slice in 0..32 {
            let found = transfer(&config, range, 2).thresholds(&chip, slice);
            let shift = chip.offset(slice) / lsb;
            assert_thresholds(&found, |t| nominal(t, range) - shift, 1e-10);
        }
    }
}

/// A smaller column moves further, by what it is charged and by what it is robbed of.
#[test]
fn parasitics_scale_both_sides() {
    let mut config = ideal();
    config.analog.parasitic_mismatch.on = true;
    config.analog.parasitic_mismatch.sigma_percent = 2.0;
    let chip = draw(&config, 2);
    let range = Range::Half;
    let unit = 1.0 / (15.0 * range.factor());
    for slice in [0, 7, 31] {
        let found = transfer(&config, range, 0).thresholds(&chip, slice);
        let gain = |side: usize| {
            let capacitors = f64::from(64 * CAP_UNIT);
            let parasitic = f64::from(chip.parasitic(4 * slice + side));
            (capacitors + 0.25 * capacitors + f64::from(CAP_UNIT)) / (capacitors + parasitic)
        };
        let (p, n) = (gain(0), gain(1));
        let wanted = |t: usize| {
            // What P and N have to differ by, in LSB of the nominal column.
            let rest = fired(t, 0) * p - fired(t, 1) * n - unit / 16.0;
            if rest > 0.0 { rest / p } else { rest / n }
        };
        // Here no decision is out of the reach of its node.
        assert!((1..THRESHOLDS).all(|t| wanted(t) < wanted(t + 1)), "slice {slice}");
        assert_thresholds(&found, wanted, 1e-10);
    }
}

/// A cell at x volts above v_cm takes q (1 + lambda x): n of them turn x + 1/lambda into
/// (x + 1/lambda)(1 - n lambda q).
#[test]
fn output_impedance_compresses() {
    for v_cm in [0.5, 0.3] {
        let mut config = ideal();
        config.analog.output_impedance.on = true;
        config.analog.v_cm = v_cm;
        let lambda = config.analog.output_impedance.lambda_per_v;
        let range = Range::Full;
        let lsb = config.analog.lsb_v(64, range.factor());
        let unit = config.analog.unit_v(64);
        let rest = config.analog.v_low - v_cm + 1.0 / lambda;
        let kept = |t: usize, side: usize| -> f64 {
            let sizes = path(t).into_iter().filter(|(fired, _)| *fired == side);
            let keeps = |size: f64| {
                // Twice 16 cells.
                if size == 32.0 {
                    (1.0 - 16.0 * lambda * lsb).powi(2)
                } else {
                    1.0 - size * lambda * lsb
                }
            };
            sizes.map(|(_, size)| keeps(size)).product()
        };
        let wanted = |t: usize| {
            let (p, n) = (kept(t, 0), kept(t, 1));
            // (v + rest) p - rest n + unit/16 = 0 or rest p - (v + rest) n + unit/16 = 0
            let above = (rest * n - unit / 16.0) / p - rest;
            let below = (rest * p + unit / 16.0) / n - rest;
            (if above > 0.0 { above } else { -below }) / lsb
        };
        let found = transfer(&config, range, 0).thresholds(&draw(&config, 0), 0);
        assert_thresholds(&found, wanted, 1e-9);
        // By hand, 7 LSB of 0.5 V: thresholds come out about 1 % apart from t - 64.
        assert!((found[126] - 63.0).abs() > 0.1, "{}", found[126]);
    }
}

/// kappa of the mean: V_P alone is raised by 1 + kappa/2, V_N lowered by 1 - kappa/2.
#[test]
fn common_mode_bends_at_zero() {
    let mut config = ideal();
    config.analog.comparator_common_mode.on = true;
    config.analog.comparator_common_mode.mv_per_v = 10.0;
    let range = Range::Quarter;
    let unit = 1.0 / (15.0 * range.factor());
    let (p, n) = (1.005, 0.995);
    let wanted = |t: usize| {
        let rest = fired(t, 0) * p - fired(t, 1) * n - unit / 16.0;
        if rest > 0.0 { rest / p } else { rest / n }
    };
    let found = transfer(&config, range, 0).thresholds(&draw(&config, 0), 0);
    assert_thresholds(&found, wanted, 1e-10);
}

/// Rows whose levels bend the ramp: a threshold at a whole digit moves by that level's error.
#[test]
fn levels_bend_the_ramp() {
    let mut config = ideal();
    config.analog.dac_inl.on = true;
    config.analog.dac_inl.sigma_percent = 3.0;
    let chip = draw(&config, 4);
    let found = transfer(&config, Range::Full, 0).thresholds(&chip, 0);
    // 64 rows at r = 1: x = 15 d / 64. The interpolated level at what was found is the ideal one.
    let level = |x: f64| {
        let error = |x: usize| f64::from(chip.level_errors()[x]) / 4096.0;
        let at = (x as usize).min(14);
        x + error(at) + (error(at + 1) - error(at)) * (x - at as f64)
    };
    let straight = |d: f64| level(d.abs() * 15.0 / 64.0).copysign(d) * 64.0 / 15.0;
    assert_thresholds(&found.map(straight), |t| nominal(t, Range::Full), 1e-11);
    let bent = (1..=THRESHOLDS).map(|t| (found[t - 1] - nominal(t, Range::Full)).abs());
    assert!(bent.fold(0.0, f64::max) > 0.05);
}
