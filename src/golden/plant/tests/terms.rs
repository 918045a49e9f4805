//! Terms on their own, everything else off: each does what section 6 of the specification says.
//! Numbers are worked out here, from 1.5 fF, 16 rows, 0.5 V to 1.1 V, 1.2 V and 0.45 V.

use super::*;
use crate::golden::noise::coin;

/// The ideal macro but for one change.
fn only(change: impl FnOnce(&mut Analog)) -> Analog {
    let mut terms = analog(false);
    change(&mut terms);
    terms
}

/// Parasitic of a bit line in fF, and in whole 2^-13 of 1.5 fF, as drawn.
const LINE_FF: f64 = 0.3 * 16.0 * 1.5 + 2.0;
fn drawn_line_ff() -> f64 {
    let unit = 1.5 / f64::from(CAP_UNIT);
    (LINE_FF / unit).round() * unit
}

fn close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 1e-12, "{actual} instead of {expected}");
}

/// Lets cycles pass with these control bits on a step's pins; word lines of plane 0 where `OPEN`
/// says so. The responses.
fn cycles(plant: &mut Plant, step: &Step, bits: &[u32]) -> Vec<Response> {
    let react = |&bits: &u32| {
        let mut pins = step.pins();
        pins.control |= bits & !OPEN;
        pins.plane_wl = u32::from(bits & OPEN != 0);
        plant.react(&pins)
    };
    bits.iter().map(react).collect()
}

const OPEN: u32 = 1 << 31;
use control::{RESET, SAMPLE, SHARE, STROBE};

/// A full column at level x sits e(x) D above x D; the dummy's upper half is at level L.
#[test]
fn drawn_levels_bend_the_row_dacs() {
    let terms = only(|terms| terms.dac_inl = RelativeSpread { on: true, sigma_percent: 3.0 });
    let mut sequencer = Sequencer::new(SMALL, terms);
    fill(&mut sequencer.plant, 0, |_| true);
    let errors = *sequencer.plant.chip.level_errors();
    assert!(errors[1..15].iter().filter(|&&e| e.abs() > 40).count() > 7, "{errors:?}");
    let level = |x: usize| 0.04 * (x as f64 + f64::from(errors[x]) / 4096.0);
    for x in 0..16 {
        let reference = (5 * x + 3) % 16;
        let step = Step { level: reference as u32, ..Step::new(&[x as u32; 16]) };
        sequencer.step(&step, |at, plant| {
            let shared = 24.0 / (24.0 + drawn_line_ff());
            match at {
                At::Sample => {
                    close(plant.mac_mean(0)[1], 0.5 + level(x));
                    close(plant.mac_mean(1)[1], 0.5 + level(reference) / 2.0);
                }
                At::Share => {
                    close(plant.bit_line(0)[0], 0.5 + shared * level(x));
                    close(plant.bit_line(1)[0], 0.5 + shared * level(reference) / 2.0);
                }
                _ => {}
            }
        });
    }
}

/// A switch's push in volts at `u` volts above V_low: the node's voltage takes half the channel's
/// charge, which falls with it, and 1.2 V through the overlap.
fn pushed(terms: &Analog, u: f64, node_ff: f64, [channel_ff, overlap_ff]: [f64; 2]) -> f64 {
    let channel = if terms.charge_injection.on { channel_ff } else { 0.0 };
    let overlap = if terms.clock_feedthrough.on { overlap_ff } else { 0.0 };
    u - (channel / 2.0 * (1.2 - 0.45 - 0.5 - u) + overlap * 1.2) / node_ff
}

/// Of a MAC switch on 1.5 fF: at 0 V 0.83 mV and 1.6 mV down, at 0.6 V 1.17 mV up and 1.6 mV down.
/// Of a reset switch on 9.2 fF: 0.68 mV and 1.30 mV down.
#[test]
fn opening_switches_push_by_known_microvolts() {
    let mut terms = analog(true);
    let microvolts = |terms: &Analog, u: f64| {
        [1e6 * (pushed(terms, u, 1.5, MAC) - u), 1e6 * (pushed(terms, u, 9.2, LINE) - u)]
            .map(f64::round)
    };
    assert_eq!(microvolts(&terms, 0.0), [-2433.0, -1984.0]);
    terms.clock_feedthrough.on = false;
    assert_eq!(microvolts(&terms, 0.0), [-833.0, -679.0]);
    assert_eq!(microvolts(&terms, 0.6)[0], 1167.0);
}

