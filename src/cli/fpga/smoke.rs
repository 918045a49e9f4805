//! `capram fpga smoke`: the smoke test of a board.

use super::super::common::{MAX_CHIP, check_distinct, check_output, cores, print};
use super::built;
use anyhow::{Context, bail};
use capram::config::Config;
use capram::fpga::board;
use capram::fpga::bone::Bone;
use capram::fpga::host::Board;
use capram::fpga::port::Port;
use capram::fpga::replay::replay;
use capram::fpga::serial::SerialLine;
use capram::fpga::simulation::Simulation;
use capram::fpga::smoke::{Check, Identity, Plan, identity, skipped};
use capram::fpga::transcript::Transcript;
use capram::fpga::virtual_board::{Cache, Design, Timing, VirtualBoard};
use capram::report::fpga_smoke::{ReplayRow, SmokeReport};
use capram::report::write_atomic;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub struct Arguments {
    /// Board: a name of rtl/fpga/boards, or a file
    #[arg(long, value_name = "BOARD", default_value = "hx8k")]
    board: PathBuf,
    /// Its serial port
    #[arg(long, value_name = "/dev/ttyX")]
    port: Option<PathBuf>,
    /// Load the bitstream into the board first, with openFPGALoader
    #[arg(long, requires = "port")]
    program: bool,
    /// The bitstream itself, unpacked to a netlist and simulated
    #[arg(long = "virtual")]
    virtual_board: bool,
    /// The board's RTL, simulated
    #[arg(long)]
    simulation: bool,
    /// The macro's RTL with the golden model's plant, behind a link in software: no emulator
    #[arg(long)]
    model: bool,
    /// Bitstream of the board, or of the virtual board [default: what `capram fpga build` made]
    #[arg(long, value_name = "FILE")]
    bitstream: Option<PathBuf>,
    /// Run only these checks
    #[arg(long, value_name = "CHECK", value_delimiter = ',', conflicts_with = "replay", value_parser = check_names())]
    only: Vec<Check>,
    /// Virtual boards or simulations that share the checks [default: one per core; with --record one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Seed of weights, activations and chips
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of the drawn chip
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=MAX_CHIP))]
    chip: u64,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the checks as JUnit XML
    #[arg(long, value_name = "FILE.xml")]
    junit: Option<PathBuf>,
    /// Keep what crosses the link, to be replayed
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// Play what was recorded to every target that is named, and compare, instead of the checks
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
}

fn check_names() -> impl TypedValueParser<Value = Check> {
    PossibleValuesParser::new(Check::ALL.map(Check::name)).try_map(|name| {
        Check::ALL.into_iter().find(|check| check.name() == name).ok_or("no such check")
    })
}

/// Where the checks run.
#[derive(Clone)]
enum Target {
    Port(PathBuf),
    Virtual,
    Simulation,
    Model,
}

impl Target {
    fn name(&self) -> String {
        match self {
            Self::Port(port) => port.display().to_string(),
            Self::Virtual => "virtual board".into(),
            Self::Simulation => "simulation".into(),
            Self::Model => "model".into(),
        }
    }
}

impl Arguments {
    /// Runs, writes and prints; true if all checks passed.
    pub fn run(self) -> anyhow::Result<bool> {
        self.check_outputs()?;
        let targets = self.targets()?;
        let (board, _) = board::Board::find(&self.board)?;
        let mut plan = Plan::new(Config::builtin("fpga")?, self.seed, self.chip);
        if !self.only.is_empty() {
            plan.checks.retain(|check| self.only.contains(check));
        }
        if let Some(file) = &self.replay {
            return self.replayed(&plan, &board, file, &targets);
        }
        let [target] = &targets[..] else {
            bail!(
                "--port, --virtual, --simulation, --model: one of them; several only with --replay"
            );
        };
        self.checked(plan, &board, target)
    }

    fn check_outputs(&self) -> anyhow::Result<()> {
        let outputs = [&self.json, &self.junit, &self.record].into_iter().flatten();
        let mut files: Vec<PathBuf> = outputs.cloned().collect();
        files.iter().try_for_each(|path| check_output(path))?;
        files.extend([&self.replay, &self.bitstream].into_iter().flatten().cloned());
        check_distinct(&files)
    }

    fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let mut targets: Vec<Target> = self.port.iter().cloned().map(Target::Port).collect();
        targets.extend(self.virtual_board.then_some(Target::Virtual));
        targets.extend(self.simulation.then_some(Target::Simulation));
        targets.extend(self.model.then_some(Target::Model));
        if targets.is_empty() {
            bail!("no target; needed: --port /dev/ttyX, --virtual, --simulation or --model");
        }
        Ok(targets)
    }

    /// A line to a target.
    fn open(
        &self,
        plan: &Plan,
        board: &board::Board,
        target: &Target,
    ) -> anyhow::Result<Box<dyn Port>> {
        let cache = Cache::find()?;
        let design = match target {
            Target::Model => return Ok(Box::new(Simulation::new(plan, &[])?)),
            Target::Port(port) => return serial(port, board),
            Target::Simulation => Design::of_rtl(board),
            Target::Virtual => Design::of_file(
                board,
                &built(&self.board, self.bitstream.as_deref(), board.simulated())?,
                &cache,
            )?,
        };
        let program = design.compile(&cache)?;
        Ok(Box::new(VirtualBoard::start(&program, &design.name, Timing::of(board), None)?))
    }

    fn connect(
        &self,
        plan: &Plan,
        board: &board::Board,
        target: &Target,
    ) -> anyhow::Result<(Board, Identity)> {
        let line = self.open(plan, board, target)?;
        let mut board = Board::new(Bone::new(line), plan.config.geometry)?;
        match identity(&mut board)? {
            Some(identity) => Ok((board, identity)),
            None => bail!("nothing answers; is it this design, and the right port?"),
        }
    }

    fn checked(
        &self,
        mut plan: Plan,
        named: &board::Board,
        target: &Target,
    ) -> anyhow::Result<bool> {
        // The model is no board: it has the number 0.
        plan.board = Some(if matches!(target, Target::Model) { 0 } else { named.number as u8 });
        if self.program {
            self.load(named)?;
        }
        let (mut board, identity) = match self.connect(&plan, named, target) {
            Ok(connected) => connected,
            Err(error) => return self.missing(&plan, named, target, error),
        };
        if self.record.is_some() {
            let title = format!(
                "board {}, {}, build {:08x}, config {}, seed {}, chip {}",
                named.name,
                target.name(),
                identity.build_hash,
                plan.config.fingerprint(),
                plan.seed,
                plan.chip
            );
            board.bone.record(Transcript::new(title));
        }
        let open = || self.connect(&plan, named, target).ok().map(|(board, _)| board);
        let outcomes = plan.run_beside(&mut board, self.more(target), &open);
        if let (Some(path), Some(transcript)) = (&self.record, board.bone.recorded()) {
            write_atomic(path, transcript.write().as_bytes())?;
        }
        let mut report = SmokeReport::new(&plan, &named.name, &target.name(), Some(identity));
        report.add(&outcomes);
        self.write(&report)?;
        print(&report)?;
        Ok(report.passed)
    }

    /// How many simulated boards beside the first one share the checks. A record is of one board.
    fn more(&self, target: &Target) -> usize {
        match target {
            Target::Virtual | Target::Simulation if self.record.is_none() => {
                self.threads.map_or_else(cores, usize::from) - 1
            }
            _ => 0,
        }
    }

    /// No board: every check is skipped, and the run could not be.
    fn missing(
        &self,
        plan: &Plan,
        named: &board::Board,
        target: &Target,
        error: anyhow::Error,
    ) -> anyhow::Result<bool> {
        let outcomes: Vec<_> =
            plan.checks.iter().map(|&check| skipped(check, "there is no board")).collect();
        let mut report = SmokeReport::new(plan, &named.name, &target.name(), None);
        report.add(&outcomes);
        self.write(&report)?;
        print(&report)?;
        Err(error.context(format!("{}: no board, all checks skipped", target.name())))
    }

    fn replayed(
        &self,
        plan: &Plan,
        named: &board::Board,
        file: &Path,
        targets: &[Target],
    ) -> anyhow::Result<bool> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let transcript = Transcript::read(&text).with_context(|| file.display().to_string())?;
        let names: Vec<String> = targets.iter().map(Target::name).collect();
        let mut report = SmokeReport::new(plan, &named.name, &names.join(", "), None);
        for (target, name) in targets.iter().zip(&names) {
            let start = Instant::now();
            let (mut board, _) = self.connect(plan, named, target)?;
            let replayed = replay(&transcript, &mut board).map_err(|error| error.to_string());
            report.add_replay(ReplayRow::new(name, start.elapsed().as_secs_f64(), replayed));
        }
        self.write(&report)?;
        print(&report)?;
        Ok(report.passed)
    }

    fn write(&self, report: &SmokeReport) -> anyhow::Result<()> {
        if let Some(path) = &self.junit {
            report.write_junit(path)?;
        }
        if let Some(path) = &self.json {
            report.write_json(path)?;
        }
        Ok(())
    }

    /// Loads the bitstream into the board.
    fn load(&self, board: &board::Board) -> anyhow::Result<()> {
        let mut loader = Command::new("openFPGALoader");
        loader.args(&board.programmer).arg(built(
            &self.board,
            self.bitstream.as_deref(),
            board.family.bitstream(),
        )?);
        let done = loader.output().context(
            "cannot run openFPGALoader, which --program needs (Debian: apt-get install \
             openfpgaloader)",
        )?;
        if !done.status.success() {
            bail!("openFPGALoader: {}", String::from_utf8_lossy(&done.stderr).trim());
        }
        Ok(())
    }
}

/// A board's serial port.
fn serial(port: &Path, board: &board::Board) -> anyhow::Result<Box<dyn Port>> {
    let baud = board.clock_hz / board.clocks_per_bit;
    let cycles = (1_u64 << board.timeout_log2.min(40)) as f64;
    // [C] Twice the time, for clocks that are not exact.
    let timeout = Duration::from_secs_f64(2.0 * cycles / board.clock_hz as f64);
    Ok(Box::new(SerialLine::open(port, baud as u32, timeout)?))
}
