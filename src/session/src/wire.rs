//! A session's two buffers and the stream between it and its client.
//!
//! Input is read in chunks and looked at in place; output is gathered and leaves in one write. The stream is a trait, so that a
//! session can be served over a Unix socket, TCP, or a test's memory.
//!
//! Invariants
//! - I1. Whatever is pending in the send buffer is sent before the session waits for input: client and server never wait for
//!   each other.
//! - I2. `0 <= start <= end <= buffer.len()`; the bytes `start..end` were received and not yet consumed.

use crate::limits::{READ_BYTES, RECEIVE_KEEP_BYTES, SEND_FLUSH_BYTES, SEND_KEEP_BYTES};
use proto::frontend::{Frame, HEAD_BYTES};
use proto::{Writer, limits, startup};
use report::{Error, Result, Severity, SqlState};
use std::io;
use std::ops::Range;

/// A connected client.
pub trait Stream: Send {
    /// Reads at least one byte; 0 says that the client has closed its side. `WouldBlock` or `TimedOut`: the read timeout ran out.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes everything.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Bounds the wait of later reads; `None` for no bound.
    fn set_read_timeout(&mut self, limit: Option<std::time::Duration>) -> io::Result<()>;

    /// True if the client has gone, as far as can be told without reading.
    fn is_closed(&self) -> bool;

    /// What settings can change about the connection, if it is one.
    fn connection(&self) -> Option<std::sync::Arc<dyn config::Connection>> {
        None
    }

    /// What tells, from any thread and without waiting, whether the client has gone; none if that cannot be told.
    fn probe(&self) -> Option<Box<dyn Fn() -> bool + Send + Sync>> {
        None
    }

    /// From now on an interrupt that is raised ends a wait in `read` with `Interrupted`.
    fn heed(&mut self, _: &std::sync::Arc<sync::Interrupts>) {}
}

/// What a wait for input came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Input<T> {
    /// What was asked for.
    Some(T),
    /// The client closed the connection in good order, between messages.
    Closed,
    /// The read timeout ran out.
    TimedOut,
    /// An interrupt was raised. What has come of a message stays: ask again.
    Woken,
}

/// A session's buffers and stream.
pub struct Wire {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The send buffer.
    pub out: Writer,
}

/// Where a message's body lies in the receive buffer, until the next message is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The message's type byte.
    pub kind: u8,
    body: Range<usize>,
}

impl Wire {
    /// A wire on a fresh stream.
    pub fn new(stream: Box<dyn Stream>) -> Wire {
        Wire { stream, buffer: Vec::new(), start: 0, end: 0, out: Writer::new() }
    }

    /// The next startup packet's body. Errors: the length is impossible, or the stream broke off.
    pub fn receive_startup(&mut self) -> Result<Input<Vec<u8>>> {
        match self.fill(4, true)? {
            Input::Some(()) => {}
            Input::Closed => return Ok(Input::Closed),
            Input::TimedOut => return Ok(Input::TimedOut),
            Input::Woken => return Ok(Input::Woken),
        }
        let head: [u8; 4] = self.buffer[self.start..self.start + 4].try_into().expect("four bytes were received");
        let body_bytes = startup::body_bytes(head)?;
        if let Input::TimedOut | Input::Woken = self.fill(4 + body_bytes, false)? {
            return Ok(Input::TimedOut);
        }
        let body = self.buffer[self.start + 4..self.start + 4 + body_bytes].to_vec();
        self.start += 4 + body_bytes;
        Ok(Input::Some(body))
    }

    /// True if the client has sent more than was consumed.
    pub fn has_input(&self) -> bool {
        self.start < self.end
    }

    /// The next message, after sending what is pending if it is not here yet. Its body is read by `body`.
    pub fn receive(&mut self) -> Result<Input<Received>> {
        if self.end - self.start < HEAD_BYTES {
            self.flush()?;
            match self.fill(HEAD_BYTES, true)? {
                Input::Some(()) => {}
                Input::Closed => return Ok(Input::Closed),
                Input::TimedOut => return Ok(Input::TimedOut),
                Input::Woken => return Ok(Input::Woken),
            }
        }
        let head = self.buffer[self.start..self.start + HEAD_BYTES].try_into().expect("a head was received");
        let frame = Frame::parse(head).map_err(|error| error.severity(Severity::Fatal))?;
        if self.end - self.start < HEAD_BYTES + frame.body_bytes {
            self.flush()?;
            match self.fill(HEAD_BYTES + frame.body_bytes, false)? {
                Input::TimedOut => return Ok(Input::TimedOut),
                Input::Woken => return Ok(Input::Woken),
                Input::Some(()) | Input::Closed => {}
            }
        }
        let body = self.start + HEAD_BYTES..self.start + HEAD_BYTES + frame.body_bytes;
        self.start = body.end;
        Ok(Input::Some(Received { kind: frame.kind, body }))
    }

    /// A received message's body. Valid until the next message is asked for.
    pub fn body(&self, received: &Received) -> &[u8] {
        &self.buffer[received.body.clone()]
    }

    /// A received message's body and the send buffer.
    pub fn body_and_out(&mut self, received: &Received) -> (&[u8], &mut Writer) {
        (&self.buffer[received.body.clone()], &mut self.out)
    }

