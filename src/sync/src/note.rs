//! What this thread is doing, for the report of its crash.
//!
//! Whoever serves a session says here which one and which statement. A handler of SIGSEGV can read it: it is plain memory of the
//! thread, never allocated and never locked. A read in the midst of a change sees part of the old text.

use std::cell::Cell;

/// As much of a statement as is kept. Unit: bytes.
pub const STATEMENT_BYTES: usize = 256;

/// What a thread is doing.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// The session that it serves, 0 for none.
    pub session: i32,
    length: usize,
    text: [u8; STATEMENT_BYTES],
}

/// A note's parts, each in a cell of its own: what does not change is not written.
struct Place {
    session: Cell<i32>,
    length: Cell<usize>,
    text: Cell<[u8; STATEMENT_BYTES]>,
}

thread_local! {
    static NOTE: Place =
        const { Place { session: Cell::new(0), length: Cell::new(0), text: Cell::new([0; STATEMENT_BYTES]) } };
}

impl Note {
    /// The bytes of the statement that runs, possibly cut within a character; none if none runs.
    pub fn statement(&self) -> &[u8] {
        &self.text[..self.length.min(STATEMENT_BYTES)]
    }
}

/// This thread runs a statement of a session.
pub fn note_statement(session: i32, text: &str) {
    let length = text.len().min(STATEMENT_BYTES);
    let mut kept = [0; STATEMENT_BYTES];
    kept[..length].copy_from_slice(&text.as_bytes()[..length]);
    NOTE.with(|note| {
        note.session.set(session);
        note.text.set(kept);
        note.length.set(length);
    });
}

/// This thread serves a session that runs no statement; 0: none at all.
pub fn note_session(session: i32) {
    NOTE.with(|note| {
        note.session.set(session);
        note.length.set(0);
    });
}

/// What this thread is doing.
pub fn noted() -> Note {
    NOTE.with(|note| Note { session: note.session.get(), length: note.length.get(), text: note.text.get() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_statements_are_cut() {
        note_statement(7, &"x".repeat(1000));
        assert_eq!((noted().session, noted().statement().len()), (7, STATEMENT_BYTES));
        note_session(7);
        assert_eq!((noted().session, noted().statement()), (7, &b""[..]));
    }
}
