use super::*;
use crate::golden::reference::fixtures;
use crate::transaction::Operation;
#[test]
#[ignore]
fn speed() {
    for noisy in [true, false] {
        let geometry = fixtures::default_geometry();
        let mut analog = fixtures::analog();
        if !noisy { analog.ktc_noise.on = false; analog.comparator_noise.on = false; }
        let mut r = fixtures::reference(geometry, analog, fixtures::nominal_pulses());
        fixtures::fill(&mut r, &geometry, 1);
        let op = Operation { format: crate::config::WeightFormat::Single4, ..fixtures::operation() };
        for round in 0..3 {
            let ops = 50_000u32;
            let t = std::time::Instant::now();
            let mut steps = 0;
            for i in 0..ops {
                r.operation(r.cycle, &Operation { plane: (i % 8) as u8, slot: (i % 16) as u8, ..op });
                for _ in 0..72 {
                    let e = r.advance();
                    if e.event.is_some_and(|e| e.pulse == super::super::Phase::Latch) { steps += 1; }
                    if let Some(k) = e.event.and_then(|e| e.decision()) {
                        let d = *r.conversion.decisions(k);
                        r.decide(&d).unwrap();
                    }
                }
            }
            let ns = t.elapsed().as_nanos() as f64;
            eprintln!("noisy {noisy} round {round}: {:.1} ns per step all in ({steps} steps)", ns / steps as f64);
        }
        let t = std::time::Instant::now();
        let n = 10_000_000u32;
        for _ in 0..n { std::hint::black_box(r.advance()); }
        eprintln!("idle {:.2} ns per cycle", t.elapsed().as_nanos() as f64 / f64::from(n));
        let t = std::time::Instant::now();
        let n = 1_000_000u64;
        let mut f = crate::golden::noise::NoiseFrame::silent(32);
        for i in 0..n { f.draw(1, 2, i); std::hint::black_box(&mut f); }
        eprintln!("noise frame {:.1} ns", t.elapsed().as_nanos() as f64 / n as f64);
    }
}
