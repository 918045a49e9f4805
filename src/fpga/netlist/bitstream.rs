//! The commands of an iCE40 bitstream: whether the file is whole, and which device it configures.
//!
//! A command is a byte, its upper half what to do, its lower half how many bytes of argument follow.

use super::NetlistError;
use std::fmt;
use std::path::Path;

/// iCE40 devices whose bitstreams can be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// HX1K, LP1K.
    Ice40Hx1k,
    /// HX8K, HX4K, LP8K: one die.
    Ice40Hx8k,
    /// UP5K.
    Ice40Up5k,
}

impl Device {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ice40Hx1k, Self::Ice40Hx8k, Self::Ice40Up5k];

    /// By nextpnr's name of a device with this die.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "hx1k" | "lp1k" => Some(Self::Ice40Hx1k),
            "hx4k" | "hx8k" | "lp4k" | "lp8k" => Some(Self::Ice40Hx8k),
            "up3k" | "up5k" => Some(Self::Ice40Up5k),
            _ => None,
        }
    }

    /// Width and height of a bank of the configuration memory, which tell devices apart: a bitstream
    /// does not name its own.
    pub const fn bank(self) -> (usize, usize) {
        match self {
            Self::Ice40Hx1k => (332, 144),
            Self::Ice40Hx8k => (872, 272),
            Self::Ice40Up5k => (692, 336),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Ice40Hx1k => "an iCE40 HX1K",
            Self::Ice40Hx8k => "an iCE40 HX8K",
            Self::Ice40Up5k => "an iCE40 UP5K",
        })
    }
}

const PREAMBLE: [u8; 4] = [0x7e, 0xaa, 0x99, 0x7e];

/// Checks a whole bitstream, and that it configures `expected`.
pub fn device_of(path: &Path, bytes: &[u8], expected: Device) -> Result<(), NetlistError> {
    let mut walk = Walk::begin(path, bytes)?;
    while walk.command()? {}
    if !walk.checked {
        return Err(walk.not("it ends without a CRC"));
    }
    let bank = (walk.bank_width, walk.bank_height);
    if bank == expected.bank() {
        return Ok(());
    }
    let found = Device::ALL.into_iter().find(|device| device.bank() == bank);
    let unknown = || format!("one with banks of {} x {} bits", bank.0, bank.1);
    Err(NetlistError::OtherDevice {
        path: path.to_owned(),
        found: found.map_or_else(unknown, |device| device.to_string()),
        expected,
    })
}

/// A reader that keeps what a device would keep while it is configured.
struct Walk<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
    crc: u16,
    /// The last thing that happened to the data was a CRC that matched.
    checked: bool,
    width: usize,
    height: usize,
    offset: usize,
    /// Largest bank of the configuration memory so far.
    bank_width: usize,
    bank_height: usize,
}

impl<'a> Walk<'a> {
    /// Behind the preamble; a comment may stand before it.
    fn begin(path: &'a Path, bytes: &'a [u8]) -> Result<Self, NetlistError> {
        let mut walk = Self {
            path,
            bytes,
            at: 0,
            crc: 0xffff,
            checked: false,
            width: 0,
            height: 0,
            offset: 0,
            bank_width: 0,
            bank_height: 0,
        };
        match bytes.windows(PREAMBLE.len()).position(|window| window == PREAMBLE) {
            Some(place) => walk.at = place + PREAMBLE.len(),
            None => return Err(walk.not("there is no synchronization word 7e aa 99 7e in it")),
        }
        Ok(walk)
    }

    fn not(&self, why: &str) -> NetlistError {
        NetlistError::NotABitstream { path: self.path.to_owned(), why: why.into() }
    }

    fn take(&mut self, count: usize, missing: &'static str) -> Result<&'a [u8], NetlistError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let Some(end) = end else {
            let (path, length) = (self.path.to_owned(), self.bytes.len());
            return Err(NetlistError::Truncated { path, length, missing });
        };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        self.crc = taken.iter().fold(self.crc, |crc, byte| crc16(crc, *byte));
        Ok(taken)
    }

