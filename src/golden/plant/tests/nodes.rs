//! Voltages against hand calculation, and against a model with every node on its own.

use super::*;

/// Nominal capacitance of a column of `rows` rows in fF, MAC capacitors and parasitic; the parasitic
/// in whole 2^-13 of 1.5 fF, as drawn.
fn nominal(rows: f64) -> (f64, f64) {
    let unit = 1.5 / f64::from(CAP_UNIT);
    (1.5 * rows, (parasitic_ff(rows) / unit).round() * unit)
}

fn parasitic_ff(rows: f64) -> f64 {
    0.3 * rows * 1.5 + 2.0
}

/// Four rows, digits 15, 10, 5, 15 against cells 1, 0, 1, 1: 1.5 fF (0.6 + 0.2 + 0.6) V = 2.1 fC on
/// 6 fF + 3.8 fF; the dummy column carries 2 1.5 fF 0.24 V = 0.72 fC at level 6.
#[test]
fn four_rows_share_their_charge() {
    let geometry = Geometry { mac_rows: 4, ..SMALL };
    let mut sequencer = Sequencer::new(geometry, analog(false));
    fill(&mut sequencer.plant, 1, |m| m != 1);
    let step = Step { column: 1, level: 6, ..Step::new(&[15, 10, 5, 15]) };
    sequencer.step(&step, |at, plant| match at {
        At::Sample => close(plant.mac_mean(0)[0], 0.5 + 0.04 * (15 + 10 + 5 + 15) as f64 / 4.0),
        At::Multiply => close(plant.mac_mean(0)[0], 0.5 + 0.04 * (15 + 5 + 15) as f64 / 4.0),
        At::Share => {
            // The drawn parasitic is 3.8 fF to within half of 2^-13 C_u.
            let total = 6.0 + nominal(4.0).1;
            assert!((total - 9.8).abs() < 1e-4);
            close(plant.bit_line(0)[0], 0.5 + 2.1 / total);
            close(plant.bit_line(1)[0], 0.5 + 0.72 / total);
        }
        _ => {}
    });
}

/// The drawn capacitors decide: sum over the chip's own numbers, a column per slice and side.
#[test]
fn drawn_capacitors_weigh_the_charge() {
    let terms = analog(false);
    let terms = Analog {
        capacitor_mismatch: CapacitorMismatch { on: true, sigma_percent_sqrt_ff: 7.0 },
        parasitic_mismatch: RelativeSpread { on: true, sigma_percent: 10.0 },
        ..terms
    };
    let mut sequencer = Sequencer::new(SMALL, terms);
    let cell = |column: usize, m: usize| (column * 2 + m) % 5 > 1;
    for column in 0..16 {
        fill(&mut sequencer.plant, column, |m| cell(column, m));
    }
    let chip = sequencer.plant.chip.clone();
    let digits: Vec<u32> = (0..16).map(|m| m % 13).collect();
    let step = Step { column: 2, differential: true, ..Step::new(&digits) };
    let expected = |column: usize| {
        let charge: f64 = (0..16)
            .filter(|&m| cell(column, m))
            .map(|m| f64::from(chip.capacitors(column)[m]) * 0.04 * f64::from(digits[m]))
            .sum();
        let mac: i32 = chip.capacitors(column).iter().map(|&c| i32::from(c)).sum();
        0.5 + charge / f64::from(mac + chip.parasitic(column))
    };
    sequencer.step(&step, |at, plant| {
        for slice in (0..4).filter(|_| at == At::Share) {
            close(plant.bit_line(0)[slice], expected(4 * slice + 2));
            close(plant.bit_line(1)[slice], expected(4 * slice + 3));
        }
    });
}

