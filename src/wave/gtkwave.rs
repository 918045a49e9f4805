//! GTKWave's save file (`.gtkw`): one line per trace, each after a line with its flags.

use std::fmt::Write as _;
use std::path::Path;

use super::view::{Color, Group, Kind, Marker, Signal, View, Window, plain};

/// Trace flags, bits of the number after `@`.
mod flag {
    pub const HEX: u64 = 1 << 1;
    pub const DECIMAL: u64 = 1 << 2;
    pub const BINARY: u64 = 1 << 3;
    pub const RIGHT: u64 = 1 << 5;
    pub const BLANK: u64 = 1 << 9;
    pub const ANALOG_STEP: u64 = 1 << 15;
    pub const ANALOG_STRETCH: u64 = 1 << 17;
    pub const ANALOG_FULL_SCALE: u64 = 1 << 19;
    pub const GROUP_BEGIN: u64 = 1 << 23;
    pub const GROUP_END: u64 = 1 << 24;
    pub const ENUM: u64 = 1 << 32;
}

/// Markers that GTKWave has, A to Z.
const MARKERS: usize = 26;
/// Size of the window, and what of its width is left for the waves.
const SIZE: (u32, u32) = (1600, 1000);
const WAVE_PIXELS: f64 = 1130.0;
/// Pixels between two lines of the time grid, to which the zoom refers.
const GRID_PIXELS: f64 = 200.0;

/// The save file as text.
pub fn save_file(fst: &Path, view: &View) -> String {
    let mut text = format!("[*] Written by capram {}\n", env!("CARGO_PKG_VERSION"));
    let name = fst.display().to_string();
    // a name that can not stand in quotes is left out: then GTKWave needs it on its command line
    if !name.contains(['"', '\n', '\r']) {
        _ = writeln!(text, "[dumpfile] \"{name}\"");
    }
    _ = writeln!(text, "[timestart] {}", view.window.from_ps);
    _ = writeln!(text, "[size] {} {}", SIZE.0, SIZE.1);
    text += "[pos] -1 -1\n";
    text += &markers(&view.window, &view.markers);
    text += "[sst_width] 120\n[signals_width] 320\n[sst_expanded] 0\n";
    for group in &view.groups {
        text += &traces(group);
    }
    text
}

/// Zoom, the cursor (at the first marker) and the named markers.
fn markers(window: &Window, markers: &[Marker]) -> String {
    // the time between two grid lines is 2^-zoom
    let length = window.to_ps.saturating_sub(window.from_ps).max(1) as f64;
    let zoom = -(length * GRID_PIXELS / WAVE_PIXELS).log2();
    let cursor = markers.first().map_or(-1, |marker| marker.time_ps as i64);
    let mut line = format!("*{zoom:.6} {cursor}");
    let mut names = String::new();
    for (letter, marker) in ('A'..='Z').zip(markers) {
        _ = write!(line, " {}", marker.time_ps);
        let name = marker.name.replace(['\n', '\r'], " ");
        _ = writeln!(names, "[markername] {letter}{name}");
    }
    line += &" -1".repeat(MARKERS.saturating_sub(markers.len()));
    format!("{line}\n{names}")
}

fn traces(group: &Group) -> String {
    let name = group.name.replace(['\n', '\r'], " ");
    let mut text = format!("@{:x}\n-{name}\n", flag::GROUP_BEGIN | flag::BLANK);
    group.signals.iter().for_each(|signal| text += &trace(signal));
    _ = write!(text, "@{:x}\n-{name}\n", flag::GROUP_END | flag::BLANK);
    text
}

