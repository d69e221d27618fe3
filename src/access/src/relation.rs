//! Tables and indexes, as far as storage needs to know them. `schema` makes these from the catalogs.

use crate::{IndexAm, TableAm};
use arc_swap::ArcSwapOption;
use base::{Fork, Oid, RelFile, RelFork};
use buffer::Durability;
use lock::LockTag;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use tuple::{Comparator, KeyOrder, Repr, TupleDesc};
use xact::StatisticsKey;

/// What survives a crash of a relation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Persistence {
    /// Everything committed.
    #[default]
    Permanent,
    /// Nothing: it is reset to its init fork. Changes are not logged.
    Unlogged,
    /// Nothing; it belongs to one session. Changes are not logged.
    Temporary,
}

/// What a relation is: `pg_class.relkind`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RelationKind {
    /// A table (`r`).
    #[default]
    Table,
    /// A table of out-of-line values (`t`).
    Toast,
    /// A materialized view (`m`).
    MaterializedView,
    /// A sequence (`S`).
    Sequence,
    /// An index (`i`).
    Index,
    /// Something without pages of its own: view, composite type, foreign or partitioned relation.
    WithoutStorage,
}

/// A relation with pages. Immutable; a change of the table makes a new one.
#[derive(Clone)]
pub struct Relation {
    /// Its oid.
    pub oid: Oid,
    /// Its database, zero if it is shared by all. For lock tags.
    pub database: Oid,
    /// Where its pages are.
    pub file: RelFile,
    /// Its name, for messages.
    pub name: String,
    /// Its schema's name, for messages.
    pub namespace: String,
    /// Its columns.
    pub desc: Arc<TupleDesc>,
    /// What survives a crash.
    pub persistence: Persistence,
    /// What it is.
    pub kind: RelationKind,
    /// How full pages are made on insertion, in percent: 10 to 100.
    pub fillfactor: u8,
    /// Where its long values go.
    pub toast: Option<Arc<ToastTable>>,
    /// It is a system catalog.
    pub is_catalog: bool,
    /// How its rows are stored. `heap::AM`.
    pub am: &'static dyn TableAm,
    /// Where to insert next: begin with `Arc::default()`.
    pub targets: Arc<InsertTargets>,
}

/// The pages that took the last rows, a few of them so that sessions do not queue for one page, and what else the access method notes. Only
/// hints.
#[derive(Debug)]
pub struct InsertTargets {
    pages: [AtomicU32; 8],
    note: ArcSwapOption<Note>,
}

/// A value of the access method's own.
pub type Note = Box<dyn Any + Send + Sync>;

impl Default for InsertTargets {
    fn default() -> InsertTargets {
        let pages = std::array::from_fn(|_| AtomicU32::new(u32::MAX));
        InsertTargets { pages, note: ArcSwapOption::empty() }
    }
}

impl InsertTargets {
    /// The hint for a lock owner's number.
    pub fn of(&self, owner: u32) -> &AtomicU32 {
        &self.pages[owner as usize % self.pages.len()]
    }

    /// Looks at the note, if there is one of this type. Takes no lock and counts no reference.
    #[inline]
    pub fn note<T: 'static, R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        let note = self.note.load();
        note.as_ref()?.downcast_ref().map(look)
    }

    /// Puts a note in place of the one before.
    pub fn set_note(&self, note: Arc<Note>) {
        self.note.store(Some(note));
    }
}

/// The table of a relation's out-of-line values, and that table's index.
#[derive(Clone, Debug)]
pub struct ToastTable {
    /// Columns: chunk_id oid, chunk_seq int4, chunk_data bytea.
    pub table: Arc<Relation>,
    /// Unique, on chunk_id and chunk_seq.
    pub index: Arc<Index>,
}

impl Relation {
    /// The lock on the whole relation.
    pub fn lock_tag(&self) -> LockTag {
        LockTag::Relation { database: self.database, relation: self.oid }
    }

    /// What the statistics know it by.
    #[inline]
    pub fn statistics_key(&self) -> StatisticsKey {
        (self.database, self.oid)
    }

    /// The file with its rows.
    pub fn main_fork(&self) -> RelFork {
        RelFork { file: self.file, fork: Fork::Main }
    }

    /// Another of its forks.
    pub fn fork(&self, fork: Fork) -> RelFork {
        RelFork { file: self.file, fork }
    }

    /// Whether its changes go into the WAL.
    pub fn durability(&self) -> Durability {
        match self.persistence {
            Persistence::Permanent => Durability::Logged,
            Persistence::Unlogged | Persistence::Temporary => Durability::Unlogged,
        }
    }
}

impl fmt::Debug for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relation({} {}.{}, {})", self.oid, self.namespace, self.name, self.file)
    }
}

/// An index. Its relation's `desc` has the key columns first, then those of INCLUDE.
#[derive(Clone)]
pub struct Index {
    /// Oid, file, name and columns of the index. Its `am` is never used.
    pub relation: Relation,
    /// The order of each key column.
    pub orders: Vec<KeyOrder>,
    /// For each column, key or included, the table's column (0-based); `None` for an expression.
    pub table_columns: Vec<Option<usize>>,
    /// No two live rows have equal keys.
    pub is_unique: bool,
    /// Null keys are equal to each other in the unique check.
    pub nulls_not_distinct: bool,
    /// How its entries are stored. `btree::AM`.
    pub am: &'static dyn IndexAm,
}

impl Index {
    /// Number of key columns.
    pub fn key_count(&self) -> usize {
        self.orders.len()
    }

    /// The representation of a column.
    pub fn repr(&self, column: usize) -> Repr {
        self.relation.desc.attributes[column].repr
    }

    /// Orders the values of a key column, without direction.
    pub fn comparator(&self, column: usize) -> &Comparator {
        &self.orders[column].comparator
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({} {})", self.relation.oid, self.relation.name)
    }
}
