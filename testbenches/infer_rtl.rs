//! Do the RTL, the golden backend and the ideal one answer a host's calls alike, read by read, and is
//! what differs found?

mod common;

use capram::config::{Config, Geometry, Range, WeightFormat};
use capram::golden::chip::Chip;
use capram::golden::ideal::Calibration;
use capram::golden::plant::Fault;
use capram::infer::cost::Cost;
use capram::infer::rtl::{Beside, RtlFactory, RtlMachine, Setup, repeat, trace};
use capram::infer::{Factory, GoldenMachine, IdealMachine, Machine, Tables};
use capram::mapping::{Burst, LayerStage, OutputTable, Program, Read, Stage, Vector};
use capram::registers as reg;
use capram::testbench::Sample;
use capram::transaction::{Operation, Requantize};
use common::{Random, ideal};
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

const SAMPLE: Sample = Sample { seed: 21, chip: 3 };
/// Elements of an image.
const ELEMENTS: usize = 300;

/// A configuration, a program for it, and tables.
struct Case {
    config: Config,
    program: Program,
    tables: Tables,
}

impl Case {
    fn setup(&self) -> Setup<'_> {
        let Self { config, program, tables } = self;
        Setup { config, sample: SAMPLE, sram: &program.sram, tables }
    }

    fn rtl(&self) -> RtlMachine {
        self.setup().machine().expect("a model of this geometry is built")
    }

    fn golden(&self, seed: u64) -> GoldenMachine {
        let Config { geometry, analog, .. } = &self.config;
        let chip = Arc::new(Chip::draw(geometry, analog, SAMPLE.seed, SAMPLE.chip));
        let sram = &self.program.sram;
        GoldenMachine::new(&self.config, &chip, seed, SAMPLE.chip, sram, &self.tables)
            .expect("the words fit")
    }

    fn beside(&self) -> Beside<RtlMachine, GoldenMachine> {
        Beside::new(self.rtl(), self.golden(SAMPLE.seed), &self.program)
    }

    /// An image as the executor runs it; everything that was read, and each layer's operations.
    fn run<M: Machine<Error: Debug>>(&self, machine: &mut M, image: u64) -> Vec<i64> {
        let input = image_of(image);
        let mut seen = vec![];
        let first = image * self.program.conversion_steps;
        machine.number_conversions(first).expect("idle");
        let mut before = machine.counts().expect("idle");
        for stage in &self.program.stages {
            let Stage::Macro(stage) = stage else { continue };
            run_layer(machine, stage, &input, &mut seen);
            let after = machine.counts().expect("idle");
            seen.push((after.operations - before.operations) as i64);
            before = after;
        }
        seen
    }
}

fn image_of(number: u64) -> Vec<u8> {
    let mut random = Random(0x1346 + number);
    (0..ELEMENTS).map(|_| random.within(0, 255) as u8).collect()
}

/// While a burst runs the vectors of the next are written and the results of the last are read.
fn run_layer<M: Machine<Error: Debug>>(
    machine: &mut M,
    stage: &LayerStage,
    input: &[u8],
    seen: &mut Vec<i64>,
) {
    if let Some(layer) = stage.requantize {
        machine.set_requantize(layer).expect("idle");
    }
    for t in &stage.tables {
        machine.set_output(t.bank, t.output, t.multiplier, t.bias).expect("idle");
    }
    activate(machine, &stage.bursts[0], input);
    for (i, burst) in stage.bursts.iter().enumerate() {
        burst.operations.iter().for_each(|o| machine.operate(o).expect("legal"));
        if let Some(next) = stage.bursts.get(i + 1) {
            activate(machine, next, input);
        }
        if i > 0 {
            read(machine, stage, i - 1, seen);
        }
        machine.wait_idle().expect("it ends");
    }
    read(machine, stage, stage.bursts.len() - 1, seen);
}

