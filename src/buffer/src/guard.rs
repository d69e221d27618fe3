//! Pins and the guards of content locks.
//!
//! ```text
//! Pin --share--> ReadGuard --unlock--> Pin        Pin --exclusive / try_cleanup--> WriteGuard --unlock--> Pin
//! ```

use crate::pool::{Inner, WAITER};
use crate::state::{DIRTY, LOADED};
use base::{BlockNumber, Lsn, RelFork};
use page::Page;
use report::{Error, Result};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, Instant};
use sync::{ExclusiveMark, RankMark, rank};

/// Between two looks at interrupts while waiting for other pins.
const CLEANUP_WAIT: Duration = Duration::from_millis(100);

/// A page that stays in its frame. Cloning it pins once more. Belongs to no thread.
pub struct Pin {
    inner: NonNull<Inner>,
    frame: u32,
}

// SAFETY: a pin is a counted claim on an `Inner`, which is shared between threads by design; nothing in it is tied to a thread.
unsafe impl Send for Pin {}
// SAFETY: as above; all methods by reference only read atomics.
unsafe impl Sync for Pin {}

impl Pin {
    /// Wraps a pin that was counted in the state word already.
    #[inline]
    pub(crate) fn counted(inner: &Arc<Inner>, frame: u32) -> Pin {
        let inner = NonNull::new(Arc::as_ptr(inner).cast_mut()).expect("an Arc points to something");
        Pin { inner, frame }
    }

    #[inline]
    pub(crate) fn inner(&self) -> &Inner {
        // SAFETY: I5: the pool leaks its `Inner` rather than free it under a pin, and this pin is counted.
        unsafe { self.inner.as_ref() }
    }

    #[inline]
    pub(crate) fn frame(&self) -> u32 {
        self.frame
    }

    #[inline]
    fn descriptor(&self) -> &crate::frame::Frame {
        &self.inner().frames[self.frame as usize]
    }

    /// What the page belongs to.
    pub fn fork(&self) -> RelFork {
        self.descriptor().tag().fork
    }

    /// Which page it is.
    #[inline]
    pub fn block(&self) -> BlockNumber {
        self.descriptor().tag().block
    }

    /// Waits for shared access.
    ///
    /// Locks: rank `PAGE`.
    #[inline]
    pub fn share(self) -> ReadGuard {
        let mark = RankMark::new(rank::PAGE);
        self.descriptor().lock.lock_shared();
        ReadGuard { pin: ManuallyDrop::new(self), _rank: mark, not_send: std::marker::PhantomData }
    }

    /// Shared access, if nobody has exclusive access now.
    pub fn try_share(self) -> Result<ReadGuard, Pin> {
        if !self.descriptor().lock.try_lock_shared() {
            return Err(self);
        }
        let mark = RankMark::unchecked(rank::PAGE);
        Ok(ReadGuard { pin: ManuallyDrop::new(self), _rank: mark, not_send: std::marker::PhantomData })
    }

    /// Waits for exclusive access.
    ///
    /// Locks: rank `PAGE`.
    #[inline]
    pub fn exclusive(self) -> WriteGuard {
        let mark = RankMark::new(rank::PAGE);
        self.descriptor().lock.lock_exclusive();
        WriteGuard { pin: ManuallyDrop::new(self), _rank: mark, mark: ExclusiveMark::new() }
    }

    /// Exclusive access, if nobody has any access now. For hints and other work that can be left undone.
    pub fn try_exclusive(self) -> Result<WriteGuard, Pin> {
        if !self.descriptor().lock.try_lock_exclusive() {
            return Err(self);
        }
        let mark = RankMark::unchecked(rank::PAGE);
        Ok(WriteGuard { pin: ManuallyDrop::new(self), _rank: mark, mark: ExclusiveMark::new() })
    }

