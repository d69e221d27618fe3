//! The catalogs as constants and types: what they are called, which columns they have, how a row is read.
//!
//! Everything here is generated from `catalog/*.toml` by crate `generator`: row structs ([`rows`]), column numbers
//! ([`columns`]), object ids ([`oids`]), descriptors of relations and indexes ([`relations`]) and of system caches
//! ([`CACHES`]). No table is read here: crate `schema` does that.
#![forbid(unsafe_code)]

mod acl;
mod array;
mod fields;

pub use acl::AclItem;
pub use array::{decode as decode_array, encode as encode_array};

use base::Oid;
use tuple::{Attribute, Datum, Repr, TupleDesc};

/// A catalog: its identity and shape.
#[derive(Debug)]
pub struct Relation {
    /// Its name.
    pub name: &'static str,
    /// Its object id, which is its file number too unless it was rewritten.
    pub oid: Oid,
    /// The object id of its row type.
    pub rowtype_oid: Oid,
    /// The object id of the array over its row type.
    pub array_oid: Oid,
    /// One copy for all databases, in `global/`.
    pub shared: bool,
    /// Its TOAST table and that table's index.
    pub toast: Option<(Oid, Oid)>,
    /// In order.
    pub columns: &'static [Column],
    /// All B-trees.
    pub indexes: &'static [Index],
}

/// A column of a catalog.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub type_oid: Oid,
    /// pg_type.typlen.
    pub type_len: i16,
    /// pg_type.typbyval.
    pub by_value: bool,
    /// pg_type.typalign.
    pub align: u8,
    /// pg_type.typstorage.
    pub storage: u8,
    /// Its collation, zero if its type has none.
    pub collation: Oid,
    /// pg_attribute.attndims.
    pub dimensions: u8,
    /// Null is refused.
    pub not_null: bool,
}

/// An index of a catalog.
#[derive(Debug)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its object id.
    pub oid: Oid,
    /// Column numbers, from 1.
    pub columns: &'static [i16],
    /// An operator class for each column.
    pub opclasses: &'static [Oid],
    /// No two rows have the same key.
    pub unique: bool,
    /// It is the primary key.
    pub primary: bool,
}

/// A system cache: rows of a catalog by the key of a unique index.
#[derive(Debug)]
pub struct Cache {
    /// Its name.
    pub id: CacheId,
    /// The catalog.
    pub relation: &'static Relation,
    /// The position of its index in the catalog's indexes.
    pub index: usize,
    /// One to four column numbers.
    pub keys: &'static [i16],
    /// Hash buckets to start with.
    pub buckets: u32,
}

/// A type as bootstrap needs it.
#[derive(Debug)]
pub struct Type {
    /// Its name; arrays start with an underscore.
    pub name: &'static str,
    /// Its object id.
    pub oid: Oid,
    /// pg_type.typlen.
    pub len: i16,
    /// pg_type.typbyval.
    pub by_value: bool,
    /// pg_type.typalign.
    pub align: u8,
    /// pg_type.typstorage.
    pub storage: u8,
    /// The collation of catalog columns of it: "C" if it has one.
    pub collation: Oid,
    /// The element type of an array, zero if it is none.
    pub element: Oid,
}

impl Type {
    /// The type with this name.
    pub fn by_name(name: &str) -> Option<&'static Type> {
        TYPES.binary_search_by(|t| t.name.cmp(name)).ok().map(|at| &TYPES[at])
    }

    /// The type with this object id.
    pub fn by_oid(oid: Oid) -> Option<&'static Type> {
        TYPES.iter().find(|t| t.oid == oid)
    }

    /// Which variant of datum it uses.
    pub fn repr(&self) -> Repr {
        Repr::of_type(self.oid, self.len, self.by_value, b'b')
    }
}

/// A row of a catalog, typed.
pub trait Row: Sized + Clone + Send + Sync + 'static {
    /// The catalog.
    const RELATION: &'static Relation;
    /// Reads a whole row. Panics if it is not one of this catalog.
    fn from_row(row: &[Datum]) -> Self;
    /// The row's values in column order.
    fn to_row(&self) -> Vec<Datum>;
}

