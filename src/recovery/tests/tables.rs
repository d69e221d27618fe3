//! Tables and indexes on the simulated disk: random work, crashes at any I/O, and a model of what must be there.
//!
//! The table is `(id int8, amount int8, filler text)` with a unique index on `id`. A model holds what is committed; a commit during which the power failed
//! may have happened or not, so then two models are possible.

use access::{
    Access, Changed, Direction, Index, InsertOptions, Inserted, Persistence, Relation, RelationKind, Row, RowWait,
    ScanOptions, UniqueCheck, UpdateOptions, VacuumOptions,
};
use base::{DEFAULT_TABLESPACE, Oid, Prng, RelFile, SessionId, Tid};
use host::{FaultPlan, SimHost};
use lock::LockMode;
use recovery::{BootstrapOptions, CheckpointKind, Engine, EngineOptions, SharedRmgr};
use report::Result;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use sync::{Interrupts, NoHooks};
use tuple::{Attribute, ColumnSet, Comparator, Datum, KeyOrder, Repr, TupleDesc};
use xact::{Snapshot, Transaction, TransactionOptions};

const DATABASE: Oid = Oid(5);

fn relation(number: u32, kind: RelationKind, attributes: Vec<Attribute>) -> Relation {
    Relation {
        oid: Oid(number),
        database: DATABASE,
        file: RelFile { tablespace: DEFAULT_TABLESPACE, database: DATABASE, number },
        name: format!("r{number}"),
        namespace: "public".to_owned(),
        desc: Arc::new(TupleDesc { attributes }),
        persistence: Persistence::Permanent,
        kind,
        fillfactor: 100,
        toast: None,
        is_catalog: false,
        am: heap::AM,
        targets: Arc::default(),
    }
}

/// The table and its index, over an engine.
struct Bank {
    engine: Engine,
    table: Arc<Relation>,
    index: Arc<Index>,
}

/// What is committed: amounts by id.
type Model = BTreeMap<i64, i64>;

impl Bank {
    fn over(engine: Engine) -> Bank {
        let int8 = |name: &str| Attribute::new(name, Oid(20), 8, Repr::Int8);
        let columns = vec![int8("id"), int8("amount"), Attribute::new("filler", Oid(25), -1, Repr::Bytes)];
        let table = Arc::new(relation(16_384, RelationKind::Table, columns));
        let index = Arc::new(Index {
            relation: relation(16_385, RelationKind::Index, vec![int8("id")]),
            orders: vec![KeyOrder::ascending(Comparator::Int8)],
            table_columns: vec![Some(0)],
            is_unique: true,
            nulls_not_distinct: false,
            am: btree::AM,
        });
        Bank { engine, table, index }
    }

    fn create(sim: &SimHost) {
        let small = BootstrapOptions { segment_bytes: 256 << 10, segment_blocks: 64, ..BootstrapOptions::default() };
        let engine = Engine::bootstrap(sim.host(), options(), small, methods()).expect("bootstrap");
        engine.store().smgr.create_database(DATABASE).expect("create the database");
        let bank = Bank::over(engine);
        let mut transaction = bank.begin(1);
        for relation in [&*bank.table, &bank.index.relation] {
            transaction.file_created(relation.file).expect("note the file");
            let xid = transaction.xid().expect("an xid");
            bank.engine.store().buffers.create_fork(relation.main_fork(), xid).expect("create");
        }
        bank.index.am.create(bank.engine.store(), &bank.index).expect("create the index");
        transaction.commit().expect("commit");
        bank.engine.shutdown(&|_| true).expect("shut down");
    }

    fn start(sim: &SimHost) -> Result<Bank> {
        Bank::start_with(sim, options())
    }

    fn start_with(sim: &SimHost, options: EngineOptions) -> Result<Bank> {
        let engine = Engine::open(sim.host(), options, methods())?;
        engine.start(&mut |_| Ok(()))?;
        Ok(Bank::over(engine))
    }

    fn begin(&self, session: i32) -> Transaction {
        let store = self.engine.store();
        let owner = store.locks.register(lock::SessionWaits {
            session: SessionId(session),
            interrupts: Arc::new(Interrupts::new()),
            hooks: Arc::new(NoHooks),
        });
        store.xacts.begin(&owner, TransactionOptions::default())
    }

