//! Scanning.
//!
//! The conditions are turned into two places in the order of entries, between which the scan goes, and a rest that each entry is tested
//! for. A leaf's entries between the places are copied under its lock; the scan then hands them out and holds nothing. Going right it
//! follows the link it read with the entries: whatever was split off since then it has already. Going left it looks for the page whose
//! right link leads back to where it was.

use crate::key::{Bound, Order, SearchKey};
use crate::layout::{self, HAS_DEAD, Links, NO_BLOCK};
use crate::search::Tree;
use access::{Direction, Index, IndexScan, KeyOp, ScanKey, Store, TableFetch};
use base::{BlockNumber, Fork, OffsetNumber, Tid};
use buffer::ReadGuard;
use lock::check_interrupts;
use page::{LineState, Page};
use report::Result;
use std::cmp::Ordering;
use std::sync::Arc;
use sync::Interrupts;
use tuple::{Datum, IndexTuple, Repr};

/// A place of its own.
#[derive(Clone, Debug)]
struct Place {
    values: Vec<Datum>,
    bound: Bound,
}

impl Place {
    /// Makes it one value's, in the memory that it has.
    fn move_to(&mut self, value: &Datum, bound: Bound) {
        self.values.clear();
        self.values.push(value.clone());
        self.bound = bound;
    }

    fn key(&self) -> SearchKey<'_> {
        SearchKey { values: &self.values, bound: self.bound }
    }
}

/// What a scan looks for.
#[derive(Clone, Debug)]
struct Range {
    from: Place,
    to: Place,
    rest: Vec<ScanKey>,
    is_empty: bool,
}

/// An entry of the page that was copied.
#[derive(Clone, Copy)]
struct Item {
    tid: Tid,
    offset: OffsetNumber,
    start: u32,
    len: u32,
    all_visible: bool,
    killed: bool,
}

/// The entries of one leaf between the places.
#[derive(Default, Clone)]
struct Batch {
    block: Option<BlockNumber>,
    removals: u32,
    items: Vec<Item>,
    bytes: Vec<u8>,
    left: Option<BlockNumber>,
    right: Option<BlockNumber>,
    any_killed: bool,
}

/// Where the scan is in its batch: at an item, in front of the first or behind the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Position {
    /// Nothing was read yet.
    Start,
    Front,
    At(usize),
    Back,
}

/// What a scan reads.
struct Source {
    store: Arc<Store>,
    index: Arc<Index>,
    interrupts: Arc<Interrupts>,
    reprs: Box<[Repr]>,
}

/// What it looks for, and what it has read of it.
struct Reading {
    range: Range,
    batch: Batch,
    visibility: Option<Box<dyn TableFetch>>,
}

pub(crate) struct BtreeScan {
    source: Source,
    reading: Reading,
    position: Position,
    marked: Option<(Batch, Position)>,
}

impl BtreeScan {
    pub(crate) fn new(store: &Arc<Store>, index: &Arc<Index>, interrupts: Arc<Interrupts>) -> BtreeScan {
        let source = Source {
            store: Arc::clone(store),
            index: Arc::clone(index),
            interrupts,
            reprs: (0..index.key_count()).map(|column| index.repr(column)).collect(),
        };
        let reading = Reading { range: range(index, &[]), batch: Batch::default(), visibility: None };
        BtreeScan { source, reading, position: Position::Start, marked: None }
    }

    fn read_batch(&mut self, direction: Direction, start: Start) -> Result<bool> {
        self.flush_killed()?;
        let BtreeScan { source, reading, .. } = self;
        if source.interrupts.pending() {
            check_interrupts(&source.interrupts)?;
        }
        let order = Order::with(&source.index, &source.reprs);
        let tree = Tree::new(&source.store, &order);
        let mut next = reading.start_page(&tree, direction, start)?;
        while let Some((page, links)) = next {
            let more = reading.copy_page(&tree, &page, &links, direction)?;
            let block = page.block();
            drop(page);
            if !reading.batch.items.is_empty() {
                return Ok(true);
            }
            if !more {
                return Ok(false);
            }
            next = match direction {
                Direction::Forward => Some(tree.read(links.right)?),
                Direction::Backward => read_left(&tree, links.left, block)?,
            };
        }
        Ok(false)
    }

