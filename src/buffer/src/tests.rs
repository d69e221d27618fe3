//! The pool on the simulated disk: finding, eviction, write order, redo, many threads.

use crate::{
    BufferPool, BulkRing, Durability, HugePages, Origin, PageOwner, PagesOf, PoolOptions, RecordBuilder, Redo, RedoCx,
    Used,
};
use base::{BlockNumber, DEFAULT_TABLESPACE, Fork, Lsn, Oid, PAGE_BYTES, Prng, RelFile, RelFork, Xid};
use host::{FaultPlan, Host, SimHost};
use page::{Page, Reuse};
use smgr::{SmgrOptions, StorageManager};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use sync::{CriticalSection, NoHooks, WaitHooks, WaitKind};
use wal::{BlockFlags, Reader, RmgrId, Timeline, Wal, WalOptions, WalPosition};

const SEGMENT: u32 = 1 << 20;
const START: Lsn = Lsn(SEGMENT as u64);
const FRAMES: usize = 16;
const FILE: RelFile = RelFile { tablespace: DEFAULT_TABLESPACE, database: Oid(5), number: 16384 };
const MAIN: RelFork = RelFork { file: FILE, fork: Fork::Main };

fn prepare(sim: &SimHost) -> Host {
    let host = sim.host();
    for path in ["pg_wal", "base", "base/5"] {
        if !host.disk.exists(Path::new(path)).expect("exists") {
            host.disk.mkdir(Path::new(path)).expect("mkdir");
        }
        host.disk.sync_dir(Path::new(path).parent().expect("it has one")).expect("sync");
    }
    host
}

fn pool_at(host: Host, at: WalPosition) -> BufferPool {
    let options = WalOptions { segment_bytes: SEGMENT, buffer_bytes: 64 << 10, ..WalOptions::default() };
    let wal = Wal::open(host.clone(), options, at).expect("open the log");
    let smgr = StorageManager::new(host, SmgrOptions::default());
    BufferPool::new(Arc::new(smgr), Arc::new(wal), PoolOptions { frames: FRAMES, huge_pages: HugePages::Off })
        .expect("map")
}

fn fresh(sim: &SimHost) -> BufferPool {
    let pool = pool_at(prepare(sim), WalPosition { next: START, previous: Lsn::INVALID, epoch: 1, redo: START });
    pool.smgr().create_main(FILE).expect("create");
    pool
}

/// Adds a page with one item, logged.
fn add_page(pool: &BufferPool, item: &[u8]) -> BlockNumber {
    let mut guard = pool.extend(MAIN).expect("extend");
    let section = CriticalSection::enter();
    guard.init(0);
    assert!(guard.add_item(item, Reuse::Never).is_some());
    let mut record = RecordBuilder::new(pool, RmgrId::GENERIC, 0, Xid(3));
    record.block(0, &mut guard, BlockFlags::WILL_INIT, item);
    record.insert().expect("insert");
    drop(section);
    guard.block()
}

/// Adds an item to a page, logged.
fn add_item(pool: &BufferPool, block: BlockNumber, item: &[u8]) -> report::Result<Lsn> {
    let mut guard = pool.read(MAIN, block)?.exclusive();
    let section = CriticalSection::enter();
    if guard.add_item(item, Reuse::Never).is_none() {
        guard.init(0);
        assert!(guard.add_item(item, Reuse::Never).is_some());
    }
    let count = guard.item_count().to_le_bytes();
    let mut record = RecordBuilder::new(pool, RmgrId::GENERIC, 1, Xid(3));
    record.block(0, &mut guard, BlockFlags::default(), item).data(&count);
    let end = record.insert()?.end;
    drop(section);
    Ok(end)
}

fn redo(record: &wal::Record<'_>, cx: &RedoCx) {
    let item = record.block(0).expect("a block").data;
    let fresh = record.info == 0;
    match cx.block(record, 0).expect("redo") {
        Redo::Apply(mut guard) => {
            let first = u16::from_le_bytes(record.data.try_into().unwrap_or([1, 0])) == 1;
            if fresh || first {
                guard.init(0);
            }
            assert!(guard.add_item(item, Reuse::Never).is_some());
            guard.mark_dirty(record.end);
        }
        Redo::Done(_) | Redo::Restored(_) => (),
        Redo::Missing => assert!(!fresh),
        Redo::Elsewhere => panic!("the context has all pages"),
    }
}

