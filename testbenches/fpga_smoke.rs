//! The smoke test of a board, without a board: on a simulated one all checks pass, every planted
//! fault is found by the check that owns it, and a damaged line never yields wrong data.

mod common;

use capram::config::Config;
use capram::fpga::bone::{Bone, Transfer};
use capram::fpga::host::Board;
use capram::fpga::port::Port;
use capram::fpga::replay::replay;
use capram::fpga::simulation::{Fault, Simulation};
use capram::fpga::smoke::{Check, Difference, Outcome, Plan, Verdict, identity};
use capram::fpga::transcript::Transcript;
use capram::golden::plant::Fault as PlantFault;
use capram::registers::{self as reg, error};
use common::Random;
use common::desk::{Desk, text};
use common::line::{Damage, Damaged, Nobody, Way};
use proptest::prelude::*;

/// Cycles of the board's clock that all checks may take. [C] At 0.3 M of them a second, on two virtual
/// boards side by side, 38 s.
const BUDGET: u64 = 23_000_000;

fn plan() -> Plan {
    Plan::new(Config::builtin("fpga").expect("built in"), 5, 3)
}

fn only(check: Check) -> Plan {
    Plan { checks: vec![check], ..plan() }
}

fn board(plan: &Plan, line: impl Port + 'static) -> Board {
    Board::new(Bone::new(Box::new(line)), plan.config.geometry).expect("a line")
}

fn simulated(plan: &Plan, faults: &[Fault]) -> Board {
    board(plan, Simulation::new(plan, faults).expect("a model of this geometry is built"))
}

fn run(plan: &Plan, board: &mut Board) -> Vec<Outcome> {
    plan.run(board)
}

fn failures(outcomes: &[Outcome]) -> Vec<(Check, Difference)> {
    let failed = |outcome: &Outcome| match &outcome.verdict {
        Verdict::Failed(difference) => Some((outcome.check, difference.clone())),
        _ => None,
    };
    outcomes.iter().filter_map(failed).collect()
}

#[test]
fn all_checks_pass_on_a_board_that_works() {
    let plan = plan();
    let outcomes = run(&plan, &mut simulated(&plan, &[]));
    let mut cycles = 0;
    for Outcome { check, verdict, seconds, cycles: taken, traffic } in &outcomes {
        println!("{:10} {seconds:.2} s, {taken:?} cycles, {traffic:?}: {verdict:?}", check.name());
        assert!(matches!(verdict, Verdict::Passed(_)), "{}: {verdict:?}", check.name());
        cycles += taken.expect("the simulation counts");
    }
    assert_eq!(outcomes.len(), Check::ALL.len());
    assert!(cycles < BUDGET, "{cycles} cycles");
}

/// Runs the owner and the checks before it, `march` only if it is asked: it takes the longest.
#[track_caller]
fn assert_found(fault: Fault, owner: Check) {
    let mut plan = plan();
    let before = |check: &Check| (*check as u8) < owner as u8 && *check != Check::March;
    plan.checks.retain(|check| before(check) || *check == owner);
    let found = failures(&run(&plan, &mut simulated(&plan, &[fault])));
    println!("{fault:?}: {found:?}");
    let by: Vec<Check> = found.iter().map(|(check, _)| *check).collect();
    assert_eq!(by, [owner], "{fault:?}: {found:?}");
}

#[test]
fn every_fault_is_found_by_the_check_that_owns_it() {
    assert_found(Fault::WrongId, Check::Identify);
    assert_found(Fault::UncountedRefusals, Check::Registers);
    let reasons = [error::BAD_OPERATION, error::QUEUE_FULL, error::ACTIVATION_IN_USE, error::BUSY];
    for reason in reasons {
        assert_found(Fault::NoReason(reason), Check::Registers);
    }
    assert_found(Fault::NoTimeout, Check::Link);
    for value in [false, true] {
        let stuck = PlantFault::StuckCell { row: 300, column: 77, value };
        assert_found(Fault::Plant(stuck), Check::March);
    }
    assert_found(Fault::AddressStuck { bit: 0 }, Check::March);
    assert_found(Fault::AddressStuck { bit: 10 }, Check::March);
    assert_found(Fault::TableBit { index: 530, bit: 4 }, Check::Tables);
    assert_found(Fault::WrongDecision { every: 501 }, Check::Ideal);
    assert_found(Fault::NoiseLeftOn { sigma: 1000 }, Check::Ideal);
    assert_found(Fault::ShortGap, Check::Ideal);
    assert_found(Fault::UncountedClipping, Check::Ideal);
    assert_found(Fault::Plant(PlantFault::ComparatorInverted { slice: 7 }), Check::Ideal);
    // Columns of the same capacitors: only a drawn chip shows it.
    assert_found(Fault::Plant(PlantFault::SharedMismatch), Check::Golden);
    assert_found(Fault::SeedIgnored, Check::Noise);
    for bit in [1, 8, 31] {
        assert_found(Fault::SeedBit { bit }, Check::Noise);
    }
    for bit in [0, 4, 15] {
        assert_found(Fault::NoiseBit { bit }, Check::Noise);
    }
    assert_found(Fault::Requantizer, Check::Post);
}

