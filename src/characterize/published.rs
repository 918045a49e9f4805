//! What is published of the chip, and what the model makes of it.

use crate::config::Geometry;
use crate::mapping::{Block, Mapping};
use crate::network::Network;
use crate::report::CharacterizeReport;
use crate::report::characterize::PublishedRow;
use crate::report::text::grouped;

/// Where a row's value comes from when this run measured it.
const HERE: &str = "this run";
/// Rows whose subject is not a model of behaviour.
const LAYOUT: &str = "not modelled: an area follows from a layout, and there is none here";

/// Every published fact, row by row, beside what a report measured.
pub fn rows(report: &CharacterizeReport) -> Vec<PublishedRow> {
    let mut rows = machine(report);
    rows.extend(converters(report));
    rows.extend(efficiency(report));
    rows.extend(networks(report));
    rows
}

fn row(fact: &str, published: &str, tag: &str, model: String, from: &str) -> PublishedRow {
    let [fact, published, tag, from] = [fact, published, tag, from].map(str::to_owned);
    PublishedRow { fact, published, tag, model, from }
}

fn none(fact: &str, published: &str, tag: &str, why: &str) -> PublishedRow {
    row(fact, published, tag, "not modelled".into(), why)
}

fn machine(report: &CharacterizeReport) -> Vec<PublishedRow> {
    let g = &report.config.geometry;
    let c = &report.conditions;
    let conditions =
        format!("65 nm, {} V, {} C, corner {}", c.supply_v, c.temperature_c, c.corner.name());
    vec![
        row(
            "process, supply, temperature",
            "65 nm CMOS, 1.2 V, 25 C",
            "A, F",
            conditions,
            "the configuration",
        ),
        row(
            "array",
            "512 x 128 standard 6T cells",
            "A",
            format!("{} x {}", g.rows(), g.columns),
            "the configuration; march and access tests in testbenches/sram.rs",
        ),
        row(
            "sharing",
            "eight cells share one charge-domain MAC circuit",
            "A",
            format!("{} MAC rows, eight planes", g.mac_rows),
            "the configuration; testbenches/formats.rs",
        ),
        row(
            "linear under process variation",
            "capacitors, not transistors, set the weights",
            "A",
            match &report.monte_carlo {
                Some(m) if m.chips > 1 => format!(
                    "shared voltage spreads by {:.3} mV over {} chips, with \
                     parasitics by {:.3} mV",
                    m.capacitor_voltage_sigma_mv, m.chips, m.accumulated_voltage_sigma_mv
                ),
                _ => "capacitor mismatch only; run with --chips for its spread".into(),
            },
            HERE,
        ),
        row(
            "spread of the accumulated voltage, a sister chip (MC2-RAM)",
            "0.14 mV, 4.5 % of an LSB",
            "L",
            match &report.monte_carlo {
                Some(m) if m.chips > 1 => format!(
                    "{:.3} mV, {:.1} % of an LSB, by the MAC capacitors, half of the rows on",
                    m.capacitor_voltage_sigma_mv,
                    100e-3 * m.capacitor_voltage_sigma_mv / report.lsb_v
                ),
                _ => "run with --chips".into(),
            },
            HERE,
        ),
        row(
            "weights",
            "six bit-widths, two encodings; ternary digits in two cells",
            "A, F",
            "single1 to single4, diff1, diff2; exact".into(),
            "make numpy-check; testbenches/formats.rs",
        ),
        row(
            "activations",
            "eight levels; the peak is for 4 bits",
            "A, F",
            "widths of 1 to 8 bits, 16 DAC levels; exact".into(),
            "make numpy-check",
        ),
    ]
}

