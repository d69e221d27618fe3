//! Insertion slots: who is copying a record, and up to where the log is complete.

use crate::limits::SLOTS;
use crossbeam_utils::CachePadded;
use sync::atomic::{AtomicBool, AtomicU64, Ordering};
use sync::{Mutex, MutexGuard, rank};

/// The slot's holder copies nothing.
const IDLE: u64 = u64::MAX;

/// A slot. Its position is set by the holder under the reservation lock, moved up as copying proceeds, and reset when it is done.
pub(crate) struct Slot {
    lock: Mutex<()>,
    /// Everything of the holder's record below is in the ring. `IDLE` if there is no record.
    position: AtomicU64,
    /// Counters of records inserted here, written by the holder only.
    pub(crate) records: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) images: AtomicU64,
}

/// The holder's access to its slot.
pub(crate) struct SlotGuard<'a> {
    slot: &'a Slot,
    /// Set if the holder ends in the middle of a record (an error or a Rust panic): nobody can ever complete it, so the log is broken.
    broken: &'a AtomicBool,
    _lock: MutexGuard<'a, ()>,
}

impl Drop for SlotGuard<'_> {
    fn drop(&mut self) {
        if self.slot.position.load(Ordering::Relaxed) != IDLE {
            self.broken.store(true, Ordering::Release);
        }
    }
}

impl SlotGuard<'_> {
    /// The record starts here. Called under the reservation lock, before the reservation is published.
    pub(crate) fn begin(&self, position: u64) {
        self.slot.position.store(position, Ordering::Release);
    }

    /// The record is in the ring up to here.
    pub(crate) fn advance(&self, position: u64) {
        self.slot.position.store(position, Ordering::Release);
    }

    /// The record is in the ring.
    pub(crate) fn finish(&self, bytes: u64, images: u64) {
        self.slot.position.store(IDLE, Ordering::Release);
        bump(&self.slot.records, 1);
        bump(&self.slot.bytes, bytes);
        bump(&self.slot.images, images);
    }
}

/// Only the slot's holder writes its counters, so a load and a store are enough.
fn bump(counter: &AtomicU64, by: u64) {
    if by > 0 {
        counter.store(counter.load(Ordering::Relaxed) + by, Ordering::Relaxed);
    }
}

pub(crate) struct Slots(Box<[CachePadded<Slot>]>);

impl Slots {
    pub(crate) fn new() -> Slots {
        let slot = || Slot {
            lock: Mutex::new(rank::WAL_SLOT, ()),
            position: AtomicU64::new(IDLE),
            records: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            images: AtomicU64::new(0),
        };
        Slots((0..SLOTS).map(|_| CachePadded::new(slot())).collect())
    }

    /// Takes a free slot, looking from `hint` on; waits if there is none. `broken` is the log's.
    pub(crate) fn take<'a>(&'a self, hint: u64, broken: &'a AtomicBool) -> SlotGuard<'a> {
        let home = hint as usize % SLOTS;
        for step in 0..SLOTS {
            let slot = &self.0[(home + step) % SLOTS];
            if let Some(lock) = slot.lock.try_lock() {
                return SlotGuard { slot, broken, _lock: lock };
            }
        }
        SlotGuard { slot: &self.0[home], broken, _lock: self.0[home].lock.lock() }
    }

    /// Takes all: nobody inserts until the guards are dropped.
    pub(crate) fn take_all(&self) -> Vec<MutexGuard<'_, ()>> {
        self.0.iter().map(|slot| slot.lock.lock()).collect()
    }

    /// Up to where all records are in the ring. `reserved` is the published reservation point, read before: a record below it has set its slot's
    /// position earlier, so no slot is missed.
    pub(crate) fn complete_up_to(&self, reserved: u64) -> u64 {
        self.0.iter().map(|slot| slot.position.load(Ordering::Acquire)).fold(reserved, u64::min)
    }

    /// The sum of a counter over all slots.
    pub(crate) fn sum(&self, counter: impl Fn(&Slot) -> &AtomicU64) -> u64 {
        self.0.iter().map(|slot| counter(slot).load(Ordering::Relaxed)).sum()
    }
}

#[cfg(all(test, loom))]
mod model {
    use super::*;
    use std::sync::Arc;
    use sync::check::check;
    use sync::thread;

    /// A log of two one-word records.
    struct Log {
        slots: Slots,
        next: Mutex<u64>,
        reserved: AtomicU64,
        ring: [AtomicU64; 2],
    }

    fn insert(log: &Log, hint: u64) {
        let broken = AtomicBool::new(false);
        let slot = log.slots.take(hint, &broken);
        let start = {
            let mut next = log.next.lock();
            let start = *next;
            slot.begin(start);
            *next += 1;
            log.reserved.store(*next, Ordering::Release);
            start
        };
        log.ring[start as usize].store(1, Ordering::Relaxed);
        slot.finish(8, 0);
    }

    /// What a writer takes for complete has been copied, and it sees the copy.
    #[test]
    fn complete_means_copied() {
        check("wal slots", 0, || {
            let log = Arc::new(Log {
                slots: Slots::new(),
                next: Mutex::new(rank::WAL_RESERVE, 0),
                reserved: AtomicU64::new(0),
                ring: [AtomicU64::new(0), AtomicU64::new(0)],
            });
            let inserters = [0, 1].map(|hint| {
                let log = Arc::clone(&log);
                thread::spawn(move || insert(&log, hint))
            });
            let complete = log.slots.complete_up_to(log.reserved.load(Ordering::Acquire));
            for word in &log.ring[..complete as usize] {
                assert_eq!(word.load(Ordering::Relaxed), 1);
            }
            for inserter in inserters {
                inserter.join().expect("it ends");
            }
            assert_eq!(log.slots.complete_up_to(log.reserved.load(Ordering::Acquire)), 2);
        });
    }
}
