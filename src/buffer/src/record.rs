//! The recipe for logging a change, so that no step is forgotten.

use crate::guard::WriteGuard;
use crate::pool::BufferPool;
use crate::usage::{PageEvent, PageOwner, Usage, Used};
use base::{BlockNumber, Lsn, RelFork, Xid};
use page::Page;
use report::{Result, Severity};
use sync::{CriticalSection, in_critical_section};
use wal::{BlockFlags, ImagePolicy, Insertion, RecordBytes, RecordWriter, RmgrId};

/// XLOG record: full images of pages, nothing else.
pub const XLOG_FPI: u8 = 0xB0;
/// XLOG record: the image of a page in which only hints changed.
pub const XLOG_FPI_FOR_HINT: u8 = 0xA0;

/// Parts of main data in a record.
const DATA_PARTS_MAX: usize = 8;
/// Pages in a record without another allocation.
const BLOCKS_USUAL: usize = 5;

/// Whether a relation's changes are logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// Yes.
    Logged,
    /// No: unlogged and temporary relations.
    Unlogged,
}

/// Builds and inserts a record for changed pages.
///
/// ```text
/// let section = CriticalSection::enter();
/// guard.insert_item(...);                       // change the pages
/// let mut record = RecordBuilder::new(pool, RmgrId::BTREE, INFO, xid);
/// record.block(0, &mut guard, BlockFlags::default(), &item);
/// record.data(&header);
/// let insertion = record.insert()?;             // marks dirty, inserts, stamps LSNs
/// drop(section);
/// ```
pub struct RecordBuilder<'a> {
    pool: &'a BufferPool,
    rmgr: RmgrId,
    info: u8,
    xid: Xid,
    blocks: Vec<Part<'a>>,
    data: [&'a [u8]; DATA_PARTS_MAX],
    data_parts: usize,
    force_images: bool,
}

struct Part<'a> {
    id: u8,
    guard: &'a mut WriteGuard,
    flags: BlockFlags,
    data: &'a [u8],
}

impl<'a> RecordBuilder<'a> {
    /// An empty record. It counts for the owner of this handle of the pool.
    pub fn new(pool: &'a BufferPool, rmgr: RmgrId, info: u8, xid: Xid) -> RecordBuilder<'a> {
        let blocks = Vec::with_capacity(BLOCKS_USUAL);
        RecordBuilder { pool, rmgr, info, xid, blocks, data: [&[]; DATA_PARTS_MAX], data_parts: 0, force_images: false }
    }

    /// Adds a page, already changed, with the data that its redo needs if there is no image. `id` is the resource manager's name for it.
    pub fn block(&mut self, id: u8, guard: &'a mut WriteGuard, flags: BlockFlags, data: &'a [u8]) -> &mut Self {
        self.blocks.push(Part { id, guard, flags, data });
        self
    }

    /// Adds main data, behind what was added before.
    pub fn data(&mut self, data: &'a [u8]) -> &mut Self {
        self.data[self.data_parts] = data;
        self.data_parts += 1;
        self
    }

    /// Makes images of all pages whatever their LSN.
    pub fn force_images(&mut self) -> &mut Self {
        self.force_images = true;
        self
    }

    /// Marks the pages dirty, inserts the record, stamps the pages with its end.
    ///
    /// Errors: PANIC; the pages were changed and cannot be logged.
    /// Panics: in debug builds, outside a critical section if there are pages.
    pub fn insert(mut self) -> Result<Insertion> {
        debug_assert!(
            self.blocks.is_empty() || in_critical_section(),
            "a change and its record belong in a critical section"
        );
        // Before the insertion (I4): a checkpoint that starts right after it sees the pages dirty.
        for part in &self.blocks {
            part.guard.set_dirty_for(&self.pool.usage, PageOwner::Shared);
        }
        let inserted = self.insert_record().map_err(|error| error.severity(Severity::Panic))?;
        for part in &mut self.blocks {
            part.guard.set_lsn(inserted.end);
        }
        Ok(inserted)
    }

    fn insert_record(&self) -> Result<Insertion> {
        let mut buffer = Vec::with_capacity(256);
        loop {
            let wal = self.pool.wal();
            let policy = wal.image_policy();
            let mut bytes = self.build(buffer, policy);
            let policy = (!self.blocks.is_empty()).then_some(policy);
            if let Some(inserted) = wal.insert(&mut bytes, policy, self.xid)? {
                self.pool.count_log(inserted, bytes.images());
                return Ok(inserted);
            }
            buffer = bytes.into_buffer();
        }
    }

    fn build(&self, buffer: Vec<u8>, policy: ImagePolicy) -> RecordBytes {
        let mut writer = RecordWriter::new(buffer, self.rmgr, self.info, self.xid);
        for part in &self.blocks {
            let page: &Page = part.guard;
            let wants = policy.needs_image(page.lsn()) && !part.flags.has(BlockFlags::WILL_INIT);
            let image = (wants || self.force_images).then_some(page);
            writer.block(part.id, (part.guard.fork(), part.guard.block()), part.flags, image, part.data);
        }
        writer.finish(&self.data[..self.data_parts])
    }
}

impl WriteGuard {
    /// Marks the page dirty; true if it was not.
    fn set_dirty_for(&self, usage: &Usage, owner: PageOwner) {
        if self.set_dirty() {
            usage.add_page(owner, PageEvent::Dirtied);
        }
    }
}

impl BufferPool {
    /// Marks a page changed without a record: unlogged and temporary relations, and what may be lost in a crash.
    pub fn mark_dirty_unlogged(&self, guard: &mut WriteGuard, owner: PageOwner) {
        guard.set_dirty_for(&self.usage, owner);
    }

