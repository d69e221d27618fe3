//! The catalogs as storage sees them: made from constants, so that they can be read before any row of them is.

use crate::caches::AccessMethods;
use access::{Index, Persistence, Relation, RelationKind, ToastTable};
use base::{DEFAULT_TABLESPACE, GLOBAL_TABLESPACE, Oid, RelFile};
use builtins::{BuiltinTypes, comparator};
use catalog::oids::types;
use std::sync::Arc;
use tuple::{Attribute, ColumnSet, KeyOrder, Repr, TupleDesc};

/// A catalog's table and indexes in one database.
#[derive(Debug)]
pub(crate) struct SystemTable {
    pub table: Arc<Relation>,
    /// In the order of the catalog's descriptor.
    pub indexes: Vec<Arc<Index>>,
    /// Columns that some index has.
    pub indexed: ColumnSet,
    /// Columns of unique indexes.
    pub keys: ColumnSet,
}

/// What is common to a catalog and its indexes.
struct Maker {
    database: Oid,
    shared: bool,
    methods: AccessMethods,
}

impl SystemTable {
    /// The catalog in a database; `database` is zero for shared ones.
    pub(crate) fn new(catalog: &'static catalog::Relation, database: Oid, methods: AccessMethods) -> SystemTable {
        let maker = Maker { database, shared: catalog.shared, methods };
        let mut table = maker.relation(catalog.oid, catalog.name, catalog.tuple_desc(), RelationKind::Table);
        table.toast = catalog.toast.map(|(table, index)| Arc::new(maker.toast(catalog.oid, table, index)));
        let indexes = catalog.indexes.iter().map(|index| Arc::new(maker.index(catalog, index))).collect();
        let columns = |unique: bool| {
            let wanted = catalog.indexes.iter().filter(move |index| index.unique || !unique);
            ColumnSet::of(wanted.flat_map(|index| index.columns.iter().map(|c| *c as usize - 1)))
        };
        SystemTable { table: Arc::new(table), indexes, indexed: columns(false), keys: columns(true) }
    }
}

impl Maker {
    fn relation(&self, oid: Oid, name: &str, desc: TupleDesc, kind: RelationKind) -> Relation {
        let tablespace = if self.shared { GLOBAL_TABLESPACE } else { DEFAULT_TABLESPACE };
        Relation {
            oid,
            database: self.database,
            file: RelFile { tablespace, database: self.database, number: oid.0 },
            name: name.to_owned(),
            namespace: if kind == RelationKind::Toast { "pg_toast" } else { "pg_catalog" }.to_owned(),
            desc: Arc::new(desc),
            persistence: Persistence::Permanent,
            kind,
            fillfactor: 100,
            toast: None,
            is_catalog: true,
            am: self.methods.table,
            targets: Arc::default(),
        }
    }

    fn index(&self, catalog: &catalog::Relation, index: &catalog::Index) -> Index {
        let columns: Vec<usize> = index.columns.iter().map(|c| *c as usize - 1).collect();
        let attributes = columns.iter().map(|c| catalog.columns[*c].attribute()).collect();
        let relation = self.relation(index.oid, index.name, TupleDesc { attributes }, RelationKind::Index);
        self.index_of(relation, &columns, index.unique)
    }

    fn index_of(&self, relation: Relation, columns: &[usize], is_unique: bool) -> Index {
        let order = |attribute: &Attribute| {
            let order = comparator(attribute.type_oid, attribute.collation, &BuiltinTypes);
            KeyOrder::ascending(order.expect("catalogs are indexed by types that have an order"))
        };
        Index {
            orders: relation.desc.attributes.iter().map(order).collect(),
            relation,
            table_columns: columns.iter().map(|c| Some(*c)).collect(),
            is_unique,
            nulls_not_distinct: false,
            am: self.methods.index,
        }
    }

    fn toast(&self, owner: Oid, table: Oid, index: Oid) -> ToastTable {
        let name = format!("pg_toast_{owner}");
        let desc = toast_desc();
        let key = TupleDesc { attributes: desc.attributes[..2].to_vec() };
        let index_relation = self.relation(index, &format!("{name}_index"), key, RelationKind::Index);
        let table = self.relation(table, &name, desc, RelationKind::Toast);
        ToastTable { table: Arc::new(table), index: Arc::new(self.index_of(index_relation, &[0, 1], true)) }
    }
}

/// The columns of every TOAST table.
pub fn toast_desc() -> TupleDesc {
    let column = |name, type_oid, len, repr| {
        let mut attribute = Attribute::new(name, type_oid, len, repr);
        attribute.storage = b'p';
        attribute
    };
    TupleDesc {
        attributes: vec![
            column("chunk_id", types::OID, 4, Repr::Oid),
            column("chunk_seq", types::INT4, 4, Repr::Int4),
            column("chunk_data", types::BYTEA, -1, Repr::Bytes),
        ],
    }
}
