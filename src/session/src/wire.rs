//! A session's two buffers and the stream between it and its client.
//!
//! Input is read in chunks and looked at in place; output is gathered and leaves in one write. The stream is a trait, so that a
//! session can be served over a Unix socket, TCP, or a test's memory.
//!
//! Invariants
//! - I1. Whatever is pending in the send buffer is sent before the session waits for input: client and server never wait for
//!   each other. The session sees to it between messages, [`Wire::receive_or_wait`] within a statement.
//! - I2. `0 <= start <= end <= buffer.len()`; the bytes `start..end` were received and not yet consumed.

use crate::limits::{READ_BYTES, RECEIVE_AHEAD_BYTES, RECEIVE_KEEP_BYTES, SEND_FLUSH_BYTES, SEND_KEEP_BYTES};
use proto::frontend::{Frame, HEAD_BYTES};
use proto::{Writer, limits, startup};
use report::{Error, Result, Severity, SqlState};
use std::io;
use std::ops::Range;

/// A connected client. Reading and writing never wait; [`Stream::wait`] does.
pub trait Stream: Send {
    /// Reads what is there, at least one byte; 0 says that the client has closed its side. `WouldBlock`: nothing is there.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes what there is room for. `WouldBlock`: there is none.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Waits, in the middle of a statement, until the stream can be read or written again, or an interrupt is raised.
    /// Errors: the session must end, and nobody is to be waited for.
    fn wait(&mut self, _: Direction) -> io::Result<()> {
        Ok(())
    }

    /// True if the client has gone, as far as can be told without reading.
    fn is_closed(&self) -> bool;

    /// True if it is known that the client sends nothing more than it has sent.
    fn is_ending(&self) -> bool {
        false
    }

    /// What settings can change about the connection, if it is one.
    fn connection(&self) -> Option<std::sync::Arc<dyn config::Connection>> {
        None
    }

    /// What looks at the connection from any thread; none if there is none.
    fn probe(&self) -> Option<Box<dyn instance::ClientProbe>> {
        None
    }

    /// From now on these are told of waits.
    fn tell_waits(&mut self, _: std::sync::Arc<dyn sync::WaitHooks>) {}
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    Read,
    /// To the client.
    Write,
}

/// What looking for input came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Input<T> {
    /// What was asked for.
    Some(T),
    /// The client closed the connection in good order, between messages.
    Closed,
    /// It is not there yet. What has come of a message stays: ask again.
    Pending,
}

/// Buffers that go from session to session: whoever has nothing under way needs none.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    receive: Vec<u8>,
    send: Writer,
}

impl Spare {
    /// What the buffers take in memory.
    pub(crate) fn held_bytes(&self) -> i64 {
        let held = |capacity| if capacity == 0 { 0 } else { memory::footprint(capacity) };
        held(self.receive.capacity()) + held(self.send.capacity())
    }
}

/// A session's buffers and stream.
pub struct Wire {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The stream had nothing more when it was last read, and was not said to have more since.
    is_drained: bool,
    /// The send buffer.
    pub out: Writer,
    /// Bytes of the send buffer that have left.
    sent: usize,
    /// A message that there was no room for.
    refused: Option<Refused>,
}

