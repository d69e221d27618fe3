//! A page's content lock: parking_lot's read-write lock with its holders kept by our own guards.

use parking_lot::RawRwLock;
use parking_lot::lock_api::{GuardNoSend, RawRwLock as _, RawRwLockDowngrade as _};

/// One word. Readers queue behind a waiting writer.
pub(crate) struct ContentLock(RawRwLock);

impl ContentLock {
    pub(crate) const fn new() -> ContentLock {
        ContentLock(RawRwLock::INIT)
    }

    #[inline]
    pub(crate) fn lock_shared(&self) {
        let _ = self.0.lock_shared();
    }

    #[inline]
    pub(crate) fn try_lock_shared(&self) -> bool {
        self.0.try_lock_shared().is_some()
    }

    #[inline]
    pub(crate) fn lock_exclusive(&self) {
        let _ = self.0.lock_exclusive();
    }

    #[inline]
    pub(crate) fn try_lock_exclusive(&self) -> bool {
        self.0.try_lock_exclusive().is_some()
    }

    /// # Safety
    /// The calling thread holds it shared, and gives up that hold.
    #[inline]
    pub(crate) unsafe fn unlock_shared(&self) {
        // SAFETY: by this function's contract; the token carries no state.
        unsafe { self.0.unlock_shared(GuardNoSend::new()) }
    }

    /// # Safety
    /// The calling thread holds it exclusively, and gives up that hold.
    #[inline]
    pub(crate) unsafe fn unlock_exclusive(&self) {
        // SAFETY: by this function's contract; the token carries no state.
        unsafe { self.0.unlock_exclusive(GuardNoSend::new()) }
    }

    /// # Safety
    /// The calling thread holds it exclusively; it holds it shared afterwards.
    pub(crate) unsafe fn downgrade(&self) {
        // SAFETY: by this function's contract; the token carries no state.
        let _ = unsafe { self.0.downgrade(GuardNoSend::new()) };
    }
}
