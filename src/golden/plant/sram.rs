//! Normal SRAM accesses: precharge, word line, write drivers, sense amplifiers, each with the time
//! that it needs.

use super::array::Array;
use super::rules::{Location, Rule, Violations};
use crate::config::{Geometry, PLANES, Sram as Times};
use crate::pins::{Pins, control};

/// Slack in picoseconds when whole cycles are compared with a time: rounding must not make a pulse
/// of exactly the time needed too short.
const SLACK_PS: f64 = 1e-6;

/// Word lines of a cycle: a cell is open when its plane and its cluster are selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordLines {
    /// Planes, bit k for cell k of every cluster.
    pub planes: u32,
    /// Clusters, bit m for MAC row m.
    pub clusters: u64,
}

impl WordLines {
    /// Word lines of a cycle's pins, without those that the geometry does not have.
    pub fn new(pins: &Pins, mac_rows: usize) -> Self {
        let clusters = u64::from(pins.cluster_sel[1]) << 32 | u64::from(pins.cluster_sel[0]);
        let exist = u64::MAX >> (64 - mac_rows.clamp(1, 64));
        Self { planes: pins.plane_wl & 0xff, clusters: clusters & exist }
    }

    /// Whether any cell is open.
    pub fn any(self) -> bool {
        self.planes != 0 && self.clusters != 0
    }

    /// Whether every cluster is selected.
    pub fn all_clusters(self, mac_rows: usize) -> bool {
        self.clusters == u64::MAX >> (64 - mac_rows.clamp(1, 64))
    }

    /// The plane that is open in every cluster, if nothing else is: the normal MULTIPLY.
    pub fn only_plane(self, mac_rows: usize) -> Option<usize> {
        let only = self.planes.is_power_of_two() && self.all_clusters(mac_rows);
        only.then(|| self.planes.trailing_zeros() as usize)
    }

    /// Lowest physical row that is open, or 0.
    pub fn first_row(self) -> usize {
        let row = PLANES * self.clusters.trailing_zeros() as usize
            + self.planes.trailing_zeros() as usize;
        if self.any() { row } else { 0 }
    }

    /// Physical rows that are open.
    pub fn rows(self) -> impl Iterator<Item = usize> {
        (0..64).filter(move |m| self.clusters >> m & 1 == 1).flat_map(move |m| {
            (0..PLANES).filter(move |k| self.planes >> k & 1 == 1).map(move |k| PLANES * m + k)
        })
    }
}

/// Cells that a completed write stored: data for one word of some rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    pub lines: WordLines,
    pub word: usize,
    pub data: u32,
}

/// A word line that has been open for an access.
#[derive(Clone, Copy, Debug)]
struct Access {
    lines: WordLines,
    /// Cycles open with the write drivers off.
    developing: u32,
}

/// The write drivers' work on an open word line.
#[derive(Clone, Copy, Debug)]
struct Writing {
    write: Write,
    cycles: u32,
}

/// Bit lines and timing of normal accesses.
#[derive(Clone, Debug)]
pub struct Sram {
    mac_rows: usize,
    times: Times,
    period_ps: f64,
    precharging: u32,
    precharged: bool,
    access: Option<Access>,
    writing: Option<Writing>,
    /// Columns whose bit lines have not been discharged by a 0 since the last precharge.
    high: [u32; 4],
    developed: bool,
    sensing: bool,
}

impl Sram {
    /// An idle array; `period_s` is the phase clock's period in seconds.
    pub fn new(geometry: &Geometry, times: Times, period_s: f64) -> Self {
        Self {
            mac_rows: geometry.mac_rows,
            times,
            period_ps: period_s * 1e12,
            precharging: 0,
            precharged: false,
            access: None,
            writing: None,
            high: [0; 4],
            developed: false,
            sensing: false,
        }
    }

    /// Whether this cycle can not change anything: nothing is on and nothing was.
    #[inline]
    pub fn idle(&self, pins: &Pins, lines: WordLines) -> bool {
        let quiet = !pins.is(control::PRECHARGE | control::WRITE | control::SENSE) && !lines.any();
        quiet && self.precharging == 0 && self.access.is_none() && !self.sensing
    }

