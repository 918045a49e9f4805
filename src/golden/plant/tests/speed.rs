//! Time per conversion step, printed: `cargo test --release -- --ignored --nocapture plant_speed`.

use super::*;
use std::time::Instant;

/// The nominal macro (32 slices, 64 rows) with everything on, 18 cycles per step.
#[test]
#[ignore = "a measurement"]
fn plant_speed() {
    let geometry = Geometry { mac_rows: 64, columns: 128, columns_per_slice: 4, post_lanes: 1 };
    for (name, differential, columns) in [("single-ended", false, 4), ("differential", true, 3)] {
        let mut sequencer = Sequencer::new(geometry, analog(true));
        for column in 0..128 {
            fill(&mut sequencer.plant, column, |m| (m * 7 + column * 5) % 11 > 4);
        }
        let steps: Vec<Step> = (0..columns)
            .map(|column| Step { column, differential, ..Step::new(&[9; 64]) })
            .collect();
        let mut measure = |observed: bool| {
            let mut best = f64::INFINITY;
            for _ in 0..1000 {
                let start = Instant::now();
                for index in 0..60 {
                    sequencer.step(&steps[index % columns], |at, plant| {
                        if observed && matches!(at, At::Reset | At::Sample | At::Multiply) {
                            std::hint::black_box(plant.mac_mean(0)[0] + plant.mac_mean(1)[0]);
                        }
                    });
                }
                best = best.min(start.elapsed().as_nanos() as f64 / 60.0);
            }
            best
        };
        println!(
            "{name}: {:.0} ns per step, {:.0} ns with mean voltages",
            measure(false),
            measure(true)
        );
    }
    let mut frame = NoiseFrame::silent(32);
    let start = Instant::now();
    for index in 0..10000 {
        frame.draw(1, 2, index);
        std::hint::black_box(&mut frame);
    }
    println!("noise: {:.0} ns per frame", start.elapsed().as_nanos() as f64 / 1e4);
    let mut idle = plant(geometry, analog(true));
    let start = Instant::now();
    for _ in 0..100_000 {
        std::hint::black_box(idle.react(std::hint::black_box(&Pins::default())));
    }
    println!("idle: {:.1} ns per cycle", start.elapsed().as_nanos() as f64 / 1e5);
}
