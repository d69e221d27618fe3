//! Pages for redo.

use crate::guard::WriteGuard;
use crate::pool::BufferPool;
use base::{BlockNumber, Oid, RelFile, RelFork, Tid, Xid};
use page::Page;
use report::{Error, Result, Severity, SqlState};
use smgr::IfExists;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use sync::{Mutex, rank};
use wal::{BlockFlags, BlockRef, Record};

/// What redo of a block has to do.
#[derive(Debug)]
pub enum Redo {
    /// Make the change, then `mark_dirty(record.end)`.
    Apply(WriteGuard),
    /// Nothing: the page shows the change already.
    Done(WriteGuard),
    /// Nothing: the page was restored from its image, which shows the change.
    Restored(WriteGuard),
    /// Nothing: the page is gone. A later record removes its relation or cuts it, or recovery fails in the end.
    Missing,
    /// Nothing: the page is another thread's.
    Elsewhere,
}

impl Redo {
    /// The page to change, if there is anything to do.
    pub fn apply(self) -> Option<WriteGuard> {
        match self {
            Redo::Apply(guard) => Some(guard),
            _ => None,
        }
    }

    /// The page, changed or not; for redo that reads it.
    pub fn page(self) -> Option<WriteGuard> {
        match self {
            Redo::Apply(guard) | Redo::Done(guard) | Redo::Restored(guard) => Some(guard),
            Redo::Missing | Redo::Elsewhere => None,
        }
    }
}

/// Told of each update that redo does again: which row version followed which.
pub type RowMoved = Box<dyn Fn(RelFile, Tid, Tid) + Send + Sync>;

/// Whose pages are redone: each thread of a recovery has a share. Redo of one page happens on one thread, so in the order of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// All pages.
    All,
    /// No page: only what a record says besides.
    None,
    /// One of so many parts, and nothing besides.
    Part {
        /// Which, from 0.
        part: u32,
        /// How many there are.
        of: u32,
    },
}

impl Share {
    /// The part that a page belongs to if there are so many. Neighbours are in different ones.
    pub fn part_of(fork: RelFork, block: BlockNumber, of: u32) -> u32 {
        (fork.file.number ^ (fork.fork as u32) << 16).wrapping_mul(0x9E37_79B1).wrapping_add(block.0) % of
    }

    fn has(self, fork: RelFork, block: BlockNumber) -> bool {
        match self {
            Share::All => true,
            Share::None => false,
            Share::Part { part, of } => Share::part_of(fork, block, of) == part,
        }
    }
}

/// What resource managers redo with: one for each thread.
pub struct RedoCx {
    share: Share,
    common: Arc<Common>,
}

/// What the threads of a recovery have in common.
struct Common {
    buffers: Arc<BufferPool>,
    /// Pages that records wanted and that were not there.
    missing: Mutex<BTreeMap<(RelFork, BlockNumber), &'static str>>,
    /// Relations made by records, and by whom: removed in the end if the transaction did not commit.
    created: Mutex<BTreeMap<RelFile, Xid>>,
    row_moved: OnceLock<RowMoved>,
}

impl RedoCx {
    /// One for a whole recovery.
    pub fn new(buffers: Arc<BufferPool>) -> RedoCx {
        let missing = Mutex::new(rank::LEAF, BTreeMap::new());
        let created = Mutex::new(rank::LEAF, BTreeMap::new());
        RedoCx { share: Share::All, common: Arc::new(Common { buffers, missing, created, row_moved: OnceLock::new() }) }
    }

    /// One for a thread that has a share of the same recovery.
    pub fn with_share(&self, share: Share) -> RedoCx {
        RedoCx { share, common: Arc::clone(&self.common) }
    }

    /// Names who is told of updates. Once, before redo.
    pub fn on_row_moved(&self, tell: RowMoved) {
        let _ = self.common.row_moved.set(tell);
    }

    /// Redo replaces a row version by another. Told in the order of the log.
    pub fn note_row_moved(&self, file: RelFile, old: Tid, new: Tid) {
        if !matches!(self.share, Share::Part { .. })
            && let Some(tell) = self.common.row_moved.get()
        {
            tell(file, old, new);
        }
    }

    /// The pool.
    pub fn buffers(&self) -> &Arc<BufferPool> {
        &self.common.buffers
    }

    /// Has the processor bring near what redo of the record will need, for a record that is redone soon but not next.
    pub fn prefetch(&self, record: &Record<'_>) {
        let changed =
            record.blocks.iter().filter(|block| block.image.is_none() && self.share.has(block.fork, block.block));
        changed.for_each(|block| self.buffers().prefetch(block.fork, block.block));
    }

