//! Wishbone master: one request at a time on the drive words.

use crate::pins::{Drive, Pins};

const RST_N: u32 = 1 << 0;
const CYC_STB: u32 = 1 << 1 | 1 << 2;
const WE: u32 = 1 << 3;
const SEL_SHIFT: u32 = 4;

/// A request to the macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Byte address.
    pub address: u32,
    /// Data to write; `None` reads.
    pub write: Option<u32>,
    /// Byte selects; anything but 15 is refused.
    pub select: u32,
}

impl Request {
    /// A whole-word read.
    pub fn read(address: u32) -> Self {
        Self { address, write: None, select: 15 }
    }

    /// A whole-word write.
    pub fn write(address: u32, data: u32) -> Self {
        Self { address, write: Some(data), select: 15 }
    }
}

/// Bits of the first drive word that make a request.
pub(super) fn request_bits(request: Request) -> u32 {
    let write = if request.write.is_some() { WE } else { 0 };
    CYC_STB | write | request.select << SEL_SHIFT
}

/// How the macro answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, with the data read.
    Ack(u32),
    /// Refused.
    Err,
}

/// The master's side of the bus.
#[derive(Debug, Default)]
pub struct Bus {
    request: Option<Request>,
}

impl Bus {
    /// Puts the macro into reset.
    pub fn reset(&mut self, drive: &mut Drive) {
        *drive = Drive::default();
        self.request = None;
    }

    /// Releases the reset.
    pub fn release(&mut self, drive: &mut Drive) {
        drive.bus = RST_N;
    }

    /// Starts a request. It must be answered before the next one starts.
    pub fn start(&mut self, request: Request, drive: &mut Drive) {
        debug_assert!(self.request.is_none(), "one request at a time");
        drive.bus = (drive.bus & !0xff) | RST_N | request_bits(request);
        drive.address = request.address;
        drive.data = request.write.unwrap_or(0);
        self.request = Some(request);
    }

    /// Looks at the pins of a cycle: the answer, if there is one. The request stays on the bus for
    /// the rest of that cycle; [`finish`](Self::finish) takes it off after the next edge.
    #[inline]
    pub fn answer(&self, pins: &Pins) -> Option<(Request, Answer)> {
        if pins.bus == 0 {
            return None;
        }
        let answer = if pins.bus & 1 != 0 { Answer::Ack(pins.bus_data) } else { Answer::Err };
        self.request.map(|request| (request, answer))
    }

    /// Takes an answered request off the bus.
    pub fn finish(&mut self, drive: &mut Drive) {
        drive.bus &= !(CYC_STB | WE | 15 << SEL_SHIFT);
        self.request = None;
    }
}
