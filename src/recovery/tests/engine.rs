//! The engine on the simulated disk: life after life of transactions, checkpoints, crashes at any I/O, kills, shutdowns.
//!
//! The table under test is as simple as can be: a row is an item with its transaction's xid and an amount. Each transaction adds two rows that sum to zero.

use base::{BlockNumber, DEFAULT_TABLESPACE, Fork, Oid, Prng, RelFile, RelFork, SessionId, Xid};
use buffer::{RecordBuilder, RedoCx};
use host::{FaultPlan, SimHost};
use page::Reuse;
use recovery::{BootstrapOptions, CheckpointKind, DatabaseState, Engine, EngineOptions, RecoveryEvent, SharedRmgr};
use report::{Result, Severity, SqlState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use sync::{CriticalSection, Interrupts, NoHooks};
use wal::{BlockFlags, Record, ResourceManager, RmgrId};
use xact::{SyncCommit, Transaction, TransactionOptions, XidStatus};

const TABLE: RelFork = RelFork { file: file(16_384), fork: Fork::Main };
const INIT_PAGE: u8 = 0;
const ADD_ROW: u8 = 1;
const ROW_BYTES: usize = 200;

const fn file(number: u32) -> RelFile {
    RelFile { tablespace: DEFAULT_TABLESPACE, database: Oid(5), number }
}

/// Redoes rows.
struct Rows;

impl ResourceManager<RedoCx> for Rows {
    fn id(&self) -> RmgrId {
        RmgrId::GENERIC
    }

    fn redo(&self, record: &Record<'_>, cx: &RedoCx) -> Result<()> {
        if let Some(mut guard) = cx.block(record, 0)?.apply() {
            if record.info == INIT_PAGE {
                guard.init(0);
            }
            let data = record.block(0).expect("a block").data;
            assert!(guard.add_item(data, Reuse::Never).is_some());
            guard.mark_dirty(record.end);
        }
        Ok(())
    }

    fn describe(&self, record: &Record<'_>) -> String {
        format!("ROW info {}", record.info)
    }
}

fn rmgrs() -> Vec<SharedRmgr> {
    vec![Box::new(Rows)]
}

fn options() -> EngineOptions {
    EngineOptions { frames: 16, wal_buffer_bytes: 64 << 10, min_wal_bytes: 256 << 10, ..EngineOptions::default() }
}

fn bootstrap(sim: &SimHost) -> Engine {
    let small = BootstrapOptions { segment_bytes: 128 << 10, segment_blocks: 8, ..BootstrapOptions::default() };
    let engine = Engine::bootstrap(sim.host(), options(), small, rmgrs()).expect("bootstrap");
    engine.store().smgr.create_database(Oid(5)).expect("create the database");
    let mut transaction = begin(&engine);
    create_relation(&engine, &mut transaction, TABLE.file).expect("create the table");
    transaction.commit().expect("commit");
    engine.shutdown(&|_| true).expect("shut down");
    engine
}

fn start(sim: &SimHost) -> Result<Engine> {
    let engine = Engine::open(sim.host(), options(), rmgrs())?;
    engine.start(&mut |_| Ok(()))?;
    Ok(engine)
}

fn begin(engine: &Engine) -> Transaction {
    let store = engine.store();
    let owner = store.locks.register(lock::SessionWaits {
        session: SessionId(1),
        interrupts: Arc::new(Interrupts::new()),
        hooks: Arc::new(NoHooks),
    });
    store.xacts.begin(&owner, TransactionOptions::default())
}

fn create_relation(engine: &Engine, transaction: &mut Transaction, file: RelFile) -> Result<()> {
    transaction.file_created(file)?;
    engine.store().buffers.create_fork(RelFork { file, fork: Fork::Main }, transaction.xid()?)
}

fn row(xid: Xid, amount: i64) -> [u8; ROW_BYTES] {
    let mut bytes = [0; ROW_BYTES];
    bytes[..8].copy_from_slice(&xid.0.to_le_bytes());
    bytes[8..16].copy_from_slice(&amount.to_le_bytes());
    bytes
}

/// Adds a row to some page with room, or to a new one.
fn add_row(engine: &Engine, row: &[u8], prng: &mut Prng) -> Result<()> {
    let buffers = &engine.store().buffers;
    let blocks = engine.store().smgr.blocks(TABLE)?;
    if blocks > 0 {
        let block = BlockNumber(prng.below(u64::from(blocks)) as u32);
        let mut guard = buffers.read(TABLE, block)?.exclusive();
        if !guard.is_new() && guard.free_bytes() >= ROW_BYTES {
            let section = CriticalSection::enter();
            assert!(guard.add_item(row, Reuse::Never).is_some());
            log(engine, &mut guard, ADD_ROW, row)?;
            drop(section);
            return Ok(());
        }
    }
    let mut guard = buffers.extend(TABLE)?;
    let section = CriticalSection::enter();
    guard.init(0);
    assert!(guard.add_item(row, Reuse::Never).is_some());
    log(engine, &mut guard, INIT_PAGE, row)?;
    drop(section);
    Ok(())
}

fn log(engine: &Engine, guard: &mut buffer::WriteGuard, info: u8, row: &[u8]) -> Result<()> {
    let flags = if info == INIT_PAGE { BlockFlags::WILL_INIT } else { BlockFlags::default() };
    let mut record = RecordBuilder::new(&engine.store().buffers, RmgrId::GENERIC, info, Xid(3));
    record.block(0, guard, flags, row);
    record.insert().map(drop)
}

/// One transaction; its xid if the commit was acknowledged.
fn transfer(engine: &Engine, prng: &mut Prng, sync: SyncCommit) -> Result<Option<Xid>> {
    let mut transaction = begin(engine);
    transaction.set_sync_commit(sync);
    let (xid, amount) = (transaction.xid()?, prng.below(1000) as i64);
    add_row(engine, &row(xid, amount), prng)?;
    if prng.one_in(10) {
        // A file may be left of a transaction that the log forgot, and its xid be given again; who gives out file numbers looks.
        let mut number = 20_000 + xid.0 as u32;
        while engine.store().smgr.exists(RelFork { file: file(number), ..TABLE })? {
            number += 100_000;
        }
        create_relation(engine, &mut transaction, file(number))?;
    }
    add_row(engine, &row(xid, -amount), prng)?;
    if prng.one_in(8) {
        transaction.abort();
        return Ok(None);
    }
    transaction.commit()?;
    Ok(Some(xid))
}

/// Runs by chance until something fails; the transactions whose commit was acknowledged go to `known`.
fn run(engine: &Engine, known: &mut BTreeSet<Xid>, prng: &mut Prng) -> Result<()> {
    loop {
        match prng.below(40) {
            0 => drop(engine.checkpoint(CheckpointKind::Online, &mut |_| Ok(()), &|_| true)?),
            1 => drop(engine.store().buffers.sweep_ahead(8, 4)?),
            2 => drop(engine.store().wal.switch_segment()?),
            3..6 => drop(transfer(engine, prng, SyncCommit::Off)?),
            6 => drop(engine.store().wal.background_flush(1)?),
            _ => known.extend(transfer(engine, prng, SyncCommit::On)?),
        }
    }
}

/// Every committed transaction has both rows, all acknowledged ones committed, no page is damaged.
fn check(engine: &Engine, known: &BTreeSet<Xid>, seed: u64) {
    let store = engine.store();
    let mut sums: BTreeMap<Xid, (u32, i64)> = BTreeMap::new();
    for block in 0..store.smgr.blocks(TABLE).expect("blocks") {
        let page = store.buffers.read(TABLE, BlockNumber(block)).expect("no damage").share();
        for offset in page.offsets() {
            let item = page.item(offset);
            let word = |at: usize| u64::from_le_bytes(item[at..at + 8].try_into().expect("eight bytes"));
            let sum = sums.entry(Xid(word(0))).or_default();
            *sum = (sum.0 + 1, sum.1 + word(8) as i64);
        }
    }
    let committed = |xid: Xid| matches!(store.xacts.status(xid), Ok(XidStatus::Committed(_)));
    for (xid, sum) in &sums {
        assert!(!committed(*xid) || *sum == (2, 0), "seed {seed}: {xid} has {sum:?}");
        assert!(*xid < store.xacts.next_xid(), "seed {seed}");
    }
    for xid in known {
        assert!(committed(*xid) && sums.contains_key(xid), "seed {seed}: lost {xid}");
    }
}

/// The files of a transaction that a crash interrupts are removed.
#[test]
fn files_of_interrupted_transactions_go() {
    let sim = SimHost::new(1);
    drop(bootstrap(&sim));
    let engine = start(&sim).expect("it starts");
    let (mut interrupted, mut committed) = (begin(&engine), begin(&engine));
    create_relation(&engine, &mut interrupted, file(30_000)).expect("create");
    create_relation(&engine, &mut committed, file(30_001)).expect("create");
    committed.commit().expect("commit");
    std::mem::forget(interrupted);
    sim.kill();
    let engine = Engine::open(sim.host(), options(), rmgrs()).expect("open");
    assert_eq!(engine.start(&mut |_| Ok(())).expect("it starts").orphans, 1);
    let left = engine.store().smgr.relation_numbers(Oid(5)).expect("list");
    assert_eq!(left, BTreeSet::from([TABLE.file.number, 30_001]));
}

#[test]
fn what_was_acknowledged_survives_any_crash() {
    for seed in 0..60 {
        let sim = SimHost::new(seed);
        drop(bootstrap(&sim));
        let (mut prng, mut known) = (Prng::new(seed), BTreeSet::new());
        for _ in 0..5 {
            sim.set_faults(FaultPlan { crash_at_io: Some(1 + prng.below(400)), ..FaultPlan::default() });
            if let Ok(engine) = start(&sim) {
                let ended = run(&engine, &mut known, &mut prng);
                assert!(ended.is_err() && sim.powered_off(), "seed {seed}: {ended:?}");
            }
            if prng.one_in(3) { sim.kill() } else { sim.crash() }
        }
        let engine = start(&sim).expect("it starts");
        check(&engine, &known, seed);
    }
}

/// As above with sessions, checkpoints and write-back at once. The schedule is the machine's, so a seed does not repeat exactly.
#[test]
fn what_many_sessions_were_told_survives() {
    for seed in 0..20 {
        let sim = SimHost::new(seed);
        drop(bootstrap(&sim));
        let known = std::sync::Mutex::new(BTreeSet::new());
        for life in 0..3 {
            let engine = start(&sim).expect("it starts");
            let crash_at = 50 + Prng::new(seed * 3 + life).below(1500);
            sim.set_faults(FaultPlan { crash_at_io: Some(crash_at), ..FaultPlan::default() });
            std::thread::scope(|scope| {
                for session in 0..4 {
                    let (engine, known) = (&engine, &known);
                    scope.spawn(move || {
                        let mut prng = Prng::new(seed * 100 + life * 10 + session);
                        while let Ok(xid) = transfer(engine, &mut prng, SyncCommit::On) {
                            known.lock().expect("nobody panicked").extend(xid);
                        }
                    });
                }
                let (engine, sim) = (&engine, &sim);
                scope.spawn(move || {
                    // With nothing left to write, neither this nor a checkpoint would ever meet the error.
                    while !sim.powered_off()
                        && engine.store().buffers.sweep_ahead(8, 4).is_ok()
                        && engine.store().wal.background_flush(1).is_ok()
                    {}
                });
                scope.spawn(move || {
                    while !sim.powered_off()
                        && engine.checkpoint(CheckpointKind::Online, &mut |_| Ok(()), &|_| true).is_ok()
                    {
                    }
                });
            });
            assert!(sim.powered_off(), "seed {seed}: they stopped for another reason");
            drop(engine);
            sim.crash();
        }
        check(&start(&sim).expect("it starts"), &known.into_inner().expect("nobody panicked"), seed);
    }
}

/// After an orderly end nothing is redone, and everything is there.
#[test]
fn shutdown_needs_no_redo() {
    let sim = SimHost::new(1);
    drop(bootstrap(&sim));
    let (mut prng, mut known) = (Prng::new(1), BTreeSet::new());
    for _ in 0..3 {
        let engine = start(&sim).expect("it starts");
        (0..30).for_each(|_| known.extend(transfer(&engine, &mut prng, SyncCommit::On).expect("it commits")));
        assert_eq!(engine.control().state, DatabaseState::InProduction);
        engine.shutdown(&|_| true).expect("shut down");
        assert_eq!(engine.control().state, DatabaseState::ShutDown);
        sim.crash();
    }
    let engine = Engine::open(sim.host(), options(), rmgrs()).expect("open");
    assert!(!engine.needs_recovery());
    let report = engine.start(&mut |event| {
        assert!(matches!(event, RecoveryEvent::WasShutDown(_)), "{event:?}");
        Ok(())
    });
    assert!(!report.expect("it starts").recovered);
    check(&engine, &known, 1);
}

/// A failed fsync of data files is a PANIC; after the restart nothing that was acknowledged is missing, though the kernel dropped the pages.
#[test]
fn a_failed_fsync_loses_nothing() {
    for seed in 0..30 {
        let sim = SimHost::new(seed);
        drop(bootstrap(&sim));
        let (mut prng, mut known) = (Prng::new(seed), BTreeSet::new());
        let engine = start(&sim).expect("it starts");
        sim.set_faults(FaultPlan { fail_sync_at: Some(5 + prng.below(80)), ..FaultPlan::default() });
        let error = run(&engine, &mut known, &mut prng).expect_err("a sync fails");
        assert_eq!(error.code(), SqlState::IO_ERROR, "seed {seed}: {error}");
        drop(engine);
        sim.crash();
        check(&start(&sim).expect("it starts"), &known, seed);
    }
}

/// A full disk stops what needs room and damages nothing.
#[test]
fn a_full_disk_loses_nothing() {
    for seed in 0..30 {
        let sim = SimHost::new(seed);
        drop(bootstrap(&sim));
        let (mut prng, mut known) = (Prng::new(seed), BTreeSet::new());
        let engine = start(&sim).expect("it starts");
        sim.set_faults(FaultPlan { space_bytes: Some(prng.below(600_000)), ..FaultPlan::default() });
        let error = run(&engine, &mut known, &mut prng).expect_err("the disk is full");
        assert_eq!(error.code(), SqlState::DISK_FULL, "seed {seed}: {error}");
        drop(engine);
        sim.kill();
        check(&start(&sim).expect("there is room again"), &known, seed);
    }
}

#[test]
fn a_checkpoint_lets_the_log_go_and_says_what_it_did() {
    let sim = SimHost::new(1);
    drop(bootstrap(&sim));
    let mut prng = Prng::new(1);
    let engine = start(&sim).expect("it starts");
    (0..1500).for_each(|_| assert!(transfer(&engine, &mut prng, SyncCommit::On).is_ok()));
    let mut paced = 0;
    let outcome = engine.checkpoint(
        CheckpointKind::Forced,
        &mut |progress| {
            paced += 1;
            assert_eq!(progress.done, paced);
            Ok(())
        },
        &|_| true,
    );
    let recovery::CheckpointOutcome::Done(stats) = outcome.expect("checkpoint") else { panic!("it was forced") };
    assert!(stats.segments.removed + stats.segments.recycled > 1 && stats.pages.written == paced, "{stats}");
    assert!(stats.to_string().starts_with("checkpoint complete: wrote "));
    let again = engine.checkpoint(CheckpointKind::Online, &mut |_| Ok(()), &|_| true).expect("checkpoint");
    assert!(matches!(again, recovery::CheckpointOutcome::Skipped));
    drop(engine);
    sim.kill();
    let engine = Engine::open(sim.host(), options(), rmgrs()).expect("open");
    let report = engine.start(&mut |_| Ok(())).expect("it starts");
    assert!(report.recovered && report.records <= 2, "{report:?}");
}

#[test]
fn a_cluster_without_its_log_does_not_start() {
    let sim = SimHost::new(1);
    drop(bootstrap(&sim));
    let host = sim.host();
    for (name, _) in host.disk.list(std::path::Path::new("pg_wal")).expect("list") {
        host.disk.unlink(&std::path::Path::new("pg_wal").join(name)).expect("unlink");
    }
    let error = start(&sim).expect_err("no log");
    assert_eq!(error.message(), "could not locate a valid checkpoint record");
}

/// The checkpoint record is there, and the log from its redo point on is not.
#[test]
fn a_log_that_does_not_reach_the_checkpoint_is_refused() {
    let sim = SimHost::new(1);
    drop(bootstrap(&sim));
    let engine = start(&sim).expect("it starts");
    let mut prng = Prng::new(1);
    let mut add = || assert!(transfer(&engine, &mut prng, SyncCommit::On).is_ok());
    add();
    // While it writes pages, others fill the segment of the redo point.
    let redo_segment = engine.store().wal.inserted().0 / (128 << 10);
    let mut is_first = true;
    let mut pace = |_| {
        if std::mem::take(&mut is_first) {
            (0..400).for_each(|_| add());
        }
        Ok(())
    };
    engine.checkpoint(CheckpointKind::Online, &mut pace, &|_| true).expect("checkpoint");
    let control = engine.control();
    assert!(control.redo.0 / (128 << 10) == redo_segment && control.checkpoint.0 / (128 << 10) > redo_segment);
    drop(engine);
    sim.kill();
    let name = wal::segment_file_name(control.timeline, redo_segment, control.segment_bytes);
    sim.host().disk.unlink(&std::path::Path::new("pg_wal").join(&name)).expect("unlink");
    for _ in 0..2 {
        let error = start(&sim).expect_err("no log");
        let fields = error.fields();
        assert_eq!((fields.severity, error.code()), (Severity::Panic, SqlState::DATA_CORRUPTED));
        assert!(error.message().starts_with("WAL between redo point "), "{error}");
        assert!(fields.detail.as_ref().is_some_and(|detail| detail.contains(&name)), "{fields:?}");
        assert!(fields.hint.is_some());
    }
}
