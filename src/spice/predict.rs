//! What the golden reference says about a case, as the comparison wants it.

use super::case::{CONVERSIONS, Case};
use crate::config::ADC_BITS;
use crate::golden::reference::{Converter, ConverterError, Phase};

/// Sides of a slice: P and N.
pub const SIDES: usize = 2;

/// Predictions of a case's conversions, in order.
#[derive(Clone, Debug)]
pub struct Prediction {
    pub conversions: Vec<Predicted>,
}

/// What the reference predicts for one conversion of one slice.
#[derive(Clone, Debug)]
pub struct Predicted {
    /// Absolute voltages at the end of each pulse, in V.
    nodes: Vec<(Phase, [SideVolts; SIDES])>,
    /// Distance of each decision from its threshold in V, most significant first.
    pub margins_v: [f64; ADC_BITS],
    pub code: u8,
}

/// Observed nodes of a side, in V.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SideVolts {
    pub bit_line: f64,
    /// Of the MAC capacitors, weighted with their capacitance; while they are not shared.
    pub mac_mean: Option<f64>,
}

impl Predicted {
    /// The nodes at the end of a pulse.
    pub fn nodes(&self, wanted: Phase) -> Option<&[SideVolts; SIDES]> {
        self.nodes.iter().find(|(phase, _)| *phase == wanted).map(|(_, nodes)| nodes)
    }

    /// Decision k, 0 being the most significant.
    pub fn decision(&self, k: usize) -> bool {
        self.code >> (ADC_BITS - 1 - k) & 1 == 1
    }
}

/// Asks the golden reference.
pub fn predict(case: &Case) -> Result<Prediction, ConverterError> {
    let geometry = *case.geometry();
    let (analog, timing) = (*case.analog(), case.config.timing);
    // All noise is off: its seed does not matter.
    let mut converter = Converter::new(geometry, analog, timing, case.chip.clone(), 0, case.number);
    converter.load_plane(case.step.plane, &case.cells)?;
    let mut codes = vec![0; geometry.slices()];
    let mut conversions = Vec::with_capacity(CONVERSIONS);
    for digits in &case.digits {
        converter.convert(&case.step, digits, &mut codes)?;
        conversions.push(observe(&converter, case.slice, codes[case.slice]));
    }
    Ok(Prediction { conversions })
}

fn observe(converter: &Converter, slice: usize, code: u8) -> Predicted {
    let side = |phase, side| SideVolts {
        bit_line: converter.bit_line(phase, side)[slice],
        mac_mean: converter.mac_mean(phase, side).map(|means| means[slice]),
    };
    let phases = (0..).map(Phase::at).take(18);
    Predicted {
        nodes: phases.map(|phase| (phase, [side(phase, 0), side(phase, 1)])).collect(),
        margins_v: std::array::from_fn(|k| converter.margins(k)[slice]),
        code,
    }
}
