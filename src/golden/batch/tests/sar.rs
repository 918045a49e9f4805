use super::*;
use crate::golden::noise::NoiseFrame;

/// Frames of the conversions from `first` on.
fn frames(die: &Die, first: u64, vectors: usize) -> Vec<NoiseFrame> {
    let frame = |v: usize| {
        let mut frame = NoiseFrame::silent(die.geometry.slices());
        frame.draw(die.seed, die.number, first + v as u64);
        frame
    };
    (0..vectors).map(frame).collect()
}

/// Codes of all geometries and steps against the model; gives the conversions and how many of them
/// had a margin below the bound (only those may differ).
fn compare(analog: &Analog) -> (usize, usize) {
    const FIRST: u64 = (1 << 40) - 20;
    let vectors = 100;
    let (mut conversions, mut marginal) = (0, 0);
    for (number, geometry) in geometries().into_iter().enumerate() {
        let die = Die::draw(&geometry, analog, 7, number as u64).unwrap();
        let (plane, digits) = (plane(&geometry, 8), digits(&geometry, vectors, 9));
        let frames = frames(&die, FIRST, vectors);
        for step in steps(&geometry) {
            let sar = NoisySar::new(&die, &step, &plane).unwrap();
            if geometry.mac_rows == 64 && step.range == Range::Full {
                assert!(sar.error_bound_v() < 5e-9 && sar.error_bound_lsb() < 7e-7);
            }
            let mut codes = vec![0; vectors * geometry.slices()];
            sar.convert(FIRST, &digits, &mut codes).unwrap();
            for (i, &code) in codes.iter().enumerate() {
                let (v, slice) = (i / geometry.slices(), i % geometry.slices());
                let digits = &digits[v * geometry.mac_rows..][..geometry.mac_rows];
                let model = model::convert(&die, &step, &plane, digits, slice, &frames[v]);
                conversions += 1;
                if model.margin.abs() <= sar.error_bound_v() {
                    marginal += 1;
                } else {
                    assert_eq!(code, model.code, "{step:?} v {v} slice {slice} {}", model.margin);
                }
            }
        }
    }
    (conversions, marginal)
}

#[test]
fn codes_equal_the_model() {
    for analog in [silent(), analog()] {
        let (conversions, marginal) = compare(&analog);
        println!("{marginal} of {conversions} conversions below the bound");
        assert!(conversions > 80_000 && marginal * 20_000 < conversions);
    }
}

/// Each noise source alone, so that neither hides behind the other.
#[test]
fn single_noise_sources_equal_the_model() {
    let (mut ktc, mut comparator) = (analog(), analog());
    ktc.comparator_noise.on = false;
    comparator.ktc_noise.on = false;
    compare(&ktc);
    compare(&comparator);
}

/// Margins of random conversions are never near the bound, so put them there: move a slice's offset
/// until its closest decision is just beyond the bound, on either side; the code must be right. And
/// show that the bound is no wild guess: well inside it, codes do differ.
#[test]
fn the_error_bound_holds_where_it_matters() {
    for (analog, range) in
        [(silent(), Range::Full), (analog(), Range::Full), (analog(), Range::Eighth)]
    {
        assert_eq!(wrong_codes_at(&analog, range, 1.0), 0);
        assert_eq!(wrong_codes_at(&analog, range, -1.0), 0);
        let inside = wrong_codes_at(&analog, range, 0.03) + wrong_codes_at(&analog, range, -0.03);
        assert!(inside > 10, "only {inside} wrong");
    }
}

/// Wrong codes of 500 conversions whose closest decision has a margin of `bounds` error bounds.
fn wrong_codes_at(analog: &Analog, range: Range, bounds: f64) -> usize {
    let geometry = Geometry { mac_rows: 64, columns: 4, columns_per_slice: 4, post_lanes: 1 };
    let plane = plane(&geometry, 10);
    let (mut asked, mut wrong) = (0, 0);
    for number in 0..500 {
        let step = Step { column: 1, differential: number % 2 == 0, range, level: 5 };
        let digits = digits(&geometry, 8, number);
        let digits = &digits[64 * (number as usize % 8)..][..64];
        let die = Die::draw(&geometry, analog, 11, number).unwrap();
        let frame = &frames(&die, number, 1)[0];
        let closest = model::convert(&die, &step, &plane, digits, 0, frame).margin;

        let bound = NoisySar::new(&die, &step, &plane).unwrap().error_bound_v();
        let offset = die.chip.offset(0);
        if offset == 0.0 {
            continue;
        }
        let mut moved = *analog;
        moved.comparator_offset.sigma_mv *= (offset - closest + bounds * bound) / offset;
        let die = Die::draw(&geometry, &moved, 11, number).unwrap();
        let sar = NoisySar::new(&die, &step, &plane).unwrap();
        let model = model::convert(&die, &step, &plane, digits, 0, frame);
        // Another decision came closer, or the larger offset needs coarser steps: another question.
        if (model.margin / bound - bounds).abs() > 1e-3 || sar.error_bound_v() > bound {
            continue;
        }
        asked += 1;
        let mut code = [0];
        sar.convert(number, digits, &mut code).unwrap();
        wrong += usize::from(code[0] != model.code);
    }
    assert!(asked > 200, "only {asked} of 500 margins could be placed");
    wrong
}

#[test]
fn instruction_sets_agree() {
    for analog in [silent(), analog()] {
        for geometry in geometries() {
            let die = Die::draw(&geometry, &analog, 12, 3).unwrap();
            let (plane, digits) = (plane(&geometry, 13), digits(&geometry, 203, 14));
            for step in steps(&geometry) {
                let codes = isas().map(|isa| {
                    let sar = NoisySar::new(&die, &step, &plane).unwrap().with_isa(isa).unwrap();
                    let mut codes = vec![0; 203 * geometry.slices()];
                    sar.convert(1000, &digits, &mut codes).unwrap();
                    codes
                });
                let codes: Vec<_> = codes.collect();
                assert!(codes.iter().all(|other| *other == codes[0]), "{step:?}");
            }
        }
    }
}
