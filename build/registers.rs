//! A map of registers in YAML to its SystemVerilog package and its Rust constants.

use std::fmt::Write;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Map {
    #[allow(dead_code)] // names the format for the reader
    schema: String,
    /// Where the host finds its first address; the RTL knows addresses without it.
    #[serde(default)]
    base: u32,
    registers: Vec<Register>,
    windows: Vec<Window>,
    errors: Vec<ErrorBit>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    name: String,
    address: u32,
    access: Access,
    text: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    name: String,
    address: u32,
    words: u32,
    access: Access,
    text: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorBit {
    name: String,
    text: String,
}

#[derive(Clone, Copy, serde::Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Access {
    Ro,
    Rw,
    Wo,
}

/// The generated SystemVerilog package and Rust module.
pub struct Generated {
    pub package: String,
    pub module: String,
}

/// Reads the map and writes both views of it.
pub fn generate(yaml: &str, name: &str) -> Result<Generated, serde_yaml::Error> {
    let map: Map = serde_yaml::from_str(yaml)?;
    Ok(Generated { package: package(&map, name), module: module(&map) })
}

fn package(map: &Map, name: &str) -> String {
    let mut out = format!("// Generated from registers.yaml by build.rs.\npackage {name};\n");
    let mut address = |name: &str, address: u32, text: &str| {
        let _ = writeln!(
            out,
            "  // {text}\n  parameter logic [15:0] Addr{} = 16'h{address:04x};",
            camel(name)
        );
    };
    map.registers.iter().for_each(|r| address(&r.name, r.address, &r.text));
    map.windows.iter().for_each(|w| address(&w.name, w.address, &w.text));
    for (bit, error) in map.errors.iter().enumerate() {
        let _ = writeln!(
            out,
            "  // {}\n  parameter int unsigned Err{} = {bit};",
            error.text,
            camel(&error.name)
        );
    }
    let _ = writeln!(out, "  parameter int unsigned Errors = {};\nendpackage", map.errors.len());
    out
}

fn module(map: &Map) -> String {
    let mut out = String::new();
    let base = map.base;
    for r in &map.registers {
        let address = base + r.address;
        let _ = writeln!(out, "/// {}\npub const {}: u32 = {address:#06x};", r.text, r.name);
    }
    for w in &map.windows {
        let address = base + w.address;
        let _ = writeln!(out, "/// {}\npub const {}: u32 = {address:#06x};", w.text, w.name);
        let _ = writeln!(
            out,
            "/// Words of [`{0}`].\npub const {0}_WORDS: u32 = {1};",
            w.name, w.words
        );
    }
    let _ = writeln!(out, "/// Every register: name, address, access.");
    let _ = writeln!(out, "pub const REGISTERS: &[(&str, u32, Access)] = &[");
    for r in &map.registers {
        let address = base + r.address;
        let _ = writeln!(out, "    ({:?}, {address:#06x}, Access::{:?}),", r.name, r.access);
    }
    let _ = writeln!(out, "];\n/// Every window: name, address, words, access.");
    let _ = writeln!(out, "pub const WINDOWS: &[(&str, u32, u32, Access)] = &[");
    for w in &map.windows {
        let _ = writeln!(
            out,
            "    ({:?}, {:#06x}, {}, Access::{:?}),",
            w.name,
            base + w.address,
            w.words,
            w.access
        );
    }
    let _ = writeln!(out, "];\n/// Sticky bits, by name.\npub mod error {{");
    for (bit, e) in map.errors.iter().enumerate() {
        let _ = writeln!(out, "    /// {}\n    pub const {}: u32 = 1 << {bit};", e.text, e.name);
    }
    let _ = writeln!(out, "    /// Every bit, lowest first.\n    pub const NAMES: &[&str] = &[");
    map.errors.iter().for_each(|e| {
        let _ = writeln!(out, "        {:?},", e.name);
    });
    out.push_str("    ];\n}\n");
    out
}

/// `SLICE_ENABLE0` to `SliceEnable0`.
fn camel(name: &str) -> String {
    let word = |w: &str| w[..1].to_string() + &w[1..].to_lowercase();
    name.split('_').map(word).collect()
}
