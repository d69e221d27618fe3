//! The log under many orders of events: `cargo models wal`.
//!
//! The real log runs on the simulated disk, with a ring of 128 bytes and segments of 256, so that a few records fill the one and cross the
//! other. What was acknowledged must be found by the reader after a power cut at any moment; a failed sync must end every wait with an error.
//!
//! To see the models fail: in `flush` let a waiter return when `written` has passed its position instead of `flushed`; in `write_and_sync`
//! raise `flushed` before the sync; in `hand_on` wake only those who are covered, or leave `leading` set after a failure; in `reserve` set the
//! slot's position after the reservation is published; in `insert` compare the image policy before taking the slot; in `flush` look whether the
//! log is alive before taking the queue's lock instead of under it.

use crate::{Insertion, Reader, RecordWriter, RmgrId, Timeline, Wal, WalOptions, WalPosition};
use base::{Lsn, Xid};
use host::{FaultPlan, SimHost};
use report::{Result, Severity};
use std::path::Path;
use std::sync::{Arc, Mutex};
use sync::atomic::{AtomicBool, Ordering};
use sync::check::check;
use sync::thread::{self, JoinHandle};
use sync::{Interrupts, NoHooks};

const SCHEDULES: usize = 2000;
const SEGMENT: u32 = 256;
const START: Lsn = Lsn(SEGMENT as u64);

/// A machine with a log, and who was told that what is on disk.
struct Machine {
    sim: SimHost,
    wal: Wal,
    acknowledged: Mutex<Vec<u64>>,
}

fn machine() -> Arc<Machine> {
    let sim = SimHost::new(1);
    let host = sim.host();
    host.disk.mkdir(Path::new("pg_wal")).expect("mkdir");
    host.disk.sync_dir(Path::new("")).expect("sync");
    let options = WalOptions { segment_bytes: SEGMENT, buffer_bytes: 1, ..WalOptions::default() };
    let at = WalPosition { next: START, previous: Lsn::INVALID, epoch: 1, redo: START };
    let wal = Wal::open(host, options, at).expect("open");
    Arc::new(Machine { sim, wal, acknowledged: Mutex::default() })
}

impl Machine {
    fn insert(&self, number: u64, bytes: usize) -> Result<Insertion> {
        let mut data = vec![number as u8; bytes];
        data[..8].copy_from_slice(&number.to_le_bytes());
        self.wal.insert_data(RmgrId::HEAP, 0, Xid(number), &[&data])
    }

    /// Inserts, flushes, and is told.
    fn commit(&self, number: u64, bytes: usize) -> Result<()> {
        let place = self.insert(number, bytes)?;
        self.wal.flush(place.end)?;
        assert!(self.wal.flushed() >= place.end);
        self.acknowledged.lock().expect("no model thread panics").push(number);
        Ok(())
    }

    /// Cuts the power: what was acknowledged is found.
    fn lose_power(&self) {
        let acknowledged = self.acknowledged.lock().expect("no model thread panics").clone();
        self.sim.crash();
        let mut reader = Reader::new(self.sim.host(), Timeline(1), SEGMENT, START);
        let mut found = Vec::new();
        while let Some(record) = reader.read().expect("readable") {
            let number = u64::from_le_bytes(record.data[..8].try_into().expect("eight bytes"));
            assert!(record.data[8..].iter().all(|byte| *byte == number as u8));
            found.push(number);
        }
        let lost: Vec<&u64> = acknowledged.iter().filter(|number| !found.contains(number)).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?} of {acknowledged:?}, found {found:?}");
    }
}

/// Committers of two records each; the second is too long for the ring.
fn committers(machine: &Arc<Machine>, count: u64) -> Vec<JoinHandle<Result<()>>> {
    let start = |number: u64| {
        let machine = Arc::clone(machine);
        thread::spawn(move || {
            machine.commit(number * 2, 8)?;
            machine.commit(number * 2 + 1, 150)
        })
    };
    (0..count).map(start).collect()
}

fn join<T>(threads: Vec<JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
}

/// All who commit are told, and what they were told is true.
#[test]
fn every_commit_ends_and_is_durable() {
    check("wal commits", SCHEDULES, || {
        let machine = machine();
        let outcomes = join(committers(&machine, 3));
        assert!(outcomes.iter().all(|outcome| outcome.is_ok()));
        assert_eq!(machine.acknowledged.lock().expect("no model thread panics").len(), 6);
        machine.lose_power();
    });
}

