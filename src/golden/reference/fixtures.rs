//! Values that several tests share.

use std::sync::Arc;

use super::Reference;
use crate::config::*;
use crate::golden::chip::Chip;
use crate::golden::random::Key;
use crate::transaction::Operation;

pub fn geometry() -> Geometry {
    Geometry { mac_rows: 16, columns: 16, columns_per_slice: 4, post_lanes: 1 }
}

pub fn default_geometry() -> Geometry {
    Geometry { mac_rows: 64, columns: 128, columns_per_slice: 4, post_lanes: 4 }
}

pub fn nominal_pulses() -> Pulses {
    Pulses { access: Pulse { width: 2, gap: 0 }, ..Pulses::SHORTEST }
}

/// Widths and gaps all over the place.
pub fn odd_pulses() -> Pulses {
    let pulse = |width, gap| Pulse { width, gap };
    Pulses {
        reset: pulse(2, 1),
        sample: pulse(3, 2),
        multiply: pulse(2, 3),
        share: pulse(4, 1),
        strobe: pulse(2, 2),
        inject: pulse(3, 1),
        latch: pulse(2, 3),
        ..nominal_pulses()
    }
}

pub fn timing() -> Timing {
    Timing { conversion_rate_msps: 140.0, nominal_step_cycles: 18, pulses: nominal_pulses() }
}

/// Every analog term on.
pub fn analog() -> Analog {
    Analog {
        v_low: 0.5,
        v_full_scale: 0.6,
        v_cm: 0.5,
        conditions: Conditions::TYPICAL,
        process: Process::TYPICAL,
        unit_capacitor_ff: 1.5,
        bit_line_parasitic: Parasitic { per_row: 0.3, fixed_ff: 2.0 },
        capacitor_mismatch: CapacitorMismatch { on: true, sigma_percent_sqrt_ff: 0.7 },
        parasitic_mismatch: RelativeSpread { on: true, sigma_percent: 1.0 },
        charge_injection: ChargeInjection {
            on: true,
            mac_channel_ff: 0.01,
            bit_line_channel_ff: 0.05,
        },
        clock_feedthrough: ClockFeedthrough {
            on: true,
            mac_overlap_ff: 0.002,
            bit_line_overlap_ff: 0.01,
        },
        dac_inl: RelativeSpread { on: true, sigma_percent: 1.0 },
        comparator_common_mode: CommonMode { on: true, mv_per_v: 3.0 },
        metastability: Metastability { on: true, tau_ps: 30.0 },
        injection_strength: 0.98,
        injection_noise: RelativeSpread { on: true, sigma_percent: 0.5 },
        ktc_noise: Switch { on: true },
        comparator_offset: VoltageSpread { on: true, sigma_mv: 5.0 },
        comparator_noise: VoltageSpread { on: true, sigma_mv: 0.95 },
        cell_mismatch: RelativeSpread { on: true, sigma_percent: 2.0 },
        output_impedance: OutputImpedance { on: true, lambda_per_v: 0.03 },
        settling: Settling {
            on: true,
            tau_reset_ps: 50.0,
            tau_sample_ps: 50.0,
            tau_multiply_ps: 50.0,
            tau_share_ps: 50.0,
        },
        leakage: Leakage { on: true, mac_node_pa: 1.0, bit_line_pa: 10.0 },
        sram: Sram { write_time_ps: 200.0, develop_time_ps: 200.0, precharge_time_ps: 200.0 },
        rules: Rules { settled_within_lsb: 0.1 },
    }
}

/// Every analog term off.
pub fn ideal_analog() -> Analog {
    let mut analog = analog();
    analog.capacitor_mismatch.on = false;
    analog.parasitic_mismatch.on = false;
    analog.ktc_noise.on = false;
    analog.comparator_offset.on = false;
    analog.comparator_noise.on = false;
    analog.cell_mismatch.on = false;
    analog.dac_inl.on = false;
    analog.charge_injection.on = false;
    analog.clock_feedthrough.on = false;
    analog.comparator_common_mode.on = false;
    analog.metastability.on = false;
    analog.injection_noise.on = false;
    analog.injection_strength = 1.0;
    analog.output_impedance.on = false;
    analog.settling.on = false;
    analog.leakage.on = false;
    analog
}

pub fn reference(geometry: Geometry, analog: Analog, pulses: Pulses) -> Reference {
    let chip = Arc::new(Chip::draw(&geometry, &analog, 7, 3));
    let mut reference = Reference::new(geometry, analog, timing(), chip, 7, 3);
    reference.set_pulses(pulses);
    reference
}

/// A one-pass `diff1` operation of one unit.
pub fn operation() -> Operation {
    Operation {
        plane: 0,
        format: WeightFormat::Diff1,
        activation_bits: 4,
        range: Range::Full,
        level: 15,
        slot: 0,
        units: 1,
        clear: true,
        emit: false,
        bank: 0,
    }
}

/// Reproducible bits.
pub struct Bits {
    key: Key,
    count: u32,
}

impl Bits {
    pub fn new(seed: u64) -> Self {
        Self { key: Key::new([seed, 0, 0, 0]), count: 0 }
    }

    pub fn next(&mut self) -> u32 {
        self.count += 1;
        self.key.bits(self.count)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }
}

/// Fills the array and all activation slots with random bits.
pub fn fill(reference: &mut Reference, geometry: &Geometry, seed: u64) {
    let mut bits = Bits::new(seed);
    for row in 0..geometry.rows() {
        for word in 0..geometry.words_per_row() {
            reference.load_word(row, word, bits.next());
        }
    }
    for slot in 0..16 {
        for word in 0..geometry.mac_rows / 8 {
            reference.activations(slot, word, bits.next());
        }
    }
}