/// Every phase approaches its target as exp(-t/tau).
#[test]
fn nodes_settle_exponentially() {
    let terms = analog(false);
    let settling = Settling {
        on: true,
        tau_reset_ps: 300.0,
        tau_sample_ps: 400.0,
        tau_multiply_ps: 500.0,
        tau_share_ps: 600.0,
    };
    let mut sequencer = Sequencer::new(SMALL, Analog { settling, ..terms });
    sequencer.pulses.sample.width = 3;
    sequencer.pulses.multiply.width = 2;
    sequencer.pulses.share.width = 4;
    let left = |cycles: f64, tau: f64| (-cycles * PERIOD * 1e12 / tau).exp();
    let sampled = 0.6 * (1.0 - left(3.0, 400.0));
    let multiplied = sampled * left(2.0, 500.0);
    let (mac, parasitic) = nominal(16.0);
    let settled = multiplied * mac / (mac + parasitic);
    let shared = settled * (1.0 - left(4.0, 600.0));
    let mut latched = 0.0;
    sequencer.step(&Step::new(&[15; 16]), |at, plant| match at {
        At::Sample => close(plant.mac_mean(0)[3], 0.5 + sampled),
        At::Multiply => close(plant.mac_mean(0)[3], 0.5 + multiplied),
        At::Share => close(plant.bit_line(0)[3], 0.5 + shared),
        At::Latch => latched = plant.bit_line(0)[3] - 0.5,
        _ => {}
    });
    // The same column again, at once: reset leaves what it leaves.
    sequencer.step(&Step::new(&[15; 16]), |at, plant| {
        if at == At::Reset {
            close(plant.bit_line(0)[3], 0.5 + latched * left(1.0, 300.0));
        }
    });
}

/// Floating nodes lose I T / C per cycle: the bit line from the opening of reset on, a MAC capacitor
/// while nothing drives it, both together once connected.
#[test]
fn floating_nodes_droop() {
    let leakage = Leakage { on: true, mac_node_pa: 3.0, bit_line_pa: 20.0 };
    let mut sequencer = Sequencer::new(SMALL, Analog { leakage, ..analog(false) });
    sequencer.pulses.reset = Pulse { width: 2, gap: 3 };
    sequencer.pulses.sample = Pulse { width: 1, gap: 2 };
    fill(&mut sequencer.plant, 0, |_| true);
    let (mac, parasitic) = nominal(16.0);
    let mac_droop = 3e-12 * PERIOD / 1.5e-15;
    let line_droop = 20e-12 * PERIOD / (parasitic_ff(16.0) * 1e-15);
    let line_current = 20e-12 * parasitic / parasitic_ff(16.0);
    let shared = (16.0 * 3e-12 + line_current) * PERIOD / ((mac + parasitic) * 1e-15);
    sequencer.step(&Step::new(&[10; 16]), |at, plant| match at {
        At::Reset => close(plant.bit_line(0)[0], 0.5),
        At::Sample => {
            close(plant.bit_line(0)[0], 0.5 - 4.0 * line_droop);
            close(plant.mac_mean(0)[0], 0.9);
        }
        At::Multiply => {
            close(plant.bit_line(0)[0], 0.5 - 7.0 * line_droop);
            close(plant.mac_mean(0)[0], 0.9 - 3.0 * mac_droop);
        }
        At::Share => {
            let charge = mac * (0.4 - 3.0 * mac_droop) - parasitic * 7.0 * line_droop;
            close(plant.bit_line(0)[0], 0.5 + charge / (mac + parasitic) - shared);
        }
        At::Strobe(0) => {
            let charge = mac * (0.4 - 3.0 * mac_droop) - parasitic * 7.0 * line_droop;
            close(plant.bit_line(0)[0], 0.5 + charge / (mac + parasitic) - 2.0 * shared);
        }
        _ => {}
    });
}

/// A firing removes r C_u V_FS per cell, more above V_cm; the second sees what the first left.
#[test]
fn injection_depends_on_the_voltage() {
    let output_impedance = OutputImpedance { on: true, lambda_per_v: 0.3 };
    let mut sequencer = Sequencer::new(SMALL, Analog { output_impedance, ..analog(false) });
    fill(&mut sequencer.plant, 0, |_| true);
    let (mac, parasitic) = nominal(16.0);
    let unit = 0.5 * 0.6 * 1.5 / (mac + parasitic);
    let step = Step { range: Range::Half, level: 0, ..Step::new(&[12; 16]) };
    let mut before = 0.0;
    sequencer.step(&step, |at, plant| match at {
        At::Share => before = plant.bit_line(0)[0],
        At::Inject(0) => {
            let first = before - 16.0 * unit * (1.0 + 0.3 * (before - 0.5));
            let second = first - 16.0 * unit * (1.0 + 0.3 * (first - 0.5));
            close(plant.bit_line(0)[0], second);
            close(plant.bit_line(1)[0], 0.5);
        }
        _ => {}
    });
}

