//! Going down the tree.
//!
//! No lock is held from one page to the next: a page that was split meanwhile is found out by its high key, and the search goes on to
//! the right. The root stays in its block for ever.

use crate::key::{Order, SearchKey};
use crate::layout::{self, Links, NO_BLOCK, ROOT};
use crate::upper;
use access::Store;
use base::BlockNumber;
use buffer::{Pin, ReadGuard, WriteGuard};
use page::Page;
use report::{Error, Result};

/// A tree at hand.
pub(crate) struct Tree<'a> {
    pub store: &'a Store,
    pub order: &'a Order<'a>,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(store: &'a Store, order: &'a Order<'a>) -> Tree<'a> {
        Tree { store, order }
    }

    pub(crate) fn pin(&self, block: BlockNumber) -> Result<Pin> {
        self.store.read(&self.order.index().relation, block)
    }

    /// Checks that a page is one of the tree, and reads its links.
    #[inline]
    pub(crate) fn links(&self, page: &Page, block: BlockNumber) -> Result<Links> {
        layout::check_page(page, block, &self.order.index().relation.name)?;
        Ok(layout::links(page))
    }

    pub(crate) fn read(&self, block: BlockNumber) -> Result<(ReadGuard, Links)> {
        let page = self.pin(block)?.share();
        let links = self.links(&page, block)?;
        Ok((page, links))
    }

    pub(crate) fn write(&self, block: BlockNumber) -> Result<(WriteGuard, Links)> {
        let page = self.pin(block)?.exclusive();
        let links = self.links(&page, block)?;
        Ok((page, links))
    }

    /// True if the place is beyond the page.
    #[inline]
    pub(crate) fn is_beyond(&self, key: &SearchKey<'_>, page: &Page, links: &Links) -> Result<bool> {
        Ok(links.right != NO_BLOCK && self.order.is_right_of(key, &layout::high_key(page)?)?)
    }

    /// The leaf that holds a place, shared.
    #[inline]
    pub(crate) fn leaf(&self, key: &SearchKey<'_>) -> Result<(ReadGuard, Links)> {
        let mut block = ROOT;
        loop {
            let (page, links) = self.read(block)?;
            if self.is_beyond(key, &page, &links)? {
                block = links.right;
            } else if links.level == 0 {
                return Ok((page, links));
            } else {
                block = self.order.child(&page, key)?.1;
            }
        }
    }

    /// As `leaf`, by the copy of the upper levels if there is one.
    #[inline]
    pub(crate) fn leaf_by_copy(&self, key: &SearchKey<'_>) -> Result<(ReadGuard, Links)> {
        let start = upper::start(self, key)?;
        let mut block = start.block;
        loop {
            let (page, links) = self.read(block)?;
            if self.is_beyond(key, &page, &links)? {
                if start.is_copied {
                    upper::count_step(self);
                }
                block = links.right;
            } else if links.level == 0 {
                return Ok((page, links));
            } else {
                block = self.order.child(&page, key)?.1;
            }
        }
    }

    /// A page of a level from which the place is reached by going right, or at once.
    pub(crate) fn near(&self, key: &SearchKey<'_>, level: u32) -> Result<BlockNumber> {
        let mut block = ROOT;
        loop {
            let (page, links) = self.read(block)?;
            if links.level == level {
                // Whoever wants to change the page goes right himself: he must complete splits on his way.
                return Ok(block);
            } else if links.level < level {
                return Err(self.damage(block, "its level is lower than that of a page below"));
            }
            block = if self.is_beyond(key, &page, &links)? { links.right } else { self.order.child(&page, key)?.1 };
        }
    }

    /// The leftmost or rightmost page of a level.
    pub(crate) fn edge(&self, level: u32, rightmost: bool) -> Result<BlockNumber> {
        let mut block = ROOT;
        loop {
            let (page, links) = self.read(block)?;
            if rightmost && links.right != NO_BLOCK {
                block = links.right;
            } else if links.level <= level {
                return Ok(block);
            } else {
                let offset =
                    if rightmost { base::OffsetNumber(page.item_count()) } else { layout::first_entry(&links) };
                block = layout::entry(&page, offset)?.child();
            }
        }
    }

    pub(crate) fn damage(&self, block: BlockNumber, what: &str) -> Error {
        Error::corrupt(format!("index \"{}\" is damaged at block {block}: {what}", self.order.index().relation.name))
            .hint("Please REINDEX it.")
    }
}
