//! Fetching rows by tid.

use crate::claim::tuple_at;
use crate::layout;
use crate::toast::Toaster;
use crate::visibility::{self, Fate};
use crate::{maps, prune_page};
use access::{Access, Fetched, Liveness, Relation, Row, Store, TableFetch};
use base::{BlockNumber, Fork, OffsetNumber, Tid, Xid};
use buffer::{Pin, ReadGuard};
use page::{LineState, Page};
use report::{Error, Result};
use std::sync::Arc;
use tuple::{ColumnSet, HeapTuple, Infomask, TupleBuffer, TupleHeader};
use xact::Snapshot;

/// Steps through the versions of a row on one page: from an index entry's offset along its HOT chain.
struct Chain<'a> {
    page: &'a Page,
    block: BlockNumber,
    at: Option<OffsetNumber>,
    expected_xmin: Option<Xid>,
    steps: u16,
}

impl<'a> Chain<'a> {
    fn new(page: &'a Page, tid: Tid) -> Chain<'a> {
        let exists = (1..=page.item_count()).contains(&tid.offset.0);
        let start = exists.then(|| {
            let pointer = page.line_pointer(tid.offset);
            match pointer.state() {
                LineState::Redirect => OffsetNumber(pointer.target()),
                _ => tid.offset,
            }
        });
        Chain { page, block: tid.block, at: start, expected_xmin: None, steps: 0 }
    }

    #[inline]
    fn next(&mut self) -> Result<Option<(OffsetNumber, &'a [u8], TupleHeader)>> {
        let Some(offset) = self.at.take() else { return Ok(None) };
        let Some(tuple) = tuple_at(self.page, offset) else { return Ok(None) };
        let header = TupleHeader::read(tuple)?;
        self.steps += 1;
        if self.expected_xmin.is_some_and(|xmin| xmin != header.xmin) || self.steps > self.page.item_count() {
            return Ok(None);
        }
        let goes_on = header.infomask.has(Infomask::HOT_UPDATED)
            && !header.infomask.has(Infomask::XMAX_INVALID)
            && header.ctid.block == self.block;
        if goes_on {
            self.at = Some(header.ctid.offset);
            self.expected_xmin = Some(header.xmax);
        }
        Ok(Some((offset, tuple, header)))
    }
}

/// Fetches rows of one table for one snapshot.
pub(crate) struct HeapFetch {
    store: Arc<Store>,
    table: Arc<Relation>,
    /// None while it rests.
    snapshot: Option<Snapshot>,
    wanted: ColumnSet,
    buffer: TupleBuffer,
    /// Blocks of the table when it was last asked. The table is not cut while somebody has it locked.
    blocks: u32,
    hints: Vec<Hint>,
    /// The table's page and the visibility map's that were looked at last: who stays on a page counts it once.
    last_block: Option<BlockNumber>,
    last_map_block: Option<BlockNumber>,
}

/// Versions of a row that a fetch may pass over before it prunes the page: rows that are updated all the time.
const STEPS_WITHOUT_PRUNING: u16 = 8;

impl HeapFetch {
    pub(crate) fn new(store: &Arc<Store>, table: &Arc<Relation>, snapshot: Snapshot, wanted: ColumnSet) -> HeapFetch {
        let (store, table) = (Arc::clone(store), Arc::clone(table));
        HeapFetch {
            store,
            table,
            snapshot: Some(snapshot),
            wanted,
            buffer: TupleBuffer::default(),
            blocks: 0,
            hints: Vec::new(),
            last_block: None,
            last_map_block: None,
        }
    }

    fn read(&mut self, block: BlockNumber) -> Result<Pin> {
        match self.last_block.replace(block) == Some(block) {
            true => self.store.read_again(&self.table, Fork::Main, block),
            false => self.store.read(&self.table, block),
        }
    }