impl Relation {
    /// The catalog with this object id.
    pub fn by_oid(oid: Oid) -> Option<&'static Relation> {
        relations::ALL.iter().copied().find(|r| r.oid == oid)
    }

    /// The catalog with this name.
    pub fn by_name(name: &str) -> Option<&'static Relation> {
        relations::ALL.binary_search_by(|r| r.name.cmp(name)).ok().map(|at| relations::ALL[at])
    }

    /// Its columns as storage needs them.
    pub fn tuple_desc(&self) -> TupleDesc {
        TupleDesc { attributes: self.columns.iter().map(Column::attribute).collect() }
    }
}

/// True for catalogs of which there is one copy for all databases, their indexes and TOAST tables.
pub fn is_shared_relation(oid: Oid) -> bool {
    oid < Oid::FIRST_UNPINNED && relations::SHARED.binary_search(&oid.0).is_ok()
}

impl Column {
    /// The column as storage needs it.
    pub fn attribute(&self) -> Attribute {
        let repr = Repr::of_type(self.type_oid, self.type_len, self.by_value, b'b');
        let mut attribute = Attribute::new(self.name, self.type_oid, self.type_len, repr);
        attribute.collation = self.collation;
        attribute.storage = self.storage;
        attribute.not_null = self.not_null;
        attribute
    }
}

impl CacheId {
    /// What it caches.
    pub fn cache(self) -> &'static Cache {
        &CACHES[self as usize]
    }
}

/// A struct for each catalog, its fields named as the columns.
pub mod rows {
    use crate::{AclItem, Relation, Row, fields, relations};
    use base::Oid;
    use tuple::Datum;
    include!(concat!(env!("OUT_DIR"), "/rows.rs"));
}

/// Column numbers: `columns::pg_class::RELNAME`.
pub mod columns {
    include!(concat!(env!("OUT_DIR"), "/columns.rs"));
}

/// Object ids: `oids::PG_CLASS`, `oids::types::INT4`.
pub mod oids {
    use base::Oid;
    include!(concat!(env!("OUT_DIR"), "/oids.rs"));
}

/// The descriptor of each catalog.
pub mod relations {
    use crate::{Column, Index, Relation};
    use base::Oid;
    include!(concat!(env!("OUT_DIR"), "/relations.rs"));
}

include!(concat!(env!("OUT_DIR"), "/caches.rs"));
include!(concat!(env!("OUT_DIR"), "/types.rs"));

/// The bootstrap script, with `POSTGRES`, `ENCODING`, `LC_COLLATE` and `LC_CTYPE` still to be replaced.
pub const BOOTSTRAP_SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/script.bki"));
/// The first line of a bootstrap script.
pub const BOOTSTRAP_HEADER: &str = "# Woolly 15";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_postgres_15s() {
        assert_eq!(relations::ALL.len(), 64);
        assert_eq!(relations::PG_CLASS.columns.len(), 33);
        assert_eq!(relations::PG_DATABASE.oid, Oid(1262));
        assert_eq!(relations::PG_DATABASE.rowtype_oid, Oid(1248));
        assert_eq!(columns::pg_class::RELNAME, 2);
        assert_eq!(relations::ALL.iter().filter(|r| r.shared).count(), 11);
        assert_eq!(oids::types::INT4_ARRAY, Oid(1007));
        assert_eq!(CacheId::Relnamensp.cache().relation.name, "pg_class");
    }

    #[test]
    fn caches_are_in_order_and_their_indexes_unique() {
        for (at, cache) in CACHES.iter().enumerate() {
            assert_eq!(cache.id as usize, at);
            let index = &cache.relation.indexes[cache.index];
            assert!(index.unique, "{:?}", cache.id);
            assert_eq!(index.columns, cache.keys, "{:?}", cache.id);
        }
    }

    #[test]
    fn a_row_survives_the_round_trip() {
        let row = rows::PgClass { oid: Oid(5), relname: "t".into(), relkind: b'r', ..Default::default() };
        let back = rows::PgClass::from_row(&row.to_row());
        assert_eq!((back.oid, back.relname.as_str(), back.relkind, back.relacl.is_none()), (Oid(5), "t", b'r', true));
    }
}
