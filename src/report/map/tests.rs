use super::{MapReport, floor_plan, program};
use crate::config::Config;
use crate::config::WeightFormat;
use crate::mapping::Mapping;
use crate::mapping::tests::fixture::{Build, kernel, lenet};
use crate::network::Network;

fn report(network: &Network, config: &str) -> (MapReport, Mapping) {
    let config = Config::builtin(config).unwrap();
    let mapping = Mapping::new(network, &config.geometry).unwrap();
    (MapReport::new(network, &config, &mapping), mapping)
}

#[test]
fn text_has_the_figures() {
    let text = report(&lenet(192), "capram65").0.to_string();
    for wanted in [
        "capram map: placed\n  network   test\n  config    capram65 (",
        "  cells occupied                        46,976 of 65,536 (71.7 %)\n",
        "    without shifted copies              36,112\n",
        "  conversion steps                         282 for an image: 18 cycles each\n",
        "  least cycles                           5,076 for an image: conversion steps alone\n",
        "  layer4 diff1      16,384     256      64       -       3   24,576           3       1      6\n",
        "      7    8,192   100.0 %\n",
    ] {
        assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
    }
}

#[test]
fn a_check_says_what_differs() {
    let network = lenet(192);
    let (mut report, mapping) = report(&network, "capram65");
    let mut sram = mapping.program.sram.clone();
    report.check(&network, &mapping, &sram, None);
    assert!(report.matches());
    let free = mapping.blocks.iter().map(|block| block.plane).collect::<Vec<_>>();
    assert!(free.contains(&4), "the last word of plane 4 is free");
    *sram.last_mut().unwrap() ^= 1 << 31;
    sram[0] ^= 0b1100;
    report.check(&network, &mapping, &sram, None);
    assert!(!report.matches());
    let text = report.to_string();
    assert!(text.starts_with("capram map: MISMATCH\n"), "{text}");
    assert!(text.contains(", output 0: expected "), "{text}");
}

#[test]
fn the_program_is_json_and_unused_places_are_null() {
    let network = lenet(192);
    let json = program::json(&network, &report(&network, "capram65").1).unwrap();
    assert!(
        json.starts_with("{\"schema\":\"capram.program/1\",\"network\":\"test\","),
        "{}",
        &json[..80]
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let burst = &json["stages"][0]["bursts"][0];
    assert_eq!(burst["operations"][0]["range"], "1/4");
    assert!(burst["vectors"][0]["sources"][63].is_null());
    assert_eq!(json["stages"][1]["kind"], "host");
}

/// Also with formats of different widths, narrow blocks and names that XML does not take as such.
#[test]
fn floor_plans_are_whole() {
    let mut mixed = Build::new([1, 8, 8], 4, 1);
    mixed.conv(2, kernel(3), WeightFormat::Single3, None);
    mixed.fully_connected(6, WeightFormat::Diff1);
    mixed.network.layers[0].name = "a<b&\u{1}".into();
    for (config, network) in [("capram65", lenet(192)), ("capram65", mixed.network)] {
        let svg = floor_plan::svg(&network, &report(&network, config).0);
        assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
        assert!(svg.contains("Plane 7") && !svg.contains("NaN") && !svg.contains("a<b"));
    }
}
