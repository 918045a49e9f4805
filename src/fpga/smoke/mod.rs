//! The smoke test of a board: named checks, one file each. `docs/fpga.md`, section 4.

mod golden;
mod ideal;
mod identify;
mod image;
mod link;
mod march;
mod noise;
mod post;
mod registers;
mod tables;
mod work;

use super::bone::{BoneError, Traffic};
use super::host::{Board, HostError};
use super::port::PortError;
use super::tables::Tables;
use crate::config::Config;
use crate::golden::chip::Chip;
use crate::registers as reg;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What a run goes by.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Geometry, pulses and the terms that the emulator computes.
    pub config: Config,
    /// The same with every analog term off.
    pub ideal: Config,
    pub seed: u64,
    /// Number of the drawn chip.
    pub chip: u64,
    /// BOARD_INFO's number, where a board was named.
    pub board: Option<u8>,
    /// BUILD_HASH, where a bitstream was named.
    pub build_hash: Option<u32>,
    pub checks: Vec<Check>,
}

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    Identify,
    Registers,
    Link,
    March,
    Tables,
    Ideal,
    Golden,
    Noise,
    Post,
    Image,
}

impl Check {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 10] = [
        Self::Identify,
        Self::Registers,
        Self::Link,
        Self::March,
        Self::Tables,
        Self::Ideal,
        Self::Golden,
        Self::Noise,
        Self::Post,
        Self::Image,
    ];

    /// The name that options and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identify => "identify",
            Self::Registers => "registers",
            Self::Link => "link",
            Self::March => "march",
            Self::Tables => "tables",
            Self::Ideal => "ideal",
            Self::Golden => "golden",
            Self::Noise => "noise",
            Self::Post => "post",
            Self::Image => "image",
        }
    }

    fn run(self, plan: &Plan, board: &mut Board) -> Result<Finding, CheckError> {
        match self {
            Self::Identify => identify::run(plan, board),
            Self::Registers => registers::run(plan, board),
            Self::Link => link::run(plan, board),
            Self::March => march::run(plan, board),
            Self::Tables => tables::run(plan, board),
            Self::Ideal => ideal::run(plan, board),
            Self::Golden => golden::run(plan, board),
            Self::Noise => noise::run(plan, board),
            Self::Post => post::run(plan, board),
            Self::Image => image::run(plan, board),
        }
    }
}

/// What a check found: how much was right, or the first difference.
pub type Finding = Result<String, Difference>;

/// The first thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub place: String,
    pub expected: String,
    pub got: String,
}

impl Difference {
    fn new(place: impl Into<String>, expected: impl Display, got: impl Display) -> Self {
        Self { place: place.into(), expected: expected.to_string(), got: got.to_string() }
    }

    pub(super) fn hex(place: impl Into<String>, expected: u32, got: u32) -> Self {
        Self::new(place, format_args!("{expected:#010x}"), format_args!("{got:#010x}"))
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}: expected {}, got {}", self.place, self.expected, self.got)
    }
}

/// What keeps a check from its end.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Host(#[from] HostError),
    /// A configuration or chip that cannot be asked for.
    #[error("{0}")]
    Plan(String),
}

impl From<BoneError> for CheckError {
    fn from(error: BoneError) -> Self {
        Self::Host(error.into())
    }
}

impl From<PortError> for CheckError {
    fn from(error: PortError) -> Self {
        Self::Host(error.into())
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed(String),
    Failed(Difference),
    /// Why it did not run.
    Skipped(String),
}

/// One check's entry in the report.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub check: Check,
    pub verdict: Verdict,
    pub seconds: f64,
    /// Cycles of the board's clock.
    pub cycles: Option<u64>,
    pub traffic: Traffic,
}

/// What the board says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub build_hash: u32,
    pub board: u8,
    pub clocks_per_bit: u8,
    pub clock_hz: u32,
}

impl Plan {
    /// Checks of a drawn chip of the configuration that the emulator computes.
    pub fn new(config: Config, seed: u64, chip: u64) -> Self {
        let mut ideal = config.clone();
        ideal.analog = without_terms(&config.analog);
        Self { config, ideal, seed, chip, board: None, build_hash: None, checks: Check::ALL.into() }
    }

    /// Emulator tables of the chip; those of the ideal configuration if it is wanted.
    pub fn tables(&self, ideal: bool) -> Result<Tables, CheckError> {
        let config = if ideal { &self.ideal } else { &self.config };
        let Config { geometry, analog, .. } = config;
        let chip = Chip::draw(geometry, analog, self.seed, self.chip);
        Tables::draw(geometry, analog, &chip).map_err(|error| CheckError::Plan(error.to_string()))
    }

    /// Runs the checks on a board. One that fails does not keep the others from running, unless the
    /// line is dead.
    pub fn run(&self, board: &mut Board) -> Vec<Outcome> {
        self.run_beside(board, 0, &|| None)
    }

