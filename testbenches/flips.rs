//! Does the prover tell flips that can never show from those that can? Needs Berkeley's abc:
//! `make flips`.

use capram::fpga::flips::cells::Cells;
use capram::fpga::flips::reach::{Prover, never_differs};

/// Registers on one clock: `rst` is high until `count` is, once; `state` follows the pin `rx` then.
/// `mclk`, which toggles, clocks `slow`; `tx` shows both.
const ORIGINAL: [&str; 9] = [
    "/* FF 1 1 0 */ always @(posedge clk) if (1'b1) count <= 1'b0 ? 1'b0 : 1'b1;",
    "assign rst = /* LUT 1 1 1 */ !count;",
    "/* FF 1 1 2 */ always @(posedge clk, posedge rst) if (rst) state <= 1'b0; else if (1'b1) state <= rx;",
    "/* FF 1 1 3 */ always @(posedge clk, posedge rst) if (rst) mclk <= 1'b0; else if (1'b1) mclk <= toggled;",
    "assign toggled = /* LUT 1 1 4 */ !mclk;",
    "/* FF 1 1 5 */ always @(posedge mclk, posedge rst) if (rst) slow <= 1'b0; else if (1'b1) slow <= state;",
    "assign both = /* LUT 1 1 6 */ (state & slow);",
    "assign tx = /* LUT 1 1 7 */ (both | idle);",
    "assign idle = /* LUT 1 2 0 */ (rst & state);",
];

fn netlist(statements: &[&str]) -> Cells {
    let body = statements.join("\n");
    Cells::parse(&format!("module chip (input clk, input rx, output tx);\n{body}\nendmodule\n"))
        .expect("a netlist")
}

/// Whether changing one statement into another is proved to show nowhere.
fn never(statement: usize, from: &str, to: &str) -> bool {
    let prover = Prover::find().expect("make flips installs it");
    let mut mutant = ORIGINAL.map(String::from);
    assert!(mutant[statement].contains(from), "{from}");
    mutant[statement] = mutant[statement].replace(from, to);
    let mutant = netlist(&mutant.each_ref().map(String::as_str));
    never_differs(&netlist(&ORIGINAL), &mutant, &prover, 20).expect("the prover runs")
}

#[test]
fn what_never_happens_makes_no_difference() {
    assert!(never(0, "posedge clk", "posedge clk"), "the same");
    // `state` is 0 while `rst` is high.
    assert!(never(8, "(rst & state)", "1'b0"));
    // A reset with the clock instead of at once: all is 0 then anyhow.
    assert!(never(
        2,
        "(posedge clk, posedge rst) if (rst) state <= 1'b0; else if (1'b1) state <= rx",
        "(posedge clk) if (1'b1) state <= rst ? 1'b0 : rx"
    ));
    // `mclk` never rises during the reset, so `slow` need not be reset.
    assert!(never(
        5,
        "(posedge mclk, posedge rst) if (rst) slow <= 1'b0; else if (1'b1)",
        "(posedge mclk) if (1'b1)"
    ));
}

#[test]
fn what_can_happen_is_never_proved_away() {
    assert!(!never(6, "state & slow", "state | slow"));
    assert!(!never(2, "state <= rx", "state <= !rx"));
    assert!(!never(2, "posedge clk,", "posedge mclk,"), "another clock");
    assert!(!never(5, "slow <= state", "slow <= rx"), "rx of now, state is rx before");
    assert!(!never(4, "!mclk", "mclk"), "a clock that stands");
    assert!(!never(7, "both | idle", "both | tx"), "a loop of logic");
    assert!(!never(8, "(rst & state)", "(!rst & state)"));
    assert!(!never(2, "if (rst) state <= 1'b0", "if (rst) state <= 1'b1"), "seen by `idle`");
}

/// A register that only one of them has, and two registers that may differ as nobody looks then.
#[test]
fn registers_may_differ_while_nobody_looks() {
    let prover = Prover::find().expect("make flips installs it");
    let with = |last: &str, data: &str| {
        netlist(&[
            "/* FF 1 1 0 */ always @(posedge clk) if (1'b1) phase <= 1'b0 ? 1'b0 : next;",
            "assign next = /* LUT 1 1 1 */ !phase;",
            data,
            last,
        ])
    };
    // `held` is looked at in the phases in which it was not written.
    let looked = "assign tx = /* LUT 1 1 3 */ (phase & held);";
    let always = "assign tx = /* LUT 1 1 3 */ held;";
    let data = "/* FF 1 1 2 */ always @(posedge clk) if (1'b1) held <= 1'b0 ? 1'b0 : rx;";
    let other =
        "/* FF 1 1 2 */ always @(posedge clk) if (1'b1) held <= 1'b0 ? 1'b0 : (phase ? !rx : rx);";
    let never = |last| {
        never_differs(&with(last, data), &with(last, other), &prover, 20).expect("the prover runs")
    };
    assert!(never(looked));
    assert!(!never(always));
}
