//! Write, crash and read on the simulated disk; inserters in parallel.

use crate::limits::{UNSYNCED_BYTES_MAX, UNSYNCED_BYTES_MAX_ALONE};
use crate::{
    BULK_PIECE_BYTES, EndOfLog, RECORD_HEADER_BYTES, Reader, RmgrId, SyncMethod, Timeline, Wal, WalOptions,
    WalPosition, segment_file_name, settle_doubt,
};
use base::{Lsn, Prng, Xid};
use host::{FaultPlan, Host, OpenMode, OpenOptions, SimHost};
use report::Severity;
use std::path::Path;
use std::sync::Arc;
use sync::{Interrupts, NoHooks};

const SEGMENT: u32 = 128 << 10;
const START: Lsn = Lsn(SEGMENT as u64);

fn options() -> WalOptions {
    WalOptions { segment_bytes: SEGMENT, buffer_bytes: 64 << 10, ..WalOptions::default() }
}

fn prepare(sim: &SimHost) -> Host {
    let host = sim.host();
    host.disk.mkdir(Path::new("pg_wal")).expect("mkdir");
    host.disk.sync_dir(Path::new("")).expect("sync");
    host
}

fn position(next: Lsn, previous: Lsn, epoch: u32) -> WalPosition {
    WalPosition { next, previous, epoch, redo: START }
}

fn open_fresh(sim: &SimHost) -> Wal {
    Wal::open(prepare(sim), options(), position(START, Lsn::INVALID, 1)).expect("open")
}

