//! Transactions against a log and files that only remember.

use crate::*;
use base::{Csn, DEFAULT_TABLESPACE, Lsn, Oid, RelFile, SessionId, Xid};
use host::SimHost;
use lock::{LockManager, LockMode, LockOwner, LockTag, RowShare, SessionWaits};
use report::Result;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use sync::{Interrupts, NoHooks, WaitHooks};

#[derive(Default)]
struct Memory {
    records: Mutex<Vec<(u8, Xid, Vec<u8>)>>,
    flushed: Mutex<u64>,
    removed: Mutex<Vec<RelFile>>,
    heard: Mutex<Vec<(Csn, Vec<u8>)>>,
    /// Somebody else leads every flush, and takes his time.
    is_slow: AtomicBool,
}

impl Journal for Memory {
    fn flush_or_enlist(&self, lsn: Lsn, _: &Arc<Interrupts>, _: &dyn WaitHooks) -> Result<bool> {
        if self.is_slow.load(Ordering::SeqCst) {
            return Ok(false);
        }
        self.flush(lsn).map(|()| true)
    }
    fn has_settled(&self, lsn: Lsn) -> bool {
        lsn <= self.flushed()
    }
    fn insert(&self, kind: u8, xid: Xid, body: &[u8]) -> Result<Lsn> {
        let mut records = self.records.lock().unwrap();
        records.push((kind, xid, body.to_vec()));
        Ok(Lsn(records.len() as u64))
    }
    fn flush(&self, lsn: Lsn) -> Result<()> {
        let mut flushed = self.flushed.lock().unwrap();
        *flushed = lsn.0.max(*flushed);
        Ok(())
    }
    fn flush_soon(&self, _: Lsn) {}
    fn flushed(&self) -> Lsn {
        Lsn(*self.flushed.lock().unwrap())
    }
}

impl RelationFiles for Memory {
    fn remove(&self, files: &[RelFile]) -> Result<()> {
        self.removed.lock().unwrap().extend(files);
        Ok(())
    }
}

impl CommitHook for Memory {
    fn committed(&self, csn: Csn, payload: &[u8]) {
        self.heard.lock().unwrap().push((csn, payload.to_vec()));
    }
}

struct Server {
    memory: Arc<Memory>,
    sim: SimHost,
    xacts: Arc<TransactionManager>,
}

impl Server {
    fn start() -> Server {
        Server::with(Arc::default(), SimHost::new(1), NextIds { xid: Xid(3), oid: Oid(16384) })
    }

    fn with(memory: Arc<Memory>, sim: SimHost, next: NextIds) -> Server {
        let host = sim.host();
        let parts = Parts {
            disk: host.disk,
            clock: host.clock,
            journal: memory.clone(),
            files: memory.clone(),
            locks: LockManager::new(),
            next,
            oldest_active: Xid::FIRST_NORMAL,
        };
        let xacts = Arc::new(TransactionManager::open(parts));
        xacts.set_commit_hook(memory.clone());
        Server { memory, sim, xacts }
    }

    /// Loses memory, keeps the log and what was synced, and redoes all of the log.
    fn crash(self) -> Server {
        self.sim.crash();
        let server = Server::with(self.memory, self.sim, NextIds { xid: Xid(3), oid: Oid(16384) });
        server.xacts.read_prepared().unwrap();
        for (kind, xid, body) in server.memory.records.lock().unwrap().iter() {
            server.xacts.note_xid(*xid);
            server.xacts.redo(*kind, *xid, body).unwrap();
        }
        server.xacts.finish_recovery().unwrap();
        server
    }

    /// A crash after a checkpoint: records before it are not read again.
    fn checkpoint_and_crash(self) -> Server {
        self.xacts.checkpoint(Lsn(1)).unwrap();
        self.xacts.checkpoint_prepared().unwrap();
        self.memory.records.lock().unwrap().clear();
        let next = self.xacts.checkpoint_ids();
        self.sim.crash();
        let server = Server::with(self.memory, self.sim, next);
        server.xacts.read_prepared().unwrap();
        server.xacts.finish_recovery().unwrap();
        server
    }