fn trace(signal: &Signal) -> String {
    let path = &signal.path;
    let (flags, name) = match &signal.kind {
        Kind::Bit => (flag::BINARY | flag::RIGHT, path.clone()),
        Kind::Hex(width) => (flag::HEX | flag::RIGHT, vector(path, *width)),
        Kind::Unsigned(width) => (flag::DECIMAL | flag::RIGHT, vector(path, *width)),
        Kind::Enum(width) => (flag::ENUM | flag::BINARY | flag::RIGHT, vector(path, *width)),
        Kind::Analog { .. } => (
            flag::ANALOG_STEP | flag::ANALOG_FULL_SCALE | flag::DECIMAL | flag::RIGHT,
            path.clone(),
        ),
        Kind::Slice { words, width, bit } => {
            (flag::DECIMAL | flag::RIGHT, slice(path, words, *width, *bit))
        }
    };
    let color = match signal.color {
        Color::Normal => "",
        Color::Red => "[color] 1\n",
        Color::Yellow => "[color] 3\n",
    };
    let mut text = format!("@{flags:x}\n{color}{name}\n");
    // a curve is as high as the empty lines that follow it allow
    if let Kind::Analog { lines } = signal.kind {
        let stretch = flag::ANALOG_STRETCH | flag::BLANK;
        _ = write!(text, "@{stretch:x}\n{}", "-\n".repeat(lines.saturating_sub(1) as usize));
    }
    text
}

/// A vector with its bit range, as GTKWave names it.
fn vector(path: &str, width: u32) -> String {
    if width == 1 { path.to_owned() } else { format!("{path}[{}:0]", width - 1) }
}

/// One bit of each word, as a vector of its own. Bits count from the most significant.
fn slice(name: &str, words: &[String], width: u32, bit: u32) -> String {
    let from_left = width.saturating_sub(bit + 1);
    let bits = words.iter().map(|word| match width {
        1 => format!(" {word}"),
        _ => format!(" ({from_left}){}", vector(word, width)),
    });
    let range = words.len().saturating_sub(1);
    format!("#{{{}[{range}:0]}}{}", plain(name), bits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wave::cosim;

    #[test]
    fn the_head_places_file_window_and_markers() {
        let text = save_file(Path::new("/tmp/a b.fst"), &cosim::example());
        for wanted in [
            "[dumpfile] \"/tmp/a b.fst\"\n",
            "[timestart] 20000\n",
            " 30096 30096 27324 -1",
            "[markername] Amismatch\n[markername] Bstep 3\n",
        ] {
            assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
        }
        let line = text.lines().find(|line| line.starts_with('*')).unwrap();
        assert_eq!(line.split(' ').count(), 2 + MARKERS, "zoom, cursor and 26 markers");
        let zoom: f64 = line[1..].split(' ').next().unwrap().parse().unwrap();
        let grid = 2_f64.powf(-zoom);
        assert!((grid - 16_000.0 * GRID_PIXELS / WAVE_PIXELS).abs() < 0.01, "{grid}");
    }

    #[test]
    fn each_kind_has_its_flags_and_name() {
        let text = save_file(Path::new("/tmp/a.fst"), &cosim::example());
        for wanted in [
            "@800200\n-phases\n@28\nTOP.capram_sim.clk_i\n",
            "@100000028\nTOP.capram_sim.u_macro.u_sequencer.phase_q[2:0]\n",
            "@22\nTOP.capram_sim.plane_wl[7:0]\n",
            "@24\nTOP.capram_sim.cells[4:0]\n",
            "@24\n#{decision_31[0:0]} (0)TOP.capram_sim.decision[0][31:0]\n",
            "@88024\nTOP.capram_sim.observed_p[31]\n@20200\n-\n-\n-\n",
            "@88024\n[color] 1\nTOP.capram_sim.error_n[31]\n@20200\n-\n@1000200\n-slice 31\n",
        ] {
            assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
        }
    }

    #[test]
    fn more_markers_than_letters_are_left_out() {
        let mut view = cosim::example();
        view.markers = vec![Marker { name: "m".into(), time_ps: 1 }; 30];
        let text = save_file(Path::new("/tmp/a.fst"), &view);
        assert_eq!(text.matches("[markername]").count(), MARKERS);
    }
}
