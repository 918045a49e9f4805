//! The closed forms against the definition: every capacitor of one slice stepped cycle by cycle
//! through section 6, driven by the predicted pins.

use super::cycle;
use crate::config::{Analog, Geometry, Pulses, Range, WeightFormat};
use crate::golden::chip::{CAP_UNIT, Chip, LEVEL_UNIT};
use crate::golden::noise::{self, Draw, NoiseFrame};
use crate::golden::reference::{Expected, Phase, Reference, fixtures};
use crate::pins::control;
use crate::transaction::Operation;

/// Nodes of one side, above V_low, and what the side is made of.
#[derive(Clone, Default)]
struct Nodes {
    mac: Vec<f64>,
    bit_line: f64,
    common: f64,
    capacitors: Vec<f64>,
    parasitic: f64,
    /// What the row DACs drive.
    dac: Vec<f64>,
    stored: Vec<bool>,
    strengths: Vec<f64>,
}

impl Nodes {
    fn sum(&self, keep: impl Fn(usize) -> bool) -> f64 {
        (0..self.mac.len()).filter(|&m| keep(m)).map(|m| self.capacitors[m]).sum()
    }

    fn mean(&self) -> f64 {
        let charge: f64 = self.mac.iter().zip(&self.capacitors).map(|(u, k)| u * k).sum();
        charge / self.sum(|_| true)
    }

    fn decay(&mut self, factor: f64) {
        let common = self.common;
        self.mac.iter_mut().for_each(|u| *u = common + (*u - common) * factor);
        self.bit_line = common + (self.bit_line - common) * factor;
    }
}

/// One slice, stepped.
struct Stepper<'a> {
    geometry: Geometry,
    analog: Analog,
    chip: &'a Chip,
    reference: &'a Reference,
    slice: usize,
    period: f64,
    before: Expected,
    frame: NoiseFrame,
    sides: [Nodes; 2],
    /// Columns that were connected in the cycle before.
    columns: [Option<usize>; 2],
}