/// The power fails at a moment that the schedule chooses. Those who wait get an error, not an acknowledgement.
#[test]
fn a_power_cut_loses_nothing_acknowledged() {
    check("wal power cut", SCHEDULES, || {
        let machine = machine();
        let committers = committers(&machine, 2);
        let power = {
            let machine = Arc::clone(&machine);
            thread::spawn(move || machine.lose_power())
        };
        power.join().expect("nothing is lost");
        join(committers);
    });
}

/// A sync fails: nobody waits for ever, nobody is told "durable" after it, and whoever comes later fails too.
#[test]
fn a_failed_sync_fails_all_who_wait() {
    check("wal failed sync", SCHEDULES, || {
        let machine = machine();
        machine.sim.set_faults(FaultPlan { fail_sync_at: Some(3), ..FaultPlan::default() });
        let outcomes = join(committers(&machine, 3));
        let failed = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        let mut panics = failed.map(|error| error.fields().severity == Severity::Panic);
        assert!(panics.all(|is_panic| is_panic));
        if machine.commit(100, 8).is_ok() {
            // The third sync is this one's, or never came.
            assert!(outcomes.iter().all(|outcome| outcome.is_ok()));
        }
        machine.lose_power();
    });
}

/// The walwriter flushes what asynchronous commits left; a flush by somebody else at the same time takes nothing from either.
#[test]
fn the_background_flush_reaches_asynchronous_commits() {
    check("wal asynchronous commit", SCHEDULES, || {
        let machine = machine();
        let lazy = {
            let machine = Arc::clone(&machine);
            thread::spawn(move || {
                let place = machine.insert(10, 40).expect("insert");
                machine.wal.set_async_lsn(place.end);
                machine.wal.background_flush(1).expect("flush");
                assert!(machine.wal.flushed() >= place.end);
                machine.acknowledged.lock().expect("no model thread panics").push(10);
            })
        };
        let outcomes = join(committers(&machine, 2));
        assert!(outcomes.iter().all(|outcome| outcome.is_ok()));
        lazy.join().expect("it ends");
        machine.lose_power();
    });
}

/// A record that was built for the old redo point lies before the new one: after it there are only records that know it.
#[test]
fn a_redo_point_has_no_old_record_behind_it() {
    check("wal redo point", SCHEDULES, || {
        let machine = machine();
        let start = |number: u64| {
            let machine = Arc::clone(&machine);
            thread::spawn(move || {
                let policy = machine.wal.image_policy();
                let knew = machine.wal.redo_lsn();
                let mut record = RecordWriter::new(Vec::new(), RmgrId::HEAP, 0, Xid(number)).finish(&[&[0; 16]]);
                let place = machine.wal.insert(&mut record, Some(policy), Xid(number)).expect("insert");
                place.map(|place| (knew, place.start))
            })
        };
        let inserters = (0..2).map(start).collect();
        machine.insert(7, 8).expect("insert");
        let redo = machine.wal.begin_checkpoint();
        for (knew, start) in join(inserters).into_iter().flatten() {
            assert!(knew == redo || start < redo, "record at {start} knew {knew}, the redo point is {redo}");
        }
    });
}

/// Sessions without a thread are woken when their log is on disk, whoever has flushed it: each leader, or the walwriter where none is left.
#[test]
fn enlisted_sessions_are_woken() {
    check("wal enlisted sessions", SCHEDULES, || {
        let machine = machine();
        let writer = Arc::new(Interrupts::new());
        machine.wal.set_writer(Arc::clone(&writer));
        let is_over = Arc::new(AtomicBool::new(false));
        let walwriter = {
            let (machine, writer, is_over) = (Arc::clone(&machine), Arc::clone(&writer), Arc::clone(&is_over));
            thread::spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    machine.wal.background_flush(u64::MAX).expect("flush");
                    writer.latch().wait(None);
                }
            })
        };
        let committer = committers(&machine, 1);
        let session = Arc::new(Interrupts::new());
        let place = machine.insert(10, 40).expect("insert");
        if !machine.wal.flush_or_enlist(place.end, &session, &NoHooks).expect("flush") {
            while !machine.wal.has_settled(place.end) {
                session.latch().wait(None);
            }
        }
        assert!(machine.wal.flushed() >= place.end);
        machine.acknowledged.lock().expect("no model thread panics").push(10);
        assert!(join(committer).iter().all(|outcome| outcome.is_ok()));
        is_over.store(true, Ordering::SeqCst);
        writer.latch().set();
        walwriter.join().expect("it ends");
        machine.lose_power();
    });
}
