//! What the platforms with sockets share.

use crate::types::Filetype;

/// What a platform keeps of each socket beside the system's own.
pub(crate) struct SocketState {
    stream: bool,
    /// Microseconds that receiving and sending wait; 0 for ever.
    timeouts: [u64; 2],
}

impl SocketState {
    /// Of a TCP socket if `stream`, else of UDP.
    pub fn new(stream: bool) -> SocketState {
        SocketState { stream, timeouts: [0; 2] }
    }

    pub fn filetype(&self) -> Filetype {
        if self.stream {
            Filetype::SocketStream
        } else {
            Filetype::SocketDgram
        }
    }

    /// Microseconds that sending, or receiving, waits; 0 for ever.
    pub fn timeout(&mut self, send: bool) -> &mut u64 {
        let [receive, transmit] = &mut self.timeouts;
        if send {
            transmit
        } else {
            receive
        }
    }
}