/// Variance of a node over many conversions, in units of kT/C of `capacitance_ff`.
fn relative_variance(
    cells: bool,
    at: At,
    capacitance_ff: f64,
    node: impl Fn(&mut Plant) -> f64,
) -> f64 {
    let mut sequencer =
        Sequencer::new(SMALL, Analog { ktc_noise: Switch { on: true }, ..analog(false) });
    fill(&mut sequencer.plant, 0, |_| cells);
    let mut volts = Vec::new();
    for _ in 0..4000 {
        sequencer.step(&Step::new(&[8; 16]), |now, plant| {
            if now == at {
                volts.push(node(plant));
            }
        });
    }
    let count = volts.len() as f64;
    let mean = volts.iter().sum::<f64>() / count;
    let variance = volts.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
    variance / (1.380649e-23 * 298.15 / (capacitance_ff * 1e-15))
}

/// kT/C of the reset on the bit line, of the sampling switches on all that stays charged, of the
/// discharge switches on all that does not, the last two as they show after sharing.
#[test]
fn switches_leave_kt_over_c() {
    let (mac, parasitic) = nominal(16.0);
    let within = |ratio: f64, expected: f64| {
        assert!((ratio / expected - 1.0).abs() < 0.07, "{ratio} instead of {expected}");
    };
    within(relative_variance(true, At::Sample, parasitic, |plant| plant.bit_line(0)[0]), 1.0);
    within(relative_variance(true, At::Multiply, mac, |plant| plant.mac_mean(0)[0]), 1.0);
    // Charge noise of both parts adds up on the connected column: kT (C_mac + C_p) / C^2 = kT / C.
    let total = mac + parasitic;
    within(relative_variance(true, At::Share, total, |plant| plant.bit_line(0)[0]), 1.0);
    within(relative_variance(false, At::Share, total, |plant| plant.bit_line(0)[0]), 1.0);
    // The dummy column: half of its capacitors each.
    within(relative_variance(true, At::Share, total, |plant| plant.bit_line(1)[0]), 1.0);
}

fn close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 1e-12, "{actual} V instead of {expected} V");
}

/// One side of one slice with every capacitor a number of its own, in absolute volts; the
/// specification step by step, without any of the plant's shortcuts.
struct Naive {
    capacitors: Vec<f64>,
    parasitic: f64,
    mac: Vec<f64>,
    bit_line: f64,
    settled: f64,
    noise: [f64; 3],
    decay: [f64; 5],
    droop: [f64; 2],
    /// Levels of the row DACs in volts above V_low.
    levels: [f64; 16],
    was: u32,
    floats: bool,
}

const MULTIPLY: u32 = 1 << 29;

impl Naive {
    fn new(
        plant: &Plant,
        column: usize,
        normals: [f64; 3],
        settling: Settling,
        leakage: Leakage,
    ) -> Self {
        let chip = &plant.chip;
        let decay = |tau: f64, cycles: f64| (-cycles * PERIOD * 1e12 / tau).exp();
        Self {
            capacitors: chip.capacitors(column).iter().map(|&c| f64::from(c)).collect(),
            parasitic: f64::from(chip.parasitic(column)),
            mac: vec![0.5; 16],
            bit_line: 0.5,
            settled: 0.5,
            noise: normals,
            decay: [
                decay(settling.tau_reset_ps, 1.0),
                decay(settling.tau_sample_ps, 1.0),
                decay(settling.tau_multiply_ps, 1.0),
                decay(settling.tau_share_ps, 1.0),
                decay(settling.tau_share_ps, 0.5),
            ],
            droop: [
                leakage.mac_node_pa * 1e-12 * PERIOD / 1.5e-15,
                leakage.bit_line_pa * 1e-12 * PERIOD / (parasitic_ff(16.0) * 1e-15),
            ],
            levels: std::array::from_fn(|x| {
                (x as f64 + f64::from(chip.level_errors()[x]) / 4096.0) * 0.04
            }),
            was: 0,
            floats: false,
        }
    }

