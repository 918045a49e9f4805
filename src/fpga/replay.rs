//! A transcript played to a board, every read compared with what was recorded.

use super::bone::Transfer;
use super::host::{Board, HostError};
use super::smoke::Difference;
use super::transcript::{Event, Transcript, varies};

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Words read and compared.
    pub compared: u64,
    pub differences: u64,
    pub first: Option<Difference>,
}

/// Plays all events.
pub fn replay(transcript: &Transcript, board: &mut Board) -> Result<Replayed, HostError> {
    let mut replayed = Replayed::default();
    let mut events = transcript.events.iter().enumerate().peekable();
    while let Some((number, event)) = events.next() {
        match event {
            Event::Transfer | Event::Write(..) | Event::Read(..) => {
                let mut group = vec![event];
                while let Some((_, event)) =
                    events.next_if(|(_, e)| matches!(e, Event::Write(..) | Event::Read(..)))
                {
                    group.push(event);
                }
                transfer(&group, number, board, &mut replayed)?;
            }
            Event::Idle => board.wait_idle()?,
            Event::Raw(bytes) => board.bone.send_raw(bytes)?,
            Event::Break => board.bone.send_break()?,
            Event::Rest => board.bone.rest()?,
        }
    }
    Ok(replayed)
}

/// A checked transfer.
fn transfer(
    group: &[&Event],
    number: usize,
    board: &mut Board,
    replayed: &mut Replayed,
) -> Result<(), HostError> {
    let blank = |event: &&Event| match event {
        Event::Read(_, words) => vec![0; words.len()],
        _ => vec![],
    };
    let mut read: Vec<Vec<u32>> = group.iter().map(blank).collect();
    let mut transfers = vec![];
    for (event, read) in group.iter().zip(&mut read) {
        match event {
            Event::Write(address, words) => transfers.push(Transfer::Write(*address, words)),
            Event::Read(address, _) => transfers.push(Transfer::Read(*address, read)),
            _ => (),
        }
    }
    board.bone.checked(&mut transfers)?;
    for (event, read) in group.iter().zip(&read) {
        let Event::Read(address, words) = event else { continue };
        for (address, (&expected, &got)) in (*address..).step_by(4).zip(words.iter().zip(read)) {
            if varies(address) {
                continue;
            }
            replayed.compared += 1;
            if expected != got {
                replayed.differences += 1;
                let place = format!("event {number}, address {address:#07x}");
                replayed.first.get_or_insert_with(|| Difference::hex(place, expected, got));
            }
        }
    }
    Ok(())
}
