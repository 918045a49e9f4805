//! Programs compute what their networks say.

use super::fixture::{Build, Draw, geometry, kernel, lenet};
use super::oracle;
use crate::config::{Geometry, WeightFormat};
use crate::mapping::{Mapping, MappingError, Program, Stage};
use crate::network::{Convolution, Network, Output, Weights};
use proptest::prelude::*;

fn image(network: &Network, seed: u64) -> Vec<u8> {
    let mut draw = Draw::new(seed);
    let limit = 1 << network.input.bits;
    (0..network.input.shape.elements()).map(|_| draw.below(limit) as u8).collect()
}

/// The first layer whose outputs are not those of the network.
fn differs(network: &Network, mapping: &Mapping) -> Option<usize> {
    let image = image(network, 7);
    let got = oracle::run(network, &mapping.geometry, &mapping.program, &image);
    let wanted = oracle::expected(network, &image);
    (0..got.len()).find(|&layer| got[layer] != wanted[layer])
}

fn checked(network: &Network, geometry: &Geometry) -> Result<Mapping, MappingError> {
    let mapping = Mapping::new(network, geometry)?;
    assert_eq!(differs(network, &mapping), None);
    obeys_the_rules(&mapping.program);
    Ok(mapping)
}

/// Section 4: which slots and banks bursts use, who clears, who emits.
fn obeys_the_rules(program: &Program) {
    let stages = program.stages.iter().filter_map(|stage| match stage {
        Stage::Macro(stage) => Some(stage),
        Stage::Host(_) => None,
    });
    let (mut half, mut bank, mut within) = (None, None, false);
    for stage in stages {
        for burst in &stage.bursts {
            let first = &burst.operations[0];
            assert_eq!(within, !first.clear, "the first operation of an output group clears");
            assert_eq!(within, bank == Some(first.bank), "banks alternate from group to group");
            assert_ne!(half, Some(first.slot / 8), "halves alternate from burst to burst");
            (half, bank) = (Some(first.slot / 8), Some(first.bank));
            let mut slots = Vec::new();
            for (i, (operation, vector)) in burst.operations.iter().zip(&burst.vectors).enumerate()
            {
                let last = burst.read.is_some() && i + 1 == burst.operations.len();
                assert_eq!(operation.emit, last && stage.requantize.is_some());
                assert!(i == 0 || !operation.clear);
                assert_eq!((operation.bank, operation.slot), (first.bank, vector.slot));
                assert_eq!(operation.activation_bits, vector.bits);
                assert_eq!(usize::from(operation.slot) % operation.passes(), 0);
                slots.extend((0..operation.passes()).map(|i| operation.slot + i as u8));
            }
            let count = slots.len();
            slots.dedup();
            assert!(slots.len() == count && slots.iter().all(|slot| Some(slot / 8) == half));
            assert_eq!(burst.operations.len(), burst.vectors.len());
            within = burst.read.is_none();
        }
        assert!(!within, "a stage ends with a result");
    }
}

#[test]
fn lenet_is_computed() {
    checked(&lenet(192), &geometry("capram65")).unwrap();
}

fn stage(mapping: &mut Mapping, layer: usize) -> &mut crate::mapping::LayerStage {
    let stages = mapping.program.stages.iter_mut();
    let of = |stage| match stage {
        &mut Stage::Macro(ref mut stage) if stage.layer == layer => Some(stage),
        _ => None,
    };
    stages.filter_map(of).next().unwrap()
}