    /// The rows that a snapshot sees. Their tids are good for as long as somebody holds the snapshot.
    fn rows(&self, snapshot: &Snapshot) -> Result<Vec<(Tid, i64, i64)>> {
        let options = ScanOptions {
            snapshot: snapshot.clone(),
            wanted: ColumnSet::first(2),
            blocks: None,
            interrupts: Arc::new(Interrupts::new()),
        };
        let mut scan = self.table.am.scan(self.engine.store(), &self.table, options)?;
        let (mut row, mut rows) = (Row::default(), Vec::new());
        while scan.next(Direction::Forward, &mut row)? {
            rows.push((row.tid, row.values[0].as_i64(), row.values[1].as_i64()));
        }
        Ok(rows)
    }

    fn insert(&self, transaction: &mut Transaction, values: &[Datum]) -> Result<()> {
        let mut cx = Access::new(self.engine.store(), transaction);
        let tid = self.table.am.insert(&mut cx, &self.table, values, InsertOptions::default())?;
        self.insert_entry(&mut cx, values, tid)
    }

    fn insert_entry(&self, cx: &mut Access<'_>, values: &[Datum], tid: Tid) -> Result<()> {
        let target = (&*self.index, &*self.table);
        let inserted = self.index.am.insert(cx, target, &values[..1], tid, UniqueCheck::Yes)?;
        assert_eq!(inserted, Inserted::Done, "ids are unique");
        Ok(())
    }

    /// False if another transaction was first.
    fn update(&self, transaction: &mut Transaction, tid: Tid, values: &[Datum]) -> Result<bool> {
        let mut cx = Access::new(self.engine.store(), transaction);
        let indexed = ColumnSet::first(1);
        let options = UpdateOptions { indexed: &indexed, keys: &indexed, wait: RowWait::Block };
        match self.table.am.update(&mut cx, &self.table, tid, values, &options)? {
            Changed::Done(version) if version.is_hot => Ok(true),
            Changed::Done(version) => self.insert_entry(&mut cx, values, version.tid).map(|()| true),
            _ => Ok(false),
        }
    }

    fn vacuum(&self) -> Result<()> {
        let mut transaction = self.begin(99);
        let mut cx = Access::new(self.engine.store(), &mut transaction);
        cx.lock_relation(&self.table, LockMode::ShareUpdateExclusive)?;
        let indexes = [Arc::clone(&self.index)];
        self.table.am.vacuum(&mut cx, &self.table, &indexes, VacuumOptions::default())?;
        transaction.commit().map(drop)
    }

    /// Checks pages, chains, maps and index; what is live.
    fn live(&self, seed: u64) -> Model {
        let store = self.engine.store();
        let census = heap::check(store, &self.table).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let entries = btree::check(store, &self.index).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let key = |row: &[Datum]| vec![row[0].clone()];
        heap::check_index(&census, &entries, key).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        census.live.values().map(|row| (row[0].as_i64(), row[1].as_i64())).collect()
    }
}

fn methods() -> Vec<SharedRmgr> {
    vec![
        Box::new(heap::HeapResource),
        Box::new(heap::Heap2Resource),
        Box::new(heap::SequenceResource),
        Box::new(btree::BtreeResource),
    ]
}

fn options() -> EngineOptions {
    EngineOptions { frames: 32, wal_buffer_bytes: 64 << 10, min_wal_bytes: 512 << 10, ..EngineOptions::default() }
}

fn values(id: i64, amount: i64, prng: &mut Prng) -> Vec<Datum> {
    let filler = "x".repeat(prng.below(600) as usize);
    vec![Datum::Int8(id), Datum::Int8(amount), Datum::text(&filler)]
}

