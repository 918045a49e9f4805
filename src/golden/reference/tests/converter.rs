//! The converter by itself against the reference in lockstep, and its speed.

use std::sync::Arc;
use std::time::Instant;

use super::cycle;
use crate::config::{Analog, Config, Geometry, Pulses, Range, Timing, WeightFormat};
use crate::golden::chip::Chip;
use crate::golden::reference::{
    Converter, ConverterError, ConverterStep, Phase, Reference, fixtures,
};
use crate::golden::simd::Isa;
use crate::transaction::Operation;

/// A reference and a converter of the same chip with the same cells in all planes.
fn pair(geometry: Geometry, analog: Analog, pulses: Pulses, seed: u64) -> (Reference, Converter) {
    let timing = Timing { pulses, ..fixtures::timing() };
    let chip = Arc::new(Chip::draw(&geometry, &analog, 7, 3));
    let mut reference = Reference::new(geometry, analog, timing, chip.clone(), 7, 3);
    let mut converter = Converter::new(geometry, analog, timing, chip, 7, 3);
    let mut bits = fixtures::Bits::new(seed);
    for plane in 0..8 {
        let stored: Vec<bool> =
            (0..geometry.mac_rows * geometry.columns).map(|_| bits.next() & 1 == 1).collect();
        converter.load_plane(plane, &stored).expect("a plane of the array's size");
        for (m, row) in stored.chunks(geometry.columns).enumerate() {
            for word in 0..geometry.words_per_row() {
                let bit = |i: usize| u32::from(*row.get(32 * word + i).unwrap_or(&false));
                reference.load_word(8 * m + plane, word, (0..32).map(|i| bit(i) << i).sum());
            }
        }
    }
    (reference, converter)
}

/// Gives a slot random digits; returns them.
fn write_slot(
    reference: &mut Reference,
    rows: usize,
    slot: usize,
    bits: &mut fixtures::Bits,
) -> Vec<u8> {
    let digits: Vec<u8> = (0..rows).map(|_| bits.below(16) as u8).collect();
    for (word, digits) in digits.chunks(8).enumerate() {
        let data = digits.iter().enumerate().map(|(i, &d)| u32::from(d) << (4 * i)).sum();
        reference.activations(slot, word, data);
    }
    digits
}

/// Operations of random formats, planes, ranges and levels, two in the queue at any time, so that
/// steps follow each other. Returns how many steps were compared.
fn run_both(reference: &mut Reference, converter: &mut Converter, geometry: &Geometry) -> usize {
    let mut bits = fixtures::Bits::new(21);
    let slots: Vec<Vec<u8>> =
        (0..16).map(|slot| write_slot(reference, geometry.mac_rows, slot, &mut bits)).collect();
    let operations: Vec<Operation> = (0..40)
        .map(|_| {
            let format = WeightFormat::ALL[bits.below(WeightFormat::ALL.len())];
            Operation {
                plane: bits.below(8) as u8,
                format,
                activation_bits: 1 + bits.below(8) as u8,
                range: Range::ALL[bits.below(4)],
                level: bits.below(16) as u8,
                slot: 2 * bits.below(8) as u8,
                units: 1 + bits.below(geometry.units(format)) as u8,
                ..fixtures::operation()
            }
        })
        .collect();
    let mut next = operations.iter();
    let mut given = 0;
    let mut codes = vec![0; geometry.slices()];
    let mut compared = 0;
    let first = reference.counters().operations;
    let mut last = None;
    loop {
        let started = last.map_or(0, |operation: u64| operation + 1);
        if given < started + 2
            && let Some(operation) = next.next()
        {
            reference.operation(reference.cycle, operation);
            given += 1;
        }
        let now = cycle(reference);
        let Some(context) = now.context else {
            assert!(last.is_none() || reference.work.running().is_none(), "a pause within");
            if reference.idle() && given as usize == operations.len() {
                return compared;
            }
            continue;
        };
        last = Some(context.operation - first);
        if now.event.is_none_or(|e| e.pulse != Phase::Latch) {
            continue;
        }
        let operation = &operations[(context.operation - first) as usize];
        let first_pass = context.step < operation.steps() / operation.passes();
        let slot = usize::from(operation.slot) + usize::from(!first_pass);
        let step = ConverterStep {
            plane: operation.plane.into(),
            column: now.pins.column(),
            differential: operation.format.differential(),
            range: operation.range,
            level: operation.level,
        };
        assert_eq!(converter.next_conversion(), context.conversion);
        converter.convert(&step, &slots[slot], &mut codes).expect("a step of the macro");
        assert_eq!(codes, reference.codes(), "{context:?} {operation:?}");
        for k in 0..7 {
            assert_eq!(converter.margins(k), reference.converter.margins(k), "{context:?}");
        }
        compared += 1;
    }
}

