//! Prints the macro's RTL in order of dependency, one absolute path per line; with the argument
//! `fpga` also the design around it on an FPGA:
//! `verilator --lint-only -Irtl --top-module capram_macro $(cargo run -q --example rtl_files)`.

fn main() {
    let fpga = std::env::args().nth(1).is_some_and(|argument| argument == "fpga");
    for file in if fpga { capram::rtl::fpga_files() } else { capram::rtl::files() } {
        println!("{}", file.display());
    }
}