    fn exists(&mut self, block: BlockNumber) -> Result<bool> {
        if block.0 >= self.blocks {
            self.blocks = self.store.smgr.blocks(self.table.main_fork())?;
        }
        Ok(block.0 < self.blocks)
    }

    /// Copies the visible version into the buffer.
    fn find(&mut self, page: &ReadGuard, tid: Tid) -> Result<Found> {
        let all_visible = layout::is_all_visible(page);
        let snapshot = self.snapshot.as_ref().expect("who rests is given a snapshot before it fetches");
        let mut chain = Chain::new(page, tid);
        self.hints.clear();
        while let Some((offset, tuple, header)) = chain.next()? {
            let verdict = match all_visible {
                true => visibility::Verdict { visible: true, hints: 0 },
                false => visibility::sees(&header, snapshot, &self.store.xacts)?,
            };
            if verdict.hints != 0 {
                self.hints.push((offset, header.xmin, header.xmax, verdict.hints));
            }
            if verdict.visible {
                self.buffer.refill(|buffer| buffer.extend_from_slice(tuple));
                return Ok(Found::Visible(offset, header, chain.steps));
            }
        }
        Ok(if is_dead_to_all(page, tid, &self.store)? { Found::Dead } else { Found::Invisible })
    }
}

enum Found {
    Visible(OffsetNumber, TupleHeader, u16),
    Invisible,
    Dead,
}

/// True if no snapshot sees any version of the row.
fn is_dead_to_all(page: &Page, tid: Tid, store: &Store) -> Result<bool> {
    let horizon = store.xacts.recent_horizon();
    let mut chain = Chain::new(page, tid);
    while let Some((_, _, header)) = chain.next()? {
        if !matches!(visibility::fate(&header, horizon, &store.xacts)?, Fate::Dead | Fate::NeverWas) {
            return Ok(false);
        }
    }
    Ok(true)
}

impl TableFetch for HeapFetch {
    fn fetch(&mut self, tid: Tid, row: &mut Row) -> Result<Fetched> {
        if !self.exists(tid.block)? {
            return Err(leads_nowhere(&self.table, tid));
        }
        let page = self.read(tid.block)?.share();
        if page.is_new() {
            return Err(leads_nowhere(&self.table, tid));
        }
        let found = self.find(&page, tid)?;
        let pin = page.unlock();
        match found {
            Found::Visible(offset, header, steps) => {
                if steps > STEPS_WITHOUT_PRUNING {
                    prune_page::prune_if_free(&self.store, &self.table, pin)?;
                } else {
                    set_hints(&self.store, &self.table, pin, &self.hints)?;
                }
                let place = Tid { block: tid.block, offset };
                fill_header(&self.table, place, &header, row);
                row.values.clear();
                let toaster = Toaster::of(&self.store, &self.table);
                let buffer = (self.buffer.shared(), 0..self.buffer.len());
                HeapTuple::deform_shared(buffer, &self.table.desc, &self.wanted, &toaster, &mut row.values)?;
                Ok(Fetched::Visible)
            }
            Found::Invisible => {
                set_hints(&self.store, &self.table, pin, &self.hints)?;
                Ok(Fetched::Invisible)
            }
            Found::Dead => Ok(Fetched::Dead),
        }
    }

    fn is_all_visible(&mut self, block: BlockNumber) -> Result<bool> {
        maps::is_all_visible(&self.store, &self.table, block, &mut self.last_map_block)
    }

    fn set_snapshot(&mut self, snapshot: Snapshot) {
        self.snapshot = Some(snapshot);
    }

    fn resume(&mut self, store: &Arc<Store>, snapshot: Snapshot) {
        self.store = Arc::clone(store);
        self.set_snapshot(snapshot);
    }

