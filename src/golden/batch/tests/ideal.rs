use super::*;

/// Number of thresholds -63..63, in eighths of a unit, at or below the sum.
fn counted(sum: i32, range: Range) -> u8 {
    (-63..=63).filter(|t| t * (120 >> range.log2_inverse()) <= 8 * sum).count() as u8
}

/// S in units, from the stored bits one by one.
fn sum(geometry: &Geometry, step: &Step, plane: &[bool], digits: &[u8], slice: usize) -> i32 {
    let column = geometry.columns_per_slice * slice + step.column;
    let stored = |m: usize, column: usize| i32::from(plane[m * geometry.columns + column]);
    let p: i32 = digits.iter().enumerate().map(|(m, &x)| i32::from(x) * stored(m, column)).sum();
    let n: i32 = if step.differential {
        digits.iter().enumerate().map(|(m, &x)| i32::from(x) * stored(m, column + 1)).sum()
    } else {
        geometry.mac_rows as i32 / 2 * i32::from(step.level)
    };
    p - n
}

#[test]
fn counts_thresholds_on_every_instruction_set() {
    for geometry in geometries() {
        let (vectors, slices, rows) = (37, geometry.slices(), geometry.mac_rows);
        let plane = plane(&geometry, 3);
        let digits = digits(&geometry, vectors, 4);
        for step in steps(&geometry) {
            for isa in isas() {
                let ideal = Ideal::new(&geometry, &step, &plane).unwrap().with_isa(isa).unwrap();
                let mut codes = vec![0; vectors * slices];
                ideal.convert(&digits, &mut codes).unwrap();
                for (v, digits) in digits.chunks(rows).enumerate() {
                    for slice in 0..slices {
                        let sum = sum(&geometry, &step, &plane, digits, slice);
                        let expected = counted(sum, step.range);
                        assert_eq!(
                            codes[v * slices + slice],
                            expected,
                            "{isa:?} {step:?} S = {sum}"
                        );
                    }
                }
            }
        }
    }
}

/// All sums that 64 rows can give, both ends and every tie included.
#[test]
fn every_sum_in_every_range() {
    let geometry = Geometry { mac_rows: 64, columns: 2, columns_per_slice: 2, post_lanes: 1 };
    // P stores ones in the upper half of the rows, N in the lower half.
    let plane: Vec<bool> = (0..64).flat_map(|m| [m >= 32, m < 32]).collect();
    let digits: Vec<u8> = (-480..=480)
        .flat_map(|sum: i32| {
            (0..64).map(move |m| {
                let row = if sum > 0 { m - 32 } else { m };
                let left = sum.abs() - 15 * row;
                if (0..32).contains(&row) { left.clamp(0, 15) as u8 } else { 0 }
            })
        })
        .collect();
    for range in Range::ALL {
        let step = Step { column: 0, differential: true, range, level: 0 };
        let mut codes = [0; 961];
        Ideal::new(&geometry, &step, &plane).unwrap().convert(&digits, &mut codes).unwrap();
        for (sum, code) in (-480..).zip(codes) {
            assert_eq!(code, counted(sum, range), "S = {sum}, {range:?}");
        }
    }
}

/// With every term off the drawn chip is the ideal transfer.
#[test]
fn a_perfect_chip_is_ideal() {
    for geometry in geometries() {
        let die = Die::draw(&geometry, &perfect(), 1, 0).unwrap();
        let (plane, digits) = (plane(&geometry, 5), digits(&geometry, 50, 6));
        for step in steps(&geometry) {
            let mut ideal = vec![0; 50 * geometry.slices()];
            let mut sar = ideal.clone();
            Ideal::new(&geometry, &step, &plane).unwrap().convert(&digits, &mut ideal).unwrap();
            Sar::new(&die, &step, &plane).unwrap().convert(&digits, &mut sar).unwrap();
            assert_eq!(ideal, sar, "{step:?}");
        }
    }
}
