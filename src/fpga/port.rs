//! A line of bytes to a board: a serial port, or the pins of a virtual board.

/// Why bytes did not come or go.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The board did not answer in time.
    #[error("the board sent {received} of {expected} bytes and then nothing")]
    Silent {
        /// Bytes that came.
        received: usize,
        /// Bytes that were waited for.
        expected: usize,
    },
    /// The line itself failed: unplugged, closed, or the simulation ended.
    #[error("{name}: {source}")]
    Line {
        /// Port or virtual board.
        name: String,
        /// What happened.
        source: std::io::Error,
    },
}

/// Both ends of a UART line as the host sees them.
pub trait Port {
    /// Sends bytes, in order. They may still be under way when this returns.
    fn send(&mut self, bytes: &[u8]) -> Result<(), PortError>;

    /// Receives as many bytes as fit, or gives up when none has come for a while.
    fn receive(&mut self, bytes: &mut [u8]) -> Result<(), PortError>;

    /// Holds the line low for longer than a byte.
    fn send_break(&mut self) -> Result<(), PortError>;

    /// Lets the line rest until the board has given up a cut frame, and forgets bytes that came.
    fn rest(&mut self) -> Result<(), PortError>;

    /// Cycles of the board's clock so far, where they are known.
    fn cycles(&self) -> Option<u64>;
}