fn activate<M: Machine<Error: Debug>>(machine: &mut M, burst: &Burst, input: &[u8]) {
    for Vector { slot, bits, sources } in &burst.vectors {
        let mask = u8::MAX >> (8 - bits);
        let value = |&s: &u32| input.get(s as usize).copied().unwrap_or(0) & mask;
        let values: Vec<u8> = sources.iter().map(value).collect();
        machine.activate(*slot, &values, *bits).expect("the slot is free");
    }
}

fn read<M: Machine<Error: Debug>>(
    machine: &mut M,
    stage: &LayerStage,
    burst: usize,
    seen: &mut Vec<i64>,
) {
    let Some(read) = &stage.bursts[burst].read else { return };
    let outputs = usize::from(read.first)..usize::from(read.first) + read.targets.len();
    if stage.requantize.is_some() {
        let mut into = vec![0; outputs.len()];
        machine.results(read.bank, outputs, &mut into).expect("readable");
        seen.extend(into.into_iter().map(i64::from));
    } else {
        let mut into = vec![0; outputs.len()];
        machine.sums(read.bank, outputs, &mut into).expect("readable");
        seen.extend(into.into_iter().map(i64::from));
    }
}

/// Programs of random layers, groups of row blocks and bursts.
struct Programs {
    random: Random,
    geometry: Geometry,
}

impl Programs {
    fn within(&mut self, low: i64, high: i64) -> usize {
        self.random.within(low, high) as usize
    }

    fn case(mut self, config: Config, groups: usize) -> Case {
        let mask = u32::MAX >> (32 - self.geometry.columns.min(32));
        let words = self.geometry.rows() * self.geometry.words_per_row();
        let sram = (0..words).map(|_| self.random.word() & mask).collect();
        let stages: Vec<Stage> = (0..3).map(|i| Stage::Macro(self.layer(i, groups))).collect();
        let program = Program { sram, conversion_steps: steps(&stages), stages, ranges: vec![] };
        let tables = self.tables();
        Case { config, program, tables }
    }

    /// The last layer's sums are read, the others' results.
    fn layer(&mut self, layer: usize, groups: usize) -> LayerStage {
        let bits = self.within(1, 8) as u8;
        let requantize = (layer < 2).then_some(Requantize { shift: 9, bits });
        let mut tables = vec![];
        for index in 0..2 * self.geometry.columns {
            let (bank, output) = ((index % 2) as u8, (index / 2) as u8);
            let (multiplier, bias) = (self.within(0, 255) as u8, self.random.within(-4000, 4000));
            tables.push(OutputTable { bank, output, multiplier, bias: bias as i32 });
        }
        tables.retain(|_| requantize.is_some());
        let mut bursts = vec![];
        for group in 0..groups {
            self.group(group, &mut bursts);
        }
        LayerStage { layer, requantize, tables, bursts }
    }

    /// Bursts that add into one bank: the first operation clears, the last emits.
    fn group(&mut self, group: usize, bursts: &mut Vec<Burst>) {
        let formats = WeightFormat::ALL.into_iter().filter(|&f| self.geometry.units(f) > 0);
        let formats: Vec<WeightFormat> = formats.collect();
        let format = formats[self.within(0, formats.len() as i64 - 1)];
        let units = self.within(1, self.geometry.units(format) as i64) as u8;
        let bank = (group % 2) as u8;
        let outputs = usize::from(units) * self.geometry.slices();
        let first = self.within(0, outputs as i64 - 1);
        let targets = vec![0; self.within(1, (outputs - first) as i64)];
        let number = if group % 4 == 3 { 2 } else { 1 };
        for part in 0..number {
            let half = if bursts.len().is_multiple_of(2) { 0 } else { 8 };
            let mut burst = self.burst(format, units, bank, half);
            let last = burst.operations.len() - 1;
            burst.operations[0].clear = part == 0;
            burst.operations[last].emit = part + 1 == number;
            let targets = targets.clone();
            burst.read = (part + 1 == number).then_some(Read { bank, first: first as u8, targets });
            bursts.push(burst);
        }
    }

