//! Verilates one top and compiles it into a static library, or reuses what did not change.

use crate::tops::Top;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest version the project is tested on.
const OLDEST: &str = "5.006";

/// A Verilator that does what the project needs.
pub struct Verilator {
    program: String,
    /// What it calls itself.
    pub version: String,
    /// Folder of its run-time sources.
    pub include: PathBuf,
}

impl Verilator {
    /// Finds Verilator by the variable `VERILATOR`, then on the path, and tries it on a module with
    /// the features that old versions lack (version strings of packaged builds are unreliable).
    pub fn find(scratch: &Path) -> Result<Self, String> {
        let program = std::env::var("VERILATOR").unwrap_or_else(|_| "verilator".into());
        let hint = format!(
            "install Verilator {OLDEST} or newer (Debian: apt-get install verilator), name one with \
             VERILATOR=/path/to/verilator, or build the golden model alone with --no-default-features"
        );
        let ask = |arguments: &[&str]| match Command::new(&program).args(arguments).output() {
            Ok(out) if out.status.success() => {
                Ok(String::from_utf8_lossy(&out.stdout).trim().to_string())
            }
            Ok(out) => Err(format!(
                "`{program} {}` failed: {}; {hint}",
                arguments.join(" "),
                String::from_utf8_lossy(&out.stderr).trim()
            )),
            Err(e) => Err(format!("cannot run `{program}` ({e}); {hint}")),
        };
        let version = ask(&["--version"])?;
        let root = ask(&["--getenv", "VERILATOR_ROOT"])?;
        let probe = scratch.join("probe.sv");
        let module = "module probe(input real volts[2], output logic [31:0] word[2]);\n\
                      assign word[0] = '0; assign word[1] = '0;\nendmodule\n";
        std::fs::write(&probe, module).map_err(|e| e.to_string())?;
        ask(&["--lint-only", &probe.to_string_lossy()])
            .map_err(|e| format!("{version} is too old for this project: {e}"))?;
        Ok(Self { program, version, include: Path::new(&root).join("include") })
    }

    /// Whether its wave writer wants the system's lz4 (it bundled its own until 5.03x).
    pub fn needs_lz4(&self) -> bool {
        !self.include.join("gtkwave/lz4.c").exists()
    }
}

/// A compiler set up the way every C++ part of the project is built.
pub fn compiler(verilator: &Verilator, out: &Path) -> cc::Build {
    let mut build = cc::Build::new();
    build.cpp(true).std("c++20").warnings(false).cargo_metadata(false).opt_level(3).debug(false);
    build.include(&verilator.include).include(verilator.include.join("vltstd"));
    build.include(out.join("cxxbridge/include")).include(out.join("cxxbridge/crate"));
    for user in ["VL_USER_FATAL", "VL_USER_STOP", "VL_USER_FINISH", "VM_TRACE_FST", "VM_TRACE"] {
        build.define(user, "1");
    }
    build
}

/// First line of what the C++ compiler says of itself.
pub fn compiler_version(verilator: &Verilator, out: &Path) -> String {
    let said = compiler(verilator, out)
        .try_get_compiler()
        .ok()
        .and_then(|c| c.to_command().arg("--version").output().ok());
    let text =
        said.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").into()
}

/// Compiler, flags and version: what objects depend on beside their sources.
pub fn compiler_identity(verilator: &Verilator, out: &Path) -> String {
    let command =
        compiler(verilator, out).try_get_compiler().map(|c| format!("{:?}", c.to_command()));
    format!("{} {}", compiler_version(verilator, out), command.unwrap_or_default())
}

/// Builds `lib<top>.a` in `folder` unless its stamp says that nothing changed.
pub fn model(
    verilator: &Verilator,
    top: &Top,
    sources: &[PathBuf],
    headers: &[PathBuf],
    waivers: &Path,
    folder: &Path,
    out: &Path,
) -> Result<(), String> {
    let arguments = arguments(top, sources, waivers, folder);
    let stamp = stamp(&arguments, verilator, sources, headers, &compiler_identity(verilator, out))?;
    let stamp_file = folder.join("stamp");
    if std::fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) {
        return Ok(());
    }
    let _ = std::fs::remove_file(&stamp_file);
    let cpp = folder.join("cpp");
    let _ = std::fs::remove_dir_all(&cpp); // stale generated files would be compiled
    std::fs::create_dir_all(&cpp).map_err(|e| e.to_string())?;
    run(&verilator.program, &arguments)?;

    compile(verilator, top, &cpp, folder, out)?;
    std::fs::write(stamp_file, stamp).map_err(|e| e.to_string())
}

