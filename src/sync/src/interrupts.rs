//! What others may ask of a running session or role.

use crate::Latch;
use crate::atomic::{AtomicU32, Ordering};
use std::fmt;
use std::sync::OnceLock;

/// One kind of news. Several may be pending at once; [`Interrupts::take`] clears one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Interrupt {
    /// A cancel request from the client or an operator.
    CancelQuery = 1 << 0,
    /// End the session (`pg_terminate_backend`, fast shutdown).
    Terminate = 1 << 1,
    /// `statement_timeout` ran out.
    StatementTimeout = 1 << 2,
    /// `lock_timeout` ran out.
    LockTimeout = 1 << 3,
    /// `idle_in_transaction_session_timeout` ran out.
    IdleInTransactionTimeout = 1 << 4,
    /// `idle_session_timeout` ran out.
    IdleSessionTimeout = 1 << 5,
    /// Read the settings files again.
    ConfigReload = 1 << 6,
    /// Shared caches changed: look before the next use.
    CacheInvalidation = 1 << 7,
    /// LISTEN: there are messages.
    Notify = 1 << 8,
    /// `pg_log_backend_memory_contexts`.
    LogMemory = 1 << 9,
    /// Leave at once, touch nothing shared: the instance is being reinitialised, or, with `Terminate`, stopped by an operator.
    Quit = 1 << 10,
    /// `deadlock_timeout` ran out for the lock this session waits for.
    DeadlockTimeout = 1 << 11,
    /// `client_connection_check_interval` ran out.
    CheckClient = 1 << 12,
    /// A role's own request (a checkpoint, a rotation): its state says which.
    Work = 1 << 13,
    /// An autovacuum worker is to leave its table to a session that waits for it.
    GiveWay = 1 << 15,
    /// A fault on purpose waits for this session or role.
    Fault = 1 << 16,
    /// `authentication_timeout` ran out.
    LoginTimeout = 1 << 17,
    /// `transaction_timeout` ran out.
    TransactionTimeout = 1 << 18,
    /// `pool_queue_timeout` ran out: the statement waited too long for its turn.
    QueueTimeout = 1 << 19,
    /// A role is to do its last work (the shutdown checkpoint, the last cycle of the archiver) and end.
    Finish = 1 << 14,
}

/// A session's or role's pending interrupts and the latch it sleeps on. Raising one wakes it.
#[derive(Debug, Default)]
pub struct Interrupts {
    pending: AtomicU32,
    latch: Latch,
    hook: WakeHook,
}

/// How to wake an owner that sleeps on something else than its latch: on a client's socket.
#[derive(Default)]
struct WakeHook(OnceLock<Box<dyn Fn() + Send + Sync>>);

impl fmt::Debug for WakeHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "WakeHook" } else { "no WakeHook" })
    }
}

impl Interrupts {
    /// Nothing pending.
    pub fn new() -> Interrupts {
        Interrupts { pending: AtomicU32::new(0), latch: Latch::new(), hook: WakeHook(OnceLock::new()) }
    }

    /// Adds one and wakes the owner.
    pub fn raise(&self, interrupt: Interrupt) {
        self.pending.fetch_or(interrupt as u32, Ordering::Release);
        self.wake();
    }

    /// Wakes the owner, who looks at what it waits for.
    pub fn wake(&self) {
        self.latch.set();
        if let Some(wake) = self.hook.0.get() {
            wake();
        }
    }

    /// Has `wake` called after each `raise` and `wake` too, on the thread that raises; it must not block. Only the first hook counts.
    pub fn set_wake_hook(&self, wake: Box<dyn Fn() + Send + Sync>) {
        let _ = self.hook.0.set(wake);
    }

    /// True if any is pending: one relaxed load, cheap enough for every row.
    #[inline]
    pub fn pending(&self) -> bool {
        self.pending.load(Ordering::Relaxed) != 0
    }

    /// True if this one is pending; it stays so.
    pub fn is_pending(&self, interrupt: Interrupt) -> bool {
        self.pending.load(Ordering::Acquire) & interrupt as u32 != 0
    }

    /// Clears this one; true if it was pending.
    pub fn take(&self, interrupt: Interrupt) -> bool {
        self.is_pending(interrupt)
            && self.pending.fetch_and(!(interrupt as u32), Ordering::AcqRel) & interrupt as u32 != 0
    }

    /// Clears all (between sessions of one thread).
    pub fn clear(&self) {
        self.pending.store(0, Ordering::Release);
        self.latch.clear();
    }

    /// Where the owner sleeps. Others set it for news of any kind: after every wait the owner looks at what it waited for.
    pub fn latch(&self) -> &Latch {
        &self.latch
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn raise_wakes_and_take_clears() {
        let interrupts = Interrupts::new();
        assert!(!interrupts.pending());
        interrupts.raise(Interrupt::CancelQuery);
        assert!(interrupts.latch().wait(None) && interrupts.pending());
        assert!(!interrupts.take(Interrupt::Terminate));
        assert!(interrupts.take(Interrupt::CancelQuery) && !interrupts.take(Interrupt::CancelQuery));
        assert!(!interrupts.pending());
    }
}