    /// Marks a page dirty after a change that may be lost but must not tear the page: hint bits, dead marks of index entries. If this is the page's first
    /// change since the redo point, its image is logged, as a torn write of it could not be repaired otherwise.
    ///
    /// Errors: PANIC from the log.
    pub fn mark_dirty_hint(&self, guard: &mut WriteGuard, durability: Durability, owner: PageOwner) -> Result<()> {
        let first = !guard.is_dirty() && self.wal().image_policy().needs_image(guard.lsn());
        if durability == Durability::Unlogged || !first {
            guard.set_dirty_for(&self.usage, owner);
            return Ok(());
        }
        self.log_image(guard, XLOG_FPI_FOR_HINT).map(drop)
    }

    /// Logs a page as an image: for pages built without records (bulk loads, new index pages), one at a time.
    pub fn log_page(&self, guard: &mut WriteGuard) -> Result<Insertion> {
        self.log_image(guard, XLOG_FPI)
    }

    fn log_image(&self, guard: &mut WriteGuard, kind: u8) -> Result<Insertion> {
        let section = CriticalSection::enter();
        let mut record = RecordBuilder::new(self, RmgrId::XLOG, kind, Xid::INVALID);
        record.block(0, guard, BlockFlags::default(), &[]).force_images();
        let inserted = record.insert()?;
        drop(section);
        Ok(inserted)
    }

    /// Notes for the handle's owner that a record was logged.
    pub(crate) fn count_log(&self, inserted: Insertion, images: u64) {
        self.usage.add(Used::WalRecords, 1);
        self.usage.add(Used::WalImages, images);
        self.usage.add(Used::WalBytes, inserted.end.0 - inserted.start.0);
    }

    /// Logs an image of a page that is not in the pool (built in private memory and written by the storage manager); sets its LSN.
    pub fn log_private_page(&self, fork: RelFork, block: BlockNumber, page: &mut Page) -> Result<Lsn> {
        let mut writer = RecordWriter::new(Vec::new(), RmgrId::XLOG, XLOG_FPI, Xid::INVALID);
        writer.block(0, (fork, block), BlockFlags::default(), Some(page), &[]);
        let inserted = self.inner.wal.insert(&mut writer.finish(&[]), None, Xid(u64::from(block.0)))?;
        let end = inserted.expect("no image policy to be out of date").end;
        page.set_lsn(end);
        Ok(end)
    }
}