/// A record whose contents tell its number and whose length is by chance.
fn contents(number: u64, prng: &mut Prng) -> Vec<u8> {
    let length = match prng.below(20) {
        0 => 8 + prng.below(90_000),
        _ => 8 + prng.below(300),
    };
    let mut bytes = vec![number as u8; length as usize];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn insert(wal: &Wal, number: u64, prng: &mut Prng) -> report::Result<crate::Insertion> {
    wal.insert_data(RmgrId::HEAP, 0, Xid(number), &[&contents(number, prng)])
}

/// All records from the start: numbers, and the position after the last.
fn read_all(host: Host) -> (Vec<u64>, WalPosition, EndOfLog) {
    let mut reader = Reader::new(host, Timeline(1), SEGMENT, START);
    let mut numbers = Vec::new();
    while let Some(record) = reader.read().expect("readable") {
        if record.rmgr == RmgrId::HEAP {
            let number = u64::from_le_bytes(record.data[..8].try_into().expect("eight bytes"));
            assert!(record.data[8..].iter().all(|byte| *byte == number as u8));
            numbers.push(number);
        }
    }
    let at = position(reader.position(), reader.previous().unwrap_or_default(), reader.epoch() + 1);
    (numbers, at, reader.end().expect("it ended"))
}

#[test]
fn records_come_back_across_segments() {
    let sim = SimHost::new(1);
    let wal = open_fresh(&sim);
    let mut prng = Prng::new(1);
    for number in 0..2000 {
        insert(&wal, number, &mut prng).expect("insert");
    }
    wal.flush(wal.inserted()).expect("flush");
    assert!(wal.inserted().0 > 10 * u64::from(SEGMENT));
    let (numbers, at, end) = read_all(sim.host());
    assert_eq!((numbers, end), ((0..2000).collect(), EndOfLog::Zeros));
    assert_eq!(at.next, wal.inserted());
    assert_eq!(wal.stats().records, 2000);
}

#[test]
fn the_walwriter_is_woken_for_each_piece_that_waits() {
    let sim = SimHost::new(1);
    let options = WalOptions { buffer_bytes: 256 << 10, ..options() };
    let wal = Wal::open(prepare(&sim), options, position(START, Lsn::INVALID, 1)).expect("open");
    let writer = Arc::new(Interrupts::new());
    wal.set_writer(Arc::clone(&writer));
    let put = |bytes: usize| wal.insert_data(RmgrId::HEAP, 0, Xid(3), &[&vec![1; bytes]]).expect("insert");
    // The ring has 256 KiB, a quarter of it is a piece.
    put(60 << 10);
    assert!(!writer.latch().is_set());
    put(5 << 10);
    assert!(writer.latch().is_set());
    writer.latch().clear();
    put(60 << 10);
    assert!(!writer.latch().is_set(), "woken once for a piece");
    put(5 << 10);
    assert!(writer.latch().is_set());
    writer.latch().clear();
    wal.flush(wal.inserted()).expect("flush");
    put(60 << 10);
    assert!(!writer.latch().is_set(), "what is written does not count");
}

/// A block of the file is never written in part but at its start, so that the file system need not read it.
#[test]
fn writes_end_at_the_end_of_a_block() {
    let sim = SimHost::new(1);
    let wal = open_fresh(&sim);
    let path = Path::new("pg_wal").join(segment_file_name(Timeline(1), START.0 / u64::from(SEGMENT), SEGMENT));
    let file = sim.host().disk.open(&path, OpenOptions::new(OpenMode::ReadWrite)).expect("open");
    file.write_at(&[0xEE; 3 * 4096], 0).expect("what an earlier life left");
    let end = wal.insert_data(RmgrId::HEAP, 0, Xid(3), &[&[1; 5000]]).expect("insert").end;
    wal.flush(end).expect("flush");
    let mut bytes = vec![0; 3 * 4096];
    file.read_at(&mut bytes, 0).expect("read");
    let behind = (end.0 - START.0) as usize;
    assert!(bytes[behind..2 * 4096].iter().all(|byte| *byte == 0));
    assert!(bytes[2 * 4096..].iter().all(|byte| *byte == 0xEE));
    assert_eq!(read_all(sim.host()).2, EndOfLog::Zeros);
}

/// After any crash the log is a prefix of what was inserted, and holds at least what was flushed; writing goes on behind it, crash after crash.
#[test]
fn a_crash_leaves_a_prefix_with_all_that_was_flushed() {
    for seed in 0..400 {
        let sim = SimHost::new(seed);
        let mut prng = Prng::new(seed);
        let mut host = prepare(&sim);
        let (mut at, mut next, mut epoch) = (position(START, Lsn::INVALID, 1), 0, 1);
        for _ in 0..4 {
            sim.set_faults(FaultPlan { crash_at_io: Some(1 + prng.below(60)), ..FaultPlan::default() });
            let flushed = run_until_crash(host, at, &mut next, &mut prng);
            sim.crash();
            host = sim.host();
            let (numbers, found, _) = read_all(host.clone());
            let count = numbers.len() as u64;
            assert_eq!(numbers, (0..count).collect::<Vec<_>>(), "seed {seed}");
            assert!(flushed.is_none_or(|flushed| flushed < count), "seed {seed}: {flushed:?} of {count}");
            epoch += 1;
            (at, next) = (WalPosition { epoch, ..found }, count);
        }
    }
}

/// Inserts and flushes by chance; the number of the last record known to be flushed.
fn run_until_crash(host: Host, at: WalPosition, next: &mut u64, prng: &mut Prng) -> Option<u64> {
    let wal = Wal::open(host, options(), at).ok()?;
    let mut flushed = None;
    loop {
        insert(&wal, *next, prng).ok()?;
        *next += 1;
        match prng.below(6) {
            0 if wal.flush(wal.inserted()).is_ok() => flushed = Some(*next - 1),
            1 => drop(wal.background_flush(4096)),
            2 if prng.one_in(10) => drop(wal.switch_segment()),
            3 if prng.one_in(10) => drop(wal.preallocate()),
            _ => (),
        }
        if wal.check_alive().is_err() {
            return flushed;
        }
    }
}

/// What an earlier life of the log left behind its end is not taken for its continuation, though each record is whole and names its predecessor.
#[test]
fn records_lost_in_an_earlier_crash_stay_lost() {
    let sim = SimHost::new(1);
    let wal = open_fresh(&sim);
    // A block each, so that the block that is written again does not have the last one in it.
    let block = |number: u64| {
        let mut data = vec![number as u8; 4096 - RECORD_HEADER_BYTES];
        data[..8].copy_from_slice(&number.to_le_bytes());
        data
    };
    let record = |number: u64| wal.insert_data(RmgrId::HEAP, 0, Xid(0), &[&block(number)]).expect("insert");
    let (first, second) = (record(0), record(1));
    record(2);
    wal.flush(wal.inserted()).expect("flush");
    // The second record is torn; its place is given again to one of the same length.
    let path = format!("pg_wal/{}", segment_file_name(Timeline(1), 1, SEGMENT));
    sim.damage(Path::new(&path), (second.start.0 - START.0) as usize + 33, b"x");
    let (numbers, at, end) = read_all(sim.host());
    assert_eq!((numbers, at.next, at.previous, end), (vec![0], second.start, first.start, EndOfLog::BadCrc));
    let wal = Wal::open(sim.host(), options(), at).expect("open");
    wal.insert_data(RmgrId::HEAP, 0, Xid(0), &[&block(7)]).expect("insert");
    wal.flush(wal.inserted()).expect("flush");
    let (numbers, _, end) = read_all(sim.host());
    assert_eq!((numbers, end), (vec![0, 7], EndOfLog::OldEpoch(1)));
}

#[test]
fn a_recycled_segment_is_no_continuation() {
    let sim = SimHost::new(1);
    let wal = open_fresh(&sim);
    let mut prng = Prng::new(1);
    (0..1500).for_each(|number| assert!(insert(&wal, number, &mut prng).is_ok()));
    wal.flush(wal.inserted()).expect("flush");
    let stats = wal.recycle(wal.inserted(), 3, &|_| true).expect("recycle");
    assert!(stats.recycled == 3 && stats.removed > 3, "{stats:?}");
    let redo = wal.insert_data(RmgrId::XLOG, 0, Xid(0), &[b"checkpoint"]).expect("insert").start;
    (1500..3000).for_each(|number| assert!(insert(&wal, number, &mut prng).is_ok()));
    wal.flush(wal.inserted()).expect("flush");
    let mut reader = Reader::new(sim.host(), Timeline(1), SEGMENT, redo);
    let mut count = 0;
    while reader.read().expect("readable").is_some() {
        count += 1;
    }
    assert_eq!((count, reader.position()), (1501, wal.inserted()));
}

#[test]
fn a_switch_goes_to_the_next_segment_once() {
    let sim = SimHost::new(1);
    let wal = open_fresh(&sim);
    assert_eq!(wal.switch_segment().expect("nothing to do"), START);
    wal.insert_data(RmgrId::HEAP, 0, Xid(0), &[&0u64.to_le_bytes()]).expect("insert");
    wal.switch_segment().expect("switch");
    assert_eq!(wal.inserted().0, 2 * u64::from(SEGMENT));
    wal.insert_data(RmgrId::HEAP, 0, Xid(0), &[&1u64.to_le_bytes()]).expect("insert");
    wal.flush(wal.inserted()).expect("flush");
    assert_eq!(read_all(sim.host()).0, [0, 1]);
}

#[test]
fn a_failed_sync_is_a_panic_for_good() {
    let sim = SimHost::new(1);
    let wal = open_fresh(&sim);
    let end = wal.insert_data(RmgrId::HEAP, 0, Xid(0), &[b"x"]).expect("insert").end;
    sim.set_faults(FaultPlan { fail_sync_at: Some(1), ..FaultPlan::default() });
    for _ in 0..2 {
        assert_eq!(wal.flush(end).expect_err("broken").fields().severity, Severity::Panic);
    }
    assert!(wal.insert_data(RmgrId::HEAP, 0, Xid(0), &[b"x"]).is_err());
}

/// After a failed sync the next life sees what no disk has. Once it has written that again, a power cut takes nothing of it.
#[test]
fn what_a_failed_sync_left_is_written_again() {
    for seed in 0..20 {
        let sim = SimHost::new(seed);
        let wal = open_fresh(&sim);
        for number in 0..20 {
            wal.insert_data(RmgrId::HEAP, 0, Xid(number), &[&number.to_le_bytes()]).expect("insert");
            wal.write_out(wal.inserted().0).expect("write");
        }
        sim.set_faults(FaultPlan { fail_sync_at: Some(1), ..FaultPlan::default() });
        wal.flush(wal.inserted()).expect_err("the sync fails");
        sim.kill();
        let seen = read_all(sim.host()).0;
        assert_eq!(seen.len(), 20);
        settle_doubt(&sim.host(), (Timeline(1), SEGMENT), START).expect("write again");
        sim.crash();
        assert_eq!(read_all(sim.host()).0, seen, "seed {seed}");
        assert!(!sim.host().disk.exists(Path::new("pg_wal/sync_failed")).expect("a sound disk"));
    }
}

/// A Rust panic in the middle of a record leaves a gap that nobody can fill: who waits for the log is told, not left waiting.
#[test]
fn an_abandoned_record_breaks_the_log() {
    let sim = SimHost::new(1);
    let wal = open_fresh(&sim);
    let caught = sync::catch(|| {
        let slot = wal.slots.take(0, &wal.failed);
        slot.begin(START.0);
        panic!("in the middle of a record");
    });
    assert!(caught.is_err_and(|caught| caught.unclean));
    let error = wal.insert_data(RmgrId::HEAP, 0, Xid(0), &[b"x"]).expect_err("broken");
    assert_eq!(error.fields().severity, Severity::Panic);
}

#[test]
fn a_full_disk_is_a_panic() {
    let sim = SimHost::new(1);
    let wal = open_fresh(&sim);
    sim.set_faults(FaultPlan { space_bytes: Some(1000), ..FaultPlan::default() });
    let mut prng = Prng::new(1);
    let error = (0..2000).find_map(|number| insert(&wal, number, &mut prng).err()).expect("the disk is full");
    assert_eq!((error.fields().severity, error.code().as_str()), (Severity::Panic, "53100"));
}

#[test]
fn a_flush_beyond_the_end_is_damage() {
    let sim = SimHost::new(1);
    let error = open_fresh(&sim).flush(Lsn(START.0 + 8)).expect_err("beyond");
    assert_eq!(error.message(), "xlog flush request 0/20008 is not satisfied --- inserted only to 0/20000");
}

#[test]
fn an_outdated_image_policy_is_refused() {
    let sim = SimHost::new(1);
    let wal = open_fresh(&sim);
    let policy = wal.image_policy();
    assert!(policy.needs_image(START) && !policy.needs_image(Lsn(START.0 + 1)));
    wal.insert_data(RmgrId::HEAP, 0, Xid(0), &[b"x"]).expect("insert");
    let redo = wal.begin_checkpoint();
    let mut record = crate::RecordWriter::new(Vec::new(), RmgrId::HEAP, 0, Xid(0)).finish(&[]);
    assert_eq!(wal.insert(&mut record, Some(policy), Xid(0)).expect("insert"), None);
    assert!(wal.image_policy().needs_image(redo));
    assert!(wal.insert(&mut record, Some(wal.image_policy()), Xid(0)).expect("insert").is_some());
}

#[test]
fn many_inserters_make_one_log() {
    const THREADS: u64 = 8;
    const EACH: u64 = 400;
    for method in [SyncMethod::FdataSync, SyncMethod::OpenDataSync] {
        let sim = SimHost::new(1);
        let options = WalOptions { sync_method: method, ..options() };
        let wal = Wal::open(prepare(&sim), options, position(START, Lsn::INVALID, 1)).expect("open");
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let wal = &wal;
                scope.spawn(move || {
                    let mut prng = Prng::new(thread);
                    for index in 0..EACH {
                        let end = insert(wal, index * THREADS + thread, &mut prng).expect("insert").end;
                        if prng.one_in(5) {
                            wal.flush(end).expect("flush");
                            assert!(wal.flushed() >= end);
                        }
                    }
                });
            }
        });
        wal.flush(wal.inserted()).expect("flush");
        sim.crash();
        let (mut numbers, ..) = read_all(sim.host());
        numbers.sort_unstable();
        assert_eq!(numbers, (0..THREADS * EACH).collect::<Vec<_>>());
    }
}