    /// One to eight operations, in as many slots of a half as they take.
    fn burst(&mut self, format: WeightFormat, units: u8, bank: u8, half: u8) -> Burst {
        let bits = self.within(1, 8) as u8;
        let width = if bits > 4 { 2 } else { 1 };
        let number = self.within(1, i64::from(8 / width)) as u8;
        let range = Range::ALL[self.within(0, 3)];
        let level = self.within(0, 15) as u8;
        let slots = (0..number).map(|i| half + width * i);
        let operation = |slot| Operation {
            plane: 0,
            format,
            activation_bits: bits,
            range,
            level,
            slot,
            units,
            clear: false,
            emit: false,
            bank,
        };
        let mut operations: Vec<Operation> = slots.clone().map(operation).collect();
        operations.iter_mut().for_each(|o| o.plane = self.within(0, 7) as u8);
        let vectors = slots.map(|slot| Vector { slot, bits, sources: self.sources() }).collect();
        Burst { vectors, operations, read: None }
    }

    /// Every other vector is sparse; a source beyond the image is a row that gets 0.
    fn sources(&mut self) -> Vec<u32> {
        let top = ELEMENTS as i64 * if self.within(0, 1) == 0 { 1 } else { 4 };
        (0..self.geometry.mac_rows).map(|_| self.within(0, top) as u32).collect()
    }

    fn tables(&mut self) -> Tables {
        let mut tables = Tables::neutral(&self.geometry);
        for line in tables.calibration.iter_mut().flatten() {
            let (gain, offset) = (self.within(118, 138) as u8, self.random.within(-40, 40) as i16);
            *line = Calibration { gain, offset };
        }
        tables.master.iter_mut().for_each(|m| *m = self.random.within(-6, 6) as i8);
        tables
    }
}

fn steps(stages: &[Stage]) -> u64 {
    bursts(stages).flat_map(|b| &b.operations).map(|o| o.steps() as u64).sum()
}

fn bursts(stages: &[Stage]) -> impl Iterator<Item = &Burst> {
    stages.iter().flat_map(|stage| match stage {
        Stage::Macro(stage) => stage.bursts.iter(),
        Stage::Host(_) => [].iter(),
    })
}

fn case_of(config: Config, seed: u64, groups: usize) -> Case {
    let programs = Programs { random: Random(seed), geometry: config.geometry };
    programs.case(config, groups)
}

fn case(name: &str, seed: u64) -> Case {
    let config = Config::builtin(name).expect("built in");
    case_of(config, seed, 8)
}

#[track_caller]
fn assert_clean(machine: &mut RtlMachine) {
    let findings = machine.findings(1);
    assert!(findings.passed(), "{findings:#?}");
    assert!(findings.results_compared > 100 && findings.codes_compared > 100);
    assert_eq!(findings.first, None);
}

/// Mismatch, noise and every other term on; images in any order.
fn golden_agrees(name: &str, seed: u64) {
    let case = case(name, seed);
    let mut beside = case.beside();
    for image in [0, 7, 2_000_000] {
        case.run(&mut beside, image);
    }
    assert_eq!(beside.total(), 0, "{name}: {:#?}", beside.first());
    assert_clean(beside.checked());
}

#[test]
fn golden_agrees_with_the_rtl() {
    for seed in 0..4 {
        golden_agrees("capram65", seed);
    }
}

#[test]
fn golden_agrees_in_other_geometries() {
    for seed in 10..14 {
        golden_agrees("small", seed);
        golden_agrees("slice2", seed);
    }
    golden_agrees("slice1", 14);
}

/// A step waits for the lane: LATCH is longer in the midst of a burst.
#[test]
fn golden_agrees_where_the_lane_is_slow() {
    for seed in 20..24 {
        golden_agrees("onelane", seed);
    }
}

/// Slow and leaky circuits: what a step leaves behind matters to the next.
#[test]
fn golden_agrees_where_nodes_leak() {
    golden_agrees("leaky", 30);
    golden_agrees("ff", 31);
}

