//! Writing the ring to the files and forcing it to disk, one leader for all who wait.

use crate::Wal;
use crate::limits::WAKE_WRITER_BYTES;
use base::Lsn;
use report::{Result, error};
use std::sync::Arc;
use sync::atomic::Ordering;
use sync::thread::{self, Thread};
use sync::{Interrupts, WaitHooks, WaitKind, Waiting, spin_hint};

/// Who flushes, and who waits for it.
///
/// Whenever somebody is on the list, a leader is at work or a thread that was on the list is awake and on its way to this lock: each leader, when done,
/// wakes those whom its flush covered and one more. Where all who are left are sessions without a thread, it is the walwriter that is woken.
#[derive(Default)]
pub(crate) struct FlushQueue {
    pub(crate) leading: bool,
    waiters: Vec<(u64, Waiter)>,
}

/// Somebody who is told when the log has reached the disk.
pub(crate) enum Waiter {
    /// A thread that sleeps.
    Thread(Thread),
    /// A session that no thread serves meanwhile.
    Session(Arc<Interrupts>),
}

impl Waiter {
    fn wake(&self) {
        match self {
            Waiter::Thread(thread) => thread.unpark(),
            Waiter::Session(interrupts) => interrupts.wake(),
        }
    }
}

impl Wal {
    /// Returns when the log is on disk up to `lsn`. Any thread; the caller holds no lock of rank `WAL_SLOT` or above.
    ///
    /// Errors: PANIC if writing or syncing failed, now or ever (I4); XX001 if `lsn` is beyond the end of the log (a damaged page).
    pub fn flush(&self, lsn: Lsn) -> Result<()> {
        loop {
            match self.line_up(lsn, || Waiter::Thread(thread::current()))? {
                Line::OnDisk => return Ok(()),
                Line::Leads(lead) => return lead.flush(),
                Line::Listed => thread::park(),
            }
        }
    }

    /// Sees to it that the log gets to the disk up to `lsn`. True if it is there: it was, or this thread has led. False: somebody else is at it, and
    /// `session` is woken when [`Wal::has_settled`].
    ///
    /// Errors: as [`Wal::flush`].
    pub fn flush_or_enlist(&self, lsn: Lsn, session: &Arc<Interrupts>, waits: &dyn WaitHooks) -> Result<bool> {
        let line = self.line_up(lsn, || Waiter::Session(Arc::clone(session)))?;
        if !matches!(line, Line::OnDisk) {
            self.note_waiting_commit(session);
        }
        match line {
            Line::OnDisk => Ok(true),
            Line::Leads(lead) => {
                let _waiting = Waiting::begin(waits, WaitKind::WalFlush);
                lead.flush().map(|()| true)
            }
            Line::Listed => Ok(false),
        }
    }

