use super::*;

/// A term and how to switch it on.
type Switch = (&'static str, fn(&mut Analog));

#[test]
fn terms_that_are_not_modelled_are_refused() {
    let geometry = geometries()[0];
    let switches: [Switch; 3] = [
        ("output_impedance", |a| a.output_impedance.on = true),
        ("settling", |a| a.settling.on = true),
        ("leakage", |a| a.leakage.on = true),
    ];
    for (term, switch) in switches {
        let mut analog = silent();
        switch(&mut analog);
        let refused = Die::draw(&geometry, &analog, 0, 0).unwrap_err();
        assert_eq!(refused, BatchError::Unsupported { term });
    }
}

/// Parameters that a configuration may not have are refused here too.
#[test]
fn contradictions_are_refused() {
    let mut analog = silent();
    analog.bit_line_parasitic = Parasitic { per_row: 0.0, fixed_ff: 0.0 };
    let refused = Die::draw(&geometries()[0], &analog, 0, 0).unwrap_err();
    assert_eq!(refused, BatchError::Conflict(Conflict::NoParasitic));
}

#[test]
fn noise_is_refused_where_there_is_none() {
    let geometry = geometries()[0];
    let (step, plane) = (steps(&geometry)[0], plane(&geometry, 0));
    let switches: [Switch; 2] = [
        ("ktc_noise", |a| a.ktc_noise.on = true),
        ("comparator_noise", |a| a.comparator_noise.on = true),
    ];
    for (term, switch) in switches {
        let mut analog = silent();
        switch(&mut analog);
        let die = Die::draw(&geometry, &analog, 0, 0).unwrap();
        let refused = Sar::new(&die, &step, &plane).unwrap_err();
        assert_eq!(refused, BatchError::Unsupported { term });
    }
}

#[test]
fn wrong_shapes_and_values_are_refused() {
    let geometry = Geometry { mac_rows: 8, columns: 8, columns_per_slice: 2, post_lanes: 1 };
    let step = Step { column: 0, differential: true, range: Range::Full, level: 0 };
    let plane = vec![false; 64];
    let new =
        |geometry: &Geometry, step: &Step, plane: &[bool]| Ideal::new(geometry, step, plane).err();
    let ideal = Ideal::new(&geometry, &step, &plane).unwrap();
    let convert = |digits: &[u8], codes: usize| ideal.convert(digits, &mut vec![0; codes]).err();

    assert_eq!(
        new(&Geometry { mac_rows: 72, ..geometry }, &step, &plane),
        Some(BatchError::Size { mac_rows: 72, columns: 8 })
    );
    assert_eq!(
        new(&Geometry { mac_rows: 4, ..geometry }, &step, &plane).unwrap().to_string(),
        "4 x 8 is no array; allowed: 8 to 64 MAC rows, a multiple of 8, and at least one column"
    );
    assert_eq!(
        new(&Geometry { columns_per_slice: 3, ..geometry }, &step, &plane),
        Some(BatchError::Conflict(Conflict::ColumnsPerSlice(3)))
    );
    assert_eq!(
        new(&geometry, &Step { column: 1, ..step }, &plane),
        Some(BatchError::Column { column: 1, differential: true, columns_per_slice: 2 })
    );
    assert_eq!(new(&geometry, &Step { level: 16, ..step }, &plane), Some(BatchError::Level(16)));
    assert_eq!(
        new(&geometry, &step, &plane[1..]),
        Some(BatchError::Plane { found: 63, expected: 64 })
    );
    assert_eq!(convert(&[0; 12], 4), Some(BatchError::Digits { found: 12, mac_rows: 8 }));
    assert_eq!(convert(&[0; 16], 4), Some(BatchError::Codes { found: 4, expected: 8 }));
    let mut digits = [0; 16];
    digits[9] = 16;
    assert_eq!(convert(&digits, 8), Some(BatchError::Digit { value: 16, vector: 1 }));
    assert_eq!(convert(&[], 0), None);
}

/// Voltages that fixed point can not hold, and parameters that are no numbers.
#[test]
fn absurd_chips_are_refused() {
    let geometry = geometries()[0];
    let (step, plane) = (steps(&geometry)[0], plane(&geometry, 0));
    let changes: [fn(&mut Analog); 3] = [
        |a| a.comparator_offset.sigma_mv = 1e9,
        |a| a.comparator_noise.sigma_mv = 1e9,
        |a| a.cell_mismatch.sigma_percent = f64::NAN,
    ];
    for change in changes {
        let mut analog = analog();
        change(&mut analog);
        let die = Die::draw(&geometry, &analog, 0, 0).unwrap();
        let refused = NoisySar::new(&die, &step, &plane).unwrap_err();
        assert!(matches!(refused, BatchError::Reach { .. }), "{refused}");
    }
}
