//! Snapshots, and the registry that says how old the oldest one in use is.
//!
//! A snapshot is one number: it sees the commits before it. With it go the transaction's own xids and the command number, by
//! which it sees its own writes, and `xmin`, below which every transaction had ended when it was taken: a shortcut.
//!
//! Who prunes must know the oldest snapshot. Each snapshot is entered in a [`Pin`] by two stores: first a lower bound
//! (the last computed horizon), then, after the number was read, the number itself. Whoever computes the horizon reads the next
//! number first and the pins after it, so a snapshot that it misses has a number at least as high.

use crate::csn::CsnState;
use crate::{TransactionManager, Transactions, limits, ranks};
use base::{CommandId, Csn, Xid};
use report::Result;
use smallvec::SmallVec;
use std::sync::Arc;
use sync::Mutex;
use sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

/// No snapshot uses this pin.
const IDLE: u64 = u64::MAX;

/// What every snapshot in use agrees on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Horizon {
    /// Commits before this number are seen by all.
    pub csn: Csn,
    /// Transactions below this one ended before all.
    pub xmin: Xid,
}

/// A registered user of snapshots. One snapshot value, and its clones, at a time.
pub(crate) struct Pin {
    csn: AtomicU64,
    xmin: AtomicU64,
    /// Snapshots that refer to it.
    users: AtomicUsize,
    shard: usize,
}

impl Pin {
    fn release(&self) {
        if self.users.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.xmin.store(IDLE, Ordering::Release);
            self.csn.store(IDLE, Ordering::Release);
        }
    }
}

/// A reference to a pin that a snapshot holds.
pub(crate) struct PinUse(Arc<Pin>);

impl Clone for PinUse {
    fn clone(&self) -> PinUse {
        self.0.users.fetch_add(1, Ordering::Relaxed);
        PinUse(Arc::clone(&self.0))
    }
}

impl Drop for PinUse {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// A part of the registry: every pin there is, and those that no session has.
#[derive(Default)]
struct Shard {
    all: Vec<Arc<Pin>>,
    free: Vec<Arc<Pin>>,
}

/// The pins of all sessions, in shards.
pub(crate) struct Registry {
    shards: Vec<Mutex<Shard>>,
    pub(crate) next_csn: AtomicU64,
    /// Every transaction below has ended.
    pub(crate) oldest_active: AtomicU64,
    /// The last computed horizon. Only grows.
    horizon_csn: AtomicU64,
    horizon_xmin: AtomicU64,
}

impl Registry {
    pub(crate) fn new(next_csn: u64, oldest_active: Xid) -> Registry {
        Registry {
            shards: (0..limits::SNAPSHOT_SHARDS).map(|_| Mutex::new(ranks::SNAPSHOTS, Shard::default())).collect(),
            next_csn: AtomicU64::new(next_csn),
            oldest_active: AtomicU64::new(oldest_active.0),
            horizon_csn: AtomicU64::new(next_csn),
            horizon_xmin: AtomicU64::new(oldest_active.0),
        }
    }

    /// A pin that no snapshot uses, for a transaction to keep. `shard` is any number; who gives the same seldom meets others.
    pub(crate) fn borrow(&self, shard: u32) -> Arc<Pin> {
        let index = shard as usize % self.shards.len();
        let mut shard = self.shards[index].lock();
        // A pin given back while a snapshot outlived its session may still be in use: it waits its turn.
        if let Some(at) = shard.free.iter().rposition(|pin| pin.users.load(Ordering::Acquire) == 0) {
            return shard.free.swap_remove(at);
        }
        let (csn, xmin) = (AtomicU64::new(IDLE), AtomicU64::new(IDLE));
        let pin = Arc::new(Pin { csn, xmin, users: AtomicUsize::new(0), shard: index });
        shard.all.push(Arc::clone(&pin));
        pin
    }

    pub(crate) fn give_back(&self, pin: Arc<Pin>) {
        self.shards[pin.shard].lock().free.push(pin);
    }

    /// Takes a snapshot's number under a pin that is idle. Answers number and xmin.
    pub(crate) fn take(&self, pin: &Arc<Pin>) -> (PinUse, Csn, Xid) {
        debug_assert_eq!(pin.users.load(Ordering::Relaxed), 0);
        pin.users.store(1, Ordering::Relaxed);
        pin.csn.store(self.horizon_csn.load(Ordering::SeqCst), Ordering::Relaxed);
        pin.xmin.store(self.horizon_xmin.load(Ordering::SeqCst), Ordering::Relaxed);
        // The lower bounds are out before the numbers are read; that they are raised may be seen late.
        fence(Ordering::SeqCst);
        // xmin first: a transaction that had ended by then has its number below the one that is read next.
        let xmin = self.oldest_active.load(Ordering::SeqCst);
        let csn = self.next_csn.load(Ordering::SeqCst);
        pin.csn.store(csn, Ordering::Release);
        pin.xmin.store(xmin, Ordering::Release);
        (PinUse(Arc::clone(pin)), Csn(csn), Xid(xmin))
    }

    /// Recovery is over: nothing below `next` runs.
    pub(crate) fn restart(&self, next: Xid) {
        self.oldest_active.store(next.0, Ordering::SeqCst);
        self.horizon_xmin.store(next.0, Ordering::SeqCst);
    }

    /// The horizon as it was computed last: a lower bound.
    pub(crate) fn last_horizon(&self) -> Horizon {
        Horizon {
            csn: Csn(self.horizon_csn.load(Ordering::SeqCst)),
            xmin: Xid(self.horizon_xmin.load(Ordering::SeqCst)),
        }
    }