    fn session(&self, number: i32) -> LockOwner {
        self.xacts.locks().register(SessionWaits {
            session: SessionId(number),
            interrupts: Arc::new(Interrupts::new()),
            hooks: Arc::new(NoHooks),
        })
    }

    fn begin(&self) -> Transaction {
        self.xacts.begin(&self.session(1), TransactionOptions::default())
    }
}

fn file(number: u32) -> RelFile {
    RelFile { tablespace: DEFAULT_TABLESPACE, database: Oid(5), number }
}

#[test]
fn snapshots_see_what_committed_before_them() {
    let server = Server::start();
    let (mut writer, mut reader) = (server.begin(), server.begin());
    let xid = writer.xid().unwrap();
    let before = reader.latest_snapshot();
    let sees = |snapshot: &Snapshot| snapshot.sees(xid, false, &server.xacts).unwrap();
    assert_eq!(sees(&before), Seen::NotYet);
    assert!(writer.snapshot().is_own(xid) && !before.is_own(xid));
    writer.commit().unwrap();
    assert_eq!(sees(&before), Seen::NotYet);
    let after = reader.latest_snapshot();
    assert_eq!(sees(&after), Seen::Yes);
    assert!(after.xmin() > xid && after.csn() > before.csn());
    assert_eq!(server.xacts.status(xid).unwrap(), XidStatus::Committed(Some(before.csn())));
}

#[test]
fn the_oldest_snapshot_is_the_oldest_that_is_still_in_use() {
    let server = Server::start();
    let mut reader = server.begin();
    let end_another = || {
        let mut writer = server.begin();
        writer.xid().unwrap();
        writer.commit().unwrap();
    };
    let first = reader.latest_snapshot();
    end_another();
    let second = reader.latest_snapshot();
    assert_eq!(reader.oldest_snapshot().csn(), first.csn());
    drop(first);
    assert_eq!(reader.oldest_snapshot().csn(), second.csn());
    let moment = second.csn();
    drop(second);
    end_another();
    assert!(reader.oldest_snapshot().csn() > moment);
}

#[test]
fn repeatable_read_keeps_its_snapshot_but_sees_its_own_later_writes() {
    let server = Server::start();
    let options = TransactionOptions { isolation: Isolation::RepeatableRead, ..Default::default() };
    let mut reader = server.xacts.begin(&server.session(1), options);
    let first = reader.snapshot();
    let mut writer = server.begin();
    let xid = writer.xid().unwrap();
    writer.commit().unwrap();
    let own = reader.xid().unwrap();
    let again = reader.snapshot();
    assert_eq!((again.csn(), again.sees(xid, false, &server.xacts).unwrap()), (first.csn(), Seen::NotYet));
    assert!(again.is_own(own) && !first.is_own(own));
    assert_eq!(reader.latest_snapshot().sees(xid, true, &server.xacts).unwrap(), Seen::Yes);
}

#[test]
fn savepoints_commit_with_their_parent_or_abort_alone() {
    let server = Server::start();
    let mut txn = server.begin();
    txn.begin_savepoint().unwrap();
    let kept = txn.xid().unwrap();
    let top = txn.top_xid().unwrap();
    assert!(top < kept);
    txn.release_savepoint();
    txn.begin_savepoint().unwrap();
    let lost = txn.xid().unwrap();
    txn.begin_savepoint().unwrap();
    let nested = txn.xid().unwrap();
    txn.release_savepoint();
    assert!([top, kept, lost, nested].iter().all(|xid| txn.snapshot().is_own(*xid) && txn.is_own(*xid)));
    txn.rollback_savepoint().unwrap();
    assert_eq!([top, kept, lost, nested].map(|xid| txn.snapshot().is_own(xid)), [true, true, false, false]);
    let status = |xid| server.xacts.status(xid).unwrap();
    assert_eq!(
        (status(lost), status(nested), status(kept)),
        (XidStatus::Aborted, XidStatus::Aborted, XidStatus::InProgress)
    );
    let csn = txn.commit().unwrap().csn;
    assert_eq!((status(top), status(kept)), (XidStatus::Committed(csn), XidStatus::Committed(csn)));
}

