//! Batched conversions and chip drawing: `cargo bench --bench golden`. One thread, 64 MAC rows, 128
//! columns, 32 slices; throughput counts conversions (codes) unless it
//! says otherwise.

use std::hint::black_box;
use std::sync::Arc;

use capram::config::{Analog, Config, Geometry, Range, WeightFormat};
use capram::golden::batch::{Die, Ideal, Isa, NoisySar, Sar, Step};
use capram::golden::calibrated::{Calibrated, Contribution};
use capram::golden::chip::Chip;
use capram::golden::ideal::Calibration;
use capram::golden::reference::{Converter, ConverterStep, FilteredConverter};
use capram::golden::transfer::{THRESHOLDS, Transfer};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

const GEOMETRY: Geometry =
    Geometry { mac_rows: 64, columns: 128, columns_per_slice: 4, post_lanes: 2 };
const VECTORS: usize = 4096;
/// Codes of one conversion step of the batch.
const CONVERSIONS: usize = VECTORS * 32;
/// Two columns of a slice against each other: twice the sums of a single-ended step.
const DIFFERENTIAL: Step = Step { column: 0, differential: true, range: Range::Full, level: 0 };
/// One column against the dummy.
const SINGLE: Step = Step { column: 0, differential: false, range: Range::Half, level: 4 };

/// The default chip with the mismatch that the batches model; noise as asked for.
fn analog(ktc: bool, comparator: bool) -> Analog {
    let default = Config::builtin("capram65").expect("built in").analog;
    let mut analog = Config::builtin("ideal").expect("built in").analog;
    analog.capacitor_mismatch = default.capacitor_mismatch;
    analog.parasitic_mismatch = default.parasitic_mismatch;
    analog.comparator_offset = default.comparator_offset;
    analog.cell_mismatch = default.cell_mismatch;
    analog.ktc_noise.on = ktc;
    analog.comparator_noise.on = comparator;
    analog
}

