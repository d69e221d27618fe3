//! Writes an image to storage, or to memory.

use super::image::{Image, Table, TableIndex};
use crate::caches::AccessMethods;
use crate::limits::TABLES_AHEAD;
use crate::memory::MemoryTables;
use access::{Access, Index, InsertOptions, Persistence, Relation, RelationKind, SortedEntries, Store, ToastTable};
use base::{BlockNumber, Fork, Oid, RelFile, RelFork, Tid};
use buffer::PagesOf;
use builtins::{BuiltinTypes, comparator};
use catalog::rows::{PgAttribute, PgClass};
use report::Result;
use smgr::IfExists;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::thread;
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

/// Writes what a script describes into `database` (template1's object id), in `transaction`, which the caller commits. The directories of
/// the database and of shared relations must be there, without relations.
///
/// Errors: those of the script; I/O.
pub fn run(
    store: &Arc<Store>,
    transaction: &mut Transaction,
    methods: AccessMethods,
    database: Oid,
    script: &str,
) -> Result<Loaded> {
    let mut image = Image::read(script)?;
    let last_oid = image.indexes.iter().map(|index| index.class.oid).max().unwrap_or_default();
    let loaded = Loaded { indexes: image.indexes.len(), ..Loaded::default() };
    let cx = Access::new(store, transaction);
    let mut loader = Loader { store, cx, methods, database, toast: Vec::new(), loaded, last_oid };
    loader.load_all(&mut image)?;
    let next = loader.last_oid.0 + 1;
    store.xacts.set_next_oid(Oid(next).max(Oid::FIRST_UNPINNED));
    Ok(loader.loaded)
}

/// What pg_class tells of relations' sizes, by object id.
type Sizes = HashMap<Oid, Size>;

/// What ANALYZE and VACUUM would find.
#[derive(Clone, Copy)]
struct Size {
    pages: u32,
    /// -1 if nobody counted.
    rows: f32,
    visible_pages: u32,
}

impl Size {
    fn write_to(self, row: &mut [Datum]) {
        use catalog::columns::pg_class as column;
        let mut set = |number: i16, value| row[number as usize - 1] = value;
        set(column::RELPAGES, Datum::Int4(self.pages as i32));
        set(column::RELTUPLES, Datum::Float4(self.rows));
        set(column::RELALLVISIBLE, Datum::Int4(self.visible_pages as i32));
    }
}

struct Loader<'a> {
    store: &'a Arc<Store>,
    cx: Access<'a>,
    methods: AccessMethods,
    database: Oid,
    /// TOAST tables by object id.
    toast: Vec<(Oid, Arc<ToastTable>)>,
    loaded: Loaded,
    /// The greatest object id so far.
    last_oid: Oid,
}