#[test]
fn pages_come_back_through_eviction() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    let blocks: Vec<_> = (0..100u8).map(|number| add_page(&pool, &[number; 20])).collect();
    for (number, block) in blocks.iter().enumerate() {
        let page = pool.read(MAIN, *block).expect("read").share();
        assert_eq!(page.item(base::OffsetNumber::FIRST), [number as u8; 20]);
    }
    assert_eq!(pool.pinned_frames(), 0);
    assert!(pool.stats().backend_writes >= 84 && pool.stats().reads >= 84);
}

/// How often each kind of wait was told, and whether one is under way.
#[derive(Default)]
struct Waits {
    reads: AtomicU32,
    others: AtomicU32,
    open: AtomicU32,
}

impl WaitHooks for Waits {
    fn begin_wait(&self, kind: WaitKind) {
        let count = if kind == WaitKind::Io("DataFileRead") { &self.reads } else { &self.others };
        count.fetch_add(1, Ordering::Relaxed);
        assert_eq!(self.open.fetch_add(1, Ordering::Relaxed), 0, "waits do not nest");
    }

    fn end_wait(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn only_who_waits_for_the_disk_says_so() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    let blocks: Vec<_> = (0..60u8).map(|number| add_page(&pool, &[number; 20])).collect();
    let waits = Arc::new(Waits::default());
    let handle = pool.handle(waits.clone());
    let told = || waits.reads.load(Ordering::Relaxed);
    handle.read(MAIN, blocks[0]).expect("read");
    assert_eq!(told(), 0, "the system had it");
    sim.set_faults(FaultPlan { reads_wait: true, ..FaultPlan::default() });
    handle.read(MAIN, blocks[1]).expect("read");
    handle.read(MAIN, blocks[1]).expect("read");
    assert_eq!(told(), 1, "the second time it was in memory");
    let page = handle.read(MAIN, blocks[1]).expect("read").share();
    assert_eq!((page.item(base::OffsetNumber::FIRST), waits.open.load(Ordering::Relaxed)), (&[1; 20][..], 0));
    drop(page);
    blocks.iter().for_each(|block| drop(handle.read(MAIN, *block).expect("read")));
    assert_eq!(waits.others.load(Ordering::Relaxed), 1, "the last page's log was not flushed when its frame was taken");
}

#[test]
fn a_checkpoint_asks_for_the_write_back_of_what_it_wrote() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    let pages = |first: u64, count: u64| (first * PAGE_BYTES as u64, count * PAGE_BYTES as u64);
    for number in 0..10u8 {
        add_page(&pool, &[number; 20]);
    }
    pool.write_dirty(&mut |_| Ok(())).expect("write");
    assert_eq!(sim.take_write_backs(), []);
    pool.set_checkpoint_flush_after(2);
    for block in [1, 2, 4, 7, 9] {
        add_item(&pool, BlockNumber(block), b"more").expect("add");
    }
    pool.write_dirty(&mut |_| Ok(())).expect("write");
    assert_eq!(sim.take_write_backs(), [pages(1, 2), pages(4, 4), pages(9, 1)]);
}

#[test]
fn each_handle_counts_what_is_done_through_it() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    let (mine, other) = (pool.handle(Arc::new(NoHooks)), pool.handle(Arc::new(NoHooks)));
    (0..100u8).for_each(|number| assert_eq!(add_page(&mine, &[number; 20]).0, u32::from(number)));
    let used = mine.usage().counts();
    assert_eq!((used.get(Used::SharedDirtied), used.get(Used::WalRecords)), (100, 100));
    assert!(used.get(Used::SharedWritten) >= 84 && used.get(Used::WalBytes) > 100 * 20);
    assert_eq!(other.usage().counts(), crate::UsageCounts::default());
    let (pin, origin) = other.fetch(MAIN, BlockNumber(0), None).expect("read");
    assert_eq!(origin, Origin::File);
    // The pool stays as long as a handle does.
    drop((pool, mine));
    assert_eq!(other.fetch(MAIN, BlockNumber(0), None).expect("read").1, Origin::Memory);
    drop(pin);
    assert_eq!(other.pinned_frames(), 0);
}

