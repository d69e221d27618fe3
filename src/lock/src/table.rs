//! One lock in the shared table: who has it, who waits.

use crate::owner::OwnerShared;
use crate::{LockMode, LockTag};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;
use sync::atomic::{AtomicBool, Ordering};

pub(crate) type LockMap = hashbrown::HashMap<LockTag, Lock, foldhash::fast::RandomState>;

/// An owner's modes of a lock.
pub(crate) struct Grant {
    pub owner: Arc<OwnerShared>,
    /// A bit for each mode.
    pub modes: u8,
}

/// A wait. In the queue while not granted; whoever takes it out sets `granted` and the owner's latch.
pub(crate) struct Wait {
    pub owner: Arc<OwnerShared>,
    pub tag: LockTag,
    pub mode: LockMode,
    pub since: SystemTime,
    granted: AtomicBool,
}

impl Wait {
    pub(crate) fn new(owner: &Arc<OwnerShared>, tag: LockTag, mode: LockMode) -> Arc<Wait> {
        let since = SystemTime::now();
        Arc::new(Wait { owner: Arc::clone(owner), tag, mode, since, granted: AtomicBool::new(false) })
    }

    pub(crate) fn is_granted(&self) -> bool {
        self.granted.load(Ordering::Acquire)
    }

    fn grant(&self) {
        self.granted.store(true, Ordering::Release);
        self.owner.interrupts().latch().set();
    }
}

/// A lock that somebody holds or waits for.
#[derive(Default)]
pub(crate) struct Lock {
    pub grants: Vec<Grant>,
    pub waits: VecDeque<Arc<Wait>>,
}

impl Lock {
    /// The modes that owners other than this one hold.
    pub(crate) fn modes_of_others(&self, owner: &OwnerShared) -> u8 {
        self.grants.iter().filter(|g| g.owner.number() != owner.number()).fold(0, |set, g| set | g.modes)
    }

    /// The modes that this owner holds.
    pub(crate) fn modes_of(&self, owner: &OwnerShared) -> u8 {
        self.grants.iter().find(|g| g.owner.number() == owner.number()).map_or(0, |g| g.modes)
    }

    /// Adds a mode to what an owner holds.
    pub(crate) fn grant(&mut self, owner: &Arc<OwnerShared>, mode: LockMode) {
        match self.grants.iter_mut().find(|g| g.owner.number() == owner.number()) {
            Some(grant) => grant.modes |= mode.bit(),
            None => self.grants.push(Grant { owner: Arc::clone(owner), modes: mode.bit() }),
        }
    }

    /// Takes a mode from an owner and lets those in who now can.
    pub(crate) fn ungrant(&mut self, owner: &OwnerShared, mode: LockMode) {
        if let Some(at) = self.grants.iter().position(|g| g.owner.number() == owner.number()) {
            self.grants[at].modes &= !mode.bit();
            if self.grants[at].modes == 0 {
                self.grants.swap_remove(at);
            }
        }
        self.wake();
    }

    /// True if the owner can have the mode now, given the owners that wait in front of it.
    pub(crate) fn is_free(&self, owner: &OwnerShared, mode: LockMode, ahead: usize) -> bool {
        !mode.conflicts_with_set(self.modes_of_others(owner))
            && !self.waits.iter().take(ahead).any(|w| mode.conflicts(w.mode) && w.owner.number() != owner.number())
    }

    /// Where a new wait belongs: at the end, but before the first waiter whom what this owner already holds would
    /// block for ever.
    pub(crate) fn place_in_queue(&self, owner: &OwnerShared) -> usize {
        let held = self.modes_of(owner);
        self.waits.iter().position(|w| held != 0 && w.mode.conflicts_with_set(held)).unwrap_or(self.waits.len())
    }

    /// Takes a wait out of the queue, if it is there.
    pub(crate) fn cancel(&mut self, wait: &Arc<Wait>) {
        if let Some(at) = self.waits.iter().position(|w| Arc::ptr_eq(w, wait)) {
            self.waits.remove(at);
            self.wake();
        }
    }

    /// Grants every wait, first come first served, that conflicts neither with a holder nor with an earlier waiter.
    pub(crate) fn wake(&mut self) {
        let mut at = 0;
        while at < self.waits.len() {
            let wait = Arc::clone(&self.waits[at]);
            if self.is_free(&wait.owner, wait.mode, at) {
                self.waits.remove(at);
                self.grant(&wait.owner, wait.mode);
                wait.grant();
            } else {
                at += 1;
            }
        }
    }

    pub(crate) fn is_unused(&self) -> bool {
        self.grants.is_empty() && self.waits.is_empty()
    }
}
