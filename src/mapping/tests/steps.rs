//! How few conversion steps the search finds, and how fast.

use super::super::{Mapping, Stage};
use super::fixture::{Build, geometry, kernel, lenet};
use crate::config::WeightFormat;
use crate::network::{Convolution, Network};
use std::time::Instant;

/// Conversion steps of an image, by layer with weights.
fn steps(network: &Network, config: &str) -> Vec<usize> {
    let start = Instant::now();
    let mapping = Mapping::new(network, &geometry(config)).unwrap();
    println!("{:?}", start.elapsed());
    let of = |layer: usize| -> usize {
        let stages = mapping.program.stages.iter().filter_map(|stage| match stage {
            Stage::Macro(stage) if stage.layer == layer => Some(stage),
            _ => None,
        });
        let bursts = stages.flat_map(|stage| &stage.bursts);
        bursts.flat_map(|burst| &burst.operations).map(|operation| operation.steps()).sum()
    };
    let steps: Vec<usize> = (0..network.layers.len()).map(of).filter(|&s| s > 0).collect();
    assert_eq!(mapping.program.conversion_steps, steps.iter().sum::<usize>() as u64);
    println!("{steps:?} {}", mapping.program.conversion_steps);
    steps
}

#[test]
fn lenet_takes_shifted_copies() {
    let total = |kept| steps(&lenet(kept), "capram65").iter().sum::<usize>();
    assert!(total(192) <= 283);
    assert!(total(256) <= 290);
}

#[test]
fn deep() {
    let d = WeightFormat::Diff1;
    let mut build = Build::new([3, 32, 32], 4, 1);
    let k3 = Convolution { padding: [1, 1], ..kernel(3) };
    build.conv(8, k3, d, None);
    for i in 0..18 {
        let s = if i == 6 || i == 12 { 2 } else { 1 };
        build.conv(8, Convolution { stride: [s, s], ..k3 }, d, None);
    }
    build.fully_connected(10, d);
    steps(&build.network, "capram65");
    let mut build = Build::new([3, 32, 32], 4, 1);
    build.conv(32, Convolution { stride: [2, 2], ..k3 }, d, None);
    for i in 0..6 {
        let s = if i == 2 || i == 4 { 2 } else { 1 };
        build.conv(32, Convolution { stride: [s, s], groups: 32, ..k3 }, d, None);
        build.conv(32, kernel(1), d, None);
    }
    build.fully_connected(10, d);
    steps(&build.network, "capram65");
}