/// Compiles what Verilator wrote as two units, so that its headers are read twice and not a dozen
/// times: what runs every cycle, and what runs at the start or while tracing, with less effort.
fn compile(
    verilator: &Verilator,
    top: &Top,
    cpp: &Path,
    folder: &Path,
    out: &Path,
) -> Result<(), String> {
    let name = &top.name;
    let entries = std::fs::read_dir(cpp).map_err(|e| e.to_string())?;
    let files = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut files: Vec<String> = files.filter(|file| file.ends_with(".cpp")).collect();
    files.sort();
    let slow =
        |file: &String| ["__Slow", "__Trace", "__Syms"].iter().any(|part| file.contains(part));
    let (slow, mut fast): (Vec<String>, Vec<String>) = files.into_iter().partition(slow);
    fast.push("capram/src/dut/model.h".into());
    let include = |files: &[String]| -> String {
        files.iter().map(|file| format!("#include \"{file}\"\n")).collect()
    };
    let make = format!(
        "namespace tops {{\nstd::unique_ptr<capram::Dut> make_{name}() {{ return \
         std::make_unique<Model<V{name}>>(); }}\n}}\n"
    );
    let mut objects = vec![];
    let units = [("fast", include(&fast) + &make, 3), ("slow", include(&slow), 0)];
    for (unit, text, effort) in units {
        let file = cpp.join(format!("{unit}.cc"));
        std::fs::write(&file, text).map_err(|e| e.to_string())?;
        let mut build = compiler(verilator, out);
        build.include(cpp).out_dir(folder).opt_level(effort).file(file);
        let compiled = build.try_compile_intermediates();
        objects.extend(compiled.map_err(|e| format!("model {name} does not compile: {e}"))?);
    }
    let mut archive = compiler(verilator, out);
    archive.out_dir(folder).objects(objects);
    archive.try_compile(&format!("capram_{name}")).map_err(|e| format!("model {name}: {e}"))
}

fn arguments(top: &Top, sources: &[PathBuf], waivers: &Path, folder: &Path) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--cc",
        "-O3",
        "--assert",
        "--trace-fst",
        "--x-assign",
        "fast",
        "-Wall",
        "--timescale",
        "1ps/1ps",
        "--quiet-exit",
    ]
    .map(String::from)
    .to_vec();
    if top.mutated {
        // A planted bug may well be what the linter warns of.
        arguments.push("-Wno-fatal".into());
    }
    arguments.extend([
        "--prefix".into(),
        format!("V{}", top.name),
        "--top-module".into(),
        top.module.into(),
    ]);
    arguments.extend(["--Mdir".into(), folder.join("cpp").to_string_lossy().into()]);
    arguments.extend(top.parameters.iter().map(|(name, value)| format!("-G{name}={value}")));
    arguments.push(format!("-I{}", sources[0].parent().unwrap_or(Path::new(".")).display()));
    arguments.push(waivers.to_string_lossy().into());
    arguments.extend(
        sources
            .iter()
            .filter(|s| s.extension().is_some_and(|e| e == "sv"))
            .map(|s| s.to_string_lossy().into()),
    );
    arguments
}

/// Everything a model depends on: arguments, tools, RTL, includes and the C++ around it.
fn stamp(
    arguments: &[String],
    verilator: &Verilator,
    sources: &[PathBuf],
    headers: &[PathBuf],
    cpp: &str,
) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    arguments.hash(&mut hasher);
    verilator.version.hash(&mut hasher);
    verilator.include.hash(&mut hasher);
    cpp.hash(&mut hasher);
    for file in sources.iter().chain(headers) {
        std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn run(program: &str, arguments: &[String]) -> Result<(), String> {
    let out = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|e| format!("cannot run {program}: {e}"))?;
    if out.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&out.stderr);
    Err(format!(
        "the RTL does not verilate:\n{}\ncommand: {program} {}",
        said.trim(),
        arguments.join(" ")
    ))
}