/// Checks shared by two boards: the same verdicts in the same order, and a board whose line dies
/// leaves its checks to the other one.
#[test]
fn boards_side_by_side_share_the_checks() {
    let mut plan = plan();
    plan.checks.retain(|check| *check != Check::March);
    let verdicts = |outcomes: Vec<Outcome>| -> Vec<(Check, bool)> {
        let passed = |o: Outcome| (o.check, matches!(o.verdict, Verdict::Passed(_)));
        outcomes.into_iter().map(passed).collect()
    };
    let fault = Fault::SeedIgnored;
    let open = || Some(simulated(&plan, &[fault]));
    let shared = verdicts(plan.run_beside(&mut simulated(&plan, &[fault]), 1, &open));
    let expected: Vec<_> = plan.checks.iter().map(|&c| (c, c != Check::Noise)).collect();
    assert_eq!(shared, expected);

    let shared =
        verdicts(plan.run_beside(&mut board(&plan, Nobody), 1, &|| Some(simulated(&plan, &[]))));
    let failed: Vec<_> = shared.iter().filter(|(_, passed)| !passed).collect();
    assert_eq!(failed.len(), 1, "the check that the dead line was running: {shared:?}");
}

#[test]
fn a_violated_rule_fails_a_check() {
    let plan = only(Check::Ideal);
    let failed = failures(&run(&plan, &mut simulated(&plan, &[Fault::Rule(1)])));
    assert!(failed[0].1.got.contains("SHARE_WITHOUT_RESET"), "{failed:?}");
}

/// One check that fails keeps no other from running; a dead line does, and nothing passes then.
#[test]
fn a_failure_does_not_stop_the_others_but_a_dead_line_does() {
    let mut plan = plan();
    plan.checks = vec![Check::Identify, Check::Registers, Check::Link];
    let outcomes = run(&plan, &mut simulated(&plan, &[Fault::WrongId]));
    assert!(matches!(outcomes[0].verdict, Verdict::Failed(_)));
    assert!(outcomes[1..].iter().all(|o| matches!(o.verdict, Verdict::Passed(_))));

    let mut nobody = board(&plan, Nobody);
    assert_eq!(identity(&mut nobody).expect("no error"), None);
    let outcomes = run(&plan, &mut nobody);
    assert!(matches!(outcomes[0].verdict, Verdict::Failed(_)));
    assert!(outcomes[1..].iter().all(|o| matches!(o.verdict, Verdict::Skipped(_))));
}

/// A check on a line that damages a byte, or some: right data or an error.
fn on_a_damaged_line(damages: &[(Way, u64, Damage)]) -> Verdict {
    let plan = only(Check::Ideal);
    let simulation = Simulation::new(&plan, &[]).expect("built");
    let line = Damaged::new(Box::new(simulation), damages);
    run(&plan, &mut board(&plan, line)).remove(0).verdict
}

/// Bytes of the check, either way.
fn traffic() -> (u64, u64) {
    let plan = only(Check::Ideal);
    let outcome = run(&plan, &mut simulated(&plan, &[])).remove(0);
    assert!(matches!(outcome.verdict, Verdict::Passed(_)), "{outcome:?}");
    (outcome.traffic.sent, outcome.traffic.received)
}

