//! Host map of the macro, generated from `rtl/registers.yaml`.

/// How the host may access a register or window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read only.
    Ro,
    /// Read and write.
    Rw,
    /// Write only.
    Wo,
}

include!(concat!(env!("OUT_DIR"), "/registers.rs"));