    /// Takes a place for the log up to `lsn`: the lead if it is free, else one on the list.
    fn line_up(&self, lsn: Lsn, waiter: impl FnOnce() -> Waiter) -> Result<Line<'_>> {
        if lsn <= self.flushed() {
            return Ok(Line::OnDisk);
        }
        self.check_reach(lsn)?;
        self.wait_for_inserters(lsn.0)?;
        let mut queue = self.queue.lock();
        if lsn <= self.flushed() {
            return Ok(Line::OnDisk);
        }
        // Under the lock: a leader that failed says so before it gives the lead up. Who led after it would sync again what the failed sync has lost,
        // and succeed.
        self.check_alive()?;
        if queue.leading {
            queue.waiters.push((lsn.0, waiter()));
            return Ok(Line::Listed);
        }
        queue.leading = true;
        Ok(Line::Leads(Lead { wal: self, succeeded: false }))
    }

    /// True if nobody need wait for `lsn`: it is on disk, or never will be, and [`Wal::flush`] says so.
    pub fn has_settled(&self, lsn: Lsn) -> bool {
        lsn <= self.flushed() || self.check_alive().is_err()
    }

    fn check_reach(&self, lsn: Lsn) -> Result<()> {
        let end = self.inserted();
        if lsn > end {
            return Err(error!(DATA_CORRUPTED, "xlog flush request {lsn} is not satisfied --- inserted only to {end}"));
        }
        Ok(())
    }

    /// Ends a leader's turn: wakes those who are on disk now and one more to lead, or all if the log broke.
    fn hand_on(&self, succeeded: bool) {
        let reached = if succeeded { self.flushed.load(Ordering::Acquire) } else { u64::MAX };
        let mut queue = self.queue.lock();
        queue.leading = false;
        let covered = take_covered(&mut queue.waiters, reached);
        let next = queue.waiters.iter().rposition(|(_, waiter)| matches!(waiter, Waiter::Thread(_)));
        let next = next.map(|at| queue.waiters.remove(at).1);
        let has_sessions = next.is_none() && !queue.waiters.is_empty();
        drop(queue);
        if has_sessions {
            self.wake_writer_now();
        }
        // The next flush begins while the others are being woken.
        next.iter().chain(&covered).for_each(Waiter::wake);
    }

    /// Wakes all who wait: the log is broken.
    pub(crate) fn wake_all(&self) {
        let waiters = std::mem::take(&mut self.queue.lock().waiters);
        waiters.iter().for_each(|(_, waiter)| waiter.wake());
    }

    fn write_and_sync(&self) -> Result<()> {
        let (reached, files) = {
            let mut segments = self.segments.lock();
            self.write_complete(&mut segments)?;
            (self.written.load(Ordering::Acquire), segments.take_unsynced())
        };
        if self.options.fsync {
            let start = self.host.clock.monotonic();
            for file in &files {
                file.sync(self.options.sync_method).map_err(|error| {
                    crate::doubt::leave_mark(&self.host);
                    self.fail(error)
                })?;
            }
            self.counters.syncs.fetch_add(1, Ordering::Relaxed);
            let took = self.host.clock.monotonic() - start;
            self.counters.sync_us.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
        }
        self.flushed.fetch_max(reached, Ordering::AcqRel);
        Ok(())
    }

    /// Makes sure that the log is in the files up to `target`, below which inserters are done.
    pub(crate) fn write_out(&self, target: u64) -> Result<()> {
        let mut segments = self.segments.lock();
        if self.written.load(Ordering::Acquire) >= target {
            return Ok(());
        }
        self.write_complete(&mut segments)
    }

    /// Writes all that is complete. Waits for nobody (I3).
    fn write_complete(&self, segments: &mut crate::segments::Segments) -> Result<()> {
        let target = self.complete_up_to();
        let start = self.host.clock.monotonic();
        let mut at = self.written.load(Ordering::Acquire);
        let writes = u64::from(at < target);
        while at < target {
            at = segments.write_from_ring(&self.host, &self.ring, at, target).map_err(|error| self.fail(error))?;
            self.written.store(at, Ordering::Release);
        }
        self.counters.writes.fetch_add(writes, Ordering::Relaxed);
        let took = self.host.clock.monotonic() - start;
        self.counters.write_us.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn complete_up_to(&self) -> u64 {
        self.slots.complete_up_to(self.reserved.load(Ordering::Acquire))
    }

    /// Returns when no inserter is copying below `target`. Copying takes no more than a moment, so it spins.
    pub(crate) fn wait_for_inserters(&self, target: u64) -> Result<()> {
        let mut round = 0;
        while self.complete_up_to() < target {
            self.check_alive()?;
            spin_hint(&mut round);
        }
        Ok(())
    }

    /// Names the walwriter: it is woken when a piece of log waits to be written, and then calls [`Wal::background_flush`].
    pub fn set_writer(&self, writer: Arc<Interrupts>) {
        *self.writer.lock() = Some(writer);
    }

    /// Wakes the walwriter if a piece of log up to `end` waits to be written; once for each piece.
    #[inline]
    pub(crate) fn wake_writer(&self, end: u64) {
        let piece = WAKE_WRITER_BYTES.min(self.ring.bytes() / 4);
        let before = self.woken_for.load(Ordering::Relaxed).max(self.written.load(Ordering::Relaxed));
        if end.saturating_sub(before) >= piece {
            self.woken_for.store(end, Ordering::Relaxed);
            self.wake_writer_now();
        }
    }

    fn wake_writer_now(&self) {
        if let Some(writer) = &*self.writer.lock() {
            writer.latch().set();
        }
    }

    /// The last position that a session waits for whom no thread serves.
    fn enlisted(&self) -> Lsn {
        let queue = self.queue.lock();
        let sessions = queue.waiters.iter().filter(|(_, waiter)| matches!(waiter, Waiter::Session(_)));
        Lsn(sessions.map(|(lsn, _)| *lsn).max().unwrap_or_default())
    }

    /// Notes that somebody committed at `lsn` without waiting.
    pub fn set_async_lsn(&self, lsn: Lsn) {
        self.async_lsn.fetch_max(lsn.0, Ordering::AcqRel);
    }

    /// The latest asynchronous commit.
    pub fn async_lsn(&self) -> Lsn {
        Lsn(self.async_lsn.load(Ordering::Acquire))
    }

    /// The walwriter's round: flushes what asynchronous commits left and what sessions without a thread wait for, and, once `write_after` bytes wait, writes what is complete.
    /// True if there was something to do.
    pub fn background_flush(&self, write_after: u64) -> Result<bool> {
        let wanted = self.async_lsn().max(self.enlisted());
        if wanted > self.flushed() {
            self.flush(wanted)?;
            return Ok(true);
        }
        let complete = self.complete_up_to();
        if complete.saturating_sub(self.flushed().0) >= write_after.max(1) {
            self.flush(Lsn(complete))?;
            return Ok(true);
        }
        Ok(false)
    }
}

/// Where somebody stands who needs the log on disk.
enum Line<'a> {
    /// It is there.
    OnDisk,
    /// Nobody is at it: this thread is to flush.
    Leads(Lead<'a>),
    /// Somebody is at it, and wakes the one on the list.
    Listed,
}

/// A leader's turn. If it ends by an error or a Rust panic, the log is broken, and nobody may wait for it.
struct Lead<'a> {
    wal: &'a Wal,
    succeeded: bool,
}

impl Lead<'_> {
    /// Flushes all that is complete, then hands the lead on.
    fn flush(mut self) -> Result<()> {
        self.wal.write_and_sync()?;
        self.succeeded = true;
        Ok(())
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        if !self.succeeded {
            self.wal.failed.store(true, Ordering::Release);
        }
        self.wal.hand_on(self.succeeded);
    }
}

/// Takes the waiters up to `reached` off the list.
fn take_covered(waiters: &mut Vec<(u64, Waiter)>, reached: u64) -> Vec<Waiter> {
    waiters.extract_if(.., |(lsn, _)| *lsn <= reached).map(|(_, waiter)| waiter).collect()
}
