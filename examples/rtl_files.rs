//! Prints the macro's RTL in order of dependency, one absolute path per line:
//! `verilator --lint-only -Irtl --top-module capram_macro $(cargo run -q --example rtl_files)`.

fn main() {
    for file in capram::rtl::files() {
        println!("{}", file.display());
    }
}