/// Wider pulses with gaps: the host knows how long a step takes, and that nothing rests before the
/// last gap is over.
#[test]
fn golden_agrees_with_long_pulses() {
    for (name, seed) in [("capram65", 40), ("small", 41), ("small", 42), ("onelane", 43)] {
        let mut config = Config::builtin(name).expect("built in");
        for (i, pulse) in config.timing.pulses.all_mut().into_iter().enumerate() {
            pulse.width += (i % 3) as u32;
            pulse.gap = (i * 5 % 8) as u32;
        }
        config.timing.pulses.latch.gap = 7;
        let case = case_of(config, seed, 8);
        let mut beside = case.beside();
        for image in [3, 4, 5] {
            case.run(&mut beside, image);
        }
        assert_eq!(beside.total(), 0, "{name}: {:#?}", beside.first());
        assert_clean(beside.checked());
    }
}

/// Without analog terms and with neutral tables all three are the same integers.
#[test]
fn all_three_agree_when_nothing_is_analog() {
    for (name, seed) in [("small", 50), ("capram65", 51), ("slice2", 52), ("onelane", 53)] {
        let mut case = case_of(ideal(name), seed, 8);
        case.tables = Tables::neutral(&case.config.geometry);
        let sums = IdealMachine::new(case.config.geometry, &case.program.sram).expect("words fit");
        let mut beside = Beside::new(case.beside(), sums, &case.program);
        for image in [4, 1] {
            case.run(&mut beside, image);
        }
        assert_eq!(beside.total(), 0, "{name}: {:#?}", beside.first());
        assert_eq!(beside.checked().total(), 0, "{name}: {:#?}", beside.checked().first());
        assert_clean(beside.checked().checked());
    }
}

/// Stalls of an image: the digits before a burst's first step, and the lane's before every later
/// one. The queue never runs dry within a burst.
#[test]
fn bursts_stream_without_a_pause() {
    for (name, lane) in [("capram65", 0), ("onelane", 14), ("small", 0)] {
        let case = case(name, 60);
        let mut machine = case.rtl();
        case.run(&mut machine, 0);
        let stalls = machine.bench().read(reg::STALLS).expect("readable");
        let load = case.config.geometry.mac_rows as u64 / 4;
        let of_burst = |b: &Burst| {
            let steps: usize = b.operations.iter().map(Operation::steps).sum();
            load + lane * (steps as u64 - 1)
        };
        let expected: u64 = bursts(&case.program.stages).map(of_burst).sum();
        assert_eq!(u64::from(stalls), expected, "{name}");
    }
}

/// What an image gives, and how long it takes, depends on its number alone.
#[test]
fn an_image_is_independent_of_its_predecessors() {
    let case = case("capram65", 70);
    let run = |machine: &mut RtlMachine, image| {
        let seen = case.run(machine, image);
        (seen, machine.bench().now() - machine.image_start())
    };
    let alone = run(&mut case.rtl(), 3);
    let mut machine = case.rtl();
    let predecessors = [0, 1, 2].map(|image| run(&mut machine, image));
    assert_eq!(run(&mut machine, 3), alone);
    assert!(predecessors.iter().all(|other| other.0 != alone.0), "images differ");
}

/// Another seed is other noise: found in a read, and the read's place is named.
#[test]
fn a_golden_backend_with_other_noise_is_found() {
    let case = case("capram65", 80);
    let mut beside = Beside::new(case.rtl(), case.golden(SAMPLE.seed + 1), &case.program);
    case.run(&mut beside, 2);
    assert!(beside.total() > 0, "other noise, other reads");
    let first = &beside.first()[0];
    assert_eq!(first.image, 2);
    let (layer, burst) = first.burst.expect("one of the program's reads");
    let Stage::Macro(stage) = &case.program.stages[layer] else { panic!("no such layer") };
    let read = stage.bursts[burst].read.as_ref().expect("it is read");
    let (bank, output) = first.place.expect("no counter");
    let outputs = usize::from(read.first)..usize::from(read.first) + read.targets.len();
    assert!(bank == read.bank && outputs.contains(&output), "{first}");
    let text = first.to_string();
    assert!(
        text.contains(&format!("image 2, layer {layer}, burst {burst}, bank {bank}")),
        "{text}"
    );
    assert_clean(beside.checked());
}

