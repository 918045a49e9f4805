//! A plausible report for the tests: 32 drawn ADCs, measured with the real metrics, and 200 chips.

use crate::characterize::metrics::linearity::Linearity;
use crate::characterize::metrics::sine::{Sine, analyse, spectrum_dbfs};
use crate::characterize::metrics::statistics::{mean, standard_deviation};
use crate::characterize::metrics::{Distribution, THRESHOLDS};
use crate::config::Config;
use crate::golden::random::Key;
use crate::report::characterize::*;

const ADCS: usize = 32;
const NOISE_LSB: f64 = 0.139;
const SINE: (usize, usize) = (4096, 1021);
const RESULTS: u32 = 65_536;
const CHIPS: u64 = 200;

/// A converter by its thresholds, and the line that calibrates it.
struct Adc {
    thresholds: Vec<f64>,
    linearity: Linearity,
}

impl Adc {
    fn draw(adc: usize, mismatch: f64) -> Self {
        let key = Key::new([1, 0, 77, adc as u64]);
        let offset = mismatch * 0.7 * key.normal(1000);
        let gain = 1.0 + mismatch * 0.012 * key.normal(1001);
        let jumps = [16, 32, 48, 64, 80, 96, 112];
        let mut walk = 0.0;
        let thresholds = (1..=THRESHOLDS as u32).map(|t| {
            let jump = jumps.iter().position(|&j| j == t);
            walk += mismatch * 0.035 * key.normal(t);
            walk += jump.map_or(0.0, |i| mismatch * 0.13 * key.normal(2000 + i as u32));
            let x = f64::from(t) - 64.0;
            (x + offset) / gain + walk + 0.45 * ((x / 63.0).powi(3) - x / 63.0)
        });
        let thresholds: Vec<f64> = thresholds.collect();
        let linearity = Linearity::from_thresholds(&thresholds).expect("127 rising thresholds");
        Self { thresholds, linearity }
    }

    fn convert(&self, input_lsb: f64, noise: f64) -> f64 {
        let input = input_lsb + NOISE_LSB * noise;
        self.thresholds.iter().filter(|&&t| t <= input).count() as f64
    }

    /// What a code stands for: uncalibrated, or after the line and the master curve.
    fn value(&self, code: f64, calibrated: bool) -> f64 {
        let raw = code - 63.5;
        if !calibrated {
            return raw;
        }
        let line = raw / self.linearity.gain + self.linearity.offset_lsb;
        (16.0 * (line + master(line))).round() / 16.0
    }

    fn sine(&self, calibrated: bool, noise: Key) -> Vec<f64> {
        let phase = |i: usize| (i * SINE.1 % SINE.0) as f64 / SINE.0 as f64;
        let input = |i| 60.0 * (std::f64::consts::TAU * phase(i)).sin();
        let code = |i| self.convert(input(i), noise.normal(i as u32));
        (0..SINE.0).map(|i| self.value(code(i), calibrated)).collect()
    }
}

fn master(line: f64) -> f64 {
    let x = (line / 63.0).clamp(-1.0, 1.0);
    0.32 * (x.powi(3) - x) + 0.02 * (11.0 * x).sin()
}