    /// One command; false after the one that starts the device.
    fn command(&mut self) -> Result<bool, NetlistError> {
        let place = self.at;
        let byte = self.take(1, "the command that starts the device")?[0];
        let argument = self.take((byte & 15).into(), "the argument of a command")?;
        let argument = argument.iter().fold(0, |value, byte| value << 8 | usize::from(*byte));
        match byte >> 4 {
            0 => return self.data(place, argument),
            2 if self.crc != 0 => {
                return Err(NetlistError::Damaged { path: self.path.to_owned(), offset: self.at });
            }
            2 => self.checked = true,
            6 => self.width = argument + 1,
            7 => self.height = argument,
            8 => self.offset = argument,
            // Bank, oscillator, boot options.
            1 | 5 | 9 => {}
            _ => return Err(self.unknown(place)),
        }
        Ok(true)
    }

    fn data(&mut self, place: usize, what: usize) -> Result<bool, NetlistError> {
        match what {
            1 | 3 => {
                let bits = self.width.saturating_mul(self.height);
                self.take(bits / 8, "data of a bank")?;
                if self.take(2, "the end of a bank")? != [0, 0] {
                    return Err(self.unknown(place));
                }
                self.checked = false;
                if what == 1 {
                    self.bank_width = self.bank_width.max(self.width);
                    self.bank_height = self.bank_height.max(self.offset + self.height);
                }
            }
            5 => self.crc = 0xffff,
            6 => return Ok(false),
            _ => return Err(self.unknown(place)),
        }
        Ok(true)
    }

    fn unknown(&self, place: usize) -> NetlistError {
        let byte = self.bytes.get(place).copied().unwrap_or_default();
        self.not(&format!("unknown command {byte:02x} at byte {place}"))
    }
}

/// CRC-16 of CCITT, most significant bit first.
fn crc16(crc: u16, byte: u8) -> u16 {
    (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| {
        if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bitstream with four banks and nothing in them.
    fn empty(device: Device) -> Vec<u8> {
        let (width, height) = device.bank();
        let mut body = vec![0x51, 0x00, 0x01, 0x05];
        let mut checked = vec![0x92, 0x00, 0x20];
        checked.extend([0x62]);
        checked.extend((width as u16 - 1).to_be_bytes());
        checked.extend([0x72]);
        checked.extend((height as u16).to_be_bytes());
        checked.extend([0x82, 0, 0]);
        for bank in 0..4 {
            checked.extend([0x11, bank, 0x01, 0x01]);
            checked.resize(checked.len() + width * height / 8 + 2, 0);
        }
        checked.push(0x22);
        let crc = checked.iter().fold(0xffff, |crc, byte| crc16(crc, *byte));
        checked.extend(crc.to_be_bytes());
        body.extend(checked);
        body.extend([0x01, 0x06, 0x00]);
        let mut file = b"\xff\x00a comment\x00\x00\xff".to_vec();
        file.extend(PREAMBLE);
        file.extend(body);
        file
    }

    fn refusal(bytes: &[u8]) -> String {
        device_of(Path::new("t.bin"), bytes, Device::Ice40Hx8k).unwrap_err().to_string()
    }

    #[test]
    fn a_whole_file_for_the_device_passes() {
        for device in Device::ALL {
            device_of(Path::new("t.bin"), &empty(device), device).unwrap();
        }
    }

    #[test]
    fn a_bitstream_of_another_device_is_refused_by_name() {
        assert_eq!(
            refusal(&empty(Device::Ice40Up5k)),
            "t.bin: built for another device: an iCE40 UP5K; the board has an iCE40 HX8K"
        );
    }

    #[test]
    fn files_that_are_something_else_are_refused() {
        assert!(refusal(b"").contains("not an iCE40 bitstream"));
        assert!(refusal(b"\x7fELF something").contains("no synchronization word"));
        let mut odd = empty(Device::Ice40Hx8k);
        let preamble = odd.windows(4).position(|w| w == PREAMBLE).unwrap();
        odd[preamble + 4] = 0xf0;
        assert!(refusal(&odd).contains("unknown command f0 at byte"));
    }

    #[test]
    fn wherever_a_file_is_cut_it_is_refused() {
        let whole = empty(Device::Ice40Hx8k);
        for length in (0..whole.len() - 2).step_by(997).chain([whole.len() - 3]) {
            let said = refusal(&whole[..length]);
            let known = said.contains("truncated") || said.contains("no synchronization word");
            assert!(known, "{length}: {said}");
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut bytes = empty(Device::Ice40Hx8k);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        assert!(refusal(&bytes).contains("the CRC before byte"));
    }
}
