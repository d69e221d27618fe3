//! The log as its users see it.

use crate::flush::FlushQueue;
use crate::hold_back::WaitingCommit;
use crate::insert::Reservation;
use crate::ring::Ring;
use crate::segments::Segments;
use crate::slots::Slots;
use crate::{RECORD_ALIGN, WalOptions};
use base::Lsn;
use host::Host;
use report::{Error, Result, Severity, SqlState};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use sync::{Interrupts, Mutex, rank};

/// Where a log goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WalPosition {
    /// Where the next record goes: the end of the last good one.
    pub next: Lsn,
    /// Where the last good record starts.
    pub previous: Lsn,
    /// Greater than that of any record in the log (I2). Kept in pg_control and raised durably before each start.
    pub epoch: u32,
    /// The redo point of the last checkpoint.
    pub redo: Lsn,
}

/// A record's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Insertion {
    /// Where it starts.
    pub start: Lsn,
    /// Where it ends: what to flush to, and the LSN of the pages it changes.
    pub end: Lsn,
}

/// Counters since start, for `pg_stat_wal`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WalStats {
    /// Records inserted.
    pub records: u64,
    /// Full-page images among them.
    pub images: u64,
    /// Bytes of log.
    pub bytes: u64,
    /// Times that an inserter had to write because the ring was full.
    pub buffers_full: u64,
    /// Writes of the ring.
    pub writes: u64,
    /// Forced to disk.
    pub syncs: u64,
    /// Time spent writing.
    pub write_time: Duration,
    /// Time spent in sync.
    pub sync_time: Duration,
}

/// Whether a page needs a full image, as seen when a record is built. [`Wal::insert`] refuses if it changed since.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImagePolicy {
    redo: Lsn,
    enabled: bool,
}

impl ImagePolicy {
    /// True if a page with this LSN was not changed since the redo point.
    #[inline]
    pub fn needs_image(&self, page: Lsn) -> bool {
        self.enabled && page <= self.redo
    }
}

/// The write-ahead log of an instance.
pub struct Wal {
    pub(crate) host: Host,
    pub(crate) options: WalOptions,
    /// Set when writing starts.
    pub(crate) epoch: AtomicU32,
    pub(crate) ring: Ring,
    pub(crate) slots: Slots,
    pub(crate) reservation: Mutex<Reservation>,
    /// The reservation point, stored under the reservation lock.
    pub(crate) reserved: AtomicU64,
    /// Below it the log is in the files. Raised under the segments lock.
    pub(crate) written: AtomicU64,
    /// Below it the log is on disk. Raised by the leader.
    pub(crate) flushed: AtomicU64,
    /// The latest asynchronous commit.
    pub(crate) async_lsn: AtomicU64,
    /// Who is woken when a piece of log waits to be written, and up to where it was woken for.
    pub(crate) writer: Mutex<Option<Arc<Interrupts>>>,
    pub(crate) woken_for: AtomicU64,
    /// Stored with all slots held; read under a slot.
    redo: AtomicU64,
    full_page_writes: AtomicBool,
    pub(crate) segments: Mutex<Segments>,
    pub(crate) queue: Mutex<FlushQueue>,
    pub(crate) waiting_commit: WaitingCommit,
    /// The log is broken (I4).
    pub(crate) failed: AtomicBool,
    /// The instance has crashed: see [`Wal::abandon`].
    abandoned: AtomicBool,
    pub(crate) counters: Counters,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) buffers_full: AtomicU64,
    pub(crate) writes: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) write_us: AtomicU64,
    pub(crate) sync_us: AtomicU64,
}

impl Wal {
    /// A log that goes on at `at`. `pg_wal` exists.
    ///
    /// Errors: the segment cannot be opened or made.
    pub fn open(host: Host, options: WalOptions, at: WalPosition) -> Result<Wal> {
        let wal = Wal::open_for_recovery(host, options);
        wal.start_writing(at)?;
        Ok(wal)
    }

    /// A log that is being redone: nothing can be inserted, and every flush is satisfied, as what is redone was on disk before. Ends with
    /// [`Wal::start_writing`].
    pub fn open_for_recovery(host: Host, options: WalOptions) -> Wal {
        assert!(options.segment_bytes.is_power_of_two());
        Wal {
            ring: Ring::new(options.ring_bytes()),
            slots: Slots::new(),
            reservation: Mutex::new(rank::WAL_RESERVE, Reservation { next: u64::MAX, previous: 0 }),
            reserved: AtomicU64::new(u64::MAX),
            written: AtomicU64::new(u64::MAX),
            flushed: AtomicU64::new(u64::MAX),
            async_lsn: AtomicU64::new(0),
            writer: Mutex::new(rank::WAL_WRITER, None),
            woken_for: AtomicU64::new(0),
            redo: AtomicU64::new(0),
            full_page_writes: AtomicBool::new(options.full_page_writes),
            segments: Mutex::new(rank::WAL_FILES, Segments::new(options)),
            queue: Mutex::new(rank::WAL_FLUSH, FlushQueue::default()),
            waiting_commit: WaitingCommit::default(),
            failed: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            counters: Counters::default(),
            epoch: AtomicU32::new(0),
            host,
            options,
        }
    }

