//! What crossed the link, as a file that can be played to another board.

use super::registers as board;
use crate::registers as reg;
use flate2::Crc;
use std::fmt::Write;

/// First line of a transcript.
const SCHEMA: &str = "capram.fpga-record/1";

/// A transcript that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TranscriptError {
    /// Not the format, or another version of it.
    #[error("begins with {found:?}; needed is {SCHEMA:?}")]
    Schema { found: String },
    /// A line that means nothing.
    #[error("line {line}: {text:?} is no event")]
    Line { line: usize, text: String },
    /// The file was changed or cut.
    #[error("hash {found:?} in the last line, {computed:08x} of the content")]
    Hash { found: String, computed: u32 },
}

/// What the host did, and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A checked transfer begins.
    Transfer,
    /// Words written from a byte address on.
    Write(u32, Vec<u32>),
    /// Words read from a byte address on.
    Read(u32, Vec<u32>),
    /// Waited until the macro was idle.
    Idle,
    /// Bytes sent as they are.
    Raw(Vec<u8>),
    Break,
    Rest,
}

/// Events in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// What the run was: one line of words.
    pub title: String,
    pub events: Vec<Event>,
}

impl Transcript {
    pub fn new(title: String) -> Self {
        Self { title, events: vec![] }
    }

    pub(super) fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(super) fn transfer(&mut self, events: impl Iterator<Item = Event>) {
        self.events.push(Event::Transfer);
        self.events.extend(events);
    }

    /// The file's content.
    pub fn write(&self) -> String {
        let mut text = format!("{SCHEMA}\n# {}\n", self.title.replace('\n', " "));
        for event in &self.events {
            let _ = writeln!(text, "{}", line(event)); // a String takes everything
        }
        let hash = crc(&text);
        let _ = writeln!(text, "hash {hash:08x}");
        text
    }

    /// Reads a file's content.
    pub fn read(text: &str) -> Result<Self, TranscriptError> {
        let first = text.lines().next().unwrap_or_default();
        if first != SCHEMA {
            return Err(TranscriptError::Schema { found: first.chars().take(40).collect() });
        }
        let last = text.trim_end().lines().next_back().unwrap_or_default();
        let content = &text[..text.trim_end().len() - last.len()];
        let computed = crc(content);
        if last != format!("hash {computed:08x}") {
            let found = last.chars().take(40).collect();
            return Err(TranscriptError::Hash { found, computed });
        }
        let mut transcript = Self::default();
        for (i, text) in content.lines().enumerate().skip(1) {
            if let Some(title) = text.strip_prefix("# ") {
                transcript.title = title.into();
                continue;
            }
            let error =
                || TranscriptError::Line { line: i + 1, text: text.chars().take(40).collect() };
            transcript.events.push(parse(text).ok_or_else(error)?);
        }
        Ok(transcript)
    }
}

/// Whether what is read there differs from board to board, or from run to run.
pub fn varies(address: u32) -> bool {
    [
        board::BUILD_HASH,
        board::BOARD_INFO,
        board::CLOCK_HZ,
        board::BOARD_CYCLES,
        board::LINK_ERRORS,
        reg::CYCLES,
        reg::STALLS,
    ]
    .contains(&address)
}

fn crc(text: &str) -> u32 {
    let mut crc = Crc::new();
    crc.update(text.as_bytes());
    crc.sum()
}

fn line(event: &Event) -> String {
    let words = |kind: char, address: &u32, words: &[u32]| {
        let words: String = words.iter().map(|word| format!(" {word:x}")).collect();
        format!("{kind} {address:x}{words}")
    };
    match event {
        Event::Transfer => "t".into(),
        Event::Write(address, data) => words('w', address, data),
        Event::Read(address, data) => words('r', address, data),
        Event::Idle => "i".into(),
        Event::Raw(bytes) => {
            let bytes: String = bytes.iter().map(|byte| format!(" {byte:x}")).collect();
            format!("x{bytes}")
        }
        Event::Break => "b".into(),
        Event::Rest => "z".into(),
    }
}

fn parse(line: &str) -> Option<Event> {
    let mut words = line.split(' ');
    let kind = words.next()?;
    let numbers: Vec<u32> =
        words.map(|word| u32::from_str_radix(word, 16).ok()).collect::<Option<_>>()?;
    let addressed = || numbers.split_first().map(|(&address, data)| (address, data.to_vec()));
    Some(match kind {
        "t" => Event::Transfer,
        "w" => addressed().map(|(address, data)| Event::Write(address, data))?,
        "r" => addressed().map(|(address, data)| Event::Read(address, data))?,
        "i" => Event::Idle,
        "x" => Event::Raw(numbers.iter().map(|&n| u8::try_from(n).ok()).collect::<Option<_>>()?),
        "b" => Event::Break,
        "z" => Event::Rest,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript() -> Transcript {
        let mut transcript = Transcript::new("a test".into());
        let events = [Event::Write(0x10014, vec![1, u32::MAX]), Event::Read(0x8000, vec![7])];
        transcript.transfer(events.into_iter());
        transcript.push(Event::Raw(vec![1, 0xff]));
        [Event::Break, Event::Rest, Event::Idle].into_iter().for_each(|e| transcript.push(e));
        transcript
    }

    #[test]
    fn what_was_written_is_read() {
        let transcript = transcript();
        assert_eq!(Transcript::read(&transcript.write()), Ok(transcript));
    }

    #[test]
    fn damage_is_noticed() {
        let text = transcript().write();
        for i in 0..text.len() - 1 {
            assert!(Transcript::read(&text[..i]).is_err(), "cut at {i}");
        }
        let changed = text.replace("r 8000 7", "r 8000 6");
        assert!(matches!(Transcript::read(&changed), Err(TranscriptError::Hash { .. })));
        assert!(matches!(Transcript::read("hello"), Err(TranscriptError::Schema { .. })));
    }
}