/// A message of which nothing is kept.
struct Refused {
    kind: u8,
    /// Bytes of it that have not been passed over.
    rest: usize,
    is_told: bool,
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
        Wire {
            stream,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            is_drained: false,
            out: Writer::new(),
            sent: 0,
            refused: None,
        }
    }

    /// There may be more to read than there was. Takes buffers where it has none.
    pub(crate) fn wake_up(&mut self, spare: &mut Spare) {
        self.is_drained = false;
        if self.buffer.is_empty() {
            self.buffer = std::mem::take(&mut spare.receive);
        }
        if self.out.is_empty() {
            self.out = std::mem::take(&mut spare.send);
        }
    }

    /// Gives back the buffers that hold nothing.
    pub(crate) fn rest(&mut self, spare: &mut Spare) {
        if !self.has_input() {
            (self.start, self.end) = (0, 0);
            spare.receive = std::mem::take(&mut self.buffer);
        }
        if self.out.is_empty() {
            spare.send = std::mem::take(&mut self.out);
        }
    }

    /// The next startup packet's body. Errors: the length is impossible, or the stream broke off.
    pub fn receive_startup(&mut self) -> Result<Input<Vec<u8>>> {
        match self.fill(4, true)? {
            Input::Some(()) => {}
            Input::Closed => return Ok(Input::Closed),
            Input::Pending => return Ok(Input::Pending),
        }
        let head: [u8; 4] = self.buffer[self.start..self.start + 4].try_into().expect("four bytes were received");
        let body_bytes = startup::body_bytes(head)?;
        if self.fill(4 + body_bytes, false)? == Input::Pending {
            return Ok(Input::Pending);
        }
        let body = self.buffer[self.start + 4..self.start + 4 + body_bytes].to_vec();
        self.start += 4 + body_bytes;
        Ok(Input::Some(body))
    }

    /// True if the client has sent more than was consumed.
    pub fn has_input(&self) -> bool {
        self.start < self.end
    }

    /// The next message if it is there. Its body is read by `body`. Errors: also 53200, it is too large for the session's memory; see
    /// [`Wire::take_refused`].
    pub fn receive(&mut self) -> Result<Input<Received>> {
        if self.pass_over()? == Input::Pending {
            return Ok(Input::Pending);
        }
        match self.fill(HEAD_BYTES, true)? {
            Input::Some(()) => {}
            Input::Closed => return Ok(Input::Closed),
            Input::Pending => return Ok(Input::Pending),
        }
        let head = self.buffer[self.start..self.start + HEAD_BYTES].try_into().expect("a head was received");
        let frame = Frame::parse(head).map_err(|error| error.severity(Severity::Fatal))?;
        self.check_room(&frame)?;
        if self.fill(HEAD_BYTES + frame.body_bytes, false)? == Input::Pending {
            return Ok(Input::Pending);
        }
        let body = self.start + HEAD_BYTES..self.start + HEAD_BYTES + frame.body_bytes;
        self.start = body.end;
        Ok(Input::Some(Received { kind: frame.kind, body }))
    }

    /// The type of a message that `receive` has just refused for want of memory. What comes of it is passed over.
    pub fn take_refused(&mut self) -> Option<u8> {
        let refused = self.refused.as_mut().filter(|refused| !refused.is_told)?;
        refused.is_told = true;
        Some(refused.kind)
    }

    /// Errors: 53200, what is to come of a message would be too much, here and where the session works with it.
    fn check_room(&mut self, frame: &Frame) -> Result<()> {
        let bytes = HEAD_BYTES + frame.body_bytes;
        let missing = bytes.saturating_sub(self.end - self.start);
        if missing == 0 {
            return Ok(());
        }
        memory::room_for(missing + bytes).inspect_err(|_| {
            self.refused = Some(Refused { kind: frame.kind, rest: bytes, is_told: false });
        })
    }

    /// Passes over what has come of a refused message.
    fn pass_over(&mut self) -> Result<Input<()>> {
        while let Some(refused) = &mut self.refused {
            let count = refused.rest.min(self.end - self.start);
            self.start += count;
            refused.rest -= count;
            if refused.rest == 0 {
                self.refused = None;
            } else if self.fill(1, false)? == Input::Pending {
                return Ok(Input::Pending);
            }
        }
        Ok(Input::Some(()))
    }

    /// The next message in the middle of a statement. `Pending`: it was waited for, and an interrupt may be why the wait ended.
    pub fn receive_or_wait(&mut self) -> Result<Input<Received>> {
        let input = self.receive()?;
        if input == Input::Pending {
            self.flush()?;
            self.stream.wait(Direction::Read).map_err(|error| receive_failure(&error))?;
            self.is_drained = false;
        }
        Ok(input)
    }

    /// A received message's body. Valid until the next message is asked for.
    pub fn body(&self, received: &Received) -> &[u8] {
        &self.buffer[received.body.clone()]
    }

    /// A received message's body and the send buffer.
    pub fn body_and_out(&mut self, received: &Received) -> (&[u8], &mut Writer) {
        (&self.buffer[received.body.clone()], &mut self.out)
    }

    /// Reads until `wanted` bytes are unconsumed. `Closed` only if `may_close` and nothing of the message has come.
    fn fill(&mut self, wanted: usize, may_close: bool) -> Result<Input<()>> {
        if self.end - self.start >= wanted {
            return Ok(Input::Some(()));
        }
        if self.is_drained {
            return Ok(Input::Pending);
        }
        self.make_room(wanted);
        while self.end - self.start < wanted {
            if self.end == self.buffer.len() {
                self.make_room(wanted);
            }
            let room = self.buffer.len() - self.end;
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) if may_close && self.end == self.start => return Ok(Input::Closed),
                Ok(0) => return Err(connection_failure("unexpected EOF on client connection")),
                Ok(count) => {
                    self.end += count;
                    // Less than there was room for is all there was; but the end may stand behind it.
                    self.is_drained = count < room && !self.stream.is_ending();
                    if self.is_drained && self.end - self.start < wanted {
                        return Ok(Input::Pending);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_drained = true;
                    return Ok(Input::Pending);
                }
                Err(error) => return Err(receive_failure(&error)),
            }
        }
        Ok(Input::Some(()))
    }

    /// Moves what is unconsumed to the front and gives the buffer room: for one read at least, and towards `wanted` bytes as they come.
    fn make_room(&mut self, wanted: usize) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let size = wanted.min(2 * self.end + RECEIVE_AHEAD_BYTES).max(self.end + READ_BYTES);
        if self.buffer.len() < size {
            // It doubles by itself, and stops at what the message needs.
            self.buffer.reserve_exact(size - self.buffer.len());
            self.buffer.resize(size, 0);
        } else if self.buffer.len() > RECEIVE_KEEP_BYTES.max(size) {
            self.buffer.truncate(RECEIVE_KEEP_BYTES.max(size));
            self.buffer.shrink_to_fit();
        }
    }

    /// Sends what is pending as far as there is room. True if nothing is left.
    pub fn send(&mut self) -> Result<bool> {
        while self.sent < self.out.len() {
            match self.stream.write(&self.out.pending()[self.sent..]) {
                Ok(count) if count > 0 => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                outcome => {
                    self.forget_output();
                    let error = outcome.err().unwrap_or_else(|| io::ErrorKind::WriteZero.into());
                    return Err(send_failure(&error));
                }
            }
        }
        self.forget_output();
        Ok(true)
    }

    /// Sends what is pending, and waits for room.
    pub fn flush(&mut self) -> Result<()> {
        while !self.send()? {
            if let Err(error) = self.stream.wait(Direction::Write) {
                self.forget_output();
                return Err(send_failure(&error));
            }
        }
        Ok(())
    }

    fn forget_output(&mut self) {
        self.sent = 0;
        self.out.clear(SEND_KEEP_BYTES);
    }

    /// Sends what is pending if it has grown large: called after each row.
    pub fn flush_if_large(&mut self) -> Result<()> {
        if self.out.len() >= SEND_FLUSH_BYTES { self.flush() } else { Ok(()) }
    }

    /// The stream, to ask whether the client is there.
    pub fn stream(&mut self) -> &mut dyn Stream {
        &mut *self.stream
    }

    /// The largest message that a client may send at this point fits in this many bytes.
    pub const fn message_bytes_max() -> usize {
        limits::LARGE_MESSAGE_BYTES_MAX
    }
}

