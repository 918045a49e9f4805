//! Is the bitstream what the board needs? Timing of both clocks and between them, what it takes of
//! the FPGA, and whether all of it arrived there.

use super::nextpnr::{Placed, Synthesized};
use crate::fpga::board::{Board, Family};
use crate::report::fpga_build::{CellRow, ClockRow, CrossingRow, FpgaBuildReport, PrimitiveRow};

/// A cycle of the macro's clock lasts at least so many of the board's (`docs/fpga.md`, section 1).
const MACRO_CYCLE: f64 = 4.0;

/// The board's clock is a signal of the top; the macro's is made inside the design, and its register
/// may have lost its name on the way.
fn is_macro(clock: &str) -> bool {
    clock.contains('.')
}

/// Names of cells that are counted: what yosys and what nextpnr call them.
struct Names {
    logic: &'static str,
    block_ram: [&'static str; 2],
    others: &'static [[&'static str; 2]],
}

fn names(family: Family) -> Names {
    match family {
        Family::Ice40 => Names {
            logic: "ICESTORM_LC",
            block_ram: ["SB_RAM40_4K", "ICESTORM_RAM"],
            others: &[
                ["SB_PLL40_CORE", "ICESTORM_PLL"],
                ["SB_MAC16", "ICESTORM_DSP"],
                ["SB_SPRAM256KA", "ICESTORM_SPRAM"],
            ],
        },
        Family::Ecp5 => Names {
            logic: "TRELLIS_COMB",
            block_ram: ["DP16KD", "DP16KD"],
            others: &[["EHXPLLL", "EHXPLLL"], ["MULT18X18D", "MULT18X18D"]],
        },
    }
}

/// Fills in figures and failures.
pub fn judge(
    board: &Board,
    synthesized: &Synthesized,
    placed: &Placed,
    report: &mut FpgaBuildReport,
) {
    timing(board, placed, report);
    let names = names(board.family);
    let logic = placed.usage(names.logic);
    let rams = placed.usage(names.block_ram[1]);
    let budget = board.budget;
    for (name, usage, budget) in
        [("logic cells", logic, budget.logic_cells), ("block RAMs", rams, budget.block_rams)]
    {
        let row =
            CellRow { name: name.into(), used: usage.used, budget, available: usage.available };
        if usage.used > budget {
            report
                .failures
                .push(format!("{} {name} are more than the budget of {budget}", usage.used));
        }
        report.cells.push(row);
    }
    primitives(board, &names, synthesized, placed, report);
}

fn timing(board: &Board, placed: &Placed, report: &mut FpgaBuildReport) {
    let clock_mhz = board.clock_hz as f64 / 1e6;
    for (name, achieved_mhz) in placed.clocks() {
        let is_macro = is_macro(name);
        let required_mhz = if is_macro { clock_mhz / MACRO_CYCLE } else { board.budget.mhz as f64 };
        let clock = if is_macro { "macro" } else { "board" };
        if achieved_mhz < required_mhz {
            report.failures.push(format!(
                "the {clock}'s clock reaches {achieved_mhz:.2} MHz; it needs {required_mhz:.2}"
            ));
        }
        report.clocks.push(ClockRow {
            clock: clock.into(),
            name: name.into(),
            achieved_mhz,
            required_mhz,
        });
    }
    for clock in ["board", "macro"] {
        if report.clocks.iter().filter(|row| row.clock == clock).count() != 1 {
            report.failures.push(format!("the {clock}'s clock is not among nextpnr's clocks once"));
        }
    }
    let allowed_ns = 1e3 / clock_mhz;
    for crossing in placed.crossings() {
        let of = |name: &str| if is_macro(name) { "macro" } else { "board" };
        let (from, to, delay_ns) = (of(&crossing.from), of(&crossing.to), crossing.delay_ns);
        if delay_ns > allowed_ns {
            report.failures.push(format!(
                "a path from {from} to {to} takes {delay_ns:.2} ns; allowed are {allowed_ns:.2}"
            ));
        }
        report.crossings.push(CrossingRow {
            from: from.into(),
            to: to.into(),
            delay_ns,
            allowed_ns,
        });
    }
    if report.crossings.len() < 2 {
        report.failures.push("paths between the clocks are missing from nextpnr's report".into());
    }
}

fn primitives(
    board: &Board,
    names: &Names,
    synthesized: &Synthesized,
    placed: &Placed,
    report: &mut FpgaBuildReport,
) {
    let all = std::iter::once(&names.block_ram).chain(names.others);
    for [name, kind] in all {
        let wanted = board.primitives.get(*name).copied();
        let row = PrimitiveRow {
            name: (*name).into(),
            synthesized: synthesized.count(name),
            placed: placed.usage(kind).used,
            wanted,
        };
        if row.synthesized != row.placed {
            report.failures.push(format!(
                "{name}: {} after synthesis, {} after packing",
                row.synthesized, row.placed
            ));
        }
        if wanted.is_some_and(|wanted| wanted != row.placed) {
            let wanted = wanted.unwrap_or_default();
            report
                .failures
                .push(format!("{name}: {} in the design, {wanted} expected", row.placed));
        }
        report.primitives.push(row);
    }
    for name in board.primitives.keys() {
        if !report.primitives.iter().any(|row| row.name == *name) {
            report.failures.push(format!("{name}: nobody counts this primitive"));
        }
    }
}
