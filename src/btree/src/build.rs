//! Building a tree from sorted entries, from the leaves up.
//!
//! On each level one page is being filled in private memory; when it is full it gets its right link and high key and is written and
//! logged as an image, and a pivot for its successor goes to the level above. The top page becomes the root, block 0, last: until then the
//! index is an empty file to everyone else.

use crate::insert::check_size;
use crate::key::Order;
use crate::layout::{self, Links, NO_BLOCK, ROOT, SPECIAL_BYTES, links};
use access::{Access, Index, SortedEntries};
use base::{BlockNumber, Fork, OffsetNumber, PAGE_BYTES, Tid};
use buffer::Durability;
use page::{HEADER_BYTES, LINE_POINTER_BYTES, Page, Reuse, align_item};
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
    }
    builder.finish()?;
    Ok(count)
}

/// A page that is being filled.
struct Open {
    block: BlockNumber,
    left: BlockNumber,
    page: Box<Page>,
}

impl Open {
    fn new(block: BlockNumber, left: BlockNumber, level: usize) -> Open {
        let mut page = Box::new(Page::new());
        layout::init(&mut page, Links { left, ..Links::alone(level as u32) });
        Open { block, left, page }
    }

    /// Bytes that the items take, with their line pointers.
    fn used_bytes(&self) -> usize {
        ROOM - self.page.gap_bytes()
    }

    fn push(&mut self, item: &[u8]) {
        assert!(self.page.add_item(item, Reuse::Never).is_some(), "there is room for an item");
    }
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
    fn open(&mut self, left: BlockNumber, level: usize) -> Open {
        let block = self.next_block;
        self.next_block = block.next();
        Open::new(block, left, level)
    }

    fn add(&mut self, level: usize, item: &[u8]) -> Result<()> {
        if self.levels.len() == level {
            let open = self.open(NO_BLOCK, level);
            self.levels.push(open);
        }
        let fill = if level == 0 { usize::from(self.index.relation.fillfactor.clamp(10, 100)) } else { INNER_FILL };
        let open = &mut self.levels[level];
        // Room for a high key as long as this item and a tid is kept back.
        let (used, added) = (open.used_bytes(), item_bytes(item));
        let is_full = used + 2 * added + 8 > ROOM || used + added > ROOM * fill / 100;
        if is_full && open.page.item_count() >= 2 {
            return self.turn_page(level, item);
        }
        open.push(item);
        Ok(())
    }

    /// Finishes the open page of a level and begins the next with this item.
    fn turn_page(&mut self, level: usize, item: &[u8]) -> Result<()> {
        let next = self.open(self.levels[level].block, level);
        let pivot = self.pivot(level, item, next.block)?;
        let done = std::mem::replace(&mut self.levels[level], next);
        let right = self.levels[level].block;
        if self.levels.len() == level + 1 {
            let first = self.minus_infinity(done.block);
            self.add(level + 1, &first)?;
        }
        self.write(level, done, Some((right, &pivot)))?;
        match level {
            0 => self.levels[level].push(item),
            _ => {
                let first = self.minus_infinity(IndexTuple::new(item)?.child());
                self.levels[level].push(&first);
            }
        }
        self.add(level + 1, &pivot)
    }

    /// The pivot between the open page's last item and the next page's first.
    fn pivot(&self, level: usize, item: &[u8], child: BlockNumber) -> Result<Vec<u8>> {
        let next = IndexTuple::new(item)?;
        if level > 0 {
            return next.pivot(self.order.reprs(), next.natts(), next.pivot_tid(), child);
        }
        let leaf = &self.levels[0].page;
        self.order.separator(&layout::entry(leaf, OffsetNumber(leaf.item_count()))?, &next, child)
    }

    fn minus_infinity(&self, child: BlockNumber) -> Vec<u8> {
        form_index_tuple(&self.index.relation.desc, &[], Tid { block: child, offset: OffsetNumber::INVALID })
    }

    /// Writes a page that is full, or the last of its level, which has nothing to its right.
    fn write(&mut self, level: usize, mut open: Open, right: Option<(BlockNumber, &[u8])>) -> Result<()> {
        if let Some((right, high)) = right {
            assert!(open.page.insert_item(OffsetNumber::FIRST, high), "room for the high key was kept back");
            layout::set_links(&mut open.page, Links { left: open.left, right, ..Links::alone(level as u32) });
        }
        self.cx.pause_point()?;
        let store = self.cx.store;
        let mut guard = store.read_zeroed(&self.index.relation, Fork::Main, open.block)?;
        guard.clone_from(&open.page);
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
            return self.write(0, Open::new(ROOT, NO_BLOCK, 0), None);
        };
        for (level, open) in std::mem::take(&mut self.levels).into_iter().enumerate() {
            self.write(level, open, None)?;
        }
        // The top page is alone on its level: it is written as the root. Its own block stays unused.
        let level = links(&top.page).level as usize;
        self.write(level, Open { block: ROOT, ..top }, None)
    }
}
