//! Prints the macro's RTL in order of dependency, one absolute path per line:
//! `verilator --lint-only -Irtl --top-module capram_macro $(cargo run -q --example rtl_files)`.
//!
//! With `emulated` also that of the emulated macro, whose top is `capram_emulated_macro`; with `fpga`
//! also the whole design around it on an FPGA.

fn main() {
    let files = match std::env::args().nth(1).as_deref() {
        Some("emulated") => capram::rtl::emulated_files(),
        Some("fpga") => capram::rtl::fpga_files(),
        _ => capram::rtl::files(),
    };
    for file in files {
        println!("{}", file.display());
    }
}
