//! All models, Verilator's run time and the bridge, in the order the linker wants them.

use crate::tops::{Geometry, Top};
use crate::verilate::{self, Verilator};
use crate::{mutants, tops, write};
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const HEADERS: [&str; 2] = ["src/dut/dut.h", "src/dut/model.h"];

/// The host link, which needs nothing else.
const LINK: [&str; 4] =
    ["capram_uart_rx.sv", "capram_uart_tx.sv", "capram_crc.sv", "capram_uartbone.sv"];

/// Changes with every source of the RTL: results of another one are of no use.
fn rtl_fingerprint() -> Result<String, String> {
    let error = |e: std::io::Error| format!("rtl: {e}");
    let mut sources: Vec<PathBuf> = std::fs::read_dir("rtl")
        .map_err(error)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    sources.sort();
    let mut hasher = DefaultHasher::new();
    for path in sources {
        hasher.write(&std::fs::read(path).map_err(error)?);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// Builds what changed and tells cargo what to link.
pub fn models(out: &Path) -> Result<(), String> {
    for variable in ["VERILATOR", "CXX", "CXXFLAGS"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    for input in ["src/dut", "configs", "testbenches/mutants.yaml", "testbenches/mutants_link.yaml"]
    {
        println!("cargo::rerun-if-changed={input}");
    }
    let verilator = Verilator::find(out)?;
    let geometries = tops::geometries(Path::new("configs"))?;
    let small = tops::geometry(Path::new("configs/small.yaml"), 0)?;
    let emulated = tops::geometry(Path::new("configs/fpga.yaml"), 0)?;
    let tops = tops::tops(&geometries, &small, &emulated);
    // The bridge first: it lays out the include folders that the models need.
    let mut bridge = cxx_build::bridge("src/dut/bridge.rs");
    parallel(
        tops.iter()
            .map(|top| {
                let v = &verilator;
                move || one_model(v, top, out)
            })
            .collect(),
    )?;
    runtime(&verilator, out)?;
    write(&out.join("models.rs"), &table_rs(&geometries, &emulated))?;
    write(&out.join("models.cc"), &table_cc(&tops, &verilator))?;
    bridge.file("src/dut/dut.cc").file(out.join("models.cc"));
    bridge.std("c++20").include(&verilator.include).include(verilator.include.join("vltstd"));
    for user in ["VL_USER_FATAL", "VL_USER_STOP", "VL_USER_FINISH"] {
        bridge.define(user, "1");
    }
    bridge
        .warnings(false)
        .try_compile("capram_bridge")
        .map_err(|e| format!("the bridge does not compile: {e}"))?;
    for top in &tops {
        println!(
            "cargo::rustc-link-search=native={}",
            out.join("models").join(&top.name).display()
        );
        println!("cargo::rustc-link-lib=static=capram_{}", top.name);
    }
    println!("cargo::rustc-link-search=native={}", out.join("runtime").display());
    println!("cargo::rustc-link-lib=static=capram_verilated");
    println!("cargo::rustc-link-lib=z");
    if verilator.needs_lz4() {
        println!("cargo::rustc-link-lib=lz4");
    }
    println!("cargo::rustc-link-lib=stdc++");
    println!("cargo::rustc-env=CAPRAM_RTL={}", rtl_fingerprint()?);
    println!("cargo::rustc-env=CAPRAM_COMPILER={}", verilate::compiler_version(&verilator, out));
    Ok(())
}

fn one_model(verilator: &Verilator, top: &Top, out: &Path) -> Result<(), String> {
    let folder = out.join("models").join(&top.name);
    let sources = sources(top, &folder, out)?;
    let headers: Vec<PathBuf> = HEADERS.iter().map(PathBuf::from).collect();
    let waivers = std::env::current_dir().map_err(|e| e.to_string())?.join("rtl/lint/capram.vlt");
    verilate::model(verilator, top, &sources, &headers, &waivers, &folder, out)
}

/// The sources of a top in order, includes and simulation top too: where they are, or as mutated
/// copies.
fn sources(top: &Top, folder: &Path, out: &Path) -> Result<Vec<PathBuf>, String> {
    let rtl = std::env::current_dir().map_err(|e| e.to_string())?.join("rtl");
    let list = std::fs::read_to_string(rtl.join("rtl.f")).map_err(|e| format!("rtl/rtl.f: {e}"))?;
    let names =
        list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut files: Vec<PathBuf> = vec![rtl.join("capram_assert.svh")];
    if top.name == "uartbone" {
        files.extend(LINK.map(|name| rtl.join("fpga").join(name)));
    }
    files.extend(names.map(|name| match name {
        "capram_reg_pkg.sv" => out.join(name),
        _ => rtl.join(name),
    }));
    if top.emulated {
        files.extend(emulator(&rtl, out)?);
    }
    files.push(rtl.join("sim").join(format!("{}.sv", top.module)));
    if !top.mutated {
        return Ok(files);
    }
    let copies = folder.join("rtl");
    std::fs::create_dir_all(&copies).map_err(|e| e.to_string())?;
    let mut copied = vec![];
    for file in &files {
        let copy = copies.join(file.file_name().unwrap_or_default());
        std::fs::copy(file, &copy).map_err(|e| format!("{}: {e}", file.display()))?;
        copied.push(copy);
    }
    mutants::plant(Path::new(top.mutants()), &copies, top.module)?;
    copied.insert(1, copies.join("capram_mutant_pkg.sv"));
    Ok(copied)
}

/// The list of `rtl/fpga` up to the emulated macro: what follows is the board's.
fn emulator(rtl: &Path, out: &Path) -> Result<Vec<PathBuf>, String> {
    const LAST: &str = "capram_emulated_macro.sv";
    let folder = rtl.join("fpga");
    let list = std::fs::read_to_string(folder.join("fpga.f"));
    let list = list.map_err(|e| format!("rtl/fpga/fpga.f: {e}"))?;
    let names: Vec<&str> =
        list.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let last = names.iter().position(|&name| name == LAST);
    let last = last.ok_or_else(|| format!("rtl/fpga/fpga.f does not list {LAST}"))?;
    let file = |&name: &&str| match name {
        "capram_board_pkg.sv" => out.join(name),
        _ => folder.join(name),
    };
    Ok(names[..=last].iter().map(file).collect())
}

/// Verilator's own run time, once per version.
fn runtime(verilator: &Verilator, out: &Path) -> Result<(), String> {
    let folder = out.join("runtime");
    let stamp_file = folder.join("stamp");
    let stamp = format!("{} {}", verilator.version, verilate::compiler_identity(verilator, out));
    if std::fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) {
        return Ok(());
    }
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let build = |source: &'static str| {
        let folder = &folder;
        move || {
            let mut build = verilate::compiler(verilator, out);
            build.file(verilator.include.join(source)).out_dir(folder);
            Ok::<_, String>(build.compile_intermediates())
        }
    };
    let objects = Mutex::new(vec![]);
    let jobs: Vec<_> = ["verilated_fst_c.cpp", "verilated.cpp", "verilated_threads.cpp"]
        .map(build)
        .into_iter()
        .map(|job| {
            let objects = &objects;
            move || {
                let made = job()?;
                objects.lock().map_err(|e| e.to_string())?.extend(made);
                Ok(())
            }
        })
        .collect();
    parallel(jobs)?;
    let mut archive = verilate::compiler(verilator, out);
    archive.out_dir(&folder).objects(objects.into_inner().map_err(|e| e.to_string())?);
    archive
        .try_compile("capram_verilated")
        .map_err(|e| format!("Verilator's run time does not compile: {e}"))?;
    std::fs::write(stamp_file, stamp).map_err(|e| e.to_string())
}

/// Runs the jobs on as many threads as cargo grants; the first error wins.
fn parallel<J: FnOnce() -> Result<(), String> + Send>(jobs: Vec<J>) -> Result<(), String> {
    let threads = std::env::var("NUM_JOBS").ok().and_then(|n| n.parse().ok()).unwrap_or(1usize);
    let queue = Mutex::new(jobs.into_iter());
    let error = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(job) = queue.lock().ok().and_then(|mut q| q.next()) else { break };
                    if let Err(e) = job()
                        && let Ok(mut first) = error.lock()
                    {
                        first.get_or_insert(e);
                    }
                }
            });
        }
    });
    error.into_inner().map_err(|e| e.to_string())?.map_or(Ok(()), Err)
}

fn table_rs(geometries: &[Geometry], emulated: &Geometry) -> String {
    let rows = geometries.iter().map(|g| format!("    ({:?}, {}),\n", g.name(), g.literal()));
    format!(
        "/// Macros that were built: model name and geometry.\npub const MACROS: &[(&str, Geometry)] = &[\n{}];\n\
         /// The one with an emulated analog side.\npub const EMULATED: Geometry = {};\n",
        rows.collect::<String>(),
        emulated.literal()
    )
}

fn table_cc(tops: &[Top], verilator: &Verilator) -> String {
    let mut text = String::from("#include \"capram/src/dut/dut.h\"\nnamespace tops {\n");
    for top in tops {
        text += &format!("std::unique_ptr<capram::Dut> make_{}();\n", top.name);
    }
    text += "std::unique_ptr<capram::Dut> make(const std::string& name) {\n";
    for top in tops {
        text += &format!("  if (name == \"{0}\") return make_{0}();\n", top.name);
    }
    text += "  return nullptr;\n}\n";
    text += &format!(
        "const char* verilator_version() {{ return {:?}; }}\n}}  // namespace tops\n",
        verilator.version
    );
    text
}