    /// Exclusive access while nobody else has the page pinned, if that is so now. Who holds it may move items about.
    pub fn try_cleanup(self) -> Result<WriteGuard, Pin> {
        let guard = self.try_exclusive()?;
        // A new pin may come at any time, but not a new guard: who pins next looks at the page after us.
        if guard.pin.descriptor().state.load().pins() == 1 { Ok(guard) } else { Err(guard.unlock()) }
    }

    /// Waits until that is so. `check` is called now and then and ends the wait with its error (cancel requests).
    ///
    /// Errors: `check`'s; XX000 if another thread waits for the same page.
    pub fn cleanup(self, check: &dyn Fn() -> Result<()>) -> Result<WriteGuard> {
        let mut pin = self;
        loop {
            let guard = pin.exclusive();
            if guard.pin.descriptor().state.load().pins() == 1 {
                return Ok(guard);
            }
            pin = guard.unlock();
            pin.wait_for_other_pins(check)?;
        }
    }

    fn wait_for_other_pins(&self, check: &dyn Fn() -> Result<()>) -> Result<()> {
        let state = &self.descriptor().state;
        if state.set(WAITER).has(WAITER) {
            return Err(Error::internal("multiple sessions wait for the last pin of a page"));
        }
        let mut outcome = Ok(());
        while outcome.is_ok() && state.load().pins() > 1 {
            let mut guard = self.inner().pin_waiters.lock();
            if state.load().pins() > 1 {
                let _ = self.inner().pin_released.wait_until(&mut guard, Instant::now() + CLEANUP_WAIT);
            }
            drop(guard);
            outcome = check();
        }
        state.clear(WAITER);
        outcome
    }

    /// Lets go of a pin for which a waiter waits. The strong count keeps `Inner` for as long as this thread looks at it.
    #[cold]
    fn release_waited(&self) {
        // SAFETY: `inner` came from an `Arc` and is alive (I5), so its strong count is at least one.
        let inner = unsafe {
            Arc::increment_strong_count(self.inner.as_ptr());
            Arc::from_raw(self.inner.as_ptr().cast_const())
        };
        inner.release_waited(self.frame);
    }
}

impl Clone for Pin {
    fn clone(&self) -> Pin {
        self.descriptor().state.pin();
        Pin { inner: self.inner, frame: self.frame }
    }
}

impl Drop for Pin {
    #[inline]
    fn drop(&mut self) {
        if !self.descriptor().state.unpin() {
            self.release_waited();
        }
    }
}

/// Shared access to a page: dereferences to it. Many may have it at once.
pub struct ReadGuard {
    pin: ManuallyDrop<Pin>,
    _rank: RankMark,
    not_send: std::marker::PhantomData<*const ()>,
}

impl ReadGuard {
    /// Gives up the lock and keeps the pin.
    pub fn unlock(self) -> Pin {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the guard holds the lock shared; `this` is not used after its parts are taken out, each once.
        unsafe {
            this.pin.descriptor().lock.unlock_shared();
            std::ptr::drop_in_place(&mut this._rank);
            ManuallyDrop::take(&mut this.pin)
        }
    }

    /// One more pin on the same page.
    pub fn pin(&self) -> Pin {
        (*self.pin).clone()
    }

    /// What the page belongs to.
    pub fn fork(&self) -> RelFork {
        self.pin.fork()
    }

    /// Which page it is.
    #[inline]
    pub fn block(&self) -> BlockNumber {
        self.pin.block()
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.pin.descriptor().state.load().has(LOADED)
    }

    pub(crate) fn frame(&self) -> u32 {
        self.pin.frame
    }
}

impl Deref for ReadGuard {
    type Target = Page;
    #[inline]
    fn deref(&self) -> &Page {
        // SAFETY: I2: the content lock is held shared for as long as the guard lives, so nobody changes the bytes.
        unsafe { &*self.pin.inner().region.page(self.pin.frame) }
    }
}

impl Drop for ReadGuard {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock shared; the pin is dropped once, here.
        unsafe {
            self.pin.descriptor().lock.unlock_shared();
            ManuallyDrop::drop(&mut self.pin);
        }
    }
}

