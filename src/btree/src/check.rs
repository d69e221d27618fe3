//! Checks that a tree is sound. For tests and `bt_index_check`.

use crate::key::{Bound, Order, SearchKey};
use crate::layout::{self, INCOMPLETE_SPLIT, NO_BLOCK};
use crate::search::Tree;
use access::{Index, Store};
use base::{BlockNumber, OffsetNumber, Tid};
use report::Result;
use std::cmp::Ordering;
use std::sync::Arc;
use tuple::{Datum, IndexTuple};

/// Checks every level: order of entries, high keys, links to both sides, downlinks; and that each entry is found by going down for it. Nobody
/// changes the index meanwhile. Answers the leaves' entries in order: key columns and tid.
///
/// Errors: XX001 with what is wrong; I/O.
pub fn check(store: &Arc<Store>, index: &Index) -> Result<Vec<(Vec<Datum>, Tid)>> {
    let order = Order::new(index);
    let tree = Tree::new(store, &order);
    let (root, links) = tree.read(layout::ROOT)?;
    drop(root);
    let mut expected: Vec<BlockNumber> = vec![layout::ROOT];
    let mut entries = Vec::new();
    for level in (0..=links.level).rev() {
        let checker = LevelChecker { tree: &tree, index, level };
        let found = checker.run(&mut entries)?;
        let missing = checker.without_downlink()?;
        let known: Vec<BlockNumber> = found.blocks.iter().copied().filter(|block| !missing.contains(block)).collect();
        if known != expected {
            return Err(
                tree.damage(found.blocks[0], &format!("level {level} has pages {known:?}, downlinks {expected:?}"))
            );
        }
        expected = found.children;
    }
    for (values, tid) in &entries {
        let key = SearchKey { values: &values[..index.key_count()], bound: Bound::At(*tid) };
        let (page, _) = tree.leaf(&key)?;
        let offset = order.lower_bound(&page, &key)?;
        let is_there = offset.0 <= page.item_count() && layout::entry(&page, offset)?.tid() == *tid;
        if !is_there {
            return Err(tree.damage(page.block(), &format!("entry {values:?} of {tid} is not found by a search")));
        }
    }
    Ok(entries)
}

#[derive(Default)]
struct Level {
    blocks: Vec<BlockNumber>,
    children: Vec<BlockNumber>,
}

struct LevelChecker<'a> {
    tree: &'a Tree<'a>,
    index: &'a Index,
    level: u32,
}

impl LevelChecker<'_> {
    fn run(&self, entries: &mut Vec<(Vec<Datum>, Tid)>) -> Result<Level> {
        let mut level = Level::default();
        let mut block = self.tree.edge(self.level, false)?;
        let mut left = NO_BLOCK;
        let mut last: Option<Vec<u8>> = None;
        while block != NO_BLOCK {
            let (page, links) = self.tree.read(block)?;
            if links.level != self.level || links.left != left {
                return Err(self.tree.damage(block, &format!("links {links:?}, expected left {left}")));
            }
            level.blocks.push(block);
            for offset in (layout::first_entry(&links).0..=page.item_count()).map(OffsetNumber) {
                let entry = layout::entry(&page, offset)?;
                self.check_entry(block, &entry, &mut last)?;
                self.collect(&entry, &mut level, entries)?;
            }
            if links.right != NO_BLOCK {
                let high = layout::high_key(&page)?;
                self.check_high_key(block, &high, last.as_deref())?;
                last = if self.level > 0 { Some(high.bytes().to_vec()) } else { last };
            }
            (left, block) = (block, links.right);
        }
        Ok(level)
    }

    fn collect(&self, entry: &IndexTuple<'_>, level: &mut Level, entries: &mut Vec<(Vec<Datum>, Tid)>) -> Result<()> {
        if self.level > 0 {
            level.children.push(entry.child());
            return Ok(());
        }
        let mut values = Vec::new();
        entry.deform(&self.index.relation.desc, &mut values)?;
        entries.push((values, entry.tid()));
        Ok(())
    }

    /// Entries rise along the whole level.
    fn check_entry(&self, block: BlockNumber, entry: &IndexTuple<'_>, last: &mut Option<Vec<u8>>) -> Result<()> {
        if self.level > 0 && entry.natts() == 0 {
            return Ok(());
        }
        if let Some(last) = last.as_deref() {
            let (values, tid) = self.place(&IndexTuple::new(last)?)?;
            let rises = if self.level == 0 {
                let key = SearchKey { values: &values, bound: Bound::At(tid.expect("a leaf entry has a tid")) };
                self.tree.order.compare(&key, entry)? == Ordering::Less
            } else {
                let key = SearchKey { values: &values, bound: tid.map_or(Bound::Before, Bound::At) };
                // Equal is fine where a page's high key is the next page's first key, which is not stored.
                self.tree.order.is_right_of(&key, entry).map(|right| !right)?
            };
            if !rises {
                return Err(self.tree.damage(block, "its entries are out of order"));
            }
        }
        *last = Some(entry.bytes().to_vec());
        Ok(())
    }

    fn check_high_key(&self, block: BlockNumber, high: &IndexTuple<'_>, last: Option<&[u8]>) -> Result<()> {
        let Some(last) = last else { return Ok(()) };
        let (values, tid) = self.place(&IndexTuple::new(last)?)?;
        let bound = tid.map_or(Bound::Before, Bound::At);
        if self.tree.order.is_right_of(&SearchKey { values: &values, bound }, high)? {
            return Err(self.tree.damage(block, "its high key is not beyond its entries"));
        }
        Ok(())
    }

    /// Key columns and deciding tid of an entry or pivot.
    fn place(&self, entry: &IndexTuple<'_>) -> Result<(Vec<Datum>, Option<Tid>)> {
        let mut values = Vec::new();
        entry.deform(&self.index.relation.desc, &mut values)?;
        values.truncate(self.index.key_count());
        let tid = if self.level == 0 { Some(entry.tid()) } else { entry.pivot_tid() };
        Ok((values, tid))
    }

    /// The pages right of those whose split is not complete.
    fn without_downlink(&self) -> Result<Vec<BlockNumber>> {
        let mut missing = Vec::new();
        let mut block = self.tree.edge(self.level, false)?;
        while block != NO_BLOCK {
            let (_, links) = self.tree.read(block)?;
            if links.flags & INCOMPLETE_SPLIT != 0 {
                missing.push(links.right);
            }
            block = links.right;
        }
        Ok(missing)
    }
}
