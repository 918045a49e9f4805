use super::*;

/// Ones in all of P, none in N: S is the sum of the digits.
fn counting_plane(geometry: &Geometry) -> Vec<bool> {
    (0..geometry.mac_rows * geometry.columns).map(|i| (i % geometry.columns) & 3 == 0).collect()
}

/// Share of first decisions that are 1 when V_P - V_N is `units` units, comparator noise alone.
fn share_above(units: u8) -> f64 {
    let geometry = geometries()[0];
    let mut analog = perfect();
    analog.comparator_noise.on = true;
    let die = Die::draw(&geometry, &analog, 20, 0).unwrap();
    let step = Step { column: 0, differential: true, range: Range::Full, level: 0 };
    let sar = NoisySar::new(&die, &step, &counting_plane(&geometry)).unwrap();
    let vectors = 8192;
    let mut digits = vec![0; vectors * 64];
    digits.iter_mut().step_by(64).for_each(|digit| *digit = units);
    let mut codes = vec![0; vectors * 32];
    sar.convert(0, &digits, &mut codes).unwrap();
    codes.iter().filter(|&&code| code >= 64).count() as f64 / codes.len() as f64
}

/// The threshold lies 1/16 unit low; a unit is 0.6 V / 15 x 1.5 fF / 126.8 fF = 473.2 uV. Normal
/// distribution at (1/16, 17/16, 33/16, 49/16) x 473.2 uV / 950 uV.
#[test]
fn decisions_follow_the_normal_distribution() {
    for (units, expected) in [(0, 0.51242), (1, 0.70167), (2, 0.84787), (3, 0.93640)] {
        let share = share_above(units);
        // 0.0021 from the draws' distribution, four deviations of 2^18 samples.
        assert!((share - expected).abs() < 0.0021 + 0.004, "{units} units: {share}");
    }
}

/// Where a batch is cut does not matter, nor what was before: a draw belongs to its index.
#[test]
fn noise_belongs_to_the_conversion_index() {
    let geometry = geometries()[0];
    let die = Die::draw(&geometry, &analog(), 21, 4).unwrap();
    let step = Step { column: 2, differential: true, range: Range::Eighth, level: 0 };
    let sar = NoisySar::new(&die, &step, &plane(&geometry, 22)).unwrap();
    let digits = digits(&geometry, 60, 23);
    let mut whole = vec![0; 60 * 32];
    sar.convert(100, &digits, &mut whole).unwrap();
    for cut in [1, 8, 23, 59] {
        let mut rest = vec![0; (60 - cut) * 32];
        sar.convert(100 + cut as u64, &digits[cut * 64..], &mut rest).unwrap();
        assert_eq!(rest, whole[cut * 32..]);
    }
    let mut other = vec![0; 60 * 32];
    sar.convert(101, &digits, &mut other).unwrap();
    assert_ne!(other, whole);
}