#[test]
fn one_damaged_byte_anywhere_is_survived() {
    let (sent, received) = traffic();
    let mut random = Random(3);
    for i in 0..40 {
        let (way, bytes) = [(Way::ToBoard, sent), (Way::ToHost, received)][i % 2];
        let number = random.within(0, bytes as i64 - 1) as u64;
        let damage = if i % 5 == 0 { Damage::Drop } else { Damage::Flip(1 << random.within(0, 7)) };
        let verdict = on_a_damaged_line(&[(way, number, damage)]);
        assert!(matches!(verdict, Verdict::Passed(_)), "{way:?} {number} {damage:?}: {verdict:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What a checked read gives is what lies there, whatever happens to the line.
    #[test]
    fn a_damaged_line_never_yields_wrong_data(
        damages in prop::collection::vec((any::<bool>(), 0..400_u64, any::<u8>()), 1..4),
        words in prop::collection::vec(any::<u32>(), 1..20),
    ) {
        let plan = only(Check::Identify);
        let simulation = Simulation::new(&plan, &[]).expect("built");
        let damages: Vec<_> = damages.iter().map(|&(to_board, number, bits)| {
            let way = if to_board { Way::ToBoard } else { Way::ToHost };
            (way, number, if bits == 0 { Damage::Drop } else { Damage::Flip(bits) })
        }).collect();
        let mut board = board(&plan, Damaged::new(Box::new(simulation), &damages));
        let read = board.attempt(|board| {
            board.prepare(&plan.config.timing.pulses)?;
            let mut read = vec![0; words.len()];
            board.write(reg::BIAS, &words)?;
            board.bone.checked(&mut [Transfer::Read(reg::BIAS, &mut read)])?;
            Ok(read)
        });
        if let Ok(read) = read {
            prop_assert_eq!(&read, &words);
        }
    }
}

#[test]
fn what_was_recorded_is_replayed_and_differences_show() {
    let mut plan = plan();
    plan.checks = vec![Check::Identify, Check::Link, Check::Post];
    let mut recorded = simulated(&plan, &[]);
    recorded.bone.record(Transcript::new("a test".into()));
    assert!(failures(&run(&plan, &mut recorded)).is_empty());
    let transcript = recorded.bone.recorded().expect("recorded");
    let again = Transcript::read(&transcript.write()).expect("as written");
    let same = replay(&again, &mut simulated(&plan, &[])).expect("runs");
    assert!(same.compared > 100 && same.differences == 0, "{same:?}");
    let fault = Fault::Plant(PlantFault::ComparatorInverted { slice: 3 });
    let other = replay(&again, &mut simulated(&plan, &[fault])).expect("runs");
    assert!(other.differences > 0 && other.first.is_some());
}

#[test]
fn the_command_tests_records_and_replays() {
    let desk = Desk::new("fpga");
    let smoke = ["smoke", "--board", "hx8k", "--model"];
    let files = ["--only", "identify,post", "--junit", "junit.xml", "--record", "run.txt"];
    let report = desk.report(&[&smoke[..], &files].concat(), 0);
    assert_eq!(report["schema"], "capram.fpga-smoke/1");
    assert_eq!(report["checks"][1]["name"], "post");
    assert_eq!(report["checks"][1]["verdict"], "passed");
    assert!(report["checks"][1]["cycles"].as_u64() > Some(0));
    let junit = std::fs::read_to_string(desk.path("junit.xml")).expect("written");
    assert!(junit.contains("tests=\"2\" failures=\"0\""), "{junit}");
    let report = desk.report(&[&smoke[..], &["--replay", "run.txt"]].concat(), 0);
    assert_eq!(report["replay"][0]["differences"], 0);
    desk.write("bad.txt", "capram.fpga-record/1\nhash 0\n");
    let message = desk.refused(&[&smoke[..], &["--replay", "bad.txt"]].concat());
    assert!(message.contains("bad.txt: hash"), "{message}");
}

#[test]
fn a_missing_board_is_skipped_and_never_passed() {
    let desk = Desk::new("fpga");
    let port = ["smoke", "--board", "hx8k", "--port", "/dev/there-is-no-such-port"];
    let report = desk.report(&port, 2);
    assert_eq!(report["passed"], false);
    let checks = report["checks"].as_array().expect("checks");
    assert_eq!(checks.len(), Check::ALL.len());
    assert!(checks.iter().all(|check| check["verdict"] == "skipped"));
    let output = desk.run(&port);
    assert!(text(&output.stderr).contains("no board"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("capram fpga smoke: skipped"));
    let message = desk.refused(&["smoke", "--board", "hx8k"]);
    assert!(message.contains("no target"), "{message}");
}
