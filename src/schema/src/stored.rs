//! Relation entries as storage sees them.

use crate::build::check_lookup;
use crate::caches::AccessMethods;
use crate::reader::Catalog;
use crate::relation::RelationEntry;
use access::{Index, Persistence, Relation, RelationKind, ToastTable};
use base::Oid;
use catalog::rows::PgIndex;
use report::Result;
use std::sync::Arc;
use tuple::{Datum, KeyOrder};

/// Index options of a column (pg_index.indoption).
const DESCENDING: i16 = 1;
const NULLS_FIRST: i16 = 2;

impl Catalog<'_> {
    /// The index with this object id, as storage sees it. Errors: XX000 if there is none.
    pub fn index(&self, oid: Oid) -> Result<Arc<Index>> {
        let entry = self.open_relation(oid)?;
        check_lookup(entry.stored_index.clone(), "index", oid)
    }

    /// All rows of a table, none if it has no storage. Errors: XX000 if there is no such relation.
    pub fn rows_of_table(&self, oid: Oid) -> Result<Vec<Vec<Datum>>> {
        let entry = self.open_relation(oid)?;
        let Some(table) = &entry.table else { return Ok(Vec::new()) };
        Ok(self.tables.rows(table)?.into_iter().map(|(_, row)| row).collect())
    }

    /// Fills in what storage needs to know.
    pub(crate) fn add_storage(&self, entry: &mut RelationEntry) -> Result<()> {
        let (Some(methods), Some(_)) = (self.caches.methods(), entry.file) else { return Ok(()) };
        let relation = self.stored_relation(entry, methods)?;
        match &entry.index {
            Some(row) => entry.stored_index = Some(Arc::new(self.stored_index(relation, row, methods)?)),
            None => entry.table = Some(Arc::new(relation)),
        }
        Ok(())
    }

    fn stored_relation(&self, entry: &RelationEntry, methods: AccessMethods) -> Result<Relation> {
        let namespace = check_lookup(self.namespace(entry.class.relnamespace)?, "namespace", entry.class.relnamespace)?;
        Ok(Relation {
            oid: entry.oid,
            database: entry.database,
            file: entry.file.expect("only called for relations with files"),
            name: entry.class.relname.clone(),
            namespace: namespace.nspname.clone(),
            desc: Arc::clone(&entry.desc),
            persistence: persistence(entry.class.relpersistence),
            kind: kind(entry.class.relkind),
            fillfactor: entry.option("fillfactor").and_then(|text| text.parse().ok()).unwrap_or(100),
            toast: self.toast_table(entry.class.reltoastrelid)?,
            is_catalog: entry.oid < Oid::FIRST_UNPINNED,
            am: methods.table,
            targets: Arc::default(),
        })
    }

    fn toast_table(&self, oid: Oid) -> Result<Option<Arc<ToastTable>>> {
        if !oid.is_valid() {
            return Ok(None);
        }
        let entry = self.open_relation(oid)?;
        let table = check_lookup(entry.table.clone(), "toast table", oid)?;
        let index = check_lookup(entry.indexes.first().copied(), "index of toast table", oid)?;
        Ok(Some(Arc::new(ToastTable { table, index: self.index(index)? })))
    }

    fn stored_index(&self, relation: Relation, row: &PgIndex, methods: AccessMethods) -> Result<Index> {
        let mut orders = Vec::with_capacity(row.indnkeyatts as usize);
        for at in 0..row.indnkeyatts as usize {
            let attribute = &relation.desc.attributes[at];
            let option = row.indoption.get(at).copied().unwrap_or(0);
            let collation = row.indcollation.get(at).copied().unwrap_or_default();
            orders.push(KeyOrder {
                comparator: builtins::comparator(attribute.type_oid, collation, self)?,
                descending: option & DESCENDING != 0,
                nulls_first: option & NULLS_FIRST != 0,
            });
        }
        Ok(Index {
            relation,
            orders,
            table_columns: row.indkey.iter().map(|column| (*column > 0).then(|| *column as usize - 1)).collect(),
            is_unique: row.indisunique,
            nulls_not_distinct: row.indnullsnotdistinct,
            am: methods.index,
        })
    }
}

fn persistence(letter: u8) -> Persistence {
    match letter {
        b'u' => Persistence::Unlogged,
        b't' => Persistence::Temporary,
        _ => Persistence::Permanent,
    }
}

fn kind(letter: u8) -> RelationKind {
    match letter {
        b't' => RelationKind::Toast,
        b'm' => RelationKind::MaterializedView,
        b'S' => RelationKind::Sequence,
        b'i' => RelationKind::Index,
        b'r' => RelationKind::Table,
        _ => RelationKind::WithoutStorage,
    }
}
