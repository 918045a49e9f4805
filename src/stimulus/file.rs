//! A stimulus from Python: an `.npz` with `weights`, `activations` and `plane`.

use super::{Batch, PlaneWeights, Step, Stimulus};
use crate::config::{Geometry, PLANES, Range, WeightFormat};
use crate::transaction::Operation;
use ndarray::{Array1, Array2, Array3};
use ndarray_npy::NpzReader;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Operations of a batch.
const BATCH: usize = 256;
/// What each array must be.
const WEIGHTS: &str = "int8, [8, MAC rows, outputs]";
const ACTIVATIONS: &str = "uint8, [operations, MAC rows]";
const PLANE: &str = "uint8, [operations]";

/// Why a stimulus file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StimulusError {
    /// The file cannot be opened.
    #[error("{path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Not an archive of arrays.
    #[error(
        "{path}: not a NumPy .npz file: {reason}; needed: one with `weights`, `activations` and `plane`"
    )]
    NotNpz {
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// An array is missing, or of another type.
    #[error("{path}: array `{array}`: {reason}; needed: {needed}")]
    Array {
        /// The file.
        path: PathBuf,
        /// Name of the array.
        array: &'static str,
        /// The cause.
        reason: String,
        /// Type and shape that would do.
        needed: &'static str,
    },
    /// A shape or value that does not fit.
    #[error("{path}: `{place}` is {value}; allowed: {allowed}")]
    Value {
        /// The file.
        path: PathBuf,
        /// Array and index.
        place: String,
        /// What stands there.
        value: String,
        /// What would do.
        allowed: String,
    },
}

/// Settings that the file does not carry.
#[derive(Clone, Copy, Debug)]
pub struct FileSettings {
    /// How the weights are stored.
    pub format: WeightFormat,
    /// Activation width.
    pub activation_bits: u8,
    /// Conversion range.
    pub range: Range,
    /// Reference level.
    pub level: u8,
}

/// A stimulus read from a file and found to fit.
pub struct FileStimulus {
    settings: FileSettings,
    geometry: Geometry,
    weights: Array3<i8>,
    activations: Array2<u8>,
    plane: Array1<u8>,
}

impl FileStimulus {
    /// Reads `weights` (int8, [8 planes, MAC rows, outputs]), `activations` (uint8, [operations,
    /// MAC rows]) and `plane` (uint8, [operations]).
    pub fn load(
        path: &Path,
        geometry: Geometry,
        settings: FileSettings,
    ) -> Result<Self, StimulusError> {
        let file =
            File::open(path).map_err(|source| StimulusError::Open { path: path.into(), source })?;
        let bad = |array, reason: String, needed| StimulusError::Array {
            path: path.into(),
            array,
            reason,
            needed,
        };
        let not_npz = |e: ndarray_npy::ReadNpzError| StimulusError::NotNpz {
            path: path.into(),
            reason: e.to_string(),
        };
        let mut npz = NpzReader::new(file).map_err(not_npz)?;
        let names = npz.names().map_err(not_npz)?;
        for (array, needed) in
            [("weights", WEIGHTS), ("activations", ACTIVATIONS), ("plane", PLANE)]
        {
            if !names.iter().any(|name| name == array) {
                let reason = format!("missing; the file has {}", names.join(", "));
                return Err(bad(array, reason, needed));
            }
        }
        let weights = npz.by_name("weights").map_err(|e| bad("weights", e.to_string(), WEIGHTS))?;
        let activations = npz
            .by_name("activations")
            .map_err(|e| bad("activations", e.to_string(), ACTIVATIONS))?;
        let plane = npz.by_name("plane").map_err(|e| bad("plane", e.to_string(), PLANE))?;
        let stimulus = Self { settings, geometry, weights, activations, plane };
        stimulus.check().map_err(|(place, value, allowed)| StimulusError::Value {
            path: path.into(),
            place,
            value,
            allowed,
        })?;
        Ok(stimulus)
    }

    /// Outputs of every operation.
    pub fn outputs(&self) -> usize {
        self.weights.shape()[2]
    }

