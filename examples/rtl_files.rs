//! Prints the macro's RTL in order of dependency, one absolute path per line; with the argument
//! `fpga` also the design around it on an FPGA:
//! `verilator --lint-only -Irtl --top-module capram_macro $(cargo run -q --example rtl_files)`.
//! With `emulated` only as far as the emulated macro.

fn main() {
    let files = match std::env::args().nth(1).as_deref() {
        Some("fpga") => capram::rtl::fpga_files(),
        Some("emulated") => capram::rtl::emulated_files(),
        _ => capram::rtl::files(),
    };
    for file in files {
        println!("{}", file.display());
    }
}