    /// Computes the horizon.
    pub(crate) fn compute_horizon(&self) -> Horizon {
        let mut xmin = self.oldest_active.load(Ordering::SeqCst);
        let mut csn = self.next_csn.load(Ordering::SeqCst);
        fence(Ordering::SeqCst);
        for shard in &self.shards {
            for pin in &shard.lock().all {
                xmin = xmin.min(pin.xmin.load(Ordering::SeqCst));
                csn = csn.min(pin.csn.load(Ordering::SeqCst));
            }
        }
        self.horizon_csn.fetch_max(csn, Ordering::SeqCst);
        self.horizon_xmin.fetch_max(xmin, Ordering::SeqCst);
        Horizon { csn: Csn(csn), xmin: Xid(xmin) }
    }
}

/// A transaction's pins: usually one, used again by one snapshot after another; more while a cursor keeps an older one.
pub(crate) struct Pins {
    manager: Transactions,
    /// Where it borrows pins: a session keeps to its own part of the registry.
    shard: u32,
    pins: SmallVec<[Arc<Pin>; 1]>,
}

impl Pins {
    pub(crate) fn new(manager: &Transactions, shard: u32) -> Pins {
        Pins { manager: manager.clone(), shard, pins: SmallVec::new() }
    }

    pub(crate) fn take(&mut self) -> (PinUse, Csn, Xid) {
        let registry = &self.manager.visibility.registry;
        let idle = self.pins.iter().position(|pin| pin.users.load(Ordering::Acquire) == 0);
        let at = idle.unwrap_or_else(|| {
            self.pins.push(registry.borrow(self.shard));
            self.pins.len() - 1
        });
        registry.take(&self.pins[at])
    }
}

impl Pins {
    /// The oldest snapshot that is in use under these pins.
    pub(crate) fn oldest(&self) -> Option<(PinUse, Csn, Xid)> {
        let in_use = self.pins.iter().filter(|pin| pin.users.load(Ordering::Acquire) > 0);
        let (csn, pin) = in_use.map(|pin| (pin.csn.load(Ordering::Acquire), pin)).min_by_key(|(csn, _)| *csn)?;
        pin.users.fetch_add(1, Ordering::Relaxed);
        Some((PinUse(Arc::clone(pin)), Csn(csn), Xid(pin.xmin.load(Ordering::Acquire))))
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        self.pins.drain(..).for_each(|pin| self.manager.visibility.registry.give_back(pin));
    }
}

/// Which row versions a statement sees. Cheap to clone; while any clone lives, vacuum spares what it sees.
#[derive(Clone)]
pub struct Snapshot {
    csn: Csn,
    xmin: Xid,
    top: Xid,
    subs: Option<Arc<[Xid]>>,
    command: CommandId,
    pin: PinUse,
}

/// What a snapshot makes of a transaction's writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// Committed before the snapshot.
    Yes,
    /// Not yet committed when the snapshot was taken.
    NotYet,
    /// Rolled back.
    Aborted,
}

impl Snapshot {
    pub(crate) fn new(taken: (PinUse, Csn, Xid), own: (Xid, Option<Arc<[Xid]>>), command: CommandId) -> Snapshot {
        let (pin, csn, xmin) = taken;
        Snapshot { csn, xmin, top: own.0, subs: own.1, command, pin }
    }

    /// The same moment, with the transaction's own writes as of now.
    pub(crate) fn refreshed(&self, own: (Xid, Option<Arc<[Xid]>>), command: CommandId) -> Snapshot {
        Snapshot { csn: self.csn, xmin: self.xmin, top: own.0, subs: own.1, command, pin: self.pin.clone() }
    }

    /// The number: commits before it are seen.
    pub fn csn(&self) -> Csn {
        self.csn
    }

    /// Every transaction below had ended when it was taken.
    pub fn xmin(&self) -> Xid {
        self.xmin
    }

    /// The command: own writes of earlier ones are seen.
    pub fn command(&self) -> CommandId {
        self.command
    }

    /// The same snapshot as of another command of its transaction.
    pub fn with_command(&self, command: CommandId) -> Snapshot {
        Snapshot { command, ..self.clone() }
    }

    /// True if the xid is its own transaction's or one of its live subtransactions'.
    #[inline]
    pub fn is_own(&self, xid: Xid) -> bool {
        xid == self.top || self.subs.as_ref().is_some_and(|subs| subs.binary_search(&xid).is_ok())
    }

    /// What it makes of another transaction. `known_committed`: the caller has it from a hint that the transaction committed.
    ///
    /// Waits, for an instant, for a commit that is just getting its number.
    ///
    /// Errors: the commit log cannot be read.
    #[inline]
    pub fn sees(&self, xid: Xid, known_committed: bool, manager: &TransactionManager) -> Result<Seen> {
        if xid < self.xmin && known_committed {
            return Ok(Seen::Yes);
        }
        self.look_up(xid, known_committed, manager)
    }

    fn look_up(&self, xid: Xid, known_committed: bool, manager: &TransactionManager) -> Result<Seen> {
        Ok(match Seen::of(manager.visibility.settled_state(xid), self.csn) {
            Some(seen) => seen,
            None if known_committed || manager.committed_long_ago(xid)? => Seen::Yes,
            None => Seen::Aborted,
        })
    }
}

impl Seen {
    /// What the snapshot of this number makes of a transaction in this state; None: of the commit log's word.
    #[inline]
    pub(crate) fn of(state: CsnState, snapshot: Csn) -> Option<Seen> {
        match state {
            CsnState::InProgress | CsnState::Committing => Some(Seen::NotYet),
            CsnState::Aborted => Some(Seen::Aborted),
            CsnState::Committed(csn) if csn < snapshot => Some(Seen::Yes),
            CsnState::Committed(_) => Some(Seen::NotYet),
            CsnState::Older => None,
        }
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot(csn {}, xmin {}, command {})", self.csn, self.xmin, self.command)
    }
}