/// One change of a random row, or a new one; the model follows.
fn change(bank: &Bank, transaction: &mut Transaction, model: &mut Model, prng: &mut Prng) -> Result<()> {
    transaction.next_command()?;
    let snapshot = transaction.snapshot();
    let rows = bank.rows(&snapshot)?;
    let seen: Model = rows.iter().map(|(_, id, amount)| (*id, *amount)).collect();
    assert_eq!(seen, *model, "a transaction sees what is committed and its own changes");
    let picked = (!rows.is_empty()).then(|| rows[prng.below(rows.len() as u64) as usize]);
    let amount = prng.below(1000) as i64;
    match (picked, prng.below(10)) {
        (Some((tid, id, _)), 0..6) => {
            assert!(bank.update(transaction, tid, &values(id, amount, prng))?);
            model.insert(id, amount);
        }
        (Some((tid, id, _)), 6..8) => {
            let mut cx = Access::new(bank.engine.store(), transaction);
            let deleted = bank.table.am.delete(&mut cx, &bank.table, tid, RowWait::Block)?;
            assert_eq!(deleted, Changed::Done(()));
            model.remove(&id);
        }
        _ => {
            let id = (0..).map(|_| prng.below(400) as i64).find(|id| !model.contains_key(id)).expect("few are taken");
            bank.insert(transaction, &values(id, amount, prng))?;
            model.insert(id, amount);
        }
    }
    Ok(())
}

/// A transaction with savepoints. The model of its commit comes back before the commit is tried.
fn work(bank: &Bank, before: &Model, prng: &mut Prng) -> Result<(Transaction, Model)> {
    let (mut transaction, mut model) = (bank.begin(1), before.clone());
    for _ in 0..1 + prng.below(6) {
        if !prng.one_in(3) {
            change(bank, &mut transaction, &mut model, prng)?;
            continue;
        }
        transaction.begin_savepoint()?;
        let mut inner = model.clone();
        change(bank, &mut transaction, &mut inner, prng)?;
        if prng.one_in(2) {
            transaction.rollback_savepoint()?;
        } else {
            transaction.release_savepoint();
            model = inner;
        }
    }
    Ok((transaction, model))
}

/// Runs until the power fails; `possible` are the states that may be found after it.
fn run(bank: &Bank, possible: &mut Vec<Model>, prng: &mut Prng) -> Result<()> {
    loop {
        let known = possible[0].clone();
        match prng.below(30) {
            0 => drop(bank.engine.checkpoint(CheckpointKind::Online, &mut |_| Ok(()), &|_| true)?),
            1 => bank.vacuum()?,
            2 => drop(bank.engine.store().buffers.sweep_ahead(16, 8)?),
            3..6 => work(bank, &known, prng)?.0.abort(),
            _ => {
                let (transaction, model) = work(bank, &known, prng)?;
                possible.push(model);
                transaction.commit()?;
                possible.remove(0);
            }
        }
    }
}

#[test]
fn tables_and_indexes_survive_any_crash() {
    for seed in 0..40 {
        let sim = SimHost::new(seed);
        Bank::create(&sim);
        let (mut prng, mut possible) = (Prng::new(seed), vec![Model::new()]);
        for _ in 0..5 {
            sim.set_faults(FaultPlan { crash_at_io: Some(1 + prng.below(900)), ..FaultPlan::default() });
            if let Ok(bank) = Bank::start(&sim) {
                let ended = run(&bank, &mut possible, &mut prng);
                assert!(sim.powered_off(), "seed {seed}: {ended:?}");
            }
            if prng.one_in(3) {
                sim.kill()
            } else {
                sim.crash()
            }
            let bank = Bank::start(&sim).expect("it starts");
            let found = bank.live(seed);
            assert!(possible.contains(&found), "seed {seed}: {found:?} is none of {possible:?}");
            possible = vec![found];
        }
    }
}