/// A whole report, with everything that a report can have.
pub fn report() -> CharacterizeReport {
    let config = Config::builtin("capram65").expect("built in");
    let adcs: Vec<Adc> = (0..ADCS).map(|adc| Adc::draw(adc, 1.0)).collect();
    let ideal = [Adc::draw(0, 0.0)];
    let errors = [false, true].map(|calibrated| errors(&adcs, calibrated));
    let mismatch_off = figures(&ideal, &self::errors(&ideal, false), false);
    let [before, after] = [0, 1].map(|side| figures(&adcs, &errors[side], side == 1));
    CharacterizeReport {
        config: (&config).into(),
        conditions: config.analog.conditions,
        backend: "rtl",
        seed: 1,
        chip: 0,
        threads: 2,
        command:
            "capram characterize --config capram65 --seed 1 --chip 0 --chips 200 --backend rtl"
                .into(),
        enob: mismatch_off.enob,
        inl_max_lsb: before.inl_max_lsb,
        dnl_max_lsb: before.dnl_max_lsb,
        missing_codes: before.missing_codes,
        linearity_error_max_lsb: after.linearity_error_max_lsb,
        linearity_samples: after.linearity_samples,
        gops: 573.44,
        tops_per_watt: 49.4,
        saturated_registers: 0,
        range: 1.0,
        lsb_v: 7.098e-3,
        adcs: adc_rows(&adcs, &errors),
        curves: curves(&adcs, &ideal[0], &errors),
        mismatch_off,
        before,
        after,
        backends_compared: Some(BackendComparison {
            codes_compared: 2_920_448,
            calibration_equal: true,
            results_compared: 65_536,
            ..BackendComparison::default()
        }),
        monte_carlo: Some(population()),
        energy: energy(),
        published: published(),
        tools: Tools {
            capram: "0.1.0".into(),
            verilator: "Verilator 5.006".into(),
            compiler: "g++ 12.2.0".into(),
        },
    }
}

/// Input and error of random results, ADC by ADC in turn.
fn errors(adcs: &[Adc], calibrated: bool) -> Vec<(f64, f64)> {
    let (inputs, noise) = (Key::new([9, 9, 9, 9]), Key::new([8, 8, 8, 8]));
    let error = |i: u32| {
        let adc = &adcs[i as usize % adcs.len()];
        let input = ((20.0 * inputs.normal(i)).clamp(-60.0, 60.0) * 15.0).round() / 15.0;
        (input, adc.value(adc.convert(input, noise.normal(i)), calibrated) - input)
    };
    (0..RESULTS).map(error).collect()
}

fn sines(adcs: &[Adc], calibrated: bool) -> Vec<Sine> {
    let noise = |adc: usize| Key::new([7, 7, 7, adc as u64]);
    let of = |(i, adc): (usize, &Adc)| {
        analyse(&adc.sine(calibrated, noise(i)), SINE.1).expect("a coherent sine")
    };
    adcs.iter().enumerate().map(of).collect()
}

fn figures(adcs: &[Adc], errors: &[(f64, f64)], calibrated: bool) -> Figures {
    let sines = sines(adcs, calibrated);
    let sine = |f: fn(&Sine) -> f64| mean(&sines.iter().map(f).collect::<Vec<_>>()).expect("some");
    let largest =
        |f: fn(&Linearity) -> f64| adcs.iter().map(|adc| f(&adc.linearity)).fold(0.0, f64::max);
    let spread = |f: fn(&Linearity) -> f64| {
        let values: Vec<f64> = adcs.iter().map(|adc| f(&adc.linearity)).collect();
        let sigma = standard_deviation(&values).unwrap_or(0.0);
        if calibrated { 0.04 * sigma } else { sigma }
    };
    let square = errors.iter().map(|(_, e)| e * e).sum::<f64>() / errors.len() as f64;
    let power = errors.iter().map(|(d, _)| d * d).sum::<f64>() / errors.len() as f64;
    Figures {
        enob: sine(|s| s.enob),
        enob_min: sines.iter().map(|s| s.enob).fold(f64::INFINITY, f64::min),
        sinad_db: sine(|s| s.sinad_db),
        snr_db: sine(|s| s.snr_db),
        sfdr_db: sine(|s| s.sfdr_db),
        thd_db: sine(|s| s.thd_db),
        inl_max_lsb: largest(Linearity::inl_max_lsb) * if calibrated { 0.8 } else { 1.0 },
        inl_terminal_max_lsb: largest(Linearity::inl_terminal_max_lsb),
        dnl_max_lsb: largest(Linearity::dnl_max_lsb),
        missing_codes: adcs.iter().map(|a| a.linearity.missing_codes.len() as u64).sum(),
        adcs_without_missing_codes: 1.0,
        monotonic: true,
        input_noise_lsb: NOISE_LSB,
        linearity_error_max_lsb: errors.iter().map(|(_, e)| e.abs()).fold(0.0, f64::max),
        linearity_error_rms_lsb: square.sqrt(),
        linearity_samples: errors.len() as u64,
        clipped_codes: 12,
        csnr_db: 10.0 * (power / square).log10(),
        offset_sigma_lsb: spread(|l| l.offset_lsb),
        gain_sigma: spread(|l| l.gain),
    }
}