/// The plant is wrong: the lockstep comparison finds it, and so does the golden backend.
#[test]
fn a_planted_fault_is_found_twice() {
    let case = case("capram65", 90);
    for fault in [Fault::NoiseOffByOne, Fault::ComparatorInverted { slice: 5 }] {
        let mut beside = case.beside();
        case.run(&mut beside, 0);
        beside.checked().bench().plant().faults().plant(fault);
        case.run(&mut beside, 1);
        let mismatches = beside.checked().findings(1).mismatches;
        assert!(mismatches > 0 && beside.total() > 0, "{fault:?}");
        let first = beside.checked().first_finding().expect("a place to look at");
        assert_eq!(first.conversion, Some(case.program.conversion_steps));
    }
}

/// What a factory says of its machines: both comparisons, and the image of the first finding.
#[test]
fn a_factory_says_what_its_machines_find() {
    let case = case("small", 95);
    let factory = RtlFactory::new(&case.config, SAMPLE, &case.program, &case.tables).expect("fits");
    let mut machine = factory.machine().expect("a model is built");
    case.run(&mut machine, 0);
    let clean = factory.findings(&mut machine);
    assert!(clean.passed() && clean.first.is_none(), "{clean:#?}");
    machine.checked().bench().plant().faults().plant(Fault::ComparatorInverted { slice: 1 });
    case.run(&mut machine, 5);
    let findings = factory.findings(&mut machine);
    assert!(findings.mismatches > 0 && findings.differences > 0);
    assert!(!findings.mismatch_details.is_empty() && !findings.difference_details.is_empty());
    assert_eq!(findings.first.expect("a place to look at").image, Some(5));
    assert!(findings.cycles > clean.cycles && findings.results_compared > clean.results_compared);
}

/// A finding's image runs again with waves of just the cycles around it.
#[test]
fn a_finding_is_repeated_with_waves() {
    let case = case("small", 100);
    let fault = Fault::ComparatorInverted { slice: 2 };
    let mut machine = case.rtl();
    case.run(&mut machine, 0);
    machine.bench().plant().faults().plant(fault);
    case.run(&mut machine, 1);
    let finding = machine.first_finding().expect("the fault is found");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("image.fst");
    let mut again = None;
    repeat(&case.setup(), &finding, &path, |machine| {
        machine.bench().plant().faults().plant(fault);
        case.run(machine, 1);
        again = machine.first_finding();
        Ok(())
    })
    .expect("waves can be written");
    assert_eq!(again, Some(finding), "in the same cycle of the image");
    let cycles = cycles_of(&path, &case);
    assert!((95..=101).contains(&cycles), "60 cycles before and 40 after, not {cycles}");
    let view = std::fs::read_to_string(path.with_extension("gtkw")).expect("a view");
    assert!(view.contains("first finding") && view.contains("slice 2"), "{view}");
}

/// Cycles that the waves span.
fn cycles_of(path: &Path, case: &Case) -> u64 {
    let waves = wellen::simple::read(path).expect("an FST");
    let times = waves.time_table();
    let span = times[times.len() - 1] - times[0];
    (span as f64 * 1e-12 / case.config.timing.period_s()).round() as u64
}

#[test]
fn an_image_has_waves_with_its_layers_marked() {
    let case = case("small", 110);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("image.fst");
    let mut length = 0;
    trace(&case.setup(), &case.program, &|i| format!("layer {i}"), &path, |machine| {
        case.run(machine, 0);
        length = machine.bench().now() - machine.image_start();
        Ok(())
    })
    .expect("waves can be written");
    assert!(cycles_of(&path, &case).abs_diff(length) <= 2);
    let view = std::fs::read_to_string(path.with_extension("gtkw")).expect("a view");
    assert_eq!(view.matches("layer ").count(), 3, "{view}");
}

