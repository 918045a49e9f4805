//! A testbench of one's own: ternary weights, one operation, compared with plain integers.
//! `cargo run --release --example own_testbench`

use capram::config::{Config, Range, WeightFormat};
use capram::testbench::{BenchError, Sample, Testbench};
use capram::transaction::Operation;

fn main() -> Result<(), BenchError> {
    let config = Config::builtin("ideal").expect("built in");
    let mut bench = Testbench::new(&config, Sample { seed: 1, chip: 0 })?;
    let (rows, outputs) = (config.geometry.mac_rows, config.geometry.slices());
    let weights: Vec<Vec<i8>> = (0..rows)
        .map(|m| (0..outputs).map(|j| ((m * m + j * m) % 11 % 3) as i8 - 1).collect())
        .collect();
    let activations: Vec<u8> = (0..rows).map(|m| (7 * m % 16) as u8).collect();

    bench.neutral_calibration()?;
    bench.load_plane(2, WeightFormat::Diff1, &weights)?;
    bench.activate(0, &activations, 4)?;
    bench.operate(&Operation {
        plane: 2,
        format: WeightFormat::Diff1,
        activation_bits: 4,
        range: Range::Quarter,
        level: 15,
        slot: 0,
        units: 1,
        clear: true,
        emit: false,
        bank: 0,
    })?;
    bench.wait_idle()?;

    let lsb = 15.0 / 4.0; // in units of the sum: 15 r
    for (j, sum) in bench.accumulators(0, outputs)?.into_iter().enumerate() {
        let exact: i32 =
            (0..rows).map(|m| i32::from(activations[m]) * i32::from(weights[m][j])).sum();
        let error = f64::from(sum) / 16.0 - f64::from(exact);
        assert!(error.abs() <= lsb / 2.0, "output {j}: {sum}/16 for {exact}");
    }
    assert_eq!(bench.verdict().total(), 0, "{:?}", bench.verdict().first());
    println!("{outputs} dot products within half an LSB, {} cycles compared", bench.now());
    Ok(())
}
