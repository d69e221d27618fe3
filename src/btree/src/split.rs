//! Splitting a page.
//!
//! A page that is not the root: its upper entries go to a new right neighbour, and the page is marked: the neighbour's downlink is
//! missing. That is one record. The downlink and the end of the mark are another, or part of the parent's own split. Between the two
//! the tree is sound, only slower; whoever next wants to change the page completes the split.
//!
//! The root: its entries go to two new pages, and it becomes (or stays) an inner page with two entries, in one record.
//!
//! Locks go from left to right and upwards.

use crate::change::{self, Part};
use crate::insert::{Inserter, fits};
use crate::key::PivotKey;
use crate::layout::{self, INCOMPLETE_SPLIT, Links, NO_BLOCK, ROOT};
use crate::records::{self, CHILD, LeftHalf, NEIGHBOUR, PAGE, RIGHT, kind};
use base::{BlockNumber, OffsetNumber, PAGE_BYTES, Tid};
use buffer::WriteGuard;
use page::{HEADER_BYTES, LINE_POINTER_BYTES, align_item};
use report::Result;
use tuple::{IndexTuple, form_index_tuple};

/// Bytes for entries on a page.
const ROOM: usize = PAGE_BYTES - HEADER_BYTES - layout::SPECIAL_BYTES;
/// How full the left page becomes when the tree grows at its right edge, in percent.
const LEAF_FILL: usize = 90;
/// Places looked at around the best one, for a shorter separator.
const CANDIDATES: usize = 8;

/// Splits a full page and inserts an entry at `offset`. `child` is the page below whose downlink the entry is.
pub(crate) fn split(
    inserter: &mut Inserter<'_>,
    (page, offset): (WriteGuard, OffsetNumber),
    entry: &[u8],
    child: Option<WriteGuard>,
) -> Result<()> {
    let links = layout::links(&page);
    let first = layout::first_entry(&links);
    let mut items = layout::items_from(&page, first);
    let at = usize::from(offset.0 - first.0);
    items.insert(at, entry.to_vec());
    let old_high_key = if links.right == NO_BLOCK { 0 } else { item_bytes(page.item(OffsetNumber(1))) };
    let cut = choose_cut(inserter, &items, (&links, old_high_key), at)?;
    let job = Job { items, at, cut, child };
    if page.block() == ROOT { split_root(inserter, page, job) } else { split_page(inserter, page, job) }
}

struct Job {
    /// All entries, the new one included.
    items: Vec<Vec<u8>>,
    /// Where the new one is among them.
    at: usize,
    /// The first that goes to the right.
    cut: usize,
    /// The page below that gets its downlink by this.
    child: Option<WriteGuard>,
}

fn item_bytes(item: &[u8]) -> usize {
    align_item(item.len()) + LINE_POINTER_BYTES
}

/// Chooses the first entry of the right page: near the middle, or far to the right if the tree grows there; among several places
/// close by the one with the shortest separator.
fn choose_cut(
    inserter: &Inserter<'_>,
    items: &[Vec<u8>],
    (links, old_high_key): (&Links, usize),
    at: usize,
) -> Result<usize> {
    let total: usize = items.iter().map(|item| item_bytes(item)).sum();
    let grows_right = links.right == NO_BLOCK && at + 1 == items.len();
    let target = if grows_right { (ROOM * LEAF_FILL / 100).min(total - 1) } else { total / 2 };
    let mut ideal = 0;
    let mut left = 0;
    while ideal < items.len() - 1 && left + item_bytes(&items[ideal]) <= target {
        left += item_bytes(&items[ideal]);
        ideal += 1;
    }
    let ideal = ideal.max(1);
    let mut best: Option<(usize, usize, usize)> = None;
    let low = ideal.saturating_sub(CANDIDATES / 2).max(1);
    for cut in low..=(ideal + CANDIDATES / 2).min(items.len() - 1) {
        if !is_possible(items, cut, old_high_key) {
            continue;
        }
        let length = if links.level == 0 { separator(inserter, items, cut, NO_BLOCK)?.len() } else { 0 };
        let score = (length, cut.abs_diff(ideal), cut);
        best = Some(best.map_or(score, |best| best.min(score)));
    }
    // With entries of very different lengths none of the places close by may do.
    let fallback =
        || (1..items.len()).filter(|cut| is_possible(items, *cut, old_high_key)).min_by_key(|cut| cut.abs_diff(ideal));
    Ok(best.map(|best| best.2).or_else(fallback).expect("a third of a page is the longest entry, so some place does"))
}

