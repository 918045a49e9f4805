//! Host map of the board around the macro, generated from `rtl/fpga/registers.yaml`.

use crate::registers::Access;

include!(concat!(env!("OUT_DIR"), "/board_registers.rs"));