fn adc_rows(adcs: &[Adc], errors: &[Vec<(f64, f64)>; 2]) -> Vec<AdcRow> {
    let sines = sines(adcs, true);
    let left = Key::new([6, 6, 6, 6]);
    let row = |(i, adc): (usize, &Adc)| {
        let largest = |errors: &Vec<(f64, f64)>| {
            errors.iter().skip(i).step_by(ADCS).map(|(_, e)| e.abs()).fold(0.0, f64::max)
        };
        let l = &adc.linearity;
        let small = |k: u32| left.normal(2 * i as u32 + k);
        AdcRow {
            adc: i,
            enob: sines[i].enob,
            inl_max_lsb: l.inl_max_lsb(),
            dnl_max_lsb: l.dnl_max_lsb(),
            missing_codes: l.missing_codes.clone(),
            input_noise_lsb: NOISE_LSB + 0.004 * small(0),
            offset_lsb: [l.offset_lsb, 0.03 * small(0)],
            gain: [l.gain, 1.0 + 0.0015 * small(1)],
            gain_register: (128.0 / l.gain).round() as u8,
            offset_register: (16.0 * l.offset_lsb).round() as i16,
            linearity_error_max_lsb: [largest(&errors[0]), largest(&errors[1])],
        }
    };
    adcs.iter().enumerate().map(row).collect()
}

fn curves(adcs: &[Adc], ideal: &Adc, errors: &[Vec<(f64, f64)>; 2]) -> Curves {
    let inl = |&adc: &usize| adcs[adc].linearity.inl_max_lsb();
    let shown = (0..ADCS).max_by(|a, b| inl(a).total_cmp(&inl(b))).expect("ADCs");
    let noise = Key::new([5, 5, 5, 5]);
    let inputs: Vec<f64> = (0..1921).map(|i| f64::from(i) / 15.0 - 64.0).collect();
    let mean_code = |(i, &input): (usize, &f64)| {
        let code = |k: u32| adcs[shown].convert(input, noise.normal(32 * i as u32 + k));
        (0..32).map(code).sum::<f64>() / 32.0
    };
    let spectrum = |adc: &Adc, calibrated| {
        spectrum_dbfs(&adc.sine(calibrated, noise)).expect("a power of two")
    };
    Curves {
        shown_adc: shown,
        ramp_mean_code: inputs.iter().enumerate().map(mean_code).collect(),
        ramp_input_lsb: inputs,
        inl_lsb: adcs.iter().map(|a| a.linearity.inl_best_fit_lsb.clone()).collect(),
        dnl_lsb: adcs.iter().map(|a| a.linearity.dnl_lsb.clone()).collect(),
        first_code: adcs.iter().map(|a| a.linearity.first_code).collect(),
        spectrum_mismatch_off_dbfs: spectrum(ideal, false),
        spectrum_dbfs: spectrum(&adcs[shown], true),
        master: (0..128).map(|i| (16.0 * master(f64::from(i) - 63.5)).round() as i8).collect(),
        error_by_input: error_by_input(errors),
        error_histogram: error_histogram(errors),
    }
}

fn error_by_input(errors: &[Vec<(f64, f64)>; 2]) -> Vec<ErrorBin> {
    let bin = |i: i32| {
        let centre = 2.0 * f64::from(i) + 1.0;
        let side = |errors: &Vec<(f64, f64)>| {
            let within =
                errors.iter().filter(|(d, _)| (-1.0..1.0).contains(&(d - centre))).map(|(_, e)| *e);
            let values: Vec<f64> = within.collect();
            let [low, high] = [f64::min, f64::max]
                .map(|pick| values.iter().copied().reduce(pick).unwrap_or(f64::NAN));
            [low, mean(&values).unwrap_or(f64::NAN), high]
        };
        ErrorBin { input_lsb: centre, before: side(&errors[0]), after: side(&errors[1]) }
    };
    // The last one holds an input of 60 alone.
    (-30..31).map(bin).collect()
}

