//! Events and charges counted by hand, on pins made by hand; `testbenches/energy.rs` does the same
//! on the RTL.

use super::*;
use crate::config::{Config, Corner, Geometry, Range};
use crate::pins::{Pins, control};

/// Eight rows and two slices of four columns.
const TINY: Geometry = Geometry { mac_rows: 8, columns: 8, columns_per_slice: 4, post_lanes: 1 };

fn config() -> Config {
    Config { geometry: TINY, ..Config::builtin("capram65").unwrap() }
}

fn observed(pins: &[Pins]) -> Activity {
    let mut observer = Observer::new(&TINY, Pins::default());
    pins.iter().for_each(|pins| observer.observe(pins));
    *observer.activity()
}

/// Digits 1..=8 on the rows.
fn idle() -> Pins {
    Pins { dac: [0x8765_4321, 0, 0, 0, 0, 0, 0, 0], ..Pins::default() }
}

/// Pins of a cycle of a step, with these control bits.
fn during(control: u32) -> Pins {
    Pins {
        control: control | control::BUSY,
        cluster_sel: [0xff, 0],
        slice_active: [0b11, 0, 0, 0],
        ..idle()
    }
}

/// The P side fires in slice 0, the N side in slice 1.
fn inject(mode: u32, cells: u32, twice: u32) -> Pins {
    let bits = control::SHARE | control::INJECT | cells << control::CELLS_SHIFT;
    let sides = during(mode | bits | twice);
    Pins { inject_p: [0b01, 0, 0, 0], inject_n: [0b10, 0, 0, 0], ..sides }
}

/// One conversion step of both slices, a cycle for each pulse.
fn step(mode: u32) -> Vec<Pins> {
    let strobe = during(mode | control::SHARE | control::STROBE);
    let mut pins = vec![
        idle(),
        during(mode | control::RESET),
        during(mode | control::SAMPLE),
        Pins { plane_wl: 1 << 3, ..during(mode) },
        during(mode | control::SHARE),
    ];
    pins.extend([strobe, inject(mode, 16, control::INJECT_TWICE)]);
    pins.extend([16, 8, 4, 2, 1].into_iter().flat_map(|cells| [strobe, inject(mode, cells, 0)]));
    pins.extend([strobe, during(mode | control::SHARE | control::LATCH), idle()]);
    pins
}

/// In single-ended mode at level 7, and in differential mode.
const MODES: [u32; 2] = [7 << control::LEVEL_SHIFT, control::DIFFERENTIAL];

#[test]
fn a_differential_step_by_hand() {
    let activity = observed(&step(MODES[1]));
    let expected = Activity {
        cycles: 20,
        busy_cycles: 18,
        steps: 1,
        codes: 2,
        column_resets: 4,
        column_samples: 4,
        column_shares: 4,
        sampled_levels: 2 * 2 * 36, // slices, sides, 1 + 2 + ... + 8
        word_lines: 8,
        cluster_rows: 8,
        dac_steps: 36,
        strobes: 7 * 2,
        firings: [63 * 2, 0, 0, 0],
        // 13 ones among the digits 1..=8; clusters, slices, BUSY and DIFFERENTIAL on and off;
        // RESET, SAMPLE, word line, SHARE, 7 STROBE, 6 INJECT, LATCH; both sides in 6 injections;
        // one bit of `cells` in each and `twice`.
        pin_toggles: 13 + 2 * (8 + 2 + 2) + 2 * (4 + 7 + 6 + 1) + 2 * 12 + 2 * (6 + 1),
        sar_toggles: 0,
        sram_reads: 0,
        sram_writes: 0,
    };
    assert_eq!(activity, expected);
    let model = Model::new(&config());
    // 144 levels of 40 mV on 1.5 fF; 126 times 0.6 V x 1.5 fF
    assert!((model.mac_charge_fc(&activity) - 8.64).abs() < 1e-12);
    assert!((model.injected_charge_fc(&activity) - 113.4).abs() < 1e-12);
}