const MAC: [f64; 2] = [0.01, 0.002];
const LINE: [f64; 2] = [0.05, 0.01];

/// One push per pulse, as it ends: the bit line's at RESET, all capacitors' at SAMPLE, those behind
/// a 0 at MULTIPLY; none at SHARE.
#[test]
fn each_pulse_pushes_once() {
    for [channel, overlap] in [[true, false], [false, true], [true, true]] {
        for width in [1, 3] {
            let terms = only(|terms| {
                terms.charge_injection.on = channel;
                terms.clock_feedthrough.on = overlap;
            });
            let mut sequencer = Sequencer::new(SMALL, terms);
            for pulse in ["reset", "sample", "multiply", "share", "strobe"] {
                let pulses = &mut sequencer.pulses;
                *match pulse {
                    "reset" => &mut pulses.reset,
                    "sample" => &mut pulses.sample,
                    "multiply" => &mut pulses.multiply,
                    "share" => &mut pulses.share,
                    _ => &mut pulses.strobe,
                } = Pulse { width, gap: width - 1 };
            }
            fill(&mut sequencer.plant, 0, |m| m < 4);
            let mac = |u: f64| pushed(&terms, u, 1.5, MAC);
            let line = pushed(&terms, 0.0, LINE_FF, LINE);
            let (sampled, emptied) = (mac(0.04 * 15.0), mac(0.0));
            let parasitic = drawn_line_ff();
            let shared = |full: f64, rows: f64| {
                let charge = 1.5 * (rows * full + (16.0 - rows) * emptied) + parasitic * line;
                0.5 + charge / (24.0 + parasitic)
            };
            for _ in 0..2 {
                sequencer.step(&Step { level: 10, ..Step::new(&[15; 16]) }, |at, plant| match at {
                    At::Reset => close(plant.bit_line(0)[2], 0.5),
                    At::Sample => {
                        close(plant.bit_line(0)[2], 0.5 + line);
                        close(plant.mac_mean(0)[2], 1.1);
                    }
                    // What is behind a 0 is at V_low still.
                    At::Multiply => close(plant.mac_mean(0)[0], 0.5 + sampled * 4.0 / 16.0),
                    At::Share | At::Strobe(0) => {
                        for slice in 0..4 {
                            let cells = if slice == 0 { 4.0 } else { 0.0 };
                            close(plant.bit_line(0)[slice], shared(sampled, cells));
                            close(plant.bit_line(1)[slice], shared(mac(0.4), 8.0));
                        }
                    }
                    _ => {}
                });
            }
        }
    }
}

/// Bit lines without a parasitic have no voltage of their own to push.
#[test]
fn no_parasitic_takes_no_charge() {
    let terms =
        Analog { bit_line_parasitic: Parasitic { per_row: 0.0, fixed_ff: 0.0 }, ..analog(true) };
    let mut sequencer = Sequencer::new(SMALL, terms);
    sequencer.step(&Step::new(&[9; 16]), |at, plant| match at {
        At::Sample => close(plant.bit_line(0)[0], 0.5),
        At::Share => assert!((plant.bit_line(0)[0] - 0.5).abs() < 0.01, "kicks and noise"),
        _ => assert!(plant.bit_line(0)[0].is_finite()),
    });
}

