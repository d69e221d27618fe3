//! A storage engine on the simulated disk, with a table and two indexes.
#![allow(dead_code)]

use access::{
    Access, Changed, Direction, Index, IndexAm, IndexScan, IndexVacuumStats, InsertOptions, Inserted, NewVersion,
    Persistence, Relation, RelationKind, Row, RowWait, ScanKey, ScanOptions, SortedEntries, Store, ToastTable,
    UniqueCheck, UpdateOptions,
};
use base::{DEFAULT_TABLESPACE, Fork, Lsn, Oid, RelFile, RelFork, SessionId, Tid, Xid};
use buffer::{BufferPool, HugePages, PoolOptions, RedoCx};
use host::{Host, SimHost};
use lock::{LockManager, LockOwner, SessionWaits};
use report::Result;
use smgr::{SmgrOptions, StorageManager};
use std::path::Path;
use std::sync::{Arc, Mutex};
use sync::{Interrupts, NoHooks};
use tuple::{Attribute, ColumnSet, Comparator, Datum, KeyOrder, Repr, TupleDesc};
use wal::{Reader, ResourceManager, RmgrId, Timeline, Wal, WalOptions, WalPosition};
use xact::{NextIds, Parts, Snapshot, Transaction, TransactionManager, TransactionOptions, XactResource};

const SEGMENT: u32 = 1 << 20;
const START: Lsn = Lsn(SEGMENT as u64);
const FIRST: NextIds = NextIds { xid: Xid::FIRST_NORMAL, oid: Oid(16384) };

/// A storage engine on a simulated disk.
pub struct Engine {
    pub sim: SimHost,
    pub store: Arc<Store>,
    pub table: Arc<Relation>,
    /// Unique, on `id`.
    pub by_id: Arc<Index>,
    /// On `n desc, val`, including `id`.
    pub by_n: Arc<Index>,
}

fn prepare(sim: &SimHost) -> Host {
    let host = sim.host();
    for path in ["pg_wal", "base", "base/5", "pg_xact"] {
        if !host.disk.exists(Path::new(path)).unwrap() {
            host.disk.mkdir(Path::new(path)).unwrap();
        }
        host.disk.sync_dir(Path::new(path).parent().unwrap()).unwrap();
    }
    host
}

fn open_store(host: &Host, frames: usize, at: WalPosition, next: NextIds) -> Arc<Store> {
    let options = WalOptions { segment_bytes: SEGMENT, buffer_bytes: 256 << 10, ..WalOptions::default() };
    let wal = Arc::new(Wal::open(host.clone(), options, at).unwrap());
    let smgr = Arc::new(StorageManager::new(host.clone(), SmgrOptions::default()));
    let buffers =
        BufferPool::new(Arc::clone(&smgr), Arc::clone(&wal), PoolOptions { frames, huge_pages: HugePages::Off })
            .unwrap();
    let buffers = Arc::new(buffers);
    let locks = LockManager::new();
    let parts = Parts {
        disk: Arc::clone(&host.disk),
        clock: Arc::clone(&host.clock),
        journal: Arc::clone(&wal) as _,
        files: Arc::clone(&buffers) as _,
        locks: locks.clone(),
        next,
        oldest_active: Xid::FIRST_NORMAL,
    };
    let xacts = Arc::new(TransactionManager::open(parts));
    Arc::new(Store {
        buffers,
        wal,
        smgr,
        xacts: xacts.of_session(),
        locks,
        clock: Arc::clone(&host.clock),
        pages: None,
        logged: access::LoggedMark::default(),
    })
}

fn file(number: u32) -> RelFile {
    RelFile { tablespace: DEFAULT_TABLESPACE, database: Oid(5), number }
}

