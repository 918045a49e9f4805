//! How few conversion steps the search finds, and what it refuses.

use super::super::{Mapping, Stage};
use super::fixture::{Build, geometry, kernel, lenet};
use crate::config::WeightFormat;
use crate::network::{Convolution, Network};

/// Conversion steps of an image, by layer with weights.
fn steps(network: &Network, config: &str) -> Vec<usize> {
    let mapping = Mapping::new(network, &geometry(config)).unwrap();
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
    steps
}

#[test]
fn lenet_takes_shifted_copies() {
    let total = |kept| steps(&lenet(kept), "capram65").iter().sum::<usize>();
    assert!(total(192) <= 283);
    assert!(total(256) <= 290);
}

/// Twenty layers in a few seconds, and most of them with copies.
#[test]
fn a_deep_network_is_placed() {
    let mut build = Build::new([3, 32, 32], 4, 1);
    for i in 0..19 {
        let stride = if i == 7 || i == 13 { [2, 2] } else { [1, 1] };
        let convolution = Convolution { padding: [1, 1], stride, ..kernel(3) };
        build.conv(8, convolution, WeightFormat::Diff1, None);
    }
    build.fully_connected(10, WeightFormat::Diff1);
    let steps = steps(&build.network, "capram65");
    assert_eq!(steps.len(), 20);
    let once = 1024 + 6 * 2048 + 6 * 512 + 6 * 128 + 8;
    assert!(steps.iter().sum::<usize>() < 7 * once / 10, "{steps:?}");
}

fn refused(network: &Network, config: &str) -> String {
    Mapping::new(network, &geometry(config)).unwrap_err().to_string()
}

#[test]
fn what_does_not_fit_is_refused_by_how_much() {
    let mut build = Build::new([1, 1, 500], 4, 1);
    build.fully_connected(140, WeightFormat::Single1);
    assert_eq!(
        refused(&build.network, "capram65"),
        "the network needs 70000 cells and the array has 65536: 4464 are missing"
    );
    let mut build = Build::new([1, 1, 513], 4, 1);
    build.fully_connected(1, WeightFormat::Single1);
    let message = refused(&build.network, "capram65");
    let wanted = "layer layer0: a block of 513 rows x 1 outputs (513 cells) finds no place; 65536 cells are \
                  free, in planes 0 (8192), ";
    assert!(message.starts_with(wanted), "{message}");
    let mut build = Build::new([1, 1, 3], 4, 1);
    build.fully_connected(1, WeightFormat::Diff2);
    assert_eq!(
        refused(&build.network, "slice2"),
        "layer layer0: a weight of format diff2 takes 4 columns; allowed in this geometry: up to 2"
    );
}

/// A row of columns is used to the last cell, whatever the order of the layers.
#[test]
fn a_full_array_is_placed() {
    let mut build = Build::new([1, 1, 512], 4, 1);
    build.fully_connected(60, WeightFormat::Diff1);
    build.fully_connected(8, WeightFormat::Diff1);
    let message = refused(&build.network, "small");
    assert!(message.contains("are missing"), "{message}");
    let mapping = Mapping::new(&build.network, &geometry("capram65")).unwrap();
    let cells: usize = mapping.layers.iter().map(|layer| layer.cells).sum();
    assert!(cells >= 2 * 512 * 60);
}