/// True if both halves fit, with the longest high key the left one may need.
fn is_possible(items: &[Vec<u8>], cut: usize, old_high_key: usize) -> bool {
    let bytes = |items: &[Vec<u8>]| items.iter().map(|item| item_bytes(item)).sum::<usize>();
    let high_key = align_item(items[cut].len() + 6) + LINE_POINTER_BYTES;
    bytes(&items[..cut]) + high_key <= ROOM && bytes(&items[cut..]) + old_high_key <= ROOM
}

/// The pivot between the halves.
fn separator(inserter: &Inserter<'_>, items: &[Vec<u8>], cut: usize, child: BlockNumber) -> Result<Vec<u8>> {
    let (left, right) = (IndexTuple::new(&items[cut - 1])?, IndexTuple::new(&items[cut])?);
    inserter.tree.order.separator(&left, &right, child)
}

/// The high key of the left half, leading to `child` as it will in the parent.
fn high_key(inserter: &Inserter<'_>, job: &Job, level: u32, child: BlockNumber) -> Result<Vec<u8>> {
    if level == 0 {
        return separator(inserter, &job.items, job.cut, child);
    }
    let pivot = IndexTuple::new(&job.items[job.cut])?;
    pivot.pivot(inserter.tree.order.reprs(), pivot.natts(), pivot.pivot_tid(), child)
}

/// An entry for the first child of an inner page: minus infinity.
fn minus_infinity(inserter: &Inserter<'_>, child: BlockNumber) -> Vec<u8> {
    let tid = Tid { block: child, offset: OffsetNumber::INVALID };
    form_index_tuple(&inserter.tree.order.index().relation.desc, &[], tid)
}

/// The right half's entries: on an inner page the first becomes minus infinity.
fn right_items(inserter: &Inserter<'_>, job: &Job, level: u32) -> Result<Vec<Vec<u8>>> {
    let mut items = job.items[job.cut..].to_vec();
    if level > 0 {
        items[0] = minus_infinity(inserter, IndexTuple::new(&items[0])?.child());
    }
    Ok(items)
}

fn complete_child(child: &mut Option<WriteGuard>) -> Option<Part<'_>> {
    child.as_mut().map(|child| Part::of(CHILD, child, &[]))
}