/// The dummy columns have level 7 on four of the eight rows.
#[test]
fn dummy_columns_take_charge() {
    assert_eq!(observed(&step(MODES[0])).sampled_levels, 2 * (36 + 4 * 7));
    assert_eq!(observed(&step(0)).sampled_levels, 2 * 36);
}

/// A hook that did not look at `inject_twice` would count 47 units of a conversion.
#[test]
fn a_missed_second_firing_is_seen() {
    let mut pins = step(MODES[1]);
    pins.iter_mut().for_each(|pins| pins.control &= !control::INJECT_TWICE);
    assert_eq!(observed(&pins).all_firings(), 47 * 2);
}

/// Long pulses are no more pulses than short ones; only cycles and idle wires are more.
#[test]
fn long_pulses_are_counted_once() {
    let short = step(MODES[1]);
    let long: Vec<Pins> = short.iter().flat_map(|&pins| [pins; 3]).collect();
    let expected = Activity { cycles: 3 * 20, busy_cycles: 3 * 18, ..observed(&short) };
    assert_eq!(observed(&long), expected);
}

/// SRAM accesses of two rows of a cluster, its select staying high: each opens one word line.
#[test]
fn accesses_open_one_word_line_each() {
    let precharge = |plane_wl| Pins {
        control: control::PRECHARGE,
        cluster_sel: [1 << 5, 0],
        plane_wl,
        ..Pins::default()
    };
    let write = Pins { control: control::WRITE, ..precharge(1 << 2) };
    let read = Pins { control: 0, ..precharge(1 << 7) };
    let sense = Pins { control: control::SENSE, ..precharge(0) };
    let activity = observed(&[precharge(0), write, write, precharge(0), read, read, sense]);
    let Activity { word_lines, cluster_rows, sram_reads, sram_writes, .. } = activity;
    assert_eq!([word_lines, cluster_rows, sram_reads, sram_writes], [2, 1, 1, 1]);
    assert_eq!(activity.sram_accesses(), 2);
}

#[test]
fn sar_registers_and_the_bus_are_no_pins_of_the_array() {
    let decisions = Pins { decisions: [[0b111, 0, 0, 0]; 7], ..Pins::default() };
    let bus = Pins { bus: 1, bus_data: u32::MAX, ..decisions };
    let activity = observed(&[decisions, bus, Pins::default()]);
    assert_eq!((activity.pin_toggles, activity.sar_toggles), (0, 2 * 21));
}

/// Every part of a made-up activity, by hand from the numbers of `configs/capram65.yaml`.
#[test]
fn parts_by_hand() {
    let activity = Activity {
        cycles: 2520, // 1 us
        codes: 10,
        sampled_levels: 100,
        word_lines: 30,
        cluster_rows: 10,
        dac_steps: 1000,
        strobes: 100,
        firings: [100, 200, 0, 800],
        column_resets: 10,
        column_samples: 20,
        column_shares: 30,
        pin_toggles: 100,
        sar_toggles: 100,
        sram_reads: 1,
        sram_writes: 3,
        ..Activity::default()
    };
    let mut config = config();
    config.energy.clock_fj = 2000.0;
    let breakdown = Model::new(&config).breakdown(&activity, 5);
    let expected = [
        100.0 * 0.04 * 1.5 * 1.2e-3,
        (100.0 + 100.0 + 100.0) * 0.9 * 1.2e-3 + 1.1,
        4.0,
        40.0 * 0.043,
        0.6,
        60.0 * 0.065,
        3.0,
        2520.0 * 2.0 + 1.5 + 0.3,
        10.0,
        50.0,
    ];
    for ((name, pj), expected) in breakdown.parts.named().into_iter().zip(expected) {
        assert!((pj - expected).abs() < 1e-9 * expected, "{name}: {pj} pJ, by hand {expected}");
    }
    let total: f64 = expected.iter().sum();
    let macs = 80.0;
    for (figure, expected) in [
        (breakdown.total_pj, total),
        (breakdown.time_ns, 1000.0),
        (breakdown.pj_per_operation, total / 5.0),
        (breakdown.fj_per_mac, 1000.0 * total / macs),
        (breakdown.power_mw, total / 1000.0),
        (breakdown.gops, 0.16),
        (breakdown.tops_per_watt, 160.0 / total),
    ] {
        assert!((figure / expected - 1.0).abs() < 1e-12, "{figure}, by hand {expected}");
    }
}