#[test]
fn a_big_scan_leaves_the_pages_of_others_alone() {
    const PAGES: u32 = 300;
    let sim = SimHost::new(1);
    let host = prepare(&sim);
    let at = WalPosition { next: START, previous: Lsn::INVALID, epoch: 1, redo: START };
    let options = WalOptions { segment_bytes: SEGMENT, ..WalOptions::default() };
    let wal = Arc::new(Wal::open(host.clone(), options, at).expect("open the log"));
    let smgr = Arc::new(StorageManager::new(host, SmgrOptions::default()));
    let pool = BufferPool::new(smgr, wal, PoolOptions { frames: 100, huge_pages: HugePages::Try }).expect("map");
    pool.smgr().create_main(FILE).expect("create");
    (0..PAGES).for_each(|number| assert_eq!(add_page(&pool, &number.to_le_bytes()), BlockNumber(number)));
    pool.write_dirty(&mut |_| Ok(())).expect("write");
    let mine = 0..50;
    for _ in 0..3 {
        mine.clone().for_each(|block| drop(pool.read(MAIN, BlockNumber(block)).expect("read")));
    }
    assert!(BulkRing::for_scan(&pool, 25).is_none());
    let mut ring = BulkRing::for_scan(&pool, PAGES).expect("it is big");
    for block in 50..PAGES {
        let page = pool.fetch(MAIN, BlockNumber(block), Some(&mut ring)).expect("read").0.share();
        assert_eq!(page.item(base::OffsetNumber::FIRST), block.to_le_bytes());
    }
    assert!(mine.clone().all(|block| pool.lookup(MAIN, BlockNumber(block)).is_some()));
    assert_eq!(pool.pinned_frames(), 0);
}

#[test]
fn when_all_is_pinned_there_is_an_error() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    (0..20).for_each(|_| assert!(add_page(&pool, b"x").0 < 20));
    let pins: Vec<_> = (0..FRAMES as u32).map(|block| pool.read(MAIN, BlockNumber(block)).expect("read")).collect();
    let error = pool.read(MAIN, BlockNumber(19)).expect_err("no frame");
    assert_eq!(error.message(), "no unpinned buffers available");
    drop(pins);
    pool.read(MAIN, BlockNumber(19)).expect("there is room again");
}

#[test]
fn damage_is_told_with_file_and_block() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    add_page(&pool, b"x");
    pool.flush(PagesOf::Relation(FILE)).expect("flush");
    pool.forget(PagesOf::Relation(FILE));
    sim.damage(Path::new("base/5/16384"), 8000, b"!");
    let error = pool.read(MAIN, BlockNumber(0)).expect_err("damaged");
    assert_eq!(error.message(), "invalid page in block 0 of relation base/5/16384");
    assert_eq!(error.code().as_str(), "XX001");
    assert_eq!(pool.usage().counts().get(Used::ChecksumFailures), 1);
    assert_eq!(pool.pinned_frames(), 0);
    pool.set_zero_damaged_pages(true);
    assert!(pool.read(MAIN, BlockNumber(0)).expect("zeroed").share().is_new());
}

#[test]
fn a_failed_read_can_be_tried_again() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    add_page(&pool, b"x");
    pool.flush(PagesOf::Relation(FILE)).expect("flush");
    pool.forget(PagesOf::Relation(FILE));
    sim.set_faults(FaultPlan { fail_read_at: Some(1), ..FaultPlan::default() });
    let error = pool.read(MAIN, BlockNumber(0)).expect_err("the read fails");
    assert_eq!(error.message(), "could not read block 0 in file \"base/5/16384\": Input/output error");
    pool.read(MAIN, BlockNumber(0)).expect("the second succeeds");
}