    /// Marks the entries that were found dead on their page, those that are still there.
    fn flush_killed(&mut self) -> Result<()> {
        let batch = &mut self.reading.batch;
        if !std::mem::take(&mut batch.any_killed) {
            return Ok(());
        }
        let (store, index) = (&self.source.store, &self.source.index);
        let Some(block) = batch.block else { return Ok(()) };
        let pin = store.read_again(&index.relation, Fork::Main, block)?;
        let Ok(mut page) = pin.try_exclusive() else { return Ok(()) };
        if layout::removals(&page) != batch.removals || layout::links(&page).level > 0 {
            return Ok(());
        }
        let mut changed = false;
        for item in batch.items.iter().filter(|item| item.killed) {
            let bytes = &batch.bytes[item.start as usize..(item.start + item.len) as usize];
            if let Some(offset) = find_again(&page, item.offset, bytes) {
                let dead = page.line_pointer(offset).as_dead();
                page.set_line_pointer(offset, dead);
                changed = true;
            }
        }
        if !changed {
            return Ok(());
        }
        layout::set_flag(&mut page, HAS_DEAD, true);
        store.mark_dirty_hint(&index.relation, &mut page)
    }

    fn step_forward(&mut self) -> Result<bool> {
        let next = match self.position {
            Position::Start => return self.enter(Direction::Forward, Start::Descend),
            Position::Front => 0,
            Position::At(index) => index + 1,
            Position::Back => return Ok(false),
        };
        if next < self.reading.batch.items.len() {
            self.position = Position::At(next);
            return Ok(true);
        }
        self.enter(Direction::Forward, Start::Follow)
    }

    fn step_backward(&mut self) -> Result<bool> {
        let count = self.reading.batch.items.len();
        let next = match self.position {
            Position::Start => return self.enter(Direction::Backward, Start::Descend),
            Position::Front => return Ok(false),
            Position::At(index) => index,
            Position::Back => count,
        };
        if next > 0 {
            self.position = Position::At(next - 1);
            return Ok(true);
        }
        self.enter(Direction::Backward, Start::Follow)
    }

    /// Goes to the next page with entries.
    fn enter(&mut self, direction: Direction, start: Start) -> Result<bool> {
        if self.reading.range.is_empty {
            return Ok(false);
        }
        let found = self.read_batch(direction, start)?;
        self.position = match (direction, found) {
            (Direction::Forward, true) => Position::At(0),
            (Direction::Backward, true) => Position::At(self.reading.batch.items.len() - 1),
            (Direction::Forward, false) => Position::Back,
            (Direction::Backward, false) => Position::Front,
        };
        Ok(found)
    }

    fn item(&self) -> Option<&Item> {
        match self.position {
            Position::At(index) => self.reading.batch.items.get(index),
            _ => None,
        }
    }
}

impl Reading {
    fn start_page(&self, tree: &Tree<'_>, direction: Direction, start: Start) -> Result<Option<(ReadGuard, Links)>> {
        match (start, direction) {
            (Start::Descend, Direction::Forward) => tree.leaf_by_copy(&self.range.from.key()).map(Some),
            (Start::Descend, Direction::Backward) => tree.leaf(&self.range.to.key()).map(Some),
            (Start::Follow, Direction::Forward) => match self.batch.right {
                Some(block) => tree.read(block).map(Some),
                None => Ok(None),
            },
            (Start::Follow, Direction::Backward) => match (self.batch.left, self.batch.block) {
                (Some(left), Some(block)) => read_left(tree, left, block),
                _ => Ok(None),
            },
        }
    }

    /// Copies what lies between the places. False if nothing can lie beyond the page in this direction.
    fn copy_page(&mut self, tree: &Tree<'_>, page: &ReadGuard, links: &Links, direction: Direction) -> Result<bool> {
        let order = tree.order;
        let (first, behind) = (layout::first_entry(links).0, page.item_count() + 1);
        let from = order.lower_bound(page, &self.range.from.key())?;
        let to = order.lower_bound_from(page, &self.range.to.key(), from)?.0;
        let from = from.0;
        let batch = &mut self.batch;
        batch.items.clear();
        batch.bytes.clear();
        batch.any_killed = false;
        batch.block = Some(page.block());
        batch.removals = layout::removals(page);
        let ends_here = to < behind || !tree.is_beyond(&self.range.to.key(), page, links)?;
        let begins_here = from > first;
        batch.right = (links.right != NO_BLOCK && !ends_here).then_some(links.right);
        batch.left = (links.left != NO_BLOCK && !begins_here).then_some(links.left);
        let skip_dead = links.flags & HAS_DEAD != 0;
        // The map is read while the page is locked: a row whose entry is on it cleared its block's bit before. So what was found
        // for one entry holds for the others of the page.
        let mut last: Option<(BlockNumber, bool)> = None;
        for offset in (from..to).map(OffsetNumber) {
            if skip_dead && page.line_pointer(offset).state() == LineState::Dead {
                continue;
            }
            let entry = layout::entry(page, offset)?;
            if !self.range.rest.is_empty() && !passes(order.index(), order, &self.range.rest, &entry)? {
                continue;
            }
            let block = entry.tid().block;
            let all_visible = match (&mut self.visibility, last) {
                (None, _) => false,
                (Some(_), Some((known, visible))) if known == block => visible,
                (Some(table), _) => table.is_all_visible(block)?,
            };
            last = Some((block, all_visible));
            let batch = &mut self.batch;
            let start = batch.bytes.len() as u32;
            batch.bytes.extend_from_slice(entry.bytes());
            let len = entry.bytes().len() as u32;
            batch.items.push(Item { tid: entry.tid(), offset, start, len, all_visible, killed: false });
        }
        Ok(match direction {
            Direction::Forward => self.batch.right.is_some(),
            Direction::Backward => self.batch.left.is_some(),
        })
    }
}