pub fn relation(number: u32, name: &str, columns: &[(&str, Repr)]) -> Relation {
    let column = |(name, repr): &(&str, Repr)| Attribute::new(*name, Oid(25), -1, *repr);
    Relation {
        oid: Oid(number),
        database: Oid(5),
        file: file(number),
        name: name.to_owned(),
        namespace: "public".to_owned(),
        desc: Arc::new(TupleDesc { attributes: columns.iter().map(column).collect() }),
        persistence: Persistence::Permanent,
        kind: RelationKind::Table,
        fillfactor: 90,
        toast: None,
        is_catalog: false,
        am: heap::AM,
        targets: Arc::default(),
    }
}

pub fn index(relation: Relation, orders: Vec<KeyOrder>, columns: &[usize], is_unique: bool) -> Arc<Index> {
    Arc::new(Index {
        relation: Relation { kind: RelationKind::Index, ..relation },
        orders,
        table_columns: columns.iter().map(|column| Some(*column)).collect(),
        is_unique,
        nulls_not_distinct: false,
        am: btree::AM,
    })
}

fn toast() -> Arc<ToastTable> {
    let columns = [("chunk_id", Repr::Oid), ("chunk_seq", Repr::Int4), ("chunk_data", Repr::Bytes)];
    let table = Relation { kind: RelationKind::Toast, ..relation(16390, "pg_toast_16384", &columns) };
    let orders = vec![KeyOrder::ascending(Comparator::Oid), KeyOrder::ascending(Comparator::Int4)];
    let index = index(relation(16391, "pg_toast_16384_index", &columns[..2]), orders, &[0, 1], true);
    Arc::new(ToastTable { table: Arc::new(table), index })
}

/// The same index, with something that happens when vacuum comes to it for the first time.
pub fn busy_at_vacuum(index: &Index, meanwhile: impl FnOnce() + Send + 'static) -> Arc<Index> {
    let am: &'static Busy = Box::leak(Box::new(Busy(Mutex::new(Some(Box::new(meanwhile))))));
    Arc::new(Index {
        relation: index.relation.clone(),
        orders: index.orders.clone(),
        table_columns: index.table_columns.clone(),
        is_unique: index.is_unique,
        nulls_not_distinct: index.nulls_not_distinct,
        am,
    })
}