/// What the switches of an unusual order push: those that were closed, where they were closed.
#[test]
fn pushes_follow_the_pulses_whatever_their_order() {
    let terms = only(|terms| {
        terms.charge_injection.on = true;
        terms.clock_feedthrough.on = true;
    });
    let mac = |u: f64| pushed(&terms, u, 1.5, MAC);
    let step = Step::new(&[10; 16]);
    // Nothing sampled: capacitors behind a 0 leave V_low as often as their switches open.
    let mut nothing_sampled = plant(SMALL, terms);
    fill(&mut nothing_sampled, 0, |m| m >= 4);
    cycles(&mut nothing_sampled, &step, &[OPEN, 0]);
    close(nothing_sampled.mac_mean(0)[0], 0.5 + 0.25 * mac(0.0));
    cycles(&mut nothing_sampled, &step, &[0, OPEN, OPEN, 0, 0]);
    close(nothing_sampled.mac_mean(0)[0], 0.5 + 0.25 * mac(0.0));
    // Two SAMPLEs: the second overwrites the first's push. Both kinds of switch open at once:
    // first all are pushed, then those behind a 0.
    let mut together = plant(SMALL, terms);
    fill(&mut together, 0, |m| m >= 4);
    cycles(&mut together, &step, &[SAMPLE, 0, SAMPLE, 0]);
    close(together.mac_mean(0)[0], 0.5 + mac(0.4));
    cycles(&mut together, &step, &[SAMPLE | OPEN, 0]);
    close(together.mac_mean(0)[0], 0.5 + 0.75 * mac(0.4) + 0.25 * mac(mac(0.0)));
    // Slices and columns that leave as SAMPLE ends are at V_low, those that come are not pushed.
    let mut changing = plant(SMALL, terms);
    let two = |active: u32| Step { active: [active, 0, 0, 0], ..step.clone() };
    cycles(&mut changing, &two(0b0011), &[SAMPLE]);
    cycles(&mut changing, &two(0b0110), &[0]);
    close(changing.mac_mean(0)[1], 0.5 + mac(0.4));
    assert_eq!([0, 2, 3].map(|slice| changing.mac_mean(0)[slice]), [0.5; 3]);
    cycles(&mut changing, &step, &[RESET]);
    cycles(&mut changing, &Step { column: 1, ..step }, &[0]);
    assert_eq!(changing.bit_line(0)[..4], [0.5; 4]);
    assert!(changing.bit_line(1)[0] < 0.499, "the dummy column stays");
}

/// Every firing removes `injection_strength` as much.
#[test]
fn injection_strength_scales_all_cells() {
    let mut sequencer = Sequencer::new(SMALL, only(|terms| terms.injection_strength = 1.25));
    let total = 24.0 + drawn_line_ff();
    let mut before = [0.0; 2];
    let step = Step { range: Range::Quarter, ..Step::new(&[0; 16]) };
    sequencer.step(&step, |at, plant| {
        let volts = [plant.bit_line(0)[1], plant.bit_line(1)[1]];
        if let At::Inject(k) = at {
            let removed = before[0] + before[1] - volts[0] - volts[1];
            let cells = f64::from([32, 16, 8, 4, 2, 1][k]);
            close(removed, 1.25 * 0.25 * cells * 0.6 * 1.5 / total);
        }
        before = volts;
    });
}

/// An injection of n firings is noisy by sqrt(n) sigma C_u V_FS / C: with the draws of its frame, of
/// a normal's variance, in every range and strength alike.
#[test]
fn firings_are_noisy() {
    let unit = 0.6 * 1.5 / (24.0 + drawn_line_ff());
    for (range, strength) in [(Range::Full, 1.0), (Range::Eighth, 0.9)] {
        let terms = only(|terms| {
            terms.injection_noise = RelativeSpread { on: true, sigma_percent: 2.0 };
            terms.injection_strength = strength;
        });
        let mut sequencer = Sequencer::new(SMALL, terms);
        fill(&mut sequencer.plant, 12, |m| m % 2 == 0);
        let mut frame = NoiseFrame::silent(4).with_injections(true);
        let mut squares = [0.0; 6];
        const CONVERSIONS: u64 = 3000;
        for index in 0..CONVERSIONS {
            frame.draw(11, 3, index);
            let mut before = [0.0; 2];
            let step = Step { range, level: 7, ..Step::new(&[(index % 16) as u32; 16]) };
            sequencer.step(&step, |at, plant| {
                let volts = [plant.bit_line(0)[3], plant.bit_line(1)[3]];
                if let At::Inject(k) = at {
                    let firings = f64::from([32, 16, 8, 4, 2, 1][k]);
                    let removed = before[0] + before[1] - volts[0] - volts[1];
                    let noise = removed / unit - range.factor() * strength * firings;
                    let normal = frame.row(Draw::Injection(k))[3];
                    close(noise, normal * 0.02 * firings.sqrt());
                    squares[k] += noise * noise / firings;
                    assert!(before.iter().zip(&volts).any(|(b, v)| b == v), "one side fires");
                }
                before = volts;
            });
        }
        for sum in squares {
            let ratio = sum / CONVERSIONS as f64 / (0.02 * 0.02);
            assert!((ratio - 1.0).abs() < 0.08, "{ratio}");
        }
    }
}