#[test]
fn planted_bugs_are_found() {
    let network = lenet(192);
    let good = Mapping::new(&network, &geometry("capram65")).unwrap();
    type Bug = (&'static str, fn(&mut Mapping));
    let bugs: [Bug; 5] = [
        ("two rows exchanged", |m| stage(m, 2).bursts[9].vectors[1].sources.swap(3, 40)),
        ("a copy one position off", |m| {
            let copy = &mut stage(m, 0).bursts[30].read.as_mut().unwrap().targets[8..16];
            copy.iter_mut().for_each(|target| *target += 1);
        }),
        ("a table of one bank wrong", |m| {
            let tables = &mut stage(m, 2).tables;
            tables.iter_mut().filter(|t| t.bank == 1).for_each(|t| t.multiplier = 0);
        }),
        ("the signs of a row turned", |m| {
            let block = m.blocks.iter().find(|block| block.layer == 0).unwrap();
            let row = 8 * (block.first_row + 15) + block.plane;
            m.program.sram[4 * row..4 * row + 4].iter_mut().for_each(|word| *word = !*word);
        }),
        ("another plane", |m| stage(m, 4).bursts[0].operations[0].plane ^= 1),
    ];
    for (name, plant) in bugs {
        let mut bad = good.clone();
        plant(&mut bad);
        assert!(differs(&network, &bad).is_some(), "{name}");
    }
}

/// Anything that a file may say of a convolution.
#[derive(Clone, Debug)]
struct Case {
    geometry: &'static str,
    format: WeightFormat,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    /// Groups, input channels and outputs of each.
    groups: [usize; 3],
    size: [usize; 2],
    bits: u8,
    sums: bool,
    zeros: usize,
    reuse: usize,
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let geometry = prop_oneof![
        3 => Just("small"), 3 => Just("capram65"), 1 => Just("slice1"), 1 => Just("slice2")
    ];
    let pair = |low: usize, high: usize| prop::array::uniform2(low..=high);
    let formats = prop::sample::select(WeightFormat::ALL.to_vec());
    let first = (geometry, formats, pair(1, 3), pair(1, 2), pair(0, 2));
    let groups = (1..=3usize, 1..=3usize, 1..=5usize);
    let more = (groups, pair(3, 9), 1..=8u8, any::<bool>(), 0..=2usize, 0..=3usize, any::<u64>());
    (first, more).prop_map(|(first, more)| {
        let (geometry, format, kernel, stride, padding) = first;
        let (groups, size, bits, sums, zeros, reuse, seed) = more;
        let groups = [groups.0, groups.1, groups.2];
        Case {
            geometry,
            format,
            kernel,
            stride,
            padding,
            groups,
            size,
            bits,
            sums,
            zeros,
            reuse,
            seed,
        }
    })
}

impl Case {
    fn network(&self) -> Network {
        let [groups, channels, outputs] = self.groups;
        // A layer that reuses another's cells follows it and has as many inputs.
        let outputs = if self.reuse > 0 { channels } else { outputs };
        let [height, width] = self.size;
        let mut build = Build::new([groups * channels, height, width], self.bits.min(4), self.seed);
        let Case { kernel, stride, padding, .. } = *self;
        let convolution = Convolution { kernel, stride, padding, groups };
        let first = build.conv(groups * outputs, convolution, self.format, None);
        self.zero(&mut build, first);
        if self.reuse > 0 {
            self.borrow(&mut build, first, convolution);
        }
        let last = build.fully_connected(3, self.format);
        self.zero(&mut build, last);
        build.network.input.bits = self.bits;
        build.matrix_of(first).activation_bits = self.bits;
        if self.sums {
            build.matrix_of(last).output = Output::Sums { biases: None };
        }
        build.network
    }

    /// The same cells with another padding, stride, order.
    fn borrow(&self, build: &mut Build, layer: usize, convolution: Convolution) {
        let (rows, outputs) = {
            let matrix = build.matrix_of(layer);
            (matrix.rows, matrix.outputs)
        };
        let rows = (self.reuse == 2).then(|| build.draw.order(rows));
        let outputs = (self.reuse >= 2).then(|| build.draw.order(outputs));
        let padding = [convolution.kernel[0], convolution.kernel[1]];
        let stride = if self.reuse == 3 { convolution.stride } else { [1, 1] };
        let convolution = Convolution { padding, stride, ..convolution };
        let weights = Weights::Of { layer, rows, outputs };
        let number =
            build.conv(self.groups[0] * self.groups[1], convolution, self.format, Some(weights));
        build.matrix_of(number).activation_bits = 4 + (self.seed % 5) as u8;
    }

    /// Rows and single weights that are zero, where the format has it.
    fn zero(&self, build: &mut Build, layer: usize) {
        if self.format == WeightFormat::Single1 {
            return;
        }
        let draws: Vec<usize> = (0..4000).map(|_| build.draw.below(5)).collect();
        let matrix = build.matrix_of(layer);
        let (rows, zeros) = (matrix.rows, self.zeros);
        let Weights::Own(weights) = &mut matrix.weights else { return };
        for (i, weight) in weights.iter_mut().enumerate() {
            if draws[i % rows % 4000] < zeros || draws[(i + rows) % 4000] < zeros {
                *weight = 0;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_network_is_computed_and_read_back_or_refused(case in case()) {
        let geometry = geometry(case.geometry);
        match checked(&case.network(), &geometry) {
            Ok(mapping) => {
                let network = case.network();
                let sram = &mapping.program.sram;
                prop_assert_eq!(mapping.differences(&network, sram), vec![]);
            }
            Err(MappingError::Format { .. }) => {
                prop_assert!(case.format.columns() > geometry.columns_per_slice);
            }
            // Row blocks lie at the same slices, of which there are no more rows than this.
            Err(MappingError::Place { rows, .. }) if rows > geometry.rows() => (),
            Err(error) => prop_assert!(case.geometry == "small", "{error}"),
        }
    }
}

#[test]
fn many_output_groups_take_several_stages() {
    let mut build = Build::new([40, 6, 6], 4, 3);
    build.conv(40, Convolution { groups: 40, ..kernel(3) }, WeightFormat::Diff2, None);
    build.conv(150, kernel(1), WeightFormat::Diff1, None);
    let mapping = checked(&build.network, &geometry("capram65")).unwrap();
    assert!(mapping.program.stages.len() > 2);
}

/// Eight row blocks at most: as many slots in one pass, twice as many in two.
#[test]
fn long_groups_take_several_bursts() {
    for bits in [4, 8] {
        let mut build = Build::new([1, 10, 12], 4, 5);
        let layer = build.fully_connected(1, WeightFormat::Diff2);
        build.matrix_of(layer).activation_bits = bits;
        build.network.input.bits = bits;
        let mapping = checked(&build.network, &geometry("small")).unwrap();
        let Stage::Macro(stage) = &mapping.program.stages[0] else { panic!("a matrix") };
        assert_eq!(stage.bursts.len(), if bits > 4 { 2 } else { 1 });
    }
}