impl Stepper<'_> {
    fn exp(&self, tau_ps: f64, cycles: f64) -> f64 {
        let on = self.analog.settling.on;
        if on { (-cycles * self.period / (tau_ps * 1e-12)).exp() } else { 0.0 }
    }

    fn sigma(&self, capacitance: f64) -> f64 {
        let farad = capacitance / f64::from(CAP_UNIT) * self.analog.unit_capacitor_ff * 1e-15;
        let on = self.analog.ktc_noise.on && capacitance > 0.0;
        if on { (self.analog.kt() / farad).sqrt() } else { 0.0 }
    }

    /// What an opening switch leaves of a node at u above V_low: half of its channel charge and what
    /// its gate's swing couples go into the node. Capacitances in fF.
    fn opened(&self, u: f64, channel: f64, overlap: f64, node: f64) -> f64 {
        let supply = self.analog.conditions.supply_v;
        let overdrive = supply - self.analog.process.threshold_n_v - (self.analog.v_low + u);
        let channel = if self.analog.charge_injection.on { channel * overdrive } else { 0.0 };
        let coupled = if self.analog.clock_feedthrough.on { overlap * supply } else { 0.0 };
        u - (0.5 * channel + coupled) / node
    }

    fn mac_opened(&self, u: f64) -> f64 {
        let channel = self.analog.charge_injection.mac_channel_ff;
        let overlap = self.analog.clock_feedthrough.mac_overlap_ff;
        self.opened(u, channel, overlap, self.analog.unit_capacitor_ff)
    }

    fn bit_line_opened(&self, u: f64) -> f64 {
        let channel = self.analog.charge_injection.bit_line_channel_ff;
        let overlap = self.analog.clock_feedthrough.bit_line_overlap_ff;
        self.opened(u, channel, overlap, self.analog.parasitic_ff(self.geometry.mac_rows))
    }

    fn select(&mut self, now: &Expected, operation: &Operation) {
        let column = self.slice * self.geometry.columns_per_slice + now.pins.column();
        let differential = now.pins.is(control::DIFFERENTIAL);
        let negative = if differential { column + 1 } else { self.chip.dummy(self.slice) };
        let rows = self.geometry.mac_rows;
        for (side, column) in [column, negative].into_iter().enumerate() {
            let dummy = column >= self.geometry.columns;
            let level = |m: usize| if m < rows / 2 { operation.level.into() } else { 0 };
            let stored = |m: usize| {
                let row = 8 * m + usize::from(operation.plane);
                let word = self.reference.converter.array.word(row, column / 32);
                if dummy { m < rows / 2 } else { word >> (column % 32) & 1 == 1 }
            };
            let step = self.analog.v_full_scale / 15.0;
            let errors = self.chip.level_errors();
            let dac = |m: usize| {
                let code = if dummy { level(m) } else { now.pins.dac_code(m) as usize };
                step * (code as f64 + f64::from(errors[code]) / f64::from(LEVEL_UNIT))
            };
            let capacitors = self.chip.capacitors(column);
            let nodes = &mut self.sides[side];
            nodes.stored = (0..rows).map(stored).collect();
            nodes.dac = (0..rows).map(dac).collect();
            nodes.capacitors = capacitors.iter().map(|&k| k.into()).collect();
            nodes.parasitic = self.chip.parasitic(column).into();
            nodes.strengths = self.chip.cells(self.slice, side).to_vec();
            if self.columns[side] != Some(column) {
                nodes.mac = vec![0.0; rows];
                nodes.bit_line = 0.0;
            }
            self.columns[side] = Some(column);
        }
    }

    /// One cycle, given the predicted pins.
    fn step(&mut self, now: &Expected, operation: &Operation) {
        let before = std::mem::replace(&mut self.before, *now);
        let active = now.pins.slice_active[0] >> self.slice & 1 == 1;
        if !active {
            self.columns = [None; 2];
            return;
        }
        self.select(now, operation);
        for side in 0..2 {
            self.step_side(side, now, &before);
        }
    }

    fn step_side(&mut self, side: usize, now: &Expected, before: &Expected) {
        let draw = |d: Draw| self.frame.row(d)[self.slice];
        let settling = self.analog.settling;
        let ended = |p: Phase| before.event.is_some_and(|e| e.pulse == p);
        let multiply = now.pins.plane_wl != 0;
        let mut n = self.sides[side].clone();
        let rows = n.mac.len();

        if ended(Phase::Reset) {
            n.bit_line = self.bit_line_opened(n.bit_line);
            n.bit_line += draw(Draw::Reset(side)) * self.sigma(n.parasitic);
        }
        if ended(Phase::Sample) {
            n.mac.iter_mut().for_each(|u| *u = self.mac_opened(*u));
        }
        if ended(Phase::Multiply) {
            let noise = draw(Draw::Multiply(side)) * self.sigma(n.sum(|m| !n.stored[m]));
            (0..rows)
                .filter(|&m| !n.stored[m])
                .for_each(|m| n.mac[m] = self.mac_opened(n.mac[m]) + noise);
        }
        if multiply && before.pins.plane_wl == 0 {
            let noise = draw(Draw::Sample(side)) * self.sigma(n.sum(|m| n.stored[m]));
            (0..rows).filter(|&m| n.stored[m]).for_each(|m| n.mac[m] += noise);
        }

        let leakage = self.analog.leakage;
        let time = if leakage.on { self.period * 1e-12 / 1e-15 } else { 0.0 };
        let floating_mac = leakage.mac_node_pa * time / self.analog.unit_capacitor_ff;
        let nominal = self.analog.parasitic_ff(self.geometry.mac_rows);
        let floating_bit_line = leakage.bit_line_pa * time / nominal;
        let held =
            now.context.is_some_and(|c| c.pulse == Phase::Latch) && !now.pins.is(control::LATCH);
        if now.pins.is(control::RESET) {
            let a = self.exp(settling.tau_reset_ps, 1.0);
            n.mac.iter_mut().for_each(|u| *u *= a);
            n.bit_line *= a;
        } else if now.pins.is(control::SHARE) {
            self.connected(&mut n, side, now, before, [floating_mac, floating_bit_line]);
        } else if !held {
            n.bit_line -= floating_bit_line;
            let sample = self.exp(settling.tau_sample_ps, 1.0);
            let discharge = self.exp(settling.tau_multiply_ps, 1.0);
            for m in 0..rows {
                if now.pins.is(control::SAMPLE) {
                    n.mac[m] = n.dac[m] + (n.mac[m] - n.dac[m]) * sample;
                } else if multiply && !n.stored[m] {
                    n.mac[m] *= discharge;
                } else {
                    n.mac[m] -= floating_mac;
                }
            }
        }
        self.sides[side] = n;
    }

    fn connected(
        &self,
        n: &mut Nodes,
        side: usize,
        now: &Expected,
        before: &Expected,
        [mac, bit_line]: [f64; 2],
    ) {
        let total = n.sum(|_| true) + n.parasitic;
        if !before.pins.is(control::SHARE) {
            let charge = n.mean() * n.sum(|_| true) + n.parasitic * n.bit_line;
            n.common = charge / total;
        }
        // Written with currents: what the nodes lose together, over what they hold.
        let loss = (mac * n.sum(|_| true) + bit_line * n.parasitic) / total;
        n.common -= loss;
        n.bit_line -= loss;
        n.mac.iter_mut().for_each(|u| *u -= loss);

        let tau = self.analog.settling.tau_share_ps;
        let first = now.pins.is(control::INJECT) && !before.pins.is(control::INJECT);
        let fires = if side == 0 { now.pins.inject_p } else { now.pins.inject_n };
        let fires = first && fires[0] >> self.slice & 1 == 1;
        let fire = |n: &mut Nodes, noise: f64| {
            let strength: f64 = n.strengths[..now.pins.cells()].iter().sum();
            let lambda = self.analog.output_impedance;
            let lambda = if lambda.on { lambda.lambda_per_v } else { 0.0 };
            let above = self.analog.v_low + n.bit_line - self.analog.v_cm;
            let range = 1.0 / f64::from(1 << now.pins.range_log2());
            let unit = f64::from(CAP_UNIT) * self.analog.v_full_scale;
            let charge = range * self.analog.injection_strength * unit;
            n.common -= (charge * (1.0 + lambda * above) * strength + noise * unit) / total;
        };
        let noise = match now.context.map(|c| c.pulse) {
            Some(Phase::Inject(k)) => {
                let firings = f64::from(32 >> k);
                let draw = self.frame.row(Draw::Injection(k.into()))[self.slice];
                draw * self.analog.injection_noise.sigma() * firings.sqrt()
            }
            _ => 0.0,
        };
        if fires && now.pins.is(control::INJECT_TWICE) {
            fire(n, 0.0);
            n.decay(self.exp(tau, 0.5));
            fire(n, noise);
            n.decay(self.exp(tau, 0.5));
        } else {
            if fires {
                fire(n, noise);
            }
            n.decay(self.exp(tau, 1.0));
        }
    }
}

