//! Nanoseconds per operation of the storage layers, on the simulated disk: `cargo run --profile fast -p btree --example bench`.

#[path = "../tests/common/mod.rs"]
mod common;

use access::{Direction, Fetched, Row, RowWait, ScanKey, ScanOptions, UpdateOptions};
use common::{Engine, row};
use std::sync::Arc;
use std::time::Instant;
use tuple::{ColumnSet, Datum};

fn report(what: &str, count: u32, start: Instant) {
    println!("{what:<40} {:>8} ns", start.elapsed().as_nanos() / u128::from(count));
}

fn main() {
    const ROWS: i32 = 200_000;
    let engine = Engine::new(1, 16_384);
    let mut a = engine.session(1);
    let rows: Vec<Vec<Datum>> =
        (0..ROWS).map(|id| row(id, "filler filler filler filler filler filler filler filler filler", 0)).collect();
    let table = Arc::clone(&a.table);
    let by_id = Arc::clone(&a.by_id);
    let start = Instant::now();
    let mut tids = Vec::new();
    a.access(|cx| table.am.multi_insert(cx, &table, &rows, Default::default(), &mut tids)).unwrap();
    report("multi_insert, per row", ROWS as u32, start);
    let start = Instant::now();
    a.access(|cx| {
        for (id, tid) in tids.iter().enumerate() {
            by_id.am.insert(cx, (&by_id, &table), &[Datum::Int4(id as i32)], *tid, access::UniqueCheck::Yes).unwrap();
        }
    });
    report("unique ascending index insert", ROWS as u32, start);
    let start = Instant::now();
    a.commit();
    report("commit", 1, start);
    for round in 0..2 {
        let start = Instant::now();
        let count = a.rows().len();
        report(&format!("seq scan round {round}, per row (cloned)"), count as u32, start);
    }
    let snapshot = a.snapshot();
    let interrupts = Arc::clone(a.owner.interrupts());
    let options = ScanOptions { snapshot: snapshot.clone(), wanted: ColumnSet::of([0, 2]), blocks: None, interrupts };
    let mut scan = table.am.scan(&a.store, &table, options).unwrap();
    let start = Instant::now();
    let mut one = Row::default();
    while scan.next(Direction::Forward, &mut one).unwrap() {}
    report("seq scan, two columns, per row", ROWS as u32, start);
    drop(scan);
    let mut random = base::Prng::new(1);
    let mut scan = by_id.am.scan(&a.store, &by_id, Arc::clone(a.owner.interrupts()));
    let mut fetcher = table.am.fetcher(&a.store, &table, snapshot, ColumnSet::ALL);
    let start = Instant::now();
    for _ in 0..ROWS {
        let id = random.below(ROWS as u64) as i32;
        scan.rescan(&[ScanKey::equal(0, Datum::Int4(id))]).unwrap();
        let tid = scan.next(Direction::Forward).unwrap().unwrap();
        std::hint::black_box(tid);
    }
    report("index point lookup (rescan + next)", ROWS as u32, start);
    let start = Instant::now();
    for _ in 0..ROWS {
        let tid = tids[random.below(ROWS as u64) as usize];
        assert_eq!(fetcher.fetch(tid, &mut one).unwrap(), Fetched::Visible);
    }
    report("fetch by tid", ROWS as u32, start);
    let start = Instant::now();
    for _ in 0..ROWS {
        let mut scan = by_id.am.scan(&a.store, &by_id, Arc::clone(a.owner.interrupts()));
        let id = random.below(ROWS as u64) as i32;
        scan.rescan(&[ScanKey::equal(0, Datum::Int4(id))]).unwrap();
        let tid = scan.next(Direction::Forward).unwrap().unwrap();
        let snapshot = a.snapshot();
        let mut fetcher = table.am.fetcher(&a.store, &table, snapshot, ColumnSet::ALL);
        assert_eq!(fetcher.fetch(tid, &mut one).unwrap(), Fetched::Visible);
    }
    report("point select: new scan, snapshot, fetch", ROWS as u32, start);
    a.commit();
    let (indexed, keys) = (ColumnSet::of([0]), ColumnSet::of([0]));
    let update = UpdateOptions { indexed: &indexed, keys: &keys, wait: RowWait::Block };
    let start = Instant::now();
    const UPDATES: u32 = 50_000;
    a.access(|cx| {
        for _ in 0..UPDATES {
            let id = random.below(ROWS as u64) as usize;
            if tids[id].is_valid() {
                let changed = table.am.update(cx, &table, tids[id], &rows[id], &update).unwrap();
                let access::Changed::Done(new) = changed else { panic!("{changed:?}") };
                if !new.is_hot {
                    let key = [Datum::Int4(id as i32)];
                    by_id.am.insert(cx, (&by_id, &table), &key, new.tid, access::UniqueCheck::Yes).unwrap();
                }
                tids[id] = base::Tid::INVALID;
            }
        }
    });
    report("update", UPDATES, start);
    a.commit();
    let start = Instant::now();
    for _ in 0..UPDATES {
        a.txn().xid().unwrap();
        let xid = a.txn().top_xid();
        std::hint::black_box(xid);
        a.abort();
    }
    report("begin, xid, abort", UPDATES, start);
    let start = Instant::now();
    for _ in 0..UPDATES {
        std::hint::black_box(a.snapshot());
        a.commit();
    }
    report("begin, snapshot, commit", UPDATES, start);
    a.txn();
    let start = Instant::now();
    for _ in 0..ROWS {
        std::hint::black_box(a.snapshot());
    }
    report("snapshot", ROWS as u32, start);
    a.commit();
    // Their snapshots would keep every version alive.
    drop((scan, fetcher));
    transfers(&engine);
    let tag = table.lock_tag();
    let start = Instant::now();
    for _ in 0..ROWS {
        a.owner.acquire(tag, lock::LockMode::AccessShare, lock::LockScope::Transaction).unwrap();
        a.owner.release_transaction();
    }
    report("relation lock and release", ROWS as u32, start);
}

