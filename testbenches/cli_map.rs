//! `capram map` at the command line: what is refused and how, what is written, what a check finds.

mod common;

use common::desk::{Desk, text};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use std::collections::HashMap;
use std::fs;

/// A desk with a network that fits the small macro: a convolution and what reads it.
fn desk() -> Desk {
    let desk = Desk::new("map");
    network(&desk, "net", "diff1", 4);
    desk
}

/// `NAME.yaml` and its numbers: 3 x 3 on 8 x 8, 2 channels, then `classes` sums.
fn network(desk: &Desk, name: &str, format: &str, classes: usize) {
    let ternary = |i: usize| [1i8, -1, 0, 1, 1, -1][i % 6] as u8;
    let conv: Vec<u8> = (0..18).map(ternary).collect();
    let pooled = 2 * 3 * 3;
    let last: Vec<u8> = (0..classes * pooled).map(|i| ternary(i / 5)).collect();
    let biases = [0u8; 8];
    let tensors = HashMap::from([
        ("conv.weight", TensorView::new(Dtype::I8, vec![2, 1, 3, 3], &conv).expect("a tensor")),
        ("conv.multiplier", TensorView::new(Dtype::U8, vec![2], &[9, 7]).expect("a tensor")),
        ("conv.bias", TensorView::new(Dtype::I32, vec![2], &biases).expect("a tensor")),
        ("fc.weight", TensorView::new(Dtype::I8, vec![classes, pooled], &last).expect("a tensor")),
    ]);
    let bytes = safetensors::serialize(tensors, None).expect("tensors");
    fs::write(desk.path(&format!("{name}.safetensors")), bytes).expect("writable");
    let labels: Vec<String> = (0..classes).map(|i| format!("\"{i}\"")).collect();
    let labels = labels.join(", ");
    desk.write(
        &format!("{name}.yaml"),
        &format!(
            "schema: capram.network/1
name: {name}
weights: {name}.safetensors
input:
  shape: [1, 8, 8]
  bits: 4
  scaling: {{multiplier: 1, bias: 0, shift: 4}}
labels: [{labels}]
layers:
  - name: conv
    kind: conv
    outputs: 2
    kernel: [3, 3]
    weights: conv.weight
    format: {format}
    activation_bits: 4
    range: 1/4
    requantize: {{bits: 4, shift: 12, multiplier: conv.multiplier, bias: conv.bias}}
  - {{name: pool, kind: max_pool, kernel: [2, 2]}}
  - name: fc
    kind: fully_connected
    outputs: {classes}
    weights: fc.weight
    format: {format}
    activation_bits: 4
    range: 1/4
"
        ),
    );
}

fn small<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["net.yaml", "--config", "small"], more].concat()
}

#[test]
fn everything_is_written() {
    let desk = desk();
    let outputs = ["--sram", "s.hex", "--program", "p.json", "--floor-plan", "f.svg", "--check"];
    let report = desk.report(&small(&outputs), 0);
    assert_eq!(report["schema"], "capram.map/1");
    assert_eq!(report["cells_there"], 2048);
    assert_eq!(report["check"]["differences"], 0);
    assert_eq!(report["check"]["file"], "s.hex");
    let steps = report["conversion_steps"].as_u64().expect("steps");
    assert!(steps < 36, "36 positions, and copies fit: {steps}");
    assert_eq!(report["least_cycles"].as_u64(), Some(18 * steps));
    let program = fs::read_to_string(desk.path("p.json")).expect("a program");
    let program: Value = serde_json::from_str(&program).expect("valid JSON");
    assert_eq!(program["schema"], "capram.program/1");
    assert_eq!(program["stages"][1]["kind"], "host");
    assert_eq!(program["sram"].as_array().map(Vec::len), Some(128));
    let image = fs::read_to_string(desk.path("s.hex")).expect("an image");
    assert_eq!(image.lines().filter(|line| !line.starts_with("//")).count(), 128);
    let drawing = fs::read_to_string(desk.path("f.svg")).expect("a drawing");
    assert!(drawing.starts_with("<svg") && drawing.trim_end().ends_with("</svg>"));
    for wanted in ["Plane 7", "conv", "fc", "How to read it"] {
        assert!(drawing.contains(wanted), "{wanted}");
    }
}

#[test]
fn the_report_is_printed() {
    let output = desk().run(&small(&[]));
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(printed.starts_with("capram map: placed\n  network   net\n"), "{printed}");
    for wanted in ["cells occupied", "requantization bits", "conversion steps", "Planes\n"] {
        assert!(printed.contains(wanted), "{printed}");
    }
}

#[test]
fn a_flipped_bit_is_found() {
    let desk = desk();
    assert_eq!(desk.run(&small(&["--sram", "s.hex"])).status.code(), Some(0));
    let report = desk.report(&small(&["--check", "s.hex"]), 0);
    assert_eq!(report["check"]["differences"], 0);
    let image = fs::read_to_string(desk.path("s.hex")).expect("an image");
    let rows = image.lines().enumerate().filter(|(_, line)| !line.starts_with("//"));
    let (line, row) = rows.filter(|(_, row)| *row != "0000").nth(3).expect("a row with weights");
    for bit in 0..16 {
        let value = u16::from_str_radix(row, 16).expect("a row") ^ 1 << bit;
        let lines = image.lines().enumerate();
        let flipped: String = lines
            .map(|(i, old)| if i == line { format!("{value:04x}\n") } else { format!("{old}\n") })
            .collect();
        desk.write("bad.hex", &flipped);
        let output = desk.run(&small(&["--check", "bad.hex"]));
        let printed = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "bit {bit}: {printed}");
        assert!(printed.starts_with("capram map: MISMATCH\n"), "{printed}");
        assert!(printed.contains("; 1 differ\n") && printed.contains(": expected "), "{printed}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let desk = desk();
    network(&desk, "large", "diff1", 100);
    network(&desk, "wide", "diff2", 4);
    let rows: [(&[&str], &str); 3] = [
        (&["large.yaml", "--config", "small"], "cells and the array has 2048: "),
        (
            &["wide.yaml", "--config", "slice2"],
            "layer conv: a weight of format diff2 takes 4 columns",
        ),
        (&["net.yaml", "--config", "slice1"], "columns; allowed in this geometry: up to 1"),
    ];
    for (arguments, wanted) in rows {
        let message = desk.refused(arguments);
        assert!(message.contains(wanted), "{arguments:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn bad_input_is_refused_with_one_line() {
    let desk = desk();
    desk.write("short.hex", "0000\n");
    desk.write("other.hex", "00000000\n");
    let rows: [(&[&str], &str); 9] = [
        (&["none.yaml"], "none.yaml"),
        (&["net.yaml", "--config", "capram28"], "no configuration named `capram28`"),
        (&["net.yaml", "--sram", "no/where.hex"], "there is no folder no"),
        (&["net.yaml", "--sram", "a", "--json", "./a"], "a: named for two outputs"),
        (&["net.yaml", "--json", "net.yaml"], "net.yaml: named for two outputs"),
        (&["net.yaml", "--check", "none.hex"], "none.hex"),
        (
            &["net.yaml", "--check", "short.hex", "--config", "small"],
            "short.hex: 1 rows; this geometry has 128",
        ),
        (
            &["net.yaml", "--check", "other.hex", "--config", "small"],
            "line 1: `00000000` is no row; allowed: 4",
        ),
        (&["net.yaml", "--check", "short.hex", "--sram", "s.hex"], "cannot be used with --sram"),
    ];
    for (arguments, wanted) in rows {
        let message = desk.refused(arguments);
        assert!(message.contains(wanted), "{arguments:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}
