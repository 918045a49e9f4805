//! Host's end of the uartbone link: frames, checked transfers, resynchronization. `docs/fpga.md`,
//! section 2.

use super::port::{Port, PortError};
use super::registers as reg;
use super::transcript::{Event, Transcript};
use flate2::Crc;

/// Most words of a frame.
pub const BURST: usize = 255;
/// Times that a transfer or a job is begun before the line counts as unusable.
pub const ATTEMPTS: usize = 4;
const WRITE: u8 = 1;
const READ: u8 = 2;

/// Why words did not come or go.
#[derive(Debug, thiserror::Error)]
pub enum BoneError {
    /// The line failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The check of a transfer with writes failed: everything that was loaded counts as lost.
    #[error("a transfer arrived damaged ({0}): what was loaded counts as lost")]
    Lost(Damage),
    /// Whatever was tried again arrived damaged again.
    #[error("the line damaged {attempts} transfers in a row, the last one: {last}")]
    Unreliable { attempts: usize, last: Damage },
}

/// What was noticed of a damaged transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Bytes were lost, or a header was not understood.
    #[error("{received} of {expected} bytes came back")]
    Silent { received: usize, expected: usize },
    /// The board saw other bytes than the host.
    #[error("CRC {board:#010x} on the board, {host:#010x} here")]
    Crc { board: u32, host: u32 },
}

/// Part of a checked transfer.
pub enum Transfer<'a> {
    /// Words from a byte address on.
    Write(u32, &'a [u32]),
    /// The same, to be filled.
    Read(u32, &'a mut [u32]),
}

/// Bytes that crossed the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub sent: u64,
    pub received: u64,
}

/// The link to a board.
pub struct Bone {
    port: Box<dyn Port>,
    traffic: Traffic,
    losses: u64,
    transcript: Option<Transcript>,
}

impl Bone {
    /// A link over a line. The board may be in any state: [`resynchronize`](Self::resynchronize)
    /// first.
    pub fn new(port: Box<dyn Port>) -> Self {
        Self { port, traffic: Traffic::default(), losses: 0, transcript: None }
    }

    /// Damaged transfers so far. Any of them may have written anywhere: who loaded something before
    /// must load it again.
    pub fn losses(&self) -> u64 {
        self.losses
    }

    /// Bytes so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Cycles of the board's clock so far, where the line knows them.
    pub fn cycles(&self) -> Option<u64> {
        self.port.cycles()
    }

    /// Keeps what crosses the link from here on.
    pub fn record(&mut self, transcript: Transcript) {
        self.transcript = Some(transcript);
    }

    /// What was kept since [`record`](Self::record).
    pub fn recorded(&mut self) -> Option<Transcript> {
        self.transcript.take()
    }

    /// The board gives up a cut frame; bytes that came are forgotten.
    pub fn resynchronize(&mut self) -> Result<(), PortError> {
        self.port.rest()
    }

    /// One word, unchecked: for what is asked again and again, or can be wrong.
    pub fn peek(&mut self, address: u32) -> Result<u32, PortError> {
        let mut word = [0];
        self.send(&header(READ, 1, address))?;
        self.receive_words(&mut word, &mut Crc::new())?;
        Ok(word[0])
    }

    /// Writes and reads, in order, and the check that every byte of them arrived. Reads are repeated
    /// after a failed check; after one of a write the caller has to load everything again.
    pub fn checked(&mut self, transfers: &mut [Transfer]) -> Result<(), BoneError> {
        let writes = transfers.iter().any(|transfer| matches!(transfer, Transfer::Write(..)));
        let mut last = Damage::Silent { received: 0, expected: 0 };
        for _ in 0..ATTEMPTS {
            last = match self.once(transfers) {
                Ok(None) => {
                    self.note(transfers);
                    return Ok(());
                }
                Ok(Some(damage)) => damage,
                Err(PortError::Silent { received, expected }) => {
                    Damage::Silent { received, expected }
                }
                Err(error) => return Err(error.into()),
            };
            self.lose()?;
            if writes {
                return Err(BoneError::Lost(last));
            }
        }
        Err(BoneError::Unreliable { attempts: ATTEMPTS, last })
    }