/// Any more injections than six share the sixth's draw, and where no cell fires there is no noise.
#[test]
fn injections_beyond_the_sixth_share_its_draw() {
    let terms =
        only(|terms| terms.injection_noise = RelativeSpread { on: true, sigma_percent: 2.0 });
    let mut plant = plant(SMALL, terms);
    let unit = 0.6 * 1.5 / (24.0 + drawn_line_ff());
    let mut frame = NoiseFrame::silent(4).with_injections(true);
    frame.draw(11, 3, 0);
    let step = Step::new(&[0; 16]);
    cycles(&mut plant, &step, &[RESET, 0, SHARE]);
    for k in 0..9 {
        let mut pins = step.pins();
        pins.control |= SHARE;
        let cells = k % 3;
        let mut on = pins;
        on.control |= control::INJECT | cells << control::CELLS_SHIFT;
        on.inject_n[0] = 0b0001;
        let before = [plant.bit_line(0)[0], plant.bit_line(1)[0]];
        plant.react(&on);
        plant.react(&pins);
        let cells = f64::from(cells);
        let noise = frame.row(Draw::Injection(5.min(k as usize)))[0] * 0.02 * cells.sqrt();
        assert_eq!(plant.bit_line(0)[0], before[0]);
        close(before[1] - plant.bit_line(1)[0], unit * (cells + noise));
    }
}

/// Both sides equal, at x 24 fF / C times 40 mV above V_low: the first decision is 1 as long as
/// kappa (mean - V_cm) does not take away the sixteenth of a unit that it is ahead.
#[test]
fn the_threshold_moves_with_the_common_mode() {
    let column = 24.0 + LINE_FF;
    for (mv_per_v, v_cm) in [(-1.0, 0.5), (-2.0, 0.6), (3.0, 0.8), (3.0, 0.5)] {
        let terms = only(|terms| {
            terms.comparator_common_mode = CommonMode { on: true, mv_per_v };
            terms.v_cm = v_cm;
        });
        let decisions = |fault: Option<Fault>| -> Vec<u32> {
            let decision = |x: u32| {
                let mut plant = plant(SMALL, terms);
                fault.into_iter().for_each(|fault| plant.faults().plant(fault));
                (0..2).for_each(|column| fill(&mut plant, column, |_| true));
                let step = Step { differential: true, ..Step::new(&[x; 16]) };
                let bits = [RESET, SAMPLE, OPEN, SHARE, SHARE | STROBE];
                cycles(&mut plant, &step, &bits)[4].comparators[0] & 1
            };
            (0..16).map(decision).collect()
        };
        let expected = |sign: f64| -> Vec<u32> {
            let ahead = |x: u32| {
                let mean = 0.5 + f64::from(x) * 0.04 * 24.0 / column;
                sign * mv_per_v * 1e-3 * (mean - v_cm) + 0.04 * 1.5 / column / 16.0
            };
            (0..16).map(|x| u32::from(ahead(x) >= 0.0)).collect()
        };
        assert_eq!(decisions(None), expected(1.0), "{mv_per_v} mV/V around {v_cm} V");
        assert_eq!(decisions(Some(Fault::CommonModeInverted)), expected(-1.0));
    }
    // By hand: 1.5 / 16 of a unit against x 24 / 1000, so up to 3.9.
    let ones = (0..16).filter(|x| f64::from(*x) * 24e-3 <= 1.5 / 16.0).count();
    assert_eq!(ones, 4);
}

/// Equal sides are a sixteenth of a unit, 112.95 uV, above the threshold. The window is V_DD
/// exp(-T/tau) with T = 396.8 ps.
fn metastable_within(window_v: f64) -> Analog {
    let sixteenth: f64 = 0.04 * 1.5 / (24.0 + LINE_FF) / 16.0;
    assert!((sixteenth - 112.95e-6).abs() < 1e-8);
    let tau_ps = PERIOD * 1e12 / (1.2 / window_v).ln();
    only(|terms| terms.metastability = Metastability { on: true, tau_ps })
}