fn error_histogram(errors: &[Vec<(f64, f64)>; 2]) -> Histogram {
    let count = |errors: &Vec<(f64, f64)>| {
        let mut counts = vec![0; 64];
        errors.iter().for_each(|(_, e)| counts[((e / 0.125).floor() as i64 + 32) as usize] += 1);
        counts
    };
    Histogram {
        first_edge_lsb: -4.0,
        width_lsb: 0.125,
        before: count(&errors[0]),
        after: count(&errors[1]),
    }
}

fn population() -> MonteCarlo {
    let rows: Vec<ChipRow> = (0..CHIPS).map(chip_row).collect();
    let distribution = |name, of: fn(&ChipRow) -> f64| {
        let values: Vec<f64> = rows.iter().map(of).collect();
        (name, Distribution::of(&values).expect("finite values"))
    };
    let worst = rows.iter().max_by(|a, b| a.linearity_after_lsb.total_cmp(&b.linearity_after_lsb));
    let good = rows.iter().filter(|row| row.linearity_after_lsb < 2.0).count();
    MonteCarlo {
        chips: CHIPS,
        first_chip: 0,
        failed: vec![],
        distributions: vec![
            distribution("enob", |r| r.enob),
            distribution("inl_max_lsb", |r| r.inl_max_lsb),
            distribution("dnl_max_lsb", |r| r.dnl_max_lsb),
            distribution("offset_max_lsb", |r| r.offset_max_lsb),
            distribution("linearity_before_lsb", |r| r.linearity_before_lsb),
            distribution("linearity_after_lsb", |r| r.linearity_after_lsb),
            distribution("csnr_before_db", |r| r.csnr_before_db),
            distribution("csnr_after_db", |r| r.csnr_after_db),
        ],
        worst_chip: worst.map_or(0, |row| row.chip),
        adcs_without_missing_codes: 0.9995,
        yield_below_2_lsb: good as f64 / CHIPS as f64,
        accumulated_voltage_sigma_mv: 0.137,
        accumulated_voltage_sigma_lsb: 0.0193,
        capacitor_voltage_sigma_mv: 0.112,
        rows,
    }
}

fn chip_row(chip: u64) -> ChipRow {
    let key = Key::new([4, chip, 0, 0]);
    let skewed = |i: u32| (0.5 * key.normal(i)).exp();
    ChipRow {
        chip,
        enob: 6.72 + 0.025 * key.normal(0),
        inl_max_lsb: 0.55 + 0.22 * skewed(1),
        dnl_max_lsb: 0.28 + 0.1 * skewed(2),
        missing_codes: u64::from(skewed(3) > 3.4),
        adcs_with_missing_codes: u64::from(skewed(3) > 3.4),
        offset_max_lsb: 1.1 + 0.4 * skewed(4),
        saturated_registers: 0,
        linearity_before_lsb: 2.1 + 0.45 * skewed(4),
        linearity_after_lsb: 1.15 + 0.2 * skewed(5),
        csnr_before_db: 28.3 + 0.7 * key.normal(6),
        csnr_after_db: 35.6 + 0.12 * key.normal(7),
    }
}

fn energy() -> EnergyReport {
    let parts = [
        ("word lines", 2.75),
        ("row drivers", 1.44),
        ("MAC capacitors", 21.3),
        ("column switches", 1.54),
        ("charge injection", 3.87),
        ("comparators", 8.96),
        ("control pins", 2.31),
        ("post-processor", 9.6),
        ("clock and controller", 27.0),
        ("leakage", 4.16),
    ];
    let total: f64 = parts.iter().map(|(_, pj)| pj).sum();
    EnergyReport {
        gops: 573.44,
        power_mw: 11.61,
        tops_per_watt: 49.4,
        pj_per_operation: total,
        fj_per_mac: total / 2.048,
        parts: parts.map(|(name, pj)| (name.to_owned(), pj)).to_vec(),
        sweep: sweep(total),
        violated_rules: vec![],
    }
}