fn receive_failure(error: &io::Error) -> Error {
    connection_failure(format!("could not receive data from client: {error}"))
}

fn send_failure(error: &io::Error) -> Error {
    connection_failure(format!("could not send data to client: {error}"))
}

fn connection_failure(message: impl Into<String>) -> Error {
    Error::with_severity(Severity::Fatal, SqlState::CONNECTION_FAILURE, message)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A client in memory: what it will send, in pieces (an empty one is a moment without any), and what it was sent.
    #[derive(Default)]
    pub(crate) struct Script {
        pub(crate) input: Vec<Vec<u8>>,
        pub(crate) output: Arc<Mutex<Vec<u8>>>,
        /// Bytes that a write takes; 0 for all.
        pub(crate) room: usize,
    }

    impl Stream for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.input.is_empty() {
                return Ok(0);
            }
            let mut piece = self.input.remove(0);
            if piece.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let count = piece.len().min(buffer.len());
            buffer[..count].copy_from_slice(&piece[..count]);
            let rest = piece.split_off(count);
            if !rest.is_empty() {
                self.input.insert(0, rest);
            }
            Ok(count)
        }

        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut output = self.output.lock().unwrap();
            let count = if self.room == 0 { bytes.len() } else { self.room.min(bytes.len()) };
            output.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn is_closed(&self) -> bool {
            self.input.is_empty()
        }
    }

    fn wire(pieces: &[&[u8]]) -> Wire {
        Wire::new(Box::new(Script { input: pieces.iter().map(|p| p.to_vec()).collect(), ..Script::default() }))
    }

    /// The next message, however long it takes to come.
    fn next(wire: &mut Wire) -> (u8, Vec<u8>) {
        loop {
            match wire.receive().unwrap() {
                Input::Some(received) => return (received.kind, wire.body(&received).to_vec()),
                Input::Pending => wire.wake_up(&mut Spare::default()),
                Input::Closed => panic!("there was one more to come"),
            }
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
            wire.wake_up(&mut Spare::default());
            assert_eq!(wire.receive().unwrap(), Input::Closed);
        }
    }

    #[test]
    fn what_has_come_of_a_message_stays() {
        let mut wire = wire(&[b"Q\0\0", b"", b"\0\x06a", b"\0"]);
        for _ in 0..3 {
            assert_eq!(wire.receive().unwrap(), Input::Pending);
            assert_eq!(wire.receive().unwrap(), Input::Pending, "nothing was said to have come");
            wire.wake_up(&mut Spare::default());
            wire.rest(&mut Spare::default());
        }
        assert_eq!(next(&mut wire), (b'Q', b"a\0".to_vec()));
    }

    #[test]
    fn an_end_within_a_message_is_an_error() {
        let mut wire = wire(&[b"Q\0\0\0\x09ab"]);
        assert_eq!(wire.receive().unwrap(), Input::Pending);
        wire.wake_up(&mut Spare::default());
        assert_eq!(wire.receive().unwrap_err().code(), SqlState::CONNECTION_FAILURE);
    }

    #[test]
    fn a_message_that_there_is_no_room_for_is_passed_over() {
        let account = memory::Account::new();
        let _turn = account.serve();
        account.set_limit(Some(2 << 20));
        let mut large = b"Q\0\x30\0\x04".to_vec();
        large.resize(5 + 0x30_0000, b'x');
        let pieces: Vec<Vec<u8>> = large.chunks(8192).chain([&b"S\0\0\0\x04"[..]]).map(<[u8]>::to_vec).collect();
        drop(large);
        let mut wire = Wire::new(Box::new(Script { input: pieces, ..Script::default() }));
        assert_eq!(wire.receive().unwrap_err().code(), SqlState::OUT_OF_MEMORY);
        assert_eq!((wire.take_refused(), wire.take_refused()), (Some(b'Q'), None));
        assert_eq!(next(&mut wire), (b'S', Vec::new()));
        assert!(wire.buffer.capacity() < 100_000, "{}", wire.buffer.capacity());
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
    fn what_is_pending_leaves_in_whatever_pieces_there_is_room_for() {
        let script = Script { room: 2, ..Script::default() };
        let output = Arc::clone(&script.output);
        let mut wire = Wire::new(Box::new(script));
        wire.out.parse_complete();
        assert!(wire.send().unwrap() && wire.out.is_empty());
        wire.out.bind_complete();
        wire.flush().unwrap();
        assert_eq!(*output.lock().unwrap(), b"1\0\0\0\x042\0\0\0\x04");
    }
}
