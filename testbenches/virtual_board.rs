//! The virtual board's machinery on a design that compiles in seconds.

use capram::fpga::port::{Port, PortError};
use capram::fpga::pty::Pty;
use capram::fpga::serial::SerialLine;
use capram::fpga::virtual_board::{Cache, Design, Timing, VirtualBoard};
use capram::rtl;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const TIMING: Timing = Timing { clocks_per_bit: 8, timeout: 4096 };

fn cache() -> Cache {
    Cache::at(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("virtual-boards"))
}

fn design() -> Design {
    let rtl = rtl::folder();
    let mut sources: Vec<PathBuf> = ["reset", "uart_rx", "uart_tx"]
        .map(|name| rtl.join(format!("fpga/capram_{name}.sv")))
        .to_vec();
    sources.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("testbenches/virtual_board/echo.sv"));
    Design::rtl("echo", "echo", &sources, &rtl)
}

/// Compiled once for all tests.
fn start() -> VirtualBoard {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| design().compile(&cache()).unwrap());
    VirtualBoard::start(program, "echo", TIMING, None).unwrap()
}

/// Talks for a while, and answers the cycles that it took.
fn talk(board: &mut VirtualBoard) -> u64 {
    let sent: Vec<u8> = (0..0xee).collect();
    board.send(&sent).unwrap();
    let mut received = vec![0; sent.len()];
    board.receive(&mut received).unwrap();
    assert_eq!(received, (1..=0xee).collect::<Vec<u8>>());
    board.send_break().unwrap();
    board.send(b"gone").unwrap();
    board.rest().unwrap();
    board.send(b"x").unwrap();
    let mut last = [0];
    board.receive(&mut last).unwrap();
    assert_eq!(last, *b"y", "a break is no byte, and what came before the rest is forgotten");
    board.cycles().unwrap()
}

#[test]
fn bytes_come_back_and_the_same_bytes_take_the_same_cycles() {
    let cycles = talk(&mut start());
    assert_eq!(cycles, talk(&mut start()));
    // A byte takes ten bits; there are as many bytes as were sent, a break, and a rest.
    assert!((0xee * 80..0xee * 80 + 8000).contains(&cycles), "{cycles}");
}

#[test]
fn silence_ends_in_a_message_with_what_came() {
    let mut board = start();
    board.send(b"ab").unwrap();
    match board.receive(&mut [0; 3]) {
        Err(PortError::Silent { received: 2, expected: 3 }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_simulation_that_ends_is_a_line_that_failed() {
    let mut board = start();
    let said = board.send(&[0xee, 0]).unwrap_err().to_string();
    assert!(said.starts_with("echo: the simulation ended"), "{said}");
}

#[test]
fn a_design_that_does_not_compile_is_refused_with_the_first_error() {
    let mut wrong = design();
    wrong.top = "nowhere".into();
    let said = wrong.compile(&cache()).unwrap_err().to_string();
    assert!(said.contains("fails on echo: %Error: "), "{said}");
}

#[test]
fn a_serial_program_talks_to_the_pseudo_terminal() {
    let mut board = start();
    let pty = Pty::open().unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| pty.serve(&mut board, &stop).unwrap());
        // Any rate will do; a second program comes after the first.
        for baud in [3_000_000, 115_200] {
            let mut line = SerialLine::open(pty.path(), baud, Duration::from_millis(1)).unwrap();
            let sent: Vec<u8> = (0..=0xed).rev().collect();
            line.send(&sent).unwrap();
            let mut received = vec![0; sent.len()];
            let answer = line.receive(&mut received);
            stop.store(answer.is_err(), Ordering::Relaxed);
            answer.unwrap();
            assert_eq!(received, (1..=0xee).rev().collect::<Vec<u8>>());
        }
        stop.store(true, Ordering::Relaxed);
    });
}
