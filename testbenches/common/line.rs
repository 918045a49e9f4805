//! A line that damages what crosses it.

use capram::fpga::port::{Port, PortError};

/// What happens to one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Bits flip.
    Flip(u8),
    /// It is lost.
    Drop,
}

/// Which way the byte goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    ToBoard,
    ToHost,
}

/// A line on which certain bytes, counted from the first, are damaged.
pub struct Damaged {
    line: Box<dyn Port>,
    damages: Vec<(Way, u64, Damage)>,
    sent: u64,
    received: u64,
}

impl Damaged {
    pub fn new(line: Box<dyn Port>, damages: &[(Way, u64, Damage)]) -> Self {
        Self { line, damages: damages.to_vec(), sent: 0, received: 0 }
    }

    fn damage(&self, way: Way, number: u64) -> Option<Damage> {
        let here = |(w, n, _): &&(Way, u64, Damage)| (*w, *n) == (way, number);
        self.damages.iter().find(here).map(|(.., damage)| *damage)
    }
}

impl Port for Damaged {
    fn send(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        let mut arriving = vec![];
        for &byte in bytes {
            match self.damage(Way::ToBoard, self.sent) {
                None => arriving.push(byte),
                Some(Damage::Flip(bits)) => arriving.push(byte ^ bits),
                Some(Damage::Drop) => (),
            }
            self.sent += 1;
        }
        self.line.send(&arriving)
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Result<(), PortError> {
        let expected = bytes.len();
        for i in 0..expected {
            let damage = self.damage(Way::ToHost, self.received);
            self.received += 1;
            if damage == Some(Damage::Drop) {
                self.line.receive(&mut bytes[i..=i])?;
            }
            // As one call for all bytes would say it.
            self.line.receive(&mut bytes[i..=i]).map_err(|error| match error {
                PortError::Silent { .. } => PortError::Silent { received: i, expected },
                other => other,
            })?;
            if let Some(Damage::Flip(bits)) = damage {
                bytes[i] ^= bits;
            }
        }
        Ok(())
    }

    fn send_break(&mut self) -> Result<(), PortError> {
        self.line.send_break()
    }

    fn rest(&mut self) -> Result<(), PortError> {
        self.line.rest()
    }

    fn cycles(&self) -> Option<u64> {
        self.line.cycles()
    }
}

/// A line with nobody at its other end.
pub struct Nobody;

impl Port for Nobody {
    fn send(&mut self, _: &[u8]) -> Result<(), PortError> {
        Ok(())
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Result<(), PortError> {
        Err(PortError::Silent { received: 0, expected: bytes.len() })
    }

    fn send_break(&mut self) -> Result<(), PortError> {
        Ok(())
    }

    fn rest(&mut self) -> Result<(), PortError> {
        Ok(())
    }

    fn cycles(&self) -> Option<u64> {
        None
    }
}
