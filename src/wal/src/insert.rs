//! Reserve, copy, publish.

use crate::limits::{COPY_BYTES, RECORD_BYTES_MAX};
use crate::log::ImagePolicy;
use crate::slots::SlotGuard;
use crate::{Insertion, RECORD_ALIGN, RecordBytes, RecordWriter, RmgrId, Wal};
use base::{Lsn, Xid};
use report::{Result, error};
use sync::atomic::Ordering;

/// XLOG record: the rest of the segment is unused (PostgreSQL's number for it).
pub const XLOG_SWITCH: u8 = 0x40;

/// The reservation point.
pub(crate) struct Reservation {
    /// Where the next record starts.
    pub(crate) next: u64,
    /// Where the last one starts.
    pub(crate) previous: u64,
}

impl Wal {
    /// Appends a record. `policy` is what its images were decided by; None comes back if that is out of date: build the record anew and try again.
    ///
    /// The caller holds the pages that the record changes exclusively, marked dirty before, in a critical section.
    ///
    /// Errors: PANIC if the log is broken or room in the ring could not be made.
    /// Locks: takes an insertion slot, and within it the reservation lock and perhaps the segment files'.
    pub fn insert(
        &self,
        record: &mut RecordBytes,
        policy: Option<ImagePolicy>,
        hint: Xid,
    ) -> Result<Option<Insertion>> {
        self.check_alive()?;
        let length = record.length();
        if length > RECORD_BYTES_MAX {
            return Err(error!(PROGRAM_LIMIT_EXCEEDED, "WAL record of {length} bytes is too long"));
        }
        let slot = self.slots.take(hint.0, &self.failed);
        if policy.is_some_and(|policy| policy != self.image_policy()) {
            return Ok(None);
        }
        let aligned = (length as u64).next_multiple_of(RECORD_ALIGN);
        let (start, previous) = self.reserve(&slot, |start| start + aligned);
        let bytes = record.seal(Lsn(previous), self.epoch.load(Ordering::Relaxed));
        self.copy(&slot, start, bytes)?;
        slot.finish(aligned, record.images());
        drop(slot);
        self.wake_writer(start + aligned);
        Ok(Some(Insertion { start: Lsn(start), end: Lsn(start + aligned) }))
    }

    /// Appends a record without blocks.
    pub fn insert_data(&self, rmgr: RmgrId, info: u8, xid: Xid, data: &[&[u8]]) -> Result<Insertion> {
        let mut record = RecordWriter::new(Vec::new(), rmgr, info, xid).finish(data);
        Ok(self.insert(&mut record, None, xid)?.expect("no image policy to be out of date"))
    }

    /// Ends the current segment; the next record starts a new one. Returns the end of the log before the unused rest. Nothing to do at a boundary.
    pub fn switch_segment(&self) -> Result<Lsn> {
        self.check_alive()?;
        let segment = u64::from(self.options.segment_bytes);
        let mut record = RecordWriter::new(Vec::new(), RmgrId::XLOG, XLOG_SWITCH, Xid::INVALID).finish(&[]);
        let length = record.length() as u64;
        let slot = self.slots.take(0, &self.failed);
        let (start, previous) = self.reserve(&slot, |start| match start % segment {
            0 => start,
            _ => (start + length).next_multiple_of(segment),
        });
        if start.is_multiple_of(segment) {
            slot.finish(0, 0);
            return Ok(Lsn(start));
        }
        let end = (start + length).next_multiple_of(segment);
        self.copy(&slot, start, record.seal(Lsn(previous), self.epoch.load(Ordering::Relaxed)))?;
        self.zero(&slot, start + length, end)?;
        slot.finish(end - start, 0);
        Ok(Lsn(start + length))
    }

    /// Moves the reservation point to `end_of(start)`; returns the old one and where the record before starts. An empty reservation leaves all as it is.
    fn reserve(&self, slot: &SlotGuard<'_>, end_of: impl FnOnce(u64) -> u64) -> (u64, u64) {
        let mut reservation = self.reservation.lock();
        let (start, previous) = (reservation.next, reservation.previous);
        let end = end_of(start);
        if end > start {
            slot.begin(start);
            *reservation = Reservation { next: end, previous: start };
            // Published after the slot's position, so whoever sees the new end sees the slot.
            self.reserved.store(end, Ordering::Release);
        }
        (start, previous)
    }

    fn copy(&self, slot: &SlotGuard<'_>, start: u64, bytes: &[u8]) -> Result<()> {
        let mut at = start;
        for chunk in bytes.chunks(COPY_BYTES) {
            self.make_room(at + COPY_BYTES as u64)?;
            self.ring.store(at, chunk);
            at += chunk.len() as u64;
            if chunk.len() == COPY_BYTES {
                slot.advance(at);
            }
        }
        Ok(())
    }

    fn zero(&self, slot: &SlotGuard<'_>, start: u64, end: u64) -> Result<()> {
        let mut at = start;
        while at < end {
            let next = (at + COPY_BYTES as u64).min(end);
            self.make_room(next)?;
            self.ring.zero(at, next - at);
            slot.advance(next);
            at = next;
        }
        Ok(())
    }

    /// Waits until the ring holds nothing unwritten that bytes below `end` would fall on.
    fn make_room(&self, end: u64) -> Result<()> {
        let needed = end.saturating_sub(self.ring.bytes());
        if self.written.load(Ordering::Acquire) >= needed {
            return Ok(());
        }
        self.counters.buffers_full.fetch_add(1, Ordering::Relaxed);
        // All inserters below `needed` are older than this one: the ring is longer than what one copies at once.
        self.wait_for_inserters(needed)?;
        self.write_out(needed)
    }
}
