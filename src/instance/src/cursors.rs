//! Cursors, as far as those who list them or change the row that one stands on need to know.

use base::{Oid, Tid};

/// A cursor of a session.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    /// The text that declared it.
    pub statement: String,
    /// WITH HOLD.
    pub is_holdable: bool,
    /// BINARY.
    pub is_binary: bool,
    /// It may go back.
    pub is_scrollable: bool,
    /// When it was declared: microseconds since 2000-01-01 UTC.
    pub made_us: i64,
    /// It was declared in a transaction that has committed.
    pub is_held: bool,
    /// Its query locks rows (FOR UPDATE and the like): `relations` are those that it locks, else those that it simply scans.
    pub locks_rows: bool,
    /// The tables whose rows may be changed by WHERE CURRENT OF.
    pub relations: Vec<Oid>,
    /// The rows of these tables that it stands on; none before the first and after the last row.
    pub standing: Option<Vec<(Oid, Tid)>>,
}