    /// Waits until `wanted` bytes are unconsumed. `Closed` only if `may_close` and nothing of the message has come.
    fn fill(&mut self, wanted: usize, may_close: bool) -> Result<Input<()>> {
        self.make_room(wanted);
        while self.end - self.start < wanted {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) if may_close && self.end == self.start => return Ok(Input::Closed),
                Ok(0) => return Err(connection_failure("unexpected EOF on client connection")),
                Ok(count) => self.end += count,
                // Within a message too: what has come of it stays, and who sent half of it may never send the rest.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Input::Woken),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Ok(Input::TimedOut);
                }
                Err(error) => return Err(connection_failure(format!("could not receive data from client: {error}"))),
            }
        }
        Ok(Input::Some(()))
    }

    /// Moves what is unconsumed to the front and makes the buffer hold `wanted` bytes, and at least one read.
    fn make_room(&mut self, wanted: usize) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let size = wanted.max(self.end + READ_BYTES);
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        } else if self.buffer.len() > RECEIVE_KEEP_BYTES.max(size) {
            self.buffer.truncate(RECEIVE_KEEP_BYTES.max(size));
            self.buffer.shrink_to_fit();
        }
    }

    /// Sends what is pending.
    pub fn flush(&mut self) -> Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let outcome = self.stream.write_all(self.out.pending());
        self.out.clear(SEND_KEEP_BYTES);
        outcome.map_err(|error| connection_failure(format!("could not send data to client: {error}")))
    }

    /// Sends what is pending if it has grown large: called after each row.
    pub fn flush_if_large(&mut self) -> Result<()> {
        if self.out.len() >= SEND_FLUSH_BYTES { self.flush() } else { Ok(()) }
    }

    /// The stream, to set timeouts or ask whether the client is there.
    pub fn stream(&mut self) -> &mut dyn Stream {
        &mut *self.stream
    }

    /// The largest message that a client may send at this point fits in this many bytes.
    pub const fn message_bytes_max() -> usize {
        limits::LARGE_MESSAGE_BYTES_MAX
    }
}

fn connection_failure(message: impl Into<String>) -> Error {
    Error::with_severity(Severity::Fatal, SqlState::CONNECTION_FAILURE, message)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A client in memory: what it will send, in pieces (an empty one is an interrupt), and what it was sent.
    #[derive(Default)]
    pub(crate) struct Script {
        pub(crate) input: Vec<Vec<u8>>,
        pub(crate) output: Arc<Mutex<Vec<u8>>>,
    }

    impl Stream for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.input.is_empty() {
                return Ok(0);
            }
            let piece = self.input.remove(0);
            if piece.is_empty() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            buffer[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }

        fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.output.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        }

        fn set_read_timeout(&mut self, _: Option<std::time::Duration>) -> io::Result<()> {
            Ok(())
        }

        fn is_closed(&self) -> bool {
            self.input.is_empty()
        }
    }

    fn wire(pieces: &[&[u8]]) -> Wire {
        Wire::new(Box::new(Script { input: pieces.iter().map(|p| p.to_vec()).collect(), ..Script::default() }))
    }

    fn next(wire: &mut Wire) -> (u8, Vec<u8>) {
        match wire.receive().unwrap() {
            Input::Some(received) => (received.kind, wire.body(&received).to_vec()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn messages_may_come_in_any_pieces() {
        let bytes = b"Q\0\0\0\x06a\0S\0\0\0\x04Q\0\0\0\x06b\0";
        let one_by_one: Vec<&[u8]> = bytes.chunks(1).collect();
        for pieces in [&one_by_one[..], &[&bytes[..]], &[&bytes[..9], &bytes[9..]]] {
            let mut wire = wire(pieces);
            assert_eq!(next(&mut wire), (b'Q', b"a\0".to_vec()));
            assert_eq!(next(&mut wire), (b'S', Vec::new()));
            assert_eq!(next(&mut wire), (b'Q', b"b\0".to_vec()));
            assert_eq!(wire.receive().unwrap(), Input::Closed);
        }
    }

    #[test]
    fn an_interrupt_is_heard_within_a_message() {
        let mut wire = wire(&[b"Q\0\0", b"", b"\0\x06a", b"", b"\0"]);
        assert_eq!(wire.receive().unwrap(), Input::Woken);
        assert_eq!(wire.receive().unwrap(), Input::Woken);
        assert_eq!(next(&mut wire), (b'Q', b"a\0".to_vec()));
    }

    #[test]
    fn an_end_within_a_message_is_an_error() {
        let mut wire = wire(&[b"Q\0\0\0\x09ab"]);
        assert_eq!(wire.receive().unwrap_err().code(), SqlState::CONNECTION_FAILURE);
    }

    #[test]
    fn a_large_message_does_not_keep_its_buffer() {
        let mut large = b"Q\0\x10\0\x04".to_vec();
        large.resize(5 + 0x10_0000, b'x');
        let pieces: Vec<&[u8]> = large.chunks(8192).chain([&b"S\0\0\0\x04"[..], &b"S\0\0\0\x04"[..]]).collect();
        let mut wire = wire(&pieces);
        assert_eq!(next(&mut wire).1.len(), 0x10_0000);
        next(&mut wire);
        assert!(wire.buffer.capacity() <= 2 * RECEIVE_KEEP_BYTES, "{}", wire.buffer.capacity());
    }

    #[test]
    fn what_is_pending_leaves_before_a_wait() {
        let script = Script { input: vec![b"S\0\0\0\x04".to_vec()], ..Script::default() };
        let output = Arc::clone(&script.output);
        let mut wire = Wire::new(Box::new(script));
        wire.out.parse_complete();
        next(&mut wire);
        assert_eq!(*output.lock().unwrap(), b"1\0\0\0\x04");
    }
}
