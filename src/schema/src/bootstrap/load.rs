//! Writes an image to storage, or to memory.

use super::image::{Image, Table, TableIndex};
use crate::caches::AccessMethods;
use crate::memory::MemoryTables;
use access::{Access, Index, InsertOptions, Persistence, Relation, RelationKind, SortedEntries, Store};
use base::{Fork, Oid, RelFork, Tid};
use builtins::{BuiltinTypes, comparator};
use catalog::rows::PgAttribute;
use report::Result;
use smgr::IfExists;
use std::cmp::Ordering;
use std::io::BufRead;
use std::sync::Arc;
use tuple::{Attribute, Datum, KeyOrder, Repr, TupleDesc};
use xact::Transaction;

/// How much was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Loaded {
    /// Tables.
    pub tables: usize,
    /// Rows of all tables.
    pub rows: usize,
    /// Indexes.
    pub indexes: usize,
}

/// Reads a script and writes what it describes into `database` (template1's object id), in `transaction`, which the
/// caller commits. The directories of the database and of shared relations must be there.
///
/// Errors: those of the script; I/O.
pub fn run(
    store: &Arc<Store>,
    transaction: &mut Transaction,
    methods: AccessMethods,
    database: Oid,
    input: &mut dyn BufRead,
) -> Result<Loaded> {
    let image = Image::read(input)?;
    let mut loader = Loader { store, cx: Access::new(store, transaction), methods, database };
    let mut places = Vec::with_capacity(image.tables.len());
    for table in &image.tables {
        places.push(loader.load_table(table)?);
    }
    for index in &image.indexes {
        let (relation, tids) = &places[index.table];
        loader.build_index(index, relation, &image.tables[index.table].rows, tids)?;
    }
    let rows = image.tables.iter().map(|table| table.rows.len()).sum();
    Ok(Loaded { tables: image.tables.len(), rows, indexes: image.indexes.len() })
}

struct Loader<'a> {
    store: &'a Arc<Store>,
    cx: Access<'a>,
    methods: AccessMethods,
    database: Oid,
}

impl Loader<'_> {
    fn relation(&self, class: &catalog::rows::PgClass, attributes: &[PgAttribute], reprs: &[Repr]) -> Relation {
        let database = if class.relisshared { Oid::INVALID } else { self.database };
        Relation {
            oid: class.oid,
            database,
            file: crate::relation::relation_file(class, database).expect("bootstrap makes tables and indexes"),
            name: class.relname.clone(),
            namespace: "pg_catalog".to_owned(),
            desc: Arc::new(TupleDesc { attributes: attributes.iter().zip(reprs).map(attribute).collect() }),
            persistence: Persistence::Permanent,
            kind: if class.relkind == b'i' { RelationKind::Index } else { RelationKind::Table },
            fillfactor: 100,
            toast: None,
            is_catalog: true,
            am: self.methods.table,
            targets: Arc::default(),
        }
    }

    fn create_file(&self, relation: &Relation) -> Result<()> {
        self.store.smgr.create(RelFork { file: relation.file, fork: Fork::Main }, IfExists::Ignore)
    }

    fn load_table(&mut self, table: &Table) -> Result<(Relation, Vec<Tid>)> {
        let relation = self.relation(&table.class, &table.attributes, &table.reprs());
        self.create_file(&relation)?;
        let mut tids = Vec::with_capacity(table.rows.len());
        let options = InsertOptions { skip_free_space: true, frozen: true };
        if !table.rows.is_empty() {
            self.methods.table.multi_insert(&mut self.cx, &relation, &table.rows, options, &mut tids)?;
        }
        Ok((relation, tids))
    }

    fn build_index(&mut self, index: &TableIndex, table: &Relation, rows: &[Vec<Datum>], tids: &[Tid]) -> Result<()> {
        let columns: Vec<usize> = index.index.indkey.iter().map(|column| *column as usize - 1).collect();
        let reprs: Vec<Repr> = columns.iter().map(|column| table.desc.attributes[*column].repr).collect();
        let relation = self.relation(&index.class, &index.attributes, &reprs);
        self.create_file(&relation)?;
        let orders = index.attributes.iter().map(|a| comparator(a.atttypid, a.attcollation, &BuiltinTypes));
        let orders = orders.map(|order| order.map(KeyOrder::ascending)).collect::<Result<Vec<_>>>()?;
        let index = Index {
            relation,
            orders,
            table_columns: columns.iter().map(|column| Some(*column)).collect(),
            is_unique: index.index.indisunique,
            nulls_not_distinct: false,
            am: self.methods.index,
        };
        let mut entries = Entries::new(&columns, &index.orders, rows, tids);
        self.methods.index.build(&mut self.cx, &index, &mut entries)?;
        Ok(())
    }
}

fn attribute((row, repr): (&PgAttribute, &Repr)) -> Attribute {
    let mut attribute = Attribute::new(row.attname.clone(), row.atttypid, row.attlen, *repr);
    attribute.collation = row.attcollation;
    attribute.storage = row.attstorage;
    attribute.not_null = row.attnotnull;
    attribute
}

/// Rows in the order of an index.
struct Entries<'a> {
    columns: &'a [usize],
    rows: &'a [Vec<Datum>],
    tids: &'a [Tid],
    order: Vec<usize>,
    next: usize,
}

impl<'a> Entries<'a> {
    fn new(columns: &'a [usize], orders: &[KeyOrder], rows: &'a [Vec<Datum>], tids: &'a [Tid]) -> Entries<'a> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let keys = || columns.iter().zip(orders);
        let compare = |a: &usize, b: &usize| {
            let by_key = keys().map(|(column, order)| order.compare(&rows[*a][*column], &rows[*b][*column]));
            let first_difference = by_key.into_iter().find(|o| *o != Ordering::Equal);
            first_difference.unwrap_or_else(|| tids[*a].cmp(&tids[*b]))
        };
        order.sort_unstable_by(compare);
        Entries { columns, rows, tids, order, next: 0 }
    }
}

impl SortedEntries for Entries<'_> {
    fn next(&mut self, values: &mut Vec<Datum>) -> Result<Option<Tid>> {
        values.clear();
        let Some(&at) = self.order.get(self.next) else { return Ok(None) };
        self.next += 1;
        values.extend(self.columns.iter().map(|column| self.rows[at][*column].clone()));
        Ok(Some(self.tids[at]))
    }
}

impl MemoryTables {
    /// The catalogs as bootstrap makes them, for tests: superuser `postgres`, encoding UTF8, locale C.
    pub fn bootstrapped() -> MemoryTables {
        let script = catalog::BOOTSTRAP_SCRIPT
            .replace("POSTGRES", "postgres")
            .replace("ENCODING", "6")
            .replace("LC_COLLATE", "C")
            .replace("LC_CTYPE", "C");
        let image = Image::read(&mut script.as_bytes()).expect("the script is ours");
        let memory = MemoryTables::new();
        for table in image.tables {
            memory.load(table.class.oid, table.rows);
        }
        memory
    }
}