struct Busy(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl IndexAm for Busy {
    fn create(&self, store: &Arc<Store>, index: &Index) -> Result<()> {
        btree::AM.create(store, index)
    }

    fn create_init_fork(&self, store: &Arc<Store>, index: &Index) -> Result<()> {
        btree::AM.create_init_fork(store, index)
    }

    fn build(&self, cx: &mut Access<'_>, index: &Index, entries: &mut dyn SortedEntries) -> Result<u64> {
        btree::AM.build(cx, index, entries)
    }

    fn insert(
        &self,
        cx: &mut Access<'_>,
        target: (&Index, &Relation),
        values: &[Datum],
        tid: Tid,
        check: UniqueCheck,
    ) -> Result<Inserted> {
        btree::AM.insert(cx, target, values, tid, check)
    }

    fn find_duplicate(
        &self,
        cx: &mut Access<'_>,
        target: (&Index, &Relation),
        values: &[Datum],
        own: Tid,
    ) -> Result<Option<Tid>> {
        btree::AM.find_duplicate(cx, target, values, own)
    }

    fn scan(&self, store: &Arc<Store>, index: &Arc<Index>, interrupts: Arc<Interrupts>) -> Box<dyn IndexScan> {
        btree::AM.scan(store, index, interrupts)
    }

    fn vacuum(&self, cx: &mut Access<'_>, index: &Index, is_dead: &dyn Fn(Tid) -> bool) -> Result<IndexVacuumStats> {
        let meanwhile = self.0.lock().unwrap().take();
        meanwhile.into_iter().for_each(|work| work());
        btree::AM.vacuum(cx, index, is_dead)
    }
}

/// The table `t(id int4, val text, n int8)` and its indexes.
fn relations() -> (Arc<Relation>, Arc<Index>, Arc<Index>) {
    let columns = [("id", Repr::Int4), ("val", Repr::Bytes), ("n", Repr::Int8)];
    let table = Relation { toast: Some(toast()), ..relation(16384, "t", &columns) };
    let by_id = relation(16385, "t_id", &columns[..1]);
    let by_id = index(by_id, vec![KeyOrder::ascending(Comparator::Int4)], &[0], true);
    let by_n = relation(16386, "t_n", &[("n", Repr::Int8), ("val", Repr::Bytes), ("id", Repr::Int4)]);
    let descending = KeyOrder { comparator: Comparator::Int8, descending: true, nulls_first: true };
    let by_n = index(by_n, vec![descending, KeyOrder::ascending(Comparator::Bytes)], &[2, 1, 0], false);
    (Arc::new(table), by_id, by_n)
}

impl Engine {
    /// An empty table.
    pub fn new(seed: u64, frames: usize) -> Engine {
        let sim = SimHost::new(seed);
        let host = prepare(&sim);
        let at = WalPosition { next: START, previous: Lsn::INVALID, epoch: 1, redo: START };
        let store = open_store(&host, frames, at, FIRST);
        let (table, by_id, by_n) = relations();
        let toast = table.toast.clone().unwrap();
        for file in [table.file, by_id.relation.file, by_n.relation.file, toast.table.file, toast.index.relation.file] {
            store.buffers.create_fork(RelFork { file, fork: Fork::Main }, Xid::INVALID).unwrap();
        }
        for index in [&by_id, &by_n, &toast.index] {
            index.am.create(&store, index).unwrap();
        }
        store.wal.flush(store.wal.inserted()).unwrap();
        Engine { sim, store, table, by_id, by_n }
    }

    /// Loses memory and what was not synced, and redoes the log from its start, or from a checkpoint.
    pub fn crash(self, frames: usize, checkpoint: Option<(Lsn, NextIds)>) -> Engine {
        self.crash_after(frames, checkpoint, usize::MAX)
    }

    /// As `crash`, as if the log had ended after so many records.
    pub fn crash_after(self, frames: usize, checkpoint: Option<(Lsn, NextIds)>, records: usize) -> Engine {
        self.sim.crash();
        let (redo, next) = checkpoint.unwrap_or((START, FIRST));
        let Engine { sim, store, .. } = self;
        drop(store);
        let host = prepare(&sim);
        let scanned = {
            let mut reader = Reader::new(host.clone(), Timeline(1), SEGMENT, redo);
            while reader.read().unwrap().is_some() {}
            (reader.position(), reader.previous(), reader.epoch())
        };
        let at = WalPosition {
            next: scanned.0,
            previous: scanned.1.unwrap_or(Lsn::INVALID),
            epoch: scanned.2 + 1,
            redo: scanned.0,
        };
        let store = open_store(&host, frames, at, next);
        redo_all(&store, &host, redo, records);
        store.xacts.finish_recovery().unwrap();
        let (table, by_id, by_n) = relations();
        Engine { sim, store, table, by_id, by_n }
    }

    /// Resource manager and kind of each record in the log.
    pub fn records(&self) -> Vec<(RmgrId, u8)> {
        self.store.wal.flush(self.store.wal.inserted()).unwrap();
        let mut reader = Reader::new(self.sim.host(), Timeline(1), SEGMENT, START);
        std::iter::from_fn(|| reader.read().unwrap().map(|record| (record.rmgr, record.info))).collect()
    }

    pub fn owner(&self, session: i32) -> LockOwner {
        self.store.locks.register(SessionWaits {
            session: SessionId(session),
            interrupts: Arc::new(Interrupts::new()),
            hooks: Arc::new(NoHooks),
        })
    }

    pub fn session(&self, number: i32) -> Session {
        Session::of(self, number)
    }
}

fn redo_all(store: &Arc<Store>, host: &Host, from: Lsn, records: usize) {
    let cx = RedoCx::new(Arc::clone(&store.buffers));
    let xact = XactResource(Arc::clone(&store.xacts));
    let managers: [&dyn ResourceManager<RedoCx>; 6] = [
        &xact,
        &heap::HeapResource,
        &heap::Heap2Resource,
        &heap::SequenceResource,
        &btree::BtreeResource,
        &buffer::StorageResource,
    ];
    let mut reader = Reader::new(host.clone(), Timeline(1), SEGMENT, from);
    let mut left = records;
    while let Some(record) = reader.read().unwrap() {
        if left == 0 {
            // No xid of what is left out may come again: the log still has it.
            store.xacts.note_xid(record.xid);
            continue;
        }
        left -= 1;
        store.xacts.note_xid(record.xid);
        match managers.iter().find(|manager| manager.id() == record.rmgr) {
            Some(manager) => manager.redo(&record, &cx).unwrap(),
            // Images only.
            None if record.rmgr == RmgrId::XLOG => {
                for block in record.blocks.iter().map(|block| block.id) {
                    drop(cx.block(&record, block).unwrap());
                }
            }
            None => panic!("no resource manager for {:?}", record.rmgr),
        }
    }
}

/// A session that works on the table.
pub struct Session {
    pub store: Arc<Store>,
    pub table: Arc<Relation>,
    pub by_id: Arc<Index>,
    pub by_n: Arc<Index>,
    pub owner: LockOwner,
    txn: Option<Transaction>,
}

impl Session {
    pub fn of(engine: &Engine, number: i32) -> Session {
        Session {
            store: Arc::clone(&engine.store),
            table: Arc::clone(&engine.table),
            by_id: Arc::clone(&engine.by_id),
            by_n: Arc::clone(&engine.by_n),
            owner: engine.owner(number),
            txn: None,
        }
    }

    pub fn txn(&mut self) -> &mut Transaction {
        let (store, owner) = (&self.store, &self.owner);
        self.txn.get_or_insert_with(|| store.xacts.begin(owner, TransactionOptions::default()))
    }

    pub fn access<T>(&mut self, work: impl FnOnce(&mut Access<'_>) -> T) -> T {
        self.txn();
        let mut cx = Access::new(&self.store, self.txn.as_mut().unwrap());
        let answer = work(&mut cx);
        cx.txn.next_command().unwrap();
        answer
    }

    pub fn snapshot(&mut self) -> Snapshot {
        self.txn().snapshot()
    }

    pub fn commit(&mut self) {
        if let Some(txn) = self.txn.take() {
            txn.commit().unwrap();
        }
    }

    pub fn try_commit(&mut self) -> Result<()> {
        self.txn.take().map_or(Ok(()), |txn| txn.commit().map(drop))
    }

    pub fn abort(&mut self) {
        drop(self.txn.take());
    }

    pub fn index_row(&mut self, row: &[Datum], tid: Tid) -> Result<Option<Tid>> {
        let (table, by_id, by_n) = (Arc::clone(&self.table), Arc::clone(&self.by_id), Arc::clone(&self.by_n));
        self.access(|cx| {
            let key = [row[0].clone()];
            if let Inserted::Duplicate(found) = by_id.am.insert(cx, (&by_id, &table), &key, tid, UniqueCheck::Yes)? {
                return Ok(Some(found));
            }
            by_n.am.insert(cx, (&by_n, &table), &n_key(row), tid, UniqueCheck::No)?;
            Ok(None)
        })
    }

    /// Inserts a row. The tid of a row with the same id if there is one.
    pub fn insert(&mut self, row: &[Datum]) -> Result<std::result::Result<Tid, Tid>> {
        let table = Arc::clone(&self.table);
        let tid = self.access(|cx| table.am.insert(cx, &table, row, InsertOptions::default()))?;
        Ok(match self.index_row(row, tid)? {
            Some(found) => Err(found),
            None => Ok(tid),
        })
    }

    pub fn update(&mut self, tid: Tid, row: &[Datum]) -> Result<Changed<NewVersion>> {
        let table = Arc::clone(&self.table);
        let (indexed, keys) = (ColumnSet::of([0, 1, 2]), ColumnSet::of([0]));
        let options = UpdateOptions { indexed: &indexed, keys: &keys, wait: RowWait::Block };
        let changed = self.access(|cx| table.am.update(cx, &table, tid, row, &options))?;
        if let Changed::Done(NewVersion { tid, is_hot: false }) = changed {
            assert_eq!(self.index_row(row, tid)?, None);
        }
        Ok(changed)
    }

    pub fn delete(&mut self, tid: Tid) -> Result<Changed<()>> {
        let table = Arc::clone(&self.table);
        self.access(|cx| table.am.delete(cx, &table, tid, RowWait::Block))
    }

    /// All visible rows, in tid order.
    pub fn rows(&mut self) -> Vec<Row> {
        let snapshot = self.snapshot();
        self.rows_of(snapshot)
    }

    pub fn rows_of(&mut self, snapshot: Snapshot) -> Vec<Row> {
        let interrupts = Arc::clone(self.owner.interrupts());
        let options = ScanOptions { snapshot, wanted: ColumnSet::ALL, blocks: None, interrupts };
        let mut scan = self.table.am.scan(&self.store, &self.table, options).unwrap();
        let (mut rows, mut row) = (Vec::new(), Row::default());
        while scan.next(Direction::Forward, &mut row).unwrap() {
            rows.push(row.clone());
        }
        rows
    }

    /// The row with an id, by the index.
    pub fn find(&mut self, id: i32) -> Option<Row> {
        let found =
            self.index_rows(&Arc::clone(&self.by_id), &[ScanKey::equal(0, Datum::Int4(id))], Direction::Forward);
        assert!(found.len() <= 1, "{found:?}");
        found.into_iter().next()
    }

    /// The visible rows that an index scan leads to.
    pub fn index_rows(&mut self, index: &Arc<Index>, keys: &[ScanKey], direction: Direction) -> Vec<Row> {
        let snapshot = self.snapshot();
        let mut scan = index.am.scan(&self.store, index, Arc::clone(self.owner.interrupts()));
        scan.rescan(keys).unwrap();
        let mut fetcher = self.table.am.fetcher(&self.store, &self.table, snapshot, ColumnSet::ALL);
        let (mut rows, mut row) = (Vec::new(), Row::default());
        while let Some(tid) = scan.next(direction).unwrap() {
            match fetcher.fetch(tid, &mut row).unwrap() {
                access::Fetched::Visible => rows.push(row.clone()),
                access::Fetched::Invisible => {}
                access::Fetched::Dead => scan.kill_entry(),
            }
        }
        rows
    }

    /// Checks table and indexes against each other.
    pub fn check(&mut self) -> heap::HeapCensus {
        let census = heap::check(&self.store, &self.table).unwrap();
        let toast = self.table.toast.clone().unwrap();
        btree::check(&self.store, &toast.index).unwrap();
        let entries = btree::check(&self.store, &self.by_id).unwrap();
        heap::check_index(&census, &entries, |row| vec![row[0].clone()]).unwrap();
        btree::check(&self.store, &self.by_n).unwrap();
        census
    }
}

/// The columns of the second index. Its text is cut: the index does not take long ones.
pub fn n_key(row: &[Datum]) -> Vec<Datum> {
    let text = match &row[1] {
        Datum::Bytes(bytes) => Datum::bytes(&bytes[..bytes.len().min(50)]),
        other => other.clone(),
    };
    vec![row[2].clone(), text, row[0].clone()]
}

pub fn row(id: i32, val: &str, n: i64) -> Vec<Datum> {
    vec![Datum::Int4(id), Datum::text(val), Datum::Int8(n)]
}

pub fn print(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| format!("{:?}", row.values)).collect()
}