    /// Brings in a block of the record and says what is to do with it. An image is restored, a `WILL_INIT` page comes zeroed.
    ///
    /// Errors: I/O, damage. Panics if the record has no such block: ask `record.block(id)` first where it is optional.
    pub fn block(&self, record: &Record<'_>, id: u8) -> Result<Redo> {
        let reference = record.block(id).expect("the record has this block");
        let (fork, block) = (reference.fork, reference.block);
        if !self.share.has(fork, block) {
            return Ok(Redo::Elsewhere);
        }
        if let Some(image) = &reference.image {
            let mut guard = self.unread(fork, block)?;
            self.buffers().overwrite(&mut guard, |page| image.restore(page));
            guard.mark_dirty(record.end);
            return Ok(Redo::Restored(guard));
        }
        if reference.flags.has(BlockFlags::WILL_INIT) {
            return Ok(Redo::Apply(self.zeroed(fork, block)?));
        }
        self.existing(record, reference)
    }

    fn existing(&self, record: &Record<'_>, reference: &BlockRef<'_>) -> Result<Redo> {
        let (fork, block) = (reference.fork, reference.block);
        // Most records change a page that is in memory: then nobody asks the files about it.
        let pin = match self.buffers().read_cached(fork, block) {
            Some(pin) => pin,
            None => {
                self.make_file(fork)?;
                if self.buffers().smgr().blocks(fork)? <= block.0 {
                    self.note_missing(fork, block, "does not exist");
                    return Ok(Redo::Missing);
                }
                self.buffers().read(fork, block)?
            }
        };
        let guard = pin.exclusive();
        if guard.is_new() {
            self.note_missing(fork, block, "is uninitialized");
            return Ok(Redo::Missing);
        }
        Ok(if guard.lsn() >= record.end { Redo::Done(guard) } else { Redo::Apply(guard) })
    }

    /// The page of a block that redo writes anew whatever it holds, unless it is another thread's. The caller initialises it and marks it dirty.
    pub fn init_block(&self, record: &Record<'_>, id: u8) -> Result<Option<WriteGuard>> {
        let reference = record.block(id).expect("the record has this block");
        let (fork, block) = (reference.fork, reference.block);
        if self.share.has(fork, block) { self.zeroed(fork, block).map(Some) } else { Ok(None) }
    }

    fn zeroed(&self, fork: RelFork, block: BlockNumber) -> Result<WriteGuard> {
        let mut guard = self.unread(fork, block)?;
        self.buffers().overwrite(&mut guard, Page::zero);
        Ok(guard)
    }

    /// A page that is to be written whole, with whatever its frame holds.
    fn unread(&self, fork: RelFork, block: BlockNumber) -> Result<WriteGuard> {
        match self.buffers().read_cached(fork, block) {
            Some(pin) => Ok(pin.exclusive()),
            None => {
                self.make_file(fork)?;
                self.buffers().read_unread(fork, block)
            }
        }
    }

    /// A relation that a later record removes may have lost its file already.
    fn make_file(&self, fork: RelFork) -> Result<()> {
        let smgr = self.buffers().smgr();
        if smgr.exists(fork)? { Ok(()) } else { smgr.create(fork, IfExists::Ignore) }
    }

    fn note_missing(&self, fork: RelFork, block: BlockNumber, what: &'static str) {
        self.common.missing.lock().insert((fork, block), what);
    }

    /// Redo makes a relation.
    pub fn note_created(&self, file: RelFile, xid: Xid) {
        self.common.created.lock().insert(file, xid);
    }

    /// The relations made by records and not removed by later ones, with their transactions; empties the list.
    pub fn take_created(&self) -> BTreeMap<RelFile, Xid> {
        std::mem::take(&mut *self.common.created.lock())
    }

    /// Redo removes a relation.
    pub fn forget_relation(&self, file: RelFile) {
        self.common.created.lock().remove(&file);
        self.common.missing.lock().retain(|(fork, _), _| fork.file != file);
    }

    /// Redo cuts a fork.
    pub fn forget_from(&self, cut: RelFork, first: BlockNumber) {
        self.common.missing.lock().retain(|(fork, block), _| *fork != cut || *block < first);
    }

    /// Redo removes a database.
    pub fn forget_database(&self, database: Oid) {
        self.common.created.lock().retain(|file, _| file.database != database);
        self.common.missing.lock().retain(|(fork, _), _| fork.file.database != database);
    }

    /// Asks at the end of redo.
    ///
    /// Errors: PANIC if a page that records wanted never turned up nor was removed.
    pub fn check_nothing_missing(&self) -> Result<()> {
        match self.common.missing.lock().first_key_value() {
            None => Ok(()),
            Some(((fork, block), what)) => {
                let error = Error::new(SqlState::DATA_CORRUPTED, "WAL contains references to invalid pages");
                Err(error.detail_log(format!("Page {block} of relation {fork} {what}.")).severity(Severity::Panic))
            }
        }
    }
}

impl fmt::Debug for RedoCx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedoCx({:?})", self.share)
    }
}
