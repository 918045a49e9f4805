//! The filter against the exact model: margins within the bound, codes equal.

use std::sync::Arc;

use super::block::{BLOCK, Row};
use super::kernel::Watch;
use super::{Filter, Step};
use crate::config::{ADC_BITS, Analog, Geometry, Pulses, Range, Timing};
use crate::golden::chip::Chip;
use crate::golden::noise;
use crate::golden::reference::fixtures::{self, Bits};
use crate::golden::reference::{Converter, ConverterStep, FilteredConverter};
use crate::golden::simd::{Isa, Simd};

/// Keeps all margins.
struct Margins(Vec<[Row; ADC_BITS]>);

impl Watch for Margins {
    fn margins<S: Simd>(&mut self, simd: S, k: usize, at: usize, margins: S::Float) {
        self.0[at / BLOCK][k].store(simd, at % BLOCK, margins);
    }
}

/// A macro, and how to make converters of it.
#[derive(Clone)]
struct Macro {
    geometry: Geometry,
    analog: Analog,
    timing: Timing,
    chip: Arc<Chip>,
}

impl Macro {
    fn new(geometry: Geometry, analog: Analog, pulses: Pulses) -> Self {
        let timing = Timing { pulses, ..fixtures::timing() };
        Self { geometry, analog, timing, chip: Arc::new(Chip::draw(&geometry, &analog, 7, 3)) }
    }

    fn exact(&self) -> Converter {
        let Self { geometry, analog, timing, chip } = self.clone();
        Converter::new(geometry, analog, timing, chip, 7, 3).for_codes_only()
    }

    fn filtered(&self) -> FilteredConverter {
        let Self { geometry, analog, timing, chip } = self.clone();
        FilteredConverter::new(geometry, analog, timing, chip, 7, 3)
    }

    fn cells(&self, bits: &mut Bits) -> Vec<bool> {
        (0..self.geometry.mac_rows * self.geometry.columns).map(|_| bits.below(2) == 1).collect()
    }

    /// A step of a plane below `planes`, in every third row a digit other than 0.
    fn step(&self, bits: &mut Bits, planes: usize) -> (ConverterStep, Vec<u8>) {
        let differential = bits.below(2) == 0;
        let step = ConverterStep {
            plane: bits.below(planes),
            column: bits.below(self.geometry.columns_per_slice - usize::from(differential)),
            differential,
            range: Range::ALL[bits.below(4)],
            level: bits.below(16) as u8,
        };
        let mut digit = |_| if bits.below(3) == 0 { bits.below(16) as u8 } else { 0 };
        (step, (0..self.geometry.mac_rows).map(&mut digit).collect())
    }
}

/// Macros of several sizes and pulses, with all terms, without noise, and the ideal one.
fn macros() -> Vec<Macro> {
    let geometries = [fixtures::default_geometry(), fixtures::geometry()];
    let wide = Geometry { columns_per_slice: 2, ..fixtures::default_geometry() };
    let mut silent = fixtures::analog();
    for on in
        [&mut silent.ktc_noise.on, &mut silent.comparator_noise.on, &mut silent.injection_noise.on]
    {
        *on = false;
    }
    let mut macros = vec![];
    for analog in [fixtures::analog(), silent, fixtures::ideal_analog()] {
        for pulses in [fixtures::nominal_pulses(), fixtures::odd_pulses()] {
            macros.extend(geometries.map(|geometry| Macro::new(geometry, analog, pulses)));
        }
    }
    macros.push(Macro::new(wide, fixtures::analog(), fixtures::nominal_pulses()));
    macros
}

