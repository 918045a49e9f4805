//! Surfer's command file (`.sucl`): one command per line. `#` starts a comment and `;` separates
//! commands anywhere in a line; the name of a divider is a single word.

use std::fmt::Write as _;
use std::path::Path;

use super::view::{Color, Kind, Signal, View, Window, plain};

/// Surfer has no command for it.
const ANALOG: &str = "\
# Voltages as curves: select them (click, shift-click), right-click, Analog, Step (Viewport).
";

/// The command file as text.
pub fn command_file(fst: &Path, view: &View) -> String {
    let mut text = format!("# Written by capram {}\n{ANALOG}", env!("CARGO_PKG_VERSION"));
    let name = fst.display().to_string();
    // a name that can not stand in a command is left out: then Surfer needs it on its command line
    if !name.contains(['#', ';', '\n', '\r']) {
        _ = writeln!(text, "load_file {name}");
    }
    let mut item = 0; // number of the next line in the display, for `item_focus`
    for group in &view.groups {
        _ = writeln!(text, "divider_add {}", plain(&group.name));
        item += 1;
        for signal in &group.signals {
            if let Some(commands) = signal_commands(signal, item) {
                text += &commands;
                item += 1;
            }
        }
    }
    text += &zoom(&view.window);
    for marker in &view.markers {
        _ = writeln!(text, "marker_set {} {}", plain(&marker.name), marker.time_ps);
    }
    let cursor = view.markers.first().map_or(view.window.from_ps, |marker| marker.time_ps);
    _ = writeln!(text, "cursor_set {cursor}");
    text
}

/// Adds a signal and sets format and colour; nothing for what Surfer can not show.
fn signal_commands(signal: &Signal, item: usize) -> Option<String> {
    let format = match signal.kind {
        Kind::Slice { .. } => return None,
        Kind::Unsigned(_) => Some("item_set_format Unsigned\n"),
        Kind::Hex(_) => Some("item_set_format Hexadecimal\n"),
        Kind::Bit | Kind::Enum(_) | Kind::Analog { .. } => None,
    };
    let color = match signal.color {
        Color::Normal => None,
        Color::Red => Some("item_set_color Red\n"),
        Color::Yellow => Some("item_set_color Yellow\n"),
    };
    let mut text = format!("variable_add {}\n", signal.path);
    if format.is_some() || color.is_some() {
        let settings = [format, color].into_iter().flatten().collect::<String>();
        _ = write!(text, "item_focus {}_\n{settings}item_unfocus\n", alphabetic(item));
    }
    Some(text)
}

/// Halves the whole time axis until the window just fits; the cursor then brings it into view.
fn zoom(window: &Window) -> String {
    let length = window.to_ps.saturating_sub(window.from_ps).max(1);
    let times = (window.end_ps / length).max(1).ilog2() as usize;
    format!("zoom_fit\n{}", "zoom_in\n".repeat(times))
}

/// Surfer's number of an item: hexadecimal with the digits a to p.
fn alphabetic(item: usize) -> String {
    let digit = |c: char| c.to_digit(16).map_or('?', |d| char::from(b'a' + d as u8));
    format!("{item:x}").chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wave::cosim;

    #[test]
    fn items_are_numbered_in_letters() {
        assert_eq!(alphabetic(0), "a");
        assert_eq!(alphabetic(15), "p");
        assert_eq!(alphabetic(16), "ba");
    }

    #[test]
    fn signals_are_added_with_format_and_color() {
        let text = command_file(Path::new("/tmp/a.fst"), &cosim::example());
        for wanted in [
            "load_file /tmp/a.fst\ndivider_add phases\nvariable_add TOP.capram_sim.clk_i\n",
            // clk_i is item 1 below the divider, plane_wl item 5
            "variable_add TOP.capram_sim.plane_wl\nitem_focus f_\nitem_set_format Hexadecimal\n",
            "divider_add slice_31\nvariable_add TOP.capram_sim.observed_p[31]\n",
            "variable_add TOP.capram_sim.cells\n",
            "item_set_color Red\n",
            "zoom_fit\nzoom_in\nzoom_in\nzoom_in\nmarker_set mismatch 30096\n",
            "marker_set step_3 27324\ncursor_set 30096\n",
        ] {
            assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
        }
        assert!(!text.contains("code_31"), "Surfer can not take words apart");
    }

    /// Every focus names the item that was added just before it.
    #[test]
    fn focus_follows_the_items() {
        let text = command_file(Path::new("/tmp/a.fst"), &cosim::example());
        let mut items = 0;
        for line in text.lines() {
            if line.starts_with("variable_add ") || line.starts_with("divider_add ") {
                items += 1;
            } else if let Some(focus) = line.strip_prefix("item_focus ") {
                assert_eq!(focus, format!("{}_", alphabetic(items - 1)), "{text}");
            }
        }
    }

    #[test]
    fn a_file_name_that_would_be_a_command_is_left_out() {
        let text = command_file(Path::new("/tmp/a;exit.fst"), &cosim::example());
        assert!(!text.contains("exit"), "{text}");
    }
}
