//! What to show of a co-simulation. All names of the FST's hierarchy stand here.

use super::view::{Color, Group, Kind, Marker, Signal, View, Window};
use crate::config::{ADC_BITS, Geometry};

/// What differs between the simulation tops.
#[derive(Clone, Copy)]
struct Names {
    /// Scope of the simulation top: its pins and, as reals, the node voltages.
    top: &'static str,
    /// The sequencer's state within it.
    phase: &'static str,
    /// Voltages that are compared with the golden ones.
    observed: &'static str,
}

const MACRO: Names =
    Names { top: "TOP.capram_sim", phase: "u_macro.u_sequencer.phase_q", observed: "observed" };
const EMULATED: Names = Names {
    top: "TOP.capram_emulated_sim",
    phase: "u_emulated.u_macro.u_sequencer.phase_q",
    observed: "emulated",
};

/// Lines of a voltage and of an error voltage.
const VOLT_LINES: u32 = 4;
const ERROR_LINES: u32 = 2;

/// The telling signals of a run: phases and switches, then for each slice to show its decisions,
/// code and voltages, then what all slices share and the host's side. Slices that the geometry does
/// not have are left out.
pub fn cosim_view(
    geometry: &Geometry,
    slices: &[usize],
    window: Window,
    markers: Vec<Marker>,
) -> View {
    view(MACRO, geometry, slices, window, markers)
}

/// The same of a run with an emulated analog side: its voltages beside the golden ones.
pub fn emulated_view(
    geometry: &Geometry,
    slices: &[usize],
    window: Window,
    markers: Vec<Marker>,
) -> View {
    view(EMULATED, geometry, slices, window, markers)
}

fn view(
    names: Names,
    geometry: &Geometry,
    slices: &[usize],
    window: Window,
    markers: Vec<Marker>,
) -> View {
    let existing = slices.iter().filter(|&&slice| slice < geometry.slices());
    let mut groups = vec![phases(names)];
    groups.extend(existing.map(|&slice| slice_group(names, geometry, slice)));
    groups.extend([all_slices(names, geometry), host(names)]);
    View { groups, markers, window }
}

impl Names {
    fn signal(&self, name: &str, kind: Kind) -> Signal {
        Signal::new(format!("{}.{name}", self.top), kind)
    }

    /// Bit planes of the SAR registers, the most significant of a complete code first.
    fn planes(&self) -> impl Iterator<Item = String> + use<> {
        let top = self.top;
        (0..ADC_BITS).rev().map(move |plane| format!("{top}.decision[{plane}]"))
    }
}

fn phases(names: Names) -> Group {
    let top = |name: &str, kind| names.signal(name, kind);
    let signals = vec![
        top("clk_i", Kind::Bit),
        top(names.phase, Kind::Enum(3)),
        top("reset", Kind::Bit),
        top("sample", Kind::Bit),
        top("plane_wl", Kind::Hex(8)),
        top("share", Kind::Bit),
        top("strobe", Kind::Bit),
        top("inject", Kind::Bit),
        top("latch", Kind::Bit),
        top("column", Kind::Unsigned(2)),
        top("cells", Kind::Unsigned(5)),
    ];
    Group { name: "phases".into(), signals }
}

fn all_slices(names: Names, geometry: &Geometry) -> Group {
    let top = |name: &str, kind| names.signal(name, kind);
    let slices = geometry.slices() as u32;
    let mut signals = vec![
        top("differential", Kind::Bit),
        top("range", Kind::Unsigned(2)),
        top("level", Kind::Unsigned(4)),
        top("inject_twice", Kind::Bit),
        top("slice_active", Kind::Hex(slices)),
        top("inject_p", Kind::Hex(slices)),
        top("inject_n", Kind::Hex(slices)),
    ];
    // one bit per slice; plane 0 holds the latest decisions
    signals.extend(names.planes().map(|plane| Signal::new(plane, Kind::Hex(slices))));
    Group { name: "all slices".into(), signals }
}

fn host(names: Names) -> Group {
    let top = |name: &str, kind| names.signal(name, kind);
    let signals = vec![
        top("busy", Kind::Bit),
        top("wb_ack", Kind::Bit),
        top("wb_err", Kind::Bit),
        top("wb_dat", Kind::Hex(32)),
        top("precharge", Kind::Bit),
        top("write", Kind::Bit),
        top("sense", Kind::Bit),
    ];
    Group { name: "host and SRAM".into(), signals }
}

fn slice_group(names: Names, geometry: &Geometry, slice: usize) -> Group {
    let width = geometry.slices() as u32;
    let bit = slice as u32;
    let bits = |name: &str, words: Vec<String>| {
        Signal::new(format!("{name}_{slice}"), Kind::Slice { words, width, bit })
    };
    let volts =
        |name: &str, lines| names.signal(&format!("{name}[{slice}]"), Kind::Analog { lines });
    let mut signals = vec![
        bits("decision", names.planes().last().into_iter().collect()),
        bits("code", names.planes().collect()),
    ];
    for side in ["p", "n"] {
        signals.push(volts(&format!("{}_{side}", names.observed), VOLT_LINES));
        signals.push(volts(&format!("golden_{side}"), VOLT_LINES).colored(Color::Yellow));
        signals.push(volts(&format!("error_{side}"), ERROR_LINES).colored(Color::Red));
    }
    Group { name: format!("slice {slice}"), signals }
}

#[cfg(test)]
pub(super) fn example() -> View {
    let geometry = Geometry { mac_rows: 64, columns: 128, columns_per_slice: 4, post_lanes: 2 };
    let window = Window { from_ps: 20_000, to_ps: 36_000, end_ps: 158_000 };
    let marker = |name: &str, time_ps| Marker { name: name.into(), time_ps };
    let markers = vec![marker("mismatch", 30_096), marker("step 3", 27_324)];
    cosim_view(&geometry, &[0, 31, 32], window, markers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_slices_that_exist() {
        let names: Vec<_> = example().groups.into_iter().map(|group| group.name).collect();
        assert_eq!(names, ["phases", "slice 0", "slice 31", "all slices", "host and SRAM"]);
    }

    #[test]
    fn a_slice_has_its_decisions_code_and_volts() {
        let view = example();
        let slice = &view.groups[2];
        let names: Vec<_> = slice.signals.iter().map(|signal| signal.path.as_str()).collect();
        assert_eq!(
            names,
            [
                "decision_31",
                "code_31",
                "TOP.capram_sim.observed_p[31]",
                "TOP.capram_sim.golden_p[31]",
                "TOP.capram_sim.error_p[31]",
                "TOP.capram_sim.observed_n[31]",
                "TOP.capram_sim.golden_n[31]",
                "TOP.capram_sim.error_n[31]",
            ]
        );
        assert!(view.paths().any(|path| path == "TOP.capram_sim.decision[6]"));
        assert!(!view.paths().any(|path| path.starts_with("code")));
    }
}