/// LeNet's work: 144 bursts of one operation (6 x 6 patches of an image, 32 outputs), 32 bursts of
/// four, then two of what is left.
fn lenet() -> Case {
    let config = Config::builtin("capram65").expect("built in");
    let mut random = Random(0x1e2e7);
    let words = config.geometry.rows() * config.geometry.words_per_row();
    let sram = (0..words).map(|_| random.word() & random.word()).collect();
    let layers = [(0, 144, 1, 36), (1, 32, 4, 60), (2, 3, 6, 64), (3, 1, 2, 60)];
    let stages: Vec<Stage> = layers.map(|layer| Stage::Macro(lenet_layer(layer))).into();
    let program = Program { sram, conversion_steps: steps(&stages), stages, ranges: vec![] };
    let tables = Tables::neutral(&config.geometry);
    Case { config, program, tables }
}

fn lenet_layer((layer, bursts, operations, rows): (usize, usize, usize, u32)) -> LayerStage {
    let outputs = (0..2).flat_map(|bank| (0..32).map(move |output| (bank, output)));
    let table = |(bank, output)| OutputTable { bank, output, multiplier: 40, bias: 100 };
    let last = layer == 3;
    let burst = |i: usize| {
        let half = if i.is_multiple_of(2) { 0 } else { 8 };
        let bank = (i % 2) as u8;
        let operation = |k: usize| Operation {
            plane: (layer + k) as u8 % 8,
            range: Range::Quarter,
            slot: half + k as u8,
            clear: k == 0,
            emit: k + 1 == operations,
            bank,
            ..common::operation(WeightFormat::Diff1)
        };
        let row =
            |m, k| if m < rows { (2 * i as u32 + 28 * m / 6 + m % 6 + 64 * k) % 300 } else { 999 };
        let vector = |k: usize| Vector {
            slot: half + k as u8,
            bits: 4,
            sources: (0..64).map(|m| row(m, k as u32)).collect(),
        };
        Burst {
            vectors: (0..operations).map(vector).collect(),
            operations: (0..operations).map(operation).collect(),
            read: Some(Read { bank, first: 0, targets: vec![0; if last { 10 } else { 32 }] }),
        }
    };
    LayerStage {
        layer,
        requantize: (!last).then_some(Requantize { shift: 12, bits: 4 }),
        tables: if last { vec![] } else { outputs.map(table).collect() },
        bursts: (0..bursts).map(burst).collect(),
    }
}

#[test]
fn an_image_of_lenets_size_takes_few_cycles() {
    let case = lenet();
    let run = |machine: &mut RtlMachine, image| {
        case.run(machine, image);
        Ok(())
    };
    let steps = case.program.conversion_steps;
    let (cost, found) = Cost::measure(&case.setup(), 2, steps, run).expect("it runs");
    assert!(found.passed(), "{found:?}");
    println!("{:.0} cycles, {:.2} nJ", cost.cycles, cost.energy_nj());
    assert!(cost.cycles < 12_000.0, "{} cycles", cost.cycles);
    assert_eq!(cost.operations, 144.0 + 32.0 * 4.0 + 18.0 + 2.0);
    assert_eq!(cost.conversion_steps, cost.operations, "one conversion each");
    assert!(cost.conversions_nj() < cost.energy_nj());
}

/// Speed of the closed loop beside the golden backend; `--ignored --nocapture` shows it.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let case = lenet();
    let mut beside = case.beside();
    case.run(&mut beside, 0);
    let (start, from) = (std::time::Instant::now(), beside.checked().bench().now());
    let images = 40;
    (1..=images).for_each(|image| drop(case.run(&mut beside, image)));
    let seconds = start.elapsed().as_secs_f64();
    let cycles = (beside.checked().bench().now() - from) as f64;
    println!("{:.0} cycles/s, {:.2} images/s", cycles / seconds, images as f64 / seconds);
    assert_eq!(beside.total(), 0);
}
