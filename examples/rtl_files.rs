//! Prints the macro's RTL in order of dependency, one absolute path per line:
//! `verilator --lint-only -Irtl --top-module capram_macro $(cargo run -q --example rtl_files)`.
//!
//! With `emulated` also that of the emulated macro, whose top is `capram_emulated_macro`; with `fpga`
//! also that of the design around it, whose top is `capram_fpga`.

use capram::rtl;

fn main() {
    let files = match std::env::args().nth(1).as_deref() {
        Some("fpga") => rtl::fpga_files(),
        Some("emulated") => rtl::emulated_files(),
        _ => rtl::files(),
    };
    for file in files {
        println!("{}", file.display());
    }
}