    /// What an opening switch adds to a node of these capacitances in fF: half the channel charge
    /// of (1.2 - 0.45 - 0.5) V less what the node has, and 1.2 V through the overlap.
    fn push(volts: f64, node: f64, channel: f64, overlap: f64) -> f64 {
        -(channel / 2.0 * (0.25 - (volts - 0.5)) + overlap * 1.2) / node
    }

    fn sigma(capacitance: f64) -> f64 {
        let farad = capacitance / f64::from(CAP_UNIT) * 1.5e-15;
        if capacitance > 0.0 { (1.380649e-23 * 298.15 / farad).sqrt() } else { 0.0 }
    }

    fn part(&self, cells: &[bool], value: bool) -> f64 {
        self.capacitors.iter().zip(cells).filter(|(_, c)| **c == value).map(|(c, _)| c).sum()
    }

    /// `fire` is what one firing removes, and what the last removes besides.
    fn cycle(&mut self, on: u32, digits: &[u32], cells: &[bool], fire: [f64; 2], twice: bool) {
        let mac_push = |v: &mut f64| *v += Self::push(*v, 1.5, 0.01, 0.002);
        let ended = self.was & !on;
        let began = on & !self.was;
        self.was = on;
        if ended & control::RESET != 0 {
            self.floats = true;
            self.bit_line += Self::push(self.bit_line, parasitic_ff(16.0), 0.05, 0.01);
            self.bit_line += self.noise[0] * Self::sigma(self.parasitic);
        }
        if ended & control::SAMPLE != 0 {
            self.mac.iter_mut().for_each(mac_push);
        }
        if ended & MULTIPLY != 0 {
            (0..16).filter(|&m| !cells[m]).for_each(|m| mac_push(&mut self.mac[m]));
            let kick = self.noise[2] * Self::sigma(self.part(cells, false));
            (0..16).filter(|&m| !cells[m]).for_each(|m| self.mac[m] += kick);
        }
        self.floats &= ended & control::LATCH == 0 && on & control::RESET == 0;
        if on & control::SHARE != 0 {
            return self.share(began, fire, twice);
        }
        let [mac_droop, line_droop] = if self.floats { self.droop } else { [0.0; 2] };
        self.bit_line -= line_droop;
        let first = self.noise[1] * Self::sigma(self.part(cells, true));
        for m in 0..16 {
            let v = self.mac[m];
            self.mac[m] = if on & control::RESET != 0 {
                0.5 + (v - 0.5) * self.decay[0]
            } else if on & control::SAMPLE != 0 {
                let target = 0.5 + self.levels[digits[m] as usize];
                target + (v - target) * self.decay[1]
            } else if on & MULTIPLY != 0 && !cells[m] {
                0.5 + (v - 0.5) * self.decay[2]
            } else {
                v - mac_droop + if began & MULTIPLY != 0 { first } else { 0.0 }
            };
        }
        if on & control::RESET != 0 {
            self.bit_line = 0.5 + (self.bit_line - 0.5) * self.decay[0];
        }
    }

    fn share(&mut self, began: u32, [fire, noise]: [f64; 2], twice: bool) {
        let mac_sum: f64 = self.capacitors.iter().sum();
        let total = mac_sum + self.parasitic;
        if began & control::SHARE != 0 {
            let charge: f64 = self.capacitors.iter().zip(&self.mac).map(|(c, v)| c * v).sum();
            self.settled = (charge + self.parasitic * self.bit_line) / total;
        }
        let leaked = self.droop[0] * mac_sum + self.droop[1] * self.parasitic;
        let droop = if self.floats { leaked / total } else { 0.0 };
        self.settled -= droop;
        self.bit_line -= droop;
        self.mac.iter_mut().for_each(|v| *v -= droop);
        let times = if twice { 2 } else { 1 };
        for time in 1..=times {
            let impedance = 1.0 + 0.03 * (self.bit_line - 0.5);
            let removed = fire * impedance + if time == times { noise } else { 0.0 };
            self.settled -= removed * f64::from(CAP_UNIT) * 0.6 / total;
            let decay = self.decay[if twice { 4 } else { 3 }];
            let settled = self.settled;
            let relax = |v: &mut f64| *v = settled + (*v - settled) * decay;
            self.mac.iter_mut().for_each(relax);
            relax(&mut self.bit_line);
        }
    }