fn parts_at(supply_v: f64, activity: &Activity) -> Parts {
    let mut config = config();
    config.analog.conditions.supply_v = supply_v;
    config.analog = config.analog.under_its_conditions();
    Model::new(&config).breakdown(activity, 1).parts
}

/// Charges too: the DAC levels follow the supply. Only the static current stays.
#[test]
fn twice_the_supply_costs_four_times_the_energy() {
    let activity = observed(&step(MODES[1]));
    let (once, twice) = (parts_at(1.2, &activity), parts_at(2.4, &activity));
    for ((name, once), (_, twice)) in once.named().into_iter().zip(twice.named()) {
        let factor = if name == "leakage" { 2.0 } else { 4.0 };
        assert!((twice - factor * once).abs() <= 1e-12 * twice, "{name}: {once}, {twice}");
    }
}

/// Restating the analog parameters must not restate the energies, whatever the order.
#[test]
fn energies_know_their_own_supply() {
    let setting = [("analog.conditions.supply_v", crate::config::Scalar::Real(1.0))];
    let loaded = Config::builtin_with("capram65", &setting).unwrap();
    let activity = observed(&step(MODES[1]));
    let parts = Model::new(&Config { geometry: TINY, ..loaded }).breakdown(&activity, 1).parts;
    let ratio = parts.comparators_pj / parts_at(1.2, &activity).comparators_pj;
    assert!((ratio - 1.0 / 1.44).abs() < 1e-12, "{ratio}");
}

/// 10 K double the leakage; 40 mV less threshold are 0.4 decades.
#[test]
fn leakage_follows_temperature_and_corner() {
    let activity = Activity { cycles: 1, ..Activity::default() };
    let leakage = |corner, temperature_c| {
        let mut config = config();
        config.analog.conditions.corner = corner;
        config.analog.conditions.temperature_c = temperature_c;
        config.analog = config.analog.under_its_conditions();
        Model::new(&config).breakdown(&activity, 1).parts.leakage_pj
    };
    let nominal = leakage(Corner::Tt, 25.0);
    assert!((leakage(Corner::Tt, 45.0) / nominal - 4.0).abs() < 1e-12);
    assert!((leakage(Corner::Ff, 25.0) / nominal - 10_f64.powf(0.4)).abs() < 1e-12);
}

#[test]
fn no_activations_no_charge() {
    let mut pins = step(MODES[1]);
    pins.iter_mut().for_each(|pins| pins.dac = [0; 8]);
    let parts = Model::new(&config()).breakdown(&observed(&pins), 1).parts;
    assert_eq!((parts.mac_capacitors_pj, parts.row_drivers_pj), (0.0, 0.0));
    assert!(parts.injections_pj > 0.0);
}

/// A narrow range removes less charge with as many gates.
#[test]
fn ranges_scale_the_injected_charge() {
    let charge = |range: Range| {
        let activity = observed(&step(MODES[1] | range.log2_inverse() << control::RANGE_SHIFT));
        assert_eq!(activity.firings[range as usize], 126);
        Model::new(&config()).injected_charge_fc(&activity)
    };
    let full = charge(Range::Full);
    Range::ALL.into_iter().for_each(|r| assert_eq!(charge(r), r.factor() * full));
}

/// Figures of nothing are 0, not something that JSON has no word for.
#[test]
fn nothing_costs_nothing() {
    let breakdown = Model::new(&config()).breakdown(&Activity::default(), 0);
    let json = serde_json::to_value(breakdown).unwrap();
    for figure in ["total_pj", "pj_per_operation", "fj_per_mac", "power_mw", "tops_per_watt"] {
        assert_eq!(json[figure], 0.0, "{figure}");
    }
    assert_eq!(json["parts"]["leakage_pj"], 0.0);
}