/// Sessions move amounts between rows at once, with checkpoints, vacuum and write-back; whatever the crash cut off, the sum stays.
#[test]
fn sums_hold_with_many_sessions() {
    const ROWS: i64 = 40;
    for seed in 0..10 {
        let sim = SimHost::new(seed);
        Bank::create(&sim);
        let mut prng = Prng::new(seed);
        let bank = Bank::start(&sim).expect("it starts");
        let mut transaction = bank.begin(1);
        (0..ROWS).for_each(|id| bank.insert(&mut transaction, &values(id, 0, &mut prng)).expect("insert"));
        transaction.commit().expect("commit");
        drop(bank);
        sim.kill();
        let commits = AtomicU64::new(0);
        for life in 0..3 {
            let bank = Bank::start(&sim).expect("it starts");
            let crash_at = 200 + prng.below(2000);
            sim.set_faults(FaultPlan { crash_at_io: Some(crash_at), ..FaultPlan::default() });
            std::thread::scope(|scope| {
                let (bank, commits, sim) = (&bank, &commits, &sim);
                for session in 0..4 {
                    let mut prng = Prng::new(seed * 100 + life * 10 + session as u64);
                    scope.spawn(move || {
                        until_power_fails(sim, || transfer(bank, session, commits, &mut prng));
                    });
                }
                scope.spawn(move || {
                    until_power_fails(sim, || {
                        bank.vacuum()?;
                        bank.engine.store().buffers.sweep_ahead(16, 8).map(drop)
                    });
                });
                scope.spawn(move || {
                    until_power_fails(sim, || {
                        bank.engine.checkpoint(CheckpointKind::Online, &mut |_| Ok(()), &|_| true).map(drop)
                    });
                });
            });
            drop(bank);
            sim.crash();
            check_redo_by_several(&sim, seed);
        }
        assert!(commits.into_inner() > 50, "seed {seed}");
        let live = Bank::start(&sim).expect("it starts").live(seed);
        assert_eq!((live.len() as i64, live.values().sum::<i64>()), (ROWS, 0), "seed {seed}");
    }
}

/// Several threads come to the pages that one comes to.
fn check_redo_by_several(sim: &SimHost, seed: u64) {
    let redone = |redo_workers| {
        let machine = sim.copy(seed);
        let bank = Bank::start_with(&machine, EngineOptions { redo_workers, ..options() }).expect("it starts");
        bank.live(seed);
        bank.engine.shutdown(&|_| true).expect("shut down");
        machine
    };
    let alone = redone(0);
    let files = alone.host().disk.list(Path::new("base/5")).expect("list");
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| Path::new("base/5").join(name)).collect();
    assert!(paths.len() >= 2, "a table and its index");
    for workers in [1, 3] {
        let several = redone(workers);
        for path in &paths {
            let is_same = alone.file_bytes(path) == several.file_bytes(path);
            assert!(is_same, "seed {seed}: {} differs after redo by {workers} workers", path.display());
        }
    }
}

/// Works until the power fails; nothing else may stop it. If something does, the others stop too.
fn until_power_fails(sim: &SimHost, mut work: impl FnMut() -> Result<()>) {
    struct PullThePlug<'a>(&'a SimHost);
    impl Drop for PullThePlug<'_> {
        fn drop(&mut self) {
            self.0.power_off();
        }
    }
    let _plug = PullThePlug(sim);
    while !sim.powered_off() {
        if let Err(error) = work() {
            assert!(sim.powered_off(), "it stopped for another reason: {error}");
        }
    }
}

/// Moves an amount from a row to another, lower id first so that nobody deadlocks. Gives up if somebody else was there first.
fn transfer(bank: &Bank, session: i32, commits: &AtomicU64, prng: &mut Prng) -> Result<()> {
    let mut transaction = bank.begin(session + 1);
    Access::new(bank.engine.store(), &mut transaction).lock_relation(&bank.table, LockMode::RowExclusive)?;
    let snapshot = transaction.snapshot();
    let rows = bank.rows(&snapshot)?;
    let (from, to) = (prng.below(rows.len() as u64) as usize, prng.below(rows.len() as u64) as usize);
    if from == to {
        return Ok(());
    }
    let amount = prng.below(100) as i64;
    let mut moves = [(rows[from], -amount), (rows[to], amount)];
    moves.sort_unstable_by_key(|((_, id, _), _)| *id);
    for ((tid, id, old), change) in moves {
        if !bank.update(&mut transaction, tid, &values(id, old + change, prng))? {
            transaction.abort();
            return Ok(());
        }
    }
    drop(snapshot);
    transaction.commit()?;
    commits.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
