//! Relation entries: found in the caches or made from the catalogs.

use crate::caches::RelationKey;
use crate::reader::Catalog;
use crate::relation::{ColumnDefault, RelationEntry};
use crate::tables::Key;
use base::Oid;
use catalog::rows::{PgAttrdef, PgAttribute, PgClass, PgConstraint, PgIndex, PgRewrite, PgTrigger, PgType};
use catalog::{CacheId, columns as c, decode_array};
use report::{Result, error};
use std::sync::Arc;
use tuple::{Attribute, Datum, Repr, TupleDesc};

impl Catalog<'_> {
    /// The relation with this object id, `None` if there is none.
    pub fn relation(&self, oid: Oid) -> Result<Option<Arc<RelationEntry>>> {
        let key = RelationKey { database: self.database_of(oid), relation: oid };
        if self.overlay.covers_relation(key) {
            return self.own_relation(key);
        }
        if let Some(found) = self.caches.find_relation(&key) {
            return Ok(Some(found));
        }
        let _for_all = memory::Aside::begin();
        let stamp = self.caches.relation_stamp(&key);
        let entry = self.build_relation(oid)?.map(Arc::new);
        if let Some(entry) = &entry {
            self.caches.add_relation(key, Arc::clone(entry), stamp);
        }
        Ok(entry)
    }

    fn own_relation(&self, key: RelationKey) -> Result<Option<Arc<RelationEntry>>> {
        if let Some(found) = self.overlay.find_relation(key) {
            return Ok(Some(found));
        }
        let entry = self.build_relation(key.relation)?.map(Arc::new);
        if let Some(entry) = &entry {
            self.overlay.add_relation(key, Arc::clone(entry));
        }
        Ok(entry)
    }

    /// The relation with this object id. Errors: XX000 if there is none: callers hold a lock on it.
    pub fn open_relation(&self, oid: Oid) -> Result<Arc<RelationEntry>> {
        self.relation(oid)?.ok_or_else(|| error!(INTERNAL_ERROR, "could not open relation with OID {oid}"))
    }

    fn build_relation(&self, oid: Oid) -> Result<Option<RelationEntry>> {
        let Some(class) = self.row::<PgClass>(CacheId::Reloid, &[Datum::Oid(oid)])? else {
            return Ok(None);
        };
        let desc = self.read_columns(oid)?;
        let mut entry = RelationEntry::new(class.row.clone(), self.database, desc);
        self.add_indexes(&mut entry)?;
        self.add_expressions(&mut entry)?;
        self.add_rules(&mut entry)?;
        self.add_storage(&mut entry)?;
        Ok(Some(entry))
    }

    fn read_columns(&self, oid: Oid) -> Result<TupleDesc> {
        let mut rows = self.scan::<PgAttribute>(&[Key::oid(c::pg_attribute::ATTRELID, oid)])?;
        rows.retain(|row| row.attnum > 0);
        rows.sort_by_key(|row| row.attnum);
        let attributes = rows.iter().map(|row| self.attribute_of(row)).collect::<Result<Vec<_>>>()?;
        Ok(TupleDesc { attributes })
    }

    /// A pg_attribute row as storage and display need it.
    pub fn attribute_of(&self, row: &PgAttribute) -> Result<Attribute> {
        let repr = match row.attisdropped {
            // The type of a dropped column may be gone; its values are skipped by their stored form alone.
            true => Repr::of_type(row.atttypid, row.attlen, row.attbyval, b'b'),
            false => self.repr_of_type(row.atttypid)?,
        };
        Ok(Attribute {
            name: row.attname.clone(),
            type_oid: row.atttypid,
            type_mod: row.atttypmod,
            type_len: row.attlen,
            collation: row.attcollation,
            repr,
            storage: row.attstorage,
            not_null: row.attnotnull,
            is_dropped: row.attisdropped,
            missing: missing_value(row),
            generated: row.attgenerated,
            identity: row.attidentity,
            has_default: row.atthasdef,
        })
    }

    /// Which variant of datum a type uses; a domain's is its base type's. Errors: XX000 if there is no such type.
    pub fn repr_of_type(&self, oid: Oid) -> Result<Repr> {
        let mut oid = oid;
        loop {
            let row = self.row::<PgType>(CacheId::Typeoid, &[Datum::Oid(oid)])?;
            let row = check_lookup(row, "type", oid)?;
            match row.typtype {
                b'd' => oid = row.typbasetype,
                kind => return Ok(Repr::of_type(oid, row.typlen, row.typbyval, kind)),
            }
        }
    }

    fn add_indexes(&self, entry: &mut RelationEntry) -> Result<()> {
        if matches!(entry.kind(), b'i' | b'I') {
            let row = self.row::<PgIndex>(CacheId::Indexrelid, &[Datum::Oid(entry.oid)])?;
            entry.index = row.map(|row| Box::new(row.row.clone()));
        }
        if entry.class.relhasindex {
            let rows = self.scan::<PgIndex>(&[Key::oid(c::pg_index::INDRELID, entry.oid)])?;
            let mut live: Vec<_> = rows.iter().filter(|row| row.indislive).collect();
            live.sort_by_key(|row| row.indexrelid);
            entry.indexes = live.iter().map(|row| row.indexrelid).collect();
            entry.primary_key = live.iter().find(|row| row.indisprimary).map_or(Oid::INVALID, |row| row.indexrelid);
        }
        Ok(())
    }

    fn add_expressions(&self, entry: &mut RelationEntry) -> Result<()> {
        if entry.desc.attributes.iter().any(|a| a.has_default) {
            let rows = self.scan::<PgAttrdef>(&[Key::oid(c::pg_attrdef::ADRELID, entry.oid)])?;
            let default = |row: PgAttrdef| ColumnDefault { oid: row.oid, column: row.adnum, expression: row.adbin };
            entry.defaults = rows.into_iter().map(|row| default(row.row)).collect();
            entry.defaults.sort_by_key(|default| default.column);
        }
        if entry.class.relchecks > 0 {
            let rows = self.scan::<PgConstraint>(&[Key::oid(c::pg_constraint::CONRELID, entry.oid)])?;
            entry.checks = rows.into_iter().map(|row| row.row).filter(|row| row.contype == b'c').collect();
            entry.checks.sort_by(|a, b| a.conname.cmp(&b.conname));
        }
        Ok(())
    }

    fn add_rules(&self, entry: &mut RelationEntry) -> Result<()> {
        if entry.class.relhasrules {
            let mut rows = self.scan::<PgRewrite>(&[Key::oid(c::pg_rewrite::EV_CLASS, entry.oid)])?;
            rows.sort_by(|a, b| a.rulename.cmp(&b.rulename));
            for row in rows {
                match row.rulename.as_str() {
                    "_RETURN" => entry.view_query = Some(row.row.ev_action),
                    _ => entry.rules.push(row.oid),
                }
            }
        }
        if entry.class.relhastriggers {
            let rows = self.scan::<PgTrigger>(&[Key::oid(c::pg_trigger::TGRELID, entry.oid)])?;
            entry.triggers = rows.into_iter().map(|row| row.row).collect();
            entry.triggers.sort_by(|a, b| a.tgname.cmp(&b.tgname));
        }
        Ok(())
    }
}

/// What rows from before ADD COLUMN ... DEFAULT read: the one element of attmissingval.
fn missing_value(row: &PgAttribute) -> Option<Datum> {
    if !row.atthasmissing || row.attmissingval.is_null() {
        return None;
    }
    decode_array(&row.attmissingval).into_iter().next()
}

/// What must be there. Errors: XX000 `cache lookup failed for {what} {oid}`.
pub(crate) fn check_lookup<T>(found: Option<T>, what: &str, oid: Oid) -> Result<T> {
    found.ok_or_else(|| error!(INTERNAL_ERROR, "cache lookup failed for {what} {oid}"))
}
