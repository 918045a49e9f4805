//! Questions to the batched conversions, with answers worked out another way.

mod ideal;
mod model;
mod noise;
mod reference;
mod refusal;
mod sar;

use super::*;
use crate::config::*;
use crate::golden::random::Key;

/// Geometries with whole and broken vectors of slices, all rows and few.
fn geometries() -> Vec<Geometry> {
    [(64, 128, 4), (64, 128, 1), (8, 34, 2), (40, 20, 2), (16, 5, 1)]
        .map(|(mac_rows, columns, columns_per_slice)| Geometry {
            mac_rows,
            columns,
            columns_per_slice,
            post_lanes: 1,
        })
        .to_vec()
}

/// Conversion steps that a geometry allows: each side, all ranges, some levels.
fn steps(geometry: &Geometry) -> Vec<Step> {
    let last = geometry.columns_per_slice - 1;
    let mut steps = Vec::new();
    for (range, level) in Range::ALL.into_iter().zip([15, 0, 7, 2]) {
        steps.push(Step { column: last, differential: false, range, level });
        if last > 0 {
            steps.push(Step { column: last - 1, differential: true, range, level });
        }
    }
    steps
}

/// Mismatch, offset, kT/C and comparator noise on, the rest off.
fn analog() -> Analog {
    Analog {
        v_low: 0.5,
        v_full_scale: 0.6,
        v_cm: 0.5,
        conditions: Conditions::TYPICAL,
        process: Process::TYPICAL,
        unit_capacitor_ff: 1.5,
        bit_line_parasitic: Parasitic { per_row: 0.3, fixed_ff: 2.0 },
        capacitor_mismatch: CapacitorMismatch { on: true, sigma_percent_sqrt_ff: 0.7 },
        parasitic_mismatch: RelativeSpread { on: true, sigma_percent: 0.5 },
        charge_injection: ChargeInjection {
            on: false,
            mac_channel_ff: 0.01,
            bit_line_channel_ff: 0.05,
        },
        clock_feedthrough: ClockFeedthrough {
            on: false,
            mac_overlap_ff: 0.002,
            bit_line_overlap_ff: 0.01,
        },
        dac_inl: RelativeSpread { on: false, sigma_percent: 1.0 },
        comparator_common_mode: CommonMode { on: false, mv_per_v: 3.0 },
        metastability: Metastability { on: false, tau_ps: 30.0 },
        injection_strength: 1.0,
        injection_noise: RelativeSpread { on: false, sigma_percent: 0.5 },
        ktc_noise: Switch { on: true },
        comparator_offset: VoltageSpread { on: true, sigma_mv: 5.0 },
        comparator_noise: VoltageSpread { on: true, sigma_mv: 0.95 },
        cell_mismatch: RelativeSpread { on: true, sigma_percent: 2.0 },
        output_impedance: OutputImpedance { on: false, lambda_per_v: 0.03 },
        settling: Settling {
            on: false,
            tau_reset_ps: 50.0,
            tau_sample_ps: 50.0,
            tau_multiply_ps: 50.0,
            tau_share_ps: 35.0,
        },
        leakage: Leakage { on: false, mac_node_pa: 1.0, bit_line_pa: 10.0 },
        sram: Sram { write_time_ps: 300.0, develop_time_ps: 500.0, precharge_time_ps: 300.0 },
        rules: Rules { settled_within_lsb: 0.1 },
    }
}

/// The same without noise.
fn silent() -> Analog {
    let mut analog = analog();
    analog.ktc_noise.on = false;
    analog.comparator_noise.on = false;
    analog
}

/// Every term off.
fn perfect() -> Analog {
    let mut analog = silent();
    analog.capacitor_mismatch.on = false;
    analog.parasitic_mismatch.on = false;
    analog.comparator_offset.on = false;
    analog.cell_mismatch.on = false;
    analog
}

/// A random plane, `[mac row][column]`.
fn plane(geometry: &Geometry, seed: u64) -> Vec<bool> {
    let key = Key::new([seed, 1, 0, 0]);
    (0..geometry.mac_rows * geometry.columns).map(|i| key.bits(i as u32) & 1 == 1).collect()
}

/// Random digits, `[vector][mac row]`: full ones and sparse ones, so that codes spread.
fn digits(geometry: &Geometry, vectors: usize, seed: u64) -> Vec<u8> {
    let key = Key::new([seed, 2, 0, 0]);
    let rows = geometry.mac_rows;
    let digit = |i: usize| {
        let bits = key.bits(i as u32);
        let density = (i / rows) as u32 % 8;
        if bits >> 8 & 7 <= density { (bits & 15) as u8 } else { 0 }
    };
    (0..vectors * rows).map(digit).collect()
}

/// Instruction sets of this machine.
fn isas() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.available())
}