/// Everything on, from the start and from another conversion on, where neither nodes nor noise
/// are those of before.
#[test]
fn codes_are_those_of_the_reference() {
    let geometry = Geometry { post_lanes: 4, ..fixtures::default_geometry() };
    for pulses in [fixtures::nominal_pulses(), fixtures::odd_pulses()] {
        let (mut reference, mut converter) = pair(geometry, fixtures::analog(), pulses, 5);
        let first = run_both(&mut reference, &mut converter, &geometry);
        assert!(first > 80, "{first} steps");
        reference.start_at_conversion(1_000_000_007);
        converter.start_at_conversion(1_000_000_007);
        assert_eq!(run_both(&mut reference, &mut converter, &geometry), first);
        assert_eq!(reference.counters().stall_cycles % 16, 0, "stalls only for the first digits");
        assert_eq!(converter.marginal_decisions(), reference.marginal_decisions());
    }
}

/// A step takes the same decisions by the same margins whether or not its voltages are kept, and
/// whatever instructions compute it; draws are those of their definition.
#[test]
fn codes_alone_are_the_same_on_every_instruction_set() {
    let geometries = [fixtures::default_geometry(), fixtures::geometry()];
    // Wide windows: many coins.
    let mut coins = fixtures::analog();
    coins.metastability.tau_ps = 90.0;
    for (geometry, analog) in
        geometries.into_iter().flat_map(|g| [(g, fixtures::analog()), (g, coins)])
    {
        let (_, kept) = pair(geometry, analog, fixtures::nominal_pulses(), 5);
        for isa in Isa::ALL.into_iter().filter(|isa| isa.available()) {
            let (mut kept, mut alone) = (kept.clone(), kept.clone().for_codes_only());
            alone.conversion.set_isa(isa);
            let mut bits = fixtures::Bits::new(9);
            let mut codes = [vec![0; geometry.slices()], vec![0; geometry.slices()]];
            for _ in 0..200 {
                let differential = bits.below(2) == 0;
                let step = ConverterStep {
                    plane: bits.below(8),
                    column: bits.below(3),
                    differential,
                    range: Range::ALL[bits.below(4)],
                    level: bits.below(16) as u8,
                };
                let digits: Vec<u8> =
                    (0..geometry.mac_rows).map(|_| bits.below(16) as u8).collect();
                kept.convert(&step, &digits, &mut codes[0]).expect("a step of the macro");
                alone.convert(&step, &digits, &mut codes[1]).expect("a step of the macro");
                assert_eq!(codes[0], codes[1], "{isa:?} {step:?}");
                (0..7).for_each(|k| assert_eq!(kept.margins(k), alone.margins(k), "{isa:?}"));
            }
            assert_eq!(kept.marginal_decisions(), alone.marginal_decisions());
        }
    }
}

