//! What decides which snapshot sees which commit: the words that commits, snapshots and the horizon meet on.
//!
//! No log, disk or lock of a user is in it, so a model checker can run all of it (module `model`).

use crate::Horizon;
use crate::csn::{CsnState, CsnTable};
use crate::snapshot::Registry;
use base::{Csn, Xid};
use sync::atomic::{AtomicU64, Ordering};

pub(crate) struct Visibility {
    pub(crate) csns: CsnTable,
    pub(crate) registry: Registry,
    /// The xid that is given out next.
    next_xid: AtomicU64,
    /// Commits since the horizon was computed.
    commits_since_horizon: AtomicU64,
}

impl Visibility {
    /// Every transaction before `next` has ended, every commit before `next_csn` is seen by all.
    pub(crate) fn new(next_csn: u64, next: Xid) -> Visibility {
        Visibility {
            csns: CsnTable::new(next),
            registry: Registry::new(next_csn, next),
            next_xid: AtomicU64::new(next.0),
            commits_since_horizon: AtomicU64::new(0),
        }
    }

    pub(crate) fn next_xid(&self) -> Xid {
        Xid(self.next_xid.load(Ordering::SeqCst))
    }

    /// True if the xid was given out already. May say false of one that is just being given out.
    #[inline]
    pub(crate) fn is_given_out(&self, xid: Xid) -> bool {
        xid.0 < self.next_xid.load(Ordering::Relaxed)
    }

    /// The caller serialises these calls.
    pub(crate) fn set_next_xid(&self, next: Xid) {
        self.next_xid.store(next.0, Ordering::SeqCst);
    }

    /// The state of an xid once its commit, if one is being published this moment, has its number.
    #[inline]
    pub(crate) fn settled_state(&self, xid: Xid) -> CsnState {
        let mut round = 0;
        loop {
            match self.csns.state(xid) {
                CsnState::Committing => sync::spin_hint(&mut round),
                state => return state,
            }
        }
    }

    /// Gives a transaction and its subtransactions their number: from then on new snapshots see them.
    pub(crate) fn give_csn(&self, xid: Xid, subs: &[Xid]) -> Csn {
        subs.iter().chain([&xid]).for_each(|xid| self.csns.set_committing(*xid));
        let csn = Csn(self.registry.next_csn.fetch_add(1, Ordering::SeqCst));
        subs.iter().chain([&xid]).for_each(|xid| self.csns.set_committed(*xid, csn));
        csn
    }

    /// A transaction has its number: what follows from its end.
    pub(crate) fn note_commit(&self) {
        self.advance_oldest();
        self.commits_since_horizon.fetch_add(1, Ordering::Relaxed);
    }

    /// Aborts a transaction or subtransaction and its own subtransactions.
    pub(crate) fn abort(&self, xids: impl Iterator<Item = Xid>) {
        for xid in xids {
            self.csns.set_aborted(xid);
        }
        self.advance_oldest();
    }

    /// Moves `oldest_active` over the transactions that have ended. Whoever ends one calls it after saying so: of two that
    /// end at once, at least one sees both.
    fn advance_oldest(&self) {
        let start = self.registry.oldest_active.load(Ordering::SeqCst);
        let end = self.next_xid.load(Ordering::SeqCst);
        let mut oldest = start;
        while oldest < end && !matches!(self.csns.state(Xid(oldest)), CsnState::InProgress | CsnState::Committing) {
            oldest += 1;
        }
        if oldest > start {
            self.registry.oldest_active.fetch_max(oldest, Ordering::SeqCst);
        }
    }

    /// Computes the horizon, and forgets what lies before it.
    pub(crate) fn oldest_visible(&self) -> Horizon {
        self.commits_since_horizon.store(0, Ordering::Relaxed);
        let horizon = self.registry.compute_horizon();
        self.csns.trim(horizon.xmin);
        horizon
    }

    /// As `oldest_visible`, but perhaps computed some commits ago.
    pub(crate) fn recent_horizon(&self) -> Horizon {
        if self.commits_since_horizon.load(Ordering::Relaxed) < 16 {
            return self.registry.last_horizon();
        }
        self.oldest_visible()
    }
}