    fn reached(&self, cycles: u32, time_ps: f64) -> bool {
        f64::from(cycles) * self.period_ps + SLACK_PS >= time_ps
    }

    /// One cycle. Returns what the sense amplifiers show and what got written.
    pub fn react(
        &mut self,
        pins: &Pins,
        lines: WordLines,
        array: &Array,
        violations: &mut Violations,
    ) -> (u32, Option<Write>) {
        let read_data = self.sense(pins, lines, array, violations);
        // MULTIPLY opens all clusters at once, and does not use the bit lines of normal accesses.
        let writing = pins.is(control::WRITE);
        let access = lines.any() && (writing || !lines.all_clusters(self.mac_rows));
        self.open(access.then_some(lines), writing, array, violations);
        let writes = (access && writing).then_some(lines);
        let written = self.write(pins, writes, violations);
        self.precharge(pins);
        (read_data, written)
    }

    /// Sense amplifiers: the developed bit lines of the selected word.
    fn sense(
        &mut self,
        pins: &Pins,
        lines: WordLines,
        array: &Array,
        violations: &mut Violations,
    ) -> u32 {
        let on = pins.is(control::SENSE);
        let began = on && !self.sensing;
        self.sensing = on;
        if began && !self.developed {
            let row = self.access.map_or(lines, |access| access.lines).first_row();
            violations.report(Rule::SenseBeforeDeveloped, Location::Row(row));
        }
        let exists = !array.word_columns(pins.word()).is_empty();
        if on && self.developed && exists { self.high[pins.word()] } else { 0 }
    }

    /// Follows the word line of an access; a line that stays open long enough develops the bit lines.
    fn open(
        &mut self,
        lines: Option<WordLines>,
        writing: bool,
        array: &Array,
        violations: &mut Violations,
    ) {
        let Some(lines) = lines else {
            self.access = None;
            return;
        };
        let same = self.access.filter(|access| access.lines == lines);
        if same.is_none() {
            if !self.precharged {
                violations.report(Rule::PrechargeTooShort, Location::Row(lines.first_row()));
                // The bit lines start low: there is nothing for the cells to pull down.
                self.high = [0; 4];
            }
            self.precharged = false;
            self.developed = false;
        }
        let mut access = same.unwrap_or(Access { lines, developing: 0 });
        access.developing = if writing { 0 } else { access.developing.saturating_add(1) };
        self.access = Some(access);
        if !self.developed
            && !writing
            && self.reached(access.developing, self.times.develop_time_ps)
        {
            self.developed = true;
            // Bit lines that a cell has pulled down stay down until the next precharge: rows opened
            // together read as their AND.
            for row in lines.rows() {
                let cells = array.row(row);
                self.high.iter_mut().zip(cells).for_each(|(high, cells)| *high &= cells);
            }
        }
    }

    /// Follows the write drivers; the cells flip when the word line was open long enough.
    fn write(
        &mut self,
        pins: &Pins,
        lines: Option<WordLines>,
        violations: &mut Violations,
    ) -> Option<Write> {
        let now = lines.map(|lines| Write { lines, word: pins.word(), data: pins.write_data });
        let before = self.writing.take();
        if let Some(before) = before
            && now != Some(before.write)
            && !self.reached(before.cycles, self.times.write_time_ps)
        {
            let row = before.write.lines.first_row();
            violations.report(Rule::WriteTooShort, Location::Row(row));
        }
        let write = now?;
        let cycles =
            before.filter(|before| before.write == write).map_or(0, |before| before.cycles);
        let done_before = cycles > 0 && self.reached(cycles, self.times.write_time_ps);
        self.writing = Some(Writing { write, cycles: cycles.saturating_add(1) });
        let done = self.reached(cycles.saturating_add(1), self.times.write_time_ps);
        (done && !done_before).then_some(write)
    }

    /// Precharges the bit lines.
    fn precharge(&mut self, pins: &Pins) {
        if !pins.is(control::PRECHARGE) {
            self.precharging = 0;
            return;
        }
        self.precharging = self.precharging.saturating_add(1);
        self.developed = false;
        if self.reached(self.precharging, self.times.precharge_time_ps) {
            self.precharged = true;
            self.high = [u32::MAX; 4];
        }
    }
}