/// Eight sessions update a random row and one of ten hot rows in each transaction.
fn transfers(engine: &Engine) {
    const EACH: u32 = 3000;
    let start = Instant::now();
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let mut session = engine.session(100 + worker);
            std::thread::spawn(move || {
                let mut random = base::Prng::new(worker as u64);
                for _ in 0..EACH {
                    add(&mut session, 1000 + random.below(150_000) as i32);
                    add(&mut session, random.below(10) as i32);
                    session.commit();
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    report("transaction of two updates, 8 sessions", 8 * EACH, start);
}

fn add(session: &mut common::Session, id: i32) {
    let (indexed, keys) = (ColumnSet::of([0]), ColumnSet::of([0]));
    let options = UpdateOptions { indexed: &indexed, keys: &keys, wait: RowWait::Block };
    let _snapshot = session.snapshot();
    let mut current = session.find(id).unwrap();
    let table = Arc::clone(&session.table);
    loop {
        let n = current.values[2].as_i64() + 1;
        let new = row(id, "filler filler filler filler filler", n);
        match session.access(|cx| table.am.update(cx, &table, current.tid, &new, &options)).unwrap() {
            access::Changed::Done(new) => {
                if !new.is_hot {
                    let by_id = Arc::clone(&session.by_id);
                    let key = [Datum::Int4(id)];
                    session
                        .access(|cx| by_id.am.insert(cx, (&by_id, &table), &key, new.tid, access::UniqueCheck::Yes))
                        .unwrap();
                }
                return;
            }
            access::Changed::Updated { next, .. } => {
                assert!(table.am.fetch_version(&session.store, &table, next, &mut current).unwrap());
            }
            other => panic!("{other:?}"),
        }
    }
}