    fn check(&self) -> Result<(), (String, String, String)> {
        let g = &self.geometry;
        let FileSettings { format, activation_bits, .. } = self.settings;
        let places = g.units(format) * g.slices();
        let wrong =
            |place: &str, value: String, allowed: String| Err((place.to_string(), value, allowed));
        let shape = self.weights.shape();
        if places == 0 {
            return wrong(
                "--weight-format",
                format.name().into(),
                format!("a format of at most {} columns", g.columns_per_slice),
            );
        }
        if shape[..2] != [PLANES, g.mac_rows] || !(1..=places).contains(&shape[2]) {
            let allowed = format!("[{PLANES}, {}, 1..={places}] for {}", g.mac_rows, format.name());
            return wrong("weights.shape", format!("{shape:?}"), allowed);
        }
        let operations = self.plane.len();
        if operations == 0 {
            return wrong("plane.shape", "[0]".into(), "at least one operation".into());
        }
        if self.activations.shape() != [operations, g.mac_rows] {
            let allowed =
                format!("[{operations}, {}]: one row for each entry of `plane`", g.mac_rows);
            return wrong("activations.shape", format!("{:?}", self.activations.shape()), allowed);
        }
        if let Some((i, w)) = self.weights.indexed_iter().find(|&(_, &w)| !format.holds(w)) {
            let (low, high) = format.weight_range();
            let zero = if format == WeightFormat::Single1 { " without 0" } else { "" };
            return wrong(
                &format!("weights{:?}", [i.0, i.1, i.2]),
                w.to_string(),
                format!("{low}..={high}{zero} for {}", format.name()),
            );
        }
        let top = (1u16 << activation_bits) - 1;
        if let Some((i, x)) = self.activations.indexed_iter().find(|&(_, &x)| u16::from(x) > top) {
            return wrong(
                &format!("activations{:?}", [i.0, i.1]),
                x.to_string(),
                format!("0..={top} for --activation-bits {activation_bits}"),
            );
        }
        match self.plane.indexed_iter().find(|&(_, &p)| usize::from(p) >= PLANES) {
            Some((i, p)) => {
                wrong(&format!("plane[{i}]"), p.to_string(), format!("0..={}", PLANES - 1))
            }
            None => Ok(()),
        }
    }

    fn operation(&self, index: usize) -> Operation {
        let FileSettings { format, activation_bits, range, level } = self.settings;
        Operation {
            plane: self.plane[index],
            format,
            activation_bits,
            range,
            level,
            slot: (2 * index % 16) as u8,
            units: self.outputs().div_ceil(self.geometry.slices()) as u8,
            clear: true,
            emit: false,
            bank: (index % 2) as u8,
        }
    }

    /// Conversion steps of every operation.
    pub fn steps(&self) -> usize {
        self.operation(0).steps()
    }
}

impl Stimulus for FileStimulus {
    fn batches(&self) -> usize {
        self.plane.len().div_ceil(BATCH)
    }

    fn operations(&self) -> u64 {
        self.plane.len() as u64
    }

    fn batch(&self, index: usize) -> Batch {
        let first = index * BATCH;
        let last = (first + BATCH).min(self.plane.len());
        let used = |plane: &usize| (first..last).any(|i| usize::from(self.plane[i]) == *plane);
        let plane = |plane| PlaneWeights {
            plane,
            format: self.settings.format,
            weights: self
                .weights
                .index_axis(ndarray::Axis(0), plane)
                .outer_iter()
                .map(|row| row.to_vec())
                .collect(),
        };
        let step = |i| Step {
            operation: self.operation(i),
            activations: self.activations.row(i).to_vec(),
            outputs: self.outputs(),
        };
        Batch {
            index,
            first_operation: first as u64,
            first_conversion: (first * self.steps()) as u64,
            planes: (0..PLANES).filter(used).map(plane).collect(),
            tables: None,
            slice_enable: None,
            layer: None,
            steps: (first..last).map(step).collect(),
        }
    }
}