/// Where a page is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// From the root.
    Descend,
    /// Beside the present one.
    Follow,
}

/// How far insertions may have pushed an entry before it is given up.
const SHIFT_MAX: u16 = 64;

/// Where an entry is now that was at `offset`: insertions may have moved it up.
fn find_again(page: &Page, offset: OffsetNumber, bytes: &[u8]) -> Option<OffsetNumber> {
    let last = page.item_count().min(offset.0.saturating_add(SHIFT_MAX));
    let mut offsets = (offset.0..=last).map(OffsetNumber);
    offsets.find(|at| page.line_pointer(*at).is_normal() && page.item(*at) == bytes)
}

/// The page to the left of `block`: `left`, or what was split off it since.
fn read_left(tree: &Tree<'_>, left: BlockNumber, block: BlockNumber) -> Result<Option<(ReadGuard, Links)>> {
    if left == NO_BLOCK {
        return Ok(None);
    }
    let (mut page, mut links) = tree.read(left)?;
    while links.right != block {
        if links.right == NO_BLOCK {
            return Err(tree.damage(left, "its right neighbours do not lead back"));
        }
        (page, links) = tree.read(links.right)?;
    }
    Ok(Some((page, links)))
}

impl IndexScan for BtreeScan {
    fn rescan(&mut self, keys: &[ScanKey]) -> Result<()> {
        self.flush_killed()?;
        self.reading.range.move_to(&self.source.index, keys);
        self.reading.batch.items.clear();
        self.reading.batch.block = None;
        self.position = Position::Start;
        self.marked = None;
        Ok(())
    }

    fn next(&mut self, direction: Direction) -> Result<Option<Tid>> {
        let found = match direction {
            Direction::Forward => self.step_forward()?,
            Direction::Backward => self.step_backward()?,
        };
        Ok(if found { self.item().map(|item| item.tid) } else { None })
    }

    fn entry(&mut self, out: &mut Vec<Datum>) -> Result<()> {
        let item = self.item().expect("the scan is at an entry");
        let bytes = &self.reading.batch.bytes[item.start as usize..(item.start + item.len) as usize];
        IndexTuple::new(bytes)?.deform(&self.source.index.relation.desc, out)
    }

    fn check_visibility(&mut self, table: Box<dyn TableFetch>) {
        self.reading.visibility = Some(table);
    }

    fn is_all_visible(&self) -> bool {
        self.item().is_some_and(|item| item.all_visible)
    }

    fn kill_entry(&mut self) {
        if let Position::At(index) = self.position
            && let Some(item) = self.reading.batch.items.get_mut(index)
        {
            item.killed = true;
            self.reading.batch.any_killed = true;
        }
    }

    fn mark(&mut self) {
        let batch = Batch { any_killed: false, ..self.reading.batch.clone() };
        self.marked = Some((batch, self.position));
    }

    fn resume(&mut self, store: &Arc<Store>, interrupts: &Arc<Interrupts>) {
        self.source.store = Arc::clone(store);
        self.source.interrupts = Arc::clone(interrupts);
    }

    fn restore(&mut self) {
        if let Some((batch, position)) = &self.marked {
            self.reading.batch = batch.clone();
            self.position = *position;
        }
    }
}

impl Drop for BtreeScan {
    fn drop(&mut self) {
        // A hint that cannot be written is no loss.
        let _ = self.flush_killed();
    }
}