    /// The same on up to `more` further boards of the same kind beside it, which `open` connects: the
    /// next check goes to the board that is free first.
    pub fn run_beside(
        &self,
        board: &mut Board,
        more: usize,
        open: &(dyn Fn() -> Option<Board> + Sync),
    ) -> Vec<Outcome> {
        let (next, done, died) =
            (AtomicUsize::new(0), Mutex::new(BTreeMap::new()), Mutex::new(None));
        let work = |board: &mut Board| {
            let mut dead = None;
            while dead.is_none() {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let Some(&check) = self.checks.get(i) else { return };
                let outcome = self.check(check, board, &mut dead);
                done.lock().unwrap_or_else(|e| e.into_inner()).insert(i, outcome);
            }
            *died.lock().unwrap_or_else(|e| e.into_inner()) = dead;
        };
        std::thread::scope(|scope| {
            // A board without a check would be in vain.
            for _ in 0..more.min(self.checks.len().saturating_sub(1)) {
                scope.spawn(|| open().iter_mut().for_each(&work));
            }
            work(board);
        });
        let mut done = done.into_inner().unwrap_or_else(|e| e.into_inner());
        let why = died.into_inner().unwrap_or_else(|e| e.into_inner()).unwrap_or_default();
        let checks = self.checks.iter().enumerate();
        checks.map(|(i, &check)| done.remove(&i).unwrap_or_else(|| skipped(check, &why))).collect()
    }

    fn check(&self, check: Check, board: &mut Board, dead: &mut Option<String>) -> Outcome {
        let (start, traffic, cycles) = (Instant::now(), board.bone.traffic(), cycles(board));
        let verdict = match check.run(self, board) {
            Ok(Ok(detail)) => Verdict::Passed(detail),
            Ok(Err(difference)) => Verdict::Failed(difference),
            Err(CheckError::Host(HostError::Trouble(trouble))) => {
                Verdict::Failed(Difference::new("error registers", "nothing", trouble))
            }
            Err(error) => {
                if matches!(&error, CheckError::Host(error) if error.dead()) {
                    *dead = Some(format!("the line is dead since {}: {error}", check.name()));
                }
                Verdict::Failed(Difference::new("the check itself", "its end", error))
            }
        };
        let cycles = match dead {
            None => cycles.zip(self::cycles(board)).map(|(before, after)| after.since(before)),
            Some(_) => None,
        };
        let now = board.bone.traffic();
        let traffic =
            Traffic { sent: now.sent - traffic.sent, received: now.received - traffic.received };
        Outcome { check, verdict, seconds: start.elapsed().as_secs_f64(), cycles, traffic }
    }
}

/// An outcome of a check that did not run.
pub fn skipped(check: Check, why: &str) -> Outcome {
    let verdict = Verdict::Skipped(why.into());
    Outcome { check, verdict, seconds: 0.0, cycles: None, traffic: Traffic::default() }
}

/// What the board says of itself; `None` if nothing answers at all.
pub fn identity(board: &mut Board) -> Result<Option<Identity>, HostError> {
    use super::registers as board_regs;
    match board.bone.peek(board_regs::BOARD_ID) {
        Err(PortError::Silent { .. }) => {
            // A frame may have been cut by whoever used the line before.
            board.bone.resynchronize()?;
            match board.bone.peek(board_regs::BOARD_ID) {
                Err(PortError::Silent { .. }) => return Ok(None),
                other => drop(other?),
            }
        }
        other => drop(other?),
    }
    board.attempt(|board| {
        let info = board.word(board_regs::BOARD_INFO)?;
        Ok(Some(Identity {
            build_hash: board.word(board_regs::BUILD_HASH)?,
            board: info as u8,
            clocks_per_bit: (info >> 8) as u8,
            clock_hz: board.word(board_regs::CLOCK_HZ)?,
        }))
    })
}

/// A reading of the board's clock.
#[derive(Clone, Copy)]
enum Clock {
    /// Of a simulation.
    Counted(u64),
    /// The register, which wraps.
    Register(u32),
}

impl Clock {
    fn since(self, before: Self) -> u64 {
        match (self, before) {
            (Self::Counted(now), Self::Counted(before)) => now - before,
            (Self::Register(now), Self::Register(before)) => now.wrapping_sub(before).into(),
            _ => 0,
        }
    }
}

fn cycles(board: &mut Board) -> Option<Clock> {
    match board.bone.cycles() {
        Some(cycles) => Some(Clock::Counted(cycles)),
        None => board.bone.peek(super::registers::BOARD_CYCLES).ok().map(Clock::Register),
    }
}

/// The same analog side with every term off.
fn without_terms(analog: &crate::config::Analog) -> crate::config::Analog {
    let mut ideal = *analog;
    ideal.capacitor_mismatch.on = false;
    ideal.parasitic_mismatch.on = false;
    ideal.dac_inl.on = false;
    ideal.charge_injection.on = false;
    ideal.clock_feedthrough.on = false;
    ideal.ktc_noise.on = false;
    ideal.comparator_offset.on = false;
    ideal.comparator_noise.on = false;
    ideal.comparator_common_mode.on = false;
    ideal.metastability.on = false;
    ideal.cell_mismatch.on = false;
    ideal.injection_noise.on = false;
    ideal.output_impedance.on = false;
    ideal.settling.on = false;
    ideal.leakage.on = false;
    ideal
}

/// GEOMETRY of a macro.
fn geometry_word(g: &crate::config::Geometry) -> u32 {
    let field = |value: usize, shift: u32| (value as u32) << shift;
    field(g.mac_rows, 0)
        | field(g.slices(), 8)
        | field(g.columns_per_slice, 16)
        | field(g.post_lanes, 20)
}

/// Address of a word of the array, and the other way round for messages.
fn sram_place(g: &crate::config::Geometry, index: usize, difference: u32) -> String {
    let (row, word) = (index / g.words_per_row(), index % g.words_per_row());
    let bit = difference.trailing_zeros();
    let column = 32 * word as u32 + bit;
    format!("address {:#06x}, row {row}, column {column}", reg::SRAM + 4 * index as u32)
}