/// One chain of steps after another through the filter alone. Returns the largest error of a margin
/// relative to its bound. Slices are compared up to the first decision that differs.
fn worst_error(it: &Macro, isa: Isa, spoil: fn(&mut Filter)) -> f64 {
    let slices = it.geometry.slices();
    let (mut exact, mut bits) = (it.exact(), Bits::new(4));
    for plane in 0..2 {
        exact.load_plane(plane, &it.cells(&mut bits)).expect("a plane");
    }
    let mut filter = Filter::new(&it.geometry, &exact.conversion, exact.factors());
    filter.set_isa(isa);
    spoil(&mut filter);
    let (mut codes, mut told) = (vec![0; slices], vec![0; slices]);
    let mut margins = Margins(vec![[Row::ZERO; ADC_BITS]; slices.div_ceil(BLOCK)]);
    let mut worst = 0.0_f64;
    for chain in 0..100 {
        let mut previous = None;
        exact.start_at_conversion(1000 * chain);
        for i in 0..1 + chain % 3 {
            let (step, digits) = it.step(&mut bits, 2);
            exact.prolong_latch(i as u32);
            let lines = exact.lines(&step);
            let fresh = [0, 1].map(|s| previous.is_none_or(|p: [usize; 2]| p[s] != lines[s]));
            let filter_step = Step {
                plane: step.plane,
                lines,
                range: (step.range as usize, step.range.factor()),
                level: step.level,
                digits: &digits,
                fresh,
                latch: exact.latch_cycles(i.saturating_sub(1) as u32),
                noise: exact.noisy().then(|| noise::key(7, 3, 1000 * chain + i)),
            };
            let array = exact.prepared(step.plane, lines);
            let watch = &mut margins;
            let (_, bound) = filter
                .convert_watched(array, &filter_step, &mut told, watch)
                .expect("switches are fast enough");
            exact.convert(&step, &digits, &mut codes).expect("a step");
            filter.adopt(0..slices, &exact.conversion);
            for slice in 0..slices {
                let differs = (codes[slice] ^ told[slice]).leading_zeros() as usize - 1;
                for k in 0..ADC_BITS.min(differs + 1) {
                    let error =
                        (margins.0[slice / BLOCK][k].get(slice) - exact.margins(k)[slice]).abs();
                    worst = worst.max(error / bound);
                }
            }
            previous = Some(lines);
        }
    }
    worst
}

/// No margin is off by more than its bound, and bounds are not larger than they have to be by orders
/// of magnitude.
#[test]
fn margins_are_within_their_bound() {
    for it in macros() {
        for isa in Isa::ALL.into_iter().filter(|isa| isa.available()) {
            let worst = worst_error(&it, isa, |_| ());
            assert!((0.02..=1.0).contains(&worst), "{isa:?} {worst} of {:?}", it.geometry);
        }
    }
}

/// Slopes that are wrong by a ten-thousandth, or the last place of a level, exceed the bound.
#[test]
fn wrong_slopes_are_noticed() {
    let it =
        Macro::new(fixtures::default_geometry(), fixtures::analog(), fixtures::nominal_pulses());
    let spoils: [fn(&mut Filter); 3] = [
        |filter| filter.model.injections.strength *= 1.0001,
        |filter| filter.model.comparator.sigma *= 1.02,
        |filter| filter.levels[9] += super::ERROR_STEP as f32,
    ];
    for spoil in spoils {
        let worst = worst_error(&it, Isa::best(), spoil);
        assert!(worst > 1.0, "{worst}");
    }
}

/// Chains of all lengths, planes loaded in between, prolonged steps; with wide metastable windows,
/// too, in which coins decide.
#[test]
fn codes_are_those_of_the_exact_model() {
    let mut all = macros();
    let mut coins = fixtures::analog();
    coins.metastability.tau_ps = 90.0;
    all.push(Macro::new(fixtures::geometry(), coins, fixtures::nominal_pulses()));
    // Rows remember, bit lines settle late: nothing for the filter.
    let mut slow = fixtures::analog();
    (slow.settling.tau_share_ps, slow.settling.tau_reset_ps) = (300.0, 300.0);
    all.push(Macro::new(fixtures::geometry(), slow, fixtures::nominal_pulses()));
    for it in all {
        for isa in Isa::ALL.into_iter().filter(|isa| isa.available()) {
            let (mut exact, mut filtered) = (it.exact(), it.filtered().with_isa(isa));
            let mut bits = Bits::new(8);
            let slices = it.geometry.slices();
            let mut codes = [vec![0; slices], vec![0; slices]];
            for i in 0..600 {
                if i < 4 || bits.below(40) == 0 {
                    let (plane, cells) = (bits.below(2), it.cells(&mut bits));
                    exact.load_plane(plane, &cells).expect("a plane");
                    filtered.load_plane(plane, &cells).expect("a plane");
                }
                // Short chains first, ever longer ones later.
                if bits.below(1 + i / 20) == 0 {
                    exact.start_at_conversion(100 * i as u64);
                    filtered.start_at_conversion(100 * i as u64);
                }
                let stretch = bits.below(3) as u32;
                exact.prolong_latch(stretch);
                filtered.prolong_latch(stretch);
                let (step, digits) = it.step(&mut bits, 2);
                exact.convert(&step, &digits, &mut codes[0]).expect("a step");
                filtered.convert(&step, &digits, &mut codes[1]).expect("a step");
                assert_eq!(codes[0], codes[1], "step {i} on {isa:?}: {step:?}");
                assert_eq!(exact.next_conversion(), filtered.next_conversion());
            }
        }
    }
}