    /// Notes a loss, and brings both ends back to the beginning of a frame.
    pub fn lose(&mut self) -> Result<(), PortError> {
        self.losses += 1;
        self.resynchronize()
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        self.keep(|| Event::Raw(bytes.to_vec()));
        self.send(bytes)
    }

    /// Holds the line low for longer than a byte.
    pub fn send_break(&mut self) -> Result<(), PortError> {
        self.keep(|| Event::Break);
        self.port.send_break()
    }

    /// Lets the line rest, as part of a test of the link.
    pub fn rest(&mut self) -> Result<(), PortError> {
        self.keep(|| Event::Rest);
        self.port.rest()
    }

    /// Notes that the macro was waited for.
    pub fn note_idle(&mut self) {
        self.keep(|| Event::Idle);
    }

    /// One attempt; says what was damaged, if anything.
    fn once(&mut self, transfers: &mut [Transfer]) -> Result<Option<Damage>, PortError> {
        let mut crc = Crc::new();
        let mut bytes = header(WRITE, 1, reg::LINK_CRC_CLEAR).to_vec();
        bytes.extend([0; 4]);
        // The clear takes effect after its last byte.
        let mut counted = bytes.len();
        for transfer in transfers {
            match transfer {
                Transfer::Write(address, words) => push_writes(&mut bytes, *address, words),
                Transfer::Read(address, words) => {
                    for (address, words) in
                        (*address..).step_by(4 * BURST).zip(words.chunks_mut(BURST))
                    {
                        bytes.extend(header(READ, words.len(), address));
                        crc.update(&bytes[counted..]);
                        self.send(&bytes)?;
                        self.receive_words(words, &mut crc)?;
                        bytes.clear();
                        counted = 0;
                    }
                }
            }
        }
        bytes.extend(header(READ, 1, reg::LINK_CRC));
        crc.update(&bytes[counted..]);
        self.send(&bytes)?;
        let mut board = [0];
        self.receive_words(&mut board, &mut Crc::new())?;
        let (board, host) = (board[0], crc.sum());
        Ok((board != host).then_some(Damage::Crc { board, host }))
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        self.traffic.sent += bytes.len() as u64;
        self.port.send(bytes)
    }

    fn receive_words(&mut self, words: &mut [u32], crc: &mut Crc) -> Result<(), PortError> {
        let mut bytes = [0; 4 * BURST];
        let bytes = &mut bytes[..4 * words.len()];
        self.port.receive(bytes)?;
        self.traffic.received += bytes.len() as u64;
        crc.update(bytes);
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        Ok(())
    }

    fn note(&mut self, transfers: &[Transfer]) {
        let Some(transcript) = &mut self.transcript else { return };
        let event = |transfer: &Transfer| match transfer {
            Transfer::Write(address, words) => Event::Write(*address, words.to_vec()),
            Transfer::Read(address, words) => Event::Read(*address, words.to_vec()),
        };
        transcript.transfer(transfers.iter().map(event));
    }

    fn keep(&mut self, event: impl FnOnce() -> Event) {
        if let Some(transcript) = &mut self.transcript {
            transcript.push(event());
        }
    }
}

/// Command, length, address of the first word.
pub fn header(command: u8, words: usize, address: u32) -> [u8; 6] {
    let [a, b, c, d] = (address / 4).to_be_bytes();
    [command, words as u8, a, b, c, d]
}

/// The frames that write words from an address on.
pub fn push_writes(bytes: &mut Vec<u8>, address: u32, words: &[u32]) {
    for (address, words) in (address..).step_by(4 * BURST).zip(words.chunks(BURST)) {
        bytes.extend(header(WRITE, words.len(), address));
        bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    }
}