#[test]
fn files_and_locks_follow_the_transactions_fate() {
    let server = Server::start();
    let removed = || std::mem::take(&mut *server.memory.removed.lock().unwrap());
    let mut txn = server.begin();
    txn.file_created(file(1)).unwrap();
    txn.begin_savepoint().unwrap();
    txn.file_created(file(2)).unwrap();
    txn.file_dropped(file(3)).unwrap();
    txn.rollback_savepoint().unwrap();
    assert_eq!(removed(), [file(2)]);
    txn.file_dropped(file(4)).unwrap();
    txn.commit().unwrap();
    assert_eq!(removed(), [file(4)]);
    let mut txn = server.begin();
    txn.file_created(file(5)).unwrap();
    txn.file_dropped(file(6)).unwrap();
    drop(txn);
    assert_eq!(removed(), [file(5)]);
    assert!(server.xacts.locks().status().is_empty());
}

#[test]
fn invalidations_are_told_once_and_only_of_what_stays() {
    let server = Server::start();
    let mut txn = server.begin();
    txn.add_invalidation(b"a").unwrap();
    txn.begin_savepoint().unwrap();
    txn.add_invalidation(b"b").unwrap();
    txn.rollback_savepoint().unwrap();
    txn.begin_savepoint().unwrap();
    txn.add_invalidation(b"c").unwrap();
    let csn = txn.commit().unwrap().csn.unwrap();
    assert_eq!(*server.memory.heard.lock().unwrap(), [(csn, b"ac".to_vec())]);
}

#[test]
fn the_horizon_waits_for_the_oldest_snapshot() {
    let server = Server::start();
    let mut reader = server.begin();
    let old = reader.latest_snapshot();
    let xids: Vec<Xid> = (0..20)
        .map(|_| {
            let mut writer = server.begin();
            let xid = writer.xid().unwrap();
            writer.commit().unwrap();
            xid
        })
        .collect();
    let horizon = server.xacts.oldest_visible();
    assert_eq!((horizon.csn, horizon.xmin), (old.csn(), old.xmin()));
    assert!(!server.xacts.committed_before(xids[0], horizon).unwrap());
    let clone = old.clone();
    drop(old);
    assert_eq!(server.xacts.oldest_visible(), horizon);
    drop(clone);
    let horizon = server.xacts.oldest_visible();
    assert!(server.xacts.committed_before(xids[19], horizon).unwrap());
    assert_eq!(horizon.xmin, server.xacts.next_xid());
    let last = server.xacts.status(xids[19]).unwrap();
    assert_eq!(last, XidStatus::Committed(None), "below the horizon only the commit log is asked");
}

#[test]
fn a_running_writer_holds_the_horizon_but_not_its_snapshot() {
    let server = Server::start();
    let mut old = server.begin();
    let xid = old.xid().unwrap();
    let mut other = server.begin();
    other.xid().unwrap();
    other.commit().unwrap();
    assert_eq!(server.xacts.oldest_visible().xmin, xid);
    old.abort();
    assert_eq!(server.xacts.oldest_visible().xmin, server.xacts.next_xid());
}

#[test]
fn commands_count_only_when_they_write() {
    let server = Server::start();
    let mut txn = server.begin();
    txn.next_command().unwrap();
    let first = txn.command();
    txn.next_command().unwrap();
    txn.next_command().unwrap();
    assert_eq!((first.0, txn.current_command().0, txn.snapshot().command().0), (0, 1, 1));
}

#[test]
fn a_crash_keeps_commits_and_gives_out_no_xid_twice() {
    let server = Server::start();
    let mut txns: Vec<Transaction> = (0..3).map(|_| server.begin()).collect();
    let xids: Vec<Xid> = txns.iter_mut().map(|t| t.xid().unwrap()).collect();
    let oid = server.xacts.next_oid().unwrap();
    let running = txns.pop();
    txns.pop().unwrap().abort();
    txns.pop().unwrap().commit().unwrap();
    server.xacts.checkpoint(Lsn(1)).unwrap();
    std::mem::forget(running);
    let server = server.crash();
    let status = xids.iter().map(|xid| server.xacts.status(*xid).unwrap()).collect::<Vec<_>>();
    assert_eq!(status, [XidStatus::Committed(None), XidStatus::Aborted, XidStatus::Aborted]);
    assert!(server.begin().xid().unwrap() > xids[2]);
    assert!(server.xacts.next_oid().unwrap() > oid);
}