#[test]
fn cleanup_needs_the_only_pin() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    add_page(&pool, b"x");
    let pin = pool.read(MAIN, BlockNumber(0)).expect("read");
    let other = pin.clone();
    let pin = pin.try_cleanup().expect_err("another pin");
    std::thread::scope(|scope| {
        let waiter = scope.spawn(move || pin.cleanup(&|| Ok(())).map(|guard| guard.block()));
        drop(other);
        assert_eq!(waiter.join().expect("it ends").expect("it got the lock"), BlockNumber(0));
    });
    let pin = pool.read(MAIN, BlockNumber(0)).expect("read");
    let other = pin.clone();
    let cancelled = pin.cleanup(&|| Err(report::error!(QUERY_CANCELED, "canceling statement due to user request")));
    assert!(cancelled.is_err());
    drop(other);
    assert_eq!(pool.pinned_frames(), 0);
}

#[test]
fn truncation_and_drop_forget_pages() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    (0..10).for_each(|_| assert!(add_page(&pool, b"x").0 < 10));
    pool.forget(PagesOf::ForkFrom(MAIN, BlockNumber(4)));
    pool.smgr().truncate(MAIN, 4).expect("truncate");
    assert!(pool.lookup(MAIN, BlockNumber(3)).is_some() && pool.lookup(MAIN, BlockNumber(4)).is_none());
    assert_eq!(add_page(&pool, b"y"), BlockNumber(4));
    pool.forget(PagesOf::Database(Oid(5)));
    assert!((0..5).all(|block| pool.lookup(MAIN, BlockNumber(block)).is_none()));
}

#[test]
fn frames_of_forgotten_pages_are_taken_first() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    (0..10).for_each(|_| assert!(add_page(&pool, b"x").0 < 10));
    let hand = || pool.inner.hand.load(Ordering::Relaxed);
    let before = hand();
    pool.forget(PagesOf::ForkFrom(MAIN, BlockNumber(4)));
    pool.smgr().truncate(MAIN, 4).expect("truncate");
    (4..10).for_each(|block| assert_eq!(add_page(&pool, b"y"), BlockNumber(block)));
    assert_eq!(hand(), before);
    assert_eq!(add_page(&pool, b"z"), BlockNumber(10));
    assert!(hand() > before, "there are no more of them");
    assert!((0..11).all(|block| pool.lookup(MAIN, BlockNumber(block)).is_some()));
    assert_eq!(pool.pinned_frames(), 0);
}

#[test]
fn a_hint_on_a_page_unchanged_since_the_checkpoint_is_an_image() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    add_page(&pool, b"x");
    let hint = || {
        let mut guard = pool.read(MAIN, BlockNumber(0)).expect("read").exclusive();
        pool.mark_dirty_hint(&mut guard, Durability::Logged, PageOwner::Shared).expect("hint");
        guard.lsn()
    };
    let before = hint();
    pool.wal().begin_checkpoint();
    pool.write_dirty(&mut |_| Ok(())).expect("write");
    let images = pool.wal().stats().images;
    assert!(hint() > before && pool.wal().stats().images == images + 1);
    assert_eq!((hint(), pool.wal().stats().images), (hint(), images + 1));
}

/// The log is ahead of the pages at every moment: whatever is on disk when the power fails, no page there is newer than the log that survives, and redo
/// brings back all that was flushed.
#[test]
fn no_page_on_disk_is_ahead_of_the_log() {
    for seed in 0..200 {
        let sim = SimHost::new(seed);
        let mut prng = Prng::new(seed);
        let pool = fresh(&sim);
        pool.smgr().sync_directory(Path::new("base/5")).expect("sync");
        (0..30).for_each(|number| assert_eq!(add_page(&pool, b"first"), BlockNumber(number)));
        let redo_lsn = START;
        sim.set_faults(FaultPlan { crash_at_io: Some(1 + prng.below(120)), ..FaultPlan::default() });
        while !sim.powered_off() {
            let item = [prng.next_u64() as u8; 40];
            let end = add_item(&pool, BlockNumber(prng.below(30) as u32), &item);
            match prng.below(10) {
                0 => drop(end.map(|end| pool.wal().flush(end))),
                1 => drop(pool.sweep_ahead(8, 4)),
                2 => drop(pool.write_dirty(&mut |_| Ok(()))),
                _ => (),
            }
        }
        let flushed = pool.wal().flushed();
        sim.crash();
        check_after_crash(&sim, redo_lsn, flushed, seed);
    }
}