/// First decisions of some conversions with both sides at V_low, a bit per slice.
fn first_decisions(window_v: f64, fault: Option<Fault>) -> Vec<u32> {
    let mut sequencer = Sequencer::new(SMALL, metastable_within(window_v));
    fault.into_iter().for_each(|fault| sequencer.plant.faults().plant(fault));
    let decision = |_| {
        let codes = sequencer.convert(&Step { level: 0, ..Step::new(&[0; 16]) });
        codes.iter().enumerate().map(|(slice, code)| u32::from(code >> 6) << slice).sum()
    };
    (0..1000).map(decision).collect()
}

#[test]
fn unfinished_decisions_are_coins() {
    let coins = |shift: u64| -> Vec<u32> {
        let of = |index: u64| (0..4).map(|s| u32::from(coin(11, 3, index, 0, s)) << s).sum();
        (shift..1000 + shift).map(of).collect()
    };
    let tossed = first_decisions(114e-6, None);
    assert_eq!(tossed, coins(0));
    let ones: u32 = tossed.iter().map(|slices| slices.count_ones()).sum();
    assert!((1900..2100).contains(&ones), "{ones} of 4000");
    assert_eq!(first_decisions(114e-6, Some(Fault::NoiseOffByOne)), coins(1));
    let inverted: Vec<u32> = tossed.iter().map(|slices| slices ^ 2).collect();
    assert_eq!(first_decisions(114e-6, Some(Fault::ComparatorInverted { slice: 1 })), inverted);
    // Outside of the window the decision is finished.
    assert_eq!(first_decisions(112e-6, None), [0b1111; 1000]);
}

/// A coin belongs to conversion and decision: it is the same in every cycle of a strobe. Strobes
/// beyond the seventh share its coin, and those before any reset are of conversion 0.
#[test]
fn coins_belong_to_strobes() {
    for geometry in [SMALL, Geometry { columns: 128, columns_per_slice: 1, ..SMALL }] {
        let mut plant = plant(geometry, metastable_within(114e-6));
        plant.start_at_conversion(9);
        let step = Step { level: 0, ..Step::new(&[0; 16]) };
        let expected = |index: u64, strobe: usize| -> [u32; SLICE_WORDS] {
            let mut words = [0; SLICE_WORDS];
            for slice in 0..geometry.slices() {
                let one = coin(11, 3, index, strobe.min(6), slice);
                words[slice / 32] |= u32::from(one) << (slice % 32);
            }
            words
        };
        for index in [0, 9, 10] {
            for strobe in 0..9 {
                let bits = [SHARE, SHARE | STROBE, SHARE | STROBE];
                let responses = cycles(&mut plant, &step, &bits);
                assert_eq!(responses[0].comparators, [0; SLICE_WORDS]);
                assert_eq!(responses[1].comparators, expected(index, strobe));
                assert_eq!(responses[2].comparators, expected(index, strobe));
            }
            cycles(&mut plant, &step, &[RESET]);
        }
    }
}

/// Without its levels' errors a chip is one with an ideal string, to the bit.
#[test]
fn ignored_level_errors_are_an_ideal_string() {
    let ideal =
        Analog { dac_inl: RelativeSpread { on: false, sigma_percent: 0.0 }, ..analog(true) };
    let volts = |terms: Analog, faulty: bool| {
        let mut sequencer = Sequencer::new(SMALL, terms);
        fill(&mut sequencer.plant, 0, |_| true);
        if faulty {
            sequencer.plant.faults().plant(Fault::LevelErrorsIgnored);
        }
        let mut volts = Vec::new();
        sequencer.step(&Step { level: 6, ..Step::new(&[9; 16]) }, |_, plant| {
            volts.extend_from_slice(plant.bit_line(0));
            volts.extend_from_slice(plant.bit_line(1));
        });
        volts
    };
    assert_eq!(volts(analog(true), true), volts(ideal, false));
    assert_ne!(volts(analog(true), false), volts(ideal, false));
}