#[test]
fn a_session_without_a_thread_is_woken_by_the_walwriters_flush() {
    let sim = SimHost::new(1);
    let wal = open_fresh(&sim);
    let (writer, session) = (Arc::new(Interrupts::new()), Arc::new(Interrupts::new()));
    wal.set_writer(Arc::clone(&writer));
    let put = || wal.insert_data(RmgrId::HEAP, 0, Xid(3), &[&[1; 8]]).expect("insert").end;
    let first = put();
    assert!(wal.flush_or_enlist(first, &session, &NoHooks).expect("flush"), "nobody leads: it is flushed at once");
    wal.queue.lock().leading = true;
    let second = put();
    assert!(!wal.flush_or_enlist(second, &session, &NoHooks).expect("enlist"), "somebody leads");
    assert!(!wal.has_settled(second) && !session.latch().is_set());
    wal.queue.lock().leading = false;
    assert!(wal.background_flush(u64::MAX).expect("flush"), "the walwriter finds it");
    assert!(wal.has_settled(second) && session.latch().is_set());
    wal.queue.lock().leading = true;
    assert!(!wal.flush_or_enlist(put(), &session, &NoHooks).expect("enlist"));
    wal.abandon();
    assert!(wal.has_settled(wal.inserted()), "nobody waits for a broken log");
}

