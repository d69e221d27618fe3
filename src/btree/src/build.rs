//! Building a tree from sorted entries, from the leaves up.
//!
//! On each level one page is being filled in private memory; when it is full it gets its right link and high key and is written and
//! logged as an image, and a pivot for its successor goes to the level above. The top page becomes the root, block 0, last: until then the
//! index is an empty file to everyone else.

use crate::insert::check_size;
use crate::key::Order;
use crate::layout::{self, Links, NO_BLOCK, ROOT, SPECIAL_BYTES};
use access::{Access, Index, SortedEntries};
use base::{BlockNumber, Fork, OffsetNumber, PAGE_BYTES, Tid};
use buffer::Durability;
use page::{HEADER_BYTES, LINE_POINTER_BYTES, Page, align_item};
use report::Result;
use tuple::{IndexTuple, form_index_tuple, form_index_tuple_into};

/// How full inner pages are made, in percent; leaves as the index's fillfactor says.
const INNER_FILL: usize = 70;
const ROOM: usize = PAGE_BYTES - HEADER_BYTES - SPECIAL_BYTES;

/// Builds a tree. Answers the number of entries.
pub(crate) fn build(cx: &mut Access<'_>, index: &Index, entries: &mut dyn SortedEntries) -> Result<u64> {
    let order = Order::new(index);
    let mut builder = Builder { cx, index, order: &order, levels: Vec::new(), next_block: ROOT.next() };
    // The root's block is taken first, so that the pages below come after it.
    let root = builder.cx.store.extend(&index.relation)?;
    assert_eq!(root.block(), ROOT, "the index file was not empty");
    drop(root);
    let (mut values, mut entry, mut count) = (Vec::new(), Vec::new(), 0);
    while let Some(tid) = entries.next(&mut values)? {
        form_index_tuple_into(&index.relation.desc, &values, tid, &mut entry);
        check_size(index, &entry, &index.relation, tid)?;
        builder.add(0, &entry)?;
        count += 1;
        if count % 1024 == 0 {
            builder.cx.txn.check_interrupts()?;
        }
    }
    builder.finish()?;
    Ok(count)
}

/// A page that is being filled.
struct Open {
    block: BlockNumber,
    left: BlockNumber,
    items: Vec<Vec<u8>>,
    bytes: usize,
}

struct Builder<'a, 'c> {
    cx: &'a mut Access<'c>,
    index: &'a Index,
    order: &'a Order<'a>,
    /// The open page of each level, leaves first.
    levels: Vec<Open>,
    next_block: BlockNumber,
}

fn item_bytes(item: &[u8]) -> usize {
    align_item(item.len()) + LINE_POINTER_BYTES
}

impl Builder<'_, '_> {
    fn take_block(&mut self) -> BlockNumber {
        let block = self.next_block;
        self.next_block = block.next();
        block
    }

    fn open(&mut self, left: BlockNumber) -> Open {
        Open { block: self.take_block(), left, items: Vec::new(), bytes: 0 }
    }

    fn add(&mut self, level: usize, item: &[u8]) -> Result<()> {
        if self.levels.len() == level {
            let open = self.open(NO_BLOCK);
            self.levels.push(open);
        }
        let fill = if level == 0 { usize::from(self.index.relation.fillfactor.clamp(10, 100)) } else { INNER_FILL };
        let open = &self.levels[level];
        // Room for a high key as long as this item and a tid is kept back.
        let needed = open.bytes + item_bytes(item) + item_bytes(item) + 8;
        let is_full = needed > ROOM || open.bytes + item_bytes(item) > ROOM * fill / 100;
        if is_full && open.items.len() >= 2 {
            return self.turn_page(level, item);
        }
        self.push(level, item.to_vec());
        Ok(())
    }

    fn push(&mut self, level: usize, item: Vec<u8>) {
        let open = &mut self.levels[level];
        open.bytes += item_bytes(&item);
        open.items.push(item);
    }

    /// Finishes the open page of a level and begins the next with this item.
    fn turn_page(&mut self, level: usize, item: &[u8]) -> Result<()> {
        let next = self.open(self.levels[level].block);
        let pivot = self.pivot(level, item, next.block)?;
        let done = std::mem::replace(&mut self.levels[level], next);
        let right = self.levels[level].block;
        if self.levels.len() == level + 1 {
            let first = self.minus_infinity(done.block);
            self.add(level + 1, &first)?;
        }
        self.write(level, &done, Some((right, &pivot)))?;
        let item = if level == 0 { item.to_vec() } else { self.minus_infinity(IndexTuple::new(item)?.child()) };
        self.push(level, item);
        self.add(level + 1, &pivot)
    }

    /// The pivot between the open page's last item and the next page's first.
    fn pivot(&self, level: usize, item: &[u8], child: BlockNumber) -> Result<Vec<u8>> {
        let next = IndexTuple::new(item)?;
        if level > 0 {
            return next.pivot(self.order.reprs(), next.natts(), next.pivot_tid(), child);
        }
        let last = self.levels[0].items.last().expect("a page that is full has items");
        self.order.separator(&IndexTuple::new(last)?, &next, child)
    }

    fn minus_infinity(&self, child: BlockNumber) -> Vec<u8> {
        form_index_tuple(&self.index.relation.desc, &[], Tid { block: child, offset: OffsetNumber::INVALID })
    }

    fn write(&mut self, level: usize, open: &Open, right: Option<(BlockNumber, &[u8])>) -> Result<()> {
        let mut page = Page::new();
        let links = Links { left: open.left, right: right.map_or(NO_BLOCK, |r| r.0), ..Links::alone(level as u32) };
        layout::init(&mut page, links);
        let high = right.map(|r| r.1);
        let fits = layout::fill(&mut page, high.into_iter().chain(open.items.iter().map(Vec::as_slice)));
        assert!(fits, "room for the high key was kept back");
        self.write_page(open.block, &page)
    }

    fn write_page(&mut self, block: BlockNumber, page: &Page) -> Result<()> {
        let store = self.cx.store;
        let mut guard = store.read_zeroed(&self.index.relation, Fork::Main, block)?;
        guard.clone_from(page);
        match self.index.relation.durability() {
            Durability::Logged => store.buffers.log_page(&mut guard).map(drop),
            Durability::Unlogged => {
                store.mark_dirty_unlogged(&self.index.relation, &mut guard);
                Ok(())
            }
        }
    }

    fn finish(mut self) -> Result<()> {
        let Some(top) = self.levels.pop() else {
            let empty = Open { block: ROOT, left: NO_BLOCK, items: Vec::new(), bytes: 0 };
            return self.write(0, &empty, None);
        };
        for level in 0..self.levels.len() {
            let open = std::mem::replace(
                &mut self.levels[level],
                Open { block: NO_BLOCK, left: NO_BLOCK, items: Vec::new(), bytes: 0 },
            );
            self.write(level, &open, None)?;
        }
        // The top page is alone on its level: it is written as the root. Its own block stays unused.
        let root = Open { block: ROOT, ..top };
        self.write(self.levels.len(), &root, None)
    }
}