/// Exclusive access to a page: dereferences to it.
pub struct WriteGuard {
    pin: ManuallyDrop<Pin>,
    _rank: RankMark,
    mark: ExclusiveMark,
}

impl WriteGuard {
    /// Gives up the lock and keeps the pin.
    pub fn unlock(self) -> Pin {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the guard holds the lock exclusively; `this` is not used after its parts are taken out, each once.
        unsafe {
            this.pin.descriptor().lock.unlock_exclusive();
            std::ptr::drop_in_place(&mut this._rank);
            std::ptr::drop_in_place(&mut this.mark);
            ManuallyDrop::take(&mut this.pin)
        }
    }

    /// Goes over to shared access without letting another writer in.
    pub fn downgrade(self) -> ReadGuard {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the guard holds the lock exclusively, after the call it is held shared, which is what the new guard gives back; the parts are taken
        // out of `this` once.
        unsafe {
            this.pin.descriptor().lock.downgrade();
            std::ptr::drop_in_place(&mut this.mark);
            let mark = std::ptr::read(&this._rank);
            ReadGuard {
                pin: ManuallyDrop::new(ManuallyDrop::take(&mut this.pin)),
                _rank: mark,
                not_send: std::marker::PhantomData,
            }
        }
    }

    /// One more pin on the same page.
    pub fn pin(&self) -> Pin {
        (*self.pin).clone()
    }

    /// What the page belongs to.
    pub fn fork(&self) -> RelFork {
        self.pin.fork()
    }

    /// Which page it is.
    #[inline]
    pub fn block(&self) -> BlockNumber {
        self.pin.block()
    }

    /// Marks the page changed by the record that ends at `lsn`: redo, and changes logged without a [`crate::RecordBuilder`]. The builder does it itself.
    pub fn mark_dirty(&mut self, lsn: Lsn) {
        self.set_dirty();
        self.set_lsn(lsn);
    }

    /// True if the page differs from the file.
    pub fn is_dirty(&self) -> bool {
        self.pin.descriptor().state.load().has(DIRTY)
    }

    /// True if it was not dirty.
    pub(crate) fn set_dirty(&self) -> bool {
        let state = &self.pin.descriptor().state;
        let was_clean = !state.load().has(DIRTY);
        if was_clean {
            state.set(DIRTY);
        }
        was_clean
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.pin.descriptor().state.load().has(LOADED)
    }

    pub(crate) fn frame(&self) -> u32 {
        self.pin.frame
    }

    pub(crate) fn page_ptr(&self) -> *mut Page {
        self.pin.inner().region.page(self.pin.frame)
    }
}

impl Deref for WriteGuard {
    type Target = Page;
    #[inline]
    fn deref(&self) -> &Page {
        // SAFETY: I2: the content lock is held exclusively for as long as the guard lives.
        unsafe { &*self.page_ptr() }
    }
}

impl DerefMut for WriteGuard {
    #[inline]
    fn deref_mut(&mut self) -> &mut Page {
        // SAFETY: I2: the content lock is held exclusively for as long as the guard lives, and the guard is borrowed exclusively.
        unsafe { &mut *self.page_ptr() }
    }
}

impl Drop for WriteGuard {
    #[inline]
    fn drop(&mut self) {
        if self.mark.is_unwound() {
            // The page may be half changed. Nobody writes it: whoever locks it from here on finds the log broken.
            self.pin.inner().wal.abandon();
        }
        // SAFETY: the guard holds the lock exclusively; the pin is dropped once, here.
        unsafe {
            self.pin.descriptor().lock.unlock_exclusive();
            ManuallyDrop::drop(&mut self.pin);
        }
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({} block {})", self.fork(), self.block())
    }
}

impl fmt::Debug for ReadGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadGuard({} block {})", self.fork(), self.block())
    }
}

impl fmt::Debug for WriteGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteGuard({} block {})", self.fork(), self.block())
    }
}