/// A point of the sweep: its name, its value, its power relative to the peak's, its rate.
type Point = (&'static str, f64, f64, f64);

const SWEEP: [(&str, &[Point]); 6] = [
    ("peak", &[("diff1", 0.0, 1.0, 1.0)]),
    (
        "weight format",
        &[
            ("single1", 1.0, 0.991, 1.0),
            ("single2", 2.0, 0.978, 0.5),
            ("single3", 3.0, 0.973, 0.333),
            ("single4", 4.0, 0.971, 0.25),
            ("diff1", 1.0, 1.0, 1.0),
            ("diff2", 2.0, 0.985, 0.5),
        ],
    ),
    (
        "activation sparsity",
        &[
            ("0 %", 0.0, 1.0, 1.0),
            ("20 %", 0.2, 0.994, 1.0),
            ("40 %", 0.4, 0.985, 1.0),
            ("60 %", 0.6, 0.972, 1.0),
            ("80 %", 0.8, 0.957, 1.0),
            ("90 %", 0.9, 0.947, 1.0),
        ],
    ),
    (
        "activation width",
        &[
            ("1 bit", 1.0, 0.945, 1.0),
            ("2 bit", 2.0, 0.956, 1.0),
            ("4 bit", 4.0, 1.0, 1.0),
            ("8 bit", 8.0, 1.0, 1.0),
        ],
    ),
    (
        "range",
        &[
            ("1", 1.0, 1.0, 1.0),
            ("1/2", 0.5, 0.991, 1.0),
            ("1/4", 0.25, 0.988, 1.0),
            ("1/8", 0.125, 0.984, 1.0),
        ],
    ),
    (
        "supply",
        &[
            ("1.00 V", 1.0, 0.695, 1.0),
            ("1.10 V", 1.1, 0.84, 1.0),
            ("1.20 V", 1.2, 1.0, 1.0),
            ("1.30 V", 1.3, 1.173, 1.0),
        ],
    ),
];

fn sweep(total: f64) -> Vec<SweepRow> {
    let rules = |group: &str, value: f64| match (group, value) {
        ("supply", 1.0) => vec!["precharge_too_short".into()],
        _ => vec![],
    };
    let row = |group: &str, &(point, value, power, rate): &Point| SweepRow {
        group: group.into(),
        point: point.into(),
        value,
        power_mw: 11.61 * power * rate,
        pj_per_operation: total * power,
        fj_per_mac: total * power / 2.048,
        gops: 573.44 * rate,
        tops_per_watt: 49.4 / power,
        published_mw: (group == "peak").then_some(facts::DIFFERENTIAL_MW.value),
        violated_rules: rules(group, value),
    };
    let rows = |(group, points): &(&str, &[Point])| {
        points.iter().map(|point| row(group, point)).collect::<Vec<_>>()
    };
    SWEEP.iter().flat_map(rows).collect()
}

fn published() -> Vec<PublishedRow> {
    let row = |fact: &str, published: &str, tag: &str, model: &str, from: &str| PublishedRow {
        fact: fact.into(),
        published: published.into(),
        tag: tag.into(),
        model: model.into(),
        from: from.into(),
    };
    vec![
        row(
            "effective number of bits",
            "6.85 in transient-noise simulation",
            "F",
            "6.84 with mismatch off, 6.71 with it, calibrated",
            "this run",
        ),
        row(
            "linearity error after calibration",
            "below 2 LSB over 524,288 samples, two chips",
            "F",
            "1.31 LSB over 65,536 samples (3.02 LSB before); 98.5 % of 200 chips below 2 LSB",
            "this run",
        ),
        row("peak throughput", "573.4 GOPS", "A", "573.44 GOPS", "counters of the RTL"),
        row(
            "efficiency",
            "49.4 TOPS/W (11.6 mW at 573.4 GOPS)",
            "A",
            "49.4 TOPS/W, 11.61 mW: fitted here",
            "this run's co-simulated activity; the clock's energy is fitted to this very figure",
        ),
        row("area", "0.179 mm2, the array 62.6 % of it", "F", "not modelled", "no layout here"),
    ]
}
