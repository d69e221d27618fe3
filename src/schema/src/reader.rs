//! The catalogs as a statement reads and writes them.

use crate::caches::{CachedRows, Caches, RelationKey, RowKey};
use crate::invalidation::{Invalidation, Invalidations};
use crate::key::same_datum;
use crate::overlay::Overlay;
use crate::relation::RelationEntry;
use crate::tables::{Key, Place, StoredRow, Tables};
use base::{Oid, Tid};
use catalog::{CACHES, CacheId, Relation, Row, columns as c, oids};
use report::{Error, Result};
use std::ops::Deref;
use std::sync::Arc;
use tuple::Datum;
use xact::Snapshot;

/// A row of a catalog and where it is.
#[derive(Clone, Debug)]
pub struct CatalogRow<R> {
    /// Where it is.
    pub tid: Tid,
    /// Its content.
    pub row: R,
}

impl<R> Deref for CatalogRow<R> {
    type Target = R;
    fn deref(&self) -> &R {
        &self.row
    }
}

/// What the catalogs are at a moment. Two equal ones: to the session nothing in them has changed in between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CatalogVersion {
    /// The instance.
    origin: u64,
    /// Committed changes by anybody.
    shared: u64,
    /// Changes of the session's own transaction, as far as it has come; zero without any.
    own: u64,
}

/// Rows found together, shared.
pub type Rows<R> = Arc<[Arc<CatalogRow<R>>]>;

/// Reader and writer of the catalogs, for the length of a statement or less.
///
/// Reads see what is committed at the moment of the call and all changes of the own transaction; never the statement's
/// snapshot. Rows come from the shared caches; what the own transaction changed comes from the tables.
pub struct Catalog<'a> {
    pub(crate) caches: &'a Caches,
    pub(crate) overlay: &'a Overlay,
    pub(crate) tables: Tables<'a>,
    pub(crate) database: Oid,
}

