//! A real board on a serial port.

use super::port::{Port, PortError};
use serialport::{ClearBuffer, SerialPort};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// Time after which nothing more is expected. [C] Far above the latency of any USB adapter.
const SILENCE: Duration = Duration::from_secs(2);

/// Time that bytes may be on their way through an adapter.
const LATENCY: Duration = Duration::from_millis(50);

/// A serial port with a board on it.
pub struct SerialLine {
    name: String,
    port: Box<dyn SerialPort>,
    timeout: Duration,
}

impl SerialLine {
    /// Opens a port, 8N1. `timeout`: a rest after which the board drops a cut frame.
    pub fn open(path: &Path, baud: u32, timeout: Duration) -> Result<Self, PortError> {
        let name = path.display().to_string();
        let opened = serialport::new(&*name, baud).timeout(SILENCE).open();
        match opened {
            Ok(port) => Ok(Self { name, port, timeout }),
            Err(error) => Err(PortError::Line { source: refused(path, baud, error), name }),
        }
    }

    fn failed(&self, source: io::Error) -> PortError {
        PortError::Line { name: self.name.clone(), source }
    }
}

/// What to tell of a port that does not open.
fn refused(path: &Path, baud: u32, error: serialport::Error) -> io::Error {
    let error = io::Error::from(error);
    match error.kind() {
        _ if !path.exists() => io::Error::new(
            ErrorKind::NotFound,
            "there is no such port; is the board plugged in? Its port is most often \
             /dev/ttyUSB0 or /dev/ttyUSB1",
        ),
        ErrorKind::PermissionDenied => io::Error::new(
            ErrorKind::PermissionDenied,
            "not permitted; ports usually belong to a group, dialout on Debian",
        ),
        kind => io::Error::new(kind, format!("does not open at {baud} baud: {error}")),
    }
}

impl Port for SerialLine {
    fn send(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        self.port.write_all(bytes).map_err(|error| self.failed(error))
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Result<(), PortError> {
        let expected = bytes.len();
        let mut received = 0;
        while received < expected {
            match self.port.read(&mut bytes[received..]) {
                Ok(0) => return Err(self.failed(ErrorKind::UnexpectedEof.into())),
                Ok(count) => received += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return Err(PortError::Silent { received, expected });
                }
                Err(error) => return Err(self.failed(error)),
            }
        }
        Ok(())
    }

    fn send_break(&mut self) -> Result<(), PortError> {
        let port = &mut self.port;
        let broken = port.flush().map_err(serialport::Error::from).and_then(|()| {
            port.set_break()?;
            sleep(LATENCY);
            port.clear_break()
        });
        sleep(LATENCY);
        broken.map_err(|error| self.failed(error.into()))
    }

    fn rest(&mut self) -> Result<(), PortError> {
        self.port.flush().map_err(|error| self.failed(error))?;
        sleep(self.timeout + LATENCY);
        self.port.clear(ClearBuffer::Input).map_err(|error| self.failed(error.into()))
    }

    fn cycles(&self) -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_port_is_named_with_what_to_do() {
        let missing = SerialLine::open(Path::new("/dev/ttyNOWHERE"), 3_000_000, SILENCE);
        let said = missing.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.starts_with("/dev/ttyNOWHERE: there is no such port; is the board"), "{said}");
    }

    #[test]
    fn a_file_is_no_port() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let opened = SerialLine::open(file.path(), 3_000_000, SILENCE);
        let said = opened.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains("does not open at 3000000 baud"), "{said}");
    }
}
