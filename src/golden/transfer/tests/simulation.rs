//! Section 6 of the theory of operation cycle by cycle and capacitor by capacitor, as it stands there.

use crate::config::{Config, Pulse, Range};
use crate::golden::chip::Chip;

/// One ADC with a column pair.
pub struct Adc<'a> {
    pub config: &'a Config,
    pub chip: &'a Chip,
    pub range: Range,
    pub column: usize,
    pub slice: usize,
}

/// One side: the voltages of its nodes above V_low.
struct Side {
    capacitors: Vec<f64>,
    parasitic: f64,
    one: bool,
    nodes: Vec<f64>,
    bit_line: f64,
    common: f64,
}

impl Adc<'_> {
    /// Code of the input `lsb` in the branch d >= 0 or d < 0, there as a magnitude.
    pub fn code(&self, positive: bool, lsb: f64) -> u8 {
        let analog = &self.config.analog;
        let pulses = &self.config.timing.pulses;
        let rows = self.config.geometry.mac_rows;
        let mut sides = [self.side(0, positive), self.side(1, !positive)];
        let x = 15.0 * self.range.factor() * lsb / rows as f64;
        for side in &mut sides {
            self.front(side, self.level(x) * analog.v_full_scale / 15.0);
            side.connect();
        }
        for _ in 0..pulses.share.total() {
            sides.iter_mut().for_each(|side| self.shared_cycle(side));
        }
        let mut code = 0;
        for k in 0..7 {
            let Pulse { width, gap } = pulses.strobe;
            for _ in 0..width {
                sides.iter_mut().for_each(|side| self.shared_cycle(side));
            }
            let high = self.compare(&sides);
            code = 2 * code + u8::from(high);
            for _ in 0..gap {
                sides.iter_mut().for_each(|side| self.shared_cycle(side));
            }
            if k < 6 {
                let Pulse { width, gap } = pulses.inject;
                for (number, side) in sides.iter_mut().enumerate() {
                    let fires = (number == 0) == high;
                    if fires {
                        self.injection_cycle(side, number, k)
                    } else {
                        self.shared_cycle(side)
                    }
                    for _ in 1..width + gap {
                        self.shared_cycle(side);
                    }
                }
            }
        }
        code
    }

    fn side(&self, number: usize, one: bool) -> Side {
        let column = self.config.geometry.columns_per_slice * self.slice + self.column + number;
        let farads = |units: f64| units / 8192.0 * self.config.analog.unit_capacitor_ff * 1e-15;
        let capacitors: Vec<f64> =
            self.chip.capacitors(column).iter().map(|&k| farads(f64::from(k))).collect();
        let parasitic = farads(f64::from(self.chip.parasitic(column)));
        let nodes = vec![0.0; capacitors.len()];
        Side { capacitors, parasitic, one, nodes, bit_line: 0.0, common: 0.0 }
    }

    /// l(x), interpolated.
    fn level(&self, x: f64) -> f64 {
        let error = |x: usize| f64::from(self.chip.level_errors()[x]) / 4096.0;
        if x >= 15.0 {
            return x;
        }
        let (low, part) = (x.floor() as usize, x.fract());
        x + (1.0 - part) * error(low) + part * error(low + 1)
    }

    fn period(&self) -> f64 {
        self.config.timing.period_s()
    }

    fn remains(&self, tau_ps: f64) -> f64 {
        let on = self.config.analog.settling.on;
        if on { (-self.period() / (1e-12 * tau_ps)).exp() } else { 0.0 }
    }

    /// alpha and beta of a switch at a node.
    fn kick(&self, channel_ff: f64, overlap_ff: f64, node_ff: f64) -> (f64, f64) {
        let analog = &self.config.analog;
        let channel = if analog.charge_injection.on { channel_ff } else { 0.0 };
        let overlap = if analog.clock_feedthrough.on { overlap_ff } else { 0.0 };
        let supply = analog.conditions.supply_v;
        let beta = channel / 2.0 / node_ff;
        let overdrive = supply - analog.process.threshold_n_v - analog.v_low;
        (beta * overdrive + overlap / node_ff * supply, beta)
    }

    fn push_nodes(&self, side: &mut Side) {
        let analog = &self.config.analog;
        let (alpha, beta) = self.kick(
            analog.charge_injection.mac_channel_ff,
            analog.clock_feedthrough.mac_overlap_ff,
            analog.unit_capacitor_ff,
        );
        side.nodes.iter_mut().for_each(|u| *u += beta * *u - alpha);
    }

    fn push_bit_line(&self, side: &mut Side) {
        let analog = &self.config.analog;
        let (alpha, beta) = self.kick(
            analog.charge_injection.bit_line_channel_ff,
            analog.clock_feedthrough.bit_line_overlap_ff,
            analog.parasitic_ff(self.config.geometry.mac_rows),
        );
        side.bit_line += beta * side.bit_line - alpha;
    }

    /// Currents of a unit MAC node and of a bit line in A.
    fn currents(&self) -> (f64, f64) {
        let leakage = self.config.analog.leakage;
        let amperes = |pa: f64| if leakage.on { 1e-12 * pa } else { 0.0 };
        (amperes(leakage.mac_node_pa), amperes(leakage.bit_line_pa))
    }

    fn leak_nodes(&self, side: &mut Side) {
        let lost =
            self.currents().0 * self.period() / (self.config.analog.unit_capacitor_ff * 1e-15);
        side.nodes.iter_mut().for_each(|u| *u -= lost);
    }

    fn leak_bit_line(&self, side: &mut Side) {
        let nominal = self.config.analog.parasitic_ff(self.config.geometry.mac_rows) * 1e-15;
        side.bit_line -= self.currents().1 * self.period() / nominal;
    }

    /// RESET to MULTIPLY.
    fn front(&self, side: &mut Side, dac_v: f64) {
        let settling = self.config.analog.settling;
        let pulses = &self.config.timing.pulses;
        let decay = |u: &mut f64, to: f64, a: f64| *u = to + (*u - to) * a;
        for _ in 0..pulses.reset.width {
            let a = self.remains(settling.tau_reset_ps);
            side.nodes.iter_mut().for_each(|u| decay(u, 0.0, a));
            decay(&mut side.bit_line, 0.0, a);
        }
        self.push_bit_line(side);
        for _ in 0..pulses.reset.gap {
            self.leak_nodes(side);
            self.leak_bit_line(side);
        }
        for _ in 0..pulses.sample.width {
            let a = self.remains(settling.tau_sample_ps);
            side.nodes.iter_mut().for_each(|u| decay(u, dac_v, a));
            self.leak_bit_line(side);
        }
        self.push_nodes(side);
        for _ in 0..pulses.sample.gap {
            self.leak_nodes(side);
            self.leak_bit_line(side);
        }
        for _ in 0..pulses.multiply.width {
            if side.one {
                self.leak_nodes(side);
            } else {
                let a = self.remains(settling.tau_multiply_ps);
                side.nodes.iter_mut().for_each(|u| decay(u, 0.0, a));
            }
            self.leak_bit_line(side);
        }
        if !side.one {
            self.push_nodes(side);
        }
        for _ in 0..pulses.multiply.gap {
            self.leak_nodes(side);
            self.leak_bit_line(side);
        }
    }

    /// Leakage of all connected nodes.
    fn leak_shared(&self, side: &mut Side) {
        let analog = &self.config.analog;
        let (mac, bit_line) = self.currents();
        let nominal = analog.parasitic_ff(self.config.geometry.mac_rows) * 1e-15;
        let units = side.mac() / (analog.unit_capacitor_ff * 1e-15);
        let amperes = mac * units + bit_line * side.parasitic / nominal;
        side.shift(-amperes * self.period() / side.total());
    }

    fn shared_cycle(&self, side: &mut Side) {
        self.leak_shared(side);
        side.settle(self.remains(self.config.analog.settling.tau_share_ps));
    }

    fn injection_cycle(&self, side: &mut Side, number: usize, k: usize) {
        let tau_ps = self.config.analog.settling.tau_share_ps;
        self.leak_shared(side);
        if k == 0 {
            for _ in 0..2 {
                self.fire(side, number, 16);
                side.settle(self.remains(2.0 * tau_ps));
            }
        } else {
            self.fire(side, number, 32 >> k);
            side.settle(self.remains(tau_ps));
        }
    }

    fn fire(&self, side: &mut Side, number: usize, cells: usize) {
        let analog = &self.config.analog;
        let impedance = analog.output_impedance;
        let lambda = if impedance.on { impedance.lambda_per_v } else { 0.0 };
        let nominal = self.range.factor()
            * analog.injection_strength
            * analog.unit_capacitor_ff
            * 1e-15
            * analog.v_full_scale;
        let volts = analog.v_low + side.bit_line;
        let strengths: f64 = self.chip.cells(self.slice, number)[..cells].iter().sum();
        let charge = nominal * (1.0 + lambda * (volts - analog.v_cm)) * strengths;
        side.common -= charge / side.total();
    }

    fn compare(&self, sides: &[Side; 2]) -> bool {
        let analog = &self.config.analog;
        let [p, n] = [0, 1].map(|side| sides[side].bit_line + analog.v_low);
        let common = analog.comparator_common_mode;
        let kappa = if common.on { 1e-3 * common.mv_per_v } else { 0.0 };
        let threshold = analog.v_full_scale / 15.0 * analog.unit_capacitor_ff
            / analog.column_ff(self.config.geometry.mac_rows)
            / 16.0;
        let mean = (p + n) / 2.0 - analog.v_cm;
        p - n + self.chip.offset(self.slice) + kappa * mean + threshold >= 0.0
    }
}

impl Side {
    fn mac(&self) -> f64 {
        self.capacitors.iter().sum()
    }

    fn total(&self) -> f64 {
        self.mac() + self.parasitic
    }

    fn connect(&mut self) {
        let charge: f64 = self.capacitors.iter().zip(&self.nodes).map(|(c, u)| c * u).sum();
        self.common = (charge + self.parasitic * self.bit_line) / self.total();
    }

    fn shift(&mut self, volts: f64) {
        self.common += volts;
        self.bit_line += volts;
        self.nodes.iter_mut().for_each(|u| *u += volts);
    }

    fn settle(&mut self, remains: f64) {
        self.bit_line = self.common + (self.bit_line - self.common) * remains;
        self.nodes.iter_mut().for_each(|u| *u = self.common + (*u - self.common) * remains);
    }
}