/// Makes log in bulk with others; answers the most that was seen not to be on disk.
fn make_much(wal: &Wal, session: &Arc<Interrupts>, seed: u64) -> u64 {
    let (mut prng, mut made, mut most) = (Prng::new(seed), 0, 0);
    for number in 0..2000 {
        let record = insert(wal, number, &mut prng).expect("insert");
        made += record.end.0 - record.start.0;
        if made >= BULK_PIECE_BYTES {
            made = 0;
            wal.hold_back(session, &NoHooks).expect("flush");
        }
        let inserted = wal.inserted();
        most = most.max(inserted.0.saturating_sub(wal.flushed().0));
    }
    most
}

/// Runs so many who make log in bulk; answers the most of each.
fn make_much_together(wal: &Wal, sessions: u64) -> u64 {
    std::thread::scope(|scope| {
        let run = |seed| scope.spawn(move || make_much(wal, &Arc::default(), seed));
        let running: Vec<_> = (0..sessions).map(run).collect();
        running.into_iter().map(|thread| thread.join().expect("it does not panic")).max().unwrap_or_default()
    })
}

#[test]
fn who_makes_log_in_bulk_keeps_little_of_it_from_the_disk_while_others_commit() {
    const SESSIONS: u64 = 3;
    // What a session makes between two looks: a piece, and the record that completes it.
    let slack = SESSIONS * (BULK_PIECE_BYTES + 100_000);
    let sim = SimHost::new(7);
    let wal = open_fresh(&sim);
    let alone = make_much_together(&wal, SESSIONS);
    assert!(alone > UNSYNCED_BYTES_MAX + slack && alone <= UNSYNCED_BYTES_MAX_ALONE + slack, "{alone} bytes");
    let (mut prng, committer) = (Prng::new(9), Arc::default());
    let commit = insert(&wal, 1, &mut prng).expect("insert").end;
    wal.flush_or_enlist(commit, &committer, &NoHooks).expect("flush");
    let most = make_much_together(&wal, SESSIONS);
    assert!(most <= UNSYNCED_BYTES_MAX + slack, "{most} bytes");
    assert!(
        make_much(&wal, &committer, 11) > UNSYNCED_BYTES_MAX + slack,
        "its own commits are no reason to hold it back"
    );
}
