//! Prints the macro's RTL in order of dependency, one absolute path per line:
//! `verilator --lint-only -Irtl --top-module capram_macro $(cargo run -q --example rtl_files)`.
//!
//! With `emulated` also that of the emulated macro, whose top is `capram_emulated_macro`.

fn main() {
    let emulated = std::env::args().nth(1).is_some_and(|what| what == "emulated");
    let files = if emulated { capram::rtl::emulated_files() } else { capram::rtl::files() };
    for file in files {
        println!("{}", file.display());
    }
}