/// Reproducible bytes: the top ones of a Weyl sequence, mixed once.
fn bytes() -> impl Iterator<Item = u8> {
    (1u64..).map(|i| {
        let x = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((x ^ x >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8
    })
}

fn plane() -> Vec<bool> {
    bytes().take(64 * 128).map(|byte| byte & 1 == 1).collect()
}

fn digits() -> Vec<u8> {
    bytes().take(VECTORS * 64).map(|byte| byte & 15).collect()
}

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// Times conversions of one batch.
fn conversions(group: &mut Group<'_>, id: &str, convert: impl Fn(&[u8], &mut [u8])) {
    let digits = digits();
    let mut codes = vec![0; CONVERSIONS];
    group.throughput(Throughput::Elements(CONVERSIONS as u64));
    group.bench_function(id, |b| b.iter(|| convert(black_box(&digits), black_box(&mut codes))));
}

fn ideal(group: &mut Group<'_>, id: &str, step: Step, isa: Isa) {
    let ideal = Ideal::new(&GEOMETRY, &step, &plane()).and_then(|ideal| ideal.with_isa(isa));
    let ideal = ideal.expect("a valid step");
    conversions(group, id, |digits, codes| ideal.convert(digits, codes).expect("a valid batch"));
}

fn sar(group: &mut Group<'_>, id: &str, step: Step, isa: Isa) {
    let die = Die::draw(&GEOMETRY, &analog(false, false), 1, 0).expect("modelled terms");
    let sar = Sar::new(&die, &step, &plane()).and_then(|sar| sar.with_isa(isa));
    let sar = sar.expect("a valid step");
    conversions(group, id, |digits, codes| sar.convert(digits, codes).expect("a valid batch"));
}

fn noisy(group: &mut Group<'_>, id: &str, step: Step, isa: Isa, ktc: bool) {
    let die = Die::draw(&GEOMETRY, &analog(ktc, true), 1, 0).expect("modelled terms");
    let sar = NoisySar::new(&die, &step, &plane()).and_then(|sar| sar.with_isa(isa));
    let sar = sar.expect("a valid step");
    conversions(group, id, |digits, codes| sar.convert(0, digits, codes).expect("a valid batch"));
}

/// Each converter with the machine's best instruction set, then with the others it has.
fn golden(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("golden");
    let suffixes = [(Isa::Portable, "_portable"), (Isa::Avx2, "_avx2"), (Isa::Avx512, "_avx512")];
    let others = suffixes.into_iter().filter(|(isa, _)| isa.available() && *isa != Isa::best());
    for (isa, suffix) in std::iter::once((Isa::best(), "")).chain(others) {
        let id = |name: &str| format!("{name}{suffix}");
        ideal(&mut group, &id("ideal_adc"), DIFFERENTIAL, isa);
        sar(&mut group, &id("sar"), DIFFERENTIAL, isa);
        sar(&mut group, &id("sar_single"), SINGLE, isa);
        noisy(&mut group, &id("sar_noise"), DIFFERENTIAL, isa, false);
        noisy(&mut group, &id("sar_noise_ktc"), DIFFERENTIAL, isa, true);
    }
    group.throughput(Throughput::Elements(1));
    let analog = analog(true, true);
    group.bench_function("chip_draw", |b| {
        b.iter(|| Chip::draw(&GEOMETRY, black_box(&analog), 1, 0))
    });
    group.finish();
}

/// All thresholds of a chip's 32 ADCs; of a given chip, then of one drawn for it. Throughput counts
/// thresholds.
fn thresholds(criterion: &mut Criterion) {
    let Config { analog, timing, .. } = Config::builtin("capram65").expect("built in");
    let transfer = Transfer::new(&GEOMETRY, &analog, &timing, Range::Full, 0).expect("valid");
    let all = |chip: &Chip| {
        for slice in 0..GEOMETRY.slices() {
            black_box(transfer.thresholds(black_box(chip), slice));
        }
    };
    let mut group = criterion.benchmark_group("thresholds");
    group.throughput(Throughput::Elements((GEOMETRY.slices() * THRESHOLDS) as u64));
    let chip = Chip::draw(&GEOMETRY, &analog, 1, 0);
    group.bench_function("of_a_chip", |b| b.iter(|| all(&chip)));
    group.bench_function("of_a_drawn_chip", |b| {
        b.iter(|| all(&Chip::draw(&GEOMETRY, black_box(&analog), 1, 0)));
    });
    group.finish();
}

/// Converts a step's digits to codes.
type Convert<'a> = &'a mut dyn FnMut(&ConverterStep, &[u8], &mut [u8]);

/// One conversion step of 32 slices with every term on: for its codes alone, most of them by the
/// filter or all of them exactly, and with its voltages too. Throughput counts steps.
fn converter(criterion: &mut Criterion) {
    let Config { geometry, analog, timing, .. } = Config::builtin("capram65").expect("built in");
    let chip = Arc::new(Chip::draw(&geometry, &analog, 1, 0));
    let mut all = Converter::new(geometry, analog, timing, chip.clone(), 1, 0);
    let mut filtered = FilteredConverter::new(geometry, analog, timing, chip, 1, 0);
    for plane in 0..8 {
        let cells: Vec<bool> =
            bytes().skip(plane * 8192).take(8192).map(|byte| byte & 1 == 1).collect();
        all.load_plane(plane, &cells).expect("a plane of the array's size");
        filtered.load_plane(plane, &cells).expect("a plane of the array's size");
    }
    let vectors: Vec<Vec<u8>> = digits().chunks(64).take(256).map(<[u8]>::to_vec).collect();
    let mut group = criterion.benchmark_group("converter");
    group.throughput(Throughput::Elements(1));
    let mut step = |id: &str, convert: Convert| {
        let mut codes = [0; 32];
        let mut number = 0;
        group.bench_function(id, |b| {
            b.iter(|| {
                number += 1;
                let step = ConverterStep {
                    plane: number / 2 % 8,
                    column: 2 * (number % 2),
                    differential: true,
                    range: Range::Quarter,
                    level: 0,
                };
                convert(&step, &vectors[number % 256], &mut codes);
                black_box(&codes);
            });
        });
    };
    let mut alone = all.clone().for_codes_only();
    step("filtered", &mut |step, x, codes| filtered.convert(step, x, codes).expect("valid"));
    step("codes", &mut |step, x, codes| alone.convert(step, x, codes).expect("valid"));
    step("voltages", &mut |step, x, codes| all.convert(step, x, codes).expect("valid"));
    group.finish();
}

/// Calibrated values of a step's codes, added to its accumulators. Throughput counts steps.
fn accumulate(criterion: &mut Criterion) {
    let mut calibrated = Calibrated::neutral(32);
    for adc in 0..32 {
        let calibration = Calibration { gain: 120 + adc as u8, offset: adc as i16 - 16 };
        calibrated.set(Range::Quarter, adc, calibration);
    }
    let contribution = Contribution::new(WeightFormat::Diff2, 1, 1, 0, 0);
    let values = calibrated.values(Range::Quarter);
    let codes: Vec<u8> = bytes().take(32).map(|byte| byte & 127).collect();
    let mut accumulators = [0; 32];
    let mut group = criterion.benchmark_group("accumulate");
    group.throughput(Throughput::Elements(1));
    group.bench_function("step", |b| {
        b.iter(|| contribution.add(values, black_box(&codes), black_box(&mut accumulators)));
    });
    group.finish();
}

criterion_group!(benches, golden, thresholds, converter, accumulate);
criterion_main!(benches);