/// Ends a child's mark, in a change that has it as a part.
fn unmark(parts: &mut [Part<'_>]) {
    for part in parts.iter_mut().filter(|part| part.id == CHILD) {
        layout::set_flag(part.guard, INCOMPLETE_SPLIT, false);
    }
}

fn split_page(inserter: &mut Inserter<'_>, page: WriteGuard, mut job: Job) -> Result<()> {
    let (store, index) = (inserter.tree.store, inserter.tree.order.index());
    let mut page = page;
    let old = layout::links(&page);
    let mut right = store.extend(&index.relation)?;
    let high = high_key(inserter, &job, old.level, right.block())?;
    let is_left = job.at < job.cut;
    let half = LeftHalf {
        right: right.block().0,
        flags: old.flags & !layout::HAS_DEAD | INCOMPLETE_SPLIT,
        stay: (job.cut - usize::from(is_left)) as u16,
        new: is_left.then(|| (job.at as u16, job.items[job.at].clone())),
        high_key: high.clone(),
    };
    let right_links =
        Links { left: page.block(), right: old.right, level: old.level, flags: old.flags & INCOMPLETE_SPLIT };
    let old_high = if old.right == NO_BLOCK { None } else { Some(page.item(OffsetNumber(1)).to_vec()) };
    let right_entries = right_items(inserter, &job, old.level)?;
    let right_data = records::encode_page(right_links, old_high.iter().chain(&right_entries).map(Vec::as_slice));
    let mut neighbour = match old.right {
        NO_BLOCK => None,
        block => Some(inserter.tree.write(block)?.0),
    };
    let (left_data, neighbour_data) = (half.to_bytes(), right.block().0.to_le_bytes());
    let right_block = right.block();
    let mut parts = vec![Part::of(PAGE, &mut page, &left_data), Part::new_page(RIGHT, &mut right, &right_data)];
    parts.extend(neighbour.as_mut().map(|neighbour| Part::of(NEIGHBOUR, neighbour, &neighbour_data)));
    parts.extend(complete_child(&mut job.child));
    change::make(store, index, (kind::SPLIT, inserter.xid), &mut parts, |parts| {
        half.apply(parts[0].guard)?;
        records::apply_page(parts[1].guard, parts[1].data)?;
        for part in parts.iter_mut().filter(|part| part.id == NEIGHBOUR) {
            let links = layout::links(part.guard);
            layout::set_links(part.guard, Links { left: right_block, ..links });
        }
        unmark(parts);
        Ok(())
    })?;
    drop((right, neighbour, job));
    insert_downlink(inserter, page, &high)
}

/// Gives the right neighbour of a marked page its downlink, `pivot`, and ends the mark.
pub(crate) fn insert_downlink(inserter: &mut Inserter<'_>, mut left: WriteGuard, pivot: &[u8]) -> Result<()> {
    let level = layout::links(&left).level;
    let key = PivotKey::of(inserter.tree.order, &IndexTuple::new(pivot)?)?;
    let (parent, _) = inserter.exclusive(&key.key(), level + 1)?;
    let (offset, child) = inserter.tree.order.child(&parent, &key.key())?;
    if child != left.block() {
        return Err(inserter.tree.damage(left.block(), "its downlink is not where it belongs"));
    }
    let offset = offset.next();
    if !fits(&parent, pivot) {
        return split(inserter, (parent, offset), pivot, Some(left));
    }
    let mut parent = parent;
    let data = records::encode_insert(offset, pivot);
    let (store, index) = (inserter.tree.store, inserter.tree.order.index());
    let mut parts = [Part::of(PAGE, &mut parent, &data), Part::of(CHILD, &mut left, &[])];
    change::make(store, index, (kind::INSERT, inserter.xid), &mut parts, |parts| {
        records::apply_insert(parts[0].guard, parts[0].data)?;
        unmark(parts);
        Ok(())
    })
}

/// Completes a split that a crash or an error cut off.
pub(crate) fn complete(inserter: &mut Inserter<'_>, page: WriteGuard) -> Result<()> {
    let links = layout::links(&page);
    let high = layout::high_key(&page)?;
    let pivot = high.pivot(inserter.tree.order.reprs(), high.natts(), high.pivot_tid(), links.right)?;
    insert_downlink(inserter, page, &pivot)
}

fn split_root(inserter: &mut Inserter<'_>, root: WriteGuard, mut job: Job) -> Result<()> {
    let (store, index) = (inserter.tree.store, inserter.tree.order.index());
    let mut root = root;
    let level = layout::links(&root).level;
    let (mut left, mut right) = (store.extend(&index.relation)?, store.extend(&index.relation)?);
    let pivot = high_key(inserter, &job, level, right.block())?;
    let right_entries = right_items(inserter, &job, level)?;
    let left_links = Links { right: right.block(), ..Links::alone(level) };
    let right_links = Links { left: left.block(), ..Links::alone(level) };
    let left_items = std::iter::once(&pivot).chain(&job.items[..job.cut]).map(Vec::as_slice);
    let left_data = records::encode_page(left_links, left_items);
    let right_data = records::encode_page(right_links, right_entries.iter().map(Vec::as_slice));
    let first = minus_infinity(inserter, left.block());
    let root_data = records::encode_page(Links::alone(level + 1), [&first[..], &pivot]);
    let mut parts = vec![
        Part::new_page(PAGE, &mut root, &root_data),
        Part::new_page(RIGHT, &mut left, &left_data),
        Part::new_page(NEIGHBOUR, &mut right, &right_data),
    ];
    parts.extend(complete_child(&mut job.child));
    change::make(store, index, (kind::ROOT_SPLIT, inserter.xid), &mut parts, |parts| {
        for part in parts.iter_mut().filter(|part| part.is_new) {
            records::apply_page(part.guard, part.data)?;
        }
        unmark(parts);
        Ok(())
    })
}