/// Runs operations with both and compares what can be observed. Returns the stall cycles.
fn compare(analog: Analog, pulses: Pulses, post_lanes: usize) -> u64 {
    let geometry = Geometry { columns: 128, post_lanes, ..fixtures::geometry() };
    let chip = Chip::draw(&geometry, &analog, 7, 3);
    let mut reference = fixtures::reference(geometry, analog, pulses);
    fixtures::fill(&mut reference, &geometry, 4);
    let mut stalls = 0;
    for slice in [0, 13] {
        let shadow = reference.clone();
        let mut stepper = Stepper {
            geometry,
            analog,
            chip: &chip,
            reference: &shadow,
            slice,
            period: fixtures::timing().period_s(),
            before: Expected::default(),
            frame: NoiseFrame::silent(geometry.slices()).with_injections(analog.injection_noise.on),
            sides: Default::default(),
            columns: [None; 2],
        };
        let mut cycles = reference.clone();
        let mut compared = 0;
        for (index, format) in WeightFormat::ALL.into_iter().enumerate() {
            // The repetition finds the same columns selected, so it starts from residues.
            let operation = Operation {
                format,
                plane: index as u8,
                range: Range::ALL[index % 4],
                units: 1,
                slot: 2 * index as u8,
                activation_bits: 8,
                ..fixtures::operation()
            };
            cycles.operation(cycles.cycle, &operation);
            cycles.operation(cycles.cycle, &operation);
            while compared == 0 || !cycles.idle() {
                compared += check_cycle(&mut cycles, &mut stepper, &operation);
                if cycles.cycle > 100_000 {
                    panic!("does not end");
                }
            }
        }
        assert_eq!(compared, 2 * 2 * (1 + 2 + 3 + 4 + 1 + 2) * 18);
        stalls = cycles.counters().stall_cycles;
    }
    stalls
}