fn converters(report: &CharacterizeReport) -> Vec<PublishedRow> {
    vec![
        row(
            "converter",
            "7-bit charge-injection SAR, differential, no sample-and-hold",
            "A, F",
            "7 decisions, 6 injections on the bit lines themselves".into(),
            "testbenches/cisar.rs; ngspice: capram spice",
        ),
        row(
            "effective number of bits",
            "6.85 in transient-noise simulation",
            "F",
            format!(
                "{:.2} with mismatch off (the comparator's noise is set from it), {:.2} with it, calibrated",
                report.enob, report.after.enob
            ),
            HERE,
        ),
        row(
            "injection cells",
            "only remove charge; 16 of equal size a side, all fired twice for the largest step",
            "F",
            "the same".into(),
            "testbenches/cisar.rs, plant faults in testbenches/mutants.rs",
        ),
        none("converter area", "429 um2", "F", LAYOUT),
        row("slices", "32", "F", report.config.geometry.slices().to_string(), "the configuration"),
        row(
            "calibration",
            "gain and offset per ADC, then one shared master curve",
            "F",
            "the same, fitted by the host".into(),
            match report.backend {
                "rtl" => "this run, from results that the host read from the RTL",
                _ => "this run; --backend rtl: from results that the host read from the RTL",
            },
        ),
        row(
            "linearity error after calibration",
            "below 2 LSB over 524,288 samples, two chips",
            "F",
            format!(
                "{:.2} LSB over {} samples ({:.2} LSB before){}",
                report.after.linearity_error_max_lsb,
                grouped(report.linearity_samples),
                report.before.linearity_error_max_lsb,
                match &report.monte_carlo {
                    Some(m) => format!(
                        "; {:.1} % of {} chips below 2 LSB",
                        100.0 * m.yield_below_2_lsb,
                        m.chips
                    ),
                    None => String::new(),
                }
            ),
            HERE,
        ),
    ]
}

fn efficiency(report: &CharacterizeReport) -> Vec<PublishedRow> {
    let energy = &report.energy;
    vec![
        row(
            "peak throughput",
            "573.4 GOPS",
            "A",
            format!("{:.2} GOPS", report.gops),
            "counters of the RTL; testbenches/throughput.rs",
        ),
        row(
            "efficiency",
            "49.4 TOPS/W (11.6 mW at 573.4 GOPS)",
            "A",
            format!("{:.1} TOPS/W, {:.2} mW", energy.tops_per_watt, energy.power_mw),
            "this run's co-simulated activity; the clock's energy is fitted to the published figure, \
             at 1.2 V, tt, 25 C and r = 1",
        ),
        row(
            "power with all 32 slices on, differential",
            "6.35 mW",
            "F",
            format!("{:.2} mW", energy.power_mw),
            "another operating point than the one above, whose rate is not published; not fitted",
        ),
        none("area", "0.179 mm2, the array 62.6 % of it", "F", LAYOUT),
        none(
            "area efficiency",
            "3.4 TOPS/mm2",
            "F",
            "not modelled; 573.4 GOPS on 0.179 mm2 is 3.2, so the three published figures do not \
             agree",
        ),
    ]
}

fn networks(report: &CharacterizeReport) -> Vec<PublishedRow> {
    vec![
        row(
            "LeNet-5 on MNIST, whole in one macro",
            "98.8 %",
            "A",
            placed(&report.config.geometry),
            "capram map lenet5-mnist; its accuracy on the 10,000 test images, which are not part of \
             the project: make mnist, README.md",
        ),
        none(
            "ResNet-20 on CIFAR-10",
            "89.0 %",
            "A",
            "no network of it is trained here; the network file has the layers (docs/networks.md)",
        ),
    ]
}

/// Where the bundled LeNet-5 lies in a macro.
fn placed(geometry: &Geometry) -> String {
    let network = match Network::builtin("lenet5-mnist") {
        Ok(network) => network,
        Err(error) => return error.to_string(),
    };
    match Mapping::new(&network, geometry) {
        Ok(mapping) => {
            let cells: usize = mapping.blocks.iter().map(Block::cells).sum();
            let all = geometry.rows() * geometry.columns;
            let steps = mapping.program.conversion_steps;
            format!("{cells} of {all} cells, {steps} conversion steps per image")
        }
        Err(error) => error.to_string(),
    }
}

/// The table as Markdown.
pub fn markdown(report: &CharacterizeReport) -> String {
    let rows: String = report
        .published
        .iter()
        .map(|r| {
            format!("| {} | {} | [{}] | {} | {} |\n", r.fact, r.published, r.tag, r.model, r.from)
        })
        .collect();
    format!(
        "# Paper against model\n\n\
         What is published of CAP-RAM (Z. Chen et al., IEEE JSSC 56(6), 2021), and what the model \
         gives. Generated; do not edit:\n\n```sh\n{}\n```\n\n\
         Configuration {} ({}), seed {}, chip {}. Tags: [A] the paper's abstract, [F] reported from \
         its body, [L] other literature.\n\n\
         | fact | published | tag | model | from |\n| --- | --- | --- | --- | --- |\n{rows}",
        report.command, report.config.name, report.config.fingerprint, report.seed, report.chip
    )
}