    fn mean(&self) -> f64 {
        let charge: f64 = self.capacitors.iter().zip(&self.mac).map(|(c, v)| c * v).sum();
        charge / self.capacitors.iter().sum::<f64>()
    }
}

/// Random pulses of random widths on one column that stays selected: complete steps, truncated ones,
/// repeated phases, sharing interrupted and taken up again. Slow time constants, so that nothing is
/// ever forgotten.
#[test]
fn every_node_agrees_with_a_model_of_single_capacitors() {
    let settling = Settling {
        on: true,
        tau_reset_ps: 900.0,
        tau_sample_ps: 700.0,
        tau_multiply_ps: 800.0,
        tau_share_ps: 600.0,
    };
    let leakage = Leakage { on: true, mac_node_pa: 300.0, bit_line_pa: 2000.0 };
    let terms = Analog { settling, leakage, injection_strength: 1.07, ..analog(true) };
    let mut plant = plant(SMALL, terms);
    let key = crate::golden::random::Key::new([9, 9, 9, 9]);
    let mut draws = 0;
    let mut random = |limit: u32| {
        draws += 1;
        key.bits(draws) % limit
    };
    let cells: Vec<bool> = (0..16).map(|m| m % 3 != 1).collect();
    fill(&mut plant, 4 * 2 + 1, |m| cells[m]);
    let mut naive = Naive::new(&plant, 9, [0.0; 3], settling, leakage);
    let mut frame = NoiseFrame::silent(4).with_injections(true);
    let mut conversion = 0;
    let mut injections = 0;
    let step = Step { column: 1, range: Range::Half, ..Step::new(&[0; 16]) };
    for _ in 0..4000 {
        let kinds = [0, control::RESET, control::SAMPLE, MULTIPLY, control::SHARE, control::LATCH];
        let on = match kinds[random(6) as usize] {
            control::LATCH => control::LATCH | control::SHARE,
            control::SHARE if random(2) == 0 => control::SHARE | control::INJECT,
            other => other,
        };
        let digits: Vec<u32> = (0..16).map(|_| random(16)).collect();
        let mut pins = Step { digits: digits.clone(), ..step.clone() }.pins();
        let (twice, cells_firing) = (random(2) == 0, random(17));
        pins.control |= on & !MULTIPLY | cells_firing << control::CELLS_SHIFT;
        pins.control |= if twice { control::INJECT_TWICE } else { 0 };
        pins.plane_wl = u32::from(on & MULTIPLY != 0);
        pins.inject_p[0] = 0b0100;
        let strength: f64 = plant.chip.cells(2, 0)[..cells_firing as usize].iter().sum();
        for _ in 0..1 + random(3) {
            if naive.was & control::RESET != 0 && on & control::RESET == 0 {
                frame.draw(11, 3, conversion);
                conversion += 1;
                injections = 0;
                let draws = [Draw::Reset(0), Draw::Sample(0), Draw::Multiply(0)];
                naive.noise = draws.map(|draw| frame.row(draw)[2]);
            }
            let fires = on & control::INJECT != 0 && naive.was & control::INJECT == 0;
            let mut fire = [0.0; 2];
            if fires {
                // There are draws for six injections; any more share the last one.
                let normal = frame.row(Draw::Injection(5.min(injections)))[2];
                let firings = f64::from(cells_firing * if twice { 2 } else { 1 });
                fire = [0.5 * 1.07 * strength, normal * 0.005 * firings.sqrt()];
                injections += 1;
            }
            plant.react(&pins);
            naive.cycle(on, &digits, &cells, fire, fires && twice);
            let (line, mean) = (plant.bit_line(0)[2], plant.mac_mean(0)[2]);
            assert!(
                (line - naive.bit_line).abs() < 1e-9 * line.abs().max(1.0),
                "{line} {}",
                naive.bit_line
            );
            assert!(
                (mean - naive.mean()).abs() < 1e-9 * mean.abs().max(1.0),
                "{mean} {}",
                naive.mean()
            );
        }
    }
    assert!(conversion > 300);
}
