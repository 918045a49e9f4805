//! A pin sequencer for tests: drives the plant's pins through conversion steps and SRAM accesses as
//! section 5 of the specification says, in closed loop with the comparators.

use super::{Plant, Response};
use crate::config::*;
use crate::golden::chip::Chip;
use crate::pins::{Pins, SLICE_WORDS, control};
use std::sync::Arc;

/// Phase-clock period of the tests, in seconds.
pub const PERIOD: f64 = 1.0 / 2.52e9;

/// The smallest geometry of the tests: 4 slices of 4 columns.
pub const SMALL: Geometry =
    Geometry { mac_rows: 16, columns: 16, columns_per_slice: 4, post_lanes: 1 };

/// Analog terms of the default configuration, all on or (but for the parasitic) all off.
pub fn analog(on: bool) -> Analog {
    Analog {
        v_low: 0.5,
        v_full_scale: 0.6,
        v_cm: 0.5,
        conditions: Conditions::TYPICAL,
        process: Process::TYPICAL,
        unit_capacitor_ff: 1.5,
        bit_line_parasitic: Parasitic { per_row: 0.3, fixed_ff: 2.0 },
        capacitor_mismatch: CapacitorMismatch { on, sigma_percent_sqrt_ff: 0.7 },
        parasitic_mismatch: RelativeSpread { on, sigma_percent: 0.5 },
        charge_injection: ChargeInjection { on, mac_channel_ff: 0.01, bit_line_channel_ff: 0.05 },
        clock_feedthrough: ClockFeedthrough {
            on,
            mac_overlap_ff: 0.002,
            bit_line_overlap_ff: 0.01,
        },
        dac_inl: RelativeSpread { on, sigma_percent: 1.0 },
        comparator_common_mode: CommonMode { on, mv_per_v: 3.0 },
        metastability: Metastability { on, tau_ps: 30.0 },
        injection_strength: 1.0,
        injection_noise: RelativeSpread { on, sigma_percent: 0.5 },
        ktc_noise: Switch { on },
        comparator_offset: VoltageSpread { on, sigma_mv: 5.0 },
        comparator_noise: VoltageSpread { on, sigma_mv: 0.95 },
        cell_mismatch: RelativeSpread { on, sigma_percent: 2.0 },
        output_impedance: OutputImpedance { on, lambda_per_v: 0.03 },
        settling: Settling {
            on,
            tau_reset_ps: 50.0,
            tau_sample_ps: 50.0,
            tau_multiply_ps: 50.0,
            tau_share_ps: 50.0,
        },
        leakage: Leakage { on, mac_node_pa: 1.0, bit_line_pa: 10.0 },
        sram: Sram { write_time_ps: 300.0, develop_time_ps: 500.0, precharge_time_ps: 300.0 },
        rules: Rules { settled_within_lsb: 0.1 },
    }
}

/// A plant with chip 3 of population 11.
pub fn plant(geometry: Geometry, analog: Analog) -> Plant {
    let chip = Arc::new(Chip::draw(&geometry, &analog, 11, 3));
    Plant::new(geometry, analog, PERIOD, chip, 11, 3)
}

/// Pulses of the 18-cycle step: every width 1, every gap 0.
pub fn shortest() -> Pulses {
    Pulses { access: Pulse { width: 2, gap: 0 }, ..Pulses::SHORTEST }
}

/// What a conversion step converts.
#[derive(Clone, Debug)]
pub struct Step {
    pub column: usize,
    pub differential: bool,
    pub range: Range,
    pub level: u32,
    pub plane: usize,
    pub active: [u32; SLICE_WORDS],
    pub digits: Vec<u32>,
}

impl Step {
    /// A single-ended step of all slices at r = 1.
    pub fn new(digits: &[u32]) -> Self {
        Self {
            column: 0,
            differential: false,
            range: Range::Full,
            level: 15,
            plane: 0,
            active: [u32::MAX; SLICE_WORDS],
            digits: digits.to_vec(),
        }
    }

    /// Pins while the step is under way and no pulse is on.
    pub fn pins(&self) -> Pins {
        let mut pins =
            Pins { slice_active: self.active, cluster_sel: [u32::MAX; 2], ..Pins::default() };
        pins.control = (self.column as u32) << control::COLUMN_SHIFT
            | self.range.log2_inverse() << control::RANGE_SHIFT
            | self.level << control::LEVEL_SHIFT;
        if self.differential {
            pins.control |= control::DIFFERENTIAL;
        }
        for (m, digit) in self.digits.iter().enumerate() {
            pins.dac[m / 8] |= digit << (4 * (m % 8));
        }
        pins
    }
}

/// A pulse of a conversion step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Reset,
    Sample,
    Multiply,
    Share,
    Strobe(usize),
    Inject(usize),
    Latch,
}

/// Drives a plant.
pub struct Sequencer {
    pub plant: Plant,
    pub pulses: Pulses,
    decisions: [[u32; SLICE_WORDS]; 7],
}