impl<'a> Catalog<'a> {
    /// The catalogs of `database` (zero before one is chosen: then only shared catalogs may be read).
    pub fn new(caches: &'a Caches, overlay: &'a Overlay, tables: Tables<'a>, database: Oid) -> Catalog<'a> {
        Catalog { caches, overlay, tables, database }
    }

    /// The database whose catalogs these are.
    pub fn database_oid(&self) -> Oid {
        self.database
    }

    /// The row under a whole key, `None` if there is none. Panics if the cache is not one of `R`'s catalog.
    pub fn row<R: Row>(&self, cache: CacheId, key: &[Datum]) -> Result<Option<Arc<CatalogRow<R>>>> {
        debug_assert_eq!(key.len(), cache.cache().keys.len(), "{cache:?} wants its whole key");
        Ok(self.rows::<R>(cache, key)?.first().cloned())
    }

    /// All rows under the first columns of a key (or all of them).
    pub fn rows<R: Row>(&self, cache: CacheId, key: &[Datum]) -> Result<Rows<R>> {
        assert!(std::ptr::eq(cache.cache().relation, R::RELATION), "{cache:?} is not of {}", R::RELATION.name);
        let key = RowKey::new(cache, self.database, key);
        if self.overlay.covers_row(key) {
            return self.own_rows(key);
        }
        if let Some(found) = self.caches.find_rows(key) {
            return Ok(typed(&found));
        }
        let _for_all = memory::Aside::begin();
        let stamp = self.caches.rows_stamp(key);
        let rows = self.read_rows::<R>(key)?;
        self.caches.add_rows(Arc::new(CachedRows::new(key, Box::new(Arc::clone(&rows)))), stamp);
        Ok(rows)
    }

    fn own_rows<R: Row>(&self, key: RowKey<'_>) -> Result<Rows<R>> {
        if let Some(found) = self.overlay.find_rows(key) {
            return Ok(typed(&found));
        }
        let rows = self.read_rows::<R>(key)?;
        self.overlay.add_rows(key, Arc::new(CachedRows::new(key, Box::new(Arc::clone(&rows)))));
        Ok(rows)
    }

    fn read_rows<R: Row>(&self, key: RowKey<'_>) -> Result<Rows<R>> {
        let columns = key.cache.cache().keys;
        let keys: Vec<Key> =
            columns.iter().zip(key.key).map(|(column, value)| Key { column: *column, value: value.clone() }).collect();
        Ok(self.scan::<R>(&keys)?.into_iter().map(Arc::new).collect())
    }

    /// Rows that meet all keys, read from the table, not cached: through an index if the keys are the leading columns
    /// of one, else by reading all.
    pub fn scan<R: Row>(&self, keys: &[Key]) -> Result<Vec<CatalogRow<R>>> {
        let rows = self.tables.scan(self.place(R::RELATION), keys)?;
        let typed = |(tid, row): StoredRow| CatalogRow { tid, row: R::from_row(&row) };
        Ok(rows.into_iter().map(typed).collect())
    }

    /// True if a row was there before a snapshot was taken: the snapshot sees it, and another transaction wrote it.
    pub fn is_older<R: Row>(&self, row: &CatalogRow<R>, snapshot: Snapshot) -> Result<bool> {
        self.tables.is_older(self.place(R::RELATION), row.tid, snapshot)
    }

    /// Adds a row. Errors: 23505 if a unique index has its key.
    pub fn insert<R: Row>(&self, row: &R) -> Result<Tid> {
        let values = row.to_row();
        self.note_change(R::RELATION, &values)?;
        self.tables.insert(self.place(R::RELATION), values)
    }

    /// Replaces a row that was read before. Returns where it is now.
    ///
    /// Errors: XX000 `tuple concurrently updated` if another transaction changed it: callers hold a lock on the object.
    pub fn update<R: Row>(&self, old: &CatalogRow<R>, new: &R) -> Result<Tid> {
        let values = new.to_row();
        self.note_change(R::RELATION, &old.row.to_row())?;
        self.note_change(R::RELATION, &values)?;
        self.tables.update(self.place(R::RELATION), old.tid, values)
    }

    /// Changes columns of fixed width in the one row that meets the keys, where it is: for all to see at once and whatever
    /// becomes of this transaction. For what is true or harmless either way: a relation's size, or that it has indexes. No
    /// newer version comes of it, so it never meets with others' changes of the row.
    ///
    /// Errors: XX000 if there is no such row.
    pub fn overwrite<R: Row>(&self, keys: &[Key], change: impl Fn(&mut R)) -> Result<()> {
        loop {
            let Some(mut row) = self.scan::<R>(keys)?.pop() else {
                return Err(Error::internal(format!("{} has no such row", R::RELATION.name)));
            };
            let before = row.row.to_row();
            change(&mut row.row);
            let after = row.row.to_row();
            if before.iter().zip(&after).all(|(a, b)| same_datum(a, b)) {
                return Ok(());
            }
            if self.tables.overwrite(self.place(R::RELATION), row.tid, after)? {
                return self.forget_at_once(R::RELATION, &before);
            }
        }
    }

    /// A row has changed for everybody, before this transaction ends.
    fn forget_at_once(&self, relation: &'static Relation, row: &[Datum]) -> Result<()> {
        let mut all = Invalidations::default();
        self.each_change(relation, row, &mut |invalidation| {
            all.add(invalidation);
            Ok(())
        })?;
        self.overlay.forget_versions();
        self.caches.apply(&all);
        Ok(())
    }

    /// Removes a row that was read before. Errors: as `update`.
    pub fn delete<R: Row>(&self, old: &CatalogRow<R>) -> Result<()> {
        self.note_change(R::RELATION, &old.row.to_row())?;
        self.tables.delete(self.place(R::RELATION), old.tid)
    }

    /// Removes all rows that meet the keys. Returns how many.
    pub fn delete_where<R: Row>(&self, keys: &[Key]) -> Result<usize> {
        let rows = self.scan::<R>(keys)?;
        rows.iter().try_for_each(|row| self.delete(row))?;
        Ok(rows.len())
    }

    /// An object id that no row of the catalog has.
    pub fn new_oid<R: Row>(&self) -> Result<Oid> {
        debug_assert_eq!(R::RELATION.columns[0].name, "oid");
        loop {
            let oid = self.tables.next_oid()?;
            if self.tables.scan(self.place(R::RELATION), &[Key::oid(1, oid)])?.is_empty() {
                return Ok(oid);
            }
        }
    }

    /// Makes all sessions look at a relation anew when this transaction commits, though no row of it changed
    /// (statistics, file extension).
    pub fn touch_relation(&self, relation: Oid) -> Result<()> {
        self.note_relation(relation)
    }

    /// Makes all sessions forget everything of a database when this transaction commits (DROP DATABASE).
    pub fn touch_database(&self, database: Oid) -> Result<()> {
        self.note(Invalidation::Database { database })
    }

    fn place(&self, relation: &'static Relation) -> Place<'_> {
        let database = if relation.shared { Oid::INVALID } else { self.database };
        Place { relation, database, caches: self.caches }
    }

    /// The database that a relation is cached under: zero if it is shared.
    pub(crate) fn database_of(&self, relation: Oid) -> Oid {
        if catalog::is_shared_relation(relation) { Oid::INVALID } else { self.database }
    }

    /// Notes what a row that comes or goes means for the caches.
    fn note_change(&self, relation: &'static Relation, row: &[Datum]) -> Result<()> {
        self.each_change(relation, row, &mut |invalidation| self.note(invalidation))
    }

    /// What a row that comes or goes means for the caches.
    fn each_change(
        &self,
        relation: &'static Relation,
        row: &[Datum],
        note: &mut dyn FnMut(Invalidation) -> Result<()>,
    ) -> Result<()> {
        for cache in CACHES.iter().filter(|cache| std::ptr::eq(cache.relation, relation)) {
            let key: Vec<Datum> = cache.keys.iter().map(|column| row[*column as usize - 1].clone()).collect();
            for columns in 1..=key.len() {
                let slot = RowKey::new(cache.id, self.database, &key[..columns]).slot;
                note(Invalidation::Row { database: slot.database, hash: slot.hash })?;
            }
        }
        for column in relation_columns(relation.oid) {
            let relation = row[*column as usize - 1].as_oid();
            if relation.is_valid() {
                note(Invalidation::Relation { database: self.database_of(relation), relation })?;
            }
        }
        Ok(())
    }

    fn note_relation(&self, relation: Oid) -> Result<()> {
        if !relation.is_valid() {
            return Ok(());
        }
        self.note(Invalidation::Relation { database: self.database_of(relation), relation })
    }

    /// A change goes into the overlay and, the first time, into the transaction's commit record.
    fn note(&self, invalidation: Invalidation) -> Result<()> {
        if self.overlay.note(invalidation) {
            self.tables.add_invalidation(&Invalidations::of(invalidation).encode())?;
        }
        Ok(())
    }

    /// True if a relation entry that was found earlier is what this transaction would find now.
    pub fn is_current(&self, entry: &RelationEntry) -> bool {
        let key = RelationKey { database: entry.database, relation: entry.oid };
        if !self.overlay.covers_relation(key) {
            return !entry.is_stale();
        }
        self.overlay.find_relation(key).is_some_and(|own| std::ptr::eq(&*own, entry))
    }

    /// What the catalogs are now, for this session.
    pub fn version(&self) -> CatalogVersion {
        // Sessions without changes of their own see the same, and run each other's plans.
        let own = if self.overlay.is_empty() { 0 } else { self.overlay.version() };
        CatalogVersion { origin: self.caches.origin(), shared: self.caches.changes(), own }
    }

    /// Counts changes of catalogs by anybody: as [`Caches::changes`], but `None` while the own transaction has changes.
    pub fn changes(&self) -> Option<u64> {
        self.overlay.is_empty().then(|| self.caches.changes())
    }
}

/// The cached list as its type.
fn typed<R: Row>(found: &CachedRows) -> Rows<R> {
    let rows = found.rows.downcast_ref::<Rows<R>>().expect("a cache holds rows of its catalog");
    Arc::clone(rows)
}

/// The columns of a catalog whose relation's entry is made from the row.
fn relation_columns(catalog: Oid) -> &'static [i16] {
    match catalog {
        oids::PG_CLASS => &[c::pg_class::OID],
        oids::PG_ATTRIBUTE => &[c::pg_attribute::ATTRELID],
        oids::PG_INDEX => &[c::pg_index::INDEXRELID, c::pg_index::INDRELID],
        oids::PG_ATTRDEF => &[c::pg_attrdef::ADRELID],
        oids::PG_CONSTRAINT => &[c::pg_constraint::CONRELID],
        oids::PG_REWRITE => &[c::pg_rewrite::EV_CLASS],
        oids::PG_TRIGGER => &[c::pg_trigger::TGRELID],
        _ => &[],
    }
}