/// Whether an entry fulfils the conditions that the places do not.
fn passes(index: &Index, order: &Order<'_>, keys: &[ScanKey], entry: &IndexTuple<'_>) -> Result<bool> {
    let mut columns = entry.columns();
    for (column, repr) in order.reprs().iter().enumerate() {
        let stored = columns.next(*repr)?;
        for key in keys.iter().filter(|key| key.column == column) {
            if !holds(index, key, stored) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn holds(index: &Index, key: &ScanKey, stored: Option<&[u8]>) -> bool {
    let Some(stored) = stored else { return key.op == KeyOp::IsNull };
    // The comparator compares value with column; the condition is column with value.
    let order = || index.comparator(key.column).compare_stored(&key.value, stored).reverse();
    match key.op {
        KeyOp::IsNull => false,
        KeyOp::IsNotNull => true,
        KeyOp::Equal => order() == Ordering::Equal,
        KeyOp::Less => order() == Ordering::Less,
        KeyOp::LessEqual => order() != Ordering::Greater,
        KeyOp::Greater => order() == Ordering::Greater,
        KeyOp::GreaterEqual => order() != Ordering::Less,
    }
}

impl Range {
    /// Makes it that of these conditions. One value of the first column, the most frequent case, takes no memory.
    fn move_to(&mut self, index: &Index, keys: &[ScanKey]) {
        match keys {
            [key] if key.op == KeyOp::Equal && key.column == 0 => {
                self.from.move_to(&key.value, Bound::Before);
                self.to.move_to(&key.value, Bound::After);
                self.rest.clear();
                self.is_empty = key.value.is_null();
            }
            _ => *self = range(index, keys),
        }
    }
}

/// Turns conditions into places and a rest.
fn range(index: &Index, keys: &[ScanKey]) -> Range {
    let is_null_test = |key: &ScanKey| matches!(key.op, KeyOp::IsNull | KeyOp::IsNotNull);
    let is_empty = keys.iter().any(|key| key.value.is_null() && !is_null_test(key));
    let mut used = vec![false; keys.len()];
    let mut prefix = Vec::new();
    for column in 0..index.key_count() {
        let is_point = |key: &ScanKey| key.column == column && matches!(key.op, KeyOp::Equal | KeyOp::IsNull);
        let Some(at) = keys.iter().position(is_point) else { break };
        used[at] = true;
        prefix.push(if keys[at].op == KeyOp::IsNull { Datum::Null } else { keys[at].value.clone() });
    }
    let mut from = Place { values: prefix.clone(), bound: Bound::Before };
    let mut to = Place { values: prefix.clone(), bound: Bound::After };
    if prefix.len() < index.key_count() {
        narrow(index, keys, &mut used, (&mut from, &mut to));
    }
    let rest = keys.iter().zip(used).filter(|(_, used)| !used).map(|(key, _)| key.clone()).collect();
    Range { from, to, rest, is_empty }
}

/// Narrows the places by the conditions on the first column behind the prefix.
fn narrow(index: &Index, keys: &[ScanKey], used: &mut [bool], (from, to): (&mut Place, &mut Place)) {
    let column = from.values.len();
    let order = &index.orders[column];
    let prefix = from.values.clone();
    let place = |value: &Datum, bound| {
        let mut values = prefix.clone();
        values.push(value.clone());
        Place { values, bound }
    };
    let (mut has_from, mut has_to, mut excludes_nulls) = (false, false, false);
    for (at, key) in keys.iter().enumerate().filter(|(_, key)| key.column == column) {
        excludes_nulls = true;
        let (op, has) = match (key.op, order.descending) {
            (KeyOp::Greater | KeyOp::GreaterEqual, false) | (KeyOp::Less | KeyOp::LessEqual, true) => {
                (key.op, &mut has_from)
            }
            (KeyOp::Less | KeyOp::LessEqual, false) | (KeyOp::Greater | KeyOp::GreaterEqual, true) => {
                (key.op, &mut has_to)
            }
            _ => {
                used[at] = key.op == KeyOp::IsNotNull;
                continue;
            }
        };
        if std::mem::replace(has, true) {
            continue;
        }
        used[at] = true;
        let is_lower = matches!(op, KeyOp::Greater | KeyOp::GreaterEqual) != order.descending;
        let includes = matches!(op, KeyOp::GreaterEqual | KeyOp::LessEqual);
        if is_lower {
            *from = place(&key.value, if includes { Bound::Before } else { Bound::After });
        } else {
            *to = place(&key.value, if includes { Bound::After } else { Bound::Before });
        }
    }
    if excludes_nulls && order.nulls_first && !has_from {
        *from = place(&Datum::Null, Bound::After);
    }
    if excludes_nulls && !order.nulls_first && !has_to {
        *to = place(&Datum::Null, Bound::Before);
    }
}
