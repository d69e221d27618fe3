//! A relation as queries see it: its pg_class row and all that hangs off it, ready to use.

use access::{Index, Relation};
use base::{DEFAULT_TABLESPACE, GLOBAL_TABLESPACE, Oid, RelFile};
use catalog::rows::{PgClass, PgConstraint, PgIndex, PgTrigger};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tuple::TupleDesc;

/// A relation: table, index, view, sequence, composite type. Immutable; a change makes a new one.
#[derive(Debug)]
pub struct RelationEntry {
    /// Its object id.
    pub oid: Oid,
    /// The database it is in, zero if shared.
    pub database: Oid,
    /// Its pg_class row.
    pub class: PgClass,
    /// Its columns, dropped ones included. Column n is `desc.attributes[n - 1]`.
    pub desc: Arc<TupleDesc>,
    /// Its files; `None` for views, composite types and partitioned tables.
    pub file: Option<RelFile>,
    /// The table as storage sees it; `None` for indexes and what has no files.
    pub table: Option<Arc<Relation>>,
    /// The index as storage sees it.
    pub stored_index: Option<Arc<Index>>,
    /// Indexes of a table that are ready or being made, by object id.
    pub indexes: Vec<Oid>,
    /// Its primary key's index, zero if none.
    pub primary_key: Oid,
    /// If it is an index: its pg_index row.
    pub index: Option<Box<PgIndex>>,
    /// Default expressions by column number, as stored.
    pub defaults: Vec<ColumnDefault>,
    /// CHECK constraints, by name; other kinds are found by [`crate::Catalog::constraints`].
    pub checks: Vec<PgConstraint>,
    /// Rewrite rules other than a view's own: their pg_rewrite object ids.
    pub rules: Vec<Oid>,
    /// A view's query as stored in its `_RETURN` rule.
    pub view_query: Option<String>,
    /// Triggers, by name (foreign keys act through them).
    pub triggers: Vec<PgTrigger>,
    stale: AtomicBool,
}

/// A row of pg_attrdef.
#[derive(Clone, Debug)]
pub struct ColumnDefault {
    /// The pg_attrdef row's object id.
    pub oid: Oid,
    /// The column, from 1.
    pub column: i16,
    /// The stored expression.
    pub expression: String,
}

impl RelationEntry {
    /// An entry without columns, indexes or anything else.
    pub(crate) fn new(class: PgClass, database: Oid, desc: TupleDesc) -> RelationEntry {
        let database = if class.relisshared { Oid::INVALID } else { database };
        RelationEntry {
            oid: class.oid,
            database,
            file: relation_file(&class, database),
            class,
            desc: Arc::new(desc),
            table: None,
            stored_index: None,
            indexes: Vec::new(),
            primary_key: Oid::INVALID,
            index: None,
            defaults: Vec::new(),
            checks: Vec::new(),
            rules: Vec::new(),
            view_query: None,
            triggers: Vec::new(),
            stale: AtomicBool::new(false),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.class.relname
    }

    /// r, i, S, t, v, m, c, f, p or I: what kind of relation it is.
    pub fn kind(&self) -> u8 {
        self.class.relkind
    }

    /// True once a committed change has replaced this version, or the transaction whose own version it is has changed catalogs
    /// again or ended. A plan that holds it must be made anew. That the own transaction has replaced a version which others still
    /// see does not show here: [`crate::Catalog::is_current`] knows both.
    pub fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Acquire)
    }

    pub(crate) fn set_stale(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// The number of the column with this name that is not dropped, from 1.
    pub fn column(&self, name: &str) -> Option<i16> {
        let at = self.desc.attributes.iter().position(|a| !a.is_dropped && a.name == name)?;
        Some(at as i16 + 1)
    }

    /// A storage parameter (`fillfactor=70` in reloptions) as written.
    pub fn option(&self, name: &str) -> Option<&str> {
        let pairs = self.class.reloptions.iter().flatten().filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    }

    /// The stored default of a column.
    pub fn default(&self, column: i16) -> Option<&ColumnDefault> {
        self.defaults.iter().find(|d| d.column == column)
    }
}

/// The files of a relation that has some. A relfilenode of zero is a nailed catalog's: its file number is its object id.
pub fn relation_file(class: &PgClass, database: Oid) -> Option<RelFile> {
    if !matches!(class.relkind, b'r' | b'i' | b'S' | b't' | b'm') {
        return None;
    }
    let number = if class.relfilenode.is_valid() { class.relfilenode.0 } else { class.oid.0 };
    let tablespace = match (class.relisshared, class.reltablespace) {
        (true, _) => GLOBAL_TABLESPACE,
        (false, Oid::INVALID) => DEFAULT_TABLESPACE,
        (false, other) => other,
    };
    let database = if class.relisshared { Oid::INVALID } else { database };
    Some(RelFile { tablespace, database, number })
}