#[test]
fn what_the_macro_does_not_have_is_refused() {
    let geometry = fixtures::geometry();
    let (_, mut converter) = pair(geometry, fixtures::analog(), fixtures::nominal_pulses(), 1);
    let shape = |what, given, needed| Err(ConverterError::Shape { what, given, needed });
    assert_eq!(converter.load_plane(8, &[false; 256]), Err(ConverterError::Plane(8)));
    assert_eq!(converter.load_plane(0, &[false; 255]), shape("cells", 255, 256));
    let good =
        ConverterStep { plane: 7, column: 2, differential: true, range: Range::Half, level: 15 };
    let mut convert = |step: ConverterStep, digits: &[u8], codes: usize| {
        converter.convert(&step, digits, &mut vec![0; codes])
    };
    assert_eq!(convert(good, &[15; 16], 4), Ok(()));
    assert_eq!(convert(good, &[15; 15], 4), shape("digits", 15, 16));
    assert_eq!(convert(good, &[15; 16], 5), shape("codes", 5, 4));
    let mut digits = [15; 16];
    digits[9] = 16;
    assert_eq!(convert(good, &digits, 4), Err(ConverterError::Digit { row: 9, digit: 16 }));
    let right = ConverterStep { column: 3, ..good };
    let column = ConverterError::Column { column: 3, columns: 4, differential: true };
    assert_eq!(convert(right, &[0; 16], 4), Err(column));
    assert_eq!(column.to_string(), "column 3 of a slice of 4, and the next");
    assert_eq!(convert(ConverterStep { differential: false, ..right }, &[0; 16], 4), Ok(()));
    let level = ConverterStep { level: 16, ..good };
    assert_eq!(convert(level, &[0; 16], 4), Err(ConverterError::Level(16)));
    let plane = ConverterStep { plane: 8, ..good };
    assert_eq!(convert(plane, &[0; 16], 4), Err(ConverterError::Plane(8)));
}

/// Seconds that a step of 32 slices takes: the fastest of many short runs, which other work on the
/// machine leaves alone.
fn seconds_per_step(analog: Analog, codes_only: bool) -> f64 {
    const STEPS: usize = 512;
    let config = Config::builtin("capram65").expect("a configuration of the crate");
    let (geometry, timing) = (config.geometry, config.timing);
    let chip = Arc::new(Chip::draw(&geometry, &analog, 7, 3));
    let converter = Converter::new(geometry, analog, timing, chip, 7, 3);
    let mut converter = if codes_only { converter.for_codes_only() } else { converter };
    let mut bits = fixtures::Bits::new(3);
    let cells: Vec<bool> = (0..64 * 128).map(|_| bits.next() & 1 == 1).collect();
    converter.load_plane(0, &cells).expect("a plane");
    let digits: Vec<[u8; 64]> =
        (0..STEPS).map(|_| std::array::from_fn(|_| bits.below(16) as u8)).collect();
    let mut codes = [0; 32];
    let mut run = || {
        let start = Instant::now();
        for (i, digits) in digits.iter().enumerate() {
            let column = 2 * (i % 2);
            let range = Range::Quarter;
            let step = ConverterStep { plane: 0, column, differential: true, range, level: 0 };
            converter.convert(&step, digits, &mut codes).expect("a step");
        }
        start.elapsed().as_secs_f64() / STEPS as f64
    };
    (0..300).map(|_| run()).fold(f64::INFINITY, f64::min)
}

/// Prints what half a million conversions take; `cargo test --release -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let on = Config::builtin("capram65").expect("a configuration of the crate").analog;
    let mut silent = on;
    for on in
        [&mut silent.ktc_noise.on, &mut silent.comparator_noise.on, &mut silent.injection_noise.on]
    {
        *on = false;
    }
    let mut old = on;
    for on in [
        &mut old.dac_inl.on,
        &mut old.charge_injection.on,
        &mut old.clock_feedthrough.on,
        &mut old.comparator_common_mode.on,
        &mut old.metastability.on,
        &mut old.injection_noise.on,
    ] {
        *on = false;
    }
    let inl = Analog { dac_inl: on.dac_inl, ..old };
    let injection = Analog { injection_noise: on.injection_noise, ..old };
    let metastable = Analog { metastability: on.metastability, ..old };
    for (name, analog) in [
        ("all on", on),
        ("no noise", silent),
        ("without the newer terms", old),
        ("those and DAC INL", inl),
        ("those and injection noise", injection),
        ("those and metastability", metastable),
    ] {
        let [codes, all] = [true, false].map(|only| 1e6 * seconds_per_step(analog, only));
        println!("{name}: {codes:.3} us per step for codes only, {all:.3} us with voltages");
    }
}
