//! What `pg_locks` shows.

use crate::owner::OwnerShared;
use crate::{LockManager, LockMode, LockTag, deadlock};
use base::SessionId;
use std::time::SystemTime;

/// A lock that somebody holds or waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct LockStatus {
    /// What is locked.
    pub tag: LockTag,
    /// How.
    pub mode: LockMode,
    /// By whom.
    pub session: SessionId,
    /// In which transaction: owner number and its local number.
    pub virtual_transaction: (u32, u64),
    /// Held, else waited for.
    pub granted: bool,
    /// Only noted with its owner.
    pub fast_path: bool,
    /// Since when it is waited for.
    pub wait_start: Option<SystemTime>,
}

impl LockManager {
    /// All locks, held and waited for. Not one moment's picture: the fast path is read before the shared table.
    pub fn status(&self) -> Vec<LockStatus> {
        let mut all = Vec::new();
        for owner in self.0.live_owners() {
            let held = owner.held.lock();
            for (tag, entry) in held.map.iter() {
                let fast = LockMode::ALL.into_iter().filter(|m| entry.fast & m.bit() != 0);
                all.extend(fast.map(|mode| LockStatus { fast_path: true, ..granted(&owner, *tag, mode) }));
            }
        }
        for map in self.0.lock_all() {
            for (tag, lock) in map.iter() {
                for grant in &lock.grants {
                    let modes = LockMode::ALL.into_iter().filter(|m| grant.modes & m.bit() != 0);
                    all.extend(modes.map(|mode| granted(&grant.owner, *tag, mode)));
                }
                let waits = lock.waits.iter();
                all.extend(waits.map(|w| LockStatus {
                    granted: false,
                    wait_start: Some(w.since),
                    ..granted(&w.owner, *tag, w.mode)
                }));
            }
        }
        all
    }

    /// The sessions that keep this one waiting: `pg_blocking_pids()`. Empty if it does not wait for a lock.
    pub fn blocking_sessions(&self, session: SessionId) -> Vec<SessionId> {
        deadlock::blocking_sessions(&self.0, session)
    }
}

fn granted(owner: &OwnerShared, tag: LockTag, mode: LockMode) -> LockStatus {
    LockStatus {
        tag,
        mode,
        session: owner.session(),
        virtual_transaction: owner.virtual_transaction(),
        granted: true,
        fast_path: false,
        wait_start: None,
    }
}