fn check_after_crash(sim: &SimHost, redo_lsn: Lsn, flushed: Lsn, seed: u64) {
    let host = prepare(sim);
    let mut reader = Reader::new(host.clone(), Timeline(1), SEGMENT, redo_lsn);
    while reader.read().expect("readable").is_some() {}
    let at = WalPosition {
        next: reader.position(),
        previous: reader.previous().unwrap_or_default(),
        epoch: 2,
        redo: reader.position(),
    };
    assert!(at.next >= flushed, "seed {seed}: the log lost what was flushed");
    let file = sim.file_bytes(Path::new("base/5/16384")).unwrap_or_default();
    for (block, bytes) in file.chunks_exact(8192).enumerate() {
        let mut page = Page::new();
        page.bytes_mut().copy_from_slice(bytes);
        // A torn page may show any LSN; redo restores it from its image.
        if page.verify(BlockNumber(block as u32)).is_ok() {
            assert!(page.lsn() <= at.next, "seed {seed}: block {block} has {} beyond {}", page.lsn(), at.next);
        }
    }
    let pool = Arc::new(pool_at(host.clone(), at));
    let cx = RedoCx::new(Arc::clone(&pool));
    let mut reader = Reader::new(host, Timeline(1), SEGMENT, redo_lsn);
    while let Some(record) = reader.read().expect("readable") {
        redo(&record, &cx);
    }
    for block in 0..pool.smgr().blocks(MAIN).expect("blocks") {
        let page = pool.read(MAIN, BlockNumber(block)).expect("no damage is left").share();
        assert!(page.is_new() || page.item_count() > 0, "seed {seed}");
    }
}

#[test]
fn many_threads_find_what_they_ask_for() {
    const PAGES: u32 = 40;
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    (0..PAGES).for_each(|number| assert_eq!(add_page(&pool, &number.to_le_bytes()), BlockNumber(number)));
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let pool = &pool;
            scope.spawn(move || {
                let mut prng = Prng::new(thread);
                for _ in 0..3000 {
                    let block = BlockNumber(prng.below(u64::from(PAGES)) as u32);
                    if prng.one_in(8) {
                        add_item(pool, block, &block.0.to_le_bytes()).expect("add");
                    } else {
                        let page = pool.read(MAIN, block).expect("read").share();
                        assert_eq!(page.item(base::OffsetNumber::FIRST), block.0.to_le_bytes());
                    }
                }
            });
        }
    });
    assert_eq!(pool.pinned_frames(), 0);
}

/// Some add pages, others look whether the last page is still empty and use it: nobody loses what he put there.
#[test]
fn a_new_page_is_its_makers_alone() {
    const PAGES_EACH: u32 = 5000;
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    let used = AtomicU32::new(0);
    let mark = |guard: &mut crate::WriteGuard| {
        if guard.is_new() {
            guard.init(0);
            pool.mark_dirty_unlogged(guard, PageOwner::Shared);
            used.fetch_add(1, Ordering::Relaxed);
        }
    };
    let look = || {
        let mut blocks = 0;
        while blocks < 2 * PAGES_EACH {
            blocks = pool.smgr().blocks(MAIN).expect("blocks");
            if blocks > 0 {
                mark(&mut pool.read(MAIN, BlockNumber(blocks - 1)).expect("read").exclusive());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..PAGES_EACH).for_each(|_| mark(&mut pool.extend(MAIN).expect("extend"))));
            (0..4).for_each(|_| drop(scope.spawn(look)));
        }
    });
    assert_eq!(used.into_inner(), 2 * PAGES_EACH);
}

#[test]
fn a_pin_may_outlive_its_pool() {
    let sim = SimHost::new(1);
    let pool = fresh(&sim);
    add_page(&pool, b"x");
    let pin = pool.read(MAIN, BlockNumber(0)).expect("read");
    drop(pool);
    assert_eq!(pin.share().item(base::OffsetNumber::FIRST), b"x");
}
