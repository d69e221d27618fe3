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

const NOTHING: Note = Note { session: 0, length: 0, text: [0; STATEMENT_BYTES] };

thread_local! {
    static NOTE: Cell<Note> = const { Cell::new(NOTHING) };
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
    let mut note = Note { session, length, ..NOTHING };
    note.text[..length].copy_from_slice(&text.as_bytes()[..length]);
    NOTE.set(note);
}

/// This thread serves a session that runs no statement; 0: none at all.
pub fn note_session(session: i32) {
    NOTE.set(Note { session, ..NOTHING });
}

/// What this thread is doing.
pub fn noted() -> Note {
    NOTE.get()
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
