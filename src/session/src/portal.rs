//! Portals: queries under way, from which rows are taken in pieces. A cursor is a portal with a name and a text.
//!
//! A portal keeps its executor between messages. Rows of a cursor that may move backward, or that outlives its transaction, are
//! kept in a store as they are produced.
//!
//! Life: made by Bind or DECLARE; gone at Close, at the end of its transaction (unless WITH HOLD), or when the savepoint in which
//! it was made is undone.

use crate::query::ResultColumns;
use exec::store::Tuplestore;
use exec::{Executor, Params};
use instance::Prepared;
use parser::ast::CursorOptions;
use proto::frontend::Formats;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A query under way.
pub(crate) struct Portal {
    /// Its name; empty for the protocol's unnamed one.
    pub(crate) name: String,
    /// The statement it runs.
    pub(crate) statement: Arc<Prepared>,
    /// Values of its parameters.
    pub(crate) params: Arc<Params>,
    /// Formats of its result columns.
    pub(crate) formats: Formats,
    /// Its result columns, none if it returns no rows.
    pub(crate) columns: Option<Arc<ResultColumns>>,
    /// How far it has come.
    pub(crate) progress: Progress,
    /// DECLARE's options; none for the protocol's portals.
    pub(crate) cursor: Option<CursorOptions>,
    /// It may be asked for earlier rows.
    pub(crate) may_scroll: bool,
    /// Open savepoints when it was made.
    pub(crate) depth: usize,
    /// It was made in a transaction that has committed.
    pub(crate) is_held: bool,
}

/// How far a portal has come.
pub(crate) enum Progress {
    /// Not run yet.
    New,
    /// Rows come from the executor, and are kept if `kept` says so.
    Running(Running),
    /// All rows are in the store.
    Stored(Box<Stored>),
    /// It has run to its end.
    Done,
    /// It failed: it cannot be run again.
    Failed,
}

/// A portal whose rows come from the executor.
pub(crate) struct Running {
    pub(crate) executor: Executor,
    /// Rows returned so far.
    pub(crate) position: u64,
    /// The executor has no more rows.
    pub(crate) at_end: bool,
    /// Rows returned, for a cursor that may go back. Behind a row's columns stands what rows of tables it was made of.
    pub(crate) kept: Option<Box<Tuplestore>>,
}

/// A portal whose rows are all there.
pub(crate) struct Stored {
    pub(crate) rows: Tuplestore,
    /// Rows in front of these that were given and not kept.
    pub(crate) skipped: u64,
    /// Before which row it stands: 0 is before the first.
    pub(crate) position: u64,
}

/// A session's portals.
#[derive(Default)]
pub(crate) struct Portals {
    /// The protocol's unnamed one, which most clients use for all that they do.
    unnamed: Option<Portal>,
    /// The others.
    named: BTreeMap<String, Portal>,
    /// Where the values of an unnamed portal were that is gone: the next one's are put there.
    spare: Option<Arc<Params>>,
}

impl Portals {
    pub(crate) fn find(&mut self, name: &str) -> Option<&mut Portal> {
        if name.is_empty() { self.unnamed.as_mut() } else { self.named.get_mut(name) }
    }

    /// Takes a portal out, to run it while the session is used; give it back with `put`.
    pub(crate) fn take(&mut self, name: &str) -> Option<Portal> {
        if name.is_empty() { self.unnamed.take() } else { self.named.remove(name) }
    }

    /// Room for a portal's values.
    pub(crate) fn room_for_values(&mut self) -> Arc<Params> {
        self.spare.take().unwrap_or_default()
    }

    pub(crate) fn put(&mut self, portal: Portal) {
        if portal.name.is_empty() {
            self.unnamed = Some(portal);
        } else {
            self.named.insert(portal.name.clone(), portal);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unnamed.is_none() && self.named.is_empty()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        if name.is_empty() { self.unnamed.is_some() } else { self.named.contains_key(name) }
    }

    pub(crate) fn close(&mut self, name: &str) -> bool {
        self.take(name).is_some()
    }

    /// CLOSE ALL: cursors, and the portals of the protocol that wait.
    pub(crate) fn close_cursors(&mut self) {
        self.named.clear();
    }

    /// DISCARD ALL, and the session's end.
    pub(crate) fn close_all(&mut self) {
        self.unnamed = None;
        self.named.clear();
    }

    /// Names of cursors WITH HOLD that their transaction's commit has yet to make independent of it.
    pub(crate) fn to_be_held(&self) -> Vec<String> {
        let waits = |portal: &&Portal| portal.cursor.is_some_and(|options| options.hold) && !portal.is_held;
        self.named.values().filter(waits).map(|portal| portal.name.clone()).collect()
    }

    /// A transaction has ended: only held cursors of committed transactions stay.
    pub(crate) fn end_transaction(&mut self, _committed: bool) {
        self.retain(|portal| portal.is_held);
    }

    /// A savepoint was released: its portals belong to the level outside.
    pub(crate) fn savepoint_released(&mut self, depth: usize) {
        let all = self.named.values_mut().chain(&mut self.unnamed);
        all.for_each(|portal| portal.depth = portal.depth.min(depth));
    }

    /// A savepoint was undone: portals made inside it go.
    pub(crate) fn savepoint_rolled_back(&mut self, depth: usize) {
        self.retain(|portal| portal.is_held || portal.depth <= depth);
    }

    fn retain(&mut self, keep: impl Fn(&Portal) -> bool) {
        if let Some(gone) = self.unnamed.take_if(|portal| !keep(portal)) {
            let mut params = gone.params;
            // Unless somebody still looks at the old values.
            if let Some(room) = Arc::get_mut(&mut params) {
                room.values.clear();
                self.spare = Some(params);
            }
        }
        self.named.retain(|_, portal| keep(portal));
    }
}
