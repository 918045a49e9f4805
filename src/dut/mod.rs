//! The design under test: a Verilated model behind a safe, typed boundary.

mod bridge;

use crate::config::Geometry;
use crate::pins::{Drive, Pins};
use bridge::ffi;
use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// Why a model could not be made or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DutError {
    /// No model of this geometry was built.
    #[error(
        "no RTL model with {mac_rows} MAC rows, {columns} columns, {columns_per_slice} columns per slice and \
         {post_lanes} lanes was built; built are {built} (MAC rows x columns, columns per slice, lanes); add a file with this geometry to configs/ and build again",
        mac_rows = .geometry.mac_rows, columns = .geometry.columns,
        columns_per_slice = .geometry.columns_per_slice, post_lanes = .geometry.post_lanes
    )]
    NotBuilt {
        /// What was asked for.
        geometry: Geometry,
        /// What there is.
        built: String,
    },
    /// The emulated analog side has memories for one geometry.
    #[error("the emulated macro is that of {}, not {} (MAC rows x columns, columns per slice, lanes), as in configuration `fpga`", short(.emulated), short(.geometry))]
    NotEmulated {
        /// What was asked for.
        geometry: Geometry,
        /// What there is.
        emulated: Geometry,
    },
    /// The RTL stopped: `$fatal`, `$stop`, `$finish` or a failing assertion.
    #[error("the RTL stopped: {0}")]
    Stopped(String),
    /// The wave file cannot be written.
    #[error("{path}: {reason}")]
    Waves {
        /// The file.
        path: String,
        /// What the writer said.
        reason: String,
    },
}

// SAFETY: a model has its own Verilator context, which it makes the thread's at each tick, and touches
// no other model. Owning it on one thread at a time is what UniquePtr asks for.
unsafe impl Send for ffi::Dut {}

/// A Verilated top.
pub struct Dut {
    model: cxx::UniquePtr<ffi::Dut>,
}

impl Dut {
    /// The macro in this geometry.
    pub fn of_macro(geometry: &Geometry) -> Result<Self, DutError> {
        let built = || MACROS.iter().map(|(_, g)| short(g)).collect::<Vec<_>>().join(", ");
        let found = MACROS.iter().find(|(_, g)| g == geometry);
        let (name, _) =
            found.ok_or_else(|| DutError::NotBuilt { geometry: *geometry, built: built() })?;
        Self::named(name)
    }

    /// The macro with an emulated analog side, of the geometry [`EMULATED`].
    pub fn emulated() -> Result<Self, DutError> {
        Self::named("emulated")
    }

    /// A model by name: `mutants` (small macro with planted bugs), `emulated`, `cisar`, `sram`,
    /// `echo`, `uartbone` (host link with planted bugs).
    pub fn named(name: &str) -> Result<Self, DutError> {
        let model = ffi::new_dut(name).map_err(|e| DutError::Stopped(e.what().into()))?;
        Ok(Self { model })
    }

    /// One phase-clock cycle: the pins that follow a rising edge taken with these inputs.
    #[inline]
    pub fn tick(&mut self, drive: &Drive, pins: &mut Pins) -> Result<(), DutError> {
        let model = self.model.pin_mut();
        model
            .tick(drive.as_words(), pins.as_words_mut())
            .map_err(|e| DutError::Stopped(e.what().into()))
    }

    /// Recorded inputs, `cycles` of them, in one call; for measuring the bare model.
    pub fn replay(&mut self, drives: &[Drive]) -> Result<u32, DutError> {
        let words = Drive::slice_as_words(drives);
        self.model
            .pin_mut()
            .replay(words, drives.len())
            .map_err(|e| DutError::Stopped(e.what().into()))
    }

    /// Numbers cycles from 0 again, in waves and error messages too.
    pub fn restart_clock(&mut self) {
        self.model.pin_mut().restart_clock();
    }

    /// Writes an FST from the next cycle on; one phase-clock cycle lasts `period_ps`.
    pub fn open_waves(&mut self, path: &Path, period_ps: f64) -> Result<(), DutError> {
        let error = |reason: String| DutError::Waves { path: path.display().to_string(), reason };
        // Verilator's writers do not all notice, so the file is tried here.
        std::fs::File::create(path).map_err(|e| error(e.to_string()))?;
        let text = path.to_str().ok_or_else(|| error("not a UTF-8 path".into()))?;
        self.model.pin_mut().open_waves(text, period_ps).map_err(|e| error(e.what().into()))
    }

    /// Node voltages that the waves show with the next cycle: observed P, N, golden P, N, error P, N,
    /// each one per slice.
    ///
    /// # Panics
    ///
    /// With another number of voltages than the model has.
    pub fn set_volts(&mut self, volts: &[f64]) {
        assert_eq!(volts.len(), self.model.volts(), "voltages of the model");
        self.model.pin_mut().set_volts(volts);
    }

    /// Voltages of the emulated analog side, as its words, P and N of slice after slice; none of
    /// another model.
    pub fn states(&self) -> Vec<u32> {
        let mut words = vec![0; self.model.states()];
        self.model.copy_states(&mut words);
        words
    }

    /// Cycles of the model's clock so far: more than [`tick`](Self::tick)s where a phase-clock cycle
    /// takes several.
    pub fn clock_cycles(&self) -> u64 {
        self.model.edges()
    }

    /// Ends the wave file.
    pub fn close_waves(&mut self) {
        self.model.pin_mut().close_waves();
    }
}

/// `64x128 4 2`: rows x columns, columns per slice, lanes.
fn short(g: &Geometry) -> String {
    format!("{}x{} {} {}", g.mac_rows, g.columns, g.columns_per_slice, g.post_lanes)
}

/// Version of the Verilator that made the models.
pub fn verilator_version() -> String {
    ffi::verilator_version()
}
