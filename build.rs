//! Registers to their two languages; RTL to C++ to static libraries; the bridge between.

#[cfg(feature = "verilator")]
#[path = "build/link.rs"]
mod link;
#[cfg(feature = "verilator")]
#[path = "build/mutants.rs"]
mod mutants;
#[path = "build/registers.rs"]
mod registers;
#[cfg(feature = "verilator")]
#[path = "build/tops.rs"]
mod tops;
#[cfg(feature = "verilator")]
#[path = "build/verilate.rs"]
mod verilate;

use std::path::{Path, PathBuf};

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    if let Err(message) = build(&out) {
        for line in message.lines() {
            println!("cargo::error={line}");
        }
        std::process::exit(1);
    }
}

fn build(out: &Path) -> Result<(), String> {
    for input in ["build.rs", "build", "rtl"] {
        println!("cargo::rerun-if-changed={input}");
    }
    generate_registers(out)?;
    #[cfg(feature = "verilator")]
    link::models(out)?;
    Ok(())
}

/// Maps of registers: source, package, and where the package and the Rust module go.
const MAPS: [(&str, &str, &str); 2] = [
    ("rtl/registers.yaml", "capram_reg_pkg", "registers.rs"),
    ("rtl/fpga/registers.yaml", "capram_board_pkg", "board_registers.rs"),
];

fn generate_registers(out: &Path) -> Result<(), String> {
    for (source, package, module) in MAPS {
        let yaml = std::fs::read_to_string(source).map_err(|e| format!("{source}: {e}"))?;
        let generated =
            registers::generate(&yaml, package).map_err(|e| format!("{source}: {e}"))?;
        write(&out.join(format!("{package}.sv")), &generated.package)?;
        write(&out.join(module), &generated.module)?;
    }
    Ok(())
}

/// Writes a file unless it has that content already, so that nothing that depends on it rebuilds.
fn write(path: &Path, content: &str) -> Result<(), String> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    std::fs::write(path, content).map_err(|e| format!("{}: {e}", path.display()))
}