    fn rest(&mut self) {
        self.snapshot = None;
        // Without its lock the table may be cut.
        self.blocks = 0;
        (self.last_block, self.last_map_block) = (None, None);
    }
}

/// A hint to write: which version, as it was seen, and the flags.
pub(crate) type Hint = (OffsetNumber, Xid, Xid, u16);

/// Writes hints, if the page is to be had at once and nothing stands against it.
pub(crate) fn set_hints(store: &Store, table: &Relation, pin: Pin, hints: &[Hint]) -> Result<()> {
    let any = hints.iter().any(|hint| hint.3 != 0);
    if !any || !store.xacts.may_set_hints() {
        return Ok(());
    }
    let Ok(mut guard) = pin.try_exclusive() else { return Ok(()) };
    let mut changed = false;
    for (offset, xmin, xmax, flags) in hints {
        let Some(header) = crate::claim::header_at(&guard, *offset)? else { continue };
        if header.xmin == *xmin && header.xmax == *xmax && *flags & !header.infomask.0 != 0 {
            let infomask = Infomask(header.infomask.0 | flags);
            tuple::set_heap_header(guard.item_mut(*offset), &TupleHeader { infomask, ..header });
            changed = true;
        }
    }
    if changed { store.mark_dirty_hint(table, &mut guard) } else { Ok(()) }
}

/// Sets a row's system columns.
#[inline]
pub(crate) fn fill_header(table: &Relation, tid: Tid, header: &TupleHeader, row: &mut Row) {
    row.tid = tid;
    row.xmin = header.xmin;
    row.xmax = if header.infomask.has(Infomask::XMAX_INVALID) { Xid::INVALID } else { header.xmax };
    row.cmin = header.cmin;
    row.cmax = header.cmax;
    row.table = table.oid;
}

/// Fills a row from a copy of its tuple.
pub(crate) fn fill_row(
    store: &Arc<Store>,
    table: &Relation,
    (tid, tuple): (Tid, &[u8]),
    wanted: &ColumnSet,
    row: &mut Row,
) -> Result<()> {
    fill_header(table, tid, &TupleHeader::read(tuple)?, row);
    row.values.clear();
    HeapTuple::new(tuple)?.deform(&table.desc, wanted, &Toaster::of(store, table), &mut row.values)
}

/// An index entry is made after its row's page, and removed before it: if there is no such page, the file has lost it.
#[cold]
fn leads_nowhere(table: &Relation, tid: Tid) -> Error {
    let (block, file) = (tid.block, table.main_fork());
    Error::corrupt(format!(
        "index entry of relation \"{}\" leads to block {block} of {file}, which is missing or empty",
        table.name
    ))
}

/// Fetches the version at exactly this tid.
pub(crate) fn fetch_version(store: &Arc<Store>, table: &Relation, tid: Tid, row: &mut Row) -> Result<bool> {
    if tid.block.0 >= store.smgr.blocks(table.main_fork())? {
        return Ok(false);
    }
    let page = store.read(table, tid.block)?.share();
    let Some(tuple) = tuple_at(&page, tid.offset).map(<[u8]>::to_vec) else { return Ok(false) };
    drop(page);
    fill_row(store, table, (tid, &tuple), &ColumnSet::ALL, row)?;
    Ok(true)
}

/// What uniqueness makes of a row.
pub(crate) fn liveness(cx: &mut Access<'_>, table: &Relation, tid: Tid) -> Result<Liveness> {
    if tid.block.0 >= cx.store.smgr.blocks(table.main_fork())? {
        return Err(leads_nowhere(table, tid));
    }
    let page = cx.store.read(table, tid.block)?.share();
    if page.is_new() {
        return Err(leads_nowhere(table, tid));
    }
    let mut chain = Chain::new(&page, tid);
    while let Some((offset, _, header)) = chain.next()? {
        match visibility::liveness(&header, cx.txn)? {
            Liveness::Dead => {}
            Liveness::Live(_) => return Ok(Liveness::Live(Tid { block: tid.block, offset })),
            in_doubt @ Liveness::InDoubt(_) => return Ok(in_doubt),
        }
    }
    Ok(Liveness::Dead)
}