#[test]
fn hints_wait_for_commits_without_flush() {
    let server = Server::start();
    let mut txn = server.begin();
    txn.xid().unwrap();
    txn.set_sync_commit(SyncCommit::Off);
    let lsn = txn.commit().unwrap().lsn;
    assert!(!server.xacts.may_set_hints());
    server.memory.flush(lsn).unwrap();
    assert!(server.xacts.may_set_hints());
}

#[test]
fn waiting_for_a_transaction_is_waiting_for_its_end() {
    let server = Server::start();
    let (mut writer, waiter) = (server.begin(), server.begin());
    let xid = writer.xid().unwrap();
    let xacts = Arc::clone(&server.xacts);
    let thread = std::thread::spawn(move || {
        waiter.wait_for(xid).unwrap();
        xacts.status(xid).unwrap()
    });
    let tag = LockTag::Transaction(xid);
    let waits = || server.xacts.locks().status().iter().any(|s| s.tag == tag && s.mode == LockMode::Share);
    while !waits() {
        std::thread::yield_now();
    }
    let csn = writer.commit().unwrap().csn;
    assert_eq!(thread.join().unwrap(), XidStatus::Committed(csn));
}

/// Two accounts that transfers keep in balance, each version kept with its xid: every snapshot sees the same sum.
#[test]
fn every_snapshot_is_one_moment() {
    let server = Arc::new(Server::start());
    let versions: Arc<Mutex<Vec<(Xid, i64)>>> = Arc::default();
    let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
    let reader = {
        let (server, versions) = (Arc::clone(&server), Arc::clone(&versions));
        let (stop, seen) = (Arc::clone(&stop), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut txn = server.begin();
            while !stop.load(Ordering::SeqCst) || seen.load(Ordering::SeqCst) == 0 {
                let snapshot = txn.latest_snapshot();
                let rows = versions.lock().unwrap().clone();
                let visible =
                    rows.iter().filter(|(xid, _)| snapshot.sees(*xid, false, &server.xacts).unwrap() == Seen::Yes);
                assert_eq!(visible.map(|(_, change)| change).sum::<i64>(), 0);
                seen.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let writers: Vec<_> = (1..=2)
        .map(|n| {
            let (server, versions) = (Arc::clone(&server), Arc::clone(&versions));
            std::thread::spawn(move || {
                for amount in 0..200i64 {
                    let mut txn = server.begin();
                    let xid = txn.xid().unwrap();
                    versions.lock().unwrap().push((xid, amount * n));
                    txn.begin_savepoint().unwrap();
                    let sub = txn.xid().unwrap();
                    versions.lock().unwrap().push((sub, -amount * n));
                    if amount % 5 == 0 { txn.abort() } else { txn.commit().map(drop).unwrap() }
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|t| t.join().unwrap());
    stop.store(true, Ordering::SeqCst);
    reader.join().unwrap();
    assert_eq!(server.xacts.oldest_active_xid(), server.xacts.next_xid());
}

/// Shared row locks are in no page: the state keeps them, as they were when it was last written.
#[test]
fn row_locks_of_a_prepared_transaction_survive() {
    for checkpoint in [false, true] {
        let server = Server::start();
        let (old, new) = ((file(1), base::Tid::new(0, 1)), (file(1), base::Tid::new(0, 2)));
        let mut txn = server.begin();
        let xid = txn.xid().unwrap();
        server.xacts.locks().rows().lock(old, xid, RowShare::Key).unwrap();
        let changes = txn.take_changes();
        let preparation = Preparation { identifier: "p", role: Oid(10), database: Oid(5), prepared_max: 1, changes };
        txn.prepare(preparation).unwrap();
        let server = if checkpoint {
            server.xacts.locks().rows().inherit(old, new);
            server.checkpoint_and_crash()
        } else {
            server.crash()
        };
        let rows = server.xacts.locks().rows();
        assert_eq!(rows.holders(old, |_, _| true), [xid]);
        assert_eq!(rows.holders(new, |_, _| true).contains(&xid), checkpoint);
        server.xacts.finish_prepared("p", PreparedEnd::Commit, |_| Ok(())).unwrap();
        assert!(rows.holders(old, |_, _| true).is_empty());
    }
}

/// What the statistics are told by the end is the same after a crash.
#[test]
fn a_prepared_transaction_knows_what_it_changed() {
    for (end, live, dead) in [(PreparedEnd::Commit, 5, 0), (PreparedEnd::Rollback, 0, 5)] {
        let server = Server::start();
        let mut txn = server.begin();
        txn.xid().unwrap();
        txn.changes().of((Oid(5), Oid(9))).inserted(5);
        let changes = txn.take_changes();
        let preparation = Preparation { identifier: "p", role: Oid(10), database: Oid(5), prepared_max: 1, changes };
        txn.prepare(preparation).unwrap();
        let server = server.crash();
        let ended = server.xacts.finish_prepared("p", end, |_| Ok(())).unwrap();
        let [(key, changes)] = &ended.tables[..] else { panic!("one table was changed") };
        assert_eq!((*key, changes.inserted, changes.live, changes.dead), ((Oid(5), Oid(9)), 5, live, dead));
    }
}

#[test]
fn a_damaged_state_file_is_not_believed() {
    let server = Server::start();
    let mut txn = server.begin();
    let xid = txn.xid().unwrap();
    let changes = txn.take_changes();
    let preparation = Preparation { identifier: "p", role: Oid(10), database: Oid(5), prepared_max: 1, changes };
    txn.prepare(preparation).unwrap();
    server.xacts.checkpoint_prepared().unwrap();
    let path = format!("pg_twophase/{:016X}", xid.0);
    let disk = server.sim.host().disk;
    let mut bytes = disk.read_file(path.as_ref()).unwrap();
    bytes[30] ^= 1;
    disk.replace_file(path.as_ref(), &bytes).unwrap();
    let half = "pg_twophase/0000000000000009.tmp";
    disk.open(half.as_ref(), host::OpenOptions::new(host::OpenMode::Create)).unwrap();
    let server = Server::with(server.memory, server.sim, NextIds { xid: Xid(3), oid: Oid(16384) });
    assert_eq!(server.xacts.read_prepared().unwrap_err().code(), report::SqlState::DATA_CORRUPTED);
    disk.unlink(path.as_ref()).unwrap();
    server.xacts.read_prepared().unwrap();
    assert!(!disk.exists(half.as_ref()).unwrap(), "what was being written when a crash came is removed");
}

#[test]
fn a_prepared_transaction_outlives_its_session_and_a_crash() {
    for checkpoint in [false, true] {
        let server = Server::start();
        let table = LockTag::Relation { database: Oid(5), relation: Oid(7) };
        let prepare = |name: &str| {
            let mut txn = server.begin();
            let xid = txn.xid().unwrap();
            txn.owner().acquire(table, LockMode::RowExclusive, lock::LockScope::Transaction).unwrap();
            txn.file_created(file(1)).unwrap();
            txn.file_dropped(file(2)).unwrap();
            txn.add_invalidation(name.as_bytes()).unwrap();
            let changes = txn.take_changes();
            txn.prepare(Preparation { identifier: name, role: Oid(10), database: Oid(5), prepared_max: 3, changes })
                .map(|()| xid)
        };
        let (kept, lost, waiting) = (prepare("kept").unwrap(), prepare("lost").unwrap(), prepare("waiting").unwrap());
        assert_eq!(prepare("kept").unwrap_err().message(), "transaction identifier \"kept\" is already in use");
        let mut other = server.begin();
        let committed = other.xid().unwrap();
        other.commit().unwrap();
        assert_eq!(server.xacts.oldest_visible().xmin, kept);
        let server = if checkpoint { server.checkpoint_and_crash() } else { server.crash() };
        let names: Vec<String> = server.xacts.prepared_transactions().into_iter().map(|p| p.identifier).collect();
        assert_eq!(names, ["kept", "lost", "waiting"]);
        let status = |xid| server.xacts.status(xid).unwrap();
        assert!([kept, lost, waiting].iter().all(|xid| status(*xid) == XidStatus::InProgress));
        assert!(matches!(status(committed), XidStatus::Committed(_)));
        let session = server.session(3);
        assert_eq!(session.try_acquire(table, LockMode::Share, lock::LockScope::Transaction).unwrap(), None);
        server.memory.removed.lock().unwrap().clear();
        server.xacts.finish_prepared("kept", PreparedEnd::Commit, |_| Ok(())).unwrap();
        assert_eq!(*server.memory.removed.lock().unwrap(), [file(2)]);
        assert_eq!(server.memory.heard.lock().unwrap().last().unwrap().1, b"kept");
        server.xacts.finish_prepared("lost", PreparedEnd::Rollback, |_| Ok(())).unwrap();
        assert_eq!(*server.memory.removed.lock().unwrap(), [file(2), file(1)]);
        assert!(matches!(status(kept), XidStatus::Committed(_)) && status(lost) == XidStatus::Aborted);
        let gone = server.xacts.finish_prepared("kept", PreparedEnd::Commit, |_| Ok(())).unwrap_err();
        assert_eq!(gone.code(), report::SqlState::UNDEFINED_OBJECT);
        let server = server.crash();
        let names: Vec<String> = server.xacts.prepared_transactions().into_iter().map(|p| p.identifier).collect();
        assert_eq!(names, ["waiting"]);
        server.xacts.finish_prepared("waiting", PreparedEnd::Commit, |_| Ok(())).unwrap();
        assert!(server.xacts.locks().status().is_empty());
        assert_eq!(server.xacts.oldest_visible().xmin, server.xacts.next_xid());
    }
}

/// What a transaction that has written is to a snapshot of now.
fn seen_now(server: &Server, xid: Xid) -> Seen {
    server.begin().latest_snapshot().sees(xid, false, &server.xacts).unwrap()
}

#[test]
fn between_the_halves_of_a_commit_nothing_shows() {
    let server = Server::start();
    server.memory.is_slow.store(true, Ordering::SeqCst);
    let (owner, session) = (server.session(1), Arc::new(Interrupts::new()));
    let mut writer = server.xacts.begin(&owner, TransactionOptions::default());
    let xid = writer.xid().unwrap();
    let Ending::Later(rest) = writer.begin_commit(&session).unwrap() else { panic!("it waits for the disk") };
    assert!(!rest.has_settled());
    assert_eq!(seen_now(&server, xid), Seen::NotYet);
    assert_eq!(server.xacts.status(xid).unwrap(), XidStatus::InProgress);
    server.memory.flush(Lsn(u64::MAX)).unwrap();
    assert!(rest.has_settled());
    assert_eq!(seen_now(&server, xid), Seen::NotYet, "its session has not gone on yet");
    rest.finish().unwrap();
    assert_eq!(seen_now(&server, xid), Seen::Yes);
}

#[test]
fn a_commit_that_is_let_go_is_finished() {
    let server = Server::start();
    server.memory.is_slow.store(true, Ordering::SeqCst);
    let mut writer = server.begin();
    let xid = writer.xid().unwrap();
    drop(writer.begin_commit(&Arc::new(Interrupts::new())).unwrap());
    assert_eq!(seen_now(&server, xid), Seen::Yes);
    assert!(server.memory.flushed() > Lsn(0), "it was not seen before it was on disk");
    let server = server.checkpoint_and_crash();
    assert_eq!(server.xacts.status(xid).unwrap(), XidStatus::Committed(None));
}

#[test]
fn a_commit_that_others_are_told_of_waits() {
    let server = Server::start();
    server.memory.is_slow.store(true, Ordering::SeqCst);
    let mut writer = server.begin();
    writer.add_invalidation(b"a table").unwrap();
    let ending = writer.begin_commit(&Arc::new(Interrupts::new())).unwrap();
    assert!(matches!(ending, Ending::Done(_)));
    assert_eq!(server.memory.heard.lock().unwrap().len(), 1);
}
