//! Raw codes and inputs for other tools.

use std::io::Cursor;
use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::{NpzWriter, WriteNpzError};

use super::calibrate::Calibration;
use super::figures::Stimuli;
use super::program::SINE_CYCLES;
use crate::report::{WriteError, write_atomic};

/// Codes of one chip, `[step][adc]` each.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    pub ramp: Vec<u8>,
    pub sine: Vec<u8>,
    pub calibration: Vec<u8>,
    pub linearity: Vec<u8>,
}

/// Writes an `.npz`: for each of `ramp`, `sine`, `calibration` and `linearity` the exact inputs in
/// LSB (`<name>_inputs`, float32 [steps, adcs]) and the raw codes (`<name>_codes`, uint8 of the same
/// shape), the conversions of each level of the ramp (`ramp_repeats`), the periods of the sine
/// (`sine_cycles`), and the fitted tables (`gain`, `offset`: int32 [adcs]; `master`: int32 [128]).
pub fn write(
    path: &Path,
    stimuli: &Stimuli,
    codes: &Codes,
    calibration: &Calibration,
) -> Result<(), WriteError> {
    let mut bytes = Cursor::new(vec![]);
    pack(&mut bytes, stimuli, codes, calibration).map_err(|error| WriteError {
        path: path.to_owned(),
        source: std::io::Error::other(error),
    })?;
    write_atomic(path, bytes.get_ref())
}

fn pack(
    bytes: &mut Cursor<Vec<u8>>,
    stimuli: &Stimuli,
    codes: &Codes,
    calibration: &Calibration,
) -> Result<(), WriteNpzError> {
    let mut npz = NpzWriter::new_compressed(bytes);
    let programs = [
        ("ramp", &stimuli.ramp, &codes.ramp),
        ("sine", &stimuli.sine, &codes.sine),
        ("calibration", &stimuli.calibration, &codes.calibration),
        ("linearity", &stimuli.linearity, &codes.linearity),
    ];
    for (name, stimulus, codes) in programs {
        let shape = (stimulus.program.steps.len(), stimuli.adcs);
        // Both were made for these steps, so that the shapes always fit.
        if let Ok(inputs) = Array2::from_shape_vec(shape, stimulus.inputs_lsb.clone()) {
            npz.add_array(format!("{name}_inputs"), &inputs)?;
        }
        if let Ok(codes) = Array2::from_shape_vec(shape, codes.clone()) {
            npz.add_array(format!("{name}_codes"), &codes)?;
        }
    }
    let scalar = |value: usize| Array1::from(vec![value as i32]);
    npz.add_array("ramp_repeats", &scalar(stimuli.ramp_levels.repeats as usize))?;
    npz.add_array("sine_cycles", &scalar(SINE_CYCLES))?;
    let adcs = || calibration.adcs.iter();
    npz.add_array("gain", &adcs().map(|adc| i32::from(adc.gain)).collect::<Array1<i32>>())?;
    npz.add_array("offset", &adcs().map(|adc| i32::from(adc.offset)).collect::<Array1<i32>>())?;
    let master = calibration.master.iter().map(|&m| i32::from(m)).collect::<Array1<i32>>();
    npz.add_array("master", &master)?;
    npz.finish()?;
    Ok(())
}