    /// Goes on at `at`, once. Nobody inserts yet.
    ///
    /// Errors: the segment cannot be opened or made.
    pub fn start_writing(&self, at: WalPosition) -> Result<()> {
        assert!(at.next.0.is_multiple_of(RECORD_ALIGN) && at.next.is_valid());
        let all = self.slots.take_all();
        let mut reservation = self.reservation.lock();
        assert!(self.is_recovering(), "writing starts once");
        self.segments.lock().start(&self.host, at.next)?;
        let next = at.next.0;
        *reservation = Reservation { next, previous: at.previous.0 };
        self.redo.store(at.redo.0, Ordering::Release);
        self.epoch.store(at.epoch, Ordering::Release);
        for position in [&self.written, &self.flushed, &self.reserved] {
            position.store(next, Ordering::Release);
        }
        drop(reservation);
        drop(all);
        Ok(())
    }

    /// True before writing started.
    pub fn is_recovering(&self) -> bool {
        self.reserved.load(Ordering::Acquire) == u64::MAX
    }

    /// How it was set up.
    pub fn options(&self) -> &WalOptions {
        &self.options
    }

    /// The end of the last reserved record: what `pg_current_wal_insert_lsn` shows.
    pub fn inserted(&self) -> Lsn {
        Lsn(self.reserved.load(Ordering::Acquire))
    }

    /// Below it the log is in the files: `pg_current_wal_lsn`.
    pub fn written(&self) -> Lsn {
        Lsn(self.written.load(Ordering::Acquire))
    }

    /// Below it the log is on disk: `pg_current_wal_flush_lsn`.
    #[inline]
    pub fn flushed(&self) -> Lsn {
        Lsn(self.flushed.load(Ordering::Acquire))
    }

    /// The redo point of the running or last checkpoint.
    #[inline]
    pub fn redo_lsn(&self) -> Lsn {
        Lsn(self.redo.load(Ordering::Acquire))
    }

    /// What decides about full-page images now.
    #[inline]
    pub fn image_policy(&self) -> ImagePolicy {
        ImagePolicy { redo: self.redo_lsn(), enabled: self.full_page_writes.load(Ordering::Acquire) }
    }

    /// Changes `full_page_writes`. Switched on, it acts fully after the next checkpoint.
    pub fn set_full_page_writes(&self, enabled: bool) {
        let _all = self.slots.take_all();
        self.full_page_writes.store(enabled, Ordering::Release);
    }

    /// Fixes the redo point of a checkpoint: the current reservation point. From now on the first change of each page makes an image.
    pub fn begin_checkpoint(&self) -> Lsn {
        let _all = self.slots.take_all();
        let redo = self.reservation.lock().next;
        self.redo.store(redo, Ordering::Release);
        Lsn(redo)
    }

    /// Counters since start.
    pub fn stats(&self) -> WalStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WalStats {
            records: self.slots.sum(|slot| &slot.records),
            images: self.slots.sum(|slot| &slot.images),
            bytes: self.slots.sum(|slot| &slot.bytes),
            buffers_full: load(&self.counters.buffers_full),
            writes: load(&self.counters.writes),
            syncs: load(&self.counters.syncs),
            write_time: Duration::from_micros(load(&self.counters.write_us)),
            sync_time: Duration::from_micros(load(&self.counters.sync_us)),
        }
    }

    /// Remembers that the log is broken (I4).
    pub(crate) fn fail(&self, error: Error) -> Error {
        self.failed.store(true, Ordering::Release);
        error.severity(Severity::Panic)
    }

    /// The instance has crashed: from now on nothing is added to the log, and so no page reaches its file. Whoever waits for the log gets an
    /// error. For the postmaster, and for who leaves a page half changed.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
        self.failed.store(true, Ordering::Release);
        self.wake_all();
    }

    /// Errors: as [`Wal::check_unbroken`].
    pub(crate) fn check_alive(&self) -> Result<()> {
        assert!(!self.is_recovering(), "the log is being redone, not written");
        self.check_unbroken()
    }

    /// As long as this is well, pages may be written. Errors: PANIC, the log is broken; FATAL 57P02, it was abandoned.
    pub fn check_unbroken(&self) -> Result<()> {
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        if self.abandoned.load(Ordering::Acquire) {
            let text = "terminating connection because of crash of another server process";
            return Err(Error::new(SqlState::CRASH_SHUTDOWN, text).severity(Severity::Fatal));
        }
        let error = Error::new(SqlState::IO_ERROR, "the write-ahead log failed earlier");
        Err(error.severity(Severity::Panic))
    }
}

impl fmt::Debug for Wal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wal(inserted {}, flushed {})", self.inserted(), self.flushed())
    }
}
