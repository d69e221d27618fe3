//! How the threads of an instance are told to end.

use crate::atomic::{AtomicU8, Ordering};
use crate::{Condvar, Mutex, rank};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How fast to end. A later request may only be more urgent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum ShutdownKind {
    /// Finish what was begun.
    Smart = 1,
    /// Roll back and leave.
    Fast = 2,
    /// Leave at once, touch nothing shared: recovery will tidy up.
    Immediate = 3,
}

/// A request to end, shared by all who must hear it.
#[derive(Clone)]
pub struct ShutdownToken(Arc<Shared>);

struct Shared {
    kind: AtomicU8,
    mutex: Mutex<()>,
    condvar: Condvar,
}

impl ShutdownToken {
    /// Nobody asked yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> ShutdownToken {
        let (mutex, condvar) = (Mutex::new(rank::LEAF, ()), Condvar::new());
        ShutdownToken(Arc::new(Shared { kind: AtomicU8::new(0), mutex, condvar }))
    }

    /// Asks; wakes all who wait on the token.
    pub fn request(&self, kind: ShutdownKind) {
        let guard = self.0.mutex.lock();
        self.0.kind.fetch_max(kind as u8, Ordering::AcqRel);
        self.0.condvar.notify_all();
        drop(guard);
    }

    /// What was asked for, if anything.
    #[inline]
    pub fn requested(&self) -> Option<ShutdownKind> {
        match self.0.kind.load(Ordering::Acquire) {
            0 => None,
            1 => Some(ShutdownKind::Smart),
            2 => Some(ShutdownKind::Fast),
            _ => Some(ShutdownKind::Immediate),
        }
    }

    /// Sleeps until asked, at most for `timeout`.
    pub fn wait(&self, timeout: Option<Duration>) -> Option<ShutdownKind> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut guard = self.0.mutex.lock();
        while self.requested().is_none() {
            match deadline {
                None => self.0.condvar.wait(&mut guard),
                Some(deadline) if self.0.condvar.wait_until(&mut guard, deadline) => break,
                Some(_) => (),
            }
        }
        self.requested()
    }
}

impl fmt::Debug for ShutdownToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShutdownToken({:?})", self.requested())
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn only_gets_more_urgent() {
        let token = ShutdownToken::new();
        assert_eq!(token.wait(Some(Duration::ZERO)), None);
        token.request(ShutdownKind::Fast);
        token.clone().request(ShutdownKind::Smart);
        assert_eq!(token.wait(None), Some(ShutdownKind::Fast));
    }
}