impl Loader<'_> {
    fn load_all(&mut self, image: &mut Image<'_>) -> Result<()> {
        let classes = image.catalog::<PgClass>();
        let (toast, tables): (Vec<usize>, Vec<usize>) = (0..image.tables.len())
            .filter(|at| Some(*at) != classes)
            .partition(|at| image.tables[*at].class.relkind == b't');
        // Out-of-line values are added while the tables are loaded, so that their places must be there.
        for at in toast {
            self.load_toast(image, at)?;
        }
        let mut sizes = Sizes::new();
        self.load_tables(image, &tables, &mut sizes)?;
        self.measure_toast(&mut sizes)?;
        if let Some(at) = classes {
            self.load_classes(image, at, sizes)?;
            self.hand_over(image, at)?;
        }
        Ok(())
    }

    /// Loads tables in this order. A thread reads the rows of the next ones meanwhile.
    fn load_tables(&mut self, image: &mut Image<'_>, tables: &[usize], sizes: &mut Sizes) -> Result<()> {
        let taken: Vec<_> = tables.iter().map(|at| (*at, image.take_rows(*at))).collect();
        let image = &*image;
        let (sender, receiver) = mpsc::sync_channel(TABLES_AHEAD);
        let read_all = move || {
            let mut read = taken.into_iter().map(|(at, rows)| (at, image.read_taken(at, rows)));
            // Who receives has gone after an error.
            read.try_for_each(|rows| sender.send(rows)).unwrap_or_default();
        };
        thread::scope(|scope| {
            scope.spawn(read_all);
            for (at, rows) in receiver {
                self.load(image, at, &rows?, sizes)?;
                self.hand_over(image, at)?;
            }
            Ok(())
        })
    }

    /// Sends the files of a table and its indexes on their way to the disk: nothing comes to them any more.
    fn hand_over(&self, image: &Image<'_>, at: usize) -> Result<()> {
        let indexes = image.indexes.iter().filter(|index| index.table == at).map(|index| &index.class);
        for class in std::iter::once(&image.tables[at].class).chain(indexes) {
            let file = self.file_of(class);
            self.store.buffers.flush(PagesOf::Relation(file))?;
            for fork in [Fork::Main, Fork::FreeSpace, Fork::Visibility].map(|fork| RelFork { file, fork }) {
                if self.store.smgr.exists(fork)? {
                    let last = self.store.smgr.blocks(fork)?.saturating_sub(1);
                    self.store.smgr.start_write_back(fork, BlockNumber(0), BlockNumber(last))?;
                }
            }
        }
        Ok(())
    }

    fn file_of(&self, class: &PgClass) -> RelFile {
        crate::relation::relation_file(class, self.database_of(class)).expect("bootstrap makes tables and indexes")
    }

    fn database_of(&self, class: &PgClass) -> Oid {
        if class.relisshared { Oid::INVALID } else { self.database }
    }

    fn load_toast(&mut self, image: &Image<'_>, at: usize) -> Result<()> {
        let (table, tids) = self.load_table(&image.tables[at], &[])?;
        let mut index = None;
        for of in image.indexes.iter().filter(|index| index.table == at) {
            index = Some(self.build_index(of, &table, &[], &tids)?);
        }
        let index = Arc::new(index.expect("a TOAST table is declared with its index"));
        self.toast.push((table.oid, Arc::new(ToastTable { table: Arc::new(table), index })));
        Ok(())
    }

    /// Writes a table and builds its indexes. Answers where its rows are.
    fn load(
        &mut self,
        image: &Image<'_>,
        at: usize,
        rows: &[Vec<Datum>],
        sizes: &mut Sizes,
    ) -> Result<(Relation, Vec<Tid>)> {
        let (table, tids) = self.load_table(&image.tables[at], rows)?;
        let count = rows.len() as f32;
        let pages = self.pages(&table)?;
        sizes.insert(table.oid, Size { pages, rows: count, visible_pages: pages });
        for index in image.indexes.iter().filter(|index| index.table == at) {
            let index = self.build_index(index, &table, rows, &tids)?;
            let pages = self.pages(&index.relation)?;
            sizes.insert(index.relation.oid, Size { pages, rows: count, visible_pages: 0 });
        }
        Ok((table, tids))
    }

    fn pages(&self, relation: &Relation) -> Result<u32> {
        self.store.smgr.blocks(relation.main_fork())
    }

    fn measure_toast(&self, sizes: &mut Sizes) -> Result<()> {
        for (_, toast) in &self.toast {
            let pages = self.pages(&toast.table)?;
            let rows = if pages == 0 { 0.0 } else { -1.0 };
            sizes.insert(toast.table.oid, Size { pages, rows, visible_pages: 0 });
            let index = &toast.index.relation;
            sizes.insert(index.oid, Size { pages: self.pages(index)?, rows, visible_pages: 0 });
        }
        Ok(())
    }

    /// Writes pg_class with the sizes of all others. Its own are known when it is written; no row changes its place by them.
    fn load_classes(&mut self, image: &mut Image<'_>, at: usize, sizes: Sizes) -> Result<()> {
        let own = |row: &[Datum], sizes: &Sizes| sizes.get(&row[0].as_oid()).copied();
        image.read_rows(at)?;
        let mut rows = std::mem::take(&mut image.tables[at].rows);
        for row in &mut rows {
            if let Some(size) = own(row, &sizes) {
                size.write_to(row);
            }
        }
        let mut sizes = Sizes::new();
        let (table, tids) = self.load(image, at, &rows, &mut sizes)?;
        for (row, tid) in rows.iter_mut().zip(tids) {
            if let Some(size) = own(row, &sizes) {
                size.write_to(row);
                assert!(table.am.overwrite(&mut self.cx, &table, tid, row)?, "nobody else writes");
            }
        }
        Ok(())
    }

    fn relation(&self, class: &PgClass, attributes: &[PgAttribute], reprs: &[Repr]) -> Relation {
        let toast = self.toast.iter().find(|(oid, _)| class.reltoastrelid == *oid);
        Relation {
            oid: class.oid,
            database: self.database_of(class),
            file: self.file_of(class),
            name: class.relname.clone(),
            namespace: "pg_catalog".to_owned(),
            desc: Arc::new(TupleDesc { attributes: attributes.iter().zip(reprs).map(attribute).collect() }),
            // Nothing is logged: the checkpoint at the end writes all, and until then there is no cluster.
            persistence: Persistence::Unlogged,
            kind: if class.relkind == b'i' { RelationKind::Index } else { RelationKind::Table },
            fillfactor: 100,
            toast: toast.map(|(_, toast)| Arc::clone(toast)),
            is_catalog: true,
            am: self.methods.table,
            targets: Arc::default(),
        }
    }

    fn create_file(&self, relation: &Relation) -> Result<()> {
        self.store.smgr.create(RelFork { file: relation.file, fork: Fork::Main }, IfExists::Fail)
    }

    fn load_table(&mut self, table: &Table<'_>, rows: &[Vec<Datum>]) -> Result<(Relation, Vec<Tid>)> {
        let relation = self.relation(&table.class, &table.attributes, &table.reprs());
        self.create_file(&relation)?;
        (self.loaded.tables, self.loaded.rows) = (self.loaded.tables + 1, self.loaded.rows + rows.len());
        self.last_oid = self.last_oid.max(table.last_oid(rows));
        let mut tids = Vec::with_capacity(rows.len());
        let options = InsertOptions { skip_free_space: true, frozen: true };
        if !rows.is_empty() {
            self.methods.table.multi_insert(&mut self.cx, &relation, rows, options, &mut tids)?;
        }
        Ok((relation, tids))
    }

    fn build_index(
        &mut self,
        index: &TableIndex,
        table: &Relation,
        rows: &[Vec<Datum>],
        tids: &[Tid],
    ) -> Result<Index> {
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
        Ok(index)
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
        let mut image = Image::read(&script).expect("the script is ours");
        image.read_all_rows().expect("as are its rows");
        let memory = MemoryTables::new();
        for table in image.tables {
            memory.load(table.class.oid, table.rows);
        }
        memory
    }
}
