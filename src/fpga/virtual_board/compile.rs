//! From a design to a program: Verilator, then the C++ compiler on as many files at a time as there
//! are cores.

use super::{Cache, Design, VirtualBoardError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const MAIN: &str = include_str!("main.cpp");

/// Verilator's own sources that every program needs.
const RUNTIME: [&str; 2] = ["verilated.cpp", "verilated_threads.cpp"];

const VERILATOR_HINT: &str = "install Verilator (Debian: apt-get install verilator), or name one \
                              with VERILATOR=/path/to/verilator";
const COMPILER_HINT: &str =
    "install a C++ compiler (Debian: apt-get install g++), or name one with CXX";

/// Verilator's options: registers of an FPGA are 0 after configuration; other tools lint.
const VERILATOR_OPTIONS: &str = "--cc -O3 --assert --x-assign 0 --x-initial 0 -Wno-fatal -Wno-lint \
                                 -Wno-style --prefix Vboard --output-split 20000";

const COMPILER_OPTIONS: &str = "-std=c++20 -w";

/// What runs every cycle: a long stretch of simple expressions, run through once per cycle. It does not fit the
/// caches for instructions, so the shortest code is the fastest: 0.34 against 0.24 million cycles/s of -O1.
const FAST: &str = "-Os";

/// What runs at the start, by parts of the files' names: not worth any time of the compiler.
const SLOW: (&str, [&str; 3]) = ("-O0", ["__Slow", "__Syms", "__ConstPool"]);

/// The tools as found on this machine.
struct Tools {
    verilator: String,
    compiler: String,
    /// Folder of Verilator's own sources.
    include: PathBuf,
    /// What the tools say of themselves.
    versions: [String; 2],
}

impl Tools {
    fn find() -> Result<Self, VirtualBoardError> {
        let named = |variable, usual: &str| std::env::var(variable).unwrap_or(usual.into());
        let (verilator, compiler) = (named("VERILATOR", "verilator"), named("CXX", "c++"));
        let ask = |tool: &str, argument: &[&str], hint| {
            run(Command::new(tool).args(argument), tool, "a question", hint)
        };
        let root = ask(&verilator, &["--getenv", "VERILATOR_ROOT"], VERILATOR_HINT)?;
        Ok(Self {
            include: Path::new(root.trim()).join("include"),
            versions: [
                ask(&verilator, &["--version"], VERILATOR_HINT)?,
                ask(&compiler, &["--version"], COMPILER_HINT)?,
            ],
            verilator,
            compiler,
        })
    }

    /// Name of a cached file that depends on the tools, the options and on `inputs`.
    fn name(&self, kind: &str, inputs: impl Hash) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.versions, &self.include, COMPILER_OPTIONS, FAST, SLOW, inputs).hash(&mut hasher);
        format!("{kind}-{:016x}", hasher.finish())
    }

    /// One C++ file to an object beside it.
    fn compile(&self, file: &Path, design: &str) -> Result<PathBuf, VirtualBoardError> {
        let object = file.with_extension("o");
        let mut compiler = Command::new(&self.compiler);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let slow = SLOW.1.iter().any(|part| name.contains(part));
        compiler.args(COMPILER_OPTIONS.split(' ')).arg(if slow { SLOW.0 } else { FAST });
        compiler.arg("-c").arg(file).arg("-o").arg(&object);
        for folder in [file.parent().unwrap_or(Path::new(".")), &self.include] {
            compiler.arg("-I").arg(folder);
        }
        compiler.arg("-I").arg(self.include.join("vltstd"));
        run(&mut compiler, &self.compiler, design, COMPILER_HINT)?;
        Ok(object)
    }

    fn link(
        &self,
        objects: &[PathBuf],
        program: &Path,
        design: &str,
    ) -> Result<(), VirtualBoardError> {
        let mut linker = Command::new(&self.compiler);
        linker.args(objects).arg("-pthread").arg("-o").arg(program);
        run(&mut linker, &self.compiler, design, COMPILER_HINT).map(drop)
    }
}

impl Design {
    /// The design as a program, compiled unless the cache has it.
    pub fn compile(&self, cache: &Cache) -> Result<PathBuf, VirtualBoardError> {
        let tools = Tools::find()?;
        let name = tools.name("board", (self.fingerprint()?, VERILATOR_OPTIONS, MAIN));
        cache.get(&name, |scratch| {
            let mut objects = runtime(&tools, cache)?;
            objects.extend(self.objects(&tools, scratch)?);
            let program = scratch.join("board");
            tools.link(&objects, &program, &self.name)?;
            Ok(program)
        })
    }

    /// Objects of the design and of its main program.
    fn objects(&self, tools: &Tools, scratch: &Path) -> Result<Vec<PathBuf>, VirtualBoardError> {
        let at = |source| VirtualBoardError::File { path: scratch.to_owned(), source };
        let mut verilator = Command::new(&tools.verilator);
        verilator.args(VERILATOR_OPTIONS.split(' ')).arg("--Mdir").arg(scratch);
        verilator.args(["--top-module", &self.top]);
        verilator.args(self.parameters.iter().map(|(name, value)| format!("-G{name}={value}")));
        for folder in &self.include {
            verilator.arg(format!("-I{}", folder.display()));
        }
        verilator.args(self.files(scratch)?);
        run(&mut verilator, &tools.verilator, &self.name, VERILATOR_HINT)?;
        std::fs::write(scratch.join("main.cpp"), MAIN).map_err(at)?;
        let entries = std::fs::read_dir(scratch).map_err(at)?;
        let paths = entries.flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|e| e == "cpp")).collect();
        files.sort();
        all(files.len(), |i| tools.compile(&files[i], &self.name))
    }
}

/// Verilator's own sources are the same for every design.
fn runtime(tools: &Tools, cache: &Cache) -> Result<Vec<PathBuf>, VirtualBoardError> {
    all(RUNTIME.len(), |i| {
        cache.get(&(tools.name(RUNTIME[i], ()) + ".o"), |scratch| {
            let file = scratch.join(RUNTIME[i]);
            let from = tools.include.join(RUNTIME[i]);
            std::fs::copy(&from, &file)
                .map_err(|source| VirtualBoardError::File { path: from, source })?;
            tools.compile(&file, "Verilator's own sources")
        })
    })
}

/// Does `count` jobs on all cores, results in order; the first error wins.
fn all<T: Send>(
    count: usize,
    job: impl Fn(usize) -> Result<T, VirtualBoardError> + Sync,
) -> Result<Vec<T>, VirtualBoardError> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Result<T, _>)>> = Mutex::new(vec![]);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                return;
            }
            let result = job(i);
            results.lock().unwrap_or_else(|e| e.into_inner()).push((i, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..cores.min(count) {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(|e| e.into_inner());
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Runs a tool, and answers what it printed.
fn run(
    command: &mut Command,
    tool: &str,
    design: &str,
    hint: &'static str,
) -> Result<String, VirtualBoardError> {
    let ran = command.output();
    let ran =
        ran.map_err(|source| VirtualBoardError::NoTool { tool: tool.into(), source, hint })?;
    if ran.status.success() {
        return Ok(String::from_utf8_lossy(&ran.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    // Warnings may come before the error.
    let error = said.lines().find(|line| line.contains("rror")).or(said.lines().next());
    let said = error.unwrap_or("it says nothing").trim().to_owned();
    Err(VirtualBoardError::Tool { tool: tool.into(), design: design.into(), said })
}
