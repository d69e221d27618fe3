//! The scan that builds an index: every row that some snapshot sees, with the tid that its index entry must have.
//!
//! Of a HOT chain only the last version is given: an older one with other values in the new index's columns cannot be told apart
//! by an entry that leads to the chain. A snapshot that sees the older one would miss the row in the new index, so the scan says
//! that it came upon such a chain, and whoever builds the index hides it from these snapshots.

use crate::claim::tuple_at;
use crate::fetch::fill_header;
use crate::maps;
use crate::toast::Toaster;
use crate::visibility::{self, Fate};
use access::{Access, BuildScan, Relation, Row, Store};
use base::{BlockNumber, OffsetNumber, Tid, Xid};
use lock::{LockOwner, check_interrupts};
use page::{LineState, Page};
use report::Result;
use std::sync::Arc;
use tuple::{ColumnSet, HeapTuple, Infomask, TupleBuffer, TupleHeader};
use xact::Horizon;

/// A version to be indexed.
struct Item {
    root: OffsetNumber,
    start: u16,
    len: u16,
    header: TupleHeader,
}

pub(crate) struct HeapBuildScan {
    store: Arc<Store>,
    table: Arc<Relation>,
    wanted: ColumnSet,
    horizon: Horizon,
    owner: LockOwner,
    block: u32,
    blocks: u32,
    page: TupleBuffer,
    items: Vec<Item>,
    next: usize,
    broke_chains: bool,
}

impl HeapBuildScan {
    pub(crate) fn new(cx: &Access<'_>, table: &Arc<Relation>, wanted: ColumnSet) -> Result<HeapBuildScan> {
        Ok(HeapBuildScan {
            store: Arc::clone(cx.store),
            table: Arc::clone(table),
            wanted,
            horizon: cx.store.xacts.oldest_visible(),
            owner: cx.txn.owner().clone(),
            block: 0,
            blocks: maps::table_blocks(cx.store, table)?,
            page: TupleBuffer::default(),
            items: Vec::new(),
            next: 0,
            broke_chains: false,
        })
    }

    fn load(&mut self, block: BlockNumber) -> Result<()> {
        if self.owner.interrupts().pending() {
            check_interrupts(self.owner.interrupts())?;
        }
        self.items.clear();
        self.next = 0;
        let page = self.store.read(&self.table, block)?.share();
        if page.is_new() {
            return Ok(());
        }
        self.page.refill(|bytes| bytes.extend_from_slice(page.bytes()));
        let roots = roots(&page, block)?;
        for offset in page.offsets() {
            let pointer = page.line_pointer(offset);
            if !pointer.is_normal() {
                continue;
            }
            let header = TupleHeader::read(page.item(offset))?;
            if let Some(counts) = self.judge(&header)? {
                let root = roots.as_ref().map_or(offset, |roots| roots[offset.index()]);
                let root = if root == OffsetNumber::INVALID { offset } else { root };
                let (start, len) = (pointer.offset() as u16, pointer.length() as u16);
                let xmax = if counts { Xid::INVALID } else { header.xmax };
                self.items.push(Item { root, start, len, header: TupleHeader { xmax, ..header } });
            }
        }
        Ok(())
    }

    /// Whether a version is indexed, and then whether it counts for uniqueness.
    fn judge(&mut self, header: &TupleHeader) -> Result<Option<bool>> {
        Ok(Some(match visibility::fate(header, self.horizon, &self.store.xacts)? {
            Fate::Dead | Fate::NeverWas => return Ok(None),
            Fate::Live { .. } => true,
            Fate::Inserting => true,
            Fate::Deleting | Fate::RecentlyDead => {
                if header.infomask.has(Infomask::HOT_UPDATED) {
                    self.broke_chains = true;
                    return Ok(None);
                }
                false
            }
        }))
    }
}

/// For each heap-only version, the line pointer where its chain begins; 0 for the others. `None` if there is none on the page.
fn roots(page: &Page, block: BlockNumber) -> Result<Option<Vec<OffsetNumber>>> {
    if !has_chains(page)? {
        return Ok(None);
    }
    let mut roots = vec![OffsetNumber::INVALID; usize::from(page.item_count())];
    for root in page.offsets() {
        let pointer = page.line_pointer(root);
        let mut at = match pointer.state() {
            LineState::Redirect => OffsetNumber(pointer.target()),
            LineState::Normal if !TupleHeader::read(page.item(root))?.infomask.has(Infomask::HEAP_ONLY) => root,
            _ => continue,
        };
        let mut expected = None;
        while let Some(tuple) = tuple_at(page, at) {
            let header = TupleHeader::read(tuple)?;
            if expected.is_some_and(|xmin| xmin != header.xmin) || roots[at.index()].0 != 0 {
                break;
            }
            roots[at.index()] = root;
            if !header.infomask.has(Infomask::HOT_UPDATED) || header.ctid.block != block {
                break;
            }
            expected = Some(header.xmax);
            at = header.ctid.offset;
        }
    }
    Ok(Some(roots))
}

fn has_chains(page: &Page) -> Result<bool> {
    for offset in page.offsets() {
        if let Some(tuple) = tuple_at(page, offset)
            && TupleHeader::read(tuple)?.infomask.has(Infomask::HEAP_ONLY)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

impl BuildScan for HeapBuildScan {
    fn next(&mut self, row: &mut Row) -> Result<bool> {
        while self.next >= self.items.len() {
            if self.block >= self.blocks {
                return Ok(false);
            }
            let block = BlockNumber(self.block);
            self.block += 1;
            self.load(block)?;
        }
        let item = &self.items[self.next];
        self.next += 1;
        let range = usize::from(item.start)..usize::from(item.start) + usize::from(item.len);
        fill_header(&self.table, Tid { block: BlockNumber(self.block - 1), offset: item.root }, &item.header, row);
        row.xmax = item.header.xmax;
        row.values.clear();
        let toaster = Toaster::of(&self.store, &self.table);
        HeapTuple::deform_shared(
            (self.page.shared(), range),
            &self.table.desc,
            &self.wanted,
            &toaster,
            &mut row.values,
        )?;
        Ok(true)
    }

    fn broke_chains(&self) -> bool {
        self.broke_chains
    }
}