impl Sequencer {
    pub fn new(geometry: Geometry, analog: Analog) -> Self {
        Self {
            plant: plant(geometry, analog),
            pulses: shortest(),
            decisions: [[0; SLICE_WORDS]; 7],
        }
    }

    /// One conversion step. `observe` is called after the last cycle of each pulse.
    pub fn step(&mut self, step: &Step, mut observe: impl FnMut(At, &mut Plant)) {
        let pins = step.pins();
        let pulses = self.pulses;
        let front = [
            (At::Reset, control::RESET, pulses.reset),
            (At::Sample, control::SAMPLE, pulses.sample),
            (At::Multiply, 0, pulses.multiply),
        ];
        for (at, bit, pulse) in front {
            let mut on = pins;
            on.control |= bit;
            on.plane_wl = if at == At::Multiply { 1 << step.plane } else { 0 };
            self.pulse(&pins, &on, pulse, |plant| observe(at, plant));
        }
        let mut pins = pins;
        pins.control |= control::SHARE;
        self.pulse(&pins, &pins, pulses.share, |plant| observe(At::Share, plant));
        for k in 0..7 {
            let mut on = pins;
            on.control |= control::STROBE;
            let latest =
                self.pulse(&pins, &on, pulses.strobe, |plant| observe(At::Strobe(k), plant));
            self.decisions.rotate_right(1);
            self.decisions[0] = latest.comparators;
            if k < 6 {
                let on = injection(&pins, k, &latest.comparators, &step.active);
                self.pulse(&pins, &on, pulses.inject, |plant| observe(At::Inject(k), plant));
            }
        }
        let mut on = pins;
        on.control |= control::LATCH;
        pins.control &= !control::SHARE;
        self.pulse(&pins, &on, pulses.latch, |plant| observe(At::Latch, plant));
    }

    /// A pulse and the gap after it; the response of the pulse's last cycle.
    fn pulse(
        &mut self,
        off: &Pins,
        on: &Pins,
        pulse: Pulse,
        observe: impl FnOnce(&mut Plant),
    ) -> Response {
        let mut response = Response::default();
        for _ in 0..pulse.width {
            response = self.plant.react(on);
        }
        observe(&mut self.plant);
        for _ in 0..pulse.gap {
            self.plant.react(off);
        }
        response
    }

    /// Codes of the last step.
    pub fn codes(&self) -> Vec<u8> {
        let pins = Pins { decisions: self.decisions, ..Pins::default() };
        (0..self.plant.geometry.slices()).map(|slice| pins.code(slice)).collect()
    }

    /// Codes of a step.
    pub fn convert(&mut self, step: &Step) -> Vec<u8> {
        self.step(step, |_, _| {});
        self.codes()
    }

    /// A cycle with these control bits and nothing else on.
    pub fn idle(&mut self) {
        self.plant.react(&Pins::default());
    }

    /// Writes a word by an SRAM access.
    pub fn write(&mut self, row: usize, word: usize, data: u32) {
        let mut pins = access(row, word);
        pins.write_data = data;
        self.precharge(&pins);
        let mut on = pins;
        on.plane_wl = 1 << (row % 8);
        on.control |= control::WRITE;
        self.pulse(&pins, &on, self.pulses.access, |_| {});
    }

    /// Reads a word by an SRAM access.
    pub fn read(&mut self, row: usize, word: usize) -> u32 {
        let pins = access(row, word);
        self.precharge(&pins);
        let mut on = pins;
        on.plane_wl = 1 << (row % 8);
        self.pulse(&pins, &on, self.pulses.access, |_| {});
        let mut on = pins;
        on.control |= control::SENSE;
        self.pulse(&pins, &on, self.pulses.sense, |_| {}).read_data
    }

    fn precharge(&mut self, pins: &Pins) {
        let mut on = *pins;
        on.control |= control::PRECHARGE;
        self.pulse(pins, &on, self.pulses.precharge, |_| {});
    }
}

/// Pins of an SRAM access with nothing on.
pub fn access(row: usize, word: usize) -> Pins {
    let mut pins = Pins { control: (word as u32) << control::WORD_SHIFT, ..Pins::default() };
    pins.cluster_sel[row / 8 / 32] = 1 << (row / 8 % 32);
    pins
}

/// Pins of the k-th injection after these decisions.
pub fn injection(
    pins: &Pins,
    k: usize,
    latest: &[u32; SLICE_WORDS],
    active: &[u32; SLICE_WORDS],
) -> Pins {
    let mut on = *pins;
    on.control |= control::INJECT | [16, 16, 8, 4, 2, 1][k] << control::CELLS_SHIFT;
    if k == 0 {
        on.control |= control::INJECT_TWICE;
    }
    for word in 0..SLICE_WORDS {
        on.inject_p[word] = latest[word] & active[word];
        on.inject_n[word] = !latest[word] & active[word];
    }
    on
}