/// One cycle of both; returns the number of compared pulses.
fn check_cycle(reference: &mut Reference, stepper: &mut Stepper, operation: &Operation) -> usize {
    let now = cycle(reference);
    if now.pins.is(control::RESET)
        && let Some(context) = now.context
        && stepper.analog.noisy()
    {
        stepper.frame.draw(7, 3, context.conversion);
    }
    stepper.step(&now, operation);
    let Some(event) = now.event else { return 0 };
    let v_low = stepper.analog.v_low;
    let close = |predicted: f64, stepped: f64, what: &str| {
        let stepped = v_low + stepped;
        let off = (predicted - stepped).abs();
        assert!(off < 1e-12, "{what} {:?} {predicted} {stepped} {:?}", event.pulse, now.context);
    };
    for side in 0..2 {
        let nodes = &stepper.sides[side];
        let bit_line = reference.bit_line(event.pulse, side)[stepper.slice];
        close(bit_line, nodes.bit_line, "bit line");
        if let Some(mean) = reference.mac_mean(event.pulse, side) {
            close(mean[stepper.slice], nodes.mean(), "mac mean");
        }
    }
    if let Some(k) = event.decision() {
        let nominal = stepper.analog.unit_v(stepper.geometry.mac_rows) / 16.0;
        let noise = stepper.frame.row(Draw::Decision(k))[stepper.slice]
            * stepper.analog.comparator_noise.sigma_v();
        let difference = stepper.sides[0].bit_line - stepper.sides[1].bit_line;
        let mean = 0.5 * (stepper.sides[0].bit_line + stepper.sides[1].bit_line);
        let common = stepper.analog.comparator_common_mode;
        let kappa = if common.on { 1e-3 * common.mv_per_v } else { 0.0 };
        let moved = kappa * (v_low + mean - stepper.analog.v_cm);
        let margin = difference + stepper.chip.offset(stepper.slice) + noise + nominal + moved;
        let predicted = reference.converter.conversion.margins(k)[stepper.slice];
        assert!((margin - predicted).abs() < 1e-12, "margin {k}");
        let index = now.context.map_or(0, |c| c.conversion);
        let finished = margin.abs() >= stepper.analog.metastable_v(stepper.period);
        let coin = noise::coin(7, 3, index, k, stepper.slice);
        let decision = if finished { margin >= 0.0 } else { coin };
        let decisions = reference.converter.conversion.decisions(k);
        assert_eq!(decisions[0] >> stepper.slice & 1 == 1, decision, "decision {k}");
    }
    1
}

#[test]
fn nominal() {
    compare(fixtures::analog(), fixtures::nominal_pulses(), 4);
}

#[test]
fn ideal() {
    compare(fixtures::ideal_analog(), fixtures::odd_pulses(), 4);
}

#[test]
fn wide_pulses_and_gaps() {
    compare(fixtures::analog(), fixtures::odd_pulses(), 4);
}

/// Switches so slow that single rows remember the previous step; leakage a million times higher.
#[test]
fn slow_switches() {
    let mut analog = fixtures::analog();
    analog.settling.tau_reset_ps = 900.0;
    analog.settling.tau_sample_ps = 700.0;
    analog.settling.tau_multiply_ps = 1100.0;
    analog.settling.tau_share_ps = 3000.0;
    analog.leakage.mac_node_pa = 1e4;
    analog.leakage.bit_line_pa = 3e4;
    compare(analog, fixtures::nominal_pulses(), 4);
    compare(analog, fixtures::odd_pulses(), 4);
}

/// Comparators so slow that every other decision is a coin's.
#[test]
fn slow_comparators() {
    let mut analog = fixtures::analog();
    analog.metastability.tau_ps = 120.0;
    compare(analog, fixtures::nominal_pulses(), 4);
}

/// LATCH prolonged by the post-processor, with nodes that leak and settle meanwhile.
#[test]
fn prolonged_latch() {
    let mut analog = fixtures::analog();
    analog.settling.tau_share_ps = 3000.0;
    analog.settling.tau_reset_ps = 2000.0;
    analog.leakage.bit_line_pa = 3e4;
    // One lane serves 32 slices: LATCH lasts 14 cycles longer in all 52 steps but the first after
    // each of the six formats' idle times, which wait 4 cycles for their digits.
    let stalls = compare(analog, fixtures::nominal_pulses(), 1);
    assert_eq!(stalls, (52 - 6) * 14 + 6 * 4);
}
