//! A copy of an index's upper levels, for scans that look for a number.
//!
//! Every descent reads the root and the pages below it, so that all processors write the same few words to pin and lock them. A scan of an
//! index whose first column is a number goes by this copy instead, straight to the leaf or near it. All sessions share the copy, and nobody
//! writes it.
//!
//! The copy may be old. What it leads to is then a page that held the place once; if entries have moved since, then to its right, and the
//! search follows them as after any split (I4 of the crate: pages are never given to another use). An index that gets another file
//! begins without a copy. When searches have gone to the right too often, the copy is made anew.

use crate::key::{SearchKey, guess_between, partition};
use crate::layout;
use crate::search::Tree;
use base::{BlockNumber, OffsetNumber, RelFile};
use report::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tuple::{IndexTuple, Repr};

/// Pages that a copy leads to at most. Of a larger index a higher level is copied. Unit: entries of twelve bytes.
const ENTRIES_MAX: usize = 4096;

/// Steps to the right after which a copy is made anew: as much work as making it.
const STEPS_MAX: u32 = 256;

/// See the module.
pub(crate) struct Upper {
    file: RelFile,
    /// The index's pages at that time.
    blocks: u32,
    /// Empty if the copy is of no use: the tree is low, or its pivots are not numbers.
    level: Level,
    /// Steps to the right that the copy did not spare.
    steps: AtomicU32,
}

/// The pages of one level.
#[derive(Default)]
struct Level {
    /// The number at which each page but the first begins.
    numbers: Vec<i64>,
    /// From left to right.
    pages: Vec<BlockNumber>,
    /// A number stands on the page that begins with it, and not on one before.
    is_exact: bool,
}

/// Where a search begins.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    pub block: BlockNumber,
    /// A copy said so.
    pub is_copied: bool,
}

/// Where to begin the search for a place: at the root, or where the index's copy leads.
#[inline]
pub(crate) fn start(tree: &Tree<'_>, key: &SearchKey<'_>) -> Result<Start> {
    let root = Start { block: layout::ROOT, is_copied: false };
    let Some(number) = tree.order.number(key) else { return Ok(root) };
    let index = tree.order.index();
    let found = index.relation.targets.note(|upper: &Upper| upper.find(index.relation.file, number));
    match found {
        Some(Found::Page(block)) => Ok(Start { block, is_copied: true }),
        // A tree that is higher now may be worth a copy.
        Some(Found::Nothing { blocks }) if tree.store.smgr.blocks(index.relation.main_fork())? <= 2 * blocks => {
            Ok(root)
        }
        Some(Found::Nothing { .. } | Found::Old) | None => {
            index.relation.targets.set_note(Arc::new(Box::new(Upper::read(tree)?)));
            Ok(root)
        }
    }
}

/// A search that began by the copy had to go to the right.
#[cold]
pub(crate) fn count_step(tree: &Tree<'_>) {
    tree.order.index().relation.targets.note(|upper: &Upper| upper.steps.fetch_add(1, Ordering::Relaxed));
}

enum Found {
    Page(BlockNumber),
    /// The copy is of no use. So many pages did the index have.
    Nothing {
        blocks: u32,
    },
    /// It is time for another one.
    Old,
}

impl Upper {
    fn find(&self, file: RelFile, number: i64) -> Found {
        if self.file != file || self.steps.load(Ordering::Relaxed) >= STEPS_MAX {
            return Found::Old;
        }
        let Level { numbers, pages, is_exact } = &self.level;
        if pages.is_empty() {
            return Found::Nothing { blocks: self.blocks };
        }
        let range = (0, numbers.len() as u16);
        let guess = guess_between(number as f64, range, (numbers.first(), numbers.last()));
        let is_left = |at: u16| {
            let begin = numbers[usize::from(at)];
            Ok(begin < number || *is_exact && begin == number)
        };
        let at = partition(range, guess, is_left).expect("comparing numbers does not fail");
        Found::Page(pages[usize::from(at)])
    }

    /// Copies the lowest level above the leaves that is not too long.
    fn read(tree: &Tree<'_>) -> Result<Upper> {
        let relation = &tree.order.index().relation;
        let blocks = tree.store.smgr.blocks(relation.main_fork())?;
        let top = tree.read(layout::ROOT)?.1.level;
        let mut level = Level::default();
        for height in 1..=top {
            if let Some(found) = read_level(tree, height)? {
                level = found;
                break;
            }
        }
        Ok(Upper { file: relation.file, blocks, level, steps: AtomicU32::new(0) })
    }
}

/// The pages below a level and the numbers between them. `None` if there are too many, or something else than numbers.
fn read_level(tree: &Tree<'_>, height: u32) -> Result<Option<Level>> {
    let repr = tree.order.reprs()[0];
    let mut level = Level { is_exact: true, ..Level::default() };
    let mut block = tree.edge(height, false)?;
    loop {
        let (page, links) = tree.read(block)?;
        let first = layout::first_entry(&links);
        for offset in (first.0..=page.item_count()).map(OffsetNumber) {
            let entry = layout::entry(&page, offset)?;
            // The page's first entry stands for all below; where it begins, the page to the left has told.
            if offset != first && !level.begin_next(repr, &entry)? {
                return Ok(None);
            }
            level.pages.push(entry.child());
        }
        if level.pages.len() > ENTRIES_MAX {
            return Ok(None);
        }
        if links.right == layout::NO_BLOCK {
            return Ok(Some(level));
        }
        if !level.begin_next(repr, &layout::high_key(&page)?)? {
            return Ok(None);
        }
        block = links.right;
    }
}

impl Level {
    /// Notes where the next page begins. False if that is no number.
    fn begin_next(&mut self, repr: Repr, pivot: &IndexTuple<'_>) -> Result<bool> {
        let Some(number) = first_number(repr, pivot)? else { return Ok(false) };
        self.numbers.push(number);
        self.is_exact &= pivot.natts() == 1 && pivot.pivot_tid().is_none();
        Ok(true)
    }
}

fn first_number(repr: Repr, pivot: &IndexTuple<'_>) -> Result<Option<i64>> {
    if pivot.natts() == 0 {
        return Ok(None);
    }
    let Some(bytes) = pivot.columns().next(repr)? else { return Ok(None) };
    let number = match repr {
        Repr::Int4 => bytes.first_chunk().map(|bytes| i64::from(i32::from_le_bytes(*bytes))),
        Repr::Int8 => bytes.first_chunk().map(|bytes| i64::from_le_bytes(*bytes)),
        Repr::Oid => bytes.first_chunk().map(|bytes| i64::from(u32::from_le_bytes(*bytes))),
        _ => None,
    };
    Ok(number)
}
